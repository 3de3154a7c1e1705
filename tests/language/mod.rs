//! Tests of `language`.

mod dump;
mod golden;
