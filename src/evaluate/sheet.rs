//! A chunk at a time: nodes become bits and columns, each row of each node at most once.
//!
//! Every node remembers for which rows it is done. `and` asks a part only for the rows that no
//! cheaper part made false, `or` only for those that none made true; another rule that needs more
//! rows of the same part has the rest computed.

use crate::compile::{Aggregate, Node, NodeId, Order, TextTest};
use crate::population::{Bits, Chunk, Column, ROWS, Texts};
use crate::ruleset::Type;

use super::kernel::{pack, test, test_both};
use super::moment::Moment;
use super::row::{Cell, Row, share_of, text_holds};
use super::tally::{aggregate, frequency, time_since};

/// Below so many rows a scan looks at no others, though they might be asked for later.
const SPARSE: u32 = 512;

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

/// What `where` came to, by order; each order is judged at most once, whichever rules ask.
#[derive(Default)]
struct Judged {
    chunk: u64,
    answers: Vec<Judgement>,
}

#[derive(Clone, Copy)]
enum Judgement {
    NotYet,
    Is(Option<bool>),
}

impl Judged {
    fn begin(&mut self, chunk: u64, orders: usize) {
        if self.chunk != chunk {
            self.chunk = chunk;
            self.answers.clear();
            self.answers.resize(orders, Judgement::NotYet);
        }
    }

    fn ask(&mut self, order: usize, judge: impl FnOnce() -> Option<bool>) -> Option<bool> {
        match self.answers[order] {
            Judgement::Is(answer) => answer,
            Judgement::NotYet => {
                let answer = judge();
                self.answers[order] = Judgement::Is(answer);
                answer
            }
        }
    }
}

/// What a condition came to; the bits mean something where `done` is set.
struct Truths {
    done: Bits,
    yes: Bits,
    no: Bits,
}

/// What a value came to; likewise.
struct Numbers {
    done: Bits,
    known: Bits,
    values: Vec<i64>,
}

impl Truths {
    const NEW: Self = Self { done: Bits::EMPTY, yes: Bits::EMPTY, no: Bits::EMPTY };

    /// Takes over the answers for the rows of `scope`.
    fn merge(&mut self, scope: &Bits, yes: &Bits, no: &Bits) {
        self.yes = self.yes.without(scope).or(&yes.and(scope));
        self.no = self.no.without(scope).or(&no.and(scope));
        self.done = self.done.or(scope);
    }
}

impl Numbers {
    fn new() -> Self {
        Self { done: Bits::EMPTY, known: Bits::EMPTY, values: vec![0; ROWS] }
    }

    fn set(&mut self, row: usize, value: Option<i64>) {
        self.known.set(row, value.is_some());
        self.values[row] = value.unwrap_or(0);
    }
}

/// Where the numbers of an operand are.
#[derive(Clone, Copy)]
enum Source<'s> {
    /// In the chunk, for all rows.
    Field(&'s [i64], &'s Bits),
    /// Computed, for the rows that were asked for.
    Computed(&'s [i64], &'s Bits),
    Constant(i64),
    Unknown,
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
            Node::OneOf(of, numbers) => {
                self.column(chunk, *of, missing);
                match self.source(chunk, *of) {
                    Source::Field(values, known) | Source::Computed(values, known) => {
                        let yes = test(values, missing, |value| numbers.contains(&value));
                        (*missing, yes.and(known), known.without(&yes))
                    }
                    Source::Constant(value) => constant(missing, numbers.contains(&value)),
                    Source::Unknown => (*missing, Bits::EMPTY, Bits::EMPTY),
                }
            }
            Node::Text { of, test, list } => match field_texts(chunk, program.node(*of)) {
                Some(texts) => dictionary_test(texts, test, *list, missing),
                None => self.by_row(chunk, id, missing),
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
            | Node::EventField(_)
            | Node::Aggregate(_)
            | Node::TimeSince(_)
            | Node::Frequency
            | Node::Place(_)
            | Node::OrElse(..)
            | Node::ShareOf(..) => self.by_row(chunk, id, missing),
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
                *live &= !(if decisive != opposite { yes } else { no });
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
            | Node::EventField(_)
            | Node::Aggregate(_)
            | Node::TimeSince(_)
            | Node::Frequency
            | Node::Place(_)
            | Node::OrElse(..)
            | Node::ShareOf(..)
            | Node::Compare(..)
            | Node::SameText { .. }
            | Node::Text { .. }
            | Node::OneOf(..)
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
            Node::TimeSince(which) => {
                missing.iter().for_each(|row| out.set(row, time_since(moment, chunk, row, *which).ok()));
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
            | Node::EventField(_)
            | Node::Compare(..)
            | Node::SameText { .. }
            | Node::Text { .. }
            | Node::OneOf(..)
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
            judged.begin(self.chunks, chunk.orders.times.len());
        }
        for row in missing.iter() {
            let judge = |filter, order| {
                judged.ask(order, || Row::forgetting(moment, chunk, row).truth(filter, Some(order)))
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

impl Source<'_> {
    fn at(&self, row: usize) -> Option<i64> {
        match self {
            Self::Field(values, known) | Self::Computed(values, known) => known.get(row).then(|| values[row]),
            Self::Constant(value) => Some(*value),
            Self::Unknown => None,
        }
    }
}

const fn constant(scope: &Bits, truth: bool) -> (Bits, Bits, Bits) {
    if truth { (*scope, *scope, Bits::EMPTY) } else { (*scope, Bits::EMPTY, *scope) }
}

/// Compares two operands; a scan over fields takes in all rows while it is there.
fn compare(order: Order, left: Source<'_>, right: Source<'_>, missing: &Bits) -> (Bits, Bits, Bits) {
    use Source::{Computed, Constant, Field, Unknown};
    let computed = matches!(left, Computed(..)) || matches!(right, Computed(..));
    let scope = if computed || missing.count() < SPARSE { *missing } else { Bits::FULL };
    let (yes, known) = match (left, right) {
        (Unknown, _) | (_, Unknown) => return (scope, Bits::EMPTY, Bits::EMPTY),
        (Constant(a), Constant(b)) => {
            return constant(
                &scope,
                match order {
                    Order::Equal => a == b,
                    Order::Less => a < b,
                },
            );
        }
        (Field(values, known) | Computed(values, known), Constant(c)) => match order {
            Order::Equal => (test(values, &scope, |v| v == c), *known),
            Order::Less => (test(values, &scope, |v| v < c), *known),
        },
        (Constant(c), Field(values, known) | Computed(values, known)) => match order {
            Order::Equal => (test(values, &scope, |v| c == v), *known),
            Order::Less => (test(values, &scope, |v| c < v), *known),
        },
        (Field(a, a_known) | Computed(a, a_known), Field(b, b_known) | Computed(b, b_known)) => {
            let known = a_known.and(b_known);
            match order {
                Order::Equal => (test_both(a, b, &scope, |a, b| a == b), known),
                Order::Less => (test_both(a, b, &scope, |a, b| a < b), known),
            }
        }
    };
    (scope, yes.and(&known), known.without(&yes))
}

/// The texts of a field, where the node is one.
fn field_texts<'c>(chunk: &'c Chunk, node: &Node) -> Option<&'c Texts> {
    let Node::Field(field) = node else { return None };
    match &**chunk.columns.get(usize::from(field.0))? {
        Column::Texts(texts) => Some(texts),
        Column::Scalars(_) => None,
    }
}

/// Asks each distinct text once, where that is less than asking each row.
fn dictionary_test(texts: &Texts, test: &TextTest, list: bool, missing: &Bits) -> (Bits, Bits, Bits) {
    let known = texts.known();
    let mut yes = Bits::EMPTY;
    if (missing.count() as usize) < texts.words.len() {
        for row in missing.iter() {
            yes.set(row, texts.get(row).is_some_and(|text| text_holds(test, list, text)));
        }
        return (*missing, yes, known.without(&yes));
    }
    let passes: Vec<bool> = texts.words.iter().map(|word| text_holds(test, list, word)).collect();
    let (words, _) = texts.codes.as_chunks::<64>();
    for (word, codes) in yes.0.iter_mut().zip(words) {
        *word = pack(&codes.map(|code| passes.get(usize::from(code)).copied().unwrap_or(false)));
    }
    (Bits::FULL, yes, known.without(&yes))
}
