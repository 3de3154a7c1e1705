//! What a file is, told by its first bytes and not by its name: gzip or plain, CSV or NDJSON.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::csv_rows::CsvRows;
use super::json_rows::JsonRows;
use super::list_rows::{self, ListRows};
use super::{ImportError, Rows};

/// Bytes looked at to tell CSV from NDJSON.
const LOOK: usize = 256;
/// Bytes read at a time.
const BUFFER: usize = 1 << 17;

/// Opens a file of CSV or NDJSON, plain or gzip. `progress` is told how many bytes of it (as they
/// are on disk) have been read so far.
///
/// # Errors
/// When the file is empty, is something else, or its header cannot be read.
pub fn open<'a>(
    file: impl Read + 'a,
    progress: &'a mut dyn FnMut(u64),
) -> Result<Box<dyn Rows + 'a>, ImportError> {
    open_as(file, progress, false)
}

/// As [`open`]; but what has no header is a list, a line each.
///
/// # Errors
/// As [`open`].
pub fn open_list<'a>(
    file: impl Read + 'a,
    progress: &'a mut dyn FnMut(u64),
) -> Result<Box<dyn Rows + 'a>, ImportError> {
    open_as(file, progress, true)
}

fn open_as<'a>(
    file: impl Read + 'a,
    progress: &'a mut dyn FnMut(u64),
    list: bool,
) -> Result<Box<dyn Rows + 'a>, ImportError> {
    let mut counted = Counted { inner: file, read: 0, progress };
    let magic = peek(&mut counted, 4)?;
    refuse(&magic)?;
    let gzip = magic.starts_with(&[0x1f, 0x8b]);
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(magic).chain(counted));
    if gzip { rows(MultiGzDecoder::new(whole), list) } else { rows(whole, list) }
}

fn rows<'a>(mut text: impl Read + 'a, list: bool) -> Result<Box<dyn Rows + 'a>, ImportError> {
    let mut start = peek(&mut text, LOOK)?;
    refuse(&start)?;
    if start.starts_with(&[0xef, 0xbb, 0xbf]) {
        start.drain(..3);
    }
    let is_list = list && list_rows::is_list(&start);
    let first = start.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    let reader = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(text));
    match first {
        Some(b'{') => Ok(Box::new(JsonRows::new(reader))),
        Some(b'[') => Err(ImportError::Format("this is a JSON array: write one object a line (NDJSON)")),
        Some(_) | None if is_list => Ok(Box::new(ListRows::new(reader))),
        Some(_) | None => Ok(Box::new(CsvRows::new(reader)?)),
    }
}

/// Refuses what people mistake for CSV.
fn refuse(start: &[u8]) -> Result<(), ImportError> {
    let text = match start {
        [b'P', b'K', 3, 4, ..] => "this is a spreadsheet or a zip archive: save it as CSV (UTF-8)",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this file is UTF-16: save it as UTF-8",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "this file is compressed with zstd: decompress it, or use gzip",
        _ => return Ok(()),
    };
    Err(ImportError::Format(text))
}

/// Reads up to `count` bytes, fewer only at the end.
fn peek(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    reader.by_ref().take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

struct Counted<'a, R> {
    inner: R,
    read: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        (self.progress)(self.read);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Next, Row};
    use super::*;
    use std::io::Write;

    fn rows_of(bytes: &[u8]) -> Result<Vec<Vec<String>>, ImportError> {
        let mut seen = 0;
        let mut progress = |read| seen = read;
        let mut rows = open(bytes, &mut progress)?;
        let mut row = Row::default();
        let mut all = Vec::new();
        while rows.next(&mut row)? == Next::Row {
            all.push(row.cells().map(|(_, text)| text.to_owned()).collect());
        }
        drop(rows);
        assert_eq!(seen, bytes.len() as u64);
        Ok(all)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_bytes_say_what_a_file_is() {
        let expected = vec![vec!["1".to_owned(), "x".to_owned()]];
        for text in ["id,email\n1,x\n", "\u{feff}id,email\r\n1,x", "\n{\"id\":1,\"email\":\"x\"}\n"] {
            assert_eq!(rows_of(text.as_bytes()).unwrap(), expected, "{text}");
            assert_eq!(rows_of(&gzip(text.as_bytes())).unwrap(), expected, "{text}");
        }
        // A gzip stream that was cut off is an error, not a short file.
        let whole = gzip(b"id,email\n1,x\n");
        assert!(matches!(rows_of(&whole[..whole.len() - 6]), Err(ImportError::Io(_))));
        // Concatenated gzip members are one file.
        let two = [gzip(b"id,email\n"), gzip(b"1,x\n")].concat();
        assert_eq!(rows_of(&two).unwrap(), expected);
    }

    #[test]
    fn what_is_no_csv_says_what_to_do() {
        for (bytes, words) in [
            (&b""[..], "header row"),
            (b"PK\x03\x04....", "save it as CSV"),
            (b"\xff\xfei\0d\0", "UTF-8"),
            (b"[{\"id\":1}]", "one object a line"),
            (b"\x1f\x8bbroken", "cannot be read to its end"),
        ] {
            let error = rows_of(bytes).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
