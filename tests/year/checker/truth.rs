//! Whether a condition held, from the script alone: yes, no, or unknown (`None`).

use std::collections::BTreeMap;

use super::reader::length;
use crate::year::script::{Ms, Person};

/// One of the conditions that `and` joins.
#[derive(Debug, Clone, PartialEq)]
pub enum Atom {
    Compares(Value, Compare),
    Moved(Moved),
}

/// A movement: of an attribute, a segmentation, or an audience, in which one is `in` or `out`.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    pub track: Track,
    pub how: How,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Track {
    /// An attribute or a segmentation.
    Field(String),
    Audience(String),
}

#[derive(Debug, Clone, PartialEq)]
pub enum How {
    Becomes(String),
    Changes,
    Rises,
    Falls,
}

/// From one place to another.
#[derive(Debug, Clone)]
pub struct Move {
    /// The tick that learnt it.
    pub learnt: Ms,
    pub from: Option<String>,
    pub to: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Field(String),
    /// A number of the event on which it is decided.
    OfEvent,
    /// The message that this event is about.
    OfEventMessage,
    Orders,
    Revenue,
    Recency,
    /// Orders in so long a time up to now.
    OrdersIn(Ms),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Compare {
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
    /// What rules have set, by attribute.
    pub set: BTreeMap<&'a str, &'a str>,
    /// Instant and cents of each order that was learnt by now and had happened by now.
    pub orders: Vec<(Ms, i64)>,
    pub ranks: &'a BTreeMap<String, Vec<String>>,
    /// The event on which it is decided.
    pub event: Option<Told<'a>>,
    /// The moves that the rule sees.
    pub moves: Vec<(&'a Track, &'a Move)>,
}

/// What an event says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told<'a> {
    /// Its number, in cents.
    pub cents: Option<i64>,
    /// The message that it is about.
    pub message: Option<&'a str>,
}

impl Moved {
    /// Whether a move is what is meant.
    pub fn means(&self, track: &Track, one: &Move, ranks: &BTreeMap<String, Vec<String>>) -> bool {
        let rank = |place: &str| match track {
            Track::Field(field) => ranks[field].iter().position(|one| one == place),
            Track::Audience(_) => panic!("nobody rises in an audience"),
        };
        self.track == *track
            && match (&self.how, &one.from) {
                (How::Becomes(place), _) => one.to == *place,
                (How::Changes, from) => from.is_some(),
                (How::Rises, Some(from)) => rank(&one.to) > rank(from),
                (How::Falls, Some(from)) => rank(&one.to) < rank(from),
                (How::Rises | How::Falls, None) => false,
            }
    }
}

impl Atom {
    pub fn read(text: &str) -> Self {
        if let Some(moved) = moved(text) {
            return Self::Moved(moved);
        }
        if let Some(value) = text.strip_suffix(" is unknown") {
            return Self::Compares(Value::read(value), Compare::Unknown);
        }
        if let Some(value) = text.strip_suffix(" is known") {
            return Self::Compares(Value::read(value), Compare::Known);
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
                return Self::Compares(Value::read(value), compare(with));
            }
        }
        panic!("the checker does not know the comparison `{text}`");
    }

    /// How long after an order it may change by the passing of time alone.
    pub fn ages(&self) -> Option<Ms> {
        let Self::Compares(value, compare) = self else { return None };
        match (value, compare) {
            (Value::OrdersIn(window), _) => Some(*window),
            (
                Value::Recency,
                Compare::Below(with) | Compare::Above(with) | Compare::AtLeast(with) | Compare::AtMost(with),
            ) => Some(span(with)),
            _ => None,
        }
    }

    fn holds(&self, known: &Known<'_>) -> Option<bool> {
        let (value, compare) = match self {
            Self::Compares(value, compare) => (value, compare),
            Self::Moved(moved) => {
                return Some(known.moves.iter().any(|(track, one)| moved.means(track, one, known.ranks)));
            }
        };
        let found = value.of(known);
        let order = |found: Option<String>, with: &str| found.map(|found| value.order(&found, with, known));
        match compare {
            Compare::Known => Some(found.is_some()),
            Compare::Unknown => Some(found.is_none()),
            Compare::Equal(with) => order(found, with).map(std::cmp::Ordering::is_eq),
            Compare::Unequal(with) => order(found, with).map(std::cmp::Ordering::is_ne),
            Compare::Below(with) => order(found, with).map(std::cmp::Ordering::is_lt),
            Compare::Above(with) => order(found, with).map(std::cmp::Ordering::is_gt),
            Compare::AtLeast(with) => order(found, with).map(std::cmp::Ordering::is_ge),
            Compare::AtMost(with) => order(found, with).map(std::cmp::Ordering::is_le),
        }
    }
}

/// `plan becomes pro`, `enters audience buyers`.
fn moved(text: &str) -> Option<Moved> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let field = |name: &str, how| Some(Moved { track: Track::Field(name.to_owned()), how });
    let audience = |name: &str, to: &str| {
        Some(Moved { track: Track::Audience(name.to_owned()), how: How::Becomes(to.to_owned()) })
    };
    match words[..] {
        [name, "becomes", place] => field(name, How::Becomes(place.to_owned())),
        [name, "changes"] => field(name, How::Changes),
        [name, "rises"] => field(name, How::Rises),
        [name, "falls"] => field(name, How::Falls),
        ["enters", "audience", name] => audience(name, "in"),
        ["leaves", "audience", name] => audience(name, "out"),
        _ => None,
    }
}

fn span(text: &str) -> Ms {
    let (count, unit) = text.split_once(' ').unwrap();
    length(count, unit)
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
            _ if text.ends_with(".message") => Self::OfEventMessage,
            _ if text.contains('.') => Self::OfEvent,
            _ => match text.strip_prefix("count(order in last ").and_then(|rest| rest.strip_suffix(')')) {
                Some(window) => Self::OrdersIn(span(window)),
                None => Self::Field(text.to_owned()),
            },
        }
    }

    fn order(&self, value: &str, with: &str, known: &Known<'_>) -> std::cmp::Ordering {
        match self {
            Self::Field(field) => match known.ranks.get(field) {
                Some(ranks) => {
                    let rank = |text: &str| ranks.iter().position(|one| one == text);
                    rank(value).cmp(&rank(with))
                }
                None => match (value.parse::<i64>(), with.parse::<i64>()) {
                    (Ok(value), Ok(with)) => value.cmp(&with),
                    _ => value.cmp(with),
                },
            },
            Self::Orders | Self::OrdersIn(_) => number(value).cmp(&number(with)),
            Self::OfEventMessage => value.cmp(with),
            Self::Revenue | Self::OfEvent => number(value).cmp(&(number(with) * 100)),
            Self::Recency => number(value).cmp(&span(with)),
        }
    }

    fn of(&self, known: &Known<'_>) -> Option<String> {
        let orders = &known.orders;
        match self {
            Self::Field(field) => {
                let set = known.set.get(field.as_str()).map(|value| (*value).to_owned());
                let value = set.or_else(|| known.person.fields.get(field.as_str()).cloned());
                value.filter(|value| !value.is_empty())
            }
            Self::OfEvent => known.event.and_then(|event| event.cents).map(|cents| cents.to_string()),
            Self::OfEventMessage => known.event.and_then(|event| event.message).map(str::to_owned),
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
