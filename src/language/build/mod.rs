//! Parsed clauses into the syntax tree.

mod action;
mod condition;
mod declaration;
mod expression;
mod item;
mod policy;
mod rule;
mod value;
mod webhook;

pub(super) use item::build;

use super::grammar::{Node, Rule};

/// The first child of one of these rules.
fn child<'a>(node: &Node<'a>, wanted: &[Rule]) -> Option<Node<'a>> {
    node.clone().into_inner().find(|inner| wanted.contains(&inner.as_rule()))
}

/// The rules that are names.
const NAMES: [Rule; 2] = [Rule::name, Rule::compat_name];
/// The rules that are texts in quotes.
const TEXTS: [Rule; 2] = [Rule::string, Rule::compat_string];
