//! A shop under policies: rules in text, a clock set by hand, and a restart before each step where a
//! test asks for it.

use std::sync::{Arc, Mutex};

use cvmd::config::Secrets;
use cvmd::daemon::{DaemonGate, Engine, Sender};
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::outbox::{Claim, Gate};
use cvmd::record::{FinishedMessage, MessageState, OpenMessage, Skip, TakenBack};
use cvmd::ruleset::RuleSet;
use cvmd::store::{Batch, Memory, Store, tables};

use super::super::engine::{Caught, import, rules};

/// What every shop has: the attributes by which its rules choose, and a message of each kind.
const SHOP: &str = "workspace shop
  time zone Europe/Madrid
  first run 100000
attribute plan text
attribute stage text
attribute touched yes/no set by rules
event cart
  value money
webhook gateway
  post \"https://sms.shop.example/\"
message nudge
  sms marketing by webhook gateway
  text \"Hello\"
message receipt
  email transactional
  subject \"Thank you\"
  body receipt.txt
message brief
  email marketing
  subject \"Today only\"
  body brief.txt
  expires after 2 hours
";

const COLUMNS: &str = "id,email,phone,time_zone,plan,consent_email_marketing,consent_sms_marketing\n";

pub struct Shop {
    pub store: Arc<Memory>,
    pub engine: Engine,
    caught: Arc<Caught>,
    text: Mutex<String>,
    restarts: bool,
}

/// An instant as RFC 3339 writes it.
pub fn at(text: &str) -> Instant {
    Instant(text.parse::<jiff::Timestamp>().unwrap_or_else(|_| panic!("`{text}`")).as_millisecond())
}

fn rule_set(text: &str) -> RuleSet {
    // A text may begin with a limit of its own.
    let (limit, text) = match text.strip_prefix("first run ").and_then(|rest| rest.split_once('\n')) {
        Some((limit, text)) => (limit, text),
        None => ("100000", text),
    };
    let text = format!("{}{text}", SHOP.replace("100000", limit));
    let mail = "Subject: Hello\n\nHello.\n";
    rules(&[
        ("shop.rules", &text),
        ("messages/mail.txt", mail),
        ("messages/story.txt", mail),
        ("messages/receipt.txt", "Thank you.\n"),
        ("messages/brief.txt", "Be quick.\n"),
    ])
}

impl Shop {
    /// A shop with these policies and rules; `customers` are rows of `COLUMNS`.
    pub fn new(text: &str, customers: &str, now: Instant) -> Self {
        let store = Arc::new(Memory::new());
        let caught = Arc::new(Caught::default());
        let engine = Engine::open(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&caught) as _).unwrap();
        let mut shop = Self { store, engine, caught, text: Mutex::new(text.into()), restarts: false };
        shop.engine.activate(rule_set(text), now).unwrap();
        shop.import(customers, now);
        shop
    }

    /// The same with a restart before each step.
    pub fn restarting(text: &str, customers: &str, now: Instant) -> Self {
        Self { restarts: true, ..Self::new(text, customers, now) }
    }

    /// Both: what holds must hold across restarts.
    pub fn both(text: &str, customers: &str, now: &str) -> [Self; 2] {
        [Self::new(text, customers, at(now)), Self::restarting(text, customers, at(now))]
    }

    pub fn import(&mut self, customers: &str, now: Instant) {
        import(&mut self.engine, Kind::Customers, &format!("{COLUMNS}{customers}"), now);
    }

    /// Imports carts, all in one load: id, customer, time, value.
    pub fn carts(&mut self, carts: &[(&str, &str, &str, u32)], now: &str) {
        let row = |(id, customer, time, value): &(&str, &str, &str, u32)| {
            format!("{id},{customer},{time},cart,{value}\n")
        };
        let csv: String = carts.iter().map(row).collect();
        import(&mut self.engine, Kind::Events, &format!("id,customer_id,time,event,value\n{csv}"), at(now));
    }

    /// Imports orders, all in one load: id, customer, time, total.
    pub fn orders(&mut self, orders: &[(&str, &str, &str, u32)], now: &str) {
        let row = |(id, customer, time, total): &(&str, &str, &str, u32)| {
            format!("{id},{customer},{time},{total}\n")
        };
        let csv: String = orders.iter().map(row).collect();
        import(&mut self.engine, Kind::Orders, &format!("order_id,customer_id,time,total\n{csv}"), at(now));
    }

    /// Everything that was ever decided, sorted: when, for when, by which rule, for whom, on which
    /// event, and what.
    pub fn said(&self) -> Vec<String> {
        let messages = self.caught.0.lock().unwrap();
        let shown = |message: &OpenMessage| {
            let OpenMessage { decided, due, rule, target, .. } = message;
            let customer = self.engine.population().id(message.customer).unwrap();
            let event = message.event.as_ref().map_or("", |event| &event.id);
            format!("{decided} {due} {rule} {customer} {event} {target}")
        };
        let mut said: Vec<String> = messages.iter().map(shown).collect();
        said.sort();
        said
    }

    /// Lets fire what is due of rules on events, and returns how many decisions that made.
    pub fn fire(&mut self, now: &str) -> u64 {
        if self.restarts {
            self.restart(at(now));
        }
        self.engine.fire_events(at(now)).unwrap().decisions
    }

    /// Imports one other column of one customer.
    pub fn learn(&mut self, id: &str, column: &str, value: &str, now: &str) {
        import(&mut self.engine, Kind::Customers, &format!("id,{column}\n{id},{value}\n"), at(now));
    }

    pub fn edit(&mut self, text: &str, now: &str) {
        text.clone_into(&mut self.text.lock().unwrap());
        self.engine.activate(rule_set(text), at(now)).unwrap();
    }

    /// Starts again on what is durable.
    pub fn restart(&mut self, now: Instant) {
        let store = Arc::new(self.store.crash());
        self.store = Arc::clone(&store);
        self.engine = Engine::open(store as Arc<dyn Store>, Arc::clone(&self.caught) as _).unwrap();
        self.engine.activate(rule_set(&self.text.lock().unwrap()), now).unwrap();
    }

    /// Ticks, and returns how many decisions that made.
    pub fn tick(&mut self, now: &str) -> u64 {
        if self.restarts {
            self.restart(at(now));
        }
        self.engine.tick(at(now)).unwrap().decisions
    }

    /// Ticks at an instant at which nothing is due, so that schedules count from there.
    pub fn quiet_tick(&mut self, now: &str) {
        assert_eq!(self.tick(now), 0, "{now}");
    }

    /// Everything decided and not handed over: rule, customer, when it becomes due, and why not before.
    pub fn open(&self) -> Vec<OpenMessage> {
        tables::messages::open_messages(&*self.store).collect::<Result<_, _>>().unwrap()
    }

    /// The open messages as `rule customer due`, sorted; with what they wait for where they do.
    pub fn due(&self) -> Vec<String> {
        let shown = |message: OpenMessage| {
            let id = self.engine.population().id(message.customer).unwrap().to_owned();
            let waits = message.waits.map_or_else(String::new, |wait| format!(" {}", wait.label()));
            format!("{} {id} {}{waits}", message.rule, message.due)
        };
        let mut all: Vec<String> = self.open().into_iter().map(shown).collect();
        all.sort();
        all
    }

    /// Why a rule passed a customer over at an occurrence, or in a day for a continuous rule.
    pub fn reasons(&self, rule: &str, id: &str, occurrence: &str) -> Vec<&'static str> {
        let number = tables::rules::numbers(&*self.store).unwrap()[rule];
        let customer = self.engine.find(id).unwrap();
        let noted = |skip: &Skip| {
            tables::runs::non_sends_at(&*self.store, number, at(occurrence), *skip)
                .unwrap()
                .contains(customer.0)
        };
        Skip::ALL.iter().filter(|skip| noted(skip)).map(|skip| skip.label()).collect()
    }

    /// Asks the gate about everything whose time has come, as the outbox does, and ends it: `sent`,
    /// or why not.
    pub fn hand_over(&mut self, now: &str) -> Vec<String> {
        self.hand_over_those(now, |_| true)
    }

    /// The same for some of it.
    pub fn hand_over_those(&mut self, now: &str, wanted: impl Fn(&OpenMessage) -> bool) -> Vec<String> {
        let now = at(now);
        if self.restarts {
            self.restart(now);
        }
        let sender = Sender {
            from: "Shop <a@shop.example>".into(),
            sandbox: Vec::new(),
            secrets: Secrets::default(),
            links: None,
        };
        let (reports, _) = tokio::sync::mpsc::unbounded_channel();
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        let gate = DaemonGate::new(store, Arc::clone(self.engine.shared()), sender, reports);
        let ready: Vec<OpenMessage> =
            self.open().into_iter().filter(|one| one.next_attempt <= now && wanted(one)).collect();
        let mut said = Vec::new();
        for message in ready {
            let (state, result) = match gate.claim(&message, now) {
                Claim::Go(_) => (MessageState::Sent, "sent".to_owned()),
                Claim::Withdraw(why) => (MessageState::Withdrawn, why),
                Claim::Wait(until, why) => {
                    said.push(format!("{} waits for {why} until {until}", message.rule));
                    continue;
                }
                Claim::Dead(why) => panic!("{why}"),
            };
            self.end(&message, state, &result, now);
            said.push(format!("{} {result}", message.rule));
        }
        said.sort();
        said
    }

    fn end(&self, message: &OpenMessage, state: MessageState, result: &str, now: Instant) {
        let mut batch = Batch::default();
        let finished = FinishedMessage {
            key: message.key,
            rule: message.rule.clone(),
            target: message.target.clone(),
            channel: message.channel.clone(),
            state,
            at: now,
            attempts: 1,
            result: result.to_owned(),
            cost: message.cost,
        };
        tables::messages::put_finished(&mut batch, &finished);
        tables::messages::remove_open(&*self.store, &mut batch, message.decided, message.key).unwrap();
        if state == MessageState::Withdrawn {
            let channel = (!message.is_call).then(|| message.channel.clone());
            let mark = TakenBack { key: message.key, due: message.due, channel };
            tables::messages::put_taken_back(&mut batch, &mark);
        }
        self.store.commit(batch).wait().unwrap();
    }
}

/// A row of customers: with consent to everything, and the plan by which rules choose.
pub fn person(id: &str, zone: &str, plan: &str) -> String {
    format!("{id},{id}@shop.example,,{zone},{plan},yes,yes\n")
}

/// So many rows.
pub fn people(count: u32) -> String {
    (0..count).map(|n| person(&format!("c{n:03}"), "", "a")).collect()
}

/// A rule that sends `message` to those of plan `a`, under more clauses.
pub fn rule(name: &str, clauses: &str, message: &str) -> String {
    let clauses: String = clauses.lines().map(|line| format!("  {}\n", line.trim())).collect();
    format!("rule {name}\n{clauses}  when plan = \"a\"\n  then send {message}\n")
}

/// A whole time later, as RFC 3339 writes it.
pub fn later(from: &str, by: Duration) -> String {
    at(from).plus(by).to_string()
}
