//! A git repository with rules in it, and what stood there for how long.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use cvmd::check::{self, Files, Options};
use cvmd::clock::{Clock, SystemClock};
use cvmd::model::Date;
use cvmd::reload::{EXTENSIONS, Tree, load};

/// The daemon's quiet time in these tests; `tests/crash/shop.rs` sets it.
pub const QUIET_MS: i64 = 50;
/// The daemon's clock counts whole milliseconds, and so does ours.
const GRAIN_MS: i64 = 3;

pub fn now() -> i64 {
    SystemClock.now().0
}

/// Where the rules stand in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In a folder of it.
    Folder,
    /// It is the rules' folder itself.
    Whole,
    /// In a folder of it, to which a link leads.
    Linked,
    /// In a folder of a worktree of it.
    Worktree,
}

/// What stands in the files.
#[derive(Debug, Clone)]
struct Standing {
    hash: String,
    good: bool,
    /// From before it was written.
    born: i64,
    /// Git is at work, or seems to be.
    locked: bool,
}

/// A checkout, and what the daemon may have seen of it.
#[derive(Debug)]
pub struct Checkout {
    /// Where git commands are given.
    pub folder: PathBuf,
    /// What the configuration names.
    pub root: PathBuf,
    standing: Standing,
    may: BTreeSet<String>,
}

/// What the set of these files is called, and whether it is right.
fn judge(files: Tree) -> (String, bool) {
    let files = Files::from(files);
    let options = Options { commit: "unknown", today: Date(0) };
    (files.hash().to_string(), check::check(&files, &options).rules.is_some())
}

/// Git in a folder, with variables for its filters; its answer, or nothing where it failed.
pub fn git_with(folder: &Path, slow: bool, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "user.name=Ana",
        "-c",
        "user.email=ana@shop.example",
        "-c",
        "core.editor=true",
        "-C",
    ]);
    command.arg(folder).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
    if slow {
        command.env("SLOW", "0.2");
    }
    let output = command.output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// Git that must go well.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    git_with(folder, false, arguments).unwrap_or_else(|| panic!("git {arguments:?} failed"))
}

/// A rule that differs from every other by its number.
pub fn rule(name: &str, number: u64) -> String {
    format!("rule {name}\n  when orders >= {number}\n  then send receipt\n")
}

const SHOP: &str = "workspace shop\n  currency EUR\n\nmessage receipt\n  email transactional\n  subject \"Your receipt\"\n  body messages/receipt.txt\n";

impl Checkout {
    /// A repository in `home/repo` with a first commit, of which files take a while to be checked out
    /// where that is wanted.
    pub fn new(home: &Path, kind: Kind) -> Self {
        let repo = home.join("repo");
        fs::create_dir(&repo).unwrap();
        git(&repo, &["init", "-q", "-b", "main"]);
        git(&repo, &["config", "filter.slow.smudge", "[ -z \"$SLOW\" ] || sleep $SLOW; cat"]);
        let inside = if kind == Kind::Whole { repo.clone() } else { repo.join("rules") };
        fs::create_dir_all(inside.join("messages")).unwrap();
        fs::write(repo.join(".gitattributes"), "*.rules filter=slow\n").unwrap();
        fs::write(inside.join("shop.rules"), SHOP).unwrap();
        fs::write(inside.join("messages/receipt.txt"), "Thank you.\n").unwrap();
        for (number, name) in (1..).zip(["a", "b", "c"]) {
            fs::write(inside.join(format!("{name}.rules")), rule(name, number)).unwrap();
        }
        git(&repo, &["add", "-A"]);
        git(&repo, &["commit", "-q", "-m", "first"]);
        let (folder, root) = match kind {
            Kind::Folder | Kind::Whole => (repo, inside),
            Kind::Linked => {
                symlink("repo/rules", home.join("live")).unwrap();
                (repo, home.join("live"))
            }
            Kind::Worktree => {
                let tree = home.join("tree");
                git(&repo, &["worktree", "add", "-q", "--detach", tree.to_str().unwrap()]);
                (tree.clone(), tree.join("rules"))
            }
        };
        let (hash, good) = judge(load(&root).unwrap().files);
        let standing = Standing { hash, good, born: now(), locked: false };
        Self { folder, root, standing, may: BTreeSet::new() }
    }

    /// Does something to the files that is over when it returns: what stood there until now is now
    /// known to have stood so long.
    pub fn change(&mut self, does: impl FnOnce(&Self)) {
        self.change_to(false, does);
    }

    /// As [`Checkout::change`], while git's lock is there: nobody may take what it leads to.
    pub fn change_locked(&mut self, does: impl FnOnce(&Self)) {
        self.change_to(true, does);
    }

    fn change_to(&mut self, locked: bool, does: impl FnOnce(&Self)) {
        let born = now();
        does(self);
        let before = &self.standing;
        if before.good && !before.locked && now() - before.born >= QUIET_MS - GRAIN_MS {
            self.may.insert(before.hash.clone());
        }
        // Nothing there, or nothing that can be read, is nothing that can run.
        let (hash, good) = load(&self.root).map_or_else(|_| (String::new(), false), |it| judge(it.files));
        self.standing = Standing { hash, good, born, locked };
    }

    /// Git in the checkout, which may stop half-way for a conflict.
    pub fn git(&mut self, slow: bool, arguments: &[&str]) {
        self.change(|this| drop(git_with(&this.folder, slow, arguments)));
    }

    /// These files stood there for a moment, between two steps of a git command.
    pub fn passed_through(&mut self, files: Tree) {
        let (hash, good) = judge(files);
        if good {
            self.may.insert(hash);
        }
    }

    /// Writes a file in its place. Between the two halves of that it is empty, and on a busy machine
    /// that, too, may stand for a while.
    pub fn write(&mut self, path: &str, text: &str) {
        self.write_to(false, path, text);
    }

    /// As [`Checkout::write`], while git's lock is there.
    pub fn write_locked(&mut self, path: &str, text: &str) {
        self.write_to(true, path, text);
    }

    fn write_to(&mut self, locked: bool, path: &str, text: &str) {
        let mut file = None;
        self.change_to(locked, |this| file = fs::File::create(this.root.join(path)).ok());
        self.change_to(locked, |_| file.unwrap().write_all(text.as_bytes()).unwrap());
    }

    /// Whether what stands there now is right, and is what must run sooner or later.
    pub fn is_good(&self) -> bool {
        self.standing.good
    }

    pub fn hash(&self) -> &str {
        &self.standing.hash
    }

    /// Whether the daemon may run this set, for it stood still or stands now.
    pub fn may_run(&self, hash: &str) -> bool {
        let standing = &self.standing;
        self.may.contains(hash) || (standing.good && !standing.locked && standing.hash == hash)
    }

    /// What stood there before is over: it may not come back.
    pub fn forget(&mut self) {
        self.may.clear();
    }

    /// The commit that is checked out, as the daemon names it; by git itself.
    pub fn commit(&self) -> String {
        let head = git(&self.folder, &["rev-parse", "HEAD"]);
        let asked = ["--no-optional-locks", "status", "--porcelain", "-uall", "."];
        let inside = self.root.canonicalize().unwrap();
        let changed = git(&inside, &asked);
        let ours = |line: &str| {
            // `XY PATH`; of the first line the blank that `X` may be is trimmed.
            let path = Path::new(line.trim_start().split_once(' ').map_or("", |(_, path)| path.trim()));
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            !hidden && path.extension().is_some_and(|end| EXTENSIONS.iter().any(|known| end == *known))
        };
        if changed.lines().any(ours) { format!("{head}-dirty") } else { head }
    }
}
