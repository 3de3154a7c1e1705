//! The same decisions come out whether events come one by one, each at its own time between ticks,
//! or all before; whatever the rules and policies, and across restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use cvmd::config::Keep;
use cvmd::model::{CustomerNumber, Duration};
use cvmd::record::OpenMessage;
use cvmd::store::tables;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::shop::{Shop, at, later};

/// Nine in Madrid.
const NOW: &str = "2026-11-23T08:00:00Z";
/// Seconds between two ticks: no window of a limit is a multiple of it, so that a tick that is run once
/// more, a moment later, sees the same.
const TICK: i64 = 23;

/// Two of them are one person.
const CUSTOMERS: &str = "ana,ana@shop.example,+34600111,,a,yes,yes\n\
    bob,bob@shop.example,+34600222,Europe/Lisbon,a,yes,yes\n\
    ana2,ANA@shop.example,,,b,yes,no\n";

const LIMITS: [&str; 7] = [
    "at most 1 email per customer per day",
    "at most 2 messages per customer per 3 minutes",
    "at most 1 sms per customer per hour or wait up to 2 hours",
    "at most 3 emails per hour in total",
    "at most 1 email per customer per 2 minutes or wait up to 30 minutes",
    "if several rules want one customer, keep highest priority",
    "quiet hours 09:02 to 09:03 customer time",
];

const CLAUSES: [&str; 14] = [
    "on cart\n  when cart.value > 30",
    "on cart\n  when count(cart in last 3 minutes) <= 2 and plan = \"a\"",
    "on cart, after 1 minute\n  when cart.value > 10 and count(order in last 2 minutes) = 0",
    "on cart, after 2 minutes\n  at most once per 3 minutes",
    "on cart, after 2 minutes, for each event\n  when count(cart in last 1 minute where value > 50) >= 1",
    "on order\n  when order.total >= 20",
    "on order, after 1 minute\n  when count(cart in last 1 minute) = 0",
    "on order, after 1 minute, for each event\n  when touched is unknown",
    "when count(cart in last 2 minutes) >= 2",
    "at most once per 1 minute\n  when time since last order >= 1 minute",
    "when enters audience busy",
    "every 1 minute\n  when leaves audience busy",
    "every 1 minute\n  when count(order) >= 1",
    "when touched = yes",
];

const ACTIONS: [&str; 5] = ["send mail", "send nudge", "send receipt", "send mail\n  send nudge", "call crm"];

/// What comes: half a second after which, whose, whether an order, and worth how much.
type Happened = BTreeMap<i64, (usize, bool, u32)>;

fn rules() -> impl Strategy<Value = String> {
    let policy = subsequence(LIMITS.to_vec(), 0..=LIMITS.len());
    let one = (0..CLAUSES.len(), 0..ACTIONS.len(), prop::sample::select(vec![20, 50, 80]));
    (policy, prop::collection::vec(one, 1..6)).prop_map(|(limits, rules)| {
        let mut text = String::from(
            "webhook crm\n  post \"https://crm.shop.example/\"\n\
             audience busy when count(cart in last 1 minute) >= 1\n\
             rule touches\n  on cart\n  when cart.value > 60\n  then set touched to yes\n",
        );
        if !limits.is_empty() {
            writeln!(text, "policy house\n  {}", limits.join("\n  ")).unwrap();
        }
        for (n, (clauses, action, priority)) in rules.into_iter().enumerate() {
            let (clauses, action) = (CLAUSES[clauses], ACTIONS[action]);
            writeln!(text, "rule r{n}\n  priority {priority}\n  {clauses}\n  then {action}").unwrap();
        }
        text
    })
}

fn comes(second: i64) -> Duration {
    Duration(second * 1_000 + 500)
}

fn told(shop: &mut Shop, (second, (who, is_order, worth)): (&i64, &(usize, bool, u32)), now: &str) {
    let id = format!("h{second}");
    let time = later(NOW, comes(*second));
    let row = (id.as_str(), ["ana", "bob", "ana2"][*who], time.as_str(), *worth);
    if *is_order { shop.orders(&[row], now) } else { shop.carts(&[row], now) }
}

/// Lets ten minutes pass: what comes, when a wait may be over, and the ticks. `crash` says at which of
/// these the store fails, and after how many commits; the same is done again then, after a restart.
fn live(
    shop: &mut Shop,
    happened: &Happened,
    before: bool,
    crash: Option<(usize, u64)>,
    keep: Option<&Keep>,
) {
    shop.tick(NOW);
    if before {
        for one in happened {
            told(shop, one, NOW);
        }
    }
    let waits = happened.keys().flat_map(|second| [0, 60, 120].map(|wait| comes(second + wait)));
    let ticks = (1..26).map(|n| Duration::seconds(n * TICK));
    let instants: BTreeSet<Duration> = waits.chain(ticks).collect();
    for (step, instant) in instants.into_iter().enumerate() {
        let now = later(NOW, instant);
        let second = instant.0 / 1_000;
        if let Some(one) = happened.get(&second).filter(|_| !before && instant == comes(second)) {
            told(shop, (&second, one), &now);
        }
        let is_tick = instant.0 % (TICK * 1_000) == 0;
        if let Some((_, commits)) = crash.filter(|(at, _)| *at == step) {
            shop.store.fail_after(commits);
            let fired = shop.engine.fire_events(at(&now));
            if is_tick && fired.is_ok() {
                let _ = shop.engine.tick(at(&now));
            }
            shop.restart(at(&now));
        }
        shop.fire(&now);
        if is_tick {
            shop.tick(&now);
        }
        if let Some(keep) = keep {
            shop.engine.prune(keep, at(&now)).unwrap();
        }
    }
}

fn said(mut shop: Shop, happened: &Happened, before: bool) -> Vec<String> {
    live(&mut shop, happened, before, None, None);
    shop.said()
}

/// What is decided, to the second, and what was set.
fn kept(
    mut shop: Shop,
    happened: &Happened,
    crash: Option<(usize, u64)>,
    keep: Option<&Keep>,
) -> Vec<String> {
    live(&mut shop, happened, false, crash, keep);
    let second = |instant: cvmd::model::Instant| instant.0 / 1_000;
    let shown = |message: OpenMessage| {
        let OpenMessage { decided, due, rule, target, customer, event, .. } = message;
        let event = event.map(|event| event.id);
        format!("{} {} {rule} {customer:?} {event:?} {target}", second(decided), second(due))
    };
    let mut kept: Vec<String> = shop.open().into_iter().map(shown).collect();
    let set = (0..3).map(|number| tables::customers::profile(&*shop.store, CustomerNumber(number)).unwrap());
    kept.extend(set.flatten().map(|profile| format!("{:?}", profile.values)));
    kept.sort();
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn when_events_come_does_not_matter(
        rules in rules(),
        happened in prop::collection::btree_map(1_i64..290, (0_usize..3, prop::bool::weighted(0.3), 0_u32..100), 0..14),
        restarts in prop::bool::weighted(0.1),
    ) {
        let one_by_one = said(Shop::new(&rules, CUSTOMERS, at(NOW)), &happened, false);
        let before = said(Shop::new(&rules, CUSTOMERS, at(NOW)), &happened, true);
        prop_assert_eq!(&one_by_one, &before, "{}", rules);
        if restarts {
            for early in [false, true] {
                let restarted = said(Shop::restarting(&rules, CUSTOMERS, at(NOW)), &happened, early);
                prop_assert_eq!(&one_by_one, &restarted, "{}", rules);
            }
        }
    }

    #[test]
    fn a_crash_at_any_commit_changes_no_decision(
        rules in rules(),
        happened in prop::collection::btree_map(1_i64..290, (0_usize..3, prop::bool::weighted(0.3), 0_u32..100), 4..14),
        step in 0_usize..50,
        commits in 0_u64..8,
    ) {
        let whole = kept(Shop::new(&rules, CUSTOMERS, at(NOW)), &happened, None, None);
        let crashed = kept(Shop::new(&rules, CUSTOMERS, at(NOW)), &happened, Some((step, commits)), None);
        prop_assert_eq!(whole, crashed, "{}", rules);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Decisions and non-sends go long before the windows of caps and conditions are over, for these read
    /// neither. A restart reads the decisions of what waits: nobody may keep them for less than that.
    #[test]
    fn what_is_let_go_changes_no_decision(
        rules in rules(),
        happened in prop::collection::btree_map(1_i64..290, (0_usize..3, prop::bool::weighted(0.3), 0_u32..100), 4..14),
        seconds in 1_i64..40,
        restarts in prop::bool::weighted(0.1),
    ) {
        let shop = || {
            let new = if restarts { Shop::restarting } else { Shop::new };
            new(&rules, CUSTOMERS, at(NOW))
        };
        let short = Some(Duration::seconds(seconds));
        let keep = Keep { decisions: if restarts { None } else { short }, non_sends: short };
        let whole = kept(shop(), &happened, None, None);
        prop_assert_eq!(whole, kept(shop(), &happened, None, Some(&keep)), "{}", rules);
    }
}

/// Rules that never decide would agree on anything.
#[test]
fn what_the_law_is_tried_on_decides() {
    let clauses = CLAUSES.iter().enumerate();
    let mut text = String::from("audience busy when count(cart in last 1 minute) >= 1\n");
    for (n, clauses) in clauses {
        writeln!(text, "rule r{n:02}\n  {clauses}\n  then send receipt").unwrap();
    }
    text.push_str("rule touches\n  on cart\n  when cart.value > 60\n  then set touched to yes\n");
    let happened: Happened =
        [(5, (0, false, 90)), (10, (1, true, 30)), (30, (0, false, 40)), (200, (1, false, 70))].into();
    let said = said(Shop::new(&text, CUSTOMERS, at(NOW)), &happened, false);
    for (n, clauses) in CLAUSES.iter().enumerate() {
        assert!(said.iter().any(|line| line.contains(&format!(" r{n:02} "))), "{clauses}: {said:#?}");
    }
}
