//! What the peers saw and the outbox says, held against what was told to the daemon.

use std::collections::{BTreeMap, BTreeSet};

use cvmd::model::Instant;
use cvmd::serve::OutboxRow;
use standardwebhooks::Webhook;

use super::super::shop::Shop;
use super::input::{GUARDED, ON_CARTS, ONCE, SETS, WAIT_MS, Who, batch, late};
use crate::support::smtp::Mail;
use crate::support::webhook::{Call, SECRET};

/// A customer's id, for a rule on carts with the cart's value, and a rule.
type Slot = (String, String);

/// What is known of the input.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// When each batch begins.
    pub begins: Vec<Instant>,
    /// The batches of which some become warm.
    pub warm: BTreeSet<usize>,
    /// Of those who come later, which of the rules that policies pause must be paused by then.
    pub late: Vec<BTreeSet<&'static str>>,
    /// Whether a person let these rules go on.
    pub resumed: bool,
}

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
    pub fn of(shop: &Shop, told: &Told) -> Self {
        let mut seen = Self::default();
        let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for mail in shop.mail.taken() {
            seen.mail(&mail, &mut contents);
        }
        for call in shop.calls.calls() {
            seen.call(&call, told, &mut contents);
        }
        for ((customer, rule), ids) in &seen.arrived {
            if ids.len() > 1 {
                seen.wrong.push(format!("`{rule}` was decided twice for {customer}: {ids:?}"));
            }
            let is_guarded = GUARDED.iter().any(|(name, _)| name == rule);
            if (rule == "offers" || is_guarded) && ids.values().any(|count| *count > 1) {
                seen.wrong.push(format!("marketing mail to {customer} was taken twice: {ids:?}"));
            }
        }
        for (number, paused) in told.late.iter().enumerate().filter(|_| !told.resumed) {
            let had = paused.iter().filter(|rule| seen.has(&late(number), rule));
            let had: Vec<String> =
                had.map(|rule| format!("`{rule}` is paused and fired for {}", late(number))).collect();
            seen.wrong.extend(had);
        }
        seen
    }

    fn mail(&mut self, mail: &Mail, contents: &mut BTreeMap<String, Vec<u8>>) {
        let customer = mail.to.split('@').next().unwrap_or_default().to_owned();
        let subject = mail.header("Subject").unwrap_or_default();
        let rule = match subject.as_str() {
            "Receipt" => "receipts",
            "Leaf" => "leaves",
            "Bill" => "bills",
            _ => "offers",
        };
        let id = mail.header("Message-ID").unwrap_or_default();
        self.arrive((customer, rule.to_owned()), id, &mail.bytes, contents);
    }

    fn call(&mut self, call: &Call, told: &Told, contents: &mut BTreeMap<String, Vec<u8>>) {
        let id = call.id().to_owned();
        if !is_signed(call) {
            self.wrong.push(format!("the signature of {id} is wrong"));
        }
        let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
        let text = |name: &str| body["data"][name].as_str().unwrap_or_default().to_owned();
        let (mut customer, rule) = (text("customer_id"), text("rule"));
        if ON_CARTS.contains(&rule.as_str()) {
            let value = body["data"]["fields"]["cart_value"].as_u64().unwrap();
            let stamp = body["timestamp"].as_str().unwrap();
            self.time(&customer, (&rule, value), stamp, told);
            customer = format!("{customer}/{value}");
        }
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

    /// A rule that waits fires when its wait is over, not before.
    fn time(&mut self, customer: &str, (rule, value): (&str, u64), stamp: &str, told: &Told) {
        let decided = Instant(stamp.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let who = Who::of(customer).filter(|who| who.batch < told.begins.len());
        let cart = who.and_then(|who| {
            let cart = who.carts().into_iter().find(|cart| cart.value as u64 == value)?;
            Some(cart.time(told.begins[who.batch]))
        });
        let wait = if rule == "baskets" { 0 } else { WAIT_MS };
        match cart {
            None => self.wrong.push(format!("{customer} left no cart of {value}, and had `{rule}` for it")),
            Some(time) if decided.0 < time.0 + wait => {
                self.wrong.push(format!("`{rule}` was early for {customer}: {stamp}, left at {time}"));
            }
            Some(_) => {}
        }
    }

    /// What must never be, whatever is still on its way.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// Whether as much arrived as these many batches bring, marketing mail in doubt left out.
    pub fn is_complete(&self, told: &Told) -> bool {
        self.missing(told).is_empty()
    }

    /// Who has not had what yet, marketing mail left out, which may be in doubt.
    pub fn missing(&self, told: &Told) -> Vec<String> {
        let mut missing = Vec::new();
        for who in told.everybody() {
            let id = who.id();
            let once = ONCE.into_iter().filter(|rule| *rule != "offers" && told.gets(who, rule));
            missing.extend(once.filter(|rule| !self.has(&id, rule)).map(|rule| format!("{id}: {rule}")));
            for (rule, cart) in
                ON_CARTS.iter().flat_map(|rule| who.carts().into_iter().map(move |cart| (rule, cart)))
            {
                let slot = format!("{id}/{}", cart.value);
                if cart.fires(rule) > 0 && !self.has(&slot, rule) {
                    missing.push(format!("{slot}: {rule}"));
                }
            }
        }
        missing
    }

    fn has(&self, customer: &str, rule: &str) -> bool {
        self.arrived.contains_key(&(customer.to_owned(), rule.to_owned()))
    }

    /// What is wrong once all is quiet.
    pub fn settle(mut self, told: &Told, sent: &[OutboxRow], doubt: &[OutboxRow]) -> Vec<String> {
        for rule in ONCE {
            let of_rule = |rows: &[OutboxRow]| -> BTreeMap<String, String> {
                let rows = rows.iter().filter(|row| row.rule == rule);
                rows.map(|row| (row.customer_id.clone(), row.id.clone())).collect()
            };
            let (sent, doubt) = (of_rule(sent), of_rule(doubt));
            for who in told.everybody() {
                self.settle_one(told, who, rule, (&sent, &doubt));
            }
        }
        self.carts(told, sent);
        self.sets(told, sent);
        self.late(told, doubt);
        self.halves(told.begins.len());
        self.wrong
    }

    /// Each cart was decided once by each rule on carts that it fires, and by no other.
    fn carts(&mut self, told: &Told, sent: &[OutboxRow]) {
        for rule in ON_CARTS {
            let rows = rows_of(sent, rule);
            for who in told.everybody() {
                let (id, mut wanted) = (who.id(), 0);
                for cart in who.carts() {
                    let fires = cart.fires(rule);
                    wanted += fires;
                    match (fires > 0, self.has(&format!("{id}/{}", cart.value), rule)) {
                        (true, false) => {
                            self.wrong.push(format!("{id} has not had `{rule}` for {}", cart.value));
                        }
                        (false, true) => {
                            self.wrong.push(format!("{id} must not have had `{rule}` for {}", cart.value));
                        }
                        (true, true) | (false, false) => {}
                    }
                }
                self.counted(&id, rule, (rows.get(&id).copied().unwrap_or_default(), wanted));
            }
        }
    }

    /// What was to be set was set, and each time once.
    fn sets(&mut self, told: &Told, sent: &[OutboxRow]) {
        for rule in SETS {
            let rows = rows_of(sent, rule);
            for who in told.everybody() {
                let wanted = match rule {
                    "marks" => usize::from(who.gets(rule)),
                    _ => who.carts().iter().map(|cart| cart.fires(rule)).sum(),
                };
                let id = who.id();
                self.counted(&id, rule, (rows.get(&id).copied().unwrap_or_default(), wanted));
            }
        }
    }

    /// Whoever comes later has each of the guarded rules' mail in the end, those of a paused one once a
    /// person let it go on.
    fn late(&mut self, told: &Told, doubt: &[OutboxRow]) {
        for number in 0..told.late.len() {
            let id = late(number);
            for (rule, _) in GUARDED {
                let in_doubt = doubt.iter().any(|row| row.rule == rule && row.customer_id == id);
                if !self.has(&id, rule) && !in_doubt {
                    self.wrong.push(format!("{id} has neither had nor is in doubt about `{rule}`"));
                }
            }
        }
    }

    fn counted(&mut self, customer: &str, rule: &str, (found, wanted): (usize, usize)) {
        if found != wanted {
            self.wrong.push(format!("{customer} is said to have had `{rule}` {found} times, not {wanted}"));
        }
    }

    fn settle_one(
        &mut self,
        told: &Told,
        who: Who,
        rule: &str,
        (sent, doubt): (&BTreeMap<String, String>, &BTreeMap<String, String>),
    ) {
        let id = who.id();
        let arrived = self.has(&id, rule);
        let trouble = match (told.gets(who, rule), arrived, sent.contains_key(&id), doubt.contains_key(&id)) {
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

impl Told {
    fn everybody(&self) -> impl Iterator<Item = Who> + use<> {
        everybody(self.begins.len())
    }

    /// Whether a rule is to fire for a customer, once.
    fn gets(&self, who: Who, rule: &str) -> bool {
        who.gets(rule) && (rule != "warmed" || self.warm.contains(&who.batch))
    }
}

/// How many messages of a rule each customer has.
fn rows_of(rows: &[OutboxRow], rule: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows.iter().filter(|row| row.rule == rule) {
        *counts.entry(row.customer_id.clone()).or_default() += 1;
    }
    counts
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
