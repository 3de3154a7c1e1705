//! Which column is which field: `--map`, near spellings, columns that are no field.

use super::error::list;
use super::{ImportError, RejectCode, Row, Rows, Shape, Summary};

/// What a name of a column means.
pub(super) enum Found<T> {
    /// This field.
    Field(T),
    /// An attribute that rules set: an import may not write it.
    SetByRules,
    /// No field.
    Nothing,
}

/// The fields that a kind of file has.
pub(super) trait Fields {
    /// A field.
    type Target: Copy + PartialEq;

    /// The field of that name.
    fn find(&mut self, name: &str) -> Found<Self::Target>;
}

/// The columns of a file, by position.
pub(super) struct Table<'a, F: Fields> {
    fields: F,
    map: &'a [(String, String)],
    names: Vec<String>,
    targets: Vec<Option<F::Target>>,
    /// Whether two columns are the same field.
    alike: bool,
}

impl<'a, F: Fields> Table<'a, F> {
    /// Checks `map`, and, where there is a header, that it has the columns `required`.
    pub(super) fn new(
        mut fields: F,
        map: &'a [(String, String)],
        rows: &dyn Rows,
        required: &[(&'static str, F::Target)],
        summary: &mut Summary,
    ) -> Result<Self, ImportError> {
        check_map(&mut fields, map, rows)?;
        let mut table = Self { fields, map, names: Vec::new(), targets: Vec::new(), alike: false };
        table.grow(rows.columns(), summary);
        if !rows.has_header() {
            return Ok(table);
        }
        for (position, target) in table.targets.iter().enumerate() {
            if target.is_some() && table.targets[..position].contains(target) {
                return Err(ImportError::DuplicateColumn(
                    table.field_name(&rows.columns()[position]).to_owned(),
                ));
            }
        }
        for (name, target) in required {
            if !table.targets.contains(&Some(*target)) {
                return Err(ImportError::MissingColumn(name, rows.columns().to_vec()));
            }
        }
        Ok(table)
    }

    /// Takes in columns that are new since the last call (keys of JSON come as they come).
    pub(super) fn grow(&mut self, columns: &[String], summary: &mut Summary) {
        for column in &columns[self.targets.len()..] {
            let target = match self.resolve(column) {
                Found::Field(target) => Some(target),
                Found::SetByRules => {
                    summary.set_by_rules.push(column.clone());
                    None
                }
                Found::Nothing => {
                    if !column.is_empty() {
                        summary.ignored_columns.push(column.clone());
                    }
                    None
                }
            };
            self.alike |= target.is_some() && self.targets.contains(&target);
            self.names.push(column.clone());
            self.targets.push(target);
        }
    }

    /// The field in a column.
    pub(super) fn target(&self, column: usize) -> Option<F::Target> {
        self.targets.get(column).copied().flatten()
    }

    /// Refuses a row that says one field twice, under names that mean the same.
    pub(super) fn check_once(&self, row: &Row) -> Result<(), (RejectCode, String)> {
        if !self.alike {
            return Ok(());
        }
        let columns: Vec<usize> = row.cells().map(|(column, _)| column).chain(row.nested()).collect();
        for (position, column) in columns.iter().enumerate() {
            let target = self.target(*column);
            let same = |other: &&usize| target.is_some() && self.target(**other) == target;
            if let Some(other) = columns[..position].iter().find(same) {
                let (one, other) = (self.name(*other), self.name(*column));
                return Err((
                    RejectCode::BadJson,
                    format!("the keys `{one}` and `{other}` are the same field"),
                ));
            }
        }
        Ok(())
    }

    /// What stands in a field, where it is no text and no whole number.
    pub(super) fn shape(&self, row: &Row, target: F::Target) -> Option<Shape> {
        row.shapes().find(|(column, _)| self.target(*column) == Some(target)).map(|(_, shape)| shape)
    }

    /// How many columns there are.
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    /// What the fields have gathered.
    pub(super) fn into_fields(self) -> F {
        self.fields
    }

    /// A column as the file names it.
    pub(super) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }

    /// What there is to know of the fields.
    pub(super) fn fields(&self) -> &F {
        &self.fields
    }

    /// The name under which a column is known here.
    fn field_name<'c>(&'c self, column: &'c str) -> &'c str {
        self.map.iter().find(|(from, _)| from == column).map_or(column, |(_, field)| field)
    }

    fn resolve(&mut self, column: &str) -> Found<F::Target> {
        if let Some((_, field)) = self.map.iter().find(|(from, _)| from == column) {
            return self.fields.find(field);
        }
        let near = near(column);
        // Another column was named for this field: this one is something else.
        if self.map.iter().any(|(_, field)| *field == near) {
            return Found::Nothing;
        }
        self.fields.find(&near)
    }
}

/// `First Name`, `first-name` and `FIRST_NAME` are `first_name`.
pub(super) fn near(column: &str) -> String {
    column.trim().to_lowercase().replace([' ', '-'], "_")
}

fn check_map<F: Fields>(
    fields: &mut F,
    map: &[(String, String)],
    rows: &dyn Rows,
) -> Result<(), ImportError> {
    for (position, (column, field)) in map.iter().enumerate() {
        let error = |why: &str| Err(ImportError::Map(format!("--map {column}={field}: {why}")));
        match fields.find(field) {
            Found::Field(_) => {}
            Found::SetByRules => return error("rules set this attribute, so imports may not"),
            Found::Nothing => return error(&format!("there is no field `{field}` here")),
        }
        if map[..position].iter().any(|(other, _)| other == column) {
            return error("the column is mapped twice");
        }
        if map[..position].iter().any(|(_, other)| other == field) {
            return error("two columns for one field");
        }
        if rows.has_header() && !rows.columns().contains(column) {
            return error(&format!("no such column; the columns are {}", list(rows.columns())));
        }
    }
    Ok(())
}
