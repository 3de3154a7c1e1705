//! Where a template mentions which names, and whether it does so safely.
//!
//! minijinja says which names a template leaves undeclared, but not where. This reads the tags
//! only as far as needed to point at a name.

use std::ops::Range;

use super::Shows;

/// A name inside a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The name, with what is asked of it: `first_name`, `cart_abandoned.value`.
    pub name: String,
    /// Its bytes in the template.
    pub range: Range<usize>,
    /// Whether an unknown value does no harm here: `| default(…)` follows, `is defined` or
    /// `is undefined` asks, or an `{% if NAME is defined %}` stands around it.
    pub guarded: bool,
    /// Whether every reader is shown it: no condition or loop stands around it.
    pub certain: bool,
}

/// A filter inside a tag: `money` in `{{ clv | money }}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub filter: String,
    /// Its name's bytes in the template.
    pub range: Range<usize>,
    /// The name right before it, if that is what it is applied to.
    pub to: Option<String>,
}

/// What a tag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// `{{ … }}`
    Value,
    /// `{% … %}`
    Block,
    /// `{# … #}`
    Comment,
}

/// A tag, and the bytes of its inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) tag: Tag,
    pub(super) whole: Range<usize>,
    pub(super) inside: Range<usize>,
}

/// All names in the tags of a template, in order: words that are no strings, filters, keyword
/// arguments or words of the template language; with the attributes asked of them.
#[must_use]
pub fn mentions(template: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut guards: Vec<Vec<String>> = Vec::new();
    let mut depth = 0_usize;
    for (tag, range) in tags(template) {
        let words = words(template, range);
        let first = words.first().map(|w| w.text).filter(|_| tag == Tag::Block);
        if matches!(first, Some("endif" | "else" | "elif")) {
            guards.pop();
        }
        depth = match first {
            Some(word) if word.starts_with("end") => depth.saturating_sub(1),
            Some("set") if words.iter().any(|word| word.text == "=") => depth,
            Some("if" | "for" | "set" | "filter" | "with" | "macro" | "call" | "block") => depth + 1,
            Some(_) | None => depth,
        };
        let choices = |word: &Word<'_>| matches!(word.text, "if" | "else" | "and" | "or");
        let certain = tag == Tag::Value && depth == 0 && !words.iter().any(choices);
        let skip = usize::from(first.is_some());
        let mut asked = Vec::new();
        for (index, _) in words.iter().enumerate().skip(skip).filter(|(_, w)| w.is_name()) {
            let (name, range, end) = path(template, &words, index);
            let next = |n: usize| words.get(end + n).map_or("", |w| w.text);
            let asks = next(1) == "is" && next(2) == "defined";
            let asks_not =
                next(1) == "is" && (next(2) == "undefined" || next(2) == "not" && next(3) == "defined");
            let defaulted = defaulted(&words[(end + 1).min(words.len())..]);
            if asks && !words.iter().any(|w| w.text == "or" || w.text == "not") {
                asked.push(name.to_owned());
            }
            let inside = guards.iter().flatten().chain(&asked).any(|known| known == name);
            let guarded = asks || asks_not || defaulted || inside;
            found.push(Mention { name: name.to_owned(), range, guarded, certain });
        }
        match first {
            Some("if" | "elif") => guards.push(asked),
            Some("else") => guards.push(Vec::new()),
            Some(_) | None => {}
        }
    }
    found
}

/// Whether what follows a value says what stands there without it: `| default(…)`, also behind filters that
/// leave alone what is unknown.
fn defaulted(mut rest: &[Word<'_>]) -> bool {
    while let [bar, filter, behind @ ..] = rest
        && bar.text == "|"
    {
        if filter.text == "default" {
            return true;
        }
        if Shows::find(filter.text).is_none() && !["url", "urlencode"].contains(&filter.text) {
            return false;
        }
        rest = behind;
        if rest.first().is_some_and(|word| word.text == "(") {
            let close = rest.iter().position(|word| word.text == ")");
            rest = close.map_or(&[][..], |close| &rest[close + 1..]);
        }
    }
    false
}

/// All filters in the tags of a template, in order.
#[must_use]
pub fn filters(template: &str) -> Vec<Applied> {
    let mut found = Vec::new();
    for (tag, range) in tags(template) {
        let words = words(template, range);
        let skip = usize::from(tag == Tag::Block);
        let mut values: Vec<(usize, &str)> = Vec::new();
        for (index, _) in words.iter().enumerate().skip(skip).filter(|(_, word)| word.is_name()) {
            let (name, _, end) = path(template, &words, index);
            values.push((end + 1, name));
        }
        for (at, pair) in words.windows(2).enumerate() {
            if let [bar, filter] = pair
                && bar.text == "|"
                && filter.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
            {
                let to = values.iter().find(|(end, _)| *end == at).map(|(_, name)| (*name).to_owned());
                let (filter, range) = (filter.text.to_owned(), filter.range.clone());
                found.push(Applied { filter, range, to });
            }
        }
    }
    found
}

/// A name with the attributes behind it, its bytes, and the position of its last word.
pub(super) fn path<'t>(
    template: &'t str,
    words: &[Word<'_>],
    index: usize,
) -> (&'t str, Range<usize>, usize) {
    let mut last = index;
    while let [before, dot, after, ..] = &words[last..]
        && dot.text == "."
        && (before.range.end, dot.range.end) == (dot.range.start, after.range.start)
        && after.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    {
        last += 2;
    }
    let range = words[index].range.start..words[last].range.end;
    (&template[range.clone()], range, last)
}

/// Where a template switches the escaping of HTML off, if it does.
#[must_use]
pub fn uses_autoescape(template: &str) -> Option<Range<usize>> {
    tags(template).filter(|(tag, _)| *tag == Tag::Block).find_map(|(_, range)| {
        let words = words(template, range);
        words.first().filter(|word| word.text == "autoescape").map(|word| word.range.clone())
    })
}

/// The insides of all `{{ … }}` and `{% … %}`; comments and raw blocks are skipped.
pub(super) fn tags(template: &str) -> impl Iterator<Item = (Tag, Range<usize>)> {
    pieces(template)
        .into_iter()
        .filter(|piece| piece.tag != Tag::Comment)
        .map(|piece| (piece.tag, piece.inside))
}

/// All tags; within a raw block none.
pub(super) fn pieces(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut raw = false;
    while let Some(open) = template[at..].find('{').map(|offset| at + offset) {
        let (tag, close) = match template.as_bytes().get(open + 1) {
            Some(b'{') => (Tag::Value, "}}"),
            Some(b'%') => (Tag::Block, "%}"),
            Some(b'#') => (Tag::Comment, "#}"),
            _ => {
                at = open + 1;
                continue;
            }
        };
        let start = open + 2;
        let rest = &template[start..];
        let length = if tag == Tag::Comment { rest.find(close) } else { close_of(rest, close) };
        let end = start + length.unwrap_or(rest.len());
        let inside = template[start..end].trim_matches(['-', '+', ' ']);
        raw = raw && !(tag == Tag::Block && inside == "endraw");
        at = (end + 2).min(template.len());
        while !template.is_char_boundary(at) {
            at += 1;
        }
        if !raw {
            pieces.push(Piece { tag, whole: open..at, inside: start..end });
        }
        raw = raw || tag == Tag::Block && inside == "raw";
    }
    pieces
}

/// Where a tag ends: its closing mark outside of strings.
fn close_of(text: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            None if text[at..].starts_with(close) => return Some(at),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(_) | None => {}
        }
    }
    None
}

pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
    /// After a `.` or `|`, or before a `=` of a keyword argument.
    belongs: bool,
}

impl Word<'_> {
    pub(super) fn is_name(&self) -> bool {
        const OWN: [&str; 20] = [
            "and",
            "or",
            "not",
            "in",
            "is",
            "if",
            "else",
            "elif",
            "true",
            "false",
            "none",
            "True",
            "False",
            "None",
            "loop",
            "recursive",
            "defined",
            "undefined",
            "as",
            "import",
        ];
        let starts = self.text.starts_with(|c: char| c.is_alphabetic() || c == '_');
        starts && !self.belongs && !OWN.contains(&self.text)
    }
}

/// The words and single signs of a tag's inside; strings become one empty word.
pub(super) fn words(template: &str, range: Range<usize>) -> Vec<Word<'_>> {
    let text = &template[range.clone()];
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        if c.is_whitespace() || c == '-' || c == '+' {
            continue;
        }
        if c == '"' || c == '\'' {
            chars.by_ref().find(|&(_, other)| other == c);
            words.push(Word { text: "", range: range.start + start..range.start + end, belongs: true });
            continue;
        }
        if c.is_alphanumeric() || c == '_' {
            while let Some(&(at, next)) = chars.peek().filter(|(_, n)| n.is_alphanumeric() || *n == '_') {
                end = at + next.len_utf8();
                chars.next();
            }
        }
        let before = words.last().map_or("", |word| word.text);
        let after = text[end..].trim_start();
        let keyword =
            after.starts_with('=') && !after.starts_with("==") && !words.is_empty() && before != "set";
        let asks =
            before == "is" || before == "not" && words.len() > 1 && words[words.len() - 2].text == "is";
        let belongs = matches!(before, "." | "|") || keyword || asks;
        words.push(Word { text: &text[start..end], range: range.start + start..range.start + end, belongs });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(template: &str) -> Vec<(String, bool)> {
        for mention in mentions(template) {
            assert_eq!(template[mention.range.clone()], mention.name);
        }
        mentions(template).into_iter().map(|m| (m.name, m.guarded)).collect()
    }

    #[test]
    fn names_are_found_with_their_guards() {
        for (template, expected) in [
            ("Dear {{ first_name }}", vec![("first_name", false)]),
            ("{{ first_name | default('friend') }}", vec![("first_name", true)]),
            ("{{ first_name|title|default('x}}y') }}!", vec![("first_name", false)]),
            ("{{ a | date('long') | default('x') }}{{ b | money | upper }}", vec![("a", true), ("b", false)]),
            (
                "{%- if clv is defined %}{{ clv }}{% else %}{{ clv }}{% endif %}{{ clv }}",
                vec![("clv", true), ("clv", true), ("clv", false), ("clv", false)],
            ),
            ("{% if a is not defined %}{{ a }}{% endif %}", vec![("a", true), ("a", false)]),
            ("{# {{ no }} #}{% raw %}{{ no }}{% endraw %}{ {{ yes_ }}", vec![("yes_", false)]),
            ("{{ 'text' ~ b.c | replace('d', e) }}", vec![("b.c", false), ("e", false)]),
            ("{{ b.c | default('-') }} {{ b . c }}", vec![("b.c", true), ("b", false)]),
            (
                "{% if b.c is defined %}{% for x in b.c %}{{ x }}{{ b.d }}{% endfor %}{% endif %}",
                vec![("b.c", true), ("x", false), ("b.c", true), ("x", false), ("b.d", false)],
            ),
            ("{{ é", vec![("é", false)]),
        ] {
            let expected: Vec<(String, bool)> = expected.into_iter().map(|(n, g)| (n.into(), g)).collect();
            assert_eq!(seen(template), expected, "{template}");
        }
    }

    #[test]
    fn what_everybody_is_shown_is_told_from_what_some_are() {
        for (template, expected) in [
            ("{{ a }} {{ b | upper }}", "ab"),
            ("{% if x %}{{ a }}{% endif %}{{ b }}", "b"),
            ("{{ a if b }}{{ c or d }}", ""),
            ("{% set x %}{{ a }}{% endset %}{% set y = a %}{{ b }}", "b"),
            ("{% for i in l %}{{ i }}{% else %}{{ a }}{% endfor %}{{ b }}", "b"),
            ("{# {{ a }} #}{{ b }}", "b"),
        ] {
            let certain = mentions(template).into_iter().filter(|mention| mention.certain);
            assert_eq!(certain.map(|mention| mention.name).collect::<String>(), expected, "{template}");
        }
    }

    #[test]
    fn filters_are_found_with_what_they_are_applied_to() {
        let template =
            "{{ a | money }}{{ b.c|date('long') | upper }}{% if 'x|y' | lower == d|first %}{% endif %}";
        let found: Vec<String> = filters(template)
            .into_iter()
            .map(|one| {
                assert_eq!(template[one.range], one.filter);
                format!("{}({})", one.filter, one.to.unwrap_or_default())
            })
            .collect();
        assert_eq!(found, ["money(a)", "date(b.c)", "upper()", "lower()", "first(d)"]);
    }

    #[test]
    fn escaping_is_not_switched_off_unseen() {
        assert!(uses_autoescape("x {% autoescape false %}{% endautoescape %}").is_some());
        assert!(uses_autoescape("autoescape {{ autoescape }}").is_none());
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_places_are_true(template in "[a{}%#|'\" é\\-.=_]{0,40}") {
            for mention in mentions(&template) {
                proptest::prop_assert_eq!(&template[mention.range.clone()], &mention.name);
            }
            for applied in filters(&template) {
                proptest::prop_assert_eq!(&template[applied.range], &applied.filter);
            }
            let _ = (split(&template), uses_autoescape(&template));
        }
    }

    fn split(template: &str) -> Option<(String, Range<usize>)> {
        let _ = super::super::split_head(template);
        super::super::title(template, "title")
    }
}
