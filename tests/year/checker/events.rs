//! Rules on events: once for each event, at its time and after the wait, unless the condition no
//! longer holds, another such event came meanwhile, or the event is history.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{On, Rule};
use super::truth::Told;
use super::world::World;
use super::{Findings, Seen, about, day};
use crate::year::log::Sent;
use crate::year::script::{DAY, HOUR, Ms};

/// An event as a rule on it sees it.
struct Occurred<'a> {
    id: &'a str,
    name: &'a str,
    customer: &'a str,
    learnt: Ms,
    time: Ms,
    told: Told<'a>,
}

impl Occurred<'_> {
    /// Younger than an hour when it came; older ones are history. What was sent is none, however late.
    fn is_fresh(&self) -> bool {
        self.learnt - self.time < HOUR || self.name == "sent"
    }

    /// Whether the other begins a wait after this one anew; of what concerns messages only by the same.
    fn is_like(&self, other: &Self) -> bool {
        !["sent", "opened"].contains(&self.name) || self.told.message == other.told.message
    }
}

fn all<'a>(
    world: &World<'a>,
    orders: &'a BTreeMap<&'a str, (Ms, Ms, &'a str, i64)>,
    seen: &Seen<'a>,
) -> Vec<Occurred<'a>> {
    let events = world.events.values().map(|(learnt, event)| Occurred {
        id: &event.id,
        name: event.name,
        customer: &event.customer,
        learnt: *learnt,
        time: event.time,
        told: world.told[event.id.as_str()],
    });
    let orders = orders.iter().map(|(id, (learnt, time, customer, cents))| Occurred {
        id,
        name: "order",
        customer,
        learnt: *learnt,
        time: *time,
        told: Told { cents: Some(*cents), message: None },
    });
    let sent = seen.sent.iter().filter(|sent| !sent.call && !sent.bounced).map(|sent| Occurred {
        id: &sent.key,
        name: "sent",
        customer: &sent.customer,
        learnt: sent.handed,
        time: sent.due,
        told: Told { cents: None, message: Some(&sent.message) },
    });
    events.chain(orders).chain(sent).collect()
}

pub fn check<'a>(
    world: &'a World<'a>,
    orders: &'a BTreeMap<&'a str, (Ms, Ms, &'a str, i64)>,
    seen: &Seen<'a>,
    findings: &mut Findings,
) {
    let all = all(world, orders, seen);
    let by_id: BTreeMap<(&str, &str), &Occurred<'_>> =
        all.iter().map(|one| ((one.id, one.customer), one)).collect();
    let mut decided: BTreeMap<(&str, &str), &Sent> = BTreeMap::new();
    for sent in seen.decided() {
        let Some(on) = world.rule(&sent.rule, sent.decided).and_then(|rule| rule.on.as_ref()) else {
            findings.hold("only rules on events have one", sent.event.is_none(), || about(sent));
            continue;
        };
        let Some(id) = sent.event.as_deref() else {
            findings.hold("a rule on an event has one", false, || about(sent));
            continue;
        };
        let event = by_id.get(&(id, &*sent.customer)).filter(|event| event.name == on.event);
        findings.hold("the customer's own event", event.is_some(), || about(sent));
        if let Some(event) = event {
            let from = event.time + on.after.unwrap_or(0);
            findings.hold("history fires nothing", event.is_fresh(), || about(sent));
            findings
                .hold("not before its wait is over", sent.decided >= from.max(event.learnt), || about(sent));
        }
        let first = *decided.entry((world.root(&sent.rule), id)).or_insert(sent);
        let same = (first.decided, first.occurrence) == (sent.decided, sent.occurrence);
        findings.hold("once for an event", same, || {
            format!("{} and decided {}", about(sent), day(first.decided))
        });
    }
    let mut of: BTreeMap<(&str, &str), Vec<&Occurred<'_>>> = BTreeMap::new();
    for one in &all {
        of.entry((one.name, one.customer)).or_default().push(one);
    }
    let decided: BTreeSet<(&str, &str)> = decided.into_keys().collect();
    for name in super::roots(world) {
        let books = world.books.iter().flat_map(|(_, book)| &book.rules);
        let of_rule =
            books.filter(|(one, _)| world.root(one) == name).filter_map(|(_, rule)| rule.on.as_ref());
        let asked: BTreeSet<&str> = of_rule.map(|on| on.event.as_str()).collect();
        for (_, events) in of.iter().filter(|((event, _), _)| asked.contains(event)) {
            for event in events {
                each(world, seen, (name, event, events), &decided, findings);
            }
        }
    }
}

/// One event, and the rule that should fire on it, or not.
fn each(
    world: &World<'_>,
    seen: &Seen<'_>,
    (name, event, others): (&str, &Occurred<'_>, &[&Occurred<'_>]),
    decided: &BTreeSet<(&str, &str)>,
    findings: &mut Findings,
) {
    // When somebody looked after it came, and when after its wait.
    let Some(came) = seen.asked(event.time.max(event.learnt)) else { return };
    let Some((on, rule)) = on(world, name, came).filter(|(on, _)| on.event == event.name) else { return };
    let kind = if ["sent", "opened"].contains(&event.name) { event.name } else { "event" };
    let mut count = |what: &str| *findings.bound.entry(format!("{kind}: {what}")).or_default() += 1;
    if !event.is_fresh() {
        count("history");
        return;
    }
    let holds = |rule: &Rule, at: Ms| world.holds_on(rule, event.customer, at, event.told);
    let mut fires = came;
    if let Some(after) = on.after {
        let end = event.time + after;
        let Some(look) = seen.asked(end.max(came)) else { return };
        let meanwhile = |other: &&&Occurred<'_>| {
            other.is_fresh()
                && event.is_like(other)
                && (other.time, other.id) > (event.time, event.id)
                && other.time < end
                && other.learnt < look
        };
        if !on.each && others.iter().any(|other| meanwhile(&other)) {
            count("a wait that began anew");
            let did = decided.contains(&(name, event.id));
            findings
                .hold("another such event begins the wait anew", !did, || format!("{name} on {}", event.id));
            return;
        }
        // Certainly false when it comes: it waits for nothing.
        if holds(rule, came) == Some(false) {
            count("false at once");
            return;
        }
        if on_at(world, name, look).is_none_or(|rule| holds(rule, look) != Some(true)) {
            count("no longer so after its wait");
            return;
        }
        fires = look;
    } else if holds(rule, came) != Some(true) {
        return;
    }
    if fires > world.end - 2 * DAY {
        return;
    }
    count(if on.after.is_some() { "after its wait" } else { "at once" });
    let found = decided.contains(&(name, event.id)) || seen.passed_on(name, event.customer, fires);
    findings.hold("no event is lost", found, || {
        format!("{name} on {} of {} at {}", event.id, event.customer, day(fires))
    });
}

fn on<'w>(world: &'w World<'_>, name: &str, at: Ms) -> Option<(&'w On, &'w Rule)> {
    let rule = world.rule(name, at)?;
    Some((rule.on.as_ref()?, rule))
}

fn on_at<'w>(world: &'w World<'_>, name: &str, at: Ms) -> Option<&'w Rule> {
    on(world, name, at).map(|(_, rule)| rule)
}
