//! A shop as the files that `import` reads.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::model::Instant;

use super::{GeneratedConsent, GeneratedCustomer, GeneratedEvent, GeneratedKind, GeneratedOrder, Shop, shop};

const CUSTOMERS: [&str; 15] = [
    "id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "language",
    "country",
    "time_zone",
    "created",
    "plan",
    "birthday",
    "newsletter",
    "clv",
    "consent_email_marketing",
    "consent_email_marketing_at",
];
const ORDERS: [&str; 8] =
    ["order_id", "customer_id", "time", "total", "quantity", "product", "category", "channel"];
const EVENTS: [&str; 7] = ["id", "customer_id", "time", "event", "value", "items", "stars"];

/// How many were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Customers.
    pub customers: u64,
    /// Orders, refunds included.
    pub orders: u64,
    /// Events.
    pub events: u64,
}

/// Writes customers, orders and events as CSV, one customer after another. No currency is named: amounts
/// are in the workspace's.
///
/// # Errors
/// When writing fails.
pub fn write(
    shop: Shop,
    customers: impl Write,
    orders: impl Write,
    events: impl Write,
) -> io::Result<Written> {
    let mut customer_rows = csv::Writer::from_writer(customers);
    let mut order_rows = csv::Writer::from_writer(orders);
    customer_rows.write_record(CUSTOMERS)?;
    order_rows.write_record(ORDERS)?;
    let mut event_rows = csv::Writer::from_writer(events);
    event_rows.write_record(EVENTS)?;
    let mut written = Written::default();
    for customer in shop {
        customer_rows.write_record(customer_cells(&customer))?;
        written.customers += 1;
        for order in &customer.orders {
            order_rows.write_record(order_cells(&customer.id, order))?;
            written.orders += 1;
        }
        for event in &customer.events {
            event_rows.write_record(event_cells(&customer.id, event))?;
            written.events += 1;
        }
    }
    customer_rows.flush()?;
    event_rows.flush()?;
    order_rows.flush()?;
    Ok(written)
}

/// Writes `customers.csv`, `orders.csv` and `events.csv` into a folder, which is made where it is missing.
///
/// # Errors
/// When the folder or the files cannot be written.
pub fn write_folder(folder: &Path, seed: u64, customers: u32, now: Instant) -> io::Result<Written> {
    fs::create_dir_all(folder)?;
    let file = |name| File::create(folder.join(name)).map(BufWriter::new);
    write(shop(seed, customers, now), file("customers.csv")?, file("orders.csv")?, file("events.csv")?)
}

fn customer_cells(customer: &GeneratedCustomer) -> [String; CUSTOMERS.len()] {
    let text = str::to_owned;
    let said = |consent: GeneratedConsent| if consent.given { "yes" } else { "no" };
    [
        customer.id.clone(),
        customer.email.clone(),
        customer.phone.clone().unwrap_or_default(),
        text(customer.first_name),
        text(customer.last_name),
        text(customer.language),
        text(customer.country),
        text(customer.time_zone.unwrap_or("")),
        customer.created.to_string(),
        text(customer.plan),
        customer.birthday.map_or_else(String::new, |date| date.to_string()),
        text(customer.newsletter.map_or("", |wants| if wants { "yes" } else { "no" })),
        customer.clv.to_string(),
        text(customer.consent.map_or("", said)),
        customer.consent.and_then(|consent| consent.at).map_or_else(String::new, |at| at.to_string()),
    ]
}

fn order_cells(customer: &str, order: &GeneratedOrder) -> [String; ORDERS.len()] {
    [
        order.id.clone(),
        customer.to_owned(),
        order.time.to_string(),
        order.total.to_string(),
        order.quantity.to_string(),
        order.product.to_owned(),
        order.category.to_owned(),
        order.channel.to_owned(),
    ]
}

fn event_cells(customer: &str, event: &GeneratedEvent) -> [String; EVENTS.len()] {
    let (name, value, items, stars) = match event.kind {
        GeneratedKind::Cart { value, items } => {
            ("cart_abandoned", value.to_string(), items.to_string(), String::new())
        }
        GeneratedKind::Review { stars } => ("review_left", String::new(), String::new(), stars.to_string()),
    };
    [event.id.clone(), customer.to_owned(), event.time.to_string(), name.to_owned(), value, items, stars]
}
