//! What a retention lets go: old runs with their recipients and decisions, old non-sends, messages that ended
//! long ago. Never what a cap, an `at most` or a condition reads: the ledger, orders, events, moves, memories.
//!
//! Keys are found in small parts, and removed by whoever may write. A run's own record goes after all that
//! belongs to it, so that a crash in between leaves something that is found again.

use crate::model::{Instant, RuleNumber};
use crate::record::RunState;
use crate::record::key::{self, Table};
use crate::store::{Store, StoreError};

/// Runs of a rule that are looked at for one part: what is held or damaged stays and is passed over.
const LOOKED_AT: usize = 10_000;

/// The keys of messages that ended before an instant; at most so many.
///
/// # Errors
/// When the store does not read.
pub fn finished(store: &dyn Store, before: Instant, most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
    let prefix = Table::FinishedMessage.prefix();
    let end = key::finished_since(before);
    keys(store, &prefix, &end, most)
}

/// The keys of those whom a rule passed over before an instant; at most so many.
///
/// # Errors
/// When the store does not read.
pub fn non_sends(
    store: &dyn Store,
    rule: RuleNumber,
    before: Instant,
    most: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    keys(store, &key::non_sends_of(rule), &key::non_sends(rule, before, 0, 0), most)
}

/// The keys of runs of a rule that are over, and began before an instant by their occurrence and by the clock,
/// with all that belongs to them; at most so many. To be removed in this order.
///
/// # Errors
/// When the store does not read.
pub fn runs(
    store: &dyn Store,
    rule: RuleNumber,
    before: Instant,
    most: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut found = Vec::new();
    for run in super::runs::runs_of(store, rule).take(LOOKED_AT) {
        let run = match run {
            Ok(run) if run.at < before => run,
            Ok(_) => break,
            // What it was about is not known: it stays.
            Err(StoreError::Corrupt(_)) => continue,
            Err(error) => return Err(error),
        };
        let over = match run.state {
            RunState::Closed | RunState::Dropped => run.now < before,
            RunState::Open(_) | RunState::Held => false,
        };
        if !over {
            continue;
        }
        // A record in pieces has keys that begin with its own, and goes with its head last.
        let record = key::run(rule, run.at);
        let parts = [key::decisions_of(rule, run.at), key::recipients_of(rule, run.at)];
        for prefix in &parts {
            let room = most - found.len();
            found.extend(store.scan(prefix, prefix).take(room).map(first).collect::<Result<Vec<_>, _>>()?);
        }
        let own: Vec<Vec<u8>> = store.scan(&record, &record).map(first).collect::<Result<_, _>>()?;
        if found.len() + own.len() > most {
            break;
        }
        found.extend(own.into_iter().rev());
    }
    Ok(found)
}

/// Keys below `end` under a prefix.
fn keys(store: &dyn Store, prefix: &[u8], end: &[u8], most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
    let below = store.scan(prefix, prefix).map(first);
    let below = below.take_while(|key| key.as_ref().map_or(true, |key| key.as_slice() < end));
    below.take(most).collect()
}

fn first(item: Result<(Vec<u8>, Vec<u8>), StoreError>) -> Result<Vec<u8>, StoreError> {
    item.map(|(key, _)| key)
}
