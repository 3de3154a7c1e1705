//! What requests do: the one code path of the control socket and of commands without a daemon.

use crate::decide::Scope;
use crate::model::{CustomerNumber, Instant};
use crate::population::Population;
use crate::record::{MessageState, OpenMessage, Wait, WhileQueued};
use crate::serve::{Matches, Needs, Queued, RefusalKind, Request, Response, RuleMatches};

use super::active::Active;
use super::clocks::Question;
use super::endpoints::WEBHOOK;
use super::explain::{NO_RULES, no_customer};
use super::explained::add_messages;
use super::hands::{Hands, Owner};
use super::{Engine, listing, vault};

/// Counts bytes of an import as they are read.
pub type OnBytes<'a> = &'a mut dyn FnMut(u64);

impl Engine {
    /// Answers what the engine alone can answer; `now` is the clock's. Requests about the daemon
    /// itself are its own to answer and are refused here.
    pub fn handle(&mut self, request: Request, now: Instant, on_bytes: OnBytes<'_>) -> Response {
        self.take_up_deeds();
        if let Err(error) = self.take_unsubscribes(now) {
            return Response::refused(RefusalKind::Failed, error.to_string());
        }
        match request {
            Request::Evaluate { at, rules, limit } => {
                evaluate(&Owner::of(self), (at.unwrap_or(now), now), rules, limit)
            }
            Request::Explain { customer, rule, at } => {
                let mut explained = self.explained(&customer, rule.as_deref(), at, now);
                if let Response::Explanation(explanation) = &mut explained
                    && let Err(error) = add_messages(&*self.store, explanation)
                {
                    return Response::refused(RefusalKind::Failed, error.to_string());
                }
                explained
            }
            Request::Render { message, customer, at } => {
                self.render(&message, &customer, at.unwrap_or(now), now)
            }
            // What goes out is its owner's to hand over.
            Request::SendTest { message, customer, .. } => self.render(&message, &customer, now, now),
            Request::Customer { customer } => self.customer(&customer),
            Request::Person { customer, wish } => self.person(&customer, wish, now),
            Request::Suppressions { wish } => self.suppressions(&wish, now),
            Request::OutboxList(filter) => listing::answer(&*self.store, &self.shared.get(), &filter, now),
            Request::OutboxChange { wish, filter, only_count, after } => {
                let changed = self.change_outbox(wish, &filter, only_count, after.as_deref(), now);
                answer_found(changed.map(Response::OutboxChanged))
            }
            Request::Import(import) => self.import(&import, now, on_bytes),
            Request::Names {} => vault::names(&self.remembered),
            // An engine that was opened on a store knows what an import would change.
            Request::StoreImport { .. } => vault::refuse_import(),
            Request::StoreExport { .. } | Request::StoreStats {} => {
                vault::answer(&*self.store, &request, now)
            }
            Request::Pause { scope, queued } => answer(self.pause_named(&scope, queued, now)),
            Request::Resume { scope } => answer(self.resume_named(&scope, now)),
            Request::Status {} => Response::Status(Box::new(self.status(now))),
            Request::Reload {} | Request::Stop {} | Request::Progress {} => Response::refused(
                RefusalKind::Usage,
                "no daemon runs on this store: start one with `cvmd run`",
            ),
        }
    }

    /// Why rules reach a customer or do not, without what became of the messages.
    pub(super) fn explained(
        &self,
        customer: &str,
        rule: Option<&str>,
        at: Option<Instant>,
        now: Instant,
    ) -> Response {
        if self.find(customer).is_none() {
            return Response::refused(RefusalKind::NotFound, no_customer(customer));
        }
        let known = |active: &Active| active.positions(rule.as_slice()).is_ok();
        let kind = match &self.active {
            Some(active) if !known(active) => RefusalKind::NotFound,
            Some(_) | None => RefusalKind::Usage,
        };
        let explained = self.explain_decisions(customer, rule, at.unwrap_or(now), now);
        explained.map_or_else(|text| Response::refused(kind, text), Response::Explanation)
    }

    /// Who matches at an instant, among everybody as they were then.
    fn matches(
        &self,
        population: &Population,
        at: Instant,
        rules: &[String],
        limit: Option<u64>,
    ) -> Result<Matches, String> {
        let active = self.active.as_ref().ok_or(NO_RULES)?;
        let positions = active.positions(rules)?;
        let ask = |position: &usize| Question::everybody(active, population, *position);
        let questions: Vec<Question> = positions.iter().map(ask).collect();
        let found = self.answers(active, population, at, &questions);
        let everybody = population.len();
        let mut rules: Vec<RuleMatches> = positions
            .iter()
            .zip(&found)
            .map(|(position, found)| {
                let count = found.truth.len();
                let ids = found.truth.iter().filter_map(|row| self.population.id(CustomerNumber(row)));
                let mut customer_ids: Vec<String> = ids.map(str::to_owned).collect();
                customer_ids.sort_unstable();
                customer_ids
                    .truncate(limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)));
                let unknown = everybody - count - found.falsity.len();
                let rule = active.rules.rules[*position].name.clone();
                RuleMatches { rule, count, unknown, customer_ids, needs: needs(active, *position) }
            })
            .collect();
        rules.sort_by(|one, other| one.rule.cmp(&other.rule));
        Ok(Matches { at, customers: everybody, rules })
    }

    fn pause_named(&mut self, scope: &str, queued: Queued, now: Instant) -> Result<Response, String> {
        if scope.starts_with(WEBHOOK) {
            let instead =
                "`cvmd pause channel webhook` stops all calls, `cvmd pause rule NAME` those of a rule";
            return Err(format!("a webhook is not paused by itself: {instead}"));
        }
        let scope = scope.parse()?;
        let queued = match queued {
            Queued::Hold => WhileQueued::Hold,
            Queued::Drop => WhileQueued::Drop,
            Queued::Expire => WhileQueued::Expire,
        };
        self.pause(&scope, queued, now)?;
        Ok(Response::Done { message: format!("paused: {scope}; `cvmd resume {scope}` lets it go on") })
    }

    fn resume_named(&mut self, scope: &str, now: Instant) -> Result<Response, String> {
        if let Some(webhook) = scope.strip_prefix(WEBHOOK) {
            return self.resume_webhook(webhook);
        }
        let scope = scope.parse()?;
        // While it is still on hold: what is said comes before what is done.
        let caught_up = if scope == Scope::All { self.let_go_now(now) } else { Vec::new() };
        let resumed = self.resume_at(&scope, now)?;
        let mut parts = Vec::new();
        if resumed.hold {
            parts.push("the hold is over".to_owned());
        }
        parts.extend(resumed.pauses.iter().map(|pause| format!("the pause of {pause} is over")));
        if resumed.counts_anew {
            parts.push("guards count its messages anew from now on".into());
        }
        if resumed.runs > 0 {
            parts.push(format!("{} held run(s) went on with {} decisions", resumed.runs, resumed.decisions));
        } else if !resumed.released.is_empty() {
            parts.push("its first run may be above the limit".into());
        }
        parts.extend(resumed.loads.iter().map(|what| format!("the import of {what} is given up")));
        parts.extend(caught_up);
        let message = if parts.is_empty() { "nothing was paused or held".into() } else { parts.join("; ") };
        Ok(Response::Done { message })
    }
}

/// Who matches at an instant; everybody as they were then is made by whoever asks.
pub(super) fn evaluate(
    hands: &impl Hands,
    (at, now): (Instant, Instant),
    rules: Vec<String>,
    limit: Option<u64>,
) -> Response {
    let people = hands.with(|engine| {
        engine.take_up_deeds();
        engine.people()
    });
    let matches = people.and_then(|people| people.at(at, now)).map_err(|error| error.to_string());
    let matches = matches.and_then(|population| {
        let ask = move |engine: &mut Engine| engine.matches(&population, at, &rules, limit);
        hands.with(ask).map_err(|error| error.to_string())?
    });
    answer(matches.map(Response::Matches))
}

fn answer(answer: Result<Response, String>) -> Response {
    answer.unwrap_or_else(|text| Response::refused(RefusalKind::Usage, text))
}

/// A refusal that says whether something was not found, or the question was wrong.
pub(super) fn answer_found(answer: Result<Response, (RefusalKind, String)>) -> Response {
    answer.unwrap_or_else(|(kind, text)| Response::refused(kind, text))
}

/// What a message still waits for that was decided for later; none once it may leave.
pub(super) fn waits_at(message: &OpenMessage, now: Instant) -> Option<Wait> {
    let before = message.state == MessageState::Pending && message.next_attempt > now;
    message.waits.filter(|_| before)
}

/// What a rule's condition asks for that `evaluate` cannot know.
fn needs(active: &Active, position: usize) -> Option<Needs> {
    let moves = || active.program.leaves().iter().any(|leaf| leaf.rule == Some(position));
    match active.rules.rules[position].on_event() {
        Some(on) => Some(Needs::Event(active.rules.schema.event(on.event).name.clone())),
        None => moves().then_some(Needs::Movement),
    }
}
