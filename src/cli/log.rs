//! Logs: structured, on stderr, without personal data (that is up to whoever writes a line; here
//! libraries that would log addresses are kept quiet).

use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use clap::ValueEnum;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::common::{Common, LogFormat};
use super::output::may_colour;
use crate::clock::{Clock, SystemClock};
use crate::failpoint;
use crate::observe::{Journal, SOCKET};

/// Unless asked otherwise: our own events from `info` on, those of libraries from `warn` on.
const DEFAULT: &str = "warn,cvmd=info";

/// Whatever the level asked for: these print headers and addresses below it.
const QUIET: [&str; 7] =
    ["lettre=warn", "reqwest=warn", "hyper=warn", "hyper_util=warn", "rustls=warn", "h2=warn", "notify=warn"];

/// Starts logging for this process; where nothing is asked for, with `default`.
pub(super) fn start(common: &Common, default: Option<&str>) {
    let asked =
        common.log.clone().or_else(|| std::env::var("CVMD_LOG").ok()).filter(|asked| !asked.is_empty());
    let asked = asked.as_deref().or(default).unwrap_or(DEFAULT);
    let filter = EnvFilter::builder().parse(asked).unwrap_or_else(|_| {
        super::exit::complain(&format!(
            "`{asked}` is no log level, `{DEFAULT}` is used: write `error`, `warn`, `info` or `debug`"
        ));
        EnvFilter::new(DEFAULT)
    });
    let quiet = QUIET.iter().filter_map(|directive| directive.parse().ok());
    let filter = quiet.fold(filter, EnvFilter::add_directive);
    let format = format(common);
    if format.is_none() && stderr_is_the_journal() {
        let at = failpoint::journal().unwrap_or_else(|| PathBuf::from(SOCKET));
        let journal = Journal::at(&at, io::stderr()).with_filter(filter);
        let _ = tracing_subscriber::registry().with(journal).try_init();
        return;
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_timer(Timer)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(may_colour(io::stderr().is_terminal()));
    // A second start in one process (a test) keeps the first.
    let _ = match format.unwrap_or(LogFormat::Human) {
        LogFormat::Human => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// Whether whatever stands on stderr goes to systemd's journal, by `JOURNAL_STREAM`: the device and inode of
/// the stream that systemd gave the service. A service that sends its stderr elsewhere keeps the variable.
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Some((device, inode)) = stream.split_once(':') else { return false };
    std::fs::metadata("/proc/self/fd/2")
        .is_ok_and(|stderr| device == stderr.dev().to_string() && inode == stderr.ino().to_string())
}

/// What was asked for, else what the environment says.
fn format(common: &Common) -> Option<LogFormat> {
    let named = || std::env::var("CVMD_LOG_FORMAT").ok().filter(|named| !named.is_empty());
    let read = |named: String| {
        LogFormat::from_str(&named, false).unwrap_or_else(|_| {
            super::exit::complain(&format!(
                "`{named}` (CVMD_LOG_FORMAT) is no format of the log, `human` is used: write `human` or `json`"
            ));
            LogFormat::Human
        })
    };
    common.log_format.or_else(|| named().map(read))
}

/// Our clock's time, in RFC 3339.
struct Timer;

impl FormatTime for Timer {
    fn format_time(&self, w: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        write!(w, "{}", SystemClock.now())
    }
}
