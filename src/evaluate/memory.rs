//! What a sheet remembers of the nodes of a chunk.

use crate::population::{Bits, ROWS};

/// What `where` came to, by order; each order is judged at most once, whichever rules ask.
#[derive(Default)]
pub(super) struct Judged {
    chunk: u64,
    answers: Vec<Judgement>,
}

#[derive(Clone, Copy)]
pub(super) enum Judgement {
    NotYet,
    Is(Option<bool>),
}

impl Judged {
    pub(super) fn begin(&mut self, chunk: u64, orders: usize) {
        if self.chunk != chunk {
            self.chunk = chunk;
            self.answers.clear();
            self.answers.resize(orders, Judgement::NotYet);
        }
    }

    pub(super) fn ask(&mut self, order: usize, judge: impl FnOnce() -> Option<bool>) -> Option<bool> {
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
pub(super) struct Truths {
    pub(super) done: Bits,
    pub(super) yes: Bits,
    pub(super) no: Bits,
}

/// What a value came to; likewise.
pub(super) struct Numbers {
    pub(super) done: Bits,
    pub(super) known: Bits,
    pub(super) values: Vec<i64>,
}

impl Truths {
    pub(super) const NEW: Self = Self { done: Bits::EMPTY, yes: Bits::EMPTY, no: Bits::EMPTY };

    /// Takes over the answers for the rows of `scope`.
    pub(super) fn merge(&mut self, scope: &Bits, yes: &Bits, no: &Bits) {
        self.yes = self.yes.without(scope).or(&yes.and(scope));
        self.no = self.no.without(scope).or(&no.and(scope));
        self.done = self.done.or(scope);
    }
}

impl Numbers {
    pub(super) fn new() -> Self {
        Self { done: Bits::EMPTY, known: Bits::EMPTY, values: vec![0; ROWS] }
    }

    pub(super) fn set(&mut self, row: usize, value: Option<i64>) {
        self.known.set(row, value.is_some());
        self.values[row] = value.unwrap_or(0);
    }
}
