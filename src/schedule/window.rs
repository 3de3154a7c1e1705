//! The spans over which caps and `at most` count.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

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
    fn a_midnight_that_does_not_exist_is_the_first_instant_of_its_day() {
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let spring = at("2026-03-29T10:00:00Z");
        assert_eq!(window_start(Period::Day, spring, &beirut), at("2026-03-28T22:00:00Z"));
    }
}
