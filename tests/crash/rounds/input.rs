//! What is told to the daemon, and what it must make of it.

use std::fmt::Write;

use super::super::shop::Shop;

/// Customers of an import. More than one slice of a rule.
pub const SIZE: usize = 100;

/// The five rules of the rounds.
pub const RULES: &str = r#"workspace shop
  currency EUR
  first run 100000

attribute plan choice free | pro
attribute age number

webhook crm
  post "CRM" signed with secret crm_key

message offer
  email marketing
  subject "Offer 0"
  body messages/offer.txt

message receipt
  email transactional
  subject "Receipt"
  body messages/receipt.txt

rule offers
  when orders >= 1
  then send offer

rule receipts
  when revenue >= 20 EUR
  then send receipt

rule calls
  when orders >= 1
  then call crm with revenue

rule careful
  when not (age > 30)
  then call crm with orders

rule minutely
  every 1 minute
  when plan = pro and orders >= 1
  at most once per 30 days
  then call crm with orders
"#;

/// One customer of a batch, by their place in it.
#[derive(Debug, Clone, Copy)]
pub struct Who {
    pub batch: usize,
    pub place: usize,
}

impl Who {
    pub fn id(self) -> String {
        format!("b{}-{}", self.batch, self.place)
    }

    pub fn address(self) -> String {
        format!("{}@customers.example", self.id())
    }

    fn consents(self) -> bool {
        self.place % 10 != 9
    }

    fn ordered(self) -> bool {
        self.place % 11 != 10
    }

    fn total(self) -> usize {
        10 + self.place
    }

    /// Unknown for every third.
    fn age(self) -> &'static str {
        ["", "40", "20"][self.place % 3]
    }

    /// Whether a rule is to fire for them, once.
    pub fn gets(self, rule: &str) -> bool {
        match rule {
            "offers" => self.ordered() && self.consents(),
            "receipts" => self.ordered() && self.total() >= 20,
            "calls" => self.ordered(),
            "careful" => self.age() == "20",
            // Enough for two slices.
            "minutely" => self.ordered() && self.place != 0,
            other => unreachable!("no rule `{other}`"),
        }
    }
}

/// All customers of a batch.
pub fn batch(batch: usize) -> impl Iterator<Item = Who> {
    (0..SIZE).map(move |place| Who { batch, place })
}

/// How many orders a batch has.
pub fn orders() -> u64 {
    batch(0).filter(|who| who.ordered()).count() as u64
}

/// Writes a batch's folder.
pub fn write(shop: &Shop, number: usize) -> String {
    let folder = format!("in{number}");
    let (mut customers, mut orders) = (
        "id,email,consent_email_marketing,plan,age\n".to_owned(),
        "order_id,customer_id,time,total\n".to_owned(),
    );
    for who in batch(number) {
        let consent = if who.consents() { "yes" } else { "no" };
        let plan = if who.place == 0 { "free" } else { "pro" };
        let (id, address) = (who.id(), who.address());
        writeln!(customers, "{id},{address},{consent},{plan},{}", who.age()).unwrap();
        if who.ordered() {
            writeln!(orders, "o-{id},{id},2026-01-02,{}", who.total()).unwrap();
        }
    }
    shop.write(&format!("{folder}/customers.csv"), &customers);
    shop.write(&format!("{folder}/orders.csv"), &orders);
    folder
}
