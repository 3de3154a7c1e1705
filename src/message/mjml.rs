//! MJML as HTML that mail programs show alike.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use mrml::prelude::parser::Error;
use mrml::prelude::render::RenderOptions;

use super::token::Tokens;

/// The elements of MJML.
const ELEMENTS: [&str; 33] = [
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-include",
    "mj-navbar",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
    "mj-wrapper",
];

/// Why a text is no MJML that can be sent, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// In words.
    pub reason: String,
    /// Bytes of the template, as far as they are known.
    pub range: Option<Range<usize>>,
}

/// Turns a template in MJML into one in HTML. No font is fetched from elsewhere: it would tell its owner
/// who reads.
///
/// # Errors
/// Where it is no MJML, includes another file, or a `{% … %}` stands where MJML has no place for it.
pub fn mjml(template: &str) -> Result<String, Refused> {
    if let Some((name, range)) = strange(template) {
        return Err(Refused { reason: format!("MJML has no element `{name}`"), range: Some(range) });
    }
    if !template.contains("<mj-body") {
        return Err(Refused { reason: "there is no `<mj-body>` in it".into(), range: None });
    }
    let (source, tokens) = Tokens::take(template);
    let parsed = mrml::parse(&source).map_err(|error| refused(&error, &tokens))?;
    let options = RenderOptions {
        disable_comments: true,
        social_icon_origin: Some(Cow::Borrowed("")),
        fonts: HashMap::new(),
    };
    let failed = |_| Refused { reason: "this MJML cannot be shown".into(), range: None };
    let html = parsed.element.render(&options).map_err(failed)?;
    tokens.put_back(&html).map_err(|range| Refused {
        reason: "MJML has no place for this here: put it into `<mj-raw>…</mj-raw>`, or into a text".into(),
        range: Some(range),
    })
}

/// The first element that looks like one of MJML and is none: mrml would send it as it is.
fn strange(template: &str) -> Option<(&str, Range<usize>)> {
    template.match_indices("<mj-").find_map(|(at, _)| {
        let start = at + 1;
        let length = template[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let end = start + length.unwrap_or(template.len() - start);
        let name = &template[start..end];
        let known = ELEMENTS.contains(&name);
        (!known).then_some((name, start..end))
    })
}

fn refused(error: &Error, tokens: &Tokens<'_>) -> Refused {
    let (reason, position) = match error {
        Error::UnexpectedElement { position, .. } => {
            ("this element cannot stand here".into(), Some(position))
        }
        Error::UnexpectedToken { position, .. } => ("this cannot stand here".into(), Some(position)),
        Error::MissingAttribute { name, position, .. } => {
            (format!("the attribute `{name}` is missing"), Some(position))
        }
        Error::InvalidAttribute { position, .. } => ("this attribute cannot be read".into(), Some(position)),
        Error::InvalidFormat { position, .. } => ("this cannot be read".into(), Some(position)),
        Error::EndOfStream { .. } => ("an element is not closed".into(), None),
        Error::SizeLimit { .. } => ("it is too large".into(), None),
        Error::ParserError { .. } => ("an element cannot be read".into(), None),
        Error::NoRootNode => ("there is no `<mjml>` in it".into(), None),
        Error::IncludeLoaderError { position, .. } => {
            ("other files cannot be included: write a layout in HTML, or copy it".into(), Some(position))
        }
    };
    let range = position.and_then(|position| tokens.range(position.start..position.end));
    Refused { reason, range }
}
