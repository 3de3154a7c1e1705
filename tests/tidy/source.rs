//! Rust files, and their text without what does not run: comments, strings, unit tests.

use std::fs;
use std::path::Path;

/// Which files.
#[derive(Debug, Clone, Copy)]
pub(super) enum House {
    /// `src`, without files that hold only unit tests.
    Source,
    /// `src`, `tests`, `benches` and `fuzz`.
    Everything,
}

/// Paths from the package's root (`src/store/mod.rs`) and texts, sorted.
pub(super) fn rust_files(house: House) -> Vec<(String, String)> {
    let folders: &[&str] = match house {
        House::Source => &["src"],
        House::Everything => &["src", "tests", "benches", "fuzz"],
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in folders {
        walk(root, &root.join(folder), &mut files);
    }
    match house {
        House::Source => files.retain(|(path, _)| !path.ends_with("/tests.rs") && !path.contains("/tests/")),
        House::Everything => {}
    }
    files.sort();
    files
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The room of a path under `src`: `store` for `src/store/mod.rs`, `clock` for `src/clock.rs`.
pub(super) fn room(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

/// The text with comments and the insides of strings and characters taken out.
pub(super) fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            out.push_str("\"\"");
            quoted(rest)
        } else if let Some(length) = raw_string(rest) {
            out.push_str("\"\"");
            length
        } else if let Some(length) = character(rest) {
            out.push_str("' '");
            length
        } else if first.is_alphanumeric() || first == '_' {
            // A whole word, so that the `r` of `for"` begins no raw string.
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            out.push_str(&rest[..length]);
            length
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = &rest[skip..];
    }
    out
}

/// The length of a string in quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return index + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The length of a raw string (`r"…"`, `br#"…"#`).
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = text.len() - body.len();
    Some(body.find(&end).map_or(text.len(), |found| start + found + end.len()))
}

/// The length of a character; none for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut inside = text.strip_prefix('\'')?.char_indices();
    match inside.next()? {
        (_, '\\') => inside.find(|(index, c)| *index > 1 && *c == '\'').map(|(index, _)| index + 2),
        (_, _) => inside.next().filter(|(_, c)| *c == '\'').map(|(index, _)| index + 2),
    }
}

/// The bare text without items under `#[cfg(test)]`.
pub(super) fn running(text: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let text = bare(text);
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(MARK) {
        out.push_str(&rest[..start]);
        rest = &rest[start + MARK.len()..];
        let Some(end) = rest.find(['{', ';']) else { return out };
        rest =
            if rest[end..].starts_with(';') { &rest[end + 1..] } else { &rest[end + block(&rest[end..])..] };
    }
    out + rest
}

/// The length of a block in braces.
fn block(text: &str) -> usize {
    let mut depth = 0_usize;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    text.len()
}

#[test]
fn what_does_not_run_is_taken_out() {
    let text = r##"
        a("sled \" b", r#"c " d"#, '"', '\'', '\u{1F600}', x: &'static str); // e
        /* f */ g
        #[cfg(test)]
        mod tests { fn h() { i("}") } }
        j
    "##;
    let left: String = running(text).split_whitespace().collect();
    assert_eq!(left, r#"a("","",'','','',x:&'staticstr);gj"#);
}
