//! docs/operations.md has a section for each alert, and the links within it lead somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::page;

fn alerts(rules: &str) -> BTreeSet<&str> {
    rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect()
}

/// The headings of a level, each with the text up to the next heading.
fn sections<'a>(page: &'a str, level: &str) -> Vec<(&'a str, &'a str)> {
    let starts = page.split('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    });
    let headings: Vec<(usize, &str)> = starts.filter(|(_, line)| line.starts_with('#')).collect();
    let ends = headings.iter().map(|(at, _)| *at).skip(1).chain([page.len()]);
    let whole = headings.iter().zip(ends).map(|(&(at, line), end)| (line, &page[at + line.len()..end]));
    whole.filter_map(|(line, text)| Some((line.strip_prefix(level)?.trim(), text))).collect()
}

#[test]
fn each_alert_has_its_section_and_no_other_has() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/alerts.yml");
    let rules = fs::read_to_string(file).unwrap();
    let page = page("operations.md");
    let said = sections(&page, "### ");
    let named: BTreeSet<&str> = said.iter().map(|(name, _)| *name).collect();
    assert!(named.len() > 5, "looked at the wrong place");
    assert_eq!(alerts(&rules), named, "docs/operations.md, below `## Alerts`: a section an alert");
    for (name, text) in said {
        // What to do, not only what it is: something to type.
        assert!(text.contains('`') && text.len() > 200, "{name}: {text}");
        let critical = rules
            .split("- alert: ")
            .any(|rule| rule.starts_with(&format!("{name}\n")) && rule.contains("severity: critical"));
        assert_eq!(text.trim_start().starts_with("*Critical.*"), critical, "{name}: how bad it is");
    }
}

#[test]
fn links_within_the_page_lead_to_its_headings() {
    let page = page("operations.md");
    let anchors: BTreeSet<String> = (page.lines().filter_map(|line| line.strip_prefix('#')))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    let linked: Vec<&str> =
        page.split("](#").skip(1).filter_map(|rest| rest.split_once(')')).map(|(anchor, _)| anchor).collect();
    assert!(linked.len() > 15, "looked at the wrong place");
    for anchor in linked {
        assert!(anchors.contains(anchor), "docs/operations.md has no heading for `#{anchor}`");
    }
}

#[test]
fn a_missing_section_is_seen() {
    assert_eq!(alerts("x\n  - alert: A\n  - alert: B\n").len(), 2);
    let found = sections("# T\n### A\n\ntext\n## Other\n### B\nmore", "### ");
    assert_eq!(found, [("A", "\n\ntext\n"), ("B", "\nmore")]);
}
