//! What every command may be told: where the workspace is, and how much to log.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Failure;
use crate::config::{Config, Environment, locate};

/// Options that stand before or after the command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub(super) struct Common {
    /// The configuration; else ./cvmd.toml, else /etc/cvmd/cvmd.toml
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// The folder of rules, where no configuration names it
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) rules: Option<PathBuf>,
    #[arg(
        long,
        help = "What to log on stderr: error, warn, info, debug; else $CVMD_LOG",
        value_name = "LEVEL",
        global = true
    )]
    pub(super) log: Option<String>,
    #[arg(
        long,
        help = "How to write the log: JSON, a line an event, is for collectors; else $CVMD_LOG_FORMAT; else for reading, or with a field each figure where it goes to systemd's journal",
        value_enum,
        value_name = "FORMAT",
        global = true
    )]
    pub(super) log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For reading.
    Human,
    /// One JSON object a line.
    Json,
}

impl Common {
    /// The configuration of the workspace.
    pub(super) fn configuration(&self) -> Result<Config, Failure> {
        let environment = Environment::of_process();
        let located = locate(self.config.as_deref(), Path::new(""));
        let config = match (located, &self.rules) {
            (Ok(file), _) => Config::load(&file, &environment),
            // Where a configuration was asked for, it must be there.
            (Err(_), Some(rules)) if self.config.is_none() => Ok(Config::without_file(rules, &environment)),
            (Err(error), _) => Err(error),
        };
        let mut config = config.map_err(|error| Failure::trouble(error.to_string()))?;
        if let Some(rules) = &self.rules {
            config.rules.clone_from(rules);
        }
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        Ok(config)
    }
}
