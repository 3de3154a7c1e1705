//! How the daemon is, in a line: what `systemctl status` shows.

use std::fmt::Write;
use std::sync::PoisonError;
use std::time::Duration;

use super::super::service::Service;
use crate::clock;
use crate::serve::ReloadFailure;

/// The line is looked at so often; after a reload at once.
const EVERY: Duration = Duration::from_secs(5);

/// Characters of a commit that tell it from others.
const SHORT_COMMIT: usize = 12;

impl Service {
    /// Keeps systemd's line up to date; returns never.
    pub(in crate::daemon) async fn tell_for_ever(&self) {
        loop {
            tokio::select! {
                () = clock::nap(EVERY) => {}
                () = self.manager.changed.notified() => {}
            }
            self.manager.say(&self.line());
        }
    }

    /// What runs, what waits and what is wrong, from what is known without asking the decider.
    pub(in crate::daemon) fn line(&self) -> String {
        let seen = self.shared.get();
        let mut line = String::new();
        match &seen.active {
            Some(active) => {
                let rules = active.rules.rules.len();
                let commit: String = active.rules.commit.chars().take(SHORT_COMMIT).collect();
                let noun = if rules == 1 { "rule" } else { "rules" };
                let _ = write!(line, "{rules} {noun}, commit {commit}");
            }
            None => line.push_str("no rules run"),
        }
        let counts = self.outbox.counts().by_state;
        let states: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
        let _ = match states.as_slice() {
            [] => write!(line, "; outbox empty"),
            states => write!(line, "; outbox: {}", states.join(", ")),
        };
        for wrong in self.wrong() {
            let _ = write!(line, "; {wrong}");
        }
        line
    }

    fn wrong(&self) -> Vec<String> {
        let seen = self.shared.get();
        let mut wrong = Vec::new();
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(ReloadFailure { refusal, .. }) = refused {
            let first = refusal.details.first().map(|detail| format!(": {detail}")).unwrap_or_default();
            wrong.push(format!("LAST RELOAD FAILED, the rules before it run: {}{first}", refusal.message));
        }
        if seen.on_hold {
            wrong.push("ON HOLD, nothing is decided or sent: see `cvmd status`".into());
        }
        if seen.waits_for_load {
            wrong.push("WAITS for an import to be complete".into());
        }
        let paused: Vec<String> = seen.pauses.0.keys().map(ToString::to_string).collect();
        if !paused.is_empty() {
            wrong.push(format!("PAUSED: {}", paused.join(", ")));
        }
        if self.shared.room.is_short() {
            wrong.push("THE DISK IS NEARLY FULL, nothing is decided or sent: see `cvmd status`".into());
        }
        wrong.extend(self.store.failure().map(|error| format!("THE STORE FAILED: {error}")));
        let held = self.outbox.troubles().into_iter();
        wrong.extend(held.map(|(route, why)| format!("NOTHING GOES OUT by {route}: {why}")));
        wrong
    }
}
