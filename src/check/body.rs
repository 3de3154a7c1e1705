//! Bodies of messages: which files they are, and where in a file each template stands.

use std::collections::BTreeMap;

use crate::diagnostic::{FileId, Sources, Span};
use crate::message;

use super::files::Files;
use super::report::span;

/// The folder of a rules tree that holds the bodies.
pub(super) const FOLDER: &str = "messages/";

/// The folder of the layouts, within it.
const LAYOUTS: &str = "messages/layouts/";

/// What a body's file is, by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Html,
    Text,
    Markdown,
    Mjml,
}

impl Format {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "html" => Some(Self::Html),
            "txt" => Some(Self::Text),
            "md" => Some(Self::Markdown),
            "mjml" => Some(Self::Mjml),
            _ => None,
        }
    }

    /// Whether it makes the HTML of a message; else its text alone.
    pub(super) const fn makes_html(self) -> bool {
        match self {
            Self::Html | Self::Markdown | Self::Mjml => true,
            Self::Text => false,
        }
    }
}

/// Whether a file can be a body: it lies in the folder and has an ending that we know.
pub(super) fn is_body(path: &str) -> bool {
    path.starts_with(FOLDER) && Format::of(path).is_some()
}

/// A template and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) text: String,
    /// Where its first byte stands.
    start: Option<(FileId, usize)>,
    /// All of it.
    whole: Span,
}

impl Template {
    /// A template whose bytes stand in a file from `start` on.
    pub(super) fn in_file(file: FileId, start: usize, text: &str) -> Self {
        let whole = span(file, start..start + text.len());
        Self { text: text.to_owned(), start: Some((file, start)), whole }
    }

    /// A template that stands under a span but not byte for byte.
    pub(super) fn under(whole: Span, text: String) -> Self {
        Self { text, start: None, whole }
    }

    /// The span of some of its bytes.
    pub(super) fn span(&self, range: std::ops::Range<usize>) -> Span {
        self.start.map_or(self.whole, |(file, start)| span(file, start + range.start..start + range.end))
    }

    pub(super) const fn whole(&self) -> Span {
        self.whole
    }
}

/// A body's file, read.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) format: Format,
    pub(super) subject: Option<Template>,
    pub(super) preview: Option<Template>,
    pub(super) template: Template,
}

/// The body files that there are.
pub(super) struct Bodies<'a> {
    files: &'a Files,
    sources: &'a Sources,
    ids: BTreeMap<&'a str, FileId>,
}

impl<'a> Bodies<'a> {
    pub(super) fn new(files: &'a Files, sources: &'a Sources) -> Self {
        let ids = sources.iter().map(|(id, path, _)| (&**path, id)).collect();
        Self { files, sources, ids }
    }

    /// The path in the tree of a body as it is written: in the folder, with or without its name.
    pub(super) fn path(&self, written: &str) -> Option<String> {
        let inside = format!("{FOLDER}{written}");
        let found = [inside, written.to_owned()]
            .into_iter()
            .find(|path| is_body(path) && self.files.get(path).is_some());
        found.filter(|path| self.ids.contains_key(path.as_str()))
    }

    /// The files that a message of this name would be found as, by format.
    pub(super) fn found(&self, name: &str) -> Vec<String> {
        let endings = ["mjml", "html", "md", "txt"];
        endings.iter().filter_map(|ending| self.path(&format!("{name}.{ending}"))).collect()
    }

    /// The paths of all bodies within the folder.
    pub(super) fn files(&self) -> Vec<String> {
        let inside = self.files.iter().filter_map(|(path, _)| path.strip_prefix(FOLDER));
        let body = |path: &&str| Format::of(path).is_some() && !path.starts_with("layouts/");
        inside.filter(body).map(str::to_owned).collect()
    }

    /// The names of all layouts.
    pub(super) fn layouts(&self) -> Vec<String> {
        let inside = self.files.iter().filter_map(|(path, _)| path.strip_prefix(LAYOUTS));
        let stem = |path: &str| path.split_once('.').map(|(stem, _)| stem.to_owned());
        let mut names: Vec<String> = inside.filter_map(stem).collect();
        names.dedup();
        names
    }

    /// A layout's template of that ending (`html`, `txt`) for readers of a language, else the one that
    /// serves everybody.
    pub(super) fn layout(&self, name: &str, ending: &str, language: Option<&str>) -> Option<Template> {
        let mut tag = language;
        while let Some(wanted) = tag {
            let start = format!("{LAYOUTS}{name}.");
            let own = self.files.beginning(&start).find(|(path, _)| {
                let rest = path.strip_prefix(&start).and_then(|rest| rest.strip_suffix(ending));
                let code = rest.and_then(|rest| rest.strip_suffix('.'));
                code.and_then(message::language_tag).as_deref() == Some(wanted)
            });
            if let Some(found) = own.and_then(|(path, _)| self.template(path)) {
                return Some(found);
            }
            tag = wanted.rsplit_once('-').map(|(less, _)| less);
        }
        self.template(&format!("{LAYOUTS}{name}.{ending}"))
    }

    /// The paths of all files of layouts.
    pub(super) fn layout_files(&self) -> Vec<String> {
        self.files
            .iter()
            .map(|(path, _)| path)
            .filter(|path| path.starts_with(LAYOUTS))
            .map(str::to_owned)
            .collect()
    }

    /// Where a file begins.
    pub(super) fn start(&self, path: &str) -> Option<Span> {
        self.ids.get(path).map(|file| span(*file, 0..0))
    }

    /// All of a file that is UTF-8 text.
    pub(super) fn template(&self, path: &str) -> Option<Template> {
        let file = *self.ids.get(path).filter(|_| self.is_text(path))?;
        let text = self.sources.text(file);
        let start = text.len() - text.trim_start_matches('\u{feff}').len();
        Some(Template::in_file(file, start, &text[start..]))
    }

    /// Names under which messages would be found.
    pub(super) fn names(&self) -> Vec<String> {
        let inside = self.files.iter().filter_map(|(path, _)| path.strip_prefix(FOLDER));
        let mut names: Vec<String> = inside
            .filter(|path| !path.contains('/') && Format::of(path).is_some())
            .filter_map(|path| path.rsplit_once('.').map(|(stem, _)| stem.to_owned()))
            .filter(|stem| super::names::is_plain(stem))
            .collect();
        names.dedup();
        names
    }

    /// Files beside a body that look as if they served readers of another language (`offer.es.html`,
    /// `offer.pt-BR.html`): path and language, as it is written.
    pub(super) fn translations(&self, path: &str) -> Vec<(String, String)> {
        let Some((stem, _)) = path.rsplit_once('.') else { return Vec::new() };
        let inside = self.files.beginning(stem).filter_map(|(other, _)| {
            let (code, ending) = other.strip_prefix(stem)?.strip_prefix('.')?.split_once('.')?;
            let first = code.split(['-', '_']).next()?;
            let language = (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
            let body = !ending.contains('.') && !code.contains('/') && Format::of(other).is_some();
            (language && body).then(|| (other.to_owned(), code.to_owned()))
        });
        inside.collect()
    }

    /// Whether a file is UTF-8 text.
    pub(super) fn is_text(&self, path: &str) -> bool {
        self.files.get(path).is_some_and(|bytes| std::str::from_utf8(bytes).is_ok())
    }

    /// Reads a body: its subject line, its title, and the template.
    pub(super) fn read(&self, path: &str) -> Option<Body> {
        let (file, format) = (*self.ids.get(path)?, Format::of(path)?);
        let text = self.sources.text(file);
        let split = message::split_head(text);
        let line = |range: std::ops::Range<usize>| Template::in_file(file, range.start, &text[range]);
        let (subject_line, preview) = (split.subject.map(line), split.preview.map(line));
        let title = || {
            let tag = match format {
                Format::Html => "title",
                Format::Mjml => "mj-title",
                Format::Markdown | Format::Text => return None,
            };
            let (title, range) = message::title(split.text, tag)?;
            let place = span(file, split.offset + range.start..split.offset + range.end);
            Some(Template::under(place, title))
        };
        let subject = subject_line.or_else(title);
        Some(Body { format, subject, preview, template: Template::in_file(file, split.offset, split.text) })
    }
}
