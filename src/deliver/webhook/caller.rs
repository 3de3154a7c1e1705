//! One call: sign, post, read the answer.

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Url};

use super::address::{Only, PrivateAddress, is_public, literal};
use super::{Secret, SecretHeader, sign};
use crate::deliver::{Outcome, tls};
use crate::model::{self, Instant};

/// How much of an answer is read; the rest is cut off. Nothing in it is kept.
const LONGEST_ANSWER: usize = 64 * 1024;
/// How long it is read once its status is known: it only frees the connection for the next call.
const LONGEST_DRAIN: Duration = Duration::from_secs(1);
/// The longest wait that `Retry-After` can ask for.
const LONGEST_WAIT: model::Duration = model::Duration::hours(24);

/// What all calls have in common.
#[derive(Debug, Clone)]
pub struct Options {
    /// To open the connection.
    pub connect: Duration,
    /// For the whole call, the answer included.
    pub total: Duration,
    /// Whether private, loopback and link-local addresses may be called.
    pub allow_private: bool,
    /// A PEM file of certificates to trust instead of the public ones.
    pub authorities: Option<std::path::PathBuf>,
}

impl Default for Options {
    /// 10 s to connect, 30 s in all, public addresses only.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
            allow_private: false,
            authorities: None,
        }
    }
}

/// A call as it was frozen at its first attempt.
#[derive(Clone)]
pub struct Call {
    /// The `webhook-id`: the same on each attempt, so that the receiver can tell a repeat.
    pub id: String,
    /// Where to.
    pub url: String,
    /// The JSON that is signed and sent.
    pub body: String,
    /// The secrets that sign; none: unsigned.
    pub secrets: Vec<Secret>,
    /// What is sent along.
    pub headers: Vec<SecretHeader>,
    /// How long the whole call may take; none: [`Options::total`].
    pub answer_within: Option<model::Duration>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({})", self.id)
    }
}

/// Makes calls. Cheap to clone: all clones share their connections.
#[derive(Debug, Clone)]
pub struct Caller {
    client: reqwest::Client,
    allow_private: bool,
    total: Duration,
}

impl Caller {
    /// # Errors
    /// When TLS cannot be set up; the text says why.
    pub fn new(options: &Options) -> Result<Self, String> {
        Self::with(options, Only::public())
    }

    /// As [`Caller::new`], where names are resolved by `resolver` unless private addresses are allowed.
    pub(super) fn with(options: &Options, resolver: impl Resolve + 'static) -> Result<Self, String> {
        let tls = tls::client_config(options.authorities.as_deref())?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("cvmd/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up by itself, behind the check of addresses.
            .no_proxy()
            // A repeat is the outbox's to decide.
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect)
            .timeout(options.total)
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true);
        if !options.allow_private {
            builder = builder.dns_resolver(Arc::new(resolver));
        }
        let client = builder.build().map_err(|error| format!("webhooks cannot be set up: {error}"))?;
        Ok(Self { client, allow_private: options.allow_private, total: options.total })
    }

    /// Makes one call. `now` is its `webhook-timestamp`.
    ///
    /// 2xx is sent; 410 is dead and switches the endpoint off; all else is tried again, after
    /// `Retry-After` where the endpoint names it (at most a day).
    pub async fn send(&self, call: &Call, now: Instant) -> Outcome {
        let url = match self.checked(&call.url) {
            Ok(url) => url,
            Err(outcome) => return outcome,
        };
        let timestamp = now.0.div_euclid(1_000);
        let mut request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &call.id)
            .header("webhook-timestamp", timestamp.to_string());
        if !call.secrets.is_empty() {
            let signature = sign(&call.secrets, &call.id, timestamp, &call.body);
            request = request.header("webhook-signature", signature);
        }
        for SecretHeader { name, value } in &call.headers {
            request = request.header(name, value);
        }
        let total = call.answer_within.map_or(self.total, model::Duration::to_std);
        match request.timeout(total).body(call.body.clone()).send().await {
            Err(error) => Outcome::retry(describe(&error, total)),
            Ok(response) => {
                let (status, wait) = (response.status(), retry_after(response.headers(), now));
                // What the endpoint says besides is nobody's business, however long it takes over it.
                let _ = tokio::time::timeout(LONGEST_DRAIN, drain(response)).await;
                judge(status, wait)
            }
        }
    }

    /// The URL, if it may be called. What may not is tried again, not dropped: a person can mend the
    /// configuration or the rule within the days that a call lives.
    fn checked(&self, url: &str) -> Result<Url, Outcome> {
        let url: Url = url.parse().map_err(|_| Outcome::dead("the endpoint's address is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(Outcome::dead("the endpoint's address is neither `http://…` nor `https://…`"));
        }
        if !self.allow_private && literal(&url).is_some_and(|address| !is_public(address)) {
            return Err(Outcome::retry(PrivateAddress.to_string()));
        }
        Ok(url)
    }
}

/// A failed call in words without the URL, which may hold a token.
fn describe(error: &reqwest::Error, total: Duration) -> String {
    let mut cause = std::error::Error::source(error);
    let mut deepest = String::new();
    while let Some(inner) = cause {
        if inner.is::<PrivateAddress>() {
            return inner.to_string();
        }
        deepest = inner.to_string();
        cause = inner.source();
    }
    let detail = crate::deliver::scrub(&deepest.to_lowercase(), "");
    if error.is_timeout() && !error.is_connect() {
        format!("the endpoint did not answer within {} s", total.as_secs_f32())
    } else if error.is_connect() {
        format!("the endpoint cannot be reached: {detail}")
    } else {
        format!("the call broke off: {detail}")
    }
}

/// Reads what is left of a short answer, so that the connection can be used again.
async fn drain(mut response: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > LONGEST_ANSWER {
            return;
        }
    }
}

fn judge(status: StatusCode, wait: Option<model::Duration>) -> Outcome {
    let code = status.as_u16();
    if status.is_success() {
        return Outcome::Sent { reply: format!("the endpoint answered {code}") };
    }
    if status == StatusCode::GONE {
        let reason = "the endpoint answered 410: it wants no more calls".into();
        return Outcome::Dead { reason, suppress: None, endpoint_gone: true };
    }
    if status.is_redirection() {
        return Outcome::retry(format!(
            "the endpoint answered {code}; redirects are not followed: write the new address"
        ));
    }
    let after = wait.filter(|_| matches!(code, 429 | 503));
    Outcome::Retry { reason: format!("the endpoint answered {code}"), after }
}

/// `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); nothing where it is neither.
fn retry_after(headers: &HeaderMap, now: Instant) -> Option<model::Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().map_or(LONGEST_WAIT, model::Duration::seconds)
    } else {
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        Instant(date.timestamp().as_millisecond()).since(now)
    };
    Some(wait.clamp(model::Duration(0), LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms_and_capped() {
        let now = Instant(784_111_777_000);
        for (text, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("99999999", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), seconds.map(model::Duration::seconds), "{text}");
        }
    }

    #[test]
    fn only_429_and_503_may_say_when() {
        let wait = Some(model::Duration::seconds(9));
        let after = |code: u16| match judge(StatusCode::from_u16(code).unwrap(), wait) {
            Outcome::Retry { after, .. } => after,
            other => panic!("{code}: {other:?}"),
        };
        assert_eq!(
            (after(429), after(503), after(500), after(404), after(302)),
            (wait, wait, None, None, None)
        );
    }
}
