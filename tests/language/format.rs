//! The one layout: what it makes of files, and what must hold of any.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cvmd::diagnostic::FileId;
use cvmd::language::{Unformatted, format, parse};
use proptest::prelude::*;

use super::dump;
use super::golden::{cases, compare};

const FILE: FileId = FileId(0);

fn formatted(text: &str) -> String {
    format(FILE, text).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

/// All rule files of the repository that are right.
fn good_files() -> &'static [(PathBuf, String)] {
    static FILES: OnceLock<Vec<(PathBuf, String)>> = OnceLock::new();
    FILES.get_or_init(read_good_files)
}

fn read_good_files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["rules", "examples", "tests/corpus", "tests/language/good", "tests/check/good"] {
        walk(&root.join(folder), &mut files);
    }
    files.retain(|(_, text)| parse(FILE, text).1.is_empty());
    assert!(files.len() > 60, "only {} files", files.len());
    files
}

fn walk(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rules") {
            files.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn tree(text: &str) -> String {
    dump::file(&parse(FILE, text).0)
}

/// All but blanks, in order: words and comments alike.
fn ink(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').collect()
}

/// What must hold of what became of any text.
fn objection(text: &str, out: &str) -> Option<&'static str> {
    let again = format(FILE, out);
    if again.as_deref() != Ok(out) {
        return Some("formatted again it changes");
    }
    if tree(text) != tree(out) {
        return Some("it says something else");
    }
    if ink(text) != ink(out) {
        return Some("a word or a comment is lost or moved");
    }
    let body = out.replace("\r\n", "\n");
    if body.contains(" \n") || body.contains("\n\n\n") || body.starts_with('\n') || body.ends_with("\n\n") {
        return Some("blanks at the end of a line, or empty lines in a row");
    }
    None
}

#[test]
fn the_layout_of_each_case_is_as_shown() {
    let wrong: Vec<String> = cases("layout")
        .into_iter()
        .filter_map(|(path, text)| {
            let out = formatted(&text);
            let objection = objection(&text, &out).map(|what| format!("{}: {what}\n{out}", path.display()));
            objection.or_else(|| compare(&path, "formatted", &out))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_good_file_keeps_its_words_and_changes_once() {
    for (path, text) in good_files() {
        let objection = objection(text, &formatted(text));
        assert!(objection.is_none(), "{}: {objection:?}", path.display());
    }
}

#[test]
fn a_file_with_a_mistake_is_refused_with_what_is_wrong() {
    let text = "rule a\n  when   orders == 3\n  then send x\n";
    let Err(Unformatted::Mistakes(found)) = format(FILE, text) else { panic!("formatted") };
    assert_eq!(found, parse(FILE, text).1);
}

#[test]
fn lines_end_as_the_first_one_does_and_a_mark_of_byte_order_goes() {
    let (unix, windows) = ("rule a\n  when orders = 3\n", "rule a\r\n  when orders = 3\r\n");
    for (text, out) in [
        (unix, unix),
        (windows, windows),
        ("\u{feff}rule a\r\n  when orders = 3", windows),
        ("rule a\n  when orders = 3\r\n\r\n", unix),
        ("rule a when orders = 3", "rule a when orders = 3\n"),
        ("", ""),
        ("\n \n", ""),
        ("\u{feff}", ""),
        (" # alone", "# alone\n"),
    ] {
        assert_eq!(formatted(text), out, "{text:?}");
    }
}

/// A number that decides what is done to a blank, from a list that is drawn.
struct Dice<'d> {
    drawn: &'d [u8],
    at: usize,
}

impl Dice<'_> {
    fn one_of<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        self.at += 1;
        choices[usize::from(self.drawn[self.at % self.drawn.len()]) % choices.len()]
    }
}

const BLANKS: [&str; 5] = [" ", "  ", "\t", " \t ", "      "];
const NONE_OR_BLANKS: [&str; 3] = ["", " ", "  "];

/// The same file in a random layout: each line where it was, or its `and`s on lines of their own; with
/// `comments` also comments and empty lines anywhere between lines.
fn scattered(text: &str, dice: &mut Dice<'_>, comments: bool) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let code = line.trim_start();
        // What was a comment may not become text, so its words stay as they are.
        if line.len() > code.len() {
            out += dice.one_of(&[" ", "  ", "\t", "     ", " \t"]);
        }
        let mut quoted = false;
        let mut rest = code.chars().peekable();
        let mut commented = false;
        while let Some(c) = rest.next() {
            quoted ^= c == '"';
            match c {
                '#' if !quoted => {
                    commented = true;
                    out.push('#');
                    out.extend(rest.by_ref());
                }
                ' ' if !quoted => {
                    while rest.next_if_eq(&' ').is_some() {}
                    let near = |c: Option<char>| c.is_some_and(|c| "(),".contains(c));
                    let loose = near(out.chars().next_back()) || near(rest.peek().copied());
                    out += dice.one_of(if loose { &NONE_OR_BLANKS } else { &BLANKS });
                }
                c => out.push(c),
            }
        }
        if comments && !commented {
            out += dice.one_of(&["", "", "", " # beside", "\t# neben «→» 日本 👩‍💻", "#tight"]);
        }
        out += dice.one_of(&["", "", " ", "\t "]);
        out += dice.one_of(&["\n", "\r\n"]);
        if comments {
            out += dice.one_of(&["", "", "", "\n", "\n\n \n", "# at the edge\n", "\t  # indented\r\n"]);
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_layout_of_a_file_becomes_the_same_one(
        which in any::<prop::sample::Index>(),
        drawn in prop::collection::vec(any::<u8>(), 40..400),
    ) {
        let (path, text) = which.get(good_files());
        // A comment on a line of its own says by its indentation what it belongs to.
        let lines = text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with('#'));
        let text = &lines.collect::<String>();
        let loose = scattered(text, &mut Dice { drawn: &drawn, at: 0 }, false);
        let same_ends = |text: &str| formatted(text).replace("\r\n", "\n");
        prop_assert_eq!(same_ends(&loose), same_ends(text), "{}\n{}", path.display(), loose);
    }

    #[test]
    fn every_comment_is_kept_where_it_belongs(
        which in any::<prop::sample::Index>(),
        drawn in prop::collection::vec(any::<u8>(), 40..400),
    ) {
        let (path, text) = which.get(good_files());
        let loose = scattered(text, &mut Dice { drawn: &drawn, at: 0 }, true);
        let out = formatted(&loose);
        prop_assert_eq!(objection(&loose, &out), None, "{}\n{}\n---\n{}", path.display(), loose, out);
    }

    #[test]
    fn a_chain_may_be_broken_at_any_joint(
        which in any::<prop::sample::Index>(),
        drawn in prop::collection::vec(any::<u8>(), 40..400),
    ) {
        let (path, text) = which.get(good_files());
        let mut dice = Dice { drawn: &drawn, at: 0 };
        let mut broken = String::new();
        for line in text.lines() {
            // Texts and comments stay whole.
            let whole = line.contains(['"', '#']);
            for (index, word) in line.split(' ').enumerate() {
                if index > 0 {
                    let joint = !whole && matches!(word, "and" | "or");
                    broken += if joint { dice.one_of(&[" ", "\n ", " \n\t"]) } else { " " };
                }
                broken += word;
                if !whole && matches!(word, "and" | "or") {
                    broken += dice.one_of(&["", "", "\n", "   \n  \n"]);
                }
            }
            broken.push('\n');
        }
        // A value that is called `and`, or a line that now begins a clause: another file.
        if parse(FILE, &broken).1.is_empty() && tree(&broken) == tree(text) {
            let out = formatted(&broken);
            prop_assert_eq!(objection(&broken, &out), None, "{}\n{}\n---\n{}", path.display(), broken, out);
        }
    }
}

#[test]
fn a_clause_that_is_almost_too_long_is_laid_out() {
    let mut text = String::from("when city in (\"Paris\"");
    while text.len() < cvmd::language::MAX_CLAUSE_BYTES - 40 {
        text += ",\"a town of thirty letters\"";
    }
    text += ")\nthen send x\n";
    let out = formatted(&text);
    assert!(out.len() > cvmd::language::MAX_CLAUSE_BYTES, "a blank behind each comma");
    assert_eq!(objection(&text, &out), None);
}

#[test]
fn a_clause_of_thousands_of_lines_is_laid_out() {
    let mut text = String::from("when orders in (1,\n");
    for number in 0..1_500 {
        let _ = writeln!(text, "{number},");
    }
    text += " 3)\nthen send x\n";
    let indented = text.replace('\n', "\n ").replace("\n then", "\nthen");
    let out = formatted(&indented);
    assert_eq!(objection(&indented, &out), None);
}
