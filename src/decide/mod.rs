//! Who gets what: the pipeline of policies. Pure: whatever it needs is an argument.
//!
//! [`select`] looks at everybody who matches a rule and says who would be sent and why the others
//! not; [`slice()`] decides the next hundred of them for good, meeting consent, suppression, pauses
//! and caps once more. A stage can take somebody out, never put somebody in. It knows neither the
//! store nor the outbox: the daemon commits what it returns.

mod addresses;
mod again;
mod due;
mod growth;
mod ledger;
mod pause;
mod room;
mod select;
mod slice;
mod stage;
mod totals;
mod wait;
mod world;

pub use addresses::Addresses;
pub use again::{Again, Withdrawal, has_expired, has_waited, meet_again};
pub use due::{Due, judge, settle};
pub use growth::{asks_for_growth, grown, remember as remember_audience};
pub use ledger::Ledger;
pub use pause::{Pauses, Scope};
pub use select::{GIVE_UP_AFTER, Selection, condition_of, first_run, hold, select};
pub use slice::{Particulars, SLICE, Slice, slice, slice_size};
pub use stage::{CALLS, SETS, STAGES, Stage, at_most_of, full_cap, is_off};
pub use totals::Totals;
pub use wait::{Waits, wait};
pub use world::{Gap, People, Subject, World, sends};
