//! Reads the log of sends and the script of the world, and says which law of the language was
//! broken. Written from the language's text; it knows nothing of the program.

mod calendar;
mod caps;
mod complete;
mod each;
mod persons;
mod quiet;
mod reader;
mod repeats;
mod timetable;
mod truth;
mod world;

use std::collections::BTreeMap;

use self::world::World;
use super::log::{Line, Log, Sent};
use super::script::{Ms, Script};

/// A law that was broken.
#[derive(Debug, Clone)]
pub struct Fault {
    pub law: &'static str,
    pub text: String,
}

/// What the checker found, and how often each law had something to say.
#[derive(Debug, Default)]
pub struct Findings {
    pub faults: Vec<Fault>,
    /// How often a law was put to the test.
    pub looked: BTreeMap<&'static str, u64>,
    /// How often a policy held somebody back, by the reasons on record.
    pub bound: BTreeMap<String, u64>,
}

impl Findings {
    fn hold(&mut self, law: &'static str, holds: bool, text: impl FnOnce() -> String) {
        *self.looked.entry(law).or_default() += 1;
        if !holds {
            self.faults.push(Fault { law, text: text() });
        }
    }

    /// The laws that were broken, how often, and the first case of each.
    pub fn broken(&self) -> BTreeMap<&'static str, (u64, &str)> {
        let mut broken = BTreeMap::new();
        for fault in &self.faults {
            broken.entry(fault.law).or_insert((0, fault.text.as_str())).0 += 1;
        }
        broken
    }
}

/// The log, sorted out.
struct Seen<'a> {
    ticks: Vec<Ms>,
    /// What was handed over, in that order.
    sent: Vec<&'a Sent>,
    /// What was decided and taken back.
    withdrawn: Vec<(&'a Sent, &'a str)>,
    passed: Vec<(&'a str, Ms, &'a str, &'a str)>,
    missed: Vec<(&'a str, Ms, Ms)>,
    held: Vec<(&'a str, Ms)>,
}

impl<'a> Seen<'a> {
    fn of(log: &'a Log) -> Self {
        let mut seen = Self {
            ticks: Vec::new(),
            sent: Vec::new(),
            withdrawn: Vec::new(),
            passed: Vec::new(),
            missed: Vec::new(),
            held: Vec::new(),
        };
        for line in &log.lines {
            match line {
                Line::Tick(at) => seen.ticks.push(*at),
                Line::Sent(sent) => seen.sent.push(sent),
                Line::Withdrawn(sent, why) => seen.withdrawn.push((sent, why)),
                Line::Passed { rule, at, customer, reason } => {
                    seen.passed.push((rule, *at, customer, reason));
                }
                Line::Missed { rule, first, last } => seen.missed.push((rule, *first, *last)),
                Line::Held { rule, at } => seen.held.push((rule, *at)),
            }
        }
        seen
    }

    /// Everything that was decided, whatever became of it.
    fn decided(&self) -> impl Iterator<Item = &'a Sent> + '_ {
        self.sent.iter().copied().chain(self.withdrawn.iter().map(|(sent, _)| *sent))
    }
}

pub fn check(script: &Script, log: &Log) -> Findings {
    let world = World::of(script);
    let seen = Seen::of(log);
    let mut findings = Findings::default();
    each::check(&world, &seen, &mut findings);
    repeats::check(&world, &seen, &mut findings);
    caps::check(&world, &seen, &mut findings);
    persons::check(&world, &seen, &mut findings);
    quiet::check(&world, &seen, &mut findings);
    timetable::check(&world, &seen, &mut findings);
    complete::check(&world, &seen, &mut findings);
    for (_, _, _, reason) in &seen.passed {
        *findings.bound.entry((*reason).to_owned()).or_default() += 1;
    }
    for sent in seen.decided() {
        if let Some(what) = &sent.waited {
            *findings.bound.entry(format!("waited: {what}")).or_default() += 1;
        }
    }
    for line in &log.lines {
        if let Line::Withdrawn(_, why) = line {
            *findings.bound.entry(format!("withdrawn: {why}")).or_default() += 1;
        }
    }
    findings
}

/// An instant for people.
fn day(at: Ms) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

fn about(sent: &Sent) -> String {
    let Sent { rule, occurrence, customer, message, decided, due, handed, .. } = sent;
    format!(
        "{rule} #{occurrence} to {customer}: {message}, decided {}, due {}, handed over {}",
        day(*decided),
        day(*due),
        day(*handed)
    )
}
