//! Reads the rules of the year the naive way, line by line: they are written in a strict layout, a
//! clause a line. It shares nothing with the language's own parser.

use std::collections::BTreeMap;

use super::truth::Atom;
use crate::year::script::{DAY, HOUR, MINUTE, Ms, Tree};

/// What the files say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Book {
    pub zone: String,
    /// Ordered choices, lowest first.
    pub orders: BTreeMap<String, Vec<String>>,
    pub rules: BTreeMap<String, Rule>,
    pub messages: BTreeMap<String, Message>,
    pub caps: Vec<Cap>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    pub formerly: Option<String>,
    /// None: continuous.
    pub every: Option<Every>,
    pub when: Vec<Atom>,
    pub at_most: Option<(usize, Span)>,
    pub priority: i64,
    pub sends: Vec<String>,
    pub calls: Vec<String>,
}

impl Rule {
    pub fn is_continuous(&self) -> bool {
        self.every.is_none()
    }
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
    pub text: String,
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
        ["attribute", name, "choice", ..] if head.contains('<') => {
            let values = words[3..].iter().filter(|word| **word != "<");
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
        "message" => message_clause(book.messages.get_mut(name).unwrap(), line),
        "policy" => policy_clause(book, name, line),
        _ => {}
    }
}

fn rule_clause(rule: &mut Rule, line: &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "every" => rule.every = Some(every(rest)),
        "when" => rule.when = rest.split(" and ").map(Atom::read).collect(),
        "at" => {
            let rest = rest.strip_prefix("most ").unwrap();
            let (count, span) = rest.split_once(' ').unwrap();
            let (count, span) = match count {
                "once" => (1, span),
                count => (count.parse().unwrap(), span.strip_prefix("times ").unwrap()),
            };
            rule.at_most = Some((count, self::span(span)));
        }
        "priority" => rule.priority = rest.parse().unwrap(),
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
        _ => panic!("the checker does not know the action `{text}`"),
    }
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
    let Some(rest) = line.strip_prefix("at most ") else {
        panic!("the checker does not know the clause `{line}`");
    };
    let (count, rest) = rest.split_once(' ').unwrap();
    let (what, rest) = rest.split_once(' ').unwrap();
    let Some(over) = rest.strip_prefix("per customer ") else {
        panic!("the checker does not know the clause `{line}`");
    };
    let channel = match what {
        "message" | "messages" => None,
        channel => Some(channel.trim_end_matches('s').replace("sm", "sms")),
    };
    book.caps.push(Cap {
        policy: policy.to_owned(),
        count: count.parse().unwrap(),
        channel,
        span: span(over),
        text: line.to_owned(),
    });
}

fn span(text: &str) -> Span {
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        ["ever"] => Span::Ever,
        ["per", "day"] => Span::Day,
        ["per", "week"] => Span::Week,
        ["per", "month"] => Span::Month,
        ["per", count, "days" | "day"] => Span::Days(count.parse().unwrap()),
        ["per", count, "weeks"] => Span::Days(count.parse::<i64>().unwrap() * 7),
        ["per", count, unit] => Span::Rolling(length(count, unit)),
        _ => panic!("the checker does not know the span `{text}`"),
    }
}

fn every(text: &str) -> Every {
    if let Some((days, time)) = text.rsplit_once(" at ") {
        let (hours, minutes) = time.split_once(':').unwrap();
        let minutes = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
        return Every::Days(days.to_owned(), minutes);
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
