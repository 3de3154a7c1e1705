//! `--at TIME`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::{Date, Instant};

/// A time as a person writes it. A date means its first instant; a date or a local time is read in
/// the workspace's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// With a zone of its own.
    Instant(Instant),
    /// In the workspace's zone.
    Local(DateTime),
}

impl std::str::FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no time: write `2026-12-01`, `2026-12-01 09:00` or `2026-12-01T09:00:00+01:00`"
            )
        };
        if let Some(date) = Date::parse(text) {
            let civil = date.to_civil().ok_or_else(wrong)?;
            return Ok(Self::Local(civil.at(0, 0, 0, 0)));
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(Self::Instant(Instant(timestamp.as_millisecond())));
        }
        let civil = text.contains(':').then(|| text.parse::<DateTime>().ok()).flatten();
        civil.map(Self::Local).ok_or_else(wrong)
    }
}

impl At {
    /// The instant, in a zone where it names none of its own: in a gap of the zone the first
    /// instant after it, in a fold the first of the two.
    pub(super) fn resolve(self, zone: Option<&str>) -> Result<Instant, String> {
        let civil = match self {
            Self::Instant(instant) => return Ok(instant),
            Self::Local(civil) => civil,
        };
        let name = zone.unwrap_or("UTC");
        let zone = TimeZone::get(name).map_err(|_| {
            format!("the zone `{name}` is not known on this machine: write the time with its offset, `…T09:00:00+01:00`")
        })?;
        let timestamp =
            zone.to_timestamp(civil).map_err(|_| format!("`{civil}` lies beyond the calendar"))?;
        Ok(Instant(timestamp.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_workspace_s_zone_unless_they_name_another() {
        let read =
            |text: &str| text.parse::<At>().unwrap().resolve(Some("Europe/Madrid")).unwrap().to_string();
        assert_eq!(read("2026-12-01"), "2026-11-30T23:00:00Z");
        assert_eq!(read("2026-07-01 09:00"), "2026-07-01T07:00:00Z");
        assert_eq!(read("2026-07-01T09:00:30"), "2026-07-01T07:00:30Z");
        assert_eq!(read("2026-07-01T09:00:00Z"), "2026-07-01T09:00:00Z");
        assert_eq!(read("2026-07-01T09:00:00-05:00"), "2026-07-01T14:00:00Z");
        for bad in ["", "yesterday", "2026-02-30", "09:00", "2026-07-01 9", "20260701"] {
            assert!(bad.parse::<At>().is_err(), "{bad}");
        }
        assert!("2026-12-01".parse::<At>().unwrap().resolve(Some("Mars/Base")).is_err());
    }
}
