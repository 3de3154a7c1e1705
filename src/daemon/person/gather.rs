//! Everything that the store holds of one customer, table by table.

use std::collections::BTreeMap;

use crate::model::{Channel, CustomerNumber, Instant, RuleNumber};
use crate::record::key::Table;
use crate::record::{
    Arrival, Change, Contact, Decision, Deed, Event, FinishedMessage, Met, Move, OpenMessage, Order, Profile,
    Run, Skip, Suppression, TakenBack, Timer, TrackRecord, Unsubscribe,
};
use crate::store::{Store, StoreError, tables};

/// What a table holds of persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Holds {
    /// Something, which stands in an export under this name.
    Person(&'static str),
    /// Nothing, and why.
    Nobody(&'static str),
}

/// What each table holds of persons. A new table does not compile before somebody has said it here.
pub(in super::super) const fn holds(table: Table) -> Holds {
    match table {
        Table::Profile => Holds::Person("profile"),
        Table::Orders => Holds::Person("orders"),
        Table::Change => Holds::Person("changes"),
        Table::Suppression | Table::Listed | Table::ListedDomain => Holds::Person("suppressions"),
        Table::Ledger => Holds::Person("ledger"),
        Table::Recipients => Holds::Person("recipient_of"),
        Table::Decisions => Holds::Person("decisions"),
        Table::Spent | Table::Trying | Table::Met => Holds::Person("rules"),
        Table::NonSends => Holds::Person("passed_over"),
        Table::OpenMessage => Holds::Person("messages"),
        Table::FinishedMessage => Holds::Person("messages_ended"),
        Table::DeadLetter => Holds::Person("messages_dead"),
        Table::Events => Holds::Person("events"),
        Table::Arrival => Holds::Person("events_to_ask"),
        Table::Timer => Holds::Person("waits"),
        Table::Places => Holds::Person("places"),
        Table::Moves => Holds::Person("moves"),
        Table::Deeds => Holds::Person("deeds"),
        Table::TakenBack => Holds::Person("taken_back"),
        Table::Unsubscribe => Holds::Person("unsubscribes"),
        Table::Meta => Holds::Nobody("what the store knows of itself"),
        Table::Run | Table::UnfinishedRun => Holds::Nobody("counts of runs"),
        Table::RuleState | Table::Looked => Holds::Nobody("when a rule looked"),
        Table::RuleName | Table::RuleSet | Table::FirstName => Holds::Nobody("rules"),
        Table::Content => Holds::Nobody("texts of messages before they are filled"),
        Table::Pause => Holds::Nobody("what is paused"),
        Table::Outage => Holds::Nobody("endpoints"),
        Table::Aside => Holds::Nobody("mail servers, and domains for as long as they ask for less"),
        Table::Load => Holds::Nobody("names of files"),
        Table::Track => Holds::Nobody("what is followed"),
        Table::DeedsToAsk => Holds::Nobody("numbers of packs"),
        Table::Tombstone => Holds::Nobody("who was erased: nobody who is here"),
        Table::Erasure => Holds::Nobody("who is being erased: nobody who is here"),
    }
}

/// A decision, with the run that made it.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) rule: RuleNumber,
    pub(super) at: Instant,
    pub(super) decision: Decision,
    pub(super) run: Option<Run>,
}

/// What a rule remembers of somebody.
#[derive(Debug)]
pub(super) struct Remembers {
    pub(super) rule: RuleNumber,
    pub(super) spent: bool,
    pub(super) trying: Option<Instant>,
    pub(super) met: Option<Met>,
}

/// A track, and what it has of somebody.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) record: TrackRecord,
    pub(super) place: Option<u16>,
    pub(super) moves: Vec<(Instant, Move)>,
}

/// Everything about one customer.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) number: CustomerNumber,
    pub(super) profile: Profile,
    pub(super) changes: Vec<Change>,
    pub(super) orders: Vec<Order>,
    pub(super) events: Vec<Event>,
    pub(super) suppressions: Vec<(u8, Suppression)>,
    pub(super) ledger: Vec<Contact>,
    pub(super) decisions: Vec<Decided>,
    pub(super) rules: Vec<Remembers>,
    pub(super) passed_over: Vec<(RuleNumber, Instant, Skip)>,
    pub(super) recipient_of: Vec<(RuleNumber, Instant)>,
    pub(super) open: Vec<OpenMessage>,
    pub(super) ended: Vec<FinishedMessage>,
    pub(super) letters: Vec<(Instant, OpenMessage)>,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) waits: Vec<(RuleNumber, Timer)>,
    pub(super) tracks: Vec<Tracked>,
    pub(super) deeds: Vec<Deed>,
    pub(super) taken_back: Vec<TakenBack>,
    pub(super) unsubscribes: Vec<(Channel, Unsubscribe)>,
}

/// What of a scan concerns somebody; what does not read back is left out.
fn own<T, S>(
    items: impl Iterator<Item = Result<T, StoreError>>,
    mut of: impl FnMut(T) -> Option<S>,
) -> Result<Vec<S>, StoreError> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Ok(item) => found.extend(of(item)),
            Err(StoreError::Corrupt(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

impl Person {
    /// Reads everything; none of whom there is no profile. Looks through the store's whole history.
    pub(super) fn gather(store: &dyn Store, number: CustomerNumber) -> Result<Option<Self>, StoreError> {
        let Some(profile) = tables::customers::profile(store, number)? else { return Ok(None) };
        let mut open = Vec::new();
        for (decided, key) in tables::person::open_messages(store, number)? {
            open.extend(tables::messages::open_message(store, decided, key)?);
        }
        let ledger = own(tables::ledger::contacts(store), |(_, pack)| {
            let theirs = pack.into_iter().filter(|contact| contact.customer == number);
            Some(theirs.collect::<Vec<Contact>>())
        })?;
        Ok(Some(Self {
            number,
            profile,
            changes: tables::customers::changes(store, number)?,
            orders: tables::customers::orders(store, number)?,
            events: tables::events::events(store, number)?,
            suppressions: own(tables::customers::suppressions(store), |(of, channel, suppression)| {
                (of == number).then_some((channel, suppression))
            })?,
            ledger: ledger.into_iter().flatten().collect(),
            decisions: decided(store, number)?,
            rules: remembers(store, number)?,
            passed_over: tables::person::non_sends(store, number)?,
            recipient_of: tables::person::recipient_of(store, number)?,
            open,
            ended: tables::person::finished_messages(store, number)?,
            letters: tables::person::letters(store, number)?,
            arrivals: own(tables::events::arrivals(store), |(_, arrival)| {
                (arrival.customer == number).then_some(arrival)
            })?,
            waits: own(tables::events::timers(store), |((rule, of, _), timer)| {
                (of == number).then_some((rule, timer))
            })?,
            tracks: tracked(store, number)?,
            deeds: tables::person::deeds(store, number)?,
            taken_back: own(tables::messages::taken_back(store), |mark| {
                (mark.key.decision.customer == number).then_some(mark)
            })?,
            unsubscribes: own(tables::unsubscribes::unsubscribes(store), |(of, channel, said)| {
                (of == number).then_some((channel, said))
            })?,
        }))
    }
}

fn decided(store: &dyn Store, number: CustomerNumber) -> Result<Vec<Decided>, StoreError> {
    let mut found = Vec::new();
    for (rule, at, decision) in tables::person::decisions(store, number)? {
        found.push(Decided { rule, at, decision, run: tables::runs::run(store, rule, at)? });
    }
    Ok(found)
}

fn remembers(store: &dyn Store, number: CustomerNumber) -> Result<Vec<Remembers>, StoreError> {
    let mut found = Vec::new();
    for (rule, memory) in tables::memories::memories(store)? {
        let Ok(memory) = memory else { continue };
        let (spent, trying) = (memory.spent.contains(number.0), memory.trying.get(&number).copied());
        let met = memory.met.get(&number).copied();
        if spent || trying.is_some() || met.is_some() {
            found.push(Remembers { rule, spent, trying, met });
        }
    }
    Ok(found)
}

fn tracked(store: &dyn Store, number: CustomerNumber) -> Result<Vec<Tracked>, StoreError> {
    let mut found = Vec::new();
    for (track, record) in tables::movement::tracks(store)? {
        let places: BTreeMap<u16, _> = tables::movement::places(store, track)?;
        let place = places.iter().find(|(_, members)| members.contains(number.0)).map(|(place, _)| *place);
        let moves = tables::person::moves(store, track, number)?;
        if place.is_some() || !moves.is_empty() {
            found.push(Tracked { record, place, moves });
        }
    }
    Ok(found)
}
