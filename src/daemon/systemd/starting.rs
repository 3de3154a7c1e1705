//! A start that takes long: systemd gives it more time as long as it gets on.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ServiceManager;
use crate::clock;
use crate::daemon::pulse::Pulse;

/// Between two looks whether it gets on.
const LOOK: Duration = Duration::from_secs(2);

/// How much longer it may take, each time that it was seen to get on.
const LONGER: Duration = Duration::from_secs(30);

/// sled's recovery of a large store shows nothing while it goes on; after so many looks it is believed
/// to hang. Half an hour.
const LOOKS_AT_RECOVERY: u32 = 900;

/// What a start does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::daemon) enum Phase {
    /// Reads and checks the rules.
    Rules,
    /// Opens the store, and mends what a crash left.
    Store,
    /// Reads customers, orders and what was decided.
    Customers,
    /// Binds the listeners and settles the messages that were under way.
    Outbox,
}

impl Phase {
    const fn words(self) -> &'static str {
        match self {
            Self::Rules => "starting: reading the rules",
            Self::Store => "starting: opening the store",
            Self::Customers => "starting: reading customers",
            Self::Outbox => "starting: settling messages that were under way",
        }
    }

    /// How many looks it may stand still.
    const fn patience(self) -> u32 {
        match self {
            Self::Store => LOOKS_AT_RECOVERY,
            Self::Rules | Self::Customers | Self::Outbox => 0,
        }
    }
}

/// How far a start is.
pub(in crate::daemon) struct Starting {
    manager: Arc<ServiceManager>,
    /// Beats with whatever the engine reads of the store, the decider's too.
    pub(in crate::daemon) pulse: Pulse,
    /// Beats with whatever the outbox reads and writes.
    pub(in crate::daemon) settling: Pulse,
    phase: Mutex<Phase>,
}

impl Starting {
    pub(in crate::daemon) fn new(manager: Arc<ServiceManager>) -> Self {
        let (pulse, settling) = (Pulse::default(), Pulse::default());
        let starting = Self { manager, pulse, settling, phase: Mutex::new(Phase::Rules) };
        starting.begin(Phase::Rules);
        starting
    }

    pub(in crate::daemon) fn manager(&self) -> Arc<ServiceManager> {
        Arc::clone(&self.manager)
    }

    /// The next part begins.
    pub(in crate::daemon) fn begin(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.manager.extend(LONGER);
        self.manager.say(phase.words());
    }

    /// Asks for more time as long as the start gets on; whoever started ends it.
    pub(in crate::daemon) async fn keep_up(&self) -> Infallible {
        let (mut seen, mut still) = (self.seen(), 0);
        loop {
            clock::nap(LOOK).await;
            let now = self.seen();
            still = if now == seen { still + 1 } else { 0 };
            seen = now;
            if still <= now.0.patience() {
                self.manager.extend(LONGER);
            }
        }
    }

    fn seen(&self) -> (Phase, u64, u64) {
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        (phase, self.pulse.count(), self.settling.count())
    }
}
