//! The typed tables: packs that fill up and split, long records, blocks that change.

use cvmd::model::{CustomerNumber, Instant};
use cvmd::record::{Change, Met, Order, RuleMemory, key};
use cvmd::store::limits::BATCH_LIMIT;
use cvmd::store::tables::{customers, ledger, memories, messages, rules, runs};
use cvmd::store::{Batch, Memory, Store};
use proptest::prelude::*;

use super::samples::{self, AT, CUSTOMER, RULE};

fn commit(store: &Memory, batch: Batch) {
    store.commit(batch).wait().unwrap();
}

fn order(n: usize, product_length: usize) -> Order {
    let mut order = samples::orders()[1].clone();
    order.id = format!("o{n}");
    order.lines[0].product = Some("x".repeat(product_length));
    order
}

proptest! {
    #[test]
    fn orders_read_back_however_they_were_added(
        loads in proptest::collection::vec(proptest::collection::vec(0_usize..300, 1..40), 1..6),
    ) {
        let store = Memory::new();
        let neighbours = [CustomerNumber(CUSTOMER.0 - 1), CustomerNumber(CUSTOMER.0 + 1)];
        let mut expected = Vec::new();
        for lengths in loads {
            let mut batch = Batch::default();
            let first = expected.len();
            let new: Vec<Order> = lengths.iter().enumerate().map(|(n, &l)| order(first + n, l)).collect();
            customers::append_orders(&store, &mut batch, CUSTOMER, &new).unwrap();
            for neighbour in neighbours {
                customers::put_orders(&mut batch, neighbour, 0, &new[..1]);
            }
            expected.extend(new);
            commit(&store, batch);
        }
        prop_assert_eq!(customers::orders(&store, CUSTOMER).unwrap(), expected.clone());
        let all: usize = customers::all_orders(&store).map(|item| item.unwrap().1.len()).sum();
        prop_assert_eq!(all, expected.len() + 2);
    }

    #[test]
    fn a_memory_is_what_its_changes_make(
        states in proptest::collection::vec(
            (
                proptest::collection::btree_set(0_u32..60_000, 0..30),
                proptest::collection::btree_map(0_u32..2_000, any::<i64>(), 0..30),
                proptest::collection::btree_map(0_u32..2_000, any::<i64>(), 0..30),
                proptest::option::of(any::<i64>()),
            ),
            1..6,
        ),
    ) {
        let store = Memory::new();
        let mut before = RuleMemory::default();
        for (spent, trying, met, served) in states {
            let after = RuleMemory {
                spent: spent.into_iter().collect(),
                trying: trying.into_iter().map(|(c, at)| (CustomerNumber(c), Instant(at))).collect(),
                began: None,
                met: met.into_iter().map(|(c, civil)| (CustomerNumber(c), Met { civil, as_of: Instant(civil) })).collect(),
                season_end: served.map(Instant),
                served_by: None,
                served: served.map(Instant),
                ran: None,
                released: served.is_some(),
                last_run: served.map(|at| (Instant(at), 7)),
                settled: served.is_some(),
                audiences: Vec::new(),
                counted_since: None,
                holding: None,
            };
            let mut batch = Batch::default();
            memories::put_changes(&mut batch, RULE, &before, &after);
            commit(&store, batch);
            let read = memories::memories(&store).unwrap().remove(&RULE).map_or_else(RuleMemory::default, Result::unwrap);
            prop_assert!(read.spent.iter().eq(after.spent.iter()));
            prop_assert_eq!(&read.trying, &after.trying);
            prop_assert_eq!(&read.met, &after.met);
            prop_assert_eq!(read.season_end, after.season_end);
            prop_assert_eq!((read.served, read.released, read.last_run), (after.served, after.released, after.last_run));
            let mut nothing = Batch::default();
            memories::put_changes(&mut nothing, RULE, &read, &after);
            prop_assert!(nothing.is_empty(), "an unchanged memory writes nothing");
            before = after;
        }
    }
}

#[test]
fn an_order_longer_than_a_record_reads_back_and_goes_whole() {
    let store = Memory::new();
    let mut batch = Batch::default();
    let orders = [order(1, 10), order(2, 20_000), order(3, 10)];
    customers::put_orders(&mut batch, CUSTOMER, 0, &orders);
    commit(&store, batch);
    assert_eq!(customers::orders(&store, CUSTOMER).unwrap(), orders);
    assert_eq!(customers::all_orders(&store).map(|item| item.unwrap().1.len()).sum::<usize>(), 3);
    let mut batch = Batch::default();
    customers::remove_orders(&store, &mut batch, CUSTOMER).unwrap();
    commit(&store, batch);
    assert_eq!(store.scan(&key::orders_of(CUSTOMER), &[]).count(), 0, "no piece is left behind");
}

#[test]
fn a_profile_that_shrinks_reads_as_what_it_is_now() {
    let store = Memory::new();
    let mut long = samples::profile();
    long.values[0].1 = "x".repeat(9_000);
    for profile in [&long, &samples::profile()] {
        let mut batch = Batch::default();
        customers::put_profile(&mut batch, CUSTOMER, profile);
        commit(&store, batch);
        assert_eq!(customers::profile(&store, CUSTOMER).unwrap().as_ref(), Some(profile));
        let all: Vec<_> = customers::profiles(&store).map(Result::unwrap).collect();
        assert_eq!(all, [(CUSTOMER, profile.clone())]);
    }
}

#[test]
fn changes_learnt_at_one_instant_are_all_kept() {
    let store = Memory::new();
    let change = |n: i64| Change {
        learnt: Instant(n / 3),
        after: Some(n.to_string()),
        ..samples::changes()[0].clone()
    };
    let all: Vec<Change> = (0..9).map(change).collect();
    for two in all.chunks(2) {
        let mut batch = Batch::default();
        customers::append_changes(&store, &mut batch, CUSTOMER, two).unwrap();
        commit(&store, batch);
    }
    assert_eq!(customers::changes(&store, CUSTOMER).unwrap(), all);
}

#[test]
fn the_ledger_goes_on_behind_its_last_pack() {
    let store = Memory::new();
    let contacts: Vec<_> = samples::contacts().into_iter().cycle().take(600).collect();
    for _ in 0..2 {
        let mut batch = Batch::default();
        ledger::append(&mut batch, ledger::next(&store).unwrap(), &contacts);
        commit(&store, batch);
    }
    let packs: Vec<_> = ledger::contacts(&store).map(Result::unwrap).collect();
    assert_eq!(
        packs.iter().map(|(n, pack)| (*n, pack.len())).collect::<Vec<_>>(),
        [(0, 255), (1, 255), (2, 90), (3, 255), (4, 255), (5, 90)]
    );
}

#[test]
fn recipients_of_ten_million_customers_fit_in_commits() {
    let store = Memory::new();
    let recipients = (0..10_000_000).step_by(1_000).collect();
    let batches = runs::recipient_batches(RULE, AT, &recipients);
    assert!(batches.len() > 1 && batches.iter().all(|batch| batch.changes.len() < BATCH_LIMIT));
    for batch in batches {
        commit(&store, batch);
    }
    assert!(runs::recipients(&store, RULE, AT).unwrap().iter().eq(recipients.iter()));
    assert_eq!(runs::recipient_batches(RULE, AT, &[].into_iter().collect()).len(), 1, "room for the run");
}

#[test]
fn a_rule_set_of_megabytes_fits_in_commits_and_is_there_with_the_last() {
    let store = Memory::new();
    let mut set = samples::rule_set();
    set.sources.insert("long.rules".into(), "# nothing\n".repeat(300_000));
    let batches = rules::rule_set_batches(&set);
    assert!(batches.len() > 1);
    for batch in batches {
        assert_eq!(rules::rule_set(&store, set.hash).unwrap(), None);
        commit(&store, batch);
    }
    assert_eq!(rules::rule_set(&store, set.hash).unwrap(), Some(set.clone()));
    assert_eq!(rules::rule_sets(&store).map(Result::unwrap).collect::<Vec<_>>(), [set]);
}

#[test]
fn a_message_that_ended_leaves_nothing_of_what_it_was_filled_with() {
    let store = Memory::new();
    let mut message = samples::open_messages().remove(1);
    message.frozen.as_mut().unwrap().body = Some("x".repeat(10_000));
    let mut batch = Batch::default();
    messages::put_open(&mut batch, &message);
    commit(&store, batch);
    assert_eq!(
        messages::open_message(&store, message.decided, message.key).unwrap().as_ref(),
        Some(&message)
    );
    let mut batch = Batch::default();
    messages::remove_open(&store, &mut batch, message.decided, message.key).unwrap();
    messages::put_finished(&mut batch, &samples::finished_message());
    commit(&store, batch);
    assert_eq!(messages::open_messages(&store).count(), 0);
    let prefix = key::Table::OpenMessage.prefix();
    assert_eq!(store.scan(&prefix, &prefix).count(), 0);
    assert_eq!(messages::finished_messages(&store, Instant(AT.0 + 1)).count(), 0);
    assert_eq!(messages::finished_messages(&store, AT).count(), 1);
}
