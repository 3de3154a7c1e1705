//! `on cron "0 9 * * mon-fri"`: five fields, matched on civil time.
//!
//! The crate `cron` is used only to read which numbers each field allows. Left to itself it skips
//! 02:30 on the day the clocks go forward, fires it twice when they go back, wants six or seven
//! fields and calls Sunday 1; gaps and folds are the calendar's, and days of the week have names.

use std::fmt::Write as _;
use std::str::FromStr;

use cron::TimeUnitSpec;

use crate::ruleset::CronFields;

/// Names of the days of the week as cron knows them, by the number most systems give them.
const DAYS: [&str; 8] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronError {
    /// What is wrong, with what was written.
    pub message: String,
    /// What to write.
    pub label: String,
    /// Why it is refused rather than guessed at.
    pub why: &'static str,
    /// What was probably meant.
    pub fix: Option<String>,
}

/// Reads minute, hour, day of the month, month and day of the week, in any case.
///
/// # Errors
/// With what to write where the expression is none, has another number of fields, or could be
/// read in more than one way: weekdays as numbers, a day of the month beside a weekday.
pub fn read(text: &str) -> Result<CronFields, CronError> {
    let lower = text.to_ascii_lowercase();
    let fields: Vec<&str> = lower.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return Err(count(text, &fields)) };
    // `*/2` steps from Sunday or from Monday: it is as ambiguous as a number.
    if weekday.chars().any(|c| c.is_ascii_digit()) {
        return Err(CronError {
            message: format!("the day of the week `{weekday}` is ambiguous"),
            label: "name the days: `mon` to `sun`".into(),
            why: "1 is Monday for some readers of cron and Sunday for others",
            fix: named(weekday).map(|weekday| [minute, hour, day, month, weekday.as_str()].join(" ")),
        });
    }
    let any = |field: &str| field == "*" || field == "?";
    if !any(day) && !any(weekday) {
        return Err(CronError {
            message: format!("`{text}` names a day of the month and a day of the week"),
            label: "write `*` for one of them".into(),
            why: "some readers of cron take the days that are either, others those that are both",
            fix: None,
        });
    }
    let schedule = format!("0 {minute} {hour} {day} {month} {weekday}");
    let schedule = cron::Schedule::from_str(&schedule).map_err(|_| CronError {
        message: format!("`{text}` is no cron expression"),
        label: "write for example `0 9 * * mon-fri`".into(),
        why: "a time that is guessed at is a time at which nobody expects a message",
        fix: None,
    })?;
    let bits = |includes: &dyn Fn(u32) -> bool, last: u32| {
        (0..=last).filter(|&number| includes(number)).fold(0_u64, |bits, number| bits | 1 << number)
    };
    let sunday_first = bits(&|n| schedule.days_of_week().includes(n), 7);
    // The crate counts from Sunday, 1; bit 0 is Monday here.
    let weekdays = (sunday_first >> 2 & 0b11_1111) | (sunday_first >> 1 & 1) << 6;
    let small = |bits: u64| u32::try_from(bits).unwrap_or(u32::MAX);
    let days = small(bits(&|n| schedule.days_of_month().includes(n), 31));
    let months = u16::try_from(bits(&|n| schedule.months().includes(n), 12)).unwrap_or(u16::MAX);
    if !exists(days, months) {
        return Err(CronError {
            message: format!("no month of `{text}` has such a day"),
            label: "it would never run".into(),
            why: "a rule that never runs looks like one that has nobody to write to",
            fix: None,
        });
    }
    Ok(CronFields {
        text: text.into(),
        minutes: bits(&|n| schedule.minutes().includes(n), 59),
        hours: small(bits(&|n| schedule.hours().includes(n), 23)),
        days,
        months,
        weekdays: u8::try_from(weekdays).unwrap_or(u8::MAX),
        runs_through: minute.starts_with('*') || hour.starts_with('*'),
    })
}

/// Whether some month has one of the days, in a leap year at least.
fn exists(days: u32, months: u16) -> bool {
    const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let first = days.trailing_zeros();
    (1..).zip(LONGEST).any(|(month, longest)| months >> month & 1 == 1 && first <= longest)
}

fn count(text: &str, fields: &[&str]) -> CronError {
    let fix = match fields {
        // With seconds in front, as some libraries have it: nobody sends by the second.
        ["0", rest @ ..] if rest.len() == 5 => Some(rest.join(" ")),
        ["@hourly"] => Some("0 * * * *".into()),
        ["@daily" | "@midnight"] => Some("0 0 * * *".into()),
        ["@weekly"] => Some("0 0 * * sun".into()),
        ["@monthly"] => Some("0 0 1 * *".into()),
        ["@yearly" | "@annually"] => Some("0 0 1 1 *".into()),
        _ => None,
    };
    let number = fields.len();
    CronError {
        message: format!("`{text}` has {number} field{}", if number == 1 { "" } else { "s" }),
        label: "write five: minute, hour, day of the month, month, day of the week".into(),
        why: "with a field more or less each number would mean something else",
        fix,
    }
}

/// The days of the week by name; none where the field is more than numbers, lists and ranges.
fn named(weekday: &str) -> Option<String> {
    let mut out = String::new();
    for c in weekday.chars() {
        match c.to_digit(10) {
            Some(digit) => out.push_str(DAYS.get(usize::try_from(digit).ok()?)?),
            None if c == ',' || c == '-' => out.write_char(c).ok()?,
            None => return None,
        }
    }
    // From Sunday on a range would wrap.
    let wraps = out.split(',').any(|part| part.starts_with("sun-") || part.ends_with("-mon"));
    (!wraps).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_fields_become_the_numbers_that_they_allow() {
        let cron = read("*/15 9 * * Mon-Fri").unwrap();
        assert_eq!(cron.minutes, 1 | 1 << 15 | 1 << 30 | 1 << 45);
        assert_eq!((cron.hours, cron.weekdays, cron.runs_through), (1 << 9, 0b001_1111, true));
        assert_eq!((cron.days, cron.months), (0xffff_fffe, 0b1_1111_1111_1110));
        assert_eq!(read("0 0 * * sun").unwrap().weekdays, 1 << 6);
        assert_eq!(read("0 0 * * sat,mon").unwrap().weekdays, 1 << 5 | 1);
        let leap = read("30 2 29 feb ?").unwrap();
        assert_eq!((leap.days, leap.months, leap.runs_through), (1 << 29, 1 << 2, false));
    }

    #[test]
    fn what_is_ambiguous_is_refused_with_what_to_write() {
        for (text, says, fix) in [
            ("0 9 * *", "has 4 fields", None),
            ("0 0 9 * * mon", "has 6 fields", Some("0 9 * * mon")),
            ("@daily", "has 1 field", Some("0 0 * * *")),
            ("0 9 * * 1-5", "is ambiguous", Some("0 9 * * mon-fri")),
            ("0 9 * * 0", "is ambiguous", Some("0 9 * * sun")),
            ("0 9 * * */2", "is ambiguous", None),
            ("0 9 * * 0-4", "is ambiguous", None),
            ("0 9 1 * mon", "a day of the month and a day of the week", None),
            ("61 9 * * *", "is no cron expression", None),
            ("0 9 * * moon", "is no cron expression", None),
            ("", "has 0 fields", None),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.message.contains(says), "{text}: {}", error.message);
            assert_eq!(error.fix.as_deref(), fix, "{text}");
            assert!(fix.is_none_or(|fix| read(fix).is_ok()), "{text}");
        }
    }
}
