//! What a send of a message costs.

use crate::language::tree::Expr;
use crate::model::Money;
use crate::ruleset::{ExprKind, Value};

use super::expression::Expressions;
use super::names::{Names, kind};
use super::report::{Report, problem};
use crate::diagnostic::Code;

/// More is a slip of the keyboard: a send costs cents.
const MOST: Money = Money(1_000_000 * Money::SCALE);

/// The amount of `cost`; `None` after a diagnostic.
pub(super) fn check(written: &Expr, names: &Names, report: &mut Report<'_>) -> Option<Money> {
    let typed = Expressions { names, fired: None, report: &mut *report }.cost(written)?;
    let ExprKind::Constant(Value::Money(amount)) = typed.kind else {
        report.add(
            problem(Code::DifferentKinds, written.span, "a cost is an amount of money")
                .label(format!("this is {}", kind(typed.ty)))
                .why("reports take what the messages cost from what they brought"),
        );
        return None;
    };
    if amount < Money(0) || amount > MOST {
        report.add(
            problem(Code::BadNumber, written.span, "no message costs that")
                .label(format!("from 0 to {MOST}, for one send"))
                .why("reports take what the messages cost from what they brought"),
        );
        return None;
    }
    Some(amount)
}
