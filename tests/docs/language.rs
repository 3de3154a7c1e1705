//! `docs/language.md`: every `rules` block is checked by the program.

use cvmd::check::{Files, Options, check};
use cvmd::diagnostic::{FileId, Severity};
use cvmd::model::Date;

use super::{blocks, page};

/// 2026-11-24.
const TODAY: Date = Date(20_781);

/// Messages that the blocks send without declaring them.
const BODIES: [&str; 4] = ["offer", "hello", "thank_you", "winback_price"];

fn codes(text: &str) -> Vec<String> {
    let mut files = Files::new();
    files.insert("page.rules", text.as_bytes());
    for name in BODIES {
        files.insert(format!("messages/{name}.html"), "<title>Hello</title><p>Hello</p>".as_bytes());
    }
    let checked = check(&files, &Options { commit: "unknown", today: TODAY });
    let errors = checked.diagnostics.iter().filter(|found| found.code.severity() == Severity::Error);
    errors.map(|found| found.code.number().to_owned()).collect()
}

/// A block alone says what it shows; what is the same in all of them is added.
fn complete(text: &str) -> String {
    let mut whole = text.to_owned();
    let has = |word: &str| text.lines().any(|line| line.starts_with(word));
    if !has("workspace") {
        whole += "workspace\n  currency EUR\n";
    }
    if text.contains("call crm") && !has("webhook crm") {
        whole += "webhook crm\n  post \"https://crm.shop.example/v1/touch\" signed with secret crm_key\n";
    }
    whole
}

#[test]
fn every_snippet_means_what_is_said_of_it() {
    let blocks = blocks(&page("language.md"), "rules");
    assert!(blocks.len() > 10, "looked at the wrong place");
    let mut wrong = Vec::new();
    for block in blocks {
        let expected =
            block.text.lines().last().and_then(|line| line.strip_prefix("# error ")).map(str::to_owned);
        let found = codes(&complete(&block.text));
        let fits = match &expected {
            Some(code) => found == [code.clone()],
            None => found.is_empty(),
        };
        if !fits {
            wrong.push(format!("docs/language.md:{}: expected {expected:?}, found {found:?}", block.line));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_snippet_has_the_one_layout() {
    let file = FileId(0);
    let mut wrong = Vec::new();
    for block in blocks(&page("language.md"), "rules") {
        // What is wrong in its spelling has no layout.
        if let Ok(formatted) = cvmd::language::format(file, &block.text)
            && formatted != block.text
        {
            wrong.push(format!("docs/language.md:{}:\n{formatted}", block.line));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
