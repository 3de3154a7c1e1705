//! The lines of an export.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::model::Instant;
use crate::record::codec::hex;

/// What the first line calls itself.
pub(super) const KIND: &str = "store export";
/// The version of these lines.
pub(super) const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) cvmd: String,
    pub(super) format: u32,
    /// The layout of keys.
    pub(super) layout: u32,
    pub(super) taken: Instant,
    pub(super) records: u64,
    pub(super) customers: u64,
}

/// A record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    key: String,
    value: String,
    pub(super) sum: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// How many records stand above it.
    pub(super) end: u64,
    pub(super) sum: String,
}

impl Line {
    pub(super) fn new(key: &[u8], value: &[u8], sum: Sum) -> Self {
        Self { key: hex(key), value: STANDARD.encode(value), sum: sum.text() }
    }

    /// Key and value.
    pub(super) fn record(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        Some((unhex(&self.key)?, STANDARD.decode(&self.value).ok()?))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// The running checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum(u32);

impl Sum {
    /// Of the first line, without its end.
    pub(super) fn of_header(text: &str) -> Self {
        Self(crc32fast::hash(text.as_bytes()))
    }

    /// With another record.
    pub(super) fn and(self, key: &[u8], value: &[u8]) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.0.to_be_bytes());
        hasher.update(&(key.len() as u64).to_be_bytes());
        hasher.update(key);
        hasher.update(value);
        Self(hasher.finalize())
    }

    pub(super) fn text(self) -> String {
        format!("{:08x}", self.0)
    }
}
