//! Which values of one field can make a condition true: finds conditions that nobody or everybody
//! meets. Knows constants only; what it does not understand it leaves alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ruleset::{AggregateFunction, Comparison, Expr, ExprKind, Schema, Type, Value};

use super::compare::mirrored;

/// What can be said of a condition; names the value that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No value makes it true.
    Never(Arc<str>),
    /// Every known value makes it true.
    Always(Arc<str>),
}

/// Never, always, or neither.
pub(super) fn verdict(expr: &Expr, schema: &Schema) -> Option<Verdict> {
    let reach = Reach::of(expr, schema);
    if let Some((what, _)) = reach.by_value.iter().find(|(_, (values, _))| values.0.is_empty()) {
        return Some(Verdict::Never(what.clone()));
    }
    match reach.by_value.iter().next() {
        Some((what, (values, domain))) if reach.exact && values == domain => {
            Some(Verdict::Always(what.clone()))
        }
        _ => None,
    }
}

/// What is true wherever a condition is.
pub(in super::super) enum Shadow {
    /// The condition at this position alone.
    Of(usize),
    /// Several together.
    OfSeveral,
}

/// Whether some condition before is true wherever this one is. Their values are known then: an
/// unknown one is no concern.
pub(in super::super) fn shadowed(expr: &Expr, before: &[Expr], schema: &Schema) -> Option<Shadow> {
    // `a and b` lies within `a`.
    let parts = conjuncts(expr);
    let within = |wider: &Expr| conjuncts(wider).iter().all(|part| parts.contains(part));
    if let Some(position) = before.iter().position(within) {
        return Some(Shadow::Of(position));
    }
    let reach = Reach::of(expr, schema);
    let earlier: Vec<Reach> = before.iter().map(|expr| Reach::of(expr, schema)).collect();
    reach.by_value.iter().find_map(|(what, (values, _))| {
        let of = |one: &Reach| one.by_value.get(what).filter(|_| one.exact).map(|(values, _)| values.clone());
        let covers = |taken: &Ranges| *values == values.intersect(taken) && !values.0.is_empty();
        if let Some(position) = earlier.iter().position(|one| of(one).is_some_and(|taken| covers(&taken))) {
            return Some(Shadow::Of(position));
        }
        let taken = earlier.iter().filter_map(of).fold(Ranges(Vec::new()), Ranges::union);
        covers(&taken).then_some(Shadow::OfSeveral)
    })
}

/// The parts that must all be true, by their texts.
fn conjuncts(expr: &Expr) -> Vec<&str> {
    match &expr.kind {
        ExprKind::And(parts) => parts.iter().flat_map(conjuncts).collect(),
        _ => vec![&expr.text],
    }
}

/// Integers as sorted, disjoint, closed intervals that do not touch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ranges(Vec<(i64, i64)>);

impl Ranges {
    fn of(low: i64, high: i64) -> Self {
        Self(if low <= high { vec![(low, high)] } else { Vec::new() })
    }

    fn union(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self.0.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for (low, high) in self.0 {
            match joined.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => joined.push((low, high)),
            }
        }
        Self(joined)
    }

    fn complement(&self) -> Self {
        let mut gaps = Vec::new();
        let mut next = Some(i64::MIN);
        for &(low, high) in &self.0 {
            if let Some(start) = next
                && start < low
            {
                gaps.push((start, low - 1));
            }
            next = high.checked_add(1);
        }
        gaps.extend(next.map(|start| (start, i64::MAX)));
        Self(gaps)
    }

    fn intersect(&self, other: &Self) -> Self {
        self.complement().union(other.complement()).complement()
    }
}

/// For each value that a condition speaks of: what it may be, and what it could be at all.
#[derive(Debug, Clone)]
struct Reach {
    by_value: BTreeMap<Arc<str>, (Ranges, Ranges)>,
    /// One value, and the condition is true exactly where it is in its ranges.
    exact: bool,
}

impl Reach {
    fn nothing_known() -> Self {
        Self { by_value: BTreeMap::new(), exact: false }
    }

    fn of(expr: &Expr, schema: &Schema) -> Self {
        match &expr.kind {
            ExprKind::And(parts) => Self::all(parts.iter().map(|part| Self::of(part, schema))),
            ExprKind::Or(parts) => Self::any(parts.iter().map(|part| Self::of(part, schema))),
            ExprKind::Not(inner) => {
                let mut reach = Self::of(inner, schema);
                if !reach.exact {
                    return Self::nothing_known();
                }
                for (values, domain) in reach.by_value.values_mut() {
                    *values = values.complement().intersect(domain);
                }
                reach
            }
            ExprKind::Compare(op, a, b) => match (&a.kind, &b.kind) {
                (_, ExprKind::Constant(value)) => Self::leaf(a, compared(*op, value), schema),
                (ExprKind::Constant(value), _) => Self::leaf(b, compared(mirrored(*op), value), schema),
                _ => Self::nothing_known(),
            },
            ExprKind::Between(subject, low, high) => match (&low.kind, &high.kind) {
                (ExprKind::Constant(low), ExprKind::Constant(high)) => {
                    let bounds = low.scalar().zip(high.scalar());
                    Self::leaf(subject, bounds.map(|(low, high)| Ranges::of(low, high)), schema)
                }
                _ => Self::nothing_known(),
            },
            ExprKind::OneOf(subject, values) => {
                let each = values.iter().map(|value| compared(Comparison::Equal, value));
                let all = each.collect::<Option<Vec<_>>>();
                let joined = all.map(|all| all.into_iter().fold(Ranges(Vec::new()), Ranges::union));
                Self::leaf(subject, joined, schema)
            }
            ExprKind::Truth(value) => Self::leaf(value, Some(Ranges::of(1, 1)), schema),
            _ => Self::nothing_known(),
        }
    }

    fn leaf(subject: &Expr, values: Option<Ranges>, schema: &Schema) -> Self {
        // A list can hold several values at once, and a constant is no question.
        let Some(values) = values.filter(|_| subject.ty != Type::ListOfText) else {
            return Self::nothing_known();
        };
        let domain = domain(subject, schema);
        let values = values.intersect(&domain);
        Self { by_value: BTreeMap::from([(subject.text.clone(), (values, domain))]), exact: true }
    }

    fn all(parts: impl Iterator<Item = Self>) -> Self {
        let mut exact = true;
        let mut by_value: BTreeMap<Arc<str>, (Ranges, Ranges)> = BTreeMap::new();
        for part in parts {
            exact &= part.exact;
            for (what, (values, domain)) in part.by_value {
                let entry = by_value.entry(what).or_insert_with(|| (domain.clone(), domain));
                entry.0 = entry.0.intersect(&values);
            }
        }
        let exact = exact && by_value.len() == 1;
        Self { by_value, exact }
    }

    fn any(parts: impl Iterator<Item = Self>) -> Self {
        let mut whole: Option<Self> = None;
        for part in parts {
            if !part.exact {
                return Self::nothing_known();
            }
            whole = match whole {
                None => Some(part),
                Some(mut whole) => {
                    for (what, (values, _)) in part.by_value {
                        let Some(entry) = whole.by_value.get_mut(&what) else { return Self::nothing_known() };
                        entry.0 = entry.0.clone().union(values);
                    }
                    Some(whole)
                }
            };
        }
        whole.unwrap_or_else(Self::nothing_known)
    }
}

/// The values for which a comparison with a constant is true.
fn compared(op: Comparison, value: &Value) -> Option<Ranges> {
    let at = match value {
        Value::Text(text) => fingerprint(text),
        other => other.scalar()?,
    };
    let below = at.checked_sub(1).map_or(Ranges(Vec::new()), |end| Ranges::of(i64::MIN, end));
    let above = at.checked_add(1).map_or(Ranges(Vec::new()), |start| Ranges::of(start, i64::MAX));
    let equal = Ranges::of(at, at);
    Some(match op {
        Comparison::Equal => equal,
        Comparison::NotEqual => equal.complement(),
        Comparison::Less => below,
        Comparison::LessOrEqual => below.union(equal),
        Comparison::Greater => above,
        Comparison::GreaterOrEqual => above.union(equal),
    })
}

/// A number for a text (FNV-1a); two texts that share one would at worst be warned about too little.
fn fingerprint(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}

/// What a value can be at all.
fn domain(subject: &Expr, schema: &Schema) -> Ranges {
    let counts = matches!(
        subject.kind,
        ExprKind::Aggregate { function: AggregateFunction::Count, .. }
            | ExprKind::Frequency
            | ExprKind::TimeSince { .. }
    );
    match subject.ty {
        Type::YesNo => Ranges::of(0, 1),
        Type::Choice(id) => Ranges::of(0, i64::try_from(schema.choices(id).names.len()).unwrap_or(0) - 1),
        _ if counts => Ranges::of(0, i64::MAX),
        _ => Ranges::of(i64::MIN, i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(ranges: &Ranges) -> Vec<i64> {
        (-20..20).filter(|n| ranges.0.iter().any(|(low, high)| low <= n && n <= high)).collect()
    }

    proptest::proptest! {
        #[test]
        fn ranges_are_sets(a: Vec<(i8, i8)>, b: Vec<(i8, i8)>) {
            let of = |list: &[(i8, i8)]| list.iter().fold(Ranges(Vec::new()), |all, &(low, high)| {
                all.union(Ranges::of(i64::from(low % 16), i64::from(high % 16)))
            });
            let (a, b) = (of(&a), of(&b));
            let both: Vec<i64> = members(&a).into_iter().filter(|n| members(&b).contains(n)).collect();
            proptest::prop_assert_eq!(members(&a.intersect(&b)), both);
            let none: Vec<i64> = (-20..20).filter(|n| !members(&a).contains(n)).collect();
            proptest::prop_assert_eq!(members(&a.complement()), none);
            proptest::prop_assert_eq!(a.complement().complement(), a);
        }
    }

    #[test]
    fn the_ends_of_the_line_are_no_trap() {
        let all = Ranges::of(i64::MIN, i64::MAX);
        assert_eq!(all.complement(), Ranges(Vec::new()));
        assert_eq!(Ranges(Vec::new()).complement(), all);
        let least = Value::Number(crate::model::Number(i64::MIN));
        assert_eq!(compared(Comparison::Less, &least), Some(Ranges(Vec::new())));
        assert_eq!(compared(Comparison::GreaterOrEqual, &least), Some(all));
    }
}
