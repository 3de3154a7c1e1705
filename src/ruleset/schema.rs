//! The fields that customers have, and the choices that fields take.

use crate::model::Date;

use super::Type;
use super::event::EventKind;

/// Position of a field in [`Schema::fields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

/// Position of a list of choices in [`Schema::choices`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChoiceId(pub u16);

/// A field of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As written in rules and in import columns.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A declared attribute, as far as the schema does not say it already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its field.
    pub field: FieldId,
    /// Written by rules, never by imports.
    pub set_by_rules: bool,
    /// What it was called first: under this name its values are kept.
    pub first_name: String,
}

/// The values of a choice, by code; ordered choices rise with the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// The names, as written.
    pub names: Vec<String>,
    /// Whether `<` compares them.
    pub ordered: bool,
}

/// The fields every workspace has, in the order of their [`FieldId`]s.
///
/// `clv` is money that an import delivers. Consent is no field: it is kept per channel.
pub const BUILT_IN_FIELDS: [(&str, Type); 9] = [
    ("email", Type::Text),
    ("phone", Type::Text),
    ("first_name", Type::Text),
    ("last_name", Type::Text),
    ("language", Type::Text),
    ("country", Type::Text),
    ("time_zone", Type::Text),
    ("created", Type::Time),
    ("clv", Type::Money),
];

/// All fields and choices of a workspace. Two populations of one schema have the same columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// Built in first, then the declared attributes in the order of their names.
    pub fields: Vec<Field>,
    /// The lists that [`Type::Choice`] names; segmentations have theirs here too.
    pub choices: Vec<Choices>,
    /// What is more to say of the declared ones.
    pub attributes: Vec<Attribute>,
    /// `order`, what we did, then the declared kinds of events in the order of their names: by
    /// [`super::EventId`].
    pub events: Vec<EventKind>,
}

impl Schema {
    /// The schema of a workspace that declares nothing.
    #[must_use]
    pub fn built_in() -> Self {
        let fields = BUILT_IN_FIELDS.iter().map(|&(name, ty)| Field { name: name.into(), ty }).collect();
        Self { fields, choices: Vec::new(), attributes: Vec::new(), events: EventKind::built_in() }
    }

    /// The field of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<FieldId> {
        let position = self.fields.iter().position(|field| field.name == name)?;
        u16::try_from(position).ok().map(FieldId)
    }

    /// The name under which a field's values are kept: its first.
    ///
    /// # Panics
    /// For an id of another schema.
    #[must_use]
    pub fn key(&self, id: FieldId) -> &str {
        let declared = self.attributes.iter().find(|attribute| attribute.field == id);
        declared.map_or(&self.fields[id.0 as usize].name, |attribute| &attribute.first_name)
    }

    /// The names under which the fields' values are kept, in the order of the fields.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let mut keys: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
        for attribute in &self.attributes {
            if let Some(key) = keys.get_mut(attribute.field.0 as usize) {
                *key = &attribute.first_name;
            }
        }
        keys.into_iter()
    }

    /// A field by its id.
    ///
    /// # Panics
    /// For an id of another schema.
    #[must_use]
    pub fn field(&self, id: FieldId) -> &Field {
        &self.fields[id.0 as usize]
    }

    /// Choices by their id.
    ///
    /// # Panics
    /// For an id of another schema.
    #[must_use]
    pub fn choices(&self, id: ChoiceId) -> &Choices {
        &self.choices[id.0 as usize]
    }
}

/// A date's place among scalars: days since 1970 as they stand in a column.
impl From<Date> for i64 {
    fn from(date: Date) -> Self {
        Self::from(date.0)
    }
}
