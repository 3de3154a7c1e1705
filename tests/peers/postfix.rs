//! A real Postfix between us and the recipients: an instance of its own in a scratch folder, on the
//! loopback interface, in the foreground. What it takes it hands to our own server, which counts.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration as Real;

use cvmd::clock::Clock;
use cvmd::config::{Security, SmtpServer as Address};
use cvmd::deliver::Mailer;
use cvmd::deliver::email::Server;
use cvmd::model::Duration;
use cvmd::record::{MessageState, OpenMessage, SuppressionReason};
use cvmd::store::tables::customers;

use super::python;
use crate::crash::shop::patiently;
use crate::deliver::outbox::stage::{Stage, mail, receipt};
use crate::support::smtp::{SmtpServer, authority, dead_address};
use crate::support::{breathe, history};

const POSTFIX: &str = "/usr/sbin/postfix";

const MAIN: &str = "compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/lib
maillog_file = FOLDER/log
maillog_file_prefixes = FOLDER
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.test
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
relayhost = [127.0.0.1]:NEXT
disable_dns_lookups = yes
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_tls_security_level = LEVEL
smtpd_tls_cert_file = CERTIFICATE
smtpd_tls_key_file = KEY
smtpd_tls_session_cache_database =
smtpd_peername_lookup = no
smtpd_relay_restrictions = check_recipient_access inline:{ { gone.example = 550 5.1.1 no such user }, { grey.example = 450 4.7.1 greylisted }, { fast.example = 421 4.7.0 too fast } }, permit_mynetworks, reject
";

const MASTER: &str = "127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// A running Postfix; it ends with its test.
pub(super) struct Postfix {
    child: Child,
    folder: PathBuf,
}

impl Postfix {
    /// Writes an instance's files; `level` says whether it demands encryption.
    pub(super) fn prepare(folder: &Path, port: u16, next: u16, level: &str) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        for part in ["etc", "queue", "lib"] {
            fs::create_dir(folder.join(part)).unwrap();
        }
        let owner = |flag| {
            let id = Command::new("id").args([flag, "postfix"]).output().unwrap();
            String::from_utf8(id.stdout).unwrap().trim().parse().ok()
        };
        chown(folder.join("lib"), owner("-u"), owner("-g")).unwrap();
        let shown = |path: &Path| path.to_str().unwrap().to_owned();
        let fill = |text: &str| {
            text.replace("FOLDER", &shown(folder))
                .replace("CERTIFICATE", &shown(&authority().with_file_name("server.pem")))
                .replace("LEVEL", level)
                .replace("KEY", &shown(&authority().with_file_name("server.key")))
                .replace("NEXT", &next.to_string())
                .replace("PORT", &port.to_string())
        };
        fs::write(folder.join("etc/main.cf"), fill(MAIN)).unwrap();
        fs::write(folder.join("etc/master.cf"), fill(MASTER)).unwrap();
    }

    pub(super) fn start(folder: &Path) -> Self {
        let out = fs::File::create(folder.join("out")).unwrap();
        let mut command = Command::new(POSTFIX);
        command.arg("-c").arg(folder.join("etc")).arg("start-fg").current_dir(folder);
        command.stdin(Stdio::null()).stderr(out.try_clone().unwrap()).stdout(out);
        Self { child: command.spawn().unwrap(), folder: folder.into() }
    }

    /// What it says of itself.
    fn log(&self) -> String {
        ["out", "log"].map(|name| fs::read_to_string(self.folder.join(name)).unwrap_or_default()).concat()
    }
}

impl Drop for Postfix {
    /// Ends its master, by the id that it wrote down.
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(self.folder.join("queue/pid/master.pid")) {
            let _ = Command::new("kill").arg(pid.trim()).status();
        } else {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Whether there is a Postfix that we may start.
pub(super) fn is_there() -> bool {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
    if Path::new(POSTFIX).exists() && is_root {
        return true;
    }
    eprintln!("ABSENT: no Postfix is installed, or we are not root");
    false
}

fn mailer(address: std::net::SocketAddr) -> Mailer {
    let at = Address {
        security: Security::StartTls,
        host: "127.0.0.1".into(),
        port: address.port(),
        login: None,
        ca_file: Some(authority()),
    };
    let mut server = Server::new(&at, None, "shop.example", at.ca_file.as_deref()).unwrap();
    server.time_outs.connect = Real::from_secs(10);
    Mailer::Smtp(Arc::new(server.into()))
}

/// Lets virtual time pass while somebody sleeps and nothing is under way.
async fn go_on(stage: &Stage) {
    if !stage.states().contains(&MessageState::Claimed)
        && let Some(wake) = stage.clock.next_waking()
        && wake.since(stage.clock.now()) < Duration::seconds(61)
    {
        stage.clock.advance_to(wake);
    }
    breathe(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_postfix_that_refuses_slows_down_and_restarts_everything_arrives_once() {
    if python().is_none() || !is_there() {
        return;
    }
    let next = SmtpServer::start().await;
    let (folder, address) = (tempfile::tempdir().unwrap(), dead_address().await);
    Postfix::prepare(folder.path(), address.port(), next.address.port(), "encrypt");
    let postfix = Postfix::start(folder.path());
    patiently("Postfix listens", async || tokio::net::TcpStream::connect(address).await.ok()).await;

    let mut stage = Stage::new(mailer(address));
    stage.options.mail_workers = 4;
    let domain = |n: u32| match n % 10 {
        0 => "gone.example",
        1 => "grey.example",
        2 => "fast.example",
        _ => "customer.example",
    };
    stage.gate.domains.lock().unwrap().extend((0..400).map(|n| (n, domain(n).to_owned())));
    let open: Vec<OpenMessage> = (0..400).map(|n| if n % 3 == 0 { receipt(n) } else { mail(n) }).collect();
    let count = |wanted: &str, to: u32| (0..to).filter(|n| domain(*n) == wanted).count();
    stage.decide(&open[..200]).await;
    let (outbox, _) = stage.start().await;
    let good = count("customer.example", 200);
    patiently("Postfix took what it takes", async || {
        go_on(&stage).await;
        let ended = (stage.ended(MessageState::Sent), stage.ended(MessageState::Dead));
        (ended == (good, count("gone.example", 200))).then_some(())
    })
    .await;
    let log = postfix.log();
    assert!(!log.contains("too many errors"), "connections are left before it has had enough of us");
    for finished in stage.finished().iter().filter(|finished| finished.state == MessageState::Dead) {
        assert!(finished.result.contains("550 5.1.1"), "{}", finished.result);
        let customer = finished.key.decision.customer;
        let (_, found) = customers::suppressions_of(&*stage.store, customer).unwrap().remove(0);
        assert_eq!(found.reason, SuppressionReason::HardBounce);
    }
    let [slowed] = &outbox.slowed()[..] else { panic!("{:?}", outbox.slowed()) };
    assert_eq!(slowed.domain, "fast.example");
    let greylisted = stage
        .open()
        .into_iter()
        .filter(|message| message.next_attempt.since(message.due) >= Duration::seconds(270));
    assert!(greylisted.count() >= count("grey.example", 200));

    // It goes away; what is decided meanwhile waits, and goes when it is back.
    drop(postfix);
    stage.decide(&open[200..]).await;
    outbox.add(&open[200..]);
    patiently("it is missed", async || (!outbox.troubles().is_empty()).then_some(())).await;
    let postfix = Postfix::start(folder.path());
    let good = count("customer.example", 400);
    patiently("the rest went", async || {
        go_on(&stage).await;
        (stage.ended(MessageState::Sent) == good).then_some(())
    })
    .await;
    patiently("all arrived behind Postfix", async || (next.taken().len() == good).then_some(())).await;
    history::check(&*stage.store, &open, &next.taken());
    assert!(outbox.stop(Duration::seconds(5)).await, "{}", postfix.log());
}
