//! Decimals as other programs write them, made plain before they are read exactly.

use std::borrow::Cow;

/// Largest power of ten that an exponent may name.
const MAX_EXPONENT: i32 = 40;
/// So many digits of zeros or nines after those that are kept show the noise of a float.
const NOISE_DIGITS: usize = 4;

/// A decimal as `model` reads it: exponents (`8.2e2`, which JSON allows and spreadsheets write) are
/// written out, and what programs that count in binary leave behind (`2.9900000000000002`,
/// `4.44e-16`) is cut off after `digits` decimals. Real decimals beyond them stay, to be refused.
/// With `comma`, a decimal comma is read, unless it might be one of thousands (`1,234`).
/// Anything else comes back as it is: its reader says what is wrong with it.
pub(super) fn plain(text: &str, digits: usize, comma: bool) -> Cow<'_, str> {
    let text = text.trim();
    let text = if comma { decimal_comma(text) } else { Cow::Borrowed(text) };
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if decimals <= digits && !text.contains(['e', 'E']) {
        return text;
    }
    match expand(&text, digits) {
        Some(plain) => Cow::Owned(plain),
        None => text,
    }
}

fn decimal_comma(text: &str) -> Cow<'_, str> {
    match text.split_once(',') {
        Some((whole, fraction))
            if !whole.contains('.') && !fraction.contains([',', '.']) && fraction.len() != 3 =>
        {
            Cow::Owned(format!("{whole}.{fraction}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// Writes out an exponent and drops noise; `None` for what is no decimal.
fn expand(text: &str, digits: usize) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|e: &i32| e.abs() <= MAX_EXPONENT)?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut number: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // The point moves by the exponent; zeros fill what it leaves.
    let mut point = i32::try_from(whole.len()).ok()? + exponent;
    if point < 1 {
        let zeros = usize::try_from(1 - point).ok()?;
        number.splice(0..0, std::iter::repeat_n(b'0', zeros));
        point = 1;
    }
    let point = usize::try_from(point).ok()?;
    if number.len() < point {
        number.resize(point, b'0');
    }
    let point = cut_noise(&mut number, point, digits);
    let (whole, fraction) = number.split_at(point);
    let (whole, fraction) = (std::str::from_utf8(whole).ok()?, std::str::from_utf8(fraction).ok()?);
    // Noise around zero has no sign.
    let sign = if number.iter().all(|&digit| digit == b'0') { "" } else { sign };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// Rounds to `digits` decimals where what follows is noise; returns where the point is then.
fn cut_noise(number: &mut Vec<u8>, point: usize, digits: usize) -> usize {
    let keep = point + digits;
    let Some(rest) = number.get(keep..) else { return point };
    let mut follow = rest.iter().copied().chain(std::iter::repeat(b'0')).take(NOISE_DIGITS);
    let Some(first) = follow.next() else { return point };
    if !matches!(first, b'0' | b'9') || follow.any(|digit| digit != first) {
        return point;
    }
    number.truncate(keep);
    if first == b'0' {
        return point;
    }
    for digit in number.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return point;
        }
    }
    number.insert(0, b'1');
    point + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Money;

    #[test]
    fn foreign_decimals_are_read_exactly() {
        for (text, comma, plainly) in [
            ("12.5", false, "12.5"),
            ("8.2e2", false, "820"),
            ("8.2E-2", false, "0.082"),
            ("1e3", false, "1000"),
            ("-4.440892e-16", false, "0.0000"),
            ("2.9900000000000002", false, "2.9900"),
            ("2.9899999999999998", false, "2.9900"),
            ("-99.99999999999999", false, "-100.0000"),
            ("1.00005", false, "1.00005"),
            ("12,50", true, "12.50"),
            ("12,50", false, "12,50"),
            ("1,234", true, "1,234"),
            ("1.234,50", true, "1.234,50"),
            ("1e99", false, "1e99"),
            ("e5", false, "e5"),
            ("abc.defghi", false, "abc.defghi"),
            ("", true, ""),
        ] {
            assert_eq!(plain(text, 4, comma), plainly, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_float_of_cents_is_those_cents(cents in -1_000_000_000_i64..1_000_000_000) {
            #[expect(clippy::cast_precision_loss, reason = "the point of the test")]
            let float = cents as f64 * 0.01;
            let amount = Money::parse(&plain(&format!("{float}"), 4, false));
            proptest::prop_assert_eq!(amount, Ok(Money(cents * 100)));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = plain(&text, 4, true);
        }
    }
}
