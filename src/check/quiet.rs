//! Whether quiet hours ever end: `quiet_hours_never_open`.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Span};
use crate::language::tree::{PolicyClause, QuietClause, QuietClockWords};
use crate::ruleset::QuietSpan;

use super::item::Of;
use super::report::{Report, problem};

const DAY: usize = 24 * 60;

/// The minutes of a week that are quiet on one clock, and the clause that closed the last one.
struct Week {
    quiet: [bool; 7 * DAY],
    last: Span,
}

/// Warns where the spans of one clock, of all policies together, leave no minute of the week open.
/// Spans on different clocks shut each other's gaps only for some customers: that is not looked for.
pub(super) fn never_open(items: &[Of<'_, &[(PolicyClause, Span)]>], report: &mut Report<'_>) {
    let mut clocks: BTreeMap<String, Week> = BTreeMap::new();
    for (clause, span) in items.iter().flat_map(|item| item.parts) {
        if let PolicyClause::Quiet(clause) = clause {
            shut(clause, *span, &mut clocks);
        }
    }
    for week in clocks.values().filter(|week| week.quiet.iter().all(|quiet| *quiet)) {
        report.add(
            problem(Code::QuietHoursNeverOpen, week.last, "with this line no hour of the week is left")
                .label("together, the quiet hours cover the whole week")
                .why("every marketing message would wait for an end that never comes, and nobody would be sent"),
        );
    }
}

fn shut(clause: &QuietClause, span: Span, clocks: &mut BTreeMap<String, Week>) {
    let only = clause.spans.iter().find_map(|one| one.clock.as_ref());
    for one in &clause.spans {
        let clock = match one.clock.as_ref().or(only) {
            None => "the workspace's".to_owned(),
            Some(QuietClockWords::Customer) => "customer time".to_owned(),
            Some(QuietClockWords::Zone(zone)) => zone.text.clone(),
        };
        let week = clocks.entry(clock).or_insert(Week { quiet: [false; 7 * DAY], last: span });
        let mut changed = false;
        for (minute, quiet) in week.quiet.iter_mut().enumerate() {
            if !*quiet && covers(one.span, minute) {
                *quiet = true;
                changed = true;
            }
        }
        if changed {
            week.last = span;
        }
    }
}

/// Whether a span covers a minute of the week, counted from Monday's midnight.
fn covers(span: QuietSpan, minute: usize) -> bool {
    match span {
        QuietSpan::Days(days) => days >> (minute / DAY) & 1 == 1,
        QuietSpan::Daily { from, to } => {
            let (from, to, at) = (usize::from(from.0), usize::from(to.0), minute % DAY);
            if from < to { (from..to).contains(&at) } else { from != to && (at >= from || at < to) }
        }
    }
}
