//! How much is said at once: of each file, and of a tree.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, FileId, Severity, Span};
use crate::language::{MAX_DIAGNOSTICS, too_many_mistakes};

use super::report::problem;

/// Diagnostics of a tree: beyond, it is not the rules of a workspace that were read.
pub const MAX_TREE_DIAGNOSTICS: usize = 2_000;

/// Cuts what was found, in its order: of each file the first mistakes, then warnings, up to the limit;
/// then of all files. What is left out is said, and no error is left out of a file for a warning.
pub(super) fn bound(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if found.len() <= MAX_DIAGNOSTICS {
        return found;
    }
    let mut files: BTreeMap<FileId, Vec<Diagnostic>> = BTreeMap::new();
    for one in found {
        files.entry(one.span.file).or_default().push(one);
    }
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for all in files.into_values() {
        if kept.len() < MAX_TREE_DIAGNOSTICS {
            kept.extend(of_one_file(all));
        } else {
            left_out.extend(all);
        }
    }
    left_out.retain(|one| one.code.severity() != Severity::Advice);
    if let Some(first) = left_out.first() {
        let severity = left_out.iter().map(|one| one.code.severity()).min();
        let message =
            format!("more than {MAX_TREE_DIAGNOSTICS} problems; {} more are not shown", left_out.len());
        kept.push(note(severity.unwrap_or(Severity::Error), first.span, message));
    }
    kept
}

fn of_one_file(mut all: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let of_the_parser = too_many_mistakes();
    let noted = all.iter().any(|one| one.message == of_the_parser);
    if all.len() <= MAX_DIAGNOSTICS + usize::from(noted) {
        return all;
    }
    all.retain(|one| one.message != of_the_parser);
    // The worst first; within a severity they stay in their order.
    all.sort_by_key(|one| one.code.severity());
    let rest = all.split_off(MAX_DIAGNOSTICS.min(all.len() - 1));
    all.sort_by_key(|one| (one.span, one.code));
    let last = all.last().map_or(rest[0].span, |one| one.span);
    // Who asks for advice gets enough with the first hundred; who does not shall not hear of it.
    if rest[0].code.severity() == Severity::Advice {
        return all;
    }
    // The parser stopped at a mistake, so there may be more of them.
    let mistakes = noted || rest[0].code.severity() == Severity::Error;
    let (severity, message) = if mistakes {
        (Severity::Error, of_the_parser)
    } else {
        let message = format!("more than {MAX_DIAGNOSTICS} problems in one file; the others are warnings");
        (Severity::Warning, message)
    };
    all.push(note(severity, last, message));
    all
}

fn note(severity: Severity, span: Span, message: String) -> Diagnostic {
    let code = match severity {
        Severity::Error => Code::TooLarge,
        Severity::Warning | Severity::Advice => Code::TooManyWarnings,
    };
    problem(code, span, message)
        .label("mend these first, then look again")
        .why("nobody reads more than that, and often one cause makes them all")
        .into_diagnostic()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: u32, code: Code, count: u32) -> Vec<Diagnostic> {
        let span = |at| Span { file: FileId(file), start: at, end: at + 1 };
        (0..count).map(|at| problem(code, span(at), "x").into_diagnostic()).collect()
    }

    fn codes(found: &[Diagnostic]) -> Vec<(&'static str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for one in found {
            *counts.entry(one.code.number()).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    #[test]
    fn no_error_is_left_out_for_a_warning() {
        let all = [found(0, Code::RepeatsDaily, 300), found(0, Code::NoWhen, 3)].concat();
        let bounded = bound(all);
        assert_eq!(codes(&bounded), [("E401", 3), ("W101", 97), ("W119", 1)]);
        assert!(bounded.windows(2).all(|two| two[0].span <= two[1].span));
        assert_eq!(codes(&bound(found(0, Code::NoWhen, 101))), [("E009", 1), ("E401", 100)]);
        assert_eq!(bound(found(0, Code::NoWhen, 100)).len(), 100);
        // Warnings alone stay warnings: the rules run.
        assert_eq!(codes(&bound(found(0, Code::RepeatsDaily, 101))), [("W101", 100), ("W119", 1)]);
    }

    #[test]
    fn a_tree_has_its_limit_too() {
        let all: Vec<Diagnostic> = (0..10_000).flat_map(|file| found(file, Code::NoWhen, 2)).collect();
        let bounded = bound(all);
        assert_eq!(codes(&bounded), [("E009", 1), ("E401", MAX_TREE_DIAGNOSTICS)]);
        assert_eq!(bounded.last().unwrap().message, "more than 2000 problems; 18000 more are not shown");
    }
}
