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
            self.birthday_as_a_day(&typed.text, Span { start: subject.span.end, ..span }, span, days);
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

    /// `birthday in next 7 days`, by whichever words: the day of birth itself is never ahead.
    fn birthday_as_a_day(&mut self, birthday: &str, written: Span, span: Span, days: DaySpan) {
        let words = self.report.one_line(written).to_lowercase();
        let negated = words.starts_with("not ");
        let positive = words.strip_prefix("not ").unwrap_or(&words);
        let falls = format!("{birthday} falls {}", in_words(days));
        let right = if negated { format!("not ({falls})") } else { falls };
        let label = "`falls` asks for day and month, whatever the year";
        if ["in next ", "in last ", "in this "].iter().any(|right| positive.starts_with(right)) {
            self.report.add(
                problem(Code::NeverMatches, span, "a day of birth is never ahead, and once at most")
                    .label(label)
                    .why("a rule that looks alive and contacts nobody is found out late")
                    .review(span, right),
            );
            return;
        }
        // Another language's spelling besides: one answer says both.
        self.report.answers(Code::ForeignSpelling, written);
        self.report.add(
            problem(Code::ForeignSpelling, span, "this is not how a birthday is asked for")
                .label(format!("write `{right}`; {label}"))
                .why("a day of birth is never ahead, and once at most: nobody would be contacted")
                .review(span, right),
        );
    }

    /// `birthday = today`: `today` is no fixed day. Says so and tells that it did.
    pub(super) fn is_today(
        &mut self,
        subject: &tree::Expr,
        value: &tree::Expr,
        span: Span,
        scope: Scope,
    ) -> bool {
        let today = matches!(&value.kind, Tree::Word(word) if word == "today");
        if !today || scope != Scope::Customer || self.names.schema.find("today").is_some() {
            return false;
        }
        let Some(typed) = self.value(subject, scope) else { return true };
        if !matches!(typed.ty, Type::Date | Type::Time) {
            return false;
        }
        self.report.answers(Code::ForeignSpelling, Span { start: subject.span.end, ..span });
        self.report.add(
            problem(Code::UnknownField, value.span, "`today` is no fixed day")
                .label("write `falls today`, which asks for day and month, whatever the year")
                .why("for one day of one year write the date itself: what `today` is changes every night")
                .review(span, format!("{} falls today", typed.text)),
        );
        true
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

/// `today`, `in next 7 days`, as it is written behind `falls`.
fn in_words(days: DaySpan) -> String {
    match days {
        DaySpan::Today => "today".into(),
        DaySpan::Next(length) => format!("in next {length}"),
        DaySpan::Last(length) => format!("in last {length}"),
        DaySpan::ThisWeek => "in this week".into(),
        DaySpan::ThisMonth => "in this month".into(),
        DaySpan::ThisYear => "in this year".into(),
    }
}
