//! Customers, orders and events from CSV and NDJSON, with data quality and rejects.
//!
//! Reading and interpreting happen here, in functions over anything that can be read; what comes
//! out is to be merged with what is stored ([`merge_customer`], [`merge_orders`], [`merge_events`]) and committed by
//! the caller. This room knows no store, no file system and no clock, and prints nothing.
//!
//! A bad row never stops the good ones: it goes to the [`Report`] with a stable [`RejectCode`].
//! Only what makes the whole file unreadable is an [`ImportError`].

mod address;
mod body;
mod code;
mod consent;
mod csv_rows;
mod customer;
mod customers;
mod decimal;
mod error;
mod event;
mod events;
mod group;
mod intern;
mod json_rows;
mod lines;
mod list_rows;
mod merge;
mod merge_events;
mod options;
mod order;
mod orders;
mod parsed;
mod reject;
mod report;
mod row;
mod source;
mod summary;
mod suppressions;
mod table;

pub use address::{email as canonical_email, phone as canonical_phone};
pub use body::open_body;
pub use code::RejectCode;
pub use consent::merge_consent;
pub use customer::CustomerUpdate;
pub use customers::{Customers, read_customers};
pub use error::ImportError;
pub use events::{Events, read_events};
pub use merge::{MergedCustomer, MergedOrders, NewOrder, merge_customer, merge_orders, unknown_customer};
pub use merge_events::{MergedEvents, NewEvent, merge_events};
pub use options::{Options, Origin, Totals};
pub use orders::{Orders, read_orders};
pub use parsed::Parsed;
pub use reject::{Reject, RejectWriter};
pub use report::Report;
pub use row::{Next, Row, Rows, Shape};
pub use source::{open, open_list};
pub use summary::{Kind, RejectCount, Summary};
pub use suppressions::{Suppressing, SuppressionRow, Suppressions, canonical_domain, read_suppressions};

/// Bytes of one row (all lines of a CSV record, or one line of NDJSON), at most.
pub const MAX_ROW_BYTES: usize = 1 << 20;
/// Rows of the body of one request, at most.
pub const MAX_BODY_ROWS: usize = 100_000;
/// Columns of one file, at most.
pub const MAX_COLUMNS: usize = 1_000;
/// Bytes of one id (a customer's, an order's), at most.
pub const MAX_ID_BYTES: usize = 200;
/// Bytes of one text that is kept (an attribute, a product), at most: a value of the store holds several.
pub const MAX_TEXT_BYTES: usize = 1_000;
/// An event fires rules where it is younger than this, by its own time, when it comes; others are history.
pub const FRESH: crate::model::Duration = crate::model::Duration(crate::model::HOUR_MS);
/// How far ahead of the clock a time may lie: clocks differ a little.
pub const MAX_AHEAD: crate::model::Duration = crate::model::Duration(5 * crate::model::MINUTE_MS);

/// Whether what happened at `time` fires rules when it comes at `now`.
#[must_use]
pub const fn is_fresh(time: crate::model::Instant, now: crate::model::Instant) -> bool {
    now.since(time).0 < FRESH.0
}
