//! Settings.

use std::path::PathBuf;

use super::Retries;
use crate::config::{DomainLimits, InDoubt};
use crate::deliver::Mailer;
use crate::deliver::webhook::Caller;
use crate::model::Duration;

/// The ways out.
#[derive(Debug, Clone)]
pub struct Channels {
    /// E-mail.
    pub mailer: Mailer,
    /// Webhooks.
    pub caller: Caller,
}

/// Settings of the outbox.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the workers' files: `workers` in the data folder.
    pub folder: PathBuf,
    /// What tells this start of the machine from others: [`Options::boot_of_machine`].
    pub boot: String,
    /// E-mails under way at once, each over its own connection.
    pub mail_workers: usize,
    /// Calls under way at once, per endpoint.
    pub calls_per_endpoint: usize,
    /// How much goes out by e-mail to the people of one domain.
    pub domains: DomainLimits,
    /// Messages that a mail worker claims at once.
    pub mails_per_claim: usize,
    /// Calls that a worker claims at once; few, for an endpoint may take long over each.
    pub calls_per_claim: usize,
    /// A claim older than this sends no more of its messages: what was met then (consent, pause)
    /// has to be met anew.
    pub claim_lasts: Duration,
    /// When mail is tried again.
    pub mail_retries: Retries,
    /// When calls are tried again.
    pub call_retries: Retries,
    /// What becomes of marketing mail of which nobody knows whether it went out.
    pub in_doubt: InDoubt,
}

impl Options {
    /// The usual settings, over a folder and a boot.
    #[must_use]
    pub fn new(folder: PathBuf, boot: String) -> Self {
        Self {
            folder,
            boot,
            mail_workers: 4,
            calls_per_endpoint: 4,
            domains: DomainLimits::none(),
            mails_per_claim: 32,
            calls_per_claim: 4,
            claim_lasts: Duration::seconds(5),
            mail_retries: Retries::mail(),
            call_retries: Retries::calls(),
            in_doubt: InDoubt::Hold,
        }
    }

    /// The kernel's id of this start of the machine. Where there is none, an empty text: then no two
    /// starts of the daemon count as the same boot, which errs towards doubt.
    #[must_use]
    pub fn boot_of_machine() -> String {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().to_owned()
    }
}
