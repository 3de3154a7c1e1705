//! A file of customers.
//!
//! The whole file is read before the first customer comes out: several rows about one customer are
//! one statement (the last row's values; of consents the latest), so that importing the file again
//! finds nothing to change. Rows wait in one compact buffer, about their own size.

use serde::{Deserialize, Serialize};

use crate::model::{Channel, CustomerId};
use crate::record::Consent;
use crate::ruleset::Schema;

use super::consent::of_one_file;
use super::customer::{Column, CustomerFields, Reader, Said};
use super::intern::Interner;
use super::table::Table;
use super::{CustomerUpdate, ImportError, Next, Options, Report, Row, Rows};

/// Reads a file or a body of customers to its end; what is wrong with rows and cells goes to `report`.
///
/// # Errors
/// When the input cannot be read, a column is missing, or `--map` cannot be.
pub fn read_customers(
    rows: &mut dyn Rows,
    options: &Options,
    report: &mut Report,
) -> Result<Customers, ImportError> {
    let fields = CustomerFields { schema: options.schema, channels: Vec::new() };
    let table = Table::new(fields, options.map, rows, &[("id", Column::Id)], &mut report.summary)?;
    let mut reader = Reader { table, options: *options, decimal_comma: rows.decimal_comma() };
    let mut all = Customers { names: names(options.schema), ..Customers::default() };
    let mut row = Row::default();
    loop {
        let next = rows.next(&mut row)?;
        reader.table.grow(rows.columns(), &mut report.summary);
        match next {
            Next::Row => {
                report.summary.rows += 1;
                if let Some((id, said)) = reader.read(&row, report) {
                    report.summary.accepted_rows += 1;
                    all.push(id, said, row.line)?;
                }
            }
            Next::Bad(code, reason) => {
                report.summary.rows += 1;
                report.row(&row, None, code, reason);
            }
            Next::End => break,
        }
    }
    all.channels.clone_from(&reader.table.fields().channels);
    Ok(all)
}

fn names(schema: &Schema) -> Vec<String> {
    // Kept under the first name: a renamed attribute keeps its values.
    schema.keys().map(str::to_owned).collect()
}

/// The customers of a file, in the order in which they first came.
#[derive(Debug, Default)]
pub struct Customers {
    ids: Interner,
    /// Where each customer's last row begins in `rows`.
    last: Vec<u64>,
    rows: Vec<u8>,
    names: Vec<String>,
    channels: Vec<Channel>,
    next: u32,
}

/// A row as it waits.
#[derive(Serialize, Deserialize)]
struct Waiting<'a> {
    /// Where the customer's row before begins.
    before: Option<u64>,
    line: u64,
    #[serde(borrow)]
    values: Vec<(u16, Option<&'a str>)>,
    consents: Vec<(u16, Consent)>,
}

impl Customers {
    /// How many customers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.len() == 0
    }

    fn push(&mut self, id: &str, said: Said, line: u64) -> Result<(), ImportError> {
        let number = self.ids.intern(id)? as usize;
        let values = said.values.iter().map(|(field, text)| (*field, text.as_deref())).collect();
        let before = self.last.get(number).copied();
        let waiting = Waiting { before, line, values, consents: said.consents };
        let start = self.rows.len() as u64;
        if number == self.last.len() {
            self.last.push(start);
        } else {
            self.last[number] = start;
        }
        let rows = std::mem::take(&mut self.rows);
        self.rows = postcard::to_extend(&waiting, rows).map_err(|_| ImportError::TooMuch("rows"))?;
        Ok(())
    }

    fn update(&self, number: u32) -> CustomerUpdate {
        let mut values: Vec<(String, Option<String>)> = Vec::new();
        let mut consents: Vec<(Channel, Consent)> = Vec::new();
        // From the last row back: the first value that is met holds.
        let mut at = self.last.get(number as usize).copied();
        let mut lines = Vec::new();
        while let Some(row) = at.and_then(|at| self.waiting(at)) {
            for (field, text) in row.values.into_iter().rev() {
                let name = &self.names[usize::from(field)];
                if values.iter().all(|(known, _)| known != name) {
                    values.push((name.clone(), text.map(str::to_owned)));
                }
            }
            for (channel, consent) in row.consents {
                let channel = &self.channels[usize::from(channel)];
                match consents.iter_mut().find(|(known, _)| known == channel) {
                    Some((_, known)) => *known = of_one_file(*known, consent),
                    None => consents.push((channel.clone(), consent)),
                }
            }
            lines.push(row.line);
            at = row.before;
        }
        values.sort();
        consents.sort_by(|one, other| one.0.cmp(&other.0));
        CustomerUpdate { id: CustomerId(self.ids.get(number).to_owned()), lines, values, consents }
    }

    fn waiting(&self, at: u64) -> Option<Waiting<'_>> {
        let bytes = self.rows.get(usize::try_from(at).ok()?..)?;
        postcard::take_from_bytes(bytes).ok().map(|(row, _)| row)
    }
}

impl Iterator for Customers {
    type Item = CustomerUpdate;

    fn next(&mut self) -> Option<CustomerUpdate> {
        ((self.next as usize) < self.ids.len()).then(|| {
            self.next += 1;
            self.update(self.next - 1)
        })
    }
}
