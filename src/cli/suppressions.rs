//! `cvmd suppressions list|add|remove`.

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::customer::done;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::{self, Column, thousands, time};
use crate::serve::{ListWish, Request, Response, SuppressionsView};

const LIST_EXAMPLES: &str = "\
Addresses are kept as keyed hashes, which nobody can read back: they are counted, not listed, and
found by asking for one. Domains are shown as they are.

Examples:
  cvmd suppressions list
  cvmd suppressions list ana@shop.example   is it suppressed, and why?";

const ADD_EXAMPLES: &str = "\
Nothing goes there any more, receipts included. A domain stands for all below it.

Examples:
  cvmd suppressions add ana@shop.example
  cvmd suppressions add '+34 600 000 000'
  cvmd suppressions add spam.example
  cvmd import suppressions list.csv         many at once";

const REMOVE_EXAMPLES: &str = "\
Examples:
  cvmd suppressions remove ana@shop.example
  cvmd customer resume ana-17               a customer, with their addresses";

/// Where nothing goes: addresses and domains
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// How many there are, or whether one is among them
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// Send nothing to an address or a domain any more
    #[command(after_help = ADD_EXAMPLES)]
    Add(Named),
    /// Let messages go to an address or a domain again
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove(Named),
}

#[derive(Debug, clap::Args)]
struct List {
    /// An e-mail address, a phone number or a domain; else all of them are counted
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    #[command(flatten)]
    format: FormatArgument,
}

#[derive(Debug, clap::Args)]
struct Named {
    /// An e-mail address, a phone number or a domain
    #[arg(value_name = "WHAT")]
    what: String,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::List(List { what, format }) => {
            let wanted = match what {
                Some(what) => ListWish::Find { what: what.clone() },
                None => ListWish::Count {},
            };
            let response = wish(wanted, common)?;
            let Response::Suppressions(view) = response else { return Err(unexpected(&response)) };
            match (format.format, what) {
                (Format::Json, _) => output.json(&view)?,
                (Format::Human, Some(what)) => found(what, &view, output)?,
                (Format::Human, None) => counted(&view, output)?,
            }
        }
        Command::Add(Named { what, format }) => {
            done(&wish(ListWish::Add { what: what.clone() }, common)?, format.format, output)?;
        }
        Command::Remove(Named { what, format }) => {
            done(&wish(ListWish::Remove { what: what.clone() }, common)?, format.format, output)?;
        }
    }
    Ok(Exit::Fine)
}

fn wish(wish: ListWish, common: &Common) -> Result<Response, Failure> {
    block_on(async { ask(&*desk(common, None).await?, Request::Suppressions { wish }).await })
}

fn found(what: &str, view: &SuppressionsView, output: &mut Output) -> Result<(), Failure> {
    if view.found.is_empty() {
        return output.line(format!("`{what}` is not suppressed"));
    }
    view.found.iter().try_for_each(|why| output.line(why))
}

fn counted(view: &SuppressionsView, output: &mut Output) -> Result<(), Failure> {
    if view.counts.is_empty() && view.domains.is_empty() {
        return output.line("nothing is suppressed");
    }
    let mut rows: Vec<Vec<String>> = view
        .counts
        .iter()
        .map(|count| vec![count.kind.clone(), count.reason.clone(), thousands(count.count), String::new()])
        .collect();
    rows.extend(view.domains.iter().map(|domain| {
        vec![domain.domain.clone(), domain.reason.clone(), String::new(), time(Some(domain.since))]
    }));
    let columns =
        [Column::Text("what"), Column::Text("reason"), Column::Number("how many"), Column::Text("since")];
    table::write(output, &columns, rows)
}
