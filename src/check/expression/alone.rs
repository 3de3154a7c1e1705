//! A value alone after `or` or `and`: `country = "ES" or "PT"`, as people say it.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Expr, ExprKind as Tree, MovementWords};
use crate::ruleset::Comparison;

use super::super::report::{Problem, problem};
use super::word::customer_word;
use super::{Expressions, Scope};

const WHOLE: &str = "`and` and `or` join whole conditions; several values of one thing stand in a list";

impl Expressions<'_, '_> {
    /// The parts of an `or` or `and` that are values left alone, or begin with one; each run of them is
    /// said once.
    pub(super) fn left_alone(&mut self, parts: &[Expr], joint: &str, scope: Scope) -> Vec<bool> {
        let mut alone = vec![false; parts.len()];
        let mut asked: Option<&Expr> = None;
        let mut index = 0;
        let mixed = parts.iter().any(|part| matches!(part.kind, Tree::And(_)));
        while let Some(part) = parts.get(index) {
            let run = self.run_of_values(asked, &parts[index..], scope);
            if let (Some(asked), false) = (asked, run.is_empty()) {
                alone[index..index + run.len()].fill(true);
                let found = self.say_alone(asked, &run, (joint, mixed));
                self.report.add(found);
            }
            index += run.len().max(1);
            let last = parts.get(index - 1).unwrap_or(part);
            asked = Some(last_of(last)).filter(|part| repeats(part));
        }
        alone
    }

    /// The values with which parts begin; what goes on behind one, as in `= a or b and …`, ends the run.
    fn run_of_values<'e>(&self, asked: Option<&'e Expr>, parts: &'e [Expr], scope: Scope) -> Vec<&'e Expr> {
        let mut run: Vec<&Expr> = Vec::new();
        for part in parts {
            let first = first_of(part);
            let before = run.last().copied().or(asked);
            let plain = before.is_none_or(|before| self.side_by_side(before, first));
            if !plain || !self.is_bare(first, scope) {
                break;
            }
            run.push(first);
            if matches!(part.kind, Tree::And(_)) {
                break;
            }
        }
        run
    }

    /// Whether no parenthesis stands between the two: it would say that something else was meant.
    fn side_by_side(&self, before: &Expr, after: &Expr) -> bool {
        let between = Span { start: before.span.end, end: after.span.start, ..before.span };
        !self.report.text(between).contains(['(', ')'])
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

    fn say_alone(&mut self, asked: &Expr, run: &[&Expr], (joint, mixed): (&str, bool)) -> Problem {
        let written = |expr: &Expr| self.report.one_line(expr.span).to_string();
        let first = run[0];
        let last = run.last().copied().unwrap_or(first);
        let whole = Span { end: last.span.end, ..asked.span };
        // Beside an `and` what is joined anew stands in parentheses: no two readings are left.
        let joined = |right: String| if mixed { format!("({right})") } else { right };
        let found = |right: &str| {
            problem(
                Code::NotACondition,
                first.span,
                format!("`{}` stands alone after `{joint}`", written(first)),
            )
            .label(format!("write `{right}`"))
            .why(WHOLE)
            .review(whole, right)
        };
        let said = match &asked.kind {
            Tree::Compare(_, subject, value) => {
                let values: Vec<String> = run.iter().map(|one| written(one)).collect();
                found(&format!("{} in ({}, {})", written(subject), written(value), values.join(", ")))
            }
            Tree::Contains(subject, _) => {
                let each = run.iter().map(|part| format!("{} contains {}", written(subject), written(part)));
                let each: Vec<String> = std::iter::once(written(asked)).chain(each).collect();
                found(&joined(each.join(&format!(" {joint} "))))
            }
            Tree::Moved(subject, _) => {
                let each = run.iter().map(|part| format!("{} becomes {}", written(subject), written(part)));
                found(&joined(format!("{} or {}", written(asked), each.collect::<Vec<_>>().join(" or "))))
            }
            _ => problem(Code::NotACondition, first.span, format!("`{}` stands alone", written(first)))
                .why(WHOLE),
        };
        self.report.answers(Code::MixedAndOr, whole);
        said
    }
}

/// Whether a condition is one that people go on with by a mere value.
fn repeats(part: &Expr) -> bool {
    matches!(
        &part.kind,
        Tree::Compare(Comparison::Equal, ..) | Tree::Contains(..) | Tree::Moved(_, MovementWords::Becomes(_))
    )
}

/// What stands first in what is joined by `and`.
fn first_of(part: &Expr) -> &Expr {
    match &part.kind {
        Tree::And(parts) => parts.first().unwrap_or(part),
        _ => part,
    }
}

/// What stands last in what is joined by `and`.
fn last_of(part: &Expr) -> &Expr {
    match &part.kind {
        Tree::And(parts) => parts.last().unwrap_or(part),
        _ => part,
    }
}
