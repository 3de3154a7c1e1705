//! A workspace in a folder of its own, and the real `cvmd` in it.

use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use cvmd::clock::{Clock, SystemClock};
use cvmd::config::Address;
use cvmd::serve::{self, Control, OutboxFilter, OutboxRow, Request, Response, Status};
use tempfile::TempDir;

use crate::support::smtp::SmtpServer;
use crate::support::webhook::{Receiver, SECRET};
use crate::support::{breathe, leaks};

/// For anything that happens sooner or later, on a machine that is busy with other tests.
pub const PATIENCE_MS: i64 = 180_000;

/// A rule of each kind: marketing mail, transactional mail, a signed call.
pub const RULES: &str = r#"workspace shop
  currency EUR

attribute plan choice free | pro
attribute age number

webhook crm
  post "CRM" signed with secret crm_key

message offer
  email marketing
  subject "An offer"
  body messages/offer.txt

message receipt
  email transactional
  subject "Your receipt"
  body messages/receipt.txt

rule offers
  when orders >= 1
  then send offer

rule receipts
  when orders >= 1
  then send receipt

rule calls
  when orders >= 1
  then call crm with orders
"#;

const CONFIGURATION: &str = r#"rules = "rules"
data = "data"
[listen]
public = "127.0.0.1:0"
url = "http://127.0.0.1:1"
[daemon]
tick = "1s"
[email]
transport = "smtp"
url = "smtp://MAIL"
from = "Shop <hello@shop.example>"
workers = 2
retries = ["1s", "1s", "5m"]
[secrets]
crm_key = "secrets/crm_key"
[webhooks]
allow_private = true
retries = ["1s", "1s", "5m"]
"#;

/// Milliseconds that only run forward.
pub fn elapsed() -> i64 {
    SystemClock.boot_elapsed().0
}

/// Waits until `done` gives something.
pub async fn patiently<T>(what: &str, mut done: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = elapsed() + PATIENCE_MS;
    loop {
        if let Some(found) = done().await {
            return found;
        }
        assert!(elapsed() < deadline, "it did not come to pass: {what}");
        breathe(20).await;
    }
}

/// A workspace and its peers.
pub struct Shop {
    folder: TempDir,
    pub mail: SmtpServer,
    pub calls: Receiver,
}

impl Shop {
    /// With these rules (`CRM` in them stands for the receiver) and the usual configuration.
    pub async fn new(rules: &str) -> Self {
        let (mail, calls) = (SmtpServer::start().await, Receiver::start().await);
        let shop = Self { folder: tempfile::tempdir().unwrap(), mail, calls };
        shop.write("cvmd.toml", &CONFIGURATION.replace("MAIL", &shop.mail.address.to_string()));
        shop.write("rules/shop.rules", &rules.replace("CRM", &shop.calls.url()));
        shop.write("rules/messages/offer.txt", "Hello {{ first_name | default('friend') }}, an offer.\n");
        shop.write("rules/messages/receipt.txt", "Thank you for {{ orders }} order(s).\n");
        shop.write("secrets/crm_key", SECRET);
        fs::set_permissions(shop.path("secrets/crm_key"), fs::Permissions::from_mode(0o600)).unwrap();
        shop
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a text in a file, which must have it.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "`{path}` has no `{from}`");
        self.write(path, &text.replace(from, to));
    }

    /// A folder with so many customers who ordered once, ready for `import folder`.
    pub fn customers(&self, folder: &str, ids: impl Iterator<Item = String>) {
        let (mut customers, mut orders) = (
            "id,email,consent_email_marketing,plan,first_name,last_name,phone\n".to_owned(),
            "order_id,customer_id,time,total\n".to_owned(),
        );
        for (number, id) in ids.enumerate() {
            let ((first, last), phone) = (leaks::NAMES[number % leaks::NAMES.len()], leaks::phone(number));
            writeln!(customers, "{id},{id}@customers.example,yes,pro,{first},{last},{phone}").unwrap();
            writeln!(orders, "o-{id},{id},2026-01-02,20").unwrap();
        }
        self.write(&format!("{folder}/customers.csv"), &customers);
        self.write(&format!("{folder}/orders.csv"), &orders);
    }

    /// `cvmd` with this workspace's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cvmd"));
        self.equip(&mut command);
        command.arg("--config").arg(self.path("cvmd.toml")).args(arguments);
        command
    }

    /// What each process of this workspace lives in.
    pub fn equip(&self, command: &mut Command) {
        command.stdin(Stdio::null()).env("CVMD_LOG", "info").env("NO_COLOR", "1").current_dir(&self.folder);
        // Hundreds of starts and reloads need not take half a second each.
        command.env("CVMD_WAITS", "quiet=50");
    }

    pub fn cli(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A command that must go well; its stdout.
    pub fn must(&self, arguments: &[&str]) -> String {
        let output = self.cli(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "cvmd {arguments:?}: {}\n{out}\n{err}", output.status);
        out
    }

    /// Starts a process whose stderr goes to `log`.
    pub fn start_logged(&self, mut command: Command, log: &str) -> Daemon {
        command.stdout(Stdio::null());
        self.start(command, log)
    }

    /// As [`Shop::start_logged`], with stdout in a file of its own.
    pub fn start_with_output(&self, mut command: Command, output: &str, log: &str) -> Daemon {
        command.stdout(File::create(self.path(output)).unwrap());
        self.start(command, log)
    }

    fn start(&self, mut command: Command, log: &str) -> Daemon {
        let log = self.path(log);
        let child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Daemon { child, log, secrets: self.secrets(), ended: None }
    }

    /// What stands in the files of its secrets.
    fn secrets(&self) -> Vec<String> {
        let files = fs::read_dir(self.path("secrets")).into_iter().flatten().flatten();
        let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
        texts.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }

    /// Starts the daemon and waits until it answers.
    pub async fn run(&self) -> Daemon {
        let mut daemon = self.start_logged(self.command(&["run"]), "log");
        if let Err(status) = self.ready(&mut daemon).await {
            panic!("cvmd run: {status}\n{}", daemon.log());
        }
        daemon
    }

    /// Waits until a daemon answers, or has ended before it did.
    pub async fn ready(&self, daemon: &mut Daemon) -> Result<Status, ExitStatus> {
        patiently("the daemon answers", async || {
            if let Some(status) = daemon.has_ended() {
                return Some(Err(status));
            }
            self.status().await.filter(|status| status.pid.is_some()).map(Ok)
        })
        .await
    }

    /// Asks the daemon; none when none answers.
    pub async fn ask(&self, request: Request) -> Option<Response> {
        let address = Address::Unix(self.path("data/cvmd.sock"));
        Some(serve::connect(&address, None).await.ok()??.call(request).await)
    }

    pub async fn status(&self) -> Option<Status> {
        match self.ask(Request::Status {}).await? {
            Response::Status(status) => Some(*status),
            _ => None,
        }
    }

    /// The messages in a state, by the daemon.
    pub async fn outbox(&self, state: &str) -> Vec<OutboxRow> {
        let filter = OutboxFilter { state: Some(state.into()), limit: 1_000_000, ..OutboxFilter::default() };
        match self.ask(Request::OutboxList(filter)).await {
            Some(Response::Outbox { messages, .. }) => messages,
            other => panic!("no list of the outbox: {other:?}"),
        }
    }

    /// How many mails came for a customer.
    pub fn mails_to(&self, customer: &str) -> usize {
        let to = format!("{customer}@customers.example");
        self.mail.taken().iter().filter(|mail| mail.to == to).count()
    }
}

/// A running `cvmd run`; killed when dropped, and its log is searched for what must not stand there.
pub struct Daemon {
    child: Child,
    log: PathBuf,
    secrets: Vec<String>,
    ended: Option<ExitStatus>,
}

impl Daemon {
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended
    }

    /// Waits for so many milliseconds of its life.
    pub async fn lives(&mut self, ms: i64) -> Option<ExitStatus> {
        let deadline = elapsed() + ms;
        while self.has_ended().is_none() && elapsed() < deadline {
            breathe(5).await;
        }
        self.ended
    }

    /// Waits until it ends by itself.
    pub async fn end(&mut self) -> ExitStatus {
        let ended = self.lives(PATIENCE_MS).await;
        ended.unwrap_or_else(|| panic!("it goes on:\n{}", self.log()))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Asks it to end and waits until it did.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.end().await
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        // One that has just ended by itself is as dead.
        let _ = self.child.kill();
        self.ended = self.child.wait().ok();
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        let found = leaks::found(&self.log(), &self.secrets);
        assert!(found.is_empty() || std::thread::panicking(), "the log has {found:#?}");
    }
}

/// Whether a program is installed; where `CVMD_PEERS` is set it must be.
pub fn installed(program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| Path::new(&folder).join(program).is_file());
    assert!(found || std::env::var_os("CVMD_PEERS").is_none(), "`{program}` is not installed");
    found
}
