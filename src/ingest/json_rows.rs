//! NDJSON, and any JSON object as a row: flat objects whose keys are the CSV's columns.
//!
//! A number stays the text that was sent: money never goes through a float.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::BufRead;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::ruleset::LIST_SEPARATOR;

use super::lines::{Line, Lines, without_end};
use super::{ImportError, MAX_COLUMNS, Next, RejectCode, Row, Rows, Shape};

/// Rows of an NDJSON file.
pub(super) struct JsonRows<R> {
    lines: Lines<R>,
    keys: Keys,
    buffer: Vec<u8>,
}

impl<R: BufRead> JsonRows<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { lines: Lines::new(reader), keys: Keys::default(), buffer: Vec::new() }
    }
}

impl<R: BufRead> Rows for JsonRows<R> {
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
        loop {
            self.buffer.clear();
            let line = self.lines.read(&mut self.buffer)?;
            let bytes = without_end(&self.buffer);
            row.reset(self.lines.number, bytes);
            match line {
                Line::Whole if bytes.iter().all(u8::is_ascii_whitespace) => {}
                Line::Whole => return Ok(self.keys.read(bytes, row)),
                Line::TooLong => {
                    return Ok(Next::Bad(RejectCode::RowTooLong, "the line is longer than 1 MiB".into()));
                }
                Line::End => return Ok(Next::End),
            }
        }
    }
}

/// The keys seen so far, in the order in which they came.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) names: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Keys {
    /// Reads one object into a row.
    pub(super) fn read(&mut self, bytes: &[u8], row: &mut Row) -> Next {
        match self.read_object(bytes, row) {
            Ok(()) => Next::Row,
            Err((code, reason)) => Next::Bad(code, reason),
        }
    }

    fn read_object(&mut self, bytes: &[u8], row: &mut Row) -> Result<(), (RejectCode, String)> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| (RejectCode::NotUtf8, "the row is not UTF-8".to_owned()))?;
        let bad = |reason: String| (RejectCode::BadJson, reason);
        let object: Flat = serde_json::from_str(text)
            .map_err(|error| bad(format!("no JSON object at column {}", error.column())))?;
        let mut seen: Vec<usize> = Vec::with_capacity(object.0.len());
        for (key, value) in object.0 {
            let column =
                self.number(&key).ok_or_else(|| bad(format!("more than {MAX_COLUMNS} different keys")))?;
            if seen.contains(&column) {
                return Err(bad(format!("the key `{key}` stands twice")));
            }
            seen.push(column);
            let (text, shape) = cell(value.get());
            if text.is_none() && shape.is_none() {
                return Err(bad(format!("`{key}` is half of a character")));
            }
            if text.as_ref().is_some_and(|text| text.contains('\0')) {
                return Err((RejectCode::NulByte, "the row contains a NUL character".into()));
            }
            if let Some(text) = text {
                row.push(column, &text);
            }
            if let Some(shape) = shape {
                row.note(column, shape);
            }
        }
        Ok(())
    }

    fn number(&mut self, key: &str) -> Option<usize> {
        if let Some(&number) = self.numbers.get(key) {
            return Some(number);
        }
        let number = self.names.len();
        (number < MAX_COLUMNS).then(|| {
            self.names.push(key.to_owned());
            self.numbers.insert(key.to_owned(), number);
            number
        })
    }
}

/// A value as a cell's text, none for an object; and what it is, where it is no text and no whole number.
fn cell(json: &str) -> (Option<Cow<'_, str>>, Option<Shape>) {
    let shape = match json.as_bytes().first() {
        Some(b'[') => {
            return list(json).map_or((None, Some(Shape::Object)), |text| (Some(text), Some(Shape::List)));
        }
        Some(b'{') | None => return (None, Some(Shape::Object)),
        Some(b't' | b'f') => Some(Shape::Flag),
        Some(b'"' | b'n') => None,
        Some(_) => json.contains(['.', 'e', 'E']).then_some(Shape::Fraction),
    };
    (scalar(json), shape)
}

/// A number, text, `true`, `false` or `null` (an empty cell) as a cell's text.
fn scalar(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        b'n' => Some(Cow::Borrowed("")),
        b'[' | b'{' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// An array of scalars as the text of a list.
fn list(json: &str) -> Option<Cow<'_, str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let texts: Option<Vec<Cow<'_, str>>> =
        elements.into_iter().map(|element| scalar(element.get())).collect();
    let texts = texts?;
    // A separator at the end marks a list of one, so that a `;` in it is no separator.
    let mut joined = texts.join(&LIST_SEPARATOR.to_string());
    if !joined.is_empty() {
        joined.push(LIST_SEPARATOR);
    }
    Some(Cow::Owned(joined))
}

/// An object's members in their order, values unread.
struct Flat<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Flat<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Flat<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Flat(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &mut dyn Rows) -> Vec<Result<(u64, String), (u64, RejectCode)>> {
        let mut row = Row::default();
        let mut all = Vec::new();
        loop {
            match rows.next(&mut row).unwrap() {
                Next::Row => {
                    let texts: Vec<String> = row
                        .cells()
                        .map(|(column, text)| format!("{}={text}", rows.columns()[column]))
                        .chain(row.nested().map(|column| format!("{} nested", rows.columns()[column])))
                        .collect();
                    all.push(Ok((row.line, texts.join(" "))));
                }
                Next::Bad(code, _) => all.push(Err((row.line, code))),
                Next::End => return all,
            }
        }
    }

    #[test]
    fn scalars_keep_their_text() {
        let line = br#"{"id":7,"total":12345678901234567.89,"a":"x\u00e9","b":true,"c":null,"l":["p","q"],"o":{"k":[]}}"#;
        assert_eq!(
            read(&mut JsonRows::new(&line[..])),
            [Ok((1, "id=7 total=12345678901234567.89 a=xé b=true c= l=p\u{1f}q\u{1f} o nested".into()))]
        );
    }

    #[test]
    fn a_bad_line_costs_itself_only() {
        let text = b"{\"a\":1}\n\nnonsense\n{\"a\":1,\"a\":2}\n{\"a\":\"\xff\"}\n{\"a\":\"\\u0000\"}\n[1]\n{\"a\":2}";
        assert_eq!(
            read(&mut JsonRows::new(&text[..])),
            [
                Ok((1, "a=1".into())),
                Err((3, RejectCode::BadJson)),
                Err((4, RejectCode::BadJson)),
                Err((5, RejectCode::NotUtf8)),
                Err((6, RejectCode::NulByte)),
                Err((7, RejectCode::BadJson)),
                Ok((8, "a=2".into())),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            read(&mut JsonRows::new(&bytes[..]));
        }
    }
}
