//! Reloads: whoever asks for one, the files are read, checked and taken over here, one after the other.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::check::Files;
use crate::clock::Clock;
use crate::observe::{RulesRefused, RulesTaken};
use crate::reload::{self, LoadError, Loaded, Watch};
use crate::serve::{Refusal, RefusalKind, ReloadFailure, Reloaded, Response};
use crate::store::{Store, tables};

use super::checked::{check_for, unreadable};
use super::credentials::log_unreadable;
use super::service::{Service, Signals};

/// Persons who wait for a reload; more wait for their turn to ask.
pub(super) const ASKED_AT_ONCE: usize = 8;

/// By which whoever asked for a reload hears what came of it.
pub(super) type Asked = oneshot::Sender<Response>;

/// The files at a start, of which one look has `seen` some. Those that ran last are those of a whole
/// set; any others must stand still first.
pub(super) async fn first_files(
    root: &Path,
    seen: Result<Loaded, LoadError>,
    store: &dyn Store,
    clock: &dyn Clock,
) -> Result<Result<Loaded, LoadError>, String> {
    let last = tables::rules::active(store).map_err(|error| error.to_string())?;
    if let (Ok(loaded), Some(last)) = (seen, last)
        && Files::from(loaded.files.clone()).hash() == last.hash
    {
        return Ok(Ok(loaded));
    }
    Ok(reload::load_settled(root, None, clock).await.into_result())
}

impl Service {
    /// Takes over changed rules, and those that a person or a signal asks for; returns never. All go
    /// through one watch, one by one: what was read earlier is never taken over later.
    pub(super) async fn reload_for_ever(
        &self,
        mut watch: Watch,
        mut asks: mpsc::Receiver<Asked>,
        signals: &Signals,
    ) {
        loop {
            tokio::select! {
                update = watch.next() => drop(self.take_over(update).await),
                () = signals.reload.notified() => {
                    // Whoever asked by a signal is told when it is done, also where nothing changed.
                    let _reloading = self.manager.reloading();
                    let update = watch.read().await;
                    drop(self.take_over(update).await);
                }
                Some(reply) = asks.recv() => {
                    let update = watch.read().await;
                    let answer = match self.take_over(update).await {
                        Ok(reloaded) => Response::Reloaded(reloaded),
                        Err(refusal) => Response::Refused(refusal),
                    };
                    // Whoever asked may have gone.
                    let _ = reply.send(answer);
                }
            }
        }
    }

    /// A reload that somebody waits for.
    pub(super) async fn reload_now(&self) -> Response {
        let (reply, answer) = oneshot::channel();
        let asked = self.asked.send(reply).await;
        match (asked, answer.await) {
            (Ok(()), Ok(response)) => response,
            _ => Response::refused(RefusalKind::Failed, "the daemon ends"),
        }
    }

    /// Checks what was read and makes it the set that runs; where anything is wrong with it, the one
    /// that runs goes on.
    async fn take_over(&self, update: Result<Loaded, LoadError>) -> Result<Reloaded, Refusal> {
        let _reloading = self.manager.reloading();
        let loaded = update.map_err(|error| self.refuse(None, unreadable(&error)))?;
        let commit = loaded.commit.clone();
        let (config, now) = (self.config.clone(), self.clock.now());
        let remembered = Arc::clone(&self.shared.get().remembered);
        let check = move || check_for(&config, &loaded, now, &remembered);
        let checked = tokio::task::spawn_blocking(check).await;
        let broken = |_| failed("the rules could not be checked: an internal error, a bug of cvmd");
        let checked = checked.map_err(broken).and_then(|checked| checked);
        let (rules, warnings) = checked.map_err(|refusal| self.refuse(Some(commit), refusal))?;
        log_unreadable(&self.config.secrets, &rules);
        let before = self.shared.get().active.as_ref().map(|active| active.rules.hash);
        let reloaded = Reloaded {
            changed: before != Some(rules.hash),
            rule_set: rules.hash.to_string(),
            commit: rules.commit.clone(),
            rules: rules.rules.len() as u64,
            warnings,
        };
        let store_failed = |error: String| failed(&format!("the store failed: {error}"));
        self.decider.activate(rules).await.map_err(|error| store_failed(error.to_string()))?;
        let Reloaded { changed, rule_set, commit, rules, .. } = &reloaded;
        RulesTaken { rule_set, commit, rules: *rules, changed: *changed }.happened(&self.shared.metrics);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.outbox.refresh().await.map_err(|error| store_failed(error.to_string()))?;
        self.outbox.recheck();
        self.wake.notify_one();
        Ok(reloaded)
    }

    /// Says that files do not run, in the log and from now on in the status.
    fn refuse(&self, commit: Option<String>, refusal: Refusal) -> Refusal {
        let Refusal { message: reason, details: diagnostics, .. } = &refusal;
        RulesRefused { reason, diagnostics, commit: commit.as_deref() }.happened(&self.shared.metrics);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let since = refused.as_ref().map_or_else(|| self.clock.now(), |before| before.since);
        *refused = Some(ReloadFailure { since, commit, refusal: refusal.clone() });
        refusal
    }
}

fn failed(message: &str) -> Refusal {
    Refusal { kind: RefusalKind::Failed, message: message.into(), details: Vec::new() }
}
