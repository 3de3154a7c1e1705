//! The next occurrences of scheduled rules: so that whoever reviews a schedule sees when it fires.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;

use super::found::Tree;
use crate::cli::exit::Failure;
use crate::cli::output::Output;
use crate::cli::target::named;
use crate::model::Instant;
use crate::ruleset::{Frame, Rule, RuleSet, Schedule, Timetable};
use crate::schedule::{Clocks, Occasions, Upcoming, around_the_world, upcoming, zone_of};

/// So many of each rule.
const COUNT: usize = 5;

/// So many rules, those that fire soonest, unless all are asked for.
const RULES: usize = 10;

/// For whom they are written.
pub(super) enum Shown {
    /// For people: all rules, or those that fire soonest.
    Human { all: bool },
    /// For programs: all rules, an object a line.
    Json,
}

/// What comes of one rule.
struct Coming<'a> {
    tree: &'a Tree,
    rule: &'a Rule,
    timetable: &'a Timetable,
    zone: TimeZone,
    next: Vec<Upcoming>,
}

/// Writes the next occurrences of the scheduled rules that were asked for.
pub(super) fn show(trees: &[Tree], shown: &Shown, now: Instant, output: &mut Output) -> Result<(), Failure> {
    let mut all: Vec<Coming<'_>> = trees.iter().flat_map(|tree| coming(tree, now)).collect();
    match shown {
        Shown::Json => all.iter().try_for_each(|one| json(one, output)),
        Shown::Human { .. } if all.is_empty() => Ok(()),
        Shown::Human { all: every } => {
            if !every {
                // What never fires again is last.
                all.sort_by_key(|one| one.next.first().map_or(Instant(i64::MAX), |next| next.at));
            }
            let most = if *every { usize::MAX } else { RULES };
            output.line(output.bold("next occurrences"))?;
            all.iter().take(most).try_for_each(|one| human(one, output))?;
            if let Some(more @ 1..) = all.len().checked_sub(most) {
                let rules = if more == 1 { "rule" } else { "rules" };
                output.line(format!("  and {more} more {rules}: `cvmd check --occurrences` shows all"))?;
            }
            output.line("")
        }
    }
}

fn coming(tree: &Tree, now: Instant) -> impl Iterator<Item = Coming<'_>> {
    let workspace = workspace_zone(&tree.rules);
    let wanted = tree.rules.rules.iter().filter(|rule| tree.target.shows(&rule.place.file));
    wanted.filter_map(move |rule| {
        let timetable = rule.timetable()?;
        let zone = zone_of(&timetable.frame, None, &workspace);
        let next = upcoming(&Occasions::new(timetable, rule.season, zone.clone()), now, COUNT);
        Some(Coming { tree, rule, timetable, zone, next })
    })
}

fn workspace_zone(rules: &RuleSet) -> TimeZone {
    TimeZone::get(&rules.workspace.zone).unwrap_or(TimeZone::UTC)
}

fn human(one: &Coming<'_>, output: &mut Output) -> Result<(), Failure> {
    let Coming { rule, timetable, zone, next, .. } = one;
    let place = zone.iana_name().unwrap_or("UTC");
    let clock = match timetable.frame {
        Frame::Workspace => format!(" in {place}"),
        // The schedule names it.
        Frame::Zone(_) | Frame::Customer => String::new(),
    };
    let draft = if rule.draft { ", a draft: nothing is sent" } else { "" };
    output.line(format!("  {}: {timetable}{clock}{draft}", rule.name))?;
    if next.is_empty() {
        return output.line(format!("    {}", ended(rule)));
    }
    output.line(format!("    {}{}", times(next), if next.len() < COUNT { "; then no more" } else { "" }))?;
    for one in next {
        if let Some(note) = note(one) {
            output.line(format!("    {}: {note}", words(one.civil)))?;
        }
    }
    if timetable.frame == Frame::Customer {
        output.line(format!("    {}", by_customer(&timetable.schedule, next, zone)))?;
    }
    Ok(())
}

/// Why there is no occurrence any more.
fn ended(rule: &Rule) -> String {
    match rule.season.until {
        Some(until) => format!("no more: `until {until}`"),
        None => "never: no day is meant".into(),
    }
}

/// `mon 2026-11-23 09:00, tue …`; on one day the times alone.
fn times(next: &[Upcoming]) -> String {
    let mut day = None;
    let words = next.iter().map(|one| {
        let known = day.replace(one.civil.date()) == Some(one.civil.date());
        if known { one.civil.strftime("%H:%M").to_string() } else { words(one.civil) }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `mon 2026-11-23 09:00`.
fn words(civil: DateTime) -> String {
    civil.strftime("%a %Y-%m-%d %H:%M").to_string().to_lowercase()
}

fn note(one: &Upcoming) -> Option<String> {
    match one.clocks {
        Clocks::Plain => None,
        Clocks::LeftOut(written) => Some(format!(
            "the clocks go forward and leave out {}, so it runs at the first time after it",
            written.strftime("%H:%M")
        )),
        Clocks::First => Some("the clocks show this time twice, and this is the first of the two".into()),
        Clocks::Second => Some("the clocks show this time twice, and this is the second of the two".into()),
    }
}

/// What `customer time` makes of the first occurrence.
fn by_customer(schedule: &Schedule, next: &[Upcoming], zone: &TimeZone) -> String {
    let place = zone.iana_name().unwrap_or("UTC");
    let around = match schedule {
        Schedule::Every(_) => None,
        Schedule::Days { .. } | Schedule::Cron(_) => next.first().and_then(|one| around_the_world(one.civil)),
    };
    let local = |at: Instant| {
        let stamp = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(words(zone.to_datetime(stamp)))
    };
    let span = around.and_then(|(first, last)| Some((local(first)?, local(last)?)));
    let known = format!("each customer by their own clock, by that of {place} where theirs is not known");
    match span {
        Some((first, last)) => format!("{known}; the first of these lasts from {first} to {last} there"),
        None => known,
    }
}

/// A rule's occurrences for programs.
#[derive(Serialize)]
struct Object<'a> {
    rule: &'a str,
    file: String,
    line: u32,
    schedule: String,
    zone: &'a str,
    customer_time: bool,
    draft: bool,
    occurrences: Vec<serde_json::Value>,
}

fn json(one: &Coming<'_>, output: &mut Output) -> Result<(), Failure> {
    let Coming { tree, rule, timetable, zone, next } = one;
    let occurrence = |next: &Upcoming| {
        json!({
            "at": next.at,
            "local": next.civil.strftime("%Y-%m-%dT%H:%M").to_string(),
            "weekday": next.civil.strftime("%A").to_string().to_lowercase(),
            "note": note(next),
        })
    };
    let object = Object {
        rule: &rule.name,
        file: named(&tree.target.root, &rule.place.file),
        line: rule.place.line,
        schedule: timetable.to_string(),
        zone: zone.iana_name().unwrap_or("UTC"),
        customer_time: timetable.frame == Frame::Customer,
        draft: rule.draft,
        occurrences: next.iter().map(occurrence).collect(),
    };
    // Strings and numbers always serialise.
    output.line(serde_json::to_string(&object).unwrap_or_default())
}
