//! Whether a condition held, from the script alone: yes, no, or unknown (`None`).

use std::collections::BTreeMap;

use super::reader::length;
use crate::year::script::{Ms, Person};

/// One of the comparisons that `and` joins.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    value: Value,
    compare: Compare,
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Field(String),
    Orders,
    Revenue,
    Recency,
    /// Orders in so long a time up to now.
    OrdersIn(Ms),
}

#[derive(Debug, Clone, PartialEq)]
enum Compare {
    Equal(String),
    Unequal(String),
    Below(String),
    Above(String),
    AtLeast(String),
    AtMost(String),
    Known,
    Unknown,
}

/// What is known of a customer at an instant.
pub struct Known<'a> {
    pub now: Ms,
    pub person: &'a Person,
    /// Instant and cents of each order that was learnt by now and had happened by now.
    pub orders: Vec<(Ms, i64)>,
    pub ranks: &'a BTreeMap<String, Vec<String>>,
}

impl Atom {
    pub fn read(text: &str) -> Self {
        if let Some(value) = text.strip_suffix(" is unknown") {
            return Self { value: Value::read(value), compare: Compare::Unknown };
        }
        if let Some(value) = text.strip_suffix(" is known") {
            return Self { value: Value::read(value), compare: Compare::Known };
        }
        for (sign, compare) in [
            (" >= ", Compare::AtLeast as fn(String) -> Compare),
            (" <= ", Compare::AtMost),
            (" != ", Compare::Unequal),
            (" = ", Compare::Equal),
            (" < ", Compare::Below),
            (" > ", Compare::Above),
        ] {
            if let Some((value, with)) = text.split_once(sign) {
                let with = with.trim().trim_matches('"').to_owned();
                return Self { value: Value::read(value), compare: compare(with) };
            }
        }
        panic!("the checker does not know the comparison `{text}`");
    }

    /// Whether the passing of time alone can change it.
    pub fn ages(&self) -> bool {
        matches!(self.value, Value::Recency | Value::OrdersIn(_))
    }

    fn holds(&self, known: &Known<'_>) -> Option<bool> {
        let value = self.value.of(known);
        match &self.compare {
            Compare::Known => Some(value.is_some()),
            Compare::Unknown => Some(value.is_none()),
            Compare::Equal(with) => Some(self.order(&value?, with, known).is_eq()),
            Compare::Unequal(with) => Some(self.order(&value?, with, known).is_ne()),
            Compare::Below(with) => Some(self.order(&value?, with, known).is_lt()),
            Compare::Above(with) => Some(self.order(&value?, with, known).is_gt()),
            Compare::AtLeast(with) => Some(self.order(&value?, with, known).is_ge()),
            Compare::AtMost(with) => Some(self.order(&value?, with, known).is_le()),
        }
    }

    fn order(&self, value: &str, with: &str, known: &Known<'_>) -> std::cmp::Ordering {
        match &self.value {
            Value::Field(field) => match known.ranks.get(field) {
                Some(ranks) => {
                    let rank = |text: &str| ranks.iter().position(|one| one == text);
                    rank(value).cmp(&rank(with))
                }
                None => match (value.parse::<i64>(), with.parse::<i64>()) {
                    (Ok(value), Ok(with)) => value.cmp(&with),
                    _ => value.cmp(with),
                },
            },
            Value::Orders | Value::OrdersIn(_) => number(value).cmp(&number(with)),
            Value::Revenue => number(value).cmp(&(number(with) * 100)),
            Value::Recency => {
                let (count, unit) = with.split_once(' ').unwrap();
                number(value).cmp(&length(count, unit))
            }
        }
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("the checker takes `{text}` for a number"))
}

impl Value {
    fn read(text: &str) -> Self {
        let text = text.trim();
        match text {
            "orders" => Self::Orders,
            "revenue" => Self::Revenue,
            "recency" => Self::Recency,
            _ => match text.strip_prefix("count(order in last ").and_then(|rest| rest.strip_suffix(')')) {
                Some(window) => {
                    let (count, unit) = window.split_once(' ').unwrap();
                    Self::OrdersIn(length(count, unit))
                }
                None => Self::Field(text.to_owned()),
            },
        }
    }

    fn of(&self, known: &Known<'_>) -> Option<String> {
        let orders = &known.orders;
        match self {
            Self::Field(field) => {
                let value = known.person.fields.get(field.as_str()).cloned();
                value.filter(|value| !value.is_empty())
            }
            Self::Orders => Some(orders.len().to_string()),
            Self::Revenue => Some(orders.iter().map(|(_, cents)| cents).sum::<i64>().to_string()),
            Self::Recency => orders.iter().map(|(at, _)| known.now - at).min().map(|age| age.to_string()),
            Self::OrdersIn(window) => {
                let within = |(at, _): &&(Ms, i64)| known.now - at <= *window;
                Some(orders.iter().filter(within).count().to_string())
            }
        }
    }
}

/// All of them: one false is false, else one unknown is unknown.
pub fn all(atoms: &[Atom], known: &Known<'_>) -> Option<bool> {
    let mut unknown = false;
    for atom in atoms {
        match atom.holds(known) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(true)
}
