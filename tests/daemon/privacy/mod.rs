//! Who must not be written to, and who was erased: over virtual time and crashes at any commit.

mod erase;
mod lists;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::{Arc, Mutex};

use cvmd::daemon::{Engine, Outgoing};
use cvmd::ingest::{self, Kind, Origin, Report, Summary};
use cvmd::model::{Duration, Instant};
use cvmd::record::{MessageKey, OpenMessage};
use cvmd::serve::{ErasedView, ListWish, PersonWish, Request, Response};
use cvmd::store::{Memory, Store, tables};
use jiff::tz::TimeZone;

use super::engine::{NOW, rules};

const RULES: &str = "workspace shop
  currency EUR
  first run 100000
attribute plan choice free < pro
attribute city text
attribute tag text set by rules
event cart
  value money
message offer
  email marketing
  subject \"An offer\"
  body messages/offer.txt
message receipt
  email transactional
  subject \"Your receipt\"
  body messages/receipt.txt
message ping
  sms transactional by webhook gateway
  text \"Hello {{ city }}\"
webhook gateway
  post \"https://sms.shop.example/\"
webhook crm
  post \"https://crm.shop.example/\"
rule offers
  when city is known
  then send offer
       call crm with city
rule receipts
  every day at 10:00
  when orders >= 1
  then send receipt
rule pings
  every day at 10:00
  when orders >= 1
  then send ping
rule rises
  when plan rises
  then set tag to city
rule carts
  on cart, after 2 hours
  when cart.value > 1 EUR
  then send offer
";

const CUSTOMERS: &str = "id,email,phone,plan,city,consent_email_marketing,consent_sms_marketing\n\
    ana,Ana.Secret@shop.example,+34611111111,free,Xanadu,yes,yes\n\
    bob,bob@shop.example,+34622222222,free,Byzantium,yes,yes\n\
    cy,cy@mail.other.example,+34633333333,pro,Carthage,yes,yes\n";

const ORDERS: &str = "order_id,customer_id,time,total\nsecret-order,ana,2026-11-01,50\nb1,bob,2026-11-01,50\nc1,cy,2026-11-01,50\n";

/// What nobody may find of Ana any more: her id stands in nothing else.
const SECRETS: [&str; 8] =
    ["ana", "Ana.Secret", "ana.secret", "+34611111111", "Xanadu", "secret-order", "secret-cart", "Uruk"];

/// An outbox that has some messages under the hand.
#[derive(Default)]
struct Hands(Mutex<BTreeSet<MessageKey>>);

impl Outgoing for Hands {
    fn add(&self, _: Vec<OpenMessage>) {}

    fn seize(&self, key: MessageKey) -> bool {
        !self.0.lock().unwrap().contains(&key)
    }
}

struct Shop {
    store: Arc<Memory>,
    engine: Engine,
    hands: Arc<Hands>,
}

fn later(hours: i64) -> Instant {
    NOW.plus(Duration::hours(hours))
}

impl Shop {
    fn on(store: Arc<Memory>) -> Self {
        let hands = Arc::new(Hands::default());
        let outgoing = Arc::clone(&hands) as Arc<dyn Outgoing>;
        let mut engine = Engine::open(Arc::clone(&store) as Arc<dyn Store>, outgoing).unwrap();
        let files = [
            ("shop.rules", RULES),
            ("messages/offer.txt", "Hello {{ city }}.\n"),
            ("messages/receipt.txt", "Thank you.\n"),
        ];
        engine.activate(rules(&files), NOW).unwrap();
        Self { store, engine, hands }
    }

    fn new() -> Self {
        let mut shop = Self::on(Arc::new(Memory::new()));
        shop.import(Kind::Customers, CUSTOMERS);
        shop.import(Kind::Orders, ORDERS);
        shop
    }

    /// With something of everybody in as many tables as a life fills.
    fn lived() -> Self {
        let mut shop = Self::new();
        shop.engine.tick(NOW).unwrap();
        let changes = "id,plan,city\nana,pro,Uruk\nbob,pro,Byzantium\n";
        shop.import_at(Kind::Customers, changes, later(1));
        let carts = "id,customer_id,time,event,value\n\
            secret-cart,ana,2026-11-23T09:00:00Z,cart,9\nb-cart,bob,2026-11-23T09:00:00Z,cart,9\n";
        shop.import_at(Kind::Events, carts, later(1));
        shop.engine.fire_events(later(1)).unwrap();
        shop.engine.tick(later(1).plus(Duration::seconds(1))).unwrap();
        shop.engine.tick(later(2)).unwrap();
        shop
    }

    /// Starts again on what is durable.
    fn restarted(&self) -> Self {
        Self::on(Arc::new(self.store.crash()))
    }

    fn import(&mut self, kind: Kind, text: &str) -> (Summary, Vec<String>) {
        self.import_at(kind, text, NOW)
    }

    /// Imports, and says what was rejected: line, id and code.
    fn import_at(&mut self, kind: Kind, text: &str, now: Instant) -> (Summary, Vec<String>) {
        let mut rejected = Vec::new();
        let mut note = |reject: &ingest::Reject| {
            let id = reject.id.clone().unwrap_or_default();
            rejected.push(format!("{} {id} {}", reject.line, reject.code.as_str()));
        };
        let mut report = Report::new(kind, "test.csv", &mut note);
        let schema = self.engine.active().unwrap().rules.schema.clone();
        let options = ingest::Options {
            schema: &schema,
            zone: &TimeZone::UTC,
            now,
            map: &[],
            event: None,
            totals: None,
            origin: Origin::File,
        };
        let mut progress = |_| {};
        let bytes = Cursor::new(text.to_owned());
        let mut rows = match kind {
            Kind::Suppressions => ingest::open_list(bytes, &mut progress).unwrap(),
            Kind::Customers | Kind::Orders | Kind::Events => ingest::open(bytes, &mut progress).unwrap(),
        };
        let load = self.engine.begin_load("test.csv", now).unwrap();
        self.engine.load(kind, &mut *rows, &options, &mut report).unwrap();
        let summary = report.summary;
        self.engine.end_load(load).unwrap();
        (summary, rejected)
    }

    fn ask(&mut self, request: Request) -> Response {
        self.engine.handle(request, later(3), &mut |_| {})
    }

    fn wish(&mut self, customer: &str, wish: PersonWish) -> Response {
        self.ask(Request::Person { customer: customer.into(), wish })
    }

    fn erase(&mut self, customer: &str) -> ErasedView {
        match self.wish(customer, PersonWish::Erase) {
            Response::Erased(erased) => erased,
            other => panic!("{other:?}"),
        }
    }

    /// What was said of a wish that was done.
    fn done(&mut self, customer: &str, wish: PersonWish) -> String {
        match self.wish(customer, wish) {
            Response::Done { message } => message,
            other => panic!("{other:?}"),
        }
    }

    fn list(&mut self, wish: ListWish) -> Response {
        self.ask(Request::Suppressions { wish })
    }

    fn open(&self) -> Vec<OpenMessage> {
        tables::messages::open_messages(&*self.store).map(Result::unwrap).collect()
    }

    /// Where a text stands in the store: the keys' tables.
    fn found(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for item in self.store.scan(&[], &[]) {
            let (key, value) = item.unwrap();
            let has = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            if has(&value) || has(&key) {
                found.push(format!("{:?}", cvmd::record::key::Table::of(&key).unwrap()));
            }
        }
        found
    }
}
