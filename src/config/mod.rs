//! `cvmd.toml`: where the rules and the data are, what listens, how mail and webhooks go out.
//!
//! Knows files and the environment that systemd sets; not rules, stores or networks. All problems
//! of a file are reported in one go, each with its line, what is wrong and what to write.

mod domains;
mod email;
mod keep;
mod locate;
mod problem;
mod read;
mod secret;
mod settings;
mod value;

pub use domains::{DomainLimit, DomainLimits, Rate};
pub use email::{Email, InDoubt, Security, SmtpServer, Transport};
pub use keep::Keep;
pub use locate::{Environment, SYSTEM_FILE, locate};
pub use problem::{ConfigError, Problem};
pub use secret::{MAX_SECRET_BYTES, Secret, SecretError, Secrets};
pub use settings::{Address, Daemon, Listen, Webhooks};
pub use value::{is_loopback_host, parse_duration};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use read::File;

/// The largest `cvmd.toml` that is read.
pub const MAX_CONFIG_BYTES: u64 = 1024 * 1024;

/// What `cvmd.toml` says, every path made absolute or relative to the working directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file it was read from; none when `--rules` alone named the workspace.
    pub file: Option<PathBuf>,
    /// The folder of rules and messages.
    pub rules: PathBuf,
    /// The folder of the store.
    pub data: PathBuf,
    /// What listens where.
    pub listen: Listen,
    /// The daemon's rhythm.
    pub daemon: Daemon,
    /// How long what was decided is kept.
    pub keep: Keep,
    /// How e-mail goes out.
    pub email: Email,
    /// How webhooks go out.
    pub webhooks: Webhooks,
    /// When not empty: only these addresses (`ana@shop.example`) and domains (`shop.example`), all
    /// in lower case, are reached.
    pub sandbox: Vec<String>,
    /// Where the secrets are.
    pub secrets: Secrets,
    /// What is odd but legal.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// When it cannot be read, or with all that is wrong in it.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let refuse = |text: String| ConfigError::of(Problem::file(path, text));
        let size = std::fs::metadata(path).map_err(|error| refuse(locate::unreadable(&error)))?.len();
        if size > MAX_CONFIG_BYTES {
            return Err(refuse(format!(
                "is {size} bytes long, more than {MAX_CONFIG_BYTES}: is it the right file?"
            )));
        }
        let text = std::fs::read_to_string(path).map_err(|error| refuse(locate::unreadable(&error)))?;
        Self::parse(&text, path, environment)
    }

    /// Reads the text of a configuration file that stands at `path`; opens nothing.
    ///
    /// # Errors
    /// With all that is wrong in it.
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let file = File::parse(text, path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut top = file.top(&["rules", "data"]);
        let rules = top.parse("rules", value::path(folder)).unwrap_or_else(|| folder.join("rules"));
        let data = top.parse("data", value::path(folder)).unwrap_or_else(|| environment.data(path));
        let config = Self {
            file: Some(path.to_owned()),
            listen: settings::listen(&file, folder, &environment.socket(path, &data)),
            daemon: settings::daemon(&file),
            keep: keep::keep(&file),
            email: email::email(&file, folder),
            webhooks: settings::webhooks(&file),
            sandbox: settings::sandbox(&file),
            secrets: secret::secrets(&file, folder, environment),
            rules,
            data,
            warnings: Vec::new(),
        };
        config.check(&file);
        let (errors, warnings) = file.finish();
        if errors.is_empty() {
            Ok(Self { warnings, ..config })
        } else {
            Err(ConfigError { problems: errors })
        }
    }

    /// The configuration of a folder of rules that has no `cvmd.toml`: data, mail and socket stand
    /// in `data` beside the folder, mail goes into files.
    #[must_use]
    pub fn without_file(rules: &Path, environment: &Environment) -> Self {
        let folder = rules.parent().unwrap_or(Path::new(""));
        // The empty file has no mistake.
        let config = Self::parse("", &folder.join("cvmd.toml"), environment);
        let mut config = config.unwrap_or_else(|error| unreachable!("{error}"));
        config.file = None;
        rules.clone_into(&mut config.rules);
        config
    }

    /// The address that unsubscribe links begin with, without a slash at its end; `bound` is where the
    /// public listener is, which with port 0 is known only then.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.listen.url.clone().unwrap_or_else(|| format!("http://{bound}"))
    }

    /// Why marketing mail may not go out with this configuration, if so: over SMTP an unsubscribe
    /// link must work, and `https` is what mail providers ask of one-click links (RFC 8058).
    #[must_use]
    pub fn marketing_refused(&self) -> Option<Problem> {
        let Transport::Smtp(_) = self.email.transport else { return None };
        let place = self.file.clone().unwrap_or_else(|| "cvmd.toml".into());
        let text = match &self.listen.url {
            Some(url) if url.starts_with("https://") || value::is_loopback(url) => return None,
            Some(url) => format!(
                "`[listen] url` is `{url}`, and marketing mail over SMTP needs an unsubscribe link with \
                 https: write the address of your reverse proxy, `url = \"https://mail.shop.example\"`"
            ),
            None => "marketing mail over SMTP needs an unsubscribe link that customers can reach: write \
                     `url = \"https://mail.shop.example\"` under [listen]"
                .into(),
        };
        Some(Problem::file(&place, text))
    }

    /// What no single key shows.
    fn check(&self, file: &File<'_>) {
        if let Address::Tcp(_) = self.listen.admin
            && !self.secrets.has("admin_token")
        {
            file.error(
                "listen",
                "admin",
                "the admin listener on TCP needs a token: write `admin_token = \"secrets/admin_token\"` under \
                 [secrets], or `admin = \"unix:data/cvmd.sock\"`",
            );
        }
        let Transport::Smtp(servers) = &self.email.transport else { return };
        for (_, password) in servers.iter().filter_map(|server| server.login.as_ref()) {
            if !self.secrets.has(password) {
                let text = format!(
                    "the secret `{password}` is not known: write it under [secrets], `{password} = \"secrets/{password}\"`"
                );
                file.error("email", "password", &text);
            }
        }
    }
}

#[cfg(test)]
mod tests;
