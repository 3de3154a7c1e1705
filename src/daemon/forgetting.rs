//! Erasures under the running daemon: what is to be forgotten is looked for beside the decider, through all
//! that is stored, and forgotten by the decider, by what was found.

use std::sync::Arc;

use crate::model::CustomerNumber;
use crate::store::StoreError;

use super::forget::{Forgot, find};
use super::service::Service;

/// How often one looks again where a message moved meanwhile, before the next tick does.
const TRIES: u32 = 5;

impl Service {
    /// Goes on with all erasures. How many messages of `whose` are in others' hands still.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn forget_erased(&self, whose: Option<CustomerNumber>) -> Result<u64, StoreError> {
        // One at a time: two who look for the same would each find what the other has forgotten.
        let _one = self.forgetting.lock().await;
        let mut left = 0;
        for (number, rest) in self.decider.erasures().await {
            let mut what = rest;
            for _ in 0..TRIES {
                let store = Arc::clone(&self.store);
                let found = tokio::task::spawn_blocking(move || find(&*store, number, what)).await;
                let Ok(found) = found else { break };
                match self.decider.forget(number, found?).await? {
                    Forgot::All => break,
                    Forgot::AllBut(rest) => {
                        left += if whose == Some(number) { rest } else { 0 };
                        break;
                    }
                    // The history went with the first.
                    Forgot::Moved => what = super::forget::Rest::Messages,
                }
            }
        }
        Ok(left)
    }
}
