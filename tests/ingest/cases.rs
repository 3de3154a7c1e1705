//! A folder a case: the files, `args`, and what must come out. `UPDATE_EXPECT=1` writes that anew: read
//! the difference before you commit it.

use std::fs;
use std::path::{Path, PathBuf};

use cvmd::ingest::Kind;

use super::world::{Told, World};

const FILES: [(&str, Kind); 6] = [
    ("customers.csv", Kind::Customers),
    ("customers.ndjson", Kind::Customers),
    ("orders.csv", Kind::Orders),
    ("orders.ndjson", Kind::Orders),
    ("events.csv", Kind::Events),
    ("events.ndjson", Kind::Events),
];

#[test]
fn each_case_comes_out_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ingest/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 10, "cases went missing");
    let failed: Vec<&PathBuf> = cases.iter().filter(|case| !run(case)).collect();
    assert!(failed.is_empty(), "came out otherwise: {failed:?}");
}

fn run(case: &Path) -> bool {
    let told = Told::from_args(&fs::read_to_string(case.join("args")).unwrap_or_default());
    let mut world = World::default();
    let mut summaries = Vec::new();
    let mut rejects = String::new();
    let mut texts = String::new();
    for (name, kind) in FILES {
        // `orders.csv`, then `orders-2.csv`: a second import.
        for file in [name.to_owned(), name.replacen('.', "-2.", 1)] {
            let Ok(bytes) = fs::read(case.join(&file)) else { continue };
            match world.import(kind, &file, &bytes, &told) {
                Ok(done) => {
                    let after = world.clone();
                    let again = world.import(kind, &file, &bytes, &told).unwrap();
                    assert_eq!(world, after, "{}: importing {file} again changed something", case.display());
                    let summary = again.summary;
                    let news = summary.new_customers
                        + summary.changed_customers
                        + summary.orders_added
                        + summary.events_added;
                    assert_eq!(news, 0, "{}: importing {file} again counted changes", case.display());
                    summaries.push(serde_json::to_value(&done.summary).unwrap());
                    texts += &done.summary.text();
                    // One header for all files.
                    rejects += if rejects.is_empty() {
                        &done.rejects
                    } else {
                        done.rejects.split_once('\n').unwrap().1
                    };
                }
                Err(error) => summaries.push(serde_json::json!({ "file": file, "error": error.to_string() })),
            }
        }
    }
    let expected = serde_json::json!({
        "imports": summaries,
        "customers": world.profiles.values().collect::<Vec<_>>(),
        "orders": world.orders.iter().map(|(id, orders)| (id.0.clone(), orders)).collect::<std::collections::BTreeMap<_, _>>(),
        "events": world.events.iter().map(|(id, events)| (id.0.clone(), events)).collect::<std::collections::BTreeMap<_, _>>(),
    });
    let expected = format!("{expected:#}\n");
    [("expected.json", expected), ("rejects.csv", rejects), ("summary.txt", texts)]
        .into_iter()
        .fold(true, |good, (name, text)| compare(&case.join(name), &text) && good)
}

fn compare(path: &Path, found: &str) -> bool {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, found).unwrap();
        return true;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return true;
    }
    eprintln!("--- {} expected\n{expected}\n--- found\n{found}", path.display());
    false
}
