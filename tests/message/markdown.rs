//! Bodies in Markdown and MJML, filled with what people are called.

use cvmd::message::{self, Frame, Shown, Templates, render};

use super::filled;

/// Names that would be markup, links or more.
const NAMES: [&str; 6] = [
    "**x** <script>alert(1)</script>",
    "[a](http://evil.example)",
    "<http://evil.example>",
    "\n\n# Ana\n\n- x",
    "{{ clv }}",
    "\" onclick=\"x",
];

fn sent(body: &str, name: &str) -> message::Rendered {
    let made = message::markdown(body).unwrap();
    let page = message::page(&made.html, Some("es"));
    let templates = Templates {
        subject: "Hi {{ first_name }}".into(),
        html: Some(page),
        text: Some(made.text),
        preview: None,
    };
    render(&templates, &filled("es", &[("first_name", Shown::Text(name.into()))])).unwrap_or_else(|error| {
        assert!(name.contains('\n'), "{error}");
        let text = templates.text.unwrap();
        let templates =
            Templates { subject: "Hi".into(), html: templates.html, text: Some(text), preview: None };
        render(&templates, &filled("es", &[("first_name", Shown::Text(name.into()))])).unwrap()
    })
}

/// The tags of a page, without what stands between them.
fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap();
        tags.push(tag.to_owned());
    }
    tags
}

#[test]
fn no_name_becomes_markup_or_a_link() {
    let body =
        "# Hello {{ first_name }}\n\n**{{ first_name }}**, *you*: {{ first_name }}\n\n- {{ first_name }}\n";
    let plain = sent(body, "Ana");
    for name in NAMES {
        let rendered = sent(body, name);
        assert_eq!(tags(&rendered.html.unwrap()), tags(plain.html.as_ref().unwrap()), "{name}");
        assert_eq!(rendered.text.matches(name).count(), 4, "{name}: {}", rendered.text);
    }
}

#[test]
fn an_address_holds_whatever_fills_it() {
    let body = "[a](https://shop.example/{{ first_name }}?x=1&n={{ first_name }}) [b]({{ first_name }})";
    for name in NAMES {
        let rendered = sent(body, name);
        let html = rendered.html.unwrap();
        let links: Vec<String> = tags(&html).into_iter().filter(|tag| tag.starts_with("a ")).collect();
        assert_eq!(links.len(), 2, "{html}");
        assert!(
            links[0].starts_with("a href=\"https://shop.example/%") || links[0].contains("/Ana"),
            "{links:?}"
        );
        assert!(
            links.iter().all(|link| link.matches('"').count() == 2 && !link.contains(' ')
                || link.matches(' ').count() == 1)
        );
        assert!(!links[1].contains("javascript:"));
    }
    let rendered = sent(body, "https://shop.example/s?a=1&b=ñ \"'");
    assert!(
        rendered
            .html
            .unwrap()
            .contains("href=\"https:&#x2f;&#x2f;shop.example&#x2f;s?a=1&amp;b=%C3%B1%20%22%27\"")
            || rendered.text.contains("b <https://shop.example/s?a=1&b=%C3%B1%20%22%27>"),
        "{}",
        rendered.text
    );
    assert!(sent(body, "javascript:alert(1)").text.contains("b <javascript%3Aalert%281%29>"));
}

#[test]
fn mjml_is_shown_alike_everywhere_and_asks_nobody_else() {
    let body = "<mjml><mj-head><mj-title>Hi</mj-title></mj-head><mj-body>\
        <mj-raw>{% if clv is defined %}</mj-raw><mj-section><mj-column><mj-text font-family=\"Ubuntu\">\
        Dear {{ first_name | default(\"friend\") }} & co</mj-text>\
        <mj-button href=\"https://shop.example/?n={{ first_name | default('x') | urlencode }}\">Go</mj-button>\
        </mj-column></mj-section><mj-raw>{% endif %}</mj-raw></mj-body></mjml>";
    let html = message::mjml(body).unwrap();
    assert_eq!(html, message::mjml(body).unwrap());
    assert!(html.contains("Dear {{ first_name | default(\"friend\") }} & co"), "{html}");
    assert!(
        html.contains("href=\"https://shop.example/?n={{ first_name | default('x') | urlencode }}\""),
        "{html}"
    );
    assert!(html.find("{% if clv is defined %}") < html.find("Dear"), "{html}");
    assert!(!html.contains("fonts.googleapis"), "{html}");
    let rendered = render(
        &Templates { subject: "Hi".into(), html: Some(html), text: None, preview: None },
        &filled("en", &[("first_name", Shown::Text("<b>".into())), ("clv", Shown::YesNo(true))]),
    )
    .unwrap();
    assert!(rendered.html.unwrap().contains("Dear &lt;b&gt; & co"));
    assert!(rendered.text.contains("Dear <b> & co") && rendered.text.contains("Go"), "{}", rendered.text);
}

#[test]
fn bad_mjml_is_told_with_its_place() {
    for (body, reason, meant) in [
        ("<p>Hello</p>", "", None),
        (
            "<mjml><mj-body><mj-section><mj-colum></mj-colum></mj-section></mj-body></mjml>",
            "no element `mj-colum`",
            Some("mj-colum"),
        ),
        ("<mjml><mj-head></mj-head></mjml>", "there is no `<mj-body>`", None),
        (
            "<mjml><mj-body>{{ a }}<mj-include path=\"x.mjml\" /></mj-body></mjml>",
            "other files cannot be included",
            Some("mj-include"),
        ),
        ("<mjml><mj-body><mj-section>", "", None),
        ("", "", None),
    ] {
        let refused = message::mjml(body).unwrap_err();
        assert!(refused.reason.contains(reason) && !refused.reason.is_empty(), "{body}: {refused:?}");
        if let Some(meant) = meant {
            assert_eq!(refused.range.map(|range| &body[range]), Some(meant), "{body}");
        }
    }
}

#[test]
fn a_subject_within_a_layout_is_text() {
    let framed =
        message::frame("<title>{{ subject }}</title>{{ body }}", Frame::Html, "x", "<i> {{ first_name }}");
    let templates =
        Templates { subject: String::new(), html: Some(framed.unwrap()), text: None, preview: None };
    let rendered =
        render(&templates, &filled("en", &[("first_name", Shown::Text("</title>".into()))])).unwrap();
    assert!(!rendered.html.unwrap().contains("<i>"));
}
