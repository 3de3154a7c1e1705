//! What became of addresses and customers: numbers of ours, never an address or an id of the shop.

use tracing::{error, info};

use super::super::Metrics;
use super::super::metrics::ByReason;
use crate::model::CustomerNumber;
use crate::record::SuppressionReason;

/// An address was refused for good, and nothing is written to it again.
#[derive(Debug)]
#[expect(missing_docs, reason = "whose it was, and why")]
pub struct AddressSuppressed {
    pub customer: CustomerNumber,
    pub reason: SuppressionReason,
}

impl AddressSuppressed {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { customer, reason } = self;
        let reason = reason.label();
        metrics.suppressed.get_or_create(&ByReason { reason }).inc();
        info!(customer = customer.0, reason, "an address is suppressed");
    }
}

/// Somebody unsubscribed by a link.
#[derive(Debug)]
#[expect(missing_docs, reason = "who, and from what")]
pub struct LeftUs<'a> {
    pub customer: CustomerNumber,
    pub channel: &'a str,
}

impl LeftUs<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.unsubscribes.inc();
        info!(customer = self.customer.0, channel = self.channel, "unsubscribed");
    }
}

/// A customer was erased; nothing leads to who it was.
#[derive(Debug)]
pub struct Erased;

impl Erased {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.erasures.inc();
        info!("a customer was erased");
    }
}

/// A record did not read back and was left out.
#[derive(Debug)]
pub struct LeftOut<'a> {
    /// Which, and what is wrong with it: its table and place.
    pub damage: &'a str,
}

impl LeftOut<'_> {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        metrics.damaged.inc();
        error!(damage = self.damage, "a damaged record was left out");
    }
}
