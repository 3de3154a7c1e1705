//! What a message cannot do without: a message with a gap (`Dear ,`) is not sent.

use std::collections::BTreeSet;

use super::{
    Filled, Mention, Part, RenderError, SAMPLE_LINK, Shown, Templates, UNSUBSCRIBE_URL, mentions,
    placeholders, render,
};

/// What the templates of a message show without saying what stands there otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Shown to everybody: where one is unknown, the message has a gap.
    always: BTreeSet<String>,
    /// Shown under a condition: where one is unknown, only filling it tells.
    perhaps: BTreeSet<String>,
}

impl Needs {
    /// What some templates need.
    #[must_use]
    pub fn of(templates: &Templates) -> Self {
        let mut needs = Self::default();
        let parts = [
            (Part::Subject, Some(&templates.subject)),
            (Part::Preview, templates.preview.as_ref().filter(|_| templates.html.is_some())),
            (Part::Html, templates.html.as_ref()),
            (Part::Text, templates.text.as_ref()),
        ];
        for (part, template) in parts {
            let Some(template) = template else { continue };
            // What a template names itself is no placeholder.
            let asked = placeholders(part, template).unwrap_or_default();
            let bare = |mention: &Mention| !mention.guarded && mention.name != UNSUBSCRIBE_URL;
            for mention in mentions(template).into_iter().filter(bare) {
                if asked.contains(&mention.name) {
                    let names = if mention.certain { &mut needs.always } else { &mut needs.perhaps };
                    names.insert(mention.name);
                }
            }
        }
        needs
    }

    /// Whether nothing can be missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.always.is_empty() && self.perhaps.is_empty()
    }

    /// The first placeholder whose unknown value leaves a gap in `templates`; none: they can be filled, as
    /// far as that depends on what is known.
    #[must_use]
    pub fn gap(&self, templates: impl FnOnce() -> Templates, filled: &Filled) -> Option<String> {
        let unknown = |name: &&String| !filled.contains_key(*name);
        if let Some(name) = self.always.iter().find(unknown) {
            return Some(name.clone());
        }
        self.perhaps.iter().find(unknown)?;
        let mut filled = filled.clone();
        filled.insert(UNSUBSCRIBE_URL.to_owned(), Shown::Text(SAMPLE_LINK.into()));
        match render(&templates(), &filled) {
            Err(RenderError::Unknown { placeholder, .. }) => Some(placeholder),
            // Anything else that is wrong is said when it is sent.
            Err(_) | Ok(_) => None,
        }
    }
}
