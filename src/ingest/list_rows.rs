//! A plain list: a line each, without a header. Empty lines and such as begin with `#` say nothing.

use std::io::BufRead;

use super::lines::{Line, Lines, without_end};
use super::{ImportError, Next, RejectCode, Row, Rows};

/// The lines of a list, as rows of one column.
pub(super) struct ListRows<R> {
    lines: Lines<R>,
    columns: [String; 1],
    buffer: Vec<u8>,
}

impl<R: BufRead> ListRows<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { lines: Lines::new(reader), columns: ["address".into()], buffer: Vec::new() }
    }
}

/// Whether a file that begins so is a list of addresses and not a table with a header.
pub(super) fn is_list(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let Some(first) = lines.find(|line| !line.is_empty()) else { return false };
    let has = |wanted: &[u8]| first.iter().any(|byte| wanted.contains(byte));
    first.starts_with(b"#") || (has(b"@+.0123456789") && !has(b",;\t"))
}

impl<R: BufRead> Rows for ListRows<R> {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn has_header(&self) -> bool {
        true
    }

    fn decimal_comma(&self) -> bool {
        false
    }

    fn next(&mut self, row: &mut Row) -> Result<Next, ImportError> {
        loop {
            self.buffer.clear();
            let kind = self.lines.read(&mut self.buffer)?;
            let bytes = without_end(&self.buffer);
            match kind {
                Line::End => return Ok(Next::End),
                Line::TooLong => {
                    row.reset(self.lines.number, bytes);
                    return Ok(Next::Bad(RejectCode::RowTooLong, "the line is longer than 1 MiB".into()));
                }
                Line::Whole if bytes.trim_ascii().is_empty() || bytes.starts_with(b"#") => {}
                Line::Whole => {
                    row.reset(self.lines.number, bytes);
                    let Ok(text) = std::str::from_utf8(bytes) else {
                        return Ok(Next::Bad(RejectCode::NotUtf8, "the line is not UTF-8".into()));
                    };
                    row.push(0, text);
                    return Ok(Next::Row);
                }
            }
        }
    }
}
