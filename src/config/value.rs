//! Single values: durations, addresses, paths. Each parser says what to write instead.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::de::DeValue;

use super::read::Parsed;
use super::settings::Address;
use crate::model::{Duration, MINUTE_MS};

/// The longest schedule of retries.
const MAX_RETRIES: usize = 50;

/// A text that is not empty.
pub(super) fn text(value: &DeValue<'_>) -> Parsed<String> {
    match value.as_str() {
        Some("") => Err("is empty: leave the key out, or write a value".into()),
        Some(text) if text.chars().any(char::is_control) => {
            Err("has a control character in it: remove it".into())
        }
        Some(text) => Ok(text.into()),
        None => Err(format!("is {}: write a text in quotes", kind(value))),
    }
}

/// `true` or `false`.
pub(super) fn boolean(value: &DeValue<'_>) -> Parsed<bool> {
    value.as_bool().ok_or_else(|| format!("is {}: write `true` or `false`, without quotes", kind(value)))
}

/// A whole number within limits.
pub(super) fn number(range: RangeInclusive<usize>) -> impl Fn(&DeValue<'_>) -> Parsed<usize> {
    move |value| {
        let (low, high) = (range.start(), range.end());
        let wrong = || format!("is {}: write a whole number from {low} to {high}", shown(value));
        let digits = value.as_integer().filter(|number| number.radix() == 10).ok_or_else(wrong)?;
        let number = digits.as_str().parse().map_err(|_| wrong())?;
        if range.contains(&number) { Ok(number) } else { Err(wrong()) }
    }
}

/// A path relative to the configuration's folder.
pub(super) fn path(folder: &Path) -> impl Fn(&DeValue<'_>) -> Parsed<PathBuf> {
    move |value| text(value).map(|text| folder.join(text))
}

/// `60s`, `24h`, `500ms`, `5m`, `2d`, within limits.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&DeValue<'_>) -> Parsed<Duration> {
    move |value| {
        if let Some(number) = value.as_integer() {
            return Err(format!("is a number without a unit: write `\"{}s\"`", number.as_str()));
        }
        let text = text(value)?;
        let parsed = parse_duration(&text)?;
        if range.contains(&parsed) {
            return Ok(parsed);
        }
        let (low, high) = (short(*range.start()), short(*range.end()));
        Err(format!("is `{text}`: write something from `\"{low}\"` to `\"{high}\"`"))
    }
}

/// A schedule of waits between tries.
pub(super) fn retries(value: &DeValue<'_>) -> Parsed<Vec<Duration>> {
    let wrong = || format!("is {}: write a list such as `[\"5s\", \"5m\", \"2h\"]`", kind(value));
    let list = value.as_array().ok_or_else(wrong)?;
    if list.len() > MAX_RETRIES {
        return Err(format!("has {} waits: write at most {MAX_RETRIES}", list.len()));
    }
    let wait = duration(Duration(1)..=Duration::days(30));
    list.iter().map(|item| wait(item.get_ref()).map_err(|text| format!("has a wait that {text}"))).collect()
}

/// A list of texts.
pub(super) fn texts(value: &DeValue<'_>) -> Parsed<Vec<String>> {
    let wrong = || format!("is {}: write a list of texts, `[\"…\", \"…\"]`", kind(value));
    let list = value.as_array().ok_or_else(wrong)?;
    list.iter()
        .map(|item| text(item.get_ref()).map_err(|text| format!("has an element that {text}")))
        .collect()
}

/// `127.0.0.1:8087`.
pub(super) fn tcp(value: &DeValue<'_>) -> Parsed<SocketAddr> {
    let text = text(value)?;
    text.parse().map_err(|_| {
        let port = text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).unwrap_or(8087);
        format!("is `{text}`: write an IP address and a port, `\"127.0.0.1:{port}\"`")
    })
}

/// `unix:PATH`, relative to the configuration's folder, or an IP address and port.
pub(super) fn address(folder: &Path) -> impl Fn(&DeValue<'_>) -> Parsed<Address> {
    move |value| match text(value)?.strip_prefix("unix:") {
        Some("") => Err("names no socket: write `\"unix:data/cvmd.sock\"`".into()),
        Some(path) => Ok(Address::Unix(folder.join(path))),
        None => tcp(value).map(Address::Tcp).map_err(|text| format!("{text} or `\"unix:data/cvmd.sock\"`")),
    }
}

/// The base of links: scheme, host, perhaps a port and a path; the slash at its end is dropped.
pub(super) fn url(value: &DeValue<'_>) -> Parsed<String> {
    let text = text(value)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let bad = |c: char| c.is_whitespace() || matches!(c, '?' | '#' | '@' | '"' | '<' | '>' | '\\');
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with(['/', ':']) && !rest.contains(bad) => {
            Ok(text.trim_end_matches('/').into())
        }
        Some(_) | None => {
            Err(format!("is `{text}`: write an address such as `\"https://mail.shop.example\"`"))
        }
    }
}

/// Whether a URL's host is this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.split(':').next().unwrap_or(authority),
    };
    is_loopback_host(host)
}

/// Whether a host name or address without brackets is this machine.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Reads a whole number and its unit: `500ms`, `60s`, `5m`, `24h`, `2d`.
///
/// # Errors
/// For any other text; the error says what to write.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("is `{text}`: write a length of time such as `\"60s\"`, `\"5m\"`, `\"24h\"`");
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (count, unit) = text.split_at(split);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => MINUTE_MS,
        "h" => 60 * MINUTE_MS,
        "d" => 24 * 60 * MINUTE_MS,
        _ => return Err(wrong()),
    };
    let count: i64 = count.parse().map_err(|_| wrong())?;
    count.checked_mul(unit).map(Duration).ok_or_else(wrong)
}

/// A duration in the configuration's own spelling.
pub(super) fn short(duration: Duration) -> String {
    let units = [("d", 24 * 60 * MINUTE_MS), ("h", 60 * MINUTE_MS), ("m", MINUTE_MS), ("s", 1_000)];
    let fits = units.iter().find(|(_, size)| duration.0 != 0 && duration.0 % size == 0);
    fits.map_or_else(|| format!("{}ms", duration.0), |(name, size)| format!("{}{name}", duration.0 / size))
}

/// Bytes of a megabyte, as disks are sold.
pub(super) const MB: u64 = 1_000_000;

/// `256MB`, `2GB`, or `0`: bytes.
pub(super) fn size(value: &DeValue<'_>) -> Parsed<u64> {
    const ADVICE: &str = "write a size such as `\"256MB\"` or `\"2GB\"`, or `\"0\"`";
    let Some(text) = value.as_str() else { return Err(format!("is {}: {ADVICE}", kind(value))) };
    let wrong = || format!("is `{text}`: {ADVICE}");
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(split);
    let count: u64 = count.parse().map_err(|_| wrong())?;
    let unit = match unit {
        "" if count == 0 => 1,
        "MB" => MB,
        "GB" => 1_000 * MB,
        _ => return Err(wrong()),
    };
    count.checked_mul(unit).ok_or_else(wrong)
}

/// What kind of value it is, in plain words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

/// A number as it was written, other values by their kind.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => format!("`{}`", number.as_str()),
        DeValue::Float(number) => format!("`{}`", number.as_str()),
        DeValue::String(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => kind(value).into(),
    }
}
