//! Times of a schedule that the clocks leave out.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::calendar::{instant_of, local, times_on};
use crate::model::Instant;
use crate::ruleset::Schedule;

/// A time that does not exist on its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// What the schedule says.
    pub civil: DateTime,
    /// What the clocks show when it runs instead; none: it does not run.
    pub moved_to: Option<DateTime>,
}

/// The first time of a schedule between two instants that the zone's clocks leave out.
#[must_use]
pub fn first(schedule: &Schedule, zone: &TimeZone, from: Instant, to: Instant) -> Option<Gap> {
    let through = match schedule {
        // Its instants are those of no clock.
        Schedule::Every(_) => return None,
        Schedule::Days { .. } => false,
        // At each hour: nobody waits for the one that is left out.
        Schedule::Cron(cron) if cron.hours.count_ones() == 24 => return None,
        Schedule::Cron(cron) => cron.runs_through,
    };
    let (from, to) = (Timestamp::from_millisecond(from.0).ok()?, Timestamp::from_millisecond(to.0).ok()?);
    for change in zone.following(from).take_while(|change| change.timestamp() <= to) {
        let after = zone.to_datetime(change.timestamp());
        // A gap may begin on the day before the one on which it ends.
        for day in [after.date().checked_sub(1.day()).ok(), Some(after.date())].into_iter().flatten() {
            let in_gap = |civil: &DateTime| {
                matches!(zone.to_ambiguous_timestamp(*civil).offset(), AmbiguousOffset::Gap { .. })
            };
            if let Some(civil) = times_on(schedule, day).find(in_gap) {
                let moved = instant_of(civil, zone).and_then(|at| local(at, zone));
                return Some(Gap { civil, moved_to: moved.filter(|_| !through) });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimeOfDay;
    use crate::ruleset::DaySet;
    use crate::schedule::cron;

    fn found(schedule: &Schedule, zone: &str) -> Option<(String, Option<String>)> {
        let year = Instant("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap().as_millisecond());
        let end = Instant(year.0 + 366 * crate::model::DAY_MS);
        let gap = first(schedule, &TimeZone::get(zone).unwrap(), year, end)?;
        Some((gap.civil.to_string(), gap.moved_to.map(|civil| civil.to_string())))
    }

    #[test]
    fn a_time_that_is_left_out_is_found_with_what_runs_instead() {
        let daily =
            |time: &str| Schedule::Days { days: DaySet::Week(127), at: TimeOfDay::parse(time).unwrap() };
        let gap = |from: &str, to: Option<&str>| Some((from.to_owned(), to.map(str::to_owned)));
        let (half, full) = ("2026-03-29T02:30:00", "2026-03-29T03:00:00");
        assert_eq!(found(&daily("02:30"), "Europe/Madrid"), gap(half, Some(full)));
        assert_eq!(found(&daily("09:00"), "Europe/Madrid"), None);
        assert_eq!(found(&daily("02:30"), "UTC"), None);
        let cron = |text| Schedule::Cron(cron::read(text).unwrap());
        assert_eq!(found(&cron("30 2 * * mon-fri"), "Europe/Madrid"), None, "it is a Sunday");
        assert_eq!(found(&cron("30 * * * *"), "Europe/Madrid"), None);
        assert_eq!(found(&cron("*/30 2 * * *"), "Europe/Madrid"), gap("2026-03-29T02:00:00", None));
    }
}
