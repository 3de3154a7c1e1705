//! What the peers saw and the outbox says, held against what was told to the daemon.

use std::collections::{BTreeMap, BTreeSet};

use cvmd::serve::OutboxRow;
use standardwebhooks::Webhook;

use super::super::shop::Shop;
use super::input::{Who, batch};
use crate::support::smtp::Mail;
use crate::support::webhook::{Call, SECRET};

/// A customer's id and a rule.
type Slot = (String, String);

/// What arrived outside, by decision.
#[derive(Default)]
pub struct Seen {
    /// Message ids, and how often each came.
    arrived: BTreeMap<Slot, BTreeMap<String, usize>>,
    /// For each occurrence of the scheduled rule, who was called.
    occurrences: BTreeMap<i64, BTreeSet<String>>,
    wrong: Vec<String>,
}

impl Seen {
    /// Looks at all that arrived so far; what must never be is noted at once.
    pub fn of(shop: &Shop) -> Self {
        let mut seen = Self::default();
        let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for mail in shop.mail.taken() {
            seen.mail(&mail, &mut contents);
        }
        for call in shop.calls.calls() {
            seen.call(&call, &mut contents);
        }
        for ((customer, rule), ids) in &seen.arrived {
            if ids.len() > 1 {
                seen.wrong.push(format!("`{rule}` was decided twice for {customer}: {ids:?}"));
            }
            if rule == "offers" && ids.values().any(|count| *count > 1) {
                seen.wrong.push(format!("marketing mail to {customer} was taken twice: {ids:?}"));
            }
        }
        seen
    }

    fn mail(&mut self, mail: &Mail, contents: &mut BTreeMap<String, Vec<u8>>) {
        let customer = mail.to.split('@').next().unwrap_or_default().to_owned();
        let subject = mail.header("Subject").unwrap_or_default();
        let rule = if subject == "Receipt" { "receipts" } else { "offers" };
        let id = mail.header("Message-ID").unwrap_or_default();
        self.arrive((customer, rule.to_owned()), id, &mail.bytes, contents);
    }

    fn call(&mut self, call: &Call, contents: &mut BTreeMap<String, Vec<u8>>) {
        let id = call.id().to_owned();
        if !is_signed(call) {
            self.wrong.push(format!("the signature of {id} is wrong"));
        }
        let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
        let text = |name: &str| body["data"][name].as_str().unwrap_or_default().to_owned();
        let (customer, rule) = (text("customer_id"), text("rule"));
        if rule == "minutely" {
            let occurrence = body["data"]["occurrence"].as_i64().unwrap();
            self.occurrences.entry(occurrence).or_default().insert(customer.clone());
        }
        self.arrive((customer, rule), id, call.body.as_bytes(), contents);
    }

    fn arrive(&mut self, slot: Slot, id: String, bytes: &[u8], contents: &mut BTreeMap<String, Vec<u8>>) {
        let known = contents.entry(id.clone()).or_insert_with(|| bytes.to_owned());
        if known.as_slice() != bytes {
            self.wrong.push(format!("{id} came with two contents"));
        }
        *self.arrived.entry(slot).or_default().entry(id).or_default() += 1;
    }

    /// What must never be, whatever is still on its way.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// Whether as much arrived as these many batches bring, marketing mail in doubt left out.
    pub fn is_complete(&self, batches: usize) -> bool {
        let missing =
            |rule: &&str| everybody(batches).any(|who| who.gets(rule) && self.ids(who, rule).is_none());
        !["receipts", "calls", "careful", "minutely"].iter().any(missing)
    }

    fn ids(&self, who: Who, rule: &str) -> Option<&BTreeMap<String, usize>> {
        self.arrived.get(&(who.id(), rule.to_owned()))
    }

    /// What is wrong once all is quiet.
    pub fn settle(mut self, batches: usize, sent: &[OutboxRow], doubt: &[OutboxRow]) -> Vec<String> {
        for rule in ["offers", "receipts", "calls", "careful", "minutely"] {
            let of_rule = |rows: &[OutboxRow]| -> BTreeMap<String, String> {
                let rows = rows.iter().filter(|row| row.rule == rule);
                rows.map(|row| (row.customer_id.clone(), row.id.clone())).collect()
            };
            let (sent, doubt) = (of_rule(sent), of_rule(doubt));
            for who in everybody(batches) {
                self.settle_one(who, rule, &sent, &doubt);
            }
        }
        self.halves(batches);
        self.wrong
    }

    fn settle_one(
        &mut self,
        who: Who,
        rule: &str,
        sent: &BTreeMap<String, String>,
        doubt: &BTreeMap<String, String>,
    ) {
        let id = who.id();
        let arrived = self.ids(who, rule).is_some();
        let trouble = match (who.gets(rule), arrived, sent.contains_key(&id), doubt.contains_key(&id)) {
            (false, true, _, _) | (false, _, true, _) | (false, _, _, true) => "must not have had",
            (true, _, true, true) => "is both sent and in doubt:",
            (true, false, true, false) => "is said to have had, and did not have,",
            (true, _, false, true) if rule != "offers" => "is held in doubt for what is no marketing mail:",
            (true, _, false, false) => "has neither had nor is in doubt about",
            (true, true, true, false) | (true, _, false, true) | (false, false, false, false) => return,
        };
        self.wrong.push(format!("{id} {trouble} `{rule}`"));
    }

    /// An import is one load: an occurrence finds all of it or nothing of it.
    fn halves(&mut self, batches: usize) {
        for (occurrence, called) in &self.occurrences {
            for number in 0..batches {
                let all: Vec<Who> = batch(number).filter(|who| who.gets("minutely")).collect();
                let had = all.iter().filter(|who| called.contains(&who.id())).count();
                if had != 0 && had != all.len() {
                    let text =
                        format!("occurrence {occurrence} called {had} of {} of batch {number}", all.len());
                    self.wrong.push(text);
                }
            }
        }
    }
}

fn everybody(batches: usize) -> impl Iterator<Item = Who> {
    (0..batches).flat_map(batch)
}

/// As the public library signs, whenever that was: a daemon of these tests lives ahead of its time.
fn is_signed(call: &Call) -> bool {
    let stamp = call.header("webhook-timestamp").and_then(|stamp| stamp.parse().ok()).unwrap_or_default();
    let signed = Webhook::new(SECRET).unwrap().sign(call.id(), stamp, call.body.as_bytes()).unwrap();
    call.header("webhook-signature").is_some_and(|found| found.split(' ').any(|one| one == signed))
}
