//! `every …`, `on cron …`: when a rule fires, and on whose clock.

use jiff::tz::TimeZone;

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Name, ScheduleWords, ZoneWords};
use crate::model::{DAY_MS, Date, Duration, HOUR_MS, Instant, MINUTE_MS};
use crate::ruleset::{DaySet, Expr, ExprKind, Frame, Schedule, Timetable};
use crate::schedule::{cron, gaps};

use super::report::{Report, after, problem};
use super::workspace::known_zone;

/// The longest interval; for whole days there is `every day at …`.
const LONGEST_MS: i64 = 12 * HOUR_MS;

/// How far ahead a gap is looked for.
const LOOKS_AHEAD: Duration = Duration::days(366);

/// The timetable that the words mean; `None` after a diagnostic.
pub(super) fn check(
    words: &ScheduleWords,
    zone: &ZoneWords,
    span: Span,
    report: &mut Report<'_>,
) -> Option<Timetable> {
    let frame = match zone {
        ZoneWords::None => Some(Frame::Workspace),
        ZoneWords::Customer => Some(Frame::Customer),
        ZoneWords::In(name) => known_zone(name, report).map(|_| Frame::Zone(name.text.clone())),
    };
    let schedule = schedule(words, span, report);
    Some(Timetable { frame: frame?, ..Timetable::new(schedule?) })
}

fn schedule(words: &ScheduleWords, span: Span, report: &mut Report<'_>) -> Option<Schedule> {
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
        ScheduleWords::Cron(text) => cron_expression(text, report),
    }
}

fn cron_expression(text: &Name, report: &mut Report<'_>) -> Option<Schedule> {
    match cron::read(&text.text) {
        Ok(fields) => Some(Schedule::Cron(fields)),
        Err(error) => {
            let found = problem(Code::BadCron, text.span, error.message).label(error.label).why(error.why);
            report.add(match error.fix {
                Some(fix) => found.review(text.span, format!("\"{fix}\"")),
                None => found,
            });
            None
        }
    }
}

/// Warns of a time that the clocks leave out within a year. For `customer time` the workspace's
/// clock is looked at: somewhere every time of the night is left out.
pub(super) fn warn_of_gaps(
    timetable: &Timetable,
    span: Span,
    (workspace, today): (&TimeZone, Date),
    report: &mut Report<'_>,
) {
    let own = match &timetable.frame {
        Frame::Workspace | Frame::Customer => None,
        Frame::Zone(name) => TimeZone::get(name).ok(),
    };
    let zone = own.as_ref().unwrap_or(workspace);
    let from = Instant(i64::from(today.0) * DAY_MS);
    let Some(gap) = gaps::first(&timetable.schedule, zone, from, from.plus(LOOKS_AHEAD)) else { return };
    let place = zone.iana_name().unwrap_or("this zone");
    let (day, time) = (gap.civil.date(), gap.civil.strftime("%H:%M"));
    report.add(
        problem(
            Code::CronInDstGap,
            span,
            format!("on {day} there is no {time} in {place}: the clocks go forward"),
        )
        .label(match gap.moved_to {
            Some(instead) => format!("it runs at {} on that day", instead.strftime("%H:%M")),
            None => "what falls into the hour that is left out does not run on that day".into(),
        })
        .why("a time in the hour that the clocks leave out comes at another one, once a year"),
    );
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

/// Whether a condition is true of those only who have just moved: since the rule last ran.
pub(super) fn needs_a_move(when: &Expr) -> bool {
    match &when.kind {
        ExprKind::Moved(_) => true,
        ExprKind::And(parts) => parts.iter().any(needs_a_move),
        ExprKind::Or(parts) => parts.iter().all(needs_a_move),
        ExprKind::Constant(_)
        | ExprKind::Field(_)
        | ExprKind::EventField(..)
        | ExprKind::Fired(..)
        | ExprKind::Aggregate { .. }
        | ExprKind::TimeSince { .. }
        | ExprKind::Frequency
        | ExprKind::Segment(_)
        | ExprKind::OrElse(..)
        | ExprKind::ShareOf(..)
        | ExprKind::Compare(..)
        | ExprKind::Contains(..)
        | ExprKind::StartsWith(..)
        | ExprKind::OneOf(..)
        | ExprKind::Between(..)
        | ExprKind::During(..)
        | ExprKind::Falls(..)
        | ExprKind::IsKnown(_)
        | ExprKind::Truth(_)
        | ExprKind::InAudience(_)
        | ExprKind::Not(_) => false,
    }
}

/// Whether it fires so often that a customer who goes on matching is met day after day.
pub(super) fn is_daily(schedule: &Schedule) -> bool {
    match schedule {
        Schedule::Every(_) => true,
        Schedule::Days { days: DaySet::Week(days), .. } => days.count_ones() >= 5,
        Schedule::Days { days: DaySet::MonthDay(_) | DaySet::MonthEnd, .. } => false,
        // On more days of the month than a week has: `*/2` as well as `*`.
        Schedule::Cron(fields) => fields.weekdays.count_ones() >= 5 && fields.days.count_ones() > 7,
    }
}
