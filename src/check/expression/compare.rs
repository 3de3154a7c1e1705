//! Comparisons: two values of one kind, in an order where `<` asks for one.

use crate::diagnostic::{Code, Span};
use crate::language::tree;
use crate::model::{Date, Instant};
use crate::ruleset::{self, Comparison, ExprKind, Type, Value};

use super::super::names::{kind, shorten};
use super::super::report::problem;
use super::{Expressions, Scope, Wanted};

impl Expressions<'_, '_> {
    pub(super) fn compare(
        &mut self,
        op: Comparison,
        left: &tree::Expr,
        right: &tree::Expr,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        if op == Comparison::Equal && self.is_today(left, right, span, scope) {
            return None;
        }
        let (a, b) = self.pair(left, right, scope, None)?;
        if let Some((op, time, day)) = time_and_day(op, &a, &b) {
            let kind = self.against_day(op, time, day)?;
            return Some(self.typed(kind, Type::Condition, span));
        }
        self.same_kind(&a, &b, span)?;
        self.empty_text(op, [&a, &b], span);
        if !matches!(op, Comparison::Equal | Comparison::NotEqual) {
            self.ordered(&a, span)?;
        }
        // A list stands on the left, so that the engine meets one shape only.
        let (a, b) = if b.ty == Type::ListOfText { (b, a) } else { (a, b) };
        Some(self.typed(ExprKind::Compare(op, Box::new(a), Box::new(b)), Type::Condition, span))
    }

    /// `first_name = ""`: what is empty is unknown, so no text is.
    fn empty_text(&mut self, op: Comparison, [a, b]: [&ruleset::Expr; 2], span: Span) {
        let empty = |one: &ruleset::Expr| matches!(&one.kind, ExprKind::Constant(Value::Text(text)) if text.is_empty());
        let (code, message, right) = match op {
            Comparison::Equal => (Code::NeverMatches, "nobody has an empty text", "is unknown"),
            Comparison::NotEqual => (Code::AlwaysMatches, "no text is empty", "is known"),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {
                return;
            }
        };
        let Some(other) = [(a, b), (b, a)].into_iter().find_map(|(one, other)| empty(one).then_some(other))
        else {
            return;
        };
        let right = format!("{} {right}", other.text);
        self.report.add(
            problem(code, span, message)
                .label(format!("write `{right}`"))
                .why("an empty cell of the data is a value that nobody knows, not a text without letters")
                .review(span, right),
        );
    }

    pub(super) fn between(
        &mut self,
        [subject, low, high]: [&tree::Expr; 3],
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        let subject = self.value(subject, scope)?;
        let wanted = Some(Wanted::beside(&subject));
        let (low, high) = (self.value_for(low, scope, wanted), self.value_for(high, scope, wanted));
        let (mut low, mut high) = (low?, high?);
        if subject.ty == Type::Time
            && let (Some(first), Some(last)) = (day_of(&low), day_of(&high))
        {
            low.kind = ExprKind::Constant(Value::Time(self.day(first)?.0));
            high.kind = ExprKind::Constant(Value::Time(self.day(last)?.1));
            (low.ty, high.ty) = (Type::Time, Type::Time);
        }
        self.same_kind(&subject, &low, span)?;
        self.same_kind(&subject, &high, span)?;
        self.ordered(&subject, span)?;
        let kind = ExprKind::Between(Box::new(subject), Box::new(low), Box::new(high));
        Some(self.typed(kind, Type::Condition, span))
    }

    pub(super) fn one_of(
        &mut self,
        subject: &tree::Expr,
        items: &[tree::Expr],
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        let subject = self.value(subject, scope)?;
        let wanted = Some(Wanted::beside(&subject));
        let typed: Vec<Option<ruleset::Expr>> =
            items.iter().map(|item| self.list_item(&subject, item, scope, wanted)).collect();
        let typed: Vec<ruleset::Expr> = typed.into_iter().collect::<Option<_>>()?;
        if subject.ty == Type::Time {
            let days = typed.iter().map(|item| self.against_day(Comparison::Equal, &subject, day_of(item)?));
            let days: Vec<ruleset::Expr> = days
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .map(|kind| self.typed(kind, Type::Condition, span))
                .collect();
            return Some(if days.len() == 1 {
                days.into_iter().next()?
            } else {
                self.typed(ExprKind::Or(days), Type::Condition, span)
            });
        }
        let mut values: Vec<Value> = Vec::new();
        for item in typed {
            if let ExprKind::Constant(value) = item.kind
                && !values.contains(&value)
            {
                values.push(value);
            }
        }
        Some(self.typed(ExprKind::OneOf(Box::new(subject), values), Type::Condition, span))
    }

    fn list_item(
        &mut self,
        subject: &ruleset::Expr,
        item: &tree::Expr,
        scope: Scope,
        wanted: Option<Wanted>,
    ) -> Option<ruleset::Expr> {
        let typed = self.value_for(item, scope, wanted)?;
        if !matches!(typed.kind, ExprKind::Constant(_)) {
            self.report.add(
                problem(
                    Code::NotAConstant,
                    item.span,
                    format!("`{}` is no plain value", shorten(&typed.text)),
                )
                .label("a list holds fixed values only")
                .why("so that a reader sees whom it means; compare with another field by `=` and `or`"),
            );
            return None;
        }
        if !(subject.ty == Type::Time && typed.ty == Type::Date) {
            self.same_kind(subject, &typed, item.span)?;
        }
        Some(typed)
    }

    /// Objects to `<` over values of which none is more than another.
    fn ordered(&mut self, value: &ruleset::Expr, span: Span) -> Option<()> {
        let ordered = match value.ty {
            Type::Money | Type::Number | Type::Percent | Type::Duration | Type::Date | Type::Time => true,
            Type::Choice(id) => self.names.schema.choices(id).ordered,
            Type::Text | Type::YesNo | Type::ListOfText | Type::Condition => false,
        };
        if ordered {
            return Some(());
        }
        let label = match value.ty {
            Type::Choice(_) => format!("the values of `{}` have no order", shorten(&value.text)),
            _ => format!("`{}` is {}", shorten(&value.text), kind(value.ty)),
        };
        let why = match value.ty {
            Type::Choice(_) => {
                "declare the choice with `<` between its values where one is more than another"
            }
            _ => "only amounts, numbers, shares and times can be more or less than others",
        };
        self.report.add(problem(Code::NoOrder, span, "more or less than what?").label(label).why(why));
        None
    }

    /// An instant against a whole day of the workspace's zone: `=` is within it, `>` after its end.
    fn against_day(&self, op: Comparison, time: &ruleset::Expr, day: Date) -> Option<ExprKind> {
        let (start, end) = self.day(day)?;
        let constant = |at: Instant| {
            let kind = ExprKind::Constant(Value::Time(at));
            Box::new(ruleset::Expr {
                kind,
                ty: Type::Time,
                text: day.to_string().into(),
                place: time.place.clone(),
            })
        };
        let subject = Box::new(time.clone());
        let within = ExprKind::Between(subject.clone(), constant(start), constant(end));
        Some(match op {
            Comparison::Equal => within,
            Comparison::NotEqual => ExprKind::Not(Box::new(ruleset::Expr {
                kind: within,
                ty: Type::Condition,
                text: format!("{} = {day}", time.text).into(),
                place: time.place.clone(),
            })),
            Comparison::Less | Comparison::GreaterOrEqual => ExprKind::Compare(op, subject, constant(start)),
            Comparison::LessOrEqual | Comparison::Greater => ExprKind::Compare(op, subject, constant(end)),
        })
    }

    /// The first and last millisecond of a day in the workspace's zone.
    fn day(&self, day: Date) -> Option<(Instant, Instant)> {
        let midnight = |date: jiff::civil::Date| {
            let zoned = date.to_zoned(self.names.zone.clone()).ok()?;
            Some(zoned.timestamp().as_millisecond())
        };
        let date = day.to_civil()?;
        Some((Instant(midnight(date)?), Instant(midnight(date.tomorrow().ok()?)? - 1)))
    }
}

/// A comparison of an instant with a day, the instant first.
fn time_and_day<'a>(
    op: Comparison,
    a: &'a ruleset::Expr,
    b: &'a ruleset::Expr,
) -> Option<(Comparison, &'a ruleset::Expr, Date)> {
    if a.ty == Type::Time {
        return Some((op, a, day_of(b)?));
    }
    if b.ty == Type::Time {
        return Some((mirrored(op), b, day_of(a)?));
    }
    None
}

const fn day_of(expr: &ruleset::Expr) -> Option<Date> {
    match expr.kind {
        ExprKind::Constant(Value::Date(day)) => Some(day),
        _ => None,
    }
}

/// The comparison with its sides exchanged.
pub(super) const fn mirrored(op: Comparison) -> Comparison {
    match op {
        Comparison::Equal | Comparison::NotEqual => op,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}
