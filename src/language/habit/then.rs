//! Actions as other tools write them.

use super::{Answer, At};
use crate::diagnostic::Code;

const CHANNELS: [&str; 6] = ["email", "mail", "sms", "push", "message", "template"];

pub(super) fn answer(at: &At<'_>) -> Option<Answer> {
    let before: Vec<&str> = at.before.iter().map(String::as_str).collect();
    // `send email offer`
    if let [.., "send", channel] = before.as_slice()
        && CHANNELS.contains(channel)
        && at.word.starts_with(char::is_alphabetic)
    {
        let start = at.back(channel)?;
        return Some(
            at.say(
                format!("`{channel}` is not written here"),
                "the message says by what channel it goes",
                "a name stands for the message as a whole: its purpose, its channel and its text",
            )
            .code(Code::ForeignSpelling)
            .fix((start, at.start), ""),
        )
        .map(|answer| Answer { span: (start, at.start - 1), ..answer });
    }
    // `set won_back yes`
    if let [.., "set", _] = before.as_slice()
        && at.word != "to"
        && at.word.starts_with(|c: char| c.is_alphanumeric() || c == '"' || c == ':')
    {
        if at.word == ":" {
            return Some(at.rewrite((at.start, at.end), " to"));
        }
        let written = &at.clause.text[at.start..at.end];
        return Some(
            at.say(
                "`to` is missing",
                format!("write `to {written}`"),
                "`to` parts the attribute from its new value",
            )
            .code(Code::ForeignSpelling)
            .fix((at.start, at.start), "to "),
        );
    }
    // `send the offer`
    if let [.., "send" | "call", article @ ("the" | "a" | "an" | "our")] = before.as_slice() {
        let start = at.back(article)?;
        return Some(at.rewrite((start, at.start), ""));
    }
    let sends = before.contains(&"send");
    Some(match at.word.as_str() {
        "email" | "mail" | "sms" | "notify" if at.previous() == "then" => at.instead("send"),
        "webhook" | "post" if at.previous() == "then" => at.instead("call"),
        "update" | "change" if at.previous() == "then" => at.instead("set"),
        "to" if sends => at.say(
            "an action does not say to whom",
            "everybody gets it who meets `when`",
            "whom a rule means is said in one place, so that a reviewer finds it there",
        ),
        "on" | "at" | "every" if sends => at.say(
            "an action does not say at what time",
            "write a line `every monday at 09:00` above",
            "when a rule fires is said in one place, so that a reviewer finds it there",
        ),
        "after" | "in" | "wait" if sends => at.say(
            "an action does not say how much later",
            "a rule waits after an event: `on order, after 2 days`",
            "what is waited for has to be kept: a rule begins to wait when something happens",
        ),
        "if" | "when" | "where" if sends => at.say(
            "an action has no condition of its own",
            "say it in `when`, or write a second rule",
            "the actions of a rule share one fate",
        ),
        "(" if at.before.iter().any(|word| word == "call") => {
            let close = at.clause.text.rfind(')').filter(|close| *close > at.start)?;
            let inner = at.clause.text[at.end..close].trim();
            at.rewrite((at.start, close + 1), &format!(" with {inner}"))
        }
        word if word.starts_with('"') && matches!(at.previous(), "send" | "call") => {
            let name = word.trim_matches('"');
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            at.rewrite((at.start, at.end), if plain { name } else { return None }).code(Code::NotAPlainWord)
        }
        word if at.previous() == "and"
            && before.contains(&"with")
            && word.starts_with(char::is_alphabetic) =>
        {
            let start = at.back("and")?;
            let before = at.clause.text[..start].trim_end().len();
            at.rewrite((before, start + "and".len()), ",")
        }
        word if at.previous().ends_with(',') && sends && word.starts_with(char::is_alphabetic) => at
            .say(
                "a comma alone joins no actions",
                format!("write `then send {word}`"),
                "a comma alone separates the elements of one list; actions follow one another",
            )
            .code(Code::JoinedActions)
            .fix((at.start, at.end), format!("then send {word}")),
        _ => return None,
    })
}
