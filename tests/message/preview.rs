//! The preview: hidden at the top of the HTML, nothing in the text.

use cvmd::check::{Files, Options, check};
use cvmd::message::{Part, RenderError, Shown, Templates, render};
use cvmd::model::Date;
use cvmd::ruleset::Message;

use super::filled;

fn templates(html: Option<&str>, preview: &str) -> Templates {
    let text = html.is_none().then(|| "Hello".to_owned());
    Templates { subject: "Hi".into(), html: html.map(str::to_owned), text, preview: Some(preview.into()) }
}

#[test]
fn it_stands_hidden_at_the_top_of_the_html_and_nowhere_in_the_text() {
    let values = filled("en", &[("first_name", Shown::Text("A<b> & co".into()))]);
    let page = "<html><head><title>T</title></head><body bgcolor=\"white\"><p>Hello</p></body></html>";
    let made = render(&templates(Some(page), "{{ first_name }}, 5 < 6"), &values).unwrap();
    assert_eq!(made.preview.as_deref(), Some("A<b> & co, 5 < 6"));
    assert_eq!(made.text, "Hello\n");
    let html = made.html.unwrap();
    let (head, body) = html.split_once("<body bgcolor=\"white\">").unwrap();
    assert!(!head.contains("co,"), "{html}");
    assert!(body.starts_with("<div style=\"display:none;"), "{html}");
    assert!(body.contains(">A&lt;b&gt; &amp; co, 5 &lt; 6</div><p>Hello</p>"), "{html}");
}

#[test]
fn a_gap_in_it_is_a_gap_where_it_is_shown_only() {
    let unknown = render(&templates(Some("<p>x</p>"), "Dear {{ nickname }}"), &filled("en", &[]));
    assert_eq!(unknown, Err(RenderError::Unknown { part: Part::Preview, placeholder: "nickname".into() }));
    let text = render(&templates(None, "Dear {{ nickname }}"), &filled("en", &[])).unwrap();
    assert_eq!((text.preview, text.html, text.text.as_str()), (None, None, "Hello"));
    let line = filled("en", &[("city", Shown::Text("a\nb".into()))]);
    let broken = render(&templates(Some("<p>x</p>"), "{{ city }}"), &line);
    assert_eq!(broken, Err(RenderError::ControlCharacter(Part::Preview)));
}

const RULES: &str =
    "message offer\n  email marketing\n  PREVIEW\nrule all\n  when orders > 1\n  then send offer\n";

fn offer(clause: &str, body: &str) -> (Message, Vec<String>) {
    let mut files = Files::new();
    let rules = RULES.replace("  PREVIEW\n", clause);
    for (path, text) in [
        ("all.rules", &*rules),
        ("messages/offer.html", body),
        ("messages/offer.es.html", "Subject: Hola\nPreview: Vuelve\n\n<p>Hola</p>"),
        ("messages/offer.de.html", "Subject: Hallo\n\n<p>Hallo</p>"),
        ("messages/offer.fr.txt", "Subject: Salut\n\nSalut"),
    ] {
        files.insert(path, text.as_bytes());
    }
    // 2026-11-24.
    let checked = check(&files, &Options { commit: "unknown", today: Date(20_781) });
    let said: Vec<String> = checked.diagnostics.iter().map(|found| found.message.clone()).collect();
    let rules = checked.rules.unwrap_or_else(|| panic!("{said:?}"));
    (rules.messages.into_iter().next().unwrap(), said)
}

#[test]
fn each_language_has_its_own_else_that_of_everybody_with_a_warning() {
    let (message, said) = offer("  preview \"Come back\"\n", "Subject: Hi\n\n<p>Hi</p>");
    assert_eq!(message.preview.as_deref(), Some("Come back"));
    let of: Vec<(&str, Option<&str>)> =
        message.variants.iter().map(|one| (one.language.as_str(), one.preview.as_deref())).collect();
    assert_eq!(of, [("de", Some("Come back")), ("es", Some("Vuelve")), ("fr", None)]);
    assert_eq!(said, ["readers of `de` get the preview that everybody gets"]);
}

#[test]
fn the_head_of_a_body_says_it_where_the_message_does_not() {
    let body = "Subject: Hi\nPreview: In the body\n\n<p>Hi</p>";
    let (message, _) = offer("", body);
    assert_eq!(
        (message.preview.as_deref(), message.html.as_deref()),
        (Some("In the body"), Some("<p>Hi</p>"))
    );
    let (declared, _) = offer("  preview \"Declared\"\n", body);
    assert_eq!(declared.preview.as_deref(), Some("Declared"));
    assert_ne!(message.content_hash, declared.content_hash);
}
