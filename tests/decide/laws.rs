//! Laws that hold whatever the world looks like.

use std::collections::BTreeMap;

use cvmd::decide::{SLICE, Subject, judge, select, slice};
use cvmd::model::{Bitmap, CustomerNumber, Duration, Instant};
use cvmd::record::RuleMemory;
use cvmd::ruleset::{AtMost, Period};
use proptest::prelude::*;

use super::shop::{cap, nothing_particular, run, shop};

const START: Instant = Instant(1_795_000_000_000);

fn sets() -> impl Strategy<Value = Bitmap> {
    proptest::collection::vec(0_u32..40, 0..40).prop_map(|members| members.into_iter().collect())
}

proptest! {
    /// Whoever matched is a recipient or has a reason, never both, and nobody else appears.
    #[test]
    fn no_stage_adds_anybody_and_each_non_send_has_a_reason(
        truth in sets(), no_consent in sets(), suppressed in sets(), no_address in sets(), spent in sets(),
    ) {
        let mut shop = shop();
        shop.people.no_consent = no_consent;
        shop.people.suppressed = suppressed;
        shop.people.no_address = no_address;
        let memory = RuleMemory { spent: spent.clone(), ..RuleMemory::default() };
        let seen = select(&shop.world(), shop.rule(), &memory, (&truth, &Bitmap::new()), START);
        let mut accounted = seen.recipients.clone();
        let mut total = seen.recipients.len();
        for skipped in seen.skipped.values() {
            accounted.union(skipped);
            total += skipped.len();
        }
        let mut expected = truth;
        expected.subtract(&spent);
        prop_assert_eq!(total, expected.len());
        prop_assert_eq!(accounted.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    }

    /// Over random ticks no customer gets more than the cap in any window, nor one decision twice.
    #[test]
    fn caps_hold_in_every_window_and_no_key_comes_twice(
        ticks in proptest::collection::vec((sets(), 1_i64..60), 1..40), limit in 0_u32..4, days in 1_u32..10,
    ) {
        let mut shop = shop();
        shop.rules.policies = vec![cap(limit, Period::RollingDays(days))];
        shop.rules.rules[0].at_most = Some(AtMost { count: 1000, period: Period::Ever });
        let (mut keys, mut sends) = (std::collections::BTreeSet::new(), BTreeMap::<u32, Vec<i64>>::new());
        let mut now = START;
        for (truth, hours) in ticks {
            now = now.plus(Duration::hours(hours));
            let seen = select(&shop.world(), shop.rule(), &RuleMemory::default(), (&truth, &Bitmap::new()), now);
            let run = run(&shop, now, &seen.recipients);
            let made = slice(&shop.world(), shop.rule(), &run, &seen.recipients, (CustomerNumber(0), SLICE), &nothing_particular);
            for decision in &made.decisions {
                prop_assert!(keys.insert(decision.key(run.rule)), "decided twice");
                sends.entry(decision.customer.0).or_default().push(now.0);
            }
            made.contacts.iter().for_each(|contact| shop.ledger.add(*contact));
        }
        let width = Duration::days(i64::from(days)).0;
        for times in sends.values() {
            for end in times {
                let inside = times.iter().filter(|&&t| t > end - width && t <= *end).count();
                prop_assert!(inside <= limit as usize);
            }
        }
    }

    /// A selection says of everybody what the stages say of each one alone.
    #[test]
    fn a_selection_agrees_with_the_stages(truth in sets(), no_consent in sets()) {
        let mut shop = shop();
        shop.people.no_consent = no_consent;
        let seen = select(&shop.world(), shop.rule(), &RuleMemory::default(), (&truth, &Bitmap::new()), START);
        let (rule, number) = shop.rule();
        for customer in truth.iter().map(CustomerNumber) {
            let alone = judge(&Subject { rule, number, customer, at: START }, &shop.world());
            prop_assert_eq!(alone.is_none(), seen.recipients.contains(customer.0));
        }
    }
}
