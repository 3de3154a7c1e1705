//! `docs/openapi.json` is what the program serves.

use std::fs;
use std::path::Path;

use cvmd::ingest::RejectCode;
use cvmd::serve::openapi;
use serde_json::Value;

fn document() -> Value {
    openapi(&RejectCode::ALL.map(RejectCode::as_str))
}

#[test]
fn the_page_is_what_the_program_serves() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let written = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &written).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == written, "docs/openapi.json is another: UPDATE_EXPECT=1 writes it, then read the diff");
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, document: &Value, seen: &mut usize) {
        match value {
            Value::Object(map) => {
                if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                    let place = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(place).is_some(), "`{reference}` leads nowhere");
                    *seen += 1;
                }
                map.values().for_each(|value| walk(value, document, seen));
            }
            Value::Array(list) => list.iter().for_each(|value| walk(value, document, seen)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let (document, mut seen) = (document(), 0);
    walk(&document, &document, &mut seen);
    assert!(seen > 30, "{seen}");
}

#[test]
fn the_limits_are_those_of_what_is_taken() {
    let schemas = &document()["components"]["schemas"];
    assert_eq!(schemas["Id"]["anyOf"][1]["maxLength"], cvmd::ingest::MAX_ID_BYTES);
    assert_eq!(schemas["Word"]["anyOf"][1]["maxLength"], cvmd::ingest::MAX_TEXT_BYTES);
}
