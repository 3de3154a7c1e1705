//! What messages look like when they are filled: in which language, and never as markup.

mod formats;
mod layouts;
mod markdown;
mod needs;
mod preview;

use std::collections::BTreeMap;

use cvmd::message::{Filled, LOCALE, Shown, Templates, render};
use cvmd::model::{Currency, Date, Money, Number, Share};

/// A text part alone.
pub fn text(template: &str) -> Templates {
    Templates { subject: String::new(), html: None, text: Some(template.into()), preview: None }
}

/// Values for a reader of a language.
pub fn filled(locale: &str, values: &[(&str, Shown)]) -> Filled {
    let mut filled: BTreeMap<String, Shown> =
        values.iter().map(|(name, shown)| ((*name).to_owned(), shown.clone())).collect();
    filled.insert(LOCALE.into(), Shown::Text(locale.into()));
    filled
}

/// A template filled for a reader of a language.
pub fn shown(locale: &str, template: &str, values: &[(&str, Shown)]) -> Result<String, String> {
    render(&text(template), &filled(locale, values)).map(|rendered| rendered.text).map_err(|e| e.to_string())
}

/// A value, by what the plain placeholder shows of it.
pub fn value(text: &str) -> Shown {
    if let Some(share) = text.strip_suffix('%') {
        return Shown::Percent(Share::parse_percent(share).unwrap());
    }
    if let Some((amount, currency)) = text.split_once(' ') {
        return Shown::Money(Money::parse(amount).unwrap(), Currency::parse(currency));
    }
    if text.len() == 10 && text.as_bytes()[4] == b'-' {
        let day: jiff::civil::Date = text.parse().unwrap();
        let days = day.since(jiff::civil::date(1970, 1, 1)).unwrap().get_days();
        return Shown::Date(Date(days));
    }
    if text.contains(':') {
        return Shown::Time(format!("2026-11-26 {text}"));
    }
    Shown::Number(Number::parse(text).unwrap())
}
