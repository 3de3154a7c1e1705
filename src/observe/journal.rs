//! Events as systemd's journal has them: a field each figure, by its native protocol
//! (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>), so that `journalctl CVMD_RULE=winback` finds them.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Where journald listens.
pub const SOCKET: &str = "/run/systemd/journal/socket";

/// What our fields begin with, so that none is taken for one of the journal's own.
const OURS: &str = "CVMD_";

/// Bytes of a field's name, by the protocol.
const LONGEST_NAME: usize = 64;

/// Bytes of a value: all fields of an event are one datagram, which a socket's buffer must hold.
const LONGEST_VALUE: usize = 32 * 1_024;

/// A journal that takes nothing for so long gets the line by stderr.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends events to the journal; where it does not listen, lines with the level before them go to stderr,
/// which the journal reads, too.
pub struct Journal<W> {
    socket: Option<UnixDatagram>,
    lines: Mutex<W>,
}

impl<W> fmt::Debug for Journal<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl<W: Write> Journal<W> {
    /// The journal that listens at `path`; `lines` is this process's stderr.
    #[must_use]
    pub fn at(path: &Path, lines: W) -> Self {
        let connect = || -> io::Result<UnixDatagram> {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok(socket)
        };
        Self { socket: connect().ok(), lines: Mutex::new(lines) }
    }

    fn write(&self, level: Level, told: &Told) {
        let sent = self.socket.as_ref().is_some_and(|socket| socket.send(&told.datagram(level)).is_ok());
        if !sent {
            let mut text = String::new();
            for line in told.line().lines() {
                let _ = writeln!(text, "<{}>{line}", priority(level));
            }
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody hears us any more; the daemon goes on.
            let _ = lines.write_all(text.as_bytes());
        }
    }
}

impl<S: Subscriber, W: Write + 'static> Layer<S> for Journal<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut told = Told { target: event.metadata().target().to_owned(), ..Told::default() };
        event.record(&mut told);
        self.write(*event.metadata().level(), &told);
    }
}

/// syslog(3)'s levels.
const fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

/// What an event says.
#[derive(Debug, Default)]
struct Told {
    target: String,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Told {
    /// For people: the message, and its fields behind it.
    fn line(&self) -> String {
        let mut line = self.message.clone();
        for (name, value) in &self.fields {
            let _ = write!(line, " {name}={value}");
        }
        line
    }

    fn datagram(&self, level: Level) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, "MESSAGE", &self.line());
        put(&mut out, "PRIORITY", &priority(level).to_string());
        put(&mut out, "SYSLOG_IDENTIFIER", "cvmd");
        put(&mut out, "CVMD_EVENT", &self.message);
        put(&mut out, "CVMD_TARGET", &self.target);
        for (name, value) in &self.fields {
            put(&mut out, &name_of(name), value);
        }
        out
    }

    fn add(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else {
            self.fields.push((field.name(), value));
        }
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }
}

/// `rule` is `CVMD_RULE`: capitals, digits and underscores.
fn name_of(name: &str) -> String {
    let capital =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    OURS.chars().chain(name.chars().map(capital)).take(LONGEST_NAME).collect()
}

/// Puts a field: a value of several lines has its length before it.
fn put(out: &mut Vec<u8>, name: &str, value: &str) {
    let value = &value[..value.floor_char_boundary(LONGEST_VALUE)];
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        Told {
            target: "cvmd::x".into(),
            message: "two\nlines".into(),
            fields: vec![("rule", "winback".into()), ("a.b", "1".into())],
        }
    }

    #[test]
    fn a_datagram_has_a_field_each_and_a_length_before_lines() {
        let text = String::from_utf8_lossy(&told().datagram(Level::WARN)).into_owned();
        let expected = "MESSAGE\n\u{1c}\0\0\0\0\0\0\0two\nlines rule=winback a.b=1\nPRIORITY=4\n\
            SYSLOG_IDENTIFIER=cvmd\nCVMD_EVENT\n\u{9}\0\0\0\0\0\0\0two\nlines\nCVMD_TARGET=cvmd::x\n\
            CVMD_RULE=winback\nCVMD_A_B=1\n";
        assert_eq!(text, expected);
        let mut long = Vec::new();
        put(&mut long, "X", &"é".repeat(LONGEST_VALUE));
        assert_eq!(long.len(), LONGEST_VALUE + 3, "cut between letters");
        assert_eq!(name_of(&"x".repeat(100)).len(), LONGEST_NAME);
    }

    #[test]
    fn where_nobody_listens_each_line_goes_to_stderr_with_its_level() {
        let journal = Journal::at(Path::new("/nowhere/socket"), Vec::new());
        journal.write(Level::ERROR, &told());
        let lines = journal.lines.into_inner().unwrap();
        assert_eq!(String::from_utf8(lines).unwrap(), "<3>two\n<3>lines rule=winback a.b=1\n");
    }
}
