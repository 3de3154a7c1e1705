//! Values as the outside sees them: JSON for calls, words for explanations.

use serde_json::json;

use crate::record::Order;
use crate::ruleset::Value;

use super::active::Active;

/// A value as JSON text: money `{"amount":"820.00","currency":"EUR"}`, shares as fractions, numbers
/// to the digit (never through a float), durations in seconds, an unknown `null`.
#[must_use]
pub(super) fn json(active: &Active, value: Option<&Value>) -> String {
    let Some(value) = value else { return "null".into() };
    match value {
        Value::Money(money) => {
            let currency = active.rules.workspace.currency.map(|currency| currency.to_string());
            json!({"amount": money.to_string(), "currency": currency}).to_string()
        }
        Value::Number(number) => number.to_string(),
        Value::Percent(share) => share.fraction(),
        Value::Duration(duration) => (duration.0 / 1_000).to_string(),
        Value::YesNo(value) => value.to_string(),
        Value::Date(_) | Value::Time(_) | Value::TimeOfDay(_) | Value::Choice(..) => {
            json!(active.rules.schema.write(value)).to_string()
        }
        Value::Text(text) => json!(text).to_string(),
    }
}

/// What an order consists of, a JSON object a line.
pub(super) fn lines(order: &Order) -> Vec<serde_json::Value> {
    let lines = order.lines.iter().map(|line| {
        json!({
            "quantity": line.quantity.map(|quantity| quantity.to_string()),
            "product": line.product,
            "category": line.category,
            "channel": line.channel,
        })
    });
    lines.collect()
}

/// A value for people: `820.00 EUR`, `71 days`, `unknown`.
#[must_use]
pub(super) fn shown(active: &Active, value: Option<&Value>) -> String {
    let Some(value) = value else { return "unknown".into() };
    match value {
        Value::Money(money) => match active.rules.workspace.currency {
            Some(currency) => format!("{money} {currency}"),
            None => money.to_string(),
        },
        Value::Number(number) => number.to_string(),
        Value::Percent(share) => share.to_string(),
        Value::Duration(duration) => duration.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
        Value::TimeOfDay(time) => time.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::YesNo(value) => if *value { "yes" } else { "no" }.into(),
        Value::Choice(id, code) => {
            let names = &active.rules.schema.choices(*id).names;
            names.get(*code as usize).cloned().unwrap_or_else(|| "unknown".into())
        }
    }
}
