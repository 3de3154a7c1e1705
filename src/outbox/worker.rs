//! A worker: takes due messages of its queue, claims them durably, hands them over, and makes the
//! results durable.

use std::pin::Pin;
use std::sync::Arc;

use super::gate::{Claim, Payload, Prepared, Report, Route, domain_of};
use super::index::Found;
use super::journal::Journal;
use super::patience::{PATIENCE, leave_others};
use super::settle::{Settled, Terms, finish, give_back, settle};
use super::shared::{Changes, Shared, journal_trouble};
use crate::deliver::email::{Built, SetAside};
use crate::deliver::webhook::{Call, Caller};
use crate::deliver::{MailSession, Outcome};
use crate::failpoint;
use crate::model::{Duration, Instant};
use crate::record::{MessageKey, MessageState, OpenMessage};
use crate::store::StoreError;
use crate::store::tables::messages;

/// The gate is not asked about the same message more often than this.
const SHORTEST_WAIT: Duration = Duration(100);

/// How often a paused message is looked at; a resume wakes it at once.
const LOOK_AFTER_PAUSE: Duration = Duration::seconds(30);

/// What a worker took off its queue.
struct Taken {
    /// By the instant they were decided and their key.
    messages: Vec<(Instant, MessageKey)>,
    /// When.
    at: Instant,
    /// Whether it is one call that goes to see how its endpoint is.
    probe: bool,
}

/// A claimed message and what goes out.
pub(super) struct Ready {
    pub(super) message: OpenMessage,
    parcel: Parcel,
}

enum Parcel {
    Mail(Built),
    Call(Call),
}

/// The way out of this worker.
enum Sender {
    Mail(MailSession),
    Calls(Caller),
}

impl Sender {
    /// When an open connection has been idle for long enough.
    fn idle_until(&self) -> Option<Instant> {
        match self {
            Self::Mail(session) => session.idle_until(),
            Self::Calls(_) => None,
        }
    }

    async fn close(&mut self) {
        match self {
            Self::Mail(session) => session.close().await,
            Self::Calls(_) => {}
        }
    }
}

/// Why a worker cannot go on.
struct Trouble(String);

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self(format!("the outbox cannot go on: {error}"))
    }
}

/// One of a queue's workers.
pub(super) struct Worker {
    shared: Arc<Shared>,
    /// Its number among all, and how many its queue has.
    number: (usize, usize),
    queue: usize,
    route: Route,
    most: usize,
    journal: Journal,
    sender: Sender,
    /// Whether what it has goes to see how the endpoint is.
    probe: bool,
    /// Messages begun since it last took some.
    begun: usize,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        number: (usize, usize),
        queue: usize,
        route: &Route,
        journal: Journal,
    ) -> Self {
        let (sender, most) = match route {
            Route::Email => (Sender::Mail(shared.channels.mailer.session()), shared.options.mails_per_claim),
            // Nobody is employed for attributes.
            Route::Endpoint(_) | Route::Attributes => {
                (Sender::Calls(shared.channels.caller.clone()), shared.options.calls_per_claim)
            }
        };
        let (route, most) = (route.clone(), most.max(1));
        Self { shared, number, queue, route, most, journal, sender, probe: false, begun: 0 }
    }

    /// Works until the outbox stops.
    pub(super) fn run(mut self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            while let Some(taken) = self.next().await {
                let (at, count) = (taken.at, taken.messages.len());
                (self.probe, self.begun) = (taken.probe, 0);
                let handled = self.handle(taken.messages).await;
                self.shared.index().release(self.queue, at, count.saturating_sub(self.begun), self.probe);
                if let Err(trouble) = handled {
                    self.shared.fail(trouble.0);
                    break;
                }
            }
            self.sender.close().await;
        })
    }

    /// Waits for due messages; none when the outbox stops.
    async fn next(&mut self) -> Option<Taken> {
        let changed = self.shared.index().changed(self.queue);
        let mut stopping = self.shared.stopping.subscribe();
        loop {
            // Listening begins before the look, so that nothing is missed in between.
            let mut news = std::pin::pin!(changed.notified());
            news.as_mut().enable();
            if *stopping.borrow_and_update() {
                return None;
            }
            let at = self.shared.clock.now();
            let found = self.take(at);
            let until = match found {
                Found::Messages(messages) => return Some(Taken { messages, at, probe: false }),
                Found::Probe(messages) => return Some(Taken { messages, at, probe: true }),
                Found::Until(at) => Some(at),
                Found::Nothing => None,
            };
            let due = async {
                match until {
                    Some(at) => self.shared.clock.sleep_until_or_back(at).await,
                    None => std::future::pending().await,
                }
            };
            let idle = async {
                match self.sender.idle_until() {
                    Some(at) => self.shared.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let is_idle = tokio::select! {
                () = news => false,
                () = due => false,
                _ = stopping.changed() => false,
                () = idle => true,
            };
            if is_idle {
                self.sender.close().await;
            }
        }
    }

    fn take(&self, now: Instant) -> Found {
        self.shared.index().take(self.queue, self.number, now, self.most)
    }

    async fn handle(&mut self, taken: Vec<(Instant, MessageKey)>) -> Result<(), Trouble> {
        let now = self.shared.clock.now();
        let mut claim = Changes::default();
        let ready = self.prepare(taken, now, &mut claim)?;
        let late = failpoint::sabotage("claim_after_send");
        if !late {
            std::mem::take(&mut claim).commit(&self.shared).await?;
        }
        if ready.is_empty() {
            return Ok(claim.commit(&self.shared).await?);
        }
        failpoint::hit("after_claim");
        let results = self.send_all(ready, now).await?;
        claim.commit(&self.shared).await?;
        failpoint::hit("before_result_commit");
        for changes in results {
            changes.commit(&self.shared).await?;
        }
        self.journal.clear().map_err(|error| self.broken(&error))
    }

    /// Asks the gate about each message; those that may go are claimed in `claim`.
    fn prepare(
        &self,
        taken: Vec<(Instant, MessageKey)>,
        now: Instant,
        claim: &mut Changes,
    ) -> Result<Vec<Ready>, StoreError> {
        let shared = &self.shared;
        let mut ready = Vec::new();
        for (decided, key) in taken {
            if claim.is_full() {
                shared.index().put_back(key, now, None);
                continue;
            }
            let Some(message) = self.load(decided, key)? else { continue };
            if shared.gate.route(&message) != self.route {
                // The rules have changed: it goes by another queue, with that one's limits.
                shared.index().refund(key);
                claim.reopen(message);
                continue;
            }
            if shared.gate.is_paused(&message) {
                shared.index().put_back(key, now.plus(LOOK_AFTER_PAUSE), Some("paused".into()));
                continue;
            }
            match shared.gate.claim(&message, now) {
                Claim::Wait(until, why) => {
                    shared.index().put_back(key, until.max(now.plus(SHORTEST_WAIT)), Some(why));
                }
                Claim::Withdraw(why) => {
                    let finished = finish(&message, MessageState::Withdrawn, now, why);
                    shared.index().refund(key);
                    claim.end(shared, &message, finished, None)?;
                }
                Claim::Dead(why) => {
                    shared.index().refund(key);
                    let finished = finish(&message, MessageState::Dead, now, why);
                    claim.end(shared, &message, finished, None)?;
                }
                Claim::Go(prepared) => self.claim(message, *prepared, now, claim, &mut ready)?,
            }
        }
        Ok(ready)
    }

    /// Reads a message; none when it is gone or does not read back.
    fn load(&self, decided: Instant, key: MessageKey) -> Result<Option<OpenMessage>, StoreError> {
        match messages::open_message(&*self.shared.store, decided, key) {
            Ok(Some(message)) => Ok(Some(message)),
            Ok(None) => {
                self.shared.index().remove(key);
                Ok(None)
            }
            Err(error @ StoreError::Corrupt(_)) => {
                self.shared.index().remove(key);
                self.shared.gate.report(Report::Skipped(error));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn claim(
        &self,
        mut message: OpenMessage,
        prepared: Prepared,
        now: Instant,
        claim: &mut Changes,
        ready: &mut Vec<Ready>,
    ) -> Result<(), StoreError> {
        let parcel = match (prepared.payload, &self.sender) {
            (Payload::Email(email), Sender::Mail(_)) => email.build().map(Parcel::Mail),
            (Payload::Call(call), Sender::Calls(_)) => Ok(Parcel::Call(call)),
            // The rules changed between two looks; the message goes to its new queue.
            (Payload::Email(_), Sender::Calls(_)) | (Payload::Call(_), Sender::Mail(_)) => {
                claim.reopen(message);
                return Ok(());
            }
        };
        match parcel {
            Ok(Parcel::Mail(mail))
                if !self.shared.index().is_among(message.key, &domain_of(mail.to.as_ref())) =>
            {
                self.shared.index().put_back(message.key, now, None);
                Ok(())
            }
            Ok(parcel) => {
                message.state = MessageState::Claimed;
                message.attempts = message.attempts.saturating_add(1);
                message.frozen.get_or_insert(prepared.frozen);
                claim.claim(&message);
                ready.push(Ready { message, parcel });
                Ok(())
            }
            Err(why) => {
                let finished = finish(&message, MessageState::Dead, now, why);
                claim.end(&self.shared, &message, finished, None)
            }
        }
    }

    /// Hands over what may still go; what may not is given back. The results that are not durable yet, in
    /// commits of bearable size.
    async fn send_all(&mut self, ready: Vec<Ready>, claimed: Instant) -> Result<Vec<Changes>, Trouble> {
        let mut results = vec![Changes::default()];
        let mut halted = false;
        let mut rest = ready.into_iter();
        while let Some(Ready { message, parcel }) = rest.next() {
            if results.last().is_none_or(Changes::is_full) {
                results.push(Changes::default());
            }
            let Some(changes) = results.last_mut() else { continue };
            let now = self.shared.clock.now();
            let age = now.since(claimed);
            let worn = age > self.shared.options.claim_lasts || age < Duration(0);
            let is_closed = || {
                self.shared.gate.is_paused(&message) || self.shared.index().is_domain_held(message.key, now)
            };
            if halted || worn || self.shared.is_stopping() || is_closed() {
                self.shared.index().refund(message.key);
                changes.reopen(give_back(message));
                continue;
            }
            let url = match &parcel {
                Parcel::Mail(_) => String::new(),
                Parcel::Call(call) => call.url.clone(),
            };
            let outcome = self.send_patiently(&message, parcel, &mut rest, &mut results).await?;
            let Some(changes) = results.last_mut() else { continue };
            let (halts, until) = match &self.sender {
                Sender::Mail(_) => self.react(message.key, &outcome, changes)?,
                Sender::Calls(_) => self.hear(&outcome, &url, changes)?,
            };
            halted = halts;
            self.note(&message, &outcome, until, changes)?;
        }
        Ok(results)
    }

    /// One message. While a mail takes long, the others of the claim go on in other hands.
    async fn send_patiently(
        &mut self,
        message: &OpenMessage,
        parcel: Parcel,
        rest: &mut std::vec::IntoIter<Ready>,
        results: &mut Vec<Changes>,
    ) -> Result<Outcome, Trouble> {
        let is_mail = matches!(parcel, Parcel::Mail(_));
        let shared = Arc::clone(&self.shared);
        let mut sending = std::pin::pin!(self.send(message, parcel));
        if !is_mail || failpoint::sabotage("claim_after_send") {
            return sending.await;
        }
        if let Ok(outcome) = tokio::time::timeout(PATIENCE, sending.as_mut()).await {
            shared.index().note_speed(message.key, false);
            return outcome;
        }
        leave_others(&shared, message.key, rest, results).await?;
        sending.await
    }

    /// One message, its beginning and its end noted in the worker's file. Doubt is no end.
    async fn send(&mut self, message: &OpenMessage, parcel: Parcel) -> Result<Outcome, Trouble> {
        self.journal.begin(message.key, message.attempts).map_err(|error| self.broken(&error))?;
        failpoint::hit("before_first_byte");
        self.begun += 1;
        let now = self.shared.clock.now();
        let outcome = match (&mut self.sender, parcel) {
            (Sender::Mail(session), Parcel::Mail(mail)) => session.send(mail, now).await,
            (Sender::Calls(caller), Parcel::Call(call)) => caller.send(&call, now).await,
            (Sender::Mail(_), Parcel::Call(_)) | (Sender::Calls(_), Parcel::Mail(_)) => {
                Outcome::Retry { reason: "the message changed its channel".into(), after: None }
            }
        };
        let sent = matches!(outcome, Outcome::Sent { .. });
        if sent {
            failpoint::hit("after_250");
        }
        if !matches!(outcome, Outcome::InDoubt { .. }) {
            let noted = self.journal.end(message.key, message.attempts, sent);
            noted.map_err(|error| self.broken(&error))?;
        }
        self.tell_of_relays();
        Ok(outcome)
    }

    /// What the last message taught about relays.
    fn tell_of_relays(&mut self) {
        let now = self.shared.clock.now();
        let news = match &mut self.sender {
            Sender::Mail(session) => session.learn(now),
            Sender::Calls(_) => Vec::new(),
        };
        for SetAside { name, reason, until } in news {
            self.shared.gate.report(Report::RelaySetAside { relay: name, reason, until });
        }
    }

    fn broken(&self, error: &std::io::Error) -> Trouble {
        Trouble(journal_trouble(&self.shared.options, error))
    }

    /// What an outcome says about the queue as a whole, and about the recipient's domain: whether the rest of
    /// the claim would fare the same, and until when the queue stands still. What a restart has to know is
    /// noted.
    fn react(
        &mut self,
        key: MessageKey,
        outcome: &Outcome,
        changes: &mut Changes,
    ) -> Result<(bool, Instant), StoreError> {
        let shared = &self.shared;
        let now = shared.clock.now();
        if let Sender::Mail(session) = &mut self.sender {
            for turn in session.take_turns() {
                changes.relay_turn(shared, turn)?;
            }
        }
        let mut index = shared.index();
        if let Outcome::Unreachable { reason } = outcome {
            let (until, is_news) = index.hold(self.queue, now, reason);
            let route = index.route(self.queue);
            drop(index);
            if is_news {
                shared.gate.report(Report::Unreachable { route, reason: reason.clone(), until });
            }
            return Ok((true, until));
        }
        index.reached(self.queue);
        match outcome {
            Outcome::Sent { .. } | Outcome::Dead { .. } => {
                let over = index.reached_domain(key, now);
                drop(index);
                over.map_or(Ok(()), |domain| changes.domain_over(shared, &domain))?;
            }
            Outcome::SlowDown { reason } => {
                let (until, is_news) = index.hold_domain(key, now, reason);
                let aside = index.domain_aside(key).filter(|_| is_news);
                drop(index);
                if let Some(aside) = aside {
                    changes.aside(&aside);
                }
                if is_news {
                    shared.gate.report(Report::SlowedDown { reason: reason.clone(), until });
                }
            }
            Outcome::Retry { .. }
            | Outcome::Greylisted { .. }
            | Outcome::InDoubt { .. }
            | Outcome::Unreachable { .. } => {}
        }
        Ok((false, now))
    }

    /// As [`Worker::react`], for a call of the endpoint at `url`; what changed for it is noted.
    fn hear(
        &self,
        outcome: &Outcome,
        url: &str,
        changes: &mut Changes,
    ) -> Result<(bool, Instant), StoreError> {
        let (halts, name, turn) = self.shared.hear(self.queue, outcome, self.probe, url);
        changes.turn(&self.shared, &name, &turn)?;
        Ok((halts, self.shared.clock.now()))
    }

    fn note(
        &self,
        message: &OpenMessage,
        outcome: &Outcome,
        unreachable_until: Instant,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        let shared = &self.shared;
        let retries = match &self.sender {
            Sender::Mail(_) => &shared.options.mail_retries,
            Sender::Calls(_) => &shared.options.call_retries,
        };
        let terms = Terms { retries, hold_doubt: shared.holds_doubt(message), unreachable_until };
        let now = shared.clock.now();
        match settle(message.clone(), outcome, now, terms) {
            Settled::Open(message) => changes.reopen(*message),
            Settled::Finished(finished, suppress) => changes.end(shared, message, finished, suppress)?,
        }
        Ok(())
    }
}
