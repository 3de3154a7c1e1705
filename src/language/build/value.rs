//! Quantities, exact: texts of digits into numbers with their units.

use crate::diagnostic::{Diagnostic, Span};
use crate::model::{Currency, DAY_MS, Date, Duration, HOUR_MS, MINUTE_MS, Money, Number, Share, TimeOfDay};

use super::super::clause::Clause;
use super::super::fault::impossible;
use super::super::foreign;
use super::super::grammar::{Node, Rule};
use super::super::tree::ExprKind;

const TOO_MUCH: &str = "beyond its limits a number would be cut, and other customers would be meant";
const NO_SUCH_TIME: &str = "a guess at the day or hour that was meant might reach the wrong people";

/// A literal of any kind. One that cannot be is answered and reads as not available.
pub(super) fn literal(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<ExprKind> {
    let place = clause.place(node);
    let text = node.as_str().trim_end();
    let foreign = foreign::quantity(node.as_rule(), text).map(|(right, _)| right);
    // Its diagnostic is made; without a right spelling there is nothing to go on with.
    if foreign.as_deref() == Some("") {
        return Some(ExprKind::NotAvailable);
    }
    let text = foreign.as_deref().unwrap_or(text);
    let kind = match node.as_rule() {
        Rule::number | Rule::list_number | Rule::compat_number => number(text),
        Rule::money | Rule::list_money | Rule::compat_money | Rule::compat_list_money => money(text),
        Rule::percent | Rule::compat_percent => {
            share(text).map(ExprKind::Percent).map_err(|why| format!("`{text}` {why}"))
        }
        Rule::duration
        | Rule::list_duration
        | Rule::compat_duration
        | Rule::compat_months
        | Rule::compat_unit => duration(text).map(ExprKind::Duration),
        Rule::date | Rule::compat_date => {
            Date::parse(text).map(ExprKind::Date).ok_or_else(|| format!("there is no day `{text}`"))
        }
        Rule::time_of_day | Rule::compat_time | Rule::compat_hour => TimeOfDay::parse(text)
            .map(ExprKind::TimeOfDay)
            .ok_or_else(|| format!("there is no time of day `{text}`")),
        Rule::yes => Ok(ExprKind::YesNo(true)),
        Rule::no => Ok(ExprKind::YesNo(false)),
        Rule::string | Rule::compat_string => Ok(ExprKind::Text(clause.name(node).text)),
        Rule::compat_bare_value => Ok(ExprKind::Text(text.to_owned())),
        _ => return None,
    };
    Some(settle(kind, node.as_rule(), place, found).unwrap_or(ExprKind::NotAvailable))
}

fn settle<T>(value: Result<T, String>, rule: Rule, place: Span, found: &mut Vec<Diagnostic>) -> Option<T> {
    value
        .map_err(|message| {
            let of_time = matches!(
                rule,
                Rule::date | Rule::compat_date | Rule::time_of_day | Rule::compat_time | Rule::compat_hour
            );
            found.push(impossible(place, message, if of_time { NO_SUCH_TIME } else { TOO_MUCH }));
        })
        .ok()
}

fn number(text: &str) -> Result<ExprKind, String> {
    // A bare number may turn out to be money, which keeps fewer decimals: the checker looks.
    Number::parse(text)
        .or_else(|why| Money::parse(text).map(|_| Number::default()).map_err(|_| why))
        .map(|_| ExprKind::Number(text.to_owned()))
        .map_err(|why| format!("`{text}` is {why}"))
}

fn money(text: &str) -> Result<ExprKind, String> {
    let (amount, code) = text.split_at(text.len().saturating_sub(3));
    let amount = amount.trim();
    Money::parse(amount)
        .map_err(|why| format!("`{text}` has {why}").replace("has too large", "is too large"))?;
    let currency = Currency::parse(code).ok_or_else(|| format!("`{code}` is no currency"))?;
    Ok(ExprKind::Money(amount.to_owned(), currency))
}

/// The share before a `%`.
fn share(text: &str) -> Result<Share, String> {
    Share::parse_percent(text.trim_end_matches('%').trim()).map_err(|why| match why {
        crate::model::ParseQuantityError::TooPrecise => "has too many decimals".to_owned(),
        other => format!("is {other}"),
    })
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..split].trim(), text[split..].to_ascii_lowercase());
    let size = match unit.trim_end_matches('s') {
        "minute" => MINUTE_MS,
        "hour" => HOUR_MS,
        "day" => DAY_MS,
        _ => 7 * DAY_MS,
    };
    let parsed = Number::parse(number).map_err(|why| format!("`{text}` is {why}"))?;
    let exact = i128::from(parsed.0) * i128::from(size) / i128::from(Number::SCALE);
    i64::try_from(exact)
        .ok()
        .filter(|millis| *millis <= LONGEST.0)
        .map(Duration)
        .ok_or_else(|| format!("`{text}` is longer than a thousand years"))
        .and_then(
            |duration| {
                if duration.0 >= 0 { Ok(duration) } else { Err(format!("`{text}` is no length of time")) }
            },
        )
}

/// The length that a foreign spelling of one means; its diagnostic is made elsewhere.
pub(super) fn length(node: &Node<'_>) -> Option<Duration> {
    duration(node.as_str().trim_end()).ok()
}

/// Longer durations are mistakes, and would carry instants beyond the calendar.
const LONGEST: Duration = Duration::days(365_000);

/// A duration node, where nothing else may stand: a window, a wait or a period, which has a length.
pub(super) fn any_duration(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<Duration> {
    match literal(clause, node, found) {
        Some(ExprKind::Duration(Duration(0))) => {
            let message = format!("`{}` is no length of time", node.as_str().trim_end());
            found.push(impossible(clause.place(node), message, TOO_MUCH));
            None
        }
        Some(ExprKind::Duration(duration)) => Some(duration),
        _ => None,
    }
}

/// A day, where nothing else may stand.
pub(super) fn any_date(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<Date> {
    match literal(clause, node, found) {
        Some(ExprKind::Date(date)) => Some(date),
        _ => None,
    }
}

/// A time of day, where nothing else may stand.
pub(super) fn any_time(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<TimeOfDay> {
    match literal(clause, node, found) {
        Some(ExprKind::TimeOfDay(time)) => Some(time),
        _ => None,
    }
}

/// A share, where nothing else may stand.
pub(super) fn any_share(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<Share> {
    match literal(clause, node, found) {
        Some(ExprKind::Percent(share)) => Some(share),
        _ => None,
    }
}

/// A whole number up to `limit`.
pub(super) fn whole(
    clause: &Clause<'_>,
    node: &Node<'_>,
    limit: u64,
    found: &mut Vec<Diagnostic>,
) -> Option<u64> {
    let text = node.as_str().trim_end();
    let foreign = foreign::quantity(node.as_rule(), text).map(|(right, _)| right);
    let text = foreign.as_deref().unwrap_or(text);
    let value = text.parse().ok().filter(|value| *value <= limit);
    let value = value.ok_or_else(|| format!("`{text}` is more than {limit}, the most that can stand here"));
    settle(value, node.as_rule(), clause.place(node), found)
}

/// The rules that are durations.
pub(super) const DURATIONS: [Rule; 4] =
    [Rule::duration, Rule::compat_duration, Rule::compat_months, Rule::compat_unit];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        for (text, millis) in [
            ("1 minute", MINUTE_MS),
            ("90 days", 90 * DAY_MS),
            ("1.5 hours", 90 * MINUTE_MS),
            ("2 weeks", 14 * DAY_MS),
            ("0 days", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration(millis)), "{text}");
        }
        for text in ["-1 days", "999999999999 weeks", "1.0000001 days"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
