//! Mail servers and domains that an earlier process left alone: a restart does not try at once who said
//! wait.

use super::shared::Shared;
use super::{Report, Route};
use crate::model::{Duration, Instant};
use crate::record::{Aside, AsideKind};
use crate::store::tables::endpoints;
use crate::store::{Batch, StoreError};

/// Longer ago than this, what a domain asked for says nothing of it any more.
const KEPT: Duration = Duration::hours(24);
/// Records that one commit ends.
const AT_ONCE: usize = 100;

impl Shared {
    /// Reads who was left alone; forgets the servers that the configuration names no more, and the domains
    /// of long ago.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn restore_asides(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (mut relays, mut over) = (Vec::new(), Vec::new());
        for aside in endpoints::asides(&*self.store) {
            match aside {
                Ok(aside) if aside.kind == AsideKind::Relay => relays.push(aside),
                Ok(aside) if is_past(&aside, now) => over.push(aside),
                Ok(aside) => self.index().restore_domain(aside),
                Err(error @ StoreError::Corrupt(_)) => self.gate.report(Report::Skipped(error)),
                Err(error) => return Err(error),
            }
        }
        over.extend(self.channels.mailer.restore(relays));
        if let Some((until, why)) = self.channels.mailer.closed(now) {
            self.index().restore_hold(&Route::Email, until, now, why);
        }
        self.end_asides(over.into_iter().map(|aside| (aside.kind, aside.name)).collect()).await
    }

    /// Forgets the domains that asked for less and for which there is nothing any more: a domain may be
    /// that of one person.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn forget_domains(&self) -> Result<(), StoreError> {
        let forgotten = self.index().forget_domains();
        self.end_asides(forgotten.into_iter().map(|name| (AsideKind::Domain, name)).collect()).await
    }

    async fn end_asides(&self, over: Vec<(AsideKind, String)>) -> Result<(), StoreError> {
        for some in over.chunks(AT_ONCE) {
            let mut batch = Batch::default();
            for (kind, name) in some {
                endpoints::remove_aside(&*self.store, &mut batch, *kind, name)?;
            }
            self.commit(batch).await?;
        }
        Ok(())
    }
}

fn is_past(aside: &Aside, now: Instant) -> bool {
    aside.until.plus(KEPT) <= now
}
