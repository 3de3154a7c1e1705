//! An outbox with everything around it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration as Real;

use cvmd::clock::{Clock, VirtualClock};
use cvmd::config;
use cvmd::deliver::Mailer;
use cvmd::deliver::email::{Server, TimeOuts};
use cvmd::deliver::webhook::{self, Call, Caller, Secret};
use cvmd::model::{Channel, Duration, Instant};
use cvmd::outbox::{
    Channels, Claim, Endpoint, Filter, Gate, Options, Outbox, Payload, Prepared, Recovery, Report, Route, Row,
};
use cvmd::record::{DeedKind, FinishedMessage, Frozen, KeyedHash, MessageKey, MessageState, OpenMessage};
use cvmd::ruleset::CallLimits;
use cvmd::store::tables::messages;
use cvmd::store::{Batch, Memory, Store};

use super::super::samples::{email, key};
use crate::support::smtp::SmtpServer;
use crate::support::webhook::SECRET;

pub const NOW: Instant = Instant(1_790_000_000_000);

/// What a test wants the gate to say.
pub type Answer = fn(Instant) -> Claim;

/// A gate that lets all through unless told otherwise.
#[derive(Default)]
pub struct TestGate {
    pub urls: Mutex<BTreeMap<String, String>>,
    pub limits: Mutex<BTreeMap<String, CallLimits>>,
    /// Webhooks that have another name now.
    pub renamed: Mutex<BTreeMap<String, String>>,
    /// By rule: what to answer instead.
    pub answers: Mutex<BTreeMap<String, Answer>>,
    pub paused: Mutex<bool>,
    /// By customer: the domain of the address; `customer.example` where none is named.
    pub domains: Mutex<BTreeMap<u32, String>>,
    /// Whether rules fire on what was done.
    pub fires_on_deeds: AtomicBool,
    pub reports: Mutex<Vec<Report>>,
}

impl TestGate {
    fn present(&self, name: &str) -> String {
        self.renamed.lock().unwrap().get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// The rules give a webhook another name, and nothing else.
    pub fn rename(&self, old: &str, new: &str) {
        self.renamed.lock().unwrap().insert(old.into(), new.into());
        let url = self.urls.lock().unwrap().remove(old).unwrap();
        self.urls.lock().unwrap().insert(new.into(), url);
        let limits = self.limits.lock().unwrap().remove(old);
        self.limits.lock().unwrap().extend(limits.map(|limits| (new.to_owned(), limits)));
    }
}

impl Gate for TestGate {
    fn fires_on(&self, _: DeedKind) -> bool {
        self.fires_on_deeds.load(Ordering::Relaxed)
    }

    fn route(&self, message: &OpenMessage) -> Route {
        if message.is_call { Route::Endpoint(self.present(&message.target)) } else { Route::Email }
    }

    fn endpoint(&self, name: &str) -> Option<Endpoint> {
        let name = self.present(name);
        let url = self.urls.lock().unwrap().get(&name).cloned()?;
        let limits = self.limits.lock().unwrap().get(&name).copied().unwrap_or_default();
        Some(Endpoint { name, url, limits })
    }

    fn claim(&self, message: &OpenMessage, now: Instant) -> Claim {
        if let Some(answer) = self.answers.lock().unwrap().get(&message.rule) {
            return answer(now);
        }
        let mut mail = email(message.key.decision.customer.0);
        if let Some(domain) = self.domains.lock().unwrap().get(&message.key.decision.customer.0) {
            mail.to = format!("ana{}@{domain}", message.key.decision.customer.0);
        }
        let url = self.urls.lock().unwrap().get(&self.present(&message.target)).cloned().unwrap_or_default();
        let fresh = Frozen {
            at: now,
            to: if message.is_call { url.clone() } else { mail.to.clone() },
            content: "c0".into(),
            values: vec![],
            body: message.is_call.then(|| format!(r#"{{"key":"{}"}}"#, message.key)),
        };
        let frozen = message.frozen.clone().unwrap_or(fresh);
        if !message.is_call && !frozen.to.is_empty() {
            mail.to.clone_from(&frozen.to);
        }
        mail.date = frozen.at;
        mail.key = message.key;
        let payload = match &frozen.body {
            None => Payload::Email(mail),
            Some(body) => Payload::Call(Call {
                id: message.key.to_string(),
                url,
                body: body.clone(),
                secrets: vec![Secret::parse(SECRET).unwrap()],
                headers: vec![],
                answer_within: None,
            }),
        };
        Claim::Go(Box::new(Prepared { frozen, payload }))
    }

    fn domain(&self, message: &OpenMessage) -> String {
        let named = self.domains.lock().unwrap().get(&message.key.decision.customer.0).cloned();
        named.unwrap_or_else(|| "customer.example".into())
    }

    /// Its first bytes: enough to tell addresses apart.
    fn hashed(&self, address: &str) -> Option<KeyedHash> {
        let mut hash = KeyedHash::default();
        hash.iter_mut().zip(address.bytes()).for_each(|(one, byte)| *one = byte);
        Some(hash)
    }

    fn is_paused(&self, _: &OpenMessage) -> bool {
        *self.paused.lock().unwrap()
    }

    fn report(&self, report: Report) {
        self.reports.lock().unwrap().push(report);
    }
}

/// A marketing mail to a customer, due now.
pub fn mail(customer: u32) -> OpenMessage {
    OpenMessage {
        key: key(customer),
        rule: "winback".into(),
        target: "offer".into(),
        is_call: false,
        is_set: false,
        marketing: true,
        channel: Channel::email(),
        customer: key(customer).decision.customer,
        decided: NOW,
        due: NOW,
        waits: None,
        state: MessageState::Pending,
        next_attempt: NOW,
        expires: None,
        attempts: 0,
        last: None,
        frozen: None,
        provenance: ("d41".into(), "winback.rules:1".into()),
        call_fields: vec![],
        event: None,
        cost: None,
    }
}

/// A receipt.
pub fn receipt(customer: u32) -> OpenMessage {
    OpenMessage { marketing: false, target: "receipt".into(), ..mail(customer) }
}

/// A call of an endpoint, the rule's second action.
pub fn call(customer: u32, endpoint: &str) -> OpenMessage {
    let key = MessageKey { action: 1, ..key(customer) };
    let channel = Channel("webhook".into());
    OpenMessage { key, target: endpoint.into(), is_call: true, marketing: false, channel, ..mail(customer) }
}

/// Everything that an outbox needs, and what survives it.
pub struct Stage {
    pub store: Arc<Memory>,
    pub clock: VirtualClock,
    pub gate: Arc<TestGate>,
    /// Kept for as long as the stage.
    pub _folder: tempfile::TempDir,
    pub options: Options,
    pub channels: Channels,
}

impl Stage {
    pub fn new(mailer: Mailer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path().join("workers"), "boot-1".into());
        options.mail_workers = 1;
        let webhooks = webhook::Options {
            allow_private: true,
            total: Real::from_millis(400),
            ..webhook::Options::default()
        };
        let caller = Caller::new(&webhooks).unwrap();
        Self {
            store: Arc::new(Memory::new()),
            clock: VirtualClock::at(NOW),
            gate: Arc::default(),
            _folder: folder,
            options,
            channels: Channels { mailer, caller },
        }
    }

    pub fn smtp(peer: &SmtpServer) -> Self {
        Self::new(smtp(peer.address))
    }

    pub fn endpoint(&self, name: &str, url: String) {
        self.gate.urls.lock().unwrap().insert(name.into(), url);
    }

    /// Makes messages durable, as the decider does.
    pub async fn decide(&self, open: &[OpenMessage]) {
        for chunk in open.chunks(50) {
            let mut batch = Batch::default();
            for message in chunk {
                messages::put_open(&mut batch, message);
            }
            self.store.commit(batch).durable().await.unwrap();
        }
    }

    pub async fn start(&self) -> (Outbox, Recovery) {
        let store: Arc<dyn Store> = self.store.clone();
        let gate: Arc<dyn Gate> = self.gate.clone();
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        Outbox::start(store, clock, gate, self.channels.clone(), self.options.clone()).await.unwrap()
    }

    /// What another process would find if this one died now.
    pub fn after_crash(&self) -> Self {
        Self { store: Arc::new(self.store.crash()), ..self.copy() }
    }

    fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workers = folder.path().join("workers");
        std::fs::create_dir(&workers).unwrap();
        for entry in std::fs::read_dir(&self.options.folder).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), workers.join(entry.file_name())).unwrap();
        }
        let gate = Arc::new(TestGate::default());
        *gate.urls.lock().unwrap() = self.gate.urls.lock().unwrap().clone();
        *gate.domains.lock().unwrap() = self.gate.domains.lock().unwrap().clone();
        *gate.limits.lock().unwrap() = self.gate.limits.lock().unwrap().clone();
        *gate.renamed.lock().unwrap() = self.gate.renamed.lock().unwrap().clone();
        Self {
            store: self.store.clone(),
            clock: self.clock.clone(),
            gate,
            _folder: folder,
            options: Options { folder: workers, ..self.options.clone() },
            channels: self.channels.clone(),
        }
    }

    pub fn open(&self) -> Vec<OpenMessage> {
        messages::open_messages(&*self.store).map(Result::unwrap).collect()
    }

    pub fn states(&self) -> Vec<MessageState> {
        self.open().iter().map(|message| message.state).collect()
    }

    pub fn finished(&self) -> Vec<FinishedMessage> {
        messages::finished_messages(&*self.store, Instant(0)).map(Result::unwrap).collect()
    }

    /// How many messages ended so.
    pub fn ended(&self, state: MessageState) -> usize {
        self.finished().iter().filter(|finished| finished.state == state).count()
    }

    pub fn reports(&self) -> Vec<Report> {
        self.gate.reports.lock().unwrap().clone()
    }

    /// The workers' files, joined.
    pub fn journal(&self) -> String {
        let names = std::fs::read_dir(&self.options.folder).unwrap().map(|entry| entry.unwrap().path());
        let workers = names.filter(|path: &PathBuf| path.file_name().is_some_and(|name| name != "boot"));
        workers.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }
}

pub fn smtp(address: std::net::SocketAddr) -> Mailer {
    Mailer::Smtp(Arc::new(relay(address).into()))
}

/// With time-outs for tests.
pub fn relay(address: std::net::SocketAddr) -> Server {
    let at = config::SmtpServer {
        security: config::Security::Plain,
        host: address.ip().to_string(),
        port: address.port(),
        login: None,
        ca_file: None,
    };
    let mut server = Server::new(&at, None, "shop.example", None).unwrap();
    let short = Real::from_millis(400);
    server.time_outs = TimeOuts { connect: short, command: short, end_of_data: short };
    server
}

pub fn list(outbox: &Outbox) -> Vec<Row> {
    outbox.list(&Filter::default()).unwrap()
}

/// Lets the virtual time pass until a sleeper's time has come, `most` at most; how long that took.
pub fn pass(clock: &VirtualClock, most: Duration) -> Duration {
    let start = clock.now();
    let wake = clock.next_waking().unwrap_or(start.plus(most)).min(start.plus(most));
    clock.advance_to(wake);
    wake.since(start)
}
