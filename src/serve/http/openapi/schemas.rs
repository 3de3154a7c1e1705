//! The shapes that come in and go out.

use serde_json::{Value, json};

use super::reference;
use crate::serve::post::{MAX_IGNORED, MAX_LISTED};

/// Bytes of an id and of a text, at most: as `ingest` has them; a test compares.
const MAX_ID_BYTES: usize = 200;
const MAX_TEXT_BYTES: usize = 1_000;
/// Any character but those that control something.
const NO_CONTROL: &str = "[^\\u0000-\\u001f\\u007f-\\u009f]";

/// All shapes by name.
pub(super) fn schemas(codes: &[&str]) -> Value {
    json!({
        "Scalar": {
            "description": "A text, a number or yes and no; a number is read to its last digit. Empty and null are no value.",
            "type": ["string", "number", "boolean", "null"],
        },
        "Id": {
            "description": format!("A text of at most {MAX_ID_BYTES} bytes without control characters, or a whole number."),
            "anyOf": [
                {"type": "integer"},
                // Of blanks alone it is no id.
                {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": MAX_ID_BYTES,
                    "pattern": format!("^{NO_CONTROL}*[^\\s\\u0000-\\u001f\\u007f-\\u009f]{NO_CONTROL}*$"),
                },
            ],
        },
        "Word": {
            "description": format!("A text of at most {MAX_TEXT_BYTES} bytes without control characters. Empty and null are no value."),
            "anyOf": [
                {"type": ["number", "boolean", "null"]},
                {"type": "string", "maxLength": MAX_TEXT_BYTES, "pattern": format!("^{NO_CONTROL}*$")},
            ],
        },
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
        "description": "Besides these, the attributes that the rules declare; one that is a list of texts is an array.",
        "properties": {
            "id": reference("Id"),
            "email": reference("Scalar"),
            "phone": reference("Scalar"),
            "first_name": reference("Scalar"),
            "last_name": reference("Scalar"),
            "language": reference("Scalar"),
            "country": reference("Scalar"),
            "time_zone": reference("Scalar"),
            "created": reference("Scalar"),
            "clv": reference("Scalar"),
            "consent_email_marketing": reference("Scalar"),
            "consent_email_marketing_at": reference("Scalar"),
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
            "currency": {
                "type": ["string", "null"],
                "pattern": "^([A-Za-z]{3})?$",
                "description": "Its three letters.",
            },
            "quantity": {
                "type": ["number", "string", "null"],
                "pattern": "^(-?[0-9]{1,12}(\\.[0-9]{1,6})?)?$",
                "description": "A number with at most six decimals.",
            },
            "product": reference("Word"),
            "category": reference("Word"),
            "channel": reference("Word"),
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
            "event": {
                "type": "string",
                "pattern": "^[A-Za-z][A-Za-z0-9_ -]{0,63}$",
                "description": "Its name as rules write it, `cart_abandoned`; capitals, blanks and hyphens are read as that.",
                "not": {"enum": ["order", "sent"]},
            },
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
