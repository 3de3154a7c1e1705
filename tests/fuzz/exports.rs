//! Exports that were changed: refused where a checksum says so, and where every checksum was made
//! anew, restored into a store that everything can be asked about.

use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cvmd::daemon::{Engine, LeftInStore};
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::record::codec;
use cvmd::ruleset::RuleSet;
use cvmd::store::transfer::{export, import, verify};
use cvmd::store::{Batch, Memory, Store};
use serde_json::Value;

use crate::daemon::engine;

use super::driver::{Target, run};
use super::foreign::{read_all, records, texts};
use super::laws::law;

/// Something of everything that a store keeps.
const RULES: &str = "attribute plan choice free < pro\nattribute won yes/no set by rules\nevent visit\n  value number\n\
    policy house\n  at most 2 emails per customer per day\n  quiet hours 21:00 to 08:30 customer time\n\
    message offer\n  email marketing\n  subject \"x\"\n  text \"y\"\n\
    rule now_and_then when clv > 5 then send offer\n\
    rule moved when plan becomes pro then send offer\n\
    rule wins when clv > 100 then set won to yes\n\
    rule after_visit\n  on visit, after 2 hours\n  when clv > 5\n  then send offer\n\
    rule daily\n  every day at 09:00\n  when plan = free\n  at most once per 3 days\n  then send offer\n";

static SET: LazyLock<RuleSet> = LazyLock::new(|| engine::rules(&[("all.rules", RULES)]));

const PEOPLE: &str = "id,email,clv,plan,time_zone,consent_email_marketing\n\
    ana,ana@shop.example,820,free,Europe/Madrid,yes\nbob,bob@shop.example,8,pro,,no\n\
    cy,ANA@shop.example,82,free,Asia/Tokyo,yes\n";
const VISITS: &str = "id,customer_id,time,event,value\n1,ana,2026-11-23T08:00:30Z,visit,5\n";

/// What a daemon left that had something of everything to do.
fn lived() -> Memory {
    let store = Arc::new(Memory::new());
    let now = engine::NOW;
    let mut daemon = engine::engine(Arc::clone(&store) as Arc<dyn Store>);
    daemon.activate(SET.clone(), now).unwrap();
    engine::import(&mut daemon, Kind::Customers, PEOPLE, now);
    daemon.tick(now).unwrap();
    let later = now.plus(Duration::seconds(60));
    engine::import(&mut daemon, Kind::Events, VISITS, later);
    daemon.fire_events(later).unwrap();
    engine::import(&mut daemon, Kind::Customers, &PEOPLE.replace("820,free", "820,pro"), later);
    daemon.tick(later).unwrap();
    daemon.tick(now.plus(Duration::days(1))).unwrap();
    drop(daemon);
    store.crash()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// Lines with every checksum made anew, and the numbers at both ends; with `records` those within the
/// values, too. Nothing where too little is left to be an export.
fn sealed(input: &[u8], records: bool) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(input).ok()?;
    let objects: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let (mut header, rest) = objects.split_first().map(|(first, rest)| (first.clone(), rest))?;
    let mut kept: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for line in rest {
        let (Some(key), Some(value)) = (line["key"].as_str(), line["value"].as_str()) else { continue };
        let (Some(key), Ok(value)) = (bytes(key), STANDARD.decode(value)) else { continue };
        kept.push((key, if records { renewed(&value) } else { value }));
    }
    // What was moved or doubled is a mistake of its own, which the lines as they are show.
    if records {
        kept.sort();
        kept.dedup_by(|one, other| one.0 == other.0);
    }
    header.as_object_mut()?.insert("records".into(), kept.len().into());
    let header = header.to_string();
    let mut sum = crc32fast::hash(header.as_bytes());
    let mut sealed = header + "\n";
    for (key, value) in &kept {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&sum.to_be_bytes());
        hasher.update(&(key.len() as u64).to_be_bytes());
        hasher.update(key);
        hasher.update(value);
        sum = hasher.finalize();
        let line = serde_json::json!({
            "key": codec::hex(key), "value": STANDARD.encode(value), "sum": format!("{sum:08x}"),
        });
        sealed += &format!("{line}\n");
    }
    sealed += &format!("{{\"end\":{},\"sum\":\"{sum:08x}\"}}\n", kept.len());
    Some(sealed.into_bytes())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// A record's bytes with the checksum that they now need.
fn renewed(value: &[u8]) -> Vec<u8> {
    match (value.first(), value.get(codec::HEADER..)) {
        (Some(format), Some(body)) => codec::encode_raw(*format, body),
        _ => value.to_vec(),
    }
}

fn hold(input: &[u8]) -> Result<u64, String> {
    let mut answer = 0;
    let files = [Some(input.to_vec()), Some(packed(input))]
        .into_iter()
        .chain([false, true].map(|records| sealed(input, records).map(|text| packed(&text))));
    for (which, file) in files.flatten().enumerate() {
        answer |= restored(&file)? << (16 * which.min(3));
    }
    Ok(answer)
}

/// Takes a file over where it may be; what was said of it, as a number.
fn restored(file: &[u8]) -> Result<u64, String> {
    let verified = verify(file);
    let store = Arc::new(Memory::new());
    let imported = import(&*store, file, Instant(5));
    match (&verified, &imported) {
        (Ok(one), Ok(other)) => law!(one == other, "verified {one:?}, imported {other:?}"),
        (Err(error), Err(_)) => {
            let said = error.to_string();
            law!(said.len() < 2_000, "a long word: {said}");
            // By what is wrong, not by where.
            let kind: String = said.chars().filter(|c| !c.is_ascii_digit()).take(60).collect();
            return Ok(u64::from(crc32fast::hash(kind.as_bytes()) & 0xffff) | 1);
        }
        _ => return Err(format!("verified {verified:?}, imported {imported:?}")),
    }
    read_all(&*store);
    again(&store)?;
    Ok(2 + 2 * started(store))
}

/// What was restored is exported as the same records, but for the hold that it was put on.
fn again(store: &Memory) -> Result<(), String> {
    let mut file = Vec::new();
    export(store, &mut file, Instant(5)).map_err(|error| format!("is not exported: {error}"))?;
    let other = Memory::new();
    import(&other, &*file, Instant(5)).map_err(|error| format!("is not restored again: {error}"))?;
    let all = |store: &Memory| store.scan(&[], &[]).collect::<Result<Vec<_>, _>>();
    law!(all(store) == all(&other), "is restored as something else");
    Ok(())
}

/// Starts a daemon on it: how far it comes. It stays on hold.
fn started(store: Arc<Memory>) -> u64 {
    let Ok(mut daemon) = Engine::open(store as Arc<dyn Store>, Arc::new(LeftInStore)) else { return 0 };
    let now = engine::NOW.plus(Duration::days(2));
    if daemon.activate(SET.clone(), now).is_err() {
        return 1;
    }
    let _ = daemon.status(now);
    let _ = daemon.explain("ana", None, now, now);
    match daemon.tick(now) {
        Ok(report) => 3 + u64::from(report.on_hold),
        Err(_) => 2,
    }
}

fn exported(store: &Memory) -> [Vec<u8>; 2] {
    let mut file = Vec::new();
    export(store, &mut file, Instant(0)).unwrap();
    [zstd::decode_all(&*file).unwrap(), file]
}

#[test]
fn any_export_is_restored_or_refused() {
    let mut seeds: Vec<Vec<u8>> = exported(&lived()).into();
    for records in records() {
        let (store, mut batch) = (Memory::new(), Batch::default());
        for (key, value) in records {
            batch.put(key, value);
        }
        store.commit(batch).wait().unwrap();
        seeds.extend(exported(&store));
    }
    let words = [
        "\"key\"",
        "\"value\"",
        "\"sum\"",
        "\"end\"",
        "{",
        "}",
        "AAAA",
        "gICAgAg",
        "/////w8",
        "00",
        "ff",
        "\n",
    ];
    run(&Target { name: "exports", seeds, words: texts(&words), share: 40, hold });
}

/// What is sealed anew is read to its end: else nothing behind the checksums would be met.
#[test]
fn an_export_sealed_anew_is_restored() {
    let [text, file] = exported(&lived());
    assert_eq!(restored(&file), Ok(2 + 2 * 4));
    let mut changed = String::from_utf8(text).unwrap();
    let sum = changed.find("\"sum\":\"").unwrap() + "\"sum\":\"".len();
    let other = if changed[sum..].starts_with('0') { "1" } else { "0" };
    changed.replace_range(sum..=sum, other);
    let changed = changed.into_bytes();
    assert_eq!(restored(&packed(&changed)).map(|said| said & 1), Ok(1));
    for records in [false, true] {
        assert_eq!(restored(&packed(&sealed(&changed, records).unwrap())), Ok(2 + 2 * 4));
    }
}
