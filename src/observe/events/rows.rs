//! Rows that come in.

use tracing::debug;

use super::super::Metrics;
use super::super::metrics::Rows;

/// Something was posted, and kept as far as it was good.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "rows, by what came of them")]
pub struct Posted {
    pub kind: &'static str,
    pub accepted: u64,
    pub unchanged: u64,
    pub rejected: u64,
}

impl Posted {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { kind, accepted, unchanged, rejected } = *self;
        count_rows(
            metrics,
            "post",
            [("accepted", accepted), ("unchanged", unchanged), ("rejected", rejected)],
        );
        debug!(kind, accepted, unchanged, rejected, "posted");
    }
}

/// A file was imported.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "rows, by what came of them")]
pub struct RowsImported {
    pub accepted: u64,
    pub unchanged: u64,
    pub rejected: u64,
}

impl RowsImported {
    /// Says so.
    pub fn happened(&self, metrics: &Metrics) {
        let Self { accepted, unchanged, rejected } = *self;
        count_rows(
            metrics,
            "file",
            [("accepted", accepted), ("unchanged", unchanged), ("rejected", rejected)],
        );
        debug!(accepted, unchanged, rejected, "a file was imported");
    }
}

fn count_rows(metrics: &Metrics, by: &'static str, counts: [(&'static str, u64); 3]) {
    for (result, count) in counts {
        metrics.rows.get_or_create(&Rows { by, result }).inc_by(count);
    }
}
