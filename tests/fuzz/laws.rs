//! What holds of any rule file: what may be said of it, and what it means.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use cvmd::diagnostic::{Diagnostic, FileId, Format, MAX_WORDS_BYTES, Sources, Span, apply_fixes};
use cvmd::language::{MAX_DIAGNOSTICS, parse, tree};

use crate::language::dump;

/// What a person's format writes of one diagnostic at most, the file's own lines cut included.
const MAX_SHOWN_BYTES: usize = 6_000;
/// What a program's format writes besides the fixes.
const MAX_OBJECT_BYTES: usize = 4_000;
/// Words of the machinery that nobody shall read.
const JARGON: [&str; 8] = ["EOI", "SOI", "kw_", "compat_", "Rule::", "Some(", "None", "ExprKind"];

/// Fails with a sentence.
macro_rules! law {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+));
        }
    };
}
pub(super) use law;

/// Which kinds of things were said, as a number.
pub(super) fn said(diagnostics: &[Diagnostic], more: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut codes: Vec<&str> = diagnostics.iter().map(|one| one.code.number()).collect();
    codes.sort_unstable();
    codes.dedup();
    (codes, more).hash(&mut hasher);
    hasher.finish()
}

fn inside(sources: &Sources, span: Span) -> bool {
    (span.file.0 as usize) < sources.iter().count()
        && sources.text(span.file).get(span.start as usize..span.end as usize).is_some()
}

/// What holds of any list of diagnostics and of how it is written.
pub(super) fn diagnostics(sources: &Sources, found: &[Diagnostic]) -> Result<(), String> {
    for one in found {
        let code = one.code.number();
        law!(inside(sources, one.span), "{code}: its span is not in the file: {one:?}");
        law!(!one.message.is_empty() && !one.why.is_empty(), "{code}: says nothing: {one:?}");
        for words in [&one.message, &one.label, &one.why] {
            law!(words.len() <= MAX_WORDS_BYTES, "{code}: {} bytes of words: {words:.200}", words.len());
            let quoted_out: String = words.split('`').step_by(2).collect();
            let jargon = JARGON.iter().find(|jargon| quoted_out.contains(*jargon));
            law!(jargon.is_none(), "{code}: jargon: {words}");
        }
        if let Some(fix) = &one.fix {
            law!(inside(sources, fix.span), "{code}: the span of its fix is not in the file: {one:?}");
            let replaced = (fix.span.end - fix.span.start) as usize;
            law!(
                fix.replacement.len() <= 4 * replaced + MAX_WORDS_BYTES,
                "{code}: its fix is too long: {one:?}"
            );
        }
    }
    rendered(sources, found)
}

fn rendered(sources: &Sources, found: &[Diagnostic]) -> Result<(), String> {
    let fixes: usize = found.iter().filter_map(|one| one.fix.as_ref()).map(|fix| fix.replacement.len()).sum();
    for (name, format) in Format::ALL {
        let text = format.render(sources, found, false);
        let paths = sources.iter().map(|(_, path, _)| path.len()).max().unwrap_or(0);
        let each = paths * 6
            + match format {
                Format::Human | Format::Short => MAX_SHOWN_BYTES,
                // A code's page stands in it once.
                Format::Json | Format::Sarif | Format::Github => MAX_OBJECT_BYTES * 3,
            };
        law!(text.len() <= (found.len() + 1) * each + 6 * fixes, "{name}: {} bytes", text.len());
        law!(text.is_empty() || text.ends_with('\n'), "{name}: no end of line at its end");
        let hidden = |c: char| c.is_control() && c != '\n' && c != '\t';
        match format {
            Format::Human => law!(!text.contains(hidden), "{name}: a control character gets through"),
            Format::Short => {
                law!(!text.contains(hidden), "{name}: a control character gets through");
                law!(
                    text.lines().count() == found.len().min(200) + usize::from(found.len() > 200),
                    "{name}: lines"
                );
            }
            Format::Json => {
                law!(text.lines().count() == found.len(), "{name}: lines");
                for line in text.lines() {
                    let read = serde_json::from_str::<serde_json::Value>(line);
                    law!(read.is_ok(), "{name}: does not read back: {line}");
                }
            }
            Format::Sarif => {
                law!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{name}: does not read back");
            }
            Format::Github => {
                law!(text.lines().all(|line| line.starts_with("::")), "{name}: a line that is no command");
            }
        }
    }
    let colours = Format::Human.render(sources, found, true);
    law!(found.is_empty() == colours.is_empty(), "human: colours change what is said");
    Ok(())
}

fn read(text: &str) -> (Sources, tree::File, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add("any.rules", text);
    let (tree, found) = parse(file, text);
    (sources, tree, found)
}

/// What holds of any rule file as it is read alone.
pub(super) fn file(text: &str) -> Result<u64, String> {
    let (sources, tree, found) = read(text);
    law!(found.len() <= MAX_DIAGNOSTICS + 1, "{} diagnostics", found.len());
    diagnostics(&sources, &found)?;
    let (_, again, found_again) = read(text);
    law!(tree == again && found == found_again, "a second reading differs");
    let mut end = 0;
    for item in &tree.items {
        law!(inside(&sources, item.span), "an item outside of the file: {:?}", item.span);
        law!(item.span.start >= end && item.span.end > item.span.start, "items overlap: {:?}", item.span);
        law!(item.head.start >= item.span.start && item.head.end <= item.span.end, "a head outside its item");
        law!(!item.broken || !found.is_empty(), "broken without a word");
        end = item.span.end;
    }
    if found.len() < MAX_DIAGNOSTICS {
        fixes(text, &sources, &found)?;
        alone(text, &found)?;
    }
    if found.is_empty() {
        accepted(text, &tree)?;
    }
    Ok(said(&found, tree.items.len().min(4)))
}

/// A fix mends what it is for, where it stands; safe ones come to an end.
fn fixes(text: &str, sources: &Sources, found: &[Diagnostic]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for one in found {
        let Some(fix) = &one.fix else { continue };
        let code = one.code.number();
        // Each costs a reading: of a code the first one stands for all.
        if !seen.insert(code) {
            continue;
        }
        let mut fixed = text.to_owned();
        fixed.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
        law!(fixed != text, "{code}: its fix changes nothing: {one:?}");
        let (_, _, after) = read(&fixed);
        // Of several such mistakes the next one is said then: elsewhere, or one fewer. Words that were
        // cut say the same of longer and longer ones.
        let length =
            |of: &Diagnostic| if of.message.contains('…') { of.span.end - of.span.start } else { 0 };
        let same = |other: &&Diagnostic| {
            (other.code, &other.message, length(other)) == (one.code, &one.message, length(one))
        };
        let stays = after.iter().filter(same).any(|other| other.span.start == one.span.start);
        let fewer = after.iter().filter(same).count() < found.iter().filter(same).count();
        // Where something is left out, the next such mistake moves to its place.
        law!(
            !stays || fewer || fix.replacement.is_empty(),
            "{code}: its fix does not mend it: {one:?} gives {fixed:?}"
        );
    }
    let (mut text, mut found) = (text.to_owned(), found.to_vec());
    let mut sources = sources.clone();
    for _ in 0..10 {
        let (fixed, applied) = apply_fixes(&sources, FileId(0), &found);
        if applied == 0 {
            return Ok(());
        }
        (sources, _, found) = read(&fixed);
        text = fixed;
    }
    Err(format!("the safe fixes go on for ever: {text:?}"))
}

/// An item that is broken.
const BROKEN: &str = "\nrule zzz when clv > then send offer\n";

/// A broken item at the end is one diagnostic more and hides nothing.
fn alone(text: &str, found: &[Diagnostic]) -> Result<(), String> {
    // What is added would make a line end of Windows of it.
    if text.ends_with('\r') {
        return Ok(());
    }
    let (_, _, more) = read(&format!("{text}{BROKEN}"));
    let (kept, added) = more.split_at(found.len().min(more.len()));
    law!(added.len() == 1, "a mistake at the end: {} instead of one more: {added:?}", added.len());
    for (before, after) in found.iter().zip(kept) {
        law!(
            before.code == after.code && before.span.start == after.span.start,
            "a mistake at the end changes another: {before:?} {after:?}"
        );
    }
    Ok(())
}

/// What is read without a word means the same with other line ends, and item by item.
fn accepted(text: &str, tree: &tree::File) -> Result<(), String> {
    let meaning = dump::file(tree);
    let plain = text.replace("\r\n", "\n");
    let crlf = plain.replace('\n', "\r\n");
    let bom = format!("\u{feff}{}", plain.trim_start_matches('\u{feff}'));
    let commented = plain.replace('\n', " # a remark, \"quoted\n");
    let spaced = plain.replace('\n', " \t\n\n");
    for (what, other) in [
        ("CRLF", crlf),
        ("LF", plain.clone()),
        ("BOM", bom),
        ("comments", commented),
        ("blank lines", spaced),
    ] {
        // What is added may carry a large file over the limit, which is its own mistake.
        if other.len() > 1 << 20 {
            continue;
        }
        let (_, tree, found) = read(&other);
        law!(found.is_empty(), "{what} make a mistake: {:?}", found[0]);
        law!(dump::file(&tree) == meaning, "{what} change the meaning: {other:?}");
    }
    let mut pieces = String::new();
    for item in &tree.items {
        let piece = &text[item.span.start as usize..item.span.end as usize];
        let (_, one, found) = read(piece);
        law!(found.is_empty(), "an item alone makes a mistake: {piece:?}: {:?}", found[0]);
        pieces.push_str(&dump::file(&one));
    }
    law!(pieces == meaning, "items alone mean something else: {text:?}");
    Ok(())
}
