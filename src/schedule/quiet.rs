//! When quiet hours end.

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::calendar::{instant_of, local};
use crate::model::{Instant, TimeOfDay};
use crate::ruleset::QuietSpan;

/// The end of the quiet span that an instant lies in; none where it is not quiet.
///
/// A span is an interval between two instants, its end not in it: a time of day that the clocks
/// leave out is the first instant after the gap, one that they show twice the first of the two.
#[must_use]
pub fn quiet_until(span: QuietSpan, at: Instant, zone: &TimeZone) -> Option<Instant> {
    let today = local(at, zone)?.date();
    match span {
        QuietSpan::Days(days) => {
            let quiet = days >> today.weekday().to_monday_zero_offset() & 1 == 1;
            let end = || instant_of(today.tomorrow().ok()?.to_datetime(Time::midnight()), zone);
            // At the ends of the calendar there is no next day.
            if quiet { end().filter(|end| *end > at) } else { None }
        }
        QuietSpan::Daily { from, to } => [today.yesterday().ok(), Some(today)]
            .into_iter()
            .flatten()
            .filter_map(|day| interval(day, from, to, zone))
            .find(|(start, end)| *start <= at && at < *end)
            .map(|(_, end)| end),
    }
}

/// The quiet interval that begins on a day.
fn interval(day: Date, from: TimeOfDay, to: TimeOfDay, zone: &TimeZone) -> Option<(Instant, Instant)> {
    let last = if to <= from { day.checked_add(1.day()).ok()? } else { day };
    Some((on(day, from, zone)?, on(last, to, zone)?))
}

fn on(day: Date, at: TimeOfDay, zone: &TimeZone) -> Option<Instant> {
    let (hour, minute) = (i8::try_from(at.0 / 60).ok()?, i8::try_from(at.0 % 60).ok()?);
    instant_of(day.to_datetime(Time::new(hour, minute, 0, 0).ok()?), zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn ends(span: QuietSpan, instant: &str, zone: &str) -> Option<String> {
        quiet_until(span, at(instant), &TimeZone::get(zone).unwrap()).map(|end| end.to_string())
    }

    fn daily(from: &str, to: &str) -> QuietSpan {
        let time = |text| TimeOfDay::parse(text).unwrap();
        QuietSpan::Daily { from: time(from), to: time(to) }
    }

    #[test]
    fn the_beginning_is_quiet_and_the_end_is_not() {
        let night = daily("21:00", "08:30");
        let madrid = |instant| ends(night, instant, "Europe/Madrid");
        assert_eq!(madrid("2026-12-01T19:59:59.999Z"), None);
        assert_eq!(madrid("2026-12-01T20:00:00Z"), Some("2026-12-02T07:30:00Z".into()));
        assert_eq!(madrid("2026-12-02T00:30:00Z"), Some("2026-12-02T07:30:00Z".into()), "after midnight");
        assert_eq!(madrid("2026-12-02T07:29:59.999Z"), Some("2026-12-02T07:30:00Z".into()));
        assert_eq!(madrid("2026-12-02T07:30:00Z"), None);
        let noon = daily("12:00", "13:00");
        assert_eq!(ends(noon, "2026-12-01T12:30:00Z", "UTC"), Some("2026-12-01T13:00:00Z".into()));
        assert_eq!(ends(noon, "2026-12-01T13:00:00Z", "UTC"), None);
    }

    #[test]
    fn an_end_in_the_gap_is_the_first_instant_after_it_and_one_in_the_fold_the_first_time() {
        let night = daily("22:00", "02:30");
        let madrid = |instant| ends(night, instant, "Europe/Madrid");
        assert_eq!(madrid("2026-03-29T00:30:00Z"), Some("2026-03-29T01:00:00Z".into()));
        assert_eq!(madrid("2026-10-25T00:15:00Z"), Some("2026-10-25T00:30:00Z".into()));
        assert_eq!(madrid("2026-10-25T01:15:00Z"), None, "02:15 for the second time");
    }

    #[test]
    fn whole_days_end_at_midnight() {
        let sunday = QuietSpan::Days(0b100_0000);
        assert_eq!(
            ends(sunday, "2026-11-22T12:00:00Z", "Europe/Madrid"),
            Some("2026-11-22T23:00:00Z".into())
        );
        assert_eq!(ends(sunday, "2026-11-22T23:00:00Z", "Europe/Madrid"), None);
        assert_eq!(
            ends(sunday, "2026-11-21T23:00:00Z", "Europe/Madrid"),
            Some("2026-11-22T23:00:00Z".into())
        );
        assert_eq!(quiet_until(sunday, Instant(i64::MAX), &TimeZone::UTC), None);
    }
}
