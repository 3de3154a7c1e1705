//! What happens to customers: orders, what we did, and the events that a workspace declares.

use super::schema::Field;
use super::{Schema, Type};

/// Position of a kind of event in [`Schema::events`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u16);

/// Position of a field in [`EventKind::fields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventFieldId(pub u16);

impl EventId {
    /// An order. Refunds (negative totals) are no orders: only `sum(order.total)` sees them.
    pub const ORDER: Self = Self(0);
    /// A message was handed over.
    pub const SENT: Self = Self(1);
    /// The mail server said that the address does not exist.
    pub const BOUNCED: Self = Self(4);
    /// The reader called a message spam.
    pub const COMPLAINED: Self = Self(5);
    /// The reader wants no more marketing on a channel.
    pub const UNSUBSCRIBED: Self = Self(6);

    /// Its place in lists by event.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether it is something that we did, or that people did with it.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        1 <= self.index() && self.index() <= OUR_EVENTS.len()
    }
}

/// The fields of an order, and those of what we did.
impl EventFieldId {
    /// Money: an order's total.
    pub const TOTAL: Self = Self(0);
    /// Number: an order's pieces, all lines together.
    pub const QUANTITY: Self = Self(1);
    /// Texts of an order's lines.
    pub const PRODUCT: Self = Self(2);
    /// Texts of an order's lines.
    pub const CATEGORY: Self = Self(3);
    /// `web` or `store`: texts of an order's lines.
    pub const CHANNEL: Self = Self(4);
    /// Text: the name of the message, of what we did.
    pub const MESSAGE: Self = Self(0);
    /// Text: the name of the rule that sent it, of what we did.
    pub const RULE: Self = Self(1);
    /// Text: the channel that it went by, of what we did.
    pub const SENT_BY: Self = Self(2);

    /// Its place in lists by field.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A kind of event with what is known of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventKind {
    /// As written in rules and in the column `event` of an import.
    pub name: String,
    /// Every name that it ever had, as far as it is known, its first one first: under that one new
    /// events are kept. Events that were told before a rename stand under what they were called then.
    pub names: Vec<String>,
    /// The fields, as written in `where` and in import columns; declared ones in the order written.
    /// Any type but [`Type::Condition`].
    pub fields: Vec<Field>,
}

/// The names of what we did, in the order of their [`EventId`]s after the order.
pub const OUR_EVENTS: [&str; 6] = ["sent", "opened", "clicked", "bounced", "complained", "unsubscribed"];

const ORDER: [(&str, Type); 5] = [
    ("total", Type::Money),
    ("quantity", Type::Number),
    ("product", Type::ListOfText),
    ("category", Type::ListOfText),
    ("channel", Type::ListOfText),
];

const OURS: [(&str, Type); 3] = [("message", Type::Text), ("rule", Type::Text), ("channel", Type::Text)];

impl EventKind {
    /// `order`, then what we did: the kinds that every workspace has.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        let kind = |name: &str, fields: &[(&str, Type)]| Self {
            name: name.to_owned(),
            names: vec![name.to_owned()],
            fields: fields.iter().map(|&(name, ty)| Field { name: name.to_owned(), ty }).collect(),
        };
        let ours = OUR_EVENTS.iter().map(|name| kind(name, &OURS));
        std::iter::once(kind("order", &ORDER)).chain(ours).collect()
    }

    /// Under which name its events are kept.
    #[must_use]
    pub fn first_name(&self) -> &str {
        self.names.first().unwrap_or(&self.name)
    }

    /// The field of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<EventFieldId> {
        let position = self.fields.iter().position(|field| field.name == name)?;
        u16::try_from(position).ok().map(EventFieldId)
    }

    /// A field by its id.
    ///
    /// # Panics
    /// For an id of another kind.
    #[must_use]
    pub fn field(&self, id: EventFieldId) -> &Field {
        &self.fields[id.index()]
    }
}

impl Schema {
    /// The kind of event of that name.
    #[must_use]
    pub fn find_event(&self, name: &str) -> Option<EventId> {
        let position = self.events.iter().position(|event| event.name == name)?;
        u16::try_from(position).ok().map(EventId)
    }

    /// The kind of event that is, or was once, called so: what an event that was told belongs to.
    #[must_use]
    pub fn find_told(&self, name: &str) -> Option<EventId> {
        let called = |event: &EventKind| event.names.iter().any(|known| known == name);
        self.find_event(name).or_else(|| {
            let position = self.events.iter().position(called)?;
            u16::try_from(position).ok().map(EventId)
        })
    }

    /// A kind of event by its id.
    ///
    /// # Panics
    /// For an id of another schema.
    #[must_use]
    pub fn event(&self, id: EventId) -> &EventKind {
        &self.events[id.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_name_the_built_in_kinds_and_fields() {
        let schema = Schema::built_in();
        for (id, name) in [
            (EventId::ORDER, "order"),
            (EventId::SENT, "sent"),
            (EventId::BOUNCED, "bounced"),
            (EventId::COMPLAINED, "complained"),
            (EventId::UNSUBSCRIBED, "unsubscribed"),
        ] {
            assert_eq!(schema.find_event(name), Some(id));
            assert_eq!(schema.event(id).name, name);
        }
        let order = schema.event(EventId::ORDER);
        for (id, name) in [
            (EventFieldId::TOTAL, "total"),
            (EventFieldId::QUANTITY, "quantity"),
            (EventFieldId::PRODUCT, "product"),
            (EventFieldId::CATEGORY, "category"),
            (EventFieldId::CHANNEL, "channel"),
        ] {
            assert_eq!(order.find(name), Some(id));
            assert_eq!(order.field(id).name, name);
        }
        for (id, name) in [
            (EventFieldId::MESSAGE, "message"),
            (EventFieldId::RULE, "rule"),
            (EventFieldId::SENT_BY, "channel"),
        ] {
            assert_eq!(schema.event(EventId::SENT).find(name), Some(id));
        }
        assert_eq!(schema.find_event("value"), None);
    }
}
