//! Texts that are written without quotes, as values of a choice are: codes of languages, channels,
//! and the names of messages and rules in what we did.

use crate::diagnostic::{Code, Span};
use crate::ruleset::{AggregateFunction, EventFieldId, EventId, ExprKind, FieldId, OUR_EVENTS};

use super::super::names::shorten;
use super::super::report::problem;
use super::super::suggest::{did_you_mean, nearest};
use super::Expressions;

/// The field `language`: its codes are words (`no` is Norwegian), so they need no quotes.
const LANGUAGE: FieldId = FieldId(4);

/// Which plain words are values beside a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// None: a text stands in quotes.
    No,
    /// Any.
    Any,
    /// Names of messages.
    Message,
    /// Names of rules.
    Rule,
    /// Channels that messages go by.
    Channel,
}

impl Plain {
    /// Which are beside this value.
    pub(super) fn beside(kind: &ExprKind) -> Self {
        match kind {
            ExprKind::Field(LANGUAGE) => Self::Any,
            ExprKind::EventField(event, field)
            | ExprKind::Fired(event, field)
            | ExprKind::Aggregate {
                function: AggregateFunction::First | AggregateFunction::Last,
                event,
                field: Some(field),
                ..
            } => Self::of_field(*event, *field),
            _ => Self::No,
        }
    }

    fn of_field(event: EventId, field: EventFieldId) -> Self {
        let ours = 1..=OUR_EVENTS.len();
        match field {
            EventFieldId::CHANNEL if event == EventId::ORDER => Self::Any,
            EventFieldId::MESSAGE if ours.contains(&event.index()) => Self::Message,
            EventFieldId::RULE if ours.contains(&event.index()) => Self::Rule,
            EventFieldId::SENT_BY if ours.contains(&event.index()) => Self::Channel,
            _ => Self::No,
        }
    }
}

impl Expressions<'_, '_> {
    /// Objects to a name that nothing has: a slip would make a count of nothing, and a rule that
    /// asks for nothing reaches everybody.
    pub(super) fn plain_word(&mut self, plain: Plain, word: &str, span: Span) -> bool {
        let (known, code, what) = match plain {
            Plain::No => return false,
            Plain::Any => return true,
            Plain::Message => (&self.names.messages, Code::UnknownMessage, "message"),
            Plain::Rule => (&self.names.rules, Code::UnknownValue, "rule"),
            Plain::Channel => (&self.names.channels, Code::UnknownChannel, "channel"),
        };
        if known.iter().any(|name| name == word) {
            return true;
        }
        let near = nearest(word, known.iter().map(String::as_str));
        let label = if near.is_some() {
            did_you_mean(near)
        } else {
            format!("for a {what} of the past write its name in quotes")
        };
        self.report.add(
            problem(code, span, format!("there is no {what} `{}`", shorten(word)))
                .label(label)
                .why("a name misspelt counts nothing, and who asks for nothing means everybody")
                .near(span, near),
        );
        false
    }
}
