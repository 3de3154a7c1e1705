//! What a call says: `{"type":"cvmd.call","timestamp","data":{…}}`.

use serde::Serialize;

use crate::model::{CustomerId, DecisionKey, Instant};

/// A call's content.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    /// When it was decided: the event's time, the same on each attempt.
    pub decided: Instant,
    /// The decision.
    pub decision: DecisionKey,
    /// The rule's name.
    pub rule: &'a str,
    /// The shop's id of the customer.
    pub customer: &'a CustomerId,
    /// The commit that decided, `unknown` without git.
    pub commit: &'a str,
    /// Name and value as JSON, in the rule's order.
    pub fields: &'a [(String, String)],
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Head<'a>,
}

#[derive(Serialize)]
struct Head<'a> {
    decision: String,
    rule: &'a str,
    customer_id: &'a str,
    occurrence: i64,
    commit: &'a str,
}

/// A JSON object that keeps the rule's order and each value's text: a number must not go through a
/// float.
fn object(fields: &[(String, String)]) -> Result<String, serde_json::Error> {
    let mut members = Vec::with_capacity(fields.len());
    for (name, json) in fields {
        serde_json::from_str::<serde::de::IgnoredAny>(json)?;
        members.push(format!("{}:{}", serde_json::to_string(name)?, json.trim()));
    }
    Ok(format!("{{{}}}", members.join(",")))
}

impl Payload<'_> {
    /// The JSON text; the same content gives the same bytes. `occurrence` is a number: milliseconds
    /// since 1970 UTC of a scheduled firing, or the ordinal of a match.
    ///
    /// # Errors
    /// When a field's value is no JSON; the text names the trouble, not the value.
    pub fn to_json(&self) -> Result<String, String> {
        let document = Document {
            kind: "cvmd.call",
            timestamp: self.decided.to_string(),
            data: Head {
                decision: self.decision.to_string(),
                rule: self.rule,
                customer_id: &self.customer.0,
                occurrence: self.decision.occurrence.0,
                commit: self.commit,
            },
        };
        let head = serde_json::to_string(&document)
            .map_err(|error| format!("the call cannot be written: {error}"))?;
        let fields =
            object(self.fields).map_err(|error| format!("a field of the call is no JSON: {error}"))?;
        let open = head.strip_suffix("}}").unwrap_or(&head);
        Ok(format!(r#"{open},"fields":{fields}}}}}"#))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerNumber, Occurrence, RuleNumber};

    #[test]
    fn a_call_reads_as_the_contract_says_and_keeps_the_order() {
        let customer = CustomerId("ana \"x\"".into());
        let field = |name: &str, json: &str| (name.to_owned(), json.to_owned());
        let fields = [
            field("clv", r#"{"amount":"820.00","currency":"EUR"}"#),
            field("alive", "0.7266"),
            field("points", "9223372036854.775807"),
            field("a_note", "null"),
        ];
        let payload = Payload {
            decided: Instant(1_790_000_000_000),
            decision: DecisionKey {
                rule: RuleNumber(1),
                occurrence: Occurrence(2),
                customer: CustomerNumber(79),
            },
            rule: "winback",
            customer: &customer,
            commit: "unknown",
            fields: &fields,
        };
        assert_eq!(
            payload.to_json().unwrap(),
            concat!(
                r#"{"type":"cvmd.call","timestamp":"2026-09-21T14:13:20Z","data":{"decision":"d1-2-4f","rule":"winback","#,
                r#""customer_id":"ana \"x\"","occurrence":2,"commit":"unknown","#,
                r#""fields":{"clv":{"amount":"820.00","currency":"EUR"},"alive":0.7266,"points":9223372036854.775807,"a_note":null}}}"#
            )
        );
        let broken = [field("clv", "{")];
        assert!(Payload { fields: &broken, ..payload }.to_json().unwrap_err().contains("no JSON"));
    }
}
