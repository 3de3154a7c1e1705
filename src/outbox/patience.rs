//! A message that takes long keeps nobody waiting but its own domain.

use std::sync::Arc;
use std::time::Duration;
use std::vec::IntoIter;

use super::settle::give_back;
use super::shared::{Changes, Shared};
use super::worker::Ready;
use crate::record::MessageKey;
use crate::store::StoreError;

/// How long a message may take before the rest of its claim is left to other workers, and its domain
/// keeps no other company in claims until one is faster.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// Makes durable what is known of a claim, and gives back what is not for the domain of the message
/// that takes so long.
pub(super) async fn leave_others(
    shared: &Arc<Shared>,
    slow: MessageKey,
    rest: &mut IntoIter<Ready>,
    results: &mut Vec<Changes>,
) -> Result<(), StoreError> {
    let mut kept = Vec::new();
    shared.index().note_speed(slow, true);
    for ready in rest.by_ref() {
        if shared.index().is_same_domain(slow, ready.message.key) {
            kept.push(ready);
            continue;
        }
        if results.last().is_none_or(Changes::is_full) {
            results.push(Changes::default());
        }
        shared.index().refund(ready.message.key);
        if let Some(changes) = results.last_mut() {
            changes.reopen(give_back(ready.message));
        }
    }
    *rest = kept.into_iter();
    for changes in std::mem::replace(results, vec![Changes::default()]) {
        changes.commit(shared).await?;
    }
    Ok(())
}
