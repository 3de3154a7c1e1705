//! Reading never panics, is bounded, and keeps its promises on any text.

use std::time::{Duration, Instant};

use cvmd::diagnostic::{Code, FileId, Format, Sources};
use cvmd::language::{MAX_DIAGNOSTICS, MAX_FILE_BYTES, MAX_NESTING, parse};
use proptest::prelude::*;

use super::golden::cases;

/// Reads a text, renders what was said in every format, and checks what must hold for any text.
fn hold(text: &str) -> Result<(), TestCaseError> {
    let mut sources = Sources::default();
    let file = sources.add("any.rules", text);
    let (tree, found) = parse(file, text);
    prop_assert!(found.len() <= MAX_DIAGNOSTICS + 1);
    for diagnostic in &found {
        prop_assert!(diagnostic.span.start <= diagnostic.span.end);
        prop_assert!(text.get(diagnostic.span.start as usize..diagnostic.span.end as usize).is_some());
    }
    for item in &tree.items {
        prop_assert!(text.get(item.span.start as usize..item.span.end as usize).is_some());
        prop_assert!(!item.broken || !found.is_empty(), "broken without a word: {item:#?}");
    }
    for (_, format) in Format::ALL {
        let _ = format.render(&sources, &found, true);
    }
    Ok(())
}

/// Pieces of the language and things that are none, to be thrown together.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "rule ",
        "when ",
        "then ",
        "\n",
        "\n  ",
        "send ",
        "offer ",
        "and ",
        "or ",
        "not ",
        "in ",
        "(",
        ")",
        "\"",
        "'",
        "“",
        "”",
        "# ",
        "clv ",
        "> ",
        "= ",
        "500 ",
        "500 EUR ",
        "10% ",
        "of ",
        "90 days ",
        "90d ",
        "$5 ",
        "is ",
        "known ",
        "between ",
        "count(",
        "order",
        ".total ",
        " where ",
        "in last ",
        "every ",
        "at ",
        "09:00 ",
        "at most ",
        "once ",
        "per ",
        "segments\n",
        "message ",
        "policy ",
        "workspace ",
        "\u{202e}",
        "\0",
        "\r\n",
        "\t",
        "é",
        "1,000 ",
        ", ",
        "|",
        "<",
        "<<<<<<<\n",
        "When ",
        "AND ",
        "2026-02-30 ",
        "or else ",
        "- ",
        "!",
        "call ",
        "with ",
        "as ",
        "split ",
        "becomes ",
        "audience ",
        "\u{feff}",
        "email marketing\n",
        "subject ",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,300}") {
        hold(&text)?;
    }

    #[test]
    fn any_mixture_of_the_language_is_answered(text in pieces()) {
        hold(&text)?;
    }

    #[test]
    fn good_files_with_a_piece_cut_out_or_put_in_are_answered(
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        length in 0_usize..12,
        put in pieces(),
    ) {
        let cases = cases("good");
        let (_, text) = which.get(&cases);
        let mut characters: Vec<char> = text.chars().collect();
        let start = from.index(characters.len());
        let end = (start + length).min(characters.len());
        characters.splice(start..end, put.chars().take(8));
        hold(&characters.into_iter().collect::<String>())?;
    }
}

/// Far above what it takes, far below what an exponential reading would take.
const SOON: Duration = Duration::from_mins(1);

// How long a reading takes is what is measured; no decision goes by this clock.
#[allow(clippy::disallowed_methods)]
fn read_soon(what: &str, text: &str) -> Vec<Code> {
    let start = Instant::now();
    let (_, found) = parse(FileId(0), text);
    assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
    found.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn nesting_is_bounded_before_it_is_read() {
    let nested = |depth: usize, end: &str| format!("when {}clv > 5{} then send x\n", "(".repeat(depth), end);
    assert_eq!(read_soon("100,000 deep", &nested(100_000, "")), [Code::TooLarge]);
    assert_eq!(read_soon("30,000 deep", &nested(30_000, "")), [Code::NestedTooDeep]);
    assert_eq!(read_soon("the limit", &nested(MAX_NESTING, &")".repeat(MAX_NESTING))), []);
    // Broken at its deepest: every alternative is tried at every depth.
    let broken = nested(MAX_NESTING, &format!(" > > {}", ")".repeat(MAX_NESTING)));
    assert_eq!(read_soon("broken in the middle", &broken), [Code::NotUnderstood]);
    let nots = format!("when {}clv > {}", "not (".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
    assert_eq!(read_soon("not (not (…", &format!("{nots}\nthen send x\n")), [Code::NotUnderstood]);
    let counts = format!("when {}", "count(order where ".repeat(MAX_NESTING));
    assert_eq!(read_soon("count in count", &format!("{counts}\nthen send x\n")), [Code::NotUnderstood]);
}

#[test]
fn what_repeats_without_nesting_is_bounded_too() {
    for (what, piece) in [
        ("not", "not "),
        ("!", "!"),
        ("shares", "50% of "),
        ("and", "a = 1 and "),
        ("is", "a is "),
        ("text", "\"x\" "),
        ("comparisons", "< 5 "),
        ("minus", "-"),
        ("digits", "1,"),
        ("columns", "\nx\n"),
    ] {
        read_soon(what, &format!("when {}\nthen send x\n", piece.repeat(20_000 / piece.len())));
        read_soon(what, &format!("when clv > 5 then send x\n{}", piece.repeat(500_000 / piece.len())));
    }
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let text = "rule a when clv > 5 then send x\n".repeat(MAX_FILE_BYTES / 32 + 1);
    assert_eq!(read_soon("a large file", &text), [Code::TooLarge]);
    let text = "rule a when clv > 5 then send x\n".repeat(10_001);
    assert_eq!(read_soon("many items", &text), [Code::TooLarge]);
    let found = read_soon("many mistakes", &"rule a when clv > then send x\n".repeat(1_000));
    assert_eq!(found.len(), MAX_DIAGNOSTICS + 1);
    assert_eq!(found.last(), Some(&Code::TooLarge));
}
