//! The disk is full.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::crash::shop::{Daemon, RULES, Shop, patiently};

fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("c{n}"))
}

/// Beyond this many blocks of 1,024 bytes a file does not grow: what `ulimit -f` can do without a
/// disk of our own. The signal is ignored, so that the write fails as on a full disk.
fn on_a_small_disk(shop: &Shop, blocks: usize) -> Command {
    let mut command = Command::new("bash");
    shop.equip(&mut command);
    command
        .args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "bash"])
        .arg(blocks.to_string())
        .arg(env!("CARGO_BIN_EXE_cvmd"))
        .arg("--config")
        .arg(shop.path("cvmd.toml"))
        .arg("run");
    command
}

/// A file system of three megabytes over the workspace's data, where this user may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(shop: &Shop) -> Option<Self> {
        let place = shop.path("data");
        std::fs::create_dir_all(&place).unwrap();
        mount(&["-t", "tmpfs", "-o", "size=3m", "tmpfs"], &place).then_some(Self(place))
    }

    fn grow(&self) {
        assert!(mount(&["-o", "remount,size=300m"], &self.0));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

fn mount(arguments: &[&str], place: &Path) -> bool {
    Command::new("mount").args(arguments).arg(place).output().is_ok_and(|output| output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_it_and_nothing_is_lost_or_repeated_after() {
    let shop = Shop::new(RULES).await;
    // Until it is full, without a word before.
    shop.edit("cvmd.toml", "tick = \"1s\"", "tick = \"1s\"\nmin_free = \"0\"");
    let Some(disk) = SmallDisk::mount(&shop) else {
        eprintln!("SKIPPED: this user may not mount a file system; the file size's limit stands in");
        return;
    };
    shop.customers("in", ids(150));
    shop.must(&["import", "folder", "in"]);
    let mut daemon = shop.start_logged(shop.command(&["run"]), "log");
    let said = until_it_ends(&shop, &mut daemon, || disk.grow()).await;
    assert!(said.contains("free space on its disk"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_ends_it_likewise() {
    let shop = Shop::new(RULES).await;
    shop.customers("in", ids(150));
    shop.must(&["import", "folder", "in"]);
    let size = std::fs::metadata(shop.path("data/store/db")).unwrap().len();
    let blocks = usize::try_from(size / 1_024).unwrap() + 600;
    let mut daemon = shop.start_logged(on_a_small_disk(&shop, blocks), "log");
    let said = until_it_ends(&shop, &mut daemon, || ()).await;
    assert!(said.contains("lift the limit on the size of files"), "{said}");
}

/// Tells a daemon that knows 150 customers more and more until it ends, makes room, and sees that
/// nothing is lost or repeated; what it said at its end.
async fn until_it_ends(shop: &Shop, daemon: &mut Daemon, make_room: impl FnOnce()) -> String {
    // More and more is told to it until it can take no more.
    let mut acknowledged = 150;
    for batch in 0..200 {
        if daemon.lives(50).await.is_some() {
            break;
        }
        let folder = format!("in{batch}");
        shop.customers(&folder, (0..150).map(|n| format!("b{batch}-{n}")));
        if shop.ready(daemon).await.is_err() || !shop.cli(&["import", "folder", &folder]).status.success() {
            break;
        }
        acknowledged += 150;
    }
    let status = daemon.end().await;
    assert_eq!(status.code(), Some(2), "{}", daemon.log());
    let said = daemon.log();
    assert!(said.contains("start cvmd again"), "{said}");
    make_room();
    let mut daemon = shop.run().await;
    let held = shop.status().await.unwrap();
    assert!(held.customers >= acknowledged, "{} of {acknowledged}", held.customers);
    if held.hold.is_some() {
        shop.must(&["resume", "all"]);
    }
    let customers = patiently("all is sent", async || {
        let status = shop.status().await?;
        (status.outbox.keys().all(|state| state == "in doubt")
            && shop.calls.calls().len() as u64 >= acknowledged)
            .then_some(status.customers)
    })
    .await;
    assert!(customers >= acknowledged);
    let mut seen = std::collections::BTreeMap::new();
    for mail in shop.mail.taken() {
        let offer = mail.header("Subject").is_some_and(|subject| subject == "An offer");
        *seen.entry((mail.to, offer)).or_insert(0) += 1;
    }
    let twice: Vec<_> = seen.iter().filter(|((_, offer), count)| *offer && **count > 1).collect();
    assert!(twice.is_empty(), "marketing mail twice: {twice:?}");
    assert!(daemon.terminate().await.success());
    said
}
