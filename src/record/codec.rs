//! From records to bytes and back: a format byte, a checksum, a body.
//!
//! ```text
//! whole    format (1) | CRC-32 over format and body (4, big end) | body
//! cut      255 (1)    | CRC-32 (4) | pieces (2), length of the whole (4), its first bytes
//! piece    254 (1)    | CRC-32 (4) | the next bytes of the whole
//! ```
//!
//! A body is postcard's wire format, or raw entries of 16 bytes in packs of contacts. What is longer
//! than [`VALUE_LIMIT`] is cut: its head stands under the record's key, piece `n` (from 1) under
//! that key and `n` as two bytes. Formats are for ever: a changed shape gets a new format byte, and
//! the old one is still read.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Contact;

/// Bytes of a stored value at most: sled keeps longer ones in files of their own, unsynced.
pub const VALUE_LIMIT: usize = 4_096;

/// Bytes before the body.
pub const HEADER: usize = 5;

/// Contacts in one record at most: 5 + 255 × 16 bytes.
pub const CONTACTS_LIMIT: usize = (VALUE_LIMIT - HEADER) / Contact::SIZE;

/// Pieces of one record at most, so that a damaged head cannot ask for more memory than this.
pub const PIECES_LIMIT: usize = 16_384;

const CUT: u8 = 255;
const PIECE: u8 = 254;
const CUT_HEADER: usize = 6;

/// Why bytes are no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodecError {
    /// Not what was written.
    Corrupt(String),
    /// Written by a newer version.
    Newer(String),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt(text) | Self::Newer(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for CodecError {}

/// A key as errors show it: hexadecimal, for some hold text that does not print.
#[must_use]
pub fn hex(key: &[u8]) -> String {
    use fmt::Write as _;
    key.iter().fold(String::with_capacity(key.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn corrupt(key: &[u8], what: &str) -> CodecError {
    CodecError::Corrupt(format!("the record under key `{}` does not read back: {what}", hex(key)))
}

fn checksum(format: u8, body: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[format]);
    hasher.update(body);
    hasher.finalize().to_be_bytes()
}

/// Puts the header before a body.
fn seal(format: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.push(format);
    bytes.extend_from_slice(&checksum(format, body));
    bytes.extend_from_slice(body);
    bytes
}

/// Checks the header and returns the body.
fn unseal<'a>(format: u8, key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], CodecError> {
    let Some((header, body)) = bytes.split_at_checked(HEADER) else {
        return Err(corrupt(key, "it is shorter than a header"));
    };
    // The checksum first: a flipped bit in the format byte is damage, not a newer version.
    if header[1..] != checksum(header[0], body) {
        return Err(corrupt(key, "its checksum is wrong"));
    }
    if header[0] != format {
        return Err(CodecError::Newer(format!(
            "the record under key `{}` has format {}, and this version reads format {format}: run the \
             version of cvmd that wrote it, or a newer one",
            hex(key),
            header[0],
        )));
    }
    Ok(body)
}

/// The bytes of a record.
#[must_use]
pub fn encode<T: Serialize + ?Sized>(format: u8, record: &T) -> Vec<u8> {
    // Serializing our shapes into memory cannot fail: no shape has a sequence of unknown length or
    // a custom error. Were one added, the empty body would not read back, and the golden tests see it.
    let body = postcard::to_stdvec(record).unwrap_or_default();
    seal(format, &body)
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`CodecError::Newer`] for another format byte under a right checksum, else
/// [`CodecError::Corrupt`]; both name the key in hexadecimal.
pub fn decode<T: DeserializeOwned>(format: u8, key: &[u8], bytes: &[u8]) -> Result<T, CodecError> {
    let body = unseal(format, key, bytes)?;
    match postcard::take_from_bytes(body) {
        Ok((record, [])) => Ok(record),
        Ok((_, rest)) => Err(corrupt(key, &format!("{} bytes are left over", rest.len()))),
        Err(error) => Err(corrupt(key, &error.to_string().to_lowercase())),
    }
}

/// Raw bytes behind the header: bitmaps, texts.
#[must_use]
pub fn encode_raw(format: u8, body: &[u8]) -> Vec<u8> {
    seal(format, body)
}

/// Reads what [`encode_raw`] wrote.
///
/// # Errors
/// As [`decode`].
pub fn decode_raw(format: u8, key: &[u8], bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    unseal(format, key, bytes).map(<[u8]>::to_vec)
}

/// Packs of contacts, each of at most [`CONTACTS_LIMIT`], in the given order.
#[must_use]
pub fn encode_contacts(format: u8, contacts: &[Contact]) -> Vec<Vec<u8>> {
    let pack = |some: &[Contact]| {
        let body: Vec<u8> = some.iter().flat_map(|contact| contact.to_bytes()).collect();
        seal(format, &body)
    };
    contacts.chunks(CONTACTS_LIMIT).map(pack).collect()
}

/// Reads one pack of contacts.
///
/// # Errors
/// As [`decode`]; also where the length is no multiple of 16 or a kind is unknown.
pub fn decode_contacts(format: u8, key: &[u8], bytes: &[u8]) -> Result<Vec<Contact>, CodecError> {
    let (entries, rest) = unseal(format, key, bytes)?.as_chunks::<{ Contact::SIZE }>();
    if !rest.is_empty() {
        return Err(corrupt(key, "its length is no multiple of 16 bytes"));
    }
    let contact =
        |entry| Contact::from_bytes(entry).ok_or_else(|| corrupt(key, "a kind of contact is unknown"));
    entries.iter().map(contact).collect()
}

/// Packs of records, each a list of as many as fit in [`VALUE_LIMIT`], in the given order. A record
/// that is too long on its own makes a pack of one, longer than the limit: [`cut`] it.
#[must_use]
pub fn encode_packs<T: Serialize>(format: u8, records: &[T]) -> Vec<(usize, Vec<u8>)> {
    let mut packs = Vec::new();
    let (mut first, mut size) = (0, 0);
    for (index, record) in records.iter().enumerate() {
        let length = postcard::to_stdvec(record).map_or(0, |bytes| bytes.len());
        // 3 bytes hold the count of any pack: 4,091 bytes cannot hold 2^21 records.
        if index > first && HEADER + 3 + size + length > VALUE_LIMIT {
            packs.push((first, encode(format, &records[first..index])));
            (first, size) = (index, 0);
        }
        size += length;
    }
    if first < records.len() {
        packs.push((first, encode(format, &records[first..])));
    }
    packs
}

/// Cuts a record into what fits: the value under its own key, then its pieces from 1 on. A record
/// within [`VALUE_LIMIT`] comes back as it is.
#[must_use]
pub fn cut(whole: Vec<u8>) -> Vec<Vec<u8>> {
    if whole.len() <= VALUE_LIMIT {
        return vec![whole];
    }
    let (first, rest) = whole.split_at(VALUE_LIMIT - HEADER - CUT_HEADER);
    let pieces: Vec<&[u8]> = rest.chunks(VALUE_LIMIT - HEADER).collect();
    let mut head = Vec::with_capacity(VALUE_LIMIT);
    // Both fit: PIECES_LIMIT is far below what two and four bytes hold.
    head.extend_from_slice(&u16::try_from(pieces.len()).unwrap_or(u16::MAX).to_be_bytes());
    head.extend_from_slice(&u32::try_from(whole.len()).unwrap_or(u32::MAX).to_be_bytes());
    head.extend_from_slice(first);
    std::iter::once(seal(CUT, &head)).chain(pieces.into_iter().map(|piece| seal(PIECE, piece))).collect()
}

/// How many pieces follow this value under keys of their own: 0 for a record that was not cut.
///
/// # Errors
/// When the value is the head of a cut record and damaged.
pub fn pieces(key: &[u8], value: &[u8]) -> Result<u16, CodecError> {
    if value.first() != Some(&CUT) {
        return Ok(0);
    }
    let head = unseal(CUT, key, value)?;
    let count = head.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
    count
        .filter(|&count| count > 0 && usize::from(count) <= PIECES_LIMIT)
        .ok_or_else(|| corrupt(key, "its number of pieces is impossible"))
}

/// Puts a cut record together again; `parts` are the head and all its pieces, in order.
///
/// # Errors
/// When a piece is damaged or the length is not what the head says.
pub fn join(key: &[u8], parts: &[Vec<u8>]) -> Result<Vec<u8>, CodecError> {
    let Some((head, pieces)) = parts.split_first() else { return Err(corrupt(key, "it is empty")) };
    if head.first() != Some(&CUT) {
        return Ok(head.clone());
    }
    let head = unseal(CUT, key, head)?;
    let Some((numbers, first)) = head.split_at_checked(CUT_HEADER) else {
        return Err(corrupt(key, "it is shorter than a header"));
    };
    let mut whole = first.to_vec();
    for piece in pieces {
        whole.extend_from_slice(unseal(PIECE, key, piece)?);
    }
    let length = u32::from_be_bytes([numbers[2], numbers[3], numbers[4], numbers[5]]);
    if usize::try_from(length) != Ok(whole.len()) {
        return Err(corrupt(key, "pieces are missing"));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerNumber, Instant, RuleNumber};
    use crate::record::ContactKind;

    #[test]
    fn each_flipped_bit_is_seen() {
        let bytes = encode(1, &("ana", 5_i64));
        for position in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[position / 8] ^= 1 << (position % 8);
            let result = decode::<(String, i64)>(1, b"\x00\x02", &damaged);
            let Err(CodecError::Corrupt(text)) = result else { panic!("bit {position}: {result:?}") };
            assert!(text.contains("`0002`"), "{text}");
        }
    }

    #[test]
    fn another_format_is_newer_and_a_long_tail_is_corrupt() {
        assert!(matches!(decode::<u8>(1, b"k", &encode(2, &7_u8)), Err(CodecError::Newer(_))));
        assert!(matches!(decode::<u8>(1, b"k", &encode(1, &(7_u8, 8_u8))), Err(CodecError::Corrupt(_))));
        assert!(matches!(decode::<u8>(1, b"k", b""), Err(CodecError::Corrupt(_))));
    }

    #[test]
    fn contacts_split_at_the_limit() {
        let contact = |n| Contact {
            customer: CustomerNumber(n),
            rule: RuleNumber(1),
            kind: ContactKind::Marketing,
            at: Instant(5),
            channel: 0,
            further: false,
        };
        let contacts: Vec<Contact> = (0..600).map(contact).collect();
        let packs = encode_contacts(1, &contacts);
        assert_eq!(packs.iter().map(Vec::len).collect::<Vec<_>>(), [4_085, 4_085, 1_445]);
        let back: Vec<Contact> = packs.iter().flat_map(|p| decode_contacts(1, b"", p).unwrap()).collect();
        assert_eq!(back, contacts);
        assert!(decode_contacts(1, b"", &encode_raw(1, &[0; 15])).is_err());
        assert!(decode_contacts(1, b"", &encode_raw(1, &[255; 16])).is_err());
    }

    #[test]
    fn a_lost_or_swapped_piece_is_seen() {
        let whole = encode(1, &"x".repeat(20_000));
        let parts = cut(whole.clone());
        assert_eq!(usize::from(pieces(b"", &parts[0]).unwrap()), parts.len() - 1);
        assert!(parts.iter().all(|part| part.len() <= VALUE_LIMIT));
        assert_eq!(join(b"", &parts).unwrap(), whole);
        assert!(join(b"", &parts[..parts.len() - 1]).is_err());
        assert!(join(b"", &[parts[0].clone(), parts[0].clone()]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn packs_keep_order_and_limit(texts in proptest::collection::vec("[a-z]{0,600}", 0..60)) {
            let packs = encode_packs(3, &texts);
            let mut back: Vec<String> = Vec::new();
            for (first, bytes) in packs {
                proptest::prop_assert!(bytes.len() <= VALUE_LIMIT);
                proptest::prop_assert_eq!(first, back.len());
                back.extend(decode::<Vec<String>>(3, b"", &bytes).unwrap());
            }
            proptest::prop_assert_eq!(back, texts);
        }

        #[test]
        fn what_is_cut_joins_again(length in 0_usize..30_000) {
            let whole = encode_raw(1, &vec![7; length]);
            proptest::prop_assert_eq!(join(b"", &cut(whole.clone())).unwrap(), whole);
        }
    }
}
