//! The five renderers over one list of diagnostics, each against its file in `render/`.

use std::path::Path;

use cvmd::diagnostic::{Applicability, Code, Diagnostic, FileId, Fix, Format, MAX_SHOWN, Sources, Span};

use super::golden::compare;

fn span(text: &str, file: FileId, piece: &str) -> Span {
    let start = text.find(piece).expect("the piece");
    let position = |at: usize| u32::try_from(at).expect("a small file");
    Span { file, start: position(start), end: position(start + piece.len()) }
}

/// Two files, an error with a fix, a warning without, a span over two lines, odd characters.
fn sample() -> (Sources, Vec<Diagnostic>) {
    let first = "rule winback\n  when clv > 500 USD\n  then send offer\n";
    let second = "rule é \"ünï\" when a = 1\n  and b = 2 or c = 3\n";
    let mut sources = Sources::default();
    let one = sources.add("rules/winback.rules", first);
    let two = sources.add("rules/a b,c:%.rules", second);
    let diagnostic = |code, message: &str, span, label: &str, why: &str, fix| Diagnostic {
        code,
        message: message.into(),
        span,
        label: label.into(),
        why: why.into(),
        fix,
    };
    let currency = span(first, one, "500 USD");
    let mixed = span(second, two, "a = 1\n  and b = 2 or c = 3");
    let found = vec![
        diagnostic(
            Code::TwoCurrencies,
            "two currencies compared",
            currency,
            "this workspace counts in EUR",
            "500 USD is another amount every day; who gets the offer would depend on it",
            Some(Fix {
                span: currency,
                replacement: "500 EUR".into(),
                applicability: Applicability::NeedsReview,
            }),
        ),
        diagnostic(
            Code::ALL.iter().copied().find(|code| code.lint().is_some()).expect("a lint"),
            "100% sure: a, b",
            span(first, one, "then send offer"),
            "",
            "because\nof this",
            None,
        ),
        diagnostic(
            Code::MixedAndOr,
            "`and` beside `or`",
            mixed,
            "two ways",
            "two readings",
            Some(Fix {
                span: mixed,
                replacement: "(a = 1\n  and b = 2) or c = 3".into(),
                applicability: Applicability::Safe,
            }),
        ),
    ];
    (sources, found)
}

#[test]
fn each_format_is_as_it_was() {
    let (sources, found) = sample();
    let mut wrong = Vec::new();
    for (name, format) in Format::ALL {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language/render/sample.x");
        let mut text = format.render(&sources, &found, false);
        if format == Format::Sarif {
            text = without_pages(&text);
        }
        wrong.extend(compare(&path, name, &text));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// SARIF without what changes with the pages and the release; that the pages are there is checked.
fn without_pages(text: &str) -> String {
    let mut document: serde_json::Value = serde_json::from_str(text).expect("a document");
    let driver = &mut document["runs"][0]["tool"]["driver"];
    assert_eq!(driver["version"], env!("CARGO_PKG_VERSION"));
    driver["version"] = "VERSION".into();
    for rule in driver["rules"].as_array_mut().expect("rules") {
        let code = Code::find(rule["id"].as_str().expect("an id")).expect("a code");
        assert_eq!(rule["help"]["markdown"], code.page());
        rule["help"] = "PAGE".into();
        rule["shortDescription"] = "HEADLINE".into();
    }
    serde_json::to_string_pretty(&document).expect("a document") + "\n"
}

#[test]
fn the_example_of_the_specification_is_rendered_to_the_letter() {
    let text = "\n\n\n\n\n\n\n\n  when clv > 500 USD\n";
    let mut sources = Sources::default();
    let file = sources.add("rules/winback.rules", text);
    let place = span(text, file, "500 USD");
    let found = Diagnostic {
        code: Code::TwoCurrencies,
        message: "two currencies compared".into(),
        span: place,
        label: "this workspace counts in EUR".into(),
        why: "500 USD is another amount every day; who gets the offer would depend on it".into(),
        fix: Some(Fix {
            span: place,
            replacement: "500 EUR".into(),
            applicability: Applicability::NeedsReview,
        }),
    };
    let expected = "\
error[E312]: two currencies compared
  --> rules/winback.rules:9:14
   |
 9 |   when clv > 500 USD
   |              ^^^^^^^ this workspace counts in EUR
   = why: 500 USD is another amount every day; who gets the offer would depend on it
   = fix (needs review): 500 EUR
";
    assert_eq!(Format::Human.render(&sources, std::slice::from_ref(&found), false), expected);
    let coloured = Format::Human.render(&sources, &[found], true);
    assert!(coloured.contains("\u{1b}["), "colour was asked for");
    assert_eq!(coloured.lines().count(), expected.lines().count());
}

#[test]
fn json_has_exactly_the_keys_that_were_promised() {
    let (sources, found) = sample();
    for line in Format::Json.render(&sources, &found, false).lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object a line");
        let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
        keys.sort_unstable();
        let promised = "code column end_column end_line file fix line message name severity why";
        assert_eq!(keys, promised.split(' ').collect::<Vec<_>>());
    }
}

#[test]
fn people_are_shown_a_bounded_number() {
    let (sources, found) = sample();
    let many = vec![found[0].clone(); MAX_SHOWN + 7];
    for format in [Format::Human, Format::Short, Format::Github] {
        let text = format.render(&sources, &many, false);
        assert_eq!(text.matches("two currencies compared").count(), MAX_SHOWN);
        assert!(text.trim_end().ends_with("and 7 more"), "{format:?}");
    }
    assert_eq!(Format::Json.render(&sources, &many, false).lines().count(), many.len());
    for format in [Format::Human, Format::Short, Format::Github, Format::Json] {
        assert_eq!(format.render(&sources, &[], false), "", "{format:?}");
    }
}
