//! Erasing.

use std::collections::BTreeMap;

use cvmd::ingest::Kind;
use cvmd::model::CustomerNumber;
use cvmd::record::key::{self, Table};
use cvmd::record::{MessageState, SuppressionReason};
use cvmd::serve::{PersonWish, RefusalKind, Response};
use cvmd::store::{Memory, Store, tables, transfer};

use super::{CUSTOMERS, ORDERS, SECRETS, Shop, later};

/// Everything that stands under the numbers of those who stay, and in tables by nobody.
fn of_others(shop: &Shop, gone: CustomerNumber) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let own = [key::profile(gone), key::orders_of(gone), key::event_packs_of(gone), key::changes_of(gone)];
    let by_customer = [Table::Profile, Table::Orders, Table::Events, Table::Change];
    let items = shop.store.scan(&[], &[]).map(Result::unwrap);
    items
        .filter(|(key, _)| Table::of(key).is_some_and(|table| by_customer.contains(&table)))
        .filter(|(key, _)| !own.iter().any(|own| key.starts_with(own)))
        .collect()
}

/// That nothing personal of Ana stands anywhere, and that she is in no memory.
fn gone(shop: &Shop, number: CustomerNumber) {
    for secret in SECRETS {
        assert_eq!(shop.found(secret), [""; 0], "`{secret}`");
    }
    assert!(!shop.engine.population().contains(number) && shop.engine.find("ana").is_none());
    assert!(shop.open().iter().all(|message| message.customer != number));
    assert_eq!(tables::privacy::erasures(&*shop.store).unwrap().len(), 0, "the mark goes");
    for rule in tables::memories::memories(&*shop.store).unwrap().into_values() {
        let memory = rule.unwrap();
        assert!(!memory.spent.contains(number.0) && !memory.trying.contains_key(&number));
    }
    for track in tables::movement::tracks(&*shop.store).unwrap().into_keys() {
        assert!(tables::person::moves(&*shop.store, track, number).unwrap().is_empty());
        let places = tables::movement::places(&*shop.store, track).unwrap();
        assert!(places.values().all(|members| !members.contains(number.0)));
    }
    assert!(tables::events::timers(&*shop.store).all(|item| item.unwrap().0.1 != number));
    let values = tables::person::decisions(&*shop.store, number).unwrap();
    assert!(!values.is_empty() && values.iter().all(|(.., decision)| decision.values.is_empty()));
}

#[test]
fn an_erased_customer_stands_nowhere_and_the_others_are_as_they_were() {
    let mut shop = Shop::lived();
    let number = shop.engine.find("ana").unwrap();
    for secret in SECRETS.iter().filter(|secret| **secret != "ana.secret") {
        assert!(!shop.found(secret).is_empty(), "the test does not try `{secret}`");
    }
    let (others, contacts) = (of_others(&shop, number), shop.engine.ledger().of(number).len());
    let open: Vec<_> = shop.open().into_iter().filter(|message| message.customer != number).collect();
    let erased = shop.erase("ana");
    assert_eq!((erased.under_way, erased.suppressed_addresses, erased.same_address.len()), (0, 2, 0));
    gone(&shop, number);
    assert_eq!(of_others(&shop, number), others);
    assert_eq!(shop.open(), open);
    assert_eq!(shop.engine.ledger().of(number).len(), contacts, "numbers stay");
    let ended = tables::person::finished_messages(&*shop.store, number).unwrap();
    let erased: Vec<_> = ended.iter().filter(|message| message.result == "the customer was erased").collect();
    assert!(erased.len() > 1, "{ended:?}");
    assert!(erased.iter().all(|message| message.state == MessageState::Withdrawn), "{erased:?}");
    // Nothing more is decided for her, nor by anybody's restart.
    for mut shop in [shop.restarted(), shop] {
        shop.engine.fire_events(later(30)).unwrap();
        shop.engine.tick(later(30)).unwrap();
        assert!(shop.open().iter().all(|message| message.customer != number));
        assert_eq!(shop.engine.population().len(), 2);
        let gone = shop.wish("ana", PersonWish::Show);
        assert!(matches!(gone, Response::Refused(refusal) if refusal.kind == RefusalKind::NotFound));
        assert_eq!(shop.done("ana", PersonWish::Erase), "`ana` was erased before");
    }
}

#[test]
fn a_crash_at_any_commit_of_an_erasure_is_gone_on_with() {
    let mut whole = 0;
    for commits in 0.. {
        let mut shop = Shop::lived();
        let number = shop.engine.find("ana").unwrap();
        shop.store.fail_after(commits);
        let answer = shop.wish("ana", PersonWish::Erase);
        let mut again = shop.restarted();
        let begun = !tables::privacy::erasures(&*again.store).unwrap().is_empty();
        if matches!(answer, Response::Erased(_)) {
            assert!(commits > 5, "so few commits: {commits}");
            assert!(whole > 3, "the mark was seen {whole} times");
            break;
        }
        if begun {
            whole += 1;
            assert!(!again.engine.population().contains(number), "gone from the first commit on");
            let (summary, rejected) = again.import(Kind::Customers, CUSTOMERS);
            assert_eq!((summary.erased_rows, rejected), (1, vec!["2 ana erased".to_owned()]));
            again.engine.tick(later(4)).unwrap();
            gone(&again, number);
        } else {
            // Not begun: she is there, and may be asked for again.
            assert!(again.engine.find("ana").is_some(), "{commits}");
            again.erase("ana");
            gone(&again, number);
        }
    }
}

#[test]
fn what_files_say_of_who_was_erased_is_rejected_row_by_row() {
    let mut shop = Shop::lived();
    shop.erase("ana");
    let twice = format!("{CUSTOMERS}ana,,,,Xanadu,yes,yes\ndan,dan@shop.example,,free,,,\n");
    for mut shop in [shop.restarted(), shop] {
        let (summary, mut rejected) = shop.import(Kind::Customers, &twice);
        rejected.sort();
        assert_eq!(rejected, ["2 ana erased", "5 ana erased"]);
        assert_eq!((summary.rejected_rows, summary.accepted_rows, summary.erased_rows), (2, 3, 2));
        assert!(summary.text().contains("of who was erased"), "{}", summary.text());
        let (summary, rejected) = shop.import(Kind::Orders, ORDERS);
        assert_eq!((summary.orders_added, rejected), (0, vec!["2 secret-order erased".to_owned()]));
        let events = "id,customer_id,time,event,value\ne1,ana,2026-11-20,cart,9\ne2,bob,2026-11-20,cart,9\n";
        let (summary, rejected) = shop.import(Kind::Events, events);
        assert_eq!((summary.events_added, rejected), (1, vec!["2 e1 erased".to_owned()]));
        assert!(shop.engine.find("ana").is_none() && shop.found("Xanadu").is_empty());
    }
}

#[test]
fn a_number_is_never_given_again() {
    let mut shop = Shop::lived();
    let last = shop.engine.find("cy").unwrap();
    shop.erase("cy");
    let mut again = shop.restarted();
    again.import(Kind::Customers, "id,email\nnew,new@shop.example\n");
    let number = again.engine.find("new").unwrap();
    assert!(number > last, "{number} after {last}");
    assert!(again.engine.ledger().of(number).is_empty(), "nor anybody's past");
}

#[test]
fn what_a_worker_has_under_its_hand_goes_when_it_is_done() {
    let mut shop = Shop::lived();
    let number = shop.engine.find("ana").unwrap();
    let held =
        shop.open().into_iter().find(|message| message.customer == number && !message.is_call).unwrap();
    shop.hands.0.lock().unwrap().insert(held.key);
    assert_eq!(shop.erase("ana").under_way, 1);
    assert!(!shop.engine.population().contains(number));
    shop.engine.tick(later(4)).unwrap();
    assert_eq!(shop.open().iter().filter(|message| message.customer == number).count(), 1);
    // It comes back to be tried again, and a restart comes between.
    for mut shop in [shop.restarted(), shop] {
        shop.hands.0.lock().unwrap().clear();
        shop.engine.tick(later(5)).unwrap();
        gone(&shop, number);
    }
}

#[test]
fn an_address_is_closed_with_its_customer_unless_another_has_it() {
    let mut shop = Shop::new();
    shop.import(Kind::Customers, "id,email,phone,city\nana2,ana.secret@SHOP.example,,Xanadu\n");
    let erased = shop.erase("ana");
    assert_eq!((erased.suppressed_addresses, erased.same_address), (1, vec!["ana2".to_owned()]));
    let other = shop.engine.find("ana2").unwrap();
    assert!(!shop.engine.population().is_suppressed(other), "who is there is not forgotten");
    assert_eq!(shop.erase("ana2").suppressed_addresses, 1);
    shop.import(Kind::Customers, "id,email\nana3,ANA.secret@shop.example\n");
    for shop in [shop.restarted(), shop] {
        let third = shop.engine.find("ana3").unwrap();
        assert!(shop.engine.population().suppressed(third).email, "no other id opens it");
    }
}

#[test]
fn an_erased_id_comes_again_only_by_a_persons_word_and_as_somebody_new() {
    let mut shop = Shop::lived();
    let number = shop.engine.find("ana").unwrap();
    shop.erase("ana");
    let said = shop.done("ana", PersonWish::Resume);
    assert!(said.contains("may come again"), "{said}");
    for mut shop in [shop.restarted(), shop] {
        let (summary, rejected) = shop.import_at(Kind::Customers, CUSTOMERS, later(5));
        assert_eq!((summary.new_customers, rejected.len()), (1, 0));
        let again = shop.engine.find("ana").unwrap();
        assert_ne!(again, number);
        assert!(!shop.engine.population().is_suppressed(again), "nor is the address closed any more");
        assert!(shop.found("secret-order").is_empty());
        let unknown = shop.wish("nobody", PersonWish::Resume);
        assert!(matches!(unknown, Response::Refused(_)));
    }
}

#[test]
fn an_address_that_was_suppressed_for_another_reason_stays_so_when_the_id_comes_again() {
    let mut shop = Shop::new();
    shop.engine.suppress_address("ana.secret@shop.example", SuppressionReason::Complaint, later(1)).unwrap();
    assert_eq!(shop.erase("ana").suppressed_addresses, 1, "the phone");
    shop.done("ana", PersonWish::Resume);
    shop.import(Kind::Customers, CUSTOMERS);
    let suppressed = shop.engine.population().suppressed(shop.engine.find("ana").unwrap());
    assert_eq!((suppressed.email, suppressed.phone), (true, false));
}

#[test]
fn an_export_of_the_store_carries_the_tombstone_and_nothing_of_who_was_erased() {
    let mut shop = Shop::lived();
    let number = shop.engine.find("ana").unwrap();
    shop.erase("ana");
    let mut file = Vec::new();
    transfer::export(&*shop.store, &mut file, later(4)).unwrap();
    let lines = zstd::stream::decode_all(file.as_slice()).unwrap();
    assert!(lines.len() > 1_000);
    let fresh = Memory::new();
    transfer::import(&fresh, file.as_slice(), later(5)).unwrap();
    let mut restored = Shop::on(std::sync::Arc::new(fresh));
    gone(&restored, number);
    let (summary, rejected) = restored.import(Kind::Customers, CUSTOMERS);
    assert_eq!((summary.new_customers, rejected), (0, vec!["2 ana erased".to_owned()]));
}
