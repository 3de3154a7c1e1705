//! Files that are far too long or too deep: each is answered soon, in few words, in every format.

use std::time::{Duration, Instant};

use cvmd::check::{Checked, Files, MAX_TREE_DIAGNOSTICS};
use cvmd::compile::Program;
use cvmd::diagnostic::Format;
use cvmd::evaluate;
use cvmd::population::Population;
use jiff::tz::TimeZone;

use crate::check::tree::checked;
use crate::evaluate::shop::owned;

use super::laws;
use super::people;

/// What any rule may name.
const HEAD: &str = "workspace shop\n  currency EUR\nattribute plan choice free < pro\nattribute won yes/no set by rules\n\
    message offer\n  email marketing\n  subject \"x\"\n  text \"y\"\npolicy house\n  at most 9 emails per customer per day\n";

/// Far above what any of them takes in an unoptimized build, far below what a square of it would.
const SOON: Duration = Duration::from_mins(2);
const MANY: usize = 100_000;

/// A flood: its name, its text, and the codes that are said of it at most.
struct Flood(&'static str, String, &'static [&'static str]);

fn when(condition: &str) -> String {
    format!("rule a\n  when {condition}\n  then send offer\n")
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Parentheses and whatever else goes deep.
fn deep() -> Vec<Flood> {
    let (open, close) = ("(".repeat(MANY), ")".repeat(MANY));
    let (some, end) = ("(".repeat(30_000), ")".repeat(30_000));
    let chain = |word: &str, count: usize| when(&vec!["clv > 5 EUR"; count].join(&format!(" {word} ")));
    let list = |count: usize| when(&format!("country in ({})", numbered(count, |n| format!("\"c{n}\", "))));
    vec![
        Flood("nested", when(&format!("{open}clv > 5 EUR{close}")), &["E009"]),
        Flood("nested, shorter", when(&format!("{some}clv > 5 EUR{end}")), &["E008"]),
        Flood("open only", when(&open), &["E009"]),
        Flood("open only, shorter", when(&some), &["E008"]),
        Flood("closed only", when(&close), &["E009"]),
        Flood("closed only, shorter", when(&end), &["E002"]),
        Flood("a line each", when(&"(\n  ".repeat(20_000)), &["E009", "E008"]),
        Flood("in a window", when(&format!("count(order in last {some}90{end} days) > 1")), &["E008"]),
        Flood(
            "in a schedule",
            format!("rule a\n  every {some}\n  when clv > 5\n  then send offer\n"),
            &["E008"],
        ),
        Flood(
            "in `with`",
            format!("rule a when clv > 5 then send offer\n  call crm with {some}clv{end}\n"),
            &["E008"],
        ),
        Flood("in `set`", format!("rule a when clv > 5 then set won to {some}yes{end}\n"), &["E008"]),
        Flood("in a name", format!("rule {some}\n  when clv > 5 then send offer\n"), &["E008", "E402"]),
        Flood("in a cap", format!("policy p\n  at most {some} emails per day\n"), &["E008"]),
        Flood("not not", when(&format!("{} clv > 5", "not ".repeat(15_000))), &["E002", "E016"]),
        Flood("not (not (", when(&format!("{}clv > 5 EUR{}", "not (".repeat(32), ")".repeat(32))), &[]),
        Flood("in (100,000 values)", list(MANY), &["E009"]),
        Flood("in (2,000 values)", list(2_000), &[]),
        Flood("100,000 terms", chain("and", MANY), &["E009"]),
        Flood("4,000 terms", chain("and", 4_000), &[]),
        Flood("4,000 alternatives", chain("or", 4_000), &[]),
        Flood("and beside or", when(&"clv > 5 EUR and clv > 6 EUR or ".repeat(1_500)), &["E002", "E014"]),
        Flood("shares of shares", when(&format!("{}clv > 5 EUR", "50% of ".repeat(9_000))), &["E002"]),
        Flood("comparisons", when(&format!("clv {}", "> 5 EUR ".repeat(5_000))), &["E015"]),
        Flood(
            "or else",
            when(&format!("{}clv{} > 5 EUR", "(".repeat(31), " or else 0 EUR)".repeat(31))),
            &[],
        ),
    ]
}

/// What is long, or odd in its bytes.
fn long() -> Vec<Flood> {
    vec![
        Flood("a line of 5 MB", when(&format!("city = \"{}\"", "x".repeat(5_000_000))), &["E009"]),
        Flood("a comment of 900 KB", format!("# {}\n{}", "x ".repeat(450_000), when("clv > 5 EUR")), &[]),
        Flood("a word of 900 KB", "x".repeat(900_000), &["E003"]),
        Flood(
            "a name of 60 KB",
            format!("rule {} when clv > 5 EUR then send offer\n", "x".repeat(60_000)),
            &["E102"],
        ),
        Flood("a text of 60 KB", when(&format!("city = \"{}\"", "x".repeat(60_000))), &["E104"]),
        Flood(
            "a number of 60 KB",
            when(&format!("clv > {} EUR", "9".repeat(60_000))),
            &["E018", "E310", "E002"],
        ),
        Flood(
            "a subject of 60 KB",
            format!("message m\n  email marketing\n  subject \"{}\"\n  text \"a\"\n", "s".repeat(60_000)),
            &["E504", "E501"],
        ),
        Flood("5 MB of rules", when("clv > 5 EUR").repeat(5_000_000 / 50), &["E009"]),
        Flood("zero bytes", "\0".repeat(500_000), &["E006", "E009"]),
        Flood(
            "carriage returns",
            "rule a\r".repeat(60_000),
            &["E006", "E009", "E002", "E402", "E401", "E003"],
        ),
        Flood("line ends of Windows", when("clv > 5 EUR").replace('\n', "\r\n"), &[]),
        Flood("empty lines", "\n".repeat(1_000_000), &[]),
        Flood("blanks", " ".repeat(1_000_000), &[]),
        Flood("byte order marks", "\u{feff}".repeat(300_000), &["E006", "E009"]),
        Flood("right to left", when(&format!("city = \"{}\"", "מרחבא ".repeat(4_000))), &["E104"]),
        Flood(
            "overrides",
            when(&format!("city = \"{}\"", "\u{202e}".repeat(10_000))),
            &["E006", "E009", "E104"],
        ),
        Flood("quotes", "\"".repeat(500_000), &["E003", "E007", "E009", "E004"]),
        Flood(
            "quotes that never close",
            "rule a when city = \"x\n".repeat(30_000),
            &["E007", "E009", "E101"],
        ),
        Flood("merge markers", "<<<<<<< a\n=======\n>>>>>>> b\n".repeat(10_000), &["E005", "E009"]),
        Flood("numbers", "1 ".repeat(400_000), &["E003"]),
        Flood("bare rules", "when clv > 5 EUR then send offer\n".repeat(9_000), &["E113", "E009"]),
    ]
}

/// Ten thousand of everything.
fn many(count: usize) -> Vec<Flood> {
    let each = |line: &dyn Fn(usize) -> String| numbered(count, line);
    vec![
        Flood("syntax", each(&|n| format!("rule r{n} when clv > then send offer\n")), &["E002", "E009"]),
        Flood(
            "fields",
            each(&|n| format!("rule r{n} when clvx{n} > 5 then send offer\n")),
            &["E104", "E009"],
        ),
        Flood(
            "messages",
            each(&|n| format!("rule r{n} when clv > 5 EUR then send offr{n}\n")),
            &["E105", "E009"],
        ),
        Flood(
            "one name",
            each(&|_| "rule same when clv > 5 EUR then send offer\n".into()),
            &["E101", "E009"],
        ),
        Flood(
            "warnings",
            each(&|n| format!("rule r{n}\n every day at 09:00\n when clv > {n} EUR then send offer\n")),
            &["W101", "W102", "W103", "W119"],
        ),
        Flood(
            "allowed",
            each(&|n| {
                format!(
                    "rule r{n}\n every day at 09:00 # allow repeats_daily until 2099-01-01\n when clv > {n} EUR then send offer\n"
                )
            }),
            &["W102", "W103"],
        ),
        Flood("good", each(&|n| format!("rule r{n} when clv > {} EUR then send offer\n", n + 1)), &[]),
        Flood(
            "renamed",
            each(&|n| format!("rule r{n}\n formerly q{n}\n when clv > 5 EUR then send offer\n")),
            &[],
        ),
        Flood(
            "audiences",
            format!(
                "audience a0 when clv > 5 EUR\n{}",
                numbered(count - 1, |n| format!("audience a{} when in audience a{n}\n", n + 1))
            ),
            &["E416"],
        ),
        Flood(
            "a circle",
            numbered(count, |n| format!("audience a{} when in audience a{n}\n", (n + 1) % count)),
            &["E111", "E416"],
        ),
        Flood(
            "clauses",
            format!("rule a when clv > 5 EUR\n  then send offer\n{}", "  priority 5\n".repeat(count)),
            &["E403", "E009"],
        ),
        Flood(
            "actions",
            format!("rule a when clv > 5 EUR\n  then send offer\n{}", each(&|n| format!("    call w{n}\n"))),
            &["E106", "E009", "E001"],
        ),
        Flood("unread comments", "# allow foo\n".repeat(count), &["W107", "W119"]),
    ]
}

// How long an answer takes is what is measured; no decision goes by this clock.
#[allow(clippy::disallowed_methods)]
fn answered(Flood(name, text, codes): &Flood) -> Duration {
    let start = Instant::now();
    let mut files = Files::new();
    files.insert("head.rules", HEAD);
    files.insert("case.rules", text.as_bytes());
    let Checked { rules, sources, diagnostics, .. } = checked(&files);
    assert!(diagnostics.len() <= MAX_TREE_DIAGNOSTICS + 1, "{name}: {} diagnostics", diagnostics.len());
    let mut said: Vec<&str> = diagnostics.iter().map(|one| one.code.number()).collect();
    said.sort_unstable();
    said.dedup();
    assert!(
        said.iter().all(|code| codes.contains(code)),
        "{name}: {said:?} instead of {codes:?}: {:?}",
        diagnostics.first()
    );
    assert_eq!(said.is_empty(), codes.is_empty() || rules.is_some() && said.is_empty(), "{name}");
    for (format, written) in
        Format::ALL.map(|(name, format)| (name, format.render(&sources, &diagnostics, false)))
    {
        assert!(written.len() <= 400_000, "{name}: {} bytes as {format}", written.len());
    }
    laws::diagnostics(&sources, &diagnostics).unwrap_or_else(|broken| panic!("{name}: {broken}"));
    if let Some(rules) = rules {
        let now = cvmd::model::Instant(1_795_255_200_000);
        let program = Program::new(&rules);
        let people = people::of(&rules.schema, now);
        let population = Population::build(rules.schema.clone(), None, people.iter().map(owned));
        let found = evaluate::evaluate(&program, &population, now, &TimeZone::UTC, program.rules());
        assert_eq!(found.len(), rules.rules.len(), "{name}");
        for (rule, root) in rules.rules.iter().zip(program.rules()).take(3) {
            let zone = &TimeZone::UTC;
            let row = evaluate::truth(&program, &population, people[0].0, now, zone, *root);
            let trace =
                evaluate::trace(&rules, &population, people[0].0, &rule.when, (now, None), zone).unwrap();
            assert_eq!(evaluate::Verdict::of(row), trace.result, "{name}");
            assert!(!trace.to_string().is_empty());
        }
    }
    let took = start.elapsed();
    assert!(took < SOON, "{name} took {took:?}");
    took
}

#[test]
fn what_is_deep_is_answered() {
    for flood in &deep() {
        answered(flood);
    }
}

#[test]
fn what_is_long_is_answered() {
    for flood in &long() {
        answered(flood);
    }
}

/// `CVMD_FLOOD=10000` for all ten thousand, in a build that is optimized; then ten times as many take
/// some ten times as long.
#[test]
fn what_is_many_is_answered() {
    let count = std::env::var("CVMD_FLOOD").map_or(1_000, |count| count.parse().unwrap());
    for (less, more) in many(count / 10).iter().zip(&many(count)) {
        // A square would take a hundred times as long; what is short is all noise, and a machine that is busy
        // is asked again.
        let grows_as_it_should = |_| {
            let (short, long) = (answered(less), answered(more));
            println!("{:16} {short:>9.1?} {long:>9.1?}", more.0);
            long < short * 40 || long < Duration::from_secs(2)
        };
        assert!((0..3).any(grows_as_it_should), "{} takes too long, three times", more.0);
    }
}
