//! The bytes of every record, for ever: one file a kind, a line a record, key and value in
//! hexadecimal. What an older version wrote must read; a changed line is a changed format and needs
//! a new format byte. `UPDATE_EXPECT=1` writes files that are missing or were changed on purpose.

use std::path::PathBuf;

use cvmd::model::{Bitmap, Channel, Instant};
use cvmd::record::codec::hex;
use cvmd::record::key::Table;
use cvmd::record::{Erasure, LastGood, ListedDomain, RuleMemory, SuppressionReason};
use cvmd::store::tables::{
    control, customers, deeds, endpoints, events, ledger, memories, messages, meta, movement, privacy, rules,
    runs, unsubscribes,
};
use cvmd::store::{Batch, Memory, Store};

use super::samples::{self, AT, CUSTOMER, RULE};

/// A removal is a dash; a value may be empty.
fn line(key: &[u8], value: Option<&Vec<u8>>) -> String {
    format!("{} {}\n", hex(key), value.map_or("-".to_owned(), |value| hex(value)))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    digits.chunks(2).map(|two| u8::from_str_radix(&two.iter().collect::<String>(), 16).unwrap()).collect()
}

/// Compares what was written with the file, and answers a store with the file's records.
fn golden(name: &str, written: &Batch) -> Memory {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/store/golden/{name}.hex"));
    let text: String = written.changes.iter().map(|(key, value)| line(key, value.as_ref())).collect();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(text, kept, "the format of `{name}` changed; see {}", path.display());
    let mut batch = Batch::default();
    for line in kept.lines() {
        let (key, value) = line.split_once(' ').unwrap();
        batch.changes.push((bytes(key), (value != "-").then(|| bytes(value))));
    }
    let store = Memory::new();
    store.commit(batch).wait().unwrap();
    store
}

fn batch(write: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch::default();
    write(&mut batch);
    batch
}

#[test]
fn identity() {
    let mut random = [0; 48];
    random.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n);
    let identity = meta::identity_of(random);
    let store = golden("identity", &batch(|b| meta::put_identity(b, &identity)));
    assert_eq!(meta::identity(&store).unwrap(), identity);
}

#[test]
fn profile() {
    let store = golden("profile", &batch(|b| customers::put_profile(b, CUSTOMER, &samples::profile())));
    assert_eq!(customers::profile(&store, CUSTOMER).unwrap(), Some(samples::profile()));
}

#[test]
fn orders() {
    let written = batch(|b| assert_eq!(customers::put_orders(b, CUSTOMER, 0, &samples::orders()), 1));
    let store = golden("orders", &written);
    assert_eq!(customers::orders(&store, CUSTOMER).unwrap(), samples::orders());
}

#[test]
fn events_and_what_waits_for_them() {
    let write = |b: &mut Batch| {
        assert_eq!(events::put_events(b, CUSTOMER, 0, &samples::events()), 1);
        for (sequence, arrival) in (0..).zip(&samples::arrivals()) {
            events::put_arrival(b, sequence, arrival);
        }
        for (n, timer) in (0..).zip(&samples::timers()) {
            events::put_timer(b, (RULE, CUSTOMER, n), timer);
        }
    };
    let store = golden("events", &batch(write));
    assert_eq!(events::events(&store, CUSTOMER).unwrap(), samples::events());
    let arrivals: Vec<_> = events::arrivals(&store).map(|item| item.unwrap().1).collect();
    assert_eq!(arrivals, samples::arrivals());
    let timers: Vec<_> = events::timers(&store).map(|item| item.unwrap()).collect();
    let places = [(RULE, CUSTOMER, 0), (RULE, CUSTOMER, 1)];
    assert_eq!(timers, places.into_iter().zip(samples::timers()).collect::<Vec<_>>());
    assert_eq!(events::timer(&store, places[1]).unwrap(), Some(samples::timers()[1].clone()));
}

#[test]
fn what_we_did() {
    let write = |b: &mut Batch| {
        deeds::put(b, 0, &samples::deeds());
        deeds::put(b, 7, &samples::deeds()[..1]);
        deeds::mark(b, 7);
    };
    let store = golden("deeds", &batch(write));
    let read: Vec<_> = deeds::deeds(&store).map(|item| item.unwrap()).collect();
    assert_eq!(read, [(0, samples::deeds()), (7, samples::deeds()[..1].to_vec())]);
    assert_eq!(deeds::next(&store).unwrap(), 8);
    assert_eq!(deeds::pack(&store, 7).unwrap(), Some(samples::deeds()[..1].to_vec()));
    assert_eq!(deeds::marked(&store).unwrap(), [7]);
}

#[test]
fn changes() {
    let write = |b: &mut Batch| {
        customers::append_changes(&Memory::new(), b, CUSTOMER, &samples::changes()).unwrap();
    };
    let store = golden("changes", &batch(write));
    assert_eq!(customers::changes(&store, CUSTOMER).unwrap(), samples::changes());
}

#[test]
fn suppressions() {
    let all = samples::suppressions();
    let write = |b: &mut Batch| {
        for (channel, suppression) in (0..).zip(&all) {
            customers::put_suppression(b, CUSTOMER, channel, suppression);
        }
    };
    let store = golden("suppressions", &batch(write));
    let read: Vec<_> = customers::suppressions(&store).map(|item| item.unwrap().2).collect();
    assert_eq!(read, all);
}

#[test]
fn suppression_list() {
    let listed = ListedDomain { reason: SuppressionReason::Asked, at: AT };
    let write = |b: &mut Batch| {
        privacy::put_listed(&Memory::new(), b, 0x0707, &samples::listed()).unwrap();
        privacy::put_domain(b, "spam.example", &listed);
    };
    let store = golden("suppression_list", &batch(write));
    assert_eq!(privacy::listed(&store, 0x0707).unwrap(), samples::listed());
    assert_eq!(privacy::bucket_of(&samples::listed()[0].hash), 0x0707);
    assert_eq!(privacy::all_listed(&store).map(Result::unwrap).collect::<Vec<_>>(), [samples::listed()]);
    let domains: Vec<_> = privacy::domains(&store).map(Result::unwrap).collect();
    assert_eq!(domains, [("spam.example".to_owned(), listed)]);
}

#[test]
fn who_was_erased() {
    let erasure = Erasure { at: AT };
    let write = |b: &mut Batch| {
        privacy::put_tombstone(b, [9; 16], &samples::tombstone());
        privacy::put_erasure(b, CUSTOMER, &erasure);
        privacy::put_next_customer(b, CUSTOMER);
    };
    let store = golden("erased", &batch(write));
    assert_eq!(privacy::tombstones(&store).unwrap(), [([9; 16], samples::tombstone())].into());
    assert_eq!(privacy::erasures(&store).unwrap(), [(CUSTOMER, erasure)].into());
    assert_eq!(privacy::next_customer(&store).unwrap(), CUSTOMER);
}

#[test]
fn ledger_pack() {
    let store = golden("ledger", &batch(|b| assert_eq!(ledger::append(b, 5, &samples::contacts()), 6)));
    let read: Vec<_> = ledger::contacts(&store).map(Result::unwrap).collect();
    assert_eq!(read, [(5, samples::contacts())]);
}

#[test]
fn all_states_of_a_run() {
    let store = golden("runs", &batch(|b| samples::runs().iter().for_each(|run| runs::put_run(b, run))));
    assert_eq!(runs::runs(&store).map(Result::unwrap).collect::<Vec<_>>(), samples::runs());
    let unfinished: Vec<_> = runs::unfinished(&store).map(Result::unwrap).collect();
    assert_eq!(unfinished, samples::runs()[..2], "open and held, by their markers");
}

#[test]
fn recipients() {
    let [written] = runs::recipient_batches(RULE, AT, &samples::customers()).try_into().unwrap();
    let store = golden("recipients", &written);
    let read: Vec<u32> = runs::recipients(&store, RULE, AT).unwrap().iter().collect();
    assert_eq!(read, samples::customers().iter().collect::<Vec<_>>());
}

#[test]
fn decisions() {
    let store = golden("decisions", &batch(|b| runs::put_decisions(b, RULE, AT, &samples::decisions())));
    let read: Vec<_> = runs::decisions(&store, RULE, AT).map(Result::unwrap).collect();
    assert_eq!(read, samples::decisions());
}

#[test]
fn non_sends() {
    let customers = samples::customers();
    let write = |b: &mut Batch| {
        for reason in cvmd::record::Skip::ALL {
            runs::put_non_sends(b, RULE, AT, reason, 0, &customers);
        }
    };
    let store = golden("non_sends", &batch(write));
    let read = runs::non_sends(&store, RULE).unwrap();
    assert_eq!(
        read.keys().map(|(at, skip)| (*at, *skip)).collect::<Vec<_>>(),
        cvmd::record::Skip::ALL.map(|s| (AT, s))
    );
    assert!(read.values().all(|set| set.iter().eq([0, 9, 16_383])));
}

#[test]
fn rule_memory() {
    let memory = samples::memory();
    let store = golden("memory", &batch(|b| memories::put_changes(b, RULE, &RuleMemory::default(), &memory)));
    let read = memories::memories(&store).unwrap().remove(&RULE).unwrap().unwrap();
    assert!(read.spent.iter().eq(memory.spent.iter()));
    assert_eq!((read.trying, read.began, read.served), (memory.trying, memory.began, memory.served));
    assert_eq!((read.ran, read.released), (memory.ran, true));
    assert_eq!(
        (read.met, read.served_by, read.season_end),
        (memory.met, memory.served_by, memory.season_end)
    );
}

#[test]
fn all_states_of_an_open_message() {
    let write = |b: &mut Batch| samples::open_messages().iter().for_each(|m| messages::put_open(b, m));
    let store = golden("open_messages", &batch(write));
    let read: Vec<_> = messages::open_messages(&store).map(Result::unwrap).collect();
    assert_eq!(read, samples::open_messages());
}

#[test]
fn finished_message() {
    let message = samples::finished_message();
    let store = golden("finished_message", &batch(|b| messages::put_finished(b, &message)));
    assert_eq!(messages::finished_messages(&store, AT).map(Result::unwrap).collect::<Vec<_>>(), [message]);
}

#[test]
fn who_unsubscribed() {
    let said = samples::unsubscribe();
    let channel = Channel::email();
    let store =
        golden("unsubscribe", &batch(|b| unsubscribes::put_unsubscribe(b, CUSTOMER, &channel, &said)));
    let read: Vec<_> = unsubscribes::unsubscribes(&store).map(Result::unwrap).collect();
    assert_eq!(read, [(CUSTOMER, channel, said)]);
}

#[test]
fn message_taken_back() {
    let mark = samples::taken_back();
    let store = golden("taken_back", &batch(|b| messages::put_taken_back(b, &mark)));
    assert_eq!(messages::taken_back(&store).map(Result::unwrap).collect::<Vec<_>>(), [mark]);
}

#[test]
fn dead_letters() {
    let message = samples::open_messages().remove(1);
    let store = golden("dead_letter", &batch(|b| messages::put_letter(b, AT, &message)));
    assert_eq!(messages::letter(&store, AT, message.key).unwrap().as_ref(), Some(&message));
    assert_eq!(messages::letters(&store, AT, None).map(Result::unwrap).collect::<Vec<_>>(), [(AT, message)]);
    assert_eq!(messages::letters(&store, Instant(AT.0 + 1), None).count(), 0);
}

#[test]
fn outages_of_endpoints() {
    let outages = samples::outages();
    let write = |b: &mut Batch| {
        for outage in &outages {
            endpoints::put_outage(b, outage);
        }
    };
    let store = golden("outages", &batch(write));
    assert_eq!(endpoints::outages(&store).map(Result::unwrap).collect::<Vec<_>>(), outages);
}

#[test]
fn who_is_left_alone() {
    let asides = samples::asides();
    let write = |b: &mut Batch| {
        for aside in &asides {
            endpoints::put_aside(b, aside);
        }
    };
    let store = golden("asides", &batch(write));
    let read = |store: &Memory| endpoints::asides(store).map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(read(&store), asides);
    let mut over = Batch::default();
    endpoints::remove_aside(&store, &mut over, asides[1].kind, &asides[1].name).unwrap();
    store.commit(over).wait().unwrap();
    assert_eq!(read(&store), [asides[0].clone(), asides[2].clone()], "and none that begins with its name");
}

#[test]
fn rules_and_contents() {
    let set = samples::rule_set();
    let [mut written] = <[Batch; 1]>::try_from(rules::rule_set_batches(&set)).unwrap();
    let last = LastGood { hash: set.hash, commit: "0a1b-dirty".into(), since: set.since };
    rules::set_active(&mut written, &last);
    rules::put_number(&mut written, "winback", RULE);
    rules::put_first_name(&mut written, 0, "come_back", "winback");
    rules::put_content(&mut written, "0a1b", "subject: Málaga");
    let store = golden("rules", &written);
    assert_eq!(rules::rule_set(&store, set.hash).unwrap(), Some(set.clone()));
    assert_eq!(rules::active(&store).unwrap(), Some(last));
    assert_eq!(rules::numbers(&store).unwrap().get("winback"), Some(&RULE));
    assert_eq!(rules::first_names(&store).unwrap(), [(0, "come_back".into(), "winback".into())]);
    assert_eq!(rules::content(&store, "0a1b").unwrap().as_deref(), Some("subject: Málaga"));
}

#[test]
fn pauses_ticks_and_loads() {
    let write = |b: &mut Batch| {
        for pause in &samples::pauses() {
            control::put_pause(b, pause);
        }
        control::put_tick(b, AT);
        control::put_load(b, 4, &samples::load());
        control::put_channels(b, &samples::channels());
    };
    let store = golden("control", &batch(write));
    assert_eq!(control::pauses(&store).unwrap(), samples::pauses());
    assert_eq!(control::last_tick(&store).unwrap(), Some(AT));
    assert_eq!(control::channels(&store).unwrap(), samples::channels());
    assert_eq!(control::loads(&store).unwrap(), [(4, samples::load())].into());
}

#[test]
fn places_and_moves() {
    let (track, moves) = (samples::track(), samples::moves());
    let mut members = Bitmap::new();
    for customer in [3, 64, 16_384] {
        members.insert(customer);
    }
    let write = |b: &mut Batch| {
        movement::put_track(b, 2, &track);
        movement::put_places(b, 2, 1, 0, &members);
        movement::put_places(b, 2, 1, 1, &members);
        movement::put_moves(b, 2, (AT, 0), &moves);
        movement::put_looked(b, RULE, AT);
    };
    let store = golden("movement", &batch(write));
    assert_eq!(movement::tracks(&store).unwrap(), [(2, track)].into());
    let places = movement::places(&store, 2).unwrap();
    assert_eq!(places[&1].iter().collect::<Vec<_>>(), [3, 64, 16_384]);
    let read: Vec<_> = movement::moves_since(&store, 2, AT).map(|item| item.unwrap()).collect();
    assert_eq!(read, moves.iter().map(|moved| (AT, *moved)).collect::<Vec<_>>());
    assert_eq!(movement::moves_since(&store, 2, Instant(AT.0 + 1)).count(), 0);
    assert_eq!(movement::looked(&store).unwrap(), [(RULE, AT)].into());
}

#[test]
fn all_reasons_of_a_hold() {
    for (n, hold) in samples::holds().into_iter().enumerate() {
        let store = golden(&format!("hold_{n}"), &batch(|b| control::put_hold(b, &hold)));
        assert_eq!(control::hold(&store).unwrap(), Some(hold));
    }
}

#[test]
fn a_record_that_was_cut() {
    let content = "abcdefghij".repeat(1_000);
    let store = golden("cut", &batch(|b| rules::put_content(b, "long", &content)));
    assert_eq!(rules::content(&store, "long").unwrap(), Some(content));
}

#[test]
fn each_table_has_a_golden_record() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/store/golden");
    let mut found = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        for line in std::fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            found.insert(Table::of(&bytes(line.split(' ').next().unwrap())).unwrap());
        }
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), Table::ALL);
}
