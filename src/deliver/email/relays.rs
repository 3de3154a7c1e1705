//! Several mail servers in order of preference: which one is taken, and which are left alone for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Server;
use crate::model::{Duration, Instant};
use crate::record::{Aside as Record, AsideKind};

/// For how long a relay that failed is left alone at first, and at most.
const FIRST_ASIDE: Duration = Duration::seconds(10);
const LONGEST_ASIDE: Duration = Duration::seconds(300);
/// How long one worker may take to look whether a relay is back, before another one looks.
const LOOK: Duration = Duration::seconds(300);

/// The relays that all workers share.
#[derive(Debug)]
pub struct Relays {
    servers: Vec<Server>,
    states: Mutex<Vec<State>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    aside: Option<Aside>,
    /// Times that it failed since it last answered.
    failures: u32,
}

#[derive(Debug, Clone)]
struct Aside {
    until: Instant,
    why: String,
}

impl Aside {
    /// Whether it is still to be left alone. What lies further ahead than any wait was noted before the
    /// clock went back.
    fn keeps(&self, now: Instant) -> bool {
        self.until > now && self.until.since(now) <= LONGEST_ASIDE.max(LOOK)
    }
}

/// How a relay is, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayState {
    /// `smtps://mail.example:465`.
    pub name: String,
    /// Whether new connections go there.
    pub is_used: bool,
    /// Why it is left alone, and until when.
    pub aside: Option<(String, Instant)>,
}

/// A relay that was set aside just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// `smtps://mail.example:465`.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Instant,
}

/// What changed for a relay, as a restart has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayTurn {
    /// It is left alone, or goes on being so.
    Aside(Record),
    /// The relay of this name answered again.
    Over(String),
}

/// What one message's way taught about relays.
#[derive(Debug, Default)]
pub(super) struct Lesson {
    /// Those that failed, in that order, and why.
    pub(super) failed: Vec<(usize, String)>,
    /// The one that answered.
    pub(super) answered: Option<usize>,
}

impl From<Server> for Relays {
    fn from(server: Server) -> Self {
        Self::new(vec![server])
    }
}

impl Relays {
    /// Relays in order of preference; at least one.
    #[must_use]
    pub fn new(servers: Vec<Server>) -> Self {
        let states = Mutex::new(vec![State::default(); servers.len()]);
        Self { servers, states }
    }

    /// The relays, in order of preference.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    fn states(&self) -> MutexGuard<'_, Vec<State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what an earlier process knew; those that are no relays of ours any more.
    pub fn restore(&self, records: Vec<Record>) -> Vec<Record> {
        let mut states = self.states();
        let names: Vec<String> = self.servers.iter().map(|server| server.at.to_string()).collect();
        let mut strangers = Vec::new();
        for record in records {
            match names.iter().position(|name| *name == record.name) {
                Some(at) => {
                    let aside = Some(Aside { until: record.until, why: record.reason });
                    states[at] = State { aside, failures: record.times };
                }
                None => strangers.push(record),
            }
        }
        strangers
    }

    /// Where no relay is to be tried before an instant: that one, and why.
    #[must_use]
    pub fn closed(&self, now: Instant) -> Option<(Instant, String)> {
        let states = self.states();
        let aside = |state: &State| state.aside.clone().filter(|aside| aside.keeps(now));
        let asides: Vec<Aside> = states.iter().map(aside).collect::<Option<_>>()?;
        let soonest = asides.iter().map(|aside| aside.until).min()?;
        let why: Vec<String> = asides.into_iter().map(|aside| aside.why).collect();
        Some((soonest, why.join("; ")))
    }

    /// Where a new connection goes: the first that is not set aside, or whose time has come. Where all
    /// are and none was tried for this message yet, the one whose time comes first: whoever asks has
    /// been told to wait long enough.
    pub(super) fn choose(&self, now: Instant, failed: &[(usize, String)]) -> Option<usize> {
        let mut states = self.states();
        let untried = |at: &usize| failed.iter().all(|(tried, _)| tried != at);
        let may = |at: &usize| states[*at].aside.as_ref().is_none_or(|aside| !aside.keeps(now));
        let soonest = |at: &usize| states[*at].aside.as_ref().map_or(Instant(i64::MIN), |aside| aside.until);
        let mut chosen = (0..states.len()).filter(untried).find(may);
        if chosen.is_none() && failed.is_empty() {
            chosen = (0..states.len()).min_by_key(soonest);
        }
        // One worker looks whether it is back; the others go on with those that work.
        if let Some(aside) = chosen.and_then(|at| states[at].aside.as_mut()) {
            aside.until = now.plus(LOOK);
        }
        chosen
    }

    /// Learns what came of a message's way; who was set aside by it, and what a restart has to know.
    pub(super) fn learn(&self, lesson: Lesson, now: Instant) -> (Vec<SetAside>, Vec<RelayTurn>) {
        let mut states = self.states();
        let (mut news, mut turns) = (Vec::new(), Vec::new());
        for (at, why) in lesson.failed {
            let state = &mut states[at];
            // Where there is but one, the queue says that nothing goes out.
            let is_news = state.aside.is_none() && self.servers.len() > 1;
            let name = self.servers[at].at.to_string();
            let doubled = FIRST_ASIDE.0 << state.failures.min(10);
            let until = now.plus(Duration(doubled.min(LONGEST_ASIDE.0)));
            state.failures = state.failures.saturating_add(1);
            if is_news {
                news.push(SetAside { name: name.clone(), reason: why.clone(), until });
            }
            let (kind, reason, times) = (AsideKind::Relay, why.clone(), state.failures);
            turns.push(RelayTurn::Aside(Record { kind, name, reason, until, times }));
            state.aside = Some(Aside { until, why });
        }
        if let Some(at) = lesson.answered
            && std::mem::take(&mut states[at]).aside.is_some()
        {
            turns.push(RelayTurn::Over(self.servers[at].at.to_string()));
        }
        (news, turns)
    }

    /// How each is, in order of preference.
    #[must_use]
    pub fn standing(&self) -> Vec<RelayState> {
        let states = self.states();
        let used = states.iter().position(|state| state.aside.is_none());
        let state = |(at, (server, state)): (usize, (&Server, &State))| RelayState {
            name: server.at.to_string(),
            is_used: used == Some(at),
            aside: state.aside.as_ref().map(|aside| (aside.why.clone(), aside.until)),
        };
        self.servers.iter().zip(states.iter()).enumerate().map(state).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Security, SmtpServer};

    const NOW: Instant = Instant(1_790_000_000_000);

    fn relays(count: u16) -> Relays {
        let server = |port| {
            let host = "127.0.0.1".into();
            let at = SmtpServer { security: Security::Plain, host, port, login: None, ca_file: None };
            Server::new(&at, None, "shop.example", None).unwrap()
        };
        Relays::new((0..count).map(server).collect())
    }

    fn fail(at: usize) -> Lesson {
        Lesson { failed: vec![(at, format!("no {at}"))], answered: None }
    }

    #[test]
    fn the_first_is_taken_until_it_fails_and_again_when_its_time_has_come() {
        let relays = relays(3);
        let fresh: [(usize, String); 0] = [];
        assert_eq!(relays.choose(NOW, &fresh), Some(0));
        assert_eq!(relays.choose(NOW, &fail(0).failed), Some(1), "for this message at once");
        let (news, turns) = relays.learn(fail(0), NOW);
        let [RelayTurn::Aside(record)] = &turns[..] else { panic!("{turns:?}") };
        let restarted = self::relays(3);
        assert_eq!(restarted.restore(vec![record.clone()]), []);
        assert_eq!(restarted.standing(), relays.standing());
        assert_eq!(news[0].until, NOW.plus(FIRST_ASIDE));
        assert_eq!(relays.choose(NOW, &fresh), Some(1));
        let standing = relays.standing();
        assert_eq!(standing.iter().map(|relay| relay.is_used).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(standing[0].aside, Some(("no 0".into(), NOW.plus(FIRST_ASIDE))));
        let later = NOW.plus(FIRST_ASIDE);
        assert_eq!(relays.choose(later, &fresh), Some(0), "one looks");
        assert_eq!(relays.choose(later, &fresh), Some(1), "the others go on");
        assert_eq!(relays.learn(fail(0), later).0, [], "told once");
        assert_eq!(relays.choose(later.plus(FIRST_ASIDE), &fresh), Some(1), "twice as long");
        assert_eq!(relays.choose(later.plus(Duration::seconds(20)), &fresh), Some(0));
        let answered = || Lesson { failed: vec![], answered: Some(0) };
        let over = relays.learn(answered(), later).1;
        assert_eq!(over, [RelayTurn::Over(relays.standing()[0].name.clone())]);
        assert_eq!(relays.learn(answered(), later).1, []);
        assert_eq!(relays.choose(later, &fresh), Some(0));
        assert!(relays.standing()[0].is_used);
    }

    #[test]
    fn the_wait_grows_to_five_minutes_and_begins_anew_after_an_answer() {
        let relays = relays(2);
        let waits: Vec<i64> = (0..20)
            .map(|_| {
                relays.learn(fail(0), NOW);
                relays.standing()[0].aside.as_ref().unwrap().1.since(NOW).0 / 1_000
            })
            .collect();
        assert_eq!(waits[..7], [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(waits[19], 300);
        relays.learn(Lesson { failed: vec![], answered: Some(0) }, NOW);
        relays.learn(fail(0), NOW);
        assert_eq!(relays.standing()[0].aside.as_ref().unwrap().1, NOW.plus(FIRST_ASIDE));
    }

    #[test]
    fn where_all_are_set_aside_the_first_to_come_back_is_tried_once_for_a_message() {
        let relays = relays(2);
        relays.learn(fail(1), NOW);
        relays.learn(fail(0), NOW.plus(Duration::seconds(1)));
        assert_eq!(relays.choose(NOW, &[]), Some(1));
        assert_eq!(relays.choose(NOW, &fail(1).failed), None, "it is bounded");
        let alone = self::relays(1);
        alone.learn(fail(0), NOW);
        assert_eq!(alone.choose(NOW, &[]), Some(0));
    }

    #[test]
    fn what_an_earlier_process_knew_holds_for_relays_that_are_still_there() {
        let before = relays(2);
        let failed = (0..3).map(|_| before.learn(fail(0), NOW).1.remove(0));
        let Some(RelayTurn::Aside(record)) = failed.last() else { panic!("it is set aside") };
        let other = Record { name: "smtps://gone.example:465".into(), ..record.clone() };
        let after = relays(2);
        assert_eq!(after.restore(vec![record.clone(), other.clone()]), [other]);
        assert_eq!((after.choose(NOW, &[]), after.closed(NOW)), (Some(1), None));
        after.learn(fail(0), NOW);
        assert_eq!(after.standing()[0].aside.as_ref().unwrap().1, NOW.plus(Duration::seconds(80)));
        after.learn(fail(1), NOW);
        assert_eq!(after.closed(NOW), Some((NOW.plus(FIRST_ASIDE), "no 0; no 1".into())));
        assert_eq!(after.closed(NOW.plus(FIRST_ASIDE)), None);
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_aside() {
        let relays = relays(2);
        relays.learn(fail(0), NOW);
        let before = NOW.minus(Duration::days(1));
        assert_eq!(relays.choose(before, &[]), Some(0));
    }
}
