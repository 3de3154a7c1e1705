//! Cron lines and daily times against croner, another's reading of them, in every zone of the tz
//! database, around every change of clocks from 2020 to 2040. croner speaks chrono; it is shown
//! jiff's zones, so that both know the same changes and only their reading is compared.

use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeZone as _};
use croner::Cron;
use cvmd::model::{DAY_MS, Instant, TimeOfDay};
use cvmd::ruleset::{DaySet, Schedule};
use cvmd::schedule::{cron, next_after};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// jiff's zone in chrono's words.
#[derive(Clone, Copy, Debug)]
struct Zone(&'static TimeZone);

/// An offset that knows its zone: chrono asks it for it.
#[derive(Clone, Copy, Debug)]
struct Shift(FixedOffset, Zone);

impl Offset for Shift {
    fn fix(&self) -> FixedOffset {
        self.0
    }
}

impl Zone {
    fn shift(self, offset: jiff::tz::Offset) -> Shift {
        Shift(FixedOffset::east_opt(offset.seconds()).unwrap(), self)
    }
}

impl chrono::TimeZone for Zone {
    type Offset = Shift;

    fn from_offset(offset: &Shift) -> Self {
        offset.1
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<Shift> {
        self.offset_from_local_datetime(&local.and_hms_opt(0, 0, 0).unwrap())
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<Shift> {
        let seconds = local.and_utc().timestamp();
        let civil: civil::DateTime = TimeZone::UTC.to_datetime(Timestamp::from_second(seconds).unwrap());
        match self.0.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => MappedLocalTime::Single(self.shift(offset)),
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
            AmbiguousOffset::Fold { before, after } => {
                MappedLocalTime::Ambiguous(self.shift(before), self.shift(after))
            }
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> Shift {
        self.offset_from_utc_datetime(&utc.and_hms_opt(0, 0, 0).unwrap())
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> Shift {
        self.shift(self.0.to_offset(Timestamp::from_second(utc.and_utc().timestamp()).unwrap()))
    }
}

fn instant(text: &str) -> Instant {
    Instant(text.parse::<Timestamp>().unwrap().as_millisecond())
}

fn millis(at: &DateTime<Zone>) -> i64 {
    at.timestamp_millis()
}

/// croner's occurrences in a span. In a fold an interval comes twice, and croner names both at once.
fn theirs(line: &str, zone: &'static TimeZone, from: Instant, to: Instant) -> Vec<i64> {
    let cron: Cron = line.parse().unwrap();
    let start = Zone(zone).timestamp_millis_opt(from.0).unwrap();
    let mut found: Vec<i64> =
        cron.iter_after(start).map(|at| millis(&at)).take_while(|at| *at <= to.0 + DAY_MS).collect();
    found.retain(|at| (from.0 + 1..=to.0).contains(at));
    found.sort_unstable();
    found.dedup();
    found
}

fn ours(schedule: &Schedule, zone: &TimeZone, from: Instant, to: Instant) -> Vec<i64> {
    let next = |at: &Instant| next_after(schedule, zone, *at).filter(|next| *next <= to);
    std::iter::successors(next(&from), next).map(|at| at.0).collect()
}

/// The changes of a zone from 2020 to 2040.
fn changes(zone: &TimeZone) -> Vec<Instant> {
    let (from, to) = (instant("2020-01-01T00:00:00Z"), instant("2041-01-01T00:00:00Z"));
    let all = zone.following(Timestamp::from_millisecond(from.0).unwrap());
    all.map(|change| Instant(change.timestamp().as_millisecond())).take_while(|at| *at < to).collect()
}

/// Whether a fixed time may fire at the end of this change's gap: it lies in it, or is its end. On
/// its way to a later time croner steps into gaps and fires at their ends, whatever the line says;
/// those firings are its mistake, and the only ones that are not compared.
fn may_fire_at(zone: &TimeZone, change: Instant, time: civil::Time) -> bool {
    let show = |at: i64| zone.to_datetime(Timestamp::from_millisecond(at).unwrap());
    let (before, after) = (show(change.0 - 1), show(change.0));
    let in_gap = |day: civil::Date| {
        let shown = zone.to_ambiguous_timestamp(day.to_datetime(time)).offset();
        matches!(shown, AmbiguousOffset::Gap { .. })
    };
    after.time() == time || in_gap(before.date()) || in_gap(after.date())
}

/// Each kind of change of every zone: the same shift at the same time of day and year, once.
#[test]
fn around_each_kind_of_change_of_clocks_both_say_the_same() {
    assert!(sweep(false) > 500);
}

#[test]
#[ignore = "minutes unless optimised, for croner steps through gaps by the second: `.ci/run` runs it"]
fn around_every_change_of_clocks_in_every_zone_both_say_the_same() {
    assert!(sweep(true) > 10_000);
}

fn sweep(every: bool) -> u64 {
    let mut compared = 0_u64;
    let mut seen = std::collections::HashSet::new();
    for name in jiff::tz::db().available() {
        // For the test's lifetime: chrono wants zones that are copied.
        let zone: &'static TimeZone = Box::leak(Box::new(TimeZone::get(name.as_str()).unwrap()));
        for (index, change) in changes(zone).into_iter().enumerate() {
            let show = |at: i64| zone.to_datetime(Timestamp::from_millisecond(at).unwrap());
            // Zones that are links of each other change alike.
            let (before, after) = (show(change.0 - 1), show(change.0));
            let kind = (before.time(), after.time(), before.month());
            let date = every.then_some((change, before));
            if !seen.insert((date, kind)) {
                continue;
            }
            // croner gives up in gaps of more than two hours.
            if show(change.0).duration_since(show(change.0 - 1)).as_hours() >= 2 {
                continue;
            }
            let (from, to) = (Instant(change.0 - 2 * DAY_MS), Instant(change.0 + 2 * DAY_MS));
            let hour = (show(change.0 - 1).hour(), show(change.0).hour());
            let minute = [0, 15, 30, 45][index % 4];
            for hour in [hour.0, hour.1, (hour.0 + 1) % 24] {
                let line = format!("{minute} {hour} * * *");
                let at = TimeOfDay(u16::try_from(i16::from(hour) * 60 + minute).unwrap());
                let daily = Schedule::Days { days: DaySet::Week(127), at };
                let mut expected = theirs(&line, zone, from, to);
                let time = civil::time(hour, i8::try_from(minute).unwrap(), 0, 0);
                expected.retain(|one| *one != change.0 || may_fire_at(zone, change, time));
                let said = Schedule::Cron(cron::read(&line).unwrap());
                assert_eq!(ours(&said, zone, from, to), expected, "{name} {change} `{line}`");
                assert_eq!(ours(&daily, zone, from, to), expected, "{name} {change} every day at {at}");
                compared += 2;
            }
            for line in ["*/15 * * * *", "30 * * * *"] {
                let said = Schedule::Cron(cron::read(line).unwrap());
                assert_eq!(
                    ours(&said, zone, from, to),
                    theirs(line, zone, from, to),
                    "{name} {change} `{line}`"
                );
                compared += 1;
            }
        }
    }
    compared
}

#[test]
fn lines_of_all_kinds_say_the_same_where_clocks_stand_still_and_where_they_do_not() {
    let zones = ["UTC", "Asia/Tokyo", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe"];
    let lines = [
        "0 9 * * mon-fri",
        "30 18 * * sat,sun",
        "0 9 1 * *",
        "0 9 31 * *",
        "0 9 29 2 *",
        "0 0 1 jan *",
        "5 4 * * sun",
        "0 12 1-7 * *",
        "45 23 28-31 * *",
        "0 8 * 6,12 *",
    ];
    for name in zones {
        let zone: &'static TimeZone = Box::leak(Box::new(TimeZone::get(name).unwrap()));
        for line in lines {
            let (from, to) = (instant("2027-11-05T11:00:00Z"), instant("2032-03-10T11:00:00Z"));
            let said = Schedule::Cron(cron::read(line).unwrap());
            assert_eq!(ours(&said, zone, from, to), theirs(line, zone, from, to), "{name} `{line}`");
        }
    }
}
