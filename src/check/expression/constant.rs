//! Literals: numbers, money, shares, times and texts, and what they mean beside a value.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{self, ExprKind as Tree};
use crate::model::{Currency, Money, Number, ParseQuantityError};
use crate::ruleset::{self, ChoiceId, ExprKind, Type, Value};

use super::super::names::{is_plain, is_reserved, kind, shorten};
use super::super::report::problem;
use super::super::suggest::{did_you_mean, nearest};
use super::plain::Plain;
use super::{Expressions, Wanted};

impl Expressions<'_, '_> {
    pub(super) fn constant(&mut self, expr: &tree::Expr, wanted: Option<Wanted>) -> Option<ruleset::Expr> {
        let span = expr.span;
        let (value, ty) = match &expr.kind {
            Tree::Number(digits) => self.number(digits, span, wanted)?,
            Tree::Money(digits, currency) => {
                (Value::Money(self.money(digits, *currency, span)?), Type::Money)
            }
            Tree::Percent(share) => (Value::Percent(*share), Type::Percent),
            Tree::Duration(duration) => (Value::Duration(*duration), Type::Duration),
            Tree::Date(date) => (Value::Date(*date), Type::Date),
            Tree::Text(text) => match wanted.map(|w| w.ty) {
                Some(Type::Choice(choice)) => self.choice_value(choice, text, span)?,
                _ => (Value::Text(text.clone()), Type::Text),
            },
            Tree::YesNo(yes) => match wanted {
                Some(Wanted { ty: Type::Choice(choice), .. }) => {
                    self.choice_value(choice, if *yes { "yes" } else { "no" }, span)?
                }
                Some(Wanted { ty: Type::Text, plain: Plain::Any }) => {
                    (Value::Text(if *yes { "yes" } else { "no" }.into()), Type::Text)
                }
                _ => (Value::YesNo(*yes), Type::YesNo),
            },
            Tree::TimeOfDay(time) => {
                self.report.add(
                    problem(Code::DayOrInstant, span, format!("`{time}` comes every day"))
                        .label("a time of day says when a rule runs: `every day at 09:00`")
                        .why("compared with a day or an instant, a time of day has no single answer"),
                );
                return None;
            }
            _ => return None,
        };
        Some(self.typed(ExprKind::Constant(value), ty, span))
    }

    fn number(&mut self, digits: &str, span: Span, wanted: Option<Wanted>) -> Option<(Value, Type)> {
        match wanted.map(|w| w.ty) {
            Some(Type::Money) => {
                let amount = self.parsed(Money::parse(digits), span, "four")?;
                if let Some(own) = self.names.currency {
                    let said = format!("{} {own}", self.report.text(span));
                    self.report.write_out(span, said);
                }
                Some((Value::Money(amount), Type::Money))
            }
            Some(Type::Duration) => {
                self.report.add(
                    problem(Code::NeedsUnit, span, format!("`{digits}` of what?"))
                        .label("a length of time needs its unit: minutes, hours, days or weeks")
                        .why("hours or days: each means other people")
                        .review(span, format!("{digits} days")),
                );
                None
            }
            Some(Type::YesNo) if matches!(digits, "0" | "1") => {
                let right = if digits == "1" { "yes" } else { "no" };
                self.report.add(
                    problem(Code::UnknownValue, span, format!("`{digits}` is neither yes nor no"))
                        .label(format!("write `{right}`"))
                        .why("a comparison with a value that is never there would match nobody")
                        .safe(span, right),
                );
                None
            }
            Some(Type::Percent) => {
                // `0,5`: the comma goes with it.
                self.report.answers(Code::ForeignAmount, span);
                // A fraction is most often one of the whole.
                let part = Number::parse(digits).ok().filter(|part| (1..Number::SCALE).contains(&part.0));
                let share = part.map_or(digits.to_owned(), |part| Number(part.0 * 100).to_string());
                self.report.add(
                    problem(Code::NeedsPercent, span, format!("`{digits}` is no share"))
                        .label("a share is written with `%`")
                        .why("some read 0.1 as a tenth, others 10")
                        .review(span, format!("{share}%")),
                );
                None
            }
            _ => {
                let number = self.parsed(Number::parse(digits), span, "six")?;
                Some((Value::Number(number), Type::Number))
            }
        }
    }

    fn parsed<T>(&mut self, result: Result<T, ParseQuantityError>, span: Span, decimals: &str) -> Option<T> {
        let label = match result {
            Ok(value) => return Some(value),
            Err(ParseQuantityError::TooPrecise) => format!("at most {decimals} decimals are kept"),
            Err(ParseQuantityError::TooLarge) => "too large to be counted exactly".to_owned(),
            Err(ParseQuantityError::NotANumber) => "not a decimal number such as 99.95".to_owned(),
        };
        self.report.add(
            problem(Code::BadNumber, span, format!("`{}` does not fit", shorten(self.report.text(span))))
                .label(label)
                .why("amounts are exact; rounding in silence would move people across the line"),
        );
        None
    }

    fn money(&mut self, digits: &str, currency: Currency, span: Span) -> Option<Money> {
        let amount = self.parsed(Money::parse(digits), span, "four");
        match self.names.currency {
            Some(own) if own == currency => return amount,
            Some(own) => {
                // `$500`: the sign goes with the currency.
                self.report.answers(Code::ForeignAmount, span);
                self.report.add(
                    problem(Code::TwoCurrencies, span, "two currencies compared")
                        .label(format!("this workspace counts in {own}"))
                        .why(format!(
                            "{digits} {currency} is another amount every day; who gets the offer would depend on it"
                        ))
                        .review(span, format!("{digits} {own}")),
                );
            }
            None => {
                let found = problem(
                    Code::NoCurrency,
                    span,
                    format!("the workspace does not say that it counts in {currency}"),
                )
                .label(format!("write `currency {currency}` under `workspace`"))
                .why("without a declared currency, whether the shop's amounts are in this one is a guess");
                self.report.add(match self.names.currency_line {
                    Some(line) => found.review(line, format!("\n  currency {currency}")),
                    None => found,
                });
            }
        }
        None
    }

    /// A value of a choice by its name.
    pub(super) fn choice_value(&mut self, choice: ChoiceId, word: &str, span: Span) -> Option<(Value, Type)> {
        let names = self.names.choice(choice);
        if let Some(code) = names.iter().position(|name| name == word) {
            let code = u32::try_from(code).ok()?;
            return Some((Value::Choice(choice, code), Type::Choice(choice)));
        }
        let near = nearest(word, names.iter().map(String::as_str));
        let listed = names.iter().take(12).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        let label = if near.is_some() { did_you_mean(near) } else { format!("it can be {listed}") };
        self.report.add(
            problem(Code::UnknownValue, span, format!("`{}` is none of the values here", shorten(word)))
                .label(label)
                .why(format!(
                    "no customer can have this value, so the condition would never be met; there are {listed}"
                ))
                .near(span, near),
        );
        None
    }

    /// Objects where two values are not of one kind.
    pub(super) fn same_kind(
        &mut self,
        left: &ruleset::Expr,
        right: &ruleset::Expr,
        span: Span,
    ) -> Option<()> {
        let (a, b) = (left.ty, right.ty);
        let lists = |list: Type, text: Type| list == Type::ListOfText && text == Type::Text;
        if a == b && a != Type::ListOfText || lists(a, b) || lists(b, a) {
            return Some(());
        }
        let message =
            format!("`{}` is {}, `{}` is {}", shorten(&left.text), kind(a), shorten(&right.text), kind(b));
        let times = |ty| matches!(ty, Type::Date | Type::Time);
        let found = if times(a) && times(b) {
            problem(Code::DayOrInstant, span, message)
                .label("a day lasts 24 hours, a point in time none")
                .why("whether an instant is before a day, in it or after it depends on the zone: compare like with like")
        } else if matches!((a, b), (Type::Choice(_), Type::Choice(_))) {
            problem(
                Code::DifferentKinds,
                span,
                format!("`{}` and `{}` are two choices", left.text, right.text),
            )
            .label("compare each with its own values")
            .why("values of two lists have nothing in common, even where they share a name")
        } else {
            problem(Code::DifferentKinds, span, message)
                .label(format!("{} compared with {}", kind(a), kind(b)))
                .why("the comparison has no answer, so nobody would match")
        };
        self.report.add(self.without_quotes(found, left, right, span));
        None
    }

    /// `clv > "500"`: the quotes are the mistake.
    fn without_quotes(
        &self,
        found: super::Problem,
        left: &ruleset::Expr,
        right: &ruleset::Expr,
        span: Span,
    ) -> super::Problem {
        let ExprKind::Constant(Value::Text(text)) = &right.kind else { return found };
        let counts = matches!(left.ty, Type::Money | Type::Number) && Number::parse(text).is_ok();
        let answers = left.ty == Type::YesNo && matches!(text.as_str(), "yes" | "no");
        let written = self.report.text(span);
        if !(counts || answers) || !written.ends_with(&*right.text) {
            return found;
        }
        let start = span.end - u32::try_from(right.text.len()).unwrap_or(0);
        found.review(Span { start, ..span }, text.clone())
    }

    /// A word where a text is wanted, that is no field: it lacks its quotes.
    pub(super) fn needs_quotes(&mut self, word: &str, span: Span) {
        debug_assert!(!is_reserved(word) || is_plain(word));
        self.report.add(
            problem(Code::NeedsQuotes, span, format!("`{}` needs quotes", shorten(word)))
                .label("a text stands in quotes")
                .why("without quotes a word is a field's name, and a new field of that name would change the rule")
                .review(span, format!("\"{word}\"")),
        );
    }
}
