//! Calendar and cron: when a schedule fires, in civil time and zones. Pure.
