//! Reading tables key by key, so that each mistake has its line and none hides the next.

use std::cell::RefCell;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{ConfigError, Problem};

/// What a value parser says of a bad value: what is wrong, and what to write.
pub(super) type Parsed<T> = Result<T, String>;

const SECTIONS: [&str; 7] = ["listen", "daemon", "keep", "email", "secrets", "webhooks", "sandbox"];

/// A parsed file that collects what is wrong with it.
pub(super) struct File<'a> {
    path: &'a Path,
    text: &'a str,
    table: DeTable<'a>,
    errors: RefCell<Vec<(usize, String)>>,
    warnings: RefCell<Vec<(usize, String)>>,
}

impl<'a> File<'a> {
    /// Reads TOML.
    pub(super) fn parse(text: &'a str, path: &'a Path) -> Result<Self, ConfigError> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let file = Self {
            path,
            text,
            table: table.into_inner(),
            errors: RefCell::default(),
            warnings: RefCell::default(),
        };
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            file.errors.borrow_mut().push((at, format!("this is not TOML: {}", error.message())));
        }
        if file.errors.borrow().is_empty() {
            Ok(file)
        } else {
            Err(ConfigError { problems: file.finish().0 })
        }
    }

    /// The keys outside of any section.
    pub(super) fn top(&self, keys: &'static [&'static str]) -> Section<'_> {
        let known: Vec<&str> = keys.iter().chain(&SECTIONS).copied().collect();
        self.complain_of_unknown(&self.table, &known, "");
        Section { file: self, table: Some(&self.table), at: 0 }
    }

    /// A section with the keys that it may have.
    pub(super) fn section(&self, name: &str, keys: &[&str]) -> Section<'_> {
        let table = self.table_of(name);
        if let Some(table) = table {
            self.complain_of_unknown(table, keys, name);
        }
        let at = self.table.get_key_value(name).map_or(0, |(head, _)| head.span().start);
        Section { file: self, table, at }
    }

    /// A section whose keys are names that the user chose: each with its byte and value.
    pub(super) fn entries(&self, name: &str) -> Vec<(&str, usize, &DeValue<'a>)> {
        let mut entries = Vec::new();
        for (key, value) in self.table_of(name).into_iter().flatten() {
            entries.push((key.get_ref().as_ref(), key.span().start, value.get_ref()));
        }
        entries.sort_by_key(|&(_, at, _)| at);
        entries
    }

    /// Complains at a key, or at its section's head, or at the file's first line.
    pub(super) fn error(&self, section: &str, key: &str, text: &str) {
        self.error_at(self.find(section, key), text.into());
    }

    /// As [`File::error`], for what is legal but odd.
    pub(super) fn warning(&self, section: &str, key: &str, text: &str) {
        self.warnings.borrow_mut().push((self.find(section, key), text.into()));
    }

    pub(super) fn error_at(&self, at: usize, text: String) {
        self.errors.borrow_mut().push((at, text));
    }

    /// Errors and warnings, each in the order of the lines.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        let sorted = |mut found: Vec<(usize, String)>| {
            found.sort_by_key(|&(at, _)| at);
            let problem = |(at, text)| Problem::line(self.path, line_of(self.text, at), text);
            found.into_iter().map(problem).collect()
        };
        (sorted(self.errors.into_inner()), sorted(self.warnings.into_inner()))
    }

    fn table_of(&self, name: &str) -> Option<&DeTable<'a>> {
        let value = self.table.get(name)?;
        let table = value.get_ref().as_table();
        let reported = |found: &(usize, String)| found.0 == value.span().start;
        if table.is_none() && !self.errors.borrow().iter().any(reported) {
            self.error_at(
                value.span().start,
                format!("`{name}` is a section: write `[{name}]` on a line of its own"),
            );
        }
        table
    }

    fn find(&self, section: &str, key: &str) -> usize {
        let Some((head, value)) = self.table.get_key_value(section) else { return 0 };
        let table = value.get_ref().as_table();
        let found = table.and_then(|table| table.get_key_value(key)).map(|(key, _)| key.span().start);
        found.unwrap_or(head.span().start)
    }

    fn complain_of_unknown(&self, table: &DeTable<'_>, known: &[&str], section: &str) {
        let place = if section.is_empty() { String::new() } else { format!(" in [{section}]") };
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let advice = match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", listed(known)),
            };
            self.error_at(key.span().start, format!("unknown key `{name}`{place}: {advice}"));
        }
    }
}

/// The keys of one section; absent keys and sections read as nothing.
pub(super) struct Section<'f> {
    file: &'f File<'f>,
    table: Option<&'f DeTable<'f>>,
    /// Where it begins.
    at: usize,
}

impl<'f> Section<'f> {
    /// Reads a key where it is written; a bad value is reported and reads as nothing.
    pub(super) fn parse<T>(&mut self, key: &str, parser: impl Fn(&DeValue<'_>) -> Parsed<T>) -> Option<T> {
        let value = self.table?.get(key)?;
        match parser(value.get_ref()) {
            Ok(parsed) => Some(parsed),
            Err(text) => {
                self.file.error_at(value.span().start, format!("`{key}` {text}"));
                None
            }
        }
    }

    /// Complains at a key, or at the head of the section.
    pub(super) fn error(&self, key: &str, text: &str) {
        let found = self.table.and_then(|table| table.get_key_value(key));
        self.file.error_at(found.map_or(self.at, |(key, _)| key.span().start), text.into());
    }

    /// A list of sections, each with the keys that it may have; `advice` says how to write it.
    pub(super) fn parts(&self, key: &str, keys: &[&str], advice: &str) -> Vec<Section<'f>> {
        let Some(value) = self.table.and_then(|table| table.get(key)) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.file.error_at(value.span().start, format!("`{key}` is no list: {advice}"));
            return Vec::new();
        };
        let part = |item: &'f Spanned<DeValue<'f>>| self.part(key, item, keys, advice);
        list.iter().filter_map(part).collect()
    }

    /// Sections by names that the user chose, each with the keys that it may have.
    pub(super) fn named_parts(&self, key: &str, keys: &[&str], advice: &str) -> Vec<(&'f str, Section<'f>)> {
        let Some(value) = self.table.and_then(|table| table.get(key)) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.file.error_at(value.span().start, format!("`{key}` is no section: {advice}"));
            return Vec::new();
        };
        let part = |(name, item): (&'f Spanned<DeString<'f>>, &'f Spanned<DeValue<'f>>)| {
            Some((name.get_ref().as_ref(), self.part(key, item, keys, advice)?))
        };
        table.iter().filter_map(part).collect()
    }

    fn part(
        &self,
        key: &str,
        item: &'f Spanned<DeValue<'f>>,
        keys: &[&str],
        advice: &str,
    ) -> Option<Section<'f>> {
        let at = item.span().start;
        let Some(table) = item.get_ref().as_table() else {
            self.file.error_at(at, format!("`{key}` has something in it that is no section: {advice}"));
            return None;
        };
        self.file.complain_of_unknown(table, keys, &format!("email.{key}"));
        Some(Section { file: self.file, table: Some(table), at })
    }

    /// Whether a key is written, well or badly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }
}

/// The name among `known` that was probably meant.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(name, candidate);
    let best = known.iter().copied().min_by_key(|candidate| distance(candidate))?;
    (distance(best) <= 2.max(name.len() / 3) && distance(best) < best.len()).then_some(best)
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}
