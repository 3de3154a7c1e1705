//! What happens in the year, in plain words: what the driver does to the engine, and what the
//! checker knows of the world. Nothing of the program stands here.

use std::collections::BTreeMap;

/// Milliseconds since 1970 UTC.
pub type Ms = i64;
pub const MINUTE: Ms = 60_000;
pub const HOUR: Ms = 60 * MINUTE;
pub const DAY: Ms = 24 * HOUR;

/// The files of a rules tree.
pub type Tree = BTreeMap<String, String>;

/// All that happens, in the order of time.
pub struct Script {
    pub start: Ms,
    pub end: Ms,
    /// The rules at the start.
    pub tree: Tree,
    pub happenings: Vec<(Ms, Happening)>,
}

#[derive(Debug, Clone)]
pub enum Happening {
    /// A file of customers: whole rows.
    Customers(Vec<Person>),
    /// A file of orders; they happened when their rows say, perhaps long ago.
    Orders(Vec<Order>),
    /// A file of events; where a number stands beside it, the process dies after so many commits of
    /// what rules make of it.
    Events(Vec<Event>, Option<u64>),
    /// A rules tree that must be refused: what runs goes on.
    Refused(Tree),
    /// The rules tree is another from now on.
    Rules(Tree),
    /// `all`, `channel sms`, `rule NAME`; whether what waits is taken back.
    Pause(String, bool),
    Resume(String),
    /// A person looks at what policies have stopped, and lets it go on.
    Look,
    /// The process ends and another one opens the store.
    Restart,
    /// The process dies after so many commits of its next tick.
    Crash(u64),
    /// Nobody looks until that instant.
    Sleep(Ms),
    /// The mail server said that this customer's address is bad.
    Suppress(String),
}

/// A customer's row: all fields, as a file has them; an empty text is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub fields: BTreeMap<&'static str, String>,
    /// Channel, whether it was given, and when by the data.
    pub consents: Vec<(&'static str, bool, Ms)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: String,
    pub customer: String,
    pub time: Ms,
    /// In cents.
    pub total: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub customer: String,
    pub time: Ms,
    pub name: &'static str,
    /// The field `value`, where an event has one.
    pub value: Option<i64>,
    /// The fields `message` and `channel` of what people do with messages.
    pub message: Option<&'static str>,
    pub channel: Option<&'static str>,
}
