//! Names: what is renamed keeps its history, under a remembered name, after a restart and a revert.

use std::sync::Arc;

use cvmd::check::{self, Checked, Files};
use cvmd::daemon::Engine;
use cvmd::ingest::Kind;
use cvmd::model::{Date, Duration, Instant};
use cvmd::record::WhileQueued;
use cvmd::serve::{Request, Response};
use cvmd::store::{Memory, Store};

use super::engine::{NOW, engine, import, rules};

const OFFER: (&str, &str) = ("messages/offer.html", "<title>Come back</title><p>Hello</p>");
const CUSTOMERS: &str = "id,email,clv,plan,consent_email_marketing\n\
    ana,ana@shop.example,820,pro,yes\n\
    bob,bob@shop.example,900,free,yes\n";

fn later(days: i64) -> Instant {
    NOW.plus(Duration::days(days))
}

/// Takes over a single rule file; what it says of an attribute `plan` stands beside it.
fn take(engine: &mut Engine, name: &str, text: &str, days: i64) {
    let plan = ("shop.rules", "attribute plan choice free < pro\n");
    engine.activate(rules(&[(name, text), plan, OFFER]), later(days)).unwrap();
}

fn shop(store: &Arc<dyn Store>) -> Engine {
    let mut engine = engine(Arc::clone(store));
    take(&mut engine, "winback.rules", "when clv > 500 then send offer\n  at most once ever\n", 0);
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    assert_eq!(engine.tick(NOW).unwrap().decisions, 2);
    engine
}

fn decisions(engine: &mut Engine, days: i64) -> u64 {
    engine.tick(later(days)).unwrap().decisions
}

/// What is said of a tree beside what the engine remembers: the codes.
fn codes(engine: &Engine, files: &[(&str, &str)]) -> Vec<&'static str> {
    let mut tree = Files::new();
    for (path, text) in files {
        tree.insert(*path, text.as_bytes());
    }
    tree.insert(OFFER.0, OFFER.1.as_bytes());
    let options = check::Options { commit: "abc", today: Date(20_780) };
    let Checked { diagnostics, .. } = check::check_beside(&tree, &options, Some(engine.remembered()));
    diagnostics.iter().map(|found| found.code.number()).collect()
}

#[test]
fn a_renamed_rule_keeps_whom_it_reached_also_when_the_line_is_dropped() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = shop(&store);
    take(
        &mut engine,
        "back.rules",
        "when clv > 500 then send offer\n  at most once ever\n  formerly winback\n",
        1,
    );
    assert_eq!(decisions(&mut engine, 1), 0);
    take(&mut engine, "back.rules", "when clv > 400 then send offer\n  at most once ever\n", 2);
    assert_eq!(decisions(&mut engine, 2), 0, "without the line");
    drop(engine);
    let mut engine = self::engine(store);
    take(
        &mut engine,
        "again.rules",
        "when clv > 300 then send offer\n  at most once ever\n  formerly back\n",
        3,
    );
    assert_eq!(decisions(&mut engine, 40), 0, "after a restart and another rename");
    let explained = engine.explain("ana", Some("again"), later(40), later(40)).unwrap();
    assert_eq!(explained.rules[0].history.len(), 1, "its history came along");
    // A revert of both renames is the same rule again.
    take(&mut engine, "winback.rules", "when clv > 500 then send offer\n  at most once ever\n", 41);
    assert_eq!(decisions(&mut engine, 41), 0, "a revert");
}

#[test]
fn a_new_name_without_the_line_is_a_new_rule_and_so_is_refused() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = shop(&store);
    let when = "when clv > 500 then send offer\n  at most once ever\n";
    assert_eq!(codes(&engine, &[("comeback.rules", when)]), ["E123"], "a renamed file");
    assert_eq!(codes(&engine, &[("winback.rules", when)]), [""; 0]);
    let both = [("winback.rules", when), ("comeback.rules", when)];
    assert_eq!(codes(&engine, &both), [""; 0], "nothing vanished");
    assert_eq!(
        codes(&engine, &[("comeback.rules", "when clv > 501 then send offer")]),
        [""; 0],
        "another rule"
    );
    drop(engine);
    engine = self::engine(store);
    assert_eq!(codes(&engine, &[("comeback.rules", when)]), ["E123"], "renamed while the daemon was down");
    // Whoever means it takes the rule out first.
    engine.activate(rules(&[("other.rules", "when clv > 9000 then send offer"), OFFER]), later(1)).unwrap();
    assert_eq!(codes(&engine, &[("comeback.rules", when)]), [""; 0]);
}

#[test]
fn no_new_item_takes_a_remembered_name() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = shop(&store);
    take(&mut engine, "back.rules", "when clv > 500 then send offer\n  formerly winback\n", 1);
    let old = ("winback.rules", "when clv > 9 then send offer\n");
    assert_eq!(codes(&engine, &[("back.rules", "when clv > 500 then send offer\n"), old]), ["E122"]);
    assert_eq!(
        codes(&engine, &[("back.rules", "when clv > 500 then send offer\n  formerly winback\n"), old]),
        ["E121"]
    );
    // Whoever comes past the check: one history decides once.
    let two = [("back.rules", "when clv > 500 then send offer\n"), old, OFFER];
    engine.activate(rules(&two), later(2)).unwrap();
    assert_eq!(decisions(&mut engine, 60), 0);
}

#[test]
fn a_renamed_attribute_keeps_its_values() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = shop(&store);
    let tariff = [
        ("shop.rules", "attribute tariff choice free < pro\n  formerly plan\n"),
        ("winback.rules", "when tariff = pro then send offer\n  at most once ever\n"),
        OFFER,
    ];
    let matching = |engine: &mut Engine| {
        let request = Request::Evaluate { at: None, rules: vec!["winback".into()], limit: None };
        let Response::Matches(matches) = engine.handle(request, later(1), &mut |_| {}) else { panic!() };
        matches.rules[0].customer_ids.clone()
    };
    engine.activate(rules(&tariff), later(1)).unwrap();
    assert_eq!(matching(&mut engine), ["ana"]);
    // Under its new name a column finds it, and what it says is kept beside what was there.
    import(&mut engine, Kind::Customers, "id,tariff\nbob,pro\n", later(1));
    assert_eq!(matching(&mut engine), ["ana", "bob"]);
    drop(engine);
    let mut engine = self::engine(store);
    engine
        .activate(
            rules(
                &tariff[1..]
                    .iter()
                    .chain([&("shop.rules", "attribute tariff choice free < pro\n")])
                    .copied()
                    .collect::<Vec<_>>(),
            ),
            later(2),
        )
        .unwrap();
    assert_eq!(matching(&mut engine), ["ana", "bob"], "without the line, after a restart");
}

#[test]
fn a_pause_follows_its_rule_to_the_new_name() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = shop(&store);
    engine.pause(&"rule winback".parse().unwrap(), WhileQueued::Hold, NOW).unwrap();
    take(
        &mut engine,
        "back.rules",
        "when clv > 1 then send offer\n  at most 9 times per day\n  formerly winback\n",
        1,
    );
    import(
        &mut engine,
        Kind::Customers,
        "id,email,clv,consent_email_marketing\ncy,cy@shop.example,7,yes\n",
        NOW,
    );
    assert_eq!(decisions(&mut engine, 1), 0);
    drop(engine);
    let mut engine = self::engine(store);
    take(&mut engine, "back.rules", "when clv > 1 then send offer\n  at most 9 times per day\n", 2);
    assert_eq!(decisions(&mut engine, 2), 0, "after a restart");
    let resumed = engine.resume(&"rule winback".parse().unwrap()).unwrap();
    assert_eq!(resumed.pauses.len(), 1, "by its old name");
    assert_eq!(decisions(&mut engine, 2), 1);
}
