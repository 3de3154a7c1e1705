//! Reading the sentences and what holds them.

use std::fmt;
use std::fs;

/// A sentence of the language's text.
pub struct Sentence {
    /// As it is written there.
    pub text: String,
    /// What holds it.
    pub held: Vec<Held>,
}

/// One thing that holds a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub kind: Kind,
    /// What follows its word.
    pub words: String,
    /// Without the shop beside it.
    pub alone: bool,
}

/// What sort of thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Test,
    Pair,
    Good,
    Note,
    Fine,
    Says(String),
    Mends(String),
    Advises(String),
    /// The names stand in the words, before a colon.
    Who,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.words)
    }
}

/// All sentences of all files.
pub fn sentences() -> Vec<Sentence> {
    let mut files: Vec<_> = fs::read_dir(super::root().join("tests/laws"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    let mut sentences: Vec<Sentence> = Vec::new();
    for file in files {
        for line in fs::read_to_string(&file).unwrap().lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.strip_prefix("  ") {
                None => sentences.push(Sentence { text: line.to_owned(), held: Vec::new() }),
                Some(held) => {
                    let held = read(held).unwrap_or_else(|| panic!("{}: {line}", file.display()));
                    sentences.last_mut().unwrap().held.push(held);
                }
            }
        }
    }
    sentences
}

fn read(line: &str) -> Option<Held> {
    let (alone, line) = match line.strip_prefix("alone ") {
        Some(line) => (true, line),
        None => (false, line),
    };
    let held = |kind, words: &str| Some(Held { kind, words: words.to_owned(), alone });
    let (word, rest) = line.split_once(' ')?;
    let coded = || rest.split_once(": ").map(|(code, words)| (code.to_owned(), words));
    match word {
        "test" => held(Kind::Test, rest),
        "pair" => held(Kind::Pair, rest),
        "good" => held(Kind::Good, rest),
        "note:" => held(Kind::Note, rest),
        "fine:" => held(Kind::Fine, rest),
        "who" => held(Kind::Who, rest),
        "says" => coded().and_then(|(code, words)| held(Kind::Says(code), words)),
        "mends" => coded().and_then(|(code, words)| held(Kind::Mends(code), words)),
        "advises" => coded().and_then(|(code, words)| held(Kind::Advises(code), words)),
        _ => None,
    }
}
