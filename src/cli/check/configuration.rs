//! `cvmd check --config-only`: what a service asks before it starts. Bad rules are none of its business: a
//! daemon that had good ones once starts with those.

use crate::cli::common::Common;
use crate::cli::exit::{Exit, Failure, complain};
use crate::cli::output::Output;
use crate::config::{Address, Config};

/// Secrets of listeners: without one that is configured no daemon starts. Calls and mail that need another
/// wait until it can be read.
const NEEDED: [&str; 3] = ["admin_token", "ingest_token", "read_token"];

pub(super) fn check(common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let config = common.configuration()?;
    let mut exit = Exit::Fine;
    for (name, problem) in secrets(&config) {
        if NEEDED.contains(&name.as_str()) {
            complain(&problem);
            exit = Exit::Trouble;
        } else {
            output.line(format!("warning: {problem}"))?;
        }
    }
    if exit == Exit::Fine {
        let file = config.file.as_deref().map_or_else(|| "no file".into(), |file| file.display().to_string());
        output.line(format!("the configuration ({file}) is right"))?;
        for (what, where_it_is) in places(&config) {
            output.line(format!("  {what:<9}{where_it_is}"))?;
        }
    }
    Ok(exit)
}

/// The secrets that cannot be had or are open to others, with what is wrong.
fn secrets(config: &Config) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for name in config.secrets.names() {
        match config.secrets.read(name) {
            Ok(secret) => problems.extend(secret.warning.map(|warning| (String::new(), warning))),
            Err(error) => problems.push((name.to_owned(), error.to_string())),
        }
    }
    problems
}

fn places(config: &Config) -> [(&'static str, String); 4] {
    let admin = match &config.listen.admin {
        Address::Unix(path) => path.display().to_string(),
        Address::Tcp(address) => address.to_string(),
    };
    [
        ("rules", config.rules.display().to_string()),
        ("data", config.data.display().to_string()),
        ("admin", admin),
        ("public", config.listen.public.to_string()),
    ]
}
