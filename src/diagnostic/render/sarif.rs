//! SARIF 2.1.0, which code hosts show beside the code.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Code, Diagnostic, Fix, Position, Severity, Sources, Span};

pub(super) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let codes: BTreeSet<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code)).collect();
    let results: Vec<Value> =
        diagnostics.iter().map(|diagnostic| result(sources, diagnostic, &codes)).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cvmd",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            // Columns are characters, not UTF-16 units, which is SARIF's default.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// A code with its page.
fn rule(code: Code) -> Value {
    let page = code.page();
    let headline = page.lines().next().unwrap_or("").trim_start_matches("# ");
    let headline = headline.split_once(": ").map_or(headline, |(_, words)| words);
    json!({
        "id": code.number(),
        "name": code.lint().unwrap_or(code.number()),
        "shortDescription": {"text": headline},
        "help": {"text": page, "markdown": page},
    })
}

fn result(sources: &Sources, diagnostic: &Diagnostic, codes: &[Code]) -> Value {
    let text = if diagnostic.why.is_empty() {
        diagnostic.message.clone()
    } else {
        format!("{}: {}", diagnostic.message, diagnostic.why)
    };
    let mut result = json!({
        "ruleId": diagnostic.code.number(),
        "level": level(diagnostic),
        "message": {"text": text},
        "locations": [{"physicalLocation": {
            "artifactLocation": artifact(sources, diagnostic.span),
            "region": region(sources, diagnostic.span),
        }}],
    });
    if let Some(index) = codes.iter().position(|code| *code == diagnostic.code) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(fix) = &diagnostic.fix {
        result["fixes"] = json!([fix_object(sources, fix)]);
    }
    result
}

/// What SARIF calls how bad it is.
const fn level(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

fn fix_object(sources: &Sources, fix: &Fix) -> Value {
    json!({
        "description": {"text": super::fix_name(fix)},
        "artifactChanges": [{
            "artifactLocation": artifact(sources, fix.span),
            "replacements": [{
                "deletedRegion": region(sources, fix.span),
                "insertedContent": {"text": fix.replacement},
            }],
        }],
    })
}

/// A file as a URI reference: what is no plain character of a path is escaped.
fn artifact(sources: &Sources, span: Span) -> Value {
    use std::fmt::Write as _;

    let mut uri = String::new();
    for byte in sources.path(span.file).bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    json!({"uri": uri})
}

fn region(sources: &Sources, span: Span) -> Value {
    let place = Position::of(sources, span);
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}
