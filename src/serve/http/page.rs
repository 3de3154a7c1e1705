//! The page of a link to unsubscribe: small, without script, and nothing from elsewhere.

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::words::{Words, words};
use crate::serve::Reader;

/// What the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Whether to unsubscribe, with the button.
    Asks,
    /// That it is done.
    Done,
    /// That there is no such link.
    Unknown,
    /// That it did not work, with the button.
    ComeAgain,
}

const STYLE: &str = "body{margin:0;background:#f4f4f2;color:#222;font:1.1rem/1.5 system-ui,sans-serif}\
    main{max-width:32rem;margin:12vh auto 0;padding:2rem 1.5rem;background:#fff;border-radius:.5rem}\
    h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.2}\
    button{width:100%;padding:.9rem;border:0;border-radius:.4rem;background:#1f4f8f;color:#fff;font:inherit;cursor:pointer}\
    button:focus-visible{outline:3px solid #e0a100;outline-offset:2px}\
    small{color:#555}\
    @media(max-width:34rem){main{margin:0;border-radius:0}}\
    @media(prefers-color-scheme:dark){body{background:#181818;color:#eee}main{background:#242424}small{color:#bbb}}";

/// Only the style above, and a form to where the page came from.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes());
    let hash = STANDARD.encode(digest.as_ref());
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// Seconds after which to come again.
const RETRY_AFTER_S: &str = "2";

/// Whom a page is for: who holds the link, as far as that is known, and which languages their browser asks for.
pub(super) type For<'a> = (Option<&'a Reader>, Option<&'a str>);

/// The page as an answer; in English where nobody knows who reads it.
pub(super) fn page(status: StatusCode, said: Said, whom: For<'_>) -> Response {
    let mut response = (status, Html(html(said, whom))).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    if said == Said::ComeAgain {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
    }
    response
}

fn html(said: Said, (reader, accepts): For<'_>) -> String {
    let words = words(reader.and_then(|reader| reader.language.as_deref()), accepts);
    let way = reader.map_or("email", |reader| &reader.channel);
    let Words { language, title, asks, button, keeps, done, stays, unknown, complete, again } = *words;
    let by = words.by(way);
    let fill = |text: &str| text.replace("{by}", &by);
    let form = || {
        format!(
            "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
             <button>{button}</button></form>"
        )
    };
    let (head, body) = match said {
        Said::Asks => (title, format!("<p>{}</p>{}<p><small>{keeps}</small></p>", fill(asks), form())),
        Said::Done => (done, format!("<p>{}</p><p><small>{keeps}</small></p>", fill(stays))),
        Said::Unknown => (unknown, format!("<p>{complete}</p>")),
        Said::ComeAgain => (title, format!("<p>{again}</p>{}", form())),
    };
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex,nofollow\"><title>{head}</title><style>{STYLE}</style></head>\
         <body><main><h1>{head}</h1>{body}</main></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(language: &str, channel: &str) -> Reader {
        Reader { language: Some(language.into()), channel: channel.into() }
    }

    #[test]
    fn a_page_speaks_the_readers_language_and_has_one_button() {
        for (language, button) in [
            ("en", "Unsubscribe"),
            ("de-AT", "Abmelden"),
            ("FR", "Me désinscrire"),
            ("es_MX", "Darme de baja"),
            ("it", "Annulla l’iscrizione"),
            ("nl", "Afmelden"),
            ("pt-BR", "Cancelar a inscrição"),
            ("ja", "Unsubscribe"),
        ] {
            let page = html(Said::Asks, (Some(&reader(language, "email")), None));
            assert_eq!(page.matches("<button>").count(), 1);
            assert!(page.contains(&format!("<button>{button}</button>")), "{page}");
            assert!(!page.contains("{by}"), "{page}");
            let done = html(Said::Done, (Some(&reader(language, "sms")), None));
            assert!(!done.contains("<button>") && !done.contains("{by}"), "{done}");
        }
    }

    #[test]
    fn a_page_asks_nothing_of_anybody_else() {
        for said in [Said::Asks, Said::Done, Said::Unknown, Said::ComeAgain] {
            let page = html(said, (Some(&reader("en", "<script>")), Some("<script>")));
            for foreign in ["<script", "http", "src=", "href=", "url(", "@import"] {
                assert!(!page.contains(foreign), "{foreign}: {page}");
            }
        }
        assert!(POLICY.starts_with("default-src 'none'; style-src 'sha256-"));
    }
}
