//! All integration tests, one binary: a link of the whole dependency tree is paid once.
#![allow(missing_docs, unreachable_pub, reason = "nobody links against the tests")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "tests are to be read, not fast")]

mod check;
mod cli;
mod corpus;
mod crash;
mod daemon;
mod decide;
mod deliver;
mod docs;
mod evaluate;
mod examples;
mod fuzz;
mod http;
mod ingest;
mod language;
mod laws;
mod message;
mod package;
mod peers;
mod readme;
mod reload;
mod store;
mod support;
mod tidy;
mod year;
