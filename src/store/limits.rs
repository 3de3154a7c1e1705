//! What a batch may hold, and the check that both implementations make.

use super::{Batch, StoreError};
use crate::record::codec::VALUE_LIMIT;

/// Changes of a batch at most: sled's time and memory for a batch grow faster than its size.
pub const BATCH_LIMIT: usize = 300;

/// Bytes of a key at most.
pub const KEY_LIMIT: usize = 1_024;

/// Batches on their way to the disk at most; a further `commit` waits for the writer.
pub const QUEUE_LIMIT: usize = 1_024;

/// Batches of one group at most, so that the first of them does not wait for ever.
pub const GROUP_LIMIT: usize = 256;

/// Refuses what the store is not made for.
pub(super) fn check(batch: &Batch) -> Result<(), StoreError> {
    if batch.changes.len() > BATCH_LIMIT {
        return Err(StoreError::Refused(format!(
            "a commit of {} changes was refused: at most {BATCH_LIMIT}; split it",
            batch.changes.len()
        )));
    }
    for (key, value) in &batch.changes {
        if key.is_empty() || key.len() > KEY_LIMIT {
            return Err(StoreError::Refused(format!(
                "a key of {} bytes was refused: 1 to {KEY_LIMIT}",
                key.len()
            )));
        }
        let length = value.as_ref().map_or(0, Vec::len);
        if length > VALUE_LIMIT {
            return Err(StoreError::Refused(format!(
                "a value of {length} bytes was refused: at most {VALUE_LIMIT}; cut it in pieces"
            )));
        }
    }
    Ok(())
}
