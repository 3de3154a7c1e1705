//! The commands of a README, and whether what was said fits what is shown.

/// A command and what it should say.
#[derive(Debug)]
pub struct Command {
    /// Where it stands.
    pub line: usize,
    pub text: String,
    pub exit: i32,
    pub expected: Vec<String>,
}

/// What a command said, each line with the milliseconds at which it came.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub timed: Vec<(i64, String)>,
}

impl Said {
    pub fn lines(&self) -> Vec<String> {
        self.timed.iter().map(|(_, line)| line.clone()).collect()
    }
}

/// The commands of all `console` blocks.
pub fn commands(markdown: &str) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut inside = false;
    for (index, line) in markdown.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if !inside {
        } else if let Some(text) = line.strip_prefix("$ ") {
            let (text, exit) = match text.split_once("# exit ") {
                Some((text, exit)) => (text.trim_end(), exit.trim().parse().unwrap()),
                None => (text, 0),
            };
            commands.push(Command { line: index + 1, text: text.into(), exit, expected: Vec::new() });
        } else {
            let command = commands.last_mut().expect("a block begins with a command");
            match line.strip_prefix("> ") {
                Some(more) if command.expected.is_empty() => command.text += &format!("\n{more}"),
                Some(_) | None => command.expected.push(line.into()),
            }
        }
    }
    for command in &mut commands {
        trim(&mut command.expected);
    }
    commands
}

fn trim(lines: &mut Vec<String>) {
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
}

/// Whether `found` is what `expected` shows.
pub fn fits(expected: &[String], found: &[String]) -> bool {
    let mut found = found.to_vec();
    trim(&mut found);
    let words = |lines: &[String]| lines.iter().map(|line| normal(line)).collect::<Vec<_>>();
    lines_fit(&words(expected), &words(&found))
}

/// A line that is `...` stands for any lines.
fn lines_fit(expected: &[String], found: &[String]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=found.len()).any(|skipped| lines_fit(rest, &found[skipped..]))
        }
        Some((first, rest)) => found
            .split_first()
            .is_some_and(|(line, others)| line_fits(first, line) && lines_fit(rest, others)),
    }
}

/// `...` within a line stands for anything.
fn line_fits(expected: &str, found: &str) -> bool {
    let mut parts = expected.split("...");
    let Some(mut rest) = parts.next().and_then(|begin| found.strip_prefix(begin)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Words with one space between them, the indentation kept, instants and ids made equal.
fn normal(line: &str) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    let words: Vec<String> = line.split_whitespace().map(word).collect();
    format!("{indent}{}", words.join(" "))
}

fn word(word: &str) -> String {
    let bare = word.trim_end_matches([',', ';', ':']);
    let shape: String = bare.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let is_hash = bare.len() == 12 && bare.chars().all(|c| c.is_ascii_hexdigit());
    let stands_for = match shape.as_str() {
        // Milliseconds are written as far as they are not zero.
        "0000-00-00T00:00:00Z"
        | "0000-00-00T00:00:00.0Z"
        | "0000-00-00T00:00:00.00Z"
        | "0000-00-00T00:00:00.000Z"
        | "00:00:00Z" => "TIME",
        "0000-00-00" => "DATE",
        _ if is_hash => "HASH",
        _ => return word.to_owned(),
    };
    format!("{stands_for}{}", &word[bare.len()..])
}

#[test]
fn shown_and_said_are_compared() {
    let fit = |expected: &[&str], found: &[&str]| {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        fits(&lines(expected), &lines(found))
    };
    assert!(fit(&["a  2026-01-01", "", "b"], &["a 2027-02-03", "", "b", ""]));
    assert!(fit(&["a", "...", "d ... f ..."], &["a", "b", "c", "d e f g"]));
    assert!(fit(&["at 2026-01-01T00:00:00.123Z, ok"], &["at 2026-05-01T10:00:00.9Z, ok"]));
    assert!(!fit(&["a"], &["b"]));
    assert!(!fit(&["a", "b"], &["a"]));
    assert!(!fit(&["a"], &["a", "b"]));
    assert!(!fit(&["a ... c"], &["a b d"]));
    assert!(!fit(&["  a"], &["a"]));
}

#[test]
fn commands_are_read() {
    let text = "x\n```console\n$ a <<E # exit 2\n> b\n> E\nsaid\n\n$ c\n```\n```sh\n$ no\n```\n";
    let found = commands(text);
    let shown: Vec<_> = found.iter().map(|c| (c.line, c.text.as_str(), c.exit, c.expected.len())).collect();
    assert_eq!(shown, [(3, "a <<E\nb\nE", 2, 1), (8, "c", 0, 0)]);
}
