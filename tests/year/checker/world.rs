//! What was so at which time, by the script.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::tz::TimeZone;

use super::calendar;
use super::growth::Released;
use super::guards::Guarded;
use super::reader::{self, Book, Rule};
use super::truth::{self, Atom, Known, Move, Told, Track};
use crate::year::script::{Event, Happening, Ms, Person, Script};

pub struct World<'a> {
    pub start: Ms,
    pub end: Ms,
    /// The rules, each from an instant on.
    pub books: Vec<(Ms, Book)>,
    /// The first name of each rule that was ever called otherwise.
    roots: BTreeMap<String, String>,
    /// By book: the name of each rule by its first name.
    named: Vec<BTreeMap<String, String>>,
    /// By the rule's first name: when it became another, or came, or went.
    pub edited: BTreeMap<String, Vec<Ms>>,
    zones: BTreeMap<String, TimeZone>,
    /// A customer's zones, each from an instant on.
    lived: BTreeMap<&'a str, Vec<(Ms, String)>>,
    /// When it was first learnt.
    pub events: BTreeMap<&'a str, (Ms, &'a Event)>,
    /// What rules set: from which tick on, attribute, value.
    pub set: BTreeMap<&'a str, Vec<(Ms, &'a str, &'a str)>>,
    /// Who moved, by what is followed and customer, in the order of time.
    pub moves: BTreeMap<Track, BTreeMap<&'a str, Vec<Move>>>,
    /// When something was decided, by the rule's first name and customer.
    pub decided: BTreeMap<String, BTreeMap<&'a str, Vec<Ms>>>,
    /// A customer's rows, each from an instant on.
    people: BTreeMap<&'a str, Vec<(Ms, &'a Person)>>,
    /// When it was learnt, when it happened, cents.
    orders: BTreeMap<&'a str, Vec<(Ms, Ms, i64)>>,
    /// When an event of theirs was learnt and when it happened; what people do with messages is none.
    own: BTreeMap<&'a str, Vec<(Ms, Ms)>>,
    /// What orders and events say, and what was sent, by their ids.
    pub told: BTreeMap<&'a str, Told<'a>>,
    /// Who unsubscribed: when it was learnt, from which channel, and when it was.
    unsubscribed: BTreeMap<&'a str, Vec<(Ms, &'a str, Ms)>>,
    suppressed: BTreeMap<&'a str, Ms>,
    /// From when until when nobody looked.
    asleep: Vec<(Ms, Ms)>,
    /// Scope, from, until.
    pauses: Vec<(&'a str, Ms, Ms)>,
    /// Scope and time of the pauses that took back what was on its way.
    drops: Vec<(&'a str, Ms)>,
    /// When policies paused a rule, by its first name.
    pub guarded: BTreeMap<String, Vec<Guarded>>,
    pub released: Released,
    /// Whom a rule meant at a tick, where somebody asked.
    audiences: RefCell<BTreeMap<(String, Ms), Audience<'a>>>,
}

/// Whom a rule means.
type Audience<'a> = Rc<Vec<&'a str>>;

/// Since ever.
const EVER: Ms = Ms::MIN;

impl<'a> World<'a> {
    pub fn of(script: &'a Script) -> Self {
        let mut world = Self {
            start: script.start,
            end: script.end,
            books: vec![(EVER, reader::read(&script.tree))],
            roots: BTreeMap::new(),
            named: Vec::new(),
            edited: BTreeMap::new(),
            zones: BTreeMap::new(),
            lived: BTreeMap::new(),
            events: BTreeMap::new(),
            set: BTreeMap::new(),
            moves: BTreeMap::new(),
            decided: BTreeMap::new(),
            people: BTreeMap::new(),
            orders: BTreeMap::new(),
            own: BTreeMap::new(),
            told: BTreeMap::new(),
            unsubscribed: BTreeMap::new(),
            suppressed: BTreeMap::new(),
            asleep: Vec::new(),
            pauses: Vec::new(),
            drops: Vec::new(),
            guarded: BTreeMap::new(),
            released: Released::new(),
            audiences: RefCell::default(),
        };
        for (at, what) in &script.happenings {
            world.happen(*at, what);
        }
        world.roots = world.find_roots();
        world.find_rules();
        world.find_zones();
        world
    }

    fn find_rules(&mut self) {
        let mut before: BTreeMap<&str, &Rule> = BTreeMap::new();
        let mut edited: BTreeMap<String, Vec<Ms>> = BTreeMap::new();
        for (at, book) in &self.books {
            let now: BTreeMap<&str, &Rule> =
                book.rules.iter().map(|(name, rule)| (self.root(name), rule)).collect();
            let differs = |root: &&&str| before.get(**root) != now.get(**root);
            let all: BTreeSet<&str> = before.keys().chain(now.keys()).copied().collect();
            for root in all.iter().filter(differs) {
                edited.entry((*root).to_owned()).or_default().push(*at);
            }
            before = now;
        }
        let named =
            |book: &Book| book.rules.keys().map(|name| (self.root(name).into(), name.clone())).collect();
        self.named = self.books.iter().map(|(_, book)| named(book)).collect();
        self.edited = edited;
    }

    fn find_zones(&mut self) {
        for (customer, rows) in &self.people {
            let lived = self.lived.entry(customer).or_default();
            for (at, person) in rows {
                let own = person.fields.get("time_zone").filter(|zone| !zone.is_empty());
                let zone = own.cloned().unwrap_or_default();
                if lived.last().is_none_or(|(_, last)| *last != zone) {
                    lived.push((*at, zone));
                }
            }
        }
        let books = self.books.iter().map(|(_, book)| book.zone.clone());
        let names: BTreeSet<String> =
            self.lived.values().flatten().map(|(_, zone)| zone.clone()).chain(books).collect();
        let known = names.into_iter().filter(|name| !name.is_empty());
        self.zones = known.map(|name| (name.clone(), calendar::zone(&name))).collect();
    }

    fn happen(&mut self, at: Ms, what: &'a Happening) {
        match what {
            Happening::Customers(people) => {
                for person in people {
                    self.people.entry(&person.id).or_default().push((at, person));
                }
            }
            Happening::Orders(orders) => {
                for order in orders {
                    self.told.insert(&order.id, Told { cents: Some(order.total), message: None });
                    self.orders.entry(&order.customer).or_default().push((at, order.time, order.total));
                }
            }
            Happening::Events(events, _) => {
                for event in events {
                    let told = Told { cents: event.value.map(|value| value * 100), message: event.message };
                    self.told.insert(&event.id, told);
                    if let ("unsubscribed" | "complained", Some(channel)) = (event.name, event.channel) {
                        self.unsubscribed.entry(&event.customer).or_default().push((at, channel, event.time));
                    }
                    if event.message.is_none() && event.channel.is_none() {
                        self.own.entry(&event.customer).or_default().push((at, event.time));
                    }
                    self.events.entry(&event.id).or_insert((at, event));
                }
            }
            Happening::Rules(tree) => self.books.push((at, reader::read(tree))),
            Happening::Pause(scope, drops) => {
                self.pauses.push((scope, at, Ms::MAX));
                if *drops {
                    self.drops.push((scope, at));
                }
            }
            Happening::Resume(scope) => {
                for pause in self.pauses.iter_mut().filter(|(of, _, until)| of == scope && *until == Ms::MAX)
                {
                    pause.2 = at;
                }
            }
            Happening::Suppress(customer) if !self.people.contains_key(customer.as_str()) => {}
            Happening::Suppress(customer) => {
                self.suppressed.entry(customer).or_insert(at);
            }
            Happening::Sleep(until) => self.asleep.push((at, *until)),
            Happening::Restart | Happening::Crash(_) | Happening::Refused(_) | Happening::Look => {}
        }
    }

    pub fn customers(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.people.keys().copied()
    }

    pub fn book(&self, at: Ms) -> &Book {
        let after = self.books.partition_point(|(since, _)| *since <= at);
        &self.books[after - 1].1
    }

    /// A rule as it was; by any name that it ever had.
    pub fn rule(&self, name: &str, at: Ms) -> Option<&Rule> {
        let index = self.books.partition_point(|(since, _)| *since <= at) - 1;
        let name = self.named[index].get(self.root(name))?;
        self.books[index].1.rules.get(name)
    }

    /// The first name of a rule.
    pub fn root<'n>(&'n self, name: &'n str) -> &'n str {
        self.roots.get(name).map_or(name, String::as_str)
    }

    fn find_roots(&self) -> BTreeMap<String, String> {
        let names: BTreeSet<&String> = self.books.iter().flat_map(|(_, book)| book.rules.keys()).collect();
        names.into_iter().map(|name| (name.clone(), self.first_name(name).to_owned())).collect()
    }

    fn first_name<'n>(&'n self, name: &'n str) -> &'n str {
        let mut name = name;
        let mut seen = BTreeSet::new();
        while seen.insert(name) {
            let before = self.books.iter().find_map(|(_, book)| book.rules.get(name)?.formerly.as_deref());
            let Some(before) = before else { break };
            name = before;
        }
        name
    }

    pub fn person(&self, customer: &str, at: Ms) -> Option<&'a Person> {
        let rows = self.people.get(customer)?;
        let after = rows.partition_point(|(since, _)| *since <= at);
        after.checked_sub(1).map(|last| rows[last].1)
    }

    /// As they were at an instant by what was known at another: what a first file said counts as
    /// always so.
    pub fn person_known(&self, customer: &str, (at, known): (Ms, Ms)) -> Option<&'a Person> {
        let first = || self.people.get(customer)?.first().filter(|(since, _)| *since <= known);
        self.person(customer, at).or_else(|| first().map(|(_, row)| *row))
    }

    /// The customer's zone, where none is known the workspace's.
    pub fn zone(&self, customer: &str, at: Ms) -> &TimeZone {
        let lived = self.lived.get(customer).map_or(&[][..], Vec::as_slice);
        let after = lived.partition_point(|(since, _)| *since <= at);
        let own = after.checked_sub(1).and_then(|last| self.zones.get(&lived[last].1));
        own.unwrap_or_else(|| &self.zones[&self.book(at).zone])
    }

    /// Whether the customer lived in one zone all that time.
    pub fn stays(&self, customer: &str, from: Ms, to: Ms) -> bool {
        let lived = self.lived.get(customer).map_or(&[][..], Vec::as_slice);
        lived.iter().skip(1).all(|(since, _)| !(from..=to).contains(since))
    }

    /// How often somebody moved to another zone.
    pub fn zone_changes(&self) -> u64 {
        self.lived.values().map(|lived| lived.len() as u64 - 1).sum()
    }

    /// Whether marketing was consented to: of all that was said by then the latest holds.
    pub fn consents(&self, customer: &str, channel: &str, at: Ms) -> bool {
        let rows = self.people.get(customer).map_or(&[][..], Vec::as_slice);
        let said = rows.iter().filter(|(since, _)| *since <= at).flat_map(|(_, person)| &person.consents);
        let of = said.filter(|(of, ..)| *of == channel).map(|(_, given, at)| (*given, *at));
        let left = self.unsubscribed.get(customer).map_or(&[][..], Vec::as_slice).iter();
        let left = left.filter(|(learnt, of, _)| *learnt <= at && *of == channel);
        let all = of.chain(left.map(|(_, _, when)| (false, *when)));
        all.max_by_key(|(given, at)| (*at, !*given)).is_some_and(|(given, _)| given)
    }

    /// Whether the person must not be written to, by whichever of their records.
    pub fn suppressed(&self, customer: &str, at: Ms) -> bool {
        let person = self.person_of(customer);
        let same = |other: &str| other == customer || self.person_of(other) == person;
        self.suppressed.iter().any(|(other, since)| *since <= at && same(other))
    }

    /// Who somebody is: in this world those are one person who share the telephone.
    pub fn person_of(&self, customer: &str) -> String {
        let row = self.people.get(customer).and_then(|rows| rows.first());
        row.map_or_else(String::new, |(_, person)| person.fields["phone"].clone())
    }

    /// Whether a pause was in force or nobody looked, at some time in between.
    pub fn troubled(&self, from: Ms, to: Ms) -> bool {
        let meets = |since: Ms, until: Ms| since <= to && from <= until;
        self.pauses.iter().any(|(_, since, until)| meets(*since, *until))
            || self.asleep.iter().any(|(since, until)| meets(*since, *until))
    }

    /// Whether somebody paused anything, at some time in between.
    pub fn paused_at_all(&self, from: Ms, to: Ms) -> bool {
        self.pauses.iter().any(|(_, since, until)| *since <= to && from <= *until)
    }

    /// Whether a policy may have paused a rule, at some time in between.
    pub fn guarded_in(&self, rule: &str, from: Ms, to: Ms) -> bool {
        let of = self.guarded.get(self.root(rule)).into_iter().flatten();
        of.into_iter().any(|one| one.may <= to && from <= one.until)
    }

    /// When it was found whom a decision is for: a run that a person lets go means those of then.
    pub fn found_at(&self, rule: &str, decided: Ms) -> Ms {
        self.released.get(&(self.root(rule).to_owned(), decided)).copied().unwrap_or(decided)
    }

    /// Who matches a rule, by its first name, at a tick.
    pub fn audience(&self, root: &str, rule: &Rule, tick: Ms) -> Rc<Vec<&'a str>> {
        let key = (root.to_owned(), tick);
        if let Some(known) = self.audiences.borrow().get(&key) {
            return Rc::clone(known);
        }
        let matching = self.customers().filter(|one| self.holds(rule, one, tick) == Some(true));
        let found: Audience<'a> = Rc::new(matching.collect());
        self.audiences.borrow_mut().insert(key, Rc::clone(&found));
        found
    }

    /// Whether a pause forbade it.
    pub fn paused(&self, rule: &str, channel: &str, at: Ms) -> bool {
        let channel = format!("channel {channel}");
        let rule = format!("rule {rule}");
        let names = |scope: &str| scope == "all" || scope == channel || scope == rule;
        self.pauses.iter().any(|(scope, from, until)| names(scope) && *from <= at && at < *until)
    }

    /// Whether a pause that took back what was on its way came then.
    pub fn dropped(&self, rule: &str, from: Ms, to: Ms) -> bool {
        let rule = format!("rule {rule}");
        self.drops.iter().any(|(scope, at)| (*scope == "all" || *scope == rule) && (from..=to).contains(at))
    }

    /// Whether the rule's condition held; `None`: unknown.
    pub fn holds(&self, rule: &Rule, customer: &str, at: Ms) -> Option<bool> {
        self.all(&rule.when, customer, (at, at), Vec::new(), None)
    }

    /// As [`World::holds`], of an event that says this.
    pub fn holds_on(&self, rule: &Rule, customer: &str, at: Ms, event: Told<'_>) -> Option<bool> {
        self.all(&rule.when, customer, (at, at), Vec::new(), Some(event))
    }

    /// As [`World::holds`], where the rule sees these moves.
    pub fn holds_moved(
        &self,
        rule: &Rule,
        customer: &str,
        at: Ms,
        moves: Vec<(&Track, &Move)>,
    ) -> Option<bool> {
        self.all(&rule.when, customer, (at, at), moves, None)
    }

    /// Whether all that held at an instant, by what was known at another.
    pub fn all(
        &self,
        atoms: &[Atom],
        customer: &str,
        (at, known): (Ms, Ms),
        moves: Vec<(&Track, &Move)>,
        event: Option<Told<'_>>,
    ) -> Option<bool> {
        let person = self.person_known(customer, (at, known))?;
        let orders = self.orders.get(customer).map_or(&[][..], Vec::as_slice);
        let orders = orders
            .iter()
            .filter(|(learnt, time, _)| *learnt <= known && *time <= at)
            .map(|one| (one.1, one.2))
            .collect();
        let mut set = BTreeMap::new();
        for (since, field, value) in self.set.get(customer).map_or(&[][..], Vec::as_slice) {
            if *since <= at {
                set.insert(*field, *value);
            }
        }
        let ranks = &self.book(known).orders;
        truth::all(atoms, &Known { now: at, person, set, orders, ranks, event, moves })
    }

    /// What was learnt of a customer's orders: when, and when they happened, with the cents.
    pub fn orders(&self, customer: &str) -> &[(Ms, Ms, i64)] {
        self.orders.get(customer).map_or(&[], Vec::as_slice)
    }

    /// When anything became known of a customer.
    pub fn news(&self, customer: &str) -> BTreeSet<Ms> {
        let rows = self.people.get(customer).into_iter().flatten().map(|(at, _)| *at);
        let orders = self.orders.get(customer).into_iter().flatten().flat_map(|(at, time, _)| [*at, *time]);
        let set = self.set.get(customer).into_iter().flatten().map(|(at, ..)| *at);
        rows.chain(orders).chain(set).collect()
    }

    /// When the customer's first order or event happened, of those that were known.
    pub fn began(&self, customer: &str, known: Ms) -> Option<Ms> {
        let orders = self.orders(customer).iter().map(|(learnt, time, _)| (*learnt, *time));
        let own = self.own.get(customer).into_iter().flatten().copied();
        orders.chain(own).filter(|(learnt, _)| *learnt <= known).map(|(_, time)| time).min()
    }

    /// The first tick after each instant at which these conditions may have changed for a customer.
    pub fn looks<'r>(
        &self,
        customer: &str,
        atoms: impl Iterator<Item = &'r Atom>,
        also: &[Ms],
        ticks: &[Ms],
    ) -> Vec<Ms> {
        let mut instants = self.news(customer);
        instants.extend(also);
        let ages: BTreeSet<Ms> = atoms.filter_map(Atom::ages).collect();
        for (_, time, _) in self.orders(customer) {
            instants.extend(ages.iter().flat_map(|age| [time + age, time + age + 1]));
        }
        let tick = |at: Ms| ticks.get(ticks.partition_point(|tick| *tick < at)).copied();
        let mut looks: Vec<Ms> = instants.into_iter().filter_map(tick).collect();
        looks.dedup();
        looks
    }

    /// The atoms of all that a rule ever was.
    pub fn atoms(&self, root: &str) -> impl Iterator<Item = &Atom> {
        let at = self.edited.get(root).into_iter().flatten();
        at.filter_map(|at| self.rule(root, *at)).flat_map(|rule| &rule.when)
    }
}
