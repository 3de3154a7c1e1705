//! CSV (RFC 4180): a header, then rows; commas, semicolons or tabs.
//!
//! An own reader and not the crate `csv`'s, because there one stray quote swallows the rest of the
//! file into one cell. Here a record that does not come out right costs its first line only, and
//! what it had swallowed is read again.

use std::io::BufRead;

use super::lines::{Line, Lines, without_end};
use super::{ImportError, MAX_COLUMNS, MAX_ROW_BYTES, Next, RejectCode, Row, Rows};

/// Rows of a CSV file.
pub(super) struct CsvRows<R> {
    lines: Lines<R>,
    columns: Vec<String>,
    delimiter: u8,
    record: Vec<u8>,
    /// Where the physical lines of the record end.
    ends: Vec<usize>,
    fields: Vec<String>,
}

impl<R: BufRead> CsvRows<R> {
    /// Reads the header.
    pub(super) fn new(reader: R) -> Result<Self, ImportError> {
        let mut lines = Lines::new(reader);
        let mut header = Vec::new();
        while without_end(&header).is_empty() {
            header.clear();
            match lines.read(&mut header)? {
                Line::Whole => {}
                Line::TooLong => return Err(ImportError::Header("it is longer than 1 MiB".into())),
                Line::End => return Err(ImportError::Empty),
            }
        }
        let text = std::str::from_utf8(without_end(&header))
            .map_err(|_| ImportError::Header("it is not UTF-8; save the file as UTF-8".into()))?;
        let delimiter = delimiter(text);
        let mut columns = Vec::new();
        split(text, delimiter, &mut columns).map_err(|why| ImportError::Header(why.into()))?;
        for name in &mut columns {
            *name = name.trim().to_owned();
        }
        if columns.len() > MAX_COLUMNS {
            return Err(ImportError::Header(format!("it has more than {MAX_COLUMNS} columns")));
        }
        Ok(Self { lines, columns, delimiter, record: Vec::new(), ends: Vec::new(), fields: Vec::new() })
    }

    /// Reads the lines of one record: more than one where a quoted cell holds a line's end.
    fn read_record(&mut self) -> Result<Option<Result<(), Bad>>, ImportError> {
        self.record.clear();
        self.ends.clear();
        let mut state = State::FieldStart;
        loop {
            let start = self.record.len();
            match self.lines.read(&mut self.record)? {
                Line::Whole => {}
                Line::TooLong if self.ends.is_empty() => {
                    self.ends.push(self.record.len());
                    return Ok(Some(Err((RejectCode::RowTooLong, "the line is longer than 1 MiB".into()))));
                }
                // The record before it was open still: two rejects.
                Line::TooLong => {
                    self.lines.unread_long(&self.record[start..]);
                    self.record.truncate(start);
                    return Ok(Some(Err(unclosed())));
                }
                Line::End if self.ends.is_empty() => return Ok(None),
                Line::End => return Ok(Some(Err(unclosed()))),
            }
            state = state.after(&self.record[start..], self.delimiter);
            self.ends.push(self.record.len());
            if state != State::Quoted {
                return Ok(Some(Ok(())));
            }
            if self.record.len() > MAX_ROW_BYTES {
                return Ok(Some(Err(unclosed())));
            }
        }
    }

    /// The fields of the record, or what is wrong with it.
    fn read_fields(&mut self) -> Result<(), Bad> {
        let record = without_end(&self.record);
        let text = std::str::from_utf8(record)
            .map_err(|_| (RejectCode::NotUtf8, "the row is not UTF-8; save the file as UTF-8".into()))?;
        if record.contains(&0) {
            return Err((RejectCode::NulByte, "the row contains a NUL byte".into()));
        }
        split(text, self.delimiter, &mut self.fields).map_err(|why| (RejectCode::BadQuotes, why.into()))?;
        let (found, expected) = (self.fields.len(), self.columns.len());
        if found != expected {
            return Err((RejectCode::ColumnCount, format!("{found} cells where the header has {expected}")));
        }
        Ok(())
    }

    /// Keeps the first line of a record that did not come out right, to be rejected; gives back the
    /// others. What is wrong with bytes of theirs is not the first line's fault: its quote is.
    fn give_back(&mut self, bad: Bad) -> Bad {
        let first = self.ends.first().copied().unwrap_or(0);
        let record = &self.record;
        self.lines.unread(self.ends.windows(2).map(|pair| &record[pair[0]..pair[1]]));
        self.record.truncate(first);
        let elsewhere = bad.0 == RejectCode::NotUtf8 && std::str::from_utf8(&self.record).is_ok()
            || bad.0 == RejectCode::NulByte && !self.record.contains(&0);
        if elsewhere { unclosed() } else { bad }
    }
}

/// Why a row cannot be read.
type Bad = (RejectCode, String);

fn unclosed() -> Bad {
    (RejectCode::BadQuotes, "a quote is opened and not closed".into())
}

impl<R: BufRead> Rows for CsvRows<R> {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn has_header(&self) -> bool {
        true
    }

    fn decimal_comma(&self) -> bool {
        self.delimiter == b';'
    }

    fn next(&mut self, row: &mut Row) -> Result<Next, ImportError> {
        loop {
            let line = self.lines.number + 1;
            let Some(read) = self.read_record()? else { return Ok(Next::End) };
            if without_end(&self.record).is_empty() {
                continue;
            }
            if let Err(bad) = read.and_then(|()| self.read_fields()) {
                let (code, reason) = self.give_back(bad);
                row.reset(line, without_end(&self.record));
                return Ok(Next::Bad(code, reason));
            }
            row.reset(line, without_end(&self.record));
            for (column, field) in self.fields.iter().enumerate() {
                row.push(column, field);
            }
            return Ok(Next::Row);
        }
    }
}

/// Where in a record we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Bare,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first of two.
    MaybeClosed,
}

impl State {
    fn after(self, bytes: &[u8], delimiter: u8) -> Self {
        bytes.iter().fold(self, |state, &byte| match state {
            Self::Quoted => {
                if byte == b'"' {
                    Self::MaybeClosed
                } else {
                    Self::Quoted
                }
            }
            Self::MaybeClosed | Self::FieldStart if byte == b'"' => Self::Quoted,
            Self::FieldStart | Self::Bare | Self::MaybeClosed => {
                if byte == delimiter {
                    Self::FieldStart
                } else {
                    Self::Bare
                }
            }
        })
    }
}

/// Splits a record into its cells, reusing their strings.
fn split(text: &str, delimiter: u8, fields: &mut Vec<String>) -> Result<(), &'static str> {
    let delimiter = char::from(delimiter);
    let mut count = 0;
    let mut rest = text;
    loop {
        if fields.len() == count {
            fields.push(String::new());
        }
        let field = &mut fields[count];
        field.clear();
        count += 1;
        rest = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted, field)?
        } else {
            let end = rest.find(delimiter).unwrap_or(rest.len());
            field.push_str(&rest[..end]);
            &rest[end..]
        };
        match rest.strip_prefix(delimiter) {
            Some(next) => rest = next,
            None if rest.is_empty() => break,
            None => return Err("there is text after a closing quote"),
        }
    }
    fields.truncate(count);
    Ok(())
}

/// Reads a cell after its opening quote; returns what follows the closing one.
fn unquote<'a>(mut rest: &'a str, field: &mut String) -> Result<&'a str, &'static str> {
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err("a quote is opened and not closed");
        };
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok(after),
        }
    }
}

/// The delimiter that the header shows most often outside quotes; a comma where none is.
fn delimiter(header: &str) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| !quoted && *delimiter == byte) {
            *count += 1;
        }
    }
    let mut best = counts[0];
    for candidate in counts {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row's line, and its cells or what is wrong.
    type Read = (u64, Result<Vec<String>, RejectCode>);

    fn read(bytes: &[u8]) -> Vec<Read> {
        let mut rows = CsvRows::new(bytes).unwrap();
        let mut row = Row::default();
        let mut all = Vec::new();
        loop {
            all.push(match rows.next(&mut row).unwrap() {
                Next::Row => (row.line, Ok(row.cells().map(|(_, text)| text.to_owned()).collect())),
                Next::Bad(code, _) => (row.line, Err(code)),
                Next::End => return all,
            });
        }
    }

    fn cells(line: u64, texts: &[&str]) -> Read {
        (line, Ok(texts.iter().map(|&text| text.to_owned()).collect()))
    }

    #[test]
    fn quotes_line_ends_and_delimiters() {
        assert_eq!(
            read(b"a,b\r\n\"x, \"\"y\"\"\",1\r\n\r\n\"two\nlines\",2\r\n3\" screen,4"),
            [cells(2, &["x, \"y\"", "1"]), cells(4, &["two\nlines", "2"]), cells(6, &["3\" screen", "4"])]
        );
        assert_eq!(read(b"a;b\n1,5;2\n"), [cells(2, &["1,5", "2"])]);
        assert_eq!(read(b"a\tb\n1\t2"), [cells(2, &["1", "2"])]);
        assert_eq!(read(b"a\n1\n"), [cells(2, &["1"])]);
    }

    #[test]
    fn a_bad_row_costs_itself_only() {
        use RejectCode::{BadQuotes, ColumnCount, NotUtf8, NulByte, RowTooLong};
        assert_eq!(
            read(b"a,b\n\"open,1\nx,2\n\xff,3\ny,4,5\nz\0,1\n\"q\"r,1\nlast,6\n"),
            [
                (2, Err(BadQuotes)),
                cells(3, &["x", "2"]),
                (4, Err(NotUtf8)),
                (5, Err(ColumnCount)),
                (6, Err(NulByte)),
                (7, Err(BadQuotes)),
                cells(8, &["last", "6"])
            ]
        );
        // Two stray quotes: what lies between is no cell of 4 lines.
        assert_eq!(
            read(b"a,b\n\"x,1\ny,2\n\"z,3\nw,4\n"),
            [(2, Err(BadQuotes)), cells(3, &["y", "2"]), (4, Err(BadQuotes)), cells(5, &["w", "4"])]
        );
        let mut long = b"a,b\n1,".to_vec();
        long.extend(std::iter::repeat_n(b'x', 3 * MAX_ROW_BYTES));
        long.extend(b"\n1,2\n");
        assert_eq!(read(&long), [(2, Err(RowTooLong)), cells(3, &["1", "2"])]);
        // The same after a quote that was left open.
        let open = [b"a,b\n\"open,1\n", &long[4..]].concat();
        assert_eq!(read(&open), [(2, Err(BadQuotes)), (3, Err(RowTooLong)), cells(4, &["1", "2"])]);
    }

    proptest::proptest! {
        /// The crate `csv` writes; we read the same. Blanks around are dropped here, so none are made.
        #[test]
        fn reads_what_the_csv_crate_writes(rows in proptest::collection::vec(proptest::collection::vec("[a-z\",\n;é]{0,6}", 3), 0..8)) {
            let mut writer = csv::Writer::from_writer(b"a,b,c\n".to_vec());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let ours: Vec<Vec<String>> = read(&bytes).into_iter().map(|row| row.1.unwrap()).collect();
            let trimmed: Vec<Vec<String>> =
                rows.iter().map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect()).collect();
            proptest::prop_assert_eq!(ours, trimmed);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut all = b"a,b\n".to_vec();
            all.extend(&bytes);
            let lines = all.split(|&b| b == b'\n').count();
            proptest::prop_assert!(read(&all).len() <= lines);
        }
    }
}
