//! Money, plain numbers and shares, all exact.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is no quantity, in a person's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseQuantityError {
    /// Not a decimal number such as `12` or `-3.50`.
    NotANumber,
    /// More decimals than the quantity keeps.
    TooPrecise,
    /// Beyond what 64 bits hold.
    TooLarge,
}

impl fmt::Display for ParseQuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a decimal number",
            Self::TooPrecise => "too many decimals",
            Self::TooLarge => "too large",
        })
    }
}

impl std::error::Error for ParseQuantityError {}

/// Reads a plain decimal (`-12.5`) as an integer of `10^-digits`; never through a float.
fn parse_decimal(text: &str, digits: u32) -> Result<i64, ParseQuantityError> {
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Err(ParseQuantityError::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > digits as usize {
        return Err(ParseQuantityError::TooPrecise);
    }
    let mut value: i64 = 0;
    let padding = std::iter::repeat_n(b'0', digits as usize - fraction.len());
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        let digit = i64::from(digit - b'0');
        value = value
            .checked_mul(10)
            .and_then(|v| if negative { v.checked_sub(digit) } else { v.checked_add(digit) })
            .ok_or(ParseQuantityError::TooLarge)?;
    }
    Ok(value)
}

/// Writes `value` of `10^-digits` with at least `least` decimals and no needless zeros after them.
fn write_decimal(value: i64, digits: u32, least: usize) -> String {
    let scale = 10_u64.pow(digits);
    let magnitude = value.unsigned_abs();
    let fraction = format!("{:0width$}", magnitude % scale, width = digits as usize);
    let keep = fraction.trim_end_matches('0').len().max(least);
    let sign = if value < 0 { "-" } else { "" };
    if keep == 0 {
        format!("{sign}{}", magnitude / scale)
    } else {
        format!("{sign}{}.{}", magnitude / scale, &fraction[..keep])
    }
}

/// Divides rounding half to even, the rule that favours nobody over many roundings.
fn divide_half_even(numerator: i128, denominator: i128) -> i128 {
    let (quotient, remainder) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let twice = remainder * 2;
    if twice > denominator || (twice == denominator && quotient % 2 != 0) { quotient + 1 } else { quotient }
}

/// An amount of money in ten-thousandths of the currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Money(pub i64);

impl Money {
    /// Ten-thousandths in a unit.
    pub const SCALE: i64 = 10_000;

    /// Reads `820`, `820.00`, `-3.5`.
    ///
    /// # Errors
    /// When the text is no decimal, has more than four decimals, or does not fit.
    pub fn parse(text: &str) -> Result<Self, ParseQuantityError> {
        parse_decimal(text, 4).map(Self)
    }

    /// The sum, or `None` where it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Rounded to the cent, half to even: computed money is, before it is compared or shown.
    #[must_use]
    pub fn to_cent(self) -> Self {
        Self(i64::try_from(divide_half_even(i128::from(self.0), 100) * 100).unwrap_or(self.0))
    }

    /// This share of the amount, rounded once, to the cent; `None` where it does not fit.
    #[must_use]
    pub fn share(self, share: Share) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(share.0);
        let cents = divide_half_even(product, i128::from(Share::SCALE) * 100);
        i64::try_from(cents * 100).ok().map(Self)
    }

    /// `sum / count`, to the cent.
    #[must_use]
    pub fn mean(sum: i128, count: i64) -> Option<Self> {
        if count <= 0 {
            return None;
        }
        let cents = divide_half_even(sum, i128::from(count) * 100);
        i64::try_from(cents * 100).ok().map(Self)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_decimal(self.0, 4, 2))
    }
}

/// A plain number in millionths: counts, scores, quantities. Exact, so that sums do not depend on
/// the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Number(pub i64);

impl Number {
    /// Millionths in one.
    pub const SCALE: i64 = 1_000_000;

    /// Reads `3`, `0.25`, `-7`.
    ///
    /// # Errors
    /// When the text is no decimal, has more than six decimals, or does not fit.
    pub fn parse(text: &str) -> Result<Self, ParseQuantityError> {
        parse_decimal(text, 6).map(Self)
    }

    /// A whole number; saturates far beyond any count.
    #[must_use]
    pub const fn whole(value: i64) -> Self {
        Self(value.saturating_mul(Self::SCALE))
    }

    /// `sum / count`, to the millionth.
    #[must_use]
    pub fn mean(sum: i128, count: i64) -> Option<Self> {
        if count <= 0 {
            return None;
        }
        i64::try_from(divide_half_even(sum, i128::from(count))).ok().map(Self)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_decimal(self.0, 6, 0))
    }
}

/// A share of a whole, in millionths: `1%` is 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Share(pub i64);

impl Share {
    /// Millionths in the whole.
    pub const SCALE: i64 = 1_000_000;

    /// Reads the number before a `%` sign.
    ///
    /// # Errors
    /// When the text is no decimal, has more than four decimals, or does not fit.
    pub fn parse_percent(text: &str) -> Result<Self, ParseQuantityError> {
        parse_decimal(text, 4).map(Self)
    }

    /// The share as a fraction: `0.7266`.
    #[must_use]
    pub fn fraction(self) -> String {
        write_decimal(self.0, 6, 0)
    }

    /// Whether a part of a whole is more than this share, exactly.
    #[must_use]
    pub fn is_exceeded(self, part: u64, whole: u64) -> bool {
        i128::from(part) * i128::from(Self::SCALE) > i128::from(whole) * i128::from(self.0)
    }

    /// This share of `value`, half to even; `None` where it does not fit.
    #[must_use]
    pub fn of(self, value: i64) -> Option<i64> {
        let product = i128::from(self.0) * i128::from(value);
        i64::try_from(divide_half_even(product, i128::from(Self::SCALE))).ok()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", write_decimal(self.0, 4, 0))
    }
}

/// An ISO 4217 code of three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads `EUR`; `None` for anything but three capital letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_and_written_back() {
        for (text, value) in [
            ("0", 0),
            ("820.00", 8_200_000),
            ("-3.5", -35_000),
            (".25", 2_500),
            ("922337203685477.5807", i64::MAX),
        ] {
            assert_eq!(Money::parse(text), Ok(Money(value)), "{text}");
        }
        assert_eq!(Money::parse("-922337203685477.5808"), Ok(Money(i64::MIN)));
        assert_eq!(Money(8_200_000).to_string(), "820.00");
        assert_eq!(Money(-35_001).to_string(), "-3.5001");
        assert_eq!(Number(250_000).to_string(), "0.25");
        assert_eq!(Share::parse_percent("72.66").unwrap().to_string(), "72.66%");
        assert_eq!(Share(726_600).fraction(), "0.7266");
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", "-", ".", "1,5", "1e3", "0x1", " 1", "1 ", "١", "NaN", "--1"] {
            assert_eq!(Money::parse(text), Err(ParseQuantityError::NotANumber), "{text}");
        }
        assert_eq!(Money::parse("1.00001"), Err(ParseQuantityError::TooPrecise));
        assert_eq!(Money::parse("922337203685477.5808"), Err(ParseQuantityError::TooLarge));
    }

    #[test]
    fn means_round_half_to_even_at_the_cent() {
        assert_eq!(Money::mean(100_050 + 100_000, 2), Some(Money(100_000)));
        assert_eq!(Money::mean(100_250 + 100_050, 2), Some(Money(100_200)));
        assert_eq!(Money::mean(-100_050 - 100_000, 2), Some(Money(-100_000)));
        assert_eq!(Money::mean(1, 0), None);
        assert_eq!(Money(101).share(Share(500_000)), Some(Money(100)));
        assert_eq!(Money(i64::MAX).share(Share(2_000_000)), None);
        assert_eq!(Share(500_000).of(-3), Some(-2));
    }
}
