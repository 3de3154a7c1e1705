//! A shop to look at: a workspace whose webhook calls a receiver in this process, generated
//! customers and orders, and what may be said of them. Knows files and a socket; prints nothing.

mod receiver;
mod tour;
mod workspace;

pub use receiver::{Receiver, Verified};
pub use tour::{TourLine, tour};
pub use workspace::{CONFIG, Made, count_mails, make};
