//! Calendars by brute force: minute after minute until the clock on the wall shows it.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::reader::{Every, Span};
use crate::year::script::{DAY, HOUR, MINUTE, Ms};

pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// What a clock on the wall shows.
pub fn wall(at: Ms, zone: &TimeZone) -> DateTime {
    zone.to_datetime(Timestamp::from_millisecond(at).unwrap())
}

/// The first minute at which the wall shows that time of that day or a later one: in a gap the first
/// valid instant, in a fold the first time.
pub fn first_shown(wanted: DateTime, zone: &TimeZone) -> Ms {
    let utc = wanted.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond();
    let mut at = utc - 15 * 60 * MINUTE;
    // By quarters of an hour first: no clock is set back by more than some hours.
    while wall(at + 15 * MINUTE, zone) < wanted {
        at += 15 * MINUTE;
    }
    while wall(at, zone) < wanted {
        at += MINUTE;
    }
    at
}

/// Whether a schedule's days name that date.
fn falls_on(days: &str, date: Date) -> bool {
    let weekday = match date.weekday() {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    };
    match days {
        "day" => true,
        "weekday" => !matches!(weekday, "saturday" | "sunday"),
        "month on last day" => date == date.last_of_month(),
        _ => match days.strip_prefix("month on day ") {
            Some(day) => day.parse() == Ok(date.day()),
            None => days.split(", ").any(|day| day == weekday),
        },
    }
}

/// The occurrences of a schedule from one instant to another, both included.
pub fn occurrences(every: &Every, zone: &TimeZone, from: Ms, to: Ms) -> Vec<Ms> {
    match every {
        Every::Step(step) => {
            let first = (from + step - 1).div_euclid(*step);
            (first..=to.div_euclid(*step)).map(|number| number * step).collect()
        }
        Every::Days(days, minutes) => {
            let mut found = Vec::new();
            let mut date = wall(from - DAY, zone).date();
            let last = wall(to + DAY, zone).date();
            while date <= last {
                if falls_on(days, date) {
                    let time = date.at(0, 0, 0, 0).checked_add(minutes.minutes()).unwrap();
                    found.push(first_shown(time, zone));
                }
                date = date.tomorrow().unwrap();
            }
            found.retain(|at| (from..=to).contains(at));
            found
        }
    }
}

/// Whether the older of two sends counts in a span that ends with the younger one.
pub fn counts(older: Ms, younger: Ms, span: Span, zone: &TimeZone) -> bool {
    let (before, now) = (wall(older, zone), wall(younger, zone));
    if older > younger {
        return false;
    }
    match span {
        Span::Ever => true,
        Span::Day => before.date() == now.date(),
        Span::Month => (before.year(), before.month()) == (now.year(), now.month()),
        Span::Week => monday(before.date()) == monday(now.date()),
        Span::Rolling(length) => younger - older < length,
        // Open at the old end: just so many days before at the same wall time no longer counts.
        Span::Days(days) => {
            // Far from the edge it needs no calendar: no clock is moved by more than that.
            let age = younger - older;
            if (age - days * DAY).abs() > 30 * HOUR {
                return age < days * DAY;
            }
            let edge = now.checked_sub(days.days()).unwrap();
            older > first_shown_exactly(edge, zone)
        }
    }
}

/// As [`first_shown`], to the millisecond.
fn first_shown_exactly(wanted: DateTime, zone: &TimeZone) -> Ms {
    let whole = wanted.date().at(wanted.hour(), wanted.minute(), 0, 0);
    let rest = wanted.duration_since(whole).as_millis();
    first_shown(whole, zone) + Ms::try_from(rest).unwrap()
}

fn monday(date: Date) -> Date {
    let since = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(since.days()).unwrap()
}
