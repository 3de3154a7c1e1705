//! How long a call waits at a healthy endpoint, alone and beside one that hangs:
//! `cargo bench --bench endpoints`. Its p99 beside the dead one must stay within twice its p99 alone.

#![expect(clippy::disallowed_methods, reason = "how long it took is what a benchmark shows")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Stopwatch};

use cvmd::clock::{Clock, SystemClock};
use cvmd::deliver::Mailer;
use cvmd::deliver::file::Folder;
use cvmd::deliver::webhook::{self, Call, Caller};
use cvmd::model::{Channel, CustomerNumber, DecisionKey, Instant, Occurrence, RuleNumber};
use cvmd::outbox::{Channels, Claim, Endpoint, Gate, Options, Outbox, Payload, Prepared, Report, Route};
use cvmd::record::{DeedKind, Frozen, MessageKey, MessageState, OpenMessage};
use cvmd::ruleset::CallLimits;
use cvmd::store::tables::messages;
use cvmd::store::{Batch, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Calls that are measured, and how far apart they are decided.
const CALLS: u32 = 2_000;
const EVERY: Duration = Duration::from_millis(5);

/// When each call came in.
type Arrivals = Arc<Mutex<BTreeMap<String, Stopwatch>>>;

struct Open {
    urls: BTreeMap<String, String>,
}

impl Gate for Open {
    fn route(&self, message: &OpenMessage) -> Route {
        Route::Endpoint(message.target.clone())
    }

    fn endpoint(&self, name: &str) -> Option<Endpoint> {
        let url = self.urls.get(name)?.clone();
        Some(Endpoint { name: name.into(), url, limits: CallLimits::default() })
    }

    fn claim(&self, message: &OpenMessage, now: Instant) -> Claim {
        let url = self.urls[&message.target].clone();
        let body = Some("{}".to_owned());
        let fresh = Frozen { at: now, to: url.clone(), content: String::new(), values: vec![], body };
        let frozen = message.frozen.clone().unwrap_or(fresh);
        let call = Call {
            id: message.key.to_string(),
            url,
            body: "{}".into(),
            secrets: vec![],
            headers: vec![],
            answer_within: None,
        };
        Claim::Go(Box::new(Prepared { frozen, payload: Payload::Call(call) }))
    }

    fn is_paused(&self, _: &OpenMessage) -> bool {
        false
    }

    fn fires_on(&self, _: DeedKind) -> bool {
        false
    }

    fn report(&self, _: Report) {}
}

fn call(customer: u32, target: &str, now: Instant) -> OpenMessage {
    let customer = CustomerNumber(customer);
    let decision = DecisionKey { rule: RuleNumber(1), occurrence: Occurrence(1), customer };
    OpenMessage {
        key: MessageKey { decision, action: 0 },
        rule: "winback".into(),
        target: target.into(),
        is_call: true,
        is_set: false,
        marketing: false,
        channel: Channel("webhook".into()),
        customer,
        decided: now,
        due: now,
        waits: None,
        state: MessageState::Pending,
        next_attempt: now,
        expires: None,
        attempts: 0,
        last: None,
        frozen: None,
        provenance: (String::new(), String::new()),
        call_fields: vec![],
        event: None,
        cost: None,
    }
}

/// A receiver: it answers at once, or never.
async fn receiver(answers: bool) -> (String, Arrivals) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let arrivals = Arrivals::default();
    let noted = Arc::clone(&arrivals);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let noted = Arc::clone(&noted);
            tokio::spawn(async move {
                let mut buffer = vec![0; 4_096];
                // The requests are small and come one after the other.
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                    let id = text.lines().find_map(|line| line.strip_prefix("webhook-id: "));
                    if let (Some(id), Ok(mut noted)) = (id, noted.lock()) {
                        noted.insert(id.to_owned(), Stopwatch::now());
                    }
                    if !answers {
                        std::future::pending::<()>().await;
                    }
                    if stream.write_all(b"HTTP/1.1 204 x\r\n\r\n").await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, arrivals)
}

/// The waits of all calls to the healthy endpoint, from the decision's commit to the arrival, sorted.
async fn waits(beside_a_dead_one: bool) -> Vec<Duration> {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = tokio::task::block_in_place(|| cvmd::store::open(&folder.path().join("store")));
    let store: Arc<dyn Store> = Arc::new(opened.expect("a store"));
    // To close it blocks, which a runtime's thread must not.
    std::mem::forget(Arc::clone(&store));
    let ((good, arrivals), (bad, _)) = (receiver(true).await, receiver(false).await);
    let gate = Arc::new(Open { urls: [("good".into(), good), ("bad".into(), bad)].into() });
    let options = webhook::Options { allow_private: true, ..webhook::Options::default() };
    let channels = Channels {
        mailer: Mailer::Folder(Folder::open(folder.path()).expect("a folder")),
        caller: Caller::new(&options).expect("a caller"),
    };
    let clock = SystemClock::shared();
    let settings = Options::new(folder.path().join("workers"), "boot".into());
    let started =
        Outbox::start(Arc::clone(&store), Arc::clone(&clock) as Arc<dyn Clock>, gate, channels, settings);
    let (outbox, _) = started.await.expect("an outbox");
    let mut decided = BTreeMap::new();
    let mut ticks = tokio::time::interval(EVERY);
    for n in 0..CALLS {
        ticks.tick().await;
        let now = clock.now();
        let mut open = vec![call(n, "good", now)];
        if beside_a_dead_one {
            open.push(call(CALLS + n, "bad", now));
        }
        let mut batch = Batch::default();
        for message in &open {
            messages::put_open(&mut batch, message);
        }
        store.commit(batch).durable().await.expect("a commit");
        decided.insert(open[0].key.to_string(), Stopwatch::now());
        outbox.add(&open);
    }
    while arrivals.lock().map_or(0, |arrivals| arrivals.len()) < decided.len() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let arrivals = arrivals.lock().map(|arrivals| arrivals.clone()).unwrap_or_default();
    let mut waits: Vec<Duration> =
        decided.iter().map(|(id, at)| arrivals[id].saturating_duration_since(*at)).collect();
    waits.sort_unstable();
    outbox.stop(cvmd::model::Duration::seconds(1)).await;
    waits
}

#[tokio::main]
async fn main() {
    let mut p99 = Vec::new();
    for (beside, name) in [(false, "alone"), (true, "beside an endpoint that hangs")] {
        let waits = waits(beside).await;
        let at = |permille: usize| waits[(waits.len() - 1) * permille / 1_000];
        println!("{name}: p50 {:?}, p90 {:?}, p99 {:?}, most {:?}", at(500), at(900), at(990), at(1_000));
        p99.push(at(990));
    }
    println!("p99 beside / alone: {:.2}", p99[1].as_secs_f64() / p99[0].as_secs_f64());
}
