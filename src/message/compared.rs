//! Comparisons in the tags of a template: what is compared with what.

use std::ops::Range;

use super::scan::{Word, path, tags, words};

/// A comparison inside a tag: `clv > 100`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The name that is compared.
    pub name: String,
    /// Its bytes in the template.
    pub range: Range<usize>,
    /// The filters between it and the sign, as `money` in `clv | money > 100`.
    pub filters: Vec<String>,
    /// What stands on the other side.
    pub with: Against,
}

/// The other side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// A number.
    Number,
    /// A text in quotes.
    Text,
    /// A name, or what is made of one.
    Name(String),
    /// Anything else: yes or no, a list.
    Other,
}

/// All comparisons of names (`<`, `>`, `<=`, `>=`, `==`, `!=`) in the tags of a template, in order; a name
/// compared with a name is there twice, once from each side.
#[must_use]
pub fn comparisons(template: &str) -> Vec<Compared> {
    let mut found = Vec::new();
    for (_, range) in tags(template) {
        let words = words(template, range);
        let mut at = 0;
        while at < words.len() {
            let Some(length) = sign_at(&words, at) else {
                at += 1;
                continue;
            };
            let (left, right) =
                (side_before(template, &words[..at]), side_after(template, &words[at + length..]));
            for (this, other) in [(&left, &right), (&right, &left)] {
                if let Side::Name { name, range, filters } = this {
                    let with = match other {
                        Side::Name { name, .. } => Against::Name(name.clone()),
                        Side::Number => Against::Number,
                        Side::Text => Against::Text,
                        Side::Other => Against::Other,
                    };
                    let (name, range, filters) = (name.clone(), range.clone(), filters.clone());
                    found.push(Compared { name, range, filters, with });
                }
            }
            at += length;
        }
    }
    found
}

/// One side of a comparison.
enum Side {
    Name { name: String, range: Range<usize>, filters: Vec<String> },
    Number,
    Text,
    Other,
}

/// The words of a sign that compares, where one begins here.
fn sign_at(words: &[Word<'_>], at: usize) -> Option<usize> {
    let (word, next) = (&words[at], words.get(at + 1));
    let joined = next.is_some_and(|next| next.text == "=" && next.range.start == word.range.end);
    match word.text {
        "<" | ">" => Some(1 + usize::from(joined)),
        "=" | "!" if joined => Some(2),
        _ => None,
    }
}

/// What ends the side of a comparison.
fn is_edge(word: &Word<'_>) -> bool {
    ["and", "or", "not", "if", "elif", "else", "in", "is", ",", "=", "<", ">", "!", "~"].contains(&word.text)
}

fn side_after(template: &str, words: &[Word<'_>]) -> Side {
    let mut depth = 0_usize;
    let end = words.iter().position(|word| {
        match word.text {
            "(" => depth += 1,
            ")" if depth == 0 => return true,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0 && is_edge(word)
    });
    side(template, &words[..end.unwrap_or(words.len())])
}

fn side_before(template: &str, words: &[Word<'_>]) -> Side {
    let mut depth = 0_usize;
    let start = words.iter().rposition(|word| {
        match word.text {
            ")" => depth += 1,
            "(" if depth == 0 => return true,
            "(" => depth -= 1,
            _ => {}
        }
        depth == 0 && is_edge(word)
    });
    side(template, &words[start.map_or(0, |start| start + 1)..])
}

fn side(template: &str, mut words: &[Word<'_>]) -> Side {
    while let [open, inside @ .., close] = words
        && open.text == "("
        && close.text == ")"
    {
        words = inside;
    }
    let Some(first) = words.first() else { return Side::Other };
    if first.text.is_empty() {
        return Side::Text;
    }
    if first.text.starts_with(|c: char| c.is_ascii_digit()) {
        return Side::Number;
    }
    if !first.is_name() {
        return Side::Other;
    }
    let (name, range, last) = path(template, words, 0);
    let rest = words[last + 1..].windows(2).filter(|pair| pair[0].text == "|");
    let filters = rest.map(|pair| pair[1].text.to_owned()).collect();
    Side::Name { name: name.to_owned(), range, filters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_found_from_both_sides() {
        let seen = |template: &str| -> Vec<(String, Vec<String>, Against)> {
            comparisons(template).into_iter().map(|c| (c.name, c.filters, c.with)).collect()
        };
        let one = |name: &str, with: Against| vec![(name.to_owned(), vec![], with)];
        for (template, expected) in [
            ("{% if clv > 100 %}x{% endif %}", one("clv", Against::Number)),
            (
                "{% if orders > 1 and clv >= 99.5 %}",
                [one("orders", Against::Number), one("clv", Against::Number)].concat(),
            ),
            ("{% if not (100 <= (cart.value)) %}", one("cart.value", Against::Number)),
            ("{{ 'a' if plan == 'pro' else 'b' }}", one("plan", Against::Text)),
            ("{% if vip == true %}", one("vip", Against::Other)),
            (
                "{% if clv is defined and clv | int > 3 %}",
                vec![("clv".into(), vec!["int".into()], Against::Number)],
            ),
            ("{% if clv | default(0) > 3 %}", vec![("clv".into(), vec!["default".into()], Against::Number)]),
            (
                "{% if a < b %}",
                vec![
                    ("a".into(), vec![], Against::Name("b".into())),
                    ("b".into(), vec![], Against::Name("a".into())),
                ],
            ),
            ("{% set x = 3 %}{{ x | round(precision=2) }} a > 3 {# clv > 3 #}", vec![]),
        ] {
            assert_eq!(seen(template), expected, "{template}");
        }
    }
}
