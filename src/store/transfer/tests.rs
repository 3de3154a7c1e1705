use std::io::Write;

use super::*;
use crate::store::{Batch, Memory, Store};

fn memory(records: u16) -> Memory {
    let store = Memory::new();
    for n in 0..records {
        let [high, low] = n.to_be_bytes();
        let mut batch = Batch::default();
        batch.put(vec![0, 2, 0, 0, high, low], vec![low; usize::from(low)]);
        store.commit(batch).wait().unwrap();
    }
    store
}

fn exported(store: &Memory) -> Vec<u8> {
    let mut bytes = Vec::new();
    export(store, &mut bytes, Instant(0)).unwrap();
    bytes
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn each_edit_of_a_line_is_found_where_it_stands() {
    let bytes = exported(&memory(4));
    let text = String::from_utf8(zstd::decode_all(&*bytes).unwrap()).unwrap();
    assert_eq!(verify(&*packed(&text)).unwrap(), Summary { taken: Instant(0), records: 5, customers: 4 });
    let lines: Vec<&str> = text.lines().collect();
    let place = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut edited = lines.iter().map(|line| (*line).to_owned()).collect();
        edit(&mut edited);
        let text = edited.join("\n") + "\n";
        match verify(&*packed(&text)) {
            Err(TransferError::Damaged(line, _)) => line,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(place(&|lines| lines[0] = lines[0].replace("\"customers\":4", "\"customers\":5")), 2);
    assert_eq!(place(&|lines| lines[3] = lines[3].replace("0001", "0009")), 4);
    assert_eq!(place(&|lines| drop(lines.remove(2))), 3);
    assert_eq!(place(&|lines| lines.swap(3, 4)), 4);
    assert_eq!(place(&|lines| lines.insert(3, lines[2].clone())), 4);
    assert_eq!(place(&|lines| lines.truncate(4)), 5);
    assert_eq!(place(&|lines| lines[6] = lines[6].replace("\"end\":5", "\"end\":6")), 7);
    assert_eq!(place(&|lines| lines.push("{}".into())), 8);
    assert_eq!(place(&|lines| lines[0] = "id,email".into()), 1);
}

#[test]
fn each_cut_and_each_flipped_byte_of_the_file_is_refused() {
    let bytes = exported(&memory(20));
    for length in 0..bytes.len() {
        assert!(verify(&bytes[..length]).is_err(), "cut to {length} of {}", bytes.len());
    }
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        if let Ok(summary) = verify(&*changed) {
            // Bits that zstd leaves unused say nothing.
            assert_eq!(summary, verify(&*bytes).unwrap(), "byte {place}");
        }
    }
}

#[test]
fn a_newer_format_is_no_damage() {
    let text = String::from_utf8(zstd::decode_all(&*exported(&memory(1))).unwrap()).unwrap();
    let newer = packed(&text.replacen("\"format\":1", "\"format\":2", 1));
    assert!(matches!(verify(&*newer), Err(TransferError::Newer(_))));
}

#[test]
fn a_store_in_use_is_left_alone_and_half_an_import_does_not_open() {
    let bytes = exported(&memory(2_000));
    let used = memory(1);
    assert!(matches!(import(&used, &*bytes, Instant(5)), Err(TransferError::NotEmpty)));
    assert_eq!(exported(&used), exported(&memory(1)));
    let half = Memory::new();
    assert!(import(&half, &bytes[..bytes.len() - 20], Instant(5)).is_err());
    assert!(half.scan(&[], &[]).count() > 300);
    assert!(matches!(crate::store::tables::meta::prepare(&half), Err(StoreError::Corrupt(_))));
}
