//! Instants, durations, dates and times of day. Zones and calendars are `schedule`'s.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339, in records the
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub i64);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_newtype_struct("Instant", &self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            let read = text.parse::<jiff::Timestamp>().map_err(D::Error::custom)?;
            Ok(Self(read.as_millisecond()))
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

impl Instant {
    /// This instant moved by a duration; saturates at the ends of time.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }

    /// This instant moved back by a duration; saturates at the ends of time.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.0))
    }

    /// The time from `earlier` to this instant; negative where `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Duration(pub i64);

impl Duration {
    /// So many days of 24 hours.
    #[must_use]
    pub const fn days(days: i64) -> Self {
        Self(days.saturating_mul(DAY_MS))
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self(hours.saturating_mul(HOUR_MS))
    }

    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// As the standard library has it; nothing where it is negative.
    #[must_use]
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

impl fmt::Display for Duration {
    /// The two largest units that say something: `90 days`, `3 hours 20 minutes`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("day", DAY_MS), ("hour", HOUR_MS), ("minute", MINUTE_MS), ("second", 1_000)];
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.saturating_abs();
        let mut written = 0;
        for (name, size) in units {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                let gap = if written > 0 { " " } else { "" };
                write!(f, "{gap}{count} {name}{}", if count == 1 { "" } else { "s" })?;
                written += 1;
            } else if written > 0 {
                break;
            }
            if written == 2 {
                break;
            }
        }
        if written == 0 { f.write_str("0 seconds") } else { Ok(()) }
    }
}

/// A day of the calendar: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Date(pub i32);

impl Date {
    /// Reads `2026-11-26`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date: jiff::civil::Date = well_formed.then(|| text.parse().ok())??;
        Some(Self::from_civil(date))
    }

    /// The same day as `jiff` has it.
    #[must_use]
    pub fn to_civil(self) -> Option<jiff::civil::Date> {
        jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(self.0).ok()?).ok()
    }

    /// From `jiff`'s day.
    #[must_use]
    pub fn from_civil(date: jiff::civil::Date) -> Self {
        let days =
            date.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).map_or(0, |span| span.get_days());
        Self(days)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_civil() {
            Some(date) => write!(f, "{date}"),
            None => write!(f, "day {}", self.0),
        }
    }
}

/// A wall-clock time of day, in minutes after midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct TimeOfDay(pub u16);

impl TimeOfDay {
    /// Reads `09:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let two = |s: &str| {
            (s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse::<u16>().ok())?
        };
        let (hour, minute) = (two(hour)?, two(minute)?);
        (hour < 24 && minute < 60).then_some(Self(hour * 60 + minute))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_their_two_largest_units() {
        for (ms, text) in [
            (0, "0 seconds"),
            (DAY_MS, "1 day"),
            (90 * DAY_MS + 2 * HOUR_MS + 5, "90 days 2 hours"),
            (DAY_MS + 5 * MINUTE_MS, "1 day"),
            (-HOUR_MS, "-1 hour"),
        ] {
            assert_eq!(Duration(ms).to_string(), text);
        }
    }

    #[test]
    fn dates_and_times_read_one_form_only() {
        assert_eq!(Date::parse("2026-11-26").map(|d| d.to_string()), Some("2026-11-26".into()));
        assert_eq!(Date::parse("1969-12-31"), Some(Date(-1)));
        assert_eq!(Date::parse("2026-02-29"), None);
        assert_eq!(Date::parse("20261126"), None);
        assert_eq!(TimeOfDay::parse("09:05"), Some(TimeOfDay(545)));
        assert_eq!(TimeOfDay::parse("24:00"), None);
        assert_eq!(TimeOfDay::parse("9:05"), None);
        assert_eq!(Instant(0).to_string(), "1970-01-01T00:00:00Z");
        let json = serde_json::to_string(&Instant(1_500)).unwrap();
        assert_eq!(json, "\"1970-01-01T00:00:01.5Z\"");
        assert_eq!(serde_json::from_str::<Instant>(&json).unwrap(), Instant(1_500));
        let bytes = postcard::to_stdvec(&Instant(-7)).unwrap();
        assert_eq!(bytes, postcard::to_stdvec(&-7_i64).unwrap(), "in records it is the number alone");
        assert_eq!(postcard::from_bytes::<Instant>(&bytes).unwrap(), Instant(-7));
    }
}
