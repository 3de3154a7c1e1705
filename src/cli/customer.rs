//! `cvmd customer show|export|erase|suppress|resume`.

use std::io::{self, BufRead, IsTerminal, Write};

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use super::table::{self, Column, counted, time};
use crate::serve::{ErasedView, PersonWish, Request, Response, Timeline};

const SHOW_EXAMPLES: &str = "\
Examples:
  cvmd customer show ana-17                 what happened, in the order of time
  cvmd customer show ana@shop.example       by the e-mail address, where it is one customer's alone
  cvmd customer show ana-17 --format json";

const EXPORT_EXAMPLES: &str = "\
Everything that the store holds of a customer, with the values that messages were filled with:
what a person may ask for. Personal data: keep it so.

Examples:
  cvmd customer export ana-17 > ana-17.json";

const ERASE_EXAMPLES: &str = "\
Profile, orders, events, changes, waits and the values of messages go, at once and for good; who
was contacted when stays as numbers, without a name. Files and posts that name the id are rejected
from then on, and nothing is sent to the address, unless another customer has it.

Copies that you made are yours to erase: exports of the store, imported files, the disk's free
space (`cvmd store compact` writes the store anew).

Examples:
  cvmd customer erase ana-17
  cvmd customer erase ana-17 --yes          without asking, for scripts
  cvmd customer resume ana-17               the id may come again; what was erased does not";

const SUPPRESS_EXAMPLES: &str = "\
Nothing goes to the customer any more, nor to the addresses that they have, by no rule: receipts
included.

Examples:
  cvmd customer suppress ana-17
  cvmd customer resume ana-17
  cvmd suppressions add ana@shop.example    an address, whoever has it";

const RESUME_EXAMPLES: &str = "\
Takes the customer and their addresses off the suppression list, whatever put them there. Consent
is not given by it: who unsubscribed gets no marketing. The id of a customer who was erased may come
again.

Examples:
  cvmd customer resume ana-17";

/// One person: what is known, and that it be forgotten
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What happened to a customer, in the order of time
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Named),
    /// Everything that is held of a customer, as JSON
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Bare),
    /// Forget a customer for good
    #[command(after_help = ERASE_EXAMPLES)]
    Erase(Erase),
    /// Send nothing to a customer any more
    #[command(after_help = SUPPRESS_EXAMPLES)]
    Suppress(Named),
    /// Let messages go to a customer again
    #[command(after_help = RESUME_EXAMPLES)]
    Resume(Named),
}

#[derive(Debug, clap::Args)]
struct Bare {
    /// The id, as in the imported file, or the e-mail address
    #[arg(value_name = "ID")]
    customer: String,
}

#[derive(Debug, clap::Args)]
struct Named {
    #[command(flatten)]
    who: Bare,
    #[command(flatten)]
    format: FormatArgument,
}

#[derive(Debug, clap::Args)]
struct Erase {
    #[command(flatten)]
    who: Bare,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Show(Named { who, format }) => {
            let response = wish(&who.customer, PersonWish::Show, common)?;
            let Response::Timeline(timeline) = response else { return Err(unexpected(&response)) };
            match format.format {
                Format::Human => show(&timeline, output)?,
                Format::Json => output.json(&timeline)?,
            }
        }
        Command::Export(Bare { customer }) => {
            let response = wish(customer, PersonWish::Export, common)?;
            let Response::Held { held } = response else { return Err(unexpected(&response)) };
            output.json(&held)?;
        }
        Command::Erase(erase) => return self::erase(erase, common, output),
        Command::Suppress(Named { who, format }) => {
            done(&wish(&who.customer, PersonWish::Suppress, common)?, format.format, output)?;
        }
        Command::Resume(Named { who, format }) => {
            done(&wish(&who.customer, PersonWish::Resume, common)?, format.format, output)?;
        }
    }
    Ok(Exit::Fine)
}

fn wish(customer: &str, wish: PersonWish, common: &Common) -> Result<Response, Failure> {
    let request = Request::Person { customer: customer.to_owned(), wish };
    block_on(async { ask(&*desk(common, None).await?, request).await })
}

/// Shows a sentence.
pub(super) fn done(response: &Response, format: Format, output: &mut Output) -> Result<(), Failure> {
    let Response::Done { message } = response else { return Err(unexpected(response)) };
    match format {
        Format::Human => output.line(message),
        Format::Json => output.json(&serde_json::json!({ "message": message })),
    }
}

fn erase(erase: &Erase, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let customer = &erase.who.customer;
    if !erase.yes && !is_meant(customer)? {
        output.line("nothing was erased")?;
        return Ok(Exit::Fine);
    }
    let response = wish(customer, PersonWish::Erase, common)?;
    let Response::Erased(erased) = response else {
        done(&response, erase.format.format, output)?;
        return Ok(Exit::Fine);
    };
    match erase.format.format {
        Format::Human => show_erased(customer, &erased, output)?,
        Format::Json => output.json(&erased)?,
    }
    Ok(Exit::Fine)
}

/// Asks on the terminal.
fn is_meant(customer: &str) -> Result<bool, Failure> {
    let refuse = |error: io::Error| Failure::trouble(format!("the terminal cannot be read: {error}"));
    if !io::stdin().is_terminal() {
        let text = "nobody can be asked here whether this is meant: write --yes";
        return Err(Failure::trouble(text));
    }
    let mut error = io::stderr();
    write!(error, "erase `{customer}` for good? write the id to go on: ").map_err(refuse)?;
    error.flush().map_err(refuse)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(refuse)?;
    Ok(line.trim() == customer)
}

fn show_erased(customer: &str, erased: &ErasedView, output: &mut Output) -> Result<(), Failure> {
    output
        .line(format!("`{customer}` is erased; files and posts that name the id are rejected from now on"))?;
    if erased.suppressed_addresses > 0 {
        let addresses = match erased.suppressed_addresses {
            1 => "1 address".to_owned(),
            more => format!("{more} addresses"),
        };
        output.line(format!("nothing is sent to {addresses} of theirs any more, under any id"))?;
    }
    if !erased.same_address.is_empty() {
        let others: Vec<String> = erased.same_address.iter().map(|id| format!("`{id}`")).collect();
        output.line(format!("other customers have the same address, and stay: {}", others.join(", ")))?;
    }
    if erased.under_way > 0 {
        let messages = counted(erased.under_way, "message");
        output.line(format!("{messages} just being sent: what is kept of it goes when that is over"))?;
    }
    Ok(())
}

fn show(timeline: &Timeline, output: &mut Output) -> Result<(), Failure> {
    let name = output.bold(&timeline.customer);
    output.line(format!("customer {name}"))?;
    let fields = timeline.fields.iter().map(|(field, text)| [field.clone(), text.replace('\u{1f}', ", ")]);
    table::pairs(output, fields.collect())?;
    for (channel, consent) in &timeline.consents {
        let said = if consent.given { "yes" } else { "no" };
        let by = if consent.by_person { ", by their own doing" } else { "" };
        let since = consent.at.map_or(String::new(), |at| format!(", since {}", time(Some(at))));
        output.line(format!("  marketing by {channel}: {said}{since}{by}"))?;
    }
    for why in &timeline.suppressed {
        output.line(format!("  {why}"))?;
    }
    output.line("")?;
    let mut rows = Vec::new();
    for entry in &timeline.entries {
        rows.push(vec![time(Some(entry.at)), entry.what.clone(), entry.text.clone()]);
        rows.extend(entry.details.iter().map(|more| vec![String::new(), String::new(), format!("  {more}")]));
    }
    let columns = [Column::Text("when"), Column::Text("what"), Column::Text("which")];
    table::write(output, &columns, rows)
}
