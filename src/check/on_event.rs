//! `on EVENT, after D, for each event`: a rule that fires when something happens.

use crate::diagnostic::{Code, Span};
use crate::language::tree::Name;
use crate::model::Duration;
use crate::ruleset::{Expr, ExprKind, OnEvent, Type, Value};

use super::expression::Expressions;
use super::names::Names;
use super::report::{Problem, Report, problem};

/// The longest wait: what comes later than a year is better said by a schedule.
const LONGEST: Duration = Duration::days(366);

/// The clause as it is written.
pub(super) struct Written<'t> {
    pub(super) event: &'t Name,
    pub(super) after: Option<(Duration, Span)>,
    pub(super) each: bool,
    pub(super) span: Span,
}

/// What the clause means; none after a diagnostic.
pub(super) fn check(written: &Written<'_>, names: &Names, report: &mut Report<'_>) -> Option<OnEvent> {
    let event = Expressions { names, fired: None, report: &mut *report }.event(written.event);
    let after = written.after.filter(|(after, _)| after.0 <= 0 || *after > LONGEST);
    if let Some((after, span)) = after {
        report.add(bad_wait(after, span));
        return None;
    }
    let on = |event| OnEvent { event, after: written.after.map(|(after, _)| after), each: written.each };
    event.map(on)
}

fn bad_wait(after: Duration, span: Span) -> Problem {
    let found = if after.0 <= 0 {
        problem(Code::BadWait, span, "this waits for nothing").label("leave `after` out to fire at once")
    } else {
        problem(Code::BadWait, span, "this waits for more than a year").label("at most 366 days")
    };
    found.why("a wait is kept for each event until it is over")
}

/// `on` beside `every`.
pub(super) fn two_triggers(on: Span, every: Span) -> Problem {
    let later = if on.start > every.start { on } else { every };
    problem(Code::TwoTriggers, later, "this rule fires on an event and by a schedule")
        .label("keep one of the two")
        .why("the fields of an event are there only when it happens; a second rule can have the schedule")
}

/// `after` on its own.
pub(super) fn without_on(span: Span) -> Problem {
    problem(Code::AfterWithoutOn, span, "`after` stands alone")
        .label("it belongs behind an event: `on cart_abandoned, after 2 hours`")
        .why("only a rule on an event knows after what it waits")
}

/// The condition of a rule that writes none: its event says whom it means.
pub(super) fn everybody(on: &Written<'_>, report: &mut Report<'_>) -> Expr {
    let (text, place) = (report.one_line(on.span), report.place(on.span));
    let yes = Expr {
        kind: ExprKind::Constant(Value::YesNo(true)),
        ty: Type::YesNo,
        text: text.clone(),
        place: place.clone(),
    };
    Expr { kind: ExprKind::Truth(Box::new(yes)), ty: Type::Condition, text, place }
}
