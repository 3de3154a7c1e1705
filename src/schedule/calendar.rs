//! From civil time to instants: gaps and folds are resolved here and nowhere else.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use crate::model::Instant;
use crate::ruleset::{CronFields, DaySet, Schedule};

/// No schedule is silent for longer: 29 February comes after eight years where a century's turn is no
/// leap year, and a zone may skip a day.
const LONGEST_SILENCE_DAYS: i32 = 8 * 366;

/// The first occurrence after an instant; none where there is none any more.
///
/// A time that the zone's clocks leave out fires at the first instant after the gap, one that they
/// show twice the first time.
#[must_use]
pub fn next_after(schedule: &Schedule, zone: &TimeZone, after: Instant) -> Option<Instant> {
    match schedule {
        Schedule::Every(step) => {
            let cell = after.0.checked_div_euclid(step.0).filter(|_| step.0 > 0)?;
            cell.checked_add(1)?.checked_mul(step.0).map(Instant)
        }
        Schedule::Days { .. } | Schedule::Cron(_) => {
            // One day early, because an occurrence in a gap may fall on the day after its own.
            let first = local(after, zone)?.date().yesterday().ok()?;
            let soonest = |day: Date| on_day(schedule, zone, day).into_iter().find(|&at| at > after);
            let (day, found) = days_from(first, 1).find_map(|day| Some((day, soonest(day)?)))?;
            // Where clocks go back over midnight the days overlap.
            Some(day.tomorrow().ok().and_then(soonest).map_or(found, |next| found.min(next)))
        }
    }
}

/// The last occurrence that is not after an instant; none where there was none yet.
#[must_use]
pub fn previous_at_or_before(schedule: &Schedule, zone: &TimeZone, at: Instant) -> Option<Instant> {
    match schedule {
        Schedule::Every(step) => {
            let cell = at.0.checked_div_euclid(step.0).filter(|_| step.0 > 0)?;
            cell.checked_mul(step.0).map(Instant)
        }
        Schedule::Days { .. } | Schedule::Cron(_) => {
            let last = local(at, zone)?.date();
            let last = last.tomorrow().unwrap_or(last);
            let latest = |day: Date| on_day(schedule, zone, day).into_iter().rfind(|&one| one <= at);
            let (day, found) = days_from(last, -1).find_map(|day| Some((day, latest(day)?)))?;
            Some(day.yesterday().ok().and_then(latest).map_or(found, |before| found.max(before)))
        }
    }
}

/// The civil time of an instant; none beyond the calendar's ends.
pub(super) fn local(at: Instant, zone: &TimeZone) -> Option<DateTime> {
    Some(zone.to_datetime(Timestamp::from_millisecond(at.0).ok()?))
}

/// The instant of a civil time: in a gap the first one after it, in a fold the earlier one.
pub(super) fn instant_of(civil: DateTime, zone: &TimeZone) -> Option<Instant> {
    let timestamp = match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok()?,
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok()?,
        AmbiguousOffset::Gap { before, after } => {
            // Read with the offset after the gap, the civil time lies before the change of clocks,
            // and read with the offset before it, after: the change is between.
            let (early, late) = (after.to_timestamp(civil).ok()?, before.to_timestamp(civil).ok()?);
            let changes = zone.following(early).map(|change| change.timestamp());
            let mut changes = changes.take_while(|&change| change <= late);
            changes.find(|&change| zone.to_offset(change) == after).unwrap_or(late)
        }
    };
    Some(Instant(timestamp.as_millisecond()))
}

fn days_from(first: Date, step: i32) -> impl Iterator<Item = Date> {
    (0..LONGEST_SILENCE_DAYS).map_while(move |count| first.checked_add((step * count).days()).ok())
}

/// The instants of a schedule's occurrences on a civil day, in their order, each once.
fn on_day(schedule: &Schedule, zone: &TimeZone, day: Date) -> Vec<Instant> {
    let through = match schedule {
        Schedule::Every(_) | Schedule::Days { .. } => false,
        Schedule::Cron(cron) => cron.runs_through,
    };
    let mut instants: Vec<Instant> = Vec::new();
    for civil in times_on(schedule, day) {
        if through {
            instants.extend(all_instants_of(civil, zone));
        } else {
            instants.extend(instant_of(civil, zone));
        }
    }
    instants.sort_unstable();
    instants.dedup();
    instants
}

/// Each instant at which clocks show a civil time: none in a gap, two in a fold.
fn all_instants_of(civil: DateTime, zone: &TimeZone) -> impl Iterator<Item = Instant> {
    let offsets = match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => [Some(offset), None],
        AmbiguousOffset::Fold { before, after } => [Some(before), Some(after)],
        AmbiguousOffset::Gap { .. } => [None, None],
    };
    let timestamp = move |offset: jiff::tz::Offset| offset.to_timestamp(civil).ok();
    offsets.into_iter().flatten().filter_map(timestamp).map(|at| Instant(at.as_millisecond()))
}

/// The civil times of a schedule on a day, in their order.
pub(super) fn times_on(schedule: &Schedule, day: Date) -> impl Iterator<Item = DateTime> + use<> {
    let (hours, minutes) = match schedule {
        Schedule::Days { days, at } if falls_on(days, day) => (1 << (at.0 / 60), 1 << (at.0 % 60)),
        Schedule::Cron(cron) if cron_falls_on(cron, day) => (cron.hours, cron.minutes),
        Schedule::Every(_) | Schedule::Days { .. } | Schedule::Cron(_) => (0, 0),
    };
    let hours = members(u64::from(hours));
    hours.flat_map(move |hour| members(minutes).map(move |minute| day.at(hour, minute, 0, 0)))
}

/// The numbers whose bits are set, in their order; those of the bits that are not are not looked at.
fn members(mut mask: u64) -> impl Iterator<Item = i8> {
    std::iter::from_fn(move || {
        let lowest = i8::try_from(mask.trailing_zeros()).ok().filter(|_| mask != 0)?;
        mask &= mask - 1;
        Some(lowest)
    })
}

/// Whether a day is one of the schedule's.
fn falls_on(days: &DaySet, day: Date) -> bool {
    match days {
        DaySet::Week(mask) => mask >> day.weekday().to_monday_zero_offset() & 1 == 1,
        DaySet::MonthDay(number) => i16::from(day.day()) == i16::from(*number),
        DaySet::MonthEnd => day.day() == day.days_in_month(),
    }
}

fn cron_falls_on(cron: &CronFields, day: Date) -> bool {
    cron.days >> day.day() & 1 == 1
        && cron.months >> day.month() & 1 == 1
        && cron.weekdays >> day.weekday().to_monday_zero_offset() & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DAY_MS, Duration, MINUTE_MS, TimeOfDay};

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn days(days: DaySet, time: &str) -> Schedule {
        Schedule::Days { days, at: TimeOfDay::parse(time).unwrap() }
    }

    fn occurrences(schedule: &Schedule, zone: &TimeZone, after: &str, count: usize) -> Vec<String> {
        let next = |&instant: &Instant| next_after(schedule, zone, instant);
        let all = std::iter::successors(next(&at(after)), next);
        all.take(count).map(|instant| instant.to_string()).collect()
    }

    #[test]
    fn a_time_in_the_gap_fires_once_at_the_first_valid_instant() {
        let found =
            occurrences(&days(DaySet::Week(127), "02:30"), &zone("Europe/Madrid"), "2026-03-27T12:00:00Z", 3);
        assert_eq!(found, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
        // Lord Howe Island moves its clocks by half an hour.
        let found = occurrences(
            &days(DaySet::Week(127), "02:15"),
            &zone("Australia/Lord_Howe"),
            "2026-10-03T00:00:00Z",
            1,
        );
        assert_eq!(found, ["2026-10-03T15:30:00Z"]);
    }

    #[test]
    fn a_time_in_the_fold_fires_once_the_first_time() {
        let found =
            occurrences(&days(DaySet::Week(127), "02:30"), &zone("Europe/Madrid"), "2026-10-24T12:00:00Z", 2);
        assert_eq!(found, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn a_day_that_a_zone_skips_fires_once_when_the_next_begins() {
        let apia = zone("Pacific/Apia");
        let found = occurrences(&days(DaySet::Week(127), "09:00"), &apia, "2011-12-29T00:00:00Z", 3);
        assert_eq!(found, ["2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"]);
    }

    #[test]
    fn every_quarter_of_an_hour_runs_through_the_fold() {
        let schedule = Schedule::Every(Duration(15 * MINUTE_MS));
        let found = occurrences(&schedule, &zone("Europe/Madrid"), "2026-10-25T00:45:00Z", 3);
        assert_eq!(found, ["2026-10-25T01:00:00Z", "2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z"]);
        assert_eq!(
            previous_at_or_before(&schedule, &TimeZone::UTC, Instant(-1)),
            Some(Instant(-15 * MINUTE_MS))
        );
        for step in [0, -1] {
            assert_eq!(next_after(&Schedule::Every(Duration(step)), &TimeZone::UTC, Instant(5)), None);
        }
    }

    #[test]
    fn months_without_the_day_are_passed_over() {
        let utc = TimeZone::UTC;
        let found = occurrences(&days(DaySet::MonthDay(31), "00:00"), &utc, "2026-01-31T00:00:00Z", 2);
        assert_eq!(found, ["2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"]);
        let found = occurrences(&days(DaySet::MonthDay(29), "00:00"), &utc, "2028-01-29T00:00:00Z", 1);
        assert_eq!(found, ["2028-02-29T00:00:00Z"]);
        let found = occurrences(&days(DaySet::MonthDay(29), "00:00"), &utc, "2026-01-29T00:00:00Z", 1);
        assert_eq!(found, ["2026-03-29T00:00:00Z"]);
        let found = occurrences(&days(DaySet::MonthEnd, "23:59"), &utc, "2028-01-31T23:59:00Z", 2);
        assert_eq!(found, ["2028-02-29T23:59:00Z", "2028-03-31T23:59:00Z"]);
        assert_eq!(next_after(&days(DaySet::Week(0), "00:00"), &utc, Instant(0)), None);
    }

    #[test]
    fn the_ends_of_time_are_no_occasion_to_panic() {
        let schedules = [Schedule::Every(Duration(DAY_MS)), days(DaySet::MonthDay(31), "12:00")];
        for schedule in &schedules {
            for end in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX, 253_402_207_200_000] {
                for zone in [TimeZone::UTC, zone("Pacific/Kiritimati")] {
                    let next = next_after(schedule, &zone, Instant(end));
                    assert!(next.is_none_or(|next| next > Instant(end)));
                    let previous = previous_at_or_before(schedule, &zone, Instant(end));
                    assert!(previous.is_none_or(|previous| previous <= Instant(end)));
                }
            }
        }
    }
}
