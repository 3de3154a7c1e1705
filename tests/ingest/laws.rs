//! Laws: importing twice is importing once; the order of rows does not matter; no bytes panic.

use cvmd::ingest::{Kind, Totals};
use proptest::prelude::*;

use super::world::{Told, World};

fn orders_csv(rows: &[(u8, u8, u8, i16, Option<u8>)]) -> Vec<String> {
    rows.iter()
        .map(|(order, customer, day, total, product)| {
            let product = product.map_or(String::new(), |product| format!("p{}", product % 3));
            format!("o{},c{},2026-11-{:02},{total},{product}", order % 6, customer % 3, day % 2 + 1)
        })
        .collect()
}

fn import(kind: Kind, header: &str, rows: &[String], told: &Told) -> (World, Vec<u64>) {
    let mut world = World::default();
    let text = format!("{header}\n{}\n", rows.join("\n"));
    let done = world.import(kind, "rows.csv", text.as_bytes(), told).unwrap();
    let counts = done.summary.rejects.values().map(|reject| reject.count).collect();
    let before = world.clone();
    let again = world.import(kind, "rows.csv", text.as_bytes(), told).unwrap();
    assert_eq!(world, before);
    assert_eq!(
        (
            again.summary.orders_added + again.summary.events_added,
            again.summary.new_customers,
            again.summary.changed_customers
        ),
        (0, 0, 0)
    );
    (world, counts)
}

proptest! {
    #[test]
    fn orders_do_not_depend_on_the_order_of_rows(
        rows in prop::collection::vec(any::<(u8, u8, u8, i16, Option<u8>)>(), 0..24).prop_flat_map(|rows| {
            let rows = orders_csv(&rows);
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
        totals in prop_oneof![Just(Totals::PerLine), Just(Totals::PerOrder)],
    ) {
        let told = Told { totals: Some(totals), ..Told::default() };
        for header in ["order_id,customer_id,time,total,product", "ignored,customer_id,time,total,product"] {
            let straight = import(Kind::Orders, header, &rows.0, &told);
            let shuffled = import(Kind::Orders, header, &rows.1, &told);
            prop_assert_eq!(straight, shuffled);
        }
    }

    #[test]
    fn events_do_not_depend_on_the_order_of_rows(
        rows in prop::collection::vec((0_u8..6, 0_u8..3, 0_u8..2, 0_u8..3, 0_u8..3), 0..24).prop_flat_map(|rows| {
            let row = |(id, customer, day, name, value): &(u8, u8, u8, u8, u8)| {
                let name = ["cart_abandoned", "visit", ""][usize::from(*name)];
                let value = ["1", "1.00", "x"][usize::from(*value)];
                format!("e{id},c{customer},2026-11-{:02},{name},{value}", day + 1)
            };
            let rows: Vec<String> = rows.iter().map(row).collect();
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
    ) {
        for header in ["id,customer_id,time,event,value", "ignored,customer_id,time,event,value"] {
            let straight = import(Kind::Events, header, &rows.0, &Told::default());
            let shuffled = import(Kind::Events, header, &rows.1, &Told::default());
            prop_assert_eq!(straight, shuffled);
        }
    }

    #[test]
    fn customers_of_a_row_each_do_not_depend_on_the_order_of_rows(
        rows in prop::collection::btree_map(0_u8..40, ("[a-z]{0,3}@?x?", 0_u8..4, any::<(bool, bool)>()), 0..20)
            .prop_flat_map(|rows| {
                let rows: Vec<String> = rows
                    .iter()
                    .map(|(id, (email, plan, (yes, timed)))| {
                        let plan = ["free", "pro", "", "gold"][usize::from(*plan)];
                        let (yes, at) = (if *yes { "yes" } else { "no" }, if *timed { "2026-01-01" } else { "" });
                        format!("{id},{email},{plan},{yes},{at}")
                    })
                    .collect();
                (Just(rows.clone()), Just(rows).prop_shuffle())
            }),
    ) {
        let header = "id,email,plan,consent_email_marketing,consent_email_marketing_at";
        let straight = import(Kind::Customers, header, &rows.0, &Told::default());
        let shuffled = import(Kind::Customers, header, &rows.1, &Told::default());
        prop_assert_eq!(straight, shuffled);
    }

    #[test]
    fn several_rows_about_a_customer_are_one_statement(
        rows in prop::collection::vec((0_u8..3, "[ab]?", any::<Option<bool>>(), any::<Option<u8>>()), 0..12),
    ) {
        let rows: Vec<String> = rows
            .iter()
            .map(|(id, name, consent, at)| {
                let consent = consent.map_or("", |given| if given { "yes" } else { "no" });
                let at = at.map_or(String::new(), |at| format!("2026-01-{:02}", at % 4 + 1));
                format!("{id},{name},{consent},{at}")
            })
            .collect();
        let header = "id,first_name,consent_email_marketing,consent_email_marketing_at";
        import(Kind::Customers, header, &rows, &Told::default());
    }

    #[test]
    fn no_bytes_panic(kind in prop_oneof![Just(Kind::Customers), Just(Kind::Orders), Just(Kind::Events), Just(Kind::Suppressions)], body: Vec<u8>, json: bool) {
        let start: &[u8] = match (kind, json) {
            (_, true) => b"{\"id\":1,\"customer_id\":",
            (Kind::Customers, false) => b"id,email,phone,created,consent_email_marketing\n",
            (Kind::Orders, false) => b"order_id,customer_id,time,total,quantity\n",
            (Kind::Events, false) => b"id,customer_id,time,event,value,seen\n",
            (Kind::Suppressions, false) => b"address,domain,customer,reason,time\n",
        };
        for bytes in [[start, &body].concat(), body] {
            let _ = World::default().import(kind, "noise", &bytes, &Told::default());
        }
    }

    /// Rows made of the pieces that matter, so that noise gets deep.
    #[test]
    fn no_pieces_panic(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "\"", "\"\"", ",", "\n", "\r\n", "1", "c1", "2026-11-01", "2026-11-01 25:00", "-3.5", "1e400", "9e15",
            "\0", "é", "yes", "no", "EUR", "+34600000000", "a@b.example", " ", "\u{feff}",
        ]), 0..80)
    ) {
        let body: String = pieces.concat();
        for (kind, header) in [
            (Kind::Orders, "order_id,customer_id,time,total,currency\n"),
            (Kind::Events, "id,customer_id,time,event,value,seen\n"),
            (Kind::Suppressions, "address,domain,customer,reason,time\n"),
            (Kind::Customers, "id,email,consent_email_marketing,consent_email_marketing_at,clv\n"),
        ] {
            let text = format!("{header}{body}");
            if let Ok(done) = World::default().import(kind, "pieces", text.as_bytes(), &Told::default()) {
                prop_assert_eq!(done.summary.rows, done.summary.accepted_rows + done.summary.rejected_rows);
            }
        }
    }
}
