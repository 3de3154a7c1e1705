//! The filters that show a value in the reader's language: `{{ clv | money }}`.
//!
//! A value reaches a template as its plain text (`1234.56 EUR`, `12.5%`, `2026-11-26`), which these read
//! back: exact, and the same for a value that was frozen. What is unknown stays so, for `default` to say
//! what stands there.

use jiff::civil;
use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, Value as Shape};

use crate::ruleset::Type;

use super::locale::{DateStyle, Locale, rounded};

/// Before what these filters say themselves of a value that does not fit.
pub(super) const SAID: &str = "cvmd: ";

/// A filter that shows a value in the reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// `money`, `money('short')`.
    Money,
    /// `number`, `number(2)`.
    Number,
    /// `percent`, `percent(1)`.
    Percent,
    /// `date`, `date('long')`.
    Date,
    /// `time`.
    Time,
}

impl Shows {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Money, Self::Number, Self::Percent, Self::Date, Self::Time];

    /// As templates write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Number => "number",
            Self::Percent => "percent",
            Self::Date => "date",
            Self::Time => "time",
        }
    }

    /// The filter of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|filter| filter.name() == name)
    }

    /// The one for values of a type, where there is one.
    #[must_use]
    pub const fn of(ty: Type) -> Option<Self> {
        match ty {
            Type::Money => Some(Self::Money),
            Type::Number => Some(Self::Number),
            Type::Percent => Some(Self::Percent),
            Type::Date | Type::Time => Some(Self::Date),
            Type::Duration
            | Type::Text
            | Type::ListOfText
            | Type::YesNo
            | Type::Choice(_)
            | Type::Condition => None,
        }
    }

    /// Whether it shows values of a type.
    #[must_use]
    pub fn fits(self, ty: Type) -> bool {
        Self::of(ty) == Some(self) || self == Self::Time && ty == Type::Time
    }

    /// What it shows, in words.
    #[must_use]
    pub const fn shows(self) -> &'static str {
        match self {
            Self::Money => "amounts of money",
            Self::Number => "numbers",
            Self::Percent => "shares",
            Self::Date => "dates",
            Self::Time => "times",
        }
    }

    /// What may stand in its parentheses, in words.
    #[must_use]
    pub const fn takes(self) -> &'static str {
        match self {
            Self::Money => "`money` or `money('short')`",
            Self::Number => "`number` or `number(2)`, the decimals",
            Self::Percent => "`percent` or `percent(1)`, the decimals",
            Self::Date => "`date('short')`, `date('medium')`, `date('long')` or `date('full')`",
            Self::Time => "`time`",
        }
    }

    fn show(self, locale: &Locale, text: &str, with: Option<&Shape>) -> Option<String> {
        match self {
            Self::Money => {
                let short = match with.map(Shape::as_str) {
                    None => false,
                    Some(Some("short")) => true,
                    Some(_) => return None,
                };
                let (decimal, currency) = match text.split_once(' ') {
                    Some((decimal, currency)) => (decimal, Some(currency)),
                    None => (text, None),
                };
                crate::model::Money::parse(decimal).ok()?;
                Some(locale.money(decimal, currency, short))
            }
            Self::Number => Some(locale.number(&decimals(text, with)?)),
            Self::Percent => Some(locale.percent(&decimals(text.strip_suffix('%')?, with)?)),
            Self::Date => {
                let style = match with {
                    None => DateStyle::Medium,
                    Some(with) => DateStyle::NAMES.iter().find(|(name, _)| with.as_str() == Some(name))?.1,
                };
                // Of a time its day.
                let day = text.split(' ').next()?.parse::<civil::Date>().ok()?;
                Some(locale.date(day, style))
            }
            Self::Time => {
                if with.is_some() {
                    return None;
                }
                let time = text.rsplit(' ').next()?.parse::<civil::Time>().ok()?;
                Some(locale.time(time))
            }
        }
    }
}

/// A decimal with as many places as are asked for, else with those that it has.
fn decimals(text: &str, places: Option<&Shape>) -> Option<String> {
    crate::model::Number::parse(text).ok()?;
    match places {
        None => Some(text.to_owned()),
        Some(places) => rounded(text, usize::try_from(places.as_i64()?).ok().filter(|places| *places <= 6)?),
    }
}

/// Adds the filters, for readers of one language.
pub(super) fn add(environment: &mut Environment<'_>, locale: &'static Locale) {
    for filter in Shows::ALL {
        environment.add_filter(filter.name(), move |value: &Shape, with: Rest<Shape>| {
            if value.is_undefined() {
                return Ok(value.clone());
            }
            let text = filter.show(locale, &value.to_string(), with.first()).filter(|_| with.len() <= 1);
            text.map(Shape::from).ok_or_else(|| {
                let (name, shows, takes) = (filter.name(), filter.shows(), filter.takes());
                let said = format!("{SAID}`{name}` shows {shows}; it is written {takes}");
                Error::new(ErrorKind::InvalidOperation, said)
            })
        });
    }
}
