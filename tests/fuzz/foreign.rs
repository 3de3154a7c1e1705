//! What else others write: files of customers, orders and events, configuration, requests, and
//! records whose bytes are no longer ours.

use std::path::Path;

use cvmd::config::{Config, Environment};
use cvmd::ingest::{
    Kind, RejectWriter, Report, open_body, read_customers, read_events, read_orders, read_suppressions,
};
use cvmd::record::codec;
use cvmd::serve::Request;
use cvmd::store::tables::{
    control, customers, deeds, events, ledger, memories, messages, meta, movement, rules, runs,
};
use cvmd::store::{Batch, Memory, Store};

use crate::ingest::world::{Told, World};

use super::driver::{Target, run};
use super::laws::law;
use super::text::{files, root};

pub(super) fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

const COLUMNS: [&str; 34] = [
    "id",
    "customer_id",
    "order_id",
    "email",
    "phone",
    "created",
    "time",
    "total",
    "currency",
    "quantity",
    "product",
    "event",
    "value",
    "consent_email_marketing",
    "consent_email_marketing_at",
    "birthday",
    "tags",
    ",",
    ";",
    "\"",
    "\"\"",
    "\n",
    "\r\n",
    "yes",
    "no",
    "2026-11-21T10:00:00Z",
    "2026-11-21 10:00",
    "EUR",
    "{\"id\": 1}",
    "null",
    "[",
    "}",
    "1e400",
    "\\u0000",
];

/// Each file as it is, read as any of the three kinds, as a file and as a body.
fn import_holds(input: &[u8]) -> Result<u64, String> {
    let mut answer = 0;
    for kind in [Kind::Customers, Kind::Orders, Kind::Events, Kind::Suppressions] {
        let told = Told { event: Some("visit".into()), ..Told::default() };
        let mut world = World::default();
        if let Ok(done) = world.import(kind, "any.csv", input, &told) {
            let summary = done.summary;
            let rejected: u64 = summary.rejects.values().map(|reject| reject.count).sum();
            answer = answer * 31 + u64::from(summary.accepted_rows > 0) + 2 * summary.rejects.len() as u64;
            law!(summary.accepted_rows <= summary.rows, "more taken than there were");
            law!(summary.accepted_rows + rejected >= summary.rows, "a row was lost without a word");
            law!(
                done.rejects.len()
                    <= 12 * input.len()
                        + 4_000 * (usize::try_from(summary.rows).unwrap_or(usize::MAX / 8_000) + 1),
                "endless rejects"
            );
            let before = world.clone();
            world.import(kind, "any.csv", input, &told).map_err(|error| format!("a second time: {error}"))?;
            law!(world == before, "a second import of the same changed something");
        }
        body(kind, input, &told)?;
    }
    Ok(answer)
}

fn body(kind: Kind, input: &[u8], told: &Told) -> Result<(), String> {
    let Ok(mut rows) = open_body(input) else { return Ok(()) };
    let mut writer = RejectWriter::new(Vec::new()).map_err(|error| error.to_string())?;
    let mut rejects = |reject: &cvmd::ingest::Reject| writer.write(reject).unwrap();
    let mut report = Report::new(kind, "body", &mut rejects);
    match kind {
        Kind::Customers => drop(read_customers(&mut *rows, &told.options(), &mut report)),
        Kind::Orders => drop(read_orders(&mut *rows, &told.options(), &mut report)),
        Kind::Events => drop(read_events(&mut *rows, &told.options(), &mut report)),
        Kind::Suppressions => drop(read_suppressions(&mut *rows, &told.options(), &mut report)),
    }
    Ok(())
}

#[test]
fn any_file_of_data_is_imported_or_refused() {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for folder in ["tests/ingest/cases", "tests/corpus/data", "examples"] {
        seeds.extend(files(folder, &["csv", "ndjson"]).into_iter().map(|(_, text)| text.into_bytes()));
    }
    seeds.push(b"[{\"id\":1,\"email\":\"a@b.example\"},{\"id\":\"2\"}]".to_vec());
    run(&Target { name: "data", seeds, words: texts(&COLUMNS), share: 40, hold: import_holds });
}

fn configuration_holds(input: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(input);
    match Config::parse(&text, Path::new("/etc/cvmd/cvmd.toml"), &Environment::default()) {
        Ok(config) => Ok(1 + config.warnings.len() as u64),
        Err(error) => {
            law!(!error.problems.is_empty(), "refused without a word");
            let said = error.to_string();
            law!(said.len() <= 4 * input.len() + 2_000 * error.problems.len(), "{} bytes said", said.len());
            Ok(100 + error.problems.len() as u64)
        }
    }
}

#[test]
fn any_configuration_is_read_or_refused() {
    let mut seeds: Vec<Vec<u8>> = vec![Vec::new()];
    for text in [files("src/cli/init", &["toml"]), files("systemd", &["md", "service"])].concat() {
        seeds.push(text.1.into_bytes());
    }
    for (_, text) in files("docs", &["md"]).into_iter().filter(|(path, _)| path.contains("configuration")) {
        // The examples, each a file.
        seeds.extend(text.split("\n\n").filter(|part| part.contains(" = ")).map(|part| {
            let lines: Vec<&str> =
                part.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
            lines.join("\n").into_bytes()
        }));
    }
    let words = texts(&[
        "[listen]",
        "[daemon]",
        "[email]",
        "[secrets]",
        "[webhooks]",
        "[sandbox]",
        "[x]",
        "tick",
        "url",
        "public",
        "admin",
        "from",
        "transport",
        "directory",
        "allow",
        "=",
        "\"60s\"",
        "\"smtp\"",
        "\"unix:a\"",
        "true",
        "[]",
        "\"smtp://u:p@h:99999\"",
        "\"-1s\"",
        "9223372036854775808",
        "{",
        "1979-05-27",
        "nan",
        "\"\"\"",
        "'",
        "[[email]]",
        "\"99999999999999999999d\"",
        "\"::1\"",
        "rules",
        "data",
    ]);
    run(&Target { name: "configuration", seeds, words, share: 15, hold: configuration_holds });
}

fn request_holds(input: &[u8]) -> Result<u64, String> {
    let Ok(request) = serde_json::from_slice::<Request>(input) else { return Ok(0) };
    let written = serde_json::to_vec(&request).map_err(|error| error.to_string())?;
    let again: Request =
        serde_json::from_slice(&written).map_err(|error| format!("is not read back: {error}"))?;
    law!(again == request, "is read back as another");
    Ok(request.label().len() as u64)
}

#[test]
fn any_request_is_read_or_refused() {
    let seeds: Vec<Vec<u8>> = [
        r#"{"request":"status"}"#,
        r#"{"request":"pause","scope":"rule winback","queued":"hold"}"#,
        r#"{"request":"evaluate","at":1795255200000,"rules":["a"],"limit":5}"#,
        r#"{"request":"explain","customer":"c1","rule":null,"at":null}"#,
        r#"{"request":"outbox_list","state":"in doubt","rule":null,"limit":10}"#,
        r#"{"request":"import","files":[{"kind":"orders","name":"a.csv","path":"x"}],"map":[["a","b"]],"event":null,"total":"per-line","rejects":null}"#,
        r#"{"request":"store_export","file":"x"}"#,
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    let words = texts(&[
        "\"request\"",
        "\"stop\"",
        "\"reload\"",
        "null",
        "{}",
        "[",
        "\"",
        ":",
        ",",
        "1e999",
        "-1",
        "\"at\"",
    ]);
    run(&Target { name: "requests", seeds, words, share: 5, hold: request_holds });
}

/// The records of the golden files, a file at a time.
pub(super) fn records() -> Vec<Vec<(Vec<u8>, Vec<u8>)>> {
    let bytes = |hex: &str| -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    };
    let read = |text: String| {
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        pairs.filter(|(_, value)| *value != "-").map(|(key, value)| (bytes(key), bytes(value))).collect()
    };
    assert!(root().join("tests/store/golden").is_dir());
    files("tests/store/golden", &["hex"]).into_iter().map(|(_, text)| read(text)).collect()
}

/// A key's length, the key, a format byte, a body; what a checksum would refuse is sealed anew, so
/// that the reading behind it is met.
// A target answers with a result; what is read of a record never breaks a law, but may panic.
#[allow(clippy::unnecessary_wraps)]
fn record_holds(input: &[u8]) -> Result<u64, String> {
    let Some((&length, rest)) = input.split_first() else { return Ok(0) };
    let Some((key, rest)) = rest.split_at_checked(usize::from(length)) else { return Ok(0) };
    let Some((&format, body)) = rest.split_first() else { return Ok(0) };
    if key.is_empty() || key.len() > 200 || body.len() > 4_000 {
        return Ok(0);
    }
    let store = Memory::new();
    for value in [codec::encode_raw(format, body), body.to_vec()] {
        let mut batch = Batch::default();
        batch.put(key.to_vec(), value);
        store.commit(batch).wait().unwrap();
        read_all(&store);
    }
    Ok(u64::from(format) << 16 | u64::from(*key.get(1).unwrap_or(&0)))
}

/// Everything that a start or a command reads.
pub(super) fn read_all(store: &dyn Store) {
    let _ = (control::pauses(store), control::last_tick(store), control::hold(store), control::loads(store));
    let _ = (control::channels(store), meta::identity(store), ledger::next(store), deeds::next(store));
    let _ =
        (rules::numbers(store), rules::first_names(store), rules::active(store), memories::memories(store));
    let _ = (movement::tracks(store), movement::places(store, 0), movement::looked(store));
    let _ = customers::profiles(store).filter_map(Result::ok).count();
    let _ = events::arrivals(store).filter_map(Result::ok).count()
        + events::timers(store).filter_map(Result::ok).count();
    let _ = deeds::deeds(store).filter_map(Result::ok).count()
        + ledger::contacts(store).filter_map(Result::ok).count();
    let _ = messages::open_messages(store).filter_map(Result::ok).count();
    let _ = messages::taken_back(store).filter_map(Result::ok).count();
    for run in runs::runs(store).filter_map(Result::ok) {
        let _ = runs::recipients(store, run.rule, run.at);
    }
    for set in rules::rule_sets(store).filter_map(Result::ok) {
        let _ = rules::rule_set(store, set.hash);
    }
    for number in [0, 0x0001_0203] {
        let customer = cvmd::model::CustomerNumber(number);
        let _ = (customers::profile(store, customer), customers::orders(store, customer));
        let _ = (customers::changes(store, customer), events::events(store, customer));
    }
}

#[test]
fn any_record_is_read_or_named() {
    let seed = |(key, value): (Vec<u8>, Vec<u8>)| {
        let mut seed = vec![u8::try_from(key.len()).unwrap()];
        seed.extend(&key);
        seed.extend(value.first());
        seed.extend(value.get(codec::HEADER..).unwrap_or(&[]));
        seed
    };
    let seeds = records().into_iter().flatten().map(seed).collect();
    run(&Target { name: "records", seeds, words: Vec::new(), share: 15, hold: record_holds });
}
