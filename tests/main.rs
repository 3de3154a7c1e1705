//! All integration tests, one binary: a link of the whole dependency tree is paid once.

mod check;
mod cli;
mod daemon;
mod decide;
mod deliver;
mod evaluate;
mod ingest;
mod language;
mod store;
mod tidy;
