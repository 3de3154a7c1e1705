//! What rules ask of the data, and where they do.

use std::collections::BTreeMap;

use super::{
    Action, EventFieldId, EventId, Expr, ExprKind, FieldId, OnEvent, Place, Read, RuleSet, Trigger, Window,
};

/// Something that only the data can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// A field of the customer.
    Field(FieldId),
    /// That such events happen at all.
    Event(EventId),
    /// A field of such events.
    EventField(EventId, EventFieldId),
}

/// Where it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// By what, in the language's words: `rule winback`, `message offer`.
    pub by: String,
    /// Where it is written; for the default segments where they are asked for.
    pub place: Place,
}

impl RuleSet {
    /// What the rules ask of the data, each with the places that do: their conditions and actions,
    /// what their messages show, and the segments and audiences that these name.
    ///
    /// What rules set themselves and what we record of our own sends is left out: no file brings it.
    #[must_use]
    pub fn uses(&self) -> BTreeMap<Asked, Vec<Use>> {
        let mut walk = Walk { rules: self, found: BTreeMap::new(), seen: Vec::new() };
        for rule in &self.rules {
            let by = format!("rule {}", rule.name);
            if let Trigger::Event(OnEvent { event, .. }) = &rule.trigger {
                walk.note(Asked::Event(*event), &by, &rule.place);
            }
            walk.expr(&rule.when, &by, None);
            for action in &rule.actions {
                match action {
                    Action::Send(message) => walk.message(*message),
                    Action::Call { fields, .. } => {
                        for (_, field) in fields {
                            walk.expr(field, &by, None);
                        }
                    }
                    Action::Set { value, .. } => walk.expr(value, &by, None),
                }
            }
        }
        walk.found
    }
}

/// A walk through everything that rules lead to.
struct Walk<'r> {
    rules: &'r RuleSet,
    found: BTreeMap<Asked, Vec<Use>>,
    /// Items that were walked through.
    seen: Vec<String>,
}

impl Walk<'_> {
    fn note(&mut self, asked: Asked, by: &str, place: &Place) {
        let schema = &self.rules.schema;
        let comes_from_us = match asked {
            Asked::Field(field) => {
                schema.attributes.iter().any(|known| known.field == field && known.set_by_rules)
            }
            Asked::Event(event) | Asked::EventField(event, _) => event.is_ours(),
        };
        let found = Use { by: by.to_owned(), place: place.clone() };
        if !comes_from_us {
            let uses = self.found.entry(asked).or_default();
            if !uses.contains(&found) {
                uses.push(found);
            }
        }
    }

    /// Whether an item is met for the first time.
    fn first(&mut self, item: &str) -> bool {
        let new = !self.seen.iter().any(|seen| seen == item);
        if new {
            self.seen.push(item.to_owned());
        }
        new
    }

    fn message(&mut self, position: usize) {
        let rules = self.rules;
        let Some(message) = rules.messages.get(position) else { return };
        let by = format!("message {}", message.name);
        if !self.first(&by) {
            return;
        }
        for (_, field) in &message.fields {
            self.expr(field, &by, None);
        }
        if let (false, Some(language)) = (message.variants.is_empty(), rules.schema.find("language")) {
            self.note(Asked::Field(language), &by, &message.place);
        }
    }

    /// What an expression asks for; `place` stands for its own where that is in no file.
    fn expr(&mut self, expr: &Expr, by: &str, place: Option<&Place>) {
        let at = place.unwrap_or(&expr.place);
        match &expr.kind {
            ExprKind::Fired(event, field) | ExprKind::EventField(event, field) => {
                self.note(Asked::EventField(*event, *field), by, at);
            }
            ExprKind::Aggregate { event, field, window, .. } => {
                self.note(Asked::Event(*event), by, at);
                if let Some(field) = field {
                    self.note(Asked::EventField(*event, *field), by, at);
                }
                if let Window::Since { event, .. } = window {
                    self.note(Asked::Event(*event), by, at);
                }
            }
            ExprKind::TimeSince { event, .. } => self.note(Asked::Event(*event), by, at),
            ExprKind::Frequency => self.note(Asked::Event(EventId::ORDER), by, at),
            ExprKind::Constant(_)
            | ExprKind::Field(_)
            | ExprKind::Segment(_)
            | ExprKind::OrElse(..)
            | ExprKind::ShareOf(..)
            | ExprKind::Compare(..)
            | ExprKind::Contains(..)
            | ExprKind::StartsWith(..)
            | ExprKind::OneOf(..)
            | ExprKind::Between(..)
            | ExprKind::During(..)
            | ExprKind::Falls(..)
            | ExprKind::Moved(_)
            | ExprKind::IsKnown(_)
            | ExprKind::Truth(_)
            | ExprKind::InAudience(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Not(_) => {}
        }
        match expr.reads() {
            Some(Read::Field(field)) => self.note(Asked::Field(field), by, at),
            Some(Read::Segments(position)) => self.segments(position, by, at),
            Some(Read::Audience(position)) => self.audience(position),
            None => {}
        }
        for child in expr.children() {
            self.expr(child, by, place);
        }
    }

    fn segments(&mut self, position: usize, by: &str, at: &Place) {
        let rules = self.rules;
        let Some(segments) = rules.segments.get(position) else { return };
        if segments.is_built_in() {
            // They stand in no file: whoever names them asks.
            for condition in &segments.conditions {
                self.expr(condition, by, Some(at));
            }
        } else if self.first(&format!("segments {}", segments.name)) {
            let by = format!("segments {}", segments.name);
            for condition in &segments.conditions {
                self.expr(condition, &by, None);
            }
        }
    }

    fn audience(&mut self, position: usize) {
        let rules = self.rules;
        let Some(audience) = rules.audiences.get(position) else { return };
        let by = format!("audience {}", audience.name);
        if self.first(&by) {
            self.expr(&audience.when, &by, None);
        }
    }
}
