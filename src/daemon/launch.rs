//! A start, in order: rules, store, everybody, listeners, outbox, decider. What is there when it returns
//! decides and delivers; nothing before.

use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::{Notify, Semaphore, mpsc};

use crate::clock::Clock;
use crate::config::Config;
use crate::failpoint;
use crate::model::Instant;
use crate::observe::{ClockBehind, LeftOut};
use crate::outbox::{Outbox, Report};
use crate::record::{HoldReason, MessageKey, OpenMessage};
use crate::reload::{self, LoadError, Loaded};
use crate::serve::{Listener, PublicListener, ReloadFailure, Spool, Tokens};
use crate::store::{self, Store, tables};

use super::Engine;
use super::checked::first_rules;
use super::control::READERS;
use super::credentials::{log_unreadable, tokens};
use super::decider::Decider;
use super::gate::{DaemonGate, Sender};
use super::links::Links;
use super::outgoing::Outgoing;
use super::pulse::{Felt, Pulse};
use super::reloading::{ASKED_AT_ONCE, Asked, first_files};
use super::said::log_recovery;
use super::service::{Service, Signals};
use super::steps::{STEP, Steps};
use super::systemd::{Phase, Starting};
use super::unsubscribe::{Exit, end_waiting};
use super::ways_out::{channels, outbox_options};

/// Hands decided messages to the outbox once it runs; it finds earlier ones in the store.
#[derive(Default)]
struct ToOutbox(OnceLock<Arc<Outbox>>);

impl Outgoing for ToOutbox {
    fn add(&self, messages: Vec<OpenMessage>) {
        if let Some(outbox) = self.0.get() {
            outbox.add(&messages);
        }
    }

    fn is_due(&self, key: MessageKey) -> bool {
        // Before it runs nobody knows what is still under way.
        self.0.get().is_some_and(|outbox| outbox.is_due(key))
    }

    fn take(&self, key: MessageKey) -> bool {
        self.0.get().is_some_and(|outbox| outbox.take_due(key))
    }

    fn seize(&self, key: MessageKey) -> bool {
        self.0.get().is_some_and(|outbox| outbox.seize(key))
    }

    fn reopened(&self, messages: &[OpenMessage]) {
        if let Some(outbox) = self.0.get() {
            outbox.reopen(messages);
        }
    }

    fn ended(&self, keys: &[MessageKey]) {
        if let Some(outbox) = self.0.get() {
            outbox.ended(keys);
        }
    }
}

/// A daemon that decides and delivers, and does not answer yet.
pub(super) struct Launched {
    pub(super) service: Arc<Service>,
    pub(super) doors: Doors,
    pub(super) loaded: Result<Loaded, LoadError>,
    /// Who asks for a reload.
    pub(super) asks: mpsc::Receiver<Asked>,
    pub(super) heard: mpsc::UnboundedReceiver<Report>,
    /// The decider's.
    pub(super) thread: std::thread::JoinHandle<()>,
}

/// Starts everything that stands behind the listeners.
pub(super) async fn launch(
    config: Config,
    clock: Arc<dyn Clock>,
    signals: &Signals,
    starting: &Arc<Starting>,
) -> Result<Launched, String> {
    let broken = |_| "the store could not be opened: an internal error, a bug of cvmd".to_owned();
    let rules = config.rules.clone();
    let seen = tokio::task::spawn_blocking(move || reload::load(&rules)).await.map_err(broken)?;
    starting.begin(Phase::Store);
    let at = config.data.join("store");
    let opened = tokio::task::spawn_blocking(move || {
        failpoint::stand_still("start");
        store::open(&at)
    });
    let store: Arc<dyn Store> = Arc::new(opened.await.map_err(broken)?.map_err(|error| error.to_string())?);
    let loaded = first_files(&config.rules, seen, &*store, &*clock).await?;
    starting.begin(Phase::Customers);
    let (to_open, now, progress) = (config.clone(), clock.now(), Arc::clone(starting));
    let opened =
        tokio::task::spawn_blocking(move || open_engine(&to_open, (store, loaded), now, &progress)).await;
    let Opened { engine, loaded, refused, store, to_outbox, pulse } = opened.map_err(broken)??;
    let shared = Arc::clone(engine.shared());
    let identity = tables::meta::identity(&*store).map_err(|error| error.to_string())?;
    starting.begin(Phase::Outbox);
    // Before anything goes out, or is decided, by a clock that nobody watches.
    let _ = shared.steps.set(Steps::new(Arc::clone(&clock)));
    // Before anything goes out: the links in it lead to where the daemon listens.
    let doors = Doors::bind(&config).await?;
    let links = Arc::new(Links::new(&identity, config.public_url(doors.public.address())));
    let (reports, heard) = mpsc::unbounded_channel();
    let sender = Sender {
        from: config.email.from.clone(),
        sandbox: config.sandbox.clone(),
        secrets: config.secrets.clone(),
        links: Some(Arc::clone(&links)),
    };
    let gate = DaemonGate::new(Arc::clone(&store), Arc::clone(&shared), sender, reports);
    let (outbox, recovery) = Outbox::start(
        // Its own: what workers do says nothing of the decider.
        Felt::shared(&store, &starting.settling),
        Arc::clone(&clock),
        gate,
        channels(&config)?,
        outbox_options(&config),
    )
    .await?;
    log_recovery(recovery, &shared.metrics);
    let outbox = Arc::new(outbox);
    let _ = to_outbox.0.set(Arc::clone(&outbox));
    // Who unsubscribed just before a crash: what waited for them was not ended yet.
    for (customer, channel) in shared.unsubscribed.all() {
        end_waiting(&outbox, customer, &channel).await;
    }
    let (decider, thread) = Decider::start(engine, Arc::clone(&clock), pulse.clone())
        .map_err(|error| format!("no thread can be started: {error}"))?;
    let spool = Spool::open(&config.data, Arc::clone(&clock)).map_err(|error| error.to_string())?;
    let started = clock.now();
    let (asked, asks) = mpsc::channel(ASKED_AT_ONCE);
    let service = Arc::new(Service {
        refused: Mutex::new(refused),
        asked,
        started,
        spool,
        outbox: Arc::clone(&outbox),
        decider: decider.clone(),
        store: Arc::clone(&store),
        shared: Arc::clone(&shared),
        wake: Notify::new(),
        next_tick: AtomicI64::new(started.0),
        stop: Arc::clone(&signals.stop),
        stopping: AtomicBool::new(false),
        readers: Semaphore::new(READERS),
        importing: Arc::default(),
        forgetting: tokio::sync::Mutex::new(()),
        exit: Exit {
            links,
            store: Arc::clone(&store),
            shared,
            outbox: Arc::clone(&outbox),
            decider: decider.clone(),
            clock: Arc::clone(&clock),
            places: Exit::places(),
        },
        clock: Arc::clone(&clock),
        config,
        manager: starting.manager(),
        pulse,
    });
    Ok(Launched { service, doors, loaded, asks, heard, thread })
}

/// Where the daemon listens.
pub(super) struct Doors {
    pub(super) admin: Listener,
    pub(super) public: PublicListener,
    pub(super) tokens: Tokens,
}

impl Doors {
    async fn bind(config: &Config) -> Result<Self, String> {
        let token = config.secrets.has("admin_token").then(|| config.secrets.read("admin_token"));
        let token = token.transpose().map_err(|error| error.to_string())?;
        let admin = Listener::bind(&config.listen.admin, token.as_ref()).await.map_err(|e| e.to_string())?;
        let public = PublicListener::bind(config.listen.public).await.map_err(|e| e.to_string())?;
        Ok(Self { admin, public, tokens: tokens(&config.secrets)? })
    }
}

struct Opened {
    engine: Engine,
    loaded: Result<Loaded, LoadError>,
    refused: Option<ReloadFailure>,
    store: Arc<dyn Store>,
    to_outbox: Arc<ToOutbox>,
    /// The engine's.
    pulse: Pulse,
}

/// Reads the store, and lets the first rules take over: takes as long as the disk does.
fn open_engine(
    config: &Config,
    (store, loaded): (Arc<dyn Store>, Result<Loaded, LoadError>),
    now: Instant,
    starting: &Starting,
) -> Result<Opened, String> {
    // The engine's reads are what the start is seen by first, and the decider later.
    let pulse = starting.pulse.clone();
    let to_outbox = Arc::new(ToOutbox::default());
    let outgoing: Arc<dyn Outgoing> = Arc::clone(&to_outbox) as _;
    let opened = Engine::open(Felt::shared(&store, &pulse), outgoing);
    let mut engine = opened.map_err(|error| error.to_string())?;
    engine.shared.room.watch(&config.data, config.daemon.min_free);
    let (rules, refused) = first_rules(&engine, &loaded, config, now)?;
    log_unreadable(&config.secrets, &rules);
    let last_tick = engine.last_tick();
    if last_tick.is_some_and(|last| now.since(last) > config.daemon.hold_after) {
        engine.hold(HoldReason::Gap, now).map_err(|error| error.to_string())?;
    }
    for damage in engine.activate(rules, now).map_err(|error| error.to_string())? {
        LeftOut { damage: &damage.0 }.happened(&engine.shared().metrics);
    }
    say_what_was_missed(&engine, last_tick, now);
    Ok(Opened { engine, loaded, refused, store, to_outbox, pulse })
}

/// Says, before anything is done, what a start found that was long ago, or is still to come.
fn say_what_was_missed(engine: &Engine, last_tick: Option<Instant>, now: Instant) {
    engine.say_on_hold(now);
    match last_tick {
        Some(last_tick) if last_tick.since(now) > STEP => {
            ClockBehind { now, last_tick }.happened(&engine.shared().metrics);
        }
        Some(_) => engine.say_missed(now),
        // Nothing was ever to be done.
        None => {}
    }
}
