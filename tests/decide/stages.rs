//! Each stage takes out whom it should, and nobody else.

use cvmd::decide::{
    GIVE_UP_AFTER, Gap, Pauses, SLICE, Scope, Selection, World, condition_of, select, slice, slice_size,
};
use cvmd::model::TimeOfDay;
use cvmd::model::{Bitmap, Channel, CustomerNumber, DAY_MS, Duration, Instant, Occurrence};
use cvmd::record::{ContactKind, HeldFor, RuleMemory, Skip, WhileQueued};
use cvmd::ruleset::{Action, AtMost, DaySet, Period, Schedule, Timetable, Trigger};

use super::shop::{Shop, cap, nothing_particular, run, shop};

const NOW: Instant = Instant(1_795_000_000_000);

fn these(members: &[u32]) -> Bitmap {
    members.iter().copied().collect()
}

fn look(shop: &Shop, memory: &RuleMemory, truth: &[u32], falsity: &[u32], at: Instant) -> Selection {
    select(&shop.world(), shop.rule(), memory, (&these(truth), &these(falsity)), at)
}

/// Decides for those customers and puts their contacts in the ledger, as the daemon does.
fn send(shop: &mut Shop, customers: &[u32], at: Instant) -> Vec<Occurrence> {
    let recipients = these(customers);
    let run = run(shop, at, &recipients);
    let made =
        slice(&shop.world(), shop.rule(), &run, &recipients, (CustomerNumber(0), SLICE), &nothing_particular);
    made.contacts.iter().for_each(|contact| shop.ledger.add(*contact));
    made.decisions.iter().map(|decision| decision.occurrence).collect()
}

#[test]
fn consent_suppression_and_a_missing_address_stop_marketing() {
    let mut shop = shop();
    shop.people.no_consent = these(&[1]);
    shop.people.suppressed = these(&[2]);
    shop.people.no_address = these(&[3]);
    let seen = look(&shop, &RuleMemory::default(), &[0, 1, 2, 3], &[], NOW);
    assert_eq!(seen.recipients, these(&[0]));
    assert_eq!(seen.skipped[&Skip::Consent], these(&[1]));
    assert_eq!(seen.skipped[&Skip::Suppression], these(&[2]));
    assert_eq!(seen.skipped[&Skip::NoAddress], these(&[3]));
    assert_eq!(seen.used_up, these(&[1, 2, 3]), "none of these is tried again");
}

#[test]
fn a_message_with_a_gap_is_tried_again() {
    let shop = shop();
    let gap = |customer: CustomerNumber| {
        (customer.0 == 1).then(|| Gap { message: "offer".into(), placeholder: "first_name".into() })
    };
    let world = World { gap: &gap, ..shop.world() };
    let seen = select(&world, shop.rule(), &RuleMemory::default(), (&these(&[0, 1]), &these(&[])), NOW);
    assert_eq!((seen.recipients, &seen.skipped[&Skip::Placeholder]), (these(&[0]), &these(&[1])));
    assert_eq!((seen.used_up, seen.trying), (these(&[]), these(&[1])));
    let recipients = these(&[0, 1]);
    let run = run(&shop, NOW, &recipients);
    let made = slice(&world, shop.rule(), &run, &recipients, (CustomerNumber(0), SLICE), &nothing_particular);
    assert_eq!((made.decisions.len(), &made.skipped[&Skip::Placeholder]), (1, &these(&[1])));
}

#[test]
fn a_receipt_needs_no_consent_but_an_address() {
    let mut shop = shop();
    shop.rules.rules[0].actions = vec![Action::Send(1)];
    shop.people.no_consent = these(&[1]);
    shop.people.suppressed = these(&[2]);
    shop.rules.policies = vec![cap(0, Period::Day)];
    let seen = look(&shop, &RuleMemory::default(), &[0, 1, 2], &[], NOW);
    assert_eq!(seen.recipients, these(&[0, 1]));
    assert_eq!(seen.skipped[&Skip::Suppression], these(&[2]));
}

#[test]
fn a_rule_that_only_calls_contacts_nobody() {
    let mut shop = shop();
    shop.rules.rules[0].actions = vec![Action::Call { webhook: 0, fields: Vec::new() }];
    shop.rules.policies = vec![cap(0, Period::Day)];
    shop.people.no_consent = these(&[1]);
    shop.people.suppressed = these(&[1]);
    shop.people.no_address = these(&[1]);
    let seen = look(&shop, &RuleMemory::default(), &[1], &[], NOW);
    assert_eq!(seen.recipients, these(&[1]));
    send(&mut shop, &[1], NOW);
    assert_eq!(shop.ledger.of(CustomerNumber(1))[0].kind, ContactKind::Call);
    let again = look(&shop, &RuleMemory::default(), &[1], &[], NOW);
    assert_eq!(again.skipped[&Skip::AtMost], these(&[1]), "its own `at most` still holds");
}

#[test]
fn a_match_fires_once_until_the_condition_has_been_false() {
    let mut shop = shop();
    shop.rules.rules[0].at_most = Some(AtMost { count: 9, period: Period::Ever });
    let mut memory = RuleMemory { spent: these(&[0]), ..RuleMemory::default() };
    assert!(look(&shop, &memory, &[0], &[], NOW).recipients.is_empty());
    let unknown = look(&shop, &memory, &[], &[], NOW);
    assert!(unknown.rearmed.is_empty(), "unknown is not false");
    let gone = look(&shop, &memory, &[], &[0], NOW);
    assert_eq!(gone.rearmed, these(&[0]));
    memory.spent.subtract(&gone.rearmed);
    assert_eq!(look(&shop, &memory, &[0], &[], NOW).recipients, these(&[0]));
}

#[test]
fn occurrences_of_a_continuous_rule_count_its_matches() {
    let mut shop = shop();
    shop.rules.rules[0].actions = vec![Action::Send(0), Action::Send(1)];
    assert_eq!(send(&mut shop, &[4, 7], NOW), [Occurrence(1), Occurrence(1)]);
    assert_eq!(send(&mut shop, &[4], NOW.plus(Duration::days(40))), [Occurrence(2)]);
}

#[test]
fn a_continuous_rule_that_writes_none_has_once_per_thirty_days() {
    let mut shop = shop();
    send(&mut shop, &[0], NOW);
    let soon = look(&shop, &RuleMemory::default(), &[0], &[], NOW.plus(Duration::days(29)));
    assert_eq!(soon.skipped[&Skip::AtMost], these(&[0]));
    assert!(soon.used_up.is_empty(), "it fires when its `at most` allows it");
    let later = look(&shop, &RuleMemory::default(), &[0], &[], NOW.plus(Duration::days(30)));
    assert_eq!(later.recipients, these(&[0]), "open at the old end");
}

#[test]
fn a_scheduled_rule_that_writes_none_has_no_limit_of_its_own() {
    let mut shop = shop();
    let daily = Schedule::Days { days: DaySet::Week(127), at: TimeOfDay(540) };
    shop.rules.rules[0].trigger = Trigger::Scheduled(Timetable::new(daily));
    send(&mut shop, &[0], NOW);
    let memory = RuleMemory { spent: these(&[0]), ..RuleMemory::default() };
    let next = look(&shop, &memory, &[0], &[], NOW.plus(Duration::days(1)));
    assert_eq!(next.recipients, these(&[0]), "each occurrence is for whoever matches");
}

#[test]
fn caps_hold_across_rules_and_are_tried_again_for_a_week() {
    let mut shop = shop();
    shop.rules.policies = vec![cap(1, Period::RollingDays(7))];
    let mut other = shop.rules.rules[0].clone();
    other.name = "other".into();
    shop.rules.rules.push(other);
    send(&mut shop, &[0], NOW.minus(Duration::days(1)));
    let mut memory = RuleMemory::default();
    let second = (&shop.rules.rules[1], cvmd::model::RuleNumber(2));
    let seen = select(&shop.world(), second, &memory, (&these(&[0, 1]), &these(&[])), NOW);
    assert_eq!(seen.recipients, these(&[1]));
    assert_eq!(seen.skipped[&Skip::Cap], these(&[0]));
    assert_eq!((&seen.trying, &seen.used_up), (&these(&[0]), &Bitmap::new()));
    memory.trying.insert(CustomerNumber(0), NOW.minus(GIVE_UP_AFTER));
    let tired = select(&shop.world(), second, &memory, (&these(&[0]), &these(&[])), NOW);
    assert_eq!((&tired.used_up, &tired.given_up), (&these(&[0]), &these(&[0])));
    let free = NOW.plus(Duration(6 * DAY_MS));
    let late = select(&shop.world(), second, &memory, (&these(&[0]), &these(&[])), free);
    assert_eq!((&late.recipients, &late.given_up), (&Bitmap::new(), &these(&[0])), "tried for too long");
    memory.trying.insert(CustomerNumber(0), NOW);
    let free = select(&shop.world(), second, &memory, (&these(&[0]), &these(&[])), free);
    assert_eq!(free.recipients, these(&[0]), "the week is over");
}

#[test]
fn a_rule_that_sends_more_messages_than_the_cap_leaves_never_sends() {
    let mut shop = shop();
    shop.rules.rules[0].actions = vec![Action::Send(0), Action::Send(0)];
    shop.rules.policies = vec![cap(1, Period::Day)];
    assert_eq!(look(&shop, &RuleMemory::default(), &[0], &[], NOW).skipped[&Skip::Cap], these(&[0]));
}

#[test]
fn a_pause_holds_back_and_uses_nobody_up() {
    for scope in [Scope::All, Scope::Channel(Channel::email()), Scope::Rule("winback".into())] {
        let mut shop = shop();
        shop.pauses = Pauses([(scope, WhileQueued::Hold)].into());
        let seen = look(&shop, &RuleMemory::default(), &[0], &[], NOW);
        assert_eq!(seen.skipped[&Skip::Paused], these(&[0]));
        assert_eq!(seen.trying, these(&[0]));
    }
    let mut shop = shop();
    shop.pauses = Pauses([(Scope::Rule("other".into()), WhileQueued::Hold)].into());
    assert_eq!(look(&shop, &RuleMemory::default(), &[0], &[], NOW).recipients, these(&[0]));
}

#[test]
fn a_first_run_above_the_limit_is_held_until_released_or_edited_back() {
    let mut shop = shop();
    shop.rules.workspace.first_run = 2;
    let mut memory = RuleMemory::default();
    assert!(look(&shop, &memory, &[0, 1], &[], NOW).held.is_none(), "at the limit it runs");
    let held = look(&shop, &memory, &[0, 1, 2], &[], NOW);
    assert_eq!(held.held, Some(HeldFor::FirstRun { limit: 2 }));
    assert_eq!(held.skipped[&Skip::Held], these(&[0, 1, 2]));
    assert!(held.used_up.is_empty());
    memory.released = true;
    assert!(look(&shop, &memory, &[0, 1, 2], &[], NOW).held.is_none());
    memory = RuleMemory { ran: Some(condition_of(shop.rule().0)), ..RuleMemory::default() };
    assert!(look(&shop, &memory, &[0, 1, 2], &[], NOW).held.is_none());
    shop.rules.rules[0].when.text = "orders  >  0".into();
    assert!(look(&shop, &memory, &[0, 1, 2], &[], NOW).held.is_none(), "layout is no edit");
    shop.rules.rules[0].when.text = "orders > 1".into();
    assert!(look(&shop, &memory, &[0, 1, 2], &[], NOW).held.is_some());
}

#[test]
fn a_slice_meets_the_stages_again_and_ends_where_the_next_begins() {
    let mut shop = shop();
    let everybody: Bitmap = (0..250).collect();
    let run = run(&shop, NOW, &everybody);
    shop.people.no_consent = these(&[3]);
    let world = shop.world();
    let limit = slice_size(shop.rule().0);
    let first = slice(&world, shop.rule(), &run, &everybody, (CustomerNumber(0), limit), &nothing_particular);
    assert_eq!(first.decisions.len(), 79, "80 but one");
    assert_eq!(first.skipped[&Skip::Consent], these(&[3]));
    assert_eq!(first.next, Some(CustomerNumber(80)));
    let last =
        slice(&world, shop.rule(), &run, &everybody, (CustomerNumber(200), SLICE), &nothing_particular);
    assert_eq!((last.decisions.len(), last.next), (50, None));
    let message = &last.messages[0];
    assert_eq!(message.key.to_string(), "d1-1-c8-80");
    assert_eq!((message.target.as_str(), message.marketing, message.is_call), ("offer", true, false));
}
