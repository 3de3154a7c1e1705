//! Which customers match, in columns and bitmaps on all cores; and the trace of why one does or does not.
//!
//! Three-valued to the letter: what is neither true nor false is unknown. Two ways to one answer:
//! `sheet` goes over the columns of a chunk, `row` looks at one customer; both make an order's
//! aggregates by `tally` and are held against each other, and against a slow interpreter, by the
//! tests. Pure: the instant is an argument.

mod days;
mod kernel;
mod memory;
mod moment;
mod row;
mod scan;
mod sheet;
mod tally;
mod trace;

use jiff::tz::TimeZone;
use rayon::prelude::*;

use crate::compile::{NodeId, Program};
use crate::model::{Bitmap, CustomerNumber, Instant};
use crate::population::{Bits, Population};
use crate::ruleset::Value;

use row::Row;
use sheet::Sheet;

pub use moment::{Fired, Moment};
pub use trace::{MoveSeen, Seen, Step, Trace, Verdict, trace, trace_moved};

/// For whom a condition is true and for whom false; for everybody else it is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Match {
    /// By customer number.
    pub truth: Bitmap,
    /// By customer number.
    pub falsity: Bitmap,
}

/// Evaluates conditions for everybody, on all cores; the answers are in the order of `roots`.
///
/// A population of another schema than the program's matches nothing: everything in it is unknown.
#[must_use]
pub fn evaluate(
    program: &Program,
    population: &Population,
    now: Instant,
    zone: &TimeZone,
    roots: &[NodeId],
) -> Vec<Match> {
    Moment::new(program, now, zone).evaluate(population, roots)
}

/// Values and conditions (as yes or no) of one customer, in the order of `roots`; `None` is unknown.
#[must_use]
pub fn values(
    program: &Program,
    population: &Population,
    customer: CustomerNumber,
    now: Instant,
    zone: &TimeZone,
    roots: &[NodeId],
) -> Vec<Option<Value>> {
    Moment::new(program, now, zone).values(population, customer, roots)
}

/// One condition for one customer; `None` is unknown.
#[must_use]
pub fn truth(
    program: &Program,
    population: &Population,
    customer: CustomerNumber,
    now: Instant,
    zone: &TimeZone,
    root: NodeId,
) -> Option<bool> {
    Moment::new(program, now, zone).truth(population, customer, root)
}

impl Moment<'_> {
    /// As [`evaluate`], with windows resolved already.
    #[must_use]
    pub fn evaluate(&self, population: &Population, roots: &[NodeId]) -> Vec<Match> {
        if !self.fits(population) {
            return vec![Match::default(); roots.len()];
        }
        let answers: Vec<Vec<(Bits, Bits)>> = population
            .chunks()
            .par_iter()
            .map_init(|| Sheet::new(self), |sheet, chunk| sheet.answers(chunk, roots))
            .collect();
        let words = |root: usize, of: fn(&(Bits, Bits)) -> &Bits| {
            Bitmap::from_words(answers.iter().flat_map(|chunk| of(&chunk[root]).0).collect())
        };
        (0..roots.len())
            .into_par_iter()
            .map(|root| Match { truth: words(root, |a| &a.0), falsity: words(root, |a| &a.1) })
            .collect()
    }

    /// As [`values`], with windows resolved already.
    #[must_use]
    pub fn values(
        &self,
        population: &Population,
        customer: CustomerNumber,
        roots: &[NodeId],
    ) -> Vec<Option<Value>> {
        let Some(row) = self.row(population, customer) else { return vec![None; roots.len()] };
        roots.iter().map(|&root| row.typed(root)).collect()
    }

    /// As [`truth`], with windows resolved already.
    #[must_use]
    pub fn truth(&self, population: &Population, customer: CustomerNumber, root: NodeId) -> Option<bool> {
        self.row(population, customer)?.truth(root, None)
    }

    fn row<'r>(&'r self, population: &'r Population, customer: CustomerNumber) -> Option<Row<'r>> {
        if !self.fits(population) {
            return None;
        }
        let (chunk, row) = population.row(customer)?;
        Some(Row::remembering(self, chunk, row))
    }
}
