//! `cvmd completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::output::Output;

const EXAMPLES: &str = "\
Examples:
  cvmd completions bash > /etc/bash_completion.d/cvmd
  cvmd completions zsh > ~/.zfunc/_cvmd
  cvmd completions fish > ~/.config/fish/completions/cvmd.fish";

/// Write a shell's completions to stdout
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// For which shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "cvmd", &mut script);
    output.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}
