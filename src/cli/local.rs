//! The engine of a command that no daemon answers.

use std::path::Path;

use super::exit::Failure;
use crate::config::Config;
use crate::serve::Control;

/// Opens the store of the configuration, or one in memory filled from the files of `from`.
#[expect(clippy::unused_async, reason = "opening a store waits for its disk")]
pub(super) async fn open(config: &Config, from: Option<&Path>) -> Result<Box<dyn Control>, Failure> {
    let what = from.unwrap_or(&config.data).display();
    Err(Failure::trouble(format!(
        "no daemon answers on `{}` for `{what}`: start one with `cvmd run`",
        config.listen.admin
    )))
}

/// Runs the daemon until it is told to stop.
#[expect(clippy::unused_async, reason = "the daemon runs on tokio")]
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    Err(Failure::trouble(format!("the daemon cannot be started on `{}`", config.data.display())))
}

/// Makes and runs the demo.
#[expect(clippy::unused_async, reason = "the daemon runs on tokio")]
pub(super) async fn demo(
    arguments: &super::demo::Arguments,
    _: &mut super::output::Output,
) -> Result<(), Failure> {
    Err(Failure::trouble(format!("the demo cannot be made in `{}`", arguments.folder.display())))
}
