//! The recording channel: the real gate, asked at the instants at which the real outbox would ask,
//! and a log in place of a mail server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cvmd::config::Secrets;
use cvmd::daemon::{DaemonGate, Engine, Outgoing, Sender};
use cvmd::model::CustomerNumber;
use cvmd::model::Instant;
use cvmd::outbox::{Claim, Gate};
use cvmd::record::{
    Deed, DeedKind, FinishedMessage, Frozen, MessageKey, MessageState, OpenMessage, Suppression,
    SuppressionReason, TakenBack,
};
use cvmd::store::{Batch, Store, tables};

use crate::year::log::{Line, Log, Sent};

/// What the engine hands over, until the channel takes it.
#[derive(Default)]
pub struct Inbox(pub Mutex<Vec<OpenMessage>>);

impl Outgoing for Inbox {
    fn add(&self, messages: Vec<OpenMessage>) {
        self.0.lock().unwrap().extend(messages);
    }
}

pub struct Channel {
    gate: Arc<DaemonGate>,
    store: Arc<dyn Store>,
    inbox: Arc<Inbox>,
    /// Each with the instant at which the gate is asked about it, and that at which it was due.
    waiting: BTreeMap<MessageKey, (Instant, OpenMessage)>,
    /// What rules have set, for the log: the engine applies it.
    sets: Vec<OpenMessage>,
    /// What was sent and the engine has not heard of: packs with their numbers.
    did: Vec<(u64, Vec<Deed>)>,
    next_deeds: u64,
    /// Whose address was refused, and the engine has not heard of it.
    bounced: Vec<CustomerNumber>,
}

impl Channel {
    /// Takes over what an earlier process left.
    pub fn open(engine: &Engine, inbox: Arc<Inbox>) -> Self {
        let store = Arc::clone(engine.store());
        let sender = Sender {
            from: "Shop <shop@shop.example>".into(),
            sandbox: Vec::new(),
            secrets: Secrets::default(),
            links: None,
        };
        // Nobody listens: what the daemon does with reports is not what is looked at here.
        let (reports, _) = tokio::sync::mpsc::unbounded_channel();
        let gate = DaemonGate::new(Arc::clone(&store), Arc::clone(engine.shared()), sender, reports);
        let next_deeds = tables::deeds::next(&*store).unwrap();
        let (waiting, sets, did, bounced) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        let mut channel = Self { gate, store, inbox, waiting, sets, did, next_deeds, bounced };
        let open: Vec<OpenMessage> =
            tables::messages::open_messages(&*channel.store).collect::<Result<_, _>>().unwrap();
        channel.take(open);
        channel
    }

    fn take(&mut self, messages: Vec<OpenMessage>) {
        for message in messages {
            if message.is_set {
                self.sets.push(message);
                continue;
            }
            self.waiting.insert(message.key, (message.next_attempt, message));
        }
    }

    /// The instant at which something is due next.
    pub fn next(&self) -> Option<Instant> {
        self.waiting.values().map(|(at, _)| *at).min()
    }

    /// What was sent since the last time, for the engine to hear of.
    pub fn did(&mut self) -> Vec<(u64, Vec<Deed>)> {
        std::mem::take(&mut self.did)
    }

    /// Whose address was refused since the last time, for the engine to hear of.
    pub fn bounced(&mut self) -> Vec<CustomerNumber> {
        std::mem::take(&mut self.bounced)
    }

    /// Makes due what the gate held back, as a resume or new rules do.
    pub fn recheck(&mut self, now: Instant) {
        for (at, message) in self.waiting.values_mut() {
            *at = (*at).min(now.max(message.next_attempt));
        }
    }

    /// Hands over what is due; calls after the messages that they follow.
    pub fn run(&mut self, engine: &Engine, now: Instant, log: &mut Log) {
        let new = std::mem::take(&mut *self.inbox.0.lock().unwrap());
        self.take(new);
        for message in std::mem::take(&mut self.sets) {
            let (_, text) = message.call_fields.first().cloned().unwrap_or_default();
            log.set(sent(engine, &message, text, now));
        }
        for calls in [false, true] {
            let due: Vec<MessageKey> = self
                .waiting
                .iter()
                .filter(|(_, (at, message))| *at <= now && message.is_call == calls)
                .map(|(key, _)| *key)
                .collect();
            for key in due {
                if !calls || !self.follows(key) {
                    self.ask(engine, key, now, log);
                }
            }
        }
    }

    /// Whether a message of the same decision is still under way.
    fn follows(&self, call: MessageKey) -> bool {
        let span = MessageKey { action: MessageKey::SENT, ..call }..=MessageKey { action: u8::MAX, ..call };
        self.waiting.range(span).any(|(_, (_, message))| !message.is_call)
    }

    fn ask(&mut self, engine: &Engine, key: MessageKey, now: Instant, log: &mut Log) {
        let Some((_, message)) = self.waiting.get(&key).cloned() else { return };
        match self.gate.claim(&message, now) {
            Claim::Go(prepared) => {
                let address = reached(&message, prepared.frozen);
                let bounced = is_gone(&address);
                let hash = self.gate.hashed(&address).filter(|_| bounced);
                log.lines.push(Line::Sent(Sent { bounced, ..sent(engine, &message, address, now) }));
                if bounced {
                    let reason = SuppressionReason::HardBounce;
                    let suppression = Suppression { reason, at: now, address: hash };
                    self.end(&message, (MessageState::Dead, Some(suppression)), "550 5.1.1".into(), now);
                } else {
                    self.end(&message, (MessageState::Sent, None), "taken".into(), now);
                }
            }
            Claim::Wait(until, _) => {
                assert!(until > now, "a wait into the past: {until:?}");
                self.waiting.insert(key, (until, message));
            }
            Claim::Withdraw(why) => {
                self.withdraw(engine, &message, why, now, log);
                let followers: Vec<OpenMessage> = self.followers(key);
                for call in followers {
                    self.withdraw(engine, &call, "its message died".into(), now, log);
                }
            }
            Claim::Dead(why) => panic!("{}: {why}", message.rule),
        }
    }

    fn withdraw(&mut self, engine: &Engine, message: &OpenMessage, why: String, now: Instant, log: &mut Log) {
        log.lines.push(Line::Withdrawn(sent(engine, message, String::new(), now), why.clone()));
        self.end(message, (MessageState::Withdrawn, None), why, now);
    }

    /// The calls of a decision none of whose messages is under way any more.
    fn followers(&self, key: MessageKey) -> Vec<OpenMessage> {
        let span = MessageKey { action: 0, ..key }..=MessageKey { action: u8::MAX, ..key };
        let rest: Vec<&OpenMessage> = self.waiting.range(span).map(|(_, (_, message))| message).collect();
        if rest.iter().any(|message| !message.is_call) {
            return Vec::new();
        }
        rest.into_iter().cloned().collect()
    }

    /// Ends a message as the outbox does: what is kept of it and its removal are one commit.
    fn end(
        &mut self,
        message: &OpenMessage,
        (state, suppression): (MessageState, Option<Suppression>),
        result: String,
        now: Instant,
    ) {
        let finished = FinishedMessage {
            key: message.key,
            rule: message.rule.clone(),
            target: message.target.clone(),
            channel: message.channel.clone(),
            state,
            at: now,
            attempts: 1,
            result,
            cost: message.cost,
        };
        let mut batch = Batch::default();
        tables::messages::put_finished(&mut batch, &finished);
        if state == MessageState::Withdrawn {
            let channel = (!message.is_call).then(|| message.channel.clone());
            let mark = TakenBack { key: message.key, due: message.due, channel };
            tables::messages::put_taken_back(&mut batch, &mark);
        }
        tables::messages::remove_open(&*self.store, &mut batch, message.decided, message.key).unwrap();
        let kind = match state {
            MessageState::Sent => Some(DeedKind::Sent),
            MessageState::Dead if suppression.is_some() => Some(DeedKind::Bounced),
            _ => None,
        };
        if let Some(suppression) = suppression {
            tables::customers::put_suppression(&mut batch, message.customer, 0, &suppression);
            self.bounced.push(message.customer);
        }
        if let Some(kind) = kind.filter(|_| !message.is_call) {
            let pack = (self.next_deeds, vec![deed(kind, message, now)]);
            tables::deeds::put(&mut batch, pack.0, &pack.1);
            if self.gate.fires_on(kind) {
                tables::deeds::mark(&mut batch, pack.0);
            }
            self.next_deeds += 1;
            self.did.push(pack);
        }
        self.store.commit(batch).wait().unwrap();
        self.waiting.remove(&message.key);
    }
}

/// Whether the mail server knows no such address.
fn is_gone(address: &str) -> bool {
    address.to_lowercase().starts_with("gone")
}

/// What conditions read of a message that was sent, or refused: what was sent counts when it became due.
fn deed(kind: DeedKind, message: &OpenMessage, now: Instant) -> Deed {
    Deed {
        kind,
        key: message.key,
        customer: message.customer,
        at: if kind == DeedKind::Sent { message.due } else { now },
        learnt: now,
        message: message.target.clone(),
        rule: message.rule.clone(),
        channel: message.channel.clone(),
        marketing: message.marketing,
    }
}

/// The address that it goes to; of a message that a webhook carries it stands in the body.
fn reached(message: &OpenMessage, frozen: Frozen) -> String {
    match frozen.body.filter(|_| !message.is_call) {
        Some(body) => {
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            body["data"]["to"].as_str().unwrap().to_owned()
        }
        None => frozen.to,
    }
}

fn sent(engine: &Engine, message: &OpenMessage, address: String, now: Instant) -> Sent {
    Sent {
        key: message.key.to_string(),
        rule: message.rule.clone(),
        occurrence: message.key.decision.occurrence.0,
        customer: engine.population().id(message.customer).unwrap_or("?").to_owned(),
        message: message.target.clone(),
        channel: message.channel.0.clone(),
        call: message.is_call,
        address,
        decided: message.decided.0,
        due: message.due.0,
        event: message.event.as_ref().map(|event| event.id.clone()),
        waited: message.waits.map(|wait| wait.label().to_owned()),
        handed: now.0,
        bounced: false,
    }
}
