//! A row as a line of an order.

use crate::model::{Currency, Instant, Money, Number};

use super::customer::check_id;
use super::decimal::plain;
use super::table::{Fields, Found, Table};
use super::{MAX_TEXT_BYTES, Options, RejectCode, Row, Shape};

/// A column of a file of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Customer,
    Time,
    Total,
    Currency,
    Quantity,
    Product,
    Category,
    Channel,
}

/// The columns by name.
const COLUMNS: [(&str, Column); 9] = [
    ("order_id", Column::Id),
    ("customer_id", Column::Customer),
    ("time", Column::Time),
    ("total", Column::Total),
    ("currency", Column::Currency),
    ("quantity", Column::Quantity),
    ("product", Column::Product),
    ("category", Column::Category),
    ("channel", Column::Channel),
];

/// The fields of orders.
pub(super) struct OrderFields;

impl Fields for OrderFields {
    type Target = Column;

    fn find(&mut self, name: &str) -> Found<Column> {
        match COLUMNS.iter().find(|(known, _)| *known == name) {
            Some((_, column)) => Found::Field(*column),
            None => Found::Nothing,
        }
    }
}

/// The cells of a row by field; none where the file has no such column (or the object no such key).
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Cells<'r> {
    texts: [Option<&'r str>; COLUMNS.len()],
    shapes: [Option<Shape>; COLUMNS.len()],
}

impl<'r> Cells<'r> {
    pub(super) fn new(row: &'r Row, table: &Table<'_, OrderFields>) -> Self {
        let mut cells = Self::default();
        for (column, text) in row.cells() {
            if let Some(target) = table.target(column) {
                cells.texts[target as usize] = Some(text);
            }
        }
        for (column, shape) in row.shapes() {
            if let Some(target) = table.target(column) {
                cells.shapes[target as usize] = Some(shape);
            }
        }
        cells
    }

    fn get(&self, column: Column) -> Option<&'r str> {
        self.texts[column as usize]
    }

    /// A cell that says something.
    fn filled(&self, column: Column) -> Option<&'r str> {
        self.get(column).filter(|text| !text.is_empty())
    }

    /// The customer's id, if it is one.
    pub(super) fn customer(&self) -> Result<&'r str, Bad> {
        check_id("customer_id", self.get(Column::Customer), self.shapes[Column::Customer as usize])
    }

    /// The order's id; none where the file has none.
    pub(super) fn id(&self) -> Result<Option<&'r str>, Bad> {
        let shape = self.shapes[Column::Id as usize];
        match self.get(Column::Id) {
            None if shape.is_none() => Ok(None),
            text => check_id("order_id", text, shape).map(Some),
        }
    }
}

/// Why a row is no line of an order, or no event.
pub(super) type Bad = (RejectCode, String);

/// A line of an order, all but whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ParsedLine<'r> {
    pub(super) time: Instant,
    pub(super) total: Money,
    pub(super) currency: Option<Currency>,
    pub(super) quantity: Option<Number>,
    pub(super) product: Option<&'r str>,
    pub(super) category: Option<&'r str>,
    pub(super) channel: Option<&'r str>,
}

/// Reads what stands in the cells besides the ids.
pub(super) fn read<'r>(
    cells: &Cells<'r>,
    options: &Options,
    decimal_comma: bool,
) -> Result<ParsedLine<'r>, Bad> {
    for (name, column) in COLUMNS {
        let why = match cells.shapes[column as usize] {
            Some(Shape::Object) => "holds an object; keys are flat",
            Some(Shape::List) => "holds an array, and is one value",
            Some(Shape::Flag | Shape::Fraction) | None => continue,
        };
        return Err((RejectCode::BadValue, format!("`{name}` {why}")));
    }
    let total =
        cells.filled(Column::Total).ok_or_else(|| (RejectCode::BadTotal, "`total` is empty".to_owned()))?;
    let total = Money::parse(&plain(total, 4, decimal_comma)).map_err(|why| {
        (RejectCode::BadTotal, format!("`total`: `{}` is no amount like 99.95: {why}", shown(total)))
    })?;
    let quantity = cells.filled(Column::Quantity).map(|text| {
        Number::parse(&plain(text, 6, decimal_comma)).map_err(|why| {
            (RejectCode::BadQuantity, format!("`quantity`: `{}` is no number: {why}", shown(text)))
        })
    });
    let currency = cells.filled(Column::Currency).map(|text| {
        Currency::parse(&text.to_ascii_uppercase()).ok_or_else(|| {
            (RejectCode::BadCurrency, format!("`currency`: `{}` is no currency such as EUR", shown(text)))
        })
    });
    Ok(ParsedLine {
        time: time(cells, options)?,
        total,
        currency: currency.transpose()?,
        quantity: quantity.transpose()?,
        product: text(cells, Column::Product)?,
        category: text(cells, Column::Category)?,
        channel: text(cells, Column::Channel)?,
    })
}

fn time(cells: &Cells, options: &Options) -> Result<Instant, Bad> {
    let text =
        cells.filled(Column::Time).ok_or_else(|| (RejectCode::BadTime, "`time` is empty".to_owned()))?;
    options.past_time(text).map_err(|(code, why)| (code, format!("`time`: `{}` {why}", shown(text))))
}

fn text<'r>(cells: &Cells<'r>, column: Column) -> Result<Option<&'r str>, Bad> {
    let Some(text) = cells.filled(column) else { return Ok(None) };
    let name = COLUMNS[column as usize].0;
    if text.len() > MAX_TEXT_BYTES {
        return Err((RejectCode::TextTooLong, format!("`{name}` is longer than {MAX_TEXT_BYTES} bytes")));
    }
    if text.contains(char::is_control) {
        return Err((RejectCode::BadValue, format!("`{name}` contains a line break or a control character")));
    }
    Ok(Some(text))
}

/// The beginning of a text: enough to recognise it.
fn shown(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_at_their_places() {
        for (place, (_, column)) in COLUMNS.iter().enumerate() {
            assert_eq!(*column as usize, place);
        }
    }
}
