//! Values and their texts: what an import may write, and the one canonical text that is stored.
//!
//! | type | canonical | an import may also write |
//! |---|---|---|
//! | money | `500.00`, at least two decimals, at most four | `500`, `-3.5` |
//! | number | `0.25`, no needless zeros | `0.250` |
//! | percent | a fraction: `0.1` | `10%` |
//! | duration | the largest unit that says it exactly: `90 days`, `36 hours` | `1 week`, `1 day` |
//! | date | `2026-11-26` | |
//! | time | RFC 3339 in UTC: `2026-11-26T08:00:00Z` | an offset, a date, a local `2026-11-26 09:00[:00]` |
//! | text | itself | |
//! | yes/no | `yes`, `no` | `true false 1 0`, in any case |
//! | choice | its name | |
//! | list of text | elements joined by U+001F | elements joined by `;` |
//!
//! Blanks around a value are dropped. An empty text is no value: what that means is the caller's.

use jiff::tz::TimeZone;

use crate::model::{Date, Duration, Instant, Money, Number, Share};

use super::{Schema, Type, Value};

/// What joins the elements of a list in a column and in the store.
pub const LIST_SEPARATOR: char = '\u{1f}';

const UNITS: [(&str, i64); 6] = [
    ("week", 7 * crate::model::DAY_MS),
    ("day", crate::model::DAY_MS),
    ("hour", crate::model::HOUR_MS),
    ("minute", crate::model::MINUTE_MS),
    ("second", 1_000),
    ("millisecond", 1),
];

impl Schema {
    /// Reads a value as an import writes it; local times are in `zone`. A list comes back as one
    /// [`Value::Text`], its elements joined by [`LIST_SEPARATOR`].
    ///
    /// # Errors
    /// Why the text is no such value, in words that follow the text: `is no date like 2026-11-26`.
    pub fn read(&self, ty: Type, text: &str, zone: &TimeZone) -> Result<Value, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty".into());
        }
        let value = self.value(ty, text, zone)?;
        // The columns of events keep it for what is unknown.
        if value.scalar() == Some(i64::MIN) {
            return Err("is below the smallest number that is kept".into());
        }
        Ok(value)
    }

    fn value(&self, ty: Type, text: &str, zone: &TimeZone) -> Result<Value, String> {
        match ty {
            Type::Money => {
                Money::parse(text).map(Value::Money).map_err(|e| format!("is no amount like 99.95: {e}"))
            }
            Type::Number => {
                Number::parse(text).map(Value::Number).map_err(|e| format!("is no number like 0.25: {e}"))
            }
            Type::Percent => read_share(text),
            Type::Duration => read_duration(text)
                .map(Value::Duration)
                .ok_or_else(|| "is no duration like `90 days` or `36 hours`".into()),
            Type::Date => {
                Date::parse(text).map(Value::Date).ok_or_else(|| "is no date like 2026-11-26".into())
            }
            Type::Time => read_time(text, zone).map(Value::Time).ok_or_else(|| no_time(text)),
            Type::Text => Ok(Value::Text(text.into())),
            Type::YesNo => read_yes_no(text),
            Type::Choice(id) => {
                let names = &self.choices(id).names;
                let code = names.iter().position(|name| name == text);
                code.and_then(|code| u32::try_from(code).ok())
                    .map(|code| Value::Choice(id, code))
                    .ok_or_else(|| format!("is none of {}", names.join(", ")))
            }
            Type::ListOfText => read_list(text),
            Type::Condition => Err("stands for a condition, which no data can hold".into()),
        }
    }

    /// Reads the text that [`Schema::write`] wrote; `None` where it is no value of this type (any
    /// more: types are edited, stored texts are not), which everybody takes as unknown.
    #[must_use]
    pub fn read_canonical(&self, ty: Type, text: &str) -> Option<Value> {
        match ty {
            // An element may hold what imports take for a separator.
            Type::ListOfText | Type::Text => (!text.is_empty()).then(|| Value::Text(text.into())),
            Type::Money
            | Type::Number
            | Type::Percent
            | Type::Duration
            | Type::Date
            | Type::Time
            | Type::YesNo
            | Type::Choice(_)
            | Type::Condition => self.read(ty, text, &TimeZone::UTC).ok(),
        }
    }

    /// The one canonical text of a value.
    #[must_use]
    pub fn write(&self, value: &Value) -> String {
        match value {
            Value::Money(amount) => amount.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Percent(share) => share.fraction(),
            Value::Duration(duration) => write_duration(*duration),
            Value::Date(date) => date.to_string(),
            Value::Time(instant) => instant.to_string(),
            Value::TimeOfDay(time) => time.to_string(),
            Value::Text(text) => text.clone(),
            Value::YesNo(yes) => if *yes { "yes" } else { "no" }.into(),
            Value::Choice(id, code) => self
                .choices
                .get(usize::from(id.0))
                .and_then(|choices| choices.names.get(*code as usize))
                .cloned()
                .unwrap_or_default(),
        }
    }

    /// A value from a column of numbers; `None` for the types of texts, and for a code without a name.
    #[must_use]
    pub fn from_scalar(&self, ty: Type, scalar: i64) -> Option<Value> {
        Some(match ty {
            Type::Money => Value::Money(Money(scalar)),
            Type::Number => Value::Number(Number(scalar)),
            Type::Percent => Value::Percent(Share(scalar)),
            Type::Duration => Value::Duration(Duration(scalar)),
            Type::Date => Value::Date(Date(i32::try_from(scalar).ok()?)),
            Type::Time => Value::Time(Instant(scalar)),
            Type::YesNo => Value::YesNo(scalar != 0),
            Type::Choice(id) => {
                let code = u32::try_from(scalar).ok()?;
                self.choices(id).names.get(code as usize)?;
                Value::Choice(id, code)
            }
            Type::Text | Type::ListOfText | Type::Condition => return None,
        })
    }
}

fn read_share(text: &str) -> Result<Value, String> {
    match text.strip_suffix('%') {
        Some(percent) => Share::parse_percent(percent.trim_end()),
        None => Number::parse(text).map(|fraction| Share(fraction.0)),
    }
    .map(Value::Percent)
    .map_err(|e| format!("is no share like 0.1 or 10%: {e}"))
}

fn read_duration(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_once(' ')?;
    let unit = unit.trim_start();
    let (_, size) = UNITS
        .iter()
        .find(|(name, _)| unit.strip_prefix(name).is_some_and(|rest| matches!(rest, "" | "s")))?;
    let digits = count.strip_prefix('-').unwrap_or(count);
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| count.parse::<i64>().ok())??.checked_mul(*size).map(Duration)
}

fn write_duration(duration: Duration) -> String {
    // Weeks are read but not written: `14 days` and `2 weeks` are one value, so one text.
    let exact = UNITS[1..].iter().find(|(_, size)| duration.0 % size == 0 && duration.0 != 0);
    let (name, size) = exact.unwrap_or(&UNITS[4]);
    let count = duration.0 / size;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

fn read_time(text: &str, zone: &TimeZone) -> Option<Instant> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(Instant(timestamp.as_millisecond()));
    }
    // A zone in brackets or an offset without a time would be dropped silently: plain civil times only.
    if text.bytes().any(|b| !(b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b' ' | b'T'))) {
        return None;
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    // In a gap the later, in a fold the earlier instant: as schedules take it.
    let zoned = zone.to_ambiguous_zoned(local).compatible().ok()?;
    Some(Instant(zoned.timestamp().as_millisecond()))
}

/// Why a text is no time: times end a little before the year 9999 does.
fn no_time(text: &str) -> String {
    let without_zone = text.split_once(['Z', 'z', '+']).map_or(text, |(local, _)| local);
    let without_zone = match without_zone.rsplit_once('-') {
        Some((local, _)) if local.contains(':') => local,
        Some(_) | None => without_zone,
    };
    let second = |time: jiff::Timestamp| Instant(time.as_second() * 1_000);
    match without_zone.parse::<jiff::civil::DateTime>().map(jiff::civil::DateTime::year) {
        Ok(9_999) => format!("is later than {}, the last time that there is", second(jiff::Timestamp::MAX)),
        Ok(-9_999) => {
            format!("is earlier than {}, the first time that there is", second(jiff::Timestamp::MIN))
        }
        Ok(_) | Err(_) => "is no time like 2026-11-26T09:00:00Z, 2026-11-26 or 2026-11-26 09:00".into(),
    }
}

fn read_yes_no(text: &str) -> Result<Value, String> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["yes", "true", "1"]) {
        Ok(Value::YesNo(true))
    } else if is(&["no", "false", "0"]) {
        Ok(Value::YesNo(false))
    } else {
        Err("is neither yes nor no".into())
    }
}

fn read_list(text: &str) -> Result<Value, String> {
    let separator = if text.contains(LIST_SEPARATOR) { LIST_SEPARATOR } else { ';' };
    let elements: Vec<&str> = text.split(separator).map(str::trim).filter(|e| !e.is_empty()).collect();
    if elements.is_empty() {
        return Err("is a list without an element".into());
    }
    Ok(Value::Text(elements.join(&LIST_SEPARATOR.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ruleset::{ChoiceId, Choices};

    fn schema() -> Schema {
        let choices = Choices { names: vec!["free".into(), "25-34".into()], ordered: true };
        Schema { choices: vec![choices], ..Schema::built_in() }
    }

    #[test]
    fn each_type_reads_its_spellings_and_writes_one() {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        let choice = Type::Choice(ChoiceId(0));
        for (ty, text, canonical) in [
            (Type::Money, "500", "500.00"),
            (Type::Money, " -3.5 ", "-3.50"),
            (Type::Money, "0.0001", "0.0001"),
            (Type::Number, "0.250", "0.25"),
            (Type::Percent, "10%", "0.1"),
            (Type::Percent, "12.5 %", "0.125"),
            (Type::Percent, "0.1", "0.1"),
            (Type::Duration, "2 weeks", "14 days"),
            (Type::Duration, "1 day", "1 day"),
            (Type::Duration, "36 hours", "36 hours"),
            (Type::Duration, "0 days", "0 seconds"),
            (Type::Duration, "-5 milliseconds", "-5 milliseconds"),
            (Type::Date, "2026-11-26", "2026-11-26"),
            (Type::Time, "2026-11-26T09:00:00+01:00", "2026-11-26T08:00:00Z"),
            (Type::Time, "2026-11-26 09:00", "2026-11-26T08:00:00Z"),
            (Type::Time, "2026-11-26T09:00:30", "2026-11-26T08:00:30Z"),
            (Type::Time, "2026-07-01", "2026-06-30T22:00:00Z"),
            (Type::Time, "2026-03-29 02:30", "2026-03-29T01:30:00Z"),
            (Type::Time, "2026-11-26T08:00:00.250Z", "2026-11-26T08:00:00.25Z"),
            (Type::YesNo, "TRUE", "yes"),
            (Type::YesNo, "0", "no"),
            (choice, "25-34", "25-34"),
            (Type::Text, " a b ", "a b"),
            (Type::ListOfText, "a; b;;c", "a\u{1f}b\u{1f}c"),
            (Type::ListOfText, "a;b\u{1f}c", "a;b\u{1f}c"),
        ] {
            let value = schema().read(ty, text, &zone).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(schema().write(&value), canonical, "{text}");
            assert_eq!(schema().read_canonical(ty, canonical), Some(value), "{canonical}");
        }
    }

    #[test]
    fn what_is_no_value_says_why() {
        let choice = Type::Choice(ChoiceId(0));
        for (ty, text, why) in [
            (Type::Money, "99,95", "is no amount like 99.95: not a decimal number"),
            (Type::Number, "1e3", "is no number like 0.25: not a decimal number"),
            (Type::Percent, "10 percent", "is no share like 0.1 or 10%: not a decimal number"),
            (Type::Duration, "90d", "is no duration like `90 days` or `36 hours`"),
            (Type::Duration, "+3 days", "is no duration like `90 days` or `36 hours`"),
            (Type::Duration, "99999999999999 days", "is no duration like `90 days` or `36 hours`"),
            (Type::Date, "26.11.2026", "is no date like 2026-11-26"),
            (
                Type::Time,
                "2026-11-26[Europe/Madrid]",
                "is no time like 2026-11-26T09:00:00Z, 2026-11-26 or 2026-11-26 09:00",
            ),
            (
                Type::Time,
                "9999-12-31T23:59:59Z",
                "is later than 9999-12-30T22:00:00Z, the last time that there is",
            ),
            (
                Type::Time,
                "9999-12-31T23:59:59-05:00",
                "is later than 9999-12-30T22:00:00Z, the last time that there is",
            ),
            (Type::YesNo, "maybe", "is neither yes nor no"),
            (choice, "gold", "is none of free, 25-34"),
            (Type::ListOfText, " ; ", "is a list without an element"),
            (Type::Text, "  ", "is empty"),
        ] {
            assert_eq!(schema().read(ty, text, &TimeZone::UTC), Err(why.to_owned()), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_back(scalar: i64) {
            for ty in [Type::Money, Type::Number, Type::Percent, Type::Duration] {
                let value = schema().from_scalar(ty, scalar).unwrap();
                let text = schema().write(&value);
                proptest::prop_assert_eq!(schema().read_canonical(ty, &text), Some(value), "{}", text);
            }
        }

        #[test]
        fn no_text_panics(text: String) {
            for ty in [Type::Money, Type::Duration, Type::Date, Type::Time, Type::ListOfText] {
                let _ = schema().read(ty, &text, &TimeZone::UTC);
            }
        }
    }
}
