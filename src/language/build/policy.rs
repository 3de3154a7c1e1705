//! The clauses of a policy.

use crate::diagnostic::Diagnostic;
use crate::ruleset::QuietSpan;

use super::super::clause::Clause;
use super::super::grammar::{Node, Rule};
use super::super::tree::{
    CapClause, GuardClause, GuardWords, Name, PolicyClause, QuietClause, QuietClockWords, QuietWords,
    ThresholdWords,
};
use super::child;
use super::condition::comparison_sign;
use super::rule::{day_bit, period};
use super::value::{DURATIONS, any_duration, any_share, any_time, whole};

/// The clause that a rule of the grammar read; nothing where it is broken.
pub(super) fn policy_clause(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<PolicyClause> {
    match node.as_rule() {
        Rule::cap_clause => cap(clause, node, found).map(PolicyClause::Cap),
        Rule::quiet_clause => quiet(clause, node, found).map(PolicyClause::Quiet),
        Rule::arbitration_clause => Some(PolicyClause::Arbitration),
        Rule::guard_clause => guard(clause, node, found).map(PolicyClause::Guard),
        Rule::growth_clause => {
            threshold(clause, &child(node, &[Rule::threshold])?, found).map(PolicyClause::Growth)
        }
        _ => None,
    }
}

/// `at most N emails per customer per PERIOD`, or `per PERIOD in total`.
fn cap(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<CapClause> {
    let count = whole(clause, &child(node, &[Rule::whole])?, u64::from(u32::MAX), found)?;
    let subject = clause.name(&child(node, &[Rule::word])?);
    let span = child(node, &[Rule::period, Rule::compat_cap_period])?;
    let wait = match child(node, &[Rule::deferral]) {
        Some(deferral) => Some(any_duration(clause, &child(&deferral, &DURATIONS)?, found)?),
        None => None,
    };
    Some(CapClause {
        count: u32::try_from(count).ok()?,
        subject: Name { text: singular(&subject.text), ..subject },
        period: period(clause, &span, found)?,
        in_total: child(node, &[Rule::in_total]).is_some(),
        wait,
    })
}

/// `quiet hours …`; nothing where a time cannot be.
fn quiet(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<QuietClause> {
    let spans = node.clone().into_inner().filter(|part| part.as_rule() == Rule::quiet_span);
    let spans = spans.map(|span| quiet_span(clause, &span, found)).collect::<Vec<_>>();
    let or_skip = child(node, &[Rule::or_skip]).is_some();
    Some(QuietClause { spans: spans.into_iter().collect::<Option<_>>()?, or_skip })
}

fn quiet_span(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<QuietWords> {
    let (mut times, mut days) = (Vec::new(), 0);
    for part in node.clone().into_inner() {
        match part.as_rule() {
            Rule::time_of_day | Rule::compat_time => times.push(any_time(clause, &part, found)?),
            Rule::kw_day_name => days |= day_bit(part.as_str()),
            _ => {}
        }
    }
    let span = match times.as_slice() {
        [from, to] => QuietSpan::Daily { from: *from, to: *to },
        _ => QuietSpan::Days(days),
    };
    let clock = child(node, &[Rule::quiet_clock]).map(|clock| match child(&clock, &[Rule::zone_name]) {
        Some(zone) => QuietClockWords::Zone(clause.name(&zone)),
        None => QuietClockWords::Customer,
    });
    Some(QuietWords { span, clock, place: clause.place(node) })
}

/// `pause a rule when …`; nothing where a share cannot be.
fn guard(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<GuardClause> {
    let signs = node.clone().into_inner().filter(|part| part.as_rule() == Rule::guard);
    let signs: Vec<_> = signs.map(|sign| guard_words(clause, &sign, found)).collect();
    Some(GuardClause { signs: signs.into_iter().collect::<Option<_>>()? })
}

fn guard_words(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<GuardWords> {
    let operator = child(node, &[Rule::operator])?;
    Some(GuardWords {
        sign: clause.name(&child(node, &[Rule::word])?),
        comparison: (comparison_sign(&operator)?, clause.place(&operator)),
        threshold: threshold(clause, &child(node, &[Rule::threshold])?, found)?,
        span: clause.place(node),
    })
}

fn threshold(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<ThresholdWords> {
    let share = match child(node, &[Rule::percent, Rule::compat_percent]) {
        Some(percent) => Some(any_share(clause, &percent, found)?),
        None => None,
    };
    Some(ThresholdWords { share, span: clause.place(node) })
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
