//! What the daemon's log says of recoveries, messages and ticks: ids and figures, no personal data.

use tracing::{debug, info, warn};

use crate::outbox::Recovery;
use crate::record::{FinishedMessage, MessageState, Outage, OutageKind};

use super::TickReport;

pub(super) fn log_recovery(recovery: Recovery) {
    let Recovery { open, untouched, sent, failed, again, held } = recovery;
    info!(open, untouched, sent, failed, again, held, "the outbox is open");
}

/// What was sent is for `debug`: there may be millions; what was not, somebody may want to know.
pub(super) fn log_finished(message: &FinishedMessage) {
    let (id, state) = (message.key.to_string(), message.state.label());
    let FinishedMessage { rule, attempts, result, .. } = message;
    if message.state == MessageState::Sent {
        debug!(message_id = id, rule, attempts, result, "{state}");
    } else {
        warn!(message_id = id, rule, attempts, result, "{state}");
    }
}

pub(super) fn log_outage(outage: &Outage) {
    let Outage { name, reason, .. } = outage;
    match outage.kind {
        OutageKind::Gone => {
            warn!(
                webhook = name,
                reason, "its calls wait until `cvmd resume webhook NAME`, or another address"
            );
        }
        OutageKind::Failing { until, .. } => {
            let until = until.to_string();
            warn!(webhook = name, reason, until, "too many calls in a row failed: the others wait");
        }
    }
}

pub(super) fn log_tick(report: &TickReport) {
    for (rule, passed) in &report.missed {
        warn!(
            rule,
            count = passed.count,
            last = passed.last.to_string(),
            "occurrences were missed and passed over"
        );
    }
    if report.decisions > 0 {
        info!(rules = report.rules, matched = report.matched, decisions = report.decisions, "tick");
    }
}
