//! `cvmd render`: a message as a customer would get it.

use std::path::PathBuf;

use clap::ValueEnum;

use super::ask::{ask, block_on, desk, instant, unexpected};
use super::at::At;
use super::common::Common;
use super::exit::{Exit, Failure};
use super::import::{Total, mapping};
use super::output::{Format, FormatArgument, Output};
use super::table::time;
use crate::daemon::Folder;
use crate::serve::{RenderedMessage, Request, Response};

const EXAMPLES: &str = "\
A message that shows an event shows the customer's latest one. A message that would not be sent,
since something in it is unknown, ends with 2 and the reason.

Examples:
  cvmd render offer --as ana-17                        subject, text and HTML
  cvmd render offer --as ana-17 --part html > a.html   one part, to look at it in a browser
  cvmd render offer --as ana-17 --at 2026-12-01        with the values of a date
  cvmd render offer --as ana-17 --rules rules --from data";

/// Show a message as a customer would get it; sends nothing
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The message
    #[arg(value_name = "MESSAGE")]
    message: String,
    /// The id of the customer
    #[arg(long = "as", value_name = "CUSTOMER")]
    customer: String,
    /// As of when: a date, a local time, or RFC 3339; else now
    #[arg(long, value_name = "TIME")]
    at: Option<At>,
    /// This part alone, as it is
    #[arg(long, value_enum, value_name = "PART", conflicts_with = "format")]
    part: Option<Part>,
    /// Read customers, orders and events from the files of a folder instead of the store
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// A column of these files has another name than the field it is; may be given several times
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping, requires = "from")]
    map: Vec<(String, String)>,
    /// What `total` says on each line of an order: the line's own amount, or the order's
    #[arg(long, value_enum, value_name = "HOW", requires = "from")]
    total: Option<Total>,
    #[command(flatten)]
    format: FormatArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The subject line.
    Subject,
    /// The plain text.
    Text,
    /// The HTML.
    Html,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let response = block_on(async {
        let folder = arguments.from.as_ref().map(|path| Folder {
            path: path.clone(),
            map: arguments.map.clone(),
            total: arguments.total.map(Total::word),
        });
        let desk = desk(common, folder.as_ref()).await?;
        let at = instant(&*desk, arguments.at).await?;
        let (message, customer) = (arguments.message.clone(), arguments.customer.clone());
        ask(&*desk, Request::Render { message, customer, at }).await
    })?;
    let Response::Rendered(rendered) = response else { return Err(unexpected(&response)) };
    match (arguments.part, arguments.format.format) {
        // To a program as it is.
        (Some(part), _) if output.is_terminal() => output.line(one_part(&rendered, part)?.trim_end())?,
        (Some(part), _) => output.text(&one_part(&rendered, part)?)?,
        (None, Format::Human) => show(&rendered, output)?,
        (None, Format::Json) => output.json(&rendered)?,
    }
    Ok(Exit::Fine)
}

fn one_part(rendered: &RenderedMessage, part: Part) -> Result<String, Failure> {
    let none = |what: &str| {
        let RenderedMessage { message, channel, .. } = rendered;
        Failure::trouble(format!("`{message}` goes by {channel} and has no {what}"))
    };
    Ok(match part {
        Part::Subject => {
            format!("{}\n", rendered.subject.as_deref().ok_or_else(|| none("subject"))?)
        }
        Part::Text => rendered.text.clone(),
        Part::Html => rendered.html.clone().ok_or_else(|| none("HTML"))?,
    })
}

fn show(rendered: &RenderedMessage, output: &mut Output) -> Result<(), Failure> {
    let RenderedMessage {
        message, customer, at, channel, language, event, subject, preview, text, html, ..
    } = rendered;
    let name = output.bold(message);
    let shown = event.as_ref().map_or_else(String::new, |event| format!(", with the latest `{event}`"));
    let language = language.as_ref().map_or_else(String::new, |language| format!(" in `{language}`"));
    output.line(format!("{name} by {channel}{language} to {customer}, as of {}{shown}", time(Some(*at))))?;
    if let Some(subject) = subject {
        output.line(format!("subject: {subject}"))?;
    }
    if let Some(preview) = preview {
        output.line(format!("preview: {preview}"))?;
    }
    for (what, body) in [("text", Some(text)), ("HTML", html.as_ref())] {
        let Some(body) = body else { continue };
        let heading = output.bold(&format!("--- {what}"));
        output.line("")?;
        output.line(heading)?;
        output.line(body.trim_end())?;
    }
    Ok(())
}
