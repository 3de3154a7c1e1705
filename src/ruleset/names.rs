//! First names: what keys an item's history, whatever it is called now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The kinds of items whose names key something. The order is that of their stored codes: append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Named {
    /// `rule`: ledger, `at most`, memory, holdout.
    Rule,
    /// `message`: what waits in the outbox.
    Message,
    /// `segments`: where customers stood.
    Segments,
    /// `attribute`: the customers' values.
    Attribute,
    /// `audience`: who was in it.
    Audience,
    /// `event`: what was recorded.
    Event,
    /// `webhook`: what waits in the outbox.
    Webhook,
    /// `policy`: what holds messages back.
    Policy,
}

impl Named {
    /// All of them, in the order of their stored codes.
    pub const ALL: [Self; 8] = [
        Self::Rule,
        Self::Message,
        Self::Segments,
        Self::Attribute,
        Self::Audience,
        Self::Event,
        Self::Webhook,
        Self::Policy,
    ];

    /// Its stored code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a stored code.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The item's word, for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Message => "message",
            Self::Segments => "segmentation",
            Self::Attribute => "attribute",
            Self::Audience => "audience",
            Self::Event => "event",
            Self::Webhook => "webhook",
            Self::Policy => "policy",
        }
    }
}

/// First names by kind and present name; an item that was never renamed has no entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FirstNames(BTreeMap<Named, BTreeMap<String, String>>);

impl FirstNames {
    /// The first name of an item by its present one.
    #[must_use]
    pub fn of<'a>(&'a self, kind: Named, name: &'a str) -> &'a str {
        self.0.get(&kind).and_then(|names| names.get(name)).map_or(name, String::as_str)
    }

    /// Notes an item's first name.
    pub fn set(&mut self, kind: Named, name: &str, first: &str) {
        let names = self.0.entry(kind).or_default();
        if name == first { drop(names.remove(name)) } else { drop(names.insert(name.into(), first.into())) }
    }
}
