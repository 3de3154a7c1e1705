//! What became of the messages of decisions that are explained.
//!
//! Nothing leads from a decision to its messages: the keys of all that are open, and of all that ended since
//! the oldest decision, are looked through, once for all of them. The daemon does it beside the decider.

use std::collections::BTreeMap;

use crate::model::{DecisionKey, Instant};
use crate::record::MessageState;
use crate::serve::Explanation;
use crate::store::{Store, StoreError, tables};

use super::explain::waits_sentence;

/// Adds name and state of each decision's messages.
///
/// # Errors
/// When the store fails.
pub(super) fn add_messages(store: &dyn Store, explanation: &mut Explanation) -> Result<(), StoreError> {
    let past = explanation.rules.iter().flat_map(|rule| &rule.history);
    let decided: Vec<(DecisionKey, Instant)> =
        past.filter_map(|past| Some((past.decision.as_ref()?.parse().ok()?, past.at))).collect();
    let Some((key, _)) = decided.first() else { return Ok(()) };
    let (customer, oldest) = (key.customer, decided.iter().map(|(_, at)| *at).min().unwrap_or(Instant(0)));
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let is_shown = |decision: DecisionKey| decided.iter().any(|(shown, _)| *shown == decision);
    for (decided, key) in tables::person::open_messages(store, customer)? {
        if !is_shown(key.decision) {
            continue;
        }
        // One that has just ended stands among those that did.
        let Some(message) = tables::messages::open_message(store, decided, key)? else { continue };
        let waits = message.waits.filter(|_| message.state == MessageState::Pending);
        let waits = waits.map_or(String::new(), |wait| format!(": {}", waits_sentence(wait, message.due)));
        let state = format!("{}{waits}", message.state.label());
        found.entry(key.decision.to_string()).or_default().push((message.target, state));
    }
    for message in tables::person::finished_messages_since(store, customer, oldest)? {
        if is_shown(message.key.decision) {
            let state = format!("{}: {}", message.state.label(), message.result);
            found.entry(message.key.decision.to_string()).or_default().push((message.target, state));
        }
    }
    for past in explanation.rules.iter_mut().flat_map(|rule| &mut rule.history) {
        if let Some(messages) = past.decision.as_ref().and_then(|key| found.get(key)) {
            past.messages.clone_from(messages);
        }
    }
    Ok(())
}
