//! How a reader's language writes amounts, numbers, shares, dates and times. Exact: decimals go from text
//! to text.

mod table;

use jiff::civil;

use crate::model::Number;

use super::language_tag;
use table::{ALIKE, LOCALES};

/// A no-break space: what stands between a sign made of letters and a digit.
const NO_BREAK: char = '\u{a0}';
/// Currencies without a smaller unit (ISO 4217).
const WHOLE: [&str; 9] = ["CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"];

/// A language's ways, in the patterns of CLDR.
#[derive(Debug)]
pub(super) struct Locale {
    /// `es`, `es-mx`.
    pub(super) tag: &'static str,
    decimal: char,
    group: char,
    /// An amount: `¤` the currency, `9` the digits.
    money: &'static str,
    /// An amount below 0.
    owed: &'static str,
    percent: &'static str,
    short: &'static str,
    medium: &'static str,
    long: &'static str,
    full: &'static str,
    time: &'static str,
    /// Before noon and after, where the clock has twelve hours.
    halves: [&'static str; 2],
    /// Twelve names, as after a day.
    months: &'static str,
    short_months: &'static str,
    /// From Monday.
    days: &'static str,
    /// `EUR=€`, where the sign is not the code.
    symbols: &'static str,
}

/// How much of a date is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateStyle {
    /// `26/11/26`.
    Short,
    /// `26 nov 2026`.
    Medium,
    /// `26 de noviembre de 2026`.
    Long,
    /// With the day of the week.
    Full,
}

impl DateStyle {
    /// All, by the names that templates give them.
    pub(super) const NAMES: [(&'static str, Self); 4] =
        [("short", Self::Short), ("medium", Self::Medium), ("long", Self::Long), ("full", Self::Full)];
}

/// The language in which a reader is shown amounts and dates, as a tag to keep: the nearest that the table
/// has to theirs, with their country where the language names none. English for all others.
#[must_use]
pub fn locale_tag(language: Option<&str>, country: Option<&str>) -> &'static str {
    Locale::of(language, country).tag
}

impl Locale {
    /// See [`locale_tag`].
    pub(super) fn of(language: Option<&str>, country: Option<&str>) -> &'static Self {
        let Some(mut tag) = language.and_then(language_tag) else { return &LOCALES[0] };
        if let Some(country) = country.filter(|_| !tag.contains('-')) {
            tag = format!("{tag}-{}", country.trim().to_ascii_lowercase());
        }
        loop {
            let like = ALIKE.iter().find(|(own, _)| *own == tag).map_or(tag.as_str(), |(_, like)| like);
            if let Some(found) = LOCALES.iter().find(|locale| locale.tag == like) {
                return found;
            }
            match tag.rsplit_once('-') {
                Some((less, _)) => tag = less.to_owned(),
                None => return &LOCALES[0],
            }
        }
    }

    /// A plain decimal (`-1234.5`) with this language's signs: `-1.234,5`.
    pub(super) fn number(&self, decimal: &str) -> String {
        let (sign, rest) = match decimal.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", decimal),
        };
        format!("{sign}{}", self.digits(rest))
    }

    /// An amount, by its plain decimal and its currency's code; in `short` without cents where there are
    /// none.
    pub(super) fn money(&self, decimal: &str, currency: Option<&str>, short: bool) -> String {
        let (pattern, rest) = match decimal.strip_prefix('-') {
            Some(rest) => (self.owed, rest),
            None => (self.money, decimal),
        };
        let whole = short || currency.is_some_and(|code| WHOLE.contains(&code));
        let rest = rest.strip_suffix(".00").filter(|_| whole).unwrap_or(rest);
        let digits = self.digits(rest);
        let Some(code) = currency else {
            let sign = if pattern == self.owed { "-" } else { "" };
            return format!("{sign}{digits}");
        };
        let sign = self.symbol(code);
        let mut out = String::new();
        for c in pattern.chars() {
            match c {
                '¤' => out.push_str(sign),
                '9' => {
                    // `CHF 12.00`, where `$12.00` needs no space.
                    if out.ends_with(char::is_alphabetic) {
                        out.push(NO_BREAK);
                    }
                    out.push_str(&digits);
                }
                other => out.push(other),
            }
        }
        out
    }

    /// A share, by the plain decimal before its `%`.
    pub(super) fn percent(&self, decimal: &str) -> String {
        self.percent.replace('9', &self.number(decimal))
    }

    /// A day.
    pub(super) fn date(&self, date: civil::Date, style: DateStyle) -> String {
        let pattern = match style {
            DateStyle::Short => self.short,
            DateStyle::Medium => self.medium,
            DateStyle::Long => self.long,
            DateStyle::Full => self.full,
        };
        fill(pattern, |letter, count| self.of_date(date, letter, count))
    }

    /// A time of day.
    pub(super) fn time(&self, time: civil::Time) -> String {
        let hour = i64::from(time.hour());
        fill(self.time, |letter, count| match letter {
            'H' => padded(hour, count),
            'h' => padded(if hour % 12 == 0 { 12 } else { hour % 12 }, count),
            'm' => padded(i64::from(time.minute()), count),
            'a' => self.halves[usize::from(hour >= 12)].to_owned(),
            other => other.to_string(),
        })
    }

    fn of_date(&self, date: civil::Date, letter: char, count: usize) -> String {
        let word = |words: &str, at: i8| {
            let at = usize::try_from(at).unwrap_or_default();
            words.split(' ').nth(at).unwrap_or_default().to_owned()
        };
        match (letter, count) {
            ('y', 2) => padded(i64::from(date.year()).rem_euclid(100), 2),
            ('y', _) => date.year().to_string(),
            ('M', 3) => word(self.short_months, date.month() - 1),
            ('M', 4) => word(self.months, date.month() - 1),
            ('M', _) => padded(i64::from(date.month()), count),
            ('d', _) => padded(i64::from(date.day()), count),
            ('E', _) => word(self.days, date.weekday().to_monday_zero_offset()),
            (other, _) => other.to_string(),
        }
    }

    /// A decimal without its sign, thousands parted.
    fn digits(&self, decimal: &str) -> String {
        let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
        let mut out = String::new();
        for (at, digit) in whole.char_indices() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                out.push(self.group);
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(self.decimal);
            out.push_str(fraction);
        }
        out
    }

    fn symbol<'c>(&self, code: &'c str) -> &'c str {
        let mut known = self.symbols.split(' ').filter_map(|pair| pair.split_once('='));
        known.find(|(own, _)| *own == code).map_or(code, |(_, sign)| sign)
    }
}

/// A decimal of at most six places, rounded half to even to `places`, all of them written; none where it is
/// no such decimal.
pub(super) fn rounded(decimal: &str, places: usize) -> Option<String> {
    let exact = i128::from(Number::parse(decimal).ok()?.0);
    let places = places.min(6);
    let step = 10_i128.pow(u32::try_from(6 - places).ok()?);
    let (quotient, rest) = (exact.div_euclid(step), exact.rem_euclid(step));
    let up = rest * 2 > step || rest * 2 == step && quotient % 2 != 0;
    let units = quotient + i128::from(up);
    let scale = 10_i128.pow(u32::try_from(places).ok()?);
    let (whole, fraction) = (units.abs() / scale, units.abs() % scale);
    let sign = if units < 0 { "-" } else { "" };
    Some(if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction:0places$}") })
}

/// A number with zeros before it.
fn padded(number: i64, digits: usize) -> String {
    format!("{number:0digits$}")
}

/// Fills a pattern of CLDR: runs of one letter are asked for, what stands between `'` is as it is.
fn fill(pattern: &str, field: impl Fn(char, usize) -> String) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        if c == '\'' {
            quoted = !quoted;
        } else if quoted || !c.is_ascii_alphabetic() {
            out.push(c);
        } else {
            let mut count = 1;
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            out.push_str(&field(c, count));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_the_nearest_language() {
        for (language, country, tag) in [
            (None, Some("ES"), "en"),
            (Some("es"), None, "es"),
            (Some("es"), Some("mx"), "es-mx"),
            (Some("es"), Some("PE"), "es-mx"),
            (Some("es-419"), None, "es-mx"),
            (Some("es-ES"), Some("MX"), "es"),
            (Some("es"), Some("Mexico"), "es"),
            (Some("EN_gb"), None, "en-gb"),
            (Some("en"), Some("IE"), "en-gb"),
            (Some("en"), Some("US"), "en"),
            (Some("pt"), Some("PT"), "pt-pt"),
            (Some("de-Latn-CH"), None, "de"),
            (Some("ja"), Some("JP"), "en"),
            (Some("Spanish"), None, "en"),
        ] {
            assert_eq!(Locale::of(language, country).tag, tag, "{language:?} {country:?}");
        }
        for (_, like) in ALIKE {
            assert!(LOCALES.iter().any(|locale| locale.tag == like), "{like}");
        }
    }

    #[test]
    fn every_language_has_twelve_months_and_seven_days() {
        for locale in &LOCALES {
            for (words, count) in [(locale.months, 12), (locale.short_months, 12), (locale.days, 7)] {
                assert_eq!(words.split(' ').filter(|word| !word.is_empty()).count(), count, "{}", locale.tag);
            }
        }
    }

    #[test]
    fn decimals_are_rounded_half_to_even_when_asked() {
        for (decimal, places, expected) in [
            ("12.5", 0, "12"),
            ("13.5", 0, "14"),
            ("-0.4", 0, "0"),
            ("-2.55", 1, "-2.6"),
            ("2.345678", 9, "2.345678"),
            ("9999999999.999999", 2, "10000000000.00"),
            ("7", 2, "7.00"),
        ] {
            assert_eq!(rounded(decimal, places).as_deref(), Some(expected), "{decimal} {places}");
        }
        assert_eq!(rounded("1.2.3", 1), None);
    }
}
