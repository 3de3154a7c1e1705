//! Customers, orders and events of a shop that never was, with a known truth: for the demo and for tests.
//!
//! First orders are spread over two years; further orders and drop-out follow BG/NBD (Fader, Hardie,
//! Lee 2005), spend gamma-gamma (Fader, Hardie 2005). The same seed, number and instant give the same
//! bytes, and a customer does not depend on how many others there are. Addresses are at domains that
//! are reserved for examples (RFC 2606), phone numbers in ranges reserved for fiction.
//!
//! Whatever the seed, of each hundred customers one is lapsing, has a `clv` above 500 and consents;
//! one came within the last three days; one ordered within the last five hours; one has their
//! birthday, and one left a basket within the last hour, both with consent.

mod doings;
mod life;
mod people;
mod random;
mod shop;
mod worth;
mod write;

pub use doings::{GeneratedEvent, GeneratedKind};
pub use shop::{GeneratedConsent, GeneratedCustomer, GeneratedOrder, Shop, shop};
pub use write::{Written, write, write_folder};
