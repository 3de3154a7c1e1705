//! What is right and could be better: said on request, never an error. Looks at a whole rule set.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Span};
use crate::ruleset::{Action, Cap, CapSubject, EventId, Expr, ExprKind, Place, Read, Rule, RuleSet, Trigger};

use super::item::Of;
use super::names::shorten;
use super::report::{Report, line_of, problem};

/// Attributes and events as they are written: the rule set does not say where.
pub(super) struct Written<'i, 't, A, E> {
    pub(super) attributes: &'i [Of<'t, A>],
    pub(super) events: &'i [Of<'t, E>],
}

/// Says what could be better.
pub(super) fn advise<A, E>(rules: &RuleSet, written: &Written<'_, '_, A, E>, report: &mut Report<'_>) {
    no_end_date(rules, report);
    does_the_same(rules, report);
    never_used(rules, written, report);
    never_binds(rules, report);
}

/// Who writes when a campaign begins knows that it is one.
fn no_end_date(rules: &RuleSet, report: &mut Report<'_>) {
    for rule in &rules.rules {
        let (Some(from), None) = (rule.season.from, rule.season.until) else { continue };
        let Some(span) = line_of(report.sources, &rule.place) else { continue };
        report.add(
            problem(
                Code::NoEndDate,
                span,
                format!("`{}` begins on {from} and never ends", shorten(&rule.name)),
            )
            .label("add `until` with its last day, as in `from 2026-11-26 until 2026-12-31`")
            .why("a campaign of a season goes on sending long after it, until somebody notices"),
        );
    }
}

/// Two rules that fire alike, for the same people, and do the same.
fn does_the_same(rules: &RuleSet, report: &mut Report<'_>) {
    let mut written: Vec<&Rule> = rules.rules.iter().collect();
    written.sort_by_key(|rule| (rule.place.file.clone(), rule.place.line));
    for (index, rule) in written.iter().enumerate() {
        let does = rules.running(rule).does;
        let twin = written[..index].iter().find(|other| {
            other.trigger == rule.trigger && other.season == rule.season && rules.running(other).does == does
        });
        let (Some(twin), Some(span)) = (twin, line_of(report.sources, &rule.place)) else { continue };
        report.add(
            problem(
                Code::DoesTheSame,
                span,
                format!("`{}` does what `{}` does", shorten(&rule.name), shorten(&twin.name)),
            )
            .label(format!("the other is at {}; keep one of the two", twin.place))
            .why("whoever matches is contacted by both: each counts only its own `at most`"),
        );
    }
}

/// What a rule set speaks of.
#[derive(Default)]
struct Used {
    fields: BTreeSet<u16>,
    audiences: BTreeSet<usize>,
    events: BTreeSet<EventId>,
    messages: BTreeSet<usize>,
    webhooks: BTreeSet<usize>,
}

impl Used {
    fn by(rules: &RuleSet) -> Self {
        let mut used = Self::default();
        for rule in &rules.rules {
            used.expr(&rule.when);
            if let Trigger::Event(on) = &rule.trigger {
                used.events.insert(on.event);
            }
            for action in &rule.actions {
                match action {
                    Action::Send(message) => drop(used.messages.insert(*message)),
                    Action::Call { webhook, fields } => {
                        used.webhooks.insert(*webhook);
                        for (_, value) in fields {
                            used.expr(value);
                        }
                    }
                    Action::Set { field, value } => {
                        used.fields.insert(field.0);
                        used.expr(value);
                    }
                }
            }
        }
        for message in &rules.messages {
            used.webhooks.extend(message.webhook);
            for (_, value) in &message.fields {
                used.expr(value);
            }
        }
        rules.segments.iter().flat_map(|segments| &segments.conditions).for_each(|when| used.expr(when));
        rules.audiences.iter().for_each(|audience| used.expr(&audience.when));
        used
    }

    fn expr(&mut self, expr: &Expr) {
        match expr.reads() {
            Some(Read::Field(field)) => drop(self.fields.insert(field.0)),
            Some(Read::Audience(position)) => drop(self.audiences.insert(position)),
            Some(Read::Segments(_)) | None => {}
        }
        match &expr.kind {
            ExprKind::Aggregate { event, .. } | ExprKind::TimeSince { event, .. } => {
                self.events.insert(*event);
            }
            _ => {}
        }
        for part in expr.children() {
            self.expr(part);
        }
    }
}

/// Declarations that nothing speaks of. Places of a segmentation are looked at by people too, so
/// these are left out.
fn never_used<A, E>(rules: &RuleSet, written: &Written<'_, '_, A, E>, report: &mut Report<'_>) {
    let used = Used::by(rules);
    let mut unused: Vec<(&str, &str, Span)> = Vec::new();
    let line = |place: &Place| line_of(report.sources, place);
    for (position, message) in rules.messages.iter().enumerate() {
        let idle = !used.messages.contains(&position);
        unused.extend(line(&message.place).filter(|_| idle).map(|at| ("message", message.name.as_str(), at)));
    }
    for (position, webhook) in rules.webhooks.iter().enumerate() {
        let idle = !used.webhooks.contains(&position);
        unused.extend(line(&webhook.place).filter(|_| idle).map(|at| ("webhook", webhook.name.as_str(), at)));
    }
    for (position, audience) in rules.audiences.iter().enumerate() {
        let idle = !used.audiences.contains(&position);
        unused.extend(
            line(&audience.place).filter(|_| idle).map(|at| ("audience", audience.name.as_str(), at)),
        );
    }
    for attribute in written.attributes {
        let field = rules.schema.find(&attribute.name.text).map(|field| field.0);
        if field.is_some_and(|field| !used.fields.contains(&field)) {
            unused.push(("attribute", &attribute.name.text, attribute.name.span));
        }
    }
    for event in written.events {
        let known = rules.schema.events.iter().position(|known| known.name == event.name.text);
        let id = known.and_then(|position| u16::try_from(position).ok()).map(EventId);
        if id.is_some_and(|id| !used.events.contains(&id)) {
            unused.push(("event", &event.name.text, event.name.span));
        }
    }
    for (what, name, span) in unused {
        report.add(
            problem(Code::NeverUsed, span, format!("nothing uses the {what} `{}`", shorten(name)))
                .label("no rule, message, segment or audience names it")
                .why("what nobody uses looks as if it were at work; leave it out, or use it"),
        );
    }
}

/// Limits that a stricter one of the same period makes idle.
fn never_binds(rules: &RuleSet, report: &mut Report<'_>) {
    let caps: Vec<&Cap> = rules.policies.iter().flat_map(|policy| &policy.caps).collect();
    for (index, cap) in caps.iter().enumerate() {
        let stricter = caps.iter().enumerate().find(|(other, by)| {
            // Of two that are alike the later one is idle.
            let first = by.count < cap.count || *other < index;
            *other != index && first && covers(by, cap)
        });
        let (Some((_, by)), Some(span)) = (stricter, line_of(report.sources, &cap.place)) else { continue };
        report.add(
            problem(Code::NeverBinds, span, "this limit is never reached")
                .label(format!("a stricter one stands at {}", by.place))
                .why("who reads this line believes that so many are possible; keep the one that is meant"),
        );
    }
}

/// Whether a cap lets nothing through that would meet another.
fn covers(strict: &Cap, idle: &Cap) -> bool {
    let counts = match (&strict.subject, &idle.subject) {
        (CapSubject::Messages, CapSubject::Messages | CapSubject::Channel(_)) => true,
        (CapSubject::Channel(one), CapSubject::Channel(other)) => one == other,
        (CapSubject::Channel(_), CapSubject::Messages) => false,
    };
    // A deferred message is not let through sooner by a limit that skips.
    counts && strict.scope == idle.scope && strict.period == idle.period && strict.count <= idle.count
}
