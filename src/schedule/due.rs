//! Which occurrence is due, and what was missed.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::calendar::{instant_of, local, previous_at_or_before};
use super::occasions::{Occasions, first_zone, zone_of};
use crate::model::{Duration, Instant};
use crate::ruleset::{CronFields, DaySet, Frame, Schedule, Timetable};

/// How many missed occurrences are counted; beyond it the number says "at least".
const MOST_COUNTED: u64 = 10_000;

/// From where on a rule's occurrences are looked at.
#[derive(Debug, Clone, Copy)]
pub enum Since<'a> {
    /// The rule became active then: earlier occurrences are no concern of it.
    Began(Instant),
    /// All occurrences up to that instant were served or skipped.
    Served {
        /// Up to when.
        at: Instant,
        /// By which timetable; perhaps an earlier one of the rule.
        by: &'a Timetable,
        /// The workspace's zone then.
        workspace: &'a TimeZone,
    },
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

/// What is due at `now`, of the occurrences after `from` ([`look_from`]).
///
/// The latest of them runs if it is less late than `within`; the others are passed over.
#[must_use]
pub fn due(occasions: &Occasions<'_>, from: Instant, within: Duration, now: Instant) -> Due {
    // Looking on from `from` too, so that the next occurrence after an edit is the one that fires.
    let next = occasions.next_after(now.max(from));
    let latest = occasions.previous_at_or_before(now).filter(|&latest| latest > from);
    let Some(latest) = latest else { return Due { run: None, passed: None, next } };
    let run = (now.since(latest) < within).then_some(latest);
    let first = occasions.next_after(from).filter(|&first| run.is_none_or(|run| first < run));
    let passed = first.map(|first| {
        let last = match run {
            Some(run) => occasions.previous_at_or_before(Instant(run.0 - 1)).unwrap_or(first),
            None => latest,
        };
        Passed { first, last, count: count(occasions, first, last) }
    });
    Due { run, passed, next }
}

/// How many occurrences there are from `first` to `last`, both of them occurrences.
fn count(occasions: &Occasions<'_>, first: Instant, last: Instant) -> u64 {
    match occasions.schedule() {
        Schedule::Every(step) => {
            let steps = last.since(first).0 / step.0.max(1);
            u64::try_from(steps).unwrap_or(0).saturating_add(1).min(MOST_COUNTED)
        }
        Schedule::Days { .. } | Schedule::Cron(_) => {
            let next = |&instant: &Instant| occasions.next_after(instant).filter(|&next| next <= last);
            let all = std::iter::successors(Some(first), next);
            all.zip(1..=MOST_COUNTED).map(|(_, number)| number).last().unwrap_or(0)
        }
    }
}

/// The instant after which the occurrences of a timetable are looked at, for customers whose own
/// zone is `own`.
///
/// A timetable or a zone that was edited does not fire again in the period that the rule has already
/// served: the day, for a schedule on one day of the week the week, for one on a day of the month
/// the month. A schedule of several times a day has no such period. From `customer time` to a fixed
/// zone the period is served that began for anybody: nobody is met twice in it.
#[must_use]
pub fn look_from(
    timetable: &Timetable,
    since: Since<'_>,
    own: Option<&TimeZone>,
    workspace: &TimeZone,
) -> Instant {
    let (served, by, workspace_then) = match since {
        Since::Began(at) => return at,
        Since::Served { at, by, workspace } => (at, by, workspace),
    };
    let zone = zone_of(&timetable.frame, own, workspace);
    let by_customer = |timetable: &Timetable| timetable.frame == Frame::Customer;
    let same_kind = by_customer(by) == by_customer(timetable);
    let zone_then =
        if by_customer(by) && !same_kind { first_zone() } else { zone_of(&by.frame, own, workspace_then) };
    if same_kind && by.schedule == timetable.schedule && zone == zone_then {
        return served;
    }
    // For a customer's clock this may lie long before what others were served.
    let Some(last) = previous_at_or_before(&by.schedule, &zone_then, served) else { return served };
    let day = local(last, &zone_then).map(jiff::civil::DateTime::date);
    let end = day.and_then(|day| period_end(&timetable.schedule, day, same_kind));
    let midnight = end.and_then(|day| instant_of(day.to_datetime(Time::midnight()), &zone));
    // Of several times a day those go on that come after what anybody was served.
    midnight.map_or(served, |midnight| Instant(midnight.0 - 1).max(last))
}

/// Whether who met a wall time of a rule in customer time has thereby met another one too, both in
/// milliseconds: one that is not later, and, where the schedule was edited since, one of the period
/// that an edited schedule does not fire in again.
#[must_use]
pub fn is_met(schedule: &Schedule, met: i64, other: i64) -> bool {
    if other <= met {
        return true;
    }
    // A wall time that this schedule never shows was met by another one.
    let shown = previous_at_or_before(schedule, &TimeZone::UTC, Instant(met)) == Some(Instant(met));
    let day = || local(Instant(met), &TimeZone::UTC).map(jiff::civil::DateTime::date);
    let end =
        || instant_of(period_end(schedule, day()?, true)?.to_datetime(Time::midnight()), &TimeZone::UTC);
    !shown && end().is_some_and(|end| other < end.0)
}

/// The first day after the period that a day lies in; none where there is no period.
fn period_end(schedule: &Schedule, day: Date, same_kind: bool) -> Option<Date> {
    let week = || {
        let since_monday = i64::from(day.weekday().since(Weekday::Monday));
        day.checked_add((7 - since_monday).days()).ok()
    };
    match schedule {
        // Another kind of clock shows the same times at other instants: the day at least is over.
        Schedule::Every(_) if same_kind => None,
        Schedule::Cron(cron) if same_kind && !is_once_a_day(cron) => None,
        Schedule::Days { days: DaySet::MonthDay(_) | DaySet::MonthEnd, .. } => {
            day.last_of_month().tomorrow().ok()
        }
        Schedule::Cron(cron) if cron.days.is_power_of_two() => day.last_of_month().tomorrow().ok(),
        Schedule::Days { days: DaySet::Week(mask), .. } if mask.is_power_of_two() => week(),
        Schedule::Cron(cron) if cron.weekdays.is_power_of_two() => week(),
        Schedule::Every(_) | Schedule::Days { .. } | Schedule::Cron(_) => day.tomorrow().ok(),
    }
}

const fn is_once_a_day(cron: &CronFields) -> bool {
    cron.minutes.is_power_of_two() && cron.hours.is_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MINUTE_MS, TimeOfDay};
    use crate::ruleset::Season;

    fn at(text: &str) -> Instant {
        Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn daily(mask: u8, time: &str) -> Timetable {
        let at = TimeOfDay::parse(time).unwrap();
        Timetable::new(Schedule::Days { days: DaySet::Week(mask), at })
    }

    /// Since when, for tests: served by that very timetable, or by another.
    #[derive(Clone, Copy)]
    enum From<'a> {
        Began(Instant),
        Served(Instant),
        By(Instant, &'a Timetable),
    }

    fn on(timetable: &Timetable, from: From<'_>, now: &str) -> Due {
        let workspace = &TimeZone::UTC;
        let since = match from {
            From::Began(at) => Since::Began(at),
            From::Served(at) => Since::Served { at, by: timetable, workspace },
            From::By(at, by) => Since::Served { at, by, workspace },
        };
        let from = look_from(timetable, since, None, workspace);
        let occasions = Occasions::new(timetable, Season::default(), TimeZone::UTC);
        due(&occasions, from, timetable.if_missed, at(now))
    }

    const NINE: &str = "2026-11-20T09:00:00Z";

    #[test]
    fn an_occurrence_runs_once() {
        let rule = daily(127, "09:00");
        let began = From::Began(at("2026-11-20T08:00:00Z"));
        let tomorrow = Some(at("2026-11-21T09:00:00Z"));
        assert_eq!(
            on(&rule, began, "2026-11-20T08:59:59Z"),
            Due { run: None, passed: None, next: Some(at(NINE)) }
        );
        assert_eq!(on(&rule, began, NINE), Due { run: Some(at(NINE)), passed: None, next: tomorrow });
        assert_eq!(on(&rule, From::Served(at(NINE)), NINE), Due { run: None, passed: None, next: tomorrow });
        // A clock that was set back finds nothing due.
        assert_eq!(on(&rule, From::Served(at(NINE)), "2026-11-20T08:30:00Z").run, None);
    }

    #[test]
    fn a_new_rule_has_missed_nothing() {
        let rule = daily(127, "09:00");
        let due = on(&rule, From::Began(at("2026-11-20T09:00:01Z")), "2026-11-20T09:30:00Z");
        assert_eq!((due.run, due.passed), (None, None));
    }

    #[test]
    fn a_missed_occurrence_runs_while_less_than_an_hour_late() {
        let rule = daily(127, "09:00");
        let since = || From::Served(at("2026-11-17T09:00:00Z"));
        let due = on(&rule, since(), "2026-11-20T09:59:59.999Z");
        let passed = Passed { first: at("2026-11-18T09:00:00Z"), last: at("2026-11-19T09:00:00Z"), count: 2 };
        assert_eq!((due.run, due.passed), (Some(at(NINE)), Some(passed)));
        assert_eq!(due.serves(), Some(at(NINE)));
        let due = on(&rule, since(), "2026-11-20T10:00:00Z");
        assert_eq!((due.run, due.passed), (None, Some(Passed { last: at(NINE), count: 3, ..passed })));
        assert_eq!(due.serves(), Some(at(NINE)));
    }

    #[test]
    fn of_several_missed_in_the_hour_the_latest_runs() {
        let rule = Timetable::new(Schedule::Every(Duration(15 * MINUTE_MS)));
        let due = on(&rule, From::Served(at(NINE)), "2026-11-20T09:50:00Z");
        let passed = Passed { first: at("2026-11-20T09:15:00Z"), last: at("2026-11-20T09:30:00Z"), count: 2 };
        assert_eq!((due.run, due.passed), (Some(at("2026-11-20T09:45:00Z")), Some(passed)));
        let due = on(&rule, From::Served(at("2020-01-01T00:00:00Z")), NINE);
        assert_eq!(due.passed.unwrap().count, MOST_COUNTED);
    }

    #[test]
    fn an_edited_schedule_does_not_fire_again_in_the_period_it_has_served() {
        let nine = daily(127, "09:00");
        let served = || From::By(at(NINE), &nine); // a Friday
        let later = daily(127, "10:00");
        let due = on(&later, served(), "2026-11-20T10:00:00Z");
        assert_eq!((due.run, due.passed, due.next), (None, None, Some(at("2026-11-21T10:00:00Z"))));
        assert_eq!(on(&later, served(), "2026-11-21T10:00:00Z").run, Some(at("2026-11-21T10:00:00Z")));
        // Earlier in the day: the next one is tomorrow's, as it should be.
        assert_eq!(
            on(&daily(127, "08:00"), served(), "2026-11-21T08:00:00Z").run,
            Some(at("2026-11-21T08:00:00Z"))
        );
        // Once a week: the week is served.
        let sunday = daily(1 << 6, "09:00");
        assert_eq!(on(&sunday, served(), "2026-11-22T09:00:00Z").run, None);
        assert_eq!(on(&sunday, served(), "2026-11-22T09:00:00Z").next, Some(at("2026-11-29T09:00:00Z")));
        let month = Timetable::new(Schedule::Days { days: DaySet::MonthEnd, at: TimeOfDay(540) });
        assert_eq!(on(&month, served(), "2026-11-30T09:00:00Z").next, Some(at("2026-12-31T09:00:00Z")));
    }

    #[test]
    fn a_wall_time_that_was_met_stands_for_those_of_its_period_under_another_schedule() {
        let wall = |text: &str| at(text).0;
        let (met, day) = (wall(NINE), "2026-11-20T10:00:00Z");
        let is_met = |rule: &Timetable, other: &str| is_met(&rule.schedule, met, wall(other));
        let (nine, ten) = (daily(127, "09:00"), daily(127, "10:00"));
        assert!(is_met(&nine, NINE) && is_met(&ten, NINE));
        assert!(!is_met(&nine, "2026-11-21T09:00:00Z"));
        assert!(is_met(&ten, day), "edited: the day is served");
        assert!(!is_met(&ten, "2026-11-21T10:00:00Z"));
        let sunday = daily(1 << 6, "09:00");
        assert!(is_met(&sunday, "2026-11-22T09:00:00Z"), "once a week: the week is");
        assert!(!is_met(&sunday, "2026-11-29T09:00:00Z"));
        let often = Timetable::new(Schedule::Cron(super::super::cron::read("0 9,10 * * *").unwrap()));
        assert!(!is_met(&often, day), "several times a day: each is one of its own");
    }
}
