//! What was not taken, as CSV for people to mend and import again.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{ImportError, Next, RejectCode, Row, Rows};

/// A row or a cell that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The file's name as it was given.
    pub file: String,
    /// Where the row begins, from 1.
    pub line: u64,
    /// Whether it is a cell that was not taken, of a row that was.
    pub cell: bool,
    /// The order's or the customer's id, where there is one. Personal data.
    pub id: Option<String>,
    /// Why, for scripts.
    pub code: RejectCode,
    /// Why, for people. May quote the data.
    pub reason: String,
    /// The row as it stands in the file; none where this was found after it was read, see
    /// [`RejectWriter::finish`].
    pub raw: Option<String>,
}

/// Writes rejects as CSV: `file,line,code,reason,raw`.
pub struct RejectWriter<W: Write> {
    csv: csv::Writer<W>,
    late: Vec<Reject>,
}

impl<W: Write> RejectWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// When writing fails.
    pub fn new(writer: W) -> io::Result<Self> {
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record(["file", "line", "code", "reason", "raw"])?;
        Ok(Self { csv, late: Vec::new() })
    }

    /// Writes a reject, or keeps it until its row is read again.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(&mut self, reject: &Reject) -> io::Result<()> {
        if let Some(raw) = &reject.raw {
            return self.record(reject, raw);
        }
        self.late.push(reject.clone());
        Ok(())
    }

    /// Whether rejects wait for their rows.
    #[must_use]
    pub fn needs_rows(&self) -> bool {
        !self.late.is_empty()
    }

    /// Writes the rejects that were found after their rows had been read, in the order of their
    /// lines. `again` is the file they are from, opened anew: call this after each file. Without it,
    /// or for rows that are not there any more, `raw` stays empty.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub fn finish(&mut self, again: Option<&mut dyn Rows>) -> Result<(), ImportError> {
        let mut late = std::mem::take(&mut self.late);
        late.sort_by_key(|reject| reject.line);
        let mut raws: BTreeMap<u64, String> =
            late.iter().map(|reject| (reject.line, String::new())).collect();
        if let Some(again) = again {
            fill(&mut raws, again)?;
        }
        for reject in &late {
            self.record(reject, raws.get(&reject.line).map_or("", String::as_str))?;
        }
        self.csv.flush()?;
        Ok(())
    }

    /// What was written to.
    ///
    /// # Errors
    /// When writing the last bytes fails.
    pub fn into_inner(self) -> io::Result<W> {
        self.csv.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    fn record(&mut self, reject: &Reject, raw: &str) -> io::Result<()> {
        let line = reject.line.to_string();
        Ok(self.csv.write_record([&reject.file, &line, reject.code.as_str(), &reject.reason, raw])?)
    }
}

fn fill(raws: &mut BTreeMap<u64, String>, again: &mut dyn Rows) -> Result<(), ImportError> {
    let Some(&last) = raws.keys().next_back() else { return Ok(()) };
    let mut row = Row::default();
    while again.next(&mut row)? != Next::End && row.line <= last {
        if let Some(raw) = raws.get_mut(&row.line) {
            *raw = row.raw();
        }
    }
    Ok(())
}
