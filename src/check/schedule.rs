//! `every …`: when a rule fires.

use crate::diagnostic::{Code, Span};
use crate::language::tree::ScheduleWords;
use crate::model::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::ruleset::{DaySet, Schedule};

use super::report::{Report, after, problem};

/// The longest interval; for whole days there is `every day at …`.
const LONGEST_MS: i64 = 12 * HOUR_MS;

/// The schedule that the words mean; `None` after a diagnostic.
pub(super) fn check(words: &ScheduleWords, span: Span, report: &mut Report<'_>) -> Option<Schedule> {
    match words {
        ScheduleWords::Every(interval) => {
            let ms = interval.0;
            if ms % MINUTE_MS == 0 && (MINUTE_MS..=LONGEST_MS).contains(&ms) && DAY_MS % ms == 0 {
                return Some(Schedule::Every(*interval));
            }
            bad_interval(ms, span, report);
            None
        }
        ScheduleWords::Days { days, at } => {
            let exists = match days {
                DaySet::Week(days) => days & 0b111_1111 != 0,
                DaySet::MonthDay(day) => (1..=31).contains(day),
                DaySet::MonthEnd => true,
            };
            if !exists {
                report.add(
                    problem(Code::BadInterval, span, "no month has this day")
                        .label("days of a month are 1 to 31, or `last day`")
                        .why("the rule would never run"),
                );
                return None;
            }
            let Some(at) = *at else {
                report.add(
                    problem(Code::NoTimeOfDay, span, "at what time?")
                        .label("add a time, such as `at 09:00`")
                        .why("without one it would run at midnight, when nobody wants a message")
                        .review(after(span), " at 09:00"),
                );
                return None;
            };
            Some(Schedule::Days { days: days.clone(), at })
        }
    }
}

fn bad_interval(ms: i64, span: Span, report: &mut Report<'_>) {
    let found = problem(Code::BadInterval, span, "this interval does not divide the day")
        .why("it would fire at other times each day");
    let text = report.text(span);
    report.add(if ms > LONGEST_MS {
        found.label("for whole days write `every day at 09:00`, or name weekdays")
    } else {
        let minutes = ms.max(MINUTE_MS) / MINUTE_MS;
        let (day, longest) = (DAY_MS / MINUTE_MS, LONGEST_MS / MINUTE_MS);
        let near =
            (1..=longest).filter(|n| day % n == 0).min_by_key(|n| (n.abs_diff(minutes), *n)).unwrap_or(15);
        let (count, unit) = if near % 60 == 0 { (near / 60, "hour") } else { (near, "minute") };
        let words = format!("every {count} {unit}{}", if count == 1 { "" } else { "s" });
        let found = found.label("between 1 minute and 12 hours, an even part of a day");
        if text.starts_with("every") { found.review(span, words) } else { found }
    });
}

/// Whether it fires so often that a customer who goes on matching is met day after day.
pub(super) fn is_daily(schedule: &Schedule) -> bool {
    match schedule {
        Schedule::Every(_) => true,
        Schedule::Days { days: DaySet::Week(days), .. } => days.count_ones() >= 5,
        Schedule::Days { days: DaySet::MonthDay(_) | DaySet::MonthEnd, .. } => false,
        Schedule::Cron(fields) => fields.weekdays.count_ones() >= 5 && fields.days.count_ones() > 5,
    }
}
