//! Into a store.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::DeserializeOwned;

use super::line::{End, FORMAT, Header, KIND, Line, Sum};
use super::{Summary, TransferError};
use crate::model::Instant;
use crate::record::codec::VALUE_LIMIT;
use crate::record::key::{self, MetaRecord, Table};
use crate::record::{Hold, HoldReason};
use crate::store::limits::{BATCH_LIMIT, KEY_LIMIT};
use crate::store::tables::{control, meta};
use crate::store::{Batch, Item, Receipt, Store, StoreError};

/// Bytes of a line at most: a record at its limits, and room for the words around it.
const LINE_LIMIT: u64 = 2 * KEY_LIMIT as u64 + 2 * VALUE_LIMIT as u64 + 1_024;

/// What is said of a file that ends too early.
const CUT: &str = "the file was cut short here";

/// Batches on their way at once.
const WAITING: usize = 32;

/// Reads a whole export without a store.
///
/// # Errors
/// With the place where it is not what an export wrote.
pub fn verify(file: impl Read) -> Result<Summary, TransferError> {
    let mut lines = Lines::open(file)?;
    while lines.next()?.is_some() {}
    Ok(lines.summary())
}

/// Fills an empty store from an export, and puts it on hold: a daemon on it decides and sends nothing
/// until a person says `cvmd resume`. Outside of async code; `now` is the clock's.
///
/// The store says who it is only with the last commit: one that was filled half does not open, and
/// says so. [`verify`] the file first, so that this happens to nobody whose file is damaged.
///
/// # Errors
/// Where the store is not empty, the file is damaged, or either fails.
pub fn import(store: &dyn Store, file: impl Read, now: Instant) -> Result<Summary, TransferError> {
    let identity = key::meta(MetaRecord::Identity);
    for item in store.scan(&[], &[]) {
        if item?.0 != identity {
            return Err(TransferError::NotEmpty);
        }
    }
    let mut lines = Lines::open(file)?;
    let mut writer = Writer { store, batch: Batch::default(), waiting: VecDeque::new() };
    writer.batch.remove(identity.clone());
    let mut last = Batch::default();
    while let Some((key, value)) = lines.next()? {
        if key == identity {
            last.put(key, value);
        } else {
            writer.put(key, value)?;
        }
    }
    writer.flush()?;
    let last_tick = control::last_tick(store)?;
    control::put_hold(&mut last, &Hold { reason: HoldReason::Restore, since: now, last_tick });
    store.commit(last).wait()?;
    Ok(lines.summary())
}

/// Fills batches and keeps some of them on their way.
struct Writer<'a> {
    store: &'a dyn Store,
    batch: Batch,
    waiting: VecDeque<Receipt>,
}

impl Writer<'_> {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), StoreError> {
        self.batch.put(key, value);
        if self.batch.changes.len() < BATCH_LIMIT {
            return Ok(());
        }
        self.waiting.push_back(self.store.commit(std::mem::take(&mut self.batch)));
        let oldest = if self.waiting.len() > WAITING { self.waiting.pop_front() } else { None };
        oldest.map_or(Ok(()), |receipt| receipt.wait().map(drop))
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.waiting.push_back(self.store.commit(std::mem::take(&mut self.batch)));
        self.waiting.drain(..).try_for_each(|receipt| receipt.wait().map(drop))
    }
}

/// The lines of an export, each checked.
struct Lines<R: Read> {
    input: BufReader<zstd::stream::read::Decoder<'static, BufReader<R>>>,
    header: Header,
    sum: Sum,
    /// The line read last.
    number: u64,
    identified: bool,
    last_key: Vec<u8>,
}

impl<R: Read> Lines<R> {
    fn open(file: R) -> Result<Self, TransferError> {
        let mut input = BufReader::new(zstd::stream::read::Decoder::new(file)?);
        let no_export = || TransferError::Damaged(1, "this is no export of a store".into());
        let text = match read_line(&mut input, 1) {
            // What zstd cannot begin to unpack is another file.
            Err(TransferError::Damaged(_, what)) if what != CUT => return Err(no_export()),
            other => other?,
        };
        let header: Header = serde_json::from_str(&text).map_err(|_| no_export())?;
        if header.cvmd != KIND {
            return Err(no_export());
        }
        if header.format > FORMAT || header.layout > meta::VERSION {
            let (format, layout) = (header.format, header.layout);
            return Err(TransferError::Newer(format!(
                "the export has format {format} and layout {layout}, and this cvmd knows {FORMAT} and {}",
                meta::VERSION
            )));
        }
        let sum = Sum::of_header(&text);
        Ok(Self { input, header, sum, number: 1, identified: false, last_key: Vec::new() })
    }

    fn summary(&self) -> Summary {
        let Header { taken, records, customers, .. } = self.header;
        Summary { taken, records, customers }
    }

    /// The next record; none at the end, which is the file's.
    fn next(&mut self) -> Result<Option<Item>, TransferError> {
        self.number += 1;
        let text = read_line(&mut self.input, self.number)?;
        if self.number == self.header.records + 2 {
            return self.end(&text).map(|()| None);
        }
        let line: Line = self.json(&text, "it is no record")?;
        let (key, value) = line.record().ok_or_else(|| self.damaged("its key or value cannot be read"))?;
        if key.len() > KEY_LIMIT || value.len() > VALUE_LIMIT {
            return Err(self.damaged("it is longer than any record of a store"));
        }
        self.sum = self.sum.and(&key, &value);
        if line.sum != self.sum.text() {
            return Err(self.damaged("its checksum is wrong: it, or a line before it, was changed or lost"));
        }
        if key <= self.last_key {
            return Err(self.damaged("its key is not above the one before"));
        }
        if Table::of(&key).is_none() {
            let place =
                format!("line {} of the export has a record that this cvmd does not know", self.number);
            return Err(TransferError::Newer(place));
        }
        self.identified |= key == key::meta(MetaRecord::Identity);
        self.last_key.clone_from(&key);
        Ok(Some((key, value)))
    }

    fn end(&mut self, text: &str) -> Result<(), TransferError> {
        let end: End = self.json(text, "the end was expected here")?;
        if end.end != self.header.records || end.sum != self.sum.text() {
            return Err(self.damaged("its checksum is wrong"));
        }
        if !self.identified {
            return Err(self.damaged("the store's own record is missing"));
        }
        match self.input.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(TransferError::Damaged(self.number + 1, "something follows the end".into())),
            Err(error) => Err(unreadable(error, self.number + 1)),
        }
    }

    fn json<T: DeserializeOwned>(&self, text: &str, what: &str) -> Result<T, TransferError> {
        serde_json::from_str(text).map_err(|_| self.damaged(what))
    }

    fn damaged(&self, what: &str) -> TransferError {
        TransferError::Damaged(self.number, what.into())
    }
}

/// A line without its end.
fn read_line(input: &mut impl BufRead, number: u64) -> Result<String, TransferError> {
    let mut bytes = Vec::new();
    let read = input.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut bytes);
    read.map_err(|error| unreadable(error, number))?;
    if bytes.pop() != Some(b'\n') {
        let what = if bytes.len() as u64 + 1 < LINE_LIMIT { CUT } else { "it is too long" };
        return Err(TransferError::Damaged(number, what.into()));
    }
    String::from_utf8(bytes).map_err(|_| TransferError::Damaged(number, "it is no text".into()))
}

/// What zstd says of bytes that it cannot unpack is about the file, not about the disk.
fn unreadable(error: io::Error, number: u64) -> TransferError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => TransferError::Damaged(number, CUT.into()),
        io::ErrorKind::Other | io::ErrorKind::InvalidData => {
            let what = format!("it, or what is packed with it, was changed ({error})");
            TransferError::Damaged(number, what.to_lowercase())
        }
        _ => TransferError::File(error),
    }
}
