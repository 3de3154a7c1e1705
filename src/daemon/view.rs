//! What is known of one customer, for those who may read it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{CustomerNumber, Instant};
use crate::population::Told;
use crate::record::{Event, Order};
use crate::ruleset::{LIST_SEPARATOR, Type};
use crate::serve::{ConsentView, CustomerView, Latest, RefusalKind, Response};
use crate::store::StoreError;

use super::Engine;
use super::active::Active;
use super::explain::no_customer;
use super::fields;

/// Orders and events that are shown at most, each.
const MOST_SHOWN: usize = 100;

impl Engine {
    /// Shows a customer by the shop's id.
    pub(super) fn customer(&self, id: &str) -> Response {
        match self.view(id) {
            Ok(Some(view)) => Response::Customer(Box::new(view)),
            Ok(None) => Response::refused(RefusalKind::NotFound, no_customer(id)),
            Err(error) => Response::refused(RefusalKind::Failed, error.to_string()),
        }
    }

    fn view(&self, id: &str) -> Result<Option<CustomerView>, StoreError> {
        let Some(number) = self.find(id) else { return Ok(None) };
        let Some(Told { profile, orders, events, suppressed, .. }) = self.told(number)? else {
            return Ok(None);
        };
        let fields = match &self.active {
            Some(active) => self.typed_fields(active, number),
            // Without rules nobody knows what the texts mean.
            None => profile.values.into_iter().map(|(name, text)| (name, Value::String(text))).collect(),
        };
        let consents = profile.consents.iter().map(|(channel, consent)| {
            let view = ConsentView { given: consent.given, at: consent.at, by_person: consent.by_person };
            (channel.0.clone(), view)
        });
        Ok(Some(CustomerView {
            schema_version: 1,
            id: profile.id.0,
            learnt: profile.learnt,
            fields,
            consents: consents.collect(),
            suppressed: suppressed.any(),
            orders: latest(&orders, |order| (order.time, &order.id), |order| self.order(order)),
            events: latest(&events, |event| (event.time, &event.id), event),
        }))
    }

    fn typed_fields(&self, active: &Active, number: CustomerNumber) -> BTreeMap<String, Value> {
        let schema = &active.rules.schema;
        let fields = schema.fields.iter().filter_map(|field| {
            let value = self.population.value(number, schema.find(&field.name)?);
            let shown = match (field.ty, &value) {
                (Type::ListOfText, Some(crate::ruleset::Value::Text(text))) => {
                    json!(text.split(LIST_SEPARATOR).filter(|one| !one.is_empty()).collect::<Vec<_>>())
                }
                _ => serde_json::from_str(&fields::json(active, value.as_ref())).unwrap_or_default(),
            };
            Some((field.name.clone(), shown))
        });
        fields.collect()
    }

    fn order(&self, order: &Order) -> Value {
        let own = self.active.as_ref().and_then(|active| active.rules.workspace.currency);
        let currency = order.currency.or(own).map(|currency| currency.to_string());
        json!({
            "order_id": order.id,
            "time": order.time,
            "total": {"amount": order.total.to_string(), "currency": currency},
            "lines": fields::lines(order),
        })
    }
}

/// An event as it was told: the texts of its fields.
fn event(event: &Event) -> Value {
    let fields: BTreeMap<&str, &str> =
        event.fields.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    json!({"id": event.id, "event": event.name, "time": event.time, "fields": fields})
}

/// The latest of many, and how many there are.
fn latest<T>(all: &[T], key: impl Fn(&T) -> (Instant, &String), show: impl Fn(&T) -> Value) -> Latest {
    let mut sorted: Vec<&T> = all.iter().collect();
    sorted.sort_by(|one, other| key(other).cmp(&key(one)));
    let latest = sorted.into_iter().take(MOST_SHOWN).map(show).collect();
    Latest { count: all.len() as u64, latest }
}
