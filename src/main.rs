//! cvmd.
fn main() {}
