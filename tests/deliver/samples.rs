//! Messages to send.

use cvmd::deliver::email::Email;
use cvmd::model::{CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber};
use cvmd::record::MessageKey;

/// The first action of rule 1, first firing, for the customer of that number.
pub fn key(customer: u32) -> MessageKey {
    let decision =
        DecisionKey { rule: RuleNumber(1), occurrence: Occurrence(1), customer: CustomerNumber(customer) };
    MessageKey { decision, action: 0 }
}

/// An e-mail with letters beyond ASCII everywhere and a line that begins with a dot.
pub fn email(customer: u32) -> Email {
    Email {
        key: key(customer),
        from: "Schöner Laden <hello@shop.example>".into(),
        reply_to: Some("help@shop.example".into()),
        to: format!("ana{customer}@customer.example"),
        subject: "¿Qué tal, Ana?".into(),
        text: "Hola Ana\n.\n..dots\nadiós\n".into(),
        html: Some("<p>Hola Ana, adiós</p>".into()),
        date: Instant(1_790_000_000_000),
        domain: "shop.example".into(),
        unsubscribe: None,
    }
}
