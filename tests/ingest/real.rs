//! Real files of shops. They are no part of the repository; `CVMD_TEST_DATA` says where they are.

use std::fs;
use std::path::{Path, PathBuf};

use cvmd::ingest::{ImportError, Kind, Totals};
use cvmd::model::Instant;
use cvmd::ruleset::{Attribute, Field, FieldId, Type};

use super::world::{Told, World, instant};

/// A file's bytes; none, said loudly, where it is absent and nobody demands it.
fn data(name: &str) -> Option<Vec<u8>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("CVMD_TEST_DATA").map_or_else(beside, PathBuf::from);
    match fs::read(folder.join(name)) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let demanded = std::env::var("CVMD_PEERS").is_ok_and(|value| value == "1");
            assert!(!demanded, "{name} is demanded and cannot be read in {}: {error}", folder.display());
            eprintln!("\n*** NOT TESTED: {name} is not in {} ***\n", folder.display());
            None
        }
    }
}

fn told(map: &[(&str, &str)], totals: Option<Totals>) -> Told {
    let map = map.iter().map(|(column, field)| ((*column).into(), (*field).into())).collect();
    Told { map, totals, ..Told::default() }
}

fn revenue(world: &World) -> i128 {
    world.orders.values().flatten().map(|order| i128::from(order.total.0)).sum()
}

#[test]
fn cdnow_has_no_order_ids_and_rows_that_are_equal() {
    let Some(bytes) = data("cdnow_sample_transactions.csv.gz") else { return };
    let told = told(&[("date", "time"), ("amount", "total"), ("n_cds", "quantity")], None);
    let mut world = World::default();
    let done = world.import(Kind::Orders, "cdnow", &bytes, &told).unwrap();
    let summary = &done.summary;
    assert_eq!((summary.rows, summary.accepted_rows, summary.rejected_rows), (6_919, 6_919, 0));
    assert_eq!((summary.orders, summary.orders_added, summary.new_customers), (6_919, 6_919, 2_357));
    assert_eq!(summary.ignored_columns, ["master_id"]);
    assert_eq!((summary.refunds, summary.history, summary.totals_read), (0, 6_919, None));
    assert_eq!(summary.earliest, Some(instant("1997-01-01T00:00:00Z")));
    assert_eq!(summary.latest, Some(instant("1998-06-30T00:00:00Z")));
    assert_eq!(revenue(&world), 2_440_919_400);
    assert_eq!(world.orders.values().flatten().filter(|order| order.total.0 == 0).count(), 8);
    let identical =
        world.orders.values().flatten().filter(|order| order.id.matches('-').count() == 2).count();
    assert_eq!(identical, 21);
    assert!(world.orders.values().flatten().all(|order| order.learnt == order.time));

    let before = world.clone();
    let again = world.import(Kind::Orders, "cdnow", &bytes, &told).unwrap();
    assert_eq!((again.summary.orders_added, again.summary.orders_unchanged), (0, 6_919));
    assert!(world == before);
}

#[test]
fn complete_journey_has_orders_of_several_lines() {
    let Some(bytes) = data("cj_transactions_sample.csv.gz") else { return };
    let map = [
        ("household_id", "customer_id"),
        ("basket_id", "order_id"),
        ("sales_value", "total"),
        ("transaction_timestamp", "time"),
        ("product_id", "product"),
    ];
    // 430 baskets of several lines have equal totals on all of them, the others have not.
    let mut world = World::default();
    let Err(error) = world.import(Kind::Orders, "cj", &bytes, &told(&map, None)) else {
        panic!("what totals mean was guessed")
    };
    assert!(matches!(error, ImportError::TotalNeeded { .. }), "{error}");

    let mut told = told(&map, Some(Totals::PerLine));
    told.zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let done = world.import(Kind::Orders, "cj", &bytes, &told).unwrap();
    assert_eq!((done.summary.rows, done.summary.rejected_rows), (75_000, 0), "{}", done.rejects);
    assert_eq!((done.summary.orders_added, done.summary.new_customers), (47_243, 2_377));
    assert_eq!(revenue(&world), 2_339_352_400);
    assert_eq!(world.orders.values().flatten().map(|order| order.lines.len()).sum::<usize>(), 75_000);
    let before = world.clone();
    let again = world.import(Kind::Orders, "cj", &bytes, &told).unwrap();
    assert_eq!((again.summary.orders_added, again.summary.orders_unchanged), (0, 47_243));
    assert!(world == before);
}

#[test]
fn complete_journeys_households_are_customers() {
    let Some(bytes) = data("cj_demographics.csv.gz") else { return };
    let mut told = told(&[("household_id", "id")], None);
    told.schema.fields.retain(|field| field.name != "age");
    told.schema.attributes.clear();
    for (name, ty) in [("age", Type::Text), ("income", Type::Text), ("kids_count", Type::Text)] {
        let field = FieldId(u16::try_from(told.schema.fields.len()).unwrap());
        told.schema.fields.push(Field { name: name.into(), ty });
        told.schema.attributes.push(Attribute { field, set_by_rules: false, first_name: name.into() });
    }
    let mut world = World::default();
    let done = world.import(Kind::Customers, "cj", &bytes, &told).unwrap();
    assert_eq!(
        (done.summary.new_customers, done.summary.rejected_rows, done.summary.dropped_cells),
        (801, 0, 0)
    );
    assert_eq!(
        done.summary.ignored_columns,
        ["home_ownership", "marital_status", "household_size", "household_comp"]
    );
    let first = world.profiles.values().find(|profile| profile.id.0 == "1").unwrap();
    let value =
        |name: &str| first.values.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
    assert_eq!(
        (value("age"), value("income"), value("kids_count")),
        (Some("65+"), Some("35-49K"), Some("0"))
    );
    let again = world.import(Kind::Customers, "cj", &bytes, &told).unwrap();
    assert_eq!((again.summary.changed_customers, again.summary.unchanged_customers), (0, 801));
}

/// The column `day` is no time: each row is rejected, and none stops the next.
#[test]
fn a_file_without_times_is_rejected_row_by_row() {
    let Some(bytes) = data("synth_bgnbd_orders.csv.gz") else { return };
    let told = told(&[("day", "time"), ("amount_cents", "total")], None);
    let mut world = World::default();
    let done = world.import(Kind::Orders, "synth", &bytes, &told).unwrap();
    assert!(done.summary.rows > 10_000);
    assert_eq!((done.summary.accepted_rows, done.summary.orders), (0, 0));
    assert_eq!(done.rejects.lines().count() as u64, done.summary.rows + 1);
    assert_eq!(world, World::default());
    assert_eq!(told.now, Instant(1_796_115_600_000));
}
