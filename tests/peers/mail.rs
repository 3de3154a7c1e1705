//! Our messages as others read them: Python's `email` finds in each what was written, and aiosmtpd
//! takes them over each kind of connection, byte for byte.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration as Real;

use base64::Engine as _;
use cvmd::config::{Security, SmtpServer};
use cvmd::deliver::Outcome;
use cvmd::deliver::email::{Email, Server, Session};
use cvmd::model::Instant;
use cvmd::record::SuppressionReason;
use serde_json::{Value, json};

use super::{file, python};
use crate::deliver::samples::email;
use crate::support::smtp::authority;
use crate::support::until;

/// Messages of all kinds, by what is odd about them.
pub fn samples() -> Vec<(&'static str, Email)> {
    let plain = || Email {
        from: "Shop <hello@shop.example>".into(),
        reply_to: None,
        subject: "An offer".into(),
        text: "Hello Ana\n".into(),
        html: None,
        ..email(1)
    };
    let link = "https://mail.shop.example/u/AbCdEf0123456789_-AbCdEf0123456789?m=d1-7-4f-80";
    let subject = |text: &str| Email { subject: text.into(), ..plain() };
    let from = |text: &str| Email { from: text.into(), ..plain() };
    let text = |text: &str| Email { text: text.into(), ..plain() };
    let html = |text: &str| Email { html: Some(text.into()), ..plain() };
    vec![
        ("plain", plain()),
        ("everything", Email { unsubscribe: Some(link.into()), ..email(2) }),
        ("link", Email { unsubscribe: Some(link.into()), ..plain() }),
        ("long link", Email { unsubscribe: Some(format!("{link}{}", "x".repeat(700))), ..plain() }),
        ("subject accents", subject("Grüße, señor Ñandú")),
        ("subject emoji", subject("🎁 Ein Geschenk für dich 🎁")),
        ("subject chinese", subject(&"今天的优惠只给你一个人看".repeat(8))),
        ("subject arabic", subject("عرض اليوم لك فقط")),
        ("subject long", subject("ten letters ".repeat(30).trim_end())),
        ("subject one long word", subject(&"x".repeat(400))),
        ("subject like an encoded word", subject("=?utf-8?q?not_one?= but a text")),
        ("subject like long encoded words", subject("=?utf-8?b?w6k=?= é ".repeat(9).trim_end())),
        ("subject quotes", subject("\"Quoted\", <angled>, (round); 20 % off: now!")),
        ("subject combining", subject("e\u{301}tude nai\u{308}ve")),
        ("name comma", from("\"Laden, Schöner\" <hello@shop.example>")),
        ("name quotes", from("\"The \\\"Shop\\\"\" <hello@shop.example>")),
        ("name accents", from("Café Ñandú <hello@shop.example>")),
        ("name long", from(&format!("{} <hello@shop.example>", "Ä sehr langer Name ".repeat(9).trim()))),
        ("name emoji", from("Shop 🎁 <hello@shop.example>")),
        ("address alone", from("hello@shop.example")),
        ("reply name", Email { reply_to: Some("Hilfe für alle <help@shop.example>".into()), ..plain() }),
        ("text accents", text("¿Qué tal?\n\nAdiós — Größe 40 €\n")),
        ("text dots", text(".\n..\n.hidden\nend.\n.\n")),
        ("text long line", text(&format!("{}\n", "word ".repeat(600).trim_end()))),
        ("text long word", text(&format!("{}\n", "x".repeat(3_000)))),
        ("text long accents", text(&format!("{}\n", "é".repeat(1_500)))),
        ("text from", text("From here on\n>From there\nFrom: nobody@x.example\n")),
        ("text like a header", text("Subject: no\n\nX: y\n")),
        ("text no end", text("no line end")),
        ("text blank ends", text("a line with a blank \nand a tab\t\n= equals =3D\n")),
        ("text windows", text("one\r\ntwo\r\n")),
        ("text emoji", text("🎁🎁🎁 漢字 عرض\n")),
        ("html", html("<p>Hello <b>Ana</b></p>\n")),
        ("html accents", html("<p>Größe &amp; Adiós €</p>\n<p>漢字</p>")),
        ("html long line", html(&format!("<p>{}</p>", "<b>é</b> ".repeat(500).trim_end()))),
        ("html dots", html("<p>\n.\n</p>\n")),
        ("html boundary", html("<p>--cvmd_d1-1-1-0--\n--cvmd_d1-1-1-0\n</p>")),
        ("html both boundaries", Email { text: "--cvmd_d1-1-1-0_\n".into(), ..html("--cvmd_d1-1-1-0\n") }),
        ("recipient plus", Email { to: "ana.maria+shop=x@customer.example".into(), ..plain() }),
        ("date early", Email { date: Instant(1_000), ..plain() }),
        ("date late", Email { date: Instant(4_102_444_799_999), ..plain() }),
    ]
}

/// What the reader must find.
fn wanted(email: &Email) -> Value {
    let mailbox = |text: &str| {
        let mailbox: lettre::message::Mailbox = text.parse().unwrap();
        json!({ "name": mailbox.name.unwrap_or_default(), "address": mailbox.email.to_string() })
    };
    json!({
        "subject": email.subject,
        "from": mailbox(&email.from),
        "reply_to": email.reply_to.as_deref().map(mailbox),
        "to": email.to,
        "id": format!("<{}@{}>", email.key, email.domain),
        "date": email.date.0,
        "unsubscribe": email.unsubscribe,
        "text": email.text,
        "html": email.html,
    })
}

#[test]
fn pythons_email_reads_what_was_written() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, email) in samples() {
        let path = folder.path().join(name);
        std::fs::write(path.with_extension("eml"), email.build().unwrap().bytes).unwrap();
        std::fs::write(path.with_extension("json"), wanted(&email).to_string()).unwrap();
    }
    let output = Command::new(python).arg(file("read_mail.py")).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), samples().len());
    let wrong: Vec<&Value> = lines.iter().filter(|line| line["wrong"] != json!([])).collect();
    assert!(wrong.is_empty(), "{}", wrong.iter().map(|line| format!("{line}\n")).collect::<String>());
}

/// A child that ends with its test.
pub(super) struct Peer(pub(super) Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// aiosmtpd, which writes a line of JSON of its ports, then one of each message that it took.
pub(super) struct Aiosmtpd {
    folder: tempfile::TempDir,
    _peer: Peer,
}

impl Aiosmtpd {
    pub(super) async fn start(python: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = authority().with_file_name("server.key");
        let mut command = Command::new(python);
        command.arg(file("mail_server.py")).arg(authority().with_file_name("server.pem")).arg(key);
        command.stdin(Stdio::null()).stdout(std::fs::File::create(folder.path().join("log")).unwrap());
        let server = Self { folder, _peer: Peer(command.spawn().unwrap()) };
        until("the server listens", || !server.lines().is_empty()).await;
        server
    }

    /// The lines that are whole.
    pub(super) fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn relay(security: Security, port: u64, password: Option<&str>) -> Session {
    let at = SmtpServer {
        security,
        host: "127.0.0.1".into(),
        port: u16::try_from(port).unwrap(),
        login: password.map(|_| ("shop".into(), "smtp_key".into())),
        ca_file: (security != Security::Plain).then(authority),
    };
    let mut server = Server::new(&at, password, "shop.example", at.ca_file.as_deref()).unwrap();
    server.time_outs.connect = Real::from_secs(10);
    Session::new(Arc::new(server.into()))
}

const NOW: Instant = Instant(1_790_000_000_000);

#[tokio::test]
async fn aiosmtpd_takes_every_message_byte_for_byte_over_every_kind_of_connection() {
    let Some(python) = python() else { return };
    let server = Aiosmtpd::start(&python).await;
    let ports = server.lines().remove(0);
    let mut expected = Vec::new();
    for (name, security, password) in [
        ("plain", Security::Plain, None),
        ("starttls", Security::StartTls, Some("hunter2")),
        ("smtps", Security::Tls, Some("hunter2")),
    ] {
        let port = ports[name].as_u64().unwrap();
        let mut session = relay(security, port, password);
        for (sample, email) in samples() {
            let built = email.build().unwrap();
            let outcome = session.send(&built, NOW).await;
            assert!(matches!(outcome, Outcome::Sent { .. }), "{name}, {sample}: {outcome:?}");
            expected.push((name, built));
        }
        let gone = Email { to: "ana@gone.example".into(), ..email(1) }.build().unwrap();
        let outcome = session.send(&gone, NOW).await;
        let bounced = Some(SuppressionReason::HardBounce);
        assert!(matches!(&outcome, Outcome::Dead { suppress, .. } if *suppress == bounced), "{outcome:?}");
        assert!(
            matches!(session.send(&email(1).build().unwrap(), NOW).await, Outcome::Sent { .. }),
            "after it"
        );
        session.close().await;
        expected.push((name, email(1).build().unwrap()));
        if password.is_some() {
            let mut wrong = relay(security, port, Some("hunter3"));
            let outcome = wrong.send(&email(1).build().unwrap(), NOW).await;
            assert!(outcome.reason().contains("does not let us in"), "{outcome:?}");
            let mut nobody = relay(security, port, None);
            let outcome = nobody.send(&email(1).build().unwrap(), NOW).await;
            assert!(matches!(outcome, Outcome::Unreachable { .. }), "{outcome:?}");
        }
    }
    until("all are written down", || server.lines().len() == expected.len() + 1).await;
    for (line, (name, built)) in server.lines().iter().skip(1).zip(&expected) {
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(line["bytes"].as_str().unwrap()).unwrap();
        assert_eq!(bytes, built.bytes);
        assert_eq!((&line["port"], &line["from"]), (&json!(name), &json!("hello@shop.example")));
        let to: &str = built.to.as_ref();
        assert_eq!(line["to"], json!([to]));
        assert_eq!(line["user"], if *name == "plain" { Value::Null } else { json!("shop") });
    }
}
