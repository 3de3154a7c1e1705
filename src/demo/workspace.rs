//! The demo's files.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::generate;
use crate::model::Instant;

/// The demo's configuration: mail into files, ticks often enough to watch, loopback allowed.
pub const CONFIG: &str = "\
# The demo: nobody is reached. Mail goes into outbox/, webhooks go to a receiver in the demo itself.
rules = \"rules\"
data  = \"data\"

[listen]
public = \"127.0.0.1:0\"      # any free port: another daemon may have the usual one

[daemon]
tick = \"5s\"
hold_after = \"365d\"        # a demo may be looked at again next week

[email]
transport = \"file\"
from = \"The demo shop <hello@shop.example>\"
directory = \"outbox\"

[secrets]
crm_key = \"secrets/crm_key\"

[webhooks]
allow_private = true
";

/// The address in `rules/shop.rules` that the demo replaces by its receiver's.
const CRM: &str = "https://crm.shop.example/v1/touch";

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Files with customers, orders and events, to be imported.
    pub customers: PathBuf,
    /// The orders.
    pub orders: PathBuf,
    /// What else they did.
    pub events: PathBuf,
    /// How many customers.
    pub customer_count: u64,
    /// How many orders.
    pub order_count: u64,
    /// How many events.
    pub event_count: u64,
}

/// Turns a new workspace into the demo's and generates its customers, or, where they were generated
/// before (`None`), only points the webhook at this run's receiver.
///
/// # Errors
/// With a text that names the file.
pub fn make(
    folder: &Path,
    (seed, customers): (u64, u32),
    receiver: SocketAddr,
    now: Instant,
) -> Result<Option<Made>, String> {
    let refuse = |path: &Path, error: std::io::Error| format!("`{}`: {error}", path.display());
    let shop = folder.join("rules/shop.rules");
    let text = fs::read_to_string(&shop).map_err(|error| refuse(&shop, error))?;
    let pointed = point(&text, receiver);
    if pointed != text {
        fs::write(&shop, pointed).map_err(|error| refuse(&shop, error))?;
    }
    let import = folder.join("import");
    if import.join("orders.csv").is_file() {
        return Ok(None);
    }
    let config = folder.join("cvmd.toml");
    fs::write(&config, CONFIG).map_err(|error| refuse(&config, error))?;
    let outbox = folder.join("outbox");
    fs::create_dir_all(&outbox).map_err(|error| refuse(&outbox, error))?;
    fs::create_dir_all(&import).map_err(|error| refuse(&import, error))?;
    let written =
        generate::write_folder(&import, seed, customers, now).map_err(|error| refuse(&import, error))?;
    Ok(Some(Made {
        customers: import.join("customers.csv"),
        orders: import.join("orders.csv"),
        events: import.join("events.csv"),
        customer_count: written.customers,
        order_count: written.orders,
        event_count: written.events,
    }))
}

/// The rules with the webhook's address replaced: the shop's own, or that of an earlier demo.
fn point(text: &str, receiver: SocketAddr) -> String {
    let address = format!("http://{receiver}/v1/touch");
    let line = |line: &str| {
        let is_post = line.trim_start().starts_with("post \"");
        let (Some(start), Some(end)) = (line.find('"'), line.find("/v1/touch\"")) else {
            return line.to_owned();
        };
        if !is_post || !(line.contains(CRM) || line.contains("http://127.0.0.1:")) {
            return line.to_owned();
        }
        format!("{}{address}{}", &line[..=start], &line[end + "/v1/touch".len()..])
    };
    let mut pointed = text.lines().map(line).collect::<Vec<_>>().join("\n");
    if text.ends_with('\n') {
        pointed.push('\n');
    }
    pointed
}

/// How many messages lie in the demo's outbox.
#[must_use]
pub fn count_mails(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder.join("outbox")) else { return 0 };
    let is_mail = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|end| end == "eml");
    entries.filter_map(Result::ok).filter(is_mail).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};

    #[test]
    fn the_webhook_is_pointed_at_this_runs_receiver_again_and_again() {
        let rules = include_str!("../../rules/shop.rules");
        let first = point(rules, "127.0.0.1:4000".parse().unwrap());
        assert!(first.contains("post \"http://127.0.0.1:4000/v1/touch\" signed with secret crm_key"));
        let second = point(&first, "127.0.0.1:5000".parse().unwrap());
        assert_eq!(second, first.replace(":4000", ":5000"));
        assert_eq!(rules.lines().count(), second.lines().count());
    }

    #[test]
    fn the_demos_configuration_has_no_problem() {
        let config = Config::parse(CONFIG, Path::new("demo/cvmd.toml"), &Environment::default()).unwrap();
        assert!(config.warnings.is_empty() && config.webhooks.allow_private);
    }
}
