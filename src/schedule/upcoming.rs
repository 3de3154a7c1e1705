//! The next occurrences, with what a change of clocks makes of them: for people who read a schedule.

use jiff::ToSpan;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::calendar::{instant_of, local, times_on};
use super::occasions::Occasions;
use crate::model::Instant;
use crate::ruleset::Schedule;

/// An occurrence that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upcoming {
    /// When.
    pub at: Instant,
    /// What the clocks show then.
    pub civil: DateTime,
    /// What a change of clocks has to do with it.
    pub clocks: Clocks,
}

/// What a change of clocks has to do with an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clocks {
    /// Nothing.
    Plain,
    /// The time that is written does not exist on that day: this is the first instant after it.
    LeftOut(DateTime),
    /// The clocks show this time twice, and this is the first of the two.
    First,
    /// The clocks show this time twice, and this is the second of the two.
    Second,
}

/// The occurrences after an instant, at most `count`; fewer where a season ends.
#[must_use]
pub fn upcoming(occasions: &Occasions<'_>, after: Instant, count: usize) -> Vec<Upcoming> {
    let next = |&at: &Instant| occasions.next_after(at);
    let all = std::iter::successors(occasions.next_after(after), next).take(count);
    all.filter_map(|at| {
        let civil = local(at, occasions.zone())?;
        let clocks = clocks(occasions.schedule(), occasions.zone(), at, civil);
        Some(Upcoming { at, civil, clocks })
    })
    .collect()
}

fn clocks(schedule: &Schedule, zone: &TimeZone, at: Instant, civil: DateTime) -> Clocks {
    if let AmbiguousOffset::Fold { before, .. } = zone.to_ambiguous_timestamp(civil).offset() {
        let first = before.to_timestamp(civil).is_ok_and(|first| first.as_millisecond() == at.0);
        return if first { Clocks::First } else { Clocks::Second };
    }
    let in_gap = |civil: &DateTime| {
        matches!(zone.to_ambiguous_timestamp(*civil).offset(), AmbiguousOffset::Gap { .. })
    };
    // A gap may begin on the day before the one on which it ends.
    let days = [civil.date().checked_sub(1.day()).ok(), Some(civil.date())];
    let mut left_out = days.into_iter().flatten().flat_map(|day| times_on(schedule, day));
    let moved = left_out.find(|written| in_gap(written) && instant_of(*written, zone) == Some(at));
    moved.map_or(Clocks::Plain, Clocks::LeftOut)
}

/// From when to when a civil time is met by the clocks of the world, in `customer time`.
#[must_use]
pub fn around_the_world(civil: DateTime) -> Option<(Instant, Instant)> {
    let at = |hours| instant_of(civil, &TimeZone::fixed(Offset::from_hours(hours).ok()?));
    at(14).zip(at(-12))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Date, Duration, MINUTE_MS, TimeOfDay};
    use crate::ruleset::{DaySet, Season, Timetable};

    fn shown(schedule: Schedule, season: Season, after: &str) -> Vec<String> {
        let timetable = Timetable::new(schedule);
        let occasions = Occasions::new(&timetable, season, TimeZone::get("Europe/Madrid").unwrap());
        let after = Instant(after.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let all = upcoming(&occasions, after, 3).into_iter();
        all.map(|one| {
            let clocks = match one.clocks {
                Clocks::Plain => String::new(),
                Clocks::LeftOut(civil) => format!(" for {}", civil.strftime("%H:%M")),
                Clocks::First => " first".into(),
                Clocks::Second => " second".into(),
            };
            format!("{}{clocks}", one.civil.strftime("%d %H:%M"))
        })
        .collect()
    }

    fn daily(time: &str) -> Schedule {
        Schedule::Days { days: DaySet::Week(127), at: TimeOfDay::parse(time).unwrap() }
    }

    #[test]
    fn a_change_of_clocks_is_said() {
        let all_year = Season::default();
        let found = shown(daily("02:30"), all_year, "2026-03-27T12:00:00Z");
        assert_eq!(found, ["28 02:30", "29 03:00 for 02:30", "30 02:30"]);
        let found = shown(daily("02:30"), all_year, "2026-10-23T12:00:00Z");
        assert_eq!(found, ["24 02:30", "25 02:30 first", "26 02:30"]);
        let found = shown(daily("03:00"), all_year, "2026-03-28T12:00:00Z");
        assert_eq!(found, ["29 03:00", "30 03:00", "31 03:00"]);
        let half = Schedule::Every(Duration(30 * MINUTE_MS));
        let found = shown(half, all_year, "2026-10-25T00:15:00Z");
        assert_eq!(found, ["25 02:30 first", "25 02:00 second", "25 02:30 second"]);
    }

    #[test]
    fn a_season_ends_the_list() {
        let until = Season { from: Date::parse("2026-12-01"), until: Date::parse("2026-12-02") };
        assert_eq!(shown(daily("09:00"), until, "2026-11-20T00:00:00Z"), ["01 09:00", "02 09:00"]);
        assert_eq!(shown(daily("09:00"), until, "2026-12-02T20:00:00Z"), [""; 0]);
    }

    #[test]
    fn the_clocks_of_the_world_take_26_hours() {
        let civil = jiff::civil::date(2026, 11, 23).at(9, 0, 0, 0);
        let (first, last) = around_the_world(civil).unwrap();
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2026-11-22T19:00:00Z".into(), "2026-11-23T21:00:00Z".into())
        );
    }
}
