//! A program at an instant: what is the same for all customers is worked out once.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::compile::Program;
use crate::model::{Bitmap, Instant};
use crate::population::Population;
use crate::ruleset::{EventId, Type, Value, Which, Window};

use super::days::{self, Days};

/// A program at an instant in the workspace's zone. Make it once a tick.
#[derive(Debug, Clone)]
pub struct Moment<'a> {
    pub(super) program: &'a Program,
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// What the program's windows reach over.
    pub(super) windows: Vec<Reach>,
    /// The program's days around now.
    pub(super) days: Vec<Days>,
    pub(super) zone: TimeZone,
    /// Who moved, by the program's leaves; none where that is not known.
    moved: Vec<Option<Bitmap>>,
    /// What a rule fires on, where one does on an event.
    pub(super) fired: Option<Fired>,
}

/// The event on which a rule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Of which kind.
    pub event: EventId,
    /// When it happened.
    pub time: Instant,
    /// Its fields by [`crate::ruleset::EventFieldId`]; none is unknown. A list is one text, its elements joined by
    /// [`crate::ruleset::LIST_SEPARATOR`].
    pub values: Vec<Option<Value>>,
}

/// What a window reaches over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// First and last millisecond, both included; for everybody the same.
    Fixed(i64, i64),
    /// From the customer's own event on.
    Since(EventId, Which),
}

impl<'a> Moment<'a> {
    /// Resolves the program's windows; calendar windows begin at midnight in `zone`.
    #[must_use]
    pub fn new(program: &'a Program, now: Instant, zone: &TimeZone) -> Self {
        let windows = program.windows().iter().map(|window| resolve(*window, now, zone)).collect();
        let days = program.day_spans().iter().map(|span| days::resolve(*span, now, zone)).collect();
        Self { program, now: now.0, windows, days, zone: zone.clone(), moved: Vec::new(), fired: None }
    }

    /// The instant.
    #[must_use]
    pub const fn now(&self) -> Instant {
        Instant(self.now)
    }

    /// With who moved, by the position in [`Program::leaves`]: a leaf that is not here or none is
    /// unknown for everybody, since no population says who moved.
    #[must_use]
    pub fn with_moved(mut self, moved: Vec<Option<Bitmap>>) -> Self {
        self.moved = moved;
        self
    }

    /// The members of a leaf, where they are known.
    pub(super) fn members(&self, leaf: usize) -> Option<&Bitmap> {
        self.moved.get(leaf).and_then(Option::as_ref)
    }

    /// The same moment for one event.
    #[must_use]
    pub fn on(self, fired: Option<Fired>) -> Self {
        Self { fired, ..self }
    }

    /// Whether a date or instant is within days around now.
    pub(super) fn during(&self, days: usize, ty: Type, number: i64) -> bool {
        let days = &self.days[days];
        if ty == Type::Date { days.has_day(number) } else { days.has_instant(number) }
    }

    /// Whether the day of the year of a date or instant comes in days around now.
    pub(super) fn falls(&self, days: usize, ty: Type, number: i64) -> bool {
        let days = &self.days[days];
        if ty == Type::Date {
            days.has_anniversary(number)
        } else {
            days.has_anniversary_of(number, &self.zone)
        }
    }

    /// Whether the population's columns are those that the program reads.
    pub(super) fn fits(&self, population: &Population) -> bool {
        Arc::ptr_eq(self.program.schema(), population.schema())
            || self.program.schema() == population.schema()
    }
}

/// What a window reaches over; nothing after `now` is ever seen.
pub(super) fn resolve(window: Window, now: Instant, zone: &TimeZone) -> Reach {
    let since = |first: fn(Date) -> Date| (midnight(now, zone, first).0, now.0);
    let (first, last) = match window {
        Window::All => (i64::MIN, now.0),
        Window::Last(length) => (now.minus(length).0, now.0),
        Window::Between { far, near } => (now.minus(far).0, now.minus(near).0.min(now.0)),
        Window::Today => since(|day| day),
        Window::ThisWeek => since(monday),
        Window::ThisMonth => since(Date::first_of_month),
        Window::ThisYear => since(Date::first_of_year),
        Window::Since { event, which } => return Reach::Since(event, which),
        Window::SinceDay(day) => (start_of(day, zone).0, now.0),
    };
    Reach::Fixed(first, last)
}

/// The first instant of a day; one out of the calendar's reach never comes.
fn start_of(day: crate::model::Date, zone: &TimeZone) -> Instant {
    let start = day.to_civil().and_then(|day| day.to_zoned(zone.clone()).ok());
    start.map_or(Instant(i64::MAX), |start| Instant(start.timestamp().as_millisecond()))
}

fn monday(day: Date) -> Date {
    day.checked_sub(day.weekday().to_monday_zero_offset().days()).unwrap_or(day)
}

/// The first instant of the day that `first` makes of today. An instant out of the calendar's
/// reach has no day: its window is the instant alone.
fn midnight(now: Instant, zone: &TimeZone, first: fn(Date) -> Date) -> Instant {
    let Ok(timestamp) = jiff::Timestamp::from_millisecond(now.0) else { return now };
    let today = zone.to_datetime(timestamp).date();
    let start = first(today).to_zoned(zone.clone());
    start.map_or(now, |start| Instant(start.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DAY_MS, Date as Day, Duration};

    #[test]
    fn windows_include_both_ends_and_nothing_after_now() {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        let instant = |text: &str| Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        // A Wednesday; Madrid is two hours ahead, and the clocks went forward on 29 March.
        let now = instant("2026-04-01T08:00:00Z");
        for (window, first) in [
            (Window::Today, "2026-03-31T22:00:00Z"),
            (Window::ThisWeek, "2026-03-29T22:00:00Z"),
            (Window::ThisMonth, "2026-03-31T22:00:00Z"),
            (Window::ThisYear, "2025-12-31T23:00:00Z"),
            (Window::Last(Duration::days(3)), "2026-03-29T08:00:00Z"),
            (Window::SinceDay(Day::parse("2026-03-30").unwrap()), "2026-03-29T22:00:00Z"),
        ] {
            assert_eq!(resolve(window, now, &zone), Reach::Fixed(instant(first).0, now.0), "{window:?}");
        }
        let monday = instant("2026-03-30T10:00:00Z");
        let week = Reach::Fixed(instant("2026-03-29T22:00:00Z").0, monday.0);
        assert_eq!(resolve(Window::ThisWeek, monday, &zone), week);
        let between = Window::Between { far: Duration::days(2), near: Duration::days(1) };
        assert_eq!(resolve(between, now, &zone), Reach::Fixed(now.0 - 2 * DAY_MS, now.0 - DAY_MS));
        let long = resolve(Window::Last(Duration(i64::MAX)), Instant(-2), &zone);
        assert_eq!(long, Reach::Fixed(i64::MIN, -2));
        let end = Instant(i64::MAX);
        assert_eq!(resolve(Window::Today, end, &zone), Reach::Fixed(i64::MAX, i64::MAX));
    }
}
