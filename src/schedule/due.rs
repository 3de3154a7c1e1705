//! Which occurrence is due, and what was missed.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::calendar::{local, next_after, previous_at_or_before};
use crate::model::{Duration, Instant};
use crate::ruleset::{DaySet, Schedule};

/// A missed occurrence still runs while it is less late than this.
pub const MISSED_RUNS_WITHIN: Duration = Duration::hours(1);

/// How many missed occurrences are counted; beyond it the number says "at least".
const MOST_COUNTED: u64 = 10_000;

/// From where on a rule's occurrences are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The rule became active then: earlier occurrences are no concern of it.
    Began(Instant),
    /// That occurrence was served or skipped; perhaps one of an earlier schedule of the rule.
    Served(Instant),
}

/// What a schedule asks for at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The occurrence to run now. Once it is committed it is [`Since::Served`].
    pub run: Option<Instant>,
    /// What is passed over and must be said: too late, or overtaken by a later occurrence.
    pub passed: Option<Passed>,
    /// The first occurrence after now.
    pub next: Option<Instant>,
}

impl Due {
    /// The occurrence to remember as served once all this is dealt with; none: nothing happened.
    #[must_use]
    pub fn serves(&self) -> Option<Instant> {
        self.run.or(self.passed.map(|passed| passed.last))
    }
}

/// Occurrences that do not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// The first of them.
    pub first: Instant,
    /// The last of them.
    pub last: Instant,
    /// How many; at most ten thousand are counted.
    pub count: u64,
}

/// What is due at `now`.
///
/// Of the occurrences since the last one that was served, the latest runs if it is less than an
/// hour late; the others are passed over. A schedule that was edited does not fire again in the
/// period that the rule has already served: the day, for a schedule on one day of the week the
/// week, for one on a day of the month the month.
#[must_use]
pub fn due(schedule: &Schedule, zone: &TimeZone, since: Since, now: Instant) -> Due {
    let from = match since {
        Since::Began(at) => at,
        Since::Served(at) => after_served_period(schedule, zone, at),
    };
    // Looking on from `from` too, so that the next occurrence after an edit is the one that fires.
    let next = next_after(schedule, zone, now.max(from));
    let latest = previous_at_or_before(schedule, zone, now).filter(|&latest| latest > from);
    let Some(latest) = latest else { return Due { run: None, passed: None, next } };
    let run = (now.since(latest) < MISSED_RUNS_WITHIN).then_some(latest);
    let first = next_after(schedule, zone, from).filter(|&first| run.is_none_or(|run| first < run));
    let passed = first.map(|first| {
        let last = match run {
            Some(run) => previous_at_or_before(schedule, zone, Instant(run.0 - 1)).unwrap_or(first),
            None => latest,
        };
        Passed { first, last, count: count(schedule, zone, first, last) }
    });
    Due { run, passed, next }
}

/// How many occurrences there are from `first` to `last`, both of them occurrences.
fn count(schedule: &Schedule, zone: &TimeZone, first: Instant, last: Instant) -> u64 {
    match schedule {
        Schedule::Every(step) => {
            let steps = last.since(first).0 / step.0.max(1);
            u64::try_from(steps).unwrap_or(0).saturating_add(1).min(MOST_COUNTED)
        }
        Schedule::Days { .. } | Schedule::Cron(_) => {
            let next = |&instant: &Instant| next_after(schedule, zone, instant).filter(|&next| next <= last);
            let all = std::iter::successors(Some(first), next);
            all.zip(1..=MOST_COUNTED).map(|(_, number)| number).last().unwrap_or(0)
        }
    }
}

/// The served instant itself where it is an occurrence of this very schedule; else the last instant
/// of the period that it lies in.
fn after_served_period(schedule: &Schedule, zone: &TimeZone, served: Instant) -> Instant {
    if previous_at_or_before(schedule, zone, served) == Some(served) {
        return served;
    }
    let end = match schedule {
        Schedule::Every(_) | Schedule::Cron(_) => None,
        Schedule::Days { days, .. } => local(served, zone).and_then(|at| period_end(days, at.date())),
    };
    let midnight =
        end.and_then(|day| super::calendar::instant_of(day.to_datetime(jiff::civil::Time::midnight()), zone));
    midnight.map_or(served, |midnight| Instant(midnight.0 - 1).max(served))
}

/// The first day after the period that a day lies in.
fn period_end(days: &DaySet, day: Date) -> Option<Date> {
    match days {
        DaySet::Week(mask) if mask.is_power_of_two() => {
            let since_monday = i64::from(day.weekday().since(Weekday::Monday));
            day.checked_add((7 - since_monday).days()).ok()
        }
        DaySet::Week(_) => day.tomorrow().ok(),
        DaySet::MonthDay(_) | DaySet::MonthEnd => day.last_of_month().tomorrow().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MINUTE_MS, TimeOfDay};

    fn at(text: &str) -> Instant {
        Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn daily(mask: u8, time: &str) -> Schedule {
        Schedule::Days { days: DaySet::Week(mask), at: TimeOfDay::parse(time).unwrap() }
    }

    fn on(schedule: &Schedule, since: Since, now: &str) -> Due {
        due(schedule, &TimeZone::UTC, since, at(now))
    }

    const NINE: &str = "2026-11-20T09:00:00Z";

    #[test]
    fn an_occurrence_runs_once() {
        let rule = daily(127, "09:00");
        let began = Since::Began(at("2026-11-20T08:00:00Z"));
        let tomorrow = Some(at("2026-11-21T09:00:00Z"));
        assert_eq!(
            on(&rule, began, "2026-11-20T08:59:59Z"),
            Due { run: None, passed: None, next: Some(at(NINE)) }
        );
        assert_eq!(on(&rule, began, NINE), Due { run: Some(at(NINE)), passed: None, next: tomorrow });
        assert_eq!(on(&rule, Since::Served(at(NINE)), NINE), Due { run: None, passed: None, next: tomorrow });
        // A clock that was set back finds nothing due.
        assert_eq!(on(&rule, Since::Served(at(NINE)), "2026-11-20T08:30:00Z").run, None);
    }

    #[test]
    fn a_new_rule_has_missed_nothing() {
        let rule = daily(127, "09:00");
        let due = on(&rule, Since::Began(at("2026-11-20T09:00:01Z")), "2026-11-20T09:30:00Z");
        assert_eq!((due.run, due.passed), (None, None));
    }

    #[test]
    fn a_missed_occurrence_runs_while_less_than_an_hour_late() {
        let rule = daily(127, "09:00");
        let since = Since::Served(at("2026-11-17T09:00:00Z"));
        let due = on(&rule, since, "2026-11-20T09:59:59.999Z");
        let passed = Passed { first: at("2026-11-18T09:00:00Z"), last: at("2026-11-19T09:00:00Z"), count: 2 };
        assert_eq!((due.run, due.passed), (Some(at(NINE)), Some(passed)));
        assert_eq!(due.serves(), Some(at(NINE)));
        let due = on(&rule, since, "2026-11-20T10:00:00Z");
        assert_eq!((due.run, due.passed), (None, Some(Passed { last: at(NINE), count: 3, ..passed })));
        assert_eq!(due.serves(), Some(at(NINE)));
    }

    #[test]
    fn of_several_missed_in_the_hour_the_latest_runs() {
        let rule = Schedule::Every(Duration(15 * MINUTE_MS));
        let due = on(&rule, Since::Served(at(NINE)), "2026-11-20T09:50:00Z");
        let passed = Passed { first: at("2026-11-20T09:15:00Z"), last: at("2026-11-20T09:30:00Z"), count: 2 };
        assert_eq!((due.run, due.passed), (Some(at("2026-11-20T09:45:00Z")), Some(passed)));
        let due = on(&rule, Since::Served(at("2020-01-01T00:00:00Z")), NINE);
        assert_eq!(due.passed.unwrap().count, MOST_COUNTED);
    }

    #[test]
    fn an_edited_schedule_does_not_fire_again_in_the_period_it_has_served() {
        let served = Since::Served(at(NINE)); // a Friday
        let later = daily(127, "10:00");
        let due = on(&later, served, "2026-11-20T10:00:00Z");
        assert_eq!((due.run, due.passed, due.next), (None, None, Some(at("2026-11-21T10:00:00Z"))));
        assert_eq!(on(&later, served, "2026-11-21T10:00:00Z").run, Some(at("2026-11-21T10:00:00Z")));
        // Earlier in the day: the next one is tomorrow's, as it should be.
        assert_eq!(
            on(&daily(127, "08:00"), served, "2026-11-21T08:00:00Z").run,
            Some(at("2026-11-21T08:00:00Z"))
        );
        // Once a week: the week is served.
        let sunday = daily(1 << 6, "09:00");
        assert_eq!(on(&sunday, served, "2026-11-22T09:00:00Z").run, None);
        assert_eq!(on(&sunday, served, "2026-11-22T09:00:00Z").next, Some(at("2026-11-29T09:00:00Z")));
        let month = Schedule::Days { days: DaySet::MonthEnd, at: TimeOfDay(540) };
        assert_eq!(on(&month, served, "2026-11-30T09:00:00Z").next, Some(at("2026-12-31T09:00:00Z")));
    }
}
