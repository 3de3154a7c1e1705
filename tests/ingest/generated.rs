//! The generated shop: the same for the same seed, with the shares it promises, and importable.

use cvmd::generate::{GeneratedCustomer, GeneratedKind, shop, write, write_folder};
use cvmd::ingest::Kind;
use cvmd::model::{Date, Duration, HOUR_MS, Instant};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::world::{Told, World, instant};

const SEED: u64 = 42;

fn now() -> Instant {
    instant("2026-12-01T09:00:00Z")
}

fn bytes(seed: u64, customers: u32, now: Instant) -> (Vec<u8>, Vec<u8>) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    write(shop(seed, customers, now), &mut first, &mut second, std::io::sink()).unwrap();
    (first, second)
}

fn recency(customer: &GeneratedCustomer, now: Instant) -> Option<Duration> {
    customer
        .orders
        .iter()
        .filter(|order| order.total.0 >= 0)
        .map(|order| order.time)
        .max()
        .map(|last| now.since(last))
}

fn left_a_basket(customer: &GeneratedCustomer, now: Instant) -> bool {
    customer.consent.is_some_and(|consent| consent.given)
        && customer.events.iter().any(|event| now.since(event.time) < Duration::hours(1))
}

/// Today where they live, give or take the hour that summer time makes.
fn has_a_birthday(customer: &GeneratedCustomer, now: Instant) -> bool {
    let Some(born) = customer.birthday.and_then(Date::to_civil) else { return false };
    let day = |shift: i64| {
        let zone = TimeZone::get(customer.time_zone.unwrap_or("UTC")).unwrap();
        let at = jiff::Timestamp::from_millisecond(now.0 + shift * HOUR_MS).unwrap();
        (at.to_zoned(zone.clone()).month(), at.to_zoned(zone).day())
    };
    // Of a few the shop does not know the zone: it is the day somewhere.
    let hours = if customer.time_zone.is_none() { 15 } else { 1 };
    (-hours..=hours).any(|shift| day(shift) == (born.month(), born.day()) || day(shift) == (2, 29))
}

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn share(customers: &[GeneratedCustomer], of: impl Fn(&GeneratedCustomer) -> bool) -> f64 {
    customers.iter().filter(|customer| of(customer)).count() as f64 / customers.len() as f64
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let first = bytes(SEED, 500, now());
    assert_eq!(first, bytes(SEED, 500, now()));
    assert_ne!(first, bytes(SEED + 1, 500, now()));
    assert_ne!(first, bytes(SEED, 500, Instant(now().0 + HOUR_MS)));
    // A larger shop begins with the smaller one.
    assert!(bytes(SEED, 600, now()).0.starts_with(&first.0));
}

#[test]
fn the_shares_are_as_promised() {
    let customers: Vec<_> = shop(SEED, 20_000, now()).collect();
    // One in a hundred consents by its part, whatever chance says: at most 0.4 points more.
    let ever = share(&customers, |c| c.consent.is_some_and(|consent| consent.given || consent.at.is_some()));
    assert!((0.61..0.64).contains(&ever), "{ever}");
    let revoked =
        share(&customers, |c| c.consent.is_some_and(|consent| !consent.given && consent.at.is_some()));
    assert!((0.03..0.045).contains(&revoked), "{revoked}");
    let prospects = share(&customers, |c| c.orders.is_empty());
    assert!((0.07..0.09).contains(&prospects), "{prospects}");
    for zone in ["Asia/Kolkata", "Australia/Adelaide"] {
        assert!(share(&customers, |c| c.time_zone == Some(zone)) > 0.03, "{zone}");
    }
    assert!(share(&customers, |c| c.orders.iter().any(|order| order.total.0 < 0)) > 0.01);
    let told = share(&customers, |c| c.birthday.is_some());
    assert!((0.69..0.72).contains(&told), "{told}");
    assert!((0.14..0.19).contains(&share(&customers, |c| {
        c.events.iter().any(|e| matches!(e.kind, GeneratedKind::Cart { .. }))
    })));
    for customer in &customers {
        assert!(customer.events.iter().all(|event| event.time <= now() && event.time >= customer.created));
        assert!(customer.orders.iter().all(|order| order.time <= now() && order.time > customer.created));
        assert!(customer.consent.and_then(|c| c.at).is_none_or(|at| at >= customer.created && at <= now()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any seed, any hour: each demo has something to show.
    #[test]
    fn each_hundred_has_its_parts(seed: u64, hours in 0_i64..200_000) {
        let now = Instant(now().0 + hours * HOUR_MS + 123);
        let customers: Vec<_> = shop(seed, 200, now).collect();
        for hundred in customers.chunks(100) {
            let lapsing = hundred.iter().filter(|c| {
                let lapsing = recency(c, now).is_some_and(|r| r > Duration::days(61) && r < Duration::days(179));
                lapsing && c.clv.0 > 5_000_000 && c.consent.is_some_and(|consent| consent.given)
            });
            prop_assert!(lapsing.count() >= 1);
            let new = hundred.iter().filter(|c| now.since(c.created) < Duration::days(4) && c.orders.len() == 1);
            prop_assert!(new.count() >= 1);
            prop_assert!(hundred.iter().any(|c| recency(c, now).is_some_and(|r| r < Duration::hours(5))));
            prop_assert!(hundred.iter().any(|c| left_a_basket(c, now)));
            prop_assert!(hundred.iter().any(|c| has_a_birthday(c, now)));
        }
    }
}

#[test]
fn what_is_generated_is_imported_without_a_reject() {
    let folder = tempfile::tempdir().unwrap();
    let written = write_folder(folder.path(), SEED, 5_000, now()).unwrap();
    let mut world = World::default();
    for (kind, file) in [(Kind::Customers, "customers.csv"), (Kind::Orders, "orders.csv")] {
        let text = std::fs::read(folder.path().join(file)).unwrap();
        let done = world.import(kind, file, &text, &Told::default()).unwrap();
        assert!(done.summary.rejects.is_empty(), "{}", done.rejects);
        assert!(done.summary.ignored_columns.is_empty());
        let before = world.clone();
        world.import(kind, file, &text, &Told::default()).unwrap();
        assert!(world == before);
    }
    assert_eq!((world.profiles.len() as u64, written.customers), (5_000, 5_000));
    assert_eq!(world.orders.values().map(|orders| orders.len() as u64).sum::<u64>(), written.orders);
    let emails: std::collections::HashSet<_> =
        world.profiles.values().flat_map(|p| &p.values).filter(|(name, _)| name == "email").collect();
    assert_eq!(emails.len(), 5_000);
}
