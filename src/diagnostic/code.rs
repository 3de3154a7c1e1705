//! The codes: stable for ever, one page of explanation each.
//!
//! `E0xx` language and splitting, `E1xx` names, `E2xx` types, `E3xx` units, money and time, `E4xx`
//! messages and webhooks, `E5xx` policies and schedules, `W1xx` lints. A number is never reused.

use super::Severity;

/// One line a code: its meaning as a doc comment, then variant, number, severity and, for those
/// that can be allowed on a line, the lint's name.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $number:literal $severity:ident $($lint:literal)?;)+) => {
        /// A stable code of a diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            /// All codes, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// `E001`, `W101`.
            #[must_use]
            pub const fn number(self) -> &'static str {
                match self {
                    $(Self::$variant => $number,)+
                }
            }

            /// Error or warning.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }

            /// The lint's name, for those that can be allowed.
            #[must_use]
            pub const fn lint(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => first_or_none!($($lint)?),)+
                }
            }

            /// The page that `cvmd explain CODE` prints, Markdown: headline, why, a wrong and a
            /// right example.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => {
                        include_str!(concat!("../../docs/diagnostics/", $number, ".md"))
                    })+
                }
            }
        }
    };
}

macro_rules! first_or_none {
    () => {
        None
    };
    ($lint:literal) => {
        Some($lint)
    };
}

codes! {
    /// A construct of the language that this version does not run yet.
    NotAvailableYet "E001" Error;
    /// A clause that the grammar does not read.
    NotUnderstood "E002" Error;
    /// A line in column 1 that begins with no item word.
    UnknownItem "E003" Error;
    /// A file that begins with indented text.
    IndentedStart "E004" Error;
    /// A marker that an unfinished merge left behind.
    MergeMarker "E005" Error;
    /// A character that cannot be seen, or that makes text look other than it is.
    HiddenCharacter "E006" Error;
    /// A text in quotes that does not end on its line.
    UnfinishedText "E007" Error;
    /// Parentheses nested deeper than the limit.
    NestedTooDeep "E008" Error;
    /// A file, clause or list of mistakes beyond its limit.
    TooLarge "E009" Error;
    /// A spelling from another language: `==`, `&&`, `is` for `=`.
    ForeignSpelling "E010" Error;
    /// A word of the language in capital letters.
    CapitalLetters "E011" Error;
    /// An amount, number or share in a foreign spelling: `$500`, `1,000`, `99,95`.
    ForeignAmount "E012" Error;
    /// A duration, date or time of day in a foreign spelling: `90d`, `9am`, `26/11/2026`.
    ForeignTime "E013" Error;
    /// `and` beside `or` without parentheses.
    MixedAndOr "E014" Error;
    /// `a < b < c`.
    ChainedComparison "E015" Error;
    /// `not` before something that is neither a parenthesis nor an `in`.
    MisplacedNot "E016" Error;
    /// Months or years where a duration of fixed length is needed.
    MonthAsDuration "E017" Error;
    /// A date, time or number that does not exist or does not fit.
    ImpossibleValue "E018" Error;
    /// A name or value that is no plain word.
    NotAPlainWord "E019" Error;
    /// Actions joined by something else than `, then`.
    JoinedActions "E020" Error;
    /// A line that begins with a misspelt clause word.
    UnknownClause "E021" Error;
}

impl Code {
    /// The code of that number, in capitals or not: what `explain` looks up.
    #[must_use]
    pub fn find(number: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number().eq_ignore_ascii_case(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_sorted_and_say_the_severity() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{} is out of order", pair[1].number());
        }
        for code in Code::ALL {
            let letter = if code.severity() == Severity::Error { 'E' } else { 'W' };
            assert!(code.number().starts_with(letter), "{}", code.number());
            assert_eq!(Code::find(&code.number().to_lowercase()), Some(*code));
        }
        assert_eq!(Code::find("E000"), None);
    }

    #[test]
    fn every_page_has_its_headline_why_and_both_examples() {
        for code in Code::ALL {
            let page = code.page();
            assert!(page.starts_with(&format!("# {}: ", code.number())), "{} has no headline", code.number());
            for part in ["## Why", "## Wrong", "## Right"] {
                assert!(page.contains(part), "{} has no `{part}`", code.number());
            }
        }
    }
}
