//! The daemon as a whole: start in order, run until told to stop, stop in order.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tracing::{error, info, warn};

use crate::clock::{self, Clock};
use crate::config::Config;
use crate::ingest::RejectCode;
use crate::model::{Duration, Instant};
use crate::observe::{
    AddressSuppressed, CalledAgain, Delivered, InDoubt, LeftOut, RelaySetAside, SlowedDown, Unreachable,
};
use crate::outbox::{Outbox, Report};
use crate::reload::{LoadError, Loaded, Watch};
use crate::serve::{Control, ReloadFailure, Spool, openapi};
use crate::store::{Store, StoreError};

use super::clocks::next_firing;
use super::decider::{Decider, log_events};
use super::launch::{Doors, Launched, launch};
use super::pulse::Pulse;
use super::reloading::Asked;
use super::said::{log_outage, log_tick};
use super::snapshot::Shared;
use super::systemd::{ServiceManager, Starting};
use super::unsubscribe::Exit;

/// How long messages under way may take to end when the daemon stops.
const STOP_WITHIN: Duration = Duration::seconds(20);

/// A running daemon, as requests see it.
pub struct Service {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: Config,
    pub(super) decider: Decider,
    pub(super) store: Arc<dyn Store>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) shared: Arc<Shared>,
    pub(super) spool: Spool,
    /// Why the files as they are now do not run, if so.
    pub(super) refused: Mutex<Option<ReloadFailure>>,
    /// By which a person asks for a reload, and hears what came of it.
    pub(super) asked: mpsc::Sender<Asked>,
    pub(super) started: Instant,
    /// Wakes the ticker before its time.
    pub(super) wake: Notify,
    /// When the ticker will look again, in milliseconds since 1970.
    pub(super) next_tick: AtomicI64,
    pub(super) stop: Arc<Notify>,
    pub(super) stopping: AtomicBool,
    /// Whoever reads a body holds one.
    pub(super) readers: Semaphore,
    /// By which people unsubscribe.
    pub(super) exit: Exit,
    /// Whoever imports holds it.
    pub(super) importing: Arc<tokio::sync::Mutex<()>>,
    /// Whoever forgets who was erased holds it.
    pub(super) forgetting: tokio::sync::Mutex<()>,
    /// Who is told how it goes.
    pub(super) manager: Arc<ServiceManager>,
    /// Beats with what the decider does.
    pub(super) pulse: Pulse,
}

/// How the daemon is told what to do from outside its socket.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// End.
    pub stop: Arc<Notify>,
    /// Read the rules again.
    pub reload: Arc<Notify>,
}

/// Runs the daemon until it is told to stop; `manager` is told how it goes.
///
/// # Errors
/// With a text for the operator that says what is wrong and what to do.
pub async fn run(
    config: Config,
    clock: Arc<dyn Clock>,
    signals: Signals,
    manager: ServiceManager,
) -> Result<(), String> {
    let manager = Arc::new(manager);
    let ran = start_and_work(config, clock, signals, Arc::clone(&manager)).await;
    if let Err(text) = &ran {
        manager.say(text);
    }
    ran
}

async fn start_and_work(
    config: Config,
    clock: Arc<dyn Clock>,
    signals: Signals,
    manager: Arc<ServiceManager>,
) -> Result<(), String> {
    let starting = Arc::new(Starting::new(manager));
    let launched = tokio::select! {
        launched = launch(config, clock, &signals, &starting) => launched?,
        never = starting.keep_up() => match never {},
    };
    let Launched { service, doors, loaded, asks, heard, thread } = launched;
    let ended = Arc::clone(&service).work(doors, (loaded, asks), heard, signals).await;
    tokio::select! {
        () = service.end(thread) => {}
        () = service.feed_to_the_end() => {}
    }
    ended
}

impl Service {
    /// Everything that goes on at the same time, until a stop or a failure.
    async fn work(
        self: Arc<Self>,
        doors: Doors,
        (loaded, asks): (Result<Loaded, LoadError>, mpsc::Receiver<Asked>),
        heard: mpsc::UnboundedReceiver<Report>,
        signals: Signals,
    ) -> Result<(), String> {
        let Doors { admin, public, tokens } = doors;
        let watch = Watch::start(self.config.rules.clone(), loaded, Arc::clone(&self.clock));
        info!(
            rules = self.config.rules.display().to_string(),
            admin = self.config.listen.admin.to_string(),
            public = public.address().to_string(),
            "ready"
        );
        self.manager.ready(&self.line());
        let control: Arc<dyn Control> = Arc::clone(&self) as _;
        let description: Arc<str> = openapi(&RejectCode::ALL.map(RejectCode::as_str)).to_string().into();
        let (end, ended) = oneshot::channel::<()>();
        let until_end = async { drop(ended.await) };
        let clock = Arc::clone(&self.clock);
        let serving = public.serve(Arc::clone(&control), tokens, Arc::clone(&description), clock, until_end);
        let serving = tokio::spawn(serving);
        let closed = Arc::clone(&self);
        let shutdown = async move { closed.stop_asked().await };
        let worked = tokio::select! {
            () = admin.serve(control, self.spool.clone(), description, shutdown) => Ok(()),
            failure = self.tick_for_ever() => Err(failure),
            () = self.reload_for_ever(watch, asks, &signals) => Ok(()),
            failure = self.listen_to_reports(heard) => Err(failure),
            failure = self.watch_store() => Err(failure),
            () = self.watch_room() => Ok(()),
            failure = self.prune_for_ever() => Err(failure),
            () = self.feed_watchdog() => Ok(()),
            () = self.tell_for_ever() => Ok(()),
            () = self.stop_asked() => Ok(()),
        };
        self.manager.stopping();
        // What integrators wait for is answered, then nothing more is taken in.
        drop(end);
        let _ = serving.await;
        worked
    }

    async fn stop_asked(&self) {
        if !self.stopping.load(Ordering::Relaxed) {
            self.stop.notified().await;
            self.stopping.store(true, Ordering::Relaxed);
            self.stop.notify_waiters();
        }
    }

    /// Ticks at each interval, at each scheduled instant, and when something changed.
    async fn tick_for_ever(&self) -> String {
        loop {
            if let Err(error) = self.meet_everybody().await {
                return format!("the store failed: {error}");
            }
            match self.decider.tick().await {
                Ok(report) => log_tick(&report, self.clock.now(), &self.shared.metrics),
                Err(error) => return format!("the store failed: {error}"),
            }
            if let Err(error) = self.forget_erased(None).await {
                return format!("the store failed: {error}");
            }
            let next = self.next_tick(self.clock.now());
            self.next_tick.store(next.0, Ordering::Relaxed);
            if let Err(error) = self.until_tick(next).await {
                return format!("the store failed: {error}");
            }
        }
    }

    /// Returns when it is time for a tick, or something woke it. Meanwhile rules fire that wait after
    /// an event: they need no look at everybody.
    async fn until_tick(&self, next: Instant) -> Result<(), StoreError> {
        let mut left = None;
        loop {
            // One that is left (its rule is silenced, everything waits for a person) is left to the tick.
            let due = self.shared.get().next_due.filter(|due| *due < next && left != Some(*due));
            let until = due.unwrap_or(next);
            tokio::select! {
                () = self.clock.sleep_until_or_back(until) => {}
                () = self.wake.notified() => return Ok(()),
                // Something may be due sooner.
                () = self.decider.changed() => continue,
            }
            // Where the clock went back, all that was reckoned by it is reckoned anew.
            if due.is_none() || self.clock.now() < until {
                return Ok(());
            }
            log_events(&self.decider.events().await?, &self.shared.metrics);
            left = self.shared.get().next_due.filter(|still| Some(*still) == due);
        }
    }

    fn next_tick(&self, now: Instant) -> Instant {
        let regular = now.plus(self.config.daemon.tick);
        let seen = self.shared.get();
        let Some(active) = seen.active.clone() else { return regular };
        let next = |rule| next_firing(&active, &seen.population, rule, now);
        let soonest = active.rules.rules.iter().filter_map(next).min();
        soonest.map_or(regular, |at| at.min(regular))
    }

    /// Hears what becomes of messages; returns when the outbox failed.
    async fn listen_to_reports(&self, mut heard: mpsc::UnboundedReceiver<Report>) -> String {
        let metrics = &self.shared.metrics;
        while let Some(report) = heard.recv().await {
            match report {
                Report::Finished(message) => Delivered(&message).happened(metrics),
                Report::Did { sequence, deeds } => self.decider.did(sequence, deeds).await,
                Report::Suppressed { customer, reason, .. } => {
                    AddressSuppressed { customer, reason }.happened(metrics);
                    self.decider.suppressed(customer).await;
                }
                Report::InDoubt { key, rule, reason } => {
                    let (message, rule, reason) = (key.to_string(), &*rule, &*reason);
                    InDoubt { message, rule, reason }.happened(metrics);
                }
                Report::Outage(outage) => log_outage(&outage, metrics),
                Report::OutageOver(webhook) => CalledAgain(&webhook).happened(metrics),
                Report::Unreachable { route, reason, until } => {
                    let (route, reason) = (&*route.to_string(), &*reason);
                    Unreachable { route, reason, until }.happened(metrics);
                }
                Report::RelaySetAside { relay, reason, until } => {
                    let (relay, reason) = (&*relay, &*reason);
                    RelaySetAside { relay, reason, until }.happened(metrics);
                }
                Report::SlowedDown { reason, until } => {
                    SlowedDown { reason: &reason, until }.happened(metrics);
                }
                Report::Skipped(error) => LeftOut { damage: &error.to_string() }.happened(metrics),
                Report::Failed(text) => return text,
            }
        }
        std::future::pending().await
    }

    /// Returns when the store's writer met an error on its own.
    async fn watch_store(&self) -> String {
        loop {
            // By no clock that somebody may set back.
            clock::nap(std::time::Duration::from_secs(1)).await;
            if let Some(error) = self.store.failure() {
                return format!("the store failed: {error}");
            }
        }
    }

    /// Ends in order: no more ticks, then messages under way. What is committed is durable already.
    async fn end(&self, thread: std::thread::JoinHandle<()>) {
        info!("ending");
        self.decider.end().await;
        if !matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(()))) {
            error!("the decider ended with an internal error, a bug of cvmd");
        }
        if !self.outbox.stop(STOP_WITHIN).await {
            warn!("some messages under way did not end in time: they are settled at the next start");
        }
        info!("ended");
    }
}
