//! Draws inputs for one target until its time is over.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::evaluate::random::Random;

use super::mutate::Mutator;
use super::shrink::shrink;

/// What reads foreign bytes, and the laws it keeps.
pub(super) struct Target {
    /// The folder of its regressions, and of what is found.
    pub(super) name: &'static str,
    /// What mutations begin with.
    pub(super) seeds: Vec<Vec<u8>>,
    /// What is put in now and then.
    pub(super) words: Vec<String>,
    /// Of the time given, in percent of `CVMD_FUZZ_SECONDS`.
    pub(super) share: u64,
    /// What broke, or what was said of the input, as a number: an input of which something new is
    /// said is mutated further.
    pub(super) hold: fn(&[u8]) -> Result<u64, String>,
}

/// Inputs are cut at this length; the floods are for what is longer.
const MAX_INPUT: usize = 64 << 10;
/// Inputs that are mutated further, at most.
const MAX_POOL: usize = 4_000;
/// Different failures of one run that are made smaller and written.
const MAX_FAILURES: usize = 12;
/// Far above what any input of this size takes in an unoptimized build on a busy machine.
const SOON: Duration = Duration::from_secs(10);
/// Without an answer after so long the process ends; the input then is in `NAME.current`.
const NEVER: u64 = 120;

/// Of all targets together where nothing else is said; a share of each.
const DEFAULT_SECONDS: u64 = 2;
const DEFAULT_SEED: u64 = 20_261_121;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is `{text}`, not a whole number")))
}

fn found_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("fuzz")
}

/// The inputs that once broke a target, by file name.
fn regressions(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

thread_local! {
    /// The panics of this thread are an answer, not a message for people.
    static LISTENING: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what a panic says instead of printing it, on threads that listen.
fn listen() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if LISTENING.get() {
                PANIC.set(info.to_string());
            } else {
                print(info);
            }
        }));
    });
}

/// Tries an input: what was said of it, or what broke.
fn attempt(target: &Target, input: &[u8]) -> Result<u64, String> {
    LISTENING.set(true);
    let start = now();
    let answer = catch_unwind(AssertUnwindSafe(|| (target.hold)(input)));
    LISTENING.set(false);
    match answer {
        Err(_) => Err(format!("panic: {}", PANIC.take())),
        Ok(Ok(_)) if start.elapsed() > SOON => Err(format!("slow: it took {:?}", start.elapsed())),
        Ok(answer) => answer,
    }
}

// How long a reading takes is what is measured; no decision goes by this clock.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

/// Ends the process where one input takes for ever.
fn watch(name: &'static str, tried: &'static AtomicU64) {
    // Seconds of the OS, of a thread that watches another.
    #[allow(clippy::disallowed_methods)]
    std::thread::spawn(move || {
        let mut last = (u64::MAX, 0);
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let at = tried.load(Ordering::Relaxed);
            last = if at == last.0 { (at, last.1 + 1) } else { (at, 0) };
            if at == u64::MAX {
                return;
            }
            if last.1 >= NEVER {
                eprintln!("an input of `{name}` takes for ever: see target/fuzz/{name}.current");
                std::process::abort();
            }
        }
    });
}

/// Regressions first, then the seeds, then mutations of them until the time is over.
pub(super) fn run(target: &Target) {
    listen();
    for (path, input) in regressions(target.name) {
        if let Err(broken) = attempt(target, &input) {
            panic!("{}: {broken}", path.display());
        }
    }
    let seed = number("CVMD_FUZZ_SEED").unwrap_or(DEFAULT_SEED);
    let seconds = number("CVMD_FUZZ_SECONDS").unwrap_or(DEFAULT_SECONDS);
    let time = Duration::from_millis(seconds * 10 * target.share);
    let found = Session::new(target, seed).mutate(time);
    assert!(
        found.is_empty(),
        "{} (CVMD_FUZZ_SEED={seed})\n{}\nTo keep an input as a regression: cp FILE tests/fuzz/corpus/{}/WHAT_IT_IS",
        target.name,
        found.join("\n"),
        target.name
    );
}

/// Whether something that breaks is found within the time, from a seed.
pub(super) fn finds(target: &Target, seed: u64, time: Duration) -> bool {
    listen();
    !Session::new(target, seed).draw(time, 1).failures.is_empty()
}

struct Session<'t> {
    target: &'t Target,
    pool: Vec<Vec<u8>>,
    said: BTreeSet<u64>,
    /// By what broke, without its numbers.
    failures: BTreeMap<String, String>,
    random: Random,
    tried: &'static AtomicU64,
    current: PathBuf,
}

impl<'t> Session<'t> {
    fn new(target: &'t Target, seed: u64) -> Self {
        let folder = found_folder();
        fs::create_dir_all(folder.join(target.name)).unwrap();
        let tried: &'static AtomicU64 = Box::leak(Box::new(AtomicU64::new(0)));
        watch(target.name, tried);
        let current = folder.join(format!("{}.current", target.name));
        let (pool, said, failures) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        let mut session = Self { target, pool, said, failures, random: Random(seed), tried, current };
        for seed in &target.seeds {
            session.look(seed.clone(), true);
        }
        session
    }

    fn look(&mut self, input: Vec<u8>, keep: bool) {
        self.tried.fetch_add(1, Ordering::Relaxed);
        // A stack that overflows leaves nothing else behind.
        fs::write(&self.current, &input).unwrap();
        match attempt(self.target, &input) {
            Ok(said) => {
                let new = self.said.insert(said);
                if keep || (new && self.pool.len() < MAX_POOL) {
                    self.pool.push(input);
                }
            }
            Err(broken) => self.note(&input, &broken),
        }
    }

    fn note(&mut self, input: &[u8], broken: &str) {
        let kind = kind(broken);
        if self.failures.contains_key(&kind) || self.failures.len() >= MAX_FAILURES {
            return;
        }
        let smaller = shrink(input, |input| {
            self.tried.fetch_add(1, Ordering::Relaxed);
            attempt(self.target, input).is_err_and(|other| self::kind(&other) == kind)
        });
        let broken = attempt(self.target, &smaller).err().unwrap_or_else(|| broken.to_owned());
        let file = found_folder().join(self.target.name).join(format!("{:08x}", crc32fast::hash(&smaller)));
        fs::write(&file, &smaller).unwrap();
        let shown: String = String::from_utf8_lossy(&smaller).chars().take(600).collect();
        let report = format!("--- {}\n{broken}\n{shown:?}", file.display());
        self.failures.insert(kind, report);
    }

    /// What broke, each with its file.
    fn mutate(self, time: Duration) -> Vec<String> {
        self.draw(time, MAX_FAILURES).failures.into_values().collect()
    }

    /// Draws inputs until the time is over, or so many kinds of failures were found.
    fn draw(mut self, time: Duration, failures: usize) -> Self {
        let start = now();
        let mut count = 0_u64;
        while start.elapsed() < time && self.failures.len() < failures {
            let mut input =
                Mutator { random: &mut self.random, pool: &self.pool, words: &self.target.words }.draw();
            input.truncate(MAX_INPUT);
            self.look(input, false);
            count += 1;
        }
        self.tried.store(u64::MAX, Ordering::Relaxed);
        let _ = fs::remove_file(&self.current);
        println!("{}: {count} inputs, {} kinds of answers", self.target.name, self.said.len());
        self
    }
}

/// The first line of what broke, without its numbers: two inputs of one kind have one cause.
fn kind(broken: &str) -> String {
    let lines: Vec<&str> = broken.lines().take(if broken.starts_with("panic") { 2 } else { 1 }).collect();
    let mut kind = String::new();
    let mut quoted = false;
    for c in lines.join(" ").chars() {
        if c == '`' {
            quoted = !quoted;
        }
        if !quoted && (!c.is_ascii_digit() || broken.starts_with("panic: panicked at src")) {
            kind.push(c);
        }
    }
    kind.chars().take(160).collect()
}
