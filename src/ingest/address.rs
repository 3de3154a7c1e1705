//! Addresses: what mail and messages can be sent to.

use std::str::FromStr;

use jiff::tz::TimeZone;

/// Bytes of an e-mail address, at most (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL_BYTES: usize = 254;
/// Digits of a phone number, at least and at most (E.164; the least is that of the shortest national ones).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// An e-mail address as it is kept.
///
/// # Errors
/// Why it is none, in words that follow it.
pub fn email(text: &str) -> Result<String, &'static str> {
    if text.chars().any(char::is_control) {
        return Err("contains a control character");
    }
    if text.len() > MAX_EMAIL_BYTES {
        return Err("is longer than 254 bytes");
    }
    match lettre::Address::from_str(text) {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err("is no e-mail address"),
    }
}

/// A phone number in E.164: `+` and digits.
///
/// # Errors
/// Why it is none, in words that follow it.
pub fn phone(text: &str) -> Result<String, &'static str> {
    let bare: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}')).collect();
    let digits = match bare.strip_prefix('+') {
        Some(digits) => digits,
        None => bare.strip_prefix("00").ok_or("has no country's prefix such as +34")?,
    };
    let plausible = PHONE_DIGITS.contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    if plausible { Ok(format!("+{digits}")) } else { Err("is no phone number") }
}

/// A time zone by its name in the IANA database, in that database's spelling.
///
/// # Errors
/// Why it is none, in words that follow it.
pub(super) fn time_zone(text: &str) -> Result<String, &'static str> {
    let zone = TimeZone::get(text).map_err(|_| "is no time zone such as Europe/Madrid")?;
    Ok(zone.iana_name().unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in ["ana@shop.example", "o'neil+x@a.b.example", "ANA@Shop.example", "ana@bücher.example"] {
            assert_eq!(email(good).as_deref(), Ok(good));
        }
        let long = format!("{}@shop.example", "a".repeat(250));
        for bad in [
            "",
            "ana",
            "ana@",
            "@shop.example",
            "a b@shop.example",
            "ana@shop.example\r\nBcc: x@y.example",
            "a@b@c",
            &long,
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn phones_in_one_spelling() {
        for (text, phone_number) in [
            ("+34 600 000 000", "+34600000000"),
            ("0034 (600) 000-000", "+34600000000"),
            ("+1.212.555.0100", "+12125550100"),
        ] {
            assert_eq!(phone(text).as_deref(), Ok(phone_number), "{text}");
        }
        for bad in ["600000000", "+34 600", "+034600000000", "+34600000000000000", "+34x00000000", ""] {
            assert!(phone(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn zones_in_the_databases_spelling() {
        assert_eq!(time_zone("asia/kolkata").as_deref(), Ok("Asia/Kolkata"));
        assert!(time_zone("Madrid").is_err());
    }
}
