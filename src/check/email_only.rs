//! What only e-mail has a place for.

use crate::diagnostic::{Code, Span};

use super::body::Template;
use super::report::{Problem, Report, problem};
use super::words::Words;

/// Whether a message says nothing for which its channel, or its body, has no place; false after an error.
pub(super) fn check(
    clauses: &[(&str, Option<Span>)],
    words: &Words,
    by_email: bool,
    report: &mut Report<'_>,
) -> bool {
    let mut found: Vec<Problem> = Vec::new();
    if by_email {
        found.extend(words.preview.as_ref().and_then(|one| preview(one, words)));
    } else {
        found.extend(clauses.iter().filter_map(|(clause, span)| Some(elsewhere(clause, (*span)?))));
    }
    let good = found.is_empty();
    for one in found {
        report.add(one);
    }
    good
}

/// A clause of a message that goes by another channel.
fn elsewhere(clause: &str, span: Span) -> Problem {
    problem(Code::BadText, span, format!("only e-mail has `{clause}`"))
        .label("leave it out")
        .why("another channel carries the text alone")
}

/// A preview that nobody would see, or that is not the only one.
fn preview(preview: &Template, words: &Words) -> Option<Problem> {
    let (message, label) = match &words.html {
        None => ("a message without HTML has no preview", "leave it out, or write a body in HTML"),
        Some(body) if body.text.contains("<mj-preview") => {
            ("the body has a preview of its own", "keep one: this, or `<mj-preview>`")
        }
        Some(_) => return None,
    };
    let why = "it stands hidden at the top of the HTML, where mail programs look for what they show beside the \
               subject";
    Some(problem(Code::BadText, preview.whole(), message).label(label).why(why))
}
