//! Asking whoever holds the store.

use std::future::Future;
use std::time::Duration;

use super::at::At;
use super::common::Common;
use super::exit::{Exit, Failure};
use super::local;
use crate::config::{Address, Config};
use crate::daemon::Folder;
use crate::model::Instant;
use crate::serve::{self, Control, Refusal, RefusalKind, Request, Response};

/// What is still being read when the work has ended, such as rules on a disk that does not answer, is waited for
/// no longer than this: all that matters is durable by then.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// Runs a future to its end.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::trouble(format!("no threads can be started: {error}")))?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LEFT_BEHIND);
    done
}

/// The daemon of the configuration where one answers, else the store itself; with `from` a store in
/// memory, filled from that folder.
pub(super) async fn desk(common: &Common, from: Option<&Folder>) -> Result<Box<dyn Control>, Failure> {
    let config = common.configuration()?;
    if from.is_none()
        && let Some(remote) = daemon(&config).await?
    {
        return Ok(remote);
    }
    local::open(&config, from).await
}

/// The daemon of the configuration where one answers, else the store as a whole, without rules.
pub(super) async fn vault(common: &Common) -> Result<Box<dyn Control>, Failure> {
    let config = common.configuration()?;
    match daemon(&config).await? {
        Some(remote) => Ok(remote),
        None => local::vault(&config).await,
    }
}

/// As [`vault`]; none where there is neither a daemon nor a store, which is not made.
pub(super) async fn whole_store(config: &Config) -> Result<Option<Box<dyn Control>>, Failure> {
    match daemon(config).await? {
        Some(remote) => Ok(Some(remote)),
        None if !config.data.join("store").exists() => Ok(None),
        None => local::vault(config).await.map(Some),
    }
}

/// The daemon of the configuration, for what only a daemon can do.
pub(super) async fn daemon_only(common: &Common) -> Result<Box<dyn Control>, Failure> {
    let config = common.configuration()?;
    daemon(&config).await?.ok_or_else(|| {
        let address = &config.listen.admin;
        Failure::trouble(format!("no daemon answers on `{address}`: start one with `cvmd run`"))
    })
}

async fn daemon(config: &Config) -> Result<Option<Box<dyn Control>>, Failure> {
    let token = match &config.listen.admin {
        Address::Unix(_) => None,
        Address::Tcp(_) => {
            let token = config.secrets.read("admin_token");
            Some(token.map_err(|error| Failure::trouble(error.to_string()))?)
        }
    };
    let remote = serve::connect(&config.listen.admin, token).await.map_err(Failure::trouble)?;
    Ok(remote.map(|remote| Box::new(remote) as Box<dyn Control>))
}

/// Asks, and turns a refusal into an end of the command.
pub(super) async fn ask(desk: &dyn Control, request: Request) -> Result<Response, Failure> {
    match desk.call(request).await {
        Response::Refused(refusal) => Err(refused(refusal)),
        other => Ok(other),
    }
}

/// The instant of `--at`, read in the workspace's zone; none: now.
pub(super) async fn instant(desk: &dyn Control, at: Option<At>) -> Result<Option<Instant>, Failure> {
    let Some(at) = at else { return Ok(None) };
    let zone = match at {
        At::Instant(_) => None,
        At::Local(_) => match ask(desk, Request::Status {}).await? {
            Response::Status(status) => status.zone,
            other => return Err(unexpected(&other)),
        },
    };
    at.resolve(zone.as_deref()).map(Some).map_err(Failure::trouble)
}

/// Another answer than the question has.
pub(super) fn unexpected(_: &Response) -> Failure {
    Failure::trouble("the daemon answers another question: use the `cvmd` of its version")
}

pub(super) fn refused(refusal: Refusal) -> Failure {
    let exit = match refusal.kind {
        RefusalKind::Errors => Exit::Errors,
        RefusalKind::Usage | RefusalKind::NotFound | RefusalKind::Failed => Exit::Trouble,
    };
    let mut lines = vec![refusal.message];
    lines.extend(refusal.details);
    Failure::Said(exit, lines.join("\n"))
}
