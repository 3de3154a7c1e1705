//! Conditions: what is true, false or unknown of a customer.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{self, ExprKind as Tree, Name};
use crate::ruleset::{self, ExprKind, Type};

use super::super::names::{kind, shorten};
use super::super::report::problem;
use super::super::suggest::{did_you_mean, nearest};
use super::reach::{Verdict, verdict};
use super::{Expressions, Scope, movement};

impl Expressions<'_, '_> {
    /// The typed form of a condition; `None` after a diagnostic.
    pub(in super::super) fn condition(&mut self, expr: &tree::Expr, scope: Scope) -> Option<ruleset::Expr> {
        self.judged(expr, scope).map(|(typed, _)| typed)
    }

    /// A condition, and whether a part of it was called never or always true already.
    fn judged(&mut self, expr: &tree::Expr, scope: Scope) -> Option<(ruleset::Expr, bool)> {
        let (typed, said) = match &expr.kind {
            Tree::And(parts) => self.joined(parts, "and", expr.span, scope, ExprKind::And)?,
            Tree::Or(parts) => self.joined(parts, "or", expr.span, scope, ExprKind::Or)?,
            Tree::Not(inner) => {
                if movement::not_under_not(inner, self.report) {
                    return None;
                }
                let (inner, said) = self.judged(inner, scope)?;
                (self.opposite(inner, true, expr.span), said)
            }
            _ => (self.simple(expr, scope)?, false),
        };
        if said {
            return Some((typed, true));
        }
        let verdict = verdict(&typed, &self.names.schema);
        if let Some(verdict) = &verdict {
            self.say(verdict, expr.span);
        }
        Some((typed, verdict.is_some()))
    }

    /// `and`, `or`: every part is looked at, so that one run names all mistakes.
    fn joined(
        &mut self,
        parts: &[tree::Expr],
        joint: &str,
        span: Span,
        scope: Scope,
        join: fn(Vec<ruleset::Expr>) -> ExprKind,
    ) -> Option<(ruleset::Expr, bool)> {
        let alone = self.left_alone(parts, joint, scope);
        let whole = parts.iter().zip(&alone).filter(|(_, alone)| !**alone);
        let judged: Vec<_> = whole.map(|(part, _)| self.judged(part, scope)).collect();
        // What stands behind such a value is looked at all the same.
        for part in parts.iter().zip(&alone).filter(|(_, alone)| **alone).map(|(part, _)| part) {
            if let Tree::And(rest) = &part.kind {
                self.joined(&rest[1..], "and", part.span, scope, ExprKind::And);
            }
        }
        if alone.contains(&true) {
            return None;
        }
        let judged: Vec<_> = judged.into_iter().collect::<Option<_>>()?;
        let said = judged.iter().any(|(_, said)| *said);
        let parts = judged.into_iter().map(|(part, _)| part).collect();
        Some((self.typed(join(parts), Type::Condition, span), said))
    }

    fn simple(&mut self, expr: &tree::Expr, scope: Scope) -> Option<ruleset::Expr> {
        let span = expr.span;
        match &expr.kind {
            Tree::Compare(op, left, right) => self.compare(*op, left, right, span, scope),
            Tree::Between(subject, low, high) => self.between([subject, low, high], span, scope),
            Tree::OneOf(subject, items, not) => {
                let typed = self.one_of(subject, items, span, scope)?;
                Some(self.opposite(typed, *not, span))
            }
            Tree::Contains(subject, text) => {
                let subject = self.text_subject(subject, text, scope)?;
                let kind = ExprKind::Contains(Box::new(subject), text.text.clone());
                Some(self.typed(kind, Type::Condition, span))
            }
            Tree::StartsWith(subject, text) => {
                let subject = self.text_subject(subject, text, scope)?;
                let kind = ExprKind::StartsWith(Box::new(subject), text.text.clone());
                Some(self.typed(kind, Type::Condition, span))
            }
            Tree::IsKnown(subject, known) => {
                let subject = self.value(subject, scope)?;
                let typed = self.typed(ExprKind::IsKnown(Box::new(subject)), Type::Condition, span);
                Some(self.opposite(typed, !*known, span))
            }
            Tree::During(subject, days, not) => {
                let typed = self.during(subject, *days, span, scope)?;
                Some(self.opposite(typed, *not, span))
            }
            Tree::Falls(subject, days) => self.falls(subject, *days, span, scope),
            Tree::Moved(subject, words) => self.moved(subject, words, span, scope),
            Tree::Crossed(name, enters) => self.crossed(name, *enters, span, scope),
            Tree::InAudience(name, not) => {
                let typed = self.in_audience(name, span, scope)?;
                Some(self.opposite(typed, *not, span))
            }
            Tree::NotAvailable => None,
            _ => self.standing_alone(expr, scope),
        }
    }

    /// A value where a condition is needed: fine for yes/no, else said kindly.
    fn standing_alone(&mut self, expr: &tree::Expr, scope: Scope) -> Option<ruleset::Expr> {
        let typed = self.value(expr, scope)?;
        if typed.ty == Type::YesNo && !matches!(typed.kind, ExprKind::Constant(_)) {
            return Some(self.typed(ExprKind::Truth(Box::new(typed)), Type::Condition, expr.span));
        }
        let text = shorten(&typed.text);
        let label = match typed.kind {
            ExprKind::Constant(_) => "a fixed value is the same for everybody".to_owned(),
            _ => format!("`{text}` is {}: compare it, or ask `{text} is known`", kind(typed.ty)),
        };
        self.report.add(
            problem(Code::NotACondition, expr.span, format!("`{text}` says nothing of who is meant"))
                .label(label)
                .why("a condition is a question that each customer answers with yes or no"),
        );
        None
    }

    fn text_subject(&mut self, subject: &tree::Expr, text: &Name, scope: Scope) -> Option<ruleset::Expr> {
        let typed = self.value(subject, scope)?;
        if !matches!(typed.ty, Type::Text | Type::ListOfText) {
            self.report.add(
                problem(Code::NotAText, subject.span, format!("`{}` has no letters to look at", shorten(&typed.text)))
                    .label(format!("this is {}", kind(typed.ty)))
                    .why("`contains` and `starts with` look into texts; other values are compared with `=` or `in (…)`"),
            );
            return None;
        }
        if text.text.is_empty() {
            self.report.add(
                problem(Code::NotAText, text.span, "every text contains nothing")
                    .label("write what to look for")
                    .why("the condition would be true for everybody who has any text here"),
            );
            return None;
        }
        Some(typed)
    }

    pub(super) fn in_audience(&mut self, name: &Name, span: Span, scope: Scope) -> Option<ruleset::Expr> {
        if let Scope::Event(_) = scope {
            self.report.add(
                problem(Code::WrongPlace, span, "an event is in no audience")
                    .label("audiences hold customers")
                    .why("put what concerns the customer outside of the parentheses, joined with `and`"),
            );
            return None;
        }
        if let Ok(position) = self.names.audiences.binary_search(&name.text) {
            return Some(self.typed(ExprKind::InAudience(position), Type::Condition, span));
        }
        let near = nearest(&name.text, self.names.audiences.iter().map(String::as_str));
        let label = if near.is_some() {
            did_you_mean(near)
        } else {
            format!("declare it: `audience {} when …`", shorten(&name.text))
        };
        self.report.add(
            problem(
                Code::UnknownAudience,
                name.span,
                format!("there is no audience `{}`", shorten(&name.text)),
            )
            .label(label)
            .why("the rule would not know whom it means")
            .near(name.span, near),
        );
        None
    }

    fn opposite(&self, typed: ruleset::Expr, not: bool, span: Span) -> ruleset::Expr {
        if not { self.typed(ExprKind::Not(Box::new(typed)), Type::Condition, span) } else { typed }
    }

    fn say(&mut self, verdict: &Verdict, span: Span) {
        let found = match verdict {
            Verdict::Never(what) => problem(Code::NeverMatches, span, "nobody can meet this condition")
                .label(format!("no `{}` fits", shorten(what)))
                .why("a rule that looks alive and contacts nobody is found out late"),
            Verdict::Always(what) => problem(Code::AlwaysMatches, span, "everybody meets this condition")
                .label(format!("every known `{}` fits", shorten(what)))
                .why("a condition that is always true hides what was meant"),
        };
        self.report.add(found);
    }
}
