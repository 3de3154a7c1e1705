//! Days and instants against the calendar: `in next 30 days`, `falls in this month`.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{self, ExprKind as Tree};
use crate::ruleset::{self, DaySpan, ExprKind, Type};

use super::super::names::{kind, shorten};
use super::super::report::problem;
use super::{Expressions, Scope};

impl Expressions<'_, '_> {
    /// `in next 30 days`, `in this month`.
    pub(super) fn during(
        &mut self,
        subject: &tree::Expr,
        days: DaySpan,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        if self.order_as_a_day(subject, days, span, scope) {
            return None;
        }
        let typed = self.day_subject(subject, days, span, scope)?;
        if scope == Scope::Customer && typed.ty == Type::Date && typed.text.contains("birth") {
            let replacement = self.report.text(Span { end: span.end, start: subject.span.end, ..span });
            let replacement = format!("{} falls {}", typed.text, replacement.trim());
            self.report.add(
                problem(Code::NeverMatches, span, "a day of birth is never ahead, and once at most")
                    .label("`falls` asks for day and month, whatever the year")
                    .why("a rule that looks alive and contacts nobody is found out late")
                    .review(span, replacement),
            );
        }
        Some(self.typed(ExprKind::During(Box::new(typed), days), Type::Condition, span))
    }

    /// `falls today`, `falls in next 7 days`.
    pub(super) fn falls(
        &mut self,
        subject: &tree::Expr,
        days: DaySpan,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        let typed = self.day_subject(subject, days, span, scope)?;
        Some(self.typed(ExprKind::Falls(Box::new(typed), days), Type::Condition, span))
    }

    /// A value that is a day or a point in time; anything else is said.
    fn day_subject(
        &mut self,
        subject: &tree::Expr,
        days: DaySpan,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        let typed = self.value(subject, scope)?;
        if matches!(typed.ty, Type::Date | Type::Time) {
            return Some(typed);
        }
        let text = shorten(&typed.text);
        let found = problem(Code::NotADay, subject.span, format!("`{text}` is no day of the calendar"))
            .why("the calendar can be asked of a date or of a time only");
        // `recency in last 30 days` says what `<=` says of a length of time.
        let found = match (typed.ty, days) {
            (Type::Duration, DaySpan::Last(length)) => found
                .label(format!("this is a length of time: `{text} <= {length}`"))
                .review(span, format!("{} <= {length}", typed.text)),
            _ => found.label(format!("this is {}", kind(typed.ty))),
        };
        self.report.add(found);
        None
    }

    /// `order in last 30 days`: an event is counted, it is no day.
    fn order_as_a_day(&mut self, subject: &tree::Expr, days: DaySpan, span: Span, scope: Scope) -> bool {
        let (Tree::Word(word), DaySpan::Last(length)) = (&subject.kind, days) else { return false };
        let is_event = word == "order" && self.names.schema.find(word).is_none();
        if scope != Scope::Customer || !is_event {
            return false;
        }
        self.report.add(
            problem(Code::NotADay, subject.span, format!("`{word}` happens many times, it is no day"))
                .label(format!("count them: `count({word} in last {length}) >= 1`"))
                .why("one, or at least one? a count says which")
                .review(span, format!("count({word} in last {length}) >= 1")),
        );
        true
    }
}
