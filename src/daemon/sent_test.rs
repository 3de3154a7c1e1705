//! A message sent to a person who asks to see it: rendered as a customer would get it, and handed over at
//! once. Nothing of it is decided, kept or counted.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::config::Config;
use crate::deliver::Outcome;
use crate::deliver::email::Email;
use crate::message::SAMPLE_LINK;
use crate::model::{Channel, CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber};
use crate::record::MessageKey;
use crate::serve::{RefusalKind, RenderedMessage, Response, TestSent};

use super::envelope::{allows, id_domain};
use super::snapshot::Shared;
use super::ways_out::channels;

/// What the subject of a test begins with.
const MARK: &str = "[test] ";

/// The rule of no test's message: no store has so many.
const NO_RULE: RuleNumber = RuleNumber(u32::MAX);

/// Makes tests that go at one instant different messages.
static LAST: AtomicI64 = AtomicI64::new(0);

/// Sends what was rendered to `to`; waits until the mail server answered.
pub(super) async fn send(
    (config, shared): (&Config, &Shared),
    answered: Response,
    to: &str,
    now: Instant,
) -> Response {
    let rendered = match answered {
        Response::Rendered(rendered) => rendered,
        other => return other,
    };
    let name = rendered.message.clone();
    if rendered.channel != Channel::email().0 {
        let text = format!(
            "`{name}` goes by {}, and a test only by e-mail: `cvmd render {name} --as {}` shows it",
            rendered.channel, rendered.customer
        );
        return Response::refused(RefusalKind::Usage, text);
    }
    if !allows(&config.sandbox, to) {
        let text = format!("`{to}` is outside the sandbox: see `[sandbox] allow` in cvmd.toml");
        return Response::refused(RefusalKind::Usage, text);
    }
    if shared.lists.of_address(&shared.keyed, &Channel::email(), to).is_some() {
        let text = format!("`{to}` is suppressed: nothing is sent there, no test either");
        return Response::refused(RefusalKind::Usage, text);
    }
    let built = match email(config, rendered, to, now).build() {
        Ok(built) => built,
        Err(text) => return Response::refused(RefusalKind::Usage, text),
    };
    let mut session = match channels(config) {
        Ok(channels) => channels.mailer.session(),
        Err(text) => return Response::refused(RefusalKind::Failed, text),
    };
    let outcome = session.send(built, now).await;
    session.close().await;
    if let Outcome::Sent { reply } = outcome {
        return Response::TestSent(TestSent { message: name, to: to.to_owned(), reply });
    }
    Response::refused(RefusalKind::Failed, format!("`{name}` was not sent: {}", outcome.reason()))
}

fn email(config: &Config, rendered: RenderedMessage, to: &str, now: Instant) -> Email {
    let from = rendered.from.unwrap_or_else(|| config.email.from.clone());
    // Whoever gets a test is not whom it is written for: the link is one that no store knows.
    let link = format!("{}/u/sample", config.public_url(config.listen.public));
    let escaped = |text: &str| text.replace('/', "&#x2f;");
    let linked = |text: &str| text.replace(SAMPLE_LINK, &link);
    let html = rendered.html.map(|html| linked(&html).replace(&escaped(SAMPLE_LINK), &escaped(&link)));
    let last = LAST.fetch_max(now.0, Ordering::Relaxed);
    let at = if last >= now.0 { LAST.fetch_add(1, Ordering::Relaxed) + 1 } else { now.0 };
    let decision =
        DecisionKey { rule: NO_RULE, occurrence: Occurrence(at), customer: CustomerNumber(u32::MAX) };
    Email {
        key: MessageKey { decision, action: 0 },
        domain: id_domain(&from),
        from,
        reply_to: rendered.reply_to,
        to: to.to_owned(),
        subject: format!("{MARK}{}", rendered.subject.unwrap_or_default()),
        text: linked(&rendered.text),
        html,
        date: now,
        unsubscribe: None,
    }
}
