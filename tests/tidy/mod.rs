//! The house's order, kept by tests: who may use whom, which words stand where, how long a file is.
//!
//! Each check is a function over a path and a text that answers what is wrong, so that a test can
//! plant a mistake and see it caught.

mod arrows;
mod dependencies;
mod length;
mod source;
mod words;

use source::{House, rust_files};

/// Fails with all that a check found in the house, a line each.
fn clean(house: House, check: impl Fn(&str, &str) -> Vec<String>) {
    let files = rust_files(house);
    assert!(files.len() > 10, "looked at the wrong place");
    let wrong: Vec<String> = files.iter().flat_map(|(path, text)| check(path, text)).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
