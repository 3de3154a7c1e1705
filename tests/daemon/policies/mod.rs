//! What policies promise, over virtual time: each sentence of the language's table of answers, with
//! and without a restart before each step.

mod address;
mod again;
mod arbitration;
mod arrivals;
mod caps;
mod events;
mod growth;
mod guards;
mod kept;
mod limits;
mod limits_of_runs;
mod quiet;
mod shop;
mod waits;
