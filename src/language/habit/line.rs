//! Lines that begin with a word of another tool, and the first lines of items.

use crate::diagnostic::Code;

use super::super::split::ItemWord;
use super::{Answer, At, sign};

const LINES: &str = "a line that begins with no clause word continues the line above";

/// A line of an item that begins with no clause word.
pub(super) fn answer(at: &At<'_>) -> Option<Answer> {
    let alone = at.rest().lines().next().is_none_or(|rest| rest.trim().is_empty());
    if alone && super::closes(&at.word) {
        return Some(sign::closing(at));
    }
    match at.clause.item {
        ItemWord::Rule | ItemWord::When => rule(at),
        ItemWord::Policy => policy(at),
        ItemWord::Message => message(at),
        ItemWord::Webhook => webhook(at),
        ItemWord::Workspace => workspace(at),
        ItemWord::Segments => (at.rest().split_whitespace().next() == Some("else")).then(|| place_else(at)),
        ItemWord::Attribute
        | ItemWord::Event
        | ItemWord::Audience
        | ItemWord::Tiers
        | ItemWord::Offer
        | ItemWord::Budget
        | ItemWord::Journey
        | ItemWord::Test => None,
    }
}

/// A clause that begins rightly and goes on as another would.
pub(super) fn opening(at: &At<'_>) -> Option<Answer> {
    if !at.before.is_empty() {
        return None;
    }
    let next = at.rest().split_whitespace().next()?;
    let next_start = at.end + at.rest().find(next)?;
    match (at.clause.item, at.word.as_str()) {
        // `expires in 1 day`
        (ItemWord::Message, "expires") => {
            let end = if next.starts_with(|c: char| c.is_ascii_digit()) {
                at.end
            } else if matches!(next, "in" | "within" | ":" | "=") {
                next_start + next.len()
            } else {
                return None;
            };
            Some(at.rewrite((at.start, end), "expires after"))
        }
        // `at 09:00 every day`
        (ItemWord::Rule | ItemWord::When, "at") => Some(timed(at)),
        (ItemWord::Policy, "pause") => super::policy::opening(at),
        // `answer in 20 seconds`
        (ItemWord::Webhook, "answer") => super::webhook::opening(at),
        // `if several rules want one customer keep highest priority`
        (ItemWord::Policy, "if") => {
            let words = at.clause.text.split([' ', ',', '\t', '\n']);
            let said: Vec<&str> = words.filter(|word| !matches!(*word, "" | "the")).collect();
            let meant = format!("{SEVERAL} keep highest priority");
            (said.join(" ") == meant)
                .then(|| at.rewrite((at.start, at.clause.text.trim_end().len()), ARBITRATION))
        }
        _ => None,
    }
}

/// A rule's time without its days, or before them.
fn timed(at: &At<'_>) -> Answer {
    let line = at.clause.text.trim_end();
    let words: Vec<&str> = at.rest().split_whitespace().collect();
    let clock = |word: &str| word.contains(':') && word.starts_with(|c: char| c.is_ascii_digit());
    let right = match words.as_slice() {
        [time, "every", days @ ..] if clock(time) && !days.is_empty() => {
            Some(format!("every {} at {time}", days.join(" ")))
        }
        [time] if clock(time) => Some(format!("every day at {time}")),
        _ => None,
    };
    let answer = at.say(
        "a time of day stands behind its days",
        match &right {
            Some(right) => format!("write `{right}`"),
            None => {
                "write `every monday at 09:00`, and for one day `from 2026-12-24 until 2026-12-24`".into()
            }
        },
        "a schedule names its day and its time, so that nobody has to guess when it fires",
    );
    let answer = Answer { span: (at.start, line.len()), ..answer };
    match right {
        Some(right) => answer.fix((at.start, line.len()), right),
        None => answer,
    }
}

const SEVERAL: &str = "if several rules want one customer";
/// The whole clause.
const ARBITRATION: &str = "if several rules want one customer, keep highest priority";

/// A clause that is called otherwise.
pub(super) fn called(at: &At<'_>, right: &str) -> Answer {
    at.say(format!("unknown clause `{}`", at.word), format!("write `{right}`"), LINES)
        .code(Code::UnknownClause)
        .fix((at.start, at.end), right)
}

/// A line that has no counterpart of the same shape.
fn unknown(at: &At<'_>, label: &str) -> Answer {
    at.say(format!("unknown clause `{}`", at.word), label, LINES).code(Code::UnknownClause)
}

fn rule(at: &At<'_>) -> Option<Answer> {
    let timed = at.rest().lines().next().is_some_and(|line| line.contains(':'));
    let at_nine = |words: &str| if timed { words.to_owned() } else { format!("{words} at 09:00") };
    Some(match at.word.as_str() {
        "if" | "where" | "whenever" | "for" | "condition" => called(at, "when"),
        "send" | "call" | "set" => at
            .say(
                format!("`{}` stands without `then`", at.word),
                format!("write `then {}`", at.word),
                "`then` parts the condition from what is done",
            )
            .code(Code::UnknownClause)
            .fix((at.start, at.end), format!("then {}", at.word)),
        "do" | "action" | "actions" => called(at, "then"),
        "daily" => called(at, &at_nine("every day")),
        "weekly" => called(at, &at_nine("every monday")),
        "monthly" => called(at, &at_nine("every month on day 1")),
        "hourly" => called(at, "every 1 hour"),
        "limit" | "max" | "maximum" | "cap" => called(at, "at most"),
        "once" | "twice" => called(at, &format!("at most {}", at.word)),
        "only" if at.rest().trim_start().starts_with("new match") => {
            let line = at.rest().find('\n').map_or(at.clause.text.len(), |end| at.end + end);
            at.rewrite((at.start, line), "new matches only").code(Code::UnknownClause)
        }
        "only" => unknown(at, "write `at most once ever`, or `at most once per 30 days`"),
        "wait" | "delay" => {
            unknown(at, "a rule waits after an event: `on order, after 2 days`; the condition is asked then")
        }
        "else" | "otherwise" | "elseif" | "elif" => {
            unknown(at, "a rule has no other branch: write a second rule with the opposite condition")
        }
        "from" | "until" => at
            .say(
                format!("`{}` needs a date", at.word),
                format!("write it as in `{} 2026-11-26`", at.word),
                "a date in words or with slashes may be read in more than one way",
            )
            .code(Code::ForeignTime),
        "starting" | "starts" | "since" => called(at, "from"),
        "ending" | "ends" | "end" => called(at, "until"),
        word if word.bytes().all(|byte| byte.is_ascii_digit()) => return later(at),
        "trigger" | "triggered" => {
            unknown(at, "write `on order` for an event, `every day at 09:00` for a time")
        }
        "schedule" | "run" | "runs" => unknown(at, "write `every monday at 09:00`"),
        _ => return None,
    })
}

/// `2 hours after cart_abandoned`
fn later(at: &At<'_>) -> Option<Answer> {
    let line = at.rest().find('\n').map_or(at.clause.text.len(), |end| at.end + end);
    let words: Vec<&str> = at.clause.text[at.end..line].split_whitespace().collect();
    let [unit, "after", event] = words.as_slice() else { return None };
    let right = format!("on {event}, after {} {unit}", at.word);
    Some(at.rewrite((at.start, line), &right).code(Code::UnknownClause))
}

fn policy(at: &At<'_>) -> Option<Answer> {
    Some(match at.word.as_str() {
        "max" | "maximum" | "limit" | "cap" => called(at, "at most"),
        "no" | "not" if at.rest().trim_start().starts_with("more than") => {
            let end = at.end + at.rest().find("than")? + "than".len();
            at.rewrite((at.start, end), "at most").code(Code::UnknownClause)
        }
        "when" if at.rest().contains("several rules") => {
            let line = at.rest().find('\n').map_or(at.clause.text.len(), |end| at.end + end);
            at.rewrite((at.start, line), ARBITRATION).code(Code::UnknownClause)
        }
        "no" | "never" => unknown(at, "write `quiet hours 21:00 to 08:00`, or `quiet hours all of sunday`"),
        "silence" | "silent" => called(at, "quiet hours"),
        "keep" | "highest" | "arbitration" | "arbitrate" | "conflict" | "conflicts" | "prioritize" => {
            let line = at.rest().find('\n').map_or(at.clause.text.len(), |end| at.end + end);
            unknown(at, "write `if several rules want one customer, keep highest priority`")
                .fix((at.start, line), ARBITRATION)
        }
        _ => return None,
    })
}

fn message(at: &At<'_>) -> Option<Answer> {
    let line_end = at.rest().find('\n').map_or(at.clause.text.len(), |end| at.end + end);
    let channel = at.clause.text[at.end..line_end].trim();
    Some(match at.word.as_str() {
        purpose @ ("marketing" | "transactional") => {
            let channel = if channel.is_empty() { "email" } else { channel };
            unknown(at, &format!("the channel comes first: `{channel} {purpose}`"))
                .fix((at.start, line_end), format!("{channel} {purpose}"))
        }
        "e" if at.rest().starts_with("-mail") => at.rewrite((at.start, at.end + "-mail".len()), "email"),
        "reply" if at.rest().starts_with("-to") => at.rewrite((at.start, at.end + "-to".len()), "reply to"),
        "title" | "headline" => called(at, "subject"),
        "html" | "template" | "content" | "file" => called(at, "body"),
        "sender" => called(at, "from"),
        "preheader" => called(at, "preview"),
        _ => return None,
    })
}

/// `email promotional`, `sms marketing via gateway`
pub(super) fn purpose(at: &At<'_>) -> Option<Answer> {
    match (at.before.len(), at.word.as_str()) {
        (1, "promotional" | "promotion" | "promo" | "newsletter" | "commercial") => {
            Some(at.instead("marketing"))
        }
        (1, "service" | "transaction" | "receipt" | "system") => Some(at.instead("transactional")),
        (2, "via" | "through" | "over" | "with" | "webhook") => {
            let start = at.rest().strip_prefix(" webhook").filter(|_| at.word != "webhook");
            let end = start.map_or(at.end, |rest| at.clause.text.len() - rest.len());
            Some(at.rewrite((at.start, end), "by webhook"))
        }
        _ => None,
    }
}

fn workspace(at: &At<'_>) -> Option<Answer> {
    Some(match at.word.as_str() {
        "zone" | "timezone" | "time_zone" | "tz" => called(at, "time zone"),
        "money" | "counts" => called(at, "currency"),
        "first_run" => called(at, "first run"),
        _ => return None,
    })
}

fn webhook(at: &At<'_>) -> Option<Answer> {
    Some(match at.word.as_str() {
        "url" | "address" | "to" | "endpoint" => called(at, "post"),
        "get" | "put" | "patch" | "delete" => unknown(at, "a webhook is always called by `post`"),
        "secret" | "key" | "token" => called(at, "signed with secret"),
        "timeout" | "time" | "timeouts" => return super::webhook::time_out(at),
        _ => return None,
    })
}

fn place_else(at: &At<'_>) -> Answer {
    let start = at.end + at.rest().len() - at.rest().trim_start().len();
    at.rewrite((start, start + "else".len()), "otherwise")
}

/// The head of an item, and places of a segmentation, where `when` is missing or called otherwise.
pub(super) fn head(at: &At<'_>) -> Option<Answer> {
    let item = at.opener();
    let named = at.before.len() == 2;
    let place = at.clause.item == ItemWord::Segments && at.before.len() == 1 && item != "segments";
    if (item == "audience" && named) || place {
        return Some(match at.word.as_str() {
            "if" | "where" | "is" | "=" | ":" => {
                at.rewrite((at.start, at.end), if at.word == ":" { " when" } else { "when" })
            }
            "else" => at.rewrite((at.start, at.end), "otherwise"),
            _ => at
                .say(
                    "`when` is missing",
                    format!("write `when {}`", at.word),
                    "`when` parts the name from the condition",
                )
                .fix((at.start, at.start), "when "),
        });
    }
    // `rule winback draft`
    if item == "rule" && named && at.word == "draft" {
        let end = at.clause.text[..at.start].trim_end().len();
        return Some(
            at.say(
                "`draft` stands on a line of its own",
                "write it below",
                "so that a reviewer does not miss it",
            )
            .fix((end, at.end), "\n  draft"),
        );
    }
    // `rule "Win back"`
    let quoted = at.word.starts_with('"') && at.word.len() > 2;
    if quoted
        && at.before.len() == 1
        && matches!(item, "rule" | "message" | "audience" | "policy" | "webhook" | "event")
    {
        let name: String =
            at.word.trim_matches('"').chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.is_ascii() {
            return None;
        }
        let written = &at.clause.text[at.start..at.end];
        let right = if item == "rule" { format!("{name} {written}") } else { name.clone() };
        return Some(
            at.say(
                format!("{written} is no plain word"),
                format!("write `{right}`"),
                "names stand in file names, columns and placeholders: letters, digits and `_`",
            )
            .code(Code::NotAPlainWord)
            .fix((at.start, at.end), right),
        );
    }
    None
}
