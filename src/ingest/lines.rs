//! Physical lines with their numbers, none longer than the limit, some given back to be read again.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use super::MAX_ROW_BYTES;

/// How much of a line that is too long is shown among the rejects.
const SHOWN_BYTES: u64 = 1_000;

/// What a line was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, its end included as far as it has one.
    Whole,
    /// Longer than the limit: only its beginning was kept.
    TooLong,
    /// Nothing more.
    End,
}

/// Lines of a reader.
pub(super) struct Lines<R> {
    reader: R,
    /// Number of the line that was read last, from 1.
    pub(super) number: u64,
    again: VecDeque<(Vec<u8>, Line)>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0, again: VecDeque::new() }
    }

    /// Appends the next line to `buffer`.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Line> {
        self.number += 1;
        if let Some((line, kind)) = self.again.pop_front() {
            buffer.extend_from_slice(&line);
            return Ok(kind);
        }
        let start = buffer.len();
        let limit = MAX_ROW_BYTES as u64 + 2;
        let read = self.reader.by_ref().take(limit).read_until(b'\n', buffer)?;
        if read == 0 {
            self.number -= 1;
            return Ok(Line::End);
        }
        if read as u64 == limit && !buffer.ends_with(b"\n") {
            buffer.truncate(start + usize::try_from(SHOWN_BYTES).unwrap_or(0));
            self.reader.skip_until(b'\n')?;
            return Ok(Line::TooLong);
        }
        Ok(Line::Whole)
    }

    /// Gives lines back, in their order: they are read again next.
    pub(super) fn unread<'a>(&mut self, lines: impl DoubleEndedIterator<Item = &'a [u8]>) {
        for line in lines.rev() {
            self.again.push_front((line.to_vec(), Line::Whole));
            self.number -= 1;
        }
    }

    /// Gives back the beginning of a line that was too long.
    pub(super) fn unread_long(&mut self, shown: &[u8]) {
        self.again.push_front((shown.to_vec(), Line::TooLong));
        self.number -= 1;
    }
}

/// A line without its end.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
