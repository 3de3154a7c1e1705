//! The engine of a command that no daemon answers, and the daemon itself.

use super::ask::refused;
use super::exit::Failure;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::daemon::{self, Folder, Local, ServiceManager, Signals, Vault};
use crate::serve::Control;

/// Opens the store of the configuration, or one in memory filled from the files of `from`.
pub(super) async fn open(config: &Config, from: Option<&Folder>) -> Result<Box<dyn Control>, Failure> {
    let (config, from) = (config.clone(), from.cloned());
    let opened =
        tokio::task::spawn_blocking(move || Local::open(&config, from.as_ref(), SystemClock::shared()));
    let opened = opened.await.map_err(|_| Failure::trouble("an internal error, a bug of cvmd"))?;
    Ok(Box::new(opened.map_err(refused)?))
}

/// Opens the store of the configuration to carry it into a file or out of one.
pub(super) async fn vault(config: &Config) -> Result<Box<dyn Control>, Failure> {
    let config = config.clone();
    let opened = tokio::task::spawn_blocking(move || Vault::open(&config, SystemClock::shared())).await;
    let opened = opened.map_err(|_| Failure::trouble("an internal error, a bug of cvmd"))?;
    Ok(Box::new(opened.map_err(refused)?))
}

/// Runs the daemon until it is told to stop.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let signals = Signals::of_process().map_err(Failure::trouble)?;
    daemon::run(config, SystemClock::shared(), signals, ServiceManager::of_process())
        .await
        .map_err(Failure::trouble)
}
