//! `cvmd pause`, `cvmd resume`.

use clap::ValueEnum;

use super::ask::{ask, block_on, desk, unexpected};
use super::common::Common;
use super::exit::{Exit, Failure};
use super::output::{Format, FormatArgument, Output};
use crate::serve::{Queued, Request, Response};

const PAUSE_EXAMPLES: &str = "\
A pause outlives restarts and ends with `cvmd resume`. It takes less than a second to act.

Examples:
  cvmd pause all                   nothing is decided, nothing goes out
  cvmd pause channel email         no e-mail goes out
  cvmd pause rule winback          or just: cvmd pause winback
  cvmd pause winback --queued drop    its messages in the outbox are withdrawn";

const RESUME_EXAMPLES: &str = "\
Examples:
  cvmd resume all                  ends the pause of everything, and the daemon's hold
  cvmd resume channel email
  cvmd resume webhook crm          calls it again, after it answered 410 or failed
  cvmd resume winback              ends the rule's pause, or releases its held run";

/// Stop everything, a channel or a rule
#[derive(Debug, clap::Args)]
#[command(after_help = PAUSE_EXAMPLES)]
pub(super) struct Pause {
    #[command(flatten)]
    scope: Scope,
    /// What becomes of messages that already wait in the outbox
    #[arg(long, value_enum, default_value_t = QueuedArgument::Hold, value_name = "WHAT")]
    queued: QueuedArgument,
    #[command(flatten)]
    format: FormatArgument,
}

/// Let go on what was paused or held
#[derive(Debug, clap::Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub(super) struct Resume {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    format: FormatArgument,
}

#[derive(Debug, clap::Args)]
struct Scope {
    /// `all`, `channel NAME`, `rule NAME`, or a rule's name alone; to resume also `webhook NAME`
    #[arg(required = true, num_args = 1..=2, value_name = "SCOPE")]
    scope: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum QueuedArgument {
    /// They wait for the end of the pause
    Hold,
    /// They are withdrawn
    Drop,
    /// They wait, and are withdrawn where their time is over then
    Expire,
}

impl Scope {
    /// As a request has it.
    fn words(&self) -> Result<String, Failure> {
        let words: Vec<&str> = self.scope.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["all"] => Ok("all".into()),
            ["channel" | "rule" | "webhook"] => {
                let kind = words[0];
                Err(Failure::trouble(format!("`{kind}` needs a name: write `{kind} NAME`")))
            }
            [rule] => Ok(format!("rule {rule}")),
            ["channel", name] => Ok(format!("channel {name}")),
            ["rule", name] => Ok(format!("rule {name}")),
            // Only a resume knows it; a pause says so.
            ["webhook", name] => Ok(format!("webhook {name}")),
            other => Err(Failure::trouble(format!(
                "`{}` is nothing to pause: write `all`, `channel NAME`, `rule NAME`, or a rule's name",
                other.join(" ")
            ))),
        }
    }
}

pub(super) fn pause(arguments: &Pause, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let queued = match arguments.queued {
        QueuedArgument::Hold => Queued::Hold,
        QueuedArgument::Drop => Queued::Drop,
        QueuedArgument::Expire => Queued::Expire,
    };
    let request = Request::Pause { scope: arguments.scope.words()?, queued };
    done(request, arguments.format.format, common, output)
}

pub(super) fn resume(arguments: &Resume, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    done(Request::Resume { scope: arguments.scope.words()? }, arguments.format.format, common, output)
}

fn done(request: Request, format: Format, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let response = block_on(async { ask(&*desk(common, None).await?, request).await })?;
    let Response::Done { message } = &response else { return Err(unexpected(&response)) };
    match format {
        Format::Human => output.line(message)?,
        Format::Json => output.json(&serde_json::json!({ "message": message }))?,
    }
    Ok(Exit::Fine)
}
