//! The calendar against a slow, obvious reference: a watch that is looked at every minute.

use cvmd::model::{DAY_MS, Duration, Instant, MINUTE_MS, TimeOfDay};
use cvmd::ruleset::{DaySet, Period, Schedule, Season, Timetable};
use cvmd::schedule::{Occasions, due, next_after, previous_at_or_before, window_start};
use jiff::civil::{Date, DateTime, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

/// Zones with whole and half hours of summer time, at midnight, late in the evening, backwards
/// (Dublin), suspended (Casablanca), with none, and at both ends of the day.
const ZONES: [&str; 20] = [
    "UTC",
    "Europe/Madrid",
    "Europe/Dublin",
    "Atlantic/Azores",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Asuncion",
    "America/Santiago",
    "America/Nuuk",
    "America/Scoresbysund",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
];

const DAYS_WATCHED: i64 = 4;

fn civil(zone: &TimeZone, at: Instant) -> DateTime {
    zone.to_datetime(Timestamp::from_millisecond(at.0).unwrap())
}

fn falls_on(days: &DaySet, day: Date) -> bool {
    match days {
        DaySet::Week(mask) => mask & (1 << day.weekday().to_monday_zero_offset()) != 0,
        DaySet::MonthDay(number) => day.day() == i8::try_from(*number).unwrap(),
        DaySet::MonthEnd => day.tomorrow().unwrap().month() != day.month(),
    }
}

/// The minutes at which the watch first shows, or has just passed over, a civil time that `wanted`
/// picks: what it shows a second time, when clocks go back, is nothing new.
fn watch(zone: &TimeZone, start: Instant, wanted: impl Fn(DateTime) -> bool) -> Vec<Instant> {
    // A day early, so that it knows what was shown before the start.
    let mut latest = civil(zone, Instant(start.0 - DAY_MS));
    let mut found = Vec::new();
    for minute in 1 - 24 * 60..DAYS_WATCHED * 24 * 60 {
        let now = Instant(start.0 + minute * MINUTE_MS);
        let shown = civil(zone, now);
        let mut passed = false;
        while latest < shown {
            latest = latest.checked_add(1.minute()).unwrap();
            passed |= wanted(latest);
        }
        if passed && now > start {
            found.push(now);
        }
    }
    found
}

/// A minute between 2020 and 2040, every other time within two days before a change of clocks.
fn moments() -> impl Strategy<Value = (TimeZone, Instant)> {
    let minutes = 1_577_836_800_000 / MINUTE_MS..2_208_988_800_000 / MINUTE_MS;
    (0..ZONES.len(), minutes, any::<bool>()).prop_map(|(zone, minute, near_a_change)| {
        let zone = TimeZone::get(ZONES[zone]).unwrap();
        let mut at = Instant(minute * MINUTE_MS);
        let next = zone.following(Timestamp::from_millisecond(at.0).unwrap()).next();
        if let Some(change) = next.filter(|_| near_a_change) {
            let change = change.timestamp().as_millisecond() / MINUTE_MS * MINUTE_MS;
            at = Instant(change - minute % (2 * 24 * 60) * MINUTE_MS);
        }
        (zone, at)
    })
}

fn schedules() -> impl Strategy<Value = (DaySet, TimeOfDay)> {
    let days = prop_oneof![
        3 => (1_u8..128).prop_map(DaySet::Week),
        1 => (1_u8..32).prop_map(DaySet::MonthDay),
        1 => Just(DaySet::MonthEnd),
    ];
    // Clocks change at night.
    let minute = prop_oneof![0_u16..240, 0_u16..1_440, 1_380_u16..1_440];
    (days, minute.prop_map(TimeOfDay))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn occurrences_are_those_of_a_watch((zone, start) in moments(), (days, at) in schedules()) {
        let schedule = Schedule::Days { days: days.clone(), at };
        let expected = watch(&zone, start, |shown| {
            let midnight = shown.date().to_datetime(time(0, 0, 0, 0));
            shown == midnight.checked_add(i64::from(at.0).minutes()).unwrap() && falls_on(&days, shown.date())
        });
        let end = Instant(start.0 + DAYS_WATCHED * DAY_MS - MINUTE_MS);
        let next = |instant: Instant| next_after(&schedule, &zone, instant).filter(|&next| next <= end);
        let found: Vec<Instant> = std::iter::successors(next(start), |&instant| next(instant)).collect();
        prop_assert_eq!(&found, &expected);
        for &instant in &found {
            prop_assert_eq!(previous_at_or_before(&schedule, &zone, instant), Some(instant));
            prop_assert_eq!(previous_at_or_before(&schedule, &zone, Instant(instant.0 + MINUTE_MS - 1)), Some(instant));
        }
        for pair in found.windows(2) {
            prop_assert_eq!(previous_at_or_before(&schedule, &zone, Instant(pair[1].0 - 1)), Some(pair[0]));
        }
    }

    #[test]
    fn a_daemon_that_looks_often_serves_each_occurrence_once(
        (zone, start) in moments(),
        (days, at) in schedules(),
        naps in proptest::collection::vec(1..59_i64, 200),
    ) {
        let schedule = Schedule::Days { days, at };
        let timetable = Timetable::new(schedule.clone());
        let occasions = Occasions::new(&timetable, Season::default(), zone.clone());
        let (mut now, mut from, mut served) = (start, start, Vec::new());
        for nap in naps {
            now = now.plus(Duration(nap * MINUTE_MS));
            let due = due(&occasions, from, timetable.if_missed, now);
            prop_assert_eq!(due.passed, None);
            prop_assert!(due.next.is_none_or(|next| next > now));
            served.extend(due.run);
            from = due.serves().unwrap_or(from);
        }
        let next = |instant: Instant| next_after(&schedule, &zone, instant).filter(|&next| next <= now);
        let expected: Vec<Instant> = std::iter::successors(next(start), |&instant| next(instant)).collect();
        prop_assert_eq!(served, expected);
    }

    #[test]
    fn a_calendar_period_begins_when_a_watch_first_shows_its_first_day((zone, at) in moments()) {
        let today = civil(&zone, at).date();
        for (period, first) in [
            (Period::Day, today),
            (Period::Week, today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).unwrap()),
            (Period::Month, today.first_of_month()),
        ] {
            let start = window_start(period, at, &zone);
            let before = civil(&zone, Instant(start.0 - MINUTE_MS));
            prop_assert!(start <= at && civil(&zone, start).date() >= first && before.date() < first);
        }
    }
}
