//! What the operating system tells the daemon: SIGTERM and SIGINT end it, SIGHUP reads the rules anew.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Signals;

impl Signals {
    /// Listens to this process's signals from now on. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses; the text says so.
    pub fn of_process() -> Result<Self, String> {
        let signals = Self::default();
        let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be heard: {error}"));
        let (mut terminate, mut interrupt) =
            (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        let mut hang_up: Signal = listen(SignalKind::hangup())?;
        let told = signals.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => told.stop.notify_one(),
                    _ = interrupt.recv() => told.stop.notify_one(),
                    _ = hang_up.recv() => told.reload.notify_one(),
                }
            }
        });
        Ok(signals)
    }
}
