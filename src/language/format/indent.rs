//! Each line with its indentation and the blanks between its words.

use super::super::split::{Scan, Token};
use super::line::{self, Line};
use super::mark::{Begin, Marks, STEP};
use super::spacing::blank_before;

/// A line as it is to be.
#[derive(Debug)]
pub(super) struct Written<'t> {
    /// Whether an empty line stands above it.
    pub(super) below_blank: bool,
    /// In how many columns it is indented.
    pub(super) indent: usize,
    /// Its words; empty where it is a comment alone.
    pub(super) code: String,
    /// The comment that ends it.
    pub(super) comment: Option<&'t str>,
}

/// A parenthesis that is open.
struct Open {
    column: usize,
    /// The indentation of its line.
    indent: usize,
    /// Whether it ends its line.
    hangs: bool,
}

/// Writes the lines of a file, one after the other.
pub(super) struct Writer<'a> {
    text: &'a str,
    scan: &'a Scan,
    marks: &'a Marks,
    lines: &'a [Line],
    pub(super) written: Vec<Written<'a>>,
    /// The first line of comments that wait for the line below them: they are indented like it.
    waiting: Option<usize>,
    /// The last token so far.
    last: Option<usize>,
    /// Whether what stands at the left edge since then leads to the next item.
    between: bool,
    /// The column of the running clause.
    clause: usize,
    /// The column of the `when` of the running clause.
    when: Option<usize>,
    /// The column of the first action of the running `then`.
    action: Option<usize>,
    open: Vec<Open>,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(text: &'a str, scan: &'a Scan, marks: &'a Marks, lines: &'a [Line]) -> Self {
        Self {
            text,
            scan,
            marks,
            lines,
            written: Vec::new(),
            waiting: None,
            last: None,
            between: false,
            clause: 0,
            when: None,
            action: None,
            open: Vec::new(),
        }
    }

    /// Writes the next line.
    pub(super) fn line(&mut self, index: usize) {
        let line = &self.lines[index];
        if line.tokens.is_empty() {
            self.comment(index);
            return;
        }
        let first = line.tokens.start;
        let mut below_blank = line.below_blank;
        if self.marks.begins(first) == Some(Begin::Item) {
            below_blank |= self.parts(first);
            self.between = false;
        }
        let indent = self.indentation(first);
        for waiting in self.waiting.take().map_or(index..index, |from| from..index) {
            let comment = &self.lines[waiting];
            self.push(comment, comment.below_blank, indent, String::new());
        }
        let code = self.code(line, indent);
        self.push(line, below_blank, indent, code);
        self.last = line.tokens.end.checked_sub(1);
    }

    fn push(&mut self, line: &Line, below_blank: bool, indent: usize, code: String) {
        let comment = line.comment.as_ref().map(|range| line::comment(self.text, range));
        let below_blank = below_blank && !self.written.is_empty();
        self.written.push(Written { below_blank, indent, code, comment });
    }

    /// A comment alone on its line.
    fn comment(&mut self, index: usize) {
        let line = &self.lines[index];
        let next = self.lines[index..].iter().find(|line| !line.tokens.is_empty());
        let next = next.map(|line| line.tokens.start);
        let within = next.is_some_and(|token| self.marks.begins(token) != Some(Begin::Item));
        if within {
            self.waiting = self.waiting.or(Some(index));
            return;
        }
        if line.indented && self.last.is_some() && !self.between {
            // Behind the last words of an item, of which it may be one that was taken out.
            let indent = self.action.filter(|_| self.is_deep(line)).unwrap_or(STEP);
            self.push(line, line.below_blank, indent, String::new());
            return;
        }
        let parts = next.is_some_and(|token| self.parts(token));
        self.push(line, line.below_blank || parts, 0, String::new());
        self.between = true;
    }

    /// Whether a comment stands where actions do, rather than clauses.
    fn is_deep(&self, line: &Line) -> bool {
        let start = line.comment.as_ref().map_or(0, |range| range.start);
        let column = self.text[..start].chars().rev().take_while(|c| *c != '\n').count();
        column > 2 * STEP
    }

    /// Whether an empty line must stand before what leads to the item that begins at `token`: items of
    /// one line each may stand beneath one another.
    fn parts(&self, token: usize) -> bool {
        let Some(last) = self.last.filter(|_| !self.between) else { return false };
        !(self.marks.item(last).one_line && self.marks.item(token).one_line)
    }

    /// In how many columns the line that begins with this token is indented.
    fn indentation(&self, first: usize) -> usize {
        let token = &self.scan.tokens[first];
        let then = if self.marks.item(first).bare { 0 } else { STEP };
        let word = self.scan.text(token);
        match (self.marks.begins(first), self.open.last()) {
            (Some(Begin::Item), _) => 0,
            (Some(Begin::Clause), _) => STEP,
            (Some(Begin::Then), _) => then,
            (Some(Begin::Action), _) => self.action.unwrap_or(then + "then ".len()),
            (None, Some(open)) if word == ")" => {
                if open.hangs {
                    open.indent
                } else {
                    open.column
                }
            }
            (None, Some(open)) => {
                if open.hangs {
                    open.indent + STEP
                } else {
                    open.column + 1
                }
            }
            (None, None) if word == "then" => then,
            (None, None) => match (self.when, word) {
                // In line with the end of their `when`.
                (Some(when), "and" | "or") => when + "when".len() - word.len(),
                (Some(when), _) => when + "when ".len(),
                (None, _) => self.action.unwrap_or(self.clause) + STEP,
            },
        }
    }

    /// The words of a line with what stands between them.
    fn code(&mut self, line: &Line, indent: usize) -> String {
        let mut code = String::new();
        let mut column = indent;
        for index in line.tokens.clone() {
            if index > line.tokens.start {
                let blanks = match self.marks.column(self.scan, index) {
                    Some(wanted) => wanted.saturating_sub(column).max(1),
                    None => usize::from(blank_before(self.scan, index, self.marks.item(index).bare)),
                };
                code.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
            }
            let token = &self.scan.tokens[index];
            let text = &self.text[token.start..token.end];
            self.meet(index, token, (column, indent), index + 1 == line.tokens.end);
            code.push_str(text);
            column += text.chars().count();
        }
        code
    }

    /// Keeps what the indentation of later lines goes by.
    fn meet(&mut self, index: usize, token: &Token, (column, indent): (usize, usize), ends_line: bool) {
        let begins = self.marks.begins(index);
        if begins.is_some() {
            self.open.clear();
            (self.clause, self.when) = (column, None);
        }
        match begins {
            Some(Begin::Item | Begin::Clause | Begin::Then) => self.action = None,
            Some(Begin::Action) => self.action = self.action.or(Some(column)),
            None if index.checked_sub(1).and_then(|before| self.marks.begins(before))
                == Some(Begin::Then) =>
            {
                self.action = Some(column);
            }
            None => {}
        }
        match self.scan.text(token) {
            "(" => self.open.push(Open { column, indent, hangs: ends_line }),
            ")" => {
                self.open.pop();
            }
            "when" if self.open.is_empty() => self.when = self.when.or(Some(column)),
            _ => {}
        }
    }
}
