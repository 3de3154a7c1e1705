//! Somebody sets the clock while the daemon runs, or it starts after a long time.

use std::process::Output;

use cvmd::serve::Status;

use super::super::shop::{Daemon, RULES, Shop, patiently};

const HOUR_MS: i64 = 3_600_000;

/// Starts a daemon whose clock is ahead by what stands in the file `shift`.
async fn run(shop: &Shop, log: &str) -> Daemon {
    let mut command = shop.command(&["run"]);
    command.env("CVMD_CLOCK_SHIFT", format!("@{}", shop.path("shift").display()));
    let mut daemon = shop.start_logged(command, log);
    shop.ready(&mut daemon).await.unwrap_or_else(|status| panic!("{status}\n{}", shop.read(log)));
    daemon
}

async fn on_hold(shop: &Shop, reason: &str) -> Status {
    patiently("everything is on hold", async || {
        let status = shop.status().await?;
        (status.catch_up.as_ref()?.reason == reason).then_some(status)
    })
    .await
}

fn come(shop: &Shop, folder: &str, ids: std::ops::Range<u32>) {
    shop.customers(folder, ids.map(|n| format!("c{n}")));
    shop.must(&["import", "folder", folder]);
}

async fn mailed(shop: &Shop, ids: std::ops::Range<u32>) {
    patiently("each has an offer and a receipt", async || {
        ids.clone().all(|n| shop.mails_to(&format!("c{n}")) == 2).then_some(())
    })
    .await;
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_forward_holds_everything_and_one_that_goes_back_repeats_nothing() {
    let shop = Shop::new(RULES).await;
    shop.write("shift", "0");
    let mut daemon = run(&shop, "log").await;
    come(&shop, "in", 0..3);
    mailed(&shop, 0..3).await;

    shop.write("shift", &(3 * HOUR_MS).to_string());
    on_hold(&shop, "clock step").await;
    come(&shop, "more", 3..5);
    let status = on_hold(&shop, "clock step").await;
    let caught = status.catch_up.unwrap();
    let customers: Vec<_> = caught.rules.iter().map(|rule| (&*rule.rule, rule.customers)).collect();
    assert_eq!(customers, [("calls", 2), ("offers", 2), ("receipts", 2)]);
    let shown = shop.cli(&["status"]);
    let said = text(&shown);
    let second = said.lines().nth(1).unwrap();
    assert!(second.starts_with("HOLD     since") && second.contains("the clock stepped forward"), "{said}");
    assert!(said.contains("rule offers: would act for 2 customer(s) at once"), "{said}");
    assert!(said.contains("         help: cvmd resume all\n"), "{said}");
    assert!(!said.contains('\u{1b}'), "colour is for terminals");
    assert_eq!(shown.status.code(), Some(1));
    assert!((3..5).all(|n| shop.mails_to(&format!("c{n}")) == 0), "nothing went out");
    assert!(
        shop.must(&["resume", "all"])
            .contains("the hold is over; rule calls: acts for 2 customer(s) at once")
    );
    mailed(&shop, 0..5).await;

    shop.write("shift", "0");
    patiently("it is seen", async || daemon.log().contains("the clock was set back").then_some(())).await;
    come(&shop, "late", 5..6);
    patiently("each rule decided once more", async || {
        (shop.outbox("pending").await.len() == 3).then_some(())
    })
    .await;
    mailed(&shop, 0..5).await;
    assert!(
        text(&shop.cli(&["status"])).contains("\nCLOCK    it shows "),
        "{}",
        text(&shop.cli(&["status"]))
    );
    assert!(daemon.terminate().await.success());
    let log = daemon.log();
    let hold = log.find("on hold: see `cvmd status`").expect("the hold is logged");
    assert!(log[..hold].contains("the clock was set forward") && log.contains("the hold is over"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_after_a_long_time_says_what_it_would_do_before_and_while_it_is_on_hold() {
    let shop = Shop::new(RULES).await;
    shop.write("shift", "0");
    let mut daemon = run(&shop, "log").await;
    come(&shop, "in", 0..2);
    mailed(&shop, 0..2).await;
    assert!(daemon.terminate().await.success());
    come(&shop, "more", 2..4);
    shop.write("shift", &(30 * HOUR_MS).to_string());
    let mut command = shop.command(&["status"]);
    let before = command.env("CVMD_CLOCK_SHIFT", (30 * HOUR_MS).to_string()).output().unwrap();
    let said = text(&before);
    assert!(said.contains("HOLD     a daemon that starts now waits for `cvmd resume all`"), "{said}");
    assert!(said.contains("rule offers: would act for 2 customer(s) at once"), "{said}");
    assert_eq!(before.status.code(), Some(0), "nothing is held yet");
    let mut daemon = run(&shop, "log2").await;
    on_hold(&shop, "gap").await;
    let log = daemon.log();
    assert!(
        log.contains("the end of the hold would let it catch up") && log.contains("would act for 2"),
        "{log}"
    );
    shop.must(&["resume", "all"]);
    mailed(&shop, 0..4).await;
    assert!(daemon.terminate().await.success());
}
