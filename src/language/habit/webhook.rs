//! How long an endpoint may take, as people say it.

use super::{Answer, At, line};
use crate::diagnostic::Code;

/// Seconds that may be written.
const SECONDS: std::ops::RangeInclusive<u32> = 1..=600;

/// `answer within 20s`, `answer within 1 minute`.
pub(super) fn answer(at: &At<'_>) -> Option<Answer> {
    let text = at.clause.text;
    let start = text.find("within").map(|place| place + "within".len())?;
    let start = start + text[start..].len() - text[start..].trim_start().len();
    let said = rest_of_line(&text[start..]);
    let right = whole_seconds(said)?;
    (right != said).then(|| at.rewrite((start, start + said.len()), &right).code(Code::ForeignTime))
}

/// `timeout 20 seconds`, `time out after 20 s`: the line's beginning.
pub(super) fn time_out(at: &At<'_>) -> Option<Answer> {
    let (right, end) = meant(at)?;
    Some(line::called(at, &right).fix((at.start, end), right))
}

/// `answer in 20 seconds`, `answer after 20 s`: the clause's first word.
pub(super) fn opening(at: &At<'_>) -> Option<Answer> {
    let (right, end) = meant(at)?;
    Some(at.rewrite((at.start, end), &right))
}

/// The clause that a line means, and where that line ends.
fn meant(at: &At<'_>) -> Option<(String, usize)> {
    let line = rest_of_line(at.rest());
    let fill = |c: char| c.is_whitespace() || matches!(c, ':' | '=');
    let mut said = line.trim_start_matches(fill);
    for word in ["out", "in", "after", "of", "within"] {
        said = said.strip_prefix(word).map_or(said, |rest| rest.trim_start_matches(fill));
    }
    Some((format!("answer within {}", whole_seconds(said)?), at.end + line.len()))
}

/// A length of time in whole seconds.
fn whole_seconds(said: &str) -> Option<String> {
    let digits = said.find(|c: char| !c.is_ascii_digit()).unwrap_or(said.len());
    let number: u32 = said[..digits].parse().ok()?;
    let seconds = match said[digits..].trim().to_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => Some(number),
        "m" | "min" | "mins" | "minute" | "minutes" => number.checked_mul(60),
        "ms" | "msec" | "millisecond" | "milliseconds" => Some(number.div_ceil(1_000)),
        _ => None,
    }?;
    let noun = if seconds == 1 { "second" } else { "seconds" };
    SECONDS.contains(&seconds).then(|| format!("{seconds} {noun}"))
}

/// What stands on the rest of a line, comments left out.
fn rest_of_line(text: &str) -> &str {
    text.split(['\n', '#']).next().unwrap_or("").trim_end()
}
