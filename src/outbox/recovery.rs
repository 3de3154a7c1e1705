//! After a start: what to make of messages that an earlier process had claimed.

use std::fs;
use std::sync::Arc;

use super::Report;
use super::journal::{self, Trace, Traces};
use super::settle::{finish, give_back, in_doubt};
use super::shared::{Changes, Shared, journal_trouble};
use crate::failpoint;
use crate::model::Instant;
use crate::record::{Attempt, MessageState, OpenMessage};
use crate::store::StoreError;
use crate::store::tables::messages;

/// What a start found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Open messages in all.
    pub open: u64,
    /// Claimed ones of which no byte had gone out: they wait as before.
    pub untouched: u64,
    /// Claimed ones that had been taken, by the worker's file: now sent.
    pub sent: u64,
    /// Claimed ones that had been refused, by the worker's file: tried again.
    pub failed: u64,
    /// In doubt and sent again: calls and transactional mail, under the same id.
    pub again: u64,
    /// In doubt and held for a person.
    pub held: u64,
}

/// What is known of a claimed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knowledge {
    Untouched,
    Sent,
    Failed,
    Doubt,
}

/// Settles what was claimed and puts all open messages into their queues.
///
/// # Errors
/// When the store or the workers' files fail.
pub(super) async fn recover(shared: &Arc<Shared>) -> Result<Recovery, String> {
    let folder = &shared.options.folder;
    let broken = |error: std::io::Error| journal_trouble(&shared.options, &error);
    fs::create_dir_all(folder).map_err(broken)?;
    let boot = shared.options.boot.as_str();
    // Claims are settled before the boot is noted: one that is still there was made in that boot.
    let same_boot = !boot.is_empty() && journal::last_boot(folder).as_deref() == Some(boot);
    let traces = if same_boot { Some(Traces::read(folder, boot).map_err(broken)?) } else { None };
    shared.restore_outages().await.map_err(|error| error.to_string())?;
    shared.restore_asides().await.map_err(|error| error.to_string())?;
    let recovery = settle_all(shared, traces.as_ref()).await.map_err(|error| error.to_string())?;
    shared.forget_domains().await.map_err(|error| error.to_string())?;
    failpoint::hit("recovery_settled");
    journal::remove_all(folder).map_err(broken)?;
    journal::note_boot(folder, boot).map_err(broken)?;
    Ok(recovery)
}

async fn settle_all(shared: &Arc<Shared>, traces: Option<&Traces>) -> Result<Recovery, StoreError> {
    let now = shared.clock.now();
    let mut recovery = Recovery::default();
    let (mut claimed, mut waiting) = (Vec::new(), Vec::new());
    for message in messages::open_messages(&*shared.store) {
        match message {
            Ok(message) if message.state == MessageState::Claimed => claimed.push(message),
            Ok(message) => waiting.push(message),
            Err(error @ StoreError::Corrupt(_)) => shared.gate.report(Report::Skipped(error)),
            Err(error) => return Err(error),
        }
        // A scan of a million must not be kept in memory whole.
        if waiting.len() == 1_000 {
            recovery.open += 1_000;
            shared.enqueue(&std::mem::take(&mut waiting));
        }
    }
    recovery.open += (waiting.len() + claimed.len()) as u64;
    shared.enqueue(&waiting);
    shared.enqueue(&claimed);
    let mut changes = Changes::default();
    for message in claimed {
        let knowledge = knowledge(&message, traces);
        settle_one(shared, message, knowledge, now, &mut changes, &mut recovery)?;
        if changes.is_full() {
            std::mem::take(&mut changes).commit(shared).await?;
        }
    }
    changes.commit(shared).await?;
    Ok(recovery)
}

/// Without the files of the same boot, a whole claim is in doubt: a plain write does not survive the
/// loss of power.
fn knowledge(message: &OpenMessage, traces: Option<&Traces>) -> Knowledge {
    match traces.map(|traces| traces.of(message.key, message.attempts)) {
        None | Some(Some(Trace::Begun)) => Knowledge::Doubt,
        Some(None) => Knowledge::Untouched,
        Some(Some(Trace::Sent)) => Knowledge::Sent,
        Some(Some(Trace::Failed)) => Knowledge::Failed,
    }
}

fn settle_one(
    shared: &Shared,
    mut message: OpenMessage,
    knowledge: Knowledge,
    now: Instant,
    changes: &mut Changes,
    recovery: &mut Recovery,
) -> Result<(), StoreError> {
    match knowledge {
        Knowledge::Untouched => {
            recovery.untouched += 1;
            changes.reopen(give_back(message));
        }
        Knowledge::Sent => {
            recovery.sent += 1;
            let why = "taken before the daemon was killed".to_owned();
            let finished = finish(&message, MessageState::Sent, now, why);
            changes.end(shared, &message, finished, None)?;
        }
        Knowledge::Failed => {
            recovery.failed += 1;
            changes.reopen(retry(message, now, "refused before the daemon was killed"));
        }
        Knowledge::Doubt if shared.holds_doubt(&message) => {
            recovery.held += 1;
            let why = "the daemon was killed, or the power failed, while it was being sent";
            message = in_doubt(message, now, why);
            changes.reopen(message);
        }
        Knowledge::Doubt => {
            recovery.again += 1;
            changes.reopen(retry(message, now, "in doubt after a crash: sent again under the same id"));
        }
    }
    Ok(())
}

fn retry(mut message: OpenMessage, now: Instant, why: &str) -> OpenMessage {
    message.state = MessageState::Retry;
    message.next_attempt = now;
    message.last = Some(Attempt { at: now, result: why.to_owned() });
    message
}
