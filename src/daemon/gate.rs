//! Whether a message may go now, asked at every claim, and what it says.

use std::fmt::Write;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use crate::config::Secrets;
use crate::decide::{self, Again, People, Withdrawal};
use crate::deliver::email::Email;
use crate::deliver::webhook::{Call, Payload as CallPayload, Secret, SecretHeader};
use crate::evaluate::Moment;
use crate::failpoint;
use crate::message::{self, Filled, Shown, Templates};
use crate::model::{Channel, CustomerId, Duration, Instant};
use crate::outbox::{Claim, Endpoint, Gate, Payload, Prepared, Report, Route, domain_of};
use crate::record::{DeedKind, Frozen, KeyedHash, OpenMessage};
use crate::ruleset::{Header, Named, Webhook};
use crate::schedule::in_season;
use crate::store::Store;

use super::active::Active;
use super::called::{called, carrier, declared, endpoint};
use super::clocks::clock_of;
use super::contents::Contents;
use super::envelope::{allows, id_domain, unrendered};
use super::links::Links;
use super::rendered::{filled, words};
use super::snapshot::{Shared, Snapshot};
use super::unsubscribed::UNSUBSCRIBED;

/// Why a message waits: the whole daemon does.
const ON_HOLD: &str = "on hold";
/// Why a message waits: it is quiet.
const QUIET_HOURS: &str = "quiet hours";
/// Why a message waits: a person paused it.
const PAUSED: &str = "paused";
/// Why a message waits: no rule set was ever good.
const NO_RULES: &str = "no rules are loaded";
/// Why a message waits: what comes back of it could not be written down.
const NO_ROOM: &str = "the disk is nearly full";
/// Reasons that a status tells in words of its own.
pub(super) const SAID_ELSEWHERE: [&str; 5] = [ON_HOLD, PAUSED, NO_RULES, QUIET_HOURS, NO_ROOM];

/// How long a paused message waits before it is asked about again; a resume asks at once.
const PAUSED_FOR: Duration = Duration::seconds(60);

/// What the gate needs of the configuration.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The sender of e-mails that name none.
    pub from: String,
    /// Addresses and domains that may be reached; empty: all.
    pub sandbox: Vec<String>,
    /// Where secrets are.
    pub secrets: Secrets,
    /// By which people unsubscribe; none: marketing messages carry no link.
    pub links: Option<Arc<Links>>,
}

/// The daemon's gate.
pub struct DaemonGate {
    contents: Contents,
    shared: Arc<Shared>,
    sender: Sender,
    reports: UnboundedSender<Report>,
}

/// What an e-mail says, as it is kept by its hash: a retry repeats it under any later rules.
#[derive(Serialize, Deserialize)]
struct Content {
    from: String,
    reply_to: Option<String>,
    subject: String,
    html: Option<String>,
    text: Option<String>,
    preview: Option<String>,
}

impl DaemonGate {
    /// A gate over the engine's state.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        shared: Arc<Shared>,
        sender: Sender,
        reports: UnboundedSender<Report>,
    ) -> Arc<Self> {
        Arc::new(Self { contents: Contents::new(store), shared, sender, reports })
    }

    /// What stops a message now, if anything does.
    fn stopped(message: &OpenMessage, seen: &Snapshot, active: &Active, now: Instant) -> Option<Claim> {
        // A message that expires while it is held is not held any longer.
        if decide::has_expired(message, now) {
            return Some(Claim::Withdraw(Withdrawal::Expired.sentence().into()));
        }
        // By its number: it may have been renamed since the decision.
        let rule = active.position(message.key.decision.rule);
        let name = rule.map_or(&message.rule, |rule| &active.rules.rules[rule].name);
        if seen.pauses.drops(name, &message.channel) {
            return Some(Claim::Withdraw("a pause took it back".into()));
        }
        if !failpoint::is_off("pause_again") && seen.pauses.stops(name, &message.channel).is_some() {
            return Some(Claim::Wait(now.plus(PAUSED_FOR), PAUSED.into()));
        }
        // A draft, too, has a number of its own: what was decided before it goes no more.
        let Some(rule) = rule else {
            return Some(Claim::Withdraw("its rule is gone".into()));
        };
        let found = &active.rules.rules[rule];
        let clock = || clock_of(active, &seen.population, found, message.customer);
        let season_ended = || !failpoint::is_off("season_again") && !in_season(found.season, &clock(), now);
        if decide::has_waited(message, found, now) && season_ended() {
            return Some(Claim::Withdraw("the last day of its rule has passed".into()));
        }
        let matches = |rule: usize| {
            let (root, clock) = (active.program.rules()[rule], clock());
            let moved = active.still_there(&seen.population, message.customer, now);
            let moment = moment(message, active, (now, &clock)).with_moved(moved);
            moment.truth(&seen.population, message.customer, root) == Some(true)
        };
        let world = (&active.rules, &seen.population as &dyn People, &active.zone);
        let message = &present(message, name, active);
        match decide::meet_again(message, world, now, matches) {
            Again::Go => None,
            Again::Wait(until) => Some(Claim::Wait(until, QUIET_HOURS.into())),
            Again::Withdraw(why) => Some(Claim::Withdraw(why.sentence().into())),
        }
    }

    fn prepare(
        &self,
        message: &OpenMessage,
        seen: &Snapshot,
        active: &Active,
        now: Instant,
    ) -> Result<Prepared, Claim> {
        if message.is_call {
            return self.call(message, seen, active, now);
        }
        match &message.frozen {
            Some(frozen) if message.channel == Channel::email() => self.frozen_email(message, frozen),
            Some(frozen) => self.post(message, carrier(message, active)?, frozen.clone()),
            None => {
                let (declared, webhook) = declared(message, active)?;
                match webhook {
                    None => self.new_email(message, declared, seen, active, now),
                    Some(webhook) => self.new_carried(message, (declared, webhook), seen, active, now),
                }
            }
        }
    }

    /// An e-mail's first claim: freezes what it says.
    fn new_email(
        &self,
        message: &OpenMessage,
        declared: usize,
        seen: &Snapshot,
        active: &Active,
        now: Instant,
    ) -> Result<Prepared, Claim> {
        let to = address(seen, message, "email").ok_or_else(no_address)?;
        if !self.allowed(&to) {
            return Err(Claim::Withdraw("outside the sandbox".into()));
        }
        let text = &active.rules.messages[declared];
        let (words, _) = words(text, &seen.population, message.customer);
        let content = Content {
            from: text.from.clone().unwrap_or_else(|| self.sender.from.clone()),
            reply_to: text.reply_to.clone(),
            subject: words.subject,
            html: words.html,
            text: words.text,
            preview: words.preview,
        };
        let kept = serde_json::to_string(&content).map_err(|error| Claim::Dead(error.to_string()))?;
        let hash = hash(&kept);
        let filled = self.fill(message, declared, seen, active, now);
        let values = filled.iter().map(|(name, shown)| (name.clone(), json!(shown).to_string())).collect();
        let frozen = Frozen { at: now, to, content: hash.clone(), values, body: None };
        let email = Self::email(message, &content, &filled, &frozen)?;
        self.contents.keep(&hash, &kept);
        Ok(Prepared { frozen, payload: Payload::Email(email) })
    }

    /// A retry: the same words as at the first claim.
    fn frozen_email(&self, message: &OpenMessage, frozen: &Frozen) -> Result<Prepared, Claim> {
        let lost = || Claim::Dead("what it said at its first attempt is not in the store any more".into());
        let kept = self.contents.read(&frozen.content).ok_or_else(lost)?;
        let content: Content = serde_json::from_str(&kept).map_err(|_| lost())?;
        let read = |(name, json): &(String, String)| Some((name.clone(), serde_json::from_str(json).ok()?));
        let filled: Filled = frozen.values.iter().map(read).collect::<Option<_>>().ok_or_else(lost)?;
        let email = Self::email(message, &content, &filled, frozen)?;
        Ok(Prepared { frozen: frozen.clone(), payload: Payload::Email(email) })
    }

    fn email(
        message: &OpenMessage,
        content: &Content,
        filled: &Filled,
        frozen: &Frozen,
    ) -> Result<Email, Claim> {
        let templates = Templates {
            subject: content.subject.clone(),
            html: content.html.clone(),
            text: content.text.clone(),
            preview: content.preview.clone(),
        };
        let rendered = message::render(&templates, filled).map_err(|error| unrendered(&error))?;
        Ok(Email {
            key: message.key,
            from: content.from.clone(),
            reply_to: content.reply_to.clone(),
            to: frozen.to.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            date: frozen.at,
            domain: id_domain(&content.from),
            unsubscribe: link_of(message, filled),
        })
    }

    /// The values of a message's placeholders as they are now, and the link of a marketing message.
    fn fill(
        &self,
        message: &OpenMessage,
        position: usize,
        seen: &Snapshot,
        active: &Active,
        now: Instant,
    ) -> Filled {
        let mut filled = fill(message, position, seen, active, now);
        if message.marketing
            && let Some(links) = &self.sender.links
        {
            let link = links.link(message.key, &message.channel);
            filled.insert(message::UNSUBSCRIBE_URL.to_owned(), Shown::Text(link));
        }
        filled
    }

    /// A call: its body is frozen as it is.
    fn call(
        &self,
        message: &OpenMessage,
        seen: &Snapshot,
        active: &Active,
        now: Instant,
    ) -> Result<Prepared, Claim> {
        let webhook = called(message, active);
        let webhook = webhook.ok_or_else(|| Claim::Withdraw("its webhook is gone".into()))?;
        let frozen = if let Some(frozen) = &message.frozen {
            frozen.clone()
        } else {
            let customer = customer(seen, message)?;
            let payload = CallPayload {
                decided: message.decided,
                decision: message.key.decision,
                rule: &message.rule,
                customer: &customer,
                commit: &message.provenance.0,
                fields: &message.call_fields,
            };
            let body = payload.to_json().map_err(Claim::Dead)?;
            posted(webhook, body, now)
        };
        self.post(message, webhook, frozen)
    }

    /// A message on a channel that a webhook carries: its first claim.
    fn new_carried(
        &self,
        message: &OpenMessage,
        (declared, webhook): (usize, &Webhook),
        seen: &Snapshot,
        active: &Active,
        now: Instant,
    ) -> Result<Prepared, Claim> {
        let to = address(seen, message, "phone").ok_or_else(no_address)?;
        if !self.allowed(&to) {
            return Err(Claim::Withdraw("outside the sandbox".into()));
        }
        let text = &active.rules.messages[declared];
        let filled = self.fill(message, declared, seen, active, now);
        let (words, _) = words(text, &seen.population, message.customer);
        let rendered = message::render(&words, &filled).map_err(|error| unrendered(&error))?;
        let decision = message.key.decision;
        let body = json!({
            "type": "cvmd.message",
            "timestamp": message.decided.to_string(),
            "data": {
                "decision": decision.to_string(),
                "rule": message.rule,
                "customer_id": customer(seen, message)?.0,
                "occurrence": decision.occurrence.0,
                "commit": message.provenance.0,
                "channel": message.channel.0,
                "message": message.target,
                "to": to,
                "text": rendered.text,
            },
        });
        self.post(message, webhook, posted(webhook, body.to_string(), now))
    }

    fn post(&self, message: &OpenMessage, webhook: &Webhook, frozen: Frozen) -> Result<Prepared, Claim> {
        // A secret that cannot be read is an operator's to mend: nothing is lost for it.
        let wait = |text: String| Claim::Wait(frozen.at.max(message.next_attempt).plus(PAUSED_FOR), text);
        let read = |name: &str| self.sender.secrets.read(name).map_err(|error| wait(error.to_string()));
        let bad = |name: &str, text: String| wait(format!("the secret `{name}` {text}"));
        let mut secrets = Vec::new();
        for name in &webhook.secrets {
            secrets.push(Secret::parse(read(name)?.expose()).map_err(|text| bad(name, text))?);
        }
        let mut headers = Vec::new();
        for Header { name, secret } in &webhook.headers {
            let value = read(secret)?;
            headers.push(SecretHeader::parse(name, value.expose()).map_err(|text| bad(secret, text))?);
        }
        let call = Call {
            id: message.key.webhook_id(),
            // The body is frozen, the address is not: an endpoint that moved gets what waits for it.
            url: webhook.url.clone(),
            body: frozen.body.clone().unwrap_or_default(),
            secrets,
            headers,
            answer_within: webhook.limits.answer_within,
        };
        Ok(Prepared { frozen, payload: Payload::Call(call) })
    }

    /// Whether the address to which an e-mail was sent before, and failed, is suppressed by now: that
    /// customer may have another one today.
    fn is_suppressed(&self, message: &OpenMessage) -> bool {
        let by_email = !message.is_call && message.channel == Channel::email();
        let frozen = message.frozen.as_ref().filter(|_| by_email && !decide::is_off("suppression_again"));
        let Shared { lists, keyed, .. } = &*self.shared;
        frozen.is_some_and(|frozen| lists.of_address(keyed, &message.channel, &frozen.to).is_some())
    }

    fn allowed(&self, address: &str) -> bool {
        allows(&self.sender.sandbox, address)
    }
}

impl Gate for DaemonGate {
    fn route(&self, message: &OpenMessage) -> Route {
        if message.is_set {
            return Route::Attributes;
        }
        let seen = self.shared.get();
        if message.is_call {
            let called = seen.active.as_ref().and_then(|active| called(message, active));
            return Route::Endpoint(called.map_or_else(|| message.target.clone(), |hook| hook.name.clone()));
        }
        let carrier =
            seen.active.as_ref().and_then(|active| declared(message, active).ok()?.1.map(|w| w.name.clone()));
        carrier.map_or(Route::Email, Route::Endpoint)
    }

    fn domain(&self, message: &OpenMessage) -> String {
        let frozen = message.frozen.as_ref().map(|frozen| frozen.to.clone());
        let to = frozen.or_else(|| address(&self.shared.get(), message, "email"));
        to.map(|to| domain_of(&to)).unwrap_or_default()
    }

    fn endpoint(&self, name: &str) -> Option<Endpoint> {
        self.shared.get().active.as_ref().and_then(|active| endpoint(name, active))
    }

    fn claim(&self, message: &OpenMessage, now: Instant) -> Claim {
        // Before the state is looked at: what is noted here no more stands there.
        if message.marketing && self.shared.unsubscribed.has(message.customer, &message.channel) {
            return Claim::Withdraw(UNSUBSCRIBED.into());
        }
        let seen = self.shared.get();
        let Some(active) = &seen.active else {
            return Claim::Wait(now.plus(PAUSED_FOR), NO_RULES.into());
        };
        if self.shared.is_gone(message.customer) {
            return Claim::Withdraw("the customer is gone".into());
        }
        if self.is_suppressed(message) {
            return Claim::Withdraw(Withdrawal::Suppression.sentence().into());
        }
        // Before its time is looked at: while everything is on hold, the clock may be what is wrong.
        if seen.on_hold || self.shared.is_ahead() {
            return Claim::Wait(now.plus(PAUSED_FOR), ON_HOLD.into());
        }
        if let Some(stopped) = Self::stopped(message, &seen, active, now) {
            return stopped;
        }
        if self.shared.room.is_short() {
            return Claim::Wait(now.plus(PAUSED_FOR), NO_ROOM.into());
        }
        match self.prepare(message, &seen, active, now) {
            Ok(prepared) => Claim::Go(Box::new(prepared)),
            Err(claim) => claim,
        }
    }

    fn is_paused(&self, message: &OpenMessage) -> bool {
        let seen = self.shared.get();
        let active = seen.active.as_ref();
        let rule = active.and_then(|active| {
            active.position(message.key.decision.rule).map(|rule| &active.rules.rules[rule].name)
        });
        let held = seen.on_hold || self.shared.is_ahead();
        held || seen.pauses.stops(rule.unwrap_or(&message.rule), &message.channel).is_some()
    }

    fn fires_on(&self, kind: DeedKind) -> bool {
        self.shared.get().active.as_ref().is_some_and(|active| active.fires_on(kind))
    }

    fn hashed(&self, address: &str) -> Option<KeyedHash> {
        self.shared.keyed.email(address)
    }

    fn report(&self, report: Report) {
        // Nobody listens any more only while the daemon ends.
        let _ = self.reports.send(report);
    }
}

/// A message under the names that its rule and its text have now.
fn present(message: &OpenMessage, rule: &str, active: &Active) -> OpenMessage {
    let mut message = message.clone();
    rule.clone_into(&mut message.rule);
    if !message.is_call
        && let Some(target) = active.present_name(Named::Message, &message.target)
    {
        message.target = target.to_owned();
    }
    message
}

/// The link that a message was filled with.
fn link_of(message: &OpenMessage, filled: &Filled) -> Option<String> {
    let link = filled.get(message::UNSUBSCRIBE_URL).filter(|_| message.marketing)?;
    if let Shown::Text(link) = link { Some(link.clone()) } else { None }
}

/// The values of a message's placeholders as they are now.
fn fill(message: &OpenMessage, position: usize, seen: &Snapshot, active: &Active, now: Instant) -> Filled {
    let moment = moment(message, active, (now, &active.zone));
    filled(active, position, &moment, (&seen.population, message.customer))
}

/// Now, as the message's rule sees it: with the event on which it was decided.
fn moment<'a>(message: &OpenMessage, active: &'a Active, (now, clock): (Instant, &TimeZone)) -> Moment<'a> {
    let event = message.event.as_ref().and_then(|event| active.fired(event));
    Moment::new(&active.program, now, clock).on(event)
}

fn address(seen: &Snapshot, message: &OpenMessage, field: &str) -> Option<String> {
    let field = seen.population.schema().find(field)?;
    seen.population.text(message.customer, field).map(str::to_owned)
}

fn customer(seen: &Snapshot, message: &OpenMessage) -> Result<CustomerId, Claim> {
    let id = seen.population.id(message.customer);
    id.map(|id| CustomerId(id.into())).ok_or_else(|| Claim::Withdraw("the customer is gone".into()))
}

fn no_address() -> Claim {
    Claim::Withdraw("there is no address any more".into())
}

fn posted(webhook: &Webhook, body: String, now: Instant) -> Frozen {
    Frozen { at: now, to: webhook.url.clone(), content: String::new(), values: Vec::new(), body: Some(body) }
}

fn hash(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut hash = String::with_capacity(64);
    for byte in digest.as_ref() {
        // Writing into a string cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}
