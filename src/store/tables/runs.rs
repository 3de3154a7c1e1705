//! Runs with their recipients, decisions, and who was passed over.

use std::collections::BTreeMap;

use super::{get, put, put_bytes, scan, set_block, strange_key};
use crate::model::{Bitmap, CustomerNumber, Instant, RuleNumber};
use crate::record::key::{self, Table};
use crate::record::{Decision, Run, RunState, Skip, codec};
use crate::store::{Batch, Store, StoreError};

const RUN: u8 = 1;
const BLOCK: u8 = 1;
const DECISIONS: u8 = 1;

/// Blocks of recipients in one batch at most: leaves room for the run itself and what goes with it.
const BLOCKS_PER_BATCH: usize = 200;

/// A run.
///
/// # Errors
/// When it does not read back.
pub fn run(store: &dyn Store, rule: RuleNumber, at: Instant) -> Result<Option<Run>, StoreError> {
    get(store, &key::run(rule, at), RUN)
}

/// Writes a run, and marks it while it is not over.
pub fn put_run(batch: &mut Batch, run: &Run) {
    put(batch, &key::run(run.rule, run.at), RUN, run);
    let marker = key::unfinished_run(run.rule, run.at);
    match run.state {
        RunState::Open(_) | RunState::Held => batch.put(marker, Vec::new()),
        RunState::Closed | RunState::Dropped => batch.remove(marker),
    }
}

/// All runs, by rule and instant.
pub fn runs(store: &dyn Store) -> impl Iterator<Item = Result<Run, StoreError>> + '_ {
    runs_under(store, &Table::Run.prefix())
}

/// The runs of a rule, by instant.
pub fn runs_of(store: &dyn Store, rule: RuleNumber) -> impl Iterator<Item = Result<Run, StoreError>> + '_ {
    runs_under(store, &key::runs_of(rule))
}

fn runs_under<'a>(
    store: &'a dyn Store,
    prefix: &[u8],
) -> impl Iterator<Item = Result<Run, StoreError>> + use<'a> {
    scan(store, prefix, prefix, key::run(RuleNumber(0), Instant(0)).len()).map(|item| {
        let (key, bytes) = item?;
        Ok(codec::decode(RUN, &key, &bytes)?)
    })
}

/// The runs that are not over: open or held. Reads their markers, not all runs.
pub fn unfinished(store: &dyn Store) -> impl Iterator<Item = Result<Run, StoreError>> + '_ {
    let prefix = Table::UnfinishedRun.prefix();
    store.scan(&prefix, &prefix).map(|item| {
        let (key, _) = item?;
        let (rule, at) = key::parse_unfinished_run(&key).ok_or_else(|| strange_key(&key))?;
        run(store, rule, at)?.ok_or_else(|| strange_key(&key))
    })
}

/// The batches that record a run's recipients, at least one, to be committed in order; put the run
/// into the last one, which has room for it.
#[must_use]
pub fn recipient_batches(rule: RuleNumber, at: Instant, recipients: &Bitmap) -> Vec<Batch> {
    let mut batches = vec![Batch::default()];
    for block in recipients.blocks() {
        if batches.last().is_some_and(|batch| batch.changes.len() == BLOCKS_PER_BATCH) {
            batches.push(Batch::default());
        }
        if let Some(batch) = batches.last_mut() {
            batch.put(
                key::recipients(rule, at, block),
                codec::encode_raw(BLOCK, &recipients.block_bytes(block)),
            );
        }
    }
    batches
}

/// The recorded recipients of a run.
///
/// # Errors
/// When a block does not read back.
pub fn recipients(store: &dyn Store, rule: RuleNumber, at: Instant) -> Result<Bitmap, StoreError> {
    let prefix = key::recipients_of(rule, at);
    let mut recipients = Bitmap::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let (_, _, block) = key::parse_recipients(&key).ok_or_else(|| strange_key(&key))?;
        set_block(&mut recipients, block, &key, &codec::decode_raw(BLOCK, &key, &bytes)?)?;
    }
    Ok(recipients)
}

/// Writes decisions of a run, sorted by customer, in packs.
pub fn put_decisions(batch: &mut Batch, rule: RuleNumber, at: Instant, decisions: &[Decision]) {
    for (first, bytes) in codec::encode_packs(DECISIONS, decisions) {
        put_bytes(batch, &key::decisions(rule, at, decisions[first].customer), bytes);
    }
}

/// All decisions of a rule, with the instants of their runs, by run and customer.
pub fn decisions_of_rule(
    store: &dyn Store,
    rule: RuleNumber,
) -> impl Iterator<Item = Result<(Instant, Decision), StoreError>> + '_ {
    decisions_under(store, &key::decisions_of_rule(rule))
}

/// The decisions of a rule's runs from `since` on, with the instants of their runs, by run and customer.
pub fn decisions_since(
    store: &dyn Store,
    rule: RuleNumber,
    since: Instant,
) -> impl Iterator<Item = Result<(Instant, Decision), StoreError>> + '_ {
    let from = key::decisions(rule, since, CustomerNumber(0));
    decisions_from(store, &key::decisions_of_rule(rule), &from)
}

/// The decisions of a run, by customer.
pub fn decisions(
    store: &dyn Store,
    rule: RuleNumber,
    at: Instant,
) -> impl Iterator<Item = Result<Decision, StoreError>> + '_ {
    decisions_under(store, &key::decisions_of(rule, at)).map(|item| item.map(|(_, decision)| decision))
}

fn decisions_under<'a>(
    store: &'a dyn Store,
    prefix: &[u8],
) -> impl Iterator<Item = Result<(Instant, Decision), StoreError>> + use<'a> {
    decisions_from(store, prefix, prefix)
}

fn decisions_from<'a>(
    store: &'a dyn Store,
    prefix: &[u8],
    from: &[u8],
) -> impl Iterator<Item = Result<(Instant, Decision), StoreError>> + use<'a> {
    let length = key::decisions(RuleNumber(0), Instant(0), CustomerNumber(0)).len();
    scan(store, prefix, from, length).flat_map(|item| {
        let pack = item.and_then(|(key, bytes)| {
            let (_, at, _) = key::parse_decisions(&key).ok_or_else(|| strange_key(&key))?;
            let pack: Vec<Decision> = codec::decode(DECISIONS, &key, &bytes)?;
            Ok(pack.into_iter().map(move |decision| (at, decision)))
        });
        let (decisions, error) = match pack {
            Ok(decisions) => (Some(decisions), None),
            Err(error) => (None, Some(Err(error))),
        };
        decisions.into_iter().flatten().map(Ok).chain(error)
    })
}

/// Writes one block (16,384 customers) of those passed over for a reason; `at` is the run's instant,
/// for continuous rules the start of the day.
pub fn put_non_sends(
    batch: &mut Batch,
    rule: RuleNumber,
    at: Instant,
    reason: Skip,
    block: u32,
    customers: &Bitmap,
) {
    let key = key::non_sends(rule, at, reason.code(), block);
    batch.put(key, codec::encode_raw(BLOCK, &customers.block_bytes(block)));
}

/// Who a rule passed over, by instant (a run's, or a day's start) and reason.
///
/// # Errors
/// When a block does not read back.
pub fn non_sends(
    store: &dyn Store,
    rule: RuleNumber,
) -> Result<BTreeMap<(Instant, Skip), Bitmap>, StoreError> {
    let prefix = key::non_sends_of(rule);
    let mut found: BTreeMap<(Instant, Skip), Bitmap> = BTreeMap::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let (_, at, code, block) = key::parse_non_sends(&key).ok_or_else(|| strange_key(&key))?;
        let reason = Skip::ALL.into_iter().find(|reason| reason.code() == code);
        let reason = reason.ok_or_else(|| strange_key(&key))?;
        let bytes = codec::decode_raw(BLOCK, &key, &bytes)?;
        set_block(found.entry((at, reason)).or_default(), block, &key, &bytes)?;
    }
    Ok(found)
}

/// When a rule passed over a customer last (at a run, or on the day that began then), and why.
///
/// # Errors
/// When a block does not read back.
pub fn passed_over(
    store: &dyn Store,
    rule: RuleNumber,
    customer: CustomerNumber,
) -> Result<Option<(Instant, Skip)>, StoreError> {
    let prefix = key::non_sends_of(rule);
    let mut latest = None;
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let (_, at, code, block) = key::parse_non_sends(&key).ok_or_else(|| strange_key(&key))?;
        if block != customer.0 / crate::model::BLOCK {
            continue;
        }
        let reason = Skip::ALL.into_iter().find(|reason| reason.code() == code);
        let reason = reason.ok_or_else(|| strange_key(&key))?;
        let mut members = Bitmap::new();
        set_block(&mut members, block, &key, &codec::decode_raw(BLOCK, &key, &bytes)?)?;
        if members.contains(customer.0) {
            latest = latest.max(Some((at, reason)));
        }
    }
    Ok(latest)
}

/// The decision of a run for one customer. Packs are in the order of their customers: only the last
/// one that begins at or before this customer is read.
///
/// # Errors
/// When that pack does not read back.
pub fn decision(
    store: &dyn Store,
    rule: RuleNumber,
    at: Instant,
    customer: CustomerNumber,
) -> Result<Option<Decision>, StoreError> {
    let prefix = key::decisions_of(rule, at);
    let length = key::decisions(rule, at, customer).len();
    let mut pack = None;
    for item in scan(store, &prefix, &prefix, length) {
        let (key, bytes) = item?;
        let (_, _, first) = key::parse_decisions(&key).ok_or_else(|| strange_key(&key))?;
        if first > customer {
            break;
        }
        pack = Some((key, bytes));
    }
    let Some((key, bytes)) = pack else { return Ok(None) };
    let decisions: Vec<Decision> = codec::decode(DECISIONS, &key, &bytes)?;
    Ok(decisions.into_iter().find(|decision| decision.customer == customer))
}

/// A customer's decision of a rule whose messages became due at an instant, and the instant of its
/// run; runs before `since` are not looked at.
///
/// # Errors
/// When a pack does not read back.
pub fn decision_due(
    store: &dyn Store,
    rule: RuleNumber,
    customer: CustomerNumber,
    (since, due): (Instant, Instant),
) -> Result<Option<(Instant, Decision)>, StoreError> {
    let prefix = key::decisions_of_rule(rule);
    let from = key::decisions(rule, since, CustomerNumber(0));
    let mut found = None;
    let mut look = |last: Option<(Instant, Vec<u8>, Vec<u8>)>| -> Result<(), StoreError> {
        let Some((at, key, bytes)) = last else { return Ok(()) };
        let pack: Vec<Decision> = codec::decode(DECISIONS, &key, &bytes)?;
        let mut pack = pack.into_iter();
        let decision = pack.find(|decision| decision.customer == customer && decision.due == due);
        found = decision.map(|decision| (at, decision)).or(found.take());
        Ok(())
    };
    // Packs of a run are in the order of their customers: of each run only the last one that begins at or
    // before this customer is unpacked.
    let mut last: Option<(Instant, Vec<u8>, Vec<u8>)> = None;
    for item in scan(store, &prefix, &from, from.len()) {
        let (key, bytes) = item?;
        let (_, at, first) = key::parse_decisions(&key).ok_or_else(|| strange_key(&key))?;
        if at > due {
            break;
        }
        if last.as_ref().is_some_and(|(run, ..)| *run != at) {
            look(last.take())?;
        }
        if first <= customer {
            last = Some((at, key, bytes));
        }
    }
    look(last)?;
    Ok(found)
}

/// Who a rule passed over for one reason at one instant (a run's, or a day's start).
///
/// # Errors
/// When a block does not read back.
pub fn non_sends_at(
    store: &dyn Store,
    rule: RuleNumber,
    at: Instant,
    reason: Skip,
) -> Result<Bitmap, StoreError> {
    let mut prefix = key::non_sends(rule, at, reason.code(), 0);
    prefix.truncate(prefix.len() - 4);
    let mut found = Bitmap::new();
    for item in store.scan(&prefix, &prefix) {
        let (key, bytes) = item?;
        let (_, _, _, block) = key::parse_non_sends(&key).ok_or_else(|| strange_key(&key))?;
        set_block(&mut found, block, &key, &codec::decode_raw(BLOCK, &key, &bytes)?)?;
    }
    Ok(found)
}
