//! `send`, `call` and `set`.

use crate::diagnostic::Diagnostic;

use super::super::clause::Clause;
use super::super::grammar::{Node, Rule};
use super::super::tree::{Action, Expr, Name};
use super::expression::operand;
use super::{NAMES, child};

/// The actions of one chunk: one, or several that were joined in a foreign way.
pub(super) fn actions(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Vec<Action> {
    let actions = node.clone().into_inner().filter(|part| part.as_rule() == Rule::action);
    actions.filter_map(|part| action(clause, &part, found)).collect()
}

fn action(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<Action> {
    let inner = child(node, &[Rule::send, Rule::call, Rule::set])?;
    let name = clause.name(&child(&inner, &NAMES)?);
    if inner.as_rule() == Rule::set {
        let value = child(&inner, &[Rule::right, Rule::operand])?;
        return Some(Action::Set { attribute: name, value: operand(clause, &value, found) });
    }
    if inner.as_rule() == Rule::send {
        return Some(Action::Send(name));
    }
    let fields = inner.into_inner().filter(|part| part.as_rule() == Rule::field);
    Some(Action::Call {
        webhook: name,
        fields: fields.filter_map(|part| field(clause, &part, found)).collect(),
    })
}

fn field(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<(Expr, Option<Name>)> {
    let value = operand(clause, &child(node, &[Rule::operand])?, found);
    Some((value, child(node, &NAMES).map(|name| clause.name(&name))))
}
