//! The real binary: help texts, exit codes, what goes to stdout and what to stderr.

mod binary;
mod check;
mod check_beside;
mod check_from;
mod daemonless;
mod fmt;
mod help;
mod privacy;
mod render;
mod send_test;
mod trouble;
mod usage;
mod waits;
