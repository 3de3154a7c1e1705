//! Policies: what binds every rule.

use crate::model::{Channel, Duration, Share, Sign, TimeOfDay};

use super::{Frame, Period, Place};

/// Policies bind every rule, and mean marketing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// `at most N emails|messages per customer per PERIOD`, or `per PERIOD in total`.
    pub caps: Vec<Cap>,
    /// `quiet hours …`, a span an entry.
    pub quiet: Vec<QuietHours>,
    /// Where `if several rules want one customer, keep highest priority` is written, if it is.
    pub arbitration: Option<Place>,
    /// `pause a rule when …`, a sign an entry.
    pub guards: Vec<Guard>,
    /// `hold a run when its audience grew by more than …`.
    pub growth: Option<Growth>,
}

/// `pause a rule when bounces > 5%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// What is counted.
    pub sign: Sign,
    /// Of a rule's last sends, more than this share: from 0% to below 100%.
    pub above: Share,
    /// Where it is written.
    pub place: Place,
}

/// `hold a run when its audience grew by more than 50%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// By more than this share of what it was; not below 0%.
    pub above: Share,
    /// Where it is written.
    pub place: Place,
}

/// A limit on what one customer gets, or all of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// How many; 0 means never.
    pub count: u32,
    /// Of what.
    pub subject: CapSubject,
    /// In what; counted on the customer's calendar, on the workspace's for a limit in total.
    pub period: Period,
    /// For whom.
    pub scope: CapScope,
    /// `or wait up to 2 days`: how long what a schedule or an event wants to send is deferred.
    pub wait: Option<Duration>,
    /// Where it is written.
    pub place: Place,
}

/// For whom a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CapScope {
    /// `per customer`: each one, and each address.
    Customer,
    /// `in total`: everybody together.
    Total,
}

/// What a cap counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapSubject {
    /// Marketing messages on every channel.
    Messages,
    /// Marketing messages on one channel.
    Channel(Channel),
}

/// A span in which no marketing message becomes due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    /// When on the clock.
    pub span: QuietSpan,
    /// By whose clock.
    pub clock: Frame,
    /// `or skip`: what goes by another channel than e-mail is skipped instead of waiting.
    pub or_skip: bool,
    /// Where it is written.
    pub place: Place,
}

/// When on the clock it is quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuietSpan {
    /// From one time of day (included) to another (not included), over midnight where that is
    /// earlier. Never of equal ends.
    Daily {
        /// Quiet from then on.
        from: TimeOfDay,
        /// Open from then on.
        to: TimeOfDay,
    },
    /// All of these days of the week, bit 0 Monday … bit 6 Sunday.
    Days(u8),
}
