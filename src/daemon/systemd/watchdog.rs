//! The watchdog: it is fed while the decider and the store's writer get on, and by nothing else.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::super::service::Service;
use crate::clock;
use crate::store::Batch;

/// How often a decider that has not answered yet is looked at, whether it does something.
const LOOK: Duration = Duration::from_millis(100);

/// A question under way.
pub(in crate::daemon) type Asked = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Service {
    /// Tells systemd, twice in the time that it wants, that the daemon lives, as long as both the decider and
    /// the writer get on; returns never. After a stall of one of them systemd hears nothing more, and starts
    /// the daemon anew.
    pub(in crate::daemon) async fn feed_watchdog(&self) {
        let Some(limit) = self.manager.watchdog() else { return std::future::pending().await };
        // What was asked and not answered is not asked again: a queue must not fill with questions.
        let mut asked: Option<Asked> = None;
        loop {
            tokio::join!(self.decider_gets_on(&mut asked), self.writer_gets_on());
            self.manager.alive();
            clock::nap(limit / 2).await;
        }
    }

    /// The same while the daemon ends: how long that may take is systemd's to limit.
    pub(in crate::daemon) async fn feed_to_the_end(&self) {
        let Some(limit) = self.manager.watchdog() else { return std::future::pending().await };
        loop {
            self.manager.alive();
            clock::nap(limit / 2).await;
        }
    }

    /// Returns when the decider answers or is seen at work: behind a large import an answer takes its time.
    pub(in crate::daemon) async fn decider_gets_on(&self, asked: &mut Option<Asked>) {
        let before = self.pulse.count();
        loop {
            let answer = asked.get_or_insert_with(|| {
                let decider = self.decider.clone();
                Box::pin(async move { decider.answer().await })
            });
            tokio::select! {
                () = answer => {
                    *asked = None;
                    return;
                }
                () = clock::nap(LOOK) => {
                    if self.pulse.count() != before {
                        return;
                    }
                }
            }
        }
    }

    /// Returns when the writer has made durable what was handed to it before, and an empty commit.
    async fn writer_gets_on(&self) {
        let store = Arc::clone(&self.store);
        // Where too many commits wait, handing one over waits, too.
        let written = tokio::task::spawn_blocking(move || store.commit(Batch::default()).wait()).await;
        if !matches!(written, Ok(Ok(_))) {
            // It failed for good: whoever watches the store ends the daemon, and says why.
            std::future::pending::<()>().await;
        }
    }
}
