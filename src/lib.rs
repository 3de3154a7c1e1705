//! cvmd: rule-based marketing automation with its own language. ARCHITECTURE.md draws the flow.
#![forbid(unsafe_code)]

pub mod model;
pub mod ruleset;
pub mod diagnostic;
pub mod language;
