//! The suppression list.

use std::fmt::Write;
use std::sync::Arc;

use cvmd::config::Secrets;
use cvmd::daemon::{DaemonGate, Sender};
use cvmd::ingest::Kind;
use cvmd::model::Instant;
use cvmd::outbox::{Claim, Gate};
use cvmd::record::{KeyedHash, Suppression, SuppressionReason};
use cvmd::serve::{ListWish, PersonWish, Response, SuppressionsView};
use cvmd::store::{Batch, Store, tables};

use super::{Shop, later};

/// Ten o'clock, at which receipts and pings go.
fn ten(day: i64) -> Instant {
    later(2 + 24 * day)
}

/// Who got what of those rules at an instant: `receipt ana`.
fn decided(shop: &mut Shop, at: Instant) -> Vec<String> {
    shop.engine.tick(at).unwrap();
    let shown = |message: cvmd::record::OpenMessage| {
        let id = shop.engine.population().id(message.customer).unwrap_or("?").to_owned();
        (message.decided == at).then(|| format!("{} {id}", message.target))
    };
    let mut all: Vec<String> = shop.open().into_iter().filter_map(shown).collect();
    all.retain(|one| one.starts_with("receipt") || one.starts_with("ping"));
    all.sort();
    all
}

fn why(shop: &Shop, id: &str, rule: &str) -> String {
    shop.engine.explain(id, Some(rule), later(3), later(3)).unwrap().rules.remove(0).outcome
}

fn view(response: Response) -> SuppressionsView {
    match response {
        Response::Suppressions(view) => view,
        other => panic!("{other:?}"),
    }
}

fn said(response: Response) -> String {
    match response {
        Response::Done { message } => message,
        other => panic!("{other:?}"),
    }
}

fn add(shop: &mut Shop, what: &str) -> String {
    said(shop.list(ListWish::Add { what: what.into() }))
}

fn remove(shop: &mut Shop, what: &str) -> String {
    said(shop.list(ListWish::Remove { what: what.into() }))
}

/// With a tick before, so that schedules count from there.
fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.engine.tick(later(0)).unwrap();
    shop
}

#[test]
fn an_address_stops_what_goes_to_it_receipts_included_and_nothing_else() {
    let mut shop = shop();
    assert!(add(&mut shop, " ANA.secret@Shop.example").contains("receipts included"));
    assert!(add(&mut shop, "ana.secret@shop.example").contains("before"));
    add(&mut shop, "0034 622 222 222");
    for mut shop in [shop.restarted(), shop] {
        assert_eq!(decided(&mut shop, ten(0)), ["ping ana", "ping cy", "receipt bob", "receipt cy"]);
        let why = why(&shop, "ana", "receipts");
        assert!(why.contains("the e-mail address is suppressed since") && why.contains("(asked)"), "{why}");
        assert!(shop.found("ana.secret@shop.example").is_empty(), "no list needs the address");
        remove(&mut shop, "ana.secret@shop.example");
        assert_eq!(decided(&mut shop, ten(1)).len(), 5);
    }
}

#[test]
fn a_domain_stops_all_below_it() {
    let mut shop = shop();
    add(&mut shop, "other.example");
    add(&mut shop, "@shop.example");
    for mut shop in [shop.restarted(), shop] {
        assert_eq!(decided(&mut shop, ten(0)), ["ping ana", "ping bob", "ping cy"]);
        let why = why(&shop, "cy", "receipts");
        assert!(why.contains("the domain `other.example` is suppressed"), "{why}");
        assert!(remove(&mut shop, "mail.other.example").contains("was not suppressed itself"));
        remove(&mut shop, "other.example");
        assert_eq!(decided(&mut shop, ten(1)).len(), 4, "cy again");
    }
}

#[test]
fn a_customer_is_closed_and_opened_with_all_addresses() {
    let mut shop = shop();
    shop.import(Kind::Customers, "id,email\nana2,ana.secret@shop.example\n");
    shop.import(Kind::Orders, "order_id,customer_id,time,total\na2,ana2,2026-11-01,50\n");
    assert!(shop.done("ana", PersonWish::Suppress).contains("nothing goes to `ana`"));
    for mut shop in [shop.restarted(), shop] {
        assert_eq!(decided(&mut shop, ten(0)), ["ping bob", "ping cy", "receipt bob", "receipt cy"]);
        // A new address does not open them.
        shop.import(Kind::Customers, "id,email\nana,new@shop.example\n");
        assert_eq!(decided(&mut shop, ten(1)).len(), 4);
        assert!(why(&shop, "ana", "pings").contains("the customer is suppressed"));
        assert!(shop.done("ana", PersonWish::Resume).contains("again"));
        let after = decided(&mut shop, ten(2));
        assert!(
            after.contains(&"receipt ana".to_owned()) && after.contains(&"ping ana".to_owned()),
            "{after:?}"
        );
    }
}

#[test]
fn what_waits_meets_the_list_at_its_claim() {
    let mut shop = shop();
    assert_eq!(decided(&mut shop, ten(0)).len(), 6);
    add(&mut shop, "ana.secret@shop.example");
    add(&mut shop, "+34633333333");
    let sender = Sender {
        from: "Shop <a@shop.example>".into(),
        sandbox: Vec::new(),
        secrets: Secrets::default(),
        links: None,
    };
    let (reports, _) = tokio::sync::mpsc::unbounded_channel();
    let store = Arc::clone(&shop.store) as Arc<dyn Store>;
    let gate = DaemonGate::new(store, Arc::clone(shop.engine.shared()), sender, reports);
    let mut stopped = Vec::new();
    for message in shop.open().iter().filter(|message| !message.is_call) {
        let id = shop.engine.population().id(message.customer).unwrap();
        if let Claim::Withdraw(why) = gate.claim(message, ten(0)) {
            assert_eq!(why, "the address is suppressed");
            stopped.push(format!("{} {id}", message.target));
        }
    }
    stopped.sort();
    assert_eq!(stopped, ["offer ana", "ping cy", "receipt ana"]);
    // One that was tried before, to an address that its customer has left.
    let mut message = shop.open().into_iter().find(|message| message.target == "receipt").unwrap();
    let frozen = cvmd::record::Frozen {
        at: ten(0),
        to: "Ana.Secret@shop.example".into(),
        content: String::new(),
        values: Vec::new(),
        body: None,
    };
    message.customer = shop.engine.find("bob").unwrap();
    message.key.decision.customer = message.customer;
    (message.frozen, message.attempts) = (Some(frozen), 1);
    assert!(
        matches!(gate.claim(&message, ten(0)), Claim::Withdraw(why) if why == "the address is suppressed")
    );
}

#[test]
fn a_bounce_closes_the_address_and_not_who_mends_it() {
    let mut shop = shop();
    let ana = shop.engine.find("ana").unwrap();
    shop.import(Kind::Customers, "id,email\nana2,ana.secret@shop.example\n");
    add(&mut shop, "ana.secret@shop.example");
    let address = tables::privacy::all_listed(&*shop.store).next().unwrap().unwrap()[0].hash;
    remove(&mut shop, "ana.secret@shop.example");
    let met = Suppression { reason: SuppressionReason::HardBounce, at: later(1), address: Some(address) };
    let mut batch = Batch::default();
    tables::customers::put_suppression(&mut batch, ana, 0, &met);
    shop.store.commit(batch).wait().unwrap();
    let mut shop = shop.restarted();
    assert_eq!(decided(&mut shop, ten(0)).iter().filter(|one| one.ends_with("ana")).count(), 1, "the ping");
    assert!(why(&shop, "ana", "receipts").contains("(bounced)"));
    assert!(shop.engine.population().suppressed(shop.engine.find("ana2").unwrap()).email);
    shop.import(Kind::Customers, "id,email\nana,right@shop.example\n");
    assert!(!shop.engine.population().is_suppressed(ana));
    let found = view(shop.list(ListWish::Find { what: "ana.secret@shop.example".into() })).found;
    assert_eq!(found.len(), 1, "{found:?}");
    remove(&mut shop, "ana.secret@shop.example");
    let again = shop.restarted();
    assert!(!again.engine.population().is_suppressed(again.engine.find("ana2").unwrap()));
}

/// The keyed hash of an address, as a list has it.
fn hash_of(shop: &mut Shop, address: &str) -> KeyedHash {
    add(shop, address);
    let hash = tables::privacy::all_listed(&*shop.store).next().unwrap().unwrap()[0].hash;
    remove(shop, address);
    hash
}

/// The outbox meets that an address of a customer does not exist.
fn meets(shop: &mut Shop, id: &str, address: KeyedHash) {
    let number = shop.engine.find(id).unwrap();
    let met = Suppression { reason: SuppressionReason::HardBounce, at: later(1), address: Some(address) };
    let mut batch = Batch::default();
    tables::customers::put_suppression(&mut batch, number, 0, &met);
    shop.store.commit(batch).wait().unwrap();
    shop.engine.suppressed(number);
}

#[test]
fn each_address_of_one_customer_that_bounced_stays_closed() {
    const OLD: &str = "ana.secret@shop.example";
    const NEW: &str = "newer@shop.example";
    let mut shop = shop();
    let closed =
        |shop: &mut Shop, what: &str| !view(shop.list(ListWish::Find { what: what.into() })).found.is_empty();
    let (old, new) = (hash_of(&mut shop, OLD), hash_of(&mut shop, NEW));
    meets(&mut shop, "ana", old);
    shop.import(Kind::Customers, &format!("id,email\nana,{NEW}\n"));
    assert!(!shop.engine.population().is_suppressed(shop.engine.find("ana").unwrap()));
    meets(&mut shop, "ana", new);
    let mut shop = shop.restarted();
    assert_eq!((closed(&mut shop, OLD), closed(&mut shop, NEW)), (true, true));
    // Who is taken up again is so under the address that they have.
    shop.done("ana", PersonWish::Resume);
    for mut shop in [shop.restarted(), shop] {
        assert_eq!((closed(&mut shop, OLD), closed(&mut shop, NEW)), (true, false));
    }
}

#[test]
fn an_address_that_bounced_after_its_customer_changed_it_is_closed_for_whoever_has_it() {
    let mut shop = shop();
    let address = hash_of(&mut shop, "ana.secret@shop.example");
    shop.import(Kind::Customers, "id,email\nana,newer@shop.example\nana2,ana.secret@shop.example\n");
    meets(&mut shop, "ana", address);
    for shop in [shop.restarted(), shop] {
        let suppressed = |id: &str| shop.engine.population().is_suppressed(shop.engine.find(id).unwrap());
        assert_eq!((suppressed("ana"), suppressed("ana2")), (false, true));
    }
}

#[test]
fn lists_come_from_files_of_other_tools() {
    let mut shop = shop();
    let csv = "Email;Reason;Time\nana.secret@shop.example;Hard bounce (5.1.1);2026-11-01\nnot an address;;\nbob@shop.example;Marked as spam;2030-01-01\n;;\n";
    let (summary, mut rejected) = shop.import(Kind::Suppressions, csv);
    rejected.sort();
    assert_eq!(rejected, ["3  bad_value", "4  in_future", "5  missing_id"]);
    assert_eq!((summary.rows, summary.accepted_rows, summary.rejected_rows), (4, 2, 2));
    assert_eq!((summary.suppressions_added, summary.suppressions_unchanged), (2, 0));
    let again = shop.import(Kind::Suppressions, csv).0;
    assert_eq!((again.suppressions_added, again.suppressions_unchanged), (0, 2), "the same again");
    let plain = "# do not call\n+34 633 333 333\n\n@blocked.example\nspam.example\nx@one.example\n";
    let (summary, rejected) = shop.import(Kind::Suppressions, plain);
    assert_eq!((summary.suppressions_added, rejected.len()), (4, 0));
    let (summary, _) = shop.import(Kind::Suppressions, "customer\nbob\nunknown\n");
    assert_eq!(summary.suppressions_added, 2);
    for mut shop in [shop.restarted(), shop] {
        assert_eq!(decided(&mut shop, ten(0)), ["ping ana", "receipt cy"]);
        assert!(why(&shop, "ana", "receipts").contains("since 2026-11-01T00:00:00Z (bounced)"));
        let counted = view(shop.list(ListWish::Count {}));
        let counts: Vec<String> =
            counted.counts.iter().map(|one| format!("{} {} {}", one.kind, one.reason, one.count)).collect();
        assert_eq!(
            counts,
            ["email bounced 1", "email complained 1", "email asked 1", "phone asked 1", "customer asked 2"]
        );
        let domains: Vec<&str> = counted.domains.iter().map(|one| one.domain.as_str()).collect();
        assert_eq!(domains, ["blocked.example", "spam.example"]);
        // Who comes later is met, too.
        shop.import(
            Kind::Customers,
            "id,email\nunknown,u@shop.example\nx,x@one.example\nnews,n@a.spam.example\n",
        );
        for id in ["unknown", "x", "news"] {
            assert!(shop.engine.population().is_suppressed(shop.engine.find(id).unwrap()), "{id}");
        }
    }
}

#[test]
fn nonsense_is_refused_in_words() {
    let mut shop = shop();
    for what in ["", "nonsense", "a b@c", "12", "@", "a@b@c"] {
        for wish in [ListWish::Add { what: what.into() }, ListWish::Find { what: what.into() }] {
            let response = shop.list(wish);
            let Response::Refused(refusal) = response else { panic!("{what}: {response:?}") };
            assert!(refusal.message.contains("name an e-mail address"), "{}", refusal.message);
        }
    }
    assert!(matches!(shop.wish("nobody", PersonWish::Suppress), Response::Refused(_)));
}

#[test]
fn a_long_list_is_packed_and_met_at_once() {
    let mut shop = shop();
    let mut list = "address,reason\n".to_owned();
    for n in 0..20_000 {
        writeln!(list, "person{n}@list.example,unsubscribed").unwrap();
    }
    list.push_str("ana.secret@shop.example,unsubscribed\n");
    let (summary, _) = shop.import(Kind::Suppressions, &list);
    assert_eq!(summary.suppressions_added, 20_001);
    let packs: Vec<usize> =
        tables::privacy::all_listed(&*shop.store).map(|pack| pack.unwrap().len()).collect();
    assert_eq!(packs.iter().sum::<usize>(), 20_001);
    assert!(packs.len() < 20_001);
    let shop = shop.restarted();
    assert!(shop.engine.population().suppressed(shop.engine.find("ana").unwrap()).email);
    assert!(!shop.engine.population().is_suppressed(shop.engine.find("bob").unwrap()));
}
