//! `attribute`: the columns and choices that a workspace adds.

use crate::diagnostic::Code;
use crate::language::tree::{AttributeType, Name};
use crate::ruleset::{Attribute, ChoiceId, Choices, Field, FieldId, Schema, Type};

use super::item::Of;
use super::names::{NAME_LIMIT, check_field_name, is_reserved, shorten};
use super::report::{Report, problem};

/// Attributes that a workspace may declare.
const ATTRIBUTE_LIMIT: usize = 1_000;
/// Values that a choice may have.
const CHOICE_LIMIT: usize = 1_000;

/// Adds the attributes, already unique and sorted by name, to the built-in fields.
pub(super) fn check(
    attributes: &[Of<'_, &AttributeType>],
    set_by_rules: &[String],
    report: &mut Report<'_>,
) -> Schema {
    let mut schema = Schema::built_in();
    for attribute in attributes.iter().take(ATTRIBUTE_LIMIT) {
        if !check_field_name(report, &attribute.name) {
            continue;
        }
        let ty = kind_of(attribute.parts, &mut schema, report);
        let Ok(position) = u16::try_from(schema.fields.len()) else { break };
        schema.fields.push(Field { name: attribute.name.text.clone(), ty });
        let set_by_rules = set_by_rules.contains(&attribute.name.text);
        let first_name = attribute.name.text.clone();
        schema.attributes.push(Attribute { field: FieldId(position), set_by_rules, first_name });
    }
    if let Some(beyond) = attributes.get(ATTRIBUTE_LIMIT) {
        report.add(
            problem(Code::TooMany, beyond.name.span, format!("more than {ATTRIBUTE_LIMIT} attributes"))
                .label("this one is beyond the limit")
                .why("each attribute is a column over all customers, kept in memory"),
        );
    }
    schema
}

/// The type that was written; choices are added to the schema.
pub(super) fn kind_of(ty: &AttributeType, schema: &mut Schema, report: &mut Report<'_>) -> Type {
    match ty {
        AttributeType::Money => Type::Money,
        AttributeType::Number => Type::Number,
        AttributeType::Percent => Type::Percent,
        AttributeType::Duration => Type::Duration,
        AttributeType::Date => Type::Date,
        AttributeType::Time => Type::Time,
        AttributeType::Text => Type::Text,
        AttributeType::YesNo => Type::YesNo,
        AttributeType::ListOfText => Type::ListOfText,
        AttributeType::Choice { values, ordered } => {
            check_values(values, report);
            let names = values.iter().map(|value| value.text.clone()).collect();
            Type::Choice(add_choices(schema, names, *ordered))
        }
    }
}

/// Adds a list of choices to the schema.
pub(super) fn add_choices(schema: &mut Schema, names: Vec<String>, ordered: bool) -> ChoiceId {
    schema.choices.push(Choices { names, ordered });
    ChoiceId(u16::try_from(schema.choices.len() - 1).unwrap_or(u16::MAX))
}

fn check_values(values: &[Name], report: &mut Report<'_>) {
    if let [only] = values {
        report.add(
            problem(Code::BadChoice, only.span, "a choice of one")
                .label("add the other values: `free | pro`")
                .why("a choice is between at least two different values"),
        );
    }
    if let Some(beyond) = values.get(CHOICE_LIMIT) {
        report.add(
            problem(Code::TooMany, beyond.span, format!("more than {CHOICE_LIMIT} values"))
                .label("this one is beyond the limit")
                .why("what has so many values is better a `text`"),
        );
    }
    let mut seen = std::collections::BTreeSet::new();
    for value in values {
        check_value(value, report);
        if !seen.insert(&value.text) {
            report.add(
                problem(Code::BadChoice, value.span, format!("`{}` is listed twice", shorten(&value.text)))
                    .label("keep one of them")
                    .why("two values of one name could not be told apart"),
            );
        }
    }
}

/// A value is a plain word, or anything short in quotes.
fn check_value(value: &Name, report: &mut Report<'_>) {
    let found = if !value.quoted && is_reserved(&value.text) {
        problem(Code::BadName, value.span, format!("`{}` cannot be a value without quotes", value.text))
            .label("this word belongs to the language; for yes or no there is the type `yes/no`")
            .review(value.span, format!("\"{}\"", value.text))
    } else if value.text.trim().is_empty()
        || value.text.len() > NAME_LIMIT
        || value.text.contains(char::is_control)
    {
        problem(Code::BadName, value.span, format!("`{}` cannot be a value", shorten(&value.text)))
            .label(format!("a value has between 1 and {NAME_LIMIT} visible letters"))
    } else {
        return;
    };
    report.add(
        found.why("values stand in conditions and imports, where each must be told from the words around it"),
    );
}
