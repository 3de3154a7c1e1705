//! Movement: `segment becomes lapsing`, `plan rises`, `enters audience vip`.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{self, ExprKind as Tree, MovementWords, Name};
use crate::ruleset::{self, Change, ChoiceId, ExprKind, Movement, Track, Type};

use super::super::names::{kind, shorten};
use super::super::report::{Report, problem};
use super::{Expressions, Scope};

impl Expressions<'_, '_> {
    /// `segment becomes lapsing` and its kin.
    pub(super) fn moved(
        &mut self,
        subject: &tree::Expr,
        words: &MovementWords,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        if !self.customers_only(scope, span) {
            return None;
        }
        let typed = self.value(subject, scope)?;
        let track = match (&typed.kind, typed.ty) {
            (ExprKind::Segment(position), _) => Some(Track::Segments(*position)),
            (ExprKind::Field(field), Type::Choice(_) | Type::YesNo) => Some(Track::Field(*field)),
            _ => None,
        };
        let Some(track) = track else {
            let text = shorten(&typed.text);
            self.report.add(
                problem(Code::NoPlaces, subject.span, format!("`{text}` has no places to move between"))
                    .label(format!("this is {}", kind(typed.ty)))
                    .why("movement is seen between the places of a segmentation or the values of a choice; declare `segments NAME` with lines such as `high when clv >= 500 EUR`"),
            );
            return None;
        };
        let choices = if let Type::Choice(id) = typed.ty { Some(id) } else { None };
        let change = self.change(choices, words, &typed, span)?;
        Some(self.typed(ExprKind::Moved(Movement { track, change }), Type::Condition, span))
    }

    /// `enters audience NAME`, `leaves audience NAME`.
    pub(super) fn crossed(
        &mut self,
        name: &Name,
        enters: bool,
        span: Span,
        scope: Scope,
    ) -> Option<ruleset::Expr> {
        if !self.customers_only(scope, span) {
            return None;
        }
        let audience = self.in_audience(name, span, scope)?;
        let ExprKind::InAudience(position) = audience.kind else { return None };
        let change = if enters { Change::Becomes(1) } else { Change::Changes { from: Some(1), to: Some(0) } };
        let movement = Movement { track: Track::Audience(position), change };
        Some(self.typed(ExprKind::Moved(movement), Type::Condition, span))
    }

    fn customers_only(&mut self, scope: Scope, span: Span) -> bool {
        if scope != Scope::Customer {
            self.report.add(
                problem(Code::WrongPlace, span, "an event has no place to move from")
                    .label("customers move, events happen")
                    .why("put what concerns the customer outside of the parentheses, joined with `and`"),
            );
        }
        scope == Scope::Customer
    }

    fn change(
        &mut self,
        choices: Option<ChoiceId>,
        words: &MovementWords,
        subject: &ruleset::Expr,
        span: Span,
    ) -> Option<Change> {
        Some(match words {
            MovementWords::Becomes(to) => Change::Becomes(self.place(choices, to)?),
            MovementWords::Changes { from, to } => {
                // Both are looked at, so that one run names both mistakes.
                let from = from.as_ref().map(|name| self.place(choices, name));
                let to = to.as_ref().map(|name| self.place(choices, name));
                let (from, to) = (
                    match from {
                        Some(from) => Some(from?),
                        None => None,
                    },
                    match to {
                        Some(to) => Some(to?),
                        None => None,
                    },
                );
                if from.is_some() && from == to {
                    self.report.add(
                        problem(Code::NeverMatches, span, "nobody can meet this condition")
                            .label("this leads from a place to itself")
                            .why("a rule that looks alive and contacts nobody is found out late"),
                    );
                }
                Change::Changes { from, to }
            }
            MovementWords::Rises | MovementWords::Falls => {
                self.ordered_places(choices, subject, span)?;
                if *words == MovementWords::Rises { Change::Rises } else { Change::Falls }
            }
        })
    }

    /// The code of a place.
    fn place(&mut self, choices: Option<ChoiceId>, name: &Name) -> Option<u32> {
        let Some(choices) = choices else {
            return match name.text.as_str() {
                "no" => Some(0),
                "yes" => Some(1),
                _ => {
                    self.report.add(
                        problem(
                            Code::UnknownValue,
                            name.span,
                            format!("`{}` is neither yes nor no", shorten(&name.text)),
                        )
                        .label("write `yes` or `no`")
                        .why("no customer can have this value, so the condition would never be met"),
                    );
                    None
                }
            };
        };
        match self.choice_value(choices, &name.text, name.span)?.0 {
            ruleset::Value::Choice(_, code) => Some(code),
            _ => None,
        }
    }

    fn ordered_places(
        &mut self,
        choices: Option<ChoiceId>,
        subject: &ruleset::Expr,
        span: Span,
    ) -> Option<()> {
        if choices.is_some_and(|id| self.names.schema.choices(id).ordered) {
            return Some(());
        }
        self.report.add(
            problem(Code::NoOrder, span, "higher or lower than what?")
                .label(format!("the places of `{}` have no order", shorten(&subject.text)))
                .why("`rises` and `falls` need a choice declared with `<` between its values; else write `changes from … to …`"),
        );
        None
    }
}

/// Objects to movement where it has no meaning; says whether there was any.
pub(in super::super) fn no_movement(
    expr: &tree::Expr,
    report: &mut Report<'_>,
    (code, message, why): (Code, &str, &str),
) -> bool {
    let Some(span) = movement_in(expr) else { return false };
    report.add(problem(code, span, message).label("this is a movement").why(why));
    true
}

/// Objects to movement under a `not`.
pub(super) fn not_under_not(expr: &tree::Expr, report: &mut Report<'_>) -> bool {
    let message = "movement under a `not`";
    let why = "almost nobody moves at any instant, so its opposite would mean almost everybody; ask where the customer is, with `=` or `!=`";
    no_movement(expr, report, (Code::MovementUnderNot, message, why))
}

/// The first movement in a condition.
fn movement_in(expr: &tree::Expr) -> Option<Span> {
    match &expr.kind {
        Tree::Moved(..) | Tree::Crossed(..) => Some(expr.span),
        Tree::And(parts) | Tree::Or(parts) => parts.iter().find_map(movement_in),
        Tree::Not(inner) => movement_in(inner),
        // Movement is a condition: no value holds one.
        _ => None,
    }
}
