//! Calendar and cron: when a schedule fires, in civil time and zones. Pure.

mod window;

pub use window::window_start;
