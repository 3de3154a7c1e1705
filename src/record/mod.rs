//! What is kept for ever: the shapes of records and their keys. Pure data; `store` keeps the bytes.
//!
//! Personal data stand only in [`Profile`] and [`OpenMessage`]; all else knows the customer's number.

mod contact;
mod customer;
mod decision;
mod message;

pub use contact::{Contact, ContactKind};
pub use customer::{Change, Consent, Line, Order, Profile, Suppression, SuppressionReason};
pub use decision::{Decision, Fate, RuleMemory, Run, RunState, Skip};
pub use message::{Attempt, FinishedMessage, Frozen, MessageKey, MessageState, OpenMessage};
