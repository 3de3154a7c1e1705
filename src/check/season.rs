//! `from … until …` and `if missed`: the days on which a rule may fire, and how late.

use crate::diagnostic::{Code, Span};
use crate::model::{Date, Duration, MINUTE_MS};
use crate::ruleset::{Season, Trigger};

use super::report::{Report, problem};

/// The first and the last day, as written.
#[derive(Default)]
pub(super) struct Written {
    pub(super) from: Option<(Date, Span)>,
    pub(super) until: Option<(Date, Span)>,
}

/// The season that the days mean; `None` after an error.
pub(super) fn check(written: &Written, today: Date, report: &mut Report<'_>) -> Option<Season> {
    let season = Season { from: written.from.map(|(day, _)| day), until: written.until.map(|(day, _)| day) };
    let (Some(until), Some((_, span))) = (season.until, written.until) else { return Some(season) };
    if let Some((from, first)) = written.from
        && until < from
    {
        let found =
            problem(Code::EndsBeforeItBegins, span, format!("the rule ends before it begins, on {from}"))
                .label("the last day lies before the first")
                .why("it would never run");
        // Both in one line: the days were probably swapped.
        let both = Span { end: span.end, ..first };
        let swapped = first.start < span.start && report.text(both).lines().count() == 1;
        report.add(if swapped { found.review(both, format!("{until} until {from}")) } else { found });
        return None;
    }
    if until < today {
        report.add(
            problem(Code::HasEnded, span, format!("the rule ended on {until}"))
                .label("it does not run any more")
                .why("a rule that nobody runs is read and kept up to date all the same"),
        );
    }
    Some(season)
}

/// Puts `if missed` into the timetable; false after an error.
pub(super) fn if_missed(
    written: Option<(Duration, Span)>,
    trigger: &mut Trigger,
    report: &mut Report<'_>,
) -> bool {
    let Some((within, span)) = written else { return true };
    let Trigger::Scheduled(timetable) = trigger else {
        report.add(
            problem(Code::NothingToMiss, span, "this rule has no schedule, so nothing of it can be missed")
                .label("add a schedule such as `every day at 09:00`, or leave this out")
                .why("a rule without a schedule catches up by itself: it looks at everybody at each tick"),
        );
        return false;
    };
    if within.0 < MINUTE_MS {
        report.add(
            problem(Code::NothingToMiss, span, "this is less than a minute")
                .label("write `if missed, run within 1 minute`, or leave it out")
                .why("a run that is a few seconds late would be skipped"),
        );
        return false;
    }
    timetable.if_missed = within;
    true
}
