//! The names of a workspace: what each word means.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Name, Term};
use crate::model::Currency;
use crate::ruleset::{ChoiceId, Schema, Type};

use super::report::{Report, problem};

/// The words that no name may be, in any place.
const RESERVED: [&str; 15] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "of",
    "if",
    "when",
    "then",
    "where",
    "otherwise",
    "yes",
    "no",
    "known",
    "unknown",
];

/// Words that the engine computes now or will: no attribute or segmentation may take them.
const COMPUTED: [&str; 23] = [
    "orders",
    "revenue",
    "average_order_value",
    "recency",
    "tenure",
    "frequency",
    "recency_score",
    "frequency_score",
    "monetary_score",
    "rfm",
    "alive",
    "churn_risk",
    "expected_orders",
    "expected_order_value",
    "segment",
    "tier",
    "decile",
    "chance",
    "consent",
    "count",
    "sum",
    "average",
    "order",
];

/// Letters a name may have.
pub(super) const NAME_LIMIT: usize = 64;

/// The words of several words, as written and as computed.
pub(super) const TERMS: [(&str, Term); 6] = [
    ("orders", Term::Orders),
    ("revenue", Term::Revenue),
    ("average order value", Term::AverageOrderValue),
    ("recency", Term::Recency),
    ("tenure", Term::Tenure),
    ("frequency", Term::Frequency),
];

/// What the words of a workspace mean; complete before the first expression is looked at.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) currency: Option<Currency>,
    /// Where a `currency` line can be written, if there is a `workspace`.
    pub(super) currency_line: Option<Span>,
    pub(super) zone: jiff::tz::TimeZone,
    pub(super) schema: Schema,
    /// Name and places; the first is `segment`.
    pub(super) segments: Vec<(String, ChoiceId)>,
    /// Sorted, in the order of the rule set.
    pub(super) audiences: Vec<String>,
    /// What can be sent: declared, or found as files.
    pub(super) messages: Vec<String>,
    pub(super) rules: Vec<String>,
    /// The channels that messages go by.
    pub(super) channels: Vec<String>,
}

impl Names {
    pub(super) fn segment(&self, name: &str) -> Option<(usize, ChoiceId)> {
        let position = self.segments.iter().position(|(known, _)| known == name)?;
        Some((position, self.segments[position].1))
    }

    /// Every word that a customer's value may be asked by, for did-you-mean.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        let fields = self.schema.fields.iter().map(|field| field.name.as_str());
        let places = self.segments.iter().map(|(name, _)| name.as_str());
        fields.chain(places).chain(TERMS.iter().map(|&(name, _)| name))
    }

    pub(super) fn choice(&self, id: ChoiceId) -> &[String] {
        &self.schema.choices(id).names
    }
}

/// Whether the engine computes a value of that name, now or some day.
pub(super) fn is_computed(word: &str) -> bool {
    COMPUTED.contains(&word)
}

/// Whether a word is reserved everywhere.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Whether a word is a name: a lower-case letter, then letters, digits and `_`.
pub(super) fn is_plain(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && word.len() <= NAME_LIMIT
}

/// Objects to a name that cannot be one.
pub(super) fn check_name(report: &mut Report<'_>, name: &Name) -> bool {
    let reserved = is_reserved(&name.text);
    if !reserved && is_plain(&name.text) {
        return true;
    }
    if !name.quoted && (reserved || name.text.contains('-')) && report.text(name.span) == name.text.as_str() {
        // The parser has said so already.
        return false;
    }
    let message = if reserved {
        format!("`{}` cannot be a name", name.text)
    } else {
        format!("`{}` is no plain name", shorten(&name.text))
    };
    let label = if reserved {
        "this word belongs to the language".to_owned()
    } else {
        format!("lower-case letters, digits and `_`, at most {NAME_LIMIT}")
    };
    let mut found = problem(Code::BadName, name.span, message)
        .label(label)
        .why("names stand in conditions, import columns and placeholders, where only a plain word can be told from the rest");
    let plain = to_plain(&name.text);
    if !reserved && is_plain(&plain) && !is_reserved(&plain) {
        found = found.review(name.span, plain);
    }
    report.add(found);
    false
}

/// Objects to a field's name that the engine has already.
pub(super) fn check_field_name(report: &mut Report<'_>, name: &Name) -> bool {
    let built_in = Schema::built_in().find(&name.text).is_some();
    let consent = name.text.starts_with("consent_");
    if !built_in && !consent && !COMPUTED.contains(&name.text.as_str()) {
        return check_name(report, name);
    }
    let label =
        if built_in { "every customer has this field already" } else { "this word is the engine's own" };
    report.add(
        problem(Code::TakenName, name.span, format!("`{}` has a meaning already", name.text))
            .label(label)
            .why("a second meaning would change rules that nobody touched"),
    );
    false
}

/// The nearest plain name: `Win-Back` to `win_back`.
pub(super) fn to_plain(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let joined: String =
        lower.chars().map(|c| if c == '-' || c == ' ' || c == '.' { '_' } else { c }).collect();
    joined.trim_start_matches('_').to_owned()
}

/// A text short enough for a headline.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A type in a marketer's words.
pub(super) const fn kind(ty: Type) -> &'static str {
    match ty {
        Type::Money => "money",
        Type::Number => "a number",
        Type::Percent => "a share",
        Type::Duration => "a length of time",
        Type::Date => "a day",
        Type::Time => "a point in time",
        Type::Text => "a text",
        Type::YesNo => "yes or no",
        Type::Choice(_) => "a choice",
        Type::ListOfText => "a list of texts",
        Type::Condition => "a condition",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names() {
        for good in ["winback", "a", "win_back_2"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["", "Winback", "2nd", "_x", "win-back", "é", &"x".repeat(65)] {
            assert!(!is_plain(bad), "{bad}");
        }
        assert_eq!(to_plain("Win-Back 2"), "win_back_2");
    }
}
