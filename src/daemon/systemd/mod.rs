//! What systemd, or another that speaks its protocol (`sd_notify(3)`), is told of the daemon: that it
//! starts, is ready, reads its rules, lives, ends, and how it is, in a line.

mod line;
mod starting;
mod watchdog;

pub(super) use starting::{Phase, Starting};

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::Notify;

/// Bytes of a line at most: systemd drops what does not fit its buffer of 4 KiB.
const LONGEST_LINE: usize = 2_000;

/// Who watches over this process.
#[derive(Debug, Default)]
pub struct ServiceManager {
    listens: bool,
    watchdog: Option<Duration>,
    told: Mutex<Told>,
    /// The line may have changed.
    changed: Notify,
}

/// What it was told.
#[derive(Debug, Default)]
struct Told {
    is_ready: bool,
    /// Reloads under way.
    reloads: u32,
    line: String,
}

impl ServiceManager {
    /// Nobody.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whoever `NOTIFY_SOCKET` and `WATCHDOG_USEC` name; nobody where they are not set.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            listens: std::env::var_os("NOTIFY_SOCKET").is_some_and(|socket| !socket.is_empty()),
            watchdog: sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero()),
            ..Self::default()
        }
    }

    /// Within which time it wants to hear that the daemon lives; none: it does not ask.
    pub(super) const fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// The start goes on: it may take so much longer from now.
    fn extend(&self, by: Duration) {
        let micros = u32::try_from(by.as_micros()).unwrap_or(u32::MAX);
        let told = self.told();
        self.send(&told, &[NotifyState::ExtendTimeoutUsec(micros)]);
    }

    /// Everything runs.
    pub(super) fn ready(&self, line: &str) {
        let mut told = self.told();
        told.is_ready = true;
        told.line = one_line(line);
        self.send(&told, &[NotifyState::Ready, NotifyState::Status(&told.line)]);
    }

    /// Says how it is, where that is news.
    pub(super) fn say(&self, line: &str) {
        let mut told = self.told();
        let line = one_line(line);
        if told.line != line {
            told.line = line;
            self.send(&told, &[NotifyState::Status(&told.line)]);
        }
    }

    /// Rules are read and taken over until what is returned goes away.
    pub(super) fn reloading(&self) -> Reloading<'_> {
        let mut told = self.told();
        told.reloads += 1;
        if told.is_ready && told.reloads == 1 {
            // systemd tells by it which of its signals this answers; no decision hangs on it.
            match NotifyState::monotonic_usec_now() {
                Ok(now) => self.send(&told, &[NotifyState::Reloading, now]),
                Err(_) => self.send(&told, &[NotifyState::Reloading]),
            }
        }
        Reloading(self)
    }

    /// The daemon lives.
    pub(super) fn alive(&self) {
        let told = self.told();
        self.send(&told, &[NotifyState::Watchdog]);
    }

    /// It ends.
    pub(super) fn stopping(&self) {
        let mut told = self.told();
        told.is_ready = false;
        told.line = "ending: messages under way come first".into();
        self.send(&told, &[NotifyState::Stopping, NotifyState::Status(&told.line)]);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Under the lock, so that what is sent comes in the order in which it became true. A datagram into a
    /// queue that systemd keeps large: it waits only while systemd itself stands still.
    fn send(&self, _: &Told, states: &[NotifyState<'_>]) {
        if self.listens
            && let Err(error) = sd_notify::notify(states)
        {
            tracing::warn!(%error, "the service manager cannot be told: look at `NOTIFY_SOCKET`");
        }
    }
}

/// Rules are being read; once no reload is under way any more it is ready again, with the new rules or
/// the old ones.
#[must_use]
pub(super) struct Reloading<'a>(&'a ServiceManager);

impl Drop for Reloading<'_> {
    fn drop(&mut self) {
        let mut told = self.0.told();
        told.reloads -= 1;
        if told.is_ready && told.reloads == 0 {
            self.0.send(&told, &[NotifyState::Ready]);
        }
        self.0.changed.notify_one();
    }
}

/// A text as one line: a newline in it would begin another message to systemd.
fn one_line(text: &str) -> String {
    let mut line = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .fold(String::with_capacity(text.len().min(LONGEST_LINE)), |mut line, word| {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            line
        });
    if line.len() > LONGEST_LINE {
        line.truncate(line.floor_char_boundary(LONGEST_LINE));
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_and_short() {
        assert_eq!(one_line("a\nREADY=1\r\n\u{0}  b\t c"), "a READY=1 b c");
        let long = one_line(&"é".repeat(5_000));
        assert!(long.len() <= LONGEST_LINE + '…'.len_utf8() && long.ends_with("é…"), "{}", long.len());
        assert_eq!(one_line(" \n"), "");
    }

    #[test]
    fn nobody_is_told_nothing() {
        let manager = ServiceManager::none();
        assert_eq!(manager.watchdog(), None);
        manager.ready("x");
        drop(manager.reloading());
        assert_eq!(manager.told().reloads, 0);
    }
}
