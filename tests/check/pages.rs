//! The pages that `explain` prints: their examples do what they say.

use cvmd::check::{Checked, Files};
use cvmd::diagnostic::Code;

use super::human::human;
use super::tree::checked;

/// Pages whose examples are no rules: names of files, what a store remembers, lines of a template's
/// file, lists too long for a page. Their golden pairs show them.
const OTHERWISE: [&str; 15] = [
    "E090", "E102", "E122", "E123", "E416", "E501", "E503", "E504", "E505", "E510", "W104", "W105", "E311",
    "E502", "W119",
];

/// What the examples name.
const SHOP: &str = "\
attribute discount percent
event basket
  value money
message hello
  email marketing
  subject \"Hello\"
  text \"Hello\"
";
const WORKSPACE: &str = "workspace shop\n  currency EUR\n";
const CRM: &str = "webhook crm\n  post \"https://crm.shop.example/v1/touch\"\n";
const VIPS: &str = "audience vip_online when clv > 500 EUR\n";

const ITEMS: [&str; 10] =
    ["workspace", "attribute", "event", "segments", "audience", "message", "webhook", "policy", "rule", "#"];

/// The indented example below a heading.
fn example(page: &str, heading: &str) -> String {
    let after = page.split_once(heading).expect("the heading").1;
    let lines = after.lines().skip(1).take_while(|line| !line.starts_with("## "));
    let body: Vec<&str> = lines.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    body.join("\n").trim_matches('\n').to_owned()
}

/// A page shows what matters: the lines around it are added.
fn whole(example: &str) -> String {
    let first = example.split_whitespace().next().unwrap_or("");
    let values = ["sum(", "count("].iter().any(|start| example.starts_with(start));
    if ITEMS.contains(&first) {
        return example.to_owned();
    }
    if ["currency", "time"].contains(&first) {
        return format!("workspace shop\n  {example}");
    }
    if example.contains("per customer") {
        return format!("policy house\n  {example}");
    }
    let rule = |name: usize, text: &str| {
        let has = |word: &str| text.lines().any(|line| line.split_whitespace().next() == Some(word));
        let mut lines: Vec<String> = text.lines().map(|line| format!("  {}", line.trim_start())).collect();
        if !has("when") && !text.contains(" when ") {
            lines.insert(0, "  when orders > 3".into());
        }
        if !text.contains("then ") {
            lines.push("  then send offer".into());
        }
        format!("rule example_{name}\n{}\n", lines.join("\n"))
    };
    if values {
        return example.lines().enumerate().map(|(n, line)| rule(n, &format!("when {line} > 1"))).collect();
    }
    // Several conditions are several rules.
    if first == "when" && example.lines().all(|line| line.starts_with("when ") && !line.contains("then ")) {
        return example.lines().enumerate().map(|(n, line)| rule(n, line)).collect();
    }
    if first == "when" && example.lines().all(|line| line.contains("then ")) {
        return example.to_owned();
    }
    rule(0, example)
}

fn check(example: &str) -> Checked {
    let mut files = Files::new();
    let text = whole(example);
    files.insert("case.rules", format!("{text}\n"));
    let mut shop = SHOP.to_owned();
    for (word, item) in [("workspace", WORKSPACE), ("webhook crm", CRM), ("audience vip_online", VIPS)] {
        if !text.lines().any(|line| line.starts_with(word)) {
            shop += item;
        }
    }
    files.insert("shop.rules", shop);
    for name in ["offer", "welcome_mail", "reminder_mail"] {
        files.insert(format!("messages/{name}.html"), "<title>For you</title><p>Come back.</p>");
    }
    let mut checked = checked(&files);
    checked.diagnostics.append(&mut checked.advice);
    // What surrounds the example is not its matter.
    let case = |path: &str| path == "case.rules";
    let sources = checked.sources.clone();
    checked.diagnostics.retain(|found| case(sources.path(found.span.file)));
    checked
}

#[test]
fn a_wrong_example_has_its_mistake_and_the_right_one_has_not() {
    let mut wrong = Vec::new();
    for code in Code::ALL.iter().filter(|code| code.number() > "E089" && !OTHERWISE.contains(&code.number()))
    {
        let says = |checked: &Checked| checked.diagnostics.iter().any(|found| found.code == *code);
        let bad = check(&example(code.page(), "## Wrong"));
        if !says(&bad) {
            wrong.push(format!(
                "{} is not said of\n{}\n{}",
                code.number(),
                whole(&example(code.page(), "## Wrong")),
                human(&bad)
            ));
        }
        let good = check(&example(code.page(), "## Right"));
        let errors = good.diagnostics.iter().any(|found| found.code.number().starts_with('E'));
        if says(&good) || errors {
            wrong.push(format!("{} is wrong on its right side\n{}", code.number(), human(&good)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
