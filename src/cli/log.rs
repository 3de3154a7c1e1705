//! Logs: structured, on stderr, without personal data (that is up to whoever writes a line; here
//! libraries that would log addresses are kept quiet).

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::time::FormatTime;

use super::common::{Common, LogFormat};
use super::output::may_colour;
use crate::clock::{Clock, SystemClock};

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
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_timer(Timer)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(may_colour(io::stderr().is_terminal()));
    // A second start in one process (a test) keeps the first.
    let _ = match format(common) {
        LogFormat::Human => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// What was asked for, else what the environment says, else for reading.
fn format(common: &Common) -> LogFormat {
    let named = || std::env::var("CVMD_LOG_FORMAT").ok().filter(|named| !named.is_empty());
    let read = |named: String| {
        LogFormat::from_str(&named, false).unwrap_or_else(|_| {
            super::exit::complain(&format!(
                "`{named}` (CVMD_LOG_FORMAT) is no format of the log, `human` is used: write `human` or `json`"
            ));
            LogFormat::Human
        })
    };
    common.log_format.or_else(|| named().map(read)).unwrap_or(LogFormat::Human)
}

/// Our clock's time, in RFC 3339.
struct Timer;

impl FormatTime for Timer {
    fn format_time(&self, w: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        write!(w, "{}", SystemClock.now())
    }
}
