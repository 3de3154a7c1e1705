//! Diagnostics that several places make.

use crate::diagnostic::{Applicability, Code, Diagnostic, Fix, Span};

/// A diagnostic with a fix.
pub(super) fn with_fix(
    code: Code,
    span: Span,
    message: String,
    label: String,
    why: &str,
    (replacement, applicability): (String, Applicability),
) -> Diagnostic {
    let fix = Some(Fix { span, replacement, applicability });
    Diagnostic { code, message, span, label, why: why.into(), fix }
}

/// A word of the language in capitals.
pub(super) fn capitals(span: Span, text: &str) -> Diagnostic {
    let right = text.to_lowercase();
    with_fix(
        Code::CapitalLetters,
        span,
        format!("`{text}` is written in lower case"),
        format!("write `{right}`"),
        "one spelling a word keeps rules alike and searchable",
        (right, Applicability::Safe),
    )
}

/// What is said under good language that this version does not run.
pub(super) const NOT_RUN: &str = "this version does not run it";

/// Why it is an error.
pub(super) const NOT_AVAILABLE: &str =
    "a rule of which a part is silently ignored would reach other people than it says";

/// Good language that this version does not run.
pub(super) fn not_available(span: Span, what: &str) -> Diagnostic {
    Diagnostic {
        code: Code::NotAvailableYet,
        message: format!("{what} is not available yet"),
        span,
        label: NOT_RUN.into(),
        why: NOT_AVAILABLE.into(),
        fix: None,
    }
}

/// Something beyond a limit.
pub(super) fn too_large(span: Span, message: String) -> Diagnostic {
    Diagnostic {
        code: Code::TooLarge,
        message,
        span,
        label: String::new(),
        why: "what is that large cannot be reviewed by a person; every reading has its limit".into(),
        fix: None,
    }
}

/// A value that does not exist or does not fit.
pub(super) fn impossible(span: Span, message: String, why: &str) -> Diagnostic {
    Diagnostic {
        code: Code::ImpossibleValue,
        message,
        span,
        label: String::new(),
        why: why.into(),
        fix: None,
    }
}
