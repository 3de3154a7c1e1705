//! What pauses a rule and holds a run.

use crate::diagnostic::{Code, Span};
use crate::language::tree::{GuardClause, GuardWords, ThresholdWords};
use crate::model::{Number, Share, Sign};
use crate::ruleset::{Comparison, Growth, Guard};

use super::names::shorten;
use super::report::{Problem, Report, problem};
use super::suggest::{did_you_mean, nearest};
use super::workspace::duplicate_clause;

/// What is written for the signs by people who call them otherwise.
const OTHERWISE: [(&str, Sign); 14] = [
    ("bounce", Sign::Bounces),
    ("bounced", Sign::Bounces),
    ("bounce_rate", Sign::Bounces),
    ("hard_bounces", Sign::Bounces),
    ("complaint", Sign::Complaints),
    ("complained", Sign::Complaints),
    ("complaint_rate", Sign::Complaints),
    ("spam", Sign::Complaints),
    ("spam_complaints", Sign::Complaints),
    ("unsubscribe", Sign::Unsubscribes),
    ("unsubscribed", Sign::Unsubscribes),
    ("unsubscribe_rate", Sign::Unsubscribes),
    ("unsubscribers", Sign::Unsubscribes),
    ("opt_outs", Sign::Unsubscribes),
];

/// The guards of `pause a rule when …`, added to those that the policy has already.
pub(super) fn check(clause: &GuardClause, guards: &mut Vec<Guard>, report: &mut Report<'_>) {
    for words in &clause.signs {
        // One mistake hides no other.
        let (sign, above) = (sign(words, report), exceeded(words, report));
        let (Some(sign), Some(above)) = (sign, above) else { continue };
        if guards.iter().any(|guard| guard.sign == sign) {
            report.add(duplicate_clause(&format!("pause a rule when {sign}"), words.span));
            continue;
        }
        guards.push(Guard { sign, above, place: report.place(words.span) });
    }
}

/// The policy's `hold a run when its audience grew by more than …`, which it says once.
pub(super) fn growth(
    words: &ThresholdWords,
    span: Span,
    known: Option<&Growth>,
    report: &mut Report<'_>,
) -> Option<Growth> {
    if known.is_some() {
        report.add(duplicate_clause("hold a run", span));
        return None;
    }
    let above = share(words, report)?;
    Some(Growth { above, place: report.place(span) })
}

fn sign(words: &GuardWords, report: &mut Report<'_>) -> Option<Sign> {
    let written = words.sign.text.as_str();
    let known = Sign::ALL.into_iter().find(|sign| sign.word() == written);
    if known.is_some() {
        return known;
    }
    let lower = written.to_ascii_lowercase();
    let otherwise = OTHERWISE.iter().find(|(word, _)| *word == lower).map(|(_, sign)| sign.word());
    let near = otherwise.or_else(|| nearest(&lower, Sign::ALL.map(Sign::word)));
    let label = if near.is_some() {
        did_you_mean(near)
    } else {
        "write `bounces`, `complaints` or `unsubscribes`".to_owned()
    };
    report.add(
        problem(Code::UnknownSign, words.sign.span, format!("nothing is counted as `{}`", shorten(written)))
            .label(label)
            .why("a guard over something that is never counted would guard nothing")
            .near(words.sign.span, near),
    );
    None
}

/// The share that a guard lets pass.
fn exceeded(words: &GuardWords, report: &mut Report<'_>) -> Option<Share> {
    let (comparison, span) = words.comparison;
    if comparison != Comparison::Greater {
        report.add(
            problem(Code::GuardComparison, span, "a guard asks whether there are more than a share")
                .label("write `>`")
                .why("with any other sign it would pause rules that do no harm, or none")
                .review(span, ">"),
        );
    }
    let share = share(&words.threshold, report)?;
    if share.0 >= Share::SCALE {
        report.add(
            problem(
                Code::BadThreshold,
                words.threshold.span,
                format!("of all messages never more than {share} do that"),
            )
            .label("a share below 100%")
            .why("the guard would never act, and whoever reads it would believe that it does"),
        );
        return None;
    }
    (comparison == Comparison::Greater).then_some(share)
}

fn share(words: &ThresholdWords, report: &mut Report<'_>) -> Option<Share> {
    let Some(share) = words.share else {
        report.add(needs_percent(words.span, report.text(words.span)));
        return None;
    };
    if share.0 < 0 {
        report.add(
            problem(Code::BadThreshold, words.span, format!("`{share}` is less than nothing"))
                .label("a share of 0% or more")
                .why("the guard would act always, whatever happens"),
        );
        return None;
    }
    Some(share)
}

fn needs_percent(span: Span, digits: &str) -> Problem {
    let digits = digits.trim();
    // `0.05` is 5%, as spreadsheets have it.
    let part = Number::parse(digits).ok().filter(|part| (1..Number::SCALE).contains(&part.0));
    let right = part.map_or(digits.to_owned(), |part| Number(part.0 * 100).to_string());
    problem(Code::NeedsPercent, span, format!("`{}` is no share", shorten(digits)))
        .label("a share is written with `%`")
        .why("some read 0.1 as a tenth, others 10")
        .review(span, format!("{right}%"))
}
