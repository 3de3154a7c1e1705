//! A message as a customer would get it now, for the eyes of a person. Nothing is decided, sent or kept.

use crate::decide::Gap;
use crate::evaluate::{Fired, Moment};
use crate::message::{self, Filled, LOCALE, Needs, SAMPLE_LINK, Shown, Templates, UNSUBSCRIBE_URL};
use crate::model::{Channel, CustomerNumber, Instant};
use crate::population::Population;
use crate::ruleset::{Action, EventId, ExprKind, Message, Purpose, Variant};
use crate::serve::{RefusalKind, RenderedMessage, Response};
use crate::store::StoreError;

use super::Engine;
use super::active::Active;
use super::explain::{NO_RULES, no_customer};
use super::occurred;

impl Engine {
    /// Renders a message for a customer as of `at`, in the words of the running rules; `now` is the
    /// clock's. What a first claim would not send is refused with its reason.
    pub(super) fn render(&self, name: &str, customer: &str, at: Instant, now: Instant) -> Response {
        let Some(active) = &self.active else { return Response::refused(RefusalKind::Usage, NO_RULES) };
        let Some(position) = active.rules.messages.iter().position(|message| message.name == name) else {
            return Response::refused(RefusalKind::NotFound, no_message(active, name));
        };
        let Some(number) = self.find(customer) else {
            return Response::refused(RefusalKind::NotFound, no_customer(customer));
        };
        let seen = self.population_of(number, at, now).and_then(|population| {
            let event = self.latest_shown(active, position, (&population, number), at)?;
            Ok((population, event))
        });
        let (population, event) = match seen {
            Ok(seen) => seen,
            Err(error) => return Response::refused(RefusalKind::Failed, error.to_string()),
        };
        let declared = &active.rules.messages[position];
        let missing =
            declared.needs.iter().find(|(id, _)| event.as_ref().map(|event| event.event) != Some(*id));
        if let Some((id, placeholder)) = missing {
            let kind = &active.rules.schema.event(*id).name;
            let text = format!(
                "`{name}` shows `{placeholder}`, and `{customer}` has no `{kind}` up to {at}: it would not be sent"
            );
            return Response::refused(RefusalKind::Failed, text);
        }
        let shown = event.as_ref().map(|event| active.rules.schema.event(event.event).name.clone());
        let moment = Moment::new(&active.program, at, &active.zone).on(event);
        let mut filled = filled(active, position, &moment, (&population, number));
        if declared.purpose == Purpose::Marketing {
            filled.insert(UNSUBSCRIBE_URL.to_owned(), Shown::Text(SAMPLE_LINK.into()));
        }
        let by_email = declared.channel == Channel::email();
        let (templates, language) = words(declared, &population, number);
        match message::render(&templates, &filled) {
            Ok(rendered) => Response::Rendered(RenderedMessage {
                message: name.into(),
                customer: customer.into(),
                at,
                channel: declared.channel.0.clone(),
                event: shown,
                language: language.map(str::to_owned),
                from: declared.from.clone().filter(|_| by_email),
                reply_to: declared.reply_to.clone().filter(|_| by_email),
                subject: by_email.then_some(rendered.subject),
                preview: rendered.preview.filter(|_| by_email),
                text: rendered.text,
                html: rendered.html.filter(|_| by_email),
            }),
            Err(error) => Response::refused(
                RefusalKind::Failed,
                format!("`{name}` would not be sent to `{customer}`: {error}"),
            ),
        }
    }

    /// The customer's latest event of those that a message shows: what it needs goes before what it can
    /// do without.
    fn latest_shown(
        &self,
        active: &Active,
        position: usize,
        (population, customer): (&Population, CustomerNumber),
        at: Instant,
    ) -> Result<Option<Fired>, StoreError> {
        let mut latest: Option<Fired> = None;
        for kind in shown_events(&active.rules.messages[position]) {
            let data = (&*self.store, population);
            let found = occurred::latest(data, active, customer, (kind, at))?;
            latest = match (latest, found) {
                (Some(one), Some(other)) if other.time > one.time => Some(other),
                (Some(one), _) => Some(one),
                (None, found) => found,
            };
        }
        Ok(latest)
    }
}

/// The kinds of events on which a message could have been sent, as far as it says so.
fn shown_events(message: &Message) -> Vec<EventId> {
    let mut kinds: Vec<EventId> = message.needs.iter().map(|(event, _)| *event).collect();
    if kinds.is_empty() {
        let of = |kind: &ExprKind| if let ExprKind::Fired(event, _) = kind { Some(*event) } else { None };
        kinds.extend(message.fields.iter().filter_map(|(_, expr)| of(&expr.kind)));
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The values of a message's placeholders at a moment.
pub(super) fn filled(
    active: &Active,
    position: usize,
    moment: &Moment<'_>,
    (population, customer): (&Population, CustomerNumber),
) -> Filled {
    let nodes: Vec<_> = active.program.message_fields(position).iter().map(|(_, node)| *node).collect();
    let values = moment.values(population, customer, &nodes);
    let declared = &active.rules.messages[position];
    let mut filled = message::fill(&active.rules, declared, |field| values.get(field).cloned().flatten());
    let read = |field: &str| population.text(customer, population.schema().find(field)?);
    let locale = message::locale_tag(read("language"), read("country"));
    filled.insert(LOCALE.to_owned(), Shown::Text(locale.into()));
    filled
}

/// The gap that a message of a rule would have for a customer, of those that it sends; none: it can be
/// filled.
pub(super) fn gap(
    active: &Active,
    rule: usize,
    moment: &Moment<'_>,
    (population, customer): (&Population, CustomerNumber),
) -> Option<Gap> {
    active.rules.rules[rule].actions.iter().find_map(|action| {
        let position = match action {
            Action::Send(position) => *position,
            Action::Call { .. } | Action::Set { .. } => return None,
        };
        let declared = &active.rules.messages[position];
        let (main, variants) = &active.needs[position];
        // Most messages need nothing: this is asked of everybody who matches.
        if main.is_empty() && variants.iter().all(Needs::is_empty) {
            return None;
        }
        let variant = variant_of(declared, population, customer);
        let needs = match variant {
            Some(variant) => {
                let at = declared.variants.iter().position(|one| one.language == variant.language)?;
                variants.get(at)?
            }
            None => main,
        };
        if needs.is_empty() {
            return None;
        }
        let filled = filled(active, position, moment, (population, customer));
        let templates = || variant.map_or_else(|| Templates::of(declared), Templates::of_variant);
        let placeholder = needs.gap(templates, &filled)?;
        Some(Gap { message: declared.name.clone(), placeholder })
    })
}

/// The words in which a customer gets a message, and in which language they are, where they are not
/// those that serve everybody.
pub(super) fn words<'m>(
    declared: &'m Message,
    population: &Population,
    customer: CustomerNumber,
) -> (Templates, Option<&'m str>) {
    match variant_of(declared, population, customer) {
        Some(variant) => (Templates::of_variant(variant), Some(variant.language.as_str())),
        None => (Templates::of(declared), None),
    }
}

/// The words in the customer's language, where there are some.
fn variant_of<'m>(
    declared: &'m Message,
    population: &Population,
    customer: CustomerNumber,
) -> Option<&'m Variant> {
    let read = |field: &str| population.text(customer, population.schema().find(field)?);
    message::variant_for(declared, read("language"), read("country"))
}

fn no_message(active: &Active, name: &str) -> String {
    let known: Vec<&str> = active.rules.messages.iter().map(|message| message.name.as_str()).collect();
    match known.as_slice() {
        [] => format!("no message is called `{name}`: the rules have none"),
        _ => format!("no message is called `{name}`; there are: {}", known.join(", ")),
    }
}
