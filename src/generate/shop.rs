//! The shop: one customer after another, each from a stream of random numbers of their own.

use crate::model::{DAY_MS, Date, HOUR_MS, Instant, MINUTE_MS, Money};

use super::doings::{GeneratedEvent, doings};
use super::life::{mean_spend, repeat_days, spend_cents};
use super::people::{Person, person};
use super::random::Random;
use super::worth::{History, MARGIN, expected_margin, expected_orders};

/// Days over which first orders are spread.
const DAYS: f64 = 730.0;
/// Registered, never ordered.
const PROSPECTS: f64 = 0.08;
/// Said yes to marketing mail at some time.
const CONSENT: f64 = 0.62;
/// Of those who said yes, took it back.
const REVOKED: f64 = 0.06;
/// Order that is sent back.
const REFUNDS: f64 = 0.02;
/// Whose time zone the shop does not know.
const NO_ZONE: f64 = 0.04;
/// Who told the shop their birthday.
const BIRTHDAYS: f64 = 0.7;
/// Who ticked the newsletter, of those who said yes to marketing mail.
const NEWSLETTER: f64 = 0.6;
/// What a valuable customer is worth at least, in the currency's units.
const VALUABLE: f64 = 560.0;

const PLANS: [(u32, &str); 3] = [(60, "free"), (30, "basic"), (10, "pro")];
const CHANNELS: [(u32, &str); 3] = [(65, "web"), (20, "app"), (15, "store")];
const PRODUCTS: [(&str, &str); 12] = [
    ("rain jacket", "clothing"),
    ("wool socks", "clothing"),
    ("merino shirt", "clothing"),
    ("trail shoes", "shoes"),
    ("hiking boots", "shoes"),
    ("daypack", "bags"),
    ("dry bag", "bags"),
    ("two-person tent", "camping"),
    ("sleeping bag", "camping"),
    ("gas stove", "camping"),
    ("head torch", "gear"),
    ("trekking poles", "gear"),
];

/// A customer as the shop knows them.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedCustomer {
    /// `c0000042`.
    pub id: String,
    /// At a domain for examples; nobody else's.
    pub email: String,
    /// In a range for fiction, where the country has one.
    pub phone: Option<String>,
    /// As the customer writes it.
    pub first_name: &'static str,
    /// As the customer writes it.
    pub last_name: &'static str,
    /// ISO 639.
    pub language: &'static str,
    /// ISO 3166.
    pub country: &'static str,
    /// IANA name; a few are not known.
    pub time_zone: Option<&'static str>,
    /// When they registered.
    pub created: Instant,
    /// `free`, `basic` or `pro`.
    pub plan: &'static str,
    /// Expected margin of the next year by the model that made the orders.
    pub clv: Money,
    /// What they said about marketing mail; none if nothing.
    pub consent: Option<GeneratedConsent>,
    /// In the order of time, refunds included.
    pub orders: Vec<GeneratedOrder>,
    /// Where they told it.
    pub birthday: Option<Date>,
    /// Whether they want the weekly digest; unknown of those who never said anything.
    pub newsletter: Option<bool>,
    /// Baskets left and reviews, in the order of time.
    pub events: Vec<GeneratedEvent>,
}

/// What was said last about marketing mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneratedConsent {
    /// Yes or no.
    pub given: bool,
    /// When; not known of those who only never ticked the box.
    pub at: Option<Instant>,
}

/// An order of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedOrder {
    /// `o0000042-1`; a refund's ends in `r`.
    pub id: String,
    /// When, to the second.
    pub time: Instant,
    /// What it came to, in whole cents; negative for a refund.
    pub total: Money,
    /// Pieces.
    pub quantity: u32,
    /// What.
    pub product: &'static str,
    /// Of which kind.
    pub category: &'static str,
    /// `web`, `app` or `store`.
    pub channel: &'static str,
}

/// A shop's customers, see [`shop`].
#[derive(Debug, Clone)]
pub struct Shop {
    seed: u64,
    customers: u32,
    now: Instant,
    next: u32,
}

/// A shop of so many customers as it stands at `now`. The same arguments give the same shop.
#[must_use]
pub fn shop(seed: u64, customers: u32, now: Instant) -> Shop {
    Shop { seed, customers, now: Instant(now.0.div_euclid(1_000) * 1_000), next: 0 }
}

impl Iterator for Shop {
    type Item = GeneratedCustomer;

    fn next(&mut self) -> Option<GeneratedCustomer> {
        (self.next < self.customers).then(|| {
            self.next += 1;
            customer(self.seed, self.next - 1, self.now)
        })
    }
}

/// Who a customer has to be, so that each demo has something to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Lapsing, worth more than 500, with consent.
    Lapsing,
    /// First order within the last three days.
    New,
    /// An order within the last five hours.
    JustOrdered,
    /// A birthday today.
    Birthday,
    /// A basket left within the last hour, with consent.
    Cart,
    /// As the models have it.
    Anybody,
}

fn part(number: u32) -> Part {
    match number % 100 {
        0 => Part::Lapsing,
        1 => Part::New,
        2 => Part::JustOrdered,
        3 => Part::Birthday,
        4 => Part::Cart,
        _ => Part::Anybody,
    }
}

fn customer(seed: u64, number: u32, now: Instant) -> GeneratedCustomer {
    let mut random = Random::new(seed, u64::from(number));
    let person = person(&mut random, number);
    let part = part(number);
    let days_ago = order_days(&mut random, part);
    let mut mean = mean_spend(&mut random);
    let history = history(&days_ago);
    if part == Part::Lapsing
        && let Some(history) = history
    {
        mean = mean.max(VALUABLE / (MARGIN * expected_orders(history)));
    }
    let times = order_times(&days_ago, now, person.home.offset_minutes);
    let created = match times.first() {
        // People register on their way to the first checkout.
        Some(first) => ago(*first, random.between(1.0, 20.0) / 1_440.0),
        None => ago(now, random.between(0.0, DAYS)),
    };
    let clv = history.map_or(0.0, |history| expected_margin(history, mean));
    let consent = consent(&mut random, part, created, now);
    // A stream of its own: what is drawn here changes nothing of the orders.
    let mut further = Random::new(seed, u64::from(number) | 1 << 40);
    let today =
        Date(i32::try_from((now.0 + person.home.offset_minutes * MINUTE_MS).div_euclid(DAY_MS)).unwrap_or(0));
    let birthday = birthday(&mut further, part, today);
    let newsletter = newsletter(&mut further, consent);
    let events = doings(&mut further, number, (part == Part::Cart, times.last().copied()), (created, now));
    GeneratedCustomer {
        id: format!("c{number:07}"),
        created,
        plan: random.weighted(&PLANS),
        clv: cents(clv),
        consent,
        birthday,
        newsletter,
        events,
        time_zone: (!random.chance(NO_ZONE)).then_some(person.home.zone),
        orders: orders(&mut random, number, &times, mean, now),
        ..unplaced(person)
    }
}

/// What a person is by themselves.
fn unplaced(person: Person) -> GeneratedCustomer {
    GeneratedCustomer {
        id: String::new(),
        email: person.email,
        phone: person.phone,
        first_name: person.first_name,
        last_name: person.last_name,
        language: person.home.language,
        country: person.home.country,
        time_zone: None,
        created: Instant(0),
        plan: "",
        clv: Money(0),
        consent: None,
        orders: Vec::new(),
        birthday: None,
        newsletter: None,
        events: Vec::new(),
    }
}

/// A birthday of somebody between 18 and 80, where they told it.
fn birthday(random: &mut Random, part: Part, today: Date) -> Option<Date> {
    let told = random.chance(BIRTHDAYS);
    let days = random.between(18.0, 80.0) * 365.25;
    #[expect(clippy::cast_possible_truncation, reason = "eighty years of days")]
    let any = Date(today.0 - days as i32);
    if part != Part::Birthday {
        return told.then_some(any);
    }
    let (date, today) = (any.to_civil()?, today.to_civil()?);
    date.with().month(today.month()).day(today.day()).build().ok().or(Some(date)).map(Date::from_civil)
}

fn newsletter(random: &mut Random, consent: Option<GeneratedConsent>) -> Option<bool> {
    let wants = random.chance(NEWSLETTER);
    consent.map(|consent| consent.given && wants)
}

/// How many days ago each order was, the first one first; none for a prospect.
fn order_days(random: &mut Random, part: Part) -> Vec<f64> {
    match part {
        Part::Lapsing => {
            // Someone who came every two months, and has not come for a while.
            let last = random.between(62.0, 150.0);
            let gap = random.between(50.0, 70.0);
            let mut days: Vec<f64> =
                (0..8).map(|n| last + f64::from(n) * gap + random.between(-8.0, 8.0)).collect();
            days[0] = last;
            days.reverse();
            days
        }
        Part::New => vec![random.between(0.05, 3.0)],
        Part::JustOrdered => {
            let mut days = ordinary_days(random);
            days.push(random.between(0.01, 0.2));
            days.sort_by(|one, other| other.total_cmp(one));
            days
        }
        Part::Anybody if random.chance(PROSPECTS) => Vec::new(),
        Part::Anybody | Part::Birthday | Part::Cart => ordinary_days(random),
    }
}

fn ordinary_days(random: &mut Random) -> Vec<f64> {
    let first = random.between(0.0, DAYS);
    let repeats = repeat_days(random, first);
    std::iter::once(first).chain(repeats.into_iter().map(|after| first - after)).collect()
}

fn history(days_ago: &[f64]) -> Option<History> {
    let (first, last) = (*days_ago.first()?, *days_ago.last()?);
    let repeats = u32::try_from(days_ago.len() - 1).ok()?;
    Some(History { repeats: f64::from(repeats), last: first - last, age: first })
}

/// The instants of the orders, most of them in waking hours.
fn order_times(days_ago: &[f64], now: Instant, offset_minutes: i64) -> Vec<Instant> {
    let mut times: Vec<Instant> = days_ago
        .iter()
        .map(|&days| {
            let time = ago(now, days);
            let hour = (time.0 + offset_minutes * MINUTE_MS).rem_euclid(DAY_MS) / HOUR_MS;
            let later = Instant(time.0 + 8 * HOUR_MS);
            if (1..7).contains(&hour) && later < now { later } else { time }
        })
        .collect();
    times.sort_unstable();
    times
}

/// So many days before, to the second.
pub(super) fn ago(now: Instant, days: f64) -> Instant {
    #[expect(clippy::cast_possible_truncation, reason = "two years of seconds fit")]
    let seconds = (days * 86_400.0).round() as i64;
    Instant(now.0 - seconds * 1_000)
}

fn cents(value: f64) -> Money {
    #[expect(clippy::cast_possible_truncation, reason = "what a customer is worth fits")]
    let cents = (value * 100.0).round() as i64;
    Money(cents * 100)
}

fn consent(random: &mut Random, part: Part, created: Instant, now: Instant) -> Option<GeneratedConsent> {
    let said_yes = random.chance(CONSENT);
    let revoked = random.chance(REVOKED);
    let since = now.since(created);
    let later = |share: f64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "two years of milliseconds"
        )]
        let after = (since.0 as f64 * share) as i64 / 1_000 * 1_000;
        Instant(created.0 + after)
    };
    let (yes_at, no_at) = (later(random.unit() * 0.02), later(random.between(0.1, 1.0)));
    let unticked = random.chance(0.5);
    if matches!(part, Part::Lapsing | Part::Birthday | Part::Cart) || said_yes && !revoked {
        Some(GeneratedConsent { given: true, at: Some(yes_at) })
    } else if said_yes {
        Some(GeneratedConsent { given: false, at: Some(no_at) })
    } else {
        unticked.then_some(GeneratedConsent { given: false, at: None })
    }
}

fn orders(
    random: &mut Random,
    number: u32,
    times: &[Instant],
    mean: f64,
    now: Instant,
) -> Vec<GeneratedOrder> {
    let mut all = Vec::with_capacity(times.len());
    for (ordinal, &time) in (1..).zip(times) {
        let (product, category) = *random.one_of(&PRODUCTS);
        let order = GeneratedOrder {
            id: format!("o{number:07}-{ordinal}"),
            time,
            total: Money(spend_cents(random, mean) * 100),
            quantity: random.weighted(&[(70, 1), (20, 2), (10, 3)]),
            product,
            category,
            channel: random.weighted(&CHANNELS),
        };
        let refunded = random.chance(REFUNDS);
        let back = ago(time, -random.between(2.0, 12.0));
        all.push(order.clone());
        if refunded && back < now {
            all.push(GeneratedOrder {
                id: format!("{}r", order.id),
                time: back,
                total: Money(-order.total.0),
                ..order
            });
        }
    }
    all.sort_by_key(|order| order.time);
    all
}
