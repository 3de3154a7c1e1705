//! What all workers share, and how changes reach the store and then the index.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::circuit::Turn;
use super::index::Index;
use super::journal::Journal;
use super::settle::finish;
use super::worker::Worker;
use super::{Channels, Gate, Options, Report, Route};
use crate::clock::Clock;
use crate::config::InDoubt;
use crate::deliver::email::RelayTurn;
use crate::failpoint;
use crate::model::{Channel, CustomerNumber};
use crate::record::{
    Aside, AsideKind, Deed, DeedKind, FinishedMessage, MessageState, OpenMessage, Suppression,
    SuppressionReason, TakenBack,
};
use crate::store::tables::{customers, deeds, endpoints, messages};
use crate::store::{Batch, Store, StoreError};

/// E-mail among the store's channels.
const EMAIL: u8 = 0;
/// A batch with more changes takes no further message: a commit holds at most 300.
const FULL: usize = 150;

/// What all workers share.
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) gate: Arc<dyn Gate>,
    pub(super) channels: Channels,
    pub(super) options: Options,
    pub(super) stopping: watch::Sender<bool>,
    pub(super) tasks: Mutex<JoinSet<()>>,
    runtime: Handle,
    workers: AtomicUsize,
    /// False until the start is through: before, queues have no workers.
    employing: AtomicBool,
    /// The number of the next pack of deeds.
    next_deeds: AtomicU64,
    index: Mutex<Index>,
}

impl Shared {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        gate: Arc<dyn Gate>,
        channels: Channels,
        options: Options,
    ) -> Result<Arc<Self>, StoreError> {
        let index = Mutex::new(Index::new(options.domains.clone()));
        let next_deeds = AtomicU64::new(deeds::next(&*store)?);
        Ok(Arc::new(Self {
            store,
            clock,
            gate,
            channels,
            options,
            stopping: watch::Sender::new(false),
            tasks: Mutex::default(),
            runtime: Handle::current(),
            workers: AtomicUsize::new(0),
            employing: AtomicBool::new(false),
            next_deeds,
            index,
        }))
    }

    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Nothing may go out any more.
    pub(super) fn fail(&self, why: String) {
        self.stopping.send_replace(true);
        self.gate.report(Report::Failed(why));
    }

    /// Whether doubt about this message is held for a person.
    pub(super) fn holds_doubt(&self, message: &OpenMessage) -> bool {
        message.marketing
            && message.channel == Channel::email()
            && self.options.in_doubt == InDoubt::Hold
            && !self.channels.mailer.is_repeatable()
    }

    /// Puts messages into their queues; a queue that is new gets its workers.
    pub(super) fn enqueue<'a>(self: &Arc<Self>, open: impl IntoIterator<Item = &'a OpenMessage>) {
        let routed = |message| {
            let route = self.gate.route(message);
            let domain = if route == Route::Email { self.gate.domain(message) } else { String::new() };
            (route, domain, message)
        };
        let routed: Vec<_> = open.into_iter().map(routed).collect();
        let mut new = Vec::new();
        {
            let mut index = self.index();
            let mut placed = Vec::with_capacity(routed.len());
            for (route, domain, message) in routed {
                let (queue, is_new) = index.queue(&route);
                placed.push((queue, domain, message));
                if is_new {
                    new.push((queue, route));
                }
            }
            index.put(&placed);
        }
        if self.employing.load(Ordering::Acquire) {
            for (queue, route) in &new {
                self.employ(*queue, route);
            }
        }
    }

    /// Starts the workers of all queues, and from now on those of each new one.
    pub(super) fn employ_all(self: &Arc<Self>) {
        self.employing.store(true, Ordering::Release);
        let routes = self.index().routes();
        for (queue, route) in routes.iter().enumerate() {
            self.employ(queue, route);
        }
    }

    /// Starts the workers of a queue that it lacks.
    pub(super) fn employ(self: &Arc<Self>, queue: usize, route: &Route) {
        let wanted = match route {
            Route::Email => self.options.mail_workers.max(1),
            Route::Endpoint(name) => self.take_terms(queue, name),
            Route::Attributes => return,
        };
        let missing = {
            let mut index = self.index();
            let calls = index.calls(queue);
            let missing = wanted.saturating_sub(calls.workers);
            calls.workers = calls.workers.max(wanted);
            missing
        };
        for _ in 0..missing {
            let number = self.workers.fetch_add(1, Ordering::Relaxed);
            match Journal::open(&self.options.folder, number, &self.options.boot) {
                Ok(journal) => {
                    let worker = Worker::new(Arc::clone(self), (number, wanted), queue, route, journal);
                    let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
                    tasks.spawn_on(worker.run(), &self.runtime);
                }
                Err(error) => return self.fail(journal_trouble(&self.options, &error)),
            }
        }
    }
}

/// What went wrong with a worker's file.
pub(super) fn journal_trouble(options: &Options, error: &std::io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free space on its disk",
        ErrorKind::PermissionDenied => "give the user that runs cvmd the right to write there",
        _ => "look into the kernel's log for errors of its disk",
    };
    let folder = options.folder.display();
    format!("the workers' files in `{folder}` cannot be written: {error}; {advice}, then start cvmd again")
}

/// Changes of messages that become durable together; only then the index and the daemon hear of them.
#[derive(Default)]
pub(super) struct Changes {
    batch: Batch,
    claimed: Vec<OpenMessage>,
    open: Vec<OpenMessage>,
    ended: Vec<FinishedMessage>,
    bounced: Vec<(CustomerNumber, SuppressionReason)>,
    deeds: Vec<Deed>,
}

impl Changes {
    /// Whether it should be committed before anything is added.
    pub(super) fn is_full(&self) -> bool {
        self.batch.changes.len() > FULL
    }

    /// A message that a worker goes on with.
    pub(super) fn claim(&mut self, message: &OpenMessage) {
        messages::put_open(&mut self.batch, message);
        self.claimed.push(message.clone());
    }

    /// A message that stands in its queue again, or is held in doubt.
    pub(super) fn reopen(&mut self, message: OpenMessage) {
        messages::put_open(&mut self.batch, &message);
        self.open.push(message);
    }

    /// A message that ended. Calls that follow it end with it, unless it was sent.
    pub(super) fn end(
        &mut self,
        shared: &Shared,
        message: &OpenMessage,
        finished: FinishedMessage,
        suppress: Option<SuppressionReason>,
    ) -> Result<(), StoreError> {
        if let Some(reason) = suppress {
            let address = message.frozen.as_ref().and_then(|frozen| shared.gate.hashed(&frozen.to));
            let suppression = Suppression { reason, at: finished.at, address };
            customers::put_suppression(&mut self.batch, message.customer, EMAIL, &suppression);
            self.bounced.push((message.customer, reason));
        }
        self.deeds.extend(deed(message, &finished, suppress));
        if finished.state != MessageState::Sent {
            self.end_followers(shared, message, &finished)?;
        }
        if finished.state == MessageState::Dead {
            put_letter(&mut self.batch, message, &finished);
        }
        self.remove(shared, message, finished)
    }

    fn end_followers(
        &mut self,
        shared: &Shared,
        message: &OpenMessage,
        end: &FinishedMessage,
    ) -> Result<(), StoreError> {
        let followers = shared.index().followers(message.key);
        for (decided, key) in followers {
            if let Some(follower) = messages::open_message(&*shared.store, decided, key)? {
                let why = "the message that it follows was not sent".to_owned();
                let finished = finish(&follower, MessageState::Withdrawn, end.at, why);
                if end.state == MessageState::Dead {
                    put_letter(&mut self.batch, &follower, &finished);
                }
                self.remove(shared, &follower, finished)?;
            }
        }
        Ok(())
    }

    fn remove(
        &mut self,
        shared: &Shared,
        message: &OpenMessage,
        finished: FinishedMessage,
    ) -> Result<(), StoreError> {
        put_end(&*shared.store, &mut self.batch, message, &finished)?;
        let left = shared.index().last_of_domain(message.key);
        left.map_or(Ok(()), |domain| self.domain_over(shared, &domain))?;
        self.ended.push(finished);
        Ok(())
    }

    /// What a call changed for its endpoint.
    pub(super) fn turn(&mut self, shared: &Shared, endpoint: &str, turn: &Turn) -> Result<(), StoreError> {
        match turn {
            Turn::Same => Ok(()),
            Turn::Begins(outage) | Turn::GoesOn(outage) => {
                endpoints::put_outage(&mut self.batch, outage);
                Ok(())
            }
            Turn::Ends => endpoints::remove_outage(&*shared.store, &mut self.batch, endpoint),
        }
    }

    /// Somebody is left alone from now on.
    pub(super) fn aside(&mut self, aside: &Aside) {
        endpoints::put_aside(&mut self.batch, aside);
    }

    /// A domain takes mail again.
    pub(super) fn domain_over(&mut self, shared: &Shared, domain: &str) -> Result<(), StoreError> {
        endpoints::remove_aside(&*shared.store, &mut self.batch, AsideKind::Domain, domain)
    }

    /// What changed for a relay.
    pub(super) fn relay_turn(&mut self, shared: &Shared, turn: RelayTurn) -> Result<(), StoreError> {
        match turn {
            RelayTurn::Aside(aside) => {
                self.aside(&aside);
                Ok(())
            }
            RelayTurn::Over(name) => {
                endpoints::remove_aside(&*shared.store, &mut self.batch, AsideKind::Relay, &name)
            }
        }
    }

    /// Makes it all durable, then tells.
    pub(super) async fn commit(mut self, shared: &Arc<Shared>) -> Result<(), StoreError> {
        let mut did = Vec::new();
        for pack in self.deeds.chunks(deeds::PACK_LIMIT) {
            let sequence = shared.next_deeds.fetch_add(1, Ordering::Relaxed);
            deeds::put(&mut self.batch, sequence, pack);
            if pack.iter().any(|deed| shared.gate.fires_on(deed.kind)) {
                deeds::mark(&mut self.batch, sequence);
            }
            did.push(Report::Did { sequence, deeds: pack.to_vec() });
        }
        if !self.batch.is_empty() {
            shared.store.commit(self.batch).durable().await?;
        }
        if !did.is_empty() {
            failpoint::hit("after_result_commit");
        }
        for message in &self.claimed {
            shared.index().note_state(message.key, message.state);
        }
        for finished in &self.ended {
            shared.index().remove(finished.key);
        }
        shared.enqueue(&self.open);
        for report in did {
            shared.gate.report(report);
        }
        for (customer, reason) in self.bounced {
            shared.gate.report(Report::Suppressed { customer, channel: EMAIL, reason });
        }
        for finished in self.ended {
            shared.gate.report(Report::Finished(finished));
        }
        for message in self.open.into_iter().filter(|message| message.state == MessageState::InDoubt) {
            let reason = message.last.map(|last| last.result).unwrap_or_default();
            shared.gate.report(Report::InDoubt { key: message.key, rule: message.rule, reason });
        }
        Ok(())
    }
}

/// Writes the end of an open message. One that died, and what ended with it, can be sent again.
pub(super) fn put_end(
    store: &dyn Store,
    batch: &mut Batch,
    message: &OpenMessage,
    finished: &FinishedMessage,
) -> Result<(), StoreError> {
    messages::remove_open(store, batch, message.decided, message.key)?;
    messages::put_finished(batch, finished);
    if finished.state == MessageState::Withdrawn && message.frozen.is_none() {
        // Nothing of it went out: it gives its room under the caps back.
        let channel = (!message.is_call).then(|| message.channel.clone());
        let mark = TakenBack { key: message.key, due: message.due, channel };
        messages::put_taken_back(batch, &mark);
    }
    Ok(())
}

/// Keeps a message that died, or one that ended with it, so that a person can send it again.
fn put_letter(batch: &mut Batch, message: &OpenMessage, finished: &FinishedMessage) {
    let letter = OpenMessage { state: finished.state, ..message.clone() };
    messages::put_letter(batch, finished.at, &letter);
}

/// What conditions will read of a message that ended. A call is no message.
fn deed(
    message: &OpenMessage,
    finished: &FinishedMessage,
    suppress: Option<SuppressionReason>,
) -> Option<Deed> {
    // What was sent counts at the instant it became due, as under caps.
    let (kind, at) = match (finished.state, suppress) {
        (MessageState::Sent, _) => (DeedKind::Sent, message.due),
        (_, Some(SuppressionReason::HardBounce)) => (DeedKind::Bounced, finished.at),
        (
            _,
            Some(SuppressionReason::Complaint | SuppressionReason::Asked | SuppressionReason::Erased) | None,
        ) => {
            return None;
        }
    };
    (!message.is_call).then(|| Deed {
        kind,
        key: message.key,
        customer: message.customer,
        at,
        learnt: finished.at,
        message: message.target.clone(),
        rule: message.rule.clone(),
        channel: message.channel.clone(),
        marketing: message.marketing,
    })
}
