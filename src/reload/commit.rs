//! Which git commit the files came from.
//!
//! The service's user rarely owns the checkout, so git's check of the owner is switched off for
//! this one call (`safe.directory`). In return nothing is asked that would run what the checkout's
//! configuration names: no `status`, whose file monitor and filters are commands. Whether the files
//! differ is told by hashing what was read as git does.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use super::load::{Tree, belongs};

/// The commit of files that no git knows.
pub const UNKNOWN_COMMIT: &str = "unknown";

/// For each question to git.
const TIME_OUT: Duration = Duration::from_secs(5);
/// More is no list of rule files.
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// The commit checked out at `root`, with `-dirty` where `files` differ from it. Blocks.
pub(super) fn of(root: &Path, files: &Tree) -> String {
    let folder = if root.is_dir() { root.to_owned() } else { super::load::parent(root) };
    let head = ask(&folder, &["rev-parse", "--verify", "--quiet", "HEAD"]).map(|id| id.trim().to_owned());
    let Some(head) = head.filter(|id| is_id(id)) else { return UNKNOWN_COMMIT.into() };
    let Some(committed) = ask(&folder, &["ls-tree", "-r", "-z", &head]) else { return head };
    let committed = blobs(&committed);
    let same = |(path, contents): (&String, &Vec<u8>)| match committed.get(path.as_str()) {
        // A link's blob is its target, and what was read is what it leads to.
        Some(Blob::Link) => true,
        Some(Blob::File(id)) => *id == blob_id(contents, id.len()),
        None => false,
    };
    let all_there = !root.is_dir() || committed.keys().all(|path| files.contains_key(*path));
    if all_there && files.iter().all(same) { head } else { format!("{head}-dirty") }
}

enum Blob<'a> {
    File(&'a str),
    Link,
}

/// The rule files of `git ls-tree -r -z`: `MODE TYPE ID<tab>PATH<nul>`.
fn blobs(listed: &str) -> BTreeMap<&str, Blob<'_>> {
    let entry = |line| -> Option<(&str, Blob<'_>)> {
        let (head, path): (&str, &str) = str::split_once(line, '\t')?;
        let mut words = head.split(' ');
        let (mode, kind, id) = (words.next()?, words.next()?, words.next()?);
        let hidden = path.split('/').any(|part| part.starts_with('.'));
        let ours = kind == "blob" && !hidden && belongs(path.rsplit('/').next()?);
        ours.then_some((path, if mode == "120000" { Blob::Link } else { Blob::File(id) }))
    };
    listed.split('\0').filter_map(entry).collect()
}

/// Git's id of a file's contents, in SHA-1 or, for ids of 64 digits, SHA-256.
fn blob_id(contents: &[u8], digits: usize) -> String {
    let algorithm = if digits == 64 { &SHA256 } else { &SHA1_FOR_LEGACY_USE_ONLY };
    let mut context = Context::new(algorithm);
    context.update(format!("blob {}\0", contents.len()).as_bytes());
    context.update(contents);
    context.finish().as_ref().iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What git answers; nothing without git, on failure, and when it takes too long.
fn ask(folder: &Path, question: &[&str]) -> Option<String> {
    let mut child = Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false", "--no-optional-locks", "-C"])
        .arg(folder)
        .args(question)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.take(MAX_ANSWER_BYTES).read_to_string(&mut text);
        // Nobody listens any more after the time-out.
        let _ = sender.send(read.ok().map(|_| text));
    });
    let answer = receiver.recv_timeout(TIME_OUT).ok().flatten();
    if answer.is_none() {
        // Already gone: then there is nothing to kill.
        let _ = child.kill();
    }
    let fine = child.wait().is_ok_and(|status| status.success());
    answer.filter(|_| fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_s_id_is_git_s() {
        assert_eq!(blob_id(b"", 40), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(blob_id(b"", 64), "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813");
    }

    #[test]
    fn only_rule_files_are_compared() {
        let listed = [
            "100644 blob 1\ta.rules",
            "100644 blob 2\tlogo.png",
            "120000 blob 3\tm/b.md",
            "100644 blob 4\t.github/c.md",
            "160000 commit 5\tsub",
        ]
        .join("\0");
        let found = blobs(&listed);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["a.rules", "m/b.md"]);
    }

    #[test]
    fn without_git_the_commit_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(of(dir.path(), &Tree::new()), UNKNOWN_COMMIT);
    }
}
