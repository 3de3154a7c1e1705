//! Bodies for readers of other languages: `offer.es.html` beside `offer.html`.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Span};
use crate::message::{Templates, language_tag};
use crate::ruleset::Variant;

use super::layout::Layout;
use super::message::{Surroundings, add_file, same_part};
use super::names::shorten;
use super::placeholder::Placeholders;
use super::report::{Report, problem};
use super::words::Words;

/// The words of each language, by its tag.
pub(super) type Languages = BTreeMap<String, Words>;

/// Reads the bodies beside `paths` for readers of other languages; `span` is where the message is asked
/// for. False after an error.
pub(super) fn read(
    (languages, message): (&mut Languages, &str),
    paths: &[String],
    span: Span,
    around: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> bool {
    let beside: BTreeSet<(String, String)> =
        paths.iter().flat_map(|path| around.bodies.translations(path)).collect();
    let mut by_language: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut sound = true;
    for (path, code) in beside {
        if let Some(tag) = language_tag(&code) {
            by_language.entry(tag).or_default().push(path);
        } else {
            report.add(no_language(&path, &code, span));
            sound = false;
        }
    }
    for (tag, paths) in by_language {
        let mut words = Words::default();
        for (index, path) in paths.iter().enumerate() {
            let Some(body) = around.bodies.read(path) else { continue };
            if paths[..index].iter().any(|other| same_part(other, path)) {
                report.add(twice(path, &tag, span));
                sound = false;
                continue;
            }
            sound &= add_file(&mut words, message, path, body, around, report);
        }
        if words.html.is_some() || words.text.is_some() {
            languages.insert(tag, words);
        }
    }
    sound
}

/// Checks the words of each language; none where one is not good. Those without a subject get `main`'s.
pub(super) fn check(
    languages: Languages,
    (main, span): (&Words, Span),
    layout: &Layout<'_>,
    around: &Surroundings<'_>,
    shown: &mut Placeholders,
    report: &mut Report<'_>,
) -> Option<Vec<Variant>> {
    let mut variants = Some(Vec::new());
    for (language, mut words) in languages {
        if layout.by_email && words.subject.is_none() {
            report.add(
                problem(
                    Code::NoSubject,
                    words.start(span),
                    format!("readers of `{language}` get the subject that everybody gets"),
                )
                .label("write `Subject: …` as the first line")
                .why("the subject decides whether a message is opened, and this one is in another language"),
            );
            words.subject.clone_from(&main.subject);
        }
        if words.preview.is_none() && words.html.is_some() && main.preview.is_some() {
            report.add(
                problem(
                    Code::NoSubject,
                    words.start(span),
                    format!("readers of `{language}` get the preview that everybody gets"),
                )
                .label("write `Preview: …` below the subject, in the first lines")
                .why("mail programs show it beside the subject, and this one is in another language"),
            );
            words.preview.clone_from(&main.preview);
        }
        let templates = words.check(layout, Some(&language), around, shown, report);
        variants = variants.zip(templates).map(|(mut variants, templates)| {
            let Templates { subject, html, text, preview } = templates;
            variants.push(Variant { language, subject, html, text, preview });
            variants
        });
    }
    variants
}

fn no_language(path: &str, code: &str, span: Span) -> super::report::Problem {
    /// What is often written for a language: of a country, or of its name.
    const HABITS: [(&str, &str); 14] = [
        ("at", "de"),
        ("br", "pt-BR"),
        ("cn", "zh"),
        ("cz", "cs"),
        ("dk", "da"),
        ("eng", "en"),
        ("gb", "en-GB"),
        ("ger", "de"),
        ("gr", "el"),
        ("jp", "ja"),
        ("sp", "es"),
        ("ua", "uk"),
        ("us", "en-US"),
        ("vn", "vi"),
    ];
    let lower = code.to_ascii_lowercase();
    let meant = HABITS.iter().find(|(habit, _)| *habit == lower);
    let label = meant.map_or_else(
        || "give that file another name, or move it away".to_owned(),
        |(_, meant)| format!("name that file `….{meant}.…`"),
    );
    problem(
        Code::NoLanguage,
        span,
        format!("`{}` is for readers of `{}`, which is no language", shorten(path), shorten(code)),
    )
    .label(label)
    .why("nobody would ever read it, and those whom it is for would get another body")
}

fn twice(path: &str, tag: &str, span: Span) -> super::report::Problem {
    problem(
        Code::NoLanguage,
        span,
        format!("`{}` is the second such body for readers of `{}`", shorten(path), shorten(tag)),
    )
    .label("move one of them away")
    .why("it is not said which of them is sent")
}
