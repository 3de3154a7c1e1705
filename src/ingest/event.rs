//! A row as an event.

use std::borrow::Cow;

use ring::digest::{Context, SHA256};

use crate::model::Instant;
use crate::ruleset::{EventKind, Type};

use super::customer::check_id;
use super::decimal::plain;
use super::order::Bad;
use super::table::{Fields, Found, Table, near};
use super::{MAX_TEXT_BYTES, Options, RejectCode, Row};

/// Bytes of the name of an event or of one of its fields, at most: the language takes no longer ones.
const MAX_NAME_BYTES: usize = 64;
/// Fields that are kept of an event that no rule declares.
const MAX_FIELDS: usize = 100;

/// A column of a file of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Customer,
    Time,
    Name,
    /// What may be a field of some event, by its position in [`EventFields::names`].
    Field(u16),
}

/// What nobody else can tell: a file of it would make a history of messages that cvmd never sent,
/// and rules would count them. What people did with our messages others see, too, and so does a mail
/// service that an address bounced.
const OURS_ALONE: &str = "sent";

/// The columns that a file of events has, the fields by name.
#[derive(Debug, Default)]
pub(super) struct EventFields {
    pub(super) names: Vec<String>,
}

impl Fields for EventFields {
    type Target = Column;

    fn find(&mut self, name: &str) -> Found<Column> {
        match name {
            "id" => Found::Field(Column::Id),
            "customer_id" => Found::Field(Column::Customer),
            "time" => Found::Field(Column::Time),
            "event" => Found::Field(Column::Name),
            _ if is_name(name) => self.field(name),
            _ => Found::Nothing,
        }
    }
}

impl EventFields {
    fn field(&mut self, name: &str) -> Found<Column> {
        let position = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        u16::try_from(position).map_or(Found::Nothing, |position| Found::Field(Column::Field(position)))
    }
}

/// Whether a rule could name it.
fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// An event of a row, all but whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedEvent<'r> {
    pub(super) id: Option<&'r str>,
    /// Under which it is kept.
    pub(super) name: String,
    pub(super) time: Instant,
    /// By the position of the field's name, canonical where the event is declared; sorted by name.
    pub(super) fields: Vec<(u16, Cow<'r, str>)>,
    /// Whether rules declare this event.
    pub(super) declared: bool,
    /// Of what the row says, for rows without an id.
    pub(super) hash: u64,
}

/// Whose event a row is.
pub(super) fn customer<'r>(row: &'r Row, table: &Table<'_, EventFields>) -> Result<&'r str, Bad> {
    check_id("customer_id", cell(row, table, Column::Customer), table.shape(row, Column::Customer))
}

/// The event's id, if the row has one.
pub(super) fn id<'r>(row: &'r Row, table: &Table<'_, EventFields>) -> Result<Option<&'r str>, Bad> {
    let shape = table.shape(row, Column::Id);
    match cell(row, table, Column::Id) {
        None if shape.is_none() => Ok(None),
        text => check_id("id", text, shape).map(Some),
    }
}

/// The cell of a column; none where the file has no such column (or the object no such key).
fn cell<'r>(row: &'r Row, table: &Table<'_, EventFields>, wanted: Column) -> Option<&'r str> {
    row.cells().find(|(column, _)| table.target(*column) == Some(wanted)).map(|(_, text)| text)
}

/// Reads what stands in the cells besides the customer's id.
pub(super) fn read<'r>(
    row: &'r Row,
    table: &Table<'_, EventFields>,
    options: &Options<'_>,
    decimal_comma: bool,
) -> Result<ParsedEvent<'r>, Bad> {
    let id = id(row, table)?;
    table.check_once(row)?;
    if table.shape(row, Column::Name).is_some() {
        return Err((RejectCode::BadEvent, "`event` is no text".into()));
    }
    let name = name(cell(row, table, Column::Name), options)?;
    let time = cell(row, table, Column::Time).filter(|text| !text.is_empty());
    let time = time.ok_or_else(|| (RejectCode::BadTime, "`time` is empty".to_owned()))?;
    let time =
        options.past_time(time).map_err(|(code, why)| (code, format!("`time`: `{}` {why}", shown(time))))?;
    let kind = options.schema.find_told(&name).map(|id| options.schema.event(id));
    // Whatever it is called today: the same event told before and after a rename is one.
    let name = kind.map_or(name, |kind| kind.first_name().to_owned());
    refuse_nested(row, table, kind)?;
    let mut filled: Vec<(u16, &str)> = row
        .cells()
        .filter(|(_, text)| !text.is_empty())
        .filter_map(|(column, text)| match table.target(column)? {
            Column::Field(field) => Some((field, text)),
            Column::Id | Column::Customer | Column::Time | Column::Name => None,
        })
        .collect();
    let names = &table.fields().names;
    filled.sort_by(|one, other| names[usize::from(one.0)].cmp(&names[usize::from(other.0)]));
    let hash = hash(&name, time, names, &filled);
    let fields = match kind {
        Some(kind) => declared_fields(kind, names, &filled, options, decimal_comma)?,
        None => told_fields(names, &filled)?,
    };
    Ok(ParsedEvent { id, name, time, fields, declared: kind.is_some(), hash })
}

/// The event's name: what the row says, else what the command said.
fn name(cell: Option<&str>, options: &Options<'_>) -> Result<String, Bad> {
    let bad = |reason: String| (RejectCode::BadEvent, reason);
    let said = cell.filter(|text| !text.is_empty()).or(options.event);
    let said = said.ok_or_else(|| bad("`event` is empty".into()))?;
    let name = near(said);
    if name == crate::record::ORDER {
        return Err(bad("orders are imported as orders, with their totals".into()));
    }
    if name == OURS_ALONE {
        return Err(bad(format!(
            "`{name}` is what cvmd sent itself, and records itself; for what another tool sent declare an event \
             of another name"
        )));
    }
    if !is_name(&name) {
        return Err(bad(format!(
            "`event`: `{}` is no name of an event: lower-case letters, digits and `_`",
            shown(said)
        )));
    }
    Ok(name)
}

/// An object in a cell that is looked at, or an array where one value belongs.
fn refuse_nested(row: &Row, table: &Table<'_, EventFields>, kind: Option<&EventKind>) -> Result<(), Bad> {
    let looked_at = |column: &usize| match table.target(*column) {
        Some(Column::Field(field)) => {
            kind.is_some_and(|kind| kind.find(&table.fields().names[usize::from(field)]).is_some())
        }
        Some(Column::Id | Column::Customer | Column::Time | Column::Name) => true,
        None => false,
    };
    let bad = |column, why: &str| Err((RejectCode::BadValue, format!("`{}` {why}", table.name(column))));
    if let Some(column) = row.nested().find(looked_at) {
        return bad(column, "holds an object; keys are flat");
    }
    let holds_lists = |column: &usize| match table.target(*column) {
        Some(Column::Field(field)) => kind.is_some_and(|kind| {
            let found = kind.find(&table.fields().names[usize::from(field)]);
            found.is_some_and(|field| kind.field(field).ty == Type::ListOfText)
        }),
        Some(Column::Id | Column::Customer | Column::Time | Column::Name) | None => false,
    };
    match row.lists().find(|column| looked_at(column) && !holds_lists(column)) {
        Some(column) => bad(column, "holds an array, and is one value"),
        None => Ok(()),
    }
}

/// The cells that are fields of a declared event, as canonical texts.
fn declared_fields<'r>(
    kind: &EventKind,
    names: &[String],
    filled: &[(u16, &'r str)],
    options: &Options<'_>,
    decimal_comma: bool,
) -> Result<Vec<(u16, Cow<'r, str>)>, Bad> {
    let mut fields = Vec::new();
    for &(field, text) in filled {
        let name = &names[usize::from(field)];
        let Some(id) = kind.find(name) else { continue };
        let ty = kind.field(id).ty;
        check_text(name, text, ty == Type::ListOfText)?;
        let read = match ty {
            Type::Money => plain(text, 4, decimal_comma),
            Type::Number | Type::Percent => plain(text, 6, decimal_comma),
            Type::Duration
            | Type::Date
            | Type::Time
            | Type::Text
            | Type::YesNo
            | Type::Choice(_)
            | Type::ListOfText
            | Type::Condition => Cow::Borrowed(text),
        };
        let value = options.schema.read(ty, &read, options.zone);
        let value =
            value.map_err(|why| (RejectCode::BadValue, format!("`{name}`: `{}` {why}", shown(text))))?;
        fields.push((field, Cow::Owned(options.schema.write(&value))));
    }
    Ok(fields)
}

/// All cells of an event that no rule declares, as they were told.
fn told_fields<'r>(names: &[String], filled: &[(u16, &'r str)]) -> Result<Vec<(u16, Cow<'r, str>)>, Bad> {
    if filled.len() > MAX_FIELDS {
        let reason = format!("this event is not declared and has more than {MAX_FIELDS} fields");
        return Err((RejectCode::BadValue, reason));
    }
    let field = |&(field, text): &(u16, &'r str)| {
        check_text(&names[usize::from(field)], text, true)?;
        Ok((field, Cow::Borrowed(text)))
    };
    filled.iter().map(field).collect()
}

/// Refuses what is too long to keep, and what no text holds; `list`: several texts may be joined.
fn check_text(name: &str, text: &str, list: bool) -> Result<(), Bad> {
    if text.len() > MAX_TEXT_BYTES {
        return Err((RejectCode::TextTooLong, format!("`{name}` is longer than {MAX_TEXT_BYTES} bytes")));
    }
    if text.contains(|c: char| c.is_control() && !(list && c == crate::ruleset::LIST_SEPARATOR)) {
        return Err((RejectCode::BadValue, format!("`{name}` contains a line break or a control character")));
    }
    Ok(())
}

/// The beginning of a text: enough to recognise it.
fn shown(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

/// A hash of what a row says: 64 bits, for it is unique among one customer's events. Of the cells as
/// they were told, so that an event that is declared later is the same event still.
fn hash(name: &str, time: Instant, names: &[String], filled: &[(u16, &str)]) -> u64 {
    let mut hash = Context::new(&SHA256);
    hash.update(name.as_bytes());
    hash.update(&[0x1e]);
    hash.update(&time.0.to_be_bytes());
    for (field, text) in filled {
        for part in [names[usize::from(*field)].as_bytes(), text.as_bytes()] {
            hash.update(&[0x1e]);
            hash.update(part);
        }
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finish().as_ref()[..8]);
    u64::from_be_bytes(first)
}
