//! Fill and render messages. Pure: the same templates and values give the same bytes.
//!
//! Knows templates and values that can be shown; neither how a value was computed nor how a
//! message travels. Which files a message is made of is `check`'s business.

mod compared;
mod error;
mod filled;
mod filters;
mod gap;
mod layout;
mod locale;
mod markdown;
mod mjml;
mod preview;
mod reader;
mod render;
mod scan;
mod sniff;
mod token;

pub use compared::{Against, Compared, comparisons};
pub use error::{Part, RenderError};
pub use filled::{Filled, Shown, fill, show};
pub use filters::Shows;
pub use gap::Needs;
pub use layout::{Frame, frame, is_page, page};
pub use locale::locale_tag;
pub use markdown::{Markdown, markdown};
pub use mjml::{Refused, mjml};
pub use reader::{language_tag, variant_for};
pub use render::{FILTERS, Rendered, Templates, placeholders, render, render_message};
pub use scan::{Applied, Mention, filters, mentions, uses_autoescape};
pub use sniff::{Body, split_head, title};

/// The placeholder of the link by which the reader unsubscribes; marketing messages have it.
pub const UNSUBSCRIBE_URL: &str = "unsubscribe_url";
/// Beside the values of a message: the tag of the language in which its amounts and dates are shown. No
/// placeholder can be called so.
pub const LOCALE: &str = "@locale";
/// What stands there in a message that is only looked at: whoever sees it must not end anything.
pub const SAMPLE_LINK: &str = "https://mail.shop.example/u/sample";
/// Bytes a template may have.
pub const TEMPLATE_LIMIT: usize = 256 * 1024;
/// Bytes a rendered part may have.
pub const PART_LIMIT: usize = 1024 * 1024;
/// Bytes a rendered subject may have; RFC 5322 lines hold 998.
pub const SUBJECT_LIMIT: usize = 900;
