//! A worker's file: what it began, and what came of it.
//!
//! A plain write reaches the kernel before it returns and survives the death of the process, though
//! not of the machine; so each line names the boot in which it was written. Lines:
//!
//! ```text
//! begin d1-7-4f-0 1 2b5c…     before the first byte: key, attempt, boot
//! sent d1-7-4f-0 1            the other side took it
//! failed d1-7-4f-0 1          it did not
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::record::MessageKey;

/// What a file says about one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// Begun; the process died before the answer.
    Begun,
    /// Taken.
    Sent,
    /// Not taken.
    Failed,
}

/// The open file of one worker.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    boot: String,
}

impl Journal {
    /// An empty file for worker `number`.
    pub(super) fn open(folder: &Path, number: usize, boot: &str) -> io::Result<Self> {
        let path = folder.join(number.to_string());
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(0)?;
        Ok(Self { file, boot: boot.to_owned() })
    }

    /// Notes that the first byte of a message goes out next.
    pub(super) fn begin(&mut self, key: MessageKey, attempt: u32) -> io::Result<()> {
        self.file.write_all(format!("begin {key} {attempt} {}\n", self.boot).as_bytes())
    }

    /// Notes what came of it; not called where that is unknown.
    pub(super) fn end(&mut self, key: MessageKey, attempt: u32, sent: bool) -> io::Result<()> {
        let word = if sent { "sent" } else { "failed" };
        self.file.write_all(format!("{word} {key} {attempt}\n").as_bytes())
    }

    /// Forgets all: the results are durable.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }
}

/// What the workers of an earlier process left.
#[derive(Debug, Default)]
pub(super) struct Traces(BTreeMap<(MessageKey, u32), Trace>);

impl Traces {
    /// Reads all workers' files, lines of other boots left out.
    pub(super) fn read(folder: &Path, boot: &str) -> io::Result<Self> {
        let mut traces = Self::default();
        for path in worker_files(folder)? {
            traces.add(&fs::read_to_string(path)?, boot);
        }
        Ok(traces)
    }

    /// A line that was cut short was not yet followed by anything, and is as if never written.
    fn add(&mut self, text: &str, boot: &str) {
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let words: Vec<&str> = line.split(' ').collect();
            let [word, key, attempt, rest @ ..] = words.as_slice() else { continue };
            let (Ok(key), Ok(attempt)) = (key.parse(), attempt.parse()) else { continue };
            match (*word, rest) {
                ("begin", [of]) if *of == boot => drop(self.0.insert((key, attempt), Trace::Begun)),
                ("sent", []) => self.finish(key, attempt, Trace::Sent),
                ("failed", []) => self.finish(key, attempt, Trace::Failed),
                _ => {}
            }
        }
    }

    fn finish(&mut self, key: MessageKey, attempt: u32, trace: Trace) {
        if let Some(found) = self.0.get_mut(&(key, attempt)) {
            *found = trace;
        }
    }

    /// What is known of one attempt; none: no byte of it went out.
    pub(super) fn of(&self, key: MessageKey, attempt: u32) -> Option<Trace> {
        self.0.get(&(key, attempt)).copied()
    }
}

fn worker_files(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_worker = entry.file_name().to_str().is_some_and(|name| name.parse::<usize>().is_ok());
        if is_worker {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

/// Removes the files of an earlier process.
pub(super) fn remove_all(folder: &Path) -> io::Result<()> {
    worker_files(folder)?.iter().try_for_each(fs::remove_file)
}

/// The boot in which claims of this store were last made, if known.
pub(super) fn last_boot(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join("boot")).ok()
}

/// Notes that claims from now on are made in this boot.
pub(super) fn note_boot(folder: &Path, boot: &str) -> io::Result<()> {
    let temporary = folder.join("boot.tmp");
    fs::write(&temporary, boot)?;
    fs::rename(temporary, folder.join("boot"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerNumber, DecisionKey, Occurrence, RuleNumber};

    fn key(customer: u32) -> MessageKey {
        let decision = DecisionKey {
            rule: RuleNumber(1),
            occurrence: Occurrence(1),
            customer: CustomerNumber(customer),
        };
        MessageKey { decision, action: 0 }
    }

    #[test]
    fn what_was_begun_sent_and_failed_is_read_back_per_attempt() {
        let folder = tempfile::tempdir().unwrap();
        note_boot(folder.path(), "one").unwrap();
        let mut journal = Journal::open(folder.path(), 3, "one").unwrap();
        journal.begin(key(1), 1).unwrap();
        journal.end(key(1), 1, true).unwrap();
        journal.begin(key(2), 4).unwrap();
        journal.end(key(2), 4, false).unwrap();
        journal.begin(key(3), 1).unwrap();
        let traces = Traces::read(folder.path(), "one").unwrap();
        let seen = [(1, 1), (2, 4), (2, 3), (3, 1), (4, 1)].map(|(n, attempt)| traces.of(key(n), attempt));
        assert_eq!(seen, [Some(Trace::Sent), Some(Trace::Failed), None, Some(Trace::Begun), None]);
        assert_eq!(Traces::read(folder.path(), "two").unwrap().of(key(3), 1), None);
        journal.clear().unwrap();
        journal.begin(key(5), 1).unwrap();
        let traces = Traces::read(folder.path(), "one").unwrap();
        assert_eq!((traces.of(key(3), 1), traces.of(key(5), 1)), (None, Some(Trace::Begun)));
        remove_all(folder.path()).unwrap();
        assert_eq!(Traces::read(folder.path(), "one").unwrap().of(key(5), 1), None);
        assert_eq!(last_boot(folder.path()).as_deref(), Some("one"));
    }

    #[test]
    fn torn_and_strange_lines_say_nothing() {
        let mut traces = Traces::default();
        traces.add("begin d1-1-1-0 1 one\nsent d1-1-1-0\nnonsense\n\nbegin x 1 one\nsent d1-1-9-0 1\nbegin d1-1-2-0 1 one", "one");
        assert_eq!(traces.of(key(1), 1), Some(Trace::Begun));
        assert_eq!((traces.of(key(2), 1), traces.of(key(9), 1)), (None, None));
    }
}
