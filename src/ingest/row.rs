//! A row: what CSV and JSON have in common.

use super::{ImportError, RejectCode};

/// One row: its place, its bytes, and texts by column. Reused from row to row.
#[derive(Debug, Default)]
pub struct Row {
    /// Where it begins in the file, from 1 (of a JSON array: its position).
    pub line: u64,
    raw: Vec<u8>,
    text: String,
    cells: Vec<Cell>,
    shapes: Vec<(usize, Shape)>,
}

/// What stands in JSON and is neither a text nor a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An object, or an array with one in it: no field holds that. It has no cell.
    Object,
    /// An array; its cell has the texts joined.
    List,
    /// `true` or `false`.
    Flag,
    /// A number written with a point or an exponent.
    Fraction,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    column: usize,
    start: usize,
    end: usize,
}

impl Row {
    /// The cells: column and text without blanks around it; an empty text is an empty cell.
    pub fn cells(&self) -> impl Iterator<Item = (usize, &str)> {
        self.cells.iter().map(|cell| (cell.column, self.text[cell.start..cell.end].trim()))
    }

    /// The columns that hold what no cell of CSV does, and what.
    pub fn shapes(&self) -> impl Iterator<Item = (usize, Shape)> + '_ {
        self.shapes.iter().copied()
    }

    /// The columns that hold a JSON object or an array of arrays: no field does.
    pub fn nested(&self) -> impl Iterator<Item = usize> + '_ {
        self.shapes().filter(|(_, shape)| *shape == Shape::Object).map(|(column, _)| column)
    }

    /// The columns that hold a JSON array of scalars.
    pub fn lists(&self) -> impl Iterator<Item = usize> + '_ {
        self.shapes().filter(|(_, shape)| *shape == Shape::List).map(|(column, _)| column)
    }

    /// The bytes as they stood in the file, as far as they are text.
    #[must_use]
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// Begins a new row.
    pub(super) fn reset(&mut self, line: u64, raw: &[u8]) {
        self.line = line;
        self.raw.clear();
        self.raw.extend_from_slice(raw);
        self.text.clear();
        self.cells.clear();
        self.shapes.clear();
    }

    pub(super) fn push(&mut self, column: usize, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.cells.push(Cell { column, start, end: self.text.len() });
    }

    /// Notes what stands in a column.
    pub(super) fn note(&mut self, column: usize, shape: Shape) {
        self.shapes.push((column, shape));
    }
}

/// What came next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A row, now in the [`Row`] handed in.
    Row,
    /// A row that cannot be read, and why; its line and bytes are in the [`Row`] handed in.
    Bad(RejectCode, String),
    /// Nothing more.
    End,
}

/// A file or a body as rows.
pub trait Rows {
    /// The names of the columns so far; those of CSV are all there from the start.
    fn columns(&self) -> &[String];

    /// Whether [`Rows::columns`] is final (a header was read) or grows with the rows.
    fn has_header(&self) -> bool;

    /// Whether `12,50` is how this file writes decimals.
    fn decimal_comma(&self) -> bool;

    /// Reads the next row.
    ///
    /// # Errors
    /// When the input cannot be read on.
    fn next(&mut self, row: &mut Row) -> Result<Next, ImportError>;
}
