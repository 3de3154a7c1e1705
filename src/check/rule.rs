//! `rule`: for whom, when, how often, and what.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{Action as Written, Expr, Name, RuleClause};
use crate::model::{Date, Duration};
use crate::ruleset::{self, AtMost, InAll, Timetable, Trigger};

use super::action::{self, Acting, Targets};
use super::expression::{Expressions, Scope, no_movement};
use super::item::{Of, Rule};
use super::names::{Names, shorten};
use super::report::{Report, after, problem};
use super::workspace::duplicate_clause;
use super::{on_event, period, schedule, season};

/// The clauses of a rule, each once.
#[derive(Default)]
struct Clauses<'t> {
    owner: Option<&'t Name>,
    every: Option<(Option<Timetable>, Span)>,
    season: season::Written,
    if_missed: Option<(Duration, Span)>,
    on: Option<on_event::Written<'t>>,
    when: Option<&'t Expr>,
    at_most: Option<(Option<AtMost>, Span)>,
    in_all: Option<(Option<InAll>, Span)>,
    give_up_after: Option<(Duration, Span)>,
    priority: Option<u8>,
    then: Option<&'t [Written]>,
    draft: Option<Span>,
    new_matches_only: Option<Span>,
}

/// A tick sees who moved, and it comes after the event.
const MOVEMENT_AT_AN_EVENT: (Code, &str, &str) = (
    Code::WrongPlace,
    "movement in a rule on an event",
    "who moved is seen by the next tick, after the event was met: it would never be true; ask where the customer is, with `=` or `!=`",
);

/// A checked rule; `None` after a diagnostic.
pub(super) fn check(
    item: &Of<'_, Rule<'_>>,
    names: &Names,
    targets: &Targets<'_>,
    today: Date,
    report: &mut Report<'_>,
) -> Option<ruleset::Rule> {
    let clauses = collect(item.parts.clauses, item.item.head, report);
    let broken = item.item.broken;
    let on = clauses.on.as_ref().and_then(|on| on_event::check(on, names, report));
    let does_nothing = clauses.then.is_none_or(<[Written]>::is_empty);
    let means_nobody = clauses.when.is_none() && clauses.on.is_none();
    if means_nobody && !broken {
        report.add(
            problem(
                Code::NoWhen,
                item.item.head,
                format!("`{}` does not say whom it means", shorten(&item.name.text)),
            )
            .label(if does_nothing {
                "add `when …` and `then …`, indented: in column 1 begins another item"
            } else {
                "add `when …`"
            })
            .why("a rule without a condition would mean everybody"),
        );
    }
    if does_nothing && !means_nobody && !broken {
        report.add(
            problem(Code::NoThen, item.item.head, format!("`{}` does nothing", shorten(&item.name.text)))
                .label("add `then send …` or `then call …`")
                .why("whoever reads it would believe that customers are contacted"),
        );
    }
    let fired = on.as_ref().map(|on| on.event);
    let when = match clauses.when {
        Some(when) => {
            let moved = clauses.on.is_some() && no_movement(when, report, MOVEMENT_AT_AN_EVENT);
            let mut expressions = Expressions { names, fired, report: &mut *report };
            // One mistake hides no other.
            expressions.condition(when, Scope::Customer).filter(|_| !moved)
        }
        // The event says whom it means.
        None => clauses.on.as_ref().map(|on| on_event::everybody(on, report)),
    };
    let acting = Acting {
        names,
        fired: if clauses.on.is_some() && on.is_none() { Err(()) } else { Ok(fired) },
        end: clauses.every.is_none().then_some(item.item.span),
    };
    let actions = clauses.then.map(|actions| action::check(actions, acting, targets, report));
    if let (Some(on), Some((_, span))) = (&clauses.on, &clauses.every) {
        report.add(on_event::two_triggers(on.span, *span));
    }
    if let (Some((_, span)), true) =
        (clauses.give_up_after, (clauses.every.is_some() || clauses.on.is_some()) && !broken)
    {
        report.add(gives_up_on_a_schedule(span));
    }
    if let Some((Some(timetable), span)) = &clauses.every {
        // A move is met by one occurrence: who goes on being there has not moved again.
        let moves = when.as_ref().is_some_and(schedule::needs_a_move);
        if clauses.at_most.is_none() && !moves && !broken && schedule::is_daily(&timetable.schedule) {
            report.add(repeats_daily(*span));
        }
        schedule::warn_of_gaps(timetable, *span, (&names.zone, today), report);
    }
    if let (Some(span), true) = (clauses.new_matches_only, clauses.every.is_some()) {
        report.add(not_continuous(span));
    }
    let trigger = match clauses.every {
        None if clauses.on.is_some() => on.map(Trigger::Event),
        None => Some(Trigger::Continuous),
        Some((every, _)) => every.map(Trigger::Scheduled),
    };
    let season = season::check(&clauses.season, today, report);
    let trigger = trigger.and_then(|mut trigger| {
        season::if_missed(clauses.if_missed, &mut trigger, report).then_some(trigger)
    });
    Some(ruleset::Rule {
        name: item.name.text.clone(),
        title: item.parts.title.map(|title| title.text.clone()),
        owner: clauses.owner.map(|owner| owner.text.clone()),
        place: report.place(item.item.head),
        trigger: trigger?,
        season: season?,
        when: when?,
        at_most: match clauses.at_most {
            None => None,
            Some((at_most, _)) => Some(at_most?),
        },
        in_all: match clauses.in_all {
            None => None,
            Some((in_all, _)) => Some(in_all?),
        },
        give_up_after: clauses.give_up_after.map(|(after, _)| after),
        priority: clauses.priority.unwrap_or(50),
        actions: actions??,
        draft: clauses.draft.is_some(),
        new_matches_only: clauses.new_matches_only.is_some(),
    })
}

fn gives_up_on_a_schedule(span: Span) -> super::report::Problem {
    problem(Code::GiveUpNeedsContinuous, span, "a rule that fires at given times does not try again")
        .label("only a rule without a schedule or event does")
        .why("what is capped on a schedule is skipped; a cap's `or wait up to 2 days` defers it")
}

fn not_continuous(span: Span) -> super::report::Problem {
    problem(Code::NewMatchesScheduled, span, "a rule with a schedule has no new matches")
        .label("leave it out, or leave the schedule out")
        .why("it meets whoever matches at each of its times; only a rule without one waits for customers to come")
}

fn repeats_daily(span: Span) -> super::report::Problem {
    problem(Code::RepeatsDaily, span, "whoever goes on matching gets this at every run")
        .label("no `at most` limits it")
        .why("a customer who matches for a month gets the message on every run of that month")
        .review(after(span), "\n  at most once per 30 days")
}

fn collect<'t>(written: &'t [RuleClause], head: Span, report: &mut Report<'_>) -> Clauses<'t> {
    let mut clauses = Clauses::default();
    for clause in written {
        let twice = match clause {
            RuleClause::Owner(owner) => clauses.owner.replace(owner).map(|_| ("owner", owner.span)),
            RuleClause::Every(words, zone, span) => {
                let every = schedule::check(words, zone, *span, report);
                clauses.every.replace((every, *span)).map(|_| ("every", *span))
            }
            RuleClause::Season { from, until } => {
                let (first, last) = (&mut clauses.season.from, &mut clauses.season.until);
                let from = from.and_then(|day| first.replace(day).map(|_| ("from", day.1)));
                from.or(until.and_then(|day| last.replace(day).map(|_| ("until", day.1))))
            }
            RuleClause::IfMissed(within, span) => {
                clauses.if_missed.replace((*within, *span)).map(|_| ("if missed", *span))
            }
            RuleClause::On(event, after, each, span) => {
                let written = on_event::Written { event, after: *after, each: *each, span: *span };
                clauses.on.replace(written).map(|_| ("on", *span))
            }
            RuleClause::After(span) => {
                report.add(on_event::without_on(*span));
                None
            }
            RuleClause::When(when) => clauses.when.replace(when).map(|_| ("when", when.span)),
            RuleClause::AtMost { count, period, span } => {
                let period = period::check(*period, *span, report);
                let at_most = period.map(|period| AtMost { count: *count, period });
                clauses.at_most.replace((at_most, *span)).map(|_| ("at most", *span))
            }
            RuleClause::InAll(count, period, span) => {
                let period = period::check(*period, *span, report);
                let in_all = period.map(|period| InAll { count: *count, period, place: report.place(*span) });
                clauses.in_all.replace((in_all, *span)).map(|_| ("at most … per …", *span))
            }
            RuleClause::GiveUpAfter(after, span) => {
                clauses.give_up_after.replace((*after, *span)).map(|_| ("give up after", *span))
            }
            RuleClause::Priority(priority, span) => {
                clauses.priority.replace(*priority).map(|_| ("priority", *span))
            }
            RuleClause::Draft(span) => clauses.draft.replace(*span).map(|_| ("draft", *span)),
            RuleClause::NewMatchesOnly(span) => {
                clauses.new_matches_only.replace(*span).map(|_| ("new matches only", *span))
            }
            RuleClause::Then(actions) => {
                let span = actions.first().map_or(head, action::span);
                clauses.then.replace(actions).map(|_| ("then", span))
            }
        };
        if let Some((word, span)) = twice {
            report.add(duplicate_clause(word, span));
        }
    }
    clauses
}
