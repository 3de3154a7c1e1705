//! Steps the real engine through the script.

mod channel;
mod csv;

use std::collections::BTreeSet;
use std::sync::Arc;

use cvmd::check;
use cvmd::daemon::{Engine, Outgoing, TickReport};
use cvmd::ingest::Kind;
use cvmd::model::{Date, Instant};
use cvmd::record::{Suppression, SuppressionReason, WhileQueued};
use cvmd::serve::RuleState;
use cvmd::store::{Batch, Memory, Store, tables};

use self::channel::{Channel, Inbox};
use super::log::{Line, Log};
use super::script::{HOUR, Happening, Ms, Script, Tree};
use crate::daemon::engine::import;

/// Of so many packs of what was sent the process dies before the engine hears of one.
const DIES: u64 = 61;

/// Lets the year pass; what was sent, and all else that was said.
pub fn run(script: &Script) -> Log {
    let mut driver = Driver::new(script);
    let mut happenings = script.happenings.iter().peekable();
    let mut now = script.start;
    while now < script.end {
        let mut look = now;
        while let Some((_, what)) = happenings.next_if(|(at, _)| *at <= now) {
            look = look.max(driver.happen(what, now));
        }
        if now >= driver.awake {
            driver.tick(look);
        }
        let next = happenings.peek().map_or(script.end, |(at, _)| *at);
        now = if now < driver.awake { next.min(driver.awake) } else { next.min(driver.next(now)) };
    }
    driver.passed_over();
    driver.attributes();
    driver.log
}

struct Driver {
    store: Arc<Memory>,
    inbox: Arc<Inbox>,
    engine: Engine,
    channel: Channel,
    tree: Tree,
    log: Log,
    /// Asleep until then.
    awake: Ms,
    /// The next instant of a schedule, as it was last asked for.
    scheduled: Ms,
    /// What somebody paused: who looks at what policies stopped leaves it alone.
    paused: BTreeSet<String>,
}

impl Driver {
    fn new(script: &Script) -> Self {
        let store = Arc::new(Memory::new());
        let (inbox, engine, channel) = open(&store, &script.tree, script.start);
        Self {
            store,
            inbox,
            engine,
            channel,
            tree: script.tree.clone(),
            log: Log::default(),
            awake: 0,
            scheduled: 0,
            paused: BTreeSet::new(),
        }
    }

    /// Lets it happen; when the tick after it is.
    fn happen(&mut self, what: &Happening, now: Ms) -> Ms {
        self.scheduled = 0;
        match what {
            Happening::Customers(people) => {
                import(&mut self.engine, Kind::Customers, &csv::customers(people), Instant(now));
            }
            Happening::Orders(orders) => {
                import(&mut self.engine, Kind::Orders, &csv::orders(orders), Instant(now));
                self.events(now);
                return now + 1;
            }
            Happening::Events(events, crash) => {
                import(&mut self.engine, Kind::Events, &csv::events(events), Instant(now));
                if let Some(commits) = crash {
                    self.store.fail_after(*commits);
                    let _ = self.engine.fire_events(Instant(now));
                    self.restart(Arc::new(self.store.crash()), now);
                }
                self.events(now);
                return now + 1;
            }
            Happening::Refused(tree) => assert!(!self.takes(tree), "taken, and should be refused: {tree:?}"),
            Happening::Rules(tree) => {
                self.tree = tree.clone();
                self.engine.activate(rules(tree), Instant(now)).unwrap();
                self.channel.recheck(Instant(now));
            }
            Happening::Pause(scope, drops) => {
                let queued = if *drops { WhileQueued::Drop } else { WhileQueued::Hold };
                self.engine.pause(&scope.parse().unwrap(), queued, Instant(now)).unwrap();
                self.paused.insert(scope.clone());
                self.channel.recheck(Instant(now));
            }
            Happening::Resume(scope) => {
                self.paused.remove(scope);
                self.resume(scope, now);
            }
            Happening::Look => self.look(now),
            Happening::Restart => self.restart(Arc::clone(&self.store), now),
            // Who sleeps looks at nobody, and dies all the same.
            Happening::Crash(_) if now < self.awake => self.restart(Arc::new(self.store.crash()), now),
            Happening::Crash(commits) => {
                self.store.fail_after(*commits);
                // It may end before it fails.
                let _ = self.engine.tick(Instant(now));
                self.log.lines.push(Line::Tick(now));
                self.restart(Arc::new(self.store.crash()), now);
                return now + 10;
            }
            Happening::Sleep(until) => self.awake = *until,
            Happening::Suppress(customer) => self.suppress(customer, now),
        }
        now
    }

    fn resume(&mut self, scope: &str, now: Ms) {
        let resumed = self.engine.resume_at(&scope.parse().unwrap(), Instant(now)).unwrap();
        if let Some(rule) = scope.strip_prefix("rule ") {
            let (rule, was_guarded, runs) = (rule.to_owned(), resumed.counts_anew, resumed.runs);
            self.log.lines.push(Line::Resumed { rule, at: now, was_guarded, runs });
        }
        self.channel.recheck(Instant(now));
    }

    /// Lets all go on that a policy stopped.
    fn look(&mut self, now: Ms) {
        let by_guard =
            |note: &Option<String>| note.as_ref().is_some_and(|note| note.starts_with("paused since"));
        for rule in self.engine.status(Instant(now)).rules {
            let scope = format!("rule {}", rule.name);
            let is_stopped = match rule.state {
                RuleState::Held => true,
                RuleState::Paused => by_guard(&rule.note),
                RuleState::Active | RuleState::Silenced => false,
            };
            if is_stopped && !self.paused.contains(&scope) {
                self.resume(&scope, now);
            }
        }
    }

    /// Whether the daemon would take these rules over.
    fn takes(&self, tree: &Tree) -> bool {
        let mut files = check::Files::new();
        for (path, text) in tree {
            files.insert(path.clone(), text.clone().into_bytes());
        }
        let options = check::Options { commit: "abc123", today: Date(20_780) };
        check::check_beside(&files, &options, Some(self.engine.remembered())).rules.is_some()
    }

    /// Rules on events are asked, as the daemon does when one came or a wait is over.
    fn events(&mut self, now: Ms) {
        if now < self.awake {
            return;
        }
        self.engine.fire_events(Instant(now)).unwrap();
        self.log.lines.push(Line::Asked(now));
        self.hand_over(now);
    }

    /// Hands over what is due; rules fire on what was sent, and what they decide is handed over, too.
    fn hand_over(&mut self, now: Ms) {
        loop {
            self.channel.run(&self.engine, Instant(now), &mut self.log);
            let packs = self.channel.did();
            let bounced = self.channel.bounced();
            let Some((last, _)) = packs.last() else { return };
            if last % DIES == 0 {
                // Between the outbox's commit and the engine's hearing of it.
                self.restart(Arc::new(self.store.crash()), now);
            } else {
                for (sequence, pack) in packs {
                    self.engine.did(sequence, pack).unwrap();
                }
                for customer in bounced {
                    self.engine.suppressed(customer);
                }
            }
            self.engine.fire_events(Instant(now)).unwrap();
            self.log.lines.push(Line::Asked(now));
        }
    }

    fn restart(&mut self, store: Arc<Memory>, now: Ms) {
        self.store = store;
        (self.inbox, self.engine, self.channel) = open(&self.store, &self.tree, now);
    }

    fn suppress(&mut self, customer: &str, now: Ms) {
        // Who has not come yet has no address that could turn out bad.
        let Some(number) = self.engine.find(customer) else { return };
        let mut batch = Batch::default();
        let suppression =
            Suppression { reason: SuppressionReason::HardBounce, at: Instant(now), address: None };
        tables::customers::put_suppression(&mut batch, number, 0, &suppression);
        self.store.commit(batch).wait().unwrap();
        self.restart(Arc::clone(&self.store), now);
    }

    fn tick(&mut self, now: Ms) {
        let report = self.engine.tick(Instant(now)).unwrap();
        self.ticked(now, report);
    }

    fn ticked(&mut self, now: Ms, report: TickReport) {
        assert!(!report.on_hold && !report.waits_for_load);
        self.log.lines.push(Line::Tick(now));
        let missed = report.missed.into_iter();
        self.log.lines.extend(missed.map(|(rule, passed)| Line::Missed {
            rule,
            first: passed.first.0,
            last: passed.last.0,
        }));
        self.log.lines.extend(report.held.into_iter().map(|rule| Line::Held { rule, at: now }));
        self.hand_over(now);
    }

    /// When the daemon would look next: each hour, at each schedule's instants, and when a message
    /// is due.
    fn next(&mut self, now: Ms) -> Ms {
        let hour = (now.div_euclid(HOUR) + 1) * HOUR;
        if self.scheduled <= now {
            let rules = self.engine.status(Instant(now)).rules.into_iter();
            let occurrences = rules.filter_map(|rule| rule.next).filter(|at| at.0 > now);
            self.scheduled = occurrences.min().map_or(Ms::MAX, |at| at.0);
        }
        let due = self.channel.next().filter(|at| at.0 > now).map_or(Ms::MAX, |at| at.0);
        hour.min(self.scheduled).min(due)
    }

    /// Writes down what the attributes hold that rules set.
    fn attributes(&mut self) {
        let mut all = Vec::new();
        for number in self.engine.population().everybody().iter().map(cvmd::model::CustomerNumber) {
            let id = self.engine.population().id(number).unwrap_or("?");
            let profile = tables::customers::profile(&*self.store, number).unwrap().unwrap();
            let level = profile.values.into_iter().find(|(name, _)| name == "level");
            all.extend(level.map(|(name, value)| Line::Final(id.to_owned(), name, value)));
        }
        self.log.lines.extend(all);
    }

    /// Writes down whom the store says the rules passed over, and why.
    fn passed_over(&mut self) {
        for (rule, number) in tables::rules::numbers(&*self.store).unwrap() {
            for ((at, reason), customers) in tables::runs::non_sends(&*self.store, number).unwrap() {
                for customer in customers.iter() {
                    let customer = cvmd::model::CustomerNumber(customer);
                    self.log.lines.push(Line::Passed {
                        rule: rule.clone(),
                        at: at.0,
                        customer: self.engine.population().id(customer).unwrap_or("?").to_owned(),
                        reason: reason.label().to_owned(),
                    });
                }
            }
        }
    }
}

fn open(store: &Arc<Memory>, tree: &Tree, now: Ms) -> (Arc<Inbox>, Engine, Channel) {
    let inbox = Arc::new(Inbox::default());
    let outgoing: Arc<dyn Outgoing> = Arc::clone(&inbox) as _;
    let mut engine = Engine::open(Arc::clone(store) as Arc<dyn Store>, outgoing).unwrap();
    engine.activate(rules(tree), Instant(now)).unwrap();
    let channel = Channel::open(&engine, Arc::clone(&inbox));
    (inbox, engine, channel)
}

fn rules(tree: &Tree) -> cvmd::ruleset::RuleSet {
    let files: Vec<(&str, &str)> = tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    crate::daemon::engine::rules(&files)
}
