//! The spans over which caps and `at most` count.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use super::calendar::instant_of;
use crate::model::Instant;
use crate::ruleset::Period;

/// The first instant that belongs to the period that ends at `at`.
///
/// Rolling periods are open at their old end, (at − D, at], so that what happened exactly D ago no
/// longer counts; days are counted at the same wall time of the zone's calendar.
#[must_use]
pub fn window_start(period: Period, at: Instant, zone: &TimeZone) -> Instant {
    let beginning = Instant(i64::MIN);
    match period {
        Period::Ever => beginning,
        Period::Rolling(duration) => Instant(at.minus(duration).0.saturating_add(1)),
        Period::RollingDays(days) => {
            let earlier = local(at, zone).and_then(|now| now.checked_sub(i64::from(days).days()).ok());
            earlier.map_or(beginning, |earlier| Instant(instant(&earlier).0.saturating_add(1)))
        }
        Period::Day => midnight(at, zone, |now| Some(now.date())),
        Period::Week => midnight(at, zone, |now| {
            let since_monday = i64::from(now.weekday().to_monday_zero_offset());
            now.date().checked_sub(since_monday.days()).ok()
        }),
        Period::Month => midnight(at, zone, |now| Some(now.date().first_of_month())),
    }
}

/// The first instant whose period no longer holds what happened at `then`; none for `ever`.
#[must_use]
pub fn leaves(period: Period, then: Instant, zone: &TimeZone) -> Option<Instant> {
    match period {
        Period::Ever => None,
        Period::Rolling(duration) => Some(then.plus(duration)),
        Period::RollingDays(days) => {
            let civil = local(then, zone)?.datetime().checked_add(i64::from(days).days()).ok()?;
            let later = instant_of(civil, zone)?;
            // Where clocks change, the same wall time is met some steps later.
            let mut steps = (0..STEPS).map(|step| Instant(later.0.saturating_add(step * STEP_MS)));
            steps.find(|&later| window_start(period, later, zone) > then)
        }
        Period::Day => day_after(then, zone, |day| day.tomorrow().ok()),
        Period::Week => day_after(then, zone, |day| {
            day.checked_add((7 - i64::from(day.weekday().to_monday_zero_offset())).days()).ok()
        }),
        Period::Month => day_after(then, zone, |day| day.last_of_month().tomorrow().ok()),
    }
}

/// Clocks change by multiples of this, or a day at most.
const STEP_MS: i64 = 15 * crate::model::MINUTE_MS;
const STEPS: i64 = 100;

fn day_after(
    at: Instant,
    zone: &TimeZone,
    next: impl Fn(jiff::civil::Date) -> Option<jiff::civil::Date>,
) -> Option<Instant> {
    let start = next(local(at, zone)?.date())?.to_zoned(zone.clone()).ok()?;
    Some(instant(&start))
}

fn midnight(at: Instant, zone: &TimeZone, day: impl Fn(&Zoned) -> Option<jiff::civil::Date>) -> Instant {
    let start = local(at, zone).and_then(|now| day(&now)?.to_zoned(zone.clone()).ok());
    start.map_or(Instant(i64::MIN), |start| instant(&start))
}

fn local(at: Instant, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone.clone()))
}

fn instant(zoned: &Zoned) -> Instant {
    Instant(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Duration;

    fn at(text: &str) -> Instant {
        Instant(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn calendar_periods_begin_at_midnight_in_the_zone() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let now = at("2026-11-21T10:00:00Z");
        for (period, start) in [
            (Period::Day, "2026-11-20T23:00:00Z"),
            (Period::Week, "2026-11-15T23:00:00Z"),
            (Period::Month, "2026-10-31T23:00:00Z"),
        ] {
            assert_eq!(window_start(period, now, &madrid), at(start), "{period:?}");
        }
    }

    #[test]
    fn rolling_days_keep_the_wall_time_across_a_change_of_clocks() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let after_the_change = at("2026-10-26T08:00:00Z");
        let start = window_start(Period::RollingDays(7), after_the_change, &madrid);
        assert_eq!(start, Instant(at("2026-10-19T07:00:00Z").0 + 1), "09:00 on both days, 169 hours apart");
        let hours = window_start(Period::Rolling(Duration::hours(168)), after_the_change, &madrid);
        assert_eq!(hours, Instant(at("2026-10-19T08:00:00Z").0 + 1));
    }

    #[test]
    fn what_leaves_a_period_was_in_it_until_then() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        for start in
            ["2026-10-24T00:30:00Z", "2026-10-18T01:30:00Z", "2026-03-22T01:30:00Z", "2026-03-28T23:00:00Z"]
        {
            let then = at(start);
            for period in [
                Period::Day,
                Period::Week,
                Period::Month,
                Period::RollingDays(7),
                Period::RollingDays(1),
                Period::Rolling(Duration::hours(24)),
            ] {
                let left = leaves(period, then, &madrid).unwrap();
                assert!(window_start(period, left, &madrid) > then, "{period:?} {start}");
                let before = Instant(left.0 - 1);
                assert!(before < then || window_start(period, before, &madrid) <= then, "{period:?} {start}");
            }
            assert_eq!(leaves(Period::Ever, then, &madrid), None);
        }
    }

    #[test]
    fn a_midnight_that_does_not_exist_is_the_first_instant_of_its_day() {
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let spring = at("2026-03-29T10:00:00Z");
        assert_eq!(window_start(Period::Day, spring, &beirut), at("2026-03-28T22:00:00Z"));
    }
}
