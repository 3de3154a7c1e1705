//! When a schedule fires and what a period spans, in civil time and zones. Pure: knows no clock.

mod calendar;
mod cron;
mod due;
mod window;

pub use calendar::{next_after, previous_at_or_before};
pub use cron::{Cron, CronError};
pub use due::{Due, MISSED_RUNS_WITHIN, Passed, Since, due};
pub use window::window_start;
