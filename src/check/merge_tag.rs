//! Placeholders as other tools write them, which would reach the customer as they stand.

use crate::diagnostic::Code;

use super::body::Template;
use super::expression;
use super::names::Names;
use super::report::{Report, problem};

/// What opens and closes them, the longer first; the flag says that these signs mean nothing else.
const SIGNS: [(&str, &str, bool); 9] = [
    ("*|", "|*", true),
    ("%%", "%%", false),
    ("[[", "]]", false),
    ("<<", ">>", false),
    ("${", "}", false),
    ("{", "}", false),
    ("[", "]", false),
    ("%", "%", false),
    ("#", "#", false),
];

/// What they call fields that have another name here.
const NAMES: [(&str, &str); 8] = [
    ("fname", "first_name"),
    ("firstname", "first_name"),
    ("vorname", "first_name"),
    ("lname", "last_name"),
    ("lastname", "last_name"),
    ("nachname", "last_name"),
    ("email_address", "email"),
    ("e_mail", "email"),
];

/// Letters that a placeholder has between its signs.
const LONGEST: usize = 40;

/// Warns of what looks like a placeholder of another tool.
pub(super) fn warn(template: &Template, names: &Names, report: &mut Report<'_>) {
    let text = &template.text;
    let mut at = 0;
    while at < text.len() {
        let Some((length, inner, sure)) = tag(text, at) else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        let field = field(inner, names);
        if field.is_none() && !sure {
            at += 1;
            continue;
        }
        let span = template.span(at..at + length);
        let found = problem(
            Code::ForeignPlaceholder,
            span,
            format!("`{}` is sent as it stands", &text[at..at + length]),
        )
        .why("placeholders of other tools mean nothing here: the customer would read the signs themselves");
        report.add(match field {
            Some("first_name") => {
                let right = "{{ first_name | default('friend') }}";
                found.label(format!("write `{right}`")).review(span, right)
            }
            Some(field) => {
                let right = format!("{{{{ {field} }}}}");
                found.label(format!("write `{right}`")).review(span, right)
            }
            None => found.label("write `{{ first_name | default('friend') }}`, or leave it out"),
        });
        at += length;
    }
}

/// What looks like a placeholder at a position: its length, what is between its signs, and whether
/// these mean nothing else.
fn tag(text: &str, at: usize) -> Option<(usize, &str, bool)> {
    let rest = &text[at..];
    // `{{ … }}` and `{% … %}` are ours.
    if rest.starts_with("{{") || rest.starts_with("{%") || text[..at].ends_with('{') {
        return None;
    }
    SIGNS.iter().filter(|(open, ..)| rest.starts_with(open)).find_map(|(open, close, sure)| {
        let inner = &rest[open.len()..];
        let end = inner.find(close).filter(|end| (1..=LONGEST).contains(end))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-. :".contains(c);
        // A link as Markdown writes it.
        let link = *open == "[" && rest[open.len() + end + close.len()..].starts_with(['(', '[', ':']);
        let inner = &inner[..end];
        (!link && inner.chars().all(plain)).then_some((open.len() + end + close.len(), inner, *sure))
    })
}

/// The field that is meant.
fn field<'a>(inner: &str, names: &'a Names) -> Option<&'a str> {
    let plain = inner.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    let plain = plain.rsplit(['.', ':']).next().unwrap_or_default();
    if let Some((_, field)) = NAMES.iter().find(|(name, _)| *name == plain) {
        return Some(field);
    }
    expression::placeholder(names, plain)?;
    names.schema.fields.iter().map(|field| field.name.as_str()).find(|name| *name == plain)
}
