//! `on cron "0 9 * * mon-fri"`: five fields, matched on civil time.
//!
//! The crate `cron` is used only to say whether a civil minute matches. Left to itself it skips
//! 02:30 on the day the clocks go forward, fires it twice when they go back, and calls Sunday 1;
//! gaps and folds are resolved by the calendar, and days of the week are written by name.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;

/// Why an expression is refused; says what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronError(pub String);

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CronError {}

/// A checked cron expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    schedule: cron::Schedule,
}

impl FromStr for Cron {
    type Err = CronError;

    /// Reads minute, hour, day of the month, month, day of the week.
    fn from_str(text: &str) -> Result<Self, CronError> {
        let fields: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            let count = fields.len();
            return Err(CronError(format!(
                "`{text}` has {count} fields: write five, minute, hour, day of the month, month, day of the week"
            )));
        };
        // Sunday is 0, 1 or 7 depending on whom one asks.
        if weekday.chars().any(|c| c.is_ascii_digit()) {
            return Err(CronError(format!(
                "the day of the week `{weekday}` is ambiguous: write `mon` to `sun`"
            )));
        }
        // Elsewhere such a pair means "or", here it would mean "and".
        if day != "*" && day != "?" && weekday != "*" && weekday != "?" {
            return Err(CronError(format!(
                "`{text}` names a day of the month and a day of the week: write `*` for one of them"
            )));
        }
        let schedule = format!("0 {minute} {hour} {day} {month} {weekday}");
        let schedule = cron::Schedule::from_str(&schedule).map_err(|_| {
            CronError(format!("`{text}` is no cron expression: write for example `0 9 * * mon-fri`"))
        })?;
        Ok(Self { text: text.into(), schedule })
    }
}

impl Cron {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a civil minute matches; seconds are not looked at.
    #[must_use]
    pub fn matches(&self, civil: DateTime) -> bool {
        use cron::TimeUnitSpec;
        let is = |unit: &dyn Fn(u32) -> bool, value: i8| u32::try_from(value).is_ok_and(unit);
        is(&|v| self.schedule.minutes().includes(v), civil.minute())
            && is(&|v| self.schedule.hours().includes(v), civil.hour())
            && is(&|v| self.schedule.days_of_month().includes(v), civil.day())
            && is(&|v| self.schedule.months().includes(v), civil.month())
            && is(&|v| self.schedule.days_of_week().includes(v), civil.weekday().to_sunday_one_offset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn five_fields_are_matched_on_civil_time() {
        let cron: Cron = "*/15 9 * * Mon-Fri".parse().unwrap();
        let friday = date(2026, 11, 20);
        assert!(cron.matches(friday.at(9, 0, 0, 0)) && cron.matches(friday.at(9, 45, 59, 0)));
        assert!(!cron.matches(friday.at(9, 1, 0, 0)) && !cron.matches(friday.at(10, 0, 0, 0)));
        assert!(!cron.matches(date(2026, 11, 21).at(9, 0, 0, 0)), "a Saturday");
        let sunday: Cron = "0 0 * * sun".parse().unwrap();
        assert!(sunday.matches(date(2026, 11, 22).at(0, 0, 0, 0)) && !sunday.matches(friday.at(0, 0, 0, 0)));
        let gap: Cron = "30 2 29 3 *".parse().unwrap();
        assert!(gap.matches(date(2026, 3, 29).at(2, 30, 0, 0)), "whether a zone has that time or not");
    }

    #[test]
    fn what_is_ambiguous_is_refused_with_what_to_write() {
        for (text, says) in [
            ("0 9 * *", "has 4 fields"),
            ("0 0 9 * * mon", "has 6 fields"),
            ("0 9 * * 1-5", "write `mon` to `sun`"),
            ("0 9 1 * mon", "write `*` for one of them"),
            ("61 9 * * *", "is no cron expression"),
            ("0 9 * * moon", "is no cron expression"),
        ] {
            let error = text.parse::<Cron>().unwrap_err();
            assert!(error.0.contains(says), "{error}");
        }
    }
}
