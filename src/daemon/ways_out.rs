//! The outbox's channels and settings, as the configuration has them.

use std::sync::Arc;

use crate::config::{Config, DomainLimits, Secret, SmtpServer, Transport};
use crate::deliver::Mailer;
use crate::deliver::email::{Relays, Server, TimeOuts};
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
        Transport::Smtp(servers) => {
            let relays: Result<Vec<Server>, String> =
                servers.iter().map(|server| relay(config, server)).collect();
            Mailer::Smtp(Arc::new(Relays::new(relays?)))
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

fn relay(config: &Config, server: &SmtpServer) -> Result<Server, String> {
    let password = server.login.as_ref().map(|(_, name)| config.secrets.read(name)).transpose();
    let password = password.map_err(|error| error.to_string())?;
    let hello = config.email.from.rsplit('@').next().unwrap_or("localhost").trim_end_matches('>');
    let ca_file = server.ca_file.as_deref();
    let mut relay = Server::new(server, password.as_ref().map(Secret::expose), hello, ca_file)?;
    relay.time_outs = TimeOuts {
        connect: config.email.connect_timeout.to_std(),
        command: config.email.timeout.to_std(),
        end_of_data: config.email.dot_timeout.to_std(),
    };
    Ok(relay)
}

/// The outbox's settings.
pub(super) fn outbox_options(config: &Config) -> OutboxOptions {
    let mut options = OutboxOptions::new(config.data.join("workers"), OutboxOptions::boot_of_machine());
    options.mail_workers = config.email.workers;
    // Files are written as fast as they are: nobody is at the other end.
    options.domains = match config.email.transport {
        Transport::Smtp(_) => config.email.domains.clone(),
        Transport::File(_) => DomainLimits::none(),
    };
    options.calls_per_endpoint = config.webhooks.workers;
    options.mail_retries = Retries(config.email.retries.clone());
    options.call_retries = Retries(config.webhooks.retries.clone());
    options.in_doubt = config.email.in_doubt;
    options
}
