//! Names of messages and rules in what was recorded of them: what we did is counted under the names
//! that they have now.

use std::collections::BTreeMap;

use crate::record::{Deed, Event};
use crate::ruleset::{Named, OUR_EVENTS, Remembered, RuleSet};

/// What messages and rules were called, and what they are called now; those alone that were renamed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renamed {
    messages: BTreeMap<String, String>,
    rules: BTreeMap<String, String>,
}

impl Renamed {
    /// What rules call otherwise than it was once.
    pub(super) fn new(rules: &RuleSet, remembered: &Remembered) -> Self {
        let mut renamed = Self::default();
        for (kind, present) in rules.named() {
            let into = match kind {
                Named::Message => &mut renamed.messages,
                Named::Rule => &mut renamed.rules,
                Named::Segments
                | Named::Attribute
                | Named::Audience
                | Named::Event
                | Named::Webhook
                | Named::Policy => continue,
            };
            let first = rules.first_names.of(kind, present);
            let names = remembered.names_of(kind, first, present).into_iter();
            into.extend(names.filter(|name| name != present).map(|name| (name, present.to_owned())));
        }
        renamed
    }

    /// What a message that was once called so is called now.
    pub(super) fn message<'a>(&'a self, name: &'a str) -> &'a str {
        self.messages.get(name).map_or(name, String::as_str)
    }

    /// Names a deed as its message and rule are called now.
    pub(super) fn deed(&self, deed: &mut Deed) {
        if let Some(message) = self.messages.get(&deed.message) {
            deed.message.clone_from(message);
        }
        if let Some(rule) = self.rules.get(&deed.rule) {
            deed.rule.clone_from(rule);
        }
    }

    /// The same of an event, where it is what we did or what somebody did with it.
    pub(super) fn event(&self, event: &mut Event) {
        if *self == Self::default() || !OUR_EVENTS.contains(&event.name.as_str()) {
            return;
        }
        for (field, text) in &mut event.fields {
            let names = match field.as_str() {
                "message" => &self.messages,
                "rule" => &self.rules,
                _ => continue,
            };
            if let Some(present) = names.get(text) {
                text.clone_from(present);
            }
        }
    }
}
