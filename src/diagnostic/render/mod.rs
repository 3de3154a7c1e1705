//! One structure, several renderers: people, editors, programs and code hosts.

mod github;
mod human;
mod json;
mod sarif;
mod short;

use super::{Diagnostic, Sources};

/// How diagnostics are written. All take the same list and return a text that ends with a newline,
/// or is empty where there is nothing to say (SARIF is always a document).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// With the line and a mark under it, as LANGUAGE.md shows it; colour only when asked.
    #[default]
    Human,
    /// `file:line:column: error[E312]: …`, one a line.
    Short,
    /// One object a line.
    Json,
    /// SARIF 2.1.0, one document.
    Sarif,
    /// Workflow commands of GitHub Actions, one a line.
    Github,
}

impl Format {
    /// All of them with the names that the command line knows.
    pub const ALL: [(&'static str, Self); 5] = [
        ("human", Self::Human),
        ("short", Self::Short),
        ("json", Self::Json),
        ("sarif", Self::Sarif),
        ("github", Self::Github),
    ];

    /// The format of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }

    /// Writes the diagnostics in their order. `colour` concerns `human` only.
    #[must_use]
    pub fn render(self, sources: &Sources, diagnostics: &[Diagnostic], colour: bool) -> String {
        match self {
            Self::Human => human::render(sources, diagnostics, colour),
            Self::Short => short::render(sources, diagnostics),
            Self::Json => json::render(sources, diagnostics),
            Self::Sarif => sarif::render(sources, diagnostics),
            Self::Github => github::render(sources, diagnostics),
        }
    }
}

/// As many diagnostics as a person is shown; the last line says how many more there are. What
/// programs read is not cut: each file's diagnostics are bounded where they are made.
pub const MAX_SHOWN: usize = 200;

/// `error`, `warning` or `advice`.
const fn severity(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.code.severity() {
        super::Severity::Error => "error",
        super::Severity::Warning => "warning",
        super::Severity::Advice => "advice",
    }
}

/// `fix` or `fix (needs review)`, as the people's formats call it.
const fn fix_name(fix: &super::Fix) -> &'static str {
    match fix.applicability {
        super::Applicability::Safe => "fix",
        super::Applicability::NeedsReview => "fix (needs review)",
    }
}
