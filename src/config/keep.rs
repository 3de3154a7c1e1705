//! `[keep]`: how long what nothing reads any more is kept.

use toml::de::DeValue;

use super::read::{File, Parsed};
use super::value;
use crate::model::Duration;

/// How long what was decided is kept; none: for ever. What caps, frequencies and conditions read is kept for
/// ever: who was contacted when, orders, events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Decisions with the values that mattered, their runs, and what became of their messages.
    pub decisions: Option<Duration>,
    /// Who was passed over, and why.
    pub non_sends: Option<Duration>,
}

impl Default for Keep {
    fn default() -> Self {
        Self { decisions: Some(Duration::days(400)), non_sends: Some(Duration::days(90)) }
    }
}

/// What says that something is never let go.
const FOREVER: &str = "forever";

/// What is kept for ever, whatever is written, and why.
const ALWAYS: [(&str, &str); 3] = [
    ("contacts", "by them nobody gets a message twice"),
    ("orders", "conditions count them"),
    ("events", "conditions count them"),
];

/// A message may wait so long for its time, and what died may be sent again within it.
const SHORTEST_DECISIONS: Duration = Duration::days(60);

pub(super) fn keep(file: &File<'_>) -> Keep {
    let mut section = file.section("keep", &["decisions", "non_sends", "contacts", "orders", "events"]);
    for (key, why) in ALWAYS {
        section.parse(key, |value| always(value, why));
    }
    let usual = Keep::default();
    let longest = Duration::days(36_500);
    Keep {
        decisions: section.parse("decisions", length(SHORTEST_DECISIONS, longest)).unwrap_or(usual.decisions),
        non_sends: section.parse("non_sends", length(Duration::days(1), longest)).unwrap_or(usual.non_sends),
    }
}

fn length(shortest: Duration, longest: Duration) -> impl Fn(&DeValue<'_>) -> Parsed<Option<Duration>> {
    move |value| {
        if value.as_str() == Some(FOREVER) {
            return Ok(None);
        }
        let read = value::duration(shortest..=longest)(value);
        read.map(Some).map_err(|text| format!("{text}, or `\"{FOREVER}\"`"))
    }
}

fn always(value: &DeValue<'_>, why: &str) -> Parsed<()> {
    if value.as_str() == Some(FOREVER) {
        return Ok(());
    }
    Err(format!("is always `\"{FOREVER}\"`, for {why}: leave the line out"))
}
