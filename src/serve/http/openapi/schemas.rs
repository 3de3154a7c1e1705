//! The shapes that come in and go out.

use serde_json::{Value, json};

use super::reference;
use crate::serve::post::{MAX_IGNORED, MAX_LISTED};

/// All shapes by name.
pub(super) fn schemas(codes: &[&str]) -> Value {
    json!({
        "Scalar": {
            "description": "A text, a number or yes and no; a number is read to its last digit. Empty and null are no value.",
            "type": ["string", "number", "boolean", "null"],
        },
        "Cell": {
            "description": "What stands in a cell of a CSV file; an array is a list of texts.",
            "anyOf": [
                reference("Scalar"),
                {"type": "array", "items": reference("Scalar")},
            ],
        },
        "Id": {"type": ["string", "integer"], "description": "At most 200 bytes, without control characters."},
        "Time": {
            "type": "string",
            "description": "RFC 3339, a date, or a local time in the workspace's zone.",
            "anyOf": [
                {"format": "date-time"},
                {"format": "date"},
                {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?$"},
            ],
        },
        "Customer": customer(),
        "OrderLine": order_line(),
        "Event": event(),
        "Posted": posted(),
        "RejectedLine": rejected_line(codes),
        "Fault": fault(),
        "NothingTaken": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "accepted": {"type": "integer"},
                "unchanged": {"type": "integer"},
                "rejected": {"type": "array", "items": reference("RejectedLine")},
                "ignored": {"type": "array", "items": {"type": "string"}},
                "more_rejected": {"type": "integer"},
            },
        },
        "CustomerView": view(),
        "Explanation": explanation(),
    })
}

fn customer() -> Value {
    json!({
        "type": "object",
        "required": ["id"],
        "description": "Besides these, the attributes that the rules declare.",
        "properties": {
            "id": reference("Id"),
            "email": reference("Cell"),
            "phone": reference("Cell"),
            "first_name": reference("Cell"),
            "last_name": reference("Cell"),
            "language": reference("Cell"),
            "country": reference("Cell"),
            "time_zone": reference("Cell"),
            "created": reference("Cell"),
            "clv": reference("Cell"),
            "consent_email_marketing": reference("Cell"),
            "consent_email_marketing_at": reference("Cell"),
        },
        "additionalProperties": true,
        "examples": [{"id": "ana", "email": "ana@shop.example", "consent_email_marketing": "yes"}],
    })
}

fn order_line() -> Value {
    json!({
        "type": "object",
        "required": ["customer_id", "time", "total"],
        "properties": {
            "order_id": reference("Id"),
            "customer_id": reference("Id"),
            "time": reference("Time"),
            "total": {
                "type": ["number", "string"],
                "pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,4})?$",
                "description": "An amount with at most four decimals; never read through a float.",
            },
            "currency": reference("Scalar"),
            "quantity": reference("Scalar"),
            "product": reference("Scalar"),
            "category": reference("Scalar"),
            "channel": reference("Scalar"),
        },
        "additionalProperties": true,
        "examples": [{"order_id": "1001", "customer_id": "ana", "time": "2026-11-01T10:00:00Z", "total": "82.50"}],
    })
}

fn event() -> Value {
    json!({
        "type": "object",
        "required": ["customer_id", "time", "event"],
        "description": "Other keys are the event's fields.",
        "properties": {
            "id": reference("Id"),
            "customer_id": reference("Id"),
            "time": reference("Time"),
            "event": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$", "description": "Its name, as rules write it."},
        },
        "additionalProperties": true,
        "examples": [{
            "id": "e1",
            "customer_id": "ana",
            "time": "2026-11-01T10:00:00Z",
            "event": "cart_abandoned",
            "value": 90,
        }],
    })
}

fn posted() -> Value {
    json!({
        "type": "object",
        "required": ["accepted", "unchanged", "rejected"],
        "properties": {
            "accepted": {"type": "integer", "minimum": 0, "description": "Lines that say something new."},
            "unchanged": {"type": "integer", "minimum": 0, "description": "Lines that say what was known."},
            "rejected": {
                "type": "array",
                "maxItems": MAX_LISTED,
                "items": reference("RejectedLine"),
                "description": "What was not taken.",
            },
            "ignored": {
                "type": "array",
                "maxItems": MAX_IGNORED,
                "items": {"type": "string"},
                "description": "Keys that are no field, or that rules set, each once; absent where there is none.",
            },
            "more_rejected": {
                "type": "integer",
                "minimum": 1,
                "description": "How much more was not taken; absent where all is listed.",
            },
        },
    })
}

fn rejected_line(codes: &[&str]) -> Value {
    json!({
        "type": "object",
        "required": ["line", "id", "code", "message", "scope"],
        "properties": {
            "line": {
                "type": "integer",
                "minimum": 1,
                "description": "The line of NDJSON, or the position in an array.",
            },
            "id": {"type": ["string", "null"], "description": "Of the customer, order or event."},
            "code": {"enum": codes},
            "message": {"type": "string"},
            "scope": {"enum": ["line", "field"], "description": "Whether the line was not taken, or one field of it."},
        },
    })
}

fn fault() -> Value {
    json!({
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "string", "description": "For programs; stable."},
            "message": {"type": "string", "description": "For people."},
        },
    })
}

fn view() -> Value {
    json!({
        "type": "object",
        "required": ["schema_version", "id", "learnt", "fields", "consents", "suppressed", "orders", "events"],
        "properties": {
            "schema_version": {"const": 1},
            "id": {"type": "string"},
            "learnt": {"type": "string", "format": "date-time", "description": "When they were first seen here."},
            "fields": {
                "type": "object",
                "description": "Values by field; money as `{amount, currency}`, an unknown is null.",
            },
            "consents": {
                "type": "object",
                "description": "Marketing, by channel; none that is absent was given.",
                "additionalProperties": {
                    "type": "object",
                    "required": ["given", "at", "by_person"],
                    "properties": {
                        "given": {"type": "boolean"},
                        "at": {"type": ["string", "null"], "format": "date-time"},
                        "by_person": {"type": "boolean"},
                    },
                },
            },
            "suppressed": {"type": "boolean", "description": "Whether nothing is sent to them, or to one of their addresses."},
            "orders": latest("orders"),
            "events": latest("events"),
        },
    })
}

fn latest(what: &str) -> Value {
    json!({
        "type": "object",
        "required": ["count", "latest"],
        "properties": {
            "count": {"type": "integer", "minimum": 0},
            "latest": {
                "type": "array",
                "description": format!("The latest {what}, the last one first."),
                "items": {"type": "object"},
            },
        },
    })
}

fn explanation() -> Value {
    json!({
        "type": "object",
        "required": ["customer", "at", "rules"],
        "properties": {
            "customer": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "rules": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["rule", "place", "matches", "outcome", "stopped_by", "tree", "history"],
                    "properties": {
                        "rule": {"type": "string"},
                        "place": {"type": "string", "description": "Where it is written: `file:line`."},
                        "matches": {"enum": ["true", "false", "unknown"]},
                        "outcome": {"type": "string", "description": "What follows, in a sentence."},
                        "stopped_by": {"type": ["string", "null"]},
                        "tree": {"description": "The condition with its values."},
                        "history": {"type": "array", "items": {"type": "object"}},
                    },
                },
            },
        },
    })
}
