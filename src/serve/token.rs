//! Bearer tokens, compared in the same time for all that is wrong.

use axum::http::{HeaderMap, header};
use ring::hmac;

use crate::config::Secret;

/// A token that requests must show.
#[derive(Clone)]
pub(super) struct Token {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl Token {
    pub(super) fn new(secret: &Secret) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let tag = hmac::sign(&key, secret.expose().as_bytes());
        Self { key, tag }
    }

    /// Whether the request shows this token.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = header.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        shown.is_some_and(|token| hmac::verify(&self.key, token.as_bytes(), self.tag.as_ref()).is_ok())
    }
}
