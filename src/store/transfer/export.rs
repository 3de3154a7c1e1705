//! Out of a store.

use std::io::Write;

use super::line::{End, FORMAT, Header, KIND, Line, Sum};
use super::{Summary, TransferError};
use crate::model::Instant;
use crate::record::key::{self, Table};
use crate::store::tables::meta;
use crate::store::{Snapshot, Store};

/// How hard zstd tries; what is beyond costs much time for little.
const LEVEL: i32 = 3;

/// Writes everything that the store holds at one moment, while it goes on; outside of async code.
/// `taken` is the clock's.
///
/// # Errors
/// When the store or what it is written to fails: what was written is no export then.
pub fn export(store: &dyn Store, out: impl Write, taken: Instant) -> Result<Summary, TransferError> {
    let snapshot = store.snapshot()?;
    let mut packed = zstd::stream::write::Encoder::new(out, LEVEL)?;
    packed.include_checksum(true)?;
    let summary = write_lines(&*snapshot, &mut packed, taken)?;
    packed.finish()?.flush()?;
    Ok(summary)
}

fn write_lines(
    snapshot: &dyn Snapshot,
    out: &mut impl Write,
    taken: Instant,
) -> Result<Summary, TransferError> {
    // Read twice, so that the first line can say how much follows.
    let (mut records, mut customers) = (0, 0);
    for item in snapshot.scan(&[]) {
        records += 1;
        customers += u64::from(key::parse_profile(&item?.0).is_some());
    }
    let header =
        Header { cvmd: KIND.into(), format: FORMAT, layout: meta::VERSION, taken, records, customers };
    let text = json(&header)?;
    writeln!(out, "{text}")?;
    let mut sum = Sum::of_header(&text);
    for item in snapshot.scan(&[]) {
        let (key, value) = item?;
        debug_assert!(Table::of(&key).is_some(), "a record without a table");
        sum = sum.and(&key, &value);
        writeln!(out, "{}", json(&Line::new(&key, &value, sum))?)?;
    }
    writeln!(out, "{}", json(&End { end: records, sum: sum.text() })?)?;
    Ok(Summary { taken, records, customers })
}

fn json(line: &impl serde::Serialize) -> Result<String, TransferError> {
    serde_json::to_string(line).map_err(|error| TransferError::File(error.into()))
}
