//! Writing results to stdout.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::exit::Failure;
use super::plain;

/// The version of all JSON documents.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// For a person or for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// Tables and sentences.
    #[default]
    Human,
    /// One JSON document with `schema_version`.
    Json,
}

/// `--format human|json`.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct FormatArgument {
    /// How to write the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = false)]
    pub(super) format: Format,
}

/// Stdout, buffered.
pub(super) struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    colour: bool,
    terminal: bool,
}

impl Output {
    /// This process's.
    pub(super) fn stdout() -> Self {
        let stdout = io::stdout().lock();
        let terminal = stdout.is_terminal();
        Self { writer: BufWriter::new(stdout), colour: may_colour(terminal), terminal }
    }

    /// Whether colours are wanted.
    pub(super) const fn colour(&self) -> bool {
        self.colour
    }

    /// Whether a person watches.
    pub(super) const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes a line, or several: what a terminal would act on in texts of others is escaped here, for all
    /// that is for people.
    pub(super) fn line(&mut self, text: impl Display) -> Result<(), Failure> {
        let text = plain::lines(&text.to_string(), self.colour);
        Ok(writeln!(self.writer, "{text}")?)
    }

    /// Writes text as it is.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.writer.write_all(text.as_bytes())?)
    }

    /// Text in bold where colours are wanted.
    pub(super) fn bold(&self, text: &str) -> String {
        let [begin, end] = plain::BOLD;
        if self.colour { format!("{begin}{text}{end}") } else { text.into() }
    }

    /// Text that must be seen, where colours are wanted: in red where it is bad, else in yellow.
    pub(super) fn loud(&self, text: &str, bad: bool) -> String {
        let [begin, end] = if bad { plain::RED } else { plain::YELLOW };
        if self.colour { format!("{begin}{text}{end}") } else { text.into() }
    }

    /// Writes a JSON document: the fields of `value`, led by `schema_version`.
    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Document<'a, T> {
            schema_version: u32,
            #[serde(flatten)]
            value: &'a T,
        }
        let document = Document { schema_version: SCHEMA_VERSION, value };
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| Failure::trouble(format!("the result cannot be written as JSON: {error}")))?;
        Ok(writeln!(self.writer, "{}", plain::json(&text))?)
    }

    /// A writer for what has its own way of writing.
    pub(super) fn writer(&mut self) -> &mut impl Write {
        &mut self.writer
    }

    /// Shows what was written so far.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.writer.flush()?)
    }

    /// Writes what is still in the buffer; an error here must not go unseen.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.flush()
    }
}

/// Colour is for terminals, unless `NO_COLOR` is set to anything (<https://no-color.org>).
pub(super) fn may_colour(terminal: bool) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    terminal && !refused && !dumb
}
