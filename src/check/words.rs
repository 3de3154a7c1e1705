//! The words of a message: its templates, for everybody or for readers of one language.

use crate::diagnostic::{Code, Span};
use crate::message::{Part, TEMPLATE_LIMIT, Templates};

use super::body::Template;
use super::names::Names;
use super::placeholder::{self, Placeholders};
use super::report::{Report, problem};

/// The templates of a message, as far as they are written.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) subject: Option<Template>,
    pub(super) html: Option<Template>,
    pub(super) text: Option<Template>,
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
            Part::Html => self.html.as_ref(),
            Part::Text => self.text.as_ref(),
        }
    }

    /// The templates, checked: sizes and placeholders, which `shown` collects; none after a diagnostic.
    pub(super) fn check(
        &self,
        by_email: bool,
        names: &Names,
        shown: &mut Placeholders,
        report: &mut Report<'_>,
    ) -> Option<Templates> {
        let mut good = true;
        for part in [Part::Subject, Part::Html, Part::Text] {
            if let Some(template) = self.part(part) {
                good &= check_size(template, part, report)
                    && placeholder::check(part, template, names, shown, report);
            }
        }
        let text_of = |part| self.part(part).map(|template| template.text.clone());
        let templates = Templates {
            subject: text_of(Part::Subject).unwrap_or_default(),
            // What shows no HTML still needs it where no text is written: the text is made from it.
            html: text_of(Part::Html).filter(|_| by_email || self.text.is_none()),
            text: text_of(Part::Text),
        };
        if good {
            placeholder::rehearse(&templates, &shown.fields, |part| self.part(part), report);
        }
        good.then_some(templates)
    }
}

fn check_size(template: &Template, part: Part, report: &mut Report<'_>) -> bool {
    let limit = if part == Part::Subject { crate::message::SUBJECT_LIMIT } else { TEMPLATE_LIMIT };
    let lines = part != Part::Subject;
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
