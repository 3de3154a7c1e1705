//! Why a condition is true, false or unknown for one customer: its tree with the values.
//!
//! Every answer in it comes from the nodes and the row that decisions are made by, so that the
//! explanation cannot differ from the decision.

mod render;
mod seen;

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::compile::{NodeId, Program};
use crate::model::{CustomerNumber, Instant};
use crate::population::Population;
use crate::ruleset::{Expr, ExprKind, Movement, RuleSet};

use super::moment::{Fired, Moment};
use super::row::Row;

pub use seen::Seen;

/// A condition's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// A value is missing; never sends.
    Unknown,
}

impl Verdict {
    /// From the engine's answer.
    #[must_use]
    pub const fn of(truth: Option<bool>) -> Self {
        match truth {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }
}

/// What a step of the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// `and`: all parts must hold.
    All,
    /// `or`: one part must hold.
    Any,
    /// `not`: its part must not hold.
    Not,
    /// `in audience`: its part is the audience's condition.
    Audience,
    /// A comparison or test; its parts are the lines of a segmentation that it asks.
    Clause,
}

/// A condition for one customer, with what it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// As it was written.
    pub text: String,
    /// `winback.rules:3`.
    pub place: String,
    /// What it is.
    pub step: Step,
    /// Its answer.
    pub result: Verdict,
    /// The values on its sides, in the order written.
    pub values: Vec<Seen>,
    /// What else should be known: orders that were not counted.
    pub notes: Vec<String>,
    /// What it is made of.
    pub parts: Vec<Self>,
}

/// Explains a condition of the rule set for one customer, and, of a rule that fires on events, for
/// one of these; `None` for a customer who is not here,
/// or a population of another schema.
#[must_use]
pub fn trace(
    rules: &RuleSet,
    population: &Population,
    customer: CustomerNumber,
    expr: &Expr,
    (now, fired): (Instant, Option<Fired>),
    zone: &TimeZone,
) -> Option<Trace> {
    trace_moved(rules, population, customer, expr, (now, fired), zone, &[])
}

/// What the records say of a movement, for one customer and rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveSeen {
    /// Which movement.
    pub movement: Movement,
    /// Whether the customer moved so; none where nothing is on record.
    pub holds: Option<bool>,
    /// When they moved last, in words.
    pub note: String,
}

/// As [`trace`], with what the records say of the movements in the condition.
#[must_use]
pub fn trace_moved(
    rules: &RuleSet,
    population: &Population,
    customer: CustomerNumber,
    expr: &Expr,
    (now, fired): (Instant, Option<Fired>),
    zone: &TimeZone,
    moves: &[MoveSeen],
) -> Option<Trace> {
    let mut asked = Asked::default();
    asked.visit(rules, expr);
    let (program, nodes) = Program::of(rules, &asked.exprs);
    let who = program.leaves().iter().map(|leaf| {
        let seen = moves.iter().find(|seen| seen.movement == leaf.movement)?;
        Some(seen.holds?.then_some(customer.0).into_iter().collect())
    });
    let moment = Moment::new(&program, now, zone).on(fired).with_moved(who.collect());
    if !moment.fits(population) {
        return None;
    }
    let (chunk, row) = population.row(customer)?;
    let mut tracer = Tracer {
        rules,
        row: Row::remembering(&moment, chunk, row),
        nodes: asked.exprs.iter().map(|&expr| std::ptr::from_ref(expr)).zip(nodes).collect(),
        told: HashSet::new(),
        moves,
    };
    Some(tracer.condition(expr))
}

impl Trace {
    /// The first clause, in the order written, that made the whole false or unknown; `None` where
    /// the whole is true.
    #[must_use]
    pub fn first_failed(&self) -> Option<&Self> {
        if self.result == Verdict::True {
            return None;
        }
        match self.step {
            Step::All | Step::Any | Step::Audience => {
                let same = self.parts.iter().find(|part| part.result == self.result);
                same.map_or(Some(self), Self::first_failed)
            }
            Step::Not | Step::Clause => Some(self),
        }
    }

    /// The values that the condition looked at: text as written and value, each once, constants
    /// left out.
    #[must_use]
    pub fn values(&self) -> Vec<(String, String)> {
        let mut values = Vec::new();
        self.collect(&mut values);
        values
    }

    fn collect(&self, values: &mut Vec<(String, String)>) {
        for seen in self.values.iter().filter(|seen| !seen.constant) {
            if values.iter().all(|(text, _)| *text != seen.text) {
                values.push((seen.text.clone(), seen.to_string()));
            }
        }
        for part in &self.parts {
            part.collect(values);
        }
    }
}

/// Every expression that a trace may ask for, named conditions included.
#[derive(Default)]
struct Asked<'e> {
    exprs: Vec<&'e Expr>,
    seen: HashSet<*const Expr>,
}

impl<'e> Asked<'e> {
    fn visit(&mut self, rules: &'e RuleSet, expr: &'e Expr) {
        if !self.seen.insert(std::ptr::from_ref(expr)) {
            return;
        }
        self.exprs.push(expr);
        if let ExprKind::Segment(position) = &expr.kind {
            rules.segments[*position].conditions.iter().for_each(|condition| self.visit(rules, condition));
        }
        if let ExprKind::InAudience(position) = &expr.kind {
            self.visit(rules, &rules.audiences[*position].when);
        }
        for operand in operands(expr) {
            self.visit(rules, operand);
        }
    }
}

/// The expressions directly under one, but for those inside `where`: these are asked per event, by the
/// aggregate.
fn operands(expr: &Expr) -> Vec<&Expr> {
    let by_event = matches!(expr.kind, ExprKind::Aggregate { .. });
    if by_event { Vec::new() } else { expr.children() }
}

struct Tracer<'a> {
    rules: &'a RuleSet,
    row: Row<'a>,
    nodes: HashMap<*const Expr, NodeId>,
    /// Audiences and segmentations that were told already: once is enough, and it ends.
    told: HashSet<*const Expr>,
    moves: &'a [MoveSeen],
}

impl<'a> Tracer<'a> {
    fn node(&self, expr: &Expr) -> Option<NodeId> {
        self.nodes.get(&std::ptr::from_ref(expr)).copied()
    }

    fn condition(&mut self, expr: &'a Expr) -> Trace {
        let result = Verdict::of(self.node(expr).and_then(|node| self.row.truth(node, None)));
        let (step, parts, values) = match &expr.kind {
            ExprKind::And(parts) => (Step::All, self.conditions(parts), Vec::new()),
            ExprKind::Or(parts) => (Step::Any, self.conditions(parts), Vec::new()),
            ExprKind::Not(of) => (Step::Not, vec![self.condition(of)], Vec::new()),
            ExprKind::InAudience(position) => {
                let when = &self.rules.audiences[*position].when;
                let told = !self.told.insert(std::ptr::from_ref(when));
                (Step::Audience, if told { Vec::new() } else { vec![self.condition(when)] }, Vec::new())
            }
            ExprKind::Compare(..)
            | ExprKind::Contains(..)
            | ExprKind::StartsWith(..)
            | ExprKind::OneOf(..)
            | ExprKind::Between(..)
            | ExprKind::During(..)
            | ExprKind::Falls(..)
            | ExprKind::Moved(_)
            | ExprKind::IsKnown(_)
            | ExprKind::Truth(_) => {
                let sides = operands(expr);
                let parts = sides.iter().flat_map(|side| self.places(side)).collect();
                (Step::Clause, parts, sides)
            }
            ExprKind::Constant(_)
            | ExprKind::Field(_)
            | ExprKind::EventField(..)
            | ExprKind::Fired(..)
            | ExprKind::Aggregate { .. }
            | ExprKind::TimeSince { .. }
            | ExprKind::Frequency
            | ExprKind::Segment(_)
            | ExprKind::OrElse(..)
            | ExprKind::ShareOf(..) => (Step::Clause, Vec::new(), vec![expr]),
        };
        Trace {
            text: expr.text.to_string(),
            place: expr.place.to_string(),
            step,
            result,
            notes: values
                .iter()
                .flat_map(|side| self.notes(side))
                .chain(self.days(expr))
                .chain(self.movement(expr))
                .collect(),
            values: values.iter().map(|side| self.seen(side)).collect(),
            parts,
        }
    }

    fn conditions(&mut self, parts: &'a [Expr]) -> Vec<Trace> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    /// The lines of a segmentation up to the one that ended the search.
    fn places(&mut self, side: &'a Expr) -> Vec<Trace> {
        let ExprKind::Segment(position) = side.kind else { return Vec::new() };
        let conditions: &'a [Expr] = &self.rules.segments[position].conditions;
        let Some(first) = conditions.first() else { return Vec::new() };
        if !self.told.insert(std::ptr::from_ref(first)) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for condition in conditions {
            lines.push(self.condition(condition));
            if lines.last().is_some_and(|line| line.result != Verdict::False) {
                break;
            }
        }
        lines
    }
}
