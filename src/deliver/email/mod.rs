//! E-mail: from a rendered message to its bytes, and over SMTP into a server's hands.

mod build;
mod handshake;
mod reply;
mod server;
mod session;

pub use build::{Built, Email};
pub use server::{Limits, Server, TimeOuts};
pub use session::Session;
