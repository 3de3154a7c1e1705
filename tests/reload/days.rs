//! Days of a real daemon's life, each with one thing that happens to its rules.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use cvmd::reload::UNKNOWN_COMMIT;
use cvmd::serve::Status;

use super::checkout::git;
use crate::crash::shop::{Daemon, RULES, Shop, patiently};
use crate::support::breathe;
use crate::support::smtp::{Act, At};

/// Longer than a reload takes with the short waits of these tests.
const A_WHILE_MS: i64 = 600;

/// The rules that a set of these days has, so that a set is told by the name of its last one.
fn with_rule(name: &str) -> String {
    // Another number each: two rules that ask for the same would be one that was renamed.
    let number = 90 + name.len();
    format!("{RULES}\nrule {name}\n  when orders >= {number}\n  then send receipt\n")
}

fn has(status: &Status, rule: &str) -> bool {
    status.rules.iter().any(|known| known.name == rule)
}

/// Waits until the set with this rule runs, and nothing is wrong.
async fn runs(shop: &Shop, rule: &str) -> Status {
    patiently(&format!("`{rule}` runs"), async || {
        shop.status().await.filter(|status| has(status, rule) && status.reload_error.is_none())
    })
    .await
}

/// Waits until the files do not run, and says why not.
async fn fails(shop: &Shop) -> String {
    patiently("the reload failed", async || {
        let failure = shop.status().await?.reload_error?;
        Some(format!("{} {}", failure.refusal.message, failure.refusal.details.join("\n")))
    })
    .await
}

async fn start(shop: &Shop, variables: &[(&str, &str)]) -> Daemon {
    let mut command = shop.command(&["run"]);
    command.envs(variables.iter().copied());
    let mut daemon = shop.start_logged(command, "log");
    if let Err(status) = shop.ready(&mut daemon).await {
        panic!("cvmd run: {status}\n{}", daemon.log());
    }
    daemon
}

fn save(shop: &Shop, rule: &str) {
    shop.write("rules/shop.rules", &with_rule(rule).replace("CRM", &shop.calls.url()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_and_a_release_are_swapped_by_their_links() {
    let shop = Shop::new(RULES).await;
    fs::rename(shop.path("rules"), shop.path("1")).unwrap();
    for (version, rule) in [("2", "second"), ("3", "third")] {
        shop.write(&format!("{version}/shop.rules"), &with_rule(rule).replace("CRM", &shop.calls.url()));
        symlink("../1/messages", shop.path(version).join("messages")).unwrap();
    }
    // As Kubernetes lays a volume out: each file a link through `..data`.
    fs::create_dir(shop.path("rules")).unwrap();
    let point = |at: &str, to: &str| {
        symlink(to, shop.path("new")).unwrap();
        fs::rename(shop.path("new"), shop.path(at)).unwrap();
    };
    point("rules/..data", "../1");
    symlink("..data/shop.rules", shop.path("rules/shop.rules")).unwrap();
    symlink("..data/messages", shop.path("rules/messages")).unwrap();
    let mut daemon = shop.run().await;
    point("rules/..data", "../2");
    runs(&shop, "second").await;
    assert!(daemon.terminate().await.success());
    // As a deployment does: a link on the way to the rules.
    fs::create_dir(shop.path("releases")).unwrap();
    for version in ["2", "3"] {
        symlink(shop.path(version), shop.path(&format!("releases/{version}"))).unwrap();
    }
    symlink("releases/2", shop.path("current")).unwrap();
    shop.edit("cvmd.toml", "rules = \"rules\"", "rules = \"current\"");
    let _daemon = shop.run().await;
    point("current", "releases/3");
    runs(&shop, "third").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_gone_leave_the_last_ones_at_work_and_a_start_without_them_too() {
    let shop = Shop::new(RULES).await;
    let mut daemon = shop.run().await;
    let before = shop.status().await.unwrap();
    fs::rename(shop.path("rules"), shop.path("away")).unwrap();
    assert!(fails(&shop).await.contains("does not exist"));
    assert!(daemon.terminate().await.success());
    let mut daemon = shop.run().await;
    let status = shop.status().await.unwrap();
    let failure = status.reload_error.unwrap();
    assert_eq!((status.rule_set, status.rules_since), (before.rule_set, before.rules_since));
    assert_eq!((failure.commit, status.now >= failure.since), (None, true));
    assert!(daemon.log().contains("the last good ones run") && daemon.log().contains("does not exist"));
    let shown = shop.cli(&["status"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("RELOAD   FAILED since 20") && text.contains("does not exist"), "{text}");
    assert_eq!(shown.status.code(), Some(1), "it needs a person");
    // A file that is none of ours, however large, hides nothing; one of ours is named.
    fs::rename(shop.path("away"), shop.path("rules")).unwrap();
    patiently("they are back", async || shop.status().await?.reload_error.is_none().then_some(())).await;
    fs::File::create(shop.path("rules/huge.md")).unwrap().set_len(3 << 20).unwrap();
    assert!(fails(&shop).await.contains("huge.md"));
    fs::remove_file(shop.path("rules/huge.md")).unwrap();
    save(&shop, "mended");
    runs(&shop, "mended").await;
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_never_had_rules_makes_a_start_without_them_end() {
    let shop = Shop::new(RULES).await;
    fs::rename(shop.path("rules"), shop.path("away")).unwrap();
    let mut daemon = shop.start_logged(shop.command(&["run"]), "log");
    assert_eq!(daemon.end().await.code(), Some(2));
    assert!(daemon.log().contains("does not exist"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_and_a_person_hear_what_came_of_it() {
    let shop = Shop::new(RULES).await;
    let mut daemon = shop.run().await;
    let said = shop.must(&["reload"]);
    assert!(said.contains("nothing changed: still running 3 rules"), "{said}");
    shop.edit("rules/shop.rules", "orders >= 1\n  then send offer", "oders >= 1\n  then send offer");
    let output = shop.cli(&["reload"]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("shop.rules:21") && said.contains("oders") && said.contains("have errors"),
        "{said}"
    );
    // A signal says it again: somebody asked.
    let refusals = |daemon: &Daemon| daemon.log().matches("rules are not taken over").count();
    let before = refusals(&daemon);
    daemon.signal("HUP");
    patiently("the log says so", async || (refusals(&daemon) > before).then_some(())).await;
    shop.edit("rules/shop.rules", "oders >= 1", "orders >= 1");
    let said = shop.must(&["reload"]);
    assert!(said.contains("still running 3 rules"), "{said}");
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_rule_that_is_gone_are_withdrawn_when_their_time_comes() {
    let shop = Shop::new(RULES).await;
    shop.mail.always(Some((At::Rcpt, Act::Say("451 later".into()))));
    shop.customers("in", ["c0".to_owned(), "c1".to_owned()].into_iter());
    let mut daemon = shop.run().await;
    shop.must(&["import", "folder", "in"]);
    patiently("they wait", async || (shop.outbox("retry").await.len() == 4).then_some(())).await;
    let text = shop.read("rules/shop.rules");
    let end = text.find("rule receipts").unwrap();
    let (kept, calls) = (&text[..end], &text[text.find("rule calls").unwrap()..]);
    shop.write("rules/shop.rules", &format!("{kept}{calls}"));
    patiently("withdrawn", async || {
        let withdrawn = shop.outbox("withdrawn").await;
        let all = withdrawn.len() == 2 && withdrawn.iter().all(|row| row.rule == "receipts");
        all.then_some(())
    })
    .await;
    shop.mail.always(None);
    patiently("the others go", async || (shop.mail.taken().len() >= 2).then_some(())).await;
    breathe(A_WHILE_MS).await;
    assert_eq!(shop.mail.taken().len(), 2, "of the rule that stayed");
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_of_a_worktree_and_of_a_submodule_is_waited_for() {
    let shop = Shop::new(RULES).await;
    git(&shop.path(""), &["init", "-q", "-b", "main", "--bare", "bare.git"]);
    git(&shop.path("rules"), &["init", "-q", "-b", "main"]);
    git(&shop.path("rules"), &["add", "-A"]);
    git(&shop.path("rules"), &["commit", "-q", "-m", "first"]);
    git(&shop.path("rules"), &["push", "-q", "../bare.git", "main"]);
    git(&shop.path("bare.git"), &["worktree", "add", "-q", "../tree", "main"]);
    git(&shop.path(""), &["init", "-q", "-b", "main", "whole"]);
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../bare.git", "sub"];
    git(&shop.path("whole"), &add);
    let mut from = "rules".to_owned();
    for folder in ["tree", "whole/sub"] {
        shop.edit("cvmd.toml", &format!("rules = \"{from}\""), &format!("rules = \"{folder}\""));
        from = folder.to_owned();
        let mut daemon = shop.run().await;
        let root = shop.path(folder);
        let head = git(&root, &["rev-parse", "HEAD"]);
        assert_eq!(shop.status().await.unwrap().commit, Some(head.clone()));
        let lock = git(&root, &["rev-parse", "--path-format=absolute", "--git-path", "index.lock"]);
        fs::write(&lock, "").unwrap();
        let rule = format!("of_{}", folder.len());
        shop.write(
            &format!("{folder}/new.rules"),
            &format!("rule {rule}\n  when orders >= 9\n  then send offer\n"),
        );
        breathe(A_WHILE_MS).await;
        let status = shop.status().await.unwrap();
        assert!(!has(&status, &rule) && status.reload_error.is_none(), "git is at work: {status:?}");
        fs::remove_file(&lock).unwrap();
        assert_eq!(runs(&shop, &rule).await.commit, Some(format!("{head}-dirty")));
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", "second"]);
        let head = git(&root, &["rev-parse", "HEAD"]);
        patiently("the commit is seen", async || {
            (shop.status().await?.commit.as_ref() == Some(&head)).then_some(())
        })
        .await;
        assert!(daemon.terminate().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_git_the_commit_is_unknown_and_nothing_else_changes() {
    let shop = Shop::new(RULES).await;
    git(&shop.path(""), &["init", "-q"]);
    git(&shop.path(""), &["add", "rules"]);
    git(&shop.path(""), &["commit", "-q", "-m", "first"]);
    let mut daemon = start(&shop, &[("PATH", "/nowhere")]).await;
    assert_eq!(shop.status().await.unwrap().commit.as_deref(), Some(UNKNOWN_COMMIT));
    save(&shop, "second");
    assert_eq!(runs(&shop, "second").await.commit.as_deref(), Some(UNKNOWN_COMMIT));
    assert!(daemon.terminate().await.success());
}

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_a_dead_git_left_is_said_and_its_end_is_enough() {
    let shop = Shop::new(RULES).await;
    git(&shop.path(""), &["init", "-q"]);
    let mut daemon = start(&shop, &[("CVMD_WAITS", "quiet=50,lock=500")]).await;
    shop.write(".git/index.lock", "");
    breathe(2 * A_WHILE_MS).await;
    assert_eq!(shop.status().await.unwrap().reload_error, None, "nothing changed: nothing to say");
    save(&shop, "second");
    let why = fails(&shop).await;
    assert!(why.contains(".git/index.lock") && why.contains("remove the file"), "{why}");
    assert!(!has(&shop.status().await.unwrap(), "second"));
    // A crash of the machine does not let it live either.
    daemon.kill();
    let mut daemon = start(&shop, &[("CVMD_WAITS", "quiet=50,lock=500")]).await;
    assert!(fails(&shop).await.contains("index.lock") && !has(&shop.status().await.unwrap(), "second"));
    fs::remove_file(shop.path(".git/index.lock")).unwrap();
    runs(&shop, "second").await;
    assert!(daemon.terminate().await.success());
}

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn where_the_kernel_tells_nothing_the_poll_sees_it() {
    let shop = Shop::new(RULES).await;
    let silent = [("CVMD_SABOTAGE", "kernel_is_silent"), ("CVMD_WAITS", "quiet=50,poll=2000")];
    let mut daemon = start(&shop, &silent).await;
    // The first look after the start is over.
    breathe(A_WHILE_MS).await;
    save(&shop, "second");
    breathe(300).await;
    assert!(!has(&shop.status().await.unwrap(), "second"), "nobody told it");
    runs(&shop, "second").await;
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_kernel_s_queue_had_no_room_for_is_seen() {
    let shop = Shop::new(RULES).await;
    let mut daemon = shop.run().await;
    let room: usize =
        fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    breathe(A_WHILE_MS).await;
    // Nobody empties the queue; reading is no change, and two files by turns are never one event.
    daemon.signal("STOP");
    for _ in 0..=room / 2 {
        for path in ["rules/shop.rules", "rules/messages/offer.txt"] {
            drop(fs::File::open(shop.path(path)).unwrap());
        }
    }
    save(&shop, "second");
    daemon.signal("CONT");
    runs(&shop, "second").await;
    assert!(daemon.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_are_one_set_and_come_to_rest() {
    let shop = Shop::new(RULES).await;
    let mut daemon = shop.run().await;
    for number in 0..9_900 {
        shop.write(&format!("rules/messages/more/{}/{number}.txt", number % 50), "text\n");
    }
    save(&shop, "second");
    runs(&shop, "second").await;
    let spent = || {
        let output =
            Command::new("ps").args(["-o", "cputimes=", "-p", &daemon.pid().to_string()]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<i64>().unwrap_or_default()
    };
    breathe(2_000).await;
    let before = spent();
    breathe(4_000).await;
    assert!(spent() - before <= 2, "it goes on reading what it reads");
    for number in 0..200 {
        shop.write(&format!("rules/messages/{number}.txt"), "text\n");
    }
    assert!(fails(&shop).await.contains("more than 10000 files"));
    assert!(has(&shop.status().await.unwrap(), "second"));
    assert!(daemon.terminate().await.success());
}
