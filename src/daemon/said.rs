//! What the daemon's log says of recoveries, messages and ticks: ids and figures, no personal data.

use crate::model::Instant;
use crate::observe::{EndpointLeftAlone, Metrics, OutboxOpened, TickEnd, Ticked};
use crate::outbox::Recovery;
use crate::record::{Outage, OutageKind};
use crate::schedule::Passed;

use super::TickReport;

pub(super) fn log_recovery(recovery: Recovery, metrics: &Metrics) {
    let Recovery { open, untouched, sent, failed, again, held } = recovery;
    OutboxOpened { open, untouched, sent, failed, again, held }.happened(metrics);
}

pub(super) fn log_outage(outage: &Outage, metrics: &Metrics) {
    let Outage { name, reason, .. } = outage;
    let until = match outage.kind {
        OutageKind::Gone => None,
        OutageKind::Failing { until, .. } => Some(until),
    };
    EndpointLeftAlone { webhook: name, reason, until }.happened(metrics);
}

/// Says what a tick did.
pub(super) fn log_tick(report: &TickReport, at: Instant, metrics: &Metrics) {
    let end = match (report.on_hold, report.waits_for_load, report.waits_for_room) {
        (true, _, _) => TickEnd::OnHold,
        (false, true, _) => TickEnd::WaitsForImport,
        (false, false, true) => TickEnd::WaitsForRoom,
        (false, false, false) => TickEnd::Done,
    };
    let missed = |(rule, passed): &(String, Passed)| (rule.clone(), passed.count, passed.last);
    let missed: Vec<(String, u64, Instant)> = report.missed.iter().map(missed).collect();
    let TickReport { rules, matched, decisions, .. } = *report;
    Ticked { at, end, rules, matched, decisions, missed: &missed }.happened(metrics);
}
