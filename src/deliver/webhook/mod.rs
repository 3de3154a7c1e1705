//! Webhooks by the Standard Webhooks specification: signed, without redirects, and by default only
//! to public addresses.

mod address;
mod caller;
mod header;
mod payload;
#[cfg(test)]
mod rebinding;
mod sign;

pub use address::is_public;
pub use caller::{Call, Caller, Options};
pub use header::SecretHeader;
pub use payload::Payload;
pub use sign::{Secret, sign};
