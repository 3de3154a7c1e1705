//! cvmd: rule-based marketing automation with its own language. ARCHITECTURE.md draws the flow.
#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
#[expect(clippy::disallowed_methods, reason = "the one reader of the OS clock and the one that waits")]
pub mod clock;
pub mod compile;
pub mod config;
pub mod daemon;
pub mod decide;
pub mod deliver;
pub mod demo;
pub mod diagnostic;
pub mod evaluate;
pub mod failpoint;
pub mod generate;
pub mod ingest;
pub mod language;
pub mod message;
pub mod model;
pub mod observe;
pub mod outbox;
pub mod population;
pub mod record;
pub mod reload;
pub mod ruleset;
pub mod schedule;
pub mod serve;
pub mod store;
