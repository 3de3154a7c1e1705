//! What is kept for ever: the shapes of records and their keys. Pure data; `store` keeps the bytes.
//!
//! Personal data stand only in [`Profile`], [`Change`], [`Event`] and [`OpenMessage`], be it under way or
//! kept as one that died; all else knows the customer's number.

pub mod codec;
mod contact;
mod control;
mod cost;
mod customer;
mod decision;
mod deed;
mod endpoint;
mod event;
mod guard;
pub mod key;
mod message;
mod movement;
mod privacy;
mod unsubscribe;

pub use contact::{Contact, ContactKind};
pub use control::{
    Hold, HoldReason, LastGood, Load, Met, Pause, PauseScope, RuleState, ServedBy, StoreIdentity,
    StoredRuleSet, WhileQueued,
};
pub use cost::Cost;
pub use customer::{Change, Consent, Line, Order, Profile, Suppression, SuppressionReason};
pub use decision::{Decision, Fate, RuleMemory, Run, RunState, Skip};
pub use deed::{Deed, DeedKind};
pub use endpoint::{Aside, AsideKind, Outage, OutageKind};
pub use event::{Arrival, Event, EventRef, ORDER, Timer};
pub use guard::{Audience, HeldFor, Holding, Tripped};
pub use message::{Attempt, FinishedMessage, Frozen, MessageKey, MessageState, OpenMessage, TakenBack, Wait};
pub use movement::{Move, TrackRecord};
pub use privacy::{Erasure, KeyedHash, Listed, ListedDomain, ListedKind, Tombstone};
pub use unsubscribe::Unsubscribe;
