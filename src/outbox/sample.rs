//! A message for tests of what is done with one.

use crate::model::{Channel, Instant};
use crate::record::{MessageKey, MessageState, OpenMessage};

/// Marketing mail that was decided, and is due, at an instant.
pub(super) fn message(key: MessageKey, at: Instant) -> OpenMessage {
    OpenMessage {
        key,
        rule: "winback".into(),
        target: "offer".into(),
        is_call: false,
        is_set: false,
        marketing: true,
        channel: Channel::email(),
        customer: key.decision.customer,
        decided: at,
        due: at,
        waits: None,
        state: MessageState::Pending,
        next_attempt: at,
        expires: None,
        attempts: 0,
        last: None,
        frozen: None,
        provenance: (String::new(), String::new()),
        call_fields: vec![],
        event: None,
        cost: None,
    }
}
