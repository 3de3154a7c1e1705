//! cvmd.toml.
