//! The orders of a chunk's customers in compressed rows, sorted by customer and time.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::model::Currency;
use crate::record::{Line, Order};
use crate::ruleset::LIST_SEPARATOR;

use super::ROWS;
use super::column::{code_of, merge};

/// Stands for an unknown quantity; no sum of real quantities is kept at this value.
pub(crate) const NO_QUANTITY: i64 = i64::MIN;

/// The code of an unknown text.
pub(crate) const NO_WORD: u32 = u32::MAX;

/// Orders; the lists are as long as there are orders in the chunk.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Orders {
    /// Row `r` has the orders `starts[r]..starts[r + 1]`.
    pub(crate) starts: Vec<u32>,
    /// Milliseconds since 1970, rising within a row.
    pub(crate) times: Vec<i64>,
    /// Ten-thousandths of the order's currency; negative for a refund.
    pub(crate) totals: Vec<i64>,
    /// Millionths of a piece, all lines together; [`NO_QUANTITY`] where a line does not say.
    pub(crate) quantities: Vec<i64>,
    /// What was bought.
    pub(crate) products: Words,
    /// Of which category.
    pub(crate) categories: Words,
    /// Where.
    pub(crate) channels: Words,
    /// The currencies that are not the workspace's; empty where the chunk has none of them.
    pub(crate) foreign: Vec<Option<Currency>>,
}

/// Texts of orders by their code; several lines' distinct texts are one joined list.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Words {
    /// Sorted, distinct.
    pub(crate) words: Vec<Arc<str>>,
    /// One an order, [`NO_WORD`] where no line says.
    pub(crate) codes: Vec<u32>,
}

impl Words {
    /// The order's text.
    pub(crate) fn get(&self, order: usize) -> Option<&str> {
        self.words.get(self.codes[order] as usize).map(|word| &**word)
    }
}

/// The orders of one row, sorted by time.
pub(crate) struct Patch<'a> {
    row: usize,
    orders: Vec<&'a Order>,
}

impl<'a> Patch<'a> {
    /// All orders of the customer in that row.
    pub(crate) fn new(row: usize, orders: &'a [Order]) -> Self {
        let mut orders: Vec<&Order> = orders.iter().collect();
        // By id among equals, so that the columns do not depend on the order of arrival.
        orders.sort_by(|a, b| a.time.cmp(&b.time).then_with(|| a.id.cmp(&b.id)));
        Self { row, orders }
    }
}

/// Where an element of a patched list comes from.
enum Source<'p> {
    Kept(Range<usize>),
    New(&'p [&'p Order]),
}

impl Orders {
    /// No orders.
    pub(crate) fn empty() -> Self {
        Self {
            starts: vec![0; ROWS + 1],
            times: Vec::new(),
            totals: Vec::new(),
            quantities: Vec::new(),
            products: Words::default(),
            categories: Words::default(),
            channels: Words::default(),
            foreign: Vec::new(),
        }
    }

    /// The orders of a row.
    pub(crate) fn of(&self, row: usize) -> Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }

    /// The order's currency, if it is not the workspace's.
    pub(crate) fn foreign(&self, order: usize) -> Option<Currency> {
        self.foreign.get(order).copied().flatten()
    }

    /// A copy with the orders of some rows replaced; `patches` rise by row, each row once.
    pub(crate) fn patched(&self, patches: &[Patch<'_>], currency: Option<Currency>) -> Self {
        let mut sources = Vec::with_capacity(patches.len() * 2 + 1);
        let mut starts = self.starts.clone();
        let (mut kept_to, mut grown) = (0, 0_i64);
        for (index, patch) in patches.iter().enumerate() {
            let old = self.of(patch.row);
            sources.push(Source::Kept(kept_to..old.start));
            sources.push(Source::New(&patch.orders));
            kept_to = old.end;
            grown += signed(patch.orders.len()) - signed(old.len());
            let next = patches.get(index + 1).map_or(ROWS, |next| next.row);
            for start in &mut starts[patch.row + 1..=next] {
                *start = u32::try_from(i64::from(*start) + grown).unwrap_or(u32::MAX);
            }
        }
        sources.push(Source::Kept(kept_to..self.times.len()));
        let foreign = |order: &Order| order.currency.filter(|_| order.currency != currency);
        let none = vec![None; if self.foreign.is_empty() { self.times.len() } else { 0 }];
        let before = if self.foreign.is_empty() { &none } else { &self.foreign };
        let mut currencies = column(&sources, before, foreign);
        if currencies.iter().all(Option::is_none) {
            currencies = Vec::new();
        }
        Self {
            starts,
            times: column(&sources, &self.times, |order| order.time.0),
            totals: column(&sources, &self.totals, |order| order.total.0),
            quantities: column(&sources, &self.quantities, quantity),
            products: words(&sources, &self.products, |line| line.product.as_deref()),
            categories: words(&sources, &self.categories, |line| line.category.as_deref()),
            channels: words(&sources, &self.channels, |line| line.channel.as_deref()),
            foreign: currencies,
        }
    }
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn column<T: Copy>(sources: &[Source<'_>], old: &[T], read: impl Fn(&Order) -> T) -> Vec<T> {
    let mut result = Vec::with_capacity(old.len());
    for source in sources {
        match source {
            Source::Kept(range) => result.extend_from_slice(&old[range.clone()]),
            Source::New(orders) => result.extend(orders.iter().map(|order| read(order))),
        }
    }
    result
}

fn words(sources: &[Source<'_>], old: &Words, read: impl Fn(&Line) -> Option<&str>) -> Words {
    let mut used = vec![false; old.words.len()];
    let mut new: Vec<Option<Cow<'_, str>>> = Vec::new();
    for source in sources {
        match source {
            Source::Kept(range) => {
                for &code in &old.codes[range.clone()] {
                    if let Some(used) = used.get_mut(code as usize) {
                        *used = true;
                    }
                }
            }
            Source::New(orders) => new.extend(orders.iter().map(|order| joined(order, &read))),
        }
    }
    let merged = merge(&old.words, &used, new.iter().flatten().map(|text| &**text).collect());
    let mut codes = Vec::with_capacity(old.codes.len() + new.len());
    let mut new = new.iter();
    for source in sources {
        match source {
            Source::Kept(range) => codes.extend(
                old.codes[range.clone()]
                    .iter()
                    .map(|&code| merged.moved.get(code as usize).copied().unwrap_or(NO_WORD)),
            ),
            Source::New(orders) => codes.extend(
                new.by_ref()
                    .take(orders.len())
                    .map(|text| text.as_ref().map_or(NO_WORD, |text| code_of(&merged.words, text))),
            ),
        }
    }
    Words { words: merged.words, codes }
}

/// The distinct texts of an order's lines in the order in which they first stand.
fn joined<'o>(order: &'o Order, read: &impl Fn(&Line) -> Option<&str>) -> Option<Cow<'o, str>> {
    let mut lines = order.lines.iter().filter_map(read);
    let first = lines.next()?;
    let mut distinct = vec![first];
    for text in lines {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    Some(match distinct[..] {
        [only] => Cow::Borrowed(only),
        _ => Cow::Owned(distinct.join(&LIST_SEPARATOR.to_string())),
    })
}

/// Pieces of all lines; unknown where one does not say, where there is no line, and on overflow.
fn quantity(order: &Order) -> i64 {
    let sum = order.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.quantity?.0));
    sum.filter(|_| !order.lines.is_empty()).unwrap_or(NO_QUANTITY)
}
