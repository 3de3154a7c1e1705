//! Messages, declared with `message` or found as files.

use ring::digest::{Context, SHA256};

use crate::diagnostic::{Code, Span};
use crate::language::tree::{MessageClause, Name};
use crate::message::Templates;
use crate::model::{Channel, Duration, Money};
use crate::ruleset::{Message, Place, Purpose, Variant};

use super::action::find_webhook;
use super::body::{Bodies, Body, Format, Template};
use super::item::Of;
use super::names::{Names, check_name, shorten};
use super::report::{Report, after, problem};
use super::variant::{self, Languages};
use super::words::Words;
use super::workspace::duplicate_clause;
use super::{cost, email_only, layout, placeholder, sender};

/// What messages are checked against.
pub(super) struct Surroundings<'a> {
    pub(super) names: &'a Names,
    pub(super) bodies: &'a Bodies<'a>,
    pub(super) webhooks: &'a [String],
}

/// The clauses of a message, each once, and its words.
struct Draft<'t> {
    name: String,
    /// Where it is declared, or the `send` that it was found for.
    span: Span,
    place: Place,
    purpose: Option<(&'t Name, Purpose, Option<&'t Name>)>,
    /// Where the message itself says its subject.
    subject: Option<Span>,
    /// Likewise its preview.
    preview: Option<Span>,
    from: Option<&'t Name>,
    reply_to: Option<&'t Name>,
    expires_after: Option<Duration>,
    cost: Option<Money>,
    layout: Option<&'t Name>,
    words: Words,
    languages: Languages,
}

impl Draft<'_> {
    fn new(name: &str, span: Span, place: Place) -> Self {
        Self {
            name: name.to_owned(),
            span,
            place,
            purpose: None,
            subject: None,
            preview: None,
            from: None,
            reply_to: None,
            expires_after: None,
            cost: None,
            layout: None,
            words: Words::default(),
            languages: Languages::new(),
        }
    }

    /// The clauses that only e-mail has a use for, and where they stand.
    fn email_only(&self) -> [(&'static str, Option<Span>); 4] {
        [
            ("subject", self.subject),
            ("preview", self.preview),
            ("from", self.from.map(|from| from.span)),
            ("reply to", self.reply_to.map(|to| to.span)),
        ]
    }
}

/// A declared message; `None` after a diagnostic.
pub(super) fn declared(
    item: &Of<'_, &[MessageClause]>,
    around: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Message> {
    let mut draft = Draft::new(&item.name.text, item.name.span, report.place(item.item.head));
    let mut sound = !item.item.broken;
    let (mut body, mut costs) = (None, 0);
    for clause in item.parts {
        let twice = match clause {
            MessageClause::Purpose { channel, purpose, webhook } => {
                let twice = draft.purpose.replace((channel, *purpose, webhook.as_ref()));
                twice.map(|_| ("email … or its like", channel.span))
            }
            MessageClause::Subject(subject) => {
                draft.subject = Some(subject.span);
                draft.words.subject.replace(inline(subject, report)).map(|_| ("subject", subject.span))
            }
            MessageClause::Body(file) => body.replace(file).map(|_| ("body", file.span)),
            MessageClause::Layout(layout) => draft.layout.replace(layout).map(|_| ("layout", layout.span)),
            MessageClause::Text(text) => {
                draft.words.text.replace(inline(text, report)).map(|_| ("text", text.span))
            }
            MessageClause::From(from) => draft.from.replace(from).map(|_| ("from", from.span)),
            MessageClause::ReplyTo(to) => draft.reply_to.replace(to).map(|_| ("reply to", to.span)),
            MessageClause::Preview(preview) => {
                draft.preview = Some(preview.span);
                draft.words.preview.replace(inline(preview, report)).map(|_| ("preview", preview.span))
            }
            MessageClause::Cost(amount) => {
                let cost = cost::check(amount, around.names, report);
                sound &= cost.is_some();
                costs += 1;
                draft.cost = cost;
                (costs > 1).then_some(("cost", amount.span))
            }
            MessageClause::ExpiresAfter(length, span) => {
                sound &= check_expiry(*length, *span, report);
                draft.expires_after.replace(*length).map(|_| ("expires after", *span))
            }
        };
        if let Some((word, span)) = twice {
            report.add(duplicate_clause(word, span));
        }
    }
    sound &= add_body(&mut draft, body, around, report);
    if draft.purpose.is_none() && !item.item.broken {
        report.add(no_purpose(&item.name.text, item.name.span));
    }
    finish(draft, sound, around, report)
}

/// A message found as files, for the `send` under `span`: marketing by e-mail.
pub(super) fn found(name: &Name, around: &Surroundings<'_>, report: &mut Report<'_>) -> Option<Message> {
    let paths = around.bodies.found(&name.text);
    let first = paths.first()?;
    let place = Place { file: first.as_str().into(), line: 1 };
    let email = Name { text: "email".into(), span: name.span, quoted: false };
    let mut draft = Draft::new(&name.text, name.span, place);
    draft.purpose = Some((&email, Purpose::Marketing, None));
    let sound = add_files(&mut draft, &paths, name.span, around, report);
    finish(draft, sound, around, report)
}

/// Reads the body's files: the one written, else those that bear the message's name.
fn add_body(
    draft: &mut Draft<'_>,
    body: Option<&Name>,
    around: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> bool {
    let Some(file) = body else {
        if draft.words.text.is_some() {
            return true;
        }
        let paths = around.bodies.found(&draft.name);
        return add_files(draft, &paths, draft.span, around, report);
    };
    if let Some(path) = around.bodies.path(&file.text) {
        return add_files(draft, &[path], file.span, around, report);
    }
    let label = if Format::of(&file.text).is_none() {
        "a body ends in `.mjml`, `.html`, `.md` or `.txt`".to_owned()
    } else {
        format!("write it into `messages/{}`", shorten(&file.text))
    };
    let all = around.bodies.files();
    let near = super::suggest::nearest(&file.text, all.iter().map(String::as_str));
    report.add(
        problem(Code::NoBodyFile, file.span, format!("there is no file `{}`", shorten(&file.text)))
            .label(label)
            .why("there would be nothing to send")
            .near(file.span, near),
    );
    false
}

fn add_files(
    draft: &mut Draft<'_>,
    paths: &[String],
    span: Span,
    around: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> bool {
    let mut sound = true;
    for (index, path) in paths.iter().enumerate() {
        let Some(body) = around.bodies.read(path) else { continue };
        if let Some(other) = paths[..index].iter().find(|other| same_part(other, path)) {
            report.add(two_bodies((other, path), &draft.name, span));
            sound = false;
            continue;
        }
        sound &= add_file(&mut draft.words, &draft.name, path, body, around, report);
    }
    sound & variant::read((&mut draft.languages, &draft.name), paths, span, around, report)
}

/// Adds a body to the words of a message, unless there is one of its format; false after an error.
pub(super) fn add_file(
    words: &mut Words,
    message: &str,
    path: &str,
    body: Body,
    around: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> bool {
    let whole = body.template.whole();
    if !around.bodies.is_text(path) {
        report.add(
            problem(Code::BadText, Span { end: whole.start, ..whole }, format!("`{path}` is no UTF-8 text"))
                .label("save it as UTF-8")
                .why("letters would be shown wrongly"),
        );
        return false;
    }
    if words.subject.is_none() {
        words.subject = body.subject;
    }
    if words.preview.is_none() {
        words.preview = body.preview;
    }
    if body.template.text.trim().is_empty() {
        let start = Span { end: whole.start, ..whole };
        report.add(no_body(message, start, "the file is empty"));
        return false;
    }
    match body.format {
        Format::Html | Format::Markdown | Format::Mjml => {
            (words.html, words.format) = (Some(body.template), body.format);
        }
        Format::Text => words.text = words.text.take().or(Some(body.template)),
    }
    true
}

/// Whether two files make the same part of a message.
pub(super) fn same_part(one: &str, other: &str) -> bool {
    let makes = |path| Format::of(path).map(Format::makes_html);
    makes(one) == makes(other)
}

fn two_bodies((one, other): (&str, &str), message: &str, span: Span) -> super::report::Problem {
    let (one, other, message) = (shorten(one), shorten(other), shorten(message));
    problem(Code::BadText, span, format!("`{one}` and `{other}` are both what `{message}` looks like"))
        .label("move one of them away")
        .why("it is not said which of them is sent")
}

/// Checks what is there and makes the message.
fn finish(
    mut draft: Draft<'_>,
    sound: bool,
    around: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Message> {
    let (channel, purpose, webhook) = draft.purpose?;
    let carrier = carrier(channel, webhook, around, report);
    if sound && draft.words.html.is_none() && draft.words.text.is_none() {
        let label = format!("add `body {}.html` or `text \"…\"`", draft.name);
        report.add(no_body(&draft.name, draft.span, &label));
        return None;
    }
    let by_email = channel.text == "email";
    if by_email && sound && draft.words.subject.is_none() {
        draft.words.subject = Some(subject_of_name(&draft, report));
    }
    let sound = sound & email_only::check(&draft.email_only(), &draft.words, by_email, report);
    let good = sound && sender::check(draft.from, report) & sender::check(draft.reply_to, report);
    let marketing = purpose == Purpose::Marketing;
    let mut shown = placeholder::Placeholders { marketing, ..Default::default() };
    let layout = layout::Layout::of(draft.layout, by_email, around, report);
    let good = good && layout.is_some();
    let layout = layout.unwrap_or_default();
    let templates = draft.words.check(&layout, None, around, &mut shown, report);
    let main = (&draft.words, draft.span);
    let variants = variant::check(draft.languages, main, &layout, around, &mut shown, report);
    let (templates, variants) = templates.zip(variants).filter(|_| good)?;
    let content_hash = content_hash(purpose, &channel.text, &templates, &variants);
    Some(Message {
        name: draft.name,
        place: draft.place,
        purpose,
        channel: Channel(channel.text.clone()),
        webhook: carrier.ok()?,
        subject: templates.subject,
        html: templates.html,
        text: templates.text,
        preview: templates.preview,
        variants,
        from: draft.from.map(|from| from.text.clone()),
        reply_to: draft.reply_to.map(|to| to.text.clone()),
        expires_after: draft.expires_after,
        cost: draft.cost,
        fields: shown.fields.into_iter().collect(),
        needs: shown.needs.into_iter().collect(),
        content_hash,
    })
}

/// The webhook that carries a channel, none for e-mail; an error is told already.
fn carrier(
    channel: &Name,
    webhook: Option<&Name>,
    around: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Result<Option<usize>, ()> {
    let why = "e-mail goes by the mail server; any other channel needs a webhook that hands the message over";
    match (channel.text.as_str(), webhook) {
        ("email", None) => Ok(None),
        ("email", Some(webhook)) => {
            report.add(
                problem(Code::ChannelCarrier, webhook.span, "e-mail needs no webhook")
                    .label("leave out `by webhook`, or name another channel")
                    .why(why),
            );
            Err(())
        }
        (_, Some(webhook)) => {
            let named = check_name(report, channel);
            let found = find_webhook(webhook, around.webhooks, "nothing would carry the message", report);
            found.filter(|_| named).map(Some).ok_or(())
        }
        (other, None) => {
            report.add(
                problem(Code::ChannelCarrier, channel.span, format!("what carries `{}`?", shorten(other)))
                    .label(format!("write `{} marketing by webhook NAME`", shorten(other)))
                    .why(why),
            );
            Err(())
        }
    }
}

/// `winback_price` as `Winback price`, with a warning.
fn subject_of_name(draft: &Draft<'_>, report: &mut Report<'_>) -> Template {
    let words = draft.name.replace('_', " ");
    let mut letters = words.chars();
    let subject =
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    let body = draft.words.start(draft.span);
    report.add(
        problem(Code::NoSubject, body, format!("the subject will be `{subject}`"))
            .label("write `Subject: …` as the first line")
            .why("the subject decides whether a message is opened, and this one was made from the message's name"),
    );
    Template::under(body, subject)
}

fn check_expiry(length: Duration, span: Span, report: &mut Report<'_>) -> bool {
    if length.0 >= crate::model::MINUTE_MS {
        return true;
    }
    report.add(
        problem(Code::BadPeriod, span, "the message would expire before it can be sent")
            .label("at least 1 minute")
            .why("nobody would ever get it"),
    );
    false
}

fn no_purpose(name: &str, span: Span) -> super::report::Problem {
    problem(Code::NoPurpose, span, format!("`{}` does not say why it is sent", shorten(name)))
        .label("add `email marketing` or `email transactional`")
        .why("marketing needs a consent that was given, a receipt needs none: the law asks which it is")
        .review(after(span), "\n  email marketing")
}

fn no_body(name: &str, span: Span, label: &str) -> super::report::Problem {
    problem(Code::NoBody, span, format!("`{}` has nothing in it", shorten(name)))
        .label(label)
        .why("customers would get an empty message")
}

/// A template in quotes; exact places only where nothing was escaped.
fn inline(written: &Name, report: &Report<'_>) -> Template {
    let inside = report.text(written.span);
    let start = written.span.start as usize + 1;
    if inside.get(1..inside.len().saturating_sub(1)) == Some(&written.text) {
        return Template::in_file(written.span.file, start, &written.text);
    }
    Template::under(written.span, written.text.clone())
}

/// SHA-256 over purpose, channel and templates of all languages, each led by its length, hexadecimal.
fn content_hash(purpose: Purpose, channel: &str, main: &Templates, variants: &[Variant]) -> String {
    let purpose = match purpose {
        Purpose::Marketing => "marketing",
        Purpose::Transactional => "transactional",
    };
    let mut context = Context::new(&SHA256);
    let mut add = |part: Option<&str>| {
        // A part that is absent is not one that is empty.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        context.update(&length.to_le_bytes());
        context.update(part.unwrap_or_default().as_bytes());
    };
    let parts = [
        Some(purpose),
        Some(channel),
        Some(main.subject.as_str()),
        main.html.as_deref(),
        main.text.as_deref(),
        main.preview.as_deref(),
    ];
    parts.into_iter().for_each(&mut add);
    for Variant { language, subject, html, text, preview } in variants {
        [Some(language.as_str()), Some(subject), html.as_deref(), text.as_deref(), preview.as_deref()]
            .into_iter()
            .for_each(&mut add);
    }
    super::files::hexadecimal(context.finish().as_ref())
}
