//! `cvmd send-test`: a message on its way to whoever wants to see it, and nothing else happens.

use std::fs;
use std::path::Path;

use super::binary::{Said, run};
use crate::support::smtp::SmtpServer;

const RULES: &str = "\
workspace shop
  currency EUR
message thanks
  email marketing
  from \"Ana's shop <ana@shop.example>\"
  reply to \"help@shop.example\"
  subject \"For {{ first_name }}\"
message nudge
  sms marketing by webhook gateway
  text \"Hello\"
webhook gateway
  post \"http://127.0.0.1:9/sms\"
rule greet
  when clv > 100
  then send thanks
rule poke
  when clv > 5000
  then send nudge
";

/// No consent, so that no rule could send to them.
const CUSTOMERS: &str = "id,email,first_name,clv,language\na-1,ana@shop.example,Ana,1234.5,es\n\
    b-2,bea@shop.example,,900,\n";

const BODY: &str = "Thank you, **{{ first_name }}**: {{ clv | money }}\n\n[No more]({{ unsubscribe_url }})\n";

fn shop(dir: &Path, config: &str) {
    for (path, text) in [
        ("rules/messages/thanks.md", BODY),
        ("rules/shop.rules", RULES),
        ("data/customers.csv", CUSTOMERS),
        ("cvmd.toml", config),
    ] {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn send(dir: &Path, more: &[&str]) -> Said {
    run(dir, &[&["send-test"], more, &["--from", "data"]].concat())
}

const FOLDER: &str = "rules = \"rules\"\ndata = \"store\"\n[listen]\nurl = \"https://mail.shop.example\"\n\
    [email]\ntransport = \"file\"\ndirectory = \"outbox\"\nfrom = \"Shop <hello@shop.example>\"\n\
    [sandbox]\nallow = [\"shop.example\"]\n";

fn mails(dir: &Path) -> Vec<String> {
    let Ok(found) = fs::read_dir(dir.join("outbox")) else { return Vec::new() };
    found.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn a_test_goes_to_the_address_asked_for_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path(), FOLDER);
    let said = send(dir.path(), &["thanks", "--as", "a-1", "--to", "me@shop.example"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.starts_with("`thanks` is on its way to me@shop.example: written to "), "{said:?}");
    let mail = mails(dir.path()).pop().unwrap().replace("=\r\n", "");
    assert!(
        mail.contains("\r\nTo: me@shop.example\r\n") && !mail.contains("ana@shop.example\r\nTo"),
        "{mail}"
    );
    assert!(mail.contains("\r\nSubject: [test] For Ana\r\n"), "{mail}");
    assert!(mail.contains("\r\nReply-To: help@shop.example\r\n"), "{mail}");
    assert!(mail.contains("1.234,50"), "{mail}");
    // Its link ends nobody's consent, and no mail program offers it.
    assert!(mail.contains("No more <https://mail.shop.example/u/sample>"), "{mail}");
    assert!(!mail.contains("List-Unsubscribe"), "{mail}");
    // Each test is a message of its own.
    assert_eq!(send(dir.path(), &["thanks", "--as", "a-1", "--to", "me@shop.example"]).code, 0);
    assert_eq!(mails(dir.path()).len(), 2);
    assert!(!dir.path().join("store/store").exists());
}

#[test]
fn what_would_not_be_sent_is_told_and_is_not() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path(), FOLDER);
    for (arguments, why) in [
        (["thanks", "--as", "b-2", "--to", "me@shop.example"], "`first_name` is unknown"),
        (["thanks", "--as", "a-1", "--to", "me@elsewhere.example"], "outside the sandbox"),
        (["thanks", "--as", "a-1", "--to", "me.shop.example"], "outside the sandbox"),
        (["thanks", "--as", "a-1", "--to", "me you@shop.example"], "address is not valid"),
        (["nudge", "--as", "a-1", "--to", "me@shop.example"], "goes by sms"),
        (["thinks", "--as", "a-1", "--to", "me@shop.example"], "no message is called `thinks`"),
        (["thanks", "--as", "z-9", "--to", "me@shop.example"], "z-9"),
    ] {
        let said = send(dir.path(), &arguments);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.stderr.contains(why) && said.stdout.is_empty(), "{said:?}");
    }
    assert_eq!(mails(dir.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn over_smtp_the_servers_answer_is_told() {
    let peer = SmtpServer::start().await;
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "rules = \"rules\"\ndata = \"store\"\n[email]\ntransport = \"smtp\"\nurl = \"smtp://{}\"\n\
         from = \"Shop <hello@shop.example>\"\n",
        peer.address
    );
    shop(dir.path(), &config);
    let path = dir.path().to_owned();
    let said = tokio::task::spawn_blocking(move || {
        send(&path, &["thanks", "--as", "a-1", "--to", "me@shop.example", "--format", "json"])
    });
    let said = said.await.unwrap();
    assert_eq!(said.code, 0, "{said:?}");
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert!(document["reply"].as_str().unwrap().starts_with("250 "), "{said:?}");
    let taken = peer.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!((&*taken[0].to, &*taken[0].from), ("me@shop.example", "ana@shop.example"));
    assert_eq!(taken[0].header("Subject").as_deref(), Some("[test] For Ana"));

    let dead = crate::support::smtp::dead_address().await;
    shop(dir.path(), &config.replace(&peer.address.to_string(), &dead.to_string()));
    let path = dir.path().to_owned();
    let said = tokio::task::spawn_blocking(move || {
        send(&path, &["thanks", "--as", "a-1", "--to", "me@shop.example"])
    });
    let said = said.await.unwrap();
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stderr.contains("`thanks` was not sent: "), "{said:?}");
}
