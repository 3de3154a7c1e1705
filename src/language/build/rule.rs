//! The clauses of a rule, schedules included.

use crate::diagnostic::Diagnostic;
use crate::model::{DAY_MS, Duration, MINUTE_MS};
use crate::ruleset::DaySet;

use super::super::clause::Clause;
use super::super::fault::impossible;
use super::super::grammar::{Node, Rule};
use super::super::tree::{PeriodWords, RuleClause, ScheduleWords, ZoneWords};
use super::condition::expression;
use super::value::{DURATIONS, any_date, any_duration, any_time, whole};
use super::{NAMES, TEXTS, child};

/// The clause that a rule of the grammar read; nothing where it is broken or not available.
pub(super) fn rule_clause(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<RuleClause> {
    let span = clause.place(node);
    Some(match node.as_rule() {
        Rule::owner_clause => RuleClause::Owner(clause.name(&child(node, &TEXTS)?)),
        Rule::when_clause => RuleClause::When(expression(clause, &child(node, &[Rule::expression])?, found)),
        Rule::on_clause => {
            let after = match child(node, &[Rule::on_after]) {
                None => None,
                Some(after) => {
                    let words = child(&after, &DURATIONS)?;
                    Some((any_duration(clause, &words, found)?, clause.place(&words)))
                }
            };
            let event = clause.name(&child(node, &NAMES)?);
            RuleClause::On(event, after, child(node, &[Rule::on_each]).is_some(), span)
        }
        Rule::after_clause => RuleClause::After(span),
        Rule::give_up_clause => {
            RuleClause::GiveUpAfter(any_duration(clause, &child(node, &DURATIONS)?, found)?, span)
        }
        Rule::priority_clause => {
            let number = whole(clause, &child(node, &[Rule::whole])?, 100, found)?;
            RuleClause::Priority(u8::try_from(number).ok()?, span)
        }
        Rule::at_most_clause => {
            let period = period(clause, &child(node, &[Rule::period])?, found);
            if let Some(count) = child(node, &[Rule::in_all]) {
                let count = whole(clause, &child(&count, &[Rule::whole])?, u64::from(u32::MAX), found)?;
                return Some(RuleClause::InAll(u32::try_from(count).ok()?, period?, span));
            }
            RuleClause::AtMost { count: times(clause, node, found)?, period: period?, span }
        }
        Rule::draft_clause => RuleClause::Draft(span),
        Rule::new_matches_clause => RuleClause::NewMatchesOnly(span),
        Rule::every_clause => {
            let words = schedule(clause, &child(node, &[Rule::every])?, found)?;
            RuleClause::Every(words, zone(clause, node), span)
        }
        Rule::cron_clause => {
            let words = ScheduleWords::Cron(clause.name(&child(node, &TEXTS)?));
            RuleClause::Every(words, zone(clause, node), span)
        }
        Rule::season_clause => {
            let mut day = |part| match child(node, &[part]) {
                None => Some(None),
                Some(part) => {
                    let date = child(&part, &[Rule::date, Rule::compat_date])?;
                    any_date(clause, &date, found).map(|day| Some((day, clause.place(&date))))
                }
            };
            // Both are read, so that both are answered.
            let (from, until) = (day(Rule::season_from), day(Rule::season_until));
            RuleClause::Season { from: from?, until: until? }
        }
        Rule::if_missed_clause => {
            RuleClause::IfMissed(any_duration(clause, &child(node, &DURATIONS)?, found)?, span)
        }
        _ => return None,
    })
}

fn times(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<u32> {
    let count = child(node, &[Rule::kw_once, Rule::compat_twice, Rule::whole])?;
    match count.as_rule() {
        Rule::kw_once => Some(1),
        Rule::compat_twice => Some(2),
        _ => u32::try_from(whole(clause, &count, u64::from(u32::MAX), found)?).ok(),
    }
}

/// `per day`, `per 30 days`, `ever`. Days and weeks count on the customer's calendar, hours and
/// minutes by the clock.
pub(super) fn period(
    clause: &Clause<'_>,
    node: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<PeriodWords> {
    let inner = node.clone().into_inner().find(|part| part.as_rule() != Rule::kw_per)?;
    Some(match inner.as_rule() {
        Rule::kw_ever => PeriodWords::Ever,
        Rule::kw_day => PeriodWords::Day,
        Rule::kw_week => PeriodWords::Week,
        Rule::kw_month => PeriodWords::Month,
        Rule::kw_hour => PeriodWords::Rolling(Duration::hours(1)),
        Rule::kw_minute => PeriodWords::Rolling(Duration(MINUTE_MS)),
        _ => {
            let duration = any_duration(clause, &inner, found)?;
            let by_clock = child(&inner, &[Rule::unit]).map_or_else(
                || inner.as_str().to_ascii_lowercase().contains(['h', 'm']),
                |unit| unit.as_str().to_ascii_lowercase().starts_with(['h', 'm']),
            ) && inner.as_rule() != Rule::compat_months;
            if by_clock {
                PeriodWords::Rolling(duration)
            } else {
                rolling_days(clause, &inner, duration, found)?
            }
        }
    })
}

fn rolling_days(
    clause: &Clause<'_>,
    node: &Node<'_>,
    duration: Duration,
    found: &mut Vec<Diagnostic>,
) -> Option<PeriodWords> {
    if duration.0 % DAY_MS != 0 {
        let message = format!("`{}` is no whole number of days", node.as_str().trim_end());
        let why = "days are counted on the customer's calendar; for less than that write hours";
        found.push(impossible(clause.place(node), message, why));
        return None;
    }
    u32::try_from(duration.0 / DAY_MS).ok().map(PeriodWords::RollingDays)
}

/// Whose clock: `customer time`, `in ZONE`, or neither.
fn zone(clause: &Clause<'_>, node: &Node<'_>) -> ZoneWords {
    let Some(zone) = child(node, &[Rule::zone]) else { return ZoneWords::None };
    child(&zone, &[Rule::zone_name]).map_or(ZoneWords::Customer, |name| ZoneWords::In(clause.name(&name)))
}

fn schedule(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<ScheduleWords> {
    if let Some(interval) = child(node, &DURATIONS) {
        return any_duration(clause, &interval, found).map(ScheduleWords::Every);
    }
    let at = match child(node, &[Rule::time_of_day, Rule::compat_time, Rule::compat_hour]) {
        // A time that cannot be was answered: the clause is broken.
        Some(time) => Some(any_time(clause, &time, found)?),
        None => None,
    };
    Some(ScheduleWords::Days { days: days(clause, &child(node, &[Rule::days])?, found)?, at })
}

const EVERY_DAY: u8 = 0b111_1111;
const WEEKDAYS: u8 = 0b001_1111;

fn days(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<DaySet> {
    if child(node, &[Rule::kw_month]).is_some() {
        return match child(node, &[Rule::whole]) {
            None => Some(DaySet::MonthEnd),
            Some(day) => month_day(clause, &day, found).map(DaySet::MonthDay),
        };
    }
    let mut set = 0;
    for part in node.clone().into_inner() {
        set |= match part.as_rule() {
            Rule::kw_day => EVERY_DAY,
            Rule::kw_weekday => WEEKDAYS,
            Rule::kw_day_name => day_bit(part.as_str()),
            _ => 0,
        };
    }
    Some(DaySet::Week(set))
}

fn month_day(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Option<u8> {
    let day = whole(clause, node, 31, found)?;
    if day == 0 {
        let why = "days of the month are 1 to 31; `last day` is the month's end";
        found.push(impossible(clause.place(node), "there is no day `0` of a month".into(), why));
        return None;
    }
    u8::try_from(day).ok()
}

/// Bit 0 is Monday.
pub(super) fn day_bit(name: &str) -> u8 {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let name = name.trim_end();
    names.iter().position(|day| day.eq_ignore_ascii_case(name)).map_or(0, |day| 1 << day)
}
