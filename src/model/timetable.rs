//! When a scheduled rule fires: days, times, and whose clock they are read from.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Duration, HOUR_MS, TimeOfDay};

/// Names of the days of the week, Monday first.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What a scheduled rule writes about its firings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timetable {
    /// On which days and at what times.
    pub schedule: Schedule,
    /// Whose clock shows those times.
    pub frame: Frame,
    /// A missed occurrence still runs while it is less late than this.
    pub if_missed: Duration,
}

impl Timetable {
    /// A missed occurrence still runs while it is less late than this, unless written.
    pub const MISSED_RUNS_WITHIN: Duration = Duration(HOUR_MS);

    /// A schedule on the workspace's clock.
    #[must_use]
    pub const fn new(schedule: Schedule) -> Self {
        Self { schedule, frame: Frame::Workspace, if_missed: Self::MISSED_RUNS_WITHIN }
    }
}

/// Whose clock shows the times and the days of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Frame {
    /// The workspace's.
    #[default]
    Workspace,
    /// `in Asia/Tokyo`: an IANA zone that exists.
    Zone(String),
    /// `customer time`: each customer's own; the workspace's where theirs is not known.
    Customer,
}

/// On which days and at what times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schedule {
    /// `every 15 minutes`: instants divisible by it since the epoch.
    Every(Duration),
    /// `every monday, thursday at 09:00`.
    Days {
        /// On which days.
        days: DaySet,
        /// At what time.
        at: TimeOfDay,
    },
    /// `on cron "0 9 * * mon-fri"`.
    Cron(CronFields),
}

/// Days of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DaySet {
    /// Days of the week, bit 0 Monday … bit 6 Sunday; `every day` has all seven.
    Week(u8),
    /// A day of the month, 1–31; a month without it has no occurrence.
    MonthDay(u8),
    /// The month's last day.
    MonthEnd,
}

/// A checked cron expression: as it was written, and the numbers that each field allows as bits.
/// A civil minute matches when each of its numbers is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronFields {
    /// The five fields as they were written.
    pub text: String,
    /// Bits 0–59.
    pub minutes: u64,
    /// Bits 0–23.
    pub hours: u32,
    /// Days of the month, bits 1–31.
    pub days: u32,
    /// Bits 1–12.
    pub months: u16,
    /// Bit 0 Monday … bit 6 Sunday.
    pub weekdays: u8,
    /// Minute or hour is `*` or `*/n`: it runs through a change of clocks, in both of the hours
    /// that are shown twice and not for the one that is left out. Else its times are fixed.
    pub runs_through: bool,
}

impl fmt::Display for Timetable {
    /// In the language's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.schedule)?;
        match &self.frame {
            Frame::Workspace => Ok(()),
            Frame::Zone(zone) => write!(f, " in {zone}"),
            Frame::Customer => f.write_str(" customer time"),
        }
    }
}

impl fmt::Display for Schedule {
    /// In the language's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(duration) => write!(f, "every {duration}"),
            Self::Days { days, at } => write!(f, "every {days} at {at}"),
            Self::Cron(fields) => write!(f, "on cron \"{}\"", fields.text),
        }
    }
}

impl fmt::Display for DaySet {
    /// In the language's words, as they follow `every`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Week(0b111_1111) => f.write_str("day"),
            Self::Week(0b001_1111) => f.write_str("weekday"),
            Self::Week(mask) => {
                let named = (0_u8..).zip(DAYS).filter(|(bit, _)| mask >> bit & 1 == 1);
                f.write_str(&named.map(|(_, name)| name).collect::<Vec<_>>().join(", "))
            }
            Self::MonthDay(day) => write!(f, "month on day {day}"),
            Self::MonthEnd => f.write_str("month on last day"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timetables_are_said_in_the_words_of_the_language() {
        let days = |days| Schedule::Days { days, at: TimeOfDay(540) };
        let at = |schedule, frame| Timetable { frame, ..Timetable::new(schedule) };
        for (timetable, words) in [
            (at(days(DaySet::Week(127)), Frame::Workspace), "every day at 09:00"),
            (at(days(DaySet::Week(31)), Frame::Customer), "every weekday at 09:00 customer time"),
            (
                at(days(DaySet::Week(9)), Frame::Zone("Asia/Tokyo".into())),
                "every monday, thursday at 09:00 in Asia/Tokyo",
            ),
            (at(days(DaySet::MonthDay(1)), Frame::Workspace), "every month on day 1 at 09:00"),
            (at(days(DaySet::MonthEnd), Frame::Workspace), "every month on last day at 09:00"),
            (at(Schedule::Every(Duration(15 * 60_000)), Frame::Workspace), "every 15 minutes"),
        ] {
            assert_eq!(timetable.to_string(), words);
        }
    }
}
