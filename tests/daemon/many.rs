//! More customers than a block or a chunk holds: movement, and waits.

use std::fmt::Write;
use std::sync::Arc;

use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::store::{Memory, Store};

use super::engine::{NOW, engine, import, rules};

/// More than a block of 16,384.
const CUSTOMERS: u32 = 16_700;

const MOVEMENT: &str = "workspace shop\n  first run 100000\nattribute plan choice free < pro\n\
    webhook crm\n  post \"https://crm.shop.example/\"\n\
    rule up\n  when plan becomes pro\n  then call crm\n";

fn later(minutes: i64) -> Instant {
    NOW.plus(Duration::seconds(60 * minutes))
}

fn customers(plan: &str, who: impl Fn(u32) -> bool) -> String {
    let mut csv = "id,plan,created\n".to_owned();
    for number in (0..CUSTOMERS).filter(|number| who(*number)) {
        writeln!(csv, "c{number},{plan},2025-01-01").unwrap();
    }
    csv
}

fn open(store: &Arc<Memory>, now: Instant) -> Engine {
    let mut engine = engine(Arc::clone(store) as Arc<dyn Store>);
    engine.activate(rules(&[("shop.rules", MOVEMENT)]), now).unwrap();
    engine
}

#[test]
fn moves_over_several_blocks_are_neither_lost_nor_repeated_by_a_crash() {
    let first = Arc::new(Memory::new());
    let mut engine = open(&first, NOW);
    import(&mut engine, Kind::Customers, &customers("free", |_| true), NOW);
    assert_eq!(engine.tick(NOW).unwrap().decisions, 0);
    // Some in each chunk, on both sides of the block's end, and the very last.
    let moves = |number: u32| {
        number.is_multiple_of(97) || (16_380..16_390).contains(&number) || number == CUSTOMERS - 1
    };
    let wanted: Vec<u32> = (0..CUSTOMERS).filter(|number| moves(*number)).collect();
    import(&mut engine, Kind::Customers, &customers("pro", moves), later(1));
    drop(engine);
    for commits in [0, 1, 2, 4, 5] {
        let store = Arc::new(first.crash());
        let mut engine = open(&store, later(1));
        store.fail_after(commits);
        assert!(engine.tick(later(2)).is_err(), "{commits}");
        let store = Arc::new(store.crash());
        let mut engine = open(&store, later(3));
        engine.tick(later(3)).unwrap();
        engine.tick(later(4)).unwrap();
        let found: Vec<u32> = (0..CUSTOMERS)
            .filter(|number| {
                let customer = engine.find(&format!("c{number}")).unwrap();
                let had = engine.ledger().of(customer).len();
                assert!(had < 2, "c{number} moved {had} times");
                had == 1
            })
            .collect();
        assert_eq!(found, wanted, "{commits}");
    }
}

/// Resident memory in kilobytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Prints what 100,000 waits cost: `cargo test --release -- --ignored --nocapture daemon::many`.
#[test]
#[ignore = "measures"]
fn a_hundred_thousand_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(cvmd::store::open(&folder.path().join("store")).unwrap());
    let rule = "event cart\n  value money\nwebhook crm\n  post \"https://crm.shop.example/\"\n\
        rule rescue\n  on cart, after 2 hours\n  when cart.value > 5\n  then call crm with cart.value\n";
    let activate = |store: &Arc<dyn Store>| {
        let mut engine = engine(Arc::clone(store));
        engine.activate(rules(&[("shop.rules", rule)]), NOW).unwrap();
        engine
    };
    let mut engine = activate(&store);
    let mut csv = "id,customer_id,time,event,value\n".to_owned();
    for number in 0..100_000 {
        writeln!(csv, "e{number},c{number},{NOW},cart,90").unwrap();
    }
    let clock = cvmd::clock::SystemClock;
    let elapsed = || cvmd::clock::Clock::boot_elapsed(&clock).0;
    let say = |what: &str, since: i64, before: u64| {
        println!("{what}: {} ms, {} KB more", elapsed() - since, resident().saturating_sub(before));
    };
    let (since, before) = (elapsed(), resident());
    import(&mut engine, Kind::Events, &csv, NOW);
    say("import", since, before);
    let (since, before) = (elapsed(), resident());
    let report = engine.fire_events(NOW).unwrap();
    say("100,000 waits begin", since, before);
    assert_eq!(report.began, 100_000);
    let (since, before) = (elapsed(), resident());
    assert_eq!(engine.tick(later(1)).unwrap().decisions, 0);
    say("a tick beside them", since, before);
    drop(engine);
    let (since, before) = (elapsed(), resident());
    let mut engine = activate(&store);
    say("a start", since, before);
    let (since, before) = (elapsed(), resident());
    assert_eq!(engine.fire_events(later(120)).unwrap().decisions, 100_000);
    say("100,000 fire", since, before);
}
