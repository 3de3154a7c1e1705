//! `# allow LINT until DATE`: warnings that a person has looked at, for a while.
//!
//! It holds for its own line or, standing alone on a line, for the next. In a message's file it is
//! written `{# allow LINT until DATE #}`.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, FileId, Sources, Span};
use crate::model::Date;

use super::report::{Problem, comment_start, problem, span};
use super::suggest::{did_you_mean, nearest};

/// A comment that allows, with the line (from 0) for which it holds.
struct Allow {
    lint: &'static str,
    file: FileId,
    line: usize,
    until: Date,
}

/// Leaves out the warnings that are allowed today, and says which comments have expired or cannot
/// be read.
pub(super) fn apply(
    sources: &Sources,
    found: Vec<Diagnostic>,
    today: Date,
) -> (Vec<Diagnostic>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut allows: Vec<Allow> = Vec::new();
    for (file, path, text) in sources.iter() {
        read(file, text, path.ends_with(".rules"), today, &mut allows, &mut problems);
    }
    let allowed: BTreeSet<(FileId, usize, &str)> = allows
        .iter()
        .filter(|allow| today <= allow.until)
        .map(|allow| (allow.file, allow.line, allow.lint))
        .collect();
    let kept = found.into_iter().filter(|diagnostic| {
        let Some(name) = diagnostic.code.lint() else { return true };
        let Span { file, start, .. } = diagnostic.span;
        let (line, _) = sources.line(file, start as usize);
        !allowed.contains(&(file, line - 1, name))
    });
    (kept.collect(), problems)
}

fn read(
    file: FileId,
    text: &str,
    rules: bool,
    today: Date,
    allows: &mut Vec<Allow>,
    problems: &mut Vec<Problem>,
) {
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let start = if rules { comment_start(line) } else { line.find("{#").map(|at| at + 1) };
        if let Some(at) = start
            && let Some(words) = allow_words(&line[at..])
        {
            let end = at + line[at..].trim_end().len();
            let place = span(file, offset + at..offset + end);
            let before = if rules { &line[..at] } else { &line[..at - 1] };
            let alone = before.trim().is_empty() && (rules || line.trim_end().ends_with("#}"));
            match parse(&words) {
                Ok((lint, until)) => {
                    if until < today {
                        problems.push(expired(place, until));
                    }
                    allows.push(Allow { lint, file, line: number + usize::from(alone), until });
                }
                Err(label) => problems.push(unreadable(place, &label)),
            }
        }
        offset += line.len();
    }
}

/// The words after `# allow`, where a comment begins so.
fn allow_words(comment: &str) -> Option<Vec<&str>> {
    let mut words = comment.trim_start_matches('#').split_whitespace();
    (words.next() == Some("allow")).then(|| words.filter(|word| *word != "#}").collect())
}

fn parse(words: &[&str]) -> Result<(&'static str, Date), String> {
    let lints = || Code::ALL.iter().filter_map(|code| code.lint());
    let written = words.first().copied().unwrap_or_default();
    let Some(lint) = lints().find(|lint| *lint == written) else {
        let near = nearest(written, lints());
        let all = lints().map(|lint| format!("`{lint}`")).collect::<Vec<_>>().join(", ");
        return Err(if near.is_some() { did_you_mean(near) } else { format!("what can be allowed: {all}") });
    };
    match words.get(1..3) {
        Some(["until", date]) => {
            let until = Date::parse(date).ok_or_else(|| format!("`{date}` is no date like 2027-01-31"))?;
            Ok((lint, until))
        }
        _ => Err(format!("write `allow {lint} until 2027-01-31`, with a date")),
    }
}

fn expired(place: Span, until: Date) -> Problem {
    problem(Code::ExpiredAllow, place, format!("this was allowed until {until}"))
        .label("look again: mend what it allowed, or set a later date")
        .why("the date was set so that somebody looks again, and that day has passed")
}

fn unreadable(place: Span, label: &str) -> Problem {
    problem(Code::BadAllow, place, "this allows nothing as it stands")
        .label(label)
        .why("whoever wrote it believes that a warning is allowed")
}
