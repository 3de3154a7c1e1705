//! Layouts: which stands around a message's words, and whether it can hold them.

use crate::diagnostic::{Code, Span};
use crate::language::tree::Name;
use crate::message::{self, Frame, Part, Templates};

use super::body::Template;
use super::message::Surroundings;
use super::names::shorten;
use super::placeholder::{self, LAYOUT_NAMES, Placeholders};
use super::report::{Report, problem};
use super::suggest::{did_you_mean, nearest};
use super::words::check_size;

/// The layout of messages that name none.
const DEFAULT: &str = "default";
/// Instead of a name: no layout.
const NONE: &str = "none";

/// What stands around a message.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Layout<'a> {
    /// Only e-mail has layouts.
    pub(super) by_email: bool,
    /// The layout's name, and where it is asked for; none: no layout.
    asked: Option<(&'a str, Option<Span>)>,
}

/// The templates of a layout for readers of one language.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub(super) html: Option<Template>,
    pub(super) text: Option<Template>,
}

impl<'a> Layout<'a> {
    /// The layout that a message names, else the default one; none after an error.
    pub(super) fn of(
        named: Option<&'a Name>,
        by_email: bool,
        around: &Surroundings<'_>,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let Some(name) = named else {
            return Some(Self { by_email, asked: by_email.then_some((DEFAULT, None)) });
        };
        let layouts = around.bodies.layouts();
        let exists = ["html", "txt"].iter().any(|end| around.bodies.layout(&name.text, end, None).is_some());
        if by_email && name.text == NONE && !exists {
            return Some(Self { by_email, asked: None });
        }
        let found = if !by_email {
            problem(Code::BadLayout, name.span, "only e-mail has a layout")
                .label("leave it out")
                .why("another channel carries the text alone")
        } else if exists {
            return Some(Self { by_email, asked: Some((&name.text, Some(name.span))) });
        } else {
            let near = nearest(&name.text, layouts.iter().map(String::as_str));
            let label = match near {
                Some(near) => did_you_mean(Some(near)),
                None => format!("write it into `messages/layouts/{}.html`", shorten(&name.text)),
            };
            problem(Code::BadLayout, name.span, format!("there is no layout `{}`", shorten(&name.text)))
                .label(label)
                .why("the message would go out without what stands around it, such as your address")
                .near(name.span, near)
        };
        report.add(found);
        None
    }

    /// The layout's templates for readers of a language, checked; none after an error. A body that is a
    /// whole page has no room for a layout.
    pub(super) fn frames(
        &self,
        (is_page, language): (bool, Option<&str>),
        around: &Surroundings<'_>,
        shown: &mut Placeholders,
        report: &mut Report<'_>,
    ) -> Option<Frames> {
        let Some((name, asked)) = self.asked else { return Some(Frames::default()) };
        if let Some(span) = asked.filter(|_| is_page) {
            report.add(
                problem(Code::BadLayout, span, "the body is a whole page already")
                    .label(
                        "leave `layout` out, or keep of the body what stands between `<body>` and `</body>`",
                    )
                    .why("a page within a page is shown wrongly"),
            );
            return None;
        }
        let html = around.bodies.layout(name, "html", language).filter(|_| !is_page);
        let text = around.bodies.layout(name, "txt", language);
        let parts = [(Part::Html, Frame::Html, &html), (Part::Text, Frame::Text, &text)];
        let mut good = true;
        for (part, kind, template) in parts {
            let Some(template) = template else { continue };
            good &= check_frame((part, kind, template), around, shown, report);
        }
        good.then_some(Frames { html, text })
    }
}

/// Checks all layouts, also those that no message asks for yet; what is said of one that a message has is
/// said once.
pub(super) fn check_all(around: &Surroundings<'_>, report: &mut Report<'_>) {
    for path in around.bodies.layout_files() {
        let Some(start) = around.bodies.start(&path) else { continue };
        let shown_path = shorten(&path);
        let refuse = |code, what: &str| problem(code, start, format!("`{shown_path}` {what}"));
        let Some(template) = around.bodies.template(&path) else {
            report.add(
                refuse(Code::BadText, "is no UTF-8 text")
                    .label("save it as UTF-8")
                    .why("letters would be shown wrongly"),
            );
            continue;
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        let (code, ending) = match name.split('.').collect::<Vec<_>>().as_slice() {
            [_, ending] => (None, (*ending).to_owned()),
            [_, code, ending] => (Some((*code).to_owned()), (*ending).to_owned()),
            _ => (None, String::new()),
        };
        let (part, kind) = match ending.as_str() {
            "html" => (Part::Html, Frame::Html),
            "txt" => (Part::Text, Frame::Text),
            _ => {
                report.add(
                    refuse(Code::BadLayout, "is no layout that anything would have")
                        .label("name it `NAME.html` or `NAME.txt`, or `NAME.es.html` for readers of Spanish")
                        .why("messages would go out without what stands around them"),
                );
                continue;
            }
        };
        if code.is_some_and(|code| message::language_tag(&code).is_none()) {
            report.add(
                refuse(Code::NoLanguage, "is for readers of no language")
                    .label("give that file another name, or move it away")
                    .why("nobody would ever get it"),
            );
            continue;
        }
        // Whether there is a link to unsubscribe is for the messages to say that have it.
        let mut shown = Placeholders { marketing: true, ..Placeholders::default() };
        check_frame((part, kind, &template), around, &mut shown, report);
    }
}

/// Checks one file of a layout.
fn check_frame(
    (part, kind, template): (Part, Frame, &Template),
    around: &Surroundings<'_>,
    shown: &mut Placeholders,
    report: &mut Report<'_>,
) -> bool {
    shown.taken = &LAYOUT_NAMES;
    let good =
        check_size(template, part, report) && placeholder::check(part, template, around.names, shown, report);
    shown.taken = &[];
    let whole = template.whole();
    let found = match message::frame(&template.text, kind, "", "") {
        Ok(_) => {
            if good {
                let (html, text) = match kind {
                    Frame::Html => (Some(template.text.clone()), None),
                    Frame::Text => (None, Some(template.text.clone())),
                };
                let alone = Templates { subject: String::new(), html, text, preview: None };
                placeholder::rehearse(&alone, &shown.fields, |_| Some(template), report);
            }
            return good;
        }
        Err(None) => problem(
            Code::BadLayout,
            Span { end: whole.start, ..whole },
            "this layout has no place for the message",
        )
        .label("write `{{ body }}` where the message's words go")
        .why("everybody would get the layout, and nobody the message"),
        Err(Some(second)) => {
            problem(Code::BadLayout, template.span(second), "the message would stand twice in this layout")
                .label("keep one `{{ body }}`")
                .why("readers would get everything two times")
        }
    };
    report.add(found);
    false
}
