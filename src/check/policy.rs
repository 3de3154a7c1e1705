//! `policy`: what binds every rule.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{CapClause, Name, PolicyClause, QuietClause, QuietClockWords};
use crate::model::{Channel, Duration};
use crate::ruleset::{Cap, CapScope, CapSubject, Frame, Policy, QuietHours, QuietSpan};

use super::item::Of;
use super::names::shorten;
use super::report::{Report, problem};
use super::suggest::{did_you_mean, nearest};
use super::{guard, period, quiet, workspace};

/// The longest that a cap defers a message.
const LONGEST_WAIT: Duration = Duration::days(30);

/// The checked policies; `channels` are those that messages use, `email` among them.
pub(super) fn check(
    items: &[Of<'_, &[(PolicyClause, Span)]>],
    channels: &[String],
    report: &mut Report<'_>,
) -> Vec<Policy> {
    let mut arbitration: Option<Span> = None;
    let policies = items.iter().map(|item| check_one(item, channels, &mut arbitration, report)).collect();
    quiet::never_open(items, report);
    policies
}

fn check_one(
    item: &Of<'_, &[(PolicyClause, Span)]>,
    channels: &[String],
    arbitration: &mut Option<Span>,
    report: &mut Report<'_>,
) -> Policy {
    let mut policy = Policy {
        name: item.name.text.clone(),
        place: report.place(item.item.head),
        caps: Vec::new(),
        quiet: Vec::new(),
        arbitration: None,
        guards: Vec::new(),
        growth: None,
    };
    for (clause, span) in item.parts {
        match clause {
            PolicyClause::Cap(cap) => policy.caps.extend(check_cap(cap, *span, channels, report)),
            PolicyClause::Quiet(quiet) => {
                policy.quiet.extend(check_quiet(quiet, *span, report));
            }
            PolicyClause::Guard(clause) => guard::check(clause, &mut policy.guards, report),
            PolicyClause::Growth(words) => {
                let growth = guard::growth(words, *span, policy.growth.as_ref(), report);
                policy.growth = policy.growth.or(growth);
            }
            PolicyClause::Arbitration => {
                if let Some(first) = arbitration {
                    let first = report.place(*first);
                    report.add(second_arbitration(*span, &first.to_string()));
                } else {
                    *arbitration = Some(*span);
                    policy.arbitration = Some(report.place(*span));
                }
            }
        }
    }
    policy
}

fn second_arbitration(span: Span, first: &str) -> super::report::Problem {
    problem(Code::SecondArbitration, span, "which of several rules wins is said twice")
        .label(format!("it is said at {first} already"))
        .why("who decides between rules must be found in one place; keep one of the two lines")
}

fn check_cap(cap: &CapClause, span: Span, channels: &[String], report: &mut Report<'_>) -> Option<Cap> {
    let subject = subject(&cap.subject, channels, report);
    let period = period::check(cap.period, span, report);
    if cap.wait.is_some_and(|wait| wait > LONGEST_WAIT) {
        report.add(
            problem(Code::BadPeriod, span, "nothing waits as long as that")
                .label("at most 30 days")
                .why("what is sent a month late has nothing to do with its reason any more"),
        );
        return None;
    }
    Some(Cap {
        count: cap.count,
        subject: subject?,
        period: period?,
        scope: if cap.in_total { CapScope::Total } else { CapScope::Customer },
        wait: cap.wait,
        place: report.place(span),
    })
}

fn check_quiet(clause: &QuietClause, span: Span, report: &mut Report<'_>) -> Vec<QuietHours> {
    // A clock that is written once holds for the whole line.
    let only = clause.spans.iter().find_map(|one| one.clock.as_ref());
    let mut checked = Vec::new();
    for one in &clause.spans {
        if let QuietSpan::Daily { from, to } = one.span
            && from == to
        {
            report.add(
                problem(Code::EmptyQuietHours, one.place, "quiet hours that end when they begin")
                    .label("no time at all, or all day?")
                    .why("one reader would send all night, another never; for whole days write `all of sunday`"),
            );
            continue;
        }
        let clock = match one.clock.as_ref().or(only) {
            None => Frame::Workspace,
            Some(QuietClockWords::Customer) => Frame::Customer,
            Some(QuietClockWords::Zone(zone)) => match workspace::known_zone(zone, report) {
                None => continue,
                Some(_) => Frame::Zone(zone.text.clone()),
            },
        };
        checked.push(QuietHours {
            span: one.span,
            clock,
            or_skip: clause.or_skip,
            place: report.place(span),
        });
    }
    checked
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
