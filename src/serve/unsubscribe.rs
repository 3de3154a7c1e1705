//! Who unsubscribes by a link, and what they are told.

use std::future::Future;
use std::pin::Pin;

/// Who holds a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The customer's `language`, as it was told: `de`, `pt-BR`.
    pub language: Option<String>,
    /// What they leave: `email`, or a channel that the shop named.
    pub channel: String,
}

/// What became of a click.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsubscribed {
    /// It is durable.
    Done(Reader),
    /// The link was not made here, or its customer is gone.
    Unknown,
    /// Too many come at once.
    Busy(Reader),
    /// It should have worked and did not.
    Failed(Reader),
}

/// What becomes of a click, on its way.
pub type Unsubscribing<'a> = Pin<Box<dyn Future<Output = Unsubscribed> + Send + 'a>>;
