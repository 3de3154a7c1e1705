//! A chunk at a time: nodes become bits and columns, each row of each node at most once.
//!
//! Every node remembers for which rows it is done. `and` asks a part only for the rows that no
//! cheaper part made false, `or` only for those that none made true; another rule that needs more
//! rows of the same part has the rest computed.

use crate::compile::{Aggregate, Node, NodeId};
use crate::failpoint;
use crate::population::{Bits, Chunk, Column};
use crate::ruleset::Type;

use super::kernel::test;
use super::memory::{Judged, Numbers, Truths};
use super::moment::Moment;
use super::row::{Cell, Row, share_of};
use super::scan::{Source, compare, constant, dictionary_test, field_texts};
use super::tally::{aggregate, frequency, time_since};

/// The working memory of one thread, kept from chunk to chunk.
pub(super) struct Sheet<'m> {
    moment: &'m Moment<'m>,
    conditions: Vec<Option<Box<Truths>>>,
    columns: Vec<Option<Box<Numbers>>>,
    /// By the node of a `where`.
    judged: Vec<Option<Judged>>,
    /// Chunks so far: tells what is left from an earlier one.
    chunks: u64,
}

impl<'m> Sheet<'m> {
    pub(super) fn new(moment: &'m Moment<'m>) -> Self {
        let nodes = moment.program.len();
        Self {
            moment,
            conditions: std::iter::repeat_with(|| None).take(nodes).collect(),
            columns: std::iter::repeat_with(|| None).take(nodes).collect(),
            judged: std::iter::repeat_with(|| None).take(nodes).collect(),
            chunks: 0,
        }
    }

    /// True and false rows of each root in a chunk.
    pub(super) fn answers(&mut self, chunk: &Chunk, roots: &[NodeId]) -> Vec<(Bits, Bits)> {
        self.chunks += 1;
        self.conditions.iter_mut().flatten().for_each(|truths| truths.done = Bits::EMPTY);
        self.columns.iter_mut().flatten().for_each(|numbers| numbers.done = Bits::EMPTY);
        let answer = |&root: &NodeId| {
            self.condition(chunk, root, &chunk.exists);
            let (yes, no) = self.known(root);
            (yes.and(&chunk.exists), no.and(&chunk.exists))
        };
        roots.iter().map(answer).collect()
    }

    /// A condition's answers so far.
    fn known(&self, id: NodeId) -> (&Bits, &Bits) {
        match &self.conditions[id.index()] {
            Some(truths) => (&truths.yes, &truths.no),
            None => (&Bits::EMPTY, &Bits::EMPTY),
        }
    }

    /// Sees to it that a condition is done for the rows of `need`.
    fn condition(&mut self, chunk: &Chunk, id: NodeId, need: &Bits) {
        let mut truths = self.conditions[id.index()].take().unwrap_or_else(|| Box::new(Truths::NEW));
        let missing = need.without(&truths.done);
        if !missing.is_empty() {
            let (scope, yes, no) = self.fresh_condition(chunk, id, &missing);
            let no = if failpoint::sabotage("unknown_is_false") { scope.without(&yes) } else { no };
            truths.merge(&scope, &yes, &no);
        }
        self.conditions[id.index()] = Some(truths);
    }

    /// The rows that were looked at (at least `missing`), those that are true, those that are false.
    fn fresh_condition(&mut self, chunk: &Chunk, id: NodeId, missing: &Bits) -> (Bits, Bits, Bits) {
        let program = self.moment.program;
        match program.node(id) {
            Node::Compare(order, left, right) => {
                self.column(chunk, *left, missing);
                self.column(chunk, *right, missing);
                compare(*order, self.source(chunk, *left), self.source(chunk, *right), missing)
            }
            Node::OneOf(of, numbers) => self.tested(chunk, *of, missing, |value| numbers.contains(&value)),
            Node::During(of, days) => {
                let (moment, ty) = (self.moment, program.ty(*of));
                self.tested(chunk, *of, missing, |value| moment.during(*days, ty, value))
            }
            Node::Falls(of, days) => {
                let (moment, ty) = (self.moment, program.ty(*of));
                self.tested(chunk, *of, missing, |value| moment.falls(*days, ty, value))
            }
            Node::Text { of, test, list } => match field_texts(chunk, program.node(*of)) {
                Some(texts) => dictionary_test(texts, test, *list, missing),
                None => self.by_row(chunk, id, missing),
            },
            Node::Moved(leaf) => match self.moment.members(*leaf) {
                Some(members) => {
                    let yes = Bits::of(members, chunk.first);
                    (Bits::FULL, yes, Bits::FULL.without(&yes))
                }
                None => (*missing, Bits::EMPTY, Bits::EMPTY),
            },
            Node::IsKnown(of) => self.is_known(chunk, id, *of, missing),
            Node::And(parts) => {
                let (live, unsure) = self.narrow(chunk, parts, missing, false);
                (*missing, live.without(&unsure), missing.without(&live))
            }
            Node::Or(parts) => {
                let (live, unsure) = self.narrow(chunk, parts, missing, true);
                (*missing, missing.without(&live), live.without(&unsure))
            }
            Node::Not(of) => {
                self.condition(chunk, *of, missing);
                let (yes, no) = self.known(*of);
                (*missing, *no, *yes)
            }
            Node::SameText { .. }
            | Node::Unknown
            | Node::Constant(_)
            | Node::Field(_)
            | Node::EventField(..)
            | Node::Fired(..)
            | Node::Aggregate(_)
            | Node::TimeSince(..)
            | Node::Frequency
            | Node::Place(_)
            | Node::OrElse(..)
            | Node::ShareOf(..) => self.by_row(chunk, id, missing),
        }
    }

    /// Asks each number of an operand the same.
    fn tested(
        &mut self,
        chunk: &Chunk,
        of: NodeId,
        missing: &Bits,
        passes: impl Fn(i64) -> bool,
    ) -> (Bits, Bits, Bits) {
        self.column(chunk, of, missing);
        match self.source(chunk, of) {
            Source::Field(values, known) | Source::Computed(values, known) => {
                // What is not known is not asked: it may cost.
                let yes = test(values, &missing.and(known), passes);
                (*missing, yes, known.without(&yes))
            }
            Source::Constant(value) => constant(missing, passes(value)),
            Source::Unknown => (*missing, Bits::EMPTY, Bits::EMPTY),
        }
    }

    /// Asks part after part for the rows that no part decided; `decisive` true for `or`. Returns
    /// the rows that stay undecided to the end, and those for which some part is unknown.
    fn narrow(&mut self, chunk: &Chunk, parts: &[NodeId], need: &Bits, decisive: bool) -> (Bits, Bits) {
        let (mut live, mut unsure) = (*need, Bits::EMPTY);
        for &part in parts {
            if live.is_empty() {
                break;
            }
            // A `not` among the parts is read the other way round, not written down.
            let (part, opposite) = match self.moment.program.node(part) {
                Node::Not(of) => (*of, true),
                _ => (part, false),
            };
            self.condition(chunk, part, &live);
            let (yes, no) = self.known(part);
            for (word, live) in live.0.iter_mut().enumerate() {
                let (yes, no) = (yes.0[word], no.0[word]);
                unsure.0[word] |= *live & !(yes | no);
                *live &= !(if decisive == opposite { no } else { yes });
            }
        }
        (live, unsure)
    }

    fn is_known(&mut self, chunk: &Chunk, id: NodeId, of: NodeId, missing: &Bits) -> (Bits, Bits, Bits) {
        let program = self.moment.program;
        let text = matches!(program.ty(of), Type::Text | Type::ListOfText);
        if text || program.node(of).is_condition() {
            return self.by_row(chunk, id, missing);
        }
        self.column(chunk, of, missing);
        match self.source(chunk, of) {
            Source::Field(_, known) | Source::Computed(_, known) => {
                (*missing, *known, missing.without(known))
            }
            Source::Constant(_) => constant(missing, true),
            Source::Unknown => constant(missing, false),
        }
    }

    /// One row after the other, as for a single customer.
    fn by_row(&self, chunk: &Chunk, id: NodeId, missing: &Bits) -> (Bits, Bits, Bits) {
        let (mut yes, mut no) = (Bits::EMPTY, Bits::EMPTY);
        for row in missing.iter() {
            match Row::forgetting(self.moment, chunk, row).truth(id, None) {
                Some(true) => yes.set(row, true),
                Some(false) => no.set(row, true),
                None => {}
            }
        }
        (*missing, yes, no)
    }

    fn source<'s>(&'s self, chunk: &'s Chunk, id: NodeId) -> Source<'s> {
        match self.moment.program.node(id) {
            Node::Field(field) => match chunk.columns.get(usize::from(field.0)).map(|column| &**column) {
                Some(Column::Scalars(scalars)) => Source::Field(&scalars.values, &scalars.known),
                Some(Column::Texts(_)) | None => Source::Unknown,
            },
            Node::Constant(value) => value.scalar().map_or(Source::Unknown, Source::Constant),
            Node::Unknown
            | Node::EventField(..)
            | Node::Fired(..)
            | Node::Aggregate(_)
            | Node::TimeSince(..)
            | Node::Frequency
            | Node::Place(_)
            | Node::OrElse(..)
            | Node::ShareOf(..)
            | Node::Compare(..)
            | Node::SameText { .. }
            | Node::Text { .. }
            | Node::OneOf(..)
            | Node::During(..)
            | Node::Falls(..)
            | Node::Moved(_)
            | Node::IsKnown(_)
            | Node::And(_)
            | Node::Or(_)
            | Node::Not(_) => match &self.columns[id.index()] {
                Some(numbers) => Source::Computed(&numbers.values, &numbers.known),
                None => Source::Unknown,
            },
        }
    }

    /// Sees to it that a value is there for the rows of `need`.
    fn column(&mut self, chunk: &Chunk, id: NodeId, need: &Bits) {
        if matches!(self.moment.program.node(id), Node::Field(_) | Node::Constant(_)) {
            return;
        }
        let mut numbers = self.columns[id.index()].take().unwrap_or_else(|| Box::new(Numbers::new()));
        let missing = need.without(&numbers.done);
        if !missing.is_empty() {
            self.fresh_column(chunk, id, &missing, &mut numbers);
            numbers.done = numbers.done.or(&missing);
        }
        self.columns[id.index()] = Some(numbers);
    }

    fn fresh_column(&mut self, chunk: &Chunk, id: NodeId, missing: &Bits, out: &mut Numbers) {
        let moment = self.moment;
        match moment.program.node(id) {
            Node::Aggregate(spec) => self.aggregates(chunk, spec, missing, out),
            Node::TimeSince(event, which) => {
                missing
                    .iter()
                    .for_each(|row| out.set(row, time_since(moment, chunk, row, *event, *which).ok()));
            }
            Node::Frequency => {
                missing.iter().for_each(|row| out.set(row, Some(frequency(moment, chunk, row))));
            }
            Node::Place(conditions) => self.places(chunk, conditions, missing, out),
            Node::OrElse(first, second) => {
                self.column(chunk, *first, missing);
                let rest = missing.without(&self.known_rows(chunk, *first));
                self.column(chunk, *second, &rest);
                let (first, second) = (self.source(chunk, *first), self.source(chunk, *second));
                missing.iter().for_each(|row| out.set(row, first.at(row).or_else(|| second.at(row))));
            }
            Node::ShareOf(share, of) => {
                self.column(chunk, *of, missing);
                let (ty, of) = (moment.program.ty(*of), self.source(chunk, *of));
                let value = |row| of.at(row).and_then(|number| share_of(*share, number, ty));
                missing.iter().for_each(|row| out.set(row, value(row)));
            }
            Node::Unknown
            | Node::Constant(_)
            | Node::Field(_)
            | Node::EventField(..)
            | Node::Fired(..)
            | Node::Compare(..)
            | Node::SameText { .. }
            | Node::Text { .. }
            | Node::OneOf(..)
            | Node::During(..)
            | Node::Falls(..)
            | Node::Moved(_)
            | Node::IsKnown(_)
            | Node::And(_)
            | Node::Or(_)
            | Node::Not(_) => {
                let value = |row| Row::forgetting(moment, chunk, row).value(id, None).and_then(Cell::number);
                missing.iter().for_each(|row| out.set(row, value(row)));
            }
        }
    }

    fn aggregates(&mut self, chunk: &Chunk, spec: &Aggregate, missing: &Bits, out: &mut Numbers) {
        let moment = self.moment;
        let mut judged = spec.filter.and_then(|f| self.judged[f.index()].take()).unwrap_or_default();
        if spec.filter.is_some() {
            judged.begin(self.chunks, chunk.events[spec.event.index()].len());
        }
        for row in missing.iter() {
            let judge = |filter, event| {
                judged.ask(event, || Row::forgetting(moment, chunk, row).truth(filter, Some(event)))
            };
            out.set(row, aggregate(moment, chunk, row, spec, judge).ok());
        }
        if let Some(filter) = spec.filter {
            self.judged[filter.index()] = Some(judged);
        }
    }

    /// First fitting condition wins; an unknown one ends the search.
    fn places(&mut self, chunk: &Chunk, conditions: &[NodeId], missing: &Bits, out: &mut Numbers) {
        let mut live = *missing;
        let mut place = 0;
        for &condition in conditions {
            if live.is_empty() {
                return;
            }
            self.condition(chunk, condition, &live);
            let (yes, no) = self.known(condition);
            live.and(yes).iter().for_each(|row| out.set(row, Some(place)));
            live.without(yes).without(no).iter().for_each(|row| out.set(row, None));
            live = live.and(no);
            place += 1;
        }
        live.iter().for_each(|row| out.set(row, Some(place)));
    }

    fn known_rows(&self, chunk: &Chunk, id: NodeId) -> Bits {
        match self.source(chunk, id) {
            Source::Field(_, known) | Source::Computed(_, known) => *known,
            Source::Constant(_) => Bits::FULL,
            Source::Unknown => Bits::EMPTY,
        }
    }
}
