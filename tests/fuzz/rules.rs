//! Rule files, read alone.

use super::driver::{Target, run};
use super::laws;
use super::text::{items, rule_files, words};

fn hold(input: &[u8]) -> Result<u64, String> {
    laws::file(&String::from_utf8_lossy(input))
}

#[test]
fn any_rule_file_is_answered() {
    // Item by item: what is short is read, and so varied, more often.
    let seeds =
        rule_files().iter().flat_map(|(_, text)| items(text)).map(|item| item.as_bytes().to_vec()).collect();
    run(&Target { name: "rules", seeds, words: words(), share: 100, hold });
}
