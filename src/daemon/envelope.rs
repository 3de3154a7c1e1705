//! What is decided of a message by its address and its words alone.

use crate::message::RenderError;
use crate::outbox::Claim;

/// Whether the sandbox, where there is one, lets an address through.
pub(super) fn allows(sandbox: &[String], address: &str) -> bool {
    let address = address.to_lowercase();
    let domain = address.rsplit('@').next().unwrap_or_default();
    let allows = |entry: &String| {
        let entry = entry.to_lowercase();
        entry == address || entry.trim_start_matches('@') == domain
    };
    sandbox.is_empty() || sandbox.iter().any(allows)
}

/// The right side of a sender's Message-IDs.
pub(super) fn id_domain(from: &str) -> String {
    from.rsplit('@').next().unwrap_or_default().trim_end_matches('>').to_owned()
}

/// What becomes of a message that cannot be filled: what became unknown since it was decided takes it
/// back, like a consent that ended; anything else is a fault of the message.
pub(super) fn unrendered(error: &RenderError) -> Claim {
    match error {
        RenderError::Unknown { .. } => Claim::Withdraw(error.to_string()),
        RenderError::Template { .. }
        | RenderError::ControlCharacter(_)
        | RenderError::TooLarge(_)
        | RenderError::Empty(_) => Claim::Dead(error.to_string()),
    }
}
