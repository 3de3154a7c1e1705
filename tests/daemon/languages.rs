//! Messages in the language of those who get them.

use std::sync::Arc;

use cvmd::config::Secrets;
use cvmd::daemon::{DaemonGate, Engine, Sender};
use cvmd::ingest::Kind;
use cvmd::model::{Duration, Instant};
use cvmd::outbox::{Claim, Gate, Payload};
use cvmd::record::{Frozen, MessageState, OpenMessage};
use cvmd::store::{Memory, Store, tables};

use super::engine::{NOW, engine, import, rules};

const RULES: &str = "rule all\n  when email is known\n  then send offer\n";

/// A customer each: the language and country of the data, and the body that they get.
const READERS: [(&str, &str, &str); 11] = [
    ("es", "", "Hola"),
    ("ES", "ES", "Hola"),
    ("es_mx", "", "Vos"),
    ("es-MX", "ES", "Vos"),
    ("es", "mx", "Vos"),
    ("es-AR", "MX", "Hola"),
    ("en", "MX", "Hello"),
    ("", "MX", "Hello"),
    ("Spanish", "", "Hello"),
    ("fr", "FR", "Hello"),
    ("est", "", "Hello"),
];

fn bodies(spanish: &str) -> [(&str, &str); 4] {
    [
        ("all.rules", RULES),
        ("messages/offer.txt", "Subject: Hello\n\nHello\n"),
        ("messages/offer.es.txt", spanish),
        ("messages/offer.es-MX.html", "<title>Vos</title><p>Vos &amp; {{ country | default('yo') }}</p>"),
    ]
}

const SPANISH: &str = "Subject: Hola\n\nHola\n";

struct Shop {
    store: Arc<Memory>,
    engine: Engine,
}

impl Shop {
    fn new() -> Self {
        let store = Arc::new(Memory::new());
        let mut engine = engine(Arc::clone(&store) as Arc<dyn Store>);
        engine.activate(rules(&bodies(SPANISH)), NOW).unwrap();
        let mut csv = String::from("id,email,language,country,consent_email_marketing\n");
        for (index, (language, country, _)) in READERS.iter().enumerate() {
            csv.push_str(&format!("c{index},c{index}@shop.example,{language},{country},yes\n"));
        }
        import(&mut engine, Kind::Customers, &csv, NOW);
        assert_eq!(engine.tick(at(1)).unwrap().decisions, READERS.len() as u64);
        Self { store, engine }
    }

    fn open(&self, customer: &str) -> OpenMessage {
        let number = self.engine.find(customer).unwrap();
        let mut open = tables::messages::open_messages(&*self.store).map(Result::unwrap);
        open.find(|message| message.customer == number).unwrap()
    }

    fn claim(&self, message: &OpenMessage, now: Instant) -> (String, String, Option<String>, Frozen) {
        let sender = Sender {
            from: "Shop <a@shop.example>".into(),
            sandbox: Vec::new(),
            secrets: Secrets::default(),
            links: None,
        };
        let (reports, _) = tokio::sync::mpsc::unbounded_channel();
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        match DaemonGate::new(store, Arc::clone(self.engine.shared()), sender, reports).claim(message, now) {
            Claim::Go(prepared) => match prepared.payload {
                Payload::Email(email) => (email.subject, email.text, email.html, prepared.frozen),
                Payload::Call(call) => panic!("{call:?}"),
            },
            Claim::Dead(why) | Claim::Withdraw(why) | Claim::Wait(_, why) => panic!("{why}"),
        }
    }
}

fn at(minutes: i64) -> Instant {
    NOW.plus(Duration(minutes * 60_000))
}

#[test]
fn each_gets_the_body_of_their_language_then_of_less_of_it_then_the_one_for_everybody() {
    let shop = Shop::new();
    for (index, (language, country, subject)) in READERS.iter().enumerate() {
        let said = shop.claim(&shop.open(&format!("c{index}")), at(1));
        assert_eq!(said.0, *subject, "`{language}` in `{country}`");
    }
}

#[test]
fn a_body_in_another_language_is_a_whole_message_of_its_own() {
    let shop = Shop::new();
    let (_, text, html, _) = shop.claim(&shop.open("c4"), at(1));
    assert_eq!(text, "Vos & mx\n", "made from its own HTML, not the text of another language");
    assert_eq!(html.as_deref(), Some("<title>Vos</title><p>Vos &amp; mx</p>"));
    let (_, text, html, _) = shop.claim(&shop.open("c0"), at(1));
    assert_eq!((text.trim_end(), html), ("Hola", None));
}

#[test]
fn another_try_says_the_same_whatever_became_of_the_language_and_the_body() {
    let mut shop = Shop::new();
    let mut message = shop.open("c0");
    let first = shop.claim(&message, at(1));
    let other = shop.open("c1");
    message.frozen = Some(first.3.clone());
    (message.attempts, message.state) = (1, MessageState::Retry);
    shop.engine.activate(rules(&bodies("Subject: Buenas\n\nBuenas\n")), at(2)).unwrap();
    import(&mut shop.engine, Kind::Customers, "id,language\nc0,fr\nc1,es\n", at(2));
    assert_eq!(shop.claim(&message, at(3)), first);
    assert_eq!(shop.claim(&other, at(3)).0, "Buenas", "a corrected text reaches those still waiting");
    assert_ne!(shop.claim(&shop.open("c5"), at(3)).3.content, first.3.content);
}
