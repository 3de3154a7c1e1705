//! From text to syntax: split into items and clauses, parse each clause, build the tree.
//!
//! Knows the grammar; not what a name means nor which types fit.

pub mod tree;
