//! A bare Debian of its own for one test, with something that stands for systemd.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use tempfile::TempDir;

/// What systemd is told, and where the shell that stands for it keeps what it knows.
const FAKE: &str = "run/systemd/fake";

/// A folder that becomes the root of the newcomer's machine.
pub(super) struct Root {
    folder: TempDir,
}

impl Root {
    /// A copy of a bare Debian.
    pub(super) fn copy_of(bare: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        must(Command::new("cp").arg("-a").arg(bare).arg(folder.path().join("root")));
        let root = Self { folder };
        for made in [FAKE, "run/systemd/system", "run/credentials"] {
            fs::create_dir_all(root.path(made)).unwrap();
        }
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/package/systemctl");
        fs::copy(ours, root.path("usr/bin/systemctl")).unwrap();
        root.listen();
        root
    }

    /// Where a file of that machine is on this one; without a slash at its beginning.
    pub(super) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join("root").join(inside)
    }

    /// What the service wrote.
    pub(super) fn journal(&self) -> String {
        fs::read_to_string(self.path(FAKE).join("journal")).unwrap_or_default()
    }

    /// systemd's end of the notify socket, for as long as this process lives: it writes down what it hears.
    fn listen(&self) {
        let path = self.path("run/systemd/notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let notified = self.path(FAKE).join("notified");
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(length) = socket.recv(&mut bytes) {
                // The folder is gone with the test.
                let file = File::options().create(true).append(true).open(&notified);
                let Ok(mut file) = file else { return };
                let _ = file.write_all(&bytes[..length]).and_then(|()| file.write_all(b"\n"));
            }
        });
    }

    /// A shell of that machine's root: whatever it started ends with it.
    pub(super) fn shell(&self) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c"]);
        command.arg(concat!(
            "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" env -i HOME=/root LC_ALL=C.UTF-8 ",
            "DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin ",
            "bash --noprofile --norc",
        ));
        command.arg(self.path(""));
        command
    }
}

/// The same package as one of a later version.
pub(super) fn next_version(package: &Path, version: &str, next: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    must(Command::new("dpkg-deb").arg("-R").arg(package).arg(&tree));
    let control = tree.join("DEBIAN/control");
    let text = fs::read_to_string(&control).unwrap();
    let lines = text.lines().map(|line| match line.strip_prefix("Version: ") {
        Some(_) => format!("Version: {version}\n"),
        None => format!("{line}\n"),
    });
    fs::write(&control, lines.collect::<String>()).unwrap();
    must(Command::new("dpkg-deb").args(["-Zgzip", "-z1", "--root-owner-group", "-b"]).arg(&tree).arg(next));
}

fn must(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}
