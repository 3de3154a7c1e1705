//! Days around now: which dates and instants are in them, and which days of the year come in them.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::{self, DAY_MS, Duration, Instant};
use crate::ruleset::DaySpan;

/// Days longer than this hold every day of the year: what is more need not be gone through.
const WHOLE_YEAR: i64 = 366;

/// Days around now in a zone, resolved.
#[derive(Debug, Clone)]
pub(super) struct Days {
    /// First and last day since 1970, both in; the first is after the last where there is none.
    first_day: i64,
    last_day: i64,
    /// First and last millisecond, both in.
    first: i64,
    last: i64,
    /// The days of the year that come: bit `day` of each month.
    of_year: [u32; 13],
}

impl Days {
    /// Whether a date (days since 1970) is in.
    pub(super) const fn has_day(&self, day: i64) -> bool {
        self.first_day <= day && day <= self.last_day
    }

    /// Whether an instant (milliseconds since 1970) is in.
    pub(super) const fn has_instant(&self, instant: i64) -> bool {
        self.first <= instant && instant <= self.last
    }

    /// Whether the day and month of a date (days since 1970) come in these days.
    pub(super) fn has_anniversary(&self, day: i64) -> bool {
        month_and_day(day).is_some_and(|(month, day)| self.of_year[month] >> day & 1 == 1)
    }

    /// Likewise of an instant, whose day is that of the zone.
    pub(super) fn has_anniversary_of(&self, instant: i64, zone: &TimeZone) -> bool {
        civil(Instant(instant), zone).is_some_and(|date| {
            let (month, day) = (usize::from(date.month().unsigned_abs()), date.day());
            self.of_year[month] >> day & 1 == 1
        })
    }

    /// First and last day, for people.
    pub(super) fn shown(&self) -> String {
        let day = |days: i64| i32::try_from(days).map_or(String::new(), |d| model::Date(d).to_string());
        match (day(self.first_day), day(self.last_day)) {
            (first, last) if first == last => first,
            (first, last) => format!("{first} to {last}"),
        }
    }
}

/// The days that words mean at `now` in `zone`. An instant beyond the calendar has none.
pub(super) fn resolve(span: DaySpan, now: Instant, zone: &TimeZone) -> Days {
    let nothing = Days { first_day: 1, last_day: 0, first: 1, last: 0, of_year: [0; 13] };
    let Some(today) = civil(now, zone) else { return nothing };
    let Some((first_day, last_day)) = ends(span, now, zone, today) else { return nothing };
    let (first, last) = match span {
        DaySpan::Next(length) => (now, now.plus(length)),
        DaySpan::Last(length) => (now.minus(length), now),
        DaySpan::Today | DaySpan::ThisWeek | DaySpan::ThisMonth | DaySpan::ThisYear => {
            let after = last_day.tomorrow().ok().and_then(|day| midnight(day, zone));
            let (Some(first), Some(after)) = (midnight(first_day, zone), after) else { return nothing };
            (first, Instant(after.0 - 1))
        }
    };
    let days = |date: Date| i64::from(model::Date::from_civil(date));
    Days {
        first_day: days(first_day),
        last_day: days(last_day),
        first: first.0,
        last: last.0,
        of_year: of_year(first_day, last_day),
    }
}

/// The first and the last day.
fn ends(span: DaySpan, now: Instant, zone: &TimeZone, today: Date) -> Option<(Date, Date)> {
    // Whole days are days of the calendar, across a change of clocks too; a part of a day ends in
    // the day in which it ends.
    let moved = |length: Duration, sign: i64| {
        if length.0 % DAY_MS == 0 {
            today.checked_add((sign * (length.0 / DAY_MS)).days()).ok()
        } else {
            civil(Instant(now.0.saturating_add(sign * length.0)), zone)
        }
    };
    Some(match span {
        DaySpan::Today => (today, today),
        DaySpan::Next(length) => (today, moved(length, 1)?),
        DaySpan::Last(length) => (moved(length, -1)?, today),
        DaySpan::ThisWeek => {
            let monday = today.checked_sub(today.weekday().to_monday_zero_offset().days()).ok()?;
            (monday, monday.checked_add(6.days()).ok()?)
        }
        DaySpan::ThisMonth => (today.first_of_month(), today.last_of_month()),
        DaySpan::ThisYear => (today.first_of_year(), today.last_of_year()),
    })
}

/// The days of the year between two days; with the 28th of February the 29th, where there is none.
fn of_year(first: Date, last: Date) -> [u32; 13] {
    let length = i64::from(model::Date::from_civil(last)) - i64::from(model::Date::from_civil(first));
    let mut days = [0; 13];
    if length >= WHOLE_YEAR {
        return [u32::MAX; 13];
    }
    let mut at = Some(first);
    while let Some(day) = at.filter(|day| *day <= last) {
        let month = usize::from(day.month().unsigned_abs());
        days[month] |= 1 << day.day();
        if (month, day.day()) == (2, 28) && !day.in_leap_year() {
            days[month] |= 1 << 29;
        }
        at = day.tomorrow().ok();
    }
    days
}

/// Month and day of the month of a day since 1970 (Hinnant's algorithm over the proleptic
/// Gregorian calendar); nothing beyond what a date can be.
fn month_and_day(day: i64) -> Option<(usize, u32)> {
    let day = i64::from(i32::try_from(day).ok()?) + 719_468;
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    Some((usize::try_from(month).ok()?, u32::try_from(day).ok()?))
}

fn civil(at: Instant, zone: &TimeZone) -> Option<Date> {
    let timestamp = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(zone.to_datetime(timestamp).date())
}

fn midnight(day: Date, zone: &TimeZone) -> Option<Instant> {
    let zoned = day.to_zoned(zone.clone()).ok()?;
    Some(Instant(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i64 {
        i64::from(model::Date::parse(text).unwrap())
    }

    fn at(text: &str) -> Instant {
        Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    /// What the calendar's library says of a day.
    fn by_library(day: i32) -> Option<(usize, u32)> {
        let date = jiff::civil::date(1970, 1, 1).checked_add(day.days()).ok()?;
        Some((usize::from(date.month().unsigned_abs()), u32::from(date.day().unsigned_abs())))
    }

    proptest::proptest! {
        #[test]
        fn month_and_day_are_the_calendars(days in -700_000_i32..700_000) {
            proptest::prop_assert_eq!(month_and_day(i64::from(days)), by_library(days));
        }
    }

    #[test]
    fn a_day_of_the_year_comes_whatever_the_year() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let turn = resolve(DaySpan::Next(Duration::days(7)), at("2026-12-28T10:00:00Z"), &madrid);
        for (text, comes) in [
            ("1990-12-27", false),
            ("1990-12-28", true),
            ("1950-12-31", true),
            ("2010-01-04", true),
            ("2010-01-05", false),
        ] {
            assert_eq!(turn.has_anniversary(day(text)), comes, "{text}");
        }
    }

    #[test]
    fn the_29th_of_february_comes_on_the_28th_in_a_year_without_it() {
        let today = |now: &str| resolve(DaySpan::Today, at(now), &TimeZone::UTC);
        assert!(today("2027-02-28T10:00:00Z").has_anniversary(day("2000-02-29")));
        assert!(!today("2027-03-01T10:00:00Z").has_anniversary(day("2000-02-29")));
        assert!(!today("2028-02-28T10:00:00Z").has_anniversary(day("2000-02-29")), "a leap year has it");
        assert!(today("2028-02-29T10:00:00Z").has_anniversary(day("2000-02-29")));
        assert!(today("2027-02-28T10:00:00Z").has_anniversary(day("2001-02-28")));
    }

    #[test]
    fn today_is_the_zones_and_whole_days_are_the_calendars() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let late = at("2026-10-24T23:30:00Z");
        let today = resolve(DaySpan::Today, late, &madrid);
        assert!(today.has_day(day("2026-10-25")) && !today.has_day(day("2026-10-24")));
        // The clocks go back in that night: 24 hours later it is still the 25th, half past midnight.
        let next = resolve(DaySpan::Next(Duration::days(1)), late, &madrid);
        assert!(next.has_day(day("2026-10-26")) && !next.has_day(day("2026-10-27")));
        assert!(next.has_instant(late.0 + DAY_MS) && !next.has_instant(late.0 + DAY_MS + 1));
        let hours = resolve(DaySpan::Next(Duration::hours(12)), at("2026-11-21T20:00:00Z"), &madrid);
        assert!(hours.has_day(day("2026-11-22")) && !hours.has_day(day("2026-11-23")));
    }

    #[test]
    fn weeks_months_and_years_are_whole() {
        let now = at("2026-11-21T10:00:00Z");
        for (span, first, last) in [
            (DaySpan::ThisWeek, "2026-11-16", "2026-11-22"),
            (DaySpan::ThisMonth, "2026-11-01", "2026-11-30"),
            (DaySpan::ThisYear, "2026-01-01", "2026-12-31"),
        ] {
            let days = resolve(span, now, &TimeZone::UTC);
            assert!(days.has_day(day(first)) && days.has_day(day(last)), "{span:?}");
            assert!(!days.has_day(day(first) - 1) && !days.has_day(day(last) + 1), "{span:?}");
            assert!(days.has_instant(at(&format!("{last}T23:59:59.999Z")).0), "{span:?}");
            assert!(!days.has_instant(at(&format!("{last}T23:59:59.999Z")).0 + 1), "{span:?}");
        }
        let ever = resolve(DaySpan::Next(Duration::days(400)), now, &TimeZone::UTC);
        assert!(ever.has_anniversary(day("1990-02-28")));
        assert!(!resolve(DaySpan::Today, Instant(i64::MAX), &TimeZone::UTC).has_day(0), "no such day");
    }
}
