//! Words that only some rooms may use, and some that none may.

use super::clean;
use super::source::{House, bare, room, running};

/// A word, where it may stand (rooms, or single files), and why nowhere else.
struct Ban {
    words: &'static [&'static str],
    allowed: &'static [&'static str],
    why: &'static str,
}

const BANS: [Ban; 6] = [
    Ban { words: &["sled::"], allowed: &["store"], why: "only `store` names sled" },
    Ban {
        words: &["println!", "print!", "eprintln!", "eprint!", "stdout()", "stderr()"],
        allowed: &["cli"],
        why: "only `cli` prints; a log line is tracing's",
    },
    Ban {
        words: &["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"],
        allowed: &["clock"],
        why: "only `clock` reads the OS clock: take the time as an argument",
    },
    Ban {
        // The two files of `store`: a benchmark's slow disk, and a lock that is about to be let go. A failpoint
        // stands still on purpose.
        words: &["thread::sleep", "time::sleep", "time::sleep_until", "time::interval"],
        allowed: &["clock", "failpoint", "src/store/writer.rs", "src/store/lock.rs"],
        why: "a wait goes through `clock`",
    },
    Ban {
        words: &["process::exit", "process::abort"],
        allowed: &["failpoint"],
        why: "return an error; `main` ends the process",
    },
    Ban { words: &["env::set_var", "env::remove_var"], allowed: &[], why: "other threads read them" },
];

/// Everything left of `outbox` is pure, and so is what these rooms stand on.
const PURE: [&str; 12] = [
    "check",
    "compile",
    "decide",
    "diagnostic",
    "evaluate",
    "language",
    "message",
    "model",
    "population",
    "record",
    "ruleset",
    "schedule",
];

/// What no pure room names.
const IMPURE: [&str; 10] = [
    "tokio",
    "std::fs",
    "std::net",
    "std::env",
    "io::stdin",
    "std::process",
    "std::thread",
    "tracing::",
    "ring::rand",
    "crate::clock",
];

/// What is never finished work.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];

/// Whether `text` has `word` as a whole word: not as the end or the beginning of a longer one.
fn has(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let after = &text[start + word.len()..];
        let goes_on = word.ends_with(part) && after.starts_with(part);
        !goes_on && !text[..start].ends_with(part)
    })
}

fn banned_words(path: &str, text: &str) -> Vec<String> {
    let text = running(text);
    let mut wrong = Vec::new();
    for ban in &BANS {
        if ban.allowed.iter().any(|allowed| *allowed == room(path) || *allowed == path) {
            continue;
        }
        let found = ban.words.iter().filter(|word| has(&text, word));
        wrong.extend(found.map(|word| format!("{path}: `{word}`: {}", ban.why)));
    }
    if PURE.contains(&room(path)) {
        let found = IMPURE.iter().filter(|word| has(&text, word));
        wrong.extend(found.map(|word| format!("{path}: `{word}`: `{}` is pure", room(path))));
    }
    wrong
}

fn unfinished_work(path: &str, text: &str) -> Vec<String> {
    let text = bare(text);
    let found = UNFINISHED.iter().filter(|word| has(&text, word));
    found.map(|word| format!("{path}: `{word}`: nothing unfinished stays")).collect()
}

#[test]
fn words_stand_where_they_may() {
    clean(House::Source, banned_words);
}

#[test]
fn nothing_is_unfinished() {
    clean(House::Everything, unfinished_work);
}

#[test]
fn planted_words_are_caught() {
    for (path, text, word) in [
        ("src/daemon/mod.rs", "let db = sled::open(p)?;", "`sled::`"),
        ("src/decide/mod.rs", "fn f() { println!(\"x\") }", "`println!`"),
        ("src/serve/mod.rs", "let now = std::time::SystemTime::now();", "`SystemTime::now`"),
        ("src/outbox/mod.rs", "tokio::time::sleep(d).await;", "`time::sleep`"),
        ("src/store/mod.rs", "std::thread::sleep(d);", "`thread::sleep`"),
        ("src/decide/mod.rs", "use tokio::sync::mpsc;", "`tokio`"),
        ("src/message/mod.rs", "std::fs::read(p)", "`std::fs`"),
        ("src/cli/mod.rs", "std::process::exit(1)", "`process::exit`"),
    ] {
        let wrong = banned_words(path, text);
        assert!(wrong.iter().any(|line| line.contains(word)), "{path}: {text}: {wrong:?}");
    }
    for (path, text) in [
        ("src/store/mod.rs", "use sled::Db;"),
        ("src/cli/run.rs", "println!(\"x\")"),
        ("src/clock.rs", "SystemTime::now()"),
        ("src/decide/mod.rs", "// println! and tokio\nlet text = \"sled::\"; let my_tokio_count = 1;"),
        ("src/daemon/mod.rs", "use tokio::sync::mpsc;"),
    ] {
        assert_eq!(banned_words(path, text), Vec::<String>::new(), "{path}");
    }
    assert_eq!(unfinished_work("src/a.rs", "fn f() { todo!() }").len(), 1);
    assert_eq!(unfinished_work("tests/a.rs", "// todo!\nlet x = \"dbg!\";").len(), 0);
}
