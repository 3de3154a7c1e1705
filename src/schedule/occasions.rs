//! The occurrences of a rule on one clock: its schedule within its season.

use jiff::civil::{DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::calendar::{instant_of, local, next_after, previous_at_or_before};
use crate::model::{Date, Instant};
use crate::ruleset::{Frame, Schedule, Season, Timetable};

/// When a rule fires, read from one clock.
#[derive(Debug, Clone)]
pub struct Occasions<'a> {
    schedule: &'a Schedule,
    zone: TimeZone,
    /// The season's first instant, and the first one after it.
    span: (Instant, Instant),
}

impl<'a> Occasions<'a> {
    /// The occurrences of a timetable within a season, on a zone's clock.
    #[must_use]
    pub fn new(timetable: &'a Timetable, season: Season, zone: TimeZone) -> Self {
        let span = season_span(season, &zone);
        Self { schedule: &timetable.schedule, zone, span }
    }

    /// The first occurrence after an instant; none where there is none any more.
    #[must_use]
    pub fn next_after(&self, after: Instant) -> Option<Instant> {
        let (start, end) = self.span;
        let after = if after < start { Instant(start.0.saturating_sub(1)) } else { after };
        next_after(self.schedule, &self.zone, after).filter(|&at| at < end)
    }

    /// The last occurrence that is not after an instant; none where there was none yet.
    #[must_use]
    pub fn previous_at_or_before(&self, at: Instant) -> Option<Instant> {
        let (start, end) = self.span;
        let at = if at >= end { Instant(end.0.saturating_sub(1)) } else { at };
        previous_at_or_before(self.schedule, &self.zone, at).filter(|&at| at >= start)
    }

    /// What is scheduled.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        self.schedule
    }

    /// The clock.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

/// The first instant of a season, and the first one after it; the ends of time where none is written.
#[must_use]
pub fn season_span(season: Season, zone: &TimeZone) -> (Instant, Instant) {
    let midnight = |day: jiff::civil::Date| instant_of(day.to_datetime(Time::midnight()), zone);
    let first = season.from.and_then(Date::to_civil).and_then(midnight);
    let end = season.until.and_then(Date::to_civil).and_then(|day| midnight(day.tomorrow().ok()?));
    (first.unwrap_or(Instant(i64::MIN)), end.unwrap_or(Instant(i64::MAX)))
}

/// Whether a rule may fire at an instant by its season.
#[must_use]
pub fn in_season(season: Season, zone: &TimeZone, at: Instant) -> bool {
    let (first, end) = season_span(season, zone);
    first <= at && at < end
}

/// The zone of a frame for a customer whose own zone is known or not. A name that no zone has any
/// more is the workspace's: the checker refuses it before.
#[must_use]
pub fn zone_of(frame: &Frame, own: Option<&TimeZone>, workspace: &TimeZone) -> TimeZone {
    match frame {
        Frame::Workspace => workspace.clone(),
        Frame::Zone(name) => TimeZone::get(name).unwrap_or_else(|_| workspace.clone()),
        Frame::Customer => own.unwrap_or(workspace).clone(),
    }
}

/// The zone in which a civil day begins first: whose occurrences come before everybody else's.
pub(super) fn first_zone() -> TimeZone {
    Offset::from_hours(14).map_or(TimeZone::UTC, TimeZone::fixed)
}

/// The civil time of the last occurrence that a clock has met by an instant, in milliseconds as if
/// it were UTC: so that clocks can be compared.
#[must_use]
pub fn last_met(timetable: &Timetable, zone: &TimeZone, by: Instant) -> Option<i64> {
    let last = previous_at_or_before(&timetable.schedule, zone, by)?;
    civil_number(local(last, zone)?)
}

/// The civil time that a clock shows at an occurrence, in milliseconds as if it were UTC.
#[must_use]
pub fn civil_of(at: Instant, zone: &TimeZone) -> Option<i64> {
    civil_number(local(at, zone)?)
}

fn civil_number(civil: DateTime) -> Option<i64> {
    Some(TimeZone::UTC.to_timestamp(civil).ok()?.as_millisecond())
}
