//! Rows of the script as the files that an import reads.

use std::collections::BTreeSet;

use crate::year::script::{Event, Ms, Order, Person};

fn time(at: Ms) -> String {
    jiff::Timestamp::from_millisecond(at).unwrap().to_string()
}

pub fn customers(people: &[Person]) -> String {
    let fields: BTreeSet<&str> = people.iter().flat_map(|person| person.fields.keys().copied()).collect();
    let channels: BTreeSet<&str> =
        people.iter().flat_map(|p| p.consents.iter().map(|(of, ..)| *of)).collect();
    let mut text = String::from("id");
    for field in &fields {
        text += &format!(",{field}");
    }
    for channel in &channels {
        text += &format!(",consent_{channel}_marketing,consent_{channel}_marketing_at");
    }
    text.push('\n');
    for person in people {
        text += &person.id;
        for field in &fields {
            text += &format!(",{}", person.fields.get(field).map_or("", String::as_str));
        }
        for channel in &channels {
            match person.consents.iter().find(|(of, ..)| of == channel) {
                Some((_, given, at)) => {
                    let said = if *given { "yes" } else { "no" };
                    text += &format!(",{said},{}", time(*at));
                }
                None => text += ",,",
            }
        }
        text.push('\n');
    }
    text
}

pub fn orders(orders: &[Order]) -> String {
    let mut text = String::from("order_id,customer_id,time,total\n");
    for Order { id, customer, time: at, total } in orders {
        text += &format!("{id},{customer},{},{}.{:02}\n", time(*at), total / 100, total % 100);
    }
    text
}

pub fn events(events: &[Event]) -> String {
    let mut text = String::from("id,customer_id,time,event,value,message,channel\n");
    for Event { id, customer, time: at, name, value, message, channel } in events {
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        let (message, channel) = (message.unwrap_or_default(), channel.unwrap_or_default());
        text += &format!("{id},{customer},{},{name},{value},{message},{channel}\n", time(*at));
    }
    text
}
