//! Whether a rule means many more people than it did: the audience of its last runs.

use crate::record::{Audience, HeldFor, RuleMemory};
use crate::ruleset::{Growth, Policy, Purpose, Rule, RuleSet};

use super::{first_run, is_off, sends};

/// Of so many runs before it the median is what a run is measured by.
const RUNS: usize = 5;

/// Fewer more are never held for, however small the audience was.
const AT_LEAST: u64 = 100;

/// Why a run with that audience waits for a person, as far as growth goes. A rehearsal, a rule that sends
/// no marketing, a first run and one that a person let go wait for none.
#[must_use]
pub fn grown(rules: &RuleSet, rule: &Rule, memory: &RuleMemory, audience: Audience) -> Option<HeldFor> {
    let free = memory.released || first_run(memory, rule) || is_off("growth");
    if free || !asks_for_growth(rules, rule) {
        return None;
    }
    let customers = audience.customers?;
    let twice_before = twice_usual(&memory.audiences, audience.of)?;
    let grew = |growth: &&Growth| is_above(growth, customers, twice_before);
    // Of several policies the strictest holds it, and is named.
    let growth = limits(rules).filter(grew).min_by_key(|growth| growth.above)?;
    Some(HeldFor::Growth {
        audience: customers,
        twice_before,
        above: growth.above,
        place: growth.place.to_string(),
    })
}

/// Whether any policy asks how the audience of this rule grew.
#[must_use]
pub fn asks_for_growth(rules: &RuleSet, rule: &Rule) -> bool {
    !rule.draft && sends(rule, rules, Purpose::Marketing) && limits(rules).next().is_some()
}

fn limits(rules: &RuleSet) -> impl Iterator<Item = &Growth> {
    rules.policies.iter().filter_map(|policy: &Policy| policy.growth.as_ref())
}

fn is_above(growth: &Growth, audience: u64, twice_before: u64) -> bool {
    let grew = audience.saturating_mul(2).saturating_sub(twice_before);
    grew >= 2 * AT_LEAST && growth.above.is_exceeded(grew, twice_before)
}

/// Twice the median of the runs before this occurrence, or twice what ran of it already where that is more:
/// nobody is asked twice about the same people. None where nothing ran before.
fn twice_usual(audiences: &[Audience], of: i64) -> Option<u64> {
    let own = audiences.iter().find(|one| one.of == of).and_then(|one| one.customers);
    let own = own.map(|customers| customers.saturating_mul(2));
    let before: Vec<u64> =
        audiences.iter().filter(|one| one.of != of).filter_map(|one| one.customers).collect();
    let mut last = before[before.len().saturating_sub(RUNS)..].to_vec();
    last.sort_unstable();
    let middle = last.get(last.len() / 2).map(|upper| {
        let lower = last[(last.len() - 1) / 2];
        upper.saturating_add(lower)
    });
    middle.max(own)
}

/// Remembers a run's audience beside those of the last ones. Of several runs of one occurrence the largest
/// counts; one that nobody counted is no run to compare with.
pub fn remember(audiences: &mut Vec<Audience>, audience: Audience) {
    if audience.customers.is_none() {
        return;
    }
    if let Some(same) = audiences.iter_mut().find(|one| one.of == audience.of) {
        same.customers = same.customers.max(audience.customers);
        return;
    }
    audiences.push(audience);
    // One more: the last may be the occurrence that is under way.
    let old = audiences.len().saturating_sub(RUNS + 1);
    audiences.drain(..old);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Share;
    use crate::ruleset::Place;
    use proptest::prelude::*;

    fn history(customers: &[u64]) -> Vec<Audience> {
        let mut audiences = Vec::new();
        for (of, customers) in (0..).zip(customers) {
            remember(&mut audiences, Audience { of, customers: Some(*customers) });
        }
        audiences
    }

    fn held(before: &[u64], audience: u64, percent: i64) -> bool {
        let place = Place { file: "p.rules".into(), line: 1 };
        let growth = Growth { above: Share(percent * 10_000), place };
        twice_usual(&history(before), 99).is_some_and(|before| is_above(&growth, audience, before))
    }

    #[test]
    fn more_than_the_share_and_a_hundred_at_least() {
        let last = [1_000, 1_000, 1_000, 1_000, 1_000];
        assert!(!held(&last, 1_500, 50), "more than, not as many");
        assert!(held(&last, 1_501, 50));
        assert!(!held(&[10, 10, 10], 109, 50), "99 more are too few to be held for");
        assert!(held(&[10, 10, 10], 110, 50));
        assert!(!held(&[], 5_000, 50), "a first run has another limit");
        assert!(held(&[0, 0], 100, 50), "from nobody");
        assert!(!held(&last, 10, 50), "who shrinks harms nobody");
    }

    #[test]
    fn the_median_of_the_last_five_is_the_measure() {
        assert!(held(&[900, 900, 100, 100, 100, 100, 100], 400, 50), "what is older says nothing");
        assert!(!held(&[100, 100, 400, 400, 400], 500, 50), "one odd run does not matter");
        assert!(!held(&[100, 201], 250, 50), "of two the mean: 150.5, and 99.5 more");
        assert!(held(&[100, 200], 250, 50) && !held(&[100, 200], 249, 50), "150, and a hundred more");
    }

    #[test]
    fn what_ran_of_an_occurrence_is_not_asked_about_again() {
        let mut audiences = history(&[100, 100, 100]);
        remember(&mut audiences, Audience { of: 9, customers: Some(400) });
        remember(&mut audiences, Audience { of: 9, customers: Some(300) });
        assert_eq!(twice_usual(&audiences, 9), Some(800));
        assert_eq!(twice_usual(&audiences, 10), Some(200), "the next one is measured by the median");
        remember(&mut audiences, Audience { of: 10, customers: None });
        assert_eq!(audiences.len(), 4, "what nobody counted says nothing");
    }

    proptest! {
        /// The median, said once more in a slower way; and no more is kept than is read.
        #[test]
        fn half_of_the_last_five_are_not_above_it(before in proptest::collection::vec(0_u64..1_000, 1..12)) {
            let audiences = history(&before);
            prop_assert!(audiences.len() <= RUNS + 1);
            let twice = twice_usual(&audiences, 99).unwrap();
            let last = &before[before.len().saturating_sub(RUNS)..];
            let below = last.iter().filter(|one| **one * 2 <= twice).count();
            let above = last.iter().filter(|one| **one * 2 >= twice).count();
            prop_assert!(below * 2 >= last.len() && above * 2 >= last.len());
        }
    }
}
