//! What a customer's orders come to: counts, sums, means, extremes, and why one is unknown.

use crate::compile::{Aggregate, NodeId};
use crate::model::{Currency, Money, Number};
use crate::population::{Chunk, NO_QUANTITY};
use crate::ruleset::{AggregateFunction, EventFieldId, Which};

use super::moment::Moment;

/// Why an aggregate or a time since is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// There is no order to look at.
    NoOrder,
    /// The customer has orders in this currency, which is not the workspace's.
    Foreign(Currency),
    /// An order does not say how many pieces.
    Missing,
    /// Beyond what 64 bits hold.
    TooLarge,
}

/// What was seen in a customer's orders.
pub(super) struct Tally {
    count: i64,
    sum: i128,
    least: i64,
    greatest: i64,
    missing: bool,
    /// Orders in the window for which `where` is unknown.
    pub(super) uncounted: u32,
}

/// Goes over the orders of a row; `judge` says whether `where` is true for an order.
pub(super) fn tally(
    moment: &Moment<'_>,
    chunk: &Chunk,
    row: usize,
    aggregate: &Aggregate,
    mut judge: impl FnMut(NodeId, usize) -> Option<bool>,
) -> Tally {
    let (first, last) = moment.windows[aggregate.window];
    // A refund is no order; only the total of totals sees it.
    let refunds =
        matches!((aggregate.function, aggregate.field), (AggregateFunction::Sum, Some(EventFieldId::TOTAL)));
    let orders = &chunk.orders;
    let mut seen =
        Tally { count: 0, sum: 0, least: i64::MAX, greatest: i64::MIN, missing: false, uncounted: 0 };
    let range = orders.of(row);
    let (times, totals) = (&orders.times[range.clone()], &orders.totals[range.clone()]);
    for (order, (&time, &total)) in range.zip(times.iter().zip(totals)) {
        if time > last {
            break;
        }
        if time < first || total < 0 && !refunds {
            continue;
        }
        if let Some(filter) = aggregate.filter {
            match judge(filter, order) {
                Some(true) => {}
                Some(false) => continue,
                None => {
                    seen.uncounted += 1;
                    continue;
                }
            }
        }
        seen.count += 1;
        let Some(field) = aggregate.field else { continue };
        match number(chunk, order, field) {
            Some(value) => {
                seen.sum += i128::from(value);
                seen.least = seen.least.min(value);
                seen.greatest = seen.greatest.max(value);
            }
            None => seen.missing = true,
        }
    }
    seen
}

/// A field of an order as a number, whatever its currency.
fn number(chunk: &Chunk, order: usize, field: EventFieldId) -> Option<i64> {
    match field {
        EventFieldId::TOTAL => Some(chunk.orders.totals[order]),
        EventFieldId::QUANTITY => {
            Some(chunk.orders.quantities[order]).filter(|&quantity| quantity != NO_QUANTITY)
        }
        EventFieldId(_) => None,
    }
}

/// The aggregate of a row.
pub(super) fn aggregate(
    moment: &Moment<'_>,
    chunk: &Chunk,
    row: usize,
    aggregate: &Aggregate,
    judge: impl FnMut(NodeId, usize) -> Option<bool>,
) -> Result<i64, Why> {
    let money =
        aggregate.field == Some(EventFieldId::TOTAL) && aggregate.function != AggregateFunction::Count;
    if let (true, Some(currency)) = (money, chunk.foreign_currency(row, moment.now)) {
        return Err(Why::Foreign(currency));
    }
    let seen = tally(moment, chunk, row, aggregate, judge);
    if seen.missing && aggregate.function != AggregateFunction::Count {
        return Err(Why::Missing);
    }
    let to_cent = |value: i64| if money { Money(value).to_cent().0 } else { value };
    let of_some = |value: i64| if seen.count > 0 { Ok(to_cent(value)) } else { Err(Why::NoOrder) };
    match aggregate.function {
        AggregateFunction::Count => Ok(Number::whole(seen.count).0),
        AggregateFunction::Sum => i64::try_from(seen.sum).map(to_cent).map_err(|_| Why::TooLarge),
        AggregateFunction::Min => of_some(seen.least),
        AggregateFunction::Max => of_some(seen.greatest),
        AggregateFunction::Average if seen.count == 0 => Err(Why::NoOrder),
        AggregateFunction::Average if money => {
            Money::mean(seen.sum, seen.count).map(|mean| mean.0).ok_or(Why::TooLarge)
        }
        AggregateFunction::Average => {
            Number::mean(seen.sum, seen.count).map(|mean| mean.0).ok_or(Why::TooLarge)
        }
    }
}

/// Milliseconds from the first or last order to now.
pub(super) fn time_since(moment: &Moment<'_>, chunk: &Chunk, row: usize, which: Which) -> Result<i64, Why> {
    let orders = &chunk.orders;
    let mut seen = orders.of(row).filter(|&o| orders.totals[o] >= 0 && orders.times[o] <= moment.now);
    let order = match which {
        Which::First => seen.next(),
        Which::Last => seen.next_back(),
    };
    let time = order.map(|order| orders.times[order]).ok_or(Why::NoOrder)?;
    moment.now.checked_sub(time).ok_or(Why::TooLarge)
}

/// Repeat orders, in millionths.
pub(super) fn frequency(moment: &Moment<'_>, chunk: &Chunk, row: usize) -> i64 {
    let orders = &chunk.orders;
    let seen = orders.of(row).filter(|&o| orders.totals[o] >= 0 && orders.times[o] <= moment.now);
    let repeats = seen.count().saturating_sub(1);
    Number::whole(i64::try_from(repeats).unwrap_or(i64::MAX)).0
}
