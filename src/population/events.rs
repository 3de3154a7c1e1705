//! The events of one kind of a chunk's customers in compressed rows, sorted by customer and time.
//!
//! Orders are such a kind. Patched rows equal rows that were built at once from the same events.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use crate::model::Currency;
use crate::ruleset::{EventFieldId, EventKind, Type};

use super::ROWS;
use super::column::{code_of, merge};
use super::fact::{Cell, Fact};

/// Stands for an unknown number; no real value is kept at it.
const NO_NUMBER: i64 = i64::MIN;

/// The code of an unknown text.
const NO_WORD: u32 = u32::MAX;

/// Events of one kind; the lists are as long as there are such events in the chunk.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Events {
    /// Row `r` has the events `starts[r]..starts[r + 1]`.
    starts: Vec<u32>,
    /// Milliseconds since 1970, rising within a row.
    pub(crate) times: Vec<i64>,
    /// By [`EventFieldId`].
    columns: Vec<EventColumn>,
    /// The currencies that are not the workspace's; empty where the chunk has none of them.
    foreign: Vec<Option<Currency>>,
    /// Which were recorded here rather than told; empty where none was.
    own: Vec<bool>,
}

/// A field of the events.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum EventColumn {
    /// Everything that is one `i64`; [`NO_NUMBER`] where unknown.
    Numbers(Vec<i64>),
    /// Texts and lists of texts.
    Words(Words),
}

/// Texts by their code; a list is one joined text.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Words {
    /// Sorted, distinct.
    words: Vec<Arc<str>>,
    /// One an event, [`NO_WORD`] where unknown.
    codes: Vec<u32>,
}

impl Words {
    fn get(&self, event: usize) -> Option<&str> {
        self.words.get(self.codes[event] as usize).map(|word| &**word)
    }
}

/// What happens to the events that a row has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// They all stay.
    All,
    /// Those recorded here stay; what was told is replaced.
    Own,
    /// They go.
    None,
}

/// New events of a row.
pub(crate) struct Patch<'a> {
    row: usize,
    keep: Keep,
    facts: Vec<Fact<'a>>,
}

impl<'a> Patch<'a> {
    /// Puts events into a row, beside those that are kept.
    pub(crate) fn new(row: usize, keep: Keep, mut facts: Vec<Fact<'a>>) -> Self {
        // By what tells them apart among equals, so that the rows do not depend on the order of arrival.
        facts.sort_by(Fact::compare);
        Self { row, keep, facts }
    }

    /// Where it goes.
    pub(crate) const fn row(&self) -> usize {
        self.row
    }

    /// Whether it changes nothing in rows that have nothing there.
    pub(crate) fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
}

/// Where an element of a patched list comes from.
enum Source<'p, 'a> {
    Kept(Range<usize>),
    New(&'p Fact<'a>),
}

impl Events {
    /// No events of that kind.
    pub(crate) fn empty(kind: &EventKind) -> Self {
        let column = |ty: Type| match ty {
            Type::Text | Type::ListOfText => EventColumn::Words(Words::default()),
            Type::Money
            | Type::Number
            | Type::Percent
            | Type::Duration
            | Type::Date
            | Type::Time
            | Type::YesNo
            | Type::Choice(_)
            | Type::Condition => EventColumn::Numbers(Vec::new()),
        };
        Self {
            starts: vec![0; ROWS + 1],
            times: Vec::new(),
            columns: kind.fields.iter().map(|field| column(field.ty)).collect(),
            foreign: Vec::new(),
            own: Vec::new(),
        }
    }

    /// The events of a row.
    pub(crate) fn of(&self, row: usize) -> Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }

    /// How many in the chunk.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// An event's currency, if it is not the workspace's.
    pub(crate) fn foreign(&self, event: usize) -> Option<Currency> {
        self.foreign.get(event).copied().flatten()
    }

    /// Whether any event of the chunk is in a foreign currency.
    pub(crate) const fn has_foreign(&self) -> bool {
        !self.foreign.is_empty()
    }

    /// A field of an event that is a number.
    pub(crate) fn number(&self, field: EventFieldId, event: usize) -> Option<i64> {
        match self.columns.get(field.index())? {
            EventColumn::Numbers(numbers) => Some(numbers[event]).filter(|&number| number != NO_NUMBER),
            EventColumn::Words(_) => None,
        }
    }

    /// A field of an event that is a text.
    pub(crate) fn text(&self, field: EventFieldId, event: usize) -> Option<&str> {
        match self.columns.get(field.index())? {
            EventColumn::Numbers(_) => None,
            EventColumn::Words(words) => words.get(event),
        }
    }

    /// How many have a value in a field.
    pub(crate) fn filled(&self, field: EventFieldId) -> usize {
        match self.columns.get(field.index()) {
            Some(EventColumn::Numbers(numbers)) => numbers.iter().filter(|&&one| one != NO_NUMBER).count(),
            Some(EventColumn::Words(words)) => words.codes.iter().filter(|&&code| code != NO_WORD).count(),
            None => 0,
        }
    }

    /// Whether it was recorded here rather than told.
    pub(crate) fn is_own(&self, event: usize) -> bool {
        self.own.get(event).copied().unwrap_or(false)
    }

    /// A copy with the events of some rows replaced; `patches` rise by row, each row once.
    pub(crate) fn patched(&self, patches: &[Patch<'_>]) -> Self {
        let mut sources = Vec::with_capacity(patches.len() * 2 + 1);
        let mut starts = self.starts.clone();
        let (mut kept_to, mut grown) = (0, 0_i64);
        for (index, patch) in patches.iter().enumerate() {
            let old = self.of(patch.row);
            sources.push(Source::Kept(kept_to..old.start));
            let before = signed(old.len());
            kept_to = old.end;
            let stays = self.merge(patch, &mut sources);
            grown += signed(patch.facts.len() + stays) - before;
            let next = patches.get(index + 1).map_or(ROWS, |next| next.row);
            for start in &mut starts[patch.row + 1..=next] {
                *start = u32::try_from(i64::from(*start) + grown).unwrap_or(u32::MAX);
            }
        }
        sources.push(Source::Kept(kept_to..self.len()));
        let columns = self.columns.iter().enumerate().map(|(at, column)| match column {
            EventColumn::Numbers(numbers) => EventColumn::Numbers(list(&sources, numbers, |fact| {
                if let Cell::Number(number) = fact.cells[at] { number } else { NO_NUMBER }
            })),
            EventColumn::Words(words) => EventColumn::Words(texts(&sources, words, at)),
        });
        Self {
            starts,
            times: list(&sources, &self.times, |fact| fact.time),
            columns: columns.collect(),
            foreign: rare(&sources, &self.foreign, self.len(), |fact| fact.foreign),
            own: rare(&sources, &self.own, self.len(), |fact| fact.own),
        }
    }

    /// The events of a patched row in their order; says how many old ones are among them.
    fn merge<'p, 'a>(&self, patch: &'p Patch<'a>, sources: &mut Vec<Source<'p, 'a>>) -> usize {
        let stays = |&event: &usize| match patch.keep {
            Keep::All => true,
            Keep::Own => self.is_own(event),
            Keep::None => false,
        };
        let mut kept = self.of(patch.row).filter(stays).peekable();
        let mut count = 0;
        for fact in &patch.facts {
            while let Some(event) = kept.next_if(|&event| self.compare(event, fact) != Ordering::Greater) {
                sources.push(Source::Kept(event..event + 1));
                count += 1;
            }
            sources.push(Source::New(fact));
        }
        for event in kept {
            sources.push(Source::Kept(event..event + 1));
            count += 1;
        }
        count
    }

    /// The place of an old event beside a new one: by time, what was told before what was recorded,
    /// then by their texts.
    fn compare(&self, event: usize, fact: &Fact<'_>) -> Ordering {
        let by_time = (self.times[event], self.is_own(event)).cmp(&(fact.time, fact.own));
        by_time.then_with(|| {
            let old = self.columns.iter().map(|column| match column {
                EventColumn::Numbers(_) => None,
                EventColumn::Words(words) => words.get(event),
            });
            old.cmp(fact.cells.iter().map(Cell::text))
        })
    }
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn list<T: Copy>(sources: &[Source<'_, '_>], old: &[T], read: impl Fn(&Fact<'_>) -> T) -> Vec<T> {
    let mut result = Vec::with_capacity(old.len());
    for source in sources {
        match source {
            Source::Kept(range) => result.extend_from_slice(&old[range.clone()]),
            Source::New(fact) => result.push(read(fact)),
        }
    }
    result
}

/// As [`list`], for what hardly any event has: empty where all are the default.
fn rare<T: Copy + Default + PartialEq>(
    sources: &[Source<'_, '_>],
    old: &[T],
    length: usize,
    read: impl Fn(&Fact<'_>) -> T,
) -> Vec<T> {
    let unusual = |source: &Source<'_, '_>| {
        if let Source::New(fact) = source { read(fact) != T::default() } else { false }
    };
    if old.is_empty() && !sources.iter().any(unusual) {
        return Vec::new();
    }
    let none = vec![T::default(); if old.is_empty() { length } else { 0 }];
    let mut result = list(sources, if old.is_empty() { &none } else { old }, read);
    if result.iter().all(|value| *value == T::default()) {
        result = Vec::new();
    }
    result
}

fn texts(sources: &[Source<'_, '_>], old: &Words, at: usize) -> Words {
    let mut used = vec![false; old.words.len()];
    let mut new: Vec<&str> = Vec::new();
    for source in sources {
        match source {
            Source::Kept(range) => {
                for &code in &old.codes[range.clone()] {
                    if let Some(used) = used.get_mut(code as usize) {
                        *used = true;
                    }
                }
            }
            Source::New(fact) => new.extend(fact.cells[at].text()),
        }
    }
    let merged = merge(&old.words, &used, new);
    let mut codes = Vec::with_capacity(old.codes.len());
    for source in sources {
        match source {
            Source::Kept(range) => codes.extend(
                old.codes[range.clone()]
                    .iter()
                    .map(|&code| merged.moved.get(code as usize).copied().unwrap_or(NO_WORD)),
            ),
            Source::New(fact) => {
                codes.push(fact.cells[at].text().map_or(NO_WORD, |text| code_of(&merged.words, text)));
            }
        }
    }
    Words { words: merged.words, codes }
}
