//! What the running daemon answers itself: requests about it, and posts.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::deliver::email::RelayState;
use crate::model::Instant;
use crate::observe::{self, Exposition};
use crate::record::MessageState;
use crate::serve::{
    Control, ImportKind, Living, Measured, Measuring, OutboxRow, PersonWish, Reader, RefusalKind,
    RelayStatus, Reply, Request, Response, Taken, Taking, Unsubscribing, Waiting,
};

use super::attention::{complete, problem};
use super::called::is_carried;
use super::credentials::unreadable;
use super::endpoints::WEBHOOK;
use super::explained::add_messages;
use super::gate::SAID_ELSEWHERE;
use super::import::kind_of;
use super::listing;
use super::person;
use super::post::{self, Post};
use super::sent_test;
use super::service::Service;
use super::status::OpenMessages;
use super::vault;

/// Bodies that are read at the same time: reading is work for a processor each.
pub(super) const READERS: usize = 4;
/// The channel of mail.
const EMAIL: &str = "email";
/// A domain with so many messages waiting is nobody's own.
const MANY: u64 = 10;

impl Service {
    async fn status(&self) -> Response {
        match self.decider.call(Request::Status {}).await {
            Response::Status(mut status) => {
                let (store, active) = (Arc::clone(&self.store), self.shared.get().active.clone());
                let now = status.now;
                // It reads all that waits: beside the decider, which goes on meanwhile.
                let count = move || OpenMessages::count(&*store, active.as_deref(), now);
                let counted = tokio::task::spawn_blocking(count).await;
                counted.unwrap_or_default().tell(&mut status);
                status.pid = Some(std::process::id());
                status.started = Some(self.started);
                status.reload_error.clone_from(&self.refused.lock().unwrap_or_else(PoisonError::into_inner));
                for why in self.outbox_problems() {
                    problem(&mut status, why, Some("cvmd outbox list"));
                }
                status.relays = self.relays();
                status.waiting.extend(self.slowed());
                status.next_tick = Some(Instant(self.next_tick.load(Ordering::Relaxed)));
                if let Some(active) = &self.shared.get().active {
                    for why in unreadable(&self.config.secrets, &active.rules) {
                        problem(&mut status, why, Some("cvmd check --config-only"));
                    }
                }
                complete(&mut status);
                Response::Status(status)
            }
            other => other,
        }
    }

    async fn explain(&self, request: Request) -> Response {
        let response = self.decider.call(request).await;
        let Response::Explanation(mut explanation) = response else { return response };
        let store = Arc::clone(&self.store);
        // It looks through all messages: beside the decider, which goes on meanwhile.
        let add = move || match add_messages(&*store, &mut explanation) {
            Ok(()) => Response::Explanation(explanation),
            Err(error) => Response::refused(RefusalKind::Failed, error.to_string()),
        };
        let failed = |_| Response::refused(RefusalKind::Failed, "an internal error, a bug of cvmd");
        tokio::task::spawn_blocking(add).await.unwrap_or_else(failed)
    }

    async fn answer(&self, request: Request) -> Response {
        match request {
            Request::Reload {} => self.reload_now().await,
            Request::Stop {} => {
                self.stop.notify_one();
                Response::Done { message: "the daemon ends".into() }
            }
            Request::Status {} => self.status().await,
            // It looks through the whole history: beside the decider, which goes on meanwhile.
            Request::Person { customer, wish: wish @ (PersonWish::Show | PersonWish::Export) } => {
                let (store, shared) = (Arc::clone(&self.store), Arc::clone(&self.shared));
                let answer = move || person::answer(&*store, &shared, &customer, wish);
                let failed = |_| Response::refused(RefusalKind::Failed, "an internal error, a bug of cvmd");
                tokio::task::spawn_blocking(answer).await.unwrap_or_else(failed)
            }
            Request::Person {
                wish: PersonWish::Erase | PersonWish::Suppress | PersonWish::Resume, ..
            }
            | Request::Suppressions { .. }
            | Request::Resume { .. } => {
                let webhook = if let Request::Resume { scope } = &request {
                    scope.strip_prefix(WEBHOOK).map(str::to_owned)
                } else {
                    None
                };
                let forgets = matches!(request, Request::Person { wish: PersonWish::Erase, .. });
                let mut response = self.decider.call(request).await;
                if forgets {
                    // What a crash or a worker left of others is gone on with by whoever comes here.
                    let whose = if let Response::Erased(erased) = &response { erased.number } else { None };
                    match (self.forget_erased(whose).await, &mut response) {
                        (Ok(under_way), Response::Erased(erased)) => erased.under_way = under_way,
                        (Ok(_), _) => {}
                        (Err(error), _) => {
                            return Response::refused(RefusalKind::Failed, error.to_string());
                        }
                    }
                }
                if let Err(error) = self.meet_everybody().await {
                    return Response::refused(RefusalKind::Failed, error);
                }
                if let (Some(webhook), Response::Done { .. }) = (webhook, &response) {
                    self.outbox.enable(&webhook);
                }
                if let Response::Erased(_) = &response {
                    observe::Erased.happened(&self.shared.metrics);
                }
                self.outbox.recheck();
                self.wake.notify_one();
                response
            }
            Request::Import(import) => {
                let response = self.import(import).await;
                self.outbox.recheck();
                self.wake.notify_one();
                response
            }
            Request::Evaluate { .. } => self.evaluate(request).await,
            Request::Explain { .. } => self.explain(request).await,
            // It looks through all that waits: beside the decider, which goes on meanwhile.
            Request::OutboxList(filter) => {
                let (store, shared, now) =
                    (Arc::clone(&self.store), Arc::clone(&self.shared), self.clock.now());
                let list = move || listing::answer(&*store, &shared.get(), &filter, now);
                let failed = |_| Response::refused(RefusalKind::Failed, "an internal error, a bug of cvmd");
                let mut response = tokio::task::spawn_blocking(list).await.unwrap_or_else(failed);
                if let Response::Outbox { messages, .. } = &mut response {
                    self.say_why_they_wait(messages);
                }
                response
            }
            // The decider goes on meanwhile.
            Request::StoreExport { .. } | Request::StoreStats {} => {
                vault::transfer(Arc::clone(&self.store), request, self.clock.now()).await
            }
            Request::StoreImport { .. } => vault::refuse_import(),
            Request::SendTest { ref to, .. } => {
                let to = to.clone();
                let rendered = self.decider.call(request).await;
                sent_test::send((&self.config, &self.shared), rendered, &to, self.clock.now()).await
            }
            Request::Pause { .. }
            | Request::Render { .. }
            | Request::Customer { .. }
            | Request::OutboxChange { .. }
            | Request::Progress {}
            | Request::Names {} => self.decider.call(request).await,
        }
    }

    /// Why messages do not go out, as far as a person can mend it.
    fn outbox_problems(&self) -> Vec<String> {
        let waits = |(route, why)| format!("nothing goes out by {route}: {why}; messages wait");
        let mut problems: Vec<String> = self.outbox.troubles().into_iter().map(waits).collect();
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for why in self.outbox.held_back().into_values() {
            if !SAID_ELSEWHERE.contains(&why.as_str()) {
                *reasons.entry(why).or_default() += 1;
            }
        }
        problems.extend(reasons.into_iter().map(|(why, count)| match count {
            1 => format!("{why}; 1 message waits"),
            _ => format!("{why}; {count} messages wait"),
        }));
        problems
    }

    fn relays(&self) -> Vec<RelayStatus> {
        let status = |relay: RelayState| {
            let (trouble, until) = relay.aside.unzip();
            RelayStatus { name: relay.name, in_use: relay.is_used, trouble, until }
        };
        self.outbox.relays().into_iter().map(status).collect()
    }

    /// The messages that wait for domains which asked for less mail. A domain of few people may be that
    /// of a person, and is only counted.
    fn slowed(&self) -> Vec<Waiting> {
        let mut few: Option<Waiting> = None;
        let mut waiting = Vec::new();
        for slowed in self.outbox.slowed() {
            let messages = slowed.waiting as u64;
            let until = slowed.until;
            if messages >= MANY {
                let waits_for =
                    format!("`{}`, which wants less mail of us: {}", slowed.domain, slowed.reason);
                waiting.push(Waiting { waits_for, messages, first: until, last: until });
            } else if messages > 0 {
                let waits_for = "domains that want less mail of us".to_owned();
                let all = few.get_or_insert(Waiting { waits_for, messages: 0, first: until, last: until });
                all.messages += messages;
                (all.first, all.last) = (all.first.min(until), all.last.max(until));
            }
        }
        waiting.extend(few);
        waiting
    }

    /// The store knows what the other side said; what holds a message back before that, the outbox.
    fn say_why_they_wait(&self, rows: &mut [OutboxRow]) {
        let mut held_back: BTreeMap<String, String> =
            self.outbox.held_back().into_iter().map(|(key, why)| (key.to_string(), why)).collect();
        let still = self.outbox.mail_stands_still(self.clock.now());
        let active = self.shared.get().active.clone();
        let is_open = |row: &OutboxRow| {
            [MessageState::Pending, MessageState::Retry].iter().any(|state| state.label() == row.state)
        };
        let carried = |row: &OutboxRow| active.as_ref().is_some_and(|active| is_carried(&row.target, active));
        for row in rows {
            if let (Some((why, until)), None) = (&still, &row.waits_for)
                && row.channel == EMAIL
                && is_open(row)
                && !carried(row)
            {
                let why = format!("mail: {why}; left alone");
                (row.waits_for, row.waits_until) = (Some(why), Some(*until));
            }
            if let Some(why) = held_back.remove(&row.id) {
                if SAID_ELSEWHERE.contains(&why.as_str()) {
                    (row.waits_for, row.waits_until) = (Some(why), None);
                } else {
                    row.last_result = Some(format!("waits: {why}"));
                }
            }
        }
    }
}

impl Service {
    async fn take_in(&self, kind: ImportKind, body: Vec<u8>) -> Taken {
        if self.shared.room.is_short() {
            return Taken::NoRoom;
        }
        let Ok(reading) = self.readers.acquire().await else { return Taken::Busy };
        let (by, now) = (self.shared.get().active.clone(), self.clock.now());
        let read = tokio::task::spawn_blocking(move || Post::read(kind_of(kind), body, by, now)).await;
        drop(reading);
        match read {
            Ok(Ok(post)) => {
                let taken = self.decider.take(post).await;
                if let Taken::Kept(posted) = &taken {
                    let (accepted, unchanged) = (posted.accepted, posted.unchanged);
                    let rejected = posted.rejected.len() as u64 + posted.more_rejected;
                    let kind = label(kind);
                    let posted = observe::Posted { kind, accepted, unchanged, rejected };
                    posted.happened(&self.shared.metrics);
                }
                taken
            }
            Ok(Err(error)) => post::unreadable(&error),
            Err(_) => {
                tracing::error!("a post ended with an internal error, a bug of cvmd");
                Taken::Failed("an internal error, a bug of cvmd: see the daemon's log".into())
            }
        }
    }
}

const fn label(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Customers => "customers",
        ImportKind::Orders => "orders",
        ImportKind::Events => "events",
        ImportKind::Suppressions => "suppressions",
    }
}

impl Control for Service {
    fn call(&self, request: Request) -> Reply<'_> {
        Box::pin(self.answer(request))
    }

    fn lives(&self) -> Living<'_> {
        Box::pin(async {
            self.decider_gets_on(&mut None).await;
            self.store.failure().is_none()
        })
    }

    fn metrics(&self, accept: Option<&str>) -> Measuring<'_> {
        let format = Exposition::of(accept);
        Box::pin(async move {
            let text = self.shared.metrics.text(&self.scene().await, format);
            Some(Measured { content_type: format.content_type(), text })
        })
    }

    fn take(&self, kind: ImportKind, body: Vec<u8>) -> Taking<'_> {
        Box::pin(self.take_in(kind, body))
    }

    fn reader(&self, token: &str) -> Option<Reader> {
        self.exit.reader(token)
    }

    fn unsubscribe<'a>(&'a self, token: &'a str, message: Option<&'a str>) -> Unsubscribing<'a> {
        Box::pin(self.exit.leave(token, message))
    }
}
