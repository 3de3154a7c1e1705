//! What people and tools do to the files of a checkout.

use std::fs;

use cvmd::reload::load;

use super::checkout::{QUIET_MS, git};
use super::story::Story;
use crate::support::breathe;

/// One thing that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Save,
    Release,
    Half,
    Mistake,
    Commit,
    Checkout,
    Rebase,
    Conflict,
    Stash,
    Lock,
    Noise,
    Burst,
    Swap,
    Die,
}

impl Way {
    pub const ALL: [Self; 14] = [
        Self::Save,
        Self::Release,
        Self::Half,
        Self::Mistake,
        Self::Commit,
        Self::Checkout,
        Self::Rebase,
        Self::Conflict,
        Self::Stash,
        Self::Lock,
        Self::Noise,
        Self::Burst,
        Self::Swap,
        Self::Die,
    ];
}

impl Story {
    /// Does it, and looks what the daemon made of it.
    pub async fn go(&mut self, way: Way) {
        self.done.push(format!("{way:?}"));
        match way {
            Way::Save => self.save(),
            Way::Release => self.release().await,
            Way::Half => self.half().await,
            Way::Mistake => self.mistake(),
            Way::Commit => self.commit(),
            Way::Checkout => self.check_out(),
            Way::Rebase => self.rebase(),
            Way::Conflict => self.conflict().await,
            Way::Stash => self.stash().await,
            Way::Lock => self.lock().await,
            Way::Noise => return self.noise().await,
            Way::Burst => self.burst(),
            Way::Swap => self.swap().await,
            Way::Die => self.die().await,
        }
        self.rest().await;
    }

    /// An editor writes beside the file and renames.
    fn save(&mut self) {
        let name = self.any_name();
        let text = self.new_rule(name);
        self.checkout.change(|checkout| {
            fs::write(checkout.root.join(".saved"), &text).unwrap();
            fs::rename(checkout.root.join(".saved"), checkout.root.join(format!("{name}.rules"))).unwrap();
        });
    }

    /// A script writes one file after the other, and somebody asks for a reload meanwhile.
    async fn release(&mut self) {
        let first = self.random.index(3);
        for place in 0..3 {
            let name = ["a", "b", "c"][(first + place) % 3];
            let text = self.new_rule(name);
            self.checkout.write(&format!("{name}.rules"), &text);
            if place < 2 {
                if self.random.chance(60) {
                    self.ask();
                }
                self.hesitate().await;
            }
        }
    }

    /// A file is written in two halves, the second sooner or later.
    async fn half(&mut self) {
        let name = self.any_name();
        let text = self.new_rule(name);
        let end = self.random.index(text.len());
        let path = format!("{name}.rules");
        self.checkout.write(&path, &text[..end]);
        if self.random.chance(30) {
            self.ask();
        }
        if self.random.chance(30) {
            breathe(4 * QUIET_MS).await;
        } else {
            self.hesitate().await;
        }
        self.checkout.write(&path, &text);
    }

    /// A rule that is wrong, committed or not.
    fn mistake(&mut self) {
        let name = self.any_name();
        let text = self.new_rule(name).replace("orders", "oders");
        self.checkout.write(&format!("{name}.rules"), &text);
        if self.random.chance(50) {
            self.commit();
        }
    }

    fn commit(&mut self) {
        if self.random.chance(50) {
            self.save();
        }
        self.checkout.git(false, &["add", "-A"]);
        self.checkout.git(false, &["commit", "-q", "--allow-empty", "-m", "change"]);
        if self.checkout.is_good() {
            self.good.push(git(&self.checkout.folder, &["rev-parse", "HEAD"]));
        }
    }

    /// Another commit, by one of two ways; its files may take a while.
    pub fn check_out(&mut self) {
        let commit = self.random.of(&self.good);
        let slow = self.random.chance(40);
        let way: &[&str] =
            if self.random.chance(50) { &["checkout", "-q", "-f"] } else { &["reset", "-q", "--hard"] };
        self.checkout.git(slow, &[way, &[commit.as_str()]].concat());
    }

    /// Two branches from one commit: on one of them a rule changed twice, on the other another once.
    fn branches(&mut self, other: &str) {
        let base = self.good[self.random.index(self.good.len())].clone();
        self.checkout.git(false, &["checkout", "-q", "-f", "-B", "onto", &base]);
        let text = self.new_rule(other);
        self.checkout.write(&format!("{other}.rules"), &text);
        self.checkout.git(false, &["commit", "-q", "-a", "-m", "onto"]);
        self.checkout.git(false, &["checkout", "-q", "-f", "-B", "topic", &base]);
        for _ in 0..2 {
            let text = self.new_rule("a");
            self.checkout.write("a.rules", &text);
            self.checkout.git(false, &["commit", "-q", "-a", "-m", "topic"]);
        }
    }

    fn rebase(&mut self) {
        self.branches("b");
        let topic = load(&self.checkout.root).unwrap().files;
        let (onto, first) = (self.file("onto", "b"), self.file("topic~1", "a"));
        let before = self.file("onto", "a");
        // On the way it is `onto`, then with the first of the two changes.
        for a in [before, first] {
            let mut files = topic.clone();
            files.insert("a.rules".into(), a.into());
            files.insert("b.rules".into(), onto.clone().into());
            self.checkout.passed_through(files);
        }
        let slow = self.random.chance(30);
        self.checkout.git(slow, &["rebase", "-q", "onto", "topic"]);
        self.good.push(git(&self.checkout.folder, &["rev-parse", "HEAD"]));
    }

    /// A rule's file at a commit, to the byte.
    fn file(&self, commit: &str, name: &str) -> String {
        let inside = self.checkout.root.canonicalize().unwrap();
        git(&inside, &["show", &format!("{commit}:./{name}.rules")]) + "\n"
    }

    /// A rebase that stops with marks of a conflict in a file, and is given up.
    async fn conflict(&mut self) {
        self.branches("a");
        let mut onto = load(&self.checkout.root).unwrap().files;
        onto.insert("a.rules".into(), self.file("onto", "a").into());
        self.checkout.passed_through(onto);
        self.checkout.git(false, &["rebase", "-q", "onto", "topic"]);
        if self.random.chance(50) {
            self.rest().await;
        }
        self.checkout.git(false, &["rebase", "--abort"]);
    }

    async fn stash(&mut self) {
        // One file: git does not lock the whole of a `pop`.
        self.commit();
        self.save();
        self.hesitate().await;
        self.checkout.git(false, &["stash", "-q"]);
        self.hesitate().await;
        self.checkout.git(false, &["stash", "pop", "-q"]);
    }

    /// Git's lock is there, while files change for longer than a reload takes.
    async fn lock(&mut self) {
        let lock =
            git(&self.checkout.folder, &["rev-parse", "--path-format=absolute", "--git-path", "index.lock"]);
        self.checkout.change_locked(|_| fs::write(&lock, "").unwrap());
        for name in ["a", "b", "c"] {
            let text = self.new_rule(name);
            self.checkout.write_locked(&format!("{name}.rules"), &text);
            if self.random.chance(40) {
                self.ask();
            }
            if name != "c" {
                breathe(3 * QUIET_MS).await;
            }
        }
        self.checkout.change(|_| fs::remove_file(&lock).unwrap());
    }

    /// What is no rule.
    async fn noise(&mut self) {
        for name in [".a.rules.swp", "a.rules~", "logo.png", "#a.rules#", ".hidden.rules", "4913"] {
            self.checkout.write(name, "no rule\n");
        }
        let text = fs::read_to_string(self.checkout.root.join("a.rules")).unwrap();
        self.checkout.write("a.rules", &text);
        self.rest_long().await;
    }

    /// Many files come and go.
    fn burst(&mut self) {
        for number in 0..25 {
            self.checkout.write(&format!("messages/{number}.txt"), "text\n");
        }
        for number in 0..25 {
            let path = format!("messages/{number}.txt");
            self.checkout.change(|checkout| fs::remove_file(checkout.root.join(&path)).unwrap());
        }
        self.save();
    }

    /// The whole folder is replaced by another one, and that one is edited.
    async fn swap(&mut self) {
        let root = self.checkout.root.canonicalize().unwrap();
        // What is the checkout itself has git's folder in it.
        if root == self.checkout.folder.canonicalize().unwrap() {
            return self.save();
        }
        let new = root.with_file_name("rules.new");
        fs::create_dir_all(new.join("messages")).unwrap();
        for (path, contents) in load(&root).unwrap().files {
            fs::write(new.join(path), contents).unwrap();
        }
        let (name, text) = ("b", self.new_rule("b"));
        fs::write(new.join(format!("{name}.rules")), text).unwrap();
        let old = root.with_file_name("rules.old");
        self.checkout.change(|_| fs::rename(&root, &old).unwrap());
        self.hesitate().await;
        self.checkout.change(|_| fs::rename(&new, &root).unwrap());
        fs::remove_dir_all(&old).unwrap();
        self.rest().await;
        self.save();
    }
}
