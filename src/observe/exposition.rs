//! The text that a collector reads: `OpenMetrics`, or the older text format of Prometheus, which whoever does not
//! ask for the other gets.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::PoisonError;

use prometheus_client::encoding::text::encode;

use super::{Metrics, Scene};

/// The content type of `OpenMetrics`.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The content type of Prometheus' text format.
pub const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

/// In which of the two formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exposition {
    /// Prometheus' text format.
    #[default]
    Classic,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

impl Exposition {
    /// What an `Accept` header asks for.
    #[must_use]
    pub fn of(accept: Option<&str>) -> Self {
        let asks = accept.is_some_and(|accept| accept.contains("application/openmetrics-text"));
        if asks { Self::OpenMetrics } else { Self::Classic }
    }

    /// Its content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Classic => CLASSIC,
            Self::OpenMetrics => OPEN_METRICS,
        }
    }
}

impl Metrics {
    /// All metrics, with the gauges as they are in this scene.
    #[must_use]
    pub fn text(&self, scene: &Scene, format: Exposition) -> String {
        let mut text = String::new();
        {
            let _one = self.exposing.lock().unwrap_or_else(PoisonError::into_inner);
            self.look_at(scene);
            // A text in memory takes whatever is written.
            let _ = encode(&mut text, &self.registry);
        }
        match format {
            Exposition::OpenMetrics => text,
            Exposition::Classic => classic(&text),
        }
    }
}

/// The older format: a counter is known by the name of its one sample, units and the end are not said.
fn classic(text: &str) -> String {
    let type_of = |line: &str| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        (kind == "counter").then(|| name.to_owned())
    };
    let counters: BTreeSet<String> = text.lines().filter_map(type_of).collect();
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let head = ["# HELP ", "# TYPE "].into_iter().find(|head| line.starts_with(head));
        let Some(head) = head else {
            if !line.starts_with('#') {
                let _ = writeln!(out, "{line}");
            }
            continue;
        };
        let (name, rest) = line[head.len()..].split_once(' ').unwrap_or((&line[head.len()..], ""));
        let total = if counters.contains(name) { "_total" } else { "" };
        let _ = writeln!(out, "{head}{name}{total} {rest}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_names_counters_by_their_samples() {
        let text = "# HELP a_b Things.\n# TYPE a_b counter\na_b_total{x=\"# TYPE\"} 1\n# HELP s_seconds Long.\n\
                    # TYPE s_seconds gauge\n# UNIT s_seconds seconds\ns_seconds 2.0\n# EOF\n";
        let expected = "# HELP a_b_total Things.\n# TYPE a_b_total counter\na_b_total{x=\"# TYPE\"} 1\n\
                        # HELP s_seconds Long.\n# TYPE s_seconds gauge\ns_seconds 2.0\n";
        assert_eq!(classic(text), expected);
    }

    #[test]
    fn a_collector_that_asks_gets_openmetrics() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3";
        assert_eq!(Exposition::of(Some(prometheus)), Exposition::OpenMetrics);
        assert_eq!([Exposition::of(None), Exposition::of(Some("*/*"))], [Exposition::Classic; 2]);
    }
}
