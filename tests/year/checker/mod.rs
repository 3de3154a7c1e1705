//! Reads the log of sends and the script of the world, and says which law of the language was
//! broken. Written from the language's text; it knows nothing of the program.

mod calendar;
mod caps;
mod complete;
mod each;
mod events;
mod growth;
mod guards;
mod limits;
mod moves;
mod patience;
mod persons;
mod quiet;
mod reader;
mod repeats;
mod sets;
mod timetable;
mod truth;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use self::truth::Told;
use self::world::World;
use super::log::{Line, Log, Sent};
use super::script::{DAY, Happening, Ms, Script};

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

    /// How often each policy bound, and each law was looked at, for people.
    pub fn table(&self) -> String {
        let bound = self.bound.iter().map(|(what, count)| (what.as_str(), count));
        let looked = self.looked.iter().map(|(law, count)| (*law, count));
        let row = |(what, count): (&str, &u64)| format!("{count:>9}  {what}\n");
        format!(
            "what bound, and how often:\n{}\nlaws, and how often each was looked at:\n{}",
            bound.map(row).collect::<String>(),
            looked.map(row).collect::<String>()
        )
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
    /// When rules on events were asked, ticks included.
    asked: Vec<Ms>,
    /// What rules decided to set.
    set: Vec<&'a Sent>,
    /// What attributes held in the end.
    ends: Vec<(&'a str, &'a str, &'a str)>,
    /// Days on which a rule, by its first name, passed a customer over.
    days: BTreeMap<String, BTreeMap<&'a str, BTreeSet<Ms>>>,
    /// What was handed over, in that order.
    sent: Vec<&'a Sent>,
    /// What was decided and taken back.
    withdrawn: Vec<(&'a Sent, &'a str)>,
    passed: Vec<(&'a str, Ms, &'a str, &'a str)>,
    missed: Vec<(&'a str, Ms, Ms)>,
    held: Vec<(&'a str, Ms)>,
    /// A rule that a person let go on: when, whether a guard had paused it, how many held runs went on.
    resumed: Vec<(&'a str, Ms, bool, u64)>,
    /// The ticks over which the process did not die.
    whole_ticks: Vec<Ms>,
}

impl<'a> Seen<'a> {
    fn of(log: &'a Log) -> Self {
        let mut seen = Self {
            ticks: Vec::new(),
            asked: Vec::new(),
            set: Vec::new(),
            ends: Vec::new(),
            days: BTreeMap::new(),
            sent: Vec::new(),
            withdrawn: Vec::new(),
            passed: Vec::new(),
            missed: Vec::new(),
            held: Vec::new(),
            resumed: Vec::new(),
            whole_ticks: Vec::new(),
        };
        for line in &log.lines {
            match line {
                Line::Tick(at) => {
                    seen.ticks.push(*at);
                    seen.asked.push(*at);
                }
                Line::Asked(at) => seen.asked.push(*at),
                Line::Set(sent) => seen.set.push(sent),
                Line::Final(customer, field, value) => seen.ends.push((customer, field, value)),
                Line::Sent(sent) => seen.sent.push(sent),
                Line::Withdrawn(sent, why) => seen.withdrawn.push((sent, why)),
                Line::Passed { rule, at, customer, reason } => {
                    seen.passed.push((rule, *at, customer, reason));
                }
                Line::Missed { rule, first, last } => seen.missed.push((rule, *first, *last)),
                Line::Held { rule, at } => seen.held.push((rule, *at)),
                Line::Resumed { rule, at, was_guarded, runs } => {
                    seen.resumed.push((rule, *at, *was_guarded, *runs));
                }
            }
        }
        seen
    }

    /// Everything that was decided, whatever became of it.
    fn decided(&self) -> impl Iterator<Item = &'a Sent> + '_ {
        let withdrawn = self.withdrawn.iter().map(|(sent, _)| *sent);
        self.sent.iter().copied().chain(withdrawn).chain(self.set.iter().copied())
    }

    /// When rules on events were asked first, from an instant on.
    fn asked(&self, from: Ms) -> Option<Ms> {
        self.asked.get(self.asked.partition_point(|at| *at < from)).copied()
    }

    /// Whether a rule without a schedule, by its first name, passed somebody over on that day.
    fn passed_on(&self, root: &str, customer: &str, at: Ms) -> bool {
        let days = self.days.get(root).and_then(|of| of.get(customer));
        days.is_some_and(|days| days.contains(&(at.div_euclid(DAY) * DAY)))
    }
}

/// The first names of all rules.
fn roots<'w>(world: &'w World<'_>) -> impl Iterator<Item = &'w str> + use<'w> {
    world.edited.keys().map(String::as_str)
}

pub fn check(script: &Script, log: &Log) -> Findings {
    let mut world = World::of(script);
    let mut seen = Seen::of(log);
    let dies = |what: &Happening| matches!(what, Happening::Crash(_));
    let deaths = script.happenings.iter().filter(|(_, what)| dies(what)).map(|(at, _)| *at);
    let deaths: BTreeSet<Ms> = deaths.collect();
    seen.whole_ticks = seen.ticks.iter().copied().filter(|at| !deaths.contains(at)).collect();
    for (rule, at, customer, _) in &seen.passed {
        let of = seen.days.entry(world.root(rule).to_owned()).or_default();
        of.entry(customer).or_default().insert(*at);
    }
    let mut decided: BTreeMap<String, BTreeMap<&str, Vec<Ms>>> = BTreeMap::new();
    for sent in seen.decided() {
        let of = decided.entry(world.root(&sent.rule).to_owned()).or_default();
        of.entry(&sent.customer).or_default().push(sent.decided);
    }
    decided.values_mut().flat_map(BTreeMap::values_mut).for_each(|of| of.sort_unstable());
    world.decided = decided;
    world.set = sets::applied(&world, &seen);
    world.moves = moves::find(&world, &seen.ticks);
    for sent in seen.sent.iter().filter(|sent| !sent.call) {
        world.told.insert(&sent.key, Told { cents: None, message: Some(&sent.message) });
    }
    let mut findings = Findings::default();
    world.guarded = guards::find(&world, &seen, &mut findings);
    world.released = growth::find(&world, &seen, &mut findings);
    guards::check(&world, &seen, &mut findings);
    each::check(&world, &seen, &mut findings);
    repeats::check(&world, &seen, &mut findings);
    patience::check(&world, &seen, &mut findings);
    caps::check(&world, &seen, &mut findings);
    limits::check(&world, &seen, &mut findings);
    persons::check(&world, &seen, &mut findings);
    quiet::check(&world, &seen, &mut findings);
    timetable::check(&world, &seen, &mut findings);
    sets::check(&world, &seen, &mut findings);
    moves::check(&world, &seen, &mut findings);
    let orders = orders(script);
    events::check(&world, &orders, &seen, &mut findings);
    complete::check(&world, &seen, &mut findings);
    findings.bound.insert("zone: a customer moved".into(), world.zone_changes());
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

/// Orders by their ids: when it was learnt, when it happened, whose, cents.
fn orders(script: &Script) -> BTreeMap<&str, (Ms, Ms, &str, i64)> {
    let mut all = BTreeMap::new();
    for (at, what) in &script.happenings {
        if let Happening::Orders(orders) = what {
            for order in orders {
                all.entry(&*order.id).or_insert((*at, order.time, &*order.customer, order.total));
            }
        }
    }
    all
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
