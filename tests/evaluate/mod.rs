//! Tests of `population`, `compile` and `evaluate`: the columns against a slow, obvious interpreter.

mod cases;
mod laws;
mod moves;
pub(crate) mod random;
pub(crate) mod reference;
pub(crate) mod shop;
mod traces;
