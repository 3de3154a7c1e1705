//! How far something is, on a terminal's stderr.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::serve::Progress;

/// A bar of bytes; nothing where no person watches.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Begins with a word for what happens.
    pub(super) fn start(word: &str) -> Self {
        // indicatif draws on a terminal only.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        bar.set_message(word.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Shows how far it is.
    pub(super) fn show(&self, progress: Progress) {
        if progress.total == 0 {
            return;
        }
        if self.0.length() != Some(progress.total) {
            let template = "{msg} {wide_bar} {decimal_bytes} of {decimal_total_bytes}, {eta} left";
            let style = ProgressStyle::with_template(template);
            self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.0.set_length(progress.total);
        }
        self.0.set_position(progress.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
