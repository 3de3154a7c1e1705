//! The one decider: a thread that owns the engine and takes ticks, rules and requests in one order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, mpsc, oneshot};

use crate::clock::{Clock, Stopwatch};
use crate::failpoint;
use crate::model::{CustomerNumber, Instant};
use crate::observe::{ClockStepped, EventsDecided, LeftOut, Metrics};
use crate::record::{Deed, HoldReason};
use crate::ruleset::RuleSet;
use crate::serve::{Progress, RefusalKind, Request, Response, Taken};
use crate::store::StoreError;
use crate::store::tables::traces::Traces;

use super::forget::{Forgot, Rest};
use super::post::Post;
use super::pulse::Pulse;
use super::steps::Step;
use super::{Engine, EventReport, TickReport};

/// Commands on their way to the decider at most; whoever asks for more waits.
const QUEUE: usize = 1_024;

/// Posts that are taken in with one sync, and their rows, at most: what waits behind them waits long enough.
const GROUP_POSTS: usize = 256;
const GROUP_ROWS: u64 = 20_000;

/// How long a post waits for its turn, behind an import, say.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// What whoever asked hears of a panic.
const BUG: &str = "an internal error, a bug of cvmd: see the daemon's log";

/// A piece of work that somebody beside the decider has for it.
type Work = Box<dyn FnOnce(&mut Engine) + Send>;

/// What the decider does.
pub(super) enum Command {
    /// Let every due rule fire.
    Tick(oneshot::Sender<Result<TickReport, StoreError>>),
    /// Let rules on events fire whose wait is over.
    Events(oneshot::Sender<Result<EventReport, StoreError>>),
    /// Take over a checked rule set.
    Activate(Box<RuleSet>, oneshot::Sender<Result<(), StoreError>>),
    /// Take in what was posted.
    Take(Box<Post>, oneshot::Sender<Taken>),
    /// Answer a request.
    Call(Request, oneshot::Sender<Response>),
    /// Do a piece of what is long: it answers by itself.
    Work(Work),
    /// An address was refused for good.
    Suppressed(CustomerNumber),
    /// Say who is erased and not forgotten yet.
    Erasures(oneshot::Sender<Vec<(CustomerNumber, Rest)>>),
    /// Forget what was found of somebody who is erased.
    Forget(CustomerNumber, Box<Traces>, oneshot::Sender<Result<Forgot, StoreError>>),
    /// Somebody unsubscribed: it is taken in before any command, and so before this one.
    Unsubscribed,
    /// The outbox did something, durably: the number of its pack, and what.
    Did(u64, Vec<Deed>),
    /// Say that the queue moves.
    Answer(oneshot::Sender<()>),
    /// End; what was asked before is done.
    End,
}

/// A handle to the decider; cheap to clone.
#[derive(Clone)]
pub(super) struct Decider {
    commands: mpsc::Sender<Command>,
    read: Arc<AtomicU64>,
    to_read: Arc<AtomicU64>,
    /// Told when something came: what waits may be due sooner now.
    changed: Arc<Notify>,
}

impl Decider {
    /// Starts the thread; `pulse` beats while it is at work.
    pub(super) fn start(
        mut engine: Engine,
        clock: Arc<dyn Clock>,
        pulse: Pulse,
    ) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (sender, mut commands) = mpsc::channel(QUEUE);
        let handle =
            Self { commands: sender, read: Arc::default(), to_read: Arc::default(), changed: Arc::default() };
        let changed = Arc::clone(&handle.changed);
        engine.find_erased_elsewhere();
        let thread = std::thread::Builder::new().name("decider".into()).spawn(move || {
            let mut next = commands.blocking_recv();
            while let Some(command) = next.take() {
                failpoint::stand_still("decider");
                let posted = matches!(command, Command::Take(..));
                watch_clock(&mut engine, &*clock);
                take_unsubscribes(&mut engine, clock.now());
                match command {
                    Command::End => break,
                    Command::Take(post, reply) => {
                        next = take_group(&mut engine, (post, reply), &mut commands, &*clock);
                    }
                    command => obey(&mut engine, command, clock.now(), &pulse),
                }
                // What came is decided at once: the next tick may be a minute away. Of many things
                // that come one after the other, those that are there already are met together; of
                // posts they were taken together, and more may always wait.
                watch_clock(&mut engine, &*clock);
                let now = clock.now();
                let fires = engine.has_arrivals(now) && (posted || next.is_none() && commands.is_empty());
                if fires {
                    fire(&mut engine, now);
                }
                if fires || posted {
                    changed.notify_one();
                }
                next = next.or_else(|| commands.blocking_recv());
            }
        })?;
        Ok((handle, thread))
    }

    /// Lets every due rule fire.
    pub(super) async fn tick(&self) -> Result<TickReport, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Tick(reply)).await;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Lets rules on events fire whose wait is over.
    pub(super) async fn events(&self) -> Result<EventReport, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Events(reply)).await;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Takes over a checked rule set.
    pub(super) async fn activate(&self, rules: RuleSet) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Activate(Box::new(rules), reply)).await;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Takes a post in. Where too much waits before it, it is given up untouched.
    pub(super) async fn take(&self, post: Post) -> Taken {
        let (reply, answer) = oneshot::channel();
        match self.commands.try_send(Command::Take(Box::new(post), reply)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Taken::Busy,
            Err(mpsc::error::TrySendError::Closed(_)) => return ending(),
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(taken) => taken.unwrap_or_else(|_| ending()),
            Err(_) => Taken::Busy,
        }
    }

    /// Returns when something came since it returned last.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Answers a request; how far an import is, at once.
    pub(super) async fn call(&self, request: Request) -> Response {
        if let Request::Progress {} = request {
            let (done, total) = (self.read.load(Ordering::Relaxed), self.to_read.load(Ordering::Relaxed));
            return Response::Progress(Progress { done, total });
        }
        let (reply, answer) = oneshot::channel();
        self.send(Command::Call(request, reply)).await;
        let ended = |_| Response::refused(RefusalKind::Failed, "the daemon is ending");
        answer.await.unwrap_or_else(ended)
    }

    /// Does a piece of work on the engine and waits for it; for a thread that may wait.
    ///
    /// # Errors
    /// When the decider is gone, or the work ended with an internal error.
    pub(super) fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |engine| drop(reply.send(work(engine))));
        self.commands.blocking_send(Command::Work(work)).map_err(|_| StoreError::Closed)?;
        answer.blocking_recv().map_err(|_| {
            if self.commands.is_closed() { StoreError::Closed } else { StoreError::Refused(BUG.into()) }
        })
    }

    /// Notes how much is to be read, in bytes, and how much of it was.
    pub(super) fn note_progress(&self, Progress { done, total }: Progress) {
        self.read.store(done, Ordering::Relaxed);
        self.to_read.store(total, Ordering::Relaxed);
    }

    /// Notes that an address was refused for good.
    pub(super) async fn suppressed(&self, customer: CustomerNumber) {
        self.send(Command::Suppressed(customer)).await;
    }

    /// Who is erased and not forgotten yet; nobody where the decider is gone.
    pub(super) async fn erasures(&self) -> Vec<(CustomerNumber, Rest)> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Erasures(reply)).await;
        answer.await.unwrap_or_default()
    }

    /// Forgets what was found of somebody who is erased.
    pub(super) async fn forget(&self, number: CustomerNumber, traces: Traces) -> Result<Forgot, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Forget(number, Box::new(traces), reply)).await;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Notes that somebody unsubscribed. Where the queue is full, whatever is done next notices.
    pub(super) fn unsubscribed(&self) {
        let _ = self.commands.try_send(Command::Unsubscribed);
    }

    /// Notes what the outbox did.
    pub(super) async fn did(&self, sequence: u64, deeds: Vec<Deed>) {
        self.send(Command::Did(sequence, deeds)).await;
    }

    /// Returns when it has done what was asked of it before; also where it has ended.
    pub(super) async fn answer(&self) {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Answer(reply)).await;
        let _ = answer.await;
    }

    /// Ends the thread after what was asked before.
    pub(super) async fn end(&self) {
        self.send(Command::End).await;
    }

    async fn send(&self, command: Command) {
        // A decider that is gone drops the command, and with it the sender of its answer.
        let _ = self.commands.send(command).await;
    }
}

fn ending() -> Taken {
    Taken::Failed("the daemon is ending: send it again".into())
}

/// Takes a post in, and with it those that wait behind it, with one sync. The command that comes next,
/// if it was taken from the queue already.
fn take_group(
    engine: &mut Engine,
    first: (Box<Post>, oneshot::Sender<Taken>),
    commands: &mut mpsc::Receiver<Command>,
    clock: &dyn Clock,
) -> Option<Command> {
    let mut rows = first.0.rows();
    let (mut group, mut next) = (vec![first], None);
    while group.len() < GROUP_POSTS && rows < GROUP_ROWS {
        match commands.try_recv() {
            Ok(Command::Take(post, reply)) => {
                rows += post.rows();
                group.push((post, reply));
            }
            other => {
                next = other.ok();
                break;
            }
        }
    }
    // Whoever went away does not know whether it was taken, and sends it again.
    group.retain(|(_, reply)| !reply.is_closed());
    let (posts, replies): (Vec<Post>, Vec<_>) = group.into_iter().map(|(post, reply)| (*post, reply)).unzip();
    let taken = catch_unwind(AssertUnwindSafe(|| engine.take_posts(posts, clock.now())));
    let failed = match taken {
        Ok(Ok(taken)) => {
            replies.into_iter().zip(taken).for_each(|(reply, taken)| drop(reply.send(taken)));
            return next;
        }
        Ok(Err(error)) => {
            tracing::error!(error = error.to_string(), "posts could not be stored");
            "the store failed: see the daemon's log"
        }
        Err(_) => {
            tracing::error!("posts ended with an internal error, a bug of cvmd");
            BUG
        }
    };
    if let Err(error) = engine.recall_posts() {
        tracing::error!(error = error.to_string(), "what was posted could not be read again");
    }
    for reply in replies {
        let _ = reply.send(Taken::Failed(failed.into()));
    }
    next
}

fn obey(engine: &mut Engine, command: Command, now: Instant, pulse: &Pulse) {
    match command {
        Command::Tick(reply) => {
            let _ = reply.send(tick(engine, now));
        }
        Command::Events(reply) => {
            let _ = reply.send(engine.fire_events(now));
        }
        Command::Activate(rules, reply) => {
            let activated = engine.activate(*rules, now);
            let _ = reply.send(activated.map(|damages| {
                for damage in damages {
                    LeftOut { damage: &damage.0 }.happened(&engine.shared.metrics);
                }
            }));
        }
        // Whoever asked has gone away before it began.
        Command::Call(_, reply) if reply.is_closed() => {}
        Command::Call(request, reply) => {
            let label = request.label();
            let mut on_bytes = |_| pulse.beat();
            // One request's bug must not take the daemon down: what it was about stays undone.
            let handled = AssertUnwindSafe(|| match request {
                // What became of the messages is looked up by who asked.
                Request::Explain { customer, rule, at } => {
                    engine.take_up_deeds();
                    engine.explained(&customer, rule.as_deref(), at, now)
                }
                Request::Status {} => {
                    engine.take_up_deeds();
                    Response::Status(Box::new(engine.status_but_messages(now)))
                }
                request => engine.handle(request, now, &mut on_bytes),
            });
            let response = catch_unwind(handled).unwrap_or_else(|_| {
                tracing::error!(request = label, "a request failed with an internal error");
                Response::refused(RefusalKind::Failed, BUG)
            });
            let _ = reply.send(response);
        }
        Command::Work(work) => {
            if catch_unwind(AssertUnwindSafe(|| work(engine))).is_err() {
                tracing::error!("a piece of work ended with an internal error, a bug of cvmd");
            }
        }
        Command::Erasures(reply) => {
            let _ = reply.send(engine.erasures());
        }
        Command::Forget(number, traces, reply) => {
            let _ = reply.send(engine.forget_what_was_found(number, &traces, now));
        }
        Command::Suppressed(customer) => engine.suppressed(customer),
        // Whoever went away does not wait for it.
        Command::Answer(reply) => drop(reply.send(())),
        Command::Did(sequence, deeds) => {
            if let Err(error) = engine.did(sequence, deeds) {
                tracing::error!(
                    error = error.to_string(),
                    "what was sent could not be told to the rules on it"
                );
            }
        }
        // They are seen to where commands are taken from the queue.
        Command::Take(..) | Command::Unsubscribed | Command::End => {}
    }
}

/// Lets every due rule fire, and measures how long it took.
fn tick(engine: &mut Engine, now: Instant) -> Result<TickReport, StoreError> {
    let watch = Stopwatch::start();
    let report = engine.tick(now)?;
    if !report.on_hold && !report.waits_for_load && !report.waits_for_room {
        engine.shared.metrics.took(watch.elapsed(), engine.evaluation);
    }
    Ok(report)
}

/// Puts everything on hold where the clock was set forward, before anything is decided by it.
fn watch_clock(engine: &mut Engine, clock: &dyn Clock) {
    let shared = Arc::clone(&engine.shared);
    let Some(steps) = shared.steps.get() else { return };
    match steps.look() {
        None => {}
        Some(Step::Back(by)) => ClockStepped { by, forward: false }.happened(&shared.metrics),
        Some(Step::Forward(by)) => {
            ClockStepped { by, forward: true }.happened(&shared.metrics);
            let (now, was_held) = (clock.now(), engine.hold.is_some());
            match engine.hold(HoldReason::ClockStep, now) {
                Ok(()) => steps.accept(),
                // Nothing goes out meanwhile, and the next look says it again.
                Err(error) => {
                    tracing::error!(error = error.to_string(), "the hold could not be written down");
                    return;
                }
            }
            if !was_held {
                engine.say_on_hold(now);
            }
        }
    }
}

/// Takes in who unsubscribed. A store that fails here fails the next tick, too.
fn take_unsubscribes(engine: &mut Engine, now: Instant) {
    let taken = catch_unwind(AssertUnwindSafe(|| engine.take_unsubscribes(now)));
    match taken {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(error = error.to_string(), "who unsubscribed could not be written down");
        }
        Err(_) => tracing::error!("an unsubscribe ended with an internal error, a bug of cvmd"),
    }
}

/// Decides what came. A store that fails here fails the next tick, too.
fn fire(engine: &mut Engine, now: Instant) {
    match engine.fire_events(now) {
        Ok(report) => log_events(&report, &engine.shared.metrics),
        Err(error) => tracing::error!(error = error.to_string(), "events could not be decided"),
    }
}

/// Says what events let happen, where they did.
pub(super) fn log_events(report: &EventReport, metrics: &Metrics) {
    let EventReport { asked, began, restarted, matched, decisions, gone } = *report;
    if !report.is_empty() {
        EventsDecided { asked, began, restarted, matched, decisions, gone }.happened(metrics);
    }
}

#[cfg(test)]
mod tests {
    use super::super::LeftInStore;
    use super::*;
    use crate::clock::VirtualClock;
    use crate::store::Memory;

    #[test]
    fn work_that_meets_a_bug_is_told_from_a_decider_that_ended() {
        let engine = Engine::open(Arc::new(Memory::new()), Arc::new(LeftInStore)).unwrap();
        let clock = Arc::new(VirtualClock::at(Instant(1_790_000_000_000)));
        let (decider, thread) = Decider::start(engine, clock, Pulse::default()).unwrap();
        let failed: Result<(), StoreError> = decider.work(|_| panic!("a bug"));
        assert!(matches!(&failed, Err(StoreError::Refused(text)) if text == BUG), "{failed:?}");
        assert!(matches!(decider.work(|_| 7), Ok(7)), "it goes on");
        decider.commands.blocking_send(Command::End).unwrap();
        thread.join().unwrap();
        assert!(matches!(decider.work(|_| 7), Err(StoreError::Closed)));
    }
}
