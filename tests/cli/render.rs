//! `cvmd render`: what a customer would get, before anybody gets it.

use std::fs;

use super::binary::{Said, run};

const RULES: &str = "\
workspace shop
  currency EUR
event cart_abandoned
  value money
message thanks
  email marketing
  subject \"For {{ first_name }}\"
  body thanks.html
message nudge
  sms marketing by webhook gateway
  text \"{{ cart_abandoned.value }} is waiting\"
message note
  sms marketing by webhook gateway
  body note.html
webhook gateway
  post \"http://127.0.0.1:9/sms\"
rule greet
  when clv > 100
  then send thanks
rule rescue
  on cart_abandoned
  then send nudge
rule notes
  on cart_abandoned
  then send note
";

const CUSTOMERS: &str = "id,email,first_name,clv,language\na-1,ana@shop.example,Ana <b>,700,\n\
    b-2,bea@shop.example,,900,\nc-3,cy@shop.example,Cy,1,es-ES\n";

/// Two carts of one customer; the later one was learnt with the first row.
const EVENTS: &str = "\
id,customer_id,time,event,value
e1,a-1,2026-10-05T10:00:00Z,cart_abandoned,20
e2,a-1,2026-10-01T10:00:00Z,cart_abandoned,10
";

fn render(more: &[&str]) -> Said {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("rules/messages/thanks.html", "<p>Thank you, {{ first_name }}: {{ clv }}</p>"),
        ("rules/messages/thanks.es.html", "<title>Para {{ first_name }}</title><p>Gracias</p>"),
        ("rules/messages/note.html", "<p>A &amp; B</p>"),
        ("rules/shop.rules", RULES),
        ("data/customers.csv", CUSTOMERS),
        ("data/events.csv", EVENTS),
    ] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let first = ["render", "--rules", "rules", "--from", "data"];
    run(dir.path(), &[&first, more].concat())
}

#[test]
fn all_parts_are_shown_with_the_customers_values() {
    let said = render(&["thanks", "--as", "a-1"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rest = said.stdout.split_once('\n').unwrap();
    assert!(rest.0.starts_with("thanks by email to a-1, as of "), "{said:?}");
    assert_eq!(
        rest.1,
        "subject: For Ana <b>\n\n--- text\nThank you, Ana <b>: 700.00 EUR\n\n\
         --- HTML\n<p>Thank you, Ana &lt;b&gt;: 700.00 EUR</p>\n"
    );
    let said = render(&["thanks", "--as", "a-1", "--part", "html"]);
    assert_eq!((said.code, &*said.stdout), (0, "<p>Thank you, Ana &lt;b&gt;: 700.00 EUR</p>"), "{said:?}");
    let said = render(&["thanks", "--as", "a-1", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!((&document["channel"], &document["subject"]), (&"email".into(), &"For Ana <b>".into()));
    assert!(document["event"].is_null() && document["html"].is_string(), "{said:?}");
}

#[test]
fn the_body_is_in_the_customers_language() {
    let said = render(&["thanks", "--as", "c-3"]);
    assert!(said.stdout.starts_with("thanks by email in `es` to c-3, as of "), "{said:?}");
    assert!(said.stdout.contains("subject: Para Cy\n\n--- text\nGracias\n\n--- HTML\n"), "{said:?}");
    let said = render(&["thanks", "--as", "c-3", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["language"], "es");
}

#[test]
fn what_would_not_be_sent_says_why_and_nothing_is_shown() {
    let said = render(&["thanks", "--as", "b-2"]);
    assert_eq!((said.code, &*said.stdout), (2, ""), "{said:?}");
    assert!(said.stderr.contains("would not be sent to `b-2`: `first_name` is unknown"), "{said:?}");
    assert!(!said.stderr.contains("bea@"), "{said:?}");
}

#[test]
fn an_event_is_the_latest_one_up_to_the_instant() {
    let at = |at: &str| render(&["nudge", "--as", "a-1", "--at", at, "--part", "text"]);
    let said = at("2026-11-01");
    assert_eq!((said.code, said.stdout.trim_end()), (0, "20.00 EUR is waiting"), "{said:?}");
    let said = at("2026-10-02");
    assert_eq!((said.code, said.stdout.trim_end()), (0, "10.00 EUR is waiting"), "{said:?}");
    for said in [at("2026-09-01"), render(&["nudge", "--as", "b-2"])] {
        assert_eq!((said.code, &*said.stdout), (2, ""), "{said:?}");
        assert!(said.stderr.contains("has no `cart_abandoned` up to"), "{said:?}");
    }
    let said = render(&["nudge", "--as", "a-1", "--part", "subject"]);
    assert!(said.code == 2 && said.stderr.contains("goes by sms and has no subject"), "{said:?}");
}

#[test]
fn a_channel_without_html_gets_the_text_of_an_html_body() {
    let said = render(&["note", "--as", "a-1", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).expect(&said.stderr);
    assert_eq!(document["text"], "A & B\n");
    assert!(document["html"].is_null() && document["subject"].is_null(), "{said:?}");
}

#[test]
fn unknown_names_are_told_with_those_there_are() {
    let said = render(&["thank", "--as", "a-1"]);
    assert!(said.code == 2 && said.stderr.contains("`thank`; there are: note, nudge, thanks"), "{said:?}");
    let said = render(&["thanks", "--as", "zoe"]);
    assert!(said.code == 2 && said.stderr.contains("no customer has the id `zoe`"), "{said:?}");
}
