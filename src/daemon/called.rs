//! Which webhook a message goes by, under the names that are right now.

use crate::outbox::{Claim, Endpoint};
use crate::record::OpenMessage;
use crate::ruleset::{Named, Webhook};

use super::active::Active;

/// The position of the message's declaration, and the webhook that carries it, if one does.
pub(super) fn declared<'a>(
    message: &OpenMessage,
    active: &'a Active,
) -> Result<(usize, Option<&'a Webhook>), Claim> {
    let gone = || Claim::Withdraw("its message is gone".into());
    // It may have been renamed since the decision.
    let name = active.present_name(Named::Message, &message.target).ok_or_else(gone)?;
    let position = active.rules.messages.iter().position(|one| one.name == name).ok_or_else(gone)?;
    let webhook = active.rules.messages[position].webhook.map(|webhook| &active.rules.webhooks[webhook]);
    Ok((position, webhook))
}

/// The webhook that a rule called, whatever it is called itself by now.
pub(super) fn called<'a>(message: &OpenMessage, active: &'a Active) -> Option<&'a Webhook> {
    let name = active.present_name(Named::Webhook, &message.target)?;
    active.rules.webhooks.iter().find(|webhook| webhook.name == name)
}

pub(super) fn carrier<'a>(message: &OpenMessage, active: &'a Active) -> Result<&'a Webhook, Claim> {
    declared(message, active)?.1.ok_or_else(|| Claim::Withdraw("its channel is gone".into()))
}

/// Whether a webhook carries the message that is, or was, called so.
pub(super) fn is_carried(message: &str, active: &Active) -> bool {
    let name = active.present_name(Named::Message, message);
    name.is_some_and(|name| active.rules.messages.iter().any(|one| one.name == name && one.webhook.is_some()))
}

/// A webhook as the outbox asks for it: a queue keeps the name that its webhook had when it began.
pub(super) fn endpoint(name: &str, active: &Active) -> Option<Endpoint> {
    let name = active.present_name(Named::Webhook, name)?;
    let webhook = active.rules.webhooks.iter().find(|webhook| webhook.name == name)?;
    Some(Endpoint { name: name.to_owned(), url: webhook.url.clone(), limits: webhook.limits })
}

/// The webhook that a message waits for, a call's or one that carries it, by the name that it has now.
pub(super) fn goes_by<'a>(message: &OpenMessage, active: &'a Active) -> Option<&'a str> {
    if message.is_set {
        return None;
    }
    let webhook = if message.is_call { called(message, active) } else { declared(message, active).ok()?.1 };
    webhook.map(|webhook| webhook.name.as_str())
}
