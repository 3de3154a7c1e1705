//! What the rules that run follow: its places as conditions, and all that it is defined by.

use std::collections::BTreeSet;

use crate::compile::{Leaf, NodeId, Program};
use crate::ruleset::{Comparison, Expr, ExprKind, Movement, Named, Place, RuleSet, Track, Type, Value};

use super::definition::definition;

/// A segmentation, choice or audience as the rules define it.
#[derive(Debug)]
pub struct Tracked {
    /// What it is of.
    pub track: Track,
    /// Kind and first name: `segments segment`.
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

/// Kind and first name: a rename keeps what is followed.
pub(super) fn name(rules: &RuleSet, track: Track) -> String {
    let first = |kind, name| rules.first_names.of(kind, name);
    match track {
        Track::Segments(position) => {
            format!("segments {}", first(Named::Segments, &rules.segments[position].name))
        }
        Track::Field(field) => format!("attribute {}", rules.schema.key(field)),
        Track::Audience(position) => {
            format!("audience {}", first(Named::Audience, &rules.audiences[position].name))
        }
    }
}

pub(super) fn places(rules: &RuleSet, track: Track) -> Vec<String> {
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
