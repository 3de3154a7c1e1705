//! A value alone after `or` or `and`: `country = "ES" or "PT"`, as people say it.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Expr, ExprKind as Tree, MovementWords};
use crate::ruleset::Comparison;

use super::super::report::{Problem, problem};
use super::word::customer_word;
use super::{Expressions, Scope};

const WHOLE: &str = "`and` and `or` join whole conditions; several values of one thing stand in a list";

impl Expressions<'_, '_> {
    /// The parts of an `or` or `and` that are values left alone; each run of them is said once.
    pub(super) fn left_alone(&mut self, parts: &[Expr], joint: &str, scope: Scope) -> Vec<bool> {
        let mut alone = vec![false; parts.len()];
        let mut asked: Option<&Expr> = None;
        let mut index = 0;
        while let Some(part) = parts.get(index) {
            if !self.is_bare(part, scope) {
                asked = Some(part).filter(|part| repeats(part));
                index += 1;
                continue;
            }
            let run = parts[index..].iter().take_while(|part| self.is_bare(part, scope)).count();
            if let Some(asked) = asked {
                alone[index..index + run].fill(true);
                let found = self.say_alone(asked, &parts[index..index + run], joint);
                self.report.add(found);
            }
            index += run;
        }
        alone
    }

    fn is_bare(&self, part: &Expr, scope: Scope) -> bool {
        match &part.kind {
            Tree::Text(_) | Tree::Number(_) | Tree::Money(..) | Tree::Date(_) => true,
            Tree::Word(word) => match scope {
                Scope::Customer => customer_word(self.names, word).is_none(),
                Scope::Event(event) => self.names.schema.event(event).find(word).is_none(),
            },
            _ => false,
        }
    }

    fn say_alone(&self, asked: &Expr, run: &[Expr], joint: &str) -> Problem {
        let written = |expr: &Expr| self.report.one_line(expr.span).to_string();
        let first = &run[0];
        let last = run.last().unwrap_or(first);
        let found = |right: &str| {
            problem(
                Code::NotACondition,
                first.span,
                format!("`{}` stands alone after `{joint}`", written(first)),
            )
            .label(format!("write `{right}`"))
            .why(WHOLE)
            .review(Span { end: last.span.end, ..asked.span }, right)
        };
        match &asked.kind {
            Tree::Compare(_, subject, value) => {
                let values: Vec<String> = run.iter().map(written).collect();
                found(&format!("{} in ({}, {})", written(subject), written(value), values.join(", ")))
            }
            Tree::Contains(subject, _) => {
                let each = run.iter().map(|part| format!("{} contains {}", written(subject), written(part)));
                let each: Vec<String> = std::iter::once(written(asked)).chain(each).collect();
                found(&each.join(&format!(" {joint} ")))
            }
            Tree::Moved(subject, _) => {
                let each = run.iter().map(|part| format!("{} becomes {}", written(subject), written(part)));
                found(&format!("{} or {}", written(asked), each.collect::<Vec<_>>().join(" or ")))
            }
            _ => problem(Code::NotACondition, first.span, format!("`{}` stands alone", written(first)))
                .why(WHOLE),
        }
    }
}

/// Whether a condition is one that people go on with by a mere value.
fn repeats(part: &Expr) -> bool {
    matches!(
        &part.kind,
        Tree::Compare(Comparison::Equal, ..) | Tree::Contains(..) | Tree::Moved(_, MovementWords::Becomes(_))
    )
}
