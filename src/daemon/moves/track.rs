//! What the rules that run follow: its places as conditions, and all that it is defined by.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::compile::{Leaf, NodeId, Program};
use crate::ruleset::{Comparison, Expr, ExprKind, FieldId, Movement, Place, RuleSet, Track, Type, Value};

/// A segmentation, choice or audience as the rules define it.
#[derive(Debug)]
pub struct Tracked {
    /// What it is of.
    pub track: Track,
    /// Kind and name: `segments segment`.
    pub name: String,
    /// The names of its places, in the order of their codes in the rule set.
    pub places: Vec<String>,
    /// The conditions of being in each, in [`Tracks::program`].
    pub nodes: Vec<NodeId>,
    /// SHA-256 of all that it is defined by.
    pub definition: [u8; 32],
    /// The positions of the rules that follow it.
    pub rules: BTreeSet<usize>,
}

/// All that a rule set follows. Nothing where no rule asks for movement.
#[derive(Debug)]
pub struct Tracks {
    /// The conditions of all places.
    pub program: Program,
    /// Each track once.
    pub all: Vec<Tracked>,
}

impl Tracks {
    /// What the movements of a rule set are of.
    pub fn new(rules: &RuleSet, leaves: &[Leaf]) -> Self {
        let mut wanted: Vec<(Track, BTreeSet<usize>)> = Vec::new();
        for leaf in leaves {
            let Some(rule) = leaf.rule else { continue };
            let track = leaf.movement.track;
            match wanted.iter_mut().find(|(known, _)| *known == track) {
                Some((_, rules)) => drop(rules.insert(rule)),
                None => wanted.push((track, BTreeSet::from([rule]))),
            }
        }
        let conditions: Vec<Vec<Expr>> = wanted.iter().map(|(track, _)| conditions(rules, *track)).collect();
        let (program, nodes) = Program::of(rules, &conditions.iter().flatten().collect::<Vec<_>>());
        let mut nodes = nodes.into_iter();
        let all = wanted.into_iter().zip(&conditions).map(|((track, followers), conditions)| Tracked {
            track,
            name: name(rules, track),
            places: places(rules, track),
            nodes: nodes.by_ref().take(conditions.len()).collect(),
            definition: definition(rules, track),
            rules: followers,
        });
        let all = all.collect();
        Self { program, all }
    }

    /// A track by what it is of.
    pub fn find(&self, movement: Movement) -> Option<&Tracked> {
        self.all.iter().find(|tracked| tracked.track == movement.track)
    }
}

fn name(rules: &RuleSet, track: Track) -> String {
    match track {
        Track::Segments(position) => format!("segments {}", rules.segments[position].name),
        Track::Field(field) => format!("attribute {}", rules.schema.field(field).name),
        Track::Audience(position) => format!("audience {}", rules.audiences[position].name),
    }
}

fn places(rules: &RuleSet, track: Track) -> Vec<String> {
    let named = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    match track {
        Track::Segments(position) => rules.schema.choices(rules.segments[position].choices).names.clone(),
        Track::Field(field) => match rules.schema.field(field).ty {
            Type::Choice(choices) => rules.schema.choices(choices).names.clone(),
            _ => named(["no", "yes"]),
        },
        Track::Audience(_) => named(["out", "in"]),
    }
}

/// The condition of being in each place.
fn conditions(rules: &RuleSet, track: Track) -> Vec<Expr> {
    let place = Place { file: "movement".into(), line: 1 };
    let expr = |kind, ty| Expr { kind, ty, text: "a place".into(), place: place.clone() };
    let is = |subject: ExprKind, ty, value: Value| {
        let sides = (Box::new(expr(subject, ty)), Box::new(expr(ExprKind::Constant(value), ty)));
        expr(ExprKind::Compare(Comparison::Equal, sides.0, sides.1), Type::Condition)
    };
    let codes = 0..u32::try_from(places(rules, track).len()).unwrap_or(0);
    match track {
        Track::Segments(position) => {
            let choices = rules.segments[position].choices;
            let in_place =
                |code| is(ExprKind::Segment(position), Type::Choice(choices), Value::Choice(choices, code));
            codes.map(in_place).collect()
        }
        Track::Field(field) => {
            let ty = rules.schema.field(field).ty;
            let value = |code| match ty {
                Type::Choice(choices) => Value::Choice(choices, code),
                _ => Value::YesNo(code == 1),
            };
            codes.map(|code| is(ExprKind::Field(field), ty, value(code))).collect()
        }
        Track::Audience(position) => {
            let inside = || expr(ExprKind::InAudience(position), Type::Condition);
            vec![expr(ExprKind::Not(Box::new(inside())), Type::Condition), inside()]
        }
    }
}

/// SHA-256 of a definition as it is written, with all that it refers to: an edit of any of it makes
/// another one, a move to another line does not.
fn definition(rules: &RuleSet, track: Track) -> [u8; 32] {
    let mut said = Said { rules, text: String::new(), seen: BTreeSet::new() };
    let _ = writeln!(said.text, "zone {} {:?}", rules.workspace.zone, rules.workspace.currency);
    said.track(track);
    let digest = ring::digest::digest(&ring::digest::SHA256, said.text.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// Definitions as they are read, each once.
struct Said<'r> {
    rules: &'r RuleSet,
    text: String,
    seen: BTreeSet<Track>,
}

impl Said<'_> {
    fn track(&mut self, track: Track) {
        if !self.seen.insert(track) {
            return;
        }
        let rules = self.rules;
        let _ = writeln!(self.text, "{}: {}", name(rules, track), places(rules, track).join(", "));
        match track {
            Track::Segments(position) => {
                rules.segments[position].conditions.iter().for_each(|condition| self.condition(condition));
            }
            Track::Audience(position) => self.condition(&rules.audiences[position].when),
            Track::Field(field) => self.field(field),
        }
    }

    fn condition(&mut self, condition: &Expr) {
        let _ = writeln!(self.text, "  {}", condition.text.split_whitespace().collect::<Vec<_>>().join(" "));
        self.expr(condition);
    }

    fn field(&mut self, id: FieldId) {
        let field = self.rules.schema.field(id);
        match field.ty {
            Type::Choice(choices) => {
                let choices = self.rules.schema.choices(choices);
                let _ = writeln!(self.text, "{} is one of {:?}", field.name, choices.names);
            }
            other => drop(writeln!(self.text, "{} is {other:?}", field.name)),
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Segment(position) => self.track(Track::Segments(*position)),
            ExprKind::InAudience(position) => self.track(Track::Audience(*position)),
            ExprKind::Field(field) => self.field(*field),
            // An event's fields are as they were declared when the events came.
            ExprKind::Constant(_)
            | ExprKind::EventField(..)
            | ExprKind::Fired(..)
            | ExprKind::Aggregate { .. }
            | ExprKind::TimeSince { .. }
            | ExprKind::Frequency
            | ExprKind::Moved(_) => {}
            ExprKind::OrElse(a, b) | ExprKind::Compare(_, a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Between(a, b, c) => [a, b, c].into_iter().for_each(|part| self.expr(part)),
            ExprKind::ShareOf(_, of)
            | ExprKind::Contains(of, _)
            | ExprKind::StartsWith(of, _)
            | ExprKind::OneOf(of, _)
            | ExprKind::During(of, _)
            | ExprKind::Falls(of, _)
            | ExprKind::IsKnown(of)
            | ExprKind::Truth(of)
            | ExprKind::Not(of) => self.expr(of),
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().for_each(|part| self.expr(part)),
        }
    }
}
