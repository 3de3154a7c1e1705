//! When a schedule fires and what a period spans, in civil time and zones. Pure: knows no clock.

mod calendar;
pub mod cron;
mod due;
pub mod gaps;
mod occasions;
mod quiet;
mod upcoming;
mod window;

pub use calendar::{next_after, previous_at_or_before};
pub use due::{Due, Passed, Since, due, is_met, look_from};
pub use occasions::{Occasions, civil_of, in_season, last_met, season_span, zone_of};
pub use quiet::quiet_until;
pub use upcoming::{Clocks, Upcoming, around_the_world, upcoming};
pub use window::{leaves, window_start};
