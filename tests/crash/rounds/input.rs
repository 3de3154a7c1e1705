//! What is told to the daemon, and what it must make of it.

use std::fmt::Write;

use cvmd::model::{Duration, Instant};

use super::super::shop::Shop;
use crate::support::leaks;

/// Customers of an import. More than one slice of a rule.
pub const SIZE: usize = 100;

/// The rules of the rounds: continuous, scheduled, on events at once and after a wait, on what was sent,
/// on movement, what they set, and two that a policy pauses, for their mail is complained about.
pub const RULES: &str = r#"workspace shop
  currency EUR
  first run 100000

attribute plan choice free | pro
attribute age number
attribute stage choice cold | warm
attribute flyer yes/no
attribute marked yes/no set by rules
attribute touched yes/no set by rules

event cart
  value number

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

message leaf
  email marketing
  subject "Leaf"
  body messages/offer.txt

message bill
  email marketing
  subject "Bill"
  body messages/offer.txt

policy care
  pause a rule when complaints > 1%

rule leaves
  when flyer = yes
  then send leaf

rule bills
  when flyer = yes
  then send bill

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

rule baskets
  on cart
  when cart.value >= 20
  then call crm with cart.value

rule reminders
  on cart, after 1 minute
  when cart.value >= 10
  then call crm with cart.value

rule each_cart
  on cart, after 1 minute, for each event
  then call crm with cart.value

rule warmed
  when stage becomes warm
  then call crm with stage

rule marks
  when age > 30
  then set marked to yes

rule marked
  when marked = yes
  then call crm with age

rule touches
  on cart
  when cart.value >= 60
  then set touched to yes

rule touched
  when touched = yes
  then call crm with orders

rule followed
  on sent
  when sent.message = receipt and age > 30
  then call crm with sent.message
"#;

/// Rules that fire once for each customer and send or call.
pub const ONCE: [&str; 9] =
    ["offers", "receipts", "calls", "careful", "minutely", "warmed", "marked", "touched", "followed"];

/// Rules that fire on carts and call.
pub const ON_CARTS: [&str; 3] = ["baskets", "reminders", "each_cart"];

/// Rules that a policy pauses, and their messages.
pub const GUARDED: [(&str, &str); 2] = [("leaves", "leaf"), ("bills", "bill")];

/// Who has a leaf and a bill before the first round: what fewer say of it pauses nothing.
pub const CROWD: usize = 204;

/// Rules that set.
pub const SETS: [&str; 2] = ["marks", "touches"];

/// How long `reminders` and `each_cart` wait.
pub const WAIT_MS: i64 = 60_000;

/// Places below this have carts, by their remainder of four: one, two, a cheap one, none.
const WITH_CARTS: usize = 40;

/// A cart that was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cart {
    /// Its own among its customer's.
    pub value: usize,
    /// Seconds after the batch's first instant.
    second: i64,
    /// Whether another follows within the wait.
    followed: bool,
}

impl Cart {
    /// When it was left, in a batch that begins then.
    pub fn time(self, begins: Instant) -> Instant {
        begins.plus(Duration::seconds(self.second))
    }

    /// How often a rule is to fire for it.
    pub fn fires(self, rule: &str) -> usize {
        usize::from(match rule {
            "baskets" => self.value >= 20,
            "reminders" => self.value >= 10 && !self.followed,
            "each_cart" => true,
            "touches" => self.value >= 60,
            other => unreachable!("`{other}` fires on no cart"),
        })
    }
}

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

    /// Whose id it is.
    pub fn of(id: &str) -> Option<Self> {
        let (batch, place) = id.strip_prefix('b')?.split_once('-')?;
        Some(Self { batch: batch.parse().ok()?, place: place.parse().ok()? })
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

    /// Those that they left.
    pub fn carts(self) -> Vec<Cart> {
        let one = |second, value, followed| Cart { value: value + self.place, second, followed };
        match (self.place < WITH_CARTS, self.place % 4) {
            (true, 0) => vec![one(0, 20, false)],
            (true, 1) => vec![one(0, 30, true), one(10, 50, false)],
            (true, 2) => vec![Cart { value: 5, second: 5, followed: false }],
            _ => Vec::new(),
        }
    }

    /// Whether their stage becomes another once their batch is known to have been looked at.
    pub fn warms(self) -> bool {
        self.place % 5 == 1
    }

    /// Whether a rule is to fire for them, once.
    pub fn gets(self, rule: &str) -> bool {
        match rule {
            "offers" => self.ordered() && self.consents(),
            "receipts" => self.ordered() && self.total() >= 20,
            "calls" => self.ordered(),
            "careful" => self.age() == "20",
            "warmed" => self.warms(),
            "followed" => self.gets("receipts") && self.age() == "40",
            "marked" | "marks" => self.age() == "40",
            "touched" => self.carts().iter().any(|cart| cart.fires("touches") > 0),
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

/// Writes a batch's folder; its carts were left from `begins` on.
pub fn write(shop: &Shop, number: usize, begins: Instant) {
    let folder = format!("in{number}");
    let (mut customers, mut orders, mut events) = (
        "id,email,consent_email_marketing,plan,age,stage,first_name,last_name,phone\n".to_owned(),
        "order_id,customer_id,time,total\n".to_owned(),
        "id,customer_id,time,event,value\n".to_owned(),
    );
    for who in batch(number) {
        let consent = if who.consents() { "yes" } else { "no" };
        let plan = if who.place == 0 { "free" } else { "pro" };
        let (id, address) = (who.id(), who.address());
        let ((first, last), phone) = (leaks::NAMES[who.place % leaks::NAMES.len()], leaks::phone(who.place));
        let (age, person) = (who.age(), format!("{first},{last},{phone}"));
        writeln!(customers, "{id},{address},{consent},{plan},{age},cold,{person}").unwrap();
        for cart in who.carts() {
            let (value, time) = (cart.value, cart.time(begins));
            writeln!(events, "k-{id}-{value},{id},{time},cart,{value}").unwrap();
        }
        if who.ordered() {
            writeln!(orders, "o-{id},{id},2026-01-02,{}", who.total()).unwrap();
        }
    }
    shop.write(&format!("{folder}/customers.csv"), &customers);
    shop.write(&format!("{folder}/orders.csv"), &orders);
    shop.write(&format!("{folder}/events.csv"), &events);
}

/// Writes a folder in which those of a batch are warm who warm.
pub fn write_warm(shop: &Shop, number: usize) {
    let rows = batch(number).filter(|who| who.warms()).map(|who| format!("{},warm\n", who.id()));
    let rows: String = rows.collect();
    shop.write(&format!("warm{number}/customers.csv"), &format!("id,stage\n{rows}"));
}

/// Writes the folder of those who have a leaf and a bill.
pub fn write_crowd(shop: &Shop) {
    let rows = (0..CROWD).map(|number| flyer(&format!("f-{number}"))).collect::<String>();
    shop.write("crowd/customers.csv", &format!("{FLYERS}{rows}"));
}

/// Writes the folder of one more, who comes later.
pub fn write_late(shop: &Shop, number: usize) {
    shop.write(&format!("late{number}/customers.csv"), &format!("{FLYERS}{}", flyer(&late(number))));
}

/// The id of one who comes later.
pub fn late(number: usize) -> String {
    format!("late-{number}")
}

const FLYERS: &str = "id,email,consent_email_marketing,flyer\n";

fn flyer(id: &str) -> String {
    format!("{id},{id}@customers.example,yes,yes\n")
}

/// Writes a folder in which five of two hundred complain about a message.
pub fn write_complaints(shop: &Shop, message: &str, now: Instant) {
    let row = |number| format!("{message}-{number},f-{number},{now},complained,{message},email\n");
    let rows: String = (0..5).map(row).collect();
    let head = "id,customer_id,time,event,message,channel\n";
    shop.write(&format!("complaints-{message}/events.csv"), &format!("{head}{rows}"));
}
