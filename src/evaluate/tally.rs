//! What a customer's events come to: counts, sums, means, extremes, and why one is unknown.

use crate::compile::{Aggregate, NodeId};
use crate::model::{Currency, Money, Number};
use crate::population::Chunk;
use crate::ruleset::{AggregateFunction, EventFieldId, EventId, Type, Value, Which, Window};

use super::moment::{Moment, Reach};

/// Why an aggregate or a time since is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// There is no such event to look at.
    Nothing(EventId),
    /// The customer has orders in this currency, which is not the workspace's.
    Foreign(Currency),
    /// An event does not say what is asked of it.
    Missing,
    /// Beyond what 64 bits hold.
    TooLarge,
}

/// What was seen in a customer's events of a kind.
pub(super) struct Tally {
    count: i64,
    sum: i128,
    least: i64,
    greatest: i64,
    missing: bool,
    /// The first and the last that count, by their place in the chunk.
    ends: Option<(usize, usize)>,
    /// Events in the window for which `where` is unknown.
    pub(super) uncounted: u32,
}

/// Goes over the events of a row; `judge` says whether `where` is true for an event.
///
/// # Errors
/// Where the window begins with an event that there is none of.
pub(super) fn tally(
    moment: &Moment<'_>,
    chunk: &Chunk,
    row: usize,
    aggregate: &Aggregate,
    mut judge: impl FnMut(NodeId, usize) -> Option<bool>,
) -> Result<Tally, Why> {
    let (first, last) = bounds(moment, chunk, row, aggregate.window)?;
    let is_order = aggregate.event == EventId::ORDER;
    // A refund is no order; only the total of totals sees it.
    let refunds =
        aggregate.function == AggregateFunction::Sum && aggregate.field == Some(EventFieldId::TOTAL);
    let passes_refunds = is_order && !refunds;
    let events = &chunk.events[aggregate.event.index()];
    // `in last D` always includes the event that fired.
    let always = fired_before(moment, chunk, row, (aggregate, first));
    let mut seen = Tally::default();
    let range = events.of(row);
    for (event, &time) in range.clone().zip(&events.times[range]) {
        if time > last {
            break;
        }
        if time < first && Some(event) != always || passes_refunds && is_refund(chunk, event) {
            continue;
        }
        if let Some(filter) = aggregate.filter {
            match judge(filter, event) {
                Some(true) => {}
                Some(false) => continue,
                None => {
                    seen.uncounted += 1;
                    continue;
                }
            }
        }
        seen.count += 1;
        seen.ends = Some((seen.ends.map_or(event, |(first, _)| first), event));
        if let Some(field) = aggregate.field {
            seen.number(events.number(field, event));
        }
    }
    Ok(seen)
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            count: 0,
            sum: 0,
            least: i64::MAX,
            greatest: i64::MIN,
            missing: false,
            ends: None,
            uncounted: 0,
        }
    }
}

impl Tally {
    fn number(&mut self, number: Option<i64>) {
        match number {
            Some(value) => {
                self.sum += i128::from(value);
                self.least = self.least.min(value);
                self.greatest = self.greatest.max(value);
            }
            None => self.missing = true,
        }
    }

    /// The first or last event that counts.
    fn end(&self, which: Which) -> Option<usize> {
        self.ends.map(|(first, last)| match which {
            Which::First => first,
            Which::Last => last,
        })
    }
}

/// The event that fired, by its place in the chunk, where it lies before a window `in last D`.
fn fired_before(
    moment: &Moment<'_>,
    chunk: &Chunk,
    row: usize,
    (aggregate, first): (&Aggregate, i64),
) -> Option<usize> {
    let fired = moment.fired.as_ref().filter(|fired| fired.event == aggregate.event)?;
    let Window::Last(_) = moment.program.windows()[aggregate.window] else { return None };
    if fired.time.0 >= first {
        return None;
    }
    let events = &chunk.events[aggregate.event.index()];
    // Two that say the same at one instant count the same, whichever it was.
    let same = |event: &usize| {
        let says = |(field, value): (EventFieldId, &Option<Value>)| match value {
            Some(Value::Text(text)) => events.text(field, *event) == Some(text),
            Some(value) => events.number(field, *event) == value.scalar(),
            None => {
                let foreign = events.foreign(*event).is_some() && field == EventFieldId::TOTAL;
                foreign || events.number(field, *event).is_none() && events.text(field, *event).is_none()
            }
        };
        events.times[*event] == fired.time.0 && (0..).map(EventFieldId).zip(&fired.values).all(says)
    };
    events.of(row).find(same)
}

fn is_refund(chunk: &Chunk, order: usize) -> bool {
    chunk.orders().number(EventFieldId::TOTAL, order).is_some_and(|total| total < 0)
}

/// First and last millisecond of a window for a row, both included.
fn bounds(moment: &Moment<'_>, chunk: &Chunk, row: usize, window: usize) -> Result<(i64, i64), Why> {
    match moment.windows[window] {
        Reach::Fixed(first, last) => Ok((first, last)),
        Reach::Since(event, which) => {
            let since = end_of(moment, chunk, row, event, which).ok_or(Why::Nothing(event))?;
            Ok((chunk.events[event.index()].times[since], moment.now))
        }
    }
}

/// The first or last event of a kind up to now, by its place in the chunk. Refunds are no orders.
fn end_of(moment: &Moment<'_>, chunk: &Chunk, row: usize, event: EventId, which: Which) -> Option<usize> {
    let events = &chunk.events[event.index()];
    let is_order = event == EventId::ORDER;
    let mut seen = events
        .of(row)
        .filter(|&event| events.times[event] <= moment.now && !(is_order && is_refund(chunk, event)));
    match which {
        Which::First => seen.next(),
        Which::Last => seen.next_back(),
    }
}

/// The aggregate of a row as a number; texts have [`aggregate_text`].
pub(super) fn aggregate(
    moment: &Moment<'_>,
    chunk: &Chunk,
    row: usize,
    aggregate: &Aggregate,
    judge: impl FnMut(NodeId, usize) -> Option<bool>,
) -> Result<i64, Why> {
    let money = aggregate.of == Type::Money;
    let totals = aggregate.event == EventId::ORDER && aggregate.field == Some(EventFieldId::TOTAL);
    if let (true, Some(currency)) = (totals, chunk.foreign_currency(row, moment.now)) {
        return Err(Why::Foreign(currency));
    }
    let seen = tally(moment, chunk, row, aggregate, judge)?;
    let to_cent = |value: i64| if money { Money(value).to_cent().0 } else { value };
    let some = |value: i64| {
        if seen.count == 0 { Err(Why::Nothing(aggregate.event)) } else { Ok(to_cent(value)) }
    };
    let all_say = if seen.missing { Err(Why::Missing) } else { Ok(()) };
    let at = |which| {
        let event = seen.end(which).ok_or(Why::Nothing(aggregate.event))?;
        let field = aggregate.field.ok_or(Why::Missing)?;
        chunk.events[aggregate.event.index()].number(field, event).map(to_cent).ok_or(Why::Missing)
    };
    match aggregate.function {
        AggregateFunction::Count => Ok(Number::whole(seen.count).0),
        AggregateFunction::Sum => {
            all_say.and_then(|()| i64::try_from(seen.sum).map(to_cent).map_err(|_| Why::TooLarge))
        }
        AggregateFunction::Min => all_say.and_then(|()| some(seen.least)),
        AggregateFunction::Max => all_say.and_then(|()| some(seen.greatest)),
        AggregateFunction::Average => all_say.and_then(|()| {
            some(0)?;
            let mean = if money {
                Money::mean(seen.sum, seen.count).map(|mean| mean.0)
            } else {
                Number::mean(seen.sum, seen.count).map(|mean| mean.0)
            };
            mean.ok_or(Why::TooLarge)
        }),
        AggregateFunction::First => at(Which::First),
        AggregateFunction::Last => at(Which::Last),
    }
}

/// A text of the first or last event that counts.
pub(super) fn aggregate_text<'a>(
    moment: &Moment<'_>,
    chunk: &'a Chunk,
    row: usize,
    aggregate: &Aggregate,
    judge: impl FnMut(NodeId, usize) -> Option<bool>,
) -> Result<&'a str, Why> {
    let seen = tally(moment, chunk, row, aggregate, judge)?;
    let which = match aggregate.function {
        AggregateFunction::First => Which::First,
        AggregateFunction::Last => Which::Last,
        AggregateFunction::Count
        | AggregateFunction::Sum
        | AggregateFunction::Average
        | AggregateFunction::Min
        | AggregateFunction::Max => return Err(Why::Missing),
    };
    let event = seen.end(which).ok_or(Why::Nothing(aggregate.event))?;
    let field = aggregate.field.ok_or(Why::Missing)?;
    chunk.events[aggregate.event.index()].text(field, event).ok_or(Why::Missing)
}

/// Milliseconds from the first or last event of a kind to now.
pub(super) fn time_since(
    moment: &Moment<'_>,
    chunk: &Chunk,
    row: usize,
    event: EventId,
    which: Which,
) -> Result<i64, Why> {
    let found = end_of(moment, chunk, row, event, which).ok_or(Why::Nothing(event))?;
    moment.now.checked_sub(chunk.events[event.index()].times[found]).ok_or(Why::TooLarge)
}

/// Repeat orders, in millionths.
pub(super) fn frequency(moment: &Moment<'_>, chunk: &Chunk, row: usize) -> i64 {
    let orders = chunk.orders();
    let seen = orders.of(row).filter(|&o| !is_refund(chunk, o) && orders.times[o] <= moment.now);
    let repeats = seen.count().saturating_sub(1);
    Number::whole(i64::try_from(repeats).unwrap_or(i64::MAX)).0
}
