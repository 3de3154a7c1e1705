//! A person of a real shop's file, from the import to the last byte: the real `cvmd`, with its daemon.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::Value;

use crate::crash::shop::{RULES, Shop};

/// The file; none, said loudly, where it is absent and nobody demands it.
fn cdnow() -> Option<PathBuf> {
    let name = "cdnow_sample_transactions.csv.gz";
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let path = std::env::var_os("CVMD_TEST_DATA").map_or_else(beside, PathBuf::from).join(name);
    if path.is_file() {
        return Some(path);
    }
    let demanded = std::env::var("CVMD_PEERS").is_ok_and(|value| value == "1");
    assert!(!demanded, "{} is demanded", path.display());
    eprintln!("\n*** NOT TESTED: {} ***\n", path.display());
    None
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

/// The files below a folder in which a text stands.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(bytes) = fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path);
        }
    }
    found
}

/// Everything in an export of the store, unpacked: keys and values.
fn unpacked(path: &Path) -> Vec<u8> {
    let mut text = String::new();
    zstd::stream::read::Decoder::new(fs::File::open(path).unwrap())
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let mut all = Vec::new();
    for line in text.lines().map(json) {
        if let Some(value) = line["value"].as_str() {
            all.extend(base64::engine::general_purpose::STANDARD.decode(value).unwrap());
        }
    }
    all
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_thousand_is_erased_and_no_byte_of_them_is_left() {
    let Some(file) = cdnow() else { return };
    let shop = Shop::new(RULES).await;
    let file = file.to_str().unwrap();
    let import =
        ["import", "orders", file, "--map", "date=time", "--map", "amount=total", "--map", "n_cds=quantity"];
    shop.must(&import);
    let customers: Vec<String> = {
        let matches = json(&shop.must(&["evaluate", "--rule", "receipts", "--format", "json"]));
        let ids = matches["rules"][0]["customer_ids"].as_array().unwrap();
        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(customers.len(), 2_357);
    let (one, other) = (&customers[1_000], &customers[1_001]);
    let email = "The.One@person.example";
    shop.write("people.csv", &format!("id,email,consent_email_marketing\n{one},{email},yes\n"));
    let people = shop.path("people.csv");
    let people = people.to_str().unwrap();
    shop.must(&["import", "customers", people]);
    let held = json(&shop.must(&["customer", "export", one]));
    let orders = held["orders"].as_array().unwrap().len();
    assert!(orders > 0 && held["profile"]["values"]["email"] == email, "{held}");
    let by_email = shop.must(&["customer", "show", &email.to_lowercase()]);
    assert!(by_email.starts_with(&format!("customer {one}\n")), "{by_email}");
    let before = shop.must(&["customer", "export", other]);

    let mut daemon = shop.run().await;
    // The others have no consent, and their receipts are held: so many at once are above the limit.
    let arrived = async || (!shop.mail.taken().is_empty()).then_some(());
    crate::crash::shop::patiently("the one gets an offer", arrived).await;
    let asked = shop.cli(&["customer", "erase", one]);
    assert_eq!(asked.status.code(), Some(2), "nobody is there to say that it is meant");
    let said = shop.must(&["customer", "erase", one, "--yes"]);
    assert!(said.contains("is erased"), "{said}");
    let status = shop.status().await.unwrap();
    assert_eq!((status.customers, status.orders), (2_356, 6_919 - orders as u64));

    let mut again = import.to_vec();
    again.extend(["--format", "json"]);
    let summary = &json(&shop.must(&again))["files"][0]["summary"];
    assert_eq!(summary["erased_rows"], orders, "{summary}");
    assert_eq!((&summary["orders_added"], &summary["new_customers"]), (&0.into(), &0.into()), "{summary}");
    let summary = shop.must(&["import", "customers", people]);
    assert!(summary.contains("erased  1  line 2"), "{summary}");

    shop.must(&["store", "export", shop.path("after.zst").to_str().unwrap()]);
    let exported = unpacked(&shop.path("after.zst"));
    assert!(!has(&exported, email) && exported.len() > 100_000);
    let refused = shop.cli(&["store", "compact"]);
    assert_eq!(refused.status.code(), Some(2), "while the daemon has the store");
    assert!(daemon.terminate().await.success());
    shop.must(&["store", "compact"]);
    assert_eq!(files_with(&shop.path("data"), email), Vec::<PathBuf>::new(), "in the store's files");
    assert!(!daemon.log().contains(email) && !daemon.log().contains("person.example"), "in the log");

    let after = json(&shop.must(&["customer", "export", other]));
    let before = json(&before);
    for part in ["profile", "changes", "orders", "events", "suppressions"] {
        assert_eq!(before[part], after[part], "{part}");
    }
    // The tombstone holds in a store that was made of the export.
    shop.write("cvmd.toml", &shop.read("cvmd.toml").replace("data = \"data\"", "data = \"restored\""));
    shop.must(&["store", "import", shop.path("after.zst").to_str().unwrap()]);
    let summary = shop.must(&["import", "customers", people]);
    assert!(summary.contains("erased  1  line 2"), "{summary}");
    assert_eq!(files_with(&shop.path("restored"), email), Vec::<PathBuf>::new());
}
