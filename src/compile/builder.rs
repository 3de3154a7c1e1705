//! Makes nodes of expressions, each distinct one once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ruleset::{Action, Comparison, DaySpan, Expr, ExprKind, Movement, RuleSet, Type, Value, Window};

use super::node::{Aggregate, Leaf, Node, NodeId, Order, TextTest};
use super::{Fields, Program};

/// What a walk over a chunk's rows costs, roughly, by kind of node; only their order matters.
const CHEAP: u32 = 1;
const RANGE: u32 = 2;
const TEXT: u32 = 3;
const ORDERS: u32 = 40;
const FILTERED: u32 = 200;

pub(super) struct Builder<'a> {
    rules: &'a RuleSet,
    nodes: Vec<Node>,
    types: Vec<Type>,
    costs: Vec<u32>,
    windows: Vec<Window>,
    day_spans: Vec<DaySpan>,
    leaves: Vec<Leaf>,
    /// The rule whose condition is being compiled.
    rule: Option<usize>,
    known: HashMap<(Node, Type), NodeId>,
    segments: Vec<Named>,
    audiences: Vec<Named>,
}

/// A segmentation or an audience that other expressions name.
#[derive(Clone, Copy)]
enum Named {
    New,
    /// Being compiled: whoever meets it now asks for itself.
    Open,
    Done(NodeId),
}

impl<'a> Builder<'a> {
    pub(super) fn new(rules: &'a RuleSet) -> Self {
        Self {
            rules,
            nodes: Vec::new(),
            types: Vec::new(),
            costs: Vec::new(),
            windows: Vec::new(),
            day_spans: Vec::new(),
            leaves: Vec::new(),
            rule: None,
            known: HashMap::new(),
            segments: vec![Named::New; rules.segments.len()],
            audiences: vec![Named::New; rules.audiences.len()],
        }
    }

    /// A program without roots; the nodes are still this builder's.
    pub(super) fn empty(&self) -> Program {
        Program {
            schema: Arc::clone(&self.rules.schema),
            nodes: Vec::new(),
            types: Vec::new(),
            windows: Vec::new(),
            day_spans: Vec::new(),
            leaves: Vec::new(),
            rules: Vec::new(),
            calls: Vec::new(),
            messages: Vec::new(),
            segments: Vec::new(),
            audiences: Vec::new(),
        }
    }

    /// The roots of the whole set; the nodes are still this builder's.
    pub(super) fn rule_set(&mut self) -> Program {
        let set = self.rules;
        let mut program = Program {
            rules: (0..set.rules.len()).map(|position| self.rule(position)).collect(),
            messages: set.messages.iter().map(|message| self.fields(&message.fields)).collect(),
            segments: (0..set.segments.len()).map(|position| self.segment(position)).collect(),
            audiences: (0..set.audiences.len()).map(|position| self.audience(position)).collect(),
            ..self.empty()
        };
        let call = |builder: &mut Self, action: &Action| match action {
            Action::Send(_) => Vec::new(),
            Action::Call { fields, .. } => builder.fields(fields),
            Action::Set { field, value } => {
                vec![(set.schema.key(*field).to_owned(), builder.expr(value))]
            }
        };
        program.calls =
            set.rules.iter().map(|rule| rule.actions.iter().map(|a| call(self, a)).collect()).collect();
        program
    }

    pub(super) fn finish(self, program: Program) -> Program {
        let Self { nodes, types, windows, day_spans, leaves, .. } = self;
        Program { nodes, types, windows, day_spans, leaves, ..program }
    }

    /// A rule's condition. What moved counts for each rule from another instant on.
    fn rule(&mut self, position: usize) -> NodeId {
        self.rule = Some(position);
        let node = self.expr(&self.rules.rules[position].when);
        self.rule = None;
        node
    }

    fn fields(&mut self, fields: &[(String, Expr)]) -> Fields {
        fields.iter().map(|(name, expr)| (name.clone(), self.expr(expr))).collect()
    }

    fn add(&mut self, node: Node, ty: Type, cost: u32) -> NodeId {
        let key = (node, ty);
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(key.0.clone());
        self.types.push(ty);
        self.costs.push(cost);
        self.known.insert(key, id);
        id
    }

    fn condition(&mut self, node: Node, cost: u32) -> NodeId {
        self.add(node, Type::Condition, cost)
    }

    fn cost(&self, id: NodeId) -> u32 {
        self.costs[id.index()]
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> NodeId {
        match &expr.kind {
            ExprKind::Constant(value) => self.add(Node::Constant(value.clone()), expr.ty, 0),
            ExprKind::Field(field) => self.add(Node::Field(*field), expr.ty, 0),
            ExprKind::EventField(event, field) => self.add(Node::EventField(*event, *field), expr.ty, 0),
            ExprKind::Aggregate { function, event, field, window, filter } => {
                let filter = filter.as_ref().map(|filter| self.expr(filter));
                let window = self.window(*window);
                let aggregate = Aggregate {
                    of: expr.ty,
                    function: *function,
                    event: *event,
                    field: *field,
                    window,
                    filter,
                };
                let cost = if filter.is_some() { FILTERED } else { ORDERS };
                self.add(Node::Aggregate(aggregate), expr.ty, cost)
            }
            ExprKind::TimeSince { event, which } => {
                self.add(Node::TimeSince(*event, *which), expr.ty, ORDERS)
            }
            ExprKind::Fired(event, field) => self.add(Node::Fired(*event, *field), expr.ty, 0),
            ExprKind::Frequency => self.add(Node::Frequency, expr.ty, ORDERS),
            ExprKind::Segment(position) => self.segment(*position),
            ExprKind::OrElse(first, second) => {
                let (first, second) = (self.expr(first), self.expr(second));
                let cost = self.cost(first).saturating_add(self.cost(second)).saturating_add(TEXT);
                self.add(Node::OrElse(first, second), expr.ty, cost)
            }
            ExprKind::ShareOf(share, of) => {
                let of = self.expr(of);
                self.add(Node::ShareOf(*share, of), expr.ty, self.cost(of).saturating_add(TEXT))
            }
            ExprKind::Compare(comparison, left, right) => self.compare(*comparison, left, right),
            ExprKind::Contains(of, part) => self.text(of, TextTest::Contains(part.to_lowercase())),
            ExprKind::StartsWith(of, start) => self.text(of, TextTest::StartsWith(start.to_lowercase())),
            ExprKind::OneOf(of, values) => self.one_of(of, values),
            ExprKind::Between(of, low, high) => {
                let low = self.compare(Comparison::GreaterOrEqual, of, low);
                let high = self.compare(Comparison::LessOrEqual, of, high);
                self.all(vec![low, high])
            }
            ExprKind::During(of, span) => {
                let (of, span) = (self.expr(of), self.day_span(*span));
                self.condition(Node::During(of, span), self.cost(of).saturating_add(RANGE))
            }
            ExprKind::Falls(of, span) => {
                let (of, span) = (self.expr(of), self.day_span(*span));
                self.condition(Node::Falls(of, span), self.cost(of).saturating_add(TEXT))
            }
            ExprKind::IsKnown(of) => {
                let of = self.expr(of);
                self.condition(Node::IsKnown(of), self.cost(of).saturating_add(CHEAP))
            }
            ExprKind::Truth(of) => {
                let of = self.expr(of);
                let yes = self.add(Node::Constant(Value::YesNo(true)), Type::YesNo, 0);
                self.number_compare(Order::Equal, of, yes)
            }
            ExprKind::Moved(movement) => self.moved(*movement),
            ExprKind::InAudience(position) => self.audience(*position),
            ExprKind::And(parts) => {
                let parts = parts.iter().map(|part| self.expr(part)).collect();
                self.all(parts)
            }
            ExprKind::Or(parts) => {
                let parts = parts.iter().map(|part| self.expr(part)).collect();
                let (parts, cost) = self.sorted(parts);
                self.condition(Node::Or(parts), cost)
            }
            ExprKind::Not(of) => {
                let of = self.expr(of);
                self.not(of)
            }
        }
    }

    fn window(&mut self, window: Window) -> usize {
        let found = self.windows.iter().position(|&known| known == window);
        found.unwrap_or_else(|| {
            self.windows.push(window);
            self.windows.len() - 1
        })
    }

    fn day_span(&mut self, span: DaySpan) -> usize {
        let found = self.day_spans.iter().position(|&known| known == span);
        found.unwrap_or_else(|| {
            self.day_spans.push(span);
            self.day_spans.len() - 1
        })
    }

    fn moved(&mut self, movement: Movement) -> NodeId {
        let leaf = Leaf { rule: self.rule, movement };
        let found = self.leaves.iter().position(|&known| known == leaf);
        let position = found.unwrap_or_else(|| {
            self.leaves.push(leaf);
            self.leaves.len() - 1
        });
        self.condition(Node::Moved(position), CHEAP)
    }

    fn segment(&mut self, position: usize) -> NodeId {
        let set = self.rules;
        match self.segments[position] {
            Named::Done(id) => id,
            Named::Open => self.add(Node::Unknown, Type::Choice(set.segments[position].choices), 0),
            Named::New => {
                self.segments[position] = Named::Open;
                let segments = &set.segments[position];
                let places: Vec<NodeId> = segments.conditions.iter().map(|c| self.expr(c)).collect();
                let cost = places.iter().fold(TEXT, |sum, &place| sum.saturating_add(self.cost(place)));
                let id = self.add(Node::Place(places), Type::Choice(segments.choices), cost);
                self.segments[position] = Named::Done(id);
                id
            }
        }
    }

    fn audience(&mut self, position: usize) -> NodeId {
        match self.audiences[position] {
            Named::Done(id) => id,
            Named::Open => self.add(Node::Unknown, Type::Condition, 0),
            Named::New => {
                self.audiences[position] = Named::Open;
                let id = self.expr(&self.rules.audiences[position].when);
                self.audiences[position] = Named::Done(id);
                id
            }
        }
    }

    fn all(&mut self, parts: Vec<NodeId>) -> NodeId {
        let (parts, cost) = self.sorted(parts);
        self.condition(Node::And(parts), cost)
    }

    /// Cheap parts first, so that dear ones see fewer rows; without order in their meaning, parts
    /// that were written in another order are the same node.
    fn sorted(&self, mut parts: Vec<NodeId>) -> (Vec<NodeId>, u32) {
        parts.sort_unstable_by_key(|&part| (self.cost(part), part));
        parts.dedup();
        let cost = parts.iter().fold(CHEAP, |sum, &part| sum.saturating_add(self.cost(part)));
        (parts, cost)
    }

    fn not(&mut self, of: NodeId) -> NodeId {
        if let Node::Not(inner) = self.nodes[of.index()] {
            return inner;
        }
        self.condition(Node::Not(of), self.cost(of).saturating_add(CHEAP))
    }

    fn compare(&mut self, comparison: Comparison, left: &Expr, right: &Expr) -> NodeId {
        if is_text(left) || is_text(right) {
            return self.text_compare(comparison, left, right);
        }
        let (left, right) = (self.expr(left), self.expr(right));
        match comparison {
            Comparison::Equal => self.number_compare(Order::Equal, left, right),
            Comparison::NotEqual => {
                let equal = self.number_compare(Order::Equal, left, right);
                self.not(equal)
            }
            Comparison::Less => self.number_compare(Order::Less, left, right),
            Comparison::Greater => self.number_compare(Order::Less, right, left),
            Comparison::LessOrEqual => {
                let greater = self.number_compare(Order::Less, right, left);
                self.not(greater)
            }
            Comparison::GreaterOrEqual => {
                let less = self.number_compare(Order::Less, left, right);
                self.not(less)
            }
        }
    }

    fn number_compare(&mut self, order: Order, left: NodeId, right: NodeId) -> NodeId {
        // Few are equal to a constant, many below it: equality first leaves fewer rows.
        let own = match order {
            Order::Equal => CHEAP,
            Order::Less => RANGE,
        };
        let (left, right) = match order {
            Order::Equal => (left.min(right), left.max(right)),
            Order::Less => (left, right),
        };
        let cost = own.saturating_add(self.cost(left)).saturating_add(self.cost(right));
        self.condition(Node::Compare(order, left, right), cost)
    }

    fn text_compare(&mut self, comparison: Comparison, left: &Expr, right: &Expr) -> NodeId {
        let equal = match (&left.kind, &right.kind) {
            (_, ExprKind::Constant(Value::Text(text))) => {
                self.text(left, TextTest::OneOf(vec![text.clone()]))
            }
            (ExprKind::Constant(Value::Text(text)), _) => {
                self.text(right, TextTest::OneOf(vec![text.clone()]))
            }
            _ => {
                let lists = is_list(left) || is_list(right);
                let (left, right) = (self.expr(left), self.expr(right));
                let node = Node::SameText { left: left.min(right), right: left.max(right), lists };
                let cost = self.cost(left).saturating_add(self.cost(right)).saturating_add(TEXT);
                self.condition(node, cost)
            }
        };
        match comparison {
            Comparison::Equal => equal,
            Comparison::NotEqual => self.not(equal),
            // Texts have no order in this language; the checker says so before it comes to this.
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {
                self.add(Node::Unknown, Type::Condition, 0)
            }
        }
    }

    fn text(&mut self, of: &Expr, test: TextTest) -> NodeId {
        let list = is_list(of);
        let of = self.expr(of);
        let cost = self.cost(of).saturating_add(TEXT);
        self.condition(Node::Text { of, test, list }, cost)
    }

    fn one_of(&mut self, of: &Expr, values: &[Value]) -> NodeId {
        if is_text(of) {
            let mut texts: Vec<String> = values
                .iter()
                .filter_map(|value| if let Value::Text(text) = value { Some(text.clone()) } else { None })
                .collect();
            texts.sort_unstable();
            texts.dedup();
            return self.text(of, TextTest::OneOf(texts));
        }
        let mut scalars: Vec<i64> = values.iter().filter_map(Value::scalar).collect();
        scalars.sort_unstable();
        scalars.dedup();
        let of = self.expr(of);
        self.condition(Node::OneOf(of, scalars), self.cost(of).saturating_add(RANGE))
    }
}

const fn is_text(expr: &Expr) -> bool {
    matches!(expr.ty, Type::Text | Type::ListOfText)
}

const fn is_list(expr: &Expr) -> bool {
    matches!(expr.ty, Type::ListOfText)
}
