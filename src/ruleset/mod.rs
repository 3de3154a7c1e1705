//! What a checked workspace means: names resolved, types known, no syntax left.
//!
//! `check` makes it; `compile`, `message`, `decide`, `outbox` and `daemon` read it. It knows
//! neither the language's grammar nor any customer.

mod event;
mod expression;
mod movement;
mod names;
mod policy;
mod remembered;
mod rule;
mod schema;
mod text;
mod uses;
mod walk;

pub use event::{EventFieldId, EventId, EventKind, OUR_EVENTS};
pub use expression::{AggregateFunction, Comparison, DaySpan, Expr, ExprKind, Type, Value, Which, Window};
pub use movement::{Change, Movement, Track};
pub use names::{FirstNames, Named};
pub use policy::{Cap, CapScope, CapSubject, Growth, Guard, Policy, QuietHours, QuietSpan};
pub use remembered::{Remembered, Running};
pub use rule::{
    Action, AtMost, CallLimits, Header, InAll, Message, OnEvent, Period, Place, Purpose, Rule, Season,
    Trigger, Variant, Webhook, Workspace,
};
pub use schema::{Attribute, BUILT_IN_FIELDS, ChoiceId, Choices, Field, FieldId, Schema};
pub use text::LIST_SEPARATOR;
pub use uses::{Asked, Use};
pub use walk::Read;

// How timetables look is the model's, because rules remember in the store by which they fired.
pub use crate::model::{CronFields, DaySet, Frame, Schedule, Timetable};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::RuleSetHash;

/// A whole workspace, checked. Everything is addressed by its position in these lists.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSet {
    /// Over all files' paths and texts.
    pub hash: RuleSetHash,
    /// The git commit the files came from, `unknown` without git.
    pub commit: String,
    /// Currency, zone and defaults.
    pub workspace: Workspace,
    /// The fields a customer has: built in first, then declared attributes.
    pub schema: Arc<Schema>,
    /// The segmentations; the first is the field `segment`.
    pub segments: Vec<Segments>,
    /// Groups that may overlap.
    pub audiences: Vec<Audience>,
    /// What can be sent.
    pub messages: Vec<Message>,
    /// Where can be called.
    pub webhooks: Vec<Webhook>,
    /// What binds every rule.
    pub policies: Vec<Policy>,
    /// In the order of their names.
    pub rules: Vec<Rule>,
    /// What items were called first, where that is another name: it keys what is kept of them.
    pub first_names: FirstNames,
    /// The texts the set was made of, path to text: kept in the store with the decisions they made.
    pub sources: BTreeMap<String, String>,
}

/// A segmentation: each customer is in exactly one place, or in none that we know.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments {
    /// The field's name: `segment`, or the name written.
    pub name: String,
    /// The choice type of the field: one value a place, in order, `otherwise` last.
    pub choices: ChoiceId,
    /// The conditions in order, one a place but the last; the first that is true wins, an unknown
    /// one ends the search and the place is unknown.
    pub conditions: Vec<Expr>,
    /// Where it is declared; `built in` for the default.
    pub place: Place,
}

impl Segments {
    /// Whether they are the ones of a workspace that declares none: they stand in no file.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        &*self.place.file == BUILT_IN
    }
}

/// What stands for the file of the default segments.
pub const BUILT_IN: &str = "built in";

/// A named condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// Its name.
    pub name: String,
    /// Who is in it.
    pub when: Expr,
    /// Where it is declared.
    pub place: Place,
}
