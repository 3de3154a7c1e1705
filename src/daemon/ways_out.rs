//! The outbox's channels and settings, as the configuration has them.

use std::sync::Arc;

use crate::config::{Config, Secret, Transport};
use crate::deliver::Mailer;
use crate::deliver::email::{Server, TimeOuts};
use crate::deliver::file::Folder;
use crate::deliver::webhook::{Caller, Options as CallOptions};
use crate::outbox::{Channels, Options as OutboxOptions, Retries};

/// The ways out.
///
/// # Errors
/// With a text for the operator: a folder, a secret or TLS that cannot be had.
pub(super) fn channels(config: &Config) -> Result<Channels, String> {
    let mailer = match &config.email.transport {
        Transport::File(directory) => Mailer::Folder(Folder::open(directory)?),
        Transport::Smtp(server) => {
            let password = server.login.as_ref().map(|(_, name)| config.secrets.read(name)).transpose();
            let password = password.map_err(|error| error.to_string())?;
            let hello = config.email.from.rsplit('@').next().unwrap_or("localhost").trim_end_matches('>');
            let mut mail = Server::new(server, password.as_ref().map(Secret::expose), hello, None)?;
            mail.time_outs = TimeOuts {
                connect: config.email.connect_timeout.to_std(),
                command: config.email.timeout.to_std(),
                end_of_data: config.email.dot_timeout.to_std(),
            };
            Mailer::Smtp(Arc::new(mail))
        }
    };
    let caller = Caller::new(&CallOptions {
        connect: config.webhooks.connect_timeout.to_std(),
        total: config.webhooks.timeout.to_std(),
        allow_private: config.webhooks.allow_private,
        authorities: None,
    })?;
    Ok(Channels { mailer, caller })
}

/// The outbox's settings.
pub(super) fn outbox_options(config: &Config) -> OutboxOptions {
    let mut options = OutboxOptions::new(config.data.join("workers"), OutboxOptions::boot_of_machine());
    options.mail_workers = config.email.workers;
    options.calls_per_endpoint = config.webhooks.workers;
    options.mail_retries = Retries(config.email.retries.clone());
    options.call_retries = Retries(config.webhooks.retries.clone());
    options.in_doubt = config.email.in_doubt;
    options
}
