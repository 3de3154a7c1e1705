//! Expressions: every word looked up, every comparison of two values of one type.

mod aggregate;
mod alone;
mod compare;
mod condition;
mod constant;
mod days;
mod foreign;
mod movement;
mod plain;
mod reach;
mod word;

use crate::diagnostic::{Code, Span};
use crate::language::tree;
use crate::ruleset::{self, EventId, ExprKind, Type};

use super::names::{Names, kind};
use super::report::{Problem, Report, problem};

use plain::Plain;

pub(super) use movement::no_movement;
pub(super) use reach::{Shadow, shadowed};
pub(super) use word::{placeholder, placeholder_names};

/// What the names in an expression belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// A customer.
    Customer,
    /// An event of that kind, inside `where`.
    Event(EventId),
}

/// What a value is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    ty: Type,
    /// Which plain words are values there, as for a choice.
    plain: Plain,
}

impl Wanted {
    /// What fits beside this value.
    fn beside(expr: &ruleset::Expr) -> Self {
        let ty = if expr.ty == Type::ListOfText { Type::Text } else { expr.ty };
        Self { ty, plain: Plain::beside(&expr.kind) }
    }
}

/// Checks expressions against the names of a workspace.
pub(super) struct Expressions<'a, 'b> {
    pub(super) names: &'a Names,
    /// The event on which the rule fires whose condition this is.
    pub(super) fired: Option<EventId>,
    pub(super) report: &'a mut Report<'b>,
}

impl Expressions<'_, '_> {
    /// The typed form of a value; `None` after a diagnostic.
    pub(super) fn value(&mut self, expr: &tree::Expr, scope: Scope) -> Option<ruleset::Expr> {
        self.value_for(expr, scope, None)
    }

    /// A literal where an amount of money is due; `None` after a diagnostic.
    pub(super) fn cost(&mut self, expr: &tree::Expr) -> Option<ruleset::Expr> {
        if let tree::ExprKind::Money(digits, currency) = &expr.kind
            && let Some(own) = self.names.currency.filter(|own| own != currency)
        {
            self.report.answers(Code::ForeignAmount, expr.span);
            self.report.add(
                problem(Code::TwoCurrencies, expr.span, "a cost in another currency")
                    .label(format!("this workspace counts in {own}"))
                    .why(format!(
                        "{digits} {currency} is another amount every day, and reports take it from revenue, which is in {own}"
                    ))
                    .review(expr.span, format!("{digits} {own}")),
            );
            return None;
        }
        self.constant(expr, Some(Wanted { ty: Type::Money, plain: Plain::No }))
    }

    /// A value that an attribute of this type is set to; `None` after a diagnostic.
    pub(super) fn value_to_set(
        &mut self,
        expr: &tree::Expr,
        ty: Type,
        attribute: &str,
    ) -> Option<ruleset::Expr> {
        let wanted = Wanted { ty: if ty == Type::ListOfText { Type::Text } else { ty }, plain: Plain::No };
        let typed = self.value_for(expr, Scope::Customer, Some(wanted))?;
        if typed.ty == ty || ty == Type::ListOfText && typed.ty == Type::Text {
            return Some(typed);
        }
        let same_word = matches!((typed.ty, ty), (Type::Choice(_), Type::Choice(_)));
        let label = if same_word {
            "a choice with other values".into()
        } else {
            format!("this is {}", kind(typed.ty))
        };
        self.report.add(
            problem(Code::DifferentKinds, expr.span, format!("`{attribute}` is {}", kind(ty)))
                .label(label)
                .why("a value of another kind would be unknown from the moment it is set"),
        );
        None
    }

    /// A value beside another: bare numbers, texts and words take their meaning from it.
    fn value_for(
        &mut self,
        expr: &tree::Expr,
        scope: Scope,
        wanted: Option<Wanted>,
    ) -> Option<ruleset::Expr> {
        use tree::ExprKind as Tree;
        match &expr.kind {
            Tree::Number(_)
            | Tree::Money(..)
            | Tree::Percent(_)
            | Tree::Duration(_)
            | Tree::Date(_)
            | Tree::TimeOfDay(_)
            | Tree::Text(_)
            | Tree::YesNo(_) => self.constant(expr, wanted),
            Tree::Word(word) => self.word(word, expr.span, scope, wanted),
            Tree::Term(term) => self.term(*term, expr.span, scope, wanted),
            Tree::Member(owner, field) => self.member(owner, field, expr.span, scope),
            Tree::Aggregate { function, event, field, window, filter } => {
                let parts = aggregate::Parts {
                    function: *function,
                    event,
                    field: field.as_ref(),
                    window: window.as_ref(),
                };
                self.aggregate(&parts, filter.as_deref(), expr.span, scope)
            }
            Tree::TimeSince(which, event) => self.time_since(*which, event, expr.span, scope),
            Tree::OrElse(first, second) => {
                let (first, second) = self.pair(first, second, scope, wanted)?;
                self.same_kind(&first, &second, expr.span)?;
                let ty = first.ty;
                Some(self.typed(ExprKind::OrElse(Box::new(first), Box::new(second)), ty, expr.span))
            }
            Tree::ShareOf(share, whole) => {
                let typed = self.value_for(whole, scope, wanted)?;
                if !matches!(typed.ty, Type::Money | Type::Number | Type::Duration) {
                    self.report.add(
                        problem(
                            Code::DifferentKinds,
                            whole.span,
                            format!("there is no share of {}", kind(typed.ty)),
                        )
                        .label(format!("this is {}", kind(typed.ty)))
                        .why("a share can be taken of money, of a number or of a length of time"),
                    );
                    return None;
                }
                let ty = typed.ty;
                Some(self.typed(ExprKind::ShareOf(*share, Box::new(typed)), ty, expr.span))
            }
            Tree::Compare(..)
            | Tree::Contains(..)
            | Tree::StartsWith(..)
            | Tree::OneOf(..)
            | Tree::Between(..)
            | Tree::IsKnown(..)
            | Tree::During(..)
            | Tree::Falls(..)
            | Tree::Moved(..)
            | Tree::Crossed(..)
            | Tree::InAudience(..)
            | Tree::And(_)
            | Tree::Or(_)
            | Tree::Not(_) => {
                self.report.add(not_a_value(expr.span));
                None
            }
            Tree::NotAvailable => None,
        }
    }

    /// Two values that belong together: the one that needs no context comes first.
    fn pair(
        &mut self,
        left: &tree::Expr,
        right: &tree::Expr,
        scope: Scope,
        wanted: Option<Wanted>,
    ) -> Option<(ruleset::Expr, ruleset::Expr)> {
        if needs_context(left) && !needs_context(right) {
            let right = self.value_for(right, scope, wanted)?;
            let left = self.value_for(left, scope, Some(Wanted::beside(&right)))?;
            return Some((left, right));
        }
        let left = self.value_for(left, scope, wanted)?;
        let right = self.value_for(right, scope, Some(Wanted::beside(&left)))?;
        Some((left, right))
    }

    fn typed(&self, kind: ExprKind, ty: Type, span: Span) -> ruleset::Expr {
        ruleset::Expr { kind, ty, text: self.report.one_line(span), place: self.report.place(span) }
    }
}

/// Whether a literal takes its meaning from what stands beside it.
const fn needs_context(expr: &tree::Expr) -> bool {
    matches!(
        expr.kind,
        tree::ExprKind::Number(_)
            | tree::ExprKind::Text(_)
            | tree::ExprKind::YesNo(_)
            | tree::ExprKind::Percent(_)
            | tree::ExprKind::Duration(_)
            | tree::ExprKind::Date(_)
            | tree::ExprKind::Money(..)
    )
}

fn not_a_value(span: Span) -> Problem {
    problem(Code::NotAValue, span, "a condition stands where a value is needed")
        .label("this is true or false, not an amount or a text")
        .why("a condition can be joined with `and` and `or`; only values can be compared, sent or shown")
}
