//! A daemon that lives beside a checkout to which things happen.

use cvmd::config::Address;
use cvmd::serve::{self, Control, Request};

use super::checkout::{Checkout, Kind, QUIET_MS, git, now, rule};
use crate::crash::shop::{Daemon, PATIENCE_MS, Shop};
use crate::evaluate::random::Random;
use crate::support::breathe;

/// One daemon, one checkout, and what went wrong.
pub struct Story {
    pub shop: Shop,
    pub checkout: Checkout,
    pub random: Random,
    daemon: Daemon,
    sabotage: &'static str,
    /// The set that ran when nothing more was to be expected.
    running: String,
    /// How much of the log was looked at.
    seen: usize,
    number: u64,
    /// Commits whose files are right.
    pub good: Vec<String>,
    pub wrong: Vec<String>,
    /// What was done since nothing more was to be expected, for people.
    pub done: Vec<String>,
}

impl Story {
    pub async fn begin(seed: u64, sabotage: &'static str) -> Self {
        let mut random = Random(seed);
        let kind = random.of(&[Kind::Folder, Kind::Whole, Kind::Linked, Kind::Worktree]);
        let shop = Shop::new("").await;
        let checkout = Checkout::new(&shop.path(""), kind);
        let root = format!("rules = {:?}", checkout.root.display().to_string());
        shop.edit("cvmd.toml", "rules = \"rules\"", &root);
        let daemon = start(&shop, sabotage).await;
        let good = vec![git(&checkout.folder, &["rev-parse", "HEAD"])];
        let running = checkout.hash().to_owned();
        let (wrong, done) = (Vec::new(), vec![format!("{kind:?}, seed {seed}")]);
        Self { shop, checkout, random, daemon, sabotage, running, seen: 0, number: 10, good, wrong, done }
    }

    /// A rule that was never there.
    pub fn new_rule(&mut self, name: &str) -> String {
        self.number += 1;
        rule(name, self.number)
    }

    pub fn any_name(&mut self) -> &'static str {
        self.random.of(&["a", "b", "c"])
    }

    /// Lets time pass that is mostly too short for the daemon.
    pub async fn hesitate(&mut self) {
        let ms = self.random.below(QUIET_MS.unsigned_abs() * 4 / 5);
        breathe(i64::try_from(ms).unwrap()).await;
    }

    /// A person asks for a reload this very moment, and does not wait.
    pub fn ask(&mut self) {
        if self.random.chance(50) {
            return self.daemon.signal("HUP");
        }
        let address = Address::Unix(self.shop.path("data/cvmd.sock"));
        drop(tokio::spawn(async move {
            if let Ok(Some(client)) = serve::connect(&address, None).await {
                // What comes of it is seen by the daemon's log.
                let _ = client.call(Request::Reload {}).await;
            }
        }));
    }

    /// The daemon dies, or is stopped, and starts again on whatever the files say.
    pub async fn die(&mut self) {
        self.look();
        if self.random.chance(50) {
            self.daemon.kill();
        } else {
            assert!(self.daemon.terminate().await.success());
        }
        self.look();
        self.daemon = start(&self.shop, self.sabotage).await;
        self.seen = 0;
    }

    /// Each set that was taken over since the last look must have stood still.
    fn look(&mut self) {
        let log = self.daemon.log();
        let whole = log.rfind('\n').map_or(0, |end| end + 1);
        let news = log.get(self.seen..whole).unwrap_or_default();
        self.seen = whole;
        for line in news.lines().filter(|line| line.contains("rules are read")) {
            let hash = line.split("rule_set=\"").nth(1).and_then(|rest| rest.split('"').next());
            self.meet(hash.expect("a line with a rule set"), line);
        }
    }

    fn meet(&mut self, hash: &str, where_seen: &str) {
        if hash != self.running && !self.checkout.may_run(hash) {
            let text = format!("{:?}: a set that never stood still went live: {where_seen}", self.done);
            self.wrong.push(text);
        }
    }

    /// Waits until nothing more is to be expected: the daemon runs what the files say, or says why not;
    /// meanwhile, and before, it ran nothing else.
    pub async fn rest(&mut self) {
        let commit = self.checkout.commit();
        let deadline = now() + PATIENCE_MS;
        let running = loop {
            let status = self.shop.status().await;
            let runs = status.as_ref().and_then(|status| status.rule_set.clone()).unwrap_or_default();
            if let Some(status) = status {
                self.meet(&runs, "by the status");
                let failed = status.reload_error.map(|failure| failure.commit);
                let is_there = if self.checkout.is_good() {
                    failed.is_none()
                        && runs == self.checkout.hash()
                        && status.commit.as_ref() == Some(&commit)
                } else {
                    failed == Some(Some(commit.clone()))
                };
                if is_there {
                    break runs;
                }
            }
            if now() > deadline {
                let text = format!("{:?}: it does not come to rest: runs {runs}, commit {commit}", self.done);
                self.wrong.push(text);
                break runs;
            }
            breathe(10).await;
        };
        self.look();
        self.running = running;
        self.checkout.forget();
        self.done.truncate(1);
    }

    /// Waits for longer than a reload takes: nothing may come of what was done.
    pub async fn rest_long(&mut self) {
        self.rest().await;
        breathe(4 * QUIET_MS).await;
        self.rest().await;
    }
}

async fn start(shop: &Shop, sabotage: &str) -> Daemon {
    let mut command = shop.command(&["run"]);
    command.env("CVMD_SABOTAGE", sabotage);
    let mut daemon = shop.start_logged(command, "log");
    if let Err(status) = shop.ready(&mut daemon).await {
        panic!("cvmd run: {status}\n{}", daemon.log());
    }
    daemon
}
