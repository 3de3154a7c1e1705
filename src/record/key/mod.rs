//! The keys of all records: a partition byte (0 today), a table byte, then what the table is by.
//!
//! Numbers stand big end first, signed ones with the top bit flipped, so that the order of the bytes
//! is the order of the numbers and a scan by prefix meets records in the order in which they were
//! written. Codes of tables are for ever: a table that goes leaves its code unused.
//!
//! Each table has a function that builds a key and, where scans need it, one named `parse_…` that
//! reads it back (`None` for bytes that are no such key).

mod control;
mod customers;
mod events;
mod messages;
mod movement;
mod parts;
mod privacy;
mod runs;
mod unsubscribes;

pub use control::{
    content, first_name, load, parse_first_name, parse_load, parse_rule_name, parse_rule_set, pause,
    rule_name, rule_set,
};
pub use customers::{
    change, changes_of, ledger, orders, orders_of, parse_change, parse_ledger, parse_orders, parse_profile,
    parse_suppression, profile, suppression, suppressions_of,
};
pub use events::{
    arrival, deeds, deeds_to_ask, event_packs_of, events, parse_arrival, parse_deeds, parse_deeds_to_ask,
    parse_events, parse_timer, timer,
};
pub use messages::{
    aside, dead_letter, finished_message, finished_since, open_message, outage, parse_aside,
    parse_dead_letter, parse_finished_message, parse_open_message, parse_outage, parse_taken_back,
    taken_back,
};
pub use movement::{
    looked, moves, moves_of, parse_looked, parse_moves, parse_places, parse_track, places, places_of, track,
};
pub use privacy::{
    erasure, listed, listed_domain, parse_erasure, parse_listed, parse_listed_domain, parse_tombstone,
    tombstone,
};
pub use runs::{
    decisions, decisions_of, decisions_of_rule, met, non_sends, non_sends_of, parse_decisions, parse_met,
    parse_non_sends, parse_recipients, parse_rule_state, parse_run, parse_spent, parse_trying,
    parse_unfinished_run, recipients, recipients_of, rule_state, run, runs_of, spent, trying, unfinished_run,
};
pub use unsubscribes::{parse_unsubscribe, unsubscribe};

use parts::{Key, start};

/// The partition of a store that one daemon owns.
pub const PARTITION: u8 = 0;

/// What a record is, by the second byte of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// The store's own records, by a code.
    Meta = 1,
    /// Profiles, by customer.
    Profile = 2,
    /// Packs of orders, by customer and pack.
    Orders = 3,
    /// Changes of attributes, addresses and consents, by customer, instant learnt and ordinal.
    Change = 4,
    /// Suppressed addresses, by customer and channel.
    Suppression = 5,
    /// Packs of the ledger, by their order.
    Ledger = 6,
    /// Runs, by rule and instant.
    Run = 7,
    /// Recipients of runs, by rule, instant and block of 16,384 customers.
    Recipients = 8,
    /// Packs of decisions, by rule, run's instant and the first customer of the pack.
    Decisions = 9,
    /// Customers spent for a continuous rule, by rule and block.
    Spent = 10,
    /// Customers tried again, by rule and block of 256 customers.
    Trying = 11,
    /// What else a rule remembers, by rule.
    RuleState = 12,
    /// Who was passed over, by rule, run's instant or day, reason and block.
    NonSends = 13,
    /// Messages that are not finished, by the instant decided and their key.
    OpenMessage = 14,
    /// Messages that ended, by the instant and their key.
    FinishedMessage = 15,
    /// Numbers of rules, by name.
    RuleName = 16,
    /// Rule sets, by hash.
    RuleSet = 17,
    /// Contents of messages, by hash.
    Content = 18,
    /// Pauses, by scope.
    Pause = 19,
    /// Loads under way, by a number.
    Load = 20,
    /// Markers of runs that are not over, by rule and instant: a start reads no history.
    UnfinishedRun = 21,
    /// Packs of events, by customer and pack.
    Events = 22,
    /// Events that rules have still to be asked about, by their order.
    Arrival = 23,
    /// Rules that wait after an event, by rule, customer and ordinal.
    Timer = 24,
    /// Segmentations, choices and audiences that are followed, by number.
    Track = 25,
    /// Who was last seen where, by track, place and block.
    Places = 26,
    /// Packs of moves, by track, the tick that learnt them, block and ordinal.
    Moves = 27,
    /// The tick at which a scheduled rule looked for moves last, by rule.
    Looked = 28,
    /// Packs of what we did, by their order.
    Deeds = 29,
    /// Customers who changed their zone between two runs of a rule in customer time, by rule and
    /// block of 128 customers.
    Met = 30,
    /// Messages that ended before anything of them went out, by their key, until the ledger has
    /// taken their entries back.
    TakenBack = 31,
    /// First names, by the kind of item and every name that it had.
    FirstName = 32,
    /// Packs of what we did that rules have still to be asked about, by their order.
    DeedsToAsk = 33,
    /// Who unsubscribed by a link, by customer and channel, until it is taken in.
    Unsubscribe = 37,
    /// Packs of the suppression list, by the first two bytes of the keyed hashes in them.
    Listed = 38,
    /// Domains of the suppression list, by name.
    ListedDomain = 39,
    /// Who was erased, by the keyed hash of the id.
    Tombstone = 40,
    /// Erasures under way, by customer.
    Erasure = 41,
    /// Endpoints that are not called for now, by name.
    Outage = 42,
    /// Messages that died, by the instant and their key, for as long as they may be sent again.
    DeadLetter = 43,
    /// Mail servers and domains that are left alone for now, by kind and name.
    Aside = 44,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 41] = [
        Self::Meta,
        Self::Profile,
        Self::Orders,
        Self::Change,
        Self::Suppression,
        Self::Ledger,
        Self::Run,
        Self::Recipients,
        Self::Decisions,
        Self::Spent,
        Self::Trying,
        Self::RuleState,
        Self::NonSends,
        Self::OpenMessage,
        Self::FinishedMessage,
        Self::RuleName,
        Self::RuleSet,
        Self::Content,
        Self::Pause,
        Self::Load,
        Self::UnfinishedRun,
        Self::Events,
        Self::Arrival,
        Self::Timer,
        Self::Track,
        Self::Places,
        Self::Moves,
        Self::Looked,
        Self::Deeds,
        Self::Met,
        Self::TakenBack,
        Self::FirstName,
        Self::DeedsToAsk,
        Self::Unsubscribe,
        Self::Listed,
        Self::ListedDomain,
        Self::Tombstone,
        Self::Erasure,
        Self::Outage,
        Self::DeadLetter,
        Self::Aside,
    ];

    /// What its records are, for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Meta => "the store itself",
            Self::Profile => "customers",
            Self::Orders => "packs of orders",
            Self::Change => "changes of customers",
            Self::Suppression => "suppressed customers",
            Self::Ledger => "packs of contacts",
            Self::Run => "runs",
            Self::Recipients => "recipients of runs",
            Self::Decisions => "packs of decisions",
            Self::Spent => "matches used up",
            Self::Trying => "matches tried again",
            Self::RuleState => "states of rules",
            Self::NonSends => "non-sends",
            Self::OpenMessage => "open messages",
            Self::FinishedMessage => "ended messages",
            Self::RuleName => "numbers of rules",
            Self::RuleSet => "rule sets",
            Self::Content => "contents of messages",
            Self::Pause => "pauses",
            Self::Load => "imports under way",
            Self::UnfinishedRun => "unfinished runs",
            Self::Events => "packs of events",
            Self::Arrival => "events to be asked about",
            Self::Timer => "waits after events",
            Self::Track => "followed places",
            Self::Places => "customers by place",
            Self::Moves => "packs of moves",
            Self::Looked => "looks for moves",
            Self::Deeds => "packs of sends",
            Self::Met => "changes of clocks",
            Self::TakenBack => "contacts to take back",
            Self::FirstName => "first names of items",
            Self::DeedsToAsk => "sends to be asked about",
            Self::Unsubscribe => "unsubscribes to take in",
            Self::Listed => "suppression list",
            Self::ListedDomain => "suppressed domains",
            Self::Tombstone => "erased ids",
            Self::Erasure => "erasures under way",
            Self::Outage => "webhooks left alone",
            Self::DeadLetter => "dead letters",
            Self::Aside => "servers and domains left alone",
        }
    }

    /// What all its keys begin with.
    #[must_use]
    pub fn prefix(self) -> Vec<u8> {
        vec![PARTITION, self as u8]
    }

    /// The table of a key.
    #[must_use]
    pub fn of(key: &[u8]) -> Option<Self> {
        let [PARTITION, code, ..] = key else { return None };
        Self::ALL.into_iter().find(|&table| table as u8 == *code)
    }
}

/// The store's own records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum MetaRecord {
    /// Version, id and secret.
    Identity = 0,
    /// Which rule set is the last good one.
    ActiveRuleSet = 1,
    /// The last committed tick.
    LastTick = 2,
    /// The daemon's hold.
    Hold = 3,
    /// The channels, in the order of their codes in the ledger.
    Channels = 4,
    /// The number below which no customer gets theirs any more.
    NextCustomer = 5,
}

/// One of the store's own records.
#[must_use]
pub fn meta(record: MetaRecord) -> Vec<u8> {
    start(Table::Meta).u8(record as u8).0
}

/// Piece `n`, from 1, of the record under `key` that was cut.
#[must_use]
pub fn piece(key: &[u8], n: u16) -> Vec<u8> {
    Key(key.to_vec()).u16(n).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Channel, CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber};
    use crate::record::MessageKey;
    use proptest::prelude::*;

    #[test]
    fn each_table_has_its_own_code() {
        let codes: Vec<u8> = Table::ALL.iter().map(|&table| table as u8).collect();
        assert!(codes.is_sorted_by(|one, next| one < next), "{codes:?}");
        assert!(Table::ALL.iter().all(|&table| Table::of(&table.prefix()) == Some(table)));
        assert_eq!(Table::of(&[1, 1]), None);
    }

    fn message_key((rule, occurrence, customer, action): (u32, i64, u32, u8)) -> MessageKey {
        let decision = DecisionKey {
            rule: RuleNumber(rule),
            occurrence: Occurrence(occurrence),
            customer: CustomerNumber(customer),
        };
        MessageKey { decision, action }
    }

    proptest! {
        #[test]
        fn keys_read_back(c: u32, n: u32, rule: u32, at: i64, byte: u8, short: u16, long: u64, m: (u32, i64, u32, u8)) {
            let (customer, rule, at, message) = (CustomerNumber(c), RuleNumber(rule), Instant(at), message_key(m));
            prop_assert_eq!(parse_profile(&profile(customer)), Some(customer));
            prop_assert_eq!(parse_orders(&orders(customer, n)), Some((customer, n)));
            prop_assert_eq!(parse_change(&change(customer, at, short)), Some((customer, at, short)));
            prop_assert_eq!(parse_suppression(&suppression(customer, byte, None)), Some((customer, byte)));
            let address = Some([byte; 16]);
            prop_assert_eq!(parse_suppression(&suppression(customer, byte, address)), Some((customer, byte)));
            prop_assert_eq!(parse_ledger(&ledger(long)), Some(long));
            prop_assert_eq!(parse_run(&run(rule, at)), Some((rule, at)));
            prop_assert_eq!(parse_unfinished_run(&unfinished_run(rule, at)), Some((rule, at)));
            prop_assert_eq!(parse_recipients(&recipients(rule, at, n)), Some((rule, at, n)));
            prop_assert_eq!(parse_decisions(&decisions(rule, at, customer)), Some((rule, at, customer)));
            prop_assert_eq!(parse_spent(&spent(rule, n)), Some((rule, n)));
            prop_assert_eq!(parse_trying(&trying(rule, n)), Some((rule, n)));
            prop_assert_eq!(parse_rule_state(&rule_state(rule)), Some(rule));
            prop_assert_eq!(parse_non_sends(&non_sends(rule, at, byte, n)), Some((rule, at, byte, n)));
            prop_assert_eq!(parse_open_message(&open_message(at, message)), Some((at, message)));
            prop_assert_eq!(parse_finished_message(&finished_message(at, message)), Some((at, message)));
            prop_assert_eq!(parse_dead_letter(&dead_letter(at, message)), Some((at, message)));
            prop_assert_eq!(parse_aside(&aside(byte, &format!("d{short}"))), Some((byte, format!("d{short}"))));
            prop_assert_eq!(parse_outage(&outage(&format!("crm{short}"))), Some(format!("crm{short}")));
            prop_assert_eq!(parse_track(&track(short)), Some(short));
            prop_assert_eq!(parse_places(&places(short, 7, n)), Some((short, 7, n)));
            prop_assert_eq!(parse_moves(&moves(short, at, n, 3)), Some((short, at, n, 3)));
            prop_assert_eq!(parse_looked(&looked(rule)), Some(rule));
            prop_assert_eq!(parse_taken_back(&taken_back(message)), Some(message));
            prop_assert_eq!(parse_load(&load(long)), Some(long));
            prop_assert_eq!(parse_events(&events(customer, n)), Some((customer, n)));
            prop_assert_eq!(parse_arrival(&arrival(long)), Some(long));
            prop_assert_eq!(parse_deeds(&deeds(long)), Some(long));
            prop_assert_eq!(parse_deeds_to_ask(&deeds_to_ask(long)), Some(long));
            let channel = Channel(format!("c{short}"));
            prop_assert_eq!(parse_unsubscribe(&unsubscribe(customer, &channel)), Some((customer, channel)));
            prop_assert_eq!(parse_listed(&listed(short)), Some(short));
            let domain = format!("{short}.example");
            prop_assert_eq!(parse_listed_domain(&listed_domain(&domain)), Some(domain));
            prop_assert_eq!(parse_tombstone(&tombstone([byte; 16])), Some([byte; 16]));
            prop_assert_eq!(parse_erasure(&erasure(customer)), Some(customer));
            prop_assert_eq!(parse_timer(&timer(rule, customer, n)), Some((rule, customer, n)));
            prop_assert_eq!(parse_profile(&orders(customer, n)), None);
            prop_assert_eq!(parse_profile(&piece(&profile(customer), short)), None);
        }

        #[test]
        fn the_order_of_keys_is_the_order_of_instants(a: i64, b: i64, customer: u32) {
            let key = |at| run(RuleNumber(customer), Instant(at));
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
        }
    }
}
