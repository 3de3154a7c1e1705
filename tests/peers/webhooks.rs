//! Calls verified by the public libraries of the Standard Webhooks, in Python and in JavaScript.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use cvmd::clock::{Clock, SystemClock};
use cvmd::deliver::Outcome;
use cvmd::deliver::webhook::{Call, Caller, Options, Secret};
use serde_json::Value;

use super::{file, python};
use crate::support::webhook::SECRET;

const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

/// A receiver in a process of its own; it ends with the test.
struct Peer {
    process: Child,
    said: BufReader<ChildStdout>,
    url: String,
}

impl Peer {
    fn start(mut command: Command) -> Self {
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let mut peer = Self { process, said, url: String::new() };
        peer.url = format!("http://127.0.0.1:{}/hook", peer.hears()["hook"]);
        peer
    }

    /// The next line that it writes.
    fn hears(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Node, and the folder of its packages that `.ci/run` fills.
fn node() -> (PathBuf, PathBuf) {
    let node = std::env::var_os("CVMD_NODE").map_or_else(|| "node".into(), PathBuf::from);
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/js/node_modules");
    assert!(modules.join("standardwebhooks").is_dir(), "`standardwebhooks` of npm is absent: see .ci/run");
    (node, modules)
}

#[tokio::test]
async fn public_libraries_of_two_languages_verify_calls_under_either_of_two_secrets() {
    let Some(python) = python() else { return };
    let mut first = Command::new(python);
    first.arg(file("receivers.py")).arg(SECRET);
    let (node, modules) = node();
    let mut second = Command::new(node);
    second.arg(file("receiver.cjs")).arg(SECRET).env("NODE_PATH", modules);
    let caller = Caller::new(&Options { allow_private: true, ..Options::default() }).unwrap();
    for mut peer in [Peer::start(first), Peer::start(second)] {
        for (secrets, good) in [
            (&[SECRET][..], true),
            (&[OTHER, SECRET], true),
            (&[SECRET, OTHER], true),
            (&[OTHER], false),
            (&[], false),
        ] {
            let body = r#"{"type":"cvmd.call","data":{"fields":{"name":"Åsa \"☃\" \\ \u0000","clv":null}}}"#;
            let call = Call {
                id: "d1-1-3".into(),
                url: peer.url.clone(),
                body: body.into(),
                secrets: secrets.iter().map(|secret| Secret::parse(secret).unwrap()).collect(),
                headers: vec![],
                answer_within: None,
            };
            let outcome = caller.send(&call, SystemClock.now()).await;
            let said = peer.hears();
            assert_eq!(matches!(outcome, Outcome::Sent { .. }), good, "{outcome:?} {said}");
            assert_eq!(said.get("refused").is_none(), good, "{said}");
            if good {
                assert_eq!(said["webhook_id"], "d1-1-3");
                assert_eq!(said["body"], serde_json::from_str::<Value>(body).unwrap());
            }
        }
    }
}
