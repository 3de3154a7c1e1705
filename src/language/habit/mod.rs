//! What people write who come from another tool, from SQL, from a spreadsheet or from plain speech:
//! looked at where the grammar has failed, so that the answer names what is meant.

mod condition;
mod count;
mod line;
mod plain;
mod policy;
mod sign;
mod then;
mod time;
mod webhook;

use crate::diagnostic::{Applicability, Code, Diagnostic, Fix};

use super::clause::Clause;
use super::split::ItemWord;

/// Where the grammar failed.
struct At<'a> {
    clause: &'a Clause<'a>,
    /// First byte of the word that does not fit, in the clause.
    start: usize,
    /// One past its last byte.
    end: usize,
    /// The word, in lower case.
    word: String,
    /// The words before it, in lower case.
    before: Vec<String>,
    /// Whether it is the first of a line that is not the clause's first.
    line_start: bool,
}

/// What is answered: where, what, and what to write.
struct Answer {
    code: Code,
    span: (usize, usize),
    message: String,
    label: String,
    why: &'static str,
    /// What to replace by what; a person should look.
    fix: Option<((usize, usize), String)>,
}

/// The answer to a habit; nothing where the word shows none.
pub(super) fn answer(clause: &Clause<'_>, (start, end): (usize, usize)) -> Option<Diagnostic> {
    let text = clause.text;
    let line = text[..start].rfind('\n');
    let at = At {
        clause,
        start,
        end,
        word: text[start..end].to_lowercase(),
        before: text[..start].split_whitespace().map(str::to_lowercase).collect(),
        line_start: line.is_some_and(|line| text[line..start].trim().is_empty()),
    };
    let answer = if at.line_start { line::answer(&at) } else { line::opening(&at) };
    let answer = answer.or_else(|| sign::choice(&at));
    let answer = answer.or_else(|| match at.opener() {
        "when" => condition::answer(&at),
        // `audience vip when …`, `lapsing when …`
        _ if matches!(clause.item, ItemWord::Audience | ItemWord::Segments)
            && at.before.iter().any(|word| word == "when") =>
        {
            condition::answer(&at)
        }
        // Further actions begin with their verb.
        "then" | "send" | "call" | "set" => then::answer(&at),
        "attribute" => sign::attribute(&at),
        "email" | "sms" | "push" => line::purpose(&at),
        "answer" => webhook::answer(&at),
        "every" | "on" | "from" | "until" | "at" | "priority" | "quiet" | "pause" => time::answer(&at),
        _ => None,
    });
    let answer = answer.or_else(|| line::head(&at)).or_else(|| sign::quoted(&at));
    let answer = answer.or_else(|| sign::answer(&at))?;
    let fix = answer.fix.map(|((start, end), replacement)| Fix {
        span: clause.span(start, end),
        replacement,
        applicability: Applicability::NeedsReview,
    });
    Some(Diagnostic {
        code: answer.code,
        message: answer.message,
        span: clause.span(answer.span.0, answer.span.1),
        label: answer.label,
        why: answer.why.into(),
        fix,
    })
}

/// Whether a word ends a block in other languages.
pub(super) fn closes(word: &str) -> bool {
    ["end", "fi", "done", "endif", "endrule"].contains(&word)
}

/// Where the value begins with which a text ends: behind the last `and`, `or`, `not`, `when`, `where` or open
/// parenthesis; what stands in parentheses or quotes belongs to it.
fn term(text: &str) -> usize {
    let (mut open, mut quoted) = (0_u32, false);
    let mut start = text.len();
    for (place, c) in text.char_indices().rev() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            ')' => open += 1,
            '(' | ',' if open == 0 => break,
            '(' => open -= 1,
            _ if open == 0 && c.is_whitespace() => {
                let word = text[..place].split_whitespace().next_back().unwrap_or("").to_lowercase();
                let word = word.rsplit('(').next().unwrap_or("");
                if matches!(word, "and" | "or" | "not" | "when" | "where")
                    && !text[place..].trim_start().starts_with("else")
                {
                    return place + c.len_utf8();
                }
            }
            _ => {}
        }
        start = place;
    }
    start
}

const ONE_SPELLING: &str = "each meaning has one spelling, so that rules read alike whoever wrote them";

impl At<'_> {
    /// The first word of the clause.
    fn opener(&self) -> &str {
        self.before.first().map_or("", |word| word.trim_end_matches(|c: char| !c.is_alphanumeric()))
    }

    /// The word before, or nothing.
    fn previous(&self) -> &str {
        self.before.last().map_or("", String::as_str)
    }

    /// What follows the word.
    fn rest(&self) -> &str {
        &self.clause.text[self.end..]
    }

    /// Where the word before begins, if it is this one.
    fn back(&self, word: &str) -> Option<usize> {
        let text = self.clause.text[..self.start].trim_end();
        let start = text.len().checked_sub(word.len())?;
        text.get(start..)?.eq_ignore_ascii_case(word).then_some(start)
    }

    /// The answer that the word is written otherwise.
    fn instead(&self, right: &str) -> Answer {
        self.rewrite((self.start, self.end), right)
    }

    /// The answer that these bytes are written otherwise, or left out.
    fn rewrite(&self, span: (usize, usize), right: &str) -> Answer {
        let written = self.clause.text[span.0..span.1].split_whitespace().collect::<Vec<_>>().join(" ");
        let (message, label) = match right.trim() {
            "" => (format!("`{written}` is not written here"), "leave it out".to_owned()),
            right => (format!("`{written}` is not how this is written"), format!("write `{right}`")),
        };
        Answer {
            code: Code::ForeignSpelling,
            span,
            message,
            label,
            why: ONE_SPELLING,
            fix: Some((span, right.to_owned())),
        }
    }

    /// An answer at the word, without a fix.
    fn say(&self, message: impl Into<String>, label: impl Into<String>, why: &'static str) -> Answer {
        Answer {
            code: Code::NotUnderstood,
            span: (self.start, self.end),
            message: message.into(),
            label: label.into(),
            why,
            fix: None,
        }
    }
}

impl Answer {
    const fn code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    fn fix(mut self, span: (usize, usize), replacement: impl Into<String>) -> Self {
        self.fix = Some((span, replacement.into()));
        self
    }
}
