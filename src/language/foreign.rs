//! Foreign quantities rewritten as the language spells them.

use crate::diagnostic::Applicability::{self, NeedsReview, Safe};
use crate::model::{Date, Number};

use super::grammar::Rule;

/// The right spelling of a foreign quantity and how sure it is; empty where there is none to
/// propose. Nothing for a rule that is no foreign quantity.
pub(super) fn quantity(rule: Rule, text: &str) -> Option<(String, Applicability)> {
    Some(match rule {
        Rule::compat_money | Rule::compat_list_money => money(text),
        Rule::compat_currency => currency(text),
        Rule::compat_number => amount(text),
        Rule::compat_percent => percent(text),
        Rule::compat_duration => duration(text),
        Rule::compat_months => months(text),
        Rule::compat_unit => seconds(text),
        Rule::compat_date => (date(text).unwrap_or_default(), NeedsReview),
        Rule::compat_time => (time(text).unwrap_or_default(), Safe),
        Rule::compat_hour => (time(&format!("{text}:00")).unwrap_or_default(), Safe),
        _ => return None,
    })
}

/// Digits with marks between them as a decimal: the last of two kinds of marks is the decimal one;
/// a single mark before exactly three digits counts as one of thousands, but only perhaps.
fn amount(text: &str) -> (String, Applicability) {
    let text = text.trim().replace('\'', "");
    if let Some(thousands) = text.strip_suffix(['k', 'K']) {
        // A comma may be one of thousands here, too.
        let (plain, sure) =
            if thousands.contains(',') { amount(thousands) } else { (thousands.to_owned(), Safe) };
        let value = Number::parse(&plain).ok().and_then(|n| n.0.checked_mul(1_000));
        return (value.map(|v| Number(v).to_string()).unwrap_or_default(), sure);
    }
    let (comma, dot) = (text.rfind(','), text.rfind('.'));
    let decimals = |at: usize| text.len() - at - 1;
    match (comma, dot) {
        (None, None) => (text, Safe),
        (Some(comma), Some(dot)) => {
            let (whole, fraction) = text.split_at(comma.max(dot));
            (format!("{}.{}", whole.replace([',', '.'], ""), &fraction[1..]), NeedsReview)
        }
        (Some(comma), None) if text.matches(',').count() == 1 && decimals(comma) != 3 => {
            (text.replace(',', "."), Safe)
        }
        (Some(_), None) => (text.replace(',', ""), NeedsReview),
        (None, Some(dot)) if text.matches('.').count() == 1 && decimals(dot) != 3 => (text, Safe),
        (None, Some(_)) => (text.replace('.', ""), NeedsReview),
    }
}

fn money(text: &str) -> (String, Applicability) {
    let is_digit = |c: char| c.is_ascii_digit();
    let start = text.find(|c| is_digit(c) || c == '-').unwrap_or(0);
    let end = text.rfind(is_digit).map_or(text.len(), |at| at + 1);
    let (number, sure) = amount(&text[start..end]);
    let (code, certain) = currency(if start > 0 { &text[..start] } else { &text[end..] });
    let applicability = if sure == Safe && certain == Safe { Safe } else { NeedsReview };
    (format!("{number} {code}"), applicability)
}

/// A currency's code. `$` and `¥` belong to several.
fn currency(text: &str) -> (String, Applicability) {
    let (code, applicability) = match text.trim().to_lowercase().as_str() {
        "€" | "euro" | "euros" => ("EUR", Safe),
        "£" => ("GBP", Safe),
        "us$" => ("USD", Safe),
        "$" | "dollar" | "dollars" => ("USD", NeedsReview),
        "pound" | "pounds" => ("GBP", NeedsReview),
        "¥" => ("JPY", NeedsReview),
        other => return (other.to_uppercase(), Safe),
    };
    (code.to_owned(), applicability)
}

fn percent(text: &str) -> (String, Applicability) {
    let number = text.trim_end_matches(|c: char| c == '%' || c == ' ' || c.is_alphabetic());
    (format!("{}%", number.replace(',', ".")), Safe)
}

/// The number at the beginning and what follows it.
fn number_and_rest(text: &str) -> (&str, String) {
    let end = text.find(|c: char| c.is_alphabetic() || c == ' ').unwrap_or(text.len());
    (&text[..end], text[end..].trim().to_lowercase())
}

/// `1 day`, `2 days`.
fn counted(number: &str, unit: &str) -> String {
    format!("{number} {unit}{}", if number == "1" { "" } else { "s" })
}

fn duration(text: &str) -> (String, Applicability) {
    let (number, unit) = number_and_rest(text);
    let (word, applicability) = match unit.as_str() {
        // Minutes or months.
        "m" => ("minute", NeedsReview),
        "min" | "mins" | "minute" | "minutes" => ("minute", Safe),
        "h" | "hr" | "hrs" | "hour" | "hours" => ("hour", Safe),
        "d" | "day" | "days" => ("day", Safe),
        _ => ("week", Safe),
    };
    (counted(number, word), applicability)
}

/// Months as 30 days, quarters as 90, years as 365; twelve months are a year.
fn months(text: &str) -> (String, Applicability) {
    let (number, unit) = number_and_rest(text);
    let whole: Option<u32> = number.parse().ok();
    let days = whole.and_then(|count| match unit.as_bytes().first() {
        Some(b'y') => count.checked_mul(365),
        Some(b'q') if count % 4 == 0 => (count / 4).checked_mul(365),
        Some(b'q') => count.checked_mul(90),
        _ if count % 12 == 0 => (count / 12).checked_mul(365),
        _ => count.checked_mul(30),
    });
    let right = days.map(|days| counted(&days.to_string(), "day"));
    (right.unwrap_or_default(), NeedsReview)
}

/// Seconds as the minutes that hold them.
fn seconds(text: &str) -> (String, Applicability) {
    let (number, unit) = number_and_rest(text);
    let millis = if unit == "ms" { 1 } else { 1_000 };
    let minutes = Number::parse(number)
        .ok()
        .and_then(|n| n.0.checked_mul(millis))
        .map(|n| n.div_euclid(60_000 * Number::SCALE) + i64::from(n.rem_euclid(60_000 * Number::SCALE) > 0));
    (minutes.map(|minutes| counted(&minutes.max(1).to_string(), "minute")).unwrap_or_default(), NeedsReview)
}

/// Day before month, as most of the world writes, unless only the other way round is a date.
fn date(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(['/', '.', '-']).collect();
    let [a, b, c] = parts.as_slice() else { return None };
    let number = |text: &str| text.parse::<u16>().ok();
    let (a, b, mut c) = (number(a)?, number(b)?, number(c)?);
    let written = |year: u16, month: u16, day: u16| {
        let text = format!("{year:04}-{month:02}-{day:02}");
        Date::parse(&text).map(|_| text)
    };
    if a > 31 {
        return written(a, b, c);
    }
    if c < 100 {
        c += 2_000;
    }
    written(c, b, a).or_else(|| written(c, a, b))
}

fn time(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let digits = lower.trim_end_matches(|c: char| c == ' ' || c.is_alphabetic());
    let mut parts = digits.split(':');
    let mut hour: u16 = parts.next()?.parse().ok()?;
    let minute: u16 = parts.next().map_or(Some(0), |m| m.parse().ok())?;
    if lower.ends_with('m') {
        if hour == 0 || hour > 12 {
            return None;
        }
        hour = hour % 12 + if lower.ends_with("pm") { 12 } else { 0 };
    }
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

/// `last week` as the days that it may mean; lower-case.
pub(super) fn period_days(text: &str) -> &'static str {
    match text.split_whitespace().next_back().unwrap_or("") {
        "day" => "1 day",
        "week" => "7 days",
        "month" => "30 days",
        _ => "365 days",
    }
}

/// The sign of a comparison that was written as people say it; lower-case.
pub(super) fn spoken_comparison(text: &str) -> &'static str {
    let has = |word: &str| text.split_whitespace().any(|w| w == word);
    let greater = ["greater", "more", "bigger", "higher", "over", "above"].iter().any(|word| has(word));
    if has("least") || (greater && has("equal")) {
        ">="
    } else if has("most") || has("equal") {
        "<="
    } else if greater {
        ">"
    } else {
        "<"
    }
}

/// Whether `is not empty`, `is set` and their like, lower-case, mean `is known`.
pub(super) fn means_known(text: &str) -> bool {
    let negated = text.split_whitespace().any(|word| word == "not");
    let last = text.split_whitespace().next_back().unwrap_or("");
    matches!(last, "known" | "set") != negated
}

/// The type that programmers' words mean; lower-case.
pub(super) fn type_word(text: &str) -> &'static str {
    match text {
        "string" | "str" | "varchar" => "text",
        "integer" | "int" | "float" | "double" | "decimal" => "number",
        "datetime" | "timestamp" => "time",
        "percentage" => "percent",
        _ => "yes/no",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_quantities_have_one_right_spelling() {
        for (rule, text, right, applicability) in [
            (Rule::compat_money, "$1,000", "1000 USD", NeedsReview),
            (Rule::compat_money, "500€", "500 EUR", Safe),
            (Rule::compat_money, "EUR 99,95", "99.95 EUR", Safe),
            (Rule::compat_money, "1.000,50 eur", "1000.50 EUR", NeedsReview),
            (Rule::compat_money, "500EUR", "500 EUR", Safe),
            (Rule::compat_number, "1'000'000", "1000000", Safe),
            (Rule::compat_number, "1.000", "1000", NeedsReview),
            (Rule::compat_number, "1,234,567.89", "1234567.89", NeedsReview),
            (Rule::compat_number, "1.5k", "1500", Safe),
            (Rule::compat_hour, "9", "09:00", Safe),
            (Rule::compat_percent, "12,5 %", "12.5%", Safe),
            (Rule::compat_duration, "90d", "90 days", Safe),
            (Rule::compat_duration, "1h", "1 hour", Safe),
            (Rule::compat_duration, "5m", "5 minutes", NeedsReview),
            (Rule::compat_months, "3 months", "90 days", NeedsReview),
            (Rule::compat_months, "12 months", "365 days", NeedsReview),
            (Rule::compat_unit, "90 seconds", "2 minutes", NeedsReview),
            (Rule::compat_date, "26/11/2026", "2026-11-26", NeedsReview),
            (Rule::compat_date, "11/26/2026", "2026-11-26", NeedsReview),
            (Rule::compat_date, "31.02.2026", "", NeedsReview),
            (Rule::compat_time, "9 pm", "21:00", Safe),
            (Rule::compat_time, "12am", "00:00", Safe),
            (Rule::compat_time, "13pm", "", Safe),
        ] {
            assert_eq!(quantity(rule, text), Some((right.to_owned(), applicability)), "{text}");
        }
    }

    #[test]
    fn what_is_not_empty_is_known() {
        for (text, known) in [
            ("is empty", false),
            ("is not null", true),
            ("is set", true),
            ("is not set", false),
            ("is not known", false),
            ("is not unknown", true),
        ] {
            assert_eq!(means_known(text), known, "{text}");
        }
    }

    #[test]
    fn comparisons_that_are_said_have_their_sign() {
        for (text, sign) in [
            ("is greater than", ">"),
            ("more than or equal to", ">="),
            ("is less than or equal to", "<="),
            ("is at most", "<="),
            ("is at least", ">="),
            ("under", "<"),
        ] {
            assert_eq!(spoken_comparison(text), sign, "{text}");
        }
    }
}
