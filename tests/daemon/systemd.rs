//! What systemd hears of the real daemon, by a socket that pretends to be systemd's.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::crash::shop::{Daemon, PATIENCE_MS, RULES, Shop, elapsed};
use crate::support::breathe;

/// systemd's end of the socket.
struct Systemd {
    socket: UnixDatagram,
    path: PathBuf,
    /// All messages, and when they came.
    heard: Vec<(i64, String)>,
}

impl Systemd {
    fn listen(shop: &Shop) -> Self {
        let path = shop.path("notify");
        Self { socket: UnixDatagram::bind(&path).unwrap(), path, heard: Vec::new() }
    }

    /// Starts the daemon as systemd does, with more in its environment.
    fn run(&self, shop: &Shop, environment: &[(&str, String)]) -> Daemon {
        let mut command = shop.command(&["run"]);
        command.env("NOTIFY_SOCKET", &self.path).envs(environment.iter().map(|(key, value)| (key, value)));
        shop.start_logged(command, "log")
    }

    /// The next message within so many milliseconds.
    async fn next(&mut self, ms: i64) -> Option<String> {
        let mut bytes = [0; 4_096];
        let limit = Duration::from_millis(ms.max(1).cast_unsigned());
        let length = timeout(limit, self.socket.recv(&mut bytes)).await.ok()?.unwrap();
        let text = String::from_utf8(bytes[..length].to_vec()).unwrap();
        self.heard.push((elapsed(), text.clone()));
        Some(text)
    }

    /// The next message that has a line that begins so; what comes before it is passed over.
    async fn hear(&mut self, begins: &str) -> String {
        let deadline = elapsed() + PATIENCE_MS;
        while elapsed() < deadline {
            match self.next(deadline - elapsed()).await {
                Some(text) if text.lines().any(|line| line.starts_with(begins)) => return text,
                Some(_) | None => {}
            }
        }
        panic!("`{begins}` was never said: {:#?}", self.heard);
    }

    /// The next line about how it is that says so, or does not.
    async fn hear_status(&mut self, what: &str, says: bool) -> String {
        loop {
            let status = self.hear("STATUS=").await;
            if status.contains(what) == says {
                return status;
            }
        }
    }

    /// Hears for so long, and gives the longest time between two signs of life.
    async fn longest_silence(&mut self, ms: i64) -> i64 {
        let (begin, mut last, mut longest) = (elapsed(), elapsed(), 0);
        while elapsed() < begin + ms {
            if let Some(text) = self.next(begin + ms - elapsed()).await
                && text.contains("WATCHDOG=1")
            {
                longest = longest.max(elapsed() - last);
                last = elapsed();
            }
        }
        longest.max(elapsed() - last)
    }

    fn all(&self) -> String {
        self.heard.iter().map(|(_, text)| text.as_str()).collect()
    }
}

fn watchdog(ms: i64) -> (&'static str, String) {
    ("WATCHDOG_USEC", (ms * 1_000).to_string())
}

#[tokio::test]
async fn ready_is_said_once_rules_run_and_the_socket_answers_and_stopping_before_the_end() {
    let shop = Shop::new(RULES).await;
    let mut systemd = Systemd::listen(&shop);
    let mut daemon = systemd.run(&shop, &[]);
    let ready = systemd.hear("READY=1").await;
    // At once: no second try.
    let status = shop.status().await.expect("it is ready and does not answer");
    assert!(status.is_ready(), "{status:?}");
    assert!(ready.contains("STATUS=3 rules, commit unknown; outbox empty\n"), "{ready}");
    let before: Vec<&str> = systemd.heard.iter().flat_map(|(_, text)| text.lines()).collect();
    let said =
        |line: &str| before.iter().position(|one| *one == line).unwrap_or_else(|| panic!("{before:?}"));
    assert!(before[0].starts_with("EXTEND_TIMEOUT_USEC="), "{before:?}");
    let phases = ["reading the rules", "opening the store", "reading customers", "settling messages"];
    let at: Vec<usize> = (before.iter().enumerate())
        .filter_map(|(at, line)| {
            phases
                .iter()
                .any(|phase| line.starts_with("STATUS=starting") && line.contains(phase))
                .then_some(at)
        })
        .collect();
    assert!(at.len() == 4 && at.is_sorted() && at[3] < said("READY=1"), "{before:?}");
    assert!(!systemd.all().contains("WATCHDOG"), "nobody asked for it");
    assert!(daemon.terminate().await.success());
    let stopping = systemd.hear("STOPPING=1").await;
    assert!(stopping.contains("STATUS=ending"), "{stopping}");
    while systemd.next(50).await.is_some() {}
    assert_eq!(systemd.all().matches("READY=1").count(), 1, "{:#?}", systemd.heard);
}

#[tokio::test]
async fn a_reload_is_told_also_where_it_fails_or_changes_nothing() {
    let shop = Shop::new(RULES).await;
    let mut systemd = Systemd::listen(&shop);
    let mut daemon = systemd.run(&shop, &[]);
    systemd.hear("READY=1").await;
    // By a signal, nothing changed: whoever asked waits for the answer.
    daemon.signal("HUP");
    let reloading = systemd.hear("RELOADING=1").await;
    let stamp = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).expect("a time");
    assert!(stamp.parse::<i64>().unwrap() / 1_000 <= elapsed() + 1_000, "{reloading}");
    systemd.hear("READY=1").await;
    // By itself, and the rules are bad: the old ones are as ready as before.
    shop.edit("rules/shop.rules", "orders >= 1\n  then call", "oders >= 1\n  then call");
    systemd.hear("RELOADING=1").await;
    systemd.hear("READY=1").await;
    let failed = systemd.hear_status("LAST RELOAD FAILED", true).await;
    assert!(failed.starts_with("STATUS=3 rules, ") && failed.contains("oders"), "{failed}");
    assert_eq!(failed.lines().count(), 1, "{failed}");
    // Good again, and fewer.
    let (kept, _) = RULES.split_once("rule calls").unwrap();
    shop.write("rules/shop.rules", &kept.replace("CRM", &shop.calls.url()));
    systemd.hear("RELOADING=1").await;
    systemd.hear("READY=1").await;
    let mended = systemd.hear_status("LAST RELOAD FAILED", false).await;
    assert!(mended.starts_with("STATUS=2 rules, "), "{mended}");
    // What a person switches off is seen, too.
    shop.must(&["pause", "rule", "offers"]);
    systemd.hear_status("PAUSED: rule offers", true).await;
    assert!(daemon.terminate().await.success());
    let all = systemd.all();
    assert_eq!(all.matches("READY=1").count(), 1 + all.matches("RELOADING=1").count(), "{all}");
}

#[tokio::test]
async fn a_start_that_cannot_be_says_why_and_is_never_ready() {
    let shop = Shop::new("rule nothing\n  when nobody knows\n").await;
    let mut systemd = Systemd::listen(&shop);
    let mut daemon = systemd.run(&shop, &[]);
    assert!(!daemon.end().await.success());
    while systemd.next(50).await.is_some() {}
    assert!(!systemd.all().contains("READY=1"), "{:#?}", systemd.heard);
    let (_, last) = systemd.heard.last().unwrap();
    assert!(last.starts_with("STATUS=") && !last.contains("starting"), "{last}");
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn a_long_start_asks_for_more_time() {
    let shop = Shop::new(RULES).await;
    shop.write("stall", "start\n");
    let mut systemd = Systemd::listen(&shop);
    let stall = ("CVMD_STALL", shop.path("stall").display().to_string());
    let _daemon = systemd.run(&shop, &[stall]);
    systemd.hear_status("opening the store", true).await;
    for _ in 0..2 {
        let more = systemd.hear("EXTEND_TIMEOUT_USEC=").await;
        assert_eq!(more, "EXTEND_TIMEOUT_USEC=30000000\n");
    }
    assert!(!systemd.all().contains("READY=1"), "{:#?}", systemd.heard);
    shop.write("stall", "");
    systemd.hear("READY=1").await;
}

#[tokio::test]
async fn the_watchdog_is_fed_under_load() {
    const LIMIT_MS: i64 = 4_000;
    let shop = Shop::new(RULES).await;
    shop.customers("data_in", (0..4_000).map(|number| format!("c{number}")));
    let mut systemd = Systemd::listen(&shop);
    let mut daemon = systemd.run(&shop, &[watchdog(LIMIT_MS)]);
    systemd.hear("READY=1").await;
    let folder = shop.path("data_in").display().to_string();
    let import = shop.start_logged(shop.command(&["import", "folder", &folder]), "import.log");
    let silence = systemd.longest_silence(3 * LIMIT_MS).await;
    assert!(silence < LIMIT_MS, "{silence} ms\n{}\n{}", import.log(), daemon.log());
    let rhythm = systemd.heard.iter().filter(|(_, text)| text.contains("WATCHDOG=1")).count();
    assert!(rhythm >= 4, "{:#?}", systemd.heard);
    assert_eq!(shop.status().await.unwrap().customers, 4_000, "{}", import.log());
    assert!(daemon.terminate().await.success());
}

/// Starts a daemon that is watched, stops a part of it by a file, and lets it go on.
#[cfg(debug_assertions)]
async fn starves(variable: &str, stalled: &str) {
    const LIMIT_MS: i64 = 2_000;
    let shop = Shop::new(RULES).await;
    shop.write("sabotage", "");
    let mut systemd = Systemd::listen(&shop);
    let sabotage = (variable, shop.path("sabotage").display().to_string());
    let daemon = systemd.run(&shop, &[watchdog(LIMIT_MS), sabotage]);
    systemd.hear("READY=1").await;
    let silence = systemd.longest_silence(3 * LIMIT_MS).await;
    assert!(silence < LIMIT_MS, "{silence} ms while nothing stalls\n{}", daemon.log());
    shop.write("sabotage", stalled);
    // One may be on its way already; then nothing, for longer than systemd waits.
    breathe(LIMIT_MS).await;
    while systemd.next(1).await.is_some() {}
    let silence = systemd.longest_silence(2 * LIMIT_MS).await;
    assert!(silence >= 2 * LIMIT_MS, "fed while it stood still: {:#?}", systemd.heard);
    shop.write("sabotage", "");
    systemd.hear("WATCHDOG=1").await;
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn a_decider_that_stands_still_starves_the_watchdog() {
    starves("CVMD_STALL", "decider\n").await;
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn a_writer_that_stands_still_starves_the_watchdog() {
    starves("CVMD_SYNC_DELAY", "15000").await;
}
