//! What would change in a file, as a few lines.

use crate::cli::exit::Failure;
use crate::cli::output::Output;

/// So many changed lines of a file are shown.
const MOST_SHOWN: usize = 12;
/// So far ahead a line is looked for that both texts have.
const AHEAD: usize = 20;

/// A line that one of the texts has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change<'t> {
    /// It would go; its number, from 1.
    Gone(usize, &'t str),
    /// It would come.
    Come(usize, &'t str),
}

/// Shows what would go and what would come.
pub(super) fn show(before: &str, after: &str, output: &mut Output) -> Result<(), Failure> {
    let changes = changes(before, after);
    for change in changes.iter().take(MOST_SHOWN) {
        let (number, sign, line, colour) = match *change {
            Change::Gone(number, line) => (number, '-', visible(line), "31"),
            Change::Come(number, line) => (number, '+', line.trim_end().to_owned(), "32"),
        };
        let text = format!("{number:>6} {sign} {line}");
        let text = text.trim_end();
        output.line(if output.colour() {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        })?;
    }
    let more = changes.len().saturating_sub(MOST_SHOWN);
    if more > 0 {
        output.line(format!("       and {more} more {}", if more == 1 { "line" } else { "lines" }))?;
    }
    Ok(())
}

/// The lines that only one of the texts has, in order. It need not be the shortest such list: a layout
/// moves no line.
fn changes<'t>(before: &'t str, after: &'t str) -> Vec<Change<'t>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let (mut i, mut j) = (0, 0);
    let mut changes = Vec::new();
    while i < old.len() || j < new.len() {
        if old.get(i) == new.get(j) {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (gone, come) = apart(&old[i..], &new[j..]);
        changes.extend((i..i + gone).map(|at| Change::Gone(at + 1, old[at])));
        changes.extend((j..j + come).map(|at| Change::Come(at + 1, new[at])));
        (i, j) = (i + gone, j + come);
    }
    changes
}

/// How many lines of each text come before the next one that both have.
fn apart(old: &[&str], new: &[&str]) -> (usize, usize) {
    for total in 1..=AHEAD {
        for gone in 0..=total {
            let come = total - gone;
            let both = old.get(gone).zip(new.get(come));
            // Empty lines are alike everywhere.
            if both.is_some_and(|(one, other)| one == other && !one.trim().is_empty()) {
                return (gone, come);
            }
        }
    }
    (old.len().min(1), new.len().min(1))
}

/// A line with the blanks that nobody would see.
fn visible(line: &str) -> String {
    let end = line.trim_end().len();
    let start = line.len() - line.trim_start_matches([' ', '\t']).len();
    let show = |c: char| match c {
        '\t' => '→',
        '\r' => '␍',
        c if c.is_whitespace() => '·',
        c => c,
    };
    let head = line[..start.min(end)].replace('\t', "→");
    let middle = line[start.min(end)..end].replace('\u{feff}', "␣");
    let tail: String = line[end..].chars().map(show).collect();
    head + &middle + &tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        use Change::{Come, Gone};
        assert_eq!(changes("a\nb\nc\n", "a\nb\nc\n"), []);
        assert_eq!(changes("a\nb \nc\n", "a\nb\nc\n"), [Gone(2, "b "), Come(2, "b")]);
        assert_eq!(changes("a\nc\n", "a\n\nc\n"), [Come(2, "")]);
        assert_eq!(changes("a\n\n\nc\n", "a\n\nc\n"), [Gone(3, "")]);
        assert_eq!(changes("a", ""), [Gone(1, "a"), Come(1, "")]);
        assert_eq!(visible("\ta  \r"), "→a··␍");
    }
}
