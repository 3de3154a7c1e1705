//! What customers do beside ordering: baskets they leave, reviews they write.

use crate::model::{Instant, Money};

use super::random::Random;
use super::shop::ago;

/// Left a basket within the last month.
const CARTS: f64 = 0.15;
/// Of those who ordered: reviewed an order.
const REVIEWS: f64 = 0.2;
/// Stars of a review, by weight: most people write when they are pleased.
const STARS: [(u32, u32); 5] = [(45, 5), (27, 4), (12, 3), (7, 2), (9, 1)];

/// Something that a customer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedEvent {
    /// `e0000042-1`.
    pub id: String,
    /// When, to the second.
    pub time: Instant,
    /// What.
    pub kind: GeneratedKind,
}

/// The kinds of events that the rules of the workspace declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneratedKind {
    /// `cart_abandoned`: what lay in it, in whole cents, and how many pieces.
    Cart {
        /// What they cost together.
        value: Money,
        /// How many.
        items: u32,
    },
    /// `review_left`: one to five stars.
    Review {
        /// Five is best.
        stars: u32,
    },
}

/// What one customer did, in the order of time; `fresh` left a basket within the last hour.
pub(super) fn doings(
    random: &mut Random,
    number: u32,
    (fresh, last_order): (bool, Option<Instant>),
    (created, now): (Instant, Instant),
) -> Vec<GeneratedEvent> {
    let mut kinds = Vec::new();
    let left = random.chance(CARTS);
    let (value, items) = (random.between(12.0, 240.0), random.weighted(&[(50, 1), (30, 2), (20, 4)]));
    let cart = GeneratedKind::Cart { value: whole_cents(value), items };
    let (minutes, days) = (random.between(2.0, 50.0), random.between(0.1, 30.0));
    if fresh {
        kinds.push((ago(now, minutes / 1_440.0), cart));
    } else if left {
        kinds.push((ago(now, days), cart));
    }
    let reviewed = random.chance(REVIEWS);
    let stars = random.weighted(&STARS);
    let after = random.between(1.0, 10.0);
    if let (true, Some(ordered)) = (reviewed, last_order) {
        kinds.push((ago(ordered, -after), GeneratedKind::Review { stars }));
    }
    kinds.retain(|(time, _)| (created..=now).contains(time));
    kinds.sort_by_key(|(time, _)| *time);
    (1..)
        .zip(kinds)
        .map(|(ordinal, (time, kind))| GeneratedEvent { id: format!("e{number:07}-{ordinal}"), time, kind })
        .collect()
}

fn whole_cents(value: f64) -> Money {
    #[expect(clippy::cast_possible_truncation, reason = "a basket's value fits")]
    let cents = (value * 100.0).round() as i64;
    Money(cents * 100)
}
