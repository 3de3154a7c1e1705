//! The words of a message: its templates, for everybody or for readers of one language.

use crate::diagnostic::{Code, Span};
use crate::message::{self, Frame, Part, TEMPLATE_LIMIT, Templates};

use super::body::{Format, Template};
use super::layout::{Frames, Layout};
use super::message::Surroundings;
use super::placeholder::{self, Placeholders};
use super::report::{Report, problem};

/// The templates of a message, as far as they are written.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) subject: Option<Template>,
    pub(super) preview: Option<Template>,
    /// What makes the HTML, in `format`.
    pub(super) html: Option<Template>,
    pub(super) format: Format,
    pub(super) text: Option<Template>,
}

impl Default for Words {
    fn default() -> Self {
        Self { subject: None, preview: None, html: None, format: Format::Html, text: None }
    }
}

/// What the body of a message makes before its layout: HTML, and a text where its format has one.
struct Made {
    html: Option<String>,
    text: Option<String>,
}

impl Words {
    /// Where they begin: the body, else `span`.
    pub(super) fn start(&self, span: Span) -> Span {
        self.html.as_ref().or(self.text.as_ref()).map_or(span, |body| {
            let whole = body.whole();
            Span { end: whole.start, ..whole }
        })
    }

    fn part(&self, part: Part) -> Option<&Template> {
        match part {
            Part::Subject => self.subject.as_ref(),
            Part::Preview => self.preview.as_ref(),
            Part::Html => self.html.as_ref(),
            Part::Text => self.text.as_ref(),
        }
    }

    /// The templates as they are sent, checked: sizes, placeholders, which `shown` collects, and what
    /// stands around them; none after a diagnostic.
    pub(super) fn check(
        &self,
        layout: &Layout<'_>,
        language: Option<&str>,
        around: &Surroundings<'_>,
        shown: &mut Placeholders,
        report: &mut Report<'_>,
    ) -> Option<Templates> {
        let mut good = true;
        for part in [Part::Subject, Part::Preview, Part::Html, Part::Text] {
            if let Some(template) = self.part(part) {
                good &= check_size(template, part, report)
                    && placeholder::check(part, template, around.names, shown, report);
            }
        }
        let body = self.html.as_ref();
        let is_page =
            body.is_some_and(|body| self.format == Format::Mjml || crate::message::is_page(&body.text));
        let frames = layout.frames((is_page, language), around, shown, report);
        if good {
            let text_of = |part| self.part(part).map(|template| template.text.clone());
            let written = Templates {
                subject: text_of(Part::Subject).unwrap_or_default(),
                html: text_of(Part::Html),
                text: text_of(Part::Text),
                preview: text_of(Part::Preview),
            };
            placeholder::rehearse(&written, &shown.fields, |part| self.part(part), report);
        }
        let (frames, made) = (frames.filter(|_| good)?, self.made(report)?);
        let templates = self.framed(made, &frames, layout.by_email, language);
        let too_large = [&templates.html, &templates.text]
            .into_iter()
            .flatten()
            .any(|template| template.len() > TEMPLATE_LIMIT);
        if too_large {
            report.add(too_long(self.start(Span { file: body?.whole().file, start: 0, end: 0 })));
            return None;
        }
        Some(templates)
    }

    /// What the body makes, by its format; none after an error.
    fn made(&self, report: &mut Report<'_>) -> Option<Made> {
        let Some(body) = &self.html else { return Some(Made { html: None, text: None }) };
        let found = match self.format {
            Format::Html | Format::Text => return Some(Made { html: Some(body.text.clone()), text: None }),
            Format::Markdown => match message::markdown(&body.text) {
                Ok(made) => return Some(Made { html: Some(made.html), text: Some(made.text) }),
                Err(range) => problem(Code::BadTemplate, body.span(range), "this cannot stand here")
                    .label("put it on a line of its own, or within the text of a paragraph"),
            },
            Format::Mjml => match message::mjml(&body.text) {
                Ok(html) => return Some(Made { html: Some(html), text: None }),
                Err(refused) => {
                    let whole = body.whole();
                    let start = Span { end: whole.start, ..whole };
                    let span = refused.range.map_or(start, |range| body.span(range));
                    problem(Code::BadTemplate, span, "this MJML cannot be read").label(refused.reason)
                }
            },
        };
        report.add(found.why("a message that cannot be filled cannot be sent"));
        None
    }

    /// The parts within their layout.
    fn framed(&self, made: Made, layout: &Frames, by_email: bool, language: Option<&str>) -> Templates {
        let subject = self.subject.as_ref().map_or_else(String::new, |subject| subject.text.clone());
        let within = |around: &Option<Template>, kind: Frame, body: &str| {
            around.as_ref().and_then(|around| message::frame(&around.text, kind, body, &subject).ok())
        };
        let html = made.html.as_ref().map(|body| {
            within(&layout.html, Frame::Html, body).unwrap_or_else(|| match self.format {
                Format::Markdown if by_email => message::page(body, language),
                Format::Markdown | Format::Html | Format::Mjml | Format::Text => body.clone(),
            })
        });
        let written = self.text.as_ref().map(|text| text.text.clone());
        // A layout in HTML alone: its words, too, belong to the text, which is then made from it.
        let own = made.text.filter(|_| layout.html.is_none() || layout.text.is_some());
        let text = written.or(own).map(|body| within(&layout.text, Frame::Text, &body).unwrap_or(body));
        // What shows no HTML still needs it where no text is written: the text is made from it.
        let html = html.filter(|_| by_email || text.is_none());
        // Only HTML has room for what is hidden.
        let preview =
            self.preview.as_ref().filter(|_| by_email && html.is_some()).map(|preview| preview.text.clone());
        Templates { subject, html, text, preview }
    }
}

pub(super) fn check_size(template: &Template, part: Part, report: &mut Report<'_>) -> bool {
    let lines = match part {
        Part::Subject | Part::Preview => false,
        Part::Html | Part::Text => true,
    };
    let limit = if lines { TEMPLATE_LIMIT } else { crate::message::SUBJECT_LIMIT };
    let bad = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'));
    let (message, label) = if template.text.len() > limit {
        (format!("the {part} has more than {limit} bytes"), "shorten it")
    } else if template.text.contains(bad) {
        (format!("the {part} contains a control character"), "remove it")
    } else {
        return true;
    };
    report.add(
        problem(Code::BadText, template.whole(), message)
            .label(label)
            .why("mail servers refuse it; line breaks in a subject are used to forge headers"),
    );
    false
}

fn too_long(span: Span) -> super::report::Problem {
    problem(Code::BadText, span, format!("the message has more than {TEMPLATE_LIMIT} bytes with its layout"))
        .label("shorten it")
        .why("mail servers refuse it")
}
