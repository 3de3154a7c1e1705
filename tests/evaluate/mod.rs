//! Tests of `population`, `compile` and `evaluate`: the columns against a slow, obvious interpreter.

mod cases;
mod laws;
mod moves;
mod random;
mod reference;
mod shop;
mod traces;
