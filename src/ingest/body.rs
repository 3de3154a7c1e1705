//! The body of a request as rows: one object, an array of objects, or NDJSON. The bytes say which;
//! what a client says of them is often wrong.

use serde_json::value::RawValue;

use super::json_rows::{JsonRows, Keys};
use super::{ImportError, MAX_BODY_ROWS, MAX_ROW_BYTES, Next, RejectCode, Row, Rows};

/// Opens the body of a request. A row's line is its line in NDJSON, its position in an array, and 1
/// for a single object. A body of white space has no rows.
///
/// # Errors
/// When the body is an array that cannot be read, or has more than [`MAX_BODY_ROWS`] rows.
pub fn open_body(body: &[u8]) -> Result<Box<dyn Rows + '_>, ImportError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_end();
    let whole = body.trim_ascii_start();
    if whole.starts_with(b"[") {
        let elements: Vec<&RawValue> = serde_json::from_slice(whole)
            .map_err(|_| ImportError::Format("the body begins as a JSON array and does not end as one"))?;
        limit(elements.len())?;
        let rows = elements.into_iter().map(|element| element.get().as_bytes()).collect();
        return Ok(Box::new(Objects::new(rows)));
    }
    if serde_json::from_slice::<&RawValue>(whole).is_ok() {
        return Ok(Box::new(Objects::new(vec![whole])));
    }
    limit(body.split(|byte| *byte == b'\n').count())?;
    Ok(Box::new(JsonRows::new(body)))
}

fn limit(rows: usize) -> Result<(), ImportError> {
    if rows > MAX_BODY_ROWS { Err(ImportError::TooManyRows(rows)) } else { Ok(()) }
}

/// Objects one after another, each with its position.
struct Objects<'a> {
    rows: std::iter::Zip<std::ops::RangeFrom<u64>, std::vec::IntoIter<&'a [u8]>>,
    keys: Keys,
}

impl<'a> Objects<'a> {
    fn new(rows: Vec<&'a [u8]>) -> Self {
        Self { rows: (1..).zip(rows), keys: Keys::default() }
    }
}

impl Rows for Objects<'_> {
    fn columns(&self) -> &[String] {
        &self.keys.names
    }

    fn has_header(&self) -> bool {
        false
    }

    fn decimal_comma(&self) -> bool {
        false
    }

    fn next(&mut self, row: &mut Row) -> Result<Next, ImportError> {
        let Some((line, bytes)) = self.rows.next() else { return Ok(Next::End) };
        row.reset(line, bytes);
        if bytes.len() > MAX_ROW_BYTES {
            return Ok(Next::Bad(RejectCode::RowTooLong, "the object is longer than 1 MiB".into()));
        }
        Ok(self.keys.read(bytes, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Vec<Result<(u64, String), (u64, RejectCode)>> {
        let mut rows = open_body(body).unwrap();
        let (mut row, mut all) = (Row::default(), Vec::new());
        loop {
            match rows.next(&mut row).unwrap() {
                Next::Row => {
                    let text = |(column, text): (usize, &str)| format!("{}={text}", rows.columns()[column]);
                    all.push(Ok((row.line, row.cells().map(text).collect::<Vec<_>>().join(" "))));
                }
                Next::Bad(code, _) => all.push(Err((row.line, code))),
                Next::End => return all,
            }
        }
    }

    #[test]
    fn a_body_is_an_object_an_array_or_lines() {
        for (body, expected) in [
            ("{\n \"a\": 1\n}", vec![Ok((1, "a=1".into()))]),
            ("\u{feff}{\"a\": 1}\n", vec![Ok((1, "a=1".into()))]),
            ("[{\"a\":1}, {\"a\":2}]", vec![Ok((1, "a=1".into())), Ok((2, "a=2".into()))]),
            ("{\"a\":1}\n\n{\"a\":2}\n\n", vec![Ok((1, "a=1".into())), Ok((3, "a=2".into()))]),
            ("{\"a\":1}\n{\"a\"", vec![Ok((1, "a=1".into())), Err((2, RejectCode::BadJson))]),
            ("[1]", vec![Err((1, RejectCode::BadJson))]),
            ("17", vec![Err((1, RejectCode::BadJson))]),
            ("", vec![]),
            (" \n", vec![]),
        ] {
            assert_eq!(read(body.as_bytes()), expected, "{body}");
        }
        assert!(open_body(b"[{]").is_err());
        assert!(open_body(b"[\"\xff\"]").is_err());
        assert_eq!(
            read(b"{\"a\":1}\n{\"a\":\"\xff\"}"),
            [Ok((1, "a=1".into())), Err((2, RejectCode::NotUtf8))]
        );
    }

    #[test]
    fn rows_and_their_number_have_limits() {
        let long = format!("[{{\"a\":\"{}\"}},{{\"a\":2}}]", "x".repeat(MAX_ROW_BYTES));
        assert_eq!(read(long.as_bytes()), [Err((1, RejectCode::RowTooLong)), Ok((2, "a=2".into()))]);
        for body in ["{}\n".repeat(MAX_BODY_ROWS + 1), format!("[{}1]", "1,".repeat(MAX_BODY_ROWS))] {
            assert!(matches!(open_body(body.as_bytes()), Err(ImportError::TooManyRows(_))));
        }
        assert_eq!(read("{}\n".repeat(MAX_BODY_ROWS).as_bytes()).len(), MAX_BODY_ROWS);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            if open_body(&bytes).is_ok() {
                read(&bytes);
            }
        }
    }
}
