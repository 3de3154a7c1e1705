//! One store that lives through many deaths.

mod guards;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use cvmd::clock::{Clock, SystemClock};
use cvmd::model::Duration;
use cvmd::serve::Request;

use super::super::shop::{PATIENCE_MS, Shop, elapsed};
use super::checker::{Seen, Told};
use super::input::{self, RULES};
use super::plan::{Death, Dice, death};
use crate::support::breathe;
use crate::support::smtp::{Act, At};
use crate::support::webhook::Answer;

/// Mail workers of the configuration.
const WORKERS: usize = 2;
/// Mails that a worker claims at once: so many are in doubt where its file is lost with the power.
const CLAIM: usize = 32;
/// A life that does not reach the place where it is to die is ended after this.
const LONGEST_LIFE_MS: i64 = 2_500;
/// One that is broken on purpose is left when nothing has arrived for so long.
const STUCK_MS: i64 = 15_000;
/// The clock goes on so far from life to life, so that the scheduled rule fires in each.
const STEP_MS: i64 = 60_000;
/// Where the disk's images are kept.
const IMAGES: &str = "power";

/// What a story came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub wrong: Vec<String>,
    /// How often each place was passed.
    pub passes: BTreeMap<String, u64>,
    /// How often a life ended there.
    pub deaths: BTreeMap<String, u64>,
    pub rounds: usize,
}

/// What is to happen.
#[derive(Debug, Clone)]
pub struct Script {
    pub seed: u64,
    /// The number of the first round over all stories, so that they share the places out.
    pub first: usize,
    pub rounds: usize,
    /// The mistake that is turned on.
    pub sabotage: &'static str,
    /// The deaths that show it best, in this order.
    pub focus: Vec<Death>,
    /// Whether each end of a process loses what was not synced.
    pub power_fails: bool,
}

impl Outcome {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.wrong.extend(other.wrong);
        other.passes.into_iter().for_each(|(name, count)| *self.passes.entry(name).or_default() += count);
        other.deaths.into_iter().for_each(|(name, count)| *self.deaths.entry(name).or_default() += count);
    }
}

struct Story {
    shop: Shop,
    script: Script,
    dice: Dice,
    shift: i64,
    /// What was written.
    told: Told,
    /// The folders that were written, and which of them were acknowledged.
    folders: Vec<String>,
    acknowledged: BTreeSet<String>,
    /// Batches that a tick has looked at.
    placed: BTreeSet<usize>,
    kills: usize,
    /// Rules whose mail is complained about.
    complained: BTreeSet<&'static str>,
    /// Of the rules.
    edition: usize,
    outcome: Outcome,
}

/// Lives through it.
pub async fn live(script: Script) -> Outcome {
    let shop = Shop::new(RULES).await;
    // A lost claim counts as an attempt: of these there are more than one message can lose.
    let retries = "\"1s\", ".repeat(2 * script.rounds + 6);
    shop.edit("cvmd.toml", "retries = [\"1s\", \"1s\", \"5m\"]", &format!("retries = [{retries}\"9h\"]"));
    let mut story = Story {
        dice: Dice(script.seed),
        shop,
        script,
        shift: 0,
        told: Told::default(),
        folders: Vec::new(),
        acknowledged: BTreeSet::new(),
        placed: BTreeSet::new(),
        kills: 0,
        complained: BTreeSet::new(),
        edition: 0,
        outcome: Outcome::default(),
    };
    story.begin().await;
    for round in 0..story.script.rounds {
        if !story.outcome.wrong.is_empty() {
            break;
        }
        story.round(round).await;
        story.lose_power();
        story.outcome.rounds += 1;
    }
    if story.outcome.wrong.is_empty() {
        story.settle().await;
    }
    for name in story.shop.read("points").lines() {
        *story.outcome.passes.entry(name.to_owned()).or_default() += 1;
    }
    let seed = story.script.seed;
    story.outcome.wrong.iter_mut().for_each(|text| *text = format!("seed {seed}: {text}"));
    story.outcome
}

impl Story {
    /// `cvmd`, so far ahead in time and as broken as this story wants it.
    fn command(&self, arguments: &[&str], death: Option<&Death>) -> Command {
        let mut command = self.shop.command(arguments);
        command
            .env("CVMD_CLOCK_SHIFT", self.shift.to_string())
            .env("CVMD_FAILPOINT_LOG", self.shop.path("points"))
            .env("CVMD_SABOTAGE", self.script.sabotage);
        if self.script.power_fails {
            command.env("CVMD_POWER_LOSS", self.shop.path(IMAGES));
        }
        if let Some(Death::At(name, pass)) = death {
            command.env("CVMD_FAILPOINT", format!("{name}={pass}"));
        }
        command
    }

    async fn round(&mut self, round: usize) {
        let death = death(&mut self.dice, (self.script.first + round, round), &self.script.focus);
        self.shift += STEP_MS;
        self.complain(&death, round);
        self.write();
        self.trouble();
        let in_import =
            matches!(&death, Death::At(name, _) if name.starts_with("import") || name.starts_with("open"));
        if in_import && self.dice.below(2) == 0 {
            // No daemon runs: the command itself opens the store, and dies.
            let ended = self.import(Some(&death)).await;
            return self.count(&death, ended.is_err());
        }
        let pauses = self.recorded_pauses();
        let mut daemon = self.shop.start_logged(self.command(&["run"], Some(&death)), "log");
        let Ok(status) = self.shop.ready(&mut daemon).await else {
            return self.ended_early(&death, &mut daemon);
        };
        self.expect_input((status.customers, status.orders), "after a start");
        self.expect_pauses(pauses, &status.pauses, "after a start");
        self.see_places().await;
        self.reload().await;
        let deadline = elapsed() + if let Death::After(ms) = death { ms } else { LONGEST_LIFE_MS };
        let imported = self.import_beside(&mut daemon, &death, deadline).await;
        if imported && death != Death::Acknowledged {
            let left = if matches!(death, Death::After(_)) { deadline - elapsed() } else { LONGEST_LIFE_MS };
            daemon.lives(left.max(0)).await;
        }
        if death == Death::Terminated && daemon.has_ended().is_none() {
            let status = daemon.terminate().await;
            if !status.success() {
                self.outcome.wrong.push(format!("SIGTERM ended in {status}"));
            }
            return;
        }
        if !imported {
            // The command hears of a death before the kernel has cleared it away.
            daemon.lives(1_000).await;
        }
        let by_itself = daemon.has_ended().is_some();
        daemon.kill();
        self.count(&death, by_itself);
        self.outcome.wrong.extend(Seen::of(&self.shop, &self.told).wrong().iter().cloned());
    }

    /// The next batch, whose carts were left a moment ago, and the change of those that were seen before.
    fn write(&mut self) {
        let number = self.told.begins.len();
        let begins = SystemClock.now().plus(Duration(self.shift - 20_000));
        input::write(&self.shop, number, begins);
        self.told.begins.push(begins);
        for batch in self.placed.difference(&self.told.warm) {
            input::write_warm(&self.shop, *batch);
            self.folders.push(format!("warm{batch}"));
        }
        self.folders.push(format!("in{number}"));
        self.told.warm.extend(&self.placed);
    }

    /// Waits for the tick with which a life begins: it has looked at all that was acknowledged before.
    async fn see_places(&mut self) {
        let known: Vec<usize> =
            (0..self.told.begins.len()).filter(|n| self.acknowledged.contains(&format!("in{n}"))).collect();
        for _ in 0..50 {
            // It may die over it.
            let Some(status) = self.shop.status().await else { return };
            if status.last_tick.is_some_and(|tick| status.started.is_some_and(|began| tick >= began)) {
                self.placed.extend(known);
                return;
            }
            breathe(10).await;
        }
    }

    /// Puts the disk's image in the store's place. The workers' files were never synced.
    fn lose_power(&self) {
        let (images, store) = (self.shop.path(IMAGES), self.shop.path("data/store"));
        let whole = ["disk", "new"].map(|name| images.join(name)).into_iter().find(|image| image.is_dir());
        // A process that died before it opened the store left none, and changed nothing.
        let Some(image) = whole else { return };
        fs::remove_dir_all(&store).unwrap();
        fs::rename(image, &store).unwrap();
        fs::remove_dir_all(images).unwrap();
        let _ = fs::remove_dir_all(self.shop.path("data/workers"));
    }

    /// A start that ended before it answered: at the place where it was to die, or wrongly.
    fn ended_early(&mut self, death: &Death, daemon: &mut super::super::shop::Daemon) {
        let status = daemon.has_ended();
        // SIGABRT leaves no exit code.
        if status.is_some_and(|status| status.code().is_some()) {
            self.outcome.wrong.push(format!("a start ended in {status:?}:\n{}", daemon.log()));
        }
        self.count(death, true);
    }

    fn count(&mut self, death: &Death, by_itself: bool) {
        self.kills += 1;
        let name = match death {
            Death::At(name, _) if by_itself => name,
            _ => "SIGKILL",
        };
        *self.outcome.deaths.entry(name.to_owned()).or_default() += 1;
    }

    /// Peers are no better than elsewhere.
    fn trouble(&mut self) {
        if self.dice.below(3) == 0 {
            self.shop.mail.script(At::Rcpt, Act::Say("451 4.3.0 later".into()));
        }
        if self.dice.below(3) == 0 {
            self.shop.calls.script(Answer::status(500)).script(Answer::Cut);
        }
    }

    /// Edits the rules and says so, without waiting for the answer.
    async fn reload(&mut self) {
        let (old, new) = (format!("\"Offer {}\"", self.edition), format!("\"Offer {}\"", self.edition + 1));
        self.shop.edit("rules/shop.rules", &old, &new);
        self.edition += 1;
        // It may die over it.
        let _ = self.shop.ask(Request::Reload {}).await;
    }

    /// Tells the daemon all that was not acknowledged yet, unless it dies over it or its time is up.
    async fn import_beside(
        &mut self,
        daemon: &mut super::super::shop::Daemon,
        death: &Death,
        deadline: i64,
    ) -> bool {
        for folder in self.open() {
            let mut command = self.import_command(&folder, None);
            let mut import = tokio::task::spawn_blocking(move || command.output().unwrap());
            let is_timed = matches!(death, Death::After(_));
            while !import.is_finished() {
                if daemon.has_ended().is_none() && is_timed && elapsed() >= deadline {
                    daemon.kill();
                }
                breathe(2).await;
            }
            let output = (&mut import).await.unwrap();
            if !output.status.success() {
                return false;
            }
            self.acknowledged.insert(folder);
        }
        true
    }

    fn open(&self) -> Vec<String> {
        self.folders.iter().filter(|folder| !self.acknowledged.contains(*folder)).cloned().collect()
    }

    fn import_command(&self, folder: &str, death: Option<&Death>) -> Command {
        self.command(&["import", "folder", folder], death)
    }

    /// Imports all that was not acknowledged yet; whoever holds the store does it.
    async fn import(&mut self, death: Option<&Death>) -> Result<(), String> {
        for folder in self.open() {
            let mut command = self.import_command(&folder, death);
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned());
            }
            self.acknowledged.insert(folder);
        }
        Ok(())
    }

    /// Every acknowledged input is there.
    fn expect_input(&mut self, (customers, orders): (u64, u64), when: &str) {
        let batches = self.acknowledged.iter().filter(|folder| folder.starts_with("in")).count() as u64;
        let least = (batches * input::SIZE as u64, batches * input::orders());
        if customers < least.0 || orders < least.1 {
            let text = format!("{when}: {customers} customers and {orders} orders, acknowledged {least:?}");
            self.outcome.wrong.push(text);
        }
    }

    /// Lets it run to quiet, and holds everything against everything.
    async fn settle(&mut self) {
        self.shift += STEP_MS;
        let mut daemon = self.shop.start_logged(self.command(&["run"], None), "log");
        let Ok(status) = self.shop.ready(&mut daemon).await else {
            return self.outcome.wrong.push(format!("the last start failed:\n{}", daemon.log()));
        };
        self.expect_input((status.customers, status.orders), "after the last start");
        if let Err(text) = self.import(None).await {
            self.outcome.wrong.push(format!("the last import failed: {text}"));
        }
        if let Err(text) = self.quiet().await {
            // What was not done is in nobody's log but the daemon's; what follows from it needs no words.
            // Where it is broken on purpose, it must be what follows from that.
            self.outcome.wrong.push(format!("{text}\n{}", daemon.log()));
            if self.script.sabotage.is_empty() {
                return;
            }
        }
        let Some(status) = self.shop.status().await else {
            return self.outcome.wrong.push(format!("it ended by itself:\n{}", daemon.log()));
        };
        self.expect_input((status.customers, status.orders), "at the end");
        if !self.resume(&status.pauses).await {
            return;
        }
        self.expect_matches();
        let (sent, doubt) = (self.shop.outbox("sent").await, self.shop.outbox("in doubt").await);
        for state in ["dead", "withdrawn"] {
            for row in self.shop.outbox(state).await {
                let why = row.last_result.unwrap_or_default();
                self.outcome.wrong.push(format!("{} of `{}` is {state}: {why}", row.id, row.rule));
            }
        }
        let doubtful = WORKERS * if self.script.power_fails { CLAIM } else { 1 };
        if doubt.len() > doubtful * self.kills {
            self.outcome.wrong.push(format!("{} in doubt after {} kills", doubt.len(), self.kills));
        }
        self.outcome.wrong.extend(Seen::of(&self.shop, &self.told).settle(&self.told, &sent, &doubt));
        let status = daemon.terminate().await;
        if !status.success() {
            self.outcome.wrong.push(format!("SIGTERM ended in {status}:\n{}", daemon.log()));
        }
    }

    /// `cvmd evaluate` finds whom the input says.
    fn expect_matches(&mut self) {
        let output =
            self.command(&["evaluate", "--rule", "calls", "--format", "csv"], None).output().unwrap();
        let found = String::from_utf8_lossy(&output.stdout).lines().count().saturating_sub(1);
        let wanted = usize::try_from(input::orders()).unwrap() * self.told.begins.len();
        if found != wanted {
            self.outcome.wrong.push(format!("`cvmd evaluate` finds {found} of {wanted}"));
        }
    }

    /// Waits until nothing is on its way and two more looks at everybody brought nothing.
    async fn quiet(&self) -> Result<(), String> {
        // On a busy machine the last of ten lives has much to catch up; one that is broken on purpose may
        // never be done, and is left when nothing arrives any more.
        let deadline = elapsed() + PATIENCE_MS;
        let (mut arrived, mut last) = (0, elapsed());
        let (mut tick, mut ticks) = (None, 0);
        let mut since = None;
        loop {
            let seen = Seen::of(&self.shop, &self.told);
            if let Some(first) = seen.wrong().first() {
                return Err(first.clone());
            }
            let Some(status) = self.shop.status().await else { return Err("it does not answer".into()) };
            let waiting = self.waits_for_a_person().await;
            let rests = |(state, count): (&String, &u64)| {
                state == "in doubt" || state == "pending" && *count <= waiting
            };
            let is_quiet = status.hold.is_none() && status.outbox.iter().all(rests);
            if !is_quiet || !seen.is_complete(&self.told) {
                since = None;
            }
            let began = *since.get_or_insert(elapsed());
            if is_quiet && seen.is_complete(&self.told) && elapsed() - began >= 2_300 {
                return Ok(());
            }
            let count = self.shop.mail.count() + self.shop.calls.count();
            if count != arrived {
                (arrived, last, ticks) = (count, elapsed(), 0);
            }
            if status.last_tick != tick {
                (tick, ticks) = (status.last_tick, ticks + 1);
            }
            let is_stuck = !self.script.sabotage.is_empty() && elapsed() - last >= STUCK_MS;
            if is_stuck || elapsed() >= deadline {
                let (hold, outbox) = (&status.hold, &status.outbox);
                let missing: Vec<String> = seen.missing(&self.told).into_iter().take(20).collect();
                // It has looked at everybody since, and has nothing to do: what is missing is lost.
                if is_quiet && ticks >= 5 {
                    return Err(format!("at rest without {missing:?}"));
                }
                return Err(format!("never quiet: hold {hold:?}, outbox {outbox:?}, missing {missing:?}"));
            }
            breathe(250).await;
        }
    }
}
