//! schemathesis reads the description that the running daemon serves, makes up requests by it, good
//! ones and bad ones, and holds the answers against it.
//!
//! A post is taken line by line: an array with a bad element among good ones is answered with 202, and a bad
//! field of a customer costs the field alone. Two of its laws know nothing of that, and hold where it cannot
//! be: in posts of a single order or event. What is not right by its type alone (a time ahead of the clock,
//! an id that stands for something else already, a text of more bytes than letters) no description can say:
//! the law on what must be taken is held by one that is narrower.

use std::process::Command;

use serde_json::{Value, json};

use super::python;
use crate::crash::shop::RULES;
use crate::http::{INGEST, READ, Side, said};

/// Who may come in, and one law that does not fit: an answer to a post names no resource that could be
/// asked after, so that schemathesis asks for a customer called `None`.
const CONFIGURATION: &str = r#"
[auth.openapi.ingest]
bearer = "INGEST"
[auth.openapi.read]
bearer = "READ"

[checks]
negative_data_rejection.enabled = NEGATIVE
positive_data_acceptance.enabled = POSITIVE
ensure_resource_availability.enabled = false
"#;

const LINES: [(&str, &str); 3] =
    [("/v1/customers", "Customer"), ("/v1/orders", "OrderLine"), ("/v1/events", "Event")];

/// Posts of one line each.
fn single(mut description: Value) -> Value {
    for (path, line) in LINES {
        let only = json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{line}")}}});
        description["paths"][path]["post"]["requestBody"]["content"] = only;
    }
    description
}

/// Posts that must be taken: long ago, of few letters, and without ids that another content has already.
fn narrow(description: Value) -> Value {
    let mut description = single(description);
    let schemas = &mut description["components"]["schemas"];
    let words = json!({"type": ["string", "null"], "pattern": "^[a-z]{0,20}$"});
    schemas["Id"] = json!({"type": "string", "pattern": "^[a-z0-9]{1,30}$"});
    schemas["Time"] =
        json!({"type": "string", "pattern": "^20[01][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"});
    schemas["Word"] = words.clone();
    schemas["Scalar"] = words;
    let order = &mut schemas["OrderLine"];
    order["properties"]["total"] = json!({"type": "integer", "minimum": -1_000_000, "maximum": 1_000_000});
    order["properties"]["quantity"] = json!({"type": "integer", "minimum": 0, "maximum": 1000});
    order["properties"].as_object_mut().unwrap().remove("order_id");
    schemas["Event"]["properties"].as_object_mut().unwrap().remove("id");
    for (_, line) in LINES {
        schemas[line]["additionalProperties"] = json!(false);
        schemas[line].as_object_mut().unwrap().remove("examples");
    }
    description
}

/// Runs it in the shop's folder; what it said.
async fn run(python: &std::path::Path, side: &Side, laws: (bool, bool), arguments: &[&str]) -> String {
    let configuration = CONFIGURATION
        .replace("INGEST", INGEST)
        .replace("READ", READ)
        .replace("NEGATIVE", &laws.0.to_string())
        .replace("POSITIVE", &laws.1.to_string());
    side.shop.write("schemathesis.toml", &configuration);
    let mut command = Command::new(python.with_file_name("schemathesis"));
    command.current_dir(side.shop.path("")).args(["--config-file", "schemathesis.toml", "run"]);
    command.args(arguments).args(["--seed", "1", "--no-color"]);
    let run = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let run = run.unwrap_or_else(|error| panic!("no schemathesis beside {}: {error}", python.display()));
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_is_as_it_describes_itself() {
    let Some(python) = python() else { return };
    let mut side = Side::start(RULES).await;
    side.post("customers", r#"{"id":"ana","email":"ana@shop.example"}"#).await;
    let address = format!("http://{}", side.address);
    let url = format!("{address}/openapi.json");
    let text = run(&python, &side, (false, false), &[&url, "--max-examples", "40"]).await;
    // It found all of it.
    assert!(text.contains("5 selected / 5 total") || text.contains("5/5"), "{text}");

    let (_, description) = said(side.client().get(&url)).await;
    side.shop.write("single.json", &single(description.clone()).to_string());
    side.shop.write("narrow.json", &narrow(description).to_string());
    let phases = ["--phases", "coverage,fuzzing", "--max-examples", "30", "--url", &address];
    let bad =
        ["single.json", "--include-path", "/v1/orders", "--include-path", "/v1/events", "--mode", "negative"];
    run(&python, &side, (true, false), &[&bad[..], &phases].concat()).await;
    let good = ["narrow.json", "--include-method", "POST", "--mode", "positive"];
    run(&python, &side, (false, true), &[&good[..], &phases].concat()).await;

    let (status, _) = said(side.request("customers", r#"{"id":"after"}"#)).await;
    assert_eq!((status, side.daemon.has_ended().is_none()), (202, true));
}
