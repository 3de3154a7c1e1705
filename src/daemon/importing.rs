//! What the running daemon does beside the decider, which gets it a piece at a time: imports, and looking at
//! everybody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::serve::{Import, Progress, RefusalKind, Request, Response};

use super::service::Service;
use super::{import, suppression};

impl Service {
    /// Imports files as one load; whoever asked may go away. One import after the other.
    pub(super) async fn import(&self, import: Import) -> Response {
        let one = Arc::clone(&self.importing).lock_owned().await;
        let (decider, now) = (self.decider.clone(), self.clock.now());
        let work = move || {
            let _one = one;
            let sizes = import.files.iter().filter_map(|file| std::fs::metadata(&file.path).ok());
            let total = sizes.map(|size| size.len()).sum();
            let mut on_bytes = |done| decider.note_progress(Progress { done, total });
            let imported = AssertUnwindSafe(|| import::answer(&decider, &import, now, &mut on_bytes));
            let answer = catch_unwind(imported).unwrap_or_else(|_| {
                tracing::error!("an import ended with an internal error");
                Response::refused(RefusalKind::Failed, INTERNAL)
            });
            decider.note_progress(Progress { done: 0, total: 0 });
            // One that did not end is one that was cut off. A decider that is gone knows it anyway.
            let _ = decider.work(super::Engine::cut_off_loads_under_way);
            answer
        };
        beside(work).await
    }

    /// Whoever the suppression list may concern since it was changed is looked at.
    pub(super) async fn meet_everybody(&self) -> Result<(), String> {
        let decider = self.decider.clone();
        let look = move || {
            if decider.work(|engine| std::mem::take(&mut engine.unmet))? {
                suppression::meet_everybody(&decider)?;
            }
            Ok(())
        };
        let met: Result<(), crate::store::StoreError> =
            tokio::task::spawn_blocking(look).await.map_err(|_| INTERNAL.to_owned())?;
        met.map_err(|error| error.to_string())
    }

    /// Who matches: everybody as they were is made beside the decider, which is asked about them.
    pub(super) async fn evaluate(&self, request: Request) -> Response {
        let Request::Evaluate { at: Some(at), rules, limit } = request else {
            return self.decider.call(request).await;
        };
        let (decider, now) = (self.decider.clone(), self.clock.now());
        beside(move || super::handle::evaluate(&decider, (at, now), rules, limit)).await
    }
}

const INTERNAL: &str = "an internal error, a bug of cvmd: see the daemon's log";

async fn beside(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let failed = |_| Response::refused(RefusalKind::Failed, INTERNAL);
    tokio::task::spawn_blocking(work).await.unwrap_or_else(failed)
}
