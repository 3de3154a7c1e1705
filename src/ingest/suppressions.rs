//! A list of those to whom nothing goes: a row an address, a domain or a customer, or plain lines.
//!
//! Rows wait in one compact buffer, about their own size: lists may have millions.

use serde::{Deserialize, Serialize};

use crate::model::Instant;
use crate::record::SuppressionReason;

use super::table::{Fields, Found, Table};
use super::{
    ImportError, MAX_ID_BYTES, Next, Options, RejectCode, Report, Row, Rows, canonical_email, canonical_phone,
};

/// Somebody to whom nothing goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suppressing {
    /// An e-mail address.
    Email(String),
    /// A phone number in E.164.
    Phone(String),
    /// A domain in lower case, with all below it.
    Domain(String),
    /// A customer by the shop's id, whether or not they are known.
    Customer(String),
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionRow {
    /// Who.
    pub who: Suppressing,
    /// Why.
    pub reason: SuppressionReason,
    /// Since when.
    pub at: Instant,
}

/// The columns of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Address,
    Domain,
    Customer,
    Reason,
    Time,
}

struct Columns;

impl Fields for Columns {
    type Target = Column;

    fn find(&mut self, name: &str) -> Found<Column> {
        Found::Field(match name {
            "address" | "email" | "phone" => Column::Address,
            "domain" => Column::Domain,
            "customer" | "customer_id" | "id" => Column::Customer,
            "reason" => Column::Reason,
            "time" | "at" => Column::Time,
            _ => return Found::Nothing,
        })
    }
}

/// Reads a list to its end; what is wrong with rows and cells goes to `report`.
///
/// # Errors
/// When the input cannot be read, names nobody, or `--map` cannot be.
pub fn read_suppressions(
    rows: &mut dyn Rows,
    options: &Options,
    report: &mut Report,
) -> Result<Suppressions, ImportError> {
    let mut table = Table::new(Columns, options.map, rows, &[], &mut report.summary)?;
    let names = |column| (0..table.len()).any(|at| table.target(at) == Some(column));
    if rows.has_header() && ![Column::Address, Column::Domain, Column::Customer].into_iter().any(names) {
        return Err(ImportError::MissingColumn("address", rows.columns().to_vec()));
    }
    let mut all = Suppressions::default();
    let mut row = Row::default();
    loop {
        let next = rows.next(&mut row)?;
        table.grow(rows.columns(), &mut report.summary);
        match next {
            Next::Row => {
                report.summary.rows += 1;
                match read(&row, &table, options, report) {
                    Ok(found) => {
                        report.summary.accepted_rows += 1;
                        found.iter().try_for_each(|one| all.push(one))?;
                    }
                    Err((code, reason)) => report.row(&row, None, code, reason),
                }
            }
            Next::Bad(code, reason) => {
                report.summary.rows += 1;
                report.row(&row, None, code, reason);
            }
            Next::End => return Ok(all),
        }
    }
}

/// Whom a row names: more than one where several of its cells do.
fn read(
    row: &Row,
    table: &Table<'_, Columns>,
    options: &Options,
    report: &mut Report,
) -> Result<Vec<SuppressionRow>, (RejectCode, String)> {
    let (mut found, mut reason, mut at) = (Vec::new(), SuppressionReason::Asked, options.now);
    for (column, text) in row.cells().filter(|(_, text)| !text.is_empty()) {
        match table.target(column) {
            Some(Column::Address) => found.push(address(text)?),
            Some(Column::Domain) => found.push(domain(text)?),
            Some(Column::Customer) if text.len() > MAX_ID_BYTES || text.chars().any(char::is_control) => {
                return Err((
                    RejectCode::BadId,
                    "the customer's id is too long or has control characters".into(),
                ));
            }
            Some(Column::Customer) => found.push(Suppressing::Customer(text.into())),
            Some(Column::Reason) => reason = reason_of(text),
            Some(Column::Time) => match options.past_time(text) {
                Ok(time) => at = time,
                // It is no less suppressed for it.
                Err((code, why)) => report.cell(row, "", code, format!("`time` {why}: it counts as now")),
            },
            None => {}
        }
    }
    if found.is_empty() {
        return Err((
            RejectCode::MissingId,
            "neither an address nor a domain nor a customer is named".into(),
        ));
    }
    Ok(found.into_iter().map(|who| SuppressionRow { who, reason, at }).collect())
}

fn address(text: &str) -> Result<Suppressing, (RejectCode, String)> {
    if let Some(bare) = text.strip_prefix('@') {
        return domain(bare);
    }
    if text.contains('@') {
        let email =
            canonical_email(text).map_err(|why| (RejectCode::BadEmail, format!("the address {why}")))?;
        return Ok(Suppressing::Email(email));
    }
    match canonical_phone(text) {
        Ok(phone) => Ok(Suppressing::Phone(phone)),
        Err(_) if text.chars().any(char::is_alphabetic) => domain(text),
        Err(why) => Err((RejectCode::BadPhone, format!("the phone number {why}"))),
    }
}

fn domain(text: &str) -> Result<Suppressing, (RejectCode, String)> {
    let bare = text.strip_prefix('@').unwrap_or(text);
    let domain = canonical_domain(bare).ok_or((RejectCode::BadValue, "this is no domain".to_owned()))?;
    Ok(Suppressing::Domain(domain))
}

/// A domain in lower case; none of what is none.
#[must_use]
pub fn canonical_domain(text: &str) -> Option<String> {
    let domain = text.trim().trim_end_matches('.').to_lowercase();
    let label = |label: &str| {
        let good = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.len() <= 63 && label.chars().all(good)
    };
    let good = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label);
    good.then_some(domain)
}

/// What other tools call it; whatever else they say, somebody asked for it.
fn reason_of(text: &str) -> SuppressionReason {
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["bounce", "invalid", "5.1."]) {
        SuppressionReason::HardBounce
    } else if says(&["complain", "spam", "abuse"]) {
        SuppressionReason::Complaint
    } else {
        SuppressionReason::Asked
    }
}

/// The rows of a list, in their order.
#[derive(Debug, Default)]
pub struct Suppressions {
    rows: Vec<u8>,
    read: usize,
}

impl Suppressions {
    fn push(&mut self, row: &SuppressionRow) -> Result<(), ImportError> {
        let rows = std::mem::take(&mut self.rows);
        self.rows = postcard::to_extend(row, rows).map_err(|_| ImportError::TooMuch("rows"))?;
        Ok(())
    }
}

impl Iterator for Suppressions {
    type Item = SuppressionRow;

    fn next(&mut self) -> Option<SuppressionRow> {
        let (row, rest) = postcard::take_from_bytes(self.rows.get(self.read..)?).ok()?;
        self.read = self.rows.len() - rest.len();
        Some(row)
    }
}
