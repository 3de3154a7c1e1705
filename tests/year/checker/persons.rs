//! One person, however many records: one of them has an occurrence, and one rule has a tick.

use std::collections::BTreeMap;

use super::world::World;
use super::{Findings, Seen, about};
use crate::year::log::Sent;
use crate::year::script::Ms;

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let mut occurrences: BTreeMap<(&str, i64, String), &Sent> = BTreeMap::new();
    let mut ticks: BTreeMap<(Ms, String), &Sent> = BTreeMap::new();
    for sent in seen.decided().filter(|sent| !sent.call) {
        let book = world.book(sent.decided);
        let person = world.person_of(&sent.customer);
        if world.rule(&sent.rule, sent.decided).is_some_and(|rule| rule.every.is_some()) {
            let key = (world.root(&sent.rule), sent.occurrence, person.clone());
            let first = *occurrences.entry(key).or_insert(sent);
            findings.hold("one record of a person", first.customer == sent.customer, || {
                format!("{} and to {}", about(sent), first.customer)
            });
        }
        if book.keeps_one && book.messages.get(&sent.message).is_some_and(|message| message.marketing) {
            let first = *ticks.entry((sent.decided, person)).or_insert(sent);
            let same = (&first.rule, first.occurrence) == (&sent.rule, sent.occurrence);
            findings.hold("one rule a tick", same, || format!("{} and by {}", about(sent), first.rule));
        }
    }
}
