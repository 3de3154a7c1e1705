//! Templates and values to subject, text and HTML.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value as Shape, filters, tests};
use serde::{Deserialize, Serialize};

use crate::ruleset::{Message, RuleSet, Value, Variant};

use super::filters::{self as shows, SAID};
use super::locale::Locale;
use super::{
    Filled, LOCALE, Mention, PART_LIMIT, Part, RenderError, SUBJECT_LIMIT, Shown, Shows, TEMPLATE_LIMIT,
    fill, mentions, preview,
};

/// Steps a template may take: far more than any newsletter, far less than a hang.
const FUEL: u64 = 200_000;
/// Columns of a text part that was made from HTML.
const WIDTH: usize = 78;

/// The names of all filters.
pub const FILTERS: [&str; 21] = [
    Shows::Money.name(),
    Shows::Number.name(),
    Shows::Percent.name(),
    Shows::Date.name(),
    Shows::Time.name(),
    "default",
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "replace",
    "length",
    "first",
    "last",
    "join",
    "round",
    "int",
    "escape",
    "urlencode",
    "url",
];

/// The templates of a message: what is kept in the store under its content hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Templates {
    /// Of the subject; empty for a channel without subjects.
    pub subject: String,
    /// Of the HTML part.
    pub html: Option<String>,
    /// Of the text part.
    pub text: Option<String>,
    /// Of the preview, which only an HTML part has room for.
    pub preview: Option<String>,
}

impl Templates {
    /// Those of a checked message that serve everybody.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        Self {
            subject: message.subject.clone(),
            html: message.html.clone(),
            text: message.text.clone(),
            preview: message.preview.clone(),
        }
    }

    /// Those of a message for readers of one language.
    #[must_use]
    pub fn of_variant(variant: &Variant) -> Self {
        Self {
            subject: variant.subject.clone(),
            html: variant.html.clone(),
            text: variant.text.clone(),
            preview: variant.preview.clone(),
        }
    }
}

/// A message ready to be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line without control characters.
    pub subject: String,
    /// The plain-text part: there is always one.
    pub text: String,
    /// The HTML part, the preview in it.
    pub html: Option<String>,
    /// The preview in words, where there is one.
    pub preview: Option<String>,
}

/// Renders a checked message; `value_of` gives the value of each of `message.fields` in their
/// order, `None` where it is unknown.
///
/// # Errors
/// See [`render`].
pub fn render_message(
    set: &RuleSet,
    message: &Message,
    value_of: impl FnMut(usize) -> Option<Value>,
) -> Result<Rendered, RenderError> {
    render(&Templates::of(message), &fill(set, message, value_of))
}

/// Renders templates with values that were frozen before.
///
/// # Errors
/// Where a placeholder without a default is unknown, a value carries control characters, a part
/// comes out empty or too large, or a template does not work. No error quotes a value.
pub fn render(templates: &Templates, filled: &Filled) -> Result<Rendered, RenderError> {
    let environment = environment(locale_of(filled));
    let values = shapes(templates, filled);
    let part = |part: Part, template: &str| fill_part(&environment, part, template, &values);

    let subject = part(Part::Subject, &templates.subject)?.trim().to_owned();
    let html = templates.html.as_deref().map(|template| part(Part::Html, template)).transpose()?;
    let text = match (templates.text.as_deref(), &html) {
        (Some(template), _) => part(Part::Text, template)?,
        (None, Some(html)) => plain(html)?,
        (None, None) => return Err(RenderError::Empty(Part::Text)),
    };
    if !templates.subject.is_empty() && subject.is_empty() {
        return Err(RenderError::Empty(Part::Subject));
    }
    if text.trim().is_empty() && html.is_none() {
        return Err(RenderError::Empty(Part::Text));
    }
    // After the text was made of it: what is hidden is no text.
    let shown = templates.preview.as_deref().zip(html.as_deref());
    let Some((template, body)) = shown else { return Ok(Rendered { subject, text, html, preview: None }) };
    let words = part(Part::Preview, template)?.trim().to_owned();
    let html = Some(preview::within(body, &words));
    Ok(Rendered { subject, text, html, preview: Some(words) })
}

/// All values by name; an event is a value that holds its fields.
fn shapes(templates: &Templates, filled: &Filled) -> Shape {
    let mut events: BTreeMap<String, BTreeMap<String, Shape>> = BTreeMap::new();
    // An event of which nothing is known is there all the same: `default` can be asked of its fields.
    let parts = [
        (Part::Subject, Some(templates.subject.as_str())),
        (Part::Preview, templates.preview.as_deref()),
        (Part::Html, templates.html.as_deref()),
        (Part::Text, templates.text.as_deref()),
    ];
    for (part, template) in parts {
        // What cannot be read is said when the part is filled.
        let read = template.map(|template| placeholders(part, template).unwrap_or_default());
        for (event, _) in read.iter().flatten().filter_map(|name| name.split_once('.')) {
            events.entry(event.to_owned()).or_default();
        }
    }
    let mut values: BTreeMap<String, Shape> = BTreeMap::new();
    for (name, shown) in filled.iter().filter(|(name, _)| *name != LOCALE) {
        match name.split_once('.') {
            Some((event, field)) => {
                events.entry(event.to_owned()).or_default().insert(field.to_owned(), shape(shown));
            }
            None => drop(values.insert(name.clone(), shape(shown))),
        }
    }
    for (event, fields) in events {
        values.entry(event).or_insert_with(|| Shape::from_pairs(fields));
    }
    Shape::from_pairs(values)
}

/// The names that a template reads and does not set itself, sorted; a field of an event as
/// `cart_abandoned.value`.
///
/// # Errors
/// Where the template cannot be read.
pub fn placeholders(part: Part, template: &str) -> Result<BTreeSet<String>, RenderError> {
    let environment = environment(Locale::of(None, None));
    let parsed = environment
        .template_from_named_str(name(part), template)
        .map_err(|error| in_words(part, template, &error))?;
    Ok(parsed.undeclared_variables(true).into_iter().collect())
}

/// The language in which amounts and dates are shown.
fn locale_of(filled: &Filled) -> &'static Locale {
    match filled.get(LOCALE) {
        Some(Shown::Text(tag)) => Locale::of(Some(tag), None),
        Some(_) | None => Locale::of(None, None),
    }
}

/// The template language as messages have it: strict, escaping, bounded, and without the filters
/// that switch escaping off or show what is inside.
fn environment(locale: &'static Locale) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    environment
        .set_auto_escape_callback(|name| if name == "html" { AutoEscape::Html } else { AutoEscape::None });
    environment.set_formatter(|output, state, value| match readable(value) {
        Some(text) => minijinja::escape_formatter(output, state, &Shape::from(text)),
        None => minijinja::escape_formatter(output, state, value),
    });
    environment.add_filter("default", filters::default);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("length", filters::length);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("join", filters::join);
    environment.add_filter("round", filters::round);
    environment.add_filter("int", filters::int);
    environment.add_filter("escape", filters::escape);
    environment.add_filter("urlencode", |value: &Shape| in_link(value, encoded));
    environment.add_filter("url", |value: &Shape| in_link(value, link));
    shows::add(&mut environment, locale);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment
}

/// A value as a piece of an address; unknown stays so.
fn in_link(value: &Shape, write: fn(&str) -> String) -> Shape {
    if value.is_undefined() { value.clone() } else { Shape::from(write(&value.to_string())) }
}

/// Percent-encoded but for the letters that never mean anything (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    escaped(text, |b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// A web address as it is, but for what could not stand in one; anything else encoded, so that it leads
/// nowhere (`javascript:…`).
fn link(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") {
        return escaped(text.trim(), |b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b));
    }
    encoded(text)
}

fn escaped(text: &str, stays: fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    out
}

/// Yes/no and lists in words; anything else is written as it is.
fn readable(value: &Shape) -> Option<String> {
    if value.kind() == minijinja::value::ValueKind::Bool {
        return Some(if value.is_true() { "yes" } else { "no" }.into());
    }
    if value.kind() != minijinja::value::ValueKind::Seq {
        return None;
    }
    let items = value.try_iter().ok()?;
    Some(items.map(|item| item.to_string()).collect::<Vec<_>>().join(", "))
}

/// A value as the template sees it: numbers count, yes/no decides, the rest is text.
fn shape(shown: &Shown) -> Shape {
    match shown {
        Shown::Money(money, Some(currency)) => Shape::from(format!("{money} {currency}")),
        Shown::Money(money, None) => Shape::from(money.to_string()),
        Shown::Number(number) if number.0 % crate::model::Number::SCALE == 0 => {
            Shape::from(number.0 / crate::model::Number::SCALE)
        }
        Shown::Number(number) => {
            // A template may compare it with `2.5`; it is a float only where this loses no digit.
            let exact = number.to_string();
            let float = exact.parse::<f64>().ok().filter(|float| float.to_string() == exact);
            float.map_or_else(|| Shape::from(exact), Shape::from)
        }
        Shown::Percent(share) => Shape::from(share.to_string()),
        Shown::Duration(duration) => Shape::from(duration.to_string()),
        Shown::Date(date) => Shape::from(date.to_string()),
        Shown::Time(text) | Shown::Text(text) => Shape::from(text.as_str()),
        Shown::TimeOfDay(time) => Shape::from(time.to_string()),
        Shown::YesNo(yes) => Shape::from(*yes),
        Shown::List(texts) => Shape::from(texts.clone()),
    }
}

/// The name under which a part is parsed; escaping goes by it.
const fn name(part: Part) -> &'static str {
    match part {
        Part::Subject => "subject",
        // Escaped as a whole when it is put into the HTML.
        Part::Preview => "preview",
        Part::Html => "html",
        Part::Text => "text",
    }
}

/// A sink that refuses to grow beyond its limit.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > self.limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fill_part(
    environment: &Environment<'_>,
    part: Part,
    template: &str,
    values: &Shape,
) -> Result<String, RenderError> {
    if template.len() > TEMPLATE_LIMIT {
        return Err(RenderError::TooLarge(part));
    }
    let limit = match part {
        Part::Subject | Part::Preview => SUBJECT_LIMIT,
        Part::Html | Part::Text => PART_LIMIT,
    };
    let mut sink = Bounded { bytes: Vec::new(), limit };
    environment
        .template_from_named_str(name(part), template)
        .and_then(|parsed| parsed.render_captured_to(values.clone(), &mut sink).map(drop))
        .map_err(|error| in_words(part, template, &error))?;
    let out = String::from_utf8(sink.bytes).map_err(|_| RenderError::ControlCharacter(part))?;
    let allowed: &[char] = match part {
        Part::Subject | Part::Preview => &[],
        Part::Html | Part::Text => &['\n', '\r', '\t'],
    };
    if out.contains(|c: char| c.is_control() && !allowed.contains(&c)) {
        return Err(RenderError::ControlCharacter(part));
    }
    Ok(out)
}

/// The text part of a message that wrote only HTML.
fn plain(html: &str) -> Result<String, RenderError> {
    // A link that is broken into lines is none, and tables of mail are there for the layout.
    let text = html2text::config::plain()
        .no_link_wrapping()
        .raw_mode(true)
        .string_from_read(html.as_bytes(), WIDTH)
        .map_err(|_| RenderError::TooLarge(Part::Text))?;
    let text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    Ok(format!("{}\n", text.trim()))
}

fn in_words(part: Part, template: &str, error: &minijinja::Error) -> RenderError {
    let range = error.range().filter(|range| template.get(range.clone()).is_some());
    let meant = range.clone().and_then(|range| template.get(range)).unwrap_or_default();
    let line = error.line().unwrap_or(1);
    let reason = match error.kind() {
        ErrorKind::WriteFailure => return RenderError::TooLarge(part),
        ErrorKind::UndefinedError => {
            // Where a filter was given nothing, it is what stands before it.
            let start = range.map_or(0, |range| range.start);
            let before = |mention: &Mention| mention.range.start <= start;
            let named = mentions(template).into_iter().take_while(before).last();
            let placeholder = named.map_or_else(|| meant.to_owned(), |mention| mention.name);
            return RenderError::Unknown { part, placeholder };
        }
        ErrorKind::SyntaxError => "this is no template that can be read".to_owned(),
        ErrorKind::UnknownFilter => format!("there is no such filter in `{meant}`"),
        ErrorKind::UnknownTest => format!("there is no such test in `{meant}`"),
        ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => {
            format!("there is no such function in `{meant}`")
        }
        ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
        _ => match error.detail().and_then(|detail| detail.strip_prefix(SAID)) {
            Some(said) => said.to_owned(),
            None => format!("`{meant}` does not work with this value"),
        },
    };
    RenderError::Template { part, line, range, reason }
}
