//! The command line, a file per subcommand; the only module that prints.
//!
//! Results go to stdout, all else to stderr. A command that asks something of the store builds a
//! [`crate::serve::Request`] and shows the answer, whoever gives it: the daemon where one answers,
//! else an engine opened for this command.

mod ask;
mod at;
mod check;
mod common;
mod completions;
mod customer;
mod demo;
mod evaluate;
mod exit;
mod explain;
mod fmt;
mod import;
mod init;
mod local;
mod log;
mod outbox;
mod output;
mod pause;
mod plain;
mod progress;
mod reload;
mod render;
mod run;
mod send_test;
mod status;
mod store;
mod suppressions;
mod table;
mod target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use common::Common;
use exit::{Exit, Failure};
use output::Output;

const ABOUT: &str = "Rule-based marketing automation: rules in git, decisions once, mail and webhooks out";

const EXAMPLES: &str = "\
Examples:
  cvmd demo                        see it work, nothing else needed
  cvmd init shop && cd shop        begin a workspace
  cvmd check                       are the rules right?
  cvmd run                         the daemon
  cvmd explain ana-17 winback      why did (or didn't) she get it?

Exit: 0 fine, warnings included; 1 errors in rules; 2 could not do the job.";

/// All arguments.
#[derive(Debug, Parser)]
#[command(name = "cvmd", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Init(init::Arguments),
    Run(run::Arguments),
    Check(check::Arguments),
    Fmt(fmt::Arguments),
    Import(import::Arguments),
    Evaluate(evaluate::Arguments),
    Explain(explain::Arguments),
    Render(render::Arguments),
    Customer(customer::Arguments),
    Suppressions(suppressions::Arguments),
    SendTest(send_test::Arguments),
    Status(status::Arguments),
    Reload(reload::Arguments),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Outbox(outbox::Arguments),
    Store(store::Arguments),
    Completions(completions::Arguments),
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    // First of all: two providers of TLS in one process panic, and a library may look for one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A reader that went away does not want to hear of it.
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Trouble } else { Exit::Fine };
            return exit.into();
        }
    };
    // The demo says itself what happens; its log would drown that.
    let default = matches!(arguments.command, Command::Demo(_)).then_some("warn");
    log::start(&arguments.common, default);
    let mut output = Output::stdout();
    let done = dispatch(arguments, &mut output).and_then(|exit| output.finish().map(|()| exit));
    done.unwrap_or_else(Failure::report).into()
}

fn dispatch(arguments: Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let common = &arguments.common;
    match arguments.command {
        Command::Demo(command) => demo::run(&command, common, output),
        Command::Init(command) => init::run(&command, output),
        Command::Run(command) => run::run(&command, common),
        Command::Check(command) => check::run(&command, common, output),
        Command::Fmt(command) => fmt::run(&command, common, output),
        Command::Import(command) => import::run(&command, common, output),
        Command::Evaluate(command) => evaluate::run(&command, common, output),
        Command::Explain(command) => explain::run(&command, common, output),
        Command::Render(command) => render::run(&command, common, output),
        Command::Customer(command) => customer::run(&command, common, output),
        Command::Suppressions(command) => suppressions::run(&command, common, output),
        Command::SendTest(command) => send_test::run(&command, common, output),
        Command::Status(command) => status::run(&command, common, output),
        Command::Reload(command) => reload::run(&command, common, output),
        Command::Pause(command) => pause::pause(&command, common, output),
        Command::Resume(command) => pause::resume(&command, common, output),
        Command::Outbox(command) => outbox::run(&command, common, output),
        Command::Store(command) => store::run(&command, common, output),
        Command::Completions(command) => completions::run(&command, output),
    }
}
