//! Why somebody was or was not contacted: the condition with its values, and what stopped it.

use crate::decide::{Gap, Scope, Subject, World, at_most_of, full_cap, settle};
use crate::evaluate::{self, Fired, Moment, Trace, Verdict};
use crate::model::{Channel, CustomerNumber, Duration, Instant, RuleNumber};
use crate::population::Population;
use crate::record::{Contact, ContactKind, Decision, RunState, Skip, Wait};
use crate::ruleset::{Action, Rule};
use crate::schedule::Occasions;
use crate::serve::{Explanation, PastDecision, RuleExplanation};
use crate::store::{StoreError, tables};

use super::Engine;
use super::active::Active;
use super::clocks::clock_of;
use super::explained::add_messages;
use super::listing::amount;
use super::lists::Whom;
use super::occurred;
use super::person::suppressed::Held;
use super::rendered::gap;

/// What is answered where rules are needed and none are loaded.
pub(super) const NO_RULES: &str = "no rules are loaded: see `cvmd check`";

/// What is answered where nobody has that id.
pub(super) fn no_customer(id: &str) -> String {
    format!("no customer has the id `{id}`: write it to the letter as in the imported file")
}

/// No decision waits longer for quiet hours and caps.
const LONGEST_WAIT: Duration = Duration::days(60);

/// Past contacts that are shown at most, latest first.
const MOST_CONTACTS: usize = 10;

/// What stands between a customer and a message, or that nothing does.
struct Outcome {
    /// The fixed word of what stopped it; none: nothing did, or it does not match.
    stopped_by: Option<&'static str>,
    sentence: String,
}

impl Outcome {
    fn free(sentence: String) -> Self {
        Self { stopped_by: None, sentence }
    }

    fn stopped(word: &'static str, sentence: String) -> Self {
        Self { stopped_by: Some(word), sentence }
    }
}

impl Engine {
    /// Explains one rule, or all rules in the order of their names, for one customer as of `at`; `now` is the
    /// clock's.
    ///
    /// # Errors
    /// With a sentence for the user: no such customer, no such rule, no rules, or a store that fails.
    pub fn explain(
        &self,
        customer: &str,
        rule: Option<&str>,
        at: Instant,
        now: Instant,
    ) -> Result<Explanation, String> {
        let mut explanation = self.explain_decisions(customer, rule, at, now)?;
        add_messages(&*self.store, &mut explanation).map_err(|error| error.to_string())?;
        Ok(explanation)
    }

    /// The same without what became of the messages: for that all messages are looked through, which the
    /// decider has no time for.
    pub(super) fn explain_decisions(
        &self,
        customer: &str,
        rule: Option<&str>,
        at: Instant,
        now: Instant,
    ) -> Result<Explanation, String> {
        let active = self.active.clone().ok_or(NO_RULES)?;
        let number = self.find(customer).ok_or_else(|| no_customer(customer))?;
        let positions = active.positions(rule.as_slice())?;
        let population = self.population_of(number, at, now).map_err(|error| error.to_string())?;
        let explain = |position| {
            self.explain_one(&active, position, (&population, number), at).map_err(|error| error.to_string())
        };
        let rules = positions.into_iter().map(explain).collect::<Result<_, _>>()?;
        Ok(Explanation { customer: customer.into(), at, rules })
    }

    fn explain_one(
        &self,
        active: &Active,
        position: usize,
        (population, customer): (&Population, CustomerNumber),
        now: Instant,
    ) -> Result<RuleExplanation, StoreError> {
        let (rule, number) = active.rule(position);
        let clock = clock_of(active, population, rule, customer);
        let moves = self.moves_told(active, position, customer, (now, &clock));
        // Of a rule on an event, the last one tells; without one its fields are unknown.
        let last = match rule.on_event() {
            Some(on) => {
                let data = (&*self.store, population);
                occurred::latest(data, active, customer, (on.event, now))?
            }
            None => None,
        };
        let when = (now, last);
        let condition = evaluate::trace_moved(
            &active.rules,
            population,
            customer,
            &rule.when,
            when.clone(),
            &clock,
            &moves,
        )
        .ok_or_else(|| StoreError::Corrupt(format!("customer {customer} is not loaded")))?;
        let outcome = self.outcome(active, position, customer, &condition, when)?;
        Ok(RuleExplanation {
            rule: rule.name.clone(),
            title: rule.title.clone(),
            place: rule.place.to_string(),
            matches: match condition.result {
                Verdict::True => "true",
                Verdict::False => "false",
                Verdict::Unknown => "unknown",
            }
            .into(),
            outcome: outcome.sentence,
            stopped_by: outcome.stopped_by.map(str::to_owned),
            tree_text: condition.to_string(),
            tree: serde_json::to_value(&condition).unwrap_or_default(),
            history: self.history(customer, number)?,
        })
    }

    fn outcome(
        &self,
        active: &Active,
        position: usize,
        customer: CustomerNumber,
        condition: &Trace,
        (now, last): (Instant, Option<Fired>),
    ) -> Result<Outcome, StoreError> {
        let (rule, number) = active.rule(position);
        match condition.result {
            Verdict::False => return Ok(Outcome::free(failed_sentence(condition, "does not match"))),
            Verdict::Unknown => {
                let what = "whether they match is unknown, and unknown never sends";
                return Ok(Outcome::free(failed_sentence(condition, what)));
            }
            Verdict::True => {}
        }
        if let Some(load) = self.loads.values().next() {
            let sentence = format!("matches, but rules wait until the import of {} is complete", load.what);
            return Ok(Outcome::stopped("held", sentence));
        }
        let spent = self.memories.get(&number).is_some_and(|memory| memory.spent.contains(customer.0));
        if rule.is_continuous() && spent {
            return self.spent(customer, number);
        }
        let subject = Subject { rule, number, customer, at: now };
        let moment = Moment::new(&active.program, now, &active.zone).on(last);
        let gap = |customer| gap(active, position, &moment, (&self.population, customer));
        let world = World { gap: &gap, ..self.world(active, now) };
        let due = match settle(&subject, &world) {
            Ok(due) => due,
            Err(Skip::Consent) => {
                let sentence = match self.left(active, rule, customer)? {
                    Some(left) => left,
                    None => skip_sentence(Skip::Consent, &subject, &world),
                };
                return Ok(Outcome::stopped(Skip::Consent.label(), sentence));
            }
            Err(Skip::Suppression) => {
                let sentence = self.why_suppressed(customer)?;
                return Ok(Outcome::stopped(Skip::Suppression.label(), sentence));
            }
            Err(Skip::Paused) => {
                return Ok(Outcome::stopped(Skip::Paused.label(), self.paused(rule, number)));
            }
            Err(Skip::InAll) if rule.timetable().is_some() => {
                // Nobody is tried again before it.
                let fires = next_for(active, &self.population, rule, customer, now);
                let sentence =
                    format!("{}; it fires next {fires}", skip_sentence(Skip::InAll, &subject, &world));
                return Ok(Outcome::stopped(Skip::InAll.label(), sentence));
            }
            Err(skip) => return Ok(Outcome::stopped(skip.label(), skip_sentence(skip, &subject, &world))),
        };
        if self.is_held(customer, number)? {
            return Ok(Outcome::stopped(Skip::Held.label(), self.held_sentence(rule, number)?));
        }
        let fires = next_for(active, &self.population, rule, customer, now);
        // A schedule's next occurrence may lie outside of the quiet hours of now.
        let waits = due.waits.filter(|_| rule.timetable().is_none());
        let waits = waits.map_or(String::new(), |wait| format!(", and {}", waits_sentence(wait, due.at)));
        Ok(Outcome::free(format!("matches, and nothing stops it: fires {fires}{waits}")))
    }

    /// What a pause of a rule means, whoever said it.
    fn paused(&self, rule: &Rule, number: RuleNumber) -> String {
        let rules = self.active.as_ref().map(|active| &active.rules);
        let Some(pause) = rules.and_then(|rules| self.pauses.stops_rule(rule, rules)) else {
            return "matches, but it is paused".into();
        };
        let why = match pause {
            Scope::Rule(_) => self.why_tripped(number),
            Scope::All | Scope::Channel(_) => None,
        };
        let why =
            why.map_or_else(|| format!("there is a pause of {pause}"), |why| format!("the rule is {why}"));
        format!("matches, but {why}: `cvmd resume {pause}` ends it")
    }

    /// Why the run waits for a person.
    fn held_sentence(&self, rule: &Rule, number: RuleNumber) -> Result<String, StoreError> {
        let unfinished = tables::runs::unfinished(&*self.store).collect::<Result<Vec<_>, _>>()?;
        let why = self.held_run(number, &unfinished);
        let why = why.map_or_else(String::new, |held| format!(" since {}: {}", held.since, held.sentence()));
        Ok(format!("matches, but the run is held{why}; `cvmd resume rule {}` releases it", rule.name))
    }

    /// Which of a customer's addresses nobody may write to, and why.
    fn why_suppressed(&self, customer: CustomerNumber) -> Result<String, StoreError> {
        let profile = tables::customers::profile(&*self.store, customer)?;
        let whom = profile.as_ref().map(|profile| Whom::of(customer, profile));
        let why = whom.map(|whom| self.shared.lists.why(&self.shared.keyed, whom)).unwrap_or_default();
        let held = Held::all(&*self.store, why)?;
        Ok(format!("matches, but {}", held.sentences.join("; ")))
    }

    /// That the customer left a channel of the rule by their own doing, and when.
    fn left(
        &self,
        active: &Active,
        rule: &Rule,
        customer: CustomerNumber,
    ) -> Result<Option<String>, StoreError> {
        let Some(profile) = tables::customers::profile(&*self.store, customer)? else { return Ok(None) };
        let sends_by = |channel: &Channel| {
            rule.actions.iter().any(|action| match action {
                Action::Send(message) => active.rules.messages[*message].channel == *channel,
                Action::Call { .. } | Action::Set { .. } => false,
            })
        };
        let left = profile
            .consents
            .iter()
            .find(|(channel, consent)| consent.by_person && !consent.given && sends_by(channel));
        Ok(left.map(|(channel, consent)| {
            let since = consent.at.map_or(String::new(), |at| format!(" at {at}"));
            format!(
                "matches, but ended marketing by {channel} themselves{since}: only a consent given later counts"
            )
        }))
    }

    /// Whether the customer is among the recipients of a held run, or of a continuous rule that is.
    fn is_held(&self, customer: CustomerNumber, number: RuleNumber) -> Result<bool, StoreError> {
        for run in tables::runs::unfinished(&*self.store) {
            let run = run?;
            if run.rule == number && run.state == RunState::Held {
                let recipients = tables::runs::recipients(&*self.store, number, run.at)?;
                return Ok(recipients.contains(customer.0));
            }
        }
        let tried = self.memories.get(&number).is_some_and(|memory| memory.trying.contains_key(&customer));
        let latest = tables::runs::passed_over(&*self.store, number, customer)?;
        Ok(tried && latest.is_some_and(|(_, skip)| skip == Skip::Held))
    }

    /// Why a match is used up: it was decided, or passed over for good.
    fn spent(&self, customer: CustomerNumber, number: RuleNumber) -> Result<Outcome, StoreError> {
        let last = self.ledger.of(customer).iter().rev().find(|contact| contact.rule == number);
        let passed = tables::runs::passed_over(&*self.store, number, customer)?;
        let passed = passed.filter(|(at, _)| last.is_none_or(|contact| contact.at < *at));
        let again = "the rule looks again after the condition has been false";
        Ok(match (last, passed) {
            (_, Some((at, skip))) => Outcome::stopped(
                skip.label(),
                format!("matches, and was passed over on {} ({}); {again}", day(at), skip.label()),
            ),
            (Some(contact), None) => {
                let decided = self.decision_of(contact)?.map_or(contact.at, |(decided, _)| decided);
                Outcome::free(format!("matches, and was decided at {decided}; {again}"))
            }
            (None, None) => Outcome::free(format!("matches, and this match is used up; {again}")),
        })
    }

    /// The contacts of one rule with one customer, with what their decisions recorded.
    fn history(&self, customer: CustomerNumber, number: RuleNumber) -> Result<Vec<PastDecision>, StoreError> {
        let contacts = self.ledger.of(customer).iter().rev();
        let contacts = contacts.filter(|contact| contact.rule == number && !contact.further);
        contacts.take(MOST_CONTACTS).map(|contact| self.past(contact)).collect()
    }

    /// The decision behind a contact, and when it was made: a contact stands where it is due.
    fn decision_of(&self, contact: &Contact) -> Result<Option<(Instant, Decision)>, StoreError> {
        let when = (contact.at.minus(LONGEST_WAIT), contact.at);
        tables::runs::decision_due(&*self.store, contact.rule, contact.customer, when)
    }

    fn past(&self, contact: &Contact) -> Result<PastDecision, StoreError> {
        let (decided, decision) =
            self.decision_of(contact)?.map_or((contact.at, None), |(at, decision)| (at, Some(decision)));
        let run = tables::runs::run(&*self.store, contact.rule, decided)?;
        let key = decision.as_ref().map(|decision| decision.key(contact.rule));
        // What became of the messages is looked up for all decisions at once.
        Ok(PastDecision {
            decision: key.map(|key| key.to_string()),
            at: decided,
            due: contact.at,
            fate: match contact.kind {
                ContactKind::Marketing | ContactKind::Transactional => "sent",
                ContactKind::Call => "called",
                ContactKind::HeldOut => "held out",
                ContactKind::Withdrawn => "withdrawn",
                ContactKind::Draft => "rehearsed",
            }
            .into(),
            commit: run.as_ref().map_or_else(|| "unknown".into(), |run| run.commit.clone()),
            place: run.map_or_else(String::new, |run| run.place),
            cost: decision.as_ref().and_then(|decision| decision.cost).map(amount),
            values: decision.map_or_else(Vec::new, |decision| decision.values),
            messages: Vec::new(),
        })
    }
}

/// What a message waits for, and until when.
pub(super) fn waits_sentence(wait: Wait, until: Instant) -> String {
    match wait {
        Wait::QuietHours => format!("waits for the end of quiet hours at {until}"),
        Wait::Cap => format!("waits until {until} for room under a cap"),
    }
}

fn day(at: Instant) -> String {
    at.to_string().chars().take(10).collect()
}

fn failed_sentence(condition: &Trace, what: &str) -> String {
    match condition.first_failed() {
        Some(clause) => format!("{what}: `{}` ({})", clause.text, clause.place),
        None => what.into(),
    }
}

/// What a stage's reason means for this rule, and what to do about it.
fn skip_sentence(skip: Skip, subject: &Subject<'_>, world: &World<'_>) -> String {
    let rule = subject.rule;
    match skip {
        Skip::Consent => "matches, but gave no consent to marketing on this channel".into(),
        Skip::Suppression => {
            "matches, but the address is suppressed (bounced, or a person asked for it)".into()
        }
        Skip::NoAddress => "matches, but there is no address to send to".into(),
        Skip::AtMost => {
            let implied = if rule.at_most.is_none() {
                " (a continuous rule that writes none has once per 30 days)"
            } else {
                ""
            };
            let count = match at_most_of(rule).map_or(0, |limit| limit.count) {
                1 => "once".to_owned(),
                count => format!("{count} times"),
            };
            format!("matches, but had this rule {count} already, its `at most`{implied}")
        }
        Skip::Cap => match full_cap(subject, world) {
            Some((policy, cap)) => format!(
                "matches, but the cap of policy `{}` ({}) is used up by other messages",
                policy.name, cap.place
            ),
            None => "matches, but a policy's cap is used up by other messages".into(),
        },
        Skip::Paused => "matches, but it is paused".into(),
        Skip::InAll => {
            let limit = rule.in_all.as_ref();
            let place = limit.map_or_else(String::new, |limit| format!(" ({})", limit.place));
            format!("matches, but as many others as the rule's limit allows{place} got it already")
        }
        Skip::Arbitration => {
            "matches, but another rule has this customer's one message, and the highest priority is kept"
                .into()
        }
        Skip::QuietHours => {
            "matches, but it is quiet hours, in which this rule's messages are skipped".into()
        }
        Skip::SameAddress => {
            "matches, but another record with the same address gets it: the one that was here first".into()
        }
        Skip::Expired => "matches, but the message would expire before quiet hours or a cap let it go".into(),
        Skip::Placeholder => match (world.gap)(subject.customer) {
            Some(Gap { message, placeholder }) => format!(
                "matches, but `{placeholder}` is unknown, and `{message}` does not say what stands there instead: a message with a gap is not sent (`{{{{ {placeholder} | default('…') }}}}`)"
            ),
            None => "matches, but a placeholder of the message is unknown".into(),
        },
        Skip::MatchedBefore => {
            "matched already when the rule began, and the rule is for `new matches only`".into()
        }
        Skip::Held => format!("matches, but the run is held: `cvmd resume {}` releases it", rule.name),
    }
}

/// When a rule fires next for a customer.
fn next_for(
    active: &Active,
    population: &Population,
    rule: &Rule,
    customer: CustomerNumber,
    now: Instant,
) -> String {
    if let Some(on) = rule.on_event() {
        return format!("when the next `{}` comes", active.rules.schema.event(on.event).name);
    }
    let Some(timetable) = rule.timetable() else { return "with the next tick".into() };
    let clock = clock_of(active, population, rule, customer);
    match Occasions::new(timetable, rule.season, clock).next_after(now) {
        Some(at) => format!("at {at}"),
        None => "never again: its schedule has no further occurrence".into(),
    }
}
