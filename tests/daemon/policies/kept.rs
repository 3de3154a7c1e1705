//! What is older than it is kept goes: exactly that, in commits that a crash may stop anywhere.

use std::collections::BTreeSet;

use cvmd::config::Keep;
use cvmd::model::{Duration, Instant, RuleNumber};
use cvmd::record::key::Table;
use cvmd::serve::{Request, Response};
use cvmd::store::{Memory, Store, tables};

use super::shop::{Shop, at, later, people, rule};

/// Nine in Madrid, a Monday.
const NOW: &str = "2026-11-23T08:00:00Z";
const KEEP: Keep = Keep { decisions: Some(Duration::days(6)), non_sends: Some(Duration::days(3)) };

fn day(n: i64) -> String {
    later(NOW, Duration::days(n))
}

/// Ten days of a daily rule under a cap, which passes half of its people over, and of a continuous one.
fn ten_days() -> Shop {
    let text = [
        "policy house\n  at most 1 email per customer per 2 days\n",
        &rule("daily", "every day at 09:00", "mail"),
        &rule("once", "at most once ever", "story"),
    ]
    .concat();
    let mut shop = Shop::new(&text, &people(250), at(NOW));
    for n in 0..10 {
        shop.tick(&day(n));
        shop.hand_over(&day(n));
    }
    shop
}

fn runs(store: &dyn Store) -> BTreeSet<(RuleNumber, Instant)> {
    tables::runs::runs(store).map(|run| run.map(|run| (run.rule, run.at)).unwrap()).collect()
}

fn records(store: &dyn Store, table: Table) -> Vec<Vec<u8>> {
    let prefix = table.prefix();
    store.scan(&prefix, &prefix).map(|item| item.unwrap().0).collect()
}

/// Decisions and recipients without their run would never be found again.
fn no_orphans(store: &dyn Store) {
    let runs = runs(store);
    for number in tables::rules::numbers(store).unwrap().into_values() {
        let decided = tables::runs::decisions_of_rule(store, number).map(|decision| decision.unwrap().0);
        assert!(decided.into_iter().all(|at| runs.contains(&(number, at))));
    }
    let blocks = records(store, Table::Recipients);
    let of =
        |key: &Vec<u8>| cvmd::record::key::parse_recipients(key).map(|(rule, at, _)| (rule, at)).unwrap();
    assert!(blocks.iter().map(of).all(|run| runs.contains(&run)));
}

#[test]
fn what_is_too_old_goes_and_nothing_else() {
    let shop = ten_days();
    let (store, now) = (&*shop.store, at(&day(9)));
    let all = runs(store);
    let before: Vec<_> = Table::ALL.into_iter().map(|table| (table, records(store, table))).collect();
    assert_eq!(shop.engine.prune(&Keep { decisions: None, non_sends: None }, now).unwrap(), 0);
    let gone = shop.engine.prune(&KEEP, now).unwrap();
    assert!(gone > 20, "{gone}");
    assert_eq!(shop.engine.prune(&KEEP, now).unwrap(), 0, "once is enough");
    let too_old = |&(_, at): &(RuleNumber, Instant)| at < now.minus(Duration::days(6));
    assert!(all.iter().any(too_old));
    assert_eq!(runs(store), all.iter().copied().filter(|run| !too_old(run)).collect());
    no_orphans(store);
    for (table, keys) in before {
        let left = records(store, table);
        match table {
            Table::Run | Table::Recipients | Table::Decisions | Table::NonSends | Table::FinishedMessage => {
                assert!(
                    !left.is_empty() && left.len() < keys.len(),
                    "{table:?}: {} of {}",
                    left.len(),
                    keys.len()
                );
                assert!(left.iter().all(|key| keys.contains(key)));
            }
            _ => assert_eq!(left, keys, "{table:?}"),
        }
    }
    let old = |message: &cvmd::record::FinishedMessage| message.at < now.minus(Duration::days(6));
    assert!(!tables::messages::finished_messages(store, Instant(0)).any(|message| old(&message.unwrap())));
}

#[test]
fn what_was_let_go_is_not_decided_again_and_its_contact_is_explained() {
    let mut shop = ten_days();
    let far = Duration::days(1_000);
    let sent = shop.said().len();
    let keep = Keep { decisions: Some(Duration::days(60)), non_sends: Some(Duration::days(1)) };
    shop.engine.prune(&keep, at(&day(9)).plus(far)).unwrap();
    assert!(runs(&*shop.store).is_empty());
    shop.restart(at(&day(9)));
    shop.tick(&day(9));
    assert_eq!(shop.said().len(), sent, "`at most once ever` and the cap hold");
    let request = Request::Explain { customer: "c001".into(), rule: Some("once".into()), at: None };
    let answer = shop.engine.handle(request, at(&day(9)), &mut |_| {});
    let Response::Explanation(explained) = answer else { panic!("{answer:?}") };
    let past = &explained.rules[0].history;
    assert!(past.len() == 1 && past[0].values.is_empty(), "{past:?}");
}

#[test]
fn a_crash_at_any_commit_leaves_nothing_that_is_not_found_again() {
    let whole = ten_days();
    whole.engine.prune(&KEEP, at(&day(9))).unwrap();
    let all = |store: &Memory| store.scan(&[], &[]).map(Result::unwrap).collect::<Vec<_>>();
    let mut failed = 0;
    for commits in 0.. {
        let mut shop = ten_days();
        shop.store.fail_after(commits);
        if shop.engine.prune(&KEEP, at(&day(9))).is_ok() {
            break;
        }
        failed += 1;
        shop.restart(at(&day(9)));
        no_orphans(&*shop.store);
        shop.engine.prune(&KEEP, at(&day(9))).unwrap();
        let of = |shop: &Shop| Table::ALL.map(|table| records(&*shop.store, table).len());
        assert_eq!(of(&shop), of(&whole), "after {commits}: {} records", all(&shop.store).len());
    }
    assert!(failed > 3, "{failed}");
}

#[test]
fn a_run_that_waits_for_a_person_stays() {
    let text = format!("first run 10\n{}", rule("daily", "every day at 09:00", "mail"));
    let mut shop = Shop::new(&text, &people(30), at("2026-11-22T08:00:00Z"));
    shop.tick("2026-11-22T08:30:00Z");
    shop.tick(NOW);
    assert_eq!(runs(&*shop.store).len(), 1);
    shop.engine.prune(&KEEP, at(&day(500))).unwrap();
    assert_eq!((runs(&*shop.store).len(), records(&*shop.store, Table::Recipients).len()), (1, 1));
    let resumed = shop.engine.resume(&"rule daily".parse().unwrap()).unwrap();
    assert_eq!(resumed.decisions, 30);
    shop.engine.prune(&KEEP, at(&day(500))).unwrap();
    assert!(runs(&*shop.store).is_empty());
}
