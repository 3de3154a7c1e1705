//! Money, numbers, shares, time and identifiers: newtypes without dependencies.
//!
//! Every scalar is an `i64` on the inside, so that the engine compares one kind of number and two
//! runs over the same data decide the same to the byte. Nothing here reads a clock or a file.

mod bitmap;
mod identifier;
mod quantity;
mod sign;
mod time;
mod timetable;

pub use bitmap::{BLOCK, Bitmap};
pub use identifier::{Channel, CustomerId, CustomerNumber, DecisionKey, Occurrence, RuleNumber, RuleSetHash};
pub use quantity::{Currency, Money, Number, ParseQuantityError, Share};
pub use sign::Sign;
pub use time::{DAY_MS, Date, Duration, HOUR_MS, Instant, MINUTE_MS, TimeOfDay};
pub use timetable::{CronFields, DaySet, Frame, Schedule, Timetable};
