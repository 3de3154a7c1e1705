//! The only reader of the OS clock; every wait goes through it.
