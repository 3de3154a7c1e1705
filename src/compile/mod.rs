//! From typed expressions to the program that runs over columns; equal sub-conditions of all rules become one node.
//!
//! Knows the rule set; no customer and no instant. What could be written in several ways is one
//! node here: `>=` is *not less*, `between` two comparisons, an audience its condition.

mod builder;
mod node;

use std::sync::Arc;

use crate::ruleset::{DaySpan, Expr, RuleSet, Schema, Type, Window};

use builder::Builder;

pub(crate) use node::{Aggregate, Node, Order, TextTest};
pub use node::{Leaf, NodeId};

/// Name and value: what a call or a template is filled with.
pub type Fields = Vec<(String, NodeId)>;

/// A rule set as nodes; each node's operands stand before it.
#[derive(Debug, Clone)]
pub struct Program {
    schema: Arc<Schema>,
    nodes: Vec<Node>,
    types: Vec<Type>,
    windows: Vec<Window>,
    day_spans: Vec<DaySpan>,
    leaves: Vec<Leaf>,
    rules: Vec<NodeId>,
    calls: Vec<Vec<Fields>>,
    messages: Vec<Fields>,
    segments: Vec<NodeId>,
    audiences: Vec<NodeId>,
}

impl Program {
    /// Compiles every condition and value of a rule set.
    #[must_use]
    pub fn new(rules: &RuleSet) -> Self {
        Self::with(rules, &[]).0
    }

    /// Compiles a rule set and further expressions over it, whose nodes come back in their order.
    #[must_use]
    pub fn with(rules: &RuleSet, more: &[&Expr]) -> (Self, Vec<NodeId>) {
        let mut builder = Builder::new(rules);
        let program = builder.rule_set();
        let nodes = more.iter().map(|expr| builder.expr(expr)).collect();
        (builder.finish(program), nodes)
    }

    /// Compiles expressions over a rule set and what they name, nothing else; their nodes come
    /// back in their order.
    #[must_use]
    pub fn of(rules: &RuleSet, exprs: &[&Expr]) -> (Self, Vec<NodeId>) {
        let mut builder = Builder::new(rules);
        let nodes = exprs.iter().map(|expr| builder.expr(expr)).collect();
        let program = builder.empty();
        (builder.finish(program), nodes)
    }

    /// The schema that populations must have.
    #[must_use]
    pub const fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The conditions of the rules, by their position in the rule set.
    #[must_use]
    pub fn rules(&self) -> &[NodeId] {
        &self.rules
    }

    /// The fields of a rule's call; the attribute's key and value of a `set`; none for an action that
    /// sends.
    ///
    /// # Panics
    /// For a rule or an action that is not in the rule set.
    #[must_use]
    pub fn call_fields(&self, rule: usize, action: usize) -> &[(String, NodeId)] {
        &self.calls[rule][action]
    }

    /// What a message's templates read.
    ///
    /// # Panics
    /// For a message that is not in the rule set.
    #[must_use]
    pub fn message_fields(&self, message: usize) -> &[(String, NodeId)] {
        &self.messages[message]
    }

    /// The places of the segmentations, as values of their choices.
    #[must_use]
    pub fn segments(&self) -> &[NodeId] {
        &self.segments
    }

    /// The conditions of the audiences.
    #[must_use]
    pub fn audiences(&self) -> &[NodeId] {
        &self.audiences
    }

    /// The type of a node's value; [`Type::Condition`] for a condition.
    #[must_use]
    pub fn ty(&self, node: NodeId) -> Type {
        self.types[node.index()]
    }

    /// How many nodes: what is computed once although written often.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing to compute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The movements that nodes ask for.
    #[must_use]
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The days that nodes name by position.
    pub(crate) fn day_spans(&self) -> &[DaySpan] {
        &self.day_spans
    }

    /// The windows that nodes name by position.
    pub(crate) fn windows(&self) -> &[Window] {
        &self.windows
    }
}
