//! Tables for people: columns side by side, no lines, so that they can be cut and copied.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table};

use super::exit::Failure;
use super::output::Output;
use super::plain;
use crate::model::Instant;

/// A column's head; figures stand to the right.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Words.
    Text(&'static str),
    /// Figures.
    Number(&'static str),
}

impl Column {
    const fn head(self) -> &'static str {
        match self {
            Self::Text(head) | Self::Number(head) => head,
        }
    }
}

/// Writes a table; on a terminal long cells are wrapped to its width.
pub(super) fn write(output: &mut Output, columns: &[Column], rows: Vec<Vec<String>>) -> Result<(), Failure> {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if output.is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    let head = |column: &Column| {
        let cell = Cell::new(column.head());
        if output.colour() { cell.add_attribute(Attribute::Bold) } else { cell }
    };
    table.set_header(columns.iter().map(head).collect::<Vec<_>>());
    for row in rows {
        // A cell may have several lines; it stays within its column.
        let cell = |text: &String| text.split('\n').map(plain::cell).collect::<Vec<_>>().join("\n");
        table.add_row(row.iter().map(cell));
    }
    for (index, column) in columns.iter().enumerate() {
        if let Some(shown) = table.column_mut(index) {
            shown.set_padding((0, if index + 1 == columns.len() { 0 } else { 2 }));
            match column {
                Column::Text(_) => shown.set_cell_alignment(CellAlignment::Left),
                Column::Number(_) => shown.set_cell_alignment(CellAlignment::Right),
            }
        }
    }
    for line in table.lines() {
        output.line(line.trim_end())?;
    }
    Ok(())
}

/// Writes names and what they stand for, two blanks from the left; wrapped as a table is.
pub(super) fn pairs(output: &mut Output, pairs: Vec<[String; 2]>) -> Result<(), Failure> {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(if output.is_terminal() {
        ContentArrangement::Dynamic
    } else {
        ContentArrangement::Disabled
    });
    for [name, text] in pairs {
        table.add_row([plain::cell(&name), plain::cell(&text)]);
    }
    for (index, padding) in [(2, 2), (0, 0)].into_iter().enumerate() {
        if let Some(shown) = table.column_mut(index) {
            shown.set_padding(padding);
        }
    }
    for line in table.lines() {
        output.line(line.trim_end())?;
    }
    Ok(())
}

/// An instant to the second, in UTC; a dash for none.
pub(super) fn time(instant: Option<Instant>) -> String {
    instant.map_or_else(|| "-".into(), |Instant(ms)| Instant(ms - ms.rem_euclid(1_000)).to_string())
}

/// A text, or a dash.
pub(super) fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").into()
}

/// `1 customer`, `2 customers`; thousands apart.
pub(super) fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// `1,234,567`.
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_have_their_plural() {
        assert_eq!(counted(1, "customer"), "1 customer");
        assert_eq!(counted(0, "rule"), "0 rules");
        assert_eq!(counted(1_234_567, "order"), "1,234,567 orders");
        assert_eq!(thousands(100), "100");
        assert_eq!(thousands(1_000), "1,000");
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(time(Some(Instant(1_999))), "1970-01-01T00:00:01Z");
        assert_eq!(time(Some(Instant(-1))), "1969-12-31T23:59:59Z");
        assert_eq!(time(None), "-");
    }
}
