//! Why a row or a cell was not taken: codes that scripts may rely on.

use serde::{Serialize, Serializer};

/// Why a row, or one cell of it, was not taken. The texts are stable for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectCode {
    /// The row's bytes are no UTF-8.
    NotUtf8,
    /// The row contains a NUL byte: no text file does.
    NulByte,
    /// The row is longer than [`super::MAX_ROW_BYTES`].
    RowTooLong,
    /// The row has more or fewer cells than the header.
    ColumnCount,
    /// A quote that is not closed, or text after a closing quote.
    BadQuotes,
    /// The line is no flat JSON object.
    BadJson,
    /// The id of the customer, the order or the event is missing.
    MissingId,
    /// An id that is too long or has control characters.
    BadId,
    /// A time that is missing or cannot be read.
    BadTime,
    /// A time more than five minutes ahead of the clock.
    InFuture,
    /// The name of the event is missing or cannot be one.
    BadEvent,
    /// A total that is missing or no amount.
    BadTotal,
    /// A currency that is not three letters.
    BadCurrency,
    /// A quantity that is no number.
    BadQuantity,
    /// With totals per order: the lines of one order name different totals.
    TotalsDiffer,
    /// The lines of one order name different currencies.
    CurrenciesDiffer,
    /// Another line of the same order was rejected; half an order would be wrong.
    IncompleteOrder,
    /// The same id of an order or an event with other content, in the file or in the store.
    Conflict,
    /// The customer was erased: what is said of that id is not taken.
    Erased,
    /// A cell: no e-mail address that mail can be sent to.
    BadEmail,
    /// A cell: no phone number with its country's prefix.
    BadPhone,
    /// A cell: no zone such as `Europe/Madrid`.
    BadTimeZone,
    /// A cell: neither yes nor no.
    BadConsent,
    /// A cell: no value of its field's type.
    BadValue,
    /// A cell: longer than [`super::MAX_TEXT_BYTES`].
    TextTooLong,
}

impl RejectCode {
    /// All codes.
    pub const ALL: [Self; 25] = [
        Self::NotUtf8,
        Self::NulByte,
        Self::RowTooLong,
        Self::ColumnCount,
        Self::BadQuotes,
        Self::BadJson,
        Self::MissingId,
        Self::BadId,
        Self::BadTime,
        Self::InFuture,
        Self::BadEvent,
        Self::BadTotal,
        Self::BadCurrency,
        Self::BadQuantity,
        Self::TotalsDiffer,
        Self::CurrenciesDiffer,
        Self::IncompleteOrder,
        Self::Conflict,
        Self::Erased,
        Self::BadEmail,
        Self::BadPhone,
        Self::BadTimeZone,
        Self::BadConsent,
        Self::BadValue,
        Self::TextTooLong,
    ];

    /// As it stands in rejects, summaries and HTTP answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NulByte => "nul_byte",
            Self::RowTooLong => "row_too_long",
            Self::ColumnCount => "column_count",
            Self::BadQuotes => "bad_quotes",
            Self::BadJson => "bad_json",
            Self::MissingId => "missing_id",
            Self::BadId => "bad_id",
            Self::BadTime => "bad_time",
            Self::InFuture => "in_future",
            Self::BadEvent => "bad_event",
            Self::BadTotal => "bad_total",
            Self::BadCurrency => "bad_currency",
            Self::BadQuantity => "bad_quantity",
            Self::TotalsDiffer => "totals_differ",
            Self::CurrenciesDiffer => "currencies_differ",
            Self::IncompleteOrder => "incomplete_order",
            Self::Conflict => "conflict",
            Self::Erased => "erased",
            Self::BadEmail => "bad_email",
            Self::BadPhone => "bad_phone",
            Self::BadTimeZone => "bad_time_zone",
            Self::BadConsent => "bad_consent",
            Self::BadValue => "bad_value",
            Self::TextTooLong => "text_too_long",
        }
    }
}

impl Serialize for RejectCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_text_of_its_own() {
        let texts: std::collections::BTreeSet<&str> =
            RejectCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), RejectCode::ALL.len());
        assert!(
            texts
                .iter()
                .all(|text| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
        );
    }
}
