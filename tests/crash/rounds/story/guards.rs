//! Rules that a policy pauses, for people complain about their mail: a pause that was recorded holds.

use cvmd::clock::{Clock, SystemClock};
use cvmd::model::Duration;
use cvmd::serve::Request;

use super::super::checker::Seen;
use super::super::input::{self, CROWD, GUARDED};
use super::super::plan::Death;
use super::{STEP_MS, Story};
use crate::crash::shop::patiently;

impl Story {
    /// Many have a leaf and a bill before anything goes wrong.
    pub(super) async fn begin(&mut self) {
        self.shift += STEP_MS;
        input::write_crowd(&self.shop);
        self.folders.push("crowd".to_owned());
        let mut daemon = self.shop.start_logged(self.command(&["run"], None), "log");
        if self.shop.ready(&mut daemon).await.is_err() {
            return self.outcome.wrong.push(format!("the first start failed:\n{}", daemon.log()));
        }
        if let Err(text) = self.import(None).await {
            return self.outcome.wrong.push(format!("the first import failed: {text}"));
        }
        let wrong = patiently("everybody has a leaf and a bill", async || {
            let all = self.shop.mail.count() >= GUARDED.len() * CROWD;
            let is_over = all && self.shop.status().await?.outbox.is_empty();
            // One that decides without end never has an empty outbox.
            let wrong = if all { Seen::of(&self.shop, &self.told).wrong().to_vec() } else { Vec::new() };
            (is_over || !wrong.is_empty()).then_some(wrong)
        })
        .await;
        self.outcome.wrong.extend(wrong);
        daemon.terminate().await;
        self.lose_power();
    }

    /// Lets the crowd complain where a policy's pause is to be the end of a life, in a story's last round
    /// at the latest; and one more comes.
    pub(super) fn complain(&mut self, death: &Death, round: usize) {
        let is_last = round + 1 == self.script.rounds;
        for ((rule, message), point) in GUARDED.into_iter().zip(["guard_before_pause", "guard_after_pause"]) {
            let is_its_end = matches!(death, Death::At(name, _) if *name == point);
            if (is_last || is_its_end) && self.complained.insert(rule) {
                let now = SystemClock.now().plus(Duration(self.shift - 1_000));
                input::write_complaints(&self.shop, message, now);
                self.folders.push(format!("complaints-{message}"));
            }
        }
        let number = self.told.late.len();
        input::write_late(&self.shop, number);
        self.folders.push(format!("late{number}"));
        self.told.late.push(self.complained.clone());
    }

    /// How often a policy's pause was durable, as far as a life went on from there.
    pub(super) fn recorded_pauses(&self) -> usize {
        self.shop.read("points").lines().filter(|name| *name == "guard_after_pause").count()
    }

    /// No pause is lost, and none made twice: nobody ends one before the end of the story.
    pub(super) fn expect_pauses(&mut self, recorded: usize, found: &[String], when: &str) {
        let of = |rule: &str| found.iter().filter(|scope| **scope == format!("rule {rule}")).count();
        let each: Vec<usize> = GUARDED.iter().map(|(rule, _)| of(rule)).collect();
        if each.iter().sum::<usize>() < recorded || each.iter().any(|count| *count > 1) {
            self.outcome.wrong.push(format!("{when}: {recorded} pauses were recorded, there are {found:?}"));
        }
        if recorded > self.complained.len() {
            let complained = &self.complained;
            self.outcome.wrong.push(format!("{when}: {recorded} pauses were recorded of {complained:?}"));
        }
    }

    /// How many messages a policy's pause holds back: decided before it, and not gone by then.
    pub(super) async fn waits_for_a_person(&self) -> u64 {
        if self.told.resumed {
            return 0;
        }
        let waiting = self.shop.outbox("pending").await;
        waiting.iter().filter(|row| self.complained.contains(row.rule.as_str())).count() as u64
    }

    /// All whose mail was complained about is paused; a person lets it go on, and it does. False where it
    /// was broken on purpose and did not come to that.
    pub(super) async fn resume(&mut self, found: &[String]) -> bool {
        self.outcome.wrong.extend(Seen::of(&self.shop, &self.told).wrong().iter().cloned());
        for (rule, _) in GUARDED {
            if !found.contains(&format!("rule {rule}")) {
                self.outcome.wrong.push(format!("`{rule}` is not paused at the end: {found:?}"));
            }
            let _ = self.shop.ask(Request::Resume { scope: format!("rule {rule}") }).await;
        }
        self.expect_pauses(self.recorded_pauses(), found, "at the end");
        self.told.resumed = true;
        if let Err(text) = self.quiet().await {
            self.outcome.wrong.push(format!("after the policies' pauses: {text}"));
            return false;
        }
        let again = self.shop.status().await.map(|status| status.pauses).unwrap_or_default();
        if !again.is_empty() {
            self.outcome.wrong.push(format!("paused again by what was looked at before: {again:?}"));
        }
        true
    }
}
