//! What the pages in `docs/` claim, asked of the program.

mod configuration;
mod language;
mod openapi;
mod operations;

use std::fs;
use std::path::Path;

/// The text of a page.
fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

/// A fenced block of one language: the number of its first line, and its text.
struct Block {
    line: usize,
    text: String,
}

fn blocks(markdown: &str, language: &str) -> Vec<Block> {
    let fence = format!("```{language}");
    let lines: Vec<&str> = markdown.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at] != fence {
            at += 1;
            continue;
        }
        let length = lines[at + 1..].iter().position(|line| *line == "```").expect("an open block");
        let text = lines[at + 1..=at + length].join("\n") + "\n";
        found.push(Block { line: at + 2, text });
        at += length + 2;
    }
    found
}
