//! Endpoints that are not called for now: what a status says of them, and how a person ends it.

use crate::record::OutageKind;
use crate::ruleset::Named;
use crate::serve::{EndpointState, EndpointStatus, Response};
use crate::store::{Batch, tables};

use super::Engine;

/// How a scope begins that is a webhook.
pub(super) const WEBHOOK: &str = "webhook ";

impl Engine {
    /// The endpoints that are not called; the calls that wait for each are not counted.
    pub(super) fn endpoints(&self) -> Vec<EndpointStatus> {
        // A damaged record is reported by the outbox; it keeps nobody from being called.
        let outages = tables::endpoints::outages(&*self.store).filter_map(Result::ok);
        let status = |outage: crate::record::Outage| EndpointStatus {
            state: match outage.kind {
                OutageKind::Gone => EndpointState::Gone,
                OutageKind::Failing { .. } => EndpointState::Failing,
            },
            since: outage.since,
            reason: outage.reason,
            next_probe: match outage.kind {
                OutageKind::Gone => None,
                OutageKind::Failing { until, .. } => Some(until),
            },
            waiting: 0,
            name: outage.name,
        };
        outages.map(status).collect()
    }

    /// Lets a webhook be called again.
    pub(super) fn resume_webhook(&self, name: &str) -> Result<Response, String> {
        let known = |name: &str| Some(self.active.as_ref()?.present_name(Named::Webhook, name)?.to_owned());
        let present = known(name);
        let name = present.as_deref().unwrap_or(name);
        let outages = tables::endpoints::outages(&*self.store).filter_map(Result::ok);
        if !outages.into_iter().any(|outage| outage.name == name) {
            return match present {
                Some(name) => {
                    Ok(Response::Done { message: format!("nothing held the calls of webhook {name}") })
                }
                None => Err(self.no_webhook(name)),
            };
        }
        let mut batch = Batch::default();
        let removed = tables::endpoints::remove_outage(&*self.store, &mut batch, name);
        removed.and_then(|()| self.store.commit(batch).wait()).map_err(|error| error.to_string())?;
        Ok(Response::Done { message: format!("webhook {name} is called again") })
    }

    fn no_webhook(&self, name: &str) -> String {
        let webhooks = self.active.as_ref().map_or(&[][..], |active| &active.rules.webhooks);
        let names: Vec<&str> = webhooks.iter().map(|webhook| webhook.name.as_str()).collect();
        if names.is_empty() {
            return format!("no webhook is called `{name}`: the rules declare none");
        }
        format!("no webhook is called `{name}`; there are: {}", names.join(", "))
    }
}
