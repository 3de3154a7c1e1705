//! A small shop by hand: a schema with a field of each type, and short ways to write things.

use std::collections::BTreeMap;
use std::sync::Arc;

use cvmd::model::{
    Channel, Currency, CustomerId, CustomerNumber, Duration, Instant, Money, Number, RuleSetHash,
};
use cvmd::population::{Customer, Population, Told};
use cvmd::record::{Consent, Deed, Event, Line, Order, Profile};
use cvmd::ruleset::{
    AggregateFunction, Audience, ChoiceId, Choices, Comparison, EventFieldId, EventId, EventKind, Expr,
    ExprKind, Field, Place, Rule, RuleSet, Schema, Season, Segments, Trigger, Type, Value, Window, Workspace,
};

pub const PLAN: ChoiceId = ChoiceId(0);
pub const PLACES: [ChoiceId; 2] = [ChoiceId(1), ChoiceId(2)];

/// The declared fields behind the built-in ones, in the order of their names.
pub const FIELDS: [(&str, Type); 10] = [
    ("amount", Type::Money),
    ("day", Type::Date),
    ("flag", Type::YesNo),
    ("moment", Type::Time),
    ("note", Type::Text),
    ("plan", Type::Choice(PLAN)),
    ("rate", Type::Percent),
    ("score", Type::Number),
    ("span", Type::Duration),
    ("tags", Type::ListOfText),
];

/// An event with a field of each type.
pub const CART: [(&str, Type); 10] = FIELDS;

/// The declared kinds of events: `cart`, and `visit`, of which nothing is known.
pub const CARTS: EventId = EventId(7);
pub const VISITS: EventId = EventId(8);

pub fn schema() -> Arc<Schema> {
    let mut schema = Schema::built_in();
    schema.fields.extend(FIELDS.iter().map(|&(name, ty)| Field { name: name.into(), ty }));
    let choices =
        |names: &[&str], ordered| Choices { names: names.iter().map(|&name| name.into()).collect(), ordered };
    schema.choices = vec![
        choices(&["free", "basic", "pro"], true),
        choices(&["new", "active", "lapsing", "lost"], false),
        choices(&["one", "two", "three", "rest"], false),
    ];
    let fields = CART.iter().map(|&(name, ty)| Field { name: name.into(), ty }).collect();
    schema.events.push(EventKind { name: "cart".into(), names: vec!["cart".into()], fields });
    schema.events.push(EventKind { name: "visit".into(), names: vec!["visit".into()], fields: Vec::new() });
    Arc::new(schema)
}

pub fn place(line: u32) -> Place {
    Place { file: "shop.rules".into(), line }
}

pub fn expr(kind: ExprKind, ty: Type, text: &str) -> Expr {
    Expr { kind, ty, text: text.into(), place: place(1) }
}

pub fn condition(kind: ExprKind, text: &str) -> Expr {
    expr(kind, Type::Condition, text)
}

pub fn field(name: &str) -> Expr {
    let schema = schema();
    let id = schema.find(name).unwrap();
    expr(ExprKind::Field(id), schema.field(id).ty, name)
}

pub fn money(text: &str) -> Expr {
    expr(ExprKind::Constant(Value::Money(Money::parse(text).unwrap())), Type::Money, &format!("{text} EUR"))
}

pub fn number(text: &str) -> Expr {
    expr(ExprKind::Constant(Value::Number(Number::parse(text).unwrap())), Type::Number, text)
}

pub fn compare(comparison: Comparison, left: Expr, right: Expr) -> Expr {
    let sign = match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    };
    let text = format!("{} {sign} {}", left.text, right.text);
    condition(ExprKind::Compare(comparison, left.into(), right.into()), &text)
}

pub fn orders(
    function: AggregateFunction,
    field: Option<EventFieldId>,
    window: Window,
    filter: Option<Expr>,
    text: &str,
) -> Expr {
    let ty = match (function, field) {
        (AggregateFunction::Count, _) => Type::Number,
        (_, Some(EventFieldId::TOTAL)) => Type::Money,
        _ => Type::Number,
    };
    let filter = filter.map(Box::new);
    expr(ExprKind::Aggregate { function, event: EventId::ORDER, field, window, filter }, ty, text)
}

pub fn rule(position: usize, when: Expr) -> Rule {
    Rule {
        name: format!("r{position}"),
        title: None,
        owner: None,
        place: place(1),
        trigger: Trigger::Continuous,
        season: Season::default(),
        when,
        give_up_after: None,
        at_most: None,
        priority: 50,
        actions: Vec::new(),
        draft: false,
        new_matches_only: false,
        in_all: None,
    }
}

pub fn rules(segments: Vec<Vec<Expr>>, audiences: Vec<Expr>, conditions: Vec<Expr>) -> RuleSet {
    let segments = segments.into_iter().enumerate().map(|(position, conditions)| Segments {
        name: format!("segments{position}"),
        choices: PLACES[position],
        conditions,
        place: place(1),
    });
    let audiences = audiences.into_iter().enumerate().map(|(position, when)| Audience {
        name: format!("a{position}"),
        when,
        place: place(1),
    });
    RuleSet {
        hash: RuleSetHash::default(),
        commit: "unknown".into(),
        workspace: Workspace { currency: Currency::parse("EUR"), ..Workspace::default() },
        schema: schema(),
        segments: segments.collect(),
        audiences: audiences.collect(),
        messages: Vec::new(),
        webhooks: Vec::new(),
        policies: Vec::new(),
        rules: conditions.into_iter().enumerate().map(|(position, when)| rule(position, when)).collect(),
        first_names: cvmd::ruleset::FirstNames::default(),
        sources: BTreeMap::new(),
    }
}

pub fn profile(number: u32, values: &[(&str, &str)]) -> Profile {
    let mut values: Vec<(String, String)> =
        values.iter().map(|&(name, text)| (name.into(), text.into())).collect();
    values.sort();
    let consent = Consent { given: number.is_multiple_of(2), at: None, by_person: false };
    Profile {
        id: CustomerId(format!("c{number}")),
        values,
        consents: vec![(Channel::email(), consent)],
        learnt: Instant(0),
        by_http: false,
    }
}

pub fn order(id: &str, time: Instant, total: &str) -> Order {
    let total = Money::parse(total).unwrap();
    Order { id: id.into(), time, learnt: time, total, currency: None, lines: Vec::new() }
}

pub fn line(quantity: Option<i64>, product: &str, channel: &str) -> Line {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Line {
        quantity: quantity.map(Number::whole),
        product: text(product),
        category: None,
        channel: text(channel),
    }
}

pub fn instant(text: &str) -> Instant {
    Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

pub fn days_before(now: Instant, days: i64) -> Instant {
    now.minus(Duration::days(days))
}

/// What happened to somebody besides their orders.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Happened {
    /// What was told.
    pub events: Vec<Event>,
    /// What we did.
    pub deeds: Vec<Deed>,
}

pub type Person = (CustomerNumber, Profile, Vec<Order>, bool, Happened);

pub fn told(person: &Person) -> Customer<'_> {
    Customer {
        number: person.0,
        profile: &person.1,
        orders: &person.2,
        events: &person.4.events,
        suppressed: person.3.into(),
    }
}

pub fn owned(person: &Person) -> Told {
    Told {
        number: person.0,
        profile: person.1.clone(),
        orders: person.2.clone(),
        events: person.4.events.clone(),
        suppressed: person.3.into(),
    }
}

pub fn population(people: &[Person]) -> Population {
    let mut population = Population::build(schema(), Currency::parse("EUR"), people.iter().map(owned));
    let deeds: Vec<Deed> = people.iter().flat_map(|person| person.4.deeds.clone()).collect();
    population.record(&deeds);
    population
}
