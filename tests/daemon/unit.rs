//! The unit for systemd, by systemd's own tools, and what it runs before the daemon.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::crash::shop::{RULES, Shop, installed};

const BINARY: &str = env!("CARGO_BIN_EXE_cvmd");

/// What systemd may say of how exposed the service is, of 10.
const EXPOSURE: f64 = 1.1;

pub(super) fn unit() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/cvmd.service")).unwrap()
}

/// What `systemd-analyze` says of the unit, with the binary where it is; none where it is not installed.
fn analyze(unit: &str, arguments: &[&str]) -> Option<Output> {
    if !installed("systemd-analyze") {
        println!("systemd-analyze is not installed: the unit is not checked");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cvmd.service");
    fs::write(&path, unit.replace("/usr/bin/cvmd", BINARY)).unwrap();
    Some(Command::new("systemd-analyze").args(arguments).arg(&path).output().unwrap())
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let Some(output) = analyze(&unit(), &["verify", "--man=no"]) else { return };
    assert_eq!((said(&output).as_str(), output.status.success()), ("", true));
    let planted = unit().replace("WatchdogSec=2min", "WatchdogSec=soon");
    assert!(!said(&analyze(&planted, &["verify", "--man=no"]).unwrap()).is_empty(), "a mistake is not seen");
}

#[test]
fn the_service_is_hardly_exposed() {
    let exposure = |unit: &str| {
        let output = analyze(unit, &["security", "--offline=true", "--no-pager"])?;
        let said = said(&output);
        let (_, last) = said.rsplit_once("Overall exposure level for ").expect("a verdict");
        let level = last.split_whitespace().nth(1).unwrap();
        Some(level.parse::<f64>().unwrap_or_else(|error| panic!("{error}: {last}")))
    };
    let Some(level) = exposure(&unit()) else { return };
    assert!(level <= EXPOSURE, "{level}");
    let open = exposure(&unit().replace("CapabilityBoundingSet=\n", "")).unwrap();
    assert!(open > EXPOSURE, "{open} without a line of it");
}

#[test]
fn the_unit_says_what_the_daemon_and_the_commands_expect() {
    let unit = unit();
    for line in [
        "Type=notify",
        "ExecStart=/usr/bin/cvmd run --config /etc/cvmd/cvmd.toml",
        "StateDirectory=cvmd",
        "RuntimeDirectory=cvmd",
        "DynamicUser=yes",
    ] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
    assert!(unit.lines().any(|line| line.starts_with("WatchdogSec=")), "{unit}");
    // Each command of the unit is one that the program knows.
    for line in unit.lines().filter_map(|line| line.strip_prefix("Exec")) {
        let (_, command) = line.split_once("=/usr/bin/cvmd ").expect("our own binary");
        let output = Command::new(BINARY).args(command.split(' ')).arg("--help").output().unwrap();
        assert!(output.status.success(), "{line}: {}", said(&output));
    }
}

/// Bad rules are no reason not to start: the store may know good ones.
#[tokio::test]
async fn what_runs_before_the_daemon_checks_the_configuration_and_not_the_rules() {
    let shop = Shop::new(RULES).await;
    shop.write("rules/shop.rules", "this is no rule\n");
    let told = shop.must(&["check", "--config-only"]);
    assert!(told.contains("is right") && told.contains("cvmd.sock"), "{told}");
    assert_eq!(shop.cli(&["check"]).status.code(), Some(1));
    // Calls that need it wait; the rest goes on.
    fs::remove_file(shop.path("secrets/crm_key")).unwrap();
    let told = shop.must(&["check", "--config-only"]);
    assert!(told.starts_with("warning: the secret `crm_key`"), "{told}");
    // Without this one nothing may be asked at all.
    shop.edit("cvmd.toml", "[secrets]\n", "[secrets]\ningest_token = \"secrets/nothing\"\n");
    let refused = shop.cli(&["check", "--config-only"]);
    assert!(
        refused.status.code() == Some(2) && said(&refused).contains("ingest_token"),
        "{}",
        said(&refused)
    );
    shop.write("cvmd.toml", "ruls = 1\n");
    let refused = shop.cli(&["check", "--config-only"]);
    assert!(refused.status.code() == Some(2) && said(&refused).contains("`rules`"), "{}", said(&refused));
    assert_eq!(shop.cli(&["check", "--config-only", "rules"]).status.code(), Some(2), "nothing of both");
}
