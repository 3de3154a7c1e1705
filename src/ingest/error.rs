//! What makes a whole file unreadable.

use std::fmt;

/// Why nothing of a file was taken. The texts say what to do.
#[derive(Debug)]
pub enum ImportError {
    /// Reading failed: the disk, or a damaged gzip stream.
    Io(std::io::Error),
    /// There is not even a header.
    Empty,
    /// Not text that this command reads: what it is, and what to do.
    Format(&'static str),
    /// The header row is unreadable: why.
    Header(String),
    /// No column for a field that each row needs: the field, and the columns there are.
    MissingColumn(&'static str, Vec<String>),
    /// Two columns for one thing: the columns' name.
    DuplicateColumn(String),
    /// A `--map` that cannot be: why.
    Map(String),
    /// Only `--total` can tell what the totals of orders of several lines mean: two lines of an
    /// order with equal totals, two lines of an order with different ones.
    TotalNeeded {
        /// Two lines of an order on all of whose lines the total is the same.
        equal: (u64, u64),
        /// Two lines of an order whose totals differ.
        different: (u64, u64),
    },
    /// The body of a request has so many rows, more than [`super::MAX_BODY_ROWS`].
    TooManyRows(usize),
    /// More than one import holds: of what.
    TooMuch(&'static str),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the file cannot be read to its end: {error}"),
            Self::Empty => f.write_str("the file is empty: a header row is needed"),
            Self::Format(text) => f.write_str(text),
            Self::Header(why) => write!(f, "the header row cannot be read: {why}"),
            Self::MissingColumn(field, columns) => write!(
                f,
                "no column `{field}`: the columns are {}; name the right one with --map COLUMN={field}",
                list(columns)
            ),
            Self::DuplicateColumn(name) => {
                write!(
                    f,
                    "two columns for `{name}`: remove or rename one, or choose with --map COLUMN={name}"
                )
            }
            Self::Map(why) => f.write_str(why),
            Self::TotalNeeded { equal, different } => write!(
                f,
                "what `total` means is not clear: lines {} and {} of one order name the same total, as if it were \
                 the order's; lines {} and {} of another differ, as if each were its line's; say --total per-line \
                 or --total per-order",
                equal.0, equal.1, different.0, different.1
            ),
            Self::TooManyRows(rows) => {
                write!(f, "the body has {rows} lines: send at most {} at once", super::MAX_BODY_ROWS)
            }
            Self::TooMuch(what) => write!(f, "too many {what} for one import: split the file by customer"),
        }
    }
}

impl std::error::Error for ImportError {}

impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Names in backticks, the first twenty of them.
pub(super) fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(20).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 20 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
