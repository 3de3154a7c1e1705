//! Reads the rules of the year the naive way, line by line: they are written in a strict layout, a
//! clause a line. It shares nothing with the language's own parser.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::truth::Atom;
use crate::year::script::{DAY, HOUR, MINUTE, Ms, Tree};

/// A place of a segmentation with its condition; none: otherwise.
pub type Place = (String, Option<Vec<Atom>>);

/// What the files say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Book {
    pub zone: String,
    /// Ordered choices, lowest first.
    pub orders: BTreeMap<String, Vec<String>>,
    pub rules: BTreeMap<String, Rule>,
    pub messages: BTreeMap<String, Message>,
    /// The places of a segmentation, in their order.
    pub segments: BTreeMap<String, Vec<Place>>,
    pub audiences: BTreeMap<String, Vec<Atom>>,
    pub caps: Vec<Cap>,
    pub quiet: Vec<Quiet>,
    /// Of which harm a rule is paused.
    pub guards: Vec<Sign>,
    /// By how much a run's audience may grow, in percent.
    pub growth: Option<usize>,
    /// Of several rules that want one customer the one of highest priority is kept.
    pub keeps_one: bool,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    pub formerly: Option<String>,
    /// Rehearsed only.
    pub draft: bool,
    /// On which event.
    pub on: Option<On>,
    /// None: continuous, or on an event.
    pub every: Option<Every>,
    pub clock: Clock,
    /// The first and the last day.
    pub from: Option<Date>,
    pub until: Option<Date>,
    /// A missed occurrence runs once if it is less late than this; none: an hour.
    pub grace: Option<Ms>,
    pub when: Vec<Atom>,
    pub at_most: Option<(usize, Span)>,
    /// Over all customers together.
    pub in_all: Option<(usize, Span)>,
    pub priority: i64,
    pub sends: Vec<String>,
    pub calls: Vec<String>,
    /// Attributes and what they are set to.
    pub sets: Vec<(String, String)>,
    /// How long it tries again.
    pub gives_up: Option<Ms>,
}

/// The event on which a rule fires.
#[derive(Debug, Clone, PartialEq)]
pub struct On {
    pub event: String,
    pub after: Option<Ms>,
    pub each: bool,
}

impl Rule {
    pub fn is_continuous(&self) -> bool {
        self.every.is_none() && self.on.is_none()
    }

    /// Whether it asks who moved.
    pub fn moves(&self) -> bool {
        self.when.iter().any(|atom| matches!(atom, Atom::Moved(_)))
    }
}

/// By whose clock a rule goes.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Clock {
    #[default]
    Workspace,
    Customer,
    Zone(String),
}

/// When a scheduled rule fires.
#[derive(Debug, Clone, PartialEq)]
pub enum Every {
    Step(Ms),
    /// The words for the days, and minutes after midnight.
    Days(String, i64),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    pub channel: String,
    pub marketing: bool,
    pub expires: Option<Ms>,
}

/// What a count spans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Span {
    Day,
    Week,
    Month,
    Ever,
    /// At the same wall time so many days before.
    Days(i64),
    Rolling(Ms),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Cap {
    pub policy: String,
    pub count: usize,
    /// A channel; none: all messages.
    pub channel: Option<String>,
    pub span: Span,
    pub in_total: bool,
    /// What does not fit waits for room.
    pub waits: bool,
    pub text: String,
}

/// What became of messages, and how much of it is too much, in percent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sign {
    pub sign: &'static str,
    pub percent: usize,
}

/// Quiet hours, in minutes after midnight of the customer's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Quiet {
    pub from: i64,
    pub to: i64,
    pub or_skip: bool,
}

pub fn read(tree: &Tree) -> Book {
    let mut book = Book { zone: "UTC".into(), ..Book::default() };
    for text in tree.values() {
        let mut head = "";
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            if line.trim().is_empty() {
                continue;
            }
            if line.starts_with(' ') {
                clause(&mut book, head, line.trim());
            } else {
                head = line;
                begin(&mut book, head);
            }
        }
    }
    book
}

fn begin(book: &mut Book, head: &str) {
    let words: Vec<&str> = head.split_whitespace().collect();
    match words[..] {
        ["rule", name, ..] => {
            book.rules.insert(name.into(), Rule { priority: 50, ..Rule::default() });
        }
        ["message", name] => {
            book.messages.insert(name.into(), Message::default());
        }
        ["segments", name] => {
            book.segments.insert(name.into(), Vec::new());
        }
        ["audience", name, "when", ..] => {
            let (_, when) = head.split_once(" when ").unwrap();
            book.audiences.insert(name.into(), atoms(when));
        }
        ["attribute", name, "choice", ..] if head.contains('<') => {
            let values = words[3..].iter().take_while(|word| **word != "set").filter(|word| **word != "<");
            book.orders.insert(name.into(), values.map(|word| (*word).to_owned()).collect());
        }
        _ => {}
    }
}

fn clause(book: &mut Book, head: &str, line: &str) {
    let (item, name) = head.split_once(' ').unwrap_or((head, ""));
    let name = name.split_whitespace().next().unwrap_or_default();
    match item {
        "workspace" => {
            if let Some(zone) = line.strip_prefix("time zone ") {
                zone.trim().clone_into(&mut book.zone);
            }
        }
        "rule" => rule_clause(book.rules.get_mut(name).unwrap(), line),
        "segments" => {
            let place = match line.split_once(" when ") {
                Some((place, when)) => (place.to_owned(), Some(atoms(when))),
                None => (line.strip_suffix(" otherwise").unwrap().to_owned(), None),
            };
            book.segments.get_mut(name).unwrap().push(place);
        }
        "message" => message_clause(book.messages.get_mut(name).unwrap(), line),
        "policy" => policy_clause(book, name, line),
        _ => {}
    }
}

fn rule_clause(rule: &mut Rule, line: &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "every" => scheduled(rule, rest),
        "on" => match rest.strip_prefix("cron ") {
            Some(line) => scheduled(rule, &plain(line)),
            None => rule.on = Some(on(rest)),
        },
        "from" => {
            let (from, until) = rest.split_once(" until ").map_or((rest, None), |(a, b)| (a, Some(b)));
            rule.from = Some(from.parse().unwrap());
            rule.until = until.map(|day| day.parse().unwrap());
        }
        "if" => {
            let (count, unit) = rest.strip_prefix("missed, run within ").unwrap().split_once(' ').unwrap();
            rule.grace = Some(length(count, unit));
        }
        "give" => {
            let (count, unit) = rest.strip_prefix("up after ").unwrap().split_once(' ').unwrap();
            rule.gives_up = Some(length(count, unit));
        }
        "when" => rule.when = atoms(rest),
        "at" => {
            let rest = rest.strip_prefix("most ").unwrap();
            let (count, span) = rest.split_once(' ').unwrap();
            match (count, span.strip_prefix("times ")) {
                ("once", _) => rule.at_most = Some((1, self::span(span))),
                (count, Some(span)) => rule.at_most = Some((count.parse().unwrap(), self::span(span))),
                (count, None) => rule.in_all = Some((count.parse().unwrap(), self::span(span))),
            }
        }
        "priority" => rule.priority = rest.parse().unwrap(),
        "draft" => rule.draft = true,
        "formerly" => rule.formerly = Some(rest.to_owned()),
        "then" => action(rule, rest),
        "call" | "send" => action(rule, line),
        _ => panic!("the checker does not know the clause `{line}`"),
    }
}

fn action(rule: &mut Rule, text: &str) {
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (Some("send"), Some(message)) => rule.sends.push(message.to_owned()),
        (Some("call"), Some(webhook)) => rule.calls.push(webhook.to_owned()),
        (Some("set"), Some(attribute)) => {
            let value = words.nth(1).unwrap();
            rule.sets.push((attribute.to_owned(), value.to_owned()));
        }
        _ => panic!("the checker does not know the action `{text}`"),
    }
}

fn atoms(text: &str) -> Vec<Atom> {
    text.split(" and ").map(Atom::read).collect()
}

/// `cart_abandoned, after 2 hours, for each event`.
fn on(text: &str) -> On {
    let mut parts = text.split(", ");
    let event = parts.next().unwrap().to_owned();
    let mut on = On { event, after: None, each: false };
    for part in parts {
        match part.strip_prefix("after ").and_then(|after| after.split_once(' ')) {
            Some((count, unit)) => on.after = Some(length(count, unit)),
            None => on.each = part == "for each event",
        }
    }
    on
}

fn message_clause(message: &mut Message, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [channel, purpose @ ("marketing" | "transactional"), ..] => {
            channel.clone_into(&mut message.channel);
            message.marketing = purpose == "marketing";
        }
        ["expires", "after", count, unit] => message.expires = Some(length(count, unit)),
        _ => {}
    }
}

fn policy_clause(book: &mut Book, policy: &str, line: &str) {
    if line == "if several rules want one customer, keep highest priority" {
        book.keeps_one = true;
    } else if let Some(rest) = line.strip_prefix("quiet hours ") {
        let (or_skip, rest) = rest.strip_suffix(" or skip").map_or((false, rest), |rest| (true, rest));
        let (from, to) = rest.strip_suffix(" customer time").unwrap().split_once(" to ").unwrap();
        book.quiet.push(Quiet { from: clock(from), to: clock(to), or_skip });
    } else if let Some(rest) = line.strip_prefix("at most ") {
        book.caps.push(cap(policy, line, rest));
    } else if let Some(rest) = line.strip_prefix("pause a rule when ") {
        book.guards.extend(rest.split(" or ").map(sign));
    } else if let Some(rest) = line.strip_prefix("hold a run when its audience grew by more than ") {
        book.growth = Some(percent(rest));
    } else {
        panic!("the checker does not know the clause `{line}`");
    }
}

fn sign(text: &str) -> Sign {
    let (name, above) = text.split_once(" > ").unwrap();
    let all = ["bounces", "complaints", "unsubscribes"];
    let sign = all.into_iter().find(|one| *one == name).unwrap();
    Sign { sign, percent: percent(above) }
}

fn percent(text: &str) -> usize {
    text.strip_suffix('%').unwrap().parse().unwrap()
}

fn cap(policy: &str, line: &str, text: &str) -> Cap {
    let (waits, text) = text.split_once(" or wait ").map_or((false, text), |(text, _)| (true, text));
    let (count, rest) = text.split_once(' ').unwrap();
    let (what, rest) = rest.split_once(' ').unwrap();
    let (in_total, over) = match rest.strip_prefix("per customer ") {
        Some(over) => (false, over),
        None => (true, rest.strip_suffix(" in total").unwrap()),
    };
    let channel = match what {
        "message" | "messages" => None,
        "sms" => Some("sms".to_owned()),
        channel => Some(channel.trim_end_matches('s').to_owned()),
    };
    Cap {
        policy: policy.to_owned(),
        count: count.parse().unwrap(),
        channel,
        span: span(over),
        in_total,
        waits,
        text: line.to_owned(),
    }
}

/// Minutes after midnight.
fn clock(text: &str) -> i64 {
    let (hours, minutes) = text.split_once(':').unwrap();
    hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()
}

fn span(text: &str) -> Span {
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        ["ever"] => Span::Ever,
        ["per", "day"] => Span::Day,
        ["per", "week"] => Span::Week,
        ["per", "month"] => Span::Month,
        ["per", "hour"] => Span::Rolling(HOUR),
        ["per", count, "days" | "day"] => Span::Days(count.parse().unwrap()),
        ["per", count, "weeks"] => Span::Days(count.parse::<i64>().unwrap() * 7),
        ["per", count, unit] => Span::Rolling(length(count, unit)),
        _ => panic!("the checker does not know the span `{text}`"),
    }
}

fn scheduled(rule: &mut Rule, text: &str) {
    let (text, clock) = match text.strip_suffix(" customer time") {
        Some(text) => (text, Clock::Customer),
        None => match text.split_once(" in ") {
            Some((text, zone)) => (text, Clock::Zone(zone.to_owned())),
            None => (text, Clock::Workspace),
        },
    };
    rule.every = Some(every(text));
    rule.clock = clock;
}

/// A cron line of minute, hour and weekdays, in the words of `every`.
fn plain(text: &str) -> String {
    let (line, clock) = text.trim_start_matches('"').split_once('"').unwrap();
    let [minute, hour, "*", "*", days] = line.split(' ').collect::<Vec<_>>()[..] else {
        panic!("the checker does not know the cron line `{line}`");
    };
    let days = match days {
        "*" => "day",
        "mon-fri" => "weekday",
        "tue,sat" => "tuesday, saturday",
        _ => panic!("the checker does not know the days `{days}`"),
    };
    format!("{days} at {hour}:{minute}{clock}")
}

fn every(text: &str) -> Every {
    if let Some((days, time)) = text.rsplit_once(" at ") {
        return Every::Days(days.to_owned(), clock(time));
    }
    let (count, unit) = text.split_once(' ').unwrap();
    Every::Step(length(count, unit))
}

/// A length of time: `2 hours`.
pub fn length(count: &str, unit: &str) -> Ms {
    let one = match unit.trim_end_matches('s') {
        "minute" => MINUTE,
        "hour" => HOUR,
        "day" => DAY,
        "week" => 7 * DAY,
        _ => panic!("the checker does not know the unit `{unit}`"),
    };
    count.parse::<Ms>().unwrap() * one
}
