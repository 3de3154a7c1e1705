//! `cvmd send-test`: a message as a customer would get it, to an address of one's own.

use std::path::PathBuf;

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use crate::daemon::Folder;
use crate::serve::{Request, Response};

const EXAMPLES: &str = "\
The message is filled with the customer's values and goes out at once by the mail server of cvmd.toml.
Its subject begins with `[test]`. Nothing is decided, kept or counted; the customer's consent, caps and
quiet hours are not asked, for it is not the customer who gets it. Its link to unsubscribe ends
nobody's consent. A message that would not be sent, since something in it is unknown, ends with 2 and
the reason; so does an address outside `[sandbox] allow`.

Examples:
  cvmd send-test offer --as ana-17 --to me@shop.example
  cvmd send-test offer --as ana-17 --to me@shop.example --from data
  cvmd render offer --as ana-17                        only look at it";

/// Send a message as a customer would get it to your own address
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The message
    #[arg(value_name = "MESSAGE")]
    message: String,
    /// The id of the customer
    #[arg(long = "as", value_name = "CUSTOMER")]
    customer: String,
    /// Where it goes
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// Read customers, orders and events from the files of a folder instead of the store
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let response = block_on(async {
        let folder =
            arguments.from.as_ref().map(|path| Folder { path: path.clone(), map: Vec::new(), total: None });
        let desk = desk(common, folder.as_ref()).await?;
        let Arguments { message, customer, to, .. } = arguments;
        let request =
            Request::SendTest { message: message.clone(), customer: customer.clone(), to: to.clone() };
        ask(&*desk, request).await
    })?;
    let Response::TestSent(sent) = response else { return Err(unexpected(&response)) };
    match arguments.format.format {
        Format::Human => {
            output.line(format!("`{}` is on its way to {}: {}", sent.message, sent.to, sent.reply))?;
        }
        Format::Json => output.json(&sent)?,
    }
    Ok(Exit::Fine)
}
