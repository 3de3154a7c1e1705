//! What an import needs to know besides the bytes.

use jiff::tz::TimeZone;

use crate::model::Instant;
use crate::ruleset::{Schema, Type, Value};

use super::RejectCode;

/// How to read a file or a body.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The fields of customers.
    pub schema: &'a Schema,
    /// The workspace's zone: of dates and local times.
    pub zone: &'a TimeZone,
    /// When the reading happens; times more than [`super::MAX_AHEAD`] later are refused.
    pub now: Instant,
    /// `--map COLUMN=FIELD`, as pairs.
    pub map: &'a [(String, String)],
    /// `--event`, if given: what events are where no column says it.
    pub event: Option<&'a str>,
    /// `--total`, if given.
    pub totals: Option<Totals>,
    /// Where the data come from.
    pub origin: Origin,
}

impl Options<'_> {
    /// Reads a time that must not lie in the future.
    ///
    /// # Errors
    /// Why it cannot be taken, in words that follow its text.
    pub(super) fn past_time(&self, text: &str) -> Result<Instant, (RejectCode, String)> {
        let bad = |why: String| (RejectCode::BadTime, why);
        let Value::Time(time) = self.schema.read(Type::Time, text, self.zone).map_err(bad)? else {
            return Err(bad("is no time".into()));
        };
        if self.in_future(time) {
            return Err((RejectCode::InFuture, "lies in the future".into()));
        }
        Ok(time)
    }

    /// Whether `time` is further ahead than clocks differ.
    pub(super) fn in_future(&self, time: Instant) -> bool {
        time > self.now.plus(super::MAX_AHEAD)
    }
}

/// What the column `total` holds in orders of several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Totals {
    /// Each line its own amount: they are added up.
    PerLine,
    /// Each line the whole order's amount, repeated.
    PerOrder,
}

impl Totals {
    /// Reads what `--total` names; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "per-line" => Some(Self::PerLine),
            "per-order" => Some(Self::PerOrder),
            _ => None,
        }
    }

    /// As `--total` names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PerLine => "per-line",
            Self::PerOrder => "per-order",
        }
    }
}

/// Where data come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A file: what it holds is history.
    File,
    /// A request: it is learnt now. Totals are per line unless said otherwise, for a small body
    /// shows too little to tell.
    Http,
}

impl Origin {
    /// When something that happened at `time` counts as learnt: history in a file counts as learnt
    /// when it happened, so that `--at` in the past sees it; what comes by HTTP is learnt now.
    pub(super) fn learnt(self, time: Instant, now: Instant) -> Instant {
        match self {
            Self::File => time.min(now),
            Self::Http => now,
        }
    }
}
