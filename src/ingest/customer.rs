//! A row as a customer.

use crate::model::{Channel, CustomerId};
use crate::record::Consent;
use crate::ruleset::{FieldId, Schema, Type, Value};

use super::decimal::plain;
use super::table::{Fields, Found, Table};
use super::{MAX_ID_BYTES, MAX_TEXT_BYTES, Options, RejectCode, Report, Row, Shape, address};

/// What one file says of a customer; what it does not say stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerUpdate {
    /// The shop's id.
    pub id: CustomerId,
    /// The lines that told of them, from the last one back; empty where no file did.
    pub lines: Vec<u64>,
    /// Field names and canonical texts, sorted by name; none clears the value.
    pub values: Vec<(String, Option<String>)>,
    /// By channel, sorted.
    pub consents: Vec<(Channel, Consent)>,
}

/// A column of a file of customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Value(FieldId),
    /// By the position of its channel.
    Consent(usize),
    ConsentAt(usize),
}

/// The fields of customers, and the channels that the file names.
pub(super) struct CustomerFields<'a> {
    pub(super) schema: &'a Schema,
    pub(super) channels: Vec<Channel>,
}

impl Fields for CustomerFields<'_> {
    type Target = Column;

    fn find(&mut self, name: &str) -> Found<Column> {
        if name == "id" {
            return Found::Field(Column::Id);
        }
        if let Some(field) = self.schema.find(name) {
            let by_rules = self.schema.attributes.iter().any(|a| a.field == field && a.set_by_rules);
            return if by_rules { Found::SetByRules } else { Found::Field(Column::Value(field)) };
        }
        let Some(rest) = name.strip_prefix("consent_") else { return Found::Nothing };
        match (rest.strip_suffix("_marketing"), rest.strip_suffix("_marketing_at")) {
            (Some(channel), _) if !channel.is_empty() => Found::Field(Column::Consent(self.channel(channel))),
            (_, Some(channel)) if !channel.is_empty() => {
                Found::Field(Column::ConsentAt(self.channel(channel)))
            }
            _ => Found::Nothing,
        }
    }
}

impl CustomerFields<'_> {
    fn channel(&mut self, name: &str) -> usize {
        let known = self.channels.iter().position(|channel| channel.0 == name);
        known.unwrap_or_else(|| {
            self.channels.push(Channel(name.to_owned()));
            self.channels.len() - 1
        })
    }
}

/// What a row says, by positions.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) values: Vec<(u16, Option<String>)>,
    pub(super) consents: Vec<(u16, Consent)>,
}

/// An id as it is kept, or why it is none.
pub(super) fn check_id<'a>(
    name: &str,
    text: Option<&'a str>,
    shape: Option<Shape>,
) -> Result<&'a str, (RejectCode, String)> {
    if let Some(shape) = shape {
        let why = match shape {
            Shape::Object => "holds an object; keys are flat",
            Shape::List => "holds an array",
            Shape::Flag => "is yes or no: an id is a text or a whole number",
            // `17.0` and `17` would be two customers.
            Shape::Fraction => "is no whole number: write such an id as a text",
        };
        return Err((RejectCode::BadId, format!("`{name}` {why}")));
    }
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| (RejectCode::MissingId, format!("`{name}` is empty")))?;
    if text.len() > MAX_ID_BYTES {
        return Err((RejectCode::BadId, format!("`{name}` is longer than {MAX_ID_BYTES} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err((RejectCode::BadId, format!("`{name}` contains a control character")));
    }
    Ok(text)
}

/// Reads one row after another, reporting cells that cannot be taken.
pub(super) struct Reader<'a> {
    pub(super) table: Table<'a, CustomerFields<'a>>,
    pub(super) options: Options<'a>,
    pub(super) decimal_comma: bool,
}

impl Reader<'_> {
    /// Reads a row; `None` where it was rejected.
    pub(super) fn read<'r>(&self, row: &'r Row, report: &mut Report) -> Option<(&'r str, Said)> {
        let id = row.cells().find(|(column, _)| self.table.target(*column) == Some(Column::Id));
        let shape = self.table.shape(row, Column::Id);
        let id = match check_id("id", id.map(|(_, text)| text), shape) {
            Ok(id) => id,
            Err((code, reason)) => {
                report.row(row, None, code, reason);
                return None;
            }
        };
        if let Err((code, reason)) = self.table.check_once(row) {
            report.row(row, Some(id), code, reason);
            return None;
        }
        let mut said = Said::default();
        let mut consents: Vec<(usize, &str)> = Vec::new();
        let mut times: Vec<(usize, &str)> = Vec::new();
        for (column, text) in row.cells() {
            if row.lists().any(|list| list == column) && !self.takes_lists(column) {
                continue;
            }
            match self.table.target(column) {
                Some(Column::Value(field)) => match self.value(field, text) {
                    Ok(value) => said.values.push((field.0, value)),
                    Err((code, reason)) => report.cell(row, id, code, reason),
                },
                Some(Column::Consent(channel)) => consents.push((channel, text)),
                Some(Column::ConsentAt(channel)) => times.push((channel, text)),
                Some(Column::Id) | None => {}
            }
        }
        for column in row.nested().filter(|column| self.table.target(*column).is_some()) {
            let reason = format!("`{}` holds an object; keys are flat", self.table.name(column));
            report.cell(row, id, RejectCode::BadValue, reason);
        }
        for column in row.lists().filter(|column| self.table.target(*column).is_some()) {
            if !self.takes_lists(column) {
                let reason = format!("`{}` holds an array, and is one value", self.table.name(column));
                report.cell(row, id, RejectCode::BadValue, reason);
            }
        }
        for (channel, text) in consents.into_iter().filter(|(_, text)| !text.is_empty()) {
            let at = times.iter().find(|(of, _)| *of == channel).map_or("", |(_, text)| text);
            if let Some(consent) = self.consent(row, id, channel, (text, at), report) {
                said.consents.push((u16::try_from(channel).unwrap_or(u16::MAX), consent));
            }
        }
        Some((id, said))
    }

    /// Whether a column's field is a list.
    fn takes_lists(&self, column: usize) -> bool {
        match self.table.target(column) {
            Some(Column::Value(field)) => self.options.schema.field(field).ty == Type::ListOfText,
            Some(Column::Id | Column::Consent(_) | Column::ConsentAt(_)) | None => false,
        }
    }

    /// A cell's canonical text; none for an empty cell.
    fn value(&self, field: FieldId, text: &str) -> Result<Option<String>, (RejectCode, String)> {
        if text.is_empty() {
            return Ok(None);
        }
        let field = self.options.schema.field(field);
        let name = &field.name;
        if text.len() > MAX_TEXT_BYTES {
            return Err((RejectCode::TextTooLong, format!("`{name}` is longer than {MAX_TEXT_BYTES} bytes")));
        }
        let address = match name.as_str() {
            "email" => Some((address::email(text), RejectCode::BadEmail)),
            "phone" => Some((address::phone(text), RejectCode::BadPhone)),
            "time_zone" => Some((address::time_zone(text), RejectCode::BadTimeZone)),
            _ => None,
        };
        if let Some((read, code)) = address {
            return read.map(Some).map_err(|why| (code, format!("`{name}`: `{text}` {why}")));
        }
        let bad = |why: &str| (RejectCode::BadValue, format!("`{name}`: `{text}` {why}"));
        if field.ty == Type::Text && text.contains(char::is_control) {
            return Err((
                RejectCode::BadValue,
                format!("`{name}` contains a line break or a control character"),
            ));
        }
        let value = self.options.schema.read(field.ty, &self.plain(field.ty, text), self.options.zone);
        let value = value.map_err(|why| bad(&why))?;
        if let ("created", Value::Time(time)) = (name.as_str(), &value)
            && self.options.in_future(*time)
        {
            return Err((RejectCode::InFuture, format!("`{name}`: `{text}` lies in the future")));
        }
        Ok(Some(self.options.schema.write(&value)))
    }

    /// The text as the schema reads it.
    fn plain<'t>(&self, ty: Type, text: &'t str) -> std::borrow::Cow<'t, str> {
        match ty {
            Type::Money => plain(text, 4, self.decimal_comma),
            Type::Number | Type::Percent => plain(text, 6, self.decimal_comma),
            Type::Duration
            | Type::Date
            | Type::Time
            | Type::Text
            | Type::YesNo
            | Type::Choice(_)
            | Type::ListOfText
            | Type::Condition => std::borrow::Cow::Borrowed(text),
        }
    }

    /// A consent and its time. A withdrawal whose time cannot be read counts all the same, as one
    /// without a time; a consent whose time cannot be read does not.
    fn consent(
        &self,
        row: &Row,
        id: &str,
        channel: usize,
        (text, at): (&str, &str),
        report: &mut Report,
    ) -> Option<Consent> {
        let name = self.table.fields().channels.get(channel)?;
        let given = match self.options.schema.read(Type::YesNo, text, self.options.zone) {
            Ok(value) => value == Value::YesNo(true),
            Err(why) => {
                let reason = format!("`consent_{name}_marketing`: `{text}` {why}");
                report.cell(row, id, RejectCode::BadConsent, reason);
                return None;
            }
        };
        if at.is_empty() {
            return Some(Consent { given, at: None, by_person: false });
        }
        let at = match self.options.past_time(at) {
            Ok(time) => Some(time),
            Err((code, why)) => {
                report.cell(row, id, code, format!("`consent_{name}_marketing_at`: `{at}` {why}"));
                if given {
                    return None;
                }
                None
            }
        };
        Some(Consent { given, at, by_person: false })
    }
}
