//! A rule whose messages did harm is paused until a person lets it go on, and no other is.
//!
//! The figures are counted anew at each tick, from what was handed over and what people said of it.

use std::collections::BTreeMap;

use super::reader::Sign;
use super::world::World;
use super::{Findings, Seen, about, day};
use crate::year::log::Sent;
use crate::year::script::{DAY, Ms};

/// So many of a rule's last messages count, in so long a time, from so many on.
const LAST: usize = 1_000;
const WITHIN: Ms = 7 * DAY;
const AT_LEAST: usize = 200;

/// Nobody complains about what is older.
const HEARD: Ms = 30 * DAY;

/// From when on a rule may have been paused, and must have been, until when.
#[derive(Debug, Clone, Copy)]
pub struct Guarded {
    pub may: Ms,
    pub must: Ms,
    pub until: Ms,
}

/// When the figures are counted: what was handed over before `heard` is known then.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Ms,
    heard: Ms,
}

impl Look {
    /// What a tick lets go is handed over after it looked.
    const fn of_tick(at: Ms) -> Self {
        Self { at, heard: at }
    }

    const fn after(at: Ms) -> Self {
        Self { at, heard: at + 1 }
    }
}

/// What somebody said of a message.
struct Said<'a> {
    sign: &'static str,
    learnt: Ms,
    time: Ms,
    message: Option<&'a str>,
    channel: Option<&'a str>,
}

/// What the figures are counted from.
struct Ledger<'a> {
    /// Marketing messages by the rule's first name, in the order in which they were handed over.
    sent: BTreeMap<&'a str, Vec<&'a Sent>>,
    /// All that each customer had, receipts too, by when it became due.
    had: BTreeMap<&'a str, Vec<&'a Sent>>,
    said: BTreeMap<&'a str, Vec<Said<'a>>>,
}

impl<'a> Ledger<'a> {
    fn of(world: &'a World<'_>, seen: &Seen<'a>) -> Self {
        let mut ledger = Self { sent: BTreeMap::new(), had: BTreeMap::new(), said: BTreeMap::new() };
        for sent in seen.sent.iter().copied().filter(|sent| !sent.call) {
            if world.book(sent.decided).messages.get(&sent.message).is_some_and(|one| one.marketing) {
                ledger.sent.entry(world.root(&sent.rule)).or_default().push(sent);
            }
            if !sent.bounced {
                ledger.had.entry(&sent.customer).or_default().push(sent);
            }
        }
        ledger.sent.values_mut().for_each(|of| of.sort_by_key(|sent| sent.handed));
        ledger.had.values_mut().for_each(|of| of.sort_by_key(|sent| sent.due));
        for (learnt, event) in world.events.values() {
            let sign = match event.name {
                "complained" => "complaints",
                "unsubscribed" => "unsubscribes",
                _ => continue,
            };
            let (message, channel) = (event.message, event.channel);
            let said = Said { sign, learnt: *learnt, time: event.time, message, channel };
            ledger.said.entry(&event.customer).or_default().push(said);
        }
        ledger
    }

    /// The messages of a rule that count at an instant, since a person let it go on.
    fn counted(&self, root: &str, since: Ms, Look { at, heard }: Look) -> &[&'a Sent] {
        let of = self.sent.get(root).map_or(&[][..], Vec::as_slice);
        let from = since.max(at - WITHIN);
        let (first, after) =
            (of.partition_point(|one| one.handed <= from), of.partition_point(|one| one.handed < heard));
        let first = first.max(after.saturating_sub(LAST));
        &of[first.min(after)..after]
    }

    /// Whether a policy's guard must stop a rule at an instant: which sign, how many, of how many.
    fn harm(
        &self,
        world: &World<'_>,
        root: &str,
        (since, look): (Ms, Look),
    ) -> Option<(&'static str, usize, usize)> {
        let counted = self.counted(root, since, look);
        if counted.len() < AT_LEAST {
            return None;
        }
        let guards = &world.book(look.at).guards;
        guards.iter().find_map(|Sign { sign, percent }| {
            let did = match *sign {
                "bounces" => counted.iter().filter(|one| one.bounced).count(),
                sign => counted.iter().filter(|one| self.was_said(one, sign, look)).count(),
            };
            (100 * did > percent * counted.len()).then_some((*sign, did, counted.len()))
        })
    }

    /// Whether somebody said that of this message: it was the last one before that fits their words.
    fn was_said(&self, sent: &Sent, sign: &str, Look { at, heard }: Look) -> bool {
        let said = self.said.get(sent.customer.as_str()).into_iter().flatten();
        let near = said.filter(|one| one.sign == sign && one.learnt <= at && one.time <= at);
        let near = near.filter(|one| one.time >= sent.due && one.time < sent.due + HEARD);
        near.into_iter().any(|one| {
            let had = self.had.get(sent.customer.as_str()).map_or(&[][..], Vec::as_slice);
            let before = &had[..had.partition_point(|other| other.due <= one.time)];
            let fits = |other: &&&Sent| {
                other.handed < heard
                    && one.message.is_none_or(|message| message == other.message)
                    && one.channel.is_none_or(|channel| channel == other.channel)
            };
            before.iter().rev().find(fits).is_some_and(|other| other.key == sent.key)
        })
    }

    /// The instants after one, up to another, at which the figures of a rule may become worse.
    fn changes(&self, root: &str, from: Ms, to: Ms) -> Vec<Ms> {
        let sent = self.sent.get(root).into_iter().flatten().map(|one| one.handed);
        let said = self.said.values().flatten().map(|one| one.learnt.max(one.time));
        sent.chain(said).filter(|at| (from + 1..=to).contains(at)).collect()
    }
}

/// When each rule was paused by a policy, by its first name; and that it was for a reason.
pub fn find(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) -> BTreeMap<String, Vec<Guarded>> {
    let ledger = Ledger::of(world, seen);
    let mut found = BTreeMap::new();
    for root in ledger.sent.keys() {
        let of_rule = seen.resumed.iter().filter(|(rule, ..)| world.root(rule) == *root);
        let mut resumed = of_rule.filter(|(.., was_guarded, _)| *was_guarded).map(|(_, at, ..)| *at);
        let mut pauses: Vec<Guarded> = Vec::new();
        let (mut since, mut last) = (Ms::MIN, world.start);
        loop {
            let until = resumed.next();
            let end = until.unwrap_or(world.end);
            let (mut may, mut must) = (None, None);
            let first = seen.whole_ticks.partition_point(|at| *at <= last);
            for tick in seen.whole_ticks[first..].iter().copied().take_while(|at| *at < end) {
                if let Some((sign, ..)) = ledger.harm(world, root, (since, Look::of_tick(tick))) {
                    (may, must) = (Some(last), Some(tick));
                    *findings.bound.entry(format!("guard: {sign} paused a rule")).or_default() += 1;
                    break;
                }
                last = tick;
            }
            if until.is_some() && must.is_none() {
                // Between two ticks, as soon as it was told.
                let mut changes = ledger.changes(root, since.max(last - DAY), end).into_iter();
                may = changes.find(|at| ledger.harm(world, root, (since, Look::after(*at))).is_some());
                let text = || format!("{root}, let go on at {}", day(end));
                findings.hold("a guard stops only what does harm", may.is_some(), text);
            }
            if let Some(may) = may {
                pauses.push(Guarded { may, must: must.unwrap_or(end), until: end });
            }
            let Some(until) = until else { break };
            (since, last) = (until, until);
        }
        if !pauses.is_empty() {
            found.insert((*root).to_owned(), pauses);
        }
    }
    found
}

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    let paused = |root: &str, at: Ms| {
        let of = world.guarded.get(root).into_iter().flatten();
        of.into_iter().any(|one| one.must <= at && at < one.until)
    };
    for sent in seen.decided() {
        let root = world.root(&sent.rule);
        findings
            .hold("nothing is decided while a guard stops it", !paused(root, sent.decided), || about(sent));
    }
    let mut gone: BTreeMap<&str, Ms> = BTreeMap::new();
    for sent in &seen.sent {
        let root = world.root(&sent.rule);
        findings.hold("nothing leaves while a guard stops it", !paused(root, sent.handed), || about(sent));
        let again = gone.get(sent.address.as_str()).is_some_and(|at| *at < sent.handed);
        findings.hold("nothing goes to an address that is gone", !again, || about(sent));
        if sent.bounced {
            gone.entry(&sent.address).or_insert(sent.handed);
        }
    }
    // Whom it held back, on days on which no person's pause did.
    for (rule, at, _, reason) in &seen.passed {
        let of = world.guarded.get(world.root(rule)).into_iter().flatten();
        let meets = |one: &Guarded| one.may < at + DAY && *at < one.until;
        if *reason == "pause" && of.into_iter().any(meets) && !world.paused_at_all(*at, at + DAY) {
            *findings.bound.entry("guard: passed over".into()).or_default() += 1;
        }
    }
}
