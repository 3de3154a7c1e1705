//! Whether the secrets that the rules name can be read.

use crate::config::Secrets;
use crate::ruleset::{RuleSet, Webhook};
use crate::serve::Tokens;

/// What is wrong with the secrets of the rules' webhooks, a sentence each: their calls wait.
pub(super) fn unreadable(secrets: &Secrets, rules: &RuleSet) -> Vec<String> {
    let needed = |webhook: &Webhook| {
        let headers = webhook.headers.iter().map(|header| header.secret.clone());
        webhook.secrets.iter().cloned().chain(headers).collect::<Vec<_>>()
    };
    let mut names: Vec<String> = rules.webhooks.iter().flat_map(needed).collect();
    names.sort_unstable();
    names.dedup();
    let wrong = names.into_iter().filter_map(|name| secrets.read(&name).err());
    wrong.map(|error| format!("{error}; calls that need it wait, `cvmd reload` tries again")).collect()
}

/// Says it in the log.
pub(super) fn log_unreadable(secrets: &Secrets, rules: &RuleSet) {
    for problem in unreadable(secrets, rules) {
        tracing::error!(problem, "calls wait");
    }
}

/// The tokens of the public listener, those that are configured.
///
/// # Errors
/// When one is and cannot be read.
pub(super) fn tokens(secrets: &Secrets) -> Result<Tokens, String> {
    let read = |name: &str| {
        let secret = secrets.has(name).then(|| secrets.read(name)).transpose();
        let secret = secret.map_err(|error| error.to_string())?;
        if let Some(warning) = secret.as_ref().and_then(|secret| secret.warning.as_ref()) {
            tracing::warn!("{warning}");
        }
        Ok::<_, String>(secret)
    };
    let (ingest, read) = (read("ingest_token")?, read("read_token")?);
    Ok(Tokens::new(ingest.as_ref(), read.as_ref()))
}
