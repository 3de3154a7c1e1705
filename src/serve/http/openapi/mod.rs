//! The description of the paths as an `OpenAPI` 3.1 document, made of the limits and codes that the
//! program itself goes by.

mod schemas;

use serde_json::{Map, Value, json};

use super::MAX_BODY_BYTES;

/// The document. `codes` are the codes of lines that are not taken.
#[must_use]
pub fn openapi(codes: &[&str]) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "cvmd",
            "version": "1",
            "summary": "Customers, orders and events in; what is known and why, out.",
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/v1/customers": {"post": taking("Customer", "customers", CUSTOMERS)},
            "/v1/orders": {"post": taking("OrderLine", "orders", ORDERS)},
            "/v1/events": {"post": taking("Event", "events", EVENTS)},
            "/v1/customers/{id}": {
                "parameters": [id()],
                "get": reading(
                    "showCustomer",
                    "What is known of a customer",
                    "CustomerView",
                    "The customer.",
                    &[],
                ),
            },
            "/v1/customers/{id}/explain": {
                "parameters": [id()],
                "get": reading(
                    "explainCustomer",
                    "Why each rule reaches a customer, or does not",
                    "Explanation",
                    "The rules in the order of their names.",
                    &[
                        query("rule", "This rule only.", &json!({"type": "string"})),
                        query("at", "As of when; else now.", &json!({"type": "string", "format": "date-time"})),
                    ],
                ),
            },
        },
        "components": {
            "schemas": schemas::schemas(codes),
            "responses": faults(),
            "securitySchemes": {
                "ingest": {"type": "http", "scheme": "bearer", "description": "The secret `ingest_token`: may write."},
                "read": {"type": "http", "scheme": "bearer", "description": "The secret `read_token`: may read."},
            },
        },
    })
}

const DESCRIPTION: &str = "\
A post is answered when what it brings is on the disk. The same again changes nothing, so that a post \
without an answer is sent again. Good lines are kept beside bad ones; `rejected` says which were not, and \
why. Keys are the columns of the CSV files.";

const CUSTOMERS: &str = "\
A key that is absent leaves its value as it is, `null` clears it. An empty consent changes nothing; what a \
person did is undone only by a consent with a later time.";
const ORDERS: &str = "\
Lines with one `order_id`, customer and time are the lines of one order and come in one post; their totals \
are added up. A negative total is a refund. The same id with other content is a conflict.";
const EVENTS: &str = "\
An event that is less than an hour old fires the rules on it; an older one is history. Other keys are the \
event's fields. The same id with other content is a conflict.";

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn content(name: &str) -> Value {
    json!({"application/json": {"schema": reference(name)}})
}

fn id() -> Value {
    json!({
        "name": "id",
        "in": "path",
        "required": true,
        "description": "The shop's id of the customer.",
        "schema": {"type": "string", "minLength": 1},
    })
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

/// A path that takes lines.
fn taking(line: &str, kind: &str, description: &str) -> Value {
    let mut responses = answers(&["400", "401", "403", "408", "413", "415", "429", "500", "503"]);
    let posted = json!({"description": "What was good is on the disk.", "content": content("Posted")});
    responses.insert("202".into(), posted);
    responses["400"] = json!({"$ref": "#/components/responses/NothingTaken"});
    json!({
        "operationId": format!("post_{kind}"),
        "summary": format!("Take {kind}"),
        "description": description,
        "security": [{"ingest": []}],
        "requestBody": {
            "required": true,
            "description": format!("At most {} MiB, unpacked; may be packed with gzip.", MAX_BODY_BYTES / 1024 / 1024),
            "content": {
                "application/json": {"schema": {"anyOf": [
                    reference(line),
                    {"type": "array", "minItems": 1, "items": reference(line)},
                ]}},
                "application/x-ndjson": {"schema": {
                    "type": "string",
                    "description": format!("A `{line}` a line."),
                }},
            },
        },
        "responses": responses,
    })
}

/// A path that shows something.
fn reading(operation: &str, summary: &str, shown: &str, description: &str, parameters: &[Value]) -> Value {
    let mut responses = answers(&["400", "401", "403", "404", "429", "500"]);
    responses.insert("200".into(), json!({"description": description, "content": content(shown)}));
    json!({
        "operationId": operation,
        "summary": summary,
        "security": [{"read": []}],
        "parameters": parameters,
        "responses": responses,
    })
}

/// The errors of a path, by their status.
fn answers(statuses: &[&str]) -> Map<String, Value> {
    let name = |status: &str| FAULTS.iter().find(|fault| fault.0 == status).map_or("Failed", |fault| fault.1);
    statuses
        .iter()
        .map(|status| {
            let reference = format!("#/components/responses/{}", name(status));
            ((*status).to_owned(), json!({"$ref": reference}))
        })
        .collect()
}

/// Status, name, meaning.
const FAULTS: [(&str, &str, &str); 10] = [
    ("400", "Bad", "The request makes no sense as it is."),
    ("401", "Unauthorized", "The token is missing or wrong, or the daemon has none."),
    ("403", "Forbidden", "The token is for something else."),
    ("404", "NotFound", "There is no such customer or rule."),
    ("408", "TooSlow", "The body did not come in time."),
    ("413", "TooLarge", "More than is taken at once."),
    ("415", "UnknownEncoding", "The body is neither plain nor gzip."),
    ("429", "Busy", "Too much is on its way: come again after `Retry-After`."),
    ("500", "Failed", "It should have worked: see the daemon's log."),
    ("503", "NoRoom", "The daemon's disk is nearly full, nothing was taken: come again after `Retry-After`."),
];

fn faults() -> Map<String, Value> {
    let mut faults: Map<String, Value> = FAULTS
        .iter()
        .map(|(status, name, description)| {
            let mut fault = json!({"description": description, "content": content("Fault")});
            if ["429", "503"].contains(status) {
                let seconds = json!({"type": "integer", "minimum": 0});
                fault["headers"] = json!({"Retry-After": {
                    "description": "Seconds after which to send it again.",
                    "required": true,
                    "schema": seconds,
                }});
            }
            ((*name).to_owned(), fault)
        })
        .collect();
    let description = "The body cannot be read, or no line of it could be taken.";
    faults.insert(
        "NothingTaken".into(),
        json!({"description": description, "content": content("NothingTaken")}),
    );
    faults
}
