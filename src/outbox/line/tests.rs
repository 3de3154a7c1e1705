use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::{DomainLimit, Rate};
use crate::model::{CustomerNumber, DecisionKey, Duration, Occurrence};

const NOW: Instant = Instant(1_790_000_000_000);

fn key(rule: u32, customer: u32) -> MessageKey {
    let decision =
        DecisionKey { rule: RuleNumber(rule), occurrence: Occurrence(1), customer: CustomerNumber(customer) };
    MessageKey { decision, action: 0 }
}

fn limits(usual: DomainLimit, named: &[(&str, DomainLimit)]) -> Arc<DomainLimits> {
    let named = named.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect();
    Arc::new(DomainLimits { usual, named })
}

fn line(workers: usize) -> Line {
    Line::new(limits(DomainLimit { workers, rate: None }, &[]))
}

impl Line {
    fn add(&mut self, rule: u32, customer: u32, marketing: bool, domain: &str, at: Instant) -> Place {
        let place = Place { marketing, domain: self.domains.join(domain) };
        self.insert(place, at, key(rule, customer));
        place
    }
}

fn taken(next: Next) -> Vec<(u32, u32)> {
    match next {
        Next::Messages(keys) => {
            keys.iter().map(|key| (key.decision.rule.0, key.decision.customer.0)).collect()
        }
        other @ (Next::Until(_) | Next::Nothing) => panic!("{other:?}"),
    }
}

#[test]
fn a_rule_with_ten_is_through_while_one_with_half_a_million_has_begun() {
    let mut line = line(8);
    for customer in 0..50_000 {
        line.add(1, customer, true, "a.example", NOW);
    }
    for customer in 0..10 {
        line.add(2, customer, true, "a.example", NOW.plus(Duration(5)));
    }
    let order = taken(line.take(0, NOW.plus(Duration(5)), 32));
    let of_the_small = order.iter().filter(|(rule, _)| *rule == 2).count();
    let last = order.iter().rposition(|(rule, _)| *rule == 2);
    assert_eq!((of_the_small, last.map(|last| last < 20)), (10, Some(true)), "{order:?}");
}

#[test]
fn transactional_goes_first_and_marketing_never_stops() {
    let mut line = line(8);
    for customer in 0..100 {
        line.add(1, customer, true, "a.example", NOW);
        line.add(2, customer, false, "a.example", NOW);
    }
    let order = taken(line.take(0, NOW, 64));
    let marketing: Vec<usize> = (0..64).filter(|at| order[*at].0 == 1).collect();
    assert_eq!(marketing, [7, 15, 23, 31, 39, 47, 55, 63]);
    // The turns go on over claims of one.
    let ones: Vec<u32> = (0..16).map(|worker| taken(line.take(worker % 8, NOW, 1))[0].0).collect();
    assert_eq!(ones.iter().filter(|rule| **rule == 1).count(), 2);
}

#[test]
fn a_domain_without_room_is_passed_over_and_found_again() {
    let mut line = line(1);
    let slow = line.add(1, 0, false, "slow.example", NOW);
    for customer in 1..5 {
        line.add(1, customer, false, "slow.example", NOW);
    }
    for customer in 5..8 {
        line.add(1, customer, false, "good.example", NOW);
    }
    assert_eq!(taken(line.take(1, NOW, 2)), [(1, 0), (1, 1)]);
    assert_eq!(taken(line.take(2, NOW, 2)), [(1, 5), (1, 6)], "the slow one is passed over");
    assert_eq!(line.take(3, NOW, 2), Next::Nothing);
    assert!(line.let_go(slow.domain, 1));
    assert_eq!(line.take(3, NOW, 1), Next::Nothing, "the first worker has one more of it");
    assert!(line.let_go(slow.domain, 1));
    assert_eq!(taken(line.take(3, NOW, 9)), [(1, 2), (1, 3), (1, 4)]);
    assert_eq!(line.len(), 1);
}

#[test]
fn a_domain_that_takes_long_over_each_keeps_no_company_in_a_claim() {
    let mut line = line(8);
    let slow = line.add(1, 0, true, "slow.example", NOW);
    line.domains.get_mut(slow.domain).is_slow = true;
    for customer in 1..9 {
        line.add(1, customer, true, "slow.example", NOW);
    }
    for customer in 9..12 {
        line.add(1, customer, true, if customer == 10 { "slow.example" } else { "good.example" }, NOW);
    }
    assert_eq!(taken(line.take(1, NOW, 32)), [(1, 0), (1, 1), (1, 2), (1, 3)]);
    assert_eq!(taken(line.take(2, NOW, 32)), [(1, 4), (1, 5), (1, 6), (1, 7)]);
    assert_eq!(taken(line.take(3, NOW, 32)), [(1, 8)], "then somebody else's comes");
    assert_eq!(taken(line.take(4, NOW, 32)), [(1, 9)]);
    line.domains.get_mut(slow.domain).is_slow = false;
    assert_eq!(taken(line.take(5, NOW, 32)), [(1, 10), (1, 11)]);
}

#[test]
fn a_held_domain_is_met_with_one_message_when_its_time_has_come() {
    let mut line = line(8);
    let domain = line.add(1, 0, false, "slow.example", NOW).domain;
    for customer in 1..5 {
        line.add(1, customer, true, "slow.example", NOW);
    }
    let (until, _) = line.domains.hold(domain, NOW, "421");
    assert_eq!(line.take(1, NOW, 9), Next::Until(until));
    let [slowed] = &line.slowed()[..] else { panic!() };
    assert_eq!((slowed.domain.as_str(), slowed.waiting), ("slow.example", 5));
    assert_eq!(taken(line.take(1, until, 9)), [(1, 0)]);
    assert_eq!(line.take(2, until, 9), Next::Nothing, "one finds out");
    line.reached(domain, until);
    line.let_go(domain, 1);
    assert_eq!(taken(line.take(2, until, 9)).len(), 4);
    assert_eq!(line.slowed(), []);
}

#[test]
fn a_domain_is_forgotten_with_its_last_message_and_its_place_taken_by_another() {
    let mut line = line(1);
    let first = line.add(1, 1, false, "a.example", NOW);
    let kept = line.add(1, 2, false, "b.example", NOW);
    line.remove(first, NOW, key(1, 1));
    line.domains.part(first.domain);
    let second = line.add(1, 3, false, "c.example", NOW);
    assert_eq!(second.domain, first.domain);
    line.domains.hold(kept.domain, NOW, "421");
    line.remove(kept, NOW, key(1, 2));
    line.domains.part(kept.domain);
    assert_eq!(line.add(1, 4, false, "b.example", NOW).domain, kept.domain, "it asked for less");
}

/// What the line does, said slowly: a list, looked through from its beginning for each message.
struct Slow {
    items: Vec<(bool, u32, DomainId, Instant, MessageKey)>,
    last: BTreeMap<bool, RuleNumber>,
    row: u32,
}

impl Slow {
    fn offer(&self, marketing: bool, line: &Domains, worker: usize, now: Instant) -> Option<usize> {
        let may = |at: &usize| {
            let (class, _, domain, due, _) = self.items[*at];
            class == marketing && due <= now && line.get(domain).room(worker, now) == Room::Open
        };
        let rule = |at: usize| self.items[at].4.decision.rule;
        let last = self.last.get(&marketing).copied();
        // Those after the last one's turn come first, then all from the beginning.
        let turn = |at: usize| (last.is_some_and(|last| rule(at) <= last), rule(at));
        (0..self.items.len()).filter(may).min_by_key(|&at| (turn(at), self.items[at].3, self.items[at].4))
    }

    fn take(&mut self, domains: &mut Domains, worker: usize, now: Instant, most: usize) -> Vec<MessageKey> {
        let mut taken = Vec::new();
        let mut begun = None;
        while taken.len() < most {
            let first = self.offer(false, domains, worker, now);
            let second = self.offer(true, domains, worker, now);
            let at = match (first, second) {
                (Some(_), Some(second)) if self.row == 7 => second,
                (Some(first), _) => first,
                (None, Some(second)) => second,
                (None, None) => break,
            };
            let domain = self.items[at].2;
            let with = *begun.get_or_insert(domain);
            let is_slow = domains.get(domain).is_slow || domains.get(with).is_slow;
            if is_slow && (with != domain || taken.len() == 4) {
                break;
            }
            let (marketing, _, domain, _, key) = self.items.remove(at);
            self.row = if marketing || second.is_none() { 0 } else { self.row + 1 };
            self.last.insert(marketing, key.decision.rule);
            domains.get_mut(domain).take(worker, now);
            taken.push(key);
        }
        taken
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add { rule: u32, marketing: bool, domain: usize, later: i64 },
    Remove(usize),
    Take { worker: usize, most: usize },
    LetGo(usize),
    Hold(usize),
    Reach(usize),
    Speed(usize, bool),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u32..4, any::<bool>(), 0_usize..5, prop_oneof![Just(0), 0_i64..90_000])
            .prop_map(|(rule, marketing, domain, later)| Step::Add { rule, marketing, domain, later }),
        1 => (0_usize..50).prop_map(Step::Remove),
        4 => (0_usize..4, 1_usize..7).prop_map(|(worker, most)| Step::Take { worker, most }),
        4 => (0_usize..50).prop_map(Step::LetGo),
        1 => (0_usize..5).prop_map(Step::Hold),
        1 => (0_usize..5).prop_map(Step::Reach),
        1 => (0_usize..5, any::<bool>()).prop_map(|(domain, is_slow)| Step::Speed(domain, is_slow)),
        2 => (0_i64..70_000).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The clever line takes what the slow one takes, and says an instant that is neither late nor past.
    #[test]
    fn the_line_does_what_a_list_does(steps in prop::collection::vec(step(), 1..120)) {
        let rate = Some(Rate { count: 3, per: Duration::seconds(60) });
        let paced = DomainLimit { workers: 9, rate };
        let limits = limits(DomainLimit { workers: 2, rate: None }, &[("d3.example", paced)]);
        let (mut line, mut twin) = (Line::new(Arc::clone(&limits)), Line::new(limits));
        let ids: Vec<DomainId> = (0..5).map(|n| line.domains.join(&format!("d{n}.example"))).collect();
        for (n, id) in ids.iter().enumerate() {
            prop_assert_eq!(twin.domains.join(&format!("d{n}.example")), *id);
        }
        let mut slow = Slow { items: vec![], last: BTreeMap::new(), row: 0 };
        let mut hands: Vec<(DomainId, usize)> = vec![];
        let mut now = NOW;
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Add { rule, marketing, domain, later } => {
                    let (at, key) = (now.plus(Duration(later)), key(rule, number));
                    line.insert(Place { marketing, domain: ids[domain] }, at, key);
                    slow.items.push((marketing, rule, ids[domain], at, key));
                }
                Step::Remove(n) if n < slow.items.len() => {
                    let (marketing, _, domain, at, key) = slow.items.remove(n);
                    line.remove(Place { marketing, domain }, at, key);
                }
                // Who asks has nothing in hand.
                Step::Take { worker, most } if hands.iter().all(|(_, of)| *of != worker) => {
                    let domain_of: BTreeMap<MessageKey, DomainId> =
                        slow.items.iter().map(|item| (item.4, item.2)).collect();
                    let wanted = slow.take(&mut twin.domains, worker, now, most);
                    match line.take(worker, now, most) {
                        Next::Messages(keys) => {
                            prop_assert_eq!(&keys, &wanted);
                            hands.extend(keys.iter().map(|key| (domain_of[key], worker)));
                        }
                        Next::Until(at) => {
                            prop_assert!(wanted.is_empty() && at > now, "{:?} at {:?}", wanted, at);
                            // Nobody would find anything just before, as things stand.
                            let before = Instant(at.0 - 1);
                            prop_assert_eq!(slow.offer(false, &twin.domains, worker, before), None);
                            prop_assert_eq!(slow.offer(true, &twin.domains, worker, before), None);
                        }
                        Next::Nothing => prop_assert!(wanted.is_empty()),
                    }
                }
                Step::LetGo(n) if n < hands.len() => {
                    let (domain, worker) = hands.remove(n);
                    line.let_go(domain, worker);
                    twin.domains.let_go(domain, worker);
                }
                Step::Hold(n) => {
                    prop_assert_eq!(line.domains.hold(ids[n], now, "421"), twin.domains.hold(ids[n], now, "421"));
                }
                Step::Reach(n) => {
                    line.reached(ids[n], now);
                    twin.domains.reached(ids[n], now);
                }
                Step::Speed(n, is_slow) => {
                    line.domains.get_mut(ids[n]).is_slow = is_slow;
                    twin.domains.get_mut(ids[n]).is_slow = is_slow;
                }
                Step::Pass(ms) => now = now.plus(Duration(ms)),
                Step::Remove(_) | Step::LetGo(_) | Step::Take { .. } => {}
            }
            prop_assert_eq!(line.len(), slow.items.len());
        }
    }
}
