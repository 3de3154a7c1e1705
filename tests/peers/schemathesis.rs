//! schemathesis reads the description that the running daemon serves, makes up requests by it, good
//! ones and bad ones, and holds the answers against it.

use std::process::Command;

use super::python;
use crate::crash::shop::RULES;
use crate::http::{INGEST, READ, Side, said};

/// Who may come in, and what its laws do not know of partial acceptance: a post is taken line by line, so
/// that an array with a bad element is answered with 202, and times in the future with 400; and an answer
/// to a post names no resource that could be asked after.
const CONFIGURATION: &str = r#"
[auth.openapi.ingest]
bearer = "INGEST"
[auth.openapi.read]
bearer = "READ"

[checks]
negative_data_rejection.enabled = false
positive_data_acceptance.enabled = false
ensure_resource_availability.enabled = false
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_is_as_it_describes_itself() {
    let Some(python) = python() else { return };
    let mut side = Side::start(RULES).await;
    side.post("customers", r#"{"id":"ana","email":"ana@shop.example"}"#).await;
    side.shop.write("schemathesis.toml", &CONFIGURATION.replace("INGEST", INGEST).replace("READ", READ));
    let mut command = Command::new(python.with_file_name("schemathesis"));
    command.current_dir(side.shop.path("")).args(["--config-file", "schemathesis.toml", "run"]);
    command.arg(format!("http://{}/openapi.json", side.address));
    command.args(["--seed", "1", "--max-examples", "40", "--no-color"]);
    let run = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let run = run.unwrap_or_else(|error| panic!("no schemathesis beside {}: {error}", python.display()));
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    // It found all of it.
    assert!(text.contains("5 selected / 5 total") || text.contains("5/5"), "{text}");
    let (status, _) = said(side.request("customers", r#"{"id":"after"}"#)).await;
    assert_eq!((status, side.daemon.has_ended().is_none()), (202, true));
}
