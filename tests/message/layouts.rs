//! Layouts: what stands around a body, for whom, and that it belongs to what a message says.

use cvmd::check::{Files, Options, check};
use cvmd::model::Date;
use cvmd::ruleset::Message;

/// 2026-11-24.
const TODAY: Date = Date(20_781);

const RULES: &str = "message offer\n  email marketing\n  subject \"A & {{ first_name | default('B') }}\"\n  LAYOUT\n\
    message note\n  sms marketing by webhook gateway\n  body offer.md\n\
    webhook gateway\n  post \"https://sms.shop.example\"\n\
    rule all\n  when orders > 1\n  then send offer\n       send note\n";

fn messages(layout: &str, more: &[(&str, &str)]) -> Vec<Message> {
    let mut files = Files::new();
    let rules = RULES.replace("LAYOUT", layout);
    let given = [
        ("all.rules", &*rules),
        ("messages/offer.md", "Hello *you*\n"),
        ("messages/offer.es.md", "Subject: Hola\n\nHola *tú*\n"),
        ("messages/offer.pt-BR.html", "<title>Oi</title><p>Oi</p>"),
        ("messages/layouts/default.html", "<html><title>{{ subject }}</title>D {{ body }} D</html>"),
        ("messages/layouts/default.txt", "D\n{{ body }}\nD"),
        ("messages/layouts/default.es.html", "<html>DES {{ body }}</html>"),
        ("messages/layouts/other.html", "<html>O {{ body }}</html>"),
    ];
    for (path, text) in given.iter().chain(more) {
        files.insert(*path, text.as_bytes());
    }
    let checked = check(&files, &Options { commit: "unknown", today: TODAY });
    let said: Vec<String> = checked.diagnostics.iter().map(|found| found.message.clone()).collect();
    checked.rules.unwrap_or_else(|| panic!("{said:?}")).messages
}

fn offer(layout: &str, more: &[(&str, &str)]) -> Message {
    messages(layout, more).into_iter().find(|message| message.name == "offer").unwrap()
}

#[test]
fn the_default_layout_serves_all_e_mail_and_others_are_asked_for() {
    let message = offer("layout default", &[]);
    assert_eq!(
        message.html.as_deref(),
        Some(
            "<html><title>A &amp; {{ first_name | default('B') }}</title>D <p>Hello <em>you</em></p> D</html>"
        )
    );
    assert_eq!(message.text.as_deref(), Some("D\nHello you\nD"));
    let [spanish, brazilian] = &message.variants[..] else { panic!("{:?}", message.variants) };
    // Its own words around a Spanish body; the text has none, and takes what serves everybody.
    assert_eq!(spanish.html.as_deref(), Some("<html>DES <p>Hola <em>tú</em></p></html>"));
    assert_eq!(spanish.text.as_deref(), Some("D\nHola tú\nD"));
    assert_eq!(
        brazilian.html.as_deref(),
        Some("<html><title>Oi</title>D <title>Oi</title><p>Oi</p> D</html>")
    );

    let other = offer("layout other", &[]);
    assert_eq!(other.html.as_deref(), Some("<html>O <p>Hello <em>you</em></p></html>"));
    assert_eq!(other.text, None, "what stands around it belongs to its text, too, which is made from it");

    let none = offer("layout none", &[]);
    assert!(none.html.unwrap().contains("charset"), "Markdown alone is a plain page");
    assert_eq!(none.text.as_deref(), Some("Hello you\n"));
    assert!(none.variants[0].html.as_ref().unwrap().contains("<html lang=\"es\">"));
    assert_eq!(none.variants[1].html.as_deref(), Some("<title>Oi</title><p>Oi</p>"), "HTML is sent as it is");
}

#[test]
fn another_channel_has_the_text_alone() {
    let note = messages("layout default", &[]).into_iter().find(|message| message.name == "note").unwrap();
    assert_eq!((note.html, note.text.as_deref()), (None, Some("Hello you\n")));
}

#[test]
fn an_edited_layout_is_another_message() {
    let one = offer("layout default", &[]);
    let edited = [("messages/layouts/default.html", "<html>E {{ body }}</html>")];
    assert_ne!(one.content_hash, offer("layout default", &edited).content_hash);
    let spanish = [("messages/layouts/default.es.html", "<html>E {{ body }}</html>")];
    assert_ne!(one.content_hash, offer("layout default", &spanish).content_hash);
    let unused = [("messages/layouts/other.html", "<html>E {{ body }}</html>")];
    assert_eq!(one.content_hash, offer("layout default", &unused).content_hash);
}

#[test]
fn a_whole_page_has_no_default_layout() {
    let page = offer("body page.html", &[("messages/page.html", "<html>P</html>")]);
    assert_eq!((page.html.as_deref(), page.text), (Some("<html>P</html>"), None));
}
