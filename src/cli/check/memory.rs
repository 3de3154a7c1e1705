//! What the store remembers of names: rules are checked beside it, as a reload checks them.

use crate::cli::ask;
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::ruleset::Remembered;
use crate::serve::{Request, Response};

/// What the daemon of a configuration remembers, or its store where no daemon answers; none where
/// there is neither, as on a machine that only checks. A store that cannot be asked is said and left
/// out: the rules themselves can be judged without it.
pub(super) fn of(config: &Config) -> Option<Remembered> {
    match ask::block_on(remembered(config)) {
        Ok(remembered) => remembered,
        Err(Failure::ReaderGone) => None,
        Err(Failure::Said(_, reason)) => {
            tracing::warn!(
                reason,
                "checked without the names that the store remembers: a rename that loses history is not seen"
            );
            None
        }
    }
}

async fn remembered(config: &Config) -> Result<Option<Remembered>, Failure> {
    let Some(desk) = ask::whole_store(config).await? else { return Ok(None) };
    match ask::ask(&*desk, Request::Names {}).await? {
        Response::Names(names) => {
            let read = serde_json::from_value(names.remembered);
            read.map(Some)
                .map_err(|_| Failure::trouble("the daemon is another version: its names cannot be read"))
        }
        other => Err(ask::unexpected(&other)),
    }
}
