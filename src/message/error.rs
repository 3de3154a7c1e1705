//! Why a message could not be rendered. Never quotes a customer's value.

use std::fmt;

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The subject line.
    Subject,
    /// What mail programs show beside the subject, hidden in the HTML part.
    Preview,
    /// The HTML part.
    Html,
    /// The plain-text part.
    Text,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "subject",
            Self::Preview => "preview",
            Self::Html => "HTML part",
            Self::Text => "text part",
        })
    }
}

/// Why a message could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderError {
    /// A placeholder whose value is unknown, without a `default`.
    Unknown {
        /// In which part.
        part: Part,
        /// The placeholder.
        placeholder: String,
    },
    /// The template cannot be read, or asks for something that does not work.
    Template {
        /// In which part.
        part: Part,
        /// The line, from 1.
        line: usize,
        /// Bytes of the template that are meant.
        range: Option<std::ops::Range<usize>>,
        /// What is wrong, in words.
        reason: String,
    },
    /// A control character or a line break where none may be.
    ControlCharacter(Part),
    /// More bytes than [`super::PART_LIMIT`] or [`super::SUBJECT_LIMIT`].
    TooLarge(Part),
    /// Nothing to show.
    Empty(Part),
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { part, placeholder } => write!(
                f,
                "`{placeholder}` is unknown and the {part} has no default for it: \
                 write `{{{{ {placeholder} | default('…') }}}}`"
            ),
            Self::Template { part, line, reason, .. } => write!(f, "line {line} of the {part}: {reason}"),
            Self::ControlCharacter(part) => write!(f, "the {part} contains a control character"),
            Self::TooLarge(part) => write!(f, "the {part} is too large to be sent"),
            Self::Empty(part) => write!(f, "the {part} is empty"),
        }
    }
}

impl std::error::Error for RenderError {}
