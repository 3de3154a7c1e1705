//! The engine over an in-memory store: rules from text, customers from CSV, ticks by hand.

use std::fmt::Write;
use std::io::Cursor;
use std::sync::{Arc, Mutex};

use cvmd::check::{self, Files};
use cvmd::daemon::{Engine, LeftInStore, Outgoing, TickReport};
use cvmd::ingest::{self, Kind, Origin, Report};
use cvmd::model::{Date, Duration, Instant};
use cvmd::record::{HoldReason, OpenMessage, WhileQueued};
use cvmd::ruleset::RuleSet;
use cvmd::serve::RuleState;
use cvmd::serve::{Request, Response};
use cvmd::store::{Memory, Store};
use jiff::tz::TimeZone;

/// 2026-11-23T08:00:00Z, a Monday; 09:00 in Madrid.
pub const NOW: Instant = Instant(1_795_420_800_000);

/// The rule set of these files; panics with the diagnostics where it has errors.
pub fn rules(files: &[(&str, &str)]) -> RuleSet {
    let mut tree = Files::new();
    for (path, text) in files {
        tree.insert(*path, text.as_bytes());
    }
    let options = check::Options { commit: "abc123", today: Date(20_780) };
    let checked = check::check(&tree, &options);
    let messages: Vec<_> = checked.diagnostics.iter().map(|d| (d.code, d.message.clone())).collect();
    checked.rules.unwrap_or_else(|| panic!("{messages:?}"))
}

/// Keeps what was handed to the outbox.
#[derive(Default)]
pub struct Caught(pub Mutex<Vec<OpenMessage>>);

impl Outgoing for Caught {
    fn add(&self, messages: Vec<OpenMessage>) {
        self.0.lock().unwrap().extend(messages);
    }
}

pub fn engine(store: Arc<dyn Store>) -> Engine {
    Engine::open(store, Arc::new(LeftInStore)).unwrap()
}

pub fn import(engine: &mut Engine, kind: Kind, csv: &str, now: Instant) {
    let mut ignore = |reject: &ingest::Reject| panic!("{reject:?}");
    let mut report = Report::new(kind, "test.csv", &mut ignore);
    let schema = engine.active().unwrap().rules.schema.clone();
    let options = ingest::Options {
        schema: &schema,
        zone: &TimeZone::UTC,
        now,
        map: &[],
        event: None,
        totals: None,
        origin: Origin::File,
    };
    let mut progress = |_| {};
    let mut rows = ingest::open(Cursor::new(csv.to_owned()), &mut progress).unwrap();
    let load = engine.begin_load("test.csv", now).unwrap();
    engine.load(kind, &mut *rows, &options, &mut report).unwrap();
    engine.end_load(load).unwrap();
}

const WINBACK: (&str, &str) = ("winback.rules", "when segment=lapsing and clv>500 then send offer\n");
const OFFER: (&str, &str) =
    ("messages/offer.html", "<title>Come back</title><p>Hello {{ first_name | default('friend') }}</p>");

const CUSTOMERS: &str = "id,email,first_name,clv,consent_email_marketing\n\
    ana,ana@shop.example,Ana,820,yes\n\
    bob,bob@shop.example,Bob,820,no\n\
    cy,cy@shop.example,Cy,499,yes\n\
    dee,dee@shop.example,Dee,820,yes\n\
    eve,,Eve,820,yes\n";

const ORDERS: &str = "order_id,customer_id,time,total\n\
    1,ana,2026-08-01,50\n\
    2,bob,2026-08-01,50\n\
    3,cy,2026-08-01,50\n\
    4,dee,2026-11-01,50\n\
    5,eve,2026-08-01,50\n";

fn shop(store: Arc<dyn Store>) -> Engine {
    let mut engine = engine(store);
    engine.activate(rules(&[WINBACK, OFFER]), NOW).unwrap();
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    import(&mut engine, Kind::Orders, ORDERS, NOW);
    engine
}

fn tick(engine: &mut Engine, now: Instant) -> TickReport {
    engine.tick(now).unwrap()
}

#[test]
fn the_smallest_rule_sends_to_the_one_it_means_and_once() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = shop(Arc::clone(&store));
    assert_eq!(tick(&mut engine, NOW).decisions, 1, "ana");
    assert_eq!(tick(&mut engine, NOW.plus(Duration::days(1))).decisions, 0);
    let contacts = engine.ledger().of(engine.find("ana").unwrap());
    assert_eq!((contacts.len(), contacts[0].at), (1, NOW));
    drop(engine);

    let mut again = self::engine(store);
    again.activate(rules(&[WINBACK, OFFER]), NOW).unwrap();
    assert_eq!(tick(&mut again, NOW.plus(Duration::days(2))).decisions, 0, "a restart sends nothing");
}

#[test]
fn explain_says_what_stands_between_each_customer_and_the_message() {
    let mut engine = shop(Arc::new(Memory::new()));
    let said = |engine: &Engine, customer: &str| {
        let explained = engine.explain(customer, Some("winback"), NOW, NOW).unwrap();
        let rule = explained.rules.into_iter().next().unwrap();
        (rule.matches, rule.stopped_by, rule.outcome)
    };
    assert_eq!(said(&engine, "ana").2, "matches, and nothing stops it: fires with the next tick");
    assert_eq!(said(&engine, "bob").1.as_deref(), Some("consent"));
    assert_eq!(said(&engine, "eve").1.as_deref(), Some("no address"));
    assert_eq!(said(&engine, "cy").0, "false");
    assert!(said(&engine, "cy").2.contains("clv>500"), "{:?}", said(&engine, "cy"));
    assert!(said(&engine, "dee").2.contains("segment=lapsing"), "{:?}", said(&engine, "dee"));
    tick(&mut engine, NOW);
    assert!(said(&engine, "ana").2.starts_with("matches, and was decided at"), "{:?}", said(&engine, "ana"));
    assert_eq!(said(&engine, "bob").1.as_deref(), Some("consent"), "{:?}", said(&engine, "bob"));
    assert!(engine.explain("nobody", None, NOW, NOW).unwrap_err().contains("`nobody`"));
    assert!(engine.explain("ana", Some("winbak"), NOW, NOW).unwrap_err().contains("winback"));
}

#[test]
fn a_crash_between_slices_goes_on_from_the_cursor() {
    let memory = Memory::new();
    let store = Arc::new(memory);
    let mut engine = engine(Arc::clone(&store) as Arc<dyn Store>);
    engine.activate(rules(&[WINBACK, OFFER]), NOW).unwrap();
    let mut customers = String::from("id,email,clv,consent_email_marketing\n");
    let mut orders = String::from("order_id,customer_id,time,total\n");
    for n in 0..400 {
        writeln!(customers, "c{n},c{n}@shop.example,900,yes").unwrap();
        writeln!(orders, "o{n},c{n},2026-08-01,50").unwrap();
    }
    import(&mut engine, Kind::Customers, &customers, NOW);
    import(&mut engine, Kind::Orders, &orders, NOW);
    // The run record and two slices become durable, the third commit fails.
    store.fail_after(3);
    engine.tick(NOW).unwrap_err();
    drop(engine);
    let after: Arc<dyn Store> = Arc::new(store.crash());
    let mut engine = self::engine(Arc::clone(&after));
    engine.activate(rules(&[WINBACK, OFFER]), NOW).unwrap();
    let before = engine.ledger().len();
    assert!(before > 0 && before < 400, "{before}");
    assert_eq!(tick(&mut engine, NOW.plus(Duration::seconds(60))).decisions, 400 - before as u64);
    assert_eq!(engine.ledger().len(), 400);
    let open: Vec<OpenMessage> =
        cvmd::store::tables::messages::open_messages(&*after).collect::<Result<_, _>>().unwrap();
    let mut keys: Vec<_> = open.iter().map(|message| message.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!((open.len(), keys.len()), (400, 400), "each decided once, each with its message");
    assert!(open.iter().all(|message| message.decided == NOW), "as of the instant at which it began");
}

#[test]
fn an_edit_of_the_message_or_a_reload_sends_nothing_again() {
    let mut engine = shop(Arc::new(Memory::new()));
    tick(&mut engine, NOW);
    let edited = ("messages/offer.html", "<title>Please come back</title><p>Hello</p>");
    engine.activate(rules(&[WINBACK, edited]), NOW.plus(Duration::seconds(1))).unwrap();
    assert_eq!(tick(&mut engine, NOW.plus(Duration::seconds(60))).decisions, 0);
    engine
        .activate(
            rules(&[("other.rules", "rule other\n  when orders > 99\n  then send offer\n"), edited]),
            NOW,
        )
        .unwrap();
    tick(&mut engine, NOW.plus(Duration::seconds(120)));
    engine.activate(rules(&[WINBACK, edited]), NOW).unwrap();
    assert_eq!(tick(&mut engine, NOW.plus(Duration::seconds(180))).decisions, 0, "the name is remembered");
}

#[test]
fn a_schedule_fires_at_its_occurrence_and_not_for_the_past() {
    let daily = (
        "daily.rules",
        "workspace w\n  time zone Europe/Madrid\n\nrule daily\n  every day at 09:30\n  when orders >= 1\n  at most once per 2 days\n  then send offer\n",
    );
    let mut engine = engine(Arc::new(Memory::new()));
    engine.activate(rules(&[daily, OFFER]), NOW).unwrap();
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    import(&mut engine, Kind::Orders, ORDERS, NOW);
    assert_eq!(tick(&mut engine, NOW).decisions, 0, "08:00 UTC is 09:00 in Madrid");
    let occurrence = NOW.plus(Duration(30 * 60_000));
    assert_eq!(tick(&mut engine, occurrence).decisions, 3, "ana, cy and dee");
    assert_eq!(tick(&mut engine, occurrence.plus(Duration::seconds(60))).decisions, 0);
    assert_eq!(tick(&mut engine, occurrence.plus(Duration::days(1))).decisions, 0, "at most once per 2 days");
    assert_eq!(tick(&mut engine, occurrence.plus(Duration::days(2))).decisions, 3);
    let late = tick(&mut engine, occurrence.plus(Duration::days(4)).plus(Duration::hours(2)));
    assert_eq!((late.decisions, late.missed.len()), (0, 1), "two hours late is missed, and said");
}

#[test]
fn a_first_run_above_the_limit_waits_for_a_person() {
    let limited =
        ("shop.rules", "workspace w\n  first run 1\n\nrule many\n  when orders >= 1\n  then send offer\n");
    let mut engine = engine(Arc::new(Memory::new()));
    engine.activate(rules(&[limited, OFFER]), NOW).unwrap();
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    import(&mut engine, Kind::Orders, ORDERS, NOW);
    let held = tick(&mut engine, NOW);
    assert_eq!((held.decisions, held.held), (0, vec!["many".to_owned()]));
    assert_eq!(tick(&mut engine, NOW).held, Vec::<String>::new(), "said once, not at each tick");
    let explained = engine.explain("ana", None, NOW, NOW).unwrap();
    assert_eq!(explained.rules[0].stopped_by.as_deref(), Some("held"));
    engine.resume(&"rule many".parse().unwrap()).unwrap();
    assert_eq!(tick(&mut engine, NOW.plus(Duration::seconds(60))).decisions, 3);
}

#[test]
fn an_explanation_names_the_policy_or_the_pause_that_holds_back() {
    let house = "policy house\n  at most 1 message per customer per 7 days\n\n";
    let text = format!("{house}rule later\n  when orders >= 1\n  priority 1\n  then send offer\n");
    let mut engine = engine(Arc::new(Memory::new()));
    engine.activate(rules(&[WINBACK, ("later.rules", &text), OFFER]), NOW).unwrap();
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    import(&mut engine, Kind::Orders, ORDERS, NOW);
    tick(&mut engine, NOW);
    let outcome =
        |engine: &Engine| engine.explain("ana", Some("later"), NOW, NOW).unwrap().rules[0].outcome.clone();
    let capped = "matches, but the cap of policy `house` (later.rules:2) is used up by other messages";
    assert_eq!(outcome(&engine), capped);
    engine.pause(&"channel email".parse().unwrap(), WhileQueued::Hold, NOW).unwrap();
    let paused = "matches, but there is a pause of channel email: `cvmd resume channel email` ends it";
    assert_eq!(outcome(&engine), paused);
}

#[test]
fn the_end_of_a_pause_is_no_yes_to_a_large_first_run() {
    let limited =
        ("shop.rules", "workspace w\n  first run 1\n\nrule many\n  when orders >= 1\n  then send offer\n");
    let mut engine = engine(Arc::new(Memory::new()));
    engine.activate(rules(&[limited, OFFER]), NOW).unwrap();
    let rule = "rule many".parse().unwrap();
    engine.pause(&rule, WhileQueued::Hold, NOW).unwrap();
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    import(&mut engine, Kind::Orders, ORDERS, NOW);
    assert_eq!(tick(&mut engine, NOW).decisions, 0);
    let resumed = engine.resume(&rule).unwrap();
    assert_eq!((resumed.pauses.len(), resumed.released.len()), (1, 0));
    let held = tick(&mut engine, NOW.plus(Duration::seconds(60)));
    assert_eq!((held.decisions, held.held), (0, vec!["many".to_owned()]));
}

#[test]
fn a_pause_names_a_channel_that_there_is_and_status_says_whom_it_stops() {
    let mut engine = shop(Arc::new(Memory::new()));
    let refused = engine.pause(&"channel emial".parse().unwrap(), WhileQueued::Hold, NOW).unwrap_err();
    assert_eq!(refused, "nothing is sent by a channel `emial`; there are: email, webhook");
    let state = |engine: &Engine| engine.status(NOW).rules[0].state;
    engine.pause(&"channel webhook".parse().unwrap(), WhileQueued::Hold, NOW).unwrap();
    assert_eq!(state(&engine), RuleState::Active, "it calls nobody");
    engine.pause(&"channel email".parse().unwrap(), WhileQueued::Hold, NOW).unwrap();
    assert_eq!(state(&engine), RuleState::Paused);
    engine.pause(&"rule winback".parse().unwrap(), WhileQueued::Hold, NOW).unwrap();
    engine.resume(&"channel email".parse().unwrap()).unwrap();
    assert_eq!(state(&engine), RuleState::Paused);
}

#[test]
fn rules_wait_for_an_import_that_a_crash_cut_off() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = shop(Arc::clone(&store));
    engine.begin_load("more.csv", NOW).unwrap();
    drop(engine);
    let mut engine = self::engine(store);
    engine.activate(rules(&[WINBACK, OFFER]), NOW).unwrap();
    assert!(tick(&mut engine, NOW).waits_for_load);
    assert!(engine.status(NOW).hold.unwrap().contains("more.csv"));
    engine.resume(&"all".parse().unwrap()).unwrap();
    assert_eq!(tick(&mut engine, NOW).decisions, 1);
}

#[test]
fn a_hold_stops_everything_until_a_person_ends_it_and_survives_a_restart() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut engine = shop(Arc::clone(&store));
    engine.hold(HoldReason::Gap, NOW).unwrap();
    assert!(tick(&mut engine, NOW).on_hold);
    drop(engine);
    let mut engine = self::engine(store);
    engine.activate(rules(&[WINBACK, OFFER]), NOW).unwrap();
    assert!(tick(&mut engine, NOW).on_hold && engine.shared().get().on_hold);
    assert!(engine.status(NOW).hold.unwrap().contains("cvmd resume all"));
    assert!(engine.resume(&"all".parse().unwrap()).unwrap().hold);
    assert_eq!(tick(&mut engine, NOW).decisions, 1);
}

#[test]
fn messages_reach_the_outbox_only_when_their_decision_is_durable() {
    let caught = Arc::new(Caught::default());
    let outgoing: Arc<dyn Outgoing> = Arc::clone(&caught) as _;
    let store = Arc::new(Memory::new());
    let mut engine = Engine::open(Arc::clone(&store) as Arc<dyn Store>, outgoing).unwrap();
    engine.activate(rules(&[WINBACK, OFFER]), NOW).unwrap();
    import(&mut engine, Kind::Customers, CUSTOMERS, NOW);
    import(&mut engine, Kind::Orders, ORDERS, NOW);
    store.fail_after(1);
    engine.tick(NOW).unwrap_err();
    assert!(caught.0.lock().unwrap().is_empty());
}

#[test]
fn values_too_long_for_one_commit_make_smaller_slices() {
    let fields = ["one", "two", "three", "four", "five", "six"];
    let attributes = fields.iter().fold(String::new(), |text, name| text + "attribute " + name + " text\n");
    let known: Vec<String> = fields.iter().map(|name| format!("{name} is known")).collect();
    let text = format!(
        "{attributes}webhook crm\n  post \"https://crm.shop.example/\"\n\nrule tell\n  when {}\n  then call crm with {}\n",
        known.join(" and "),
        fields.join(", ")
    );
    let mut engine = engine(Arc::new(Memory::new()));
    engine.activate(rules(&[("tell.rules", &text)]), NOW).unwrap();
    let mut customers = format!("id,{}\n", fields.join(","));
    for n in 0..150 {
        let cells = format!(",{}", "x".repeat(990)).repeat(fields.len());
        writeln!(customers, "c{n}{cells}").unwrap();
    }
    import(&mut engine, Kind::Customers, &customers, NOW);
    assert_eq!(tick(&mut engine, NOW).decisions, 150);
    assert_eq!(engine.ledger().len(), 150);
}

#[test]
fn the_past_has_the_values_that_were_known_then() {
    let mut engine = engine(Arc::new(Memory::new()));
    let plan = (
        "plan.rules",
        "attribute plan choice free < pro\n\nrule pro\n  when plan = pro\n  then send offer\n",
    );
    engine.activate(rules(&[plan, OFFER]), NOW).unwrap();
    import(&mut engine, Kind::Customers, "id,plan\nana,pro\nbob,free\n", NOW);
    let later = NOW.plus(Duration::days(2));
    import(&mut engine, Kind::Customers, "id,plan\nana,free\nbob,pro\n", later);
    let who = |engine: &mut Engine, at: Instant| {
        let request = Request::Evaluate { at: Some(at), rules: Vec::new(), limit: None };
        match engine.handle(request, later.plus(Duration::days(1)), &mut |_| {}) {
            Response::Matches(matches) => matches.rules[0].customer_ids.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(who(&mut engine, later), ["bob"]);
    assert_eq!(who(&mut engine, later.minus(Duration::seconds(1))), ["ana"]);
    assert_eq!(who(&mut engine, later.plus(Duration::days(9))), ["bob"], "the future has what is known now");
    let explained = engine.explain("ana", None, NOW, later).unwrap();
    assert_eq!(explained.rules[0].matches, "true");
}
