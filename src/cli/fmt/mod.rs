//! `cvmd fmt`.

mod diff;
mod replace;

use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::common::Common;
use super::exit::{Exit, Failure, complain};
use super::output::{Format, FormatArgument, Output};
use super::table::counted;
use super::target::{Target, named, targets};
use crate::check::not_text;
use crate::diagnostic::{self, Diagnostic, Sources};
use crate::language::{self, Unformatted};
use crate::reload;

const EXAMPLES: &str = "\
Examples:
  cvmd fmt                       bring the rules of this workspace into the one layout
  cvmd fmt rules/winback.rules   one file
  cvmd fmt --check               what would change; exit 1 if anything would: for CI
  cvmd fmt --check --format json the same for programs

Blanks, indentation and empty lines change, never a word: each file is read again before it is
written, and left as it is unless it says the same and keeps every comment. A file with a mistake is
left as it is; the others are formatted.

Exit: 0 fine, 1 mistakes in a file (with --check also a file that would change), 2 could not do the job.";

/// Bring rule files into the one layout
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Folders of rules, or single files; else the configuration's rules, else this folder
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing, show what would change
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    format: FormatArgument,
}

/// What came of a file.
enum Outcome {
    /// It has the layout already.
    Unchanged,
    /// It got it, or would: its text anew.
    Changed(String),
    /// It has mistakes.
    Mistakes(Sources, Vec<Diagnostic>),
    /// A mistake of this program: it would have said something else.
    ReadsOtherwise,
    /// It could not be written, and why.
    NotWritten(String),
}

/// A rule file.
struct File {
    /// As the user would name it.
    name: String,
    place: PathBuf,
    text: Vec<u8>,
}

pub(super) fn run(arguments: &Arguments, common: &Common, output: &mut Output) -> Result<Exit, Failure> {
    let mut files: Vec<File> = Vec::new();
    for target in targets(&arguments.paths, common)? {
        for file in read(&target)? {
            // A file may be named twice, or beside its folder.
            if files.iter().all(|other| other.name != file.name) {
                files.push(file);
            }
        }
    }
    let formatted: Vec<Outcome> = files.par_iter().map(format).collect();
    let mut outcomes = Vec::new();
    for (file, mut outcome) in files.into_iter().zip(formatted) {
        if let Outcome::Changed(text) = &outcome
            && !arguments.check
            && let Err(error) = replace::replace(&file.place, text)
        {
            outcome = Outcome::NotWritten(error.to_string());
        }
        outcomes.push((file, outcome));
    }
    match arguments.format.format {
        Format::Human => human(&outcomes, arguments.check, output)?,
        Format::Json => output.json(&json!({
            "files": outcomes.iter().map(|one| object(one, arguments.check)).collect::<Vec<_>>(),
        }))?,
    }
    let exits = outcomes.iter().map(|(_, outcome)| match outcome {
        Outcome::Changed(_) if arguments.check => Exit::Errors,
        Outcome::Unchanged | Outcome::Changed(_) => Exit::Fine,
        Outcome::Mistakes(..) => Exit::Errors,
        Outcome::ReadsOtherwise | Outcome::NotWritten(_) => Exit::Trouble,
    });
    Ok(exits.fold(Exit::Fine, Exit::worse))
}

/// The rule files of a target.
fn read(target: &Target) -> Result<Vec<File>, Failure> {
    let root = &target.root;
    let loaded = reload::load(root).map_err(|error| Failure::trouble(error.to_string()))?;
    let shown = |path: &String| target.shows(path) && is_rules(path);
    let files: Vec<File> = loaded
        .files
        .into_iter()
        .filter(|(path, _)| shown(path))
        .map(|(path, text)| {
            // A root may be a file alone.
            let place = if root.is_file() { root.clone() } else { root.join(&path) };
            File { name: named(root, &path), place, text }
        })
        .collect();
    if let Some(other) = target.only.iter().find(|path| !is_rules(path)) {
        let shown = named(root, other);
        return Err(Failure::trouble(format!(
            "`{shown}` holds no rules: only files that end in `.rules` do"
        )));
    }
    if files.is_empty() {
        let shown = root.display();
        return Err(Failure::trouble(format!(
            "`{shown}` has no file that ends in `.rules`: is it the right folder?"
        )));
    }
    Ok(files)
}

fn is_rules(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending == "rules")
}

fn format(file: &File) -> Outcome {
    let mut sources = Sources::default();
    let id = sources.add(&file.name, &String::from_utf8_lossy(&file.text));
    let Ok(text) = std::str::from_utf8(&file.text) else {
        return Outcome::Mistakes(sources, vec![not_text(id, &file.name)]);
    };
    match language::format(id, text) {
        Ok(anew) if anew == text => Outcome::Unchanged,
        Ok(anew) => Outcome::Changed(anew),
        Err(Unformatted::Mistakes(found)) => Outcome::Mistakes(sources, found),
        Err(Unformatted::ReadsOtherwise) => Outcome::ReadsOtherwise,
    }
}

fn human(outcomes: &[(File, Outcome)], check: bool, output: &mut Output) -> Result<(), Failure> {
    let (mut changed, mut mistakes, mut left) = (0, 0, 0);
    for (file, outcome) in outcomes {
        let name = &file.name;
        match outcome {
            Outcome::Unchanged => {}
            Outcome::Changed(text) => {
                changed += 1;
                if check {
                    output.line(output.bold(&format!("would change {name}")))?;
                    diff::show(&String::from_utf8_lossy(&file.text), text, output)?;
                } else {
                    output.line(format!("formatted {name}"))?;
                }
            }
            Outcome::Mistakes(sources, found) => {
                mistakes += 1;
                output.text(&diagnostic::Format::Human.render(sources, found, output.colour()))?;
                output.line(format!("left as it is: {name}\n"))?;
            }
            Outcome::ReadsOtherwise => {
                left += 1;
                // What stands there is right; it is this program that is wrong, or a limit that is near.
                output.flush()?;
                complain(&format!(
                    "`{name}` is left as it is: in the new layout it would have been read otherwise. \
                     Unless it is near a limit of the language, this is a mistake of cvmd"
                ));
            }
            Outcome::NotWritten(error) => {
                left += 1;
                output.flush()?;
                complain(&format!("`{name}` cannot be written: {error}"));
            }
        }
    }
    output.line(summary(outcomes.len() as u64, changed, mistakes, left, check))
}

/// The last line for people.
fn summary(all: u64, changed: u64, mistakes: u64, left: u64, check: bool) -> String {
    let mut parts = Vec::new();
    if changed > 0 {
        parts.push(format!("{changed} {}", if check { "would change" } else { "formatted" }));
    }
    if mistakes > 0 {
        parts.push(format!(
            "{mistakes} with mistakes left as {}",
            if mistakes == 1 { "it is" } else { "they are" }
        ));
    }
    if left > 0 {
        parts.push(format!("{left} not written"));
    }
    let same = all - changed - mistakes - left;
    if same > 0 {
        parts.push(format!("{same} {}", if parts.is_empty() { "as they should be" } else { "as before" }));
    }
    let files = if all == 1 { "1 file".to_owned() } else { counted(all, "file") };
    format!("{files}: {}", parts.join(", "))
}

fn object((file, outcome): &(File, Outcome), check: bool) -> Value {
    let result = match outcome {
        Outcome::Unchanged => "unchanged",
        Outcome::Changed(_) if check => "would change",
        Outcome::Changed(_) => "formatted",
        Outcome::Mistakes(..) => "mistakes",
        Outcome::ReadsOtherwise => "reads otherwise",
        Outcome::NotWritten(_) => "not written",
    };
    let mut object = json!({"file": file.name, "result": result});
    if let Outcome::Mistakes(sources, found) = outcome {
        let lines = diagnostic::Format::Json.render(sources, found, false);
        let mistakes: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        object["mistakes"] = Value::Array(mistakes);
    }
    if let Outcome::NotWritten(error) = outcome {
        object["error"] = Value::String(error.clone());
    }
    object
}
