//! The values a message is filled with, frozen so that they mean the same under any later rule set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Currency, Date, Duration, Instant, Money, Number, Share, TimeOfDay};
use crate::ruleset::{Message, RuleSet, Type, Value};

/// A value as it is shown in a message. Needs no rule set to be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// An amount, with its currency where the workspace declares one.
    Money(Money, Option<Currency>),
    /// A plain number.
    Number(Number),
    /// A share.
    Percent(Share),
    /// A length of time.
    Duration(Duration),
    /// A day.
    Date(Date),
    /// A point in time as its wall clock in the workspace's zone: `2026-11-26 09:00`.
    Time(String),
    /// A wall-clock time.
    TimeOfDay(TimeOfDay),
    /// A text, or the name of a choice's value.
    Text(String),
    /// Yes or no.
    YesNo(bool),
    /// Several texts.
    List(Vec<String>),
}

/// Placeholder to value; what is unknown is left out. A field of the event that a rule fired on is
/// called `cart_abandoned.value`.
pub type Filled = BTreeMap<String, Shown>;

/// Freezes one value of type `ty`; `None` for a choice's code that the rule set does not have and
/// for a text of nothing but spaces, which would show as a gap.
#[must_use]
pub fn show(set: &RuleSet, ty: Type, value: &Value) -> Option<Shown> {
    Some(match value {
        Value::Money(money) => Shown::Money(money.to_cent(), set.workspace.currency),
        Value::Number(number) => Shown::Number(*number),
        Value::Percent(share) => Shown::Percent(*share),
        Value::Duration(duration) => Shown::Duration(*duration),
        Value::Date(date) => Shown::Date(*date),
        Value::Time(instant) => Shown::Time(wall_clock(*instant, &set.workspace.zone)),
        Value::TimeOfDay(time) => Shown::TimeOfDay(*time),
        Value::YesNo(yes) => Shown::YesNo(*yes),
        Value::Choice(id, code) => {
            let choices = set.schema.choices.get(usize::from(id.0))?;
            Shown::Text(choices.names.get(usize::try_from(*code).ok()?)?.clone())
        }
        Value::Text(text) if text.trim().is_empty() => return None,
        Value::Text(text) if ty == Type::ListOfText => {
            Shown::List(text.split('\u{1f}').map(str::to_owned).collect())
        }
        Value::Text(text) => Shown::Text(text.clone()),
    })
}

/// Freezes all values of a message: `value_of` gives the value of each of `message.fields` in
/// their order, `None` where it is unknown.
#[must_use]
pub fn fill(set: &RuleSet, message: &Message, mut value_of: impl FnMut(usize) -> Option<Value>) -> Filled {
    let mut filled = Filled::new();
    for (index, (name, expr)) in message.fields.iter().enumerate() {
        if let Some(shown) = value_of(index).and_then(|value| show(set, expr.ty, &value)) {
            filled.insert(name.clone(), shown);
        }
    }
    filled
}

/// `2026-11-26 09:00` in `zone`, in UTC where the zone is not known here.
fn wall_clock(instant: Instant, zone: &str) -> String {
    let Ok(timestamp) = jiff::Timestamp::from_millisecond(instant.0) else { return instant.to_string() };
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    timestamp.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
}
