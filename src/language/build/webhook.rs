//! The clauses of a webhook.

use crate::diagnostic::Diagnostic;
use crate::model::Duration;

use super::super::clause::Clause;
use super::super::fault::impossible;
use super::super::grammar::{Node, Rule};
use super::super::tree::{Name, WebhookClause};
use super::value::whole;
use super::{NAMES, TEXTS, child};

/// The most calls at once, and the most in a span, that a limit can name: what is kept in memory.
const MOST_AT_ONCE: u64 = 256;
const MOST_PER_SPAN: u64 = 10_000;
/// The longest that an answer may be waited for, in seconds.
const LONGEST_ANSWER_S: u64 = 600;

/// `post "…" signed with secret a, b`: the address and the secrets, each where it is written.
pub(super) fn address(clause: &Clause<'_>, node: &Node<'_>) -> (Option<Name>, Vec<Name>) {
    let url = child(node, &TEXTS).map(|text| clause.name(&text));
    let secrets = child(node, &[Rule::signed]).map_or_else(Vec::new, |signed| {
        let names = signed.into_inner().filter(|part| NAMES.contains(&part.as_rule()));
        names.map(|name| clause.name(&name)).collect()
    });
    (url, secrets)
}

/// Another clause of a webhook; nothing where it is none or is broken.
pub(super) fn webhook_clause(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<WebhookClause> {
    match node.as_rule() {
        Rule::header_clause => Some(WebhookClause::Header {
            name: clause.name(&child(node, &TEXTS)?),
            secret: clause.name(&child(node, &NAMES)?),
        }),
        Rule::call_limit_clause => match child(node, &[Rule::call_span]) {
            None => count(clause, node, MOST_AT_ONCE, found).map(WebhookClause::AtOnce),
            Some(span) => {
                let second = child(&span, &[Rule::kw_second]).is_some();
                let per = Duration::seconds(if second { 1 } else { 60 });
                count(clause, node, MOST_PER_SPAN, found).map(|calls| WebhookClause::Rate { calls, per })
            }
        },
        Rule::answer_clause => {
            let seconds = count(clause, node, LONGEST_ANSWER_S, found)?;
            Some(WebhookClause::AnswerWithin(Duration::seconds(seconds.into())))
        }
        _ => None,
    }
}

/// A number from 1 to `most`.
fn count(clause: &Clause<'_>, node: &Node<'_>, most: u64, found: &mut Vec<Diagnostic>) -> Option<u32> {
    let number = child(node, &[Rule::whole])?;
    let count = whole(clause, &number, most, found)?;
    if count == 0 {
        let why = "nothing would ever be called; `cvmd pause channel webhook` stops calls for a while";
        found.push(impossible(clause.place(&number), "a limit of 0".into(), why));
    }
    u32::try_from(count).ok().filter(|count| *count > 0)
}
