//! `policy`: limits on what one customer gets.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{CapClause, Name};
use crate::model::Channel;
use crate::ruleset::{Cap, CapSubject, Policy};

use super::item::Of;
use super::names::shorten;
use super::period;
use super::report::{Report, problem};
use super::suggest::{did_you_mean, nearest};

/// A checked policy; `channels` are those that messages use, `email` among them.
pub(super) fn check(
    item: &Of<'_, &[(CapClause, Span)]>,
    channels: &[String],
    report: &mut Report<'_>,
) -> Policy {
    let caps = item.parts.iter().filter_map(|(cap, span)| check_cap(cap, *span, channels, report)).collect();
    Policy { name: item.name.text.clone(), place: report.place(item.item.head), caps }
}

fn check_cap(cap: &CapClause, span: Span, channels: &[String], report: &mut Report<'_>) -> Option<Cap> {
    let subject = subject(&cap.subject, channels, report);
    let period = period::check(cap.period, span, report);
    Some(Cap { count: cap.count, subject: subject?, period: period?, place: report.place(span) })
}

fn subject(name: &Name, channels: &[String], report: &mut Report<'_>) -> Option<CapSubject> {
    let word = name.text.as_str();
    if matches!(word, "message" | "messages") {
        return Some(CapSubject::Messages);
    }
    let singular = word.strip_suffix('s').unwrap_or(word);
    if let Some(channel) =
        channels.iter().find(|c| *c == word).or_else(|| channels.iter().find(|c| *c == singular))
    {
        return Some(CapSubject::Channel(Channel(channel.clone())));
    }
    let near = nearest(word, channels.iter().map(String::as_str).chain(["message", "messages", "emails"]));
    let label = if near.is_some() { did_you_mean(near) } else { "no message goes this way".into() };
    report.add(
        problem(Code::UnknownChannel, name.span, format!("nothing is sent as `{}`", shorten(word)))
            .label(label)
            .why("the limit would count something that is never sent, and so limit nothing")
            .near(name.span, near),
    );
    None
}
