//! A trace as aligned lines: mark and clause, what was seen, where it is written.

use std::fmt;

use super::{Step, Trace, Verdict};

struct Line {
    clause: String,
    seen: String,
    place: String,
}

impl fmt::Display for Trace {
    /// `✗ clv > 500 EUR   clv is 320.00 EUR   winback.rules:3`, a line a step, parts indented.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        self.lines(0, &mut lines);
        let width =
            |of: fn(&Line) -> &str| lines.iter().map(|line| of(line).chars().count()).max().unwrap_or(0);
        let (clauses, seen) = (width(|line| &line.clause), width(|line| &line.seen));
        for line in &lines {
            let text = format!("{:clauses$}  {:seen$}  {}", line.clause, line.seen, line.place);
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

impl Trace {
    fn lines(&self, depth: usize, lines: &mut Vec<Line>) {
        let mark = match self.result {
            Verdict::True => '✓',
            Verdict::False => '✗',
            Verdict::Unknown => '?',
        };
        let text = match self.step {
            Step::All => "all of",
            Step::Any => "any of",
            Step::Not | Step::Audience | Step::Clause => &self.text,
        };
        let indent = "  ".repeat(depth);
        let values = self.values.iter().filter(|seen| !seen.constant);
        let seen: Vec<String> = values.map(|seen| format!("{} is {seen}", seen.text)).collect();
        lines.push(Line {
            clause: format!("{indent}{mark} {text}"),
            seen: seen.join(", "),
            place: self.place.clone(),
        });
        let note = |note: &String| Line { clause: String::new(), seen: note.clone(), place: String::new() };
        lines.extend(self.notes.iter().map(note));
        self.parts.iter().for_each(|part| part.lines(depth + 1, lines));
    }
}
