//! Rules `on sent` that send: none may lead to itself without an end.

use crate::diagnostic::Code;
use crate::ruleset::{Action, Comparison, EventFieldId, EventId, Expr, ExprKind, Message, Rule, Value};

use super::cycle;
use super::item::{self, Of};
use super::names::shorten;
use super::report::{Problem, Report, after, problem};

/// A message that was sent, as a rule on it reads it.
struct Sent<'a> {
    message: &'a Message,
    rule: &'a Rule,
}

/// Objects to rules whose messages make them fire again, maybe by way of other rules, and of which
/// none says how often. `written` are the rules' items, by their names.
pub(super) fn check(
    rules: &[Rule],
    messages: &[Option<Message>],
    written: &[Of<'_, item::Rule<'_>>],
    report: &mut Report<'_>,
) {
    let fires = |sender: &Rule, other: &Rule| {
        let sends = sender.actions.iter().filter_map(|action| match action {
            Action::Send(position) => messages.get(*position)?.as_ref(),
            Action::Call { .. } | Action::Set { .. } => None,
        });
        // One that is limited ends the loop.
        on_sent(other)
            && other.at_most.is_none()
            && sends.map(|message| Sent { message, rule: sender }).any(|sent| sent.can_meet(&other.when))
    };
    let leads_to: Vec<Vec<usize>> = rules
        .iter()
        .map(|sender| (0..rules.len()).filter(|other| fires(sender, &rules[*other])).collect())
        .collect();
    for path in cycle::each(&leads_to) {
        let start = path[0];
        let Some(item) = written.iter().find(|item| item.name.text == rules[start].name) else { continue };
        let others: Vec<&str> = path.iter().skip(1).map(|&rule| rules[rule].name.as_str()).collect();
        report.add(endless(item, &others));
    }
}

fn on_sent(rule: &Rule) -> bool {
    rule.on_event().is_some_and(|on| on.event == EventId::SENT)
}

fn endless(item: &Of<'_, item::Rule<'_>>, others: &[&str]) -> Problem {
    let name = shorten(&item.name.text);
    let message = if others.is_empty() {
        format!("what `{name}` sends makes it send again, without an end")
    } else {
        let others: Vec<String> = others.iter().map(|other| format!("`{}`", shorten(other))).collect();
        format!("`{name}` and {} make each other send, without an end", others.join(", "))
    };
    problem(Code::SendsOnSent, item.item.head, message)
        .label("name the messages that it follows, as in `when sent.message = welcome`, or write `at most once per 30 days`")
        .why("each message would bring on the next; a policy's cap would slow them down, not end them")
        .review(after(item.item.span), "\n  at most once per 30 days")
}

impl Sent<'_> {
    /// Whether a condition may hold for it; only what was sent is looked at.
    fn can_meet(&self, when: &Expr) -> bool {
        self.truth(when) != Some(false)
    }

    /// What is certain of a condition.
    fn truth(&self, expr: &Expr) -> Option<bool> {
        match &expr.kind {
            ExprKind::And(parts) => self.joined(parts, false),
            ExprKind::Or(parts) => self.joined(parts, true),
            ExprKind::Not(inner) => self.truth(inner).map(|truth| !truth),
            ExprKind::Compare(Comparison::Equal, one, other) => self.equal(one, other),
            ExprKind::Compare(Comparison::NotEqual, one, other) => self.equal(one, other).map(|same| !same),
            ExprKind::OneOf(value, values) => {
                let own = self.text(value)?;
                Some(values.iter().any(|value| matches!(value, Value::Text(text) if text == own)))
            }
            // Anything else may hold or not.
            _ => None,
        }
    }

    /// `decides` is the truth of one part that decides for all of them.
    fn joined(&self, parts: &[Expr], decides: bool) -> Option<bool> {
        let truths: Vec<Option<bool>> = parts.iter().map(|part| self.truth(part)).collect();
        if truths.contains(&Some(decides)) {
            return Some(decides);
        }
        truths.iter().all(Option::is_some).then_some(!decides)
    }

    fn equal(&self, one: &Expr, other: &Expr) -> Option<bool> {
        Some(self.text(one)? == self.text(other)?)
    }

    /// A value that is certain: a text, or what the message is.
    fn text<'a>(&'a self, expr: &'a Expr) -> Option<&'a str> {
        match &expr.kind {
            ExprKind::Constant(Value::Text(text)) => Some(text),
            ExprKind::Fired(EventId::SENT, EventFieldId::MESSAGE) => Some(&self.message.name),
            ExprKind::Fired(EventId::SENT, EventFieldId::RULE) => Some(&self.rule.name),
            ExprKind::Fired(EventId::SENT, EventFieldId::SENT_BY) => Some(&self.message.channel.0),
            _ => None,
        }
    }
}
