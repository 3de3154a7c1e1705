//! What a segmentation, choice or audience is defined by, with all that it refers to: whether it was
//! edited. Names are first names, so that a rename is no edit; where something is written, and how, is
//! none either.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::ruleset::{EventFieldId, EventId, Expr, ExprKind, FieldId, RuleSet, Track, Type, Value, Window};

use super::track::{name, places};

/// SHA-256 of a definition: an edit of any of it makes another one.
pub(super) fn definition(rules: &RuleSet, track: Track) -> [u8; 32] {
    let mut said = Said { rules, text: String::new(), seen: BTreeSet::new(), next: vec![track] };
    said.add(format_args!("zone {} {:?}\n", rules.workspace.zone, rules.workspace.currency));
    while let Some(track) = said.next.pop() {
        if said.seen.insert(track) {
            said.track(track);
        }
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, said.text.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// Definitions as they are read, each once.
struct Said<'r> {
    rules: &'r RuleSet,
    text: String,
    seen: BTreeSet<Track>,
    /// What was referred to and is still to be said.
    next: Vec<Track>,
}

impl Said<'_> {
    fn add(&mut self, words: std::fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = self.text.write_fmt(words);
    }

    fn track(&mut self, track: Track) {
        let rules = self.rules;
        self.add(format_args!("\n{}: {:?}", name(rules, track), places(rules, track)));
        match track {
            Track::Segments(position) => {
                for condition in &rules.segments[position].conditions {
                    self.add(format_args!("\n when"));
                    self.expr(condition);
                }
            }
            Track::Audience(position) => self.expr(&rules.audiences[position].when),
            Track::Field(field) => self.kind(self.rules.schema.field(field).ty),
        }
    }

    /// The type of a field: another list of choices is another definition.
    fn kind(&mut self, ty: Type) {
        match ty {
            Type::Choice(choices) => {
                let choices = self.rules.schema.choices(choices);
                self.add(format_args!(" one of {:?}", choices.names));
            }
            Type::Money
            | Type::Number
            | Type::Percent
            | Type::Duration
            | Type::Date
            | Type::Time
            | Type::Text
            | Type::YesNo
            | Type::ListOfText
            | Type::Condition => self.add(format_args!(" {ty:?}")),
        }
    }

    fn field(&mut self, field: FieldId) {
        self.add(format_args!(" field {}", self.rules.schema.key(field)));
        self.kind(self.rules.schema.field(field).ty);
    }

    fn refer(&mut self, track: Track) {
        self.add(format_args!(" {}", name(self.rules, track)));
        self.next.push(track);
    }

    fn event(&mut self, event: EventId, field: Option<EventFieldId>) {
        // An event's fields are as they were declared when the events came.
        let kind = self.rules.schema.event(event);
        let field = field.map_or("", |field| kind.field(field).name.as_str());
        self.add(format_args!(" {}.{field}", kind.first_name()));
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Choice(choices, code) => {
                let names = &self.rules.schema.choices(*choices).names;
                let name = usize::try_from(*code).ok().and_then(|code| names.get(code));
                self.add(format_args!(" value {name:?}"));
            }
            Value::Money(_)
            | Value::Number(_)
            | Value::Percent(_)
            | Value::Duration(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::TimeOfDay(_)
            | Value::Text(_)
            | Value::YesNo(_) => self.add(format_args!(" {value:?}")),
        }
    }

    fn window(&mut self, window: Window) {
        match window {
            Window::Since { event, which } => {
                self.add(format_args!(" since {which:?}"));
                self.event(event, None);
            }
            Window::All
            | Window::Last(_)
            | Window::Between { .. }
            | Window::Today
            | Window::ThisWeek
            | Window::ThisMonth
            | Window::ThisYear
            | Window::SinceDay(_) => self.add(format_args!(" {window:?}")),
        }
    }

    /// An operator and its operands, in brackets so that no two expressions say the same.
    fn of(&mut self, operator: std::fmt::Arguments<'_>, operands: &[&Expr]) {
        self.add(format_args!(" ({operator}"));
        for operand in operands {
            self.expr(operand);
        }
        self.add(format_args!(")"));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Constant(value) => self.value(value),
            ExprKind::Fired(event, field) | ExprKind::EventField(event, field) => {
                self.event(*event, Some(*field));
            }
            ExprKind::Field(field) => self.field(*field),
            ExprKind::Aggregate { function, event, field, window, filter } => {
                self.add(format_args!(" ({function:?}"));
                self.event(*event, *field);
                self.window(*window);
                if let Some(filter) = filter {
                    self.expr(filter);
                }
                self.add(format_args!(")"));
            }
            ExprKind::TimeSince { event, which } => {
                self.add(format_args!(" time since {which:?}"));
                self.event(*event, None);
            }
            ExprKind::Frequency => self.add(format_args!(" frequency")),
            ExprKind::Segment(position) => self.refer(Track::Segments(*position)),
            ExprKind::InAudience(position) => self.refer(Track::Audience(*position)),
            // Stands in rules only.
            ExprKind::Moved(movement) => self.add(format_args!(" {movement:?}")),
            ExprKind::OrElse(a, b) => self.of(format_args!("or else"), &[a, b]),
            ExprKind::Compare(comparison, a, b) => self.of(format_args!("{comparison:?}"), &[a, b]),
            ExprKind::Between(a, b, c) => self.of(format_args!("between"), &[a, b, c]),
            ExprKind::ShareOf(share, of) => self.of(format_args!("{share:?} of"), &[of]),
            ExprKind::Contains(of, text) => self.of(format_args!("contains {text:?}"), &[of]),
            ExprKind::StartsWith(of, text) => self.of(format_args!("starts with {text:?}"), &[of]),
            ExprKind::OneOf(of, values) => {
                self.of(format_args!("one of"), &[of]);
                for value in values {
                    self.value(value);
                }
                self.add(format_args!(";"));
            }
            ExprKind::During(of, days) => self.of(format_args!("during {days:?}"), &[of]),
            ExprKind::Falls(of, days) => self.of(format_args!("falls {days:?}"), &[of]),
            ExprKind::IsKnown(of) => self.of(format_args!("is known"), &[of]),
            ExprKind::Truth(of) => self.of(format_args!("yes"), &[of]),
            ExprKind::Not(of) => self.of(format_args!("not"), &[of]),
            ExprKind::And(parts) => self.of(format_args!("and"), &parts.iter().collect::<Vec<_>>()),
            ExprKind::Or(parts) => self.of(format_args!("or"), &parts.iter().collect::<Vec<_>>()),
        }
    }
}
