//! The clauses of the other items.

use crate::diagnostic::Diagnostic;
use crate::model::Currency;
use crate::ruleset::Purpose;

use super::super::clause::Clause;
use super::super::fault;
use super::super::foreign;
use super::super::grammar::{Node, Rule};
use super::super::tree::{AttributeType, Expr, ExprKind, MessageClause, Name, WorkspaceClause};
use super::condition::expression;
use super::value::{DURATIONS, any_duration, any_share, literal, whole};
use super::{NAMES, TEXTS, child};

/// A line of `workspace`.
pub(super) fn workspace_clause(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<WorkspaceClause> {
    let span = clause.place(node);
    Some(match node.as_rule() {
        Rule::currency_clause => {
            let code = child(node, &[Rule::currency_code, Rule::compat_currency])?;
            let text = code.as_str().trim_end();
            let right = foreign::quantity(code.as_rule(), text).map_or(text.to_owned(), |(right, _)| right);
            WorkspaceClause::Currency(Currency::parse(&right)?, span)
        }
        Rule::time_zone_clause => WorkspaceClause::TimeZone(clause.name(&child(node, &[Rule::zone_name])?)),
        Rule::first_run_clause => {
            let limit = child(node, &[Rule::whole, Rule::compat_number])?;
            WorkspaceClause::FirstRun(whole(clause, &limit, u64::MAX, found)?, span)
        }
        Rule::clv_clause => {
            for share in node.clone().into_inner() {
                if matches!(share.as_rule(), Rule::percent | Rule::compat_percent) {
                    any_share(clause, &share, found)?;
                }
            }
            // Only a value model would read it.
            found.push(fault::not_available(span, "`clv in …`"));
            WorkspaceClause::Clv(span)
        }
        _ => return None,
    })
}

/// The type of an attribute.
pub(super) fn attribute_type(clause: &Clause<'_>, node: &Node<'_>) -> Option<AttributeType> {
    let ty = child(node, &[Rule::attribute_type])?.into_inner().next()?;
    if ty.as_rule() == Rule::choice {
        return Some(choice(clause, &ty));
    }
    let text = ty.as_str().to_ascii_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = words.join(" ");
    let word = if ty.as_rule() == Rule::compat_type { foreign::type_word(&joined) } else { &joined };
    Some(match word {
        "money" => AttributeType::Money,
        "number" => AttributeType::Number,
        "percent" => AttributeType::Percent,
        "duration" => AttributeType::Duration,
        "date" => AttributeType::Date,
        "time" => AttributeType::Time,
        "text" => AttributeType::Text,
        "yes/no" => AttributeType::YesNo,
        "list of text" => AttributeType::ListOfText,
        _ => return None,
    })
}

fn choice(clause: &Clause<'_>, node: &Node<'_>) -> AttributeType {
    let mut values: Vec<Name> = Vec::new();
    let mut ordered = false;
    for part in node.clone().into_inner() {
        match part.as_rule() {
            Rule::ordered_rest | Rule::other_rest => {
                ordered = part.as_rule() == Rule::ordered_rest;
                let rest = part.into_inner().filter(|value| VALUES.contains(&value.as_rule()));
                values.extend(rest.map(|value| clause.name(&value)));
            }
            rule if VALUES.contains(&rule) => values.push(clause.name(&part)),
            _ => {}
        }
    }
    AttributeType::Choice { values, ordered }
}

/// The rules that are values of a choice where it is declared.
const VALUES: [Rule; 4] = [Rule::choice_value, Rule::compat_value, Rule::string, Rule::compat_string];

/// A line of `segments`: its place and its condition.
pub(super) fn place(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<(Name, Option<Expr>)> {
    let name = clause.name(&child(node, &VALUES)?);
    Some((name, child(node, &[Rule::expression]).map(|condition| expression(clause, &condition, found))))
}

/// A clause of `message`.
pub(super) fn message_clause(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<MessageClause> {
    let text = child(node, &TEXTS).map(|text| clause.name(&text));
    Some(match node.as_rule() {
        Rule::purpose_clause => {
            let purpose = child(node, &[Rule::purpose])?;
            let marketing = child(&purpose, &[Rule::kw_marketing]).is_some();
            MessageClause::Purpose {
                channel: clause.name(&child(node, &[Rule::channel])?),
                purpose: if marketing { Purpose::Marketing } else { Purpose::Transactional },
                webhook: child(node, &NAMES).map(|name| clause.name(&name)),
            }
        }
        Rule::subject_clause => MessageClause::Subject(text?),
        Rule::body_clause => match text {
            Some(text) => MessageClause::Body(text),
            None => MessageClause::Body(clause.name(&child(node, &[Rule::path])?)),
        },
        Rule::layout_clause => MessageClause::Layout(clause.name(&child(node, &NAMES)?)),
        Rule::text_clause => MessageClause::Text(text?),
        Rule::from_clause => MessageClause::From(text?),
        Rule::reply_to_clause => MessageClause::ReplyTo(text?),
        Rule::preview_clause => MessageClause::Preview(text?),
        Rule::cost_clause => {
            let amount = node
                .clone()
                .into_inner()
                .find(|piece| !matches!(piece.as_rule(), Rule::kw_cost | Rule::EOI))?;
            let kind = literal(clause, &amount, found).unwrap_or(ExprKind::NotAvailable);
            MessageClause::Cost(Expr { kind, span: clause.place(&amount) })
        }
        Rule::expires_clause => {
            let duration = any_duration(clause, &child(node, &DURATIONS)?, found)?;
            MessageClause::ExpiresAfter(duration, clause.place(node))
        }
        _ => return None,
    })
}
