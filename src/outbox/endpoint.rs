//! What holds an endpoint's calls back, beside the store.

use std::sync::Arc;

use super::circuit::{Sign, Turn};
use super::shared::Shared;
use super::{Report, Route};
use crate::deliver::Outcome;
use crate::record::Outage;
use crate::store::tables::endpoints;
use crate::store::{Batch, StoreError};

impl Shared {
    /// Takes over how much an endpoint bears, as rules and configuration say now; how many workers
    /// that are.
    pub(super) fn take_terms(&self, queue: usize, name: &str) -> usize {
        let limits = self.gate.endpoint(name).map(|endpoint| endpoint.limits).unwrap_or_default();
        let usize_of = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let at_once = limits.at_once.map_or(self.options.calls_per_endpoint, usize_of).max(1);
        let mut index = self.index();
        let calls = index.calls(queue);
        calls.at_once = Some(at_once);
        calls.rate = limits.rate.map(|(count, span)| (usize_of(count).max(1), span));
        at_once
    }

    /// Reads which endpoints were not called; one that is at another address now is.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn restore_outages(&self) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for outage in endpoints::outages(&*self.store) {
            match outage {
                Ok(outage) => drop(self.place(&outage, &mut batch)?),
                Err(error @ StoreError::Corrupt(_)) => self.gate.report(Report::Skipped(error)),
                Err(error) => return Err(error),
            }
        }
        self.commit(batch).await
    }

    /// Takes over changed rules: limits, and addresses, at which nothing was tried yet.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn refresh(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let mut over = Vec::new();
        for (queue, name) in self.endpoints() {
            self.follow_rename(queue, &name, &mut batch)?;
        }
        for (queue, name) in self.endpoints() {
            let route = Route::Endpoint(name.clone());
            let outage = self.index().calls(queue).circuit.outage().cloned();
            if let Some(outage) = outage
                && !self.place(&outage, &mut batch)?
            {
                self.index().calls(queue).circuit.reset();
                over.push(name);
            }
            self.employ(queue, &route);
            self.index().wake(queue);
        }
        self.commit(batch).await?;
        self.forget_domains().await?;
        for name in over {
            self.gate.report(Report::OutageOver(name));
        }
        Ok(())
    }

    /// The queues of endpoints, with the names that these had when they began.
    fn endpoints(&self) -> Vec<(usize, String)> {
        let named = |(queue, route)| match route {
            Route::Endpoint(name) => Some((queue, name)),
            Route::Email | Route::Attributes => None,
        };
        self.index().routes().into_iter().enumerate().filter_map(named).collect()
    }

    /// The name that the webhook of this name has now, where it is another one.
    fn renamed(&self, name: &str) -> Option<String> {
        self.gate.endpoint(name).map(|endpoint| endpoint.name).filter(|present| present != name)
    }

    /// Hands what stands in the queue of a webhook's former name to that of its present one, with what is
    /// known of the endpoint: two queues would be twice the limits.
    fn follow_rename(&self, queue: usize, name: &str, batch: &mut Batch) -> Result<(), StoreError> {
        let Some(present) = self.renamed(name) else { return Ok(()) };
        let outage = self.index().calls(queue).circuit.outage().cloned();
        if let Some(outage) = outage {
            self.place(&outage, batch)?;
        }
        let mut index = self.index();
        let (to, _) = index.queue(&Route::Endpoint(present));
        let asked = index.calls(queue).circuit.take_over();
        index.calls(to).circuit.ask(asked);
        index.rehome(queue, to);
        Ok(())
    }

    /// Puts an outage to the queue of its webhook, under the name that this has now; false where it is
    /// over, for the webhook is gone or stands at another address.
    fn place(&self, outage: &Outage, batch: &mut Batch) -> Result<bool, StoreError> {
        let endpoint = self.gate.endpoint(&outage.name).filter(|endpoint| endpoint.url == outage.url);
        let name = endpoint.as_ref().map(|endpoint| &endpoint.name);
        if name != Some(&outage.name) {
            endpoints::remove_outage(&*self.store, batch, &outage.name)?;
        }
        let Some(name) = name else { return Ok(false) };
        let present = Outage { name: name.clone(), ..outage.clone() };
        if name != &outage.name {
            endpoints::put_outage(batch, &present);
        }
        let mut index = self.index();
        let (queue, _) = index.queue(&Route::Endpoint(name.clone()));
        index.calls(queue).circuit.restore(present);
        Ok(true)
    }

    pub(super) async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() { Ok(()) } else { self.store.commit(batch).durable().await.map(drop) }
    }

    /// What a call of an endpoint came to; `probe` where it went to see how the endpoint is. Whether
    /// the rest of a claim would fare the same, the endpoint, and what changed.
    pub(super) fn hear(
        &self,
        queue: usize,
        outcome: &Outcome,
        probe: bool,
        url: &str,
    ) -> (bool, String, Turn) {
        let now = self.clock.now();
        let sign = match outcome {
            Outcome::Sent { .. } => Sign::Took,
            Outcome::Dead { endpoint_gone: true, reason, .. } => Sign::Gone { reason },
            Outcome::Retry { reason, after } => Sign::Failed { reason, after: *after },
            Outcome::Unreachable { reason } | Outcome::InDoubt { reason } => {
                Sign::Failed { reason, after: None }
            }
            // Of this call alone: its address is none.
            Outcome::Dead { endpoint_gone: false, .. }
            // Only mail servers say so.
            | Outcome::Greylisted { .. }
            | Outcome::SlowDown { .. } => return (false, String::new(), Turn::Same),
        };
        let Route::Endpoint(name) = self.index().route(queue) else {
            return (false, String::new(), Turn::Same);
        };
        // What was under way when it was renamed is heard of under its present name.
        let present = self.renamed(&name).and_then(|present| {
            let queue = self.index().existing(&Route::Endpoint(present.clone()))?;
            Some((queue, present))
        });
        let (queue, name) = present.unwrap_or((queue, name));
        // What another address said is of no account.
        if self.gate.endpoint(&name).is_some_and(|endpoint| endpoint.url != url) {
            return (false, String::new(), Turn::Same);
        }
        let (turn, halts) = {
            let mut index = self.index();
            let circuit = &mut index.calls(queue).circuit;
            let (turn, halts) = (circuit.sign(sign, probe, now, (&name, url)), circuit.holds(now));
            if turn == Turn::Ends {
                index.wake(queue);
            }
            (turn, halts)
        };
        match &turn {
            Turn::Same | Turn::GoesOn(_) => {}
            Turn::Begins(outage) => self.gate.report(Report::Outage(outage.clone())),
            Turn::Ends => self.gate.report(Report::OutageOver(name.clone())),
        }
        (halts, name, turn)
    }
}
