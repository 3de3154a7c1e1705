//! The same rows from the body of a request.

use cvmd::ingest::{
    Kind, NewOrder, Options, Origin, Reject, RejectCode, Report, open_body, read_customers, read_orders,
};
use cvmd::model::Money;

use super::world::{Told, instant};

fn orders(body: &str) -> (Vec<NewOrder>, Vec<Reject>) {
    let told = Told::default();
    let options = Options { origin: Origin::Http, ..told.options() };
    let mut rejects = Vec::new();
    let mut keep = |reject: &Reject| rejects.push(reject.clone());
    let mut report = Report::new(Kind::Orders, "", &mut keep);
    let mut rows = open_body(body.as_bytes()).unwrap();
    let orders =
        read_orders(&mut *rows, &options, &mut report).unwrap().flat_map(|(_, orders)| orders).collect();
    (orders, rejects)
}

#[test]
fn what_comes_by_http_is_learnt_now() {
    let (orders, rejects) =
        orders(r#"{"order_id": 1, "customer_id": "c", "time": "2026-11-01", "total": 820.10}"#);
    assert!(rejects.is_empty());
    let order = &orders[0].order;
    assert_eq!((order.id.as_str(), order.total), ("1", Money(8_201_000)));
    assert_eq!(
        (order.time, order.learnt),
        (instant("2026-11-01T00:00:00Z"), instant("2026-12-01T09:00:00Z"))
    );
}

/// A body shows a few orders; what a total means must not depend on which they are.
#[test]
fn totals_of_a_body_are_per_line() {
    let line = r#"{"order_id":"a","customer_id":"c","time":"2026-11-01","total":5,"product":"x"}"#;
    let (orders, _) = orders(&format!("[{line}, {line}]"));
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].order.total, orders[0].order.lines.len()), (Money(100_000), 2));
    assert_eq!(orders[0].rows, [1, 2]);
}

#[test]
fn a_reject_names_line_id_and_code() {
    let (orders, rejects) = orders(
        "{\"order_id\":\"a\",\"customer_id\":\"c\",\"time\":\"2026-11-01\",\"total\":1}\n\
         {\"order_id\":\"b\",\"customer_id\":\"c\",\"time\":\"2026-12-02\",\"total\":1}\n\
         {\"order_id\":\"d\",\"time\":\"2026-11-01\",\"total\":1}\n",
    );
    assert_eq!(orders.len(), 1);
    let told: Vec<_> =
        rejects.iter().map(|reject| (reject.line, reject.id.as_deref(), reject.code)).collect();
    assert_eq!(told, [(2, Some("b"), RejectCode::InFuture), (3, None, RejectCode::MissingId)]);
}

/// An array is applied in its order: the last word about a customer holds.
#[test]
fn several_updates_of_a_customer_in_one_body() {
    let told = Told::default();
    let options = Options { origin: Origin::Http, ..told.options() };
    let mut ignore = |_: &Reject| ();
    let mut report = Report::new(Kind::Customers, "", &mut ignore);
    let mut rows =
        open_body(br#"[{"id":1,"plan":"free","age":3},{"id":1,"plan":"pro"},{"id":1,"age":null}]"#).unwrap();
    let updates: Vec<_> = read_customers(&mut *rows, &options, &mut report).unwrap().collect();
    assert_eq!(updates.len(), 1);
    assert_eq!(updates[0].values, [("age".to_owned(), None), ("plan".to_owned(), Some("pro".to_owned()))]);
    assert_eq!(report.summary.rows, 3);
}
