//! Messages are filled strictly, escaped, bounded, and always have a text part.

use cvmd::check::Files;
use cvmd::message::{Filled, Part, RenderError, Shown, Templates, render, render_message};
use cvmd::model::{Currency, Duration, Money, Number, Share};
use cvmd::ruleset::Value;

use super::tree::checked;

fn html(subject: &str, html: &str) -> Templates {
    Templates { subject: subject.into(), html: Some(html.into()), text: None, preview: None }
}

fn text(text: &str) -> Templates {
    Templates { subject: "x".into(), html: None, text: Some(text.into()), preview: None }
}

fn filled() -> Filled {
    let euro = Currency::parse("EUR");
    [
        ("first_name", Shown::Text("Ana & <b>".into())),
        ("clv", Shown::Money(Money(8_200_000), euro)),
        ("orders", Shown::Number(Number::whole(3))),
        ("ratio", Shown::Number(Number(250_000))),
        ("discount", Shown::Percent(Share(100_000))),
        ("recency", Shown::Duration(Duration::days(90))),
        ("won_back", Shown::YesNo(false)),
        ("tags", Shown::List(vec!["a".into(), "b".into()])),
    ]
    .into_iter()
    .map(|(name, shown)| (name.to_owned(), shown))
    .collect()
}

#[test]
fn values_are_shown_as_people_write_them() {
    let template = "{{ clv }}|{{ orders }}|{{ ratio }}|{{ discount }}|{{ recency }}|{{ won_back }}|{{ tags }}|\
                    {% if orders > 2 and not won_back %}often{% endif %}";
    let rendered = render(&text(template), &filled()).unwrap();
    assert_eq!(rendered.text, "820.00 EUR|3|0.25|10%|90 days|no|a, b|often");
    assert_eq!(rendered.html, None);
}

#[test]
fn html_is_escaped_and_nothing_else_is() {
    let rendered =
        render(&html("Hi {{ first_name }}", "<p>{{ first_name }} {{ tags }}</p>"), &filled()).unwrap();
    assert_eq!(rendered.subject, "Hi Ana & <b>");
    assert_eq!(rendered.html.as_deref(), Some("<p>Ana &amp; &lt;b&gt; a, b</p>"));
    assert_eq!(rendered.text, "Ana & <b> a, b\n");
}

#[test]
fn what_is_unknown_is_refused_unless_a_default_is_written() {
    let unknown = render(&text("Dear {{ nickname }},"), &filled());
    assert_eq!(unknown, Err(RenderError::Unknown { part: Part::Text, placeholder: "nickname".into() }));
    assert!(unknown.unwrap_err().to_string().contains("{{ nickname | default('…') }}"));
    let rendered = render(&text("Dear {{ nickname | default('friend') }},"), &filled()).unwrap();
    assert_eq!(rendered.text, "Dear friend,");
}

#[test]
fn headers_cannot_be_forged_by_a_value() {
    for bad in ["Ana\r\nBcc: x@y.example", "Ana\n", "Ana\u{0}"] {
        let filled: Filled = [("first_name".to_owned(), Shown::Text(bad.into()))].into();
        let rendered = render(&html("Hi {{ first_name }}!", "<p>x</p>"), &filled);
        assert_eq!(rendered, Err(RenderError::ControlCharacter(Part::Subject)), "{bad:?}");
    }
}

#[test]
fn runaway_templates_and_escapes_end_in_an_error() {
    let many = "{% for a in tags %}".repeat(3) + "{{ clv }}" + &"{% endfor %}".repeat(3);
    assert!(render(&text(&many), &filled()).is_ok());
    let long: Filled = [("tags".to_owned(), Shown::List(vec!["x".repeat(2_000); 400]))].into();
    let looped = "{% for a in tags %}{% for b in tags %}{{ b }}{% endfor %}{% endfor %}";
    let error = render(&text(looped), &long).unwrap_err();
    assert!(matches!(error, RenderError::TooLarge(Part::Text) | RenderError::Template { .. }), "{error:?}");
    for bad in ["{{ first_name | safe }}", "{{ debug() }}", "{{ first_name", "{% include 'x' %}"] {
        let error = render(&html("x", bad), &filled()).unwrap_err();
        assert!(
            matches!(error, RenderError::Template { .. } | RenderError::Unknown { .. }),
            "{bad}: {error:?}"
        );
        assert!(!error.to_string().contains("Ana"), "a customer's value in `{error}`");
    }
    assert_eq!(render(&text("  \n"), &filled()), Err(RenderError::Empty(Part::Text)));
}

#[test]
fn a_checked_message_renders_the_same_bytes_every_time() {
    let files: Files = [
        ("w.rules", "workspace w\n  currency EUR\n"),
        ("r.rules", "when clv > 1 then send offer"),
        ("messages/offer.html", "Subject: {{ segment | default('-') }}\n\n<p>{{ clv | default('-') }}</p>"),
    ]
    .into_iter()
    .collect();
    let rules = checked(&files).rules.unwrap();
    let message = &rules.messages[0];
    let value = |index: usize| match message.fields[index].0.as_str() {
        "clv" => Some(Value::Money(Money(1_234_567))),
        _ => Some(Value::Choice(rules.segments[0].choices, 3)),
    };
    let once = render_message(&rules, message, value).unwrap();
    assert_eq!((once.subject.as_str(), once.text.as_str()), ("lapsing", "123.46 EUR\n"));
    assert_eq!(render_message(&rules, message, value).unwrap(), once);
    let empty = render_message(&rules, message, |_| None).unwrap();
    assert_eq!((empty.subject.as_str(), empty.text.as_str()), ("-", "-\n"));
}

proptest::proptest! {
    #[test]
    fn nothing_panics(template in "[a{}%#|' <>\\-.=é\n]{0,60}", value in ".{0,20}") {
        let filled: Filled = [("a".to_owned(), Shown::Text(value))].into();
        let _ = render(&html(&template, &template), &filled);
        let files: Files = [("a.rules", format!("when clv > 1 then send offer\n{template}")),
            ("messages/offer.html", template)].into_iter().collect();
        let _ = checked(&files);
    }
}
