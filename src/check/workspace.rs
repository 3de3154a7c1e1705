//! `workspace`: currency, zone, first run.

use jiff::tz::TimeZone;

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Item, Name, WorkspaceClause};
use crate::ruleset;

use super::names::{check_name, shorten};
use super::report::{Report, after, problem};
use super::suggest::{did_you_mean, nearest};

/// What the workspace says, its zone, and where a `currency` line can be written.
pub(super) struct Found {
    pub(super) workspace: ruleset::Workspace,
    pub(super) zone: TimeZone,
    pub(super) currency_line: Option<Span>,
}

pub(super) fn check(items: &[(Option<&Name>, &Item, &[WorkspaceClause])], report: &mut Report<'_>) -> Found {
    let mut found =
        Found { workspace: ruleset::Workspace::default(), zone: TimeZone::UTC, currency_line: None };
    for (_, item, _) in items.iter().skip(1) {
        let first = report.place(items[0].1.head);
        report.add(
            problem(Code::SecondWorkspace, item.head, "a second workspace")
                .label(format!("the first is at {first}"))
                .why("currency and zone hold for all rules; with two, their meaning would depend on the order of files"),
        );
    }
    let Some((name, item, clauses)) = items.first() else { return found };
    found.currency_line = Some(after(name.map_or(item.head, |name| name.span)));
    if let Some(name) = name
        && check_name(report, name)
    {
        found.workspace.name.clone_from(&name.text);
    }
    let mut seen: Vec<&str> = Vec::new();
    for clause in *clauses {
        let (word, span) = match clause {
            WorkspaceClause::Currency(currency, span) => {
                found.workspace.currency = Some(*currency);
                ("currency", *span)
            }
            WorkspaceClause::TimeZone(zone) => {
                time_zone(zone, &mut found, report);
                ("time zone", zone.span)
            }
            WorkspaceClause::FirstRun(limit, span) => {
                found.workspace.first_run = *limit;
                ("first run", *span)
            }
            WorkspaceClause::Clv(span) => ("clv", *span),
        };
        if seen.contains(&word) {
            report.add(duplicate_clause(word, span));
        }
        seen.push(word);
    }
    found
}

fn time_zone(name: &Name, found: &mut Found, report: &mut Report<'_>) {
    if let Some(zone) = known_zone(name, report) {
        found.zone = zone;
        found.workspace.zone.clone_from(&name.text);
    }
}

/// The zone of that name; `None` after a diagnostic.
pub(super) fn known_zone(name: &Name, report: &mut Report<'_>) -> Option<TimeZone> {
    if let Ok(zone) = TimeZone::get(&name.text)
        && zone.iana_name() == Some(name.text.as_str())
    {
        return Some(zone);
    }
    let all: Vec<String> = jiff::tz::db().available().map(|zone| zone.as_str().to_owned()).collect();
    let city =
        |zone: &&str| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&name.text));
    let names = || all.iter().map(String::as_str);
    let near = names().find(city).or_else(|| nearest(&name.text, names()));
    let label = if near.is_some() { did_you_mean(near) } else { "a zone is written `Europe/Madrid`".into() };
    report.add(
        problem(Code::UnknownZone, name.span, format!("there is no time zone `{}`", shorten(&name.text)))
            .label(label)
            .why("nine in the morning would be another hour")
            .near(name.span, near),
    );
    None
}

/// A clause that stands twice in its item.
pub(super) fn duplicate_clause(word: &str, span: Span) -> super::report::Problem {
    problem(Code::DuplicateClause, span, format!("`{word}` is written twice"))
        .label("keep one of them")
        .why("which of the two holds? two readers would give two answers")
}
