//! E-mail: from a rendered message to its bytes, and over SMTP into a server's hands.

mod bounded;
mod build;
mod handshake;
mod relays;
mod reply;
mod server;
mod session;

pub use build::{Built, Email};
pub use relays::{RelayState, RelayTurn, Relays, SetAside};
pub use server::{Limits, Server, TimeOuts};
pub use session::Session;
