//! The caps of a policy.

use crate::diagnostic::Diagnostic;

use super::super::clause::Clause;
use super::super::grammar::{Node, Rule};
use super::super::tree::{CapClause, Name};
use super::child;
use super::rule::period;
use super::value::whole;

/// `at most N emails per customer per PERIOD`; nothing where it is broken or not available.
pub(super) fn cap(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<CapClause> {
    if child(node, &[Rule::unavailable_total_cap, Rule::unavailable_deferral]).is_some() {
        return None;
    }
    let count = whole(clause, &child(node, &[Rule::whole])?, u64::from(u32::MAX), found)?;
    let subject = clause.name(&child(node, &[Rule::word])?);
    let span = child(node, &[Rule::period, Rule::compat_cap_period])?;
    Some(CapClause {
        count: u32::try_from(count).ok()?,
        subject: Name { text: singular(&subject.text), ..subject },
        period: period(clause, &span, found)?,
    })
}

/// `emails` and `email` are the same channel; `sms` is no plural.
fn singular(word: &str) -> String {
    match word {
        "sms" => word.to_owned(),
        "pushes" => "push".to_owned(),
        _ if word.ends_with("ss") => word.to_owned(),
        _ => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn channels_are_named_in_the_singular() {
        for (word, one) in [("emails", "email"), ("sms", "sms"), ("messages", "message"), ("push", "push")] {
            assert_eq!(super::singular(word), one);
        }
    }
}
