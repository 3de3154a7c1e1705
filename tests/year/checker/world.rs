//! What was so at which time, by the script.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{self, Book, Rule};
use super::truth::{self, Known};
use crate::year::script::{Happening, Ms, Person, Script};

pub struct World<'a> {
    pub start: Ms,
    pub end: Ms,
    /// The rules, each from an instant on.
    pub books: Vec<(Ms, Book)>,
    /// The first name of each rule that was ever called otherwise.
    roots: BTreeMap<String, String>,
    /// A customer's rows, each from an instant on.
    people: BTreeMap<&'a str, Vec<(Ms, &'a Person)>>,
    /// When it was learnt, when it happened, cents.
    orders: BTreeMap<&'a str, Vec<(Ms, Ms, i64)>>,
    suppressed: BTreeMap<&'a str, Ms>,
    /// From when until when nobody looked.
    asleep: Vec<(Ms, Ms)>,
    /// Scope, from, until.
    pauses: Vec<(&'a str, Ms, Ms)>,
}

/// Since ever.
const EVER: Ms = Ms::MIN;

impl<'a> World<'a> {
    pub fn of(script: &'a Script) -> Self {
        let mut world = Self {
            start: script.start,
            end: script.end,
            books: vec![(EVER, reader::read(&script.tree))],
            roots: BTreeMap::new(),
            people: BTreeMap::new(),
            orders: BTreeMap::new(),
            suppressed: BTreeMap::new(),
            asleep: Vec::new(),
            pauses: Vec::new(),
        };
        for (at, what) in &script.happenings {
            world.happen(*at, what);
        }
        world.roots = world.find_roots();
        world
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
                    self.orders.entry(&order.customer).or_default().push((at, order.time, order.total));
                }
            }
            Happening::Rules(tree) => self.books.push((at, reader::read(tree))),
            Happening::Pause(scope, _) => self.pauses.push((scope, at, Ms::MAX)),
            Happening::Resume(scope) => {
                for pause in self.pauses.iter_mut().filter(|(of, _, until)| of == scope && *until == Ms::MAX)
                {
                    pause.2 = at;
                }
            }
            Happening::Suppress(customer) => {
                self.suppressed.entry(customer).or_insert(at);
            }
            Happening::Sleep(until) => self.asleep.push((at, *until)),
            Happening::Restart | Happening::Crash(_) => {}
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
        let book = self.book(at);
        book.rules.get(name).or_else(|| {
            let root = self.root(name);
            book.rules.iter().find(|(one, _)| self.root(one) == root).map(|(_, rule)| rule)
        })
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
        rows.iter().rev().find(|(since, _)| *since <= at).map(|(_, person)| *person)
    }

    /// The customer's zone: it never changes in this world.
    pub fn zone(&self, customer: &str, at: Ms) -> String {
        let own = self.person(customer, at).and_then(|person| person.fields.get("time_zone"));
        own.filter(|zone| !zone.is_empty()).cloned().unwrap_or_else(|| self.book(at).zone.clone())
    }

    /// Whether marketing was consented to: of all that was said by then the latest holds.
    pub fn consents(&self, customer: &str, channel: &str, at: Ms) -> bool {
        let rows = self.people.get(customer).map_or(&[][..], Vec::as_slice);
        let said = rows.iter().filter(|(since, _)| *since <= at).flat_map(|(_, person)| &person.consents);
        let of = said.filter(|(of, ..)| *of == channel);
        of.max_by_key(|(_, given, at)| (*at, !*given)).is_some_and(|(_, given, _)| *given)
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

    /// Whether a pause forbade it.
    pub fn paused(&self, rule: &str, channel: &str, at: Ms) -> bool {
        let channel = format!("channel {channel}");
        let rule = format!("rule {rule}");
        let names = |scope: &str| scope == "all" || scope == channel || scope == rule;
        self.pauses.iter().any(|(scope, from, until)| names(scope) && *from <= at && at < *until)
    }

    /// Whether the rule's condition held; `None`: unknown.
    pub fn holds(&self, rule: &Rule, customer: &str, at: Ms) -> Option<bool> {
        let person = self.person(customer, at)?;
        let orders = self.orders.get(customer).map_or(&[][..], Vec::as_slice);
        let orders =
            orders.iter().filter(|(learnt, time, _)| *learnt <= at && *time <= at).map(|one| (one.1, one.2));
        let known = Known { now: at, person, orders: orders.collect(), ranks: &self.book(at).orders };
        truth::all(&rule.when, &known)
    }

    /// When anything became known of a customer.
    pub fn news(&self, customer: &str) -> BTreeSet<Ms> {
        let rows = self.people.get(customer).into_iter().flatten().map(|(at, _)| *at);
        let orders = self.orders.get(customer).into_iter().flatten().map(|(at, ..)| *at);
        rows.chain(orders).collect()
    }
}
