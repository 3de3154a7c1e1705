//! One record of each kind, with every optional part there and with the extremes of its numbers.

use std::collections::BTreeMap;

use cvmd::model::{
    Bitmap, Channel, CronFields, Currency, CustomerId, CustomerNumber, DecisionKey, Duration, Frame, Instant,
    Money, Number, Occurrence, RuleNumber, RuleSetHash, Schedule, Share, Sign, Timetable,
};
use cvmd::record::{
    Arrival, Aside, AsideKind, Attempt, Audience, Change, Consent, Contact, ContactKind, Cost, Decision,
    Deed, DeedKind, Event, EventRef, Fate, FinishedMessage, Frozen, HeldFor, Hold, HoldReason, Holding, Line,
    Listed, ListedKind, Load, MessageKey, MessageState, Met, Move, ORDER, OpenMessage, Order, Outage,
    OutageKind, Pause, PauseScope, Profile, RuleMemory, Run, RunState, ServedBy, Skip, StoredRuleSet,
    Suppression, SuppressionReason, TakenBack, Timer, Tombstone, TrackRecord, Tripped, Unsubscribe, Wait,
    WhileQueued,
};

pub(crate) const CUSTOMER: CustomerNumber = CustomerNumber(0x0001_0203);
pub(crate) const RULE: RuleNumber = RuleNumber(7);
pub(crate) const AT: Instant = Instant(1_790_000_000_123);

fn text(text: &str) -> String {
    text.to_owned()
}

pub(crate) fn profile() -> Profile {
    let consent = |given, at, by_person| Consent { given, at, by_person };
    Profile {
        id: CustomerId(text("C-1")),
        values: vec![(text("city"), text("Málaga")), (text("email"), text("ana@shop.example"))],
        consents: vec![
            (Channel::email(), consent(true, None, false)),
            (Channel(text("sms")), consent(false, Some(Instant(-1)), true)),
        ],
        learnt: AT,
        by_http: true,
    }
}

pub(crate) fn orders() -> Vec<Order> {
    let bare = Order {
        id: text("o1"),
        time: Instant(i64::MIN),
        learnt: Instant(i64::MAX),
        total: Money(-12_500),
        currency: None,
        lines: Vec::new(),
    };
    let line = Line {
        quantity: Some(Number(20_000)),
        product: Some(text("p")),
        category: Some(text("c")),
        channel: Some(text("web")),
    };
    let full = Order { id: text("o2"), currency: Currency::parse("EUR"), lines: vec![line], ..bare.clone() };
    vec![bare, full]
}

pub(crate) fn events() -> Vec<Event> {
    let bare = Event {
        id: text("e1"),
        name: text("visit"),
        time: Instant(i64::MIN),
        learnt: Instant(i64::MAX),
        fields: Vec::new(),
    };
    let fields = vec![(text("page"), text("/málaga")), (text("value"), text("90.00"))];
    vec![bare.clone(), Event { id: text("e2"), fields, time: AT, ..bare }]
}

pub(crate) fn deeds() -> Vec<Deed> {
    let sent = Deed {
        kind: DeedKind::Sent,
        key: "d3-1-9-80".parse().unwrap(),
        customer: CUSTOMER,
        at: AT,
        learnt: Instant(i64::MAX),
        message: text("offer"),
        rule: text("winback"),
        channel: Channel::email(),
        marketing: true,
    };
    vec![sent.clone(), Deed { kind: DeedKind::Bounced, at: Instant(i64::MIN), marketing: false, ..sent }]
}

pub(crate) fn arrivals() -> Vec<Arrival> {
    let order = EventRef { time: AT, name: text(ORDER), id: text("o1"), did: Vec::new() };
    [events()[1].reference(), order, deeds()[0].reference()]
        .map(|event| Arrival { event, customer: CUSTOMER })
        .to_vec()
}

pub(crate) fn timers() -> Vec<Timer> {
    let event = events()[1].reference();
    [(AT, true), (Instant(-1), false)].map(|(due, waits)| Timer { due, waits, event: event.clone() }).to_vec()
}

pub(crate) fn changes() -> Vec<Change> {
    let change = Change {
        field: text("email"),
        before: None,
        after: Some(text("ana@shop.example")),
        happened: Some(Instant(5)),
        learnt: AT,
    };
    vec![change.clone(), Change { before: Some(text("x")), after: None, happened: None, ..change }]
}

pub(crate) fn suppressions() -> Vec<Suppression> {
    let address = |reason| (reason == SuppressionReason::HardBounce).then_some([0xab; 16]);
    let suppression = |reason| Suppression { reason, at: AT, address: address(reason) };
    SuppressionReason::ALL.map(suppression).to_vec()
}

pub(crate) fn listed() -> Vec<Listed> {
    let entry = |(kind, reason)| Listed { hash: [7; 16], kind, reason, at: AT };
    ListedKind::ALL.into_iter().zip(SuppressionReason::ALL).map(entry).collect()
}

pub(crate) fn tombstone() -> Tombstone {
    Tombstone { at: AT, addresses: vec![[1; 16], [2; 16]] }
}

pub(crate) fn contacts() -> Vec<Contact> {
    let kinds = [ContactKind::Marketing, ContactKind::Transactional, ContactKind::Call, ContactKind::HeldOut];
    let contact = |kind| Contact { customer: CUSTOMER, rule: RULE, kind, at: AT, channel: 2, further: false };
    let mut contacts: Vec<Contact> = kinds.into_iter().map(contact).collect();
    contacts.push(Contact { further: true, ..contact(ContactKind::Marketing) });
    contacts
}

fn held_for() -> [HeldFor; 2] {
    let (audience, twice_before) = (u64::MAX, 301);
    let place = text("policies.rules:8");
    [
        HeldFor::FirstRun { limit: 1_000 },
        HeldFor::Growth { audience, twice_before, above: Share(500_000), place },
    ]
}

fn tripped() -> Tripped {
    let place = text("policies.rules:7");
    Tripped { sign: Sign::Unsubscribes, did: 21, sends: 1_000, above: Share(3_000), place }
}

pub(crate) fn runs() -> Vec<Run> {
    let states = [RunState::Open(CUSTOMER), RunState::Held, RunState::Closed, RunState::Dropped];
    let run = |(n, state)| Run {
        rule: RULE,
        at: Instant(AT.0 + n),
        now: Instant(AT.0 + n + 5),
        continuous: n % 2 == 0,
        rule_set: RuleSetHash([9; 32]),
        commit: text("d41d8cd"),
        place: text("winback.rules:1"),
        matched: u64::MAX,
        recipients: 3,
        skipped: Skip::ALL.into_iter().map(|skip| (skip, u64::from(skip.code()))).collect(),
        state,
        audience: Audience { of: AT.0, customers: Some(u64::MAX) },
        held_for: held_for().get(usize::try_from(n).unwrap()).cloned(),
    };
    (0..).zip(states).map(run).collect()
}

pub(crate) fn customers() -> Bitmap {
    [0, 9, 16_383, 16_384, 70_000].into_iter().collect()
}

/// What a send costs.
fn cost() -> Cost {
    Cost { amount: Money(200), currency: Currency::parse("EUR") }
}

pub(crate) fn decisions() -> Vec<Decision> {
    let decision = |(customer, fate)| Decision {
        customer: CustomerNumber(customer),
        occurrence: Occurrence(AT.0),
        fate,
        due: AT,
        values: vec![(text("clv > 500"), text("820.00"))],
        cost: (fate == Fate::Send).then(cost),
    };
    [(1, Fate::Send), (2, Fate::HeldOut)].map(decision).to_vec()
}

fn served_by() -> ServedBy {
    let fields = CronFields {
        text: text("0 9 * * mon-fri"),
        minutes: 1,
        hours: 1 << 9,
        days: 0xffff_fffe,
        months: 0x1ffe,
        weekdays: 31,
        runs_through: false,
    };
    let timetable = Timetable { frame: Frame::Customer, ..Timetable::new(Schedule::Cron(fields)) };
    ServedBy { timetable, workspace: text("Europe/Madrid") }
}

pub(crate) fn memory() -> RuleMemory {
    let trying = [(1, 5), (255, 6), (256, 7)].map(|(c, at)| (CustomerNumber(c), Instant(at)));
    RuleMemory {
        spent: customers(),
        trying: BTreeMap::from(trying),
        began: Some(Instant(-2)),
        served: Some(AT),
        served_by: Some(served_by()),
        met: [(3, 1_795_424_400_000), (300, -7)]
            .map(|(c, civil)| (CustomerNumber(c), Met { civil, as_of: AT }))
            .into(),
        season_end: Some(Instant(1_798_761_600_000)),
        ran: Some([3; 32]),
        released: true,
        last_run: Some((Instant(1_795_420_800_000), 50)),
        settled: true,
        audiences: vec![Audience { of: -1, customers: Some(7) }, Audience { of: AT.0, customers: Some(50) }],
        counted_since: Some(Instant(1_795_420_900_000)),
        holding: held_for().last().cloned().map(|why| Holding { since: AT, why, recipients: 9 }),
    }
}

pub(crate) fn message_key() -> MessageKey {
    let decision = DecisionKey { rule: RULE, occurrence: Occurrence(1), customer: CUSTOMER };
    MessageKey { decision, action: 1 }
}

pub(crate) const STATES: [MessageState; 7] = [
    MessageState::Pending,
    MessageState::Claimed,
    MessageState::Retry,
    MessageState::InDoubt,
    MessageState::Sent,
    MessageState::Dead,
    MessageState::Withdrawn,
];

pub(crate) fn open_messages() -> Vec<OpenMessage> {
    let frozen = Frozen {
        at: AT,
        to: text("ana@shop.example"),
        content: text("0a1b"),
        values: vec![(text("first_name"), text("\"Ana\""))],
        body: Some(text("{}")),
    };
    let message = |(n, state)| OpenMessage {
        key: message_key(),
        rule: text("winback"),
        target: text("offer"),
        is_call: n == 1,
        is_set: false,
        marketing: n == 0,
        channel: Channel::email(),
        customer: CUSTOMER,
        decided: Instant(AT.0 + n),
        due: AT,
        waits: (n > 1).then_some(Wait::QuietHours),
        state,
        next_attempt: AT,
        expires: (n > 0).then_some(AT),
        attempts: 300,
        last: (n > 0).then(|| Attempt { at: AT, result: text("250 ok") }),
        frozen: (n > 0).then(|| frozen.clone()),
        provenance: (text("d41d8cd"), text("winback.rules:1")),
        call_fields: vec![(text("value"), text("\"820.00\""))],
        event: Some(events()[1].clone()),
        cost: (n == 0).then(cost),
    };
    (0..).zip(STATES).map(message).collect()
}

pub(crate) fn unsubscribe() -> Unsubscribe {
    Unsubscribe { at: AT, over: Instant(AT.0 + 1), message: Some(message_key()) }
}

pub(crate) fn taken_back() -> TakenBack {
    TakenBack { key: message_key(), due: AT, channel: Some(Channel::email()) }
}

pub(crate) fn finished_message() -> FinishedMessage {
    FinishedMessage {
        key: message_key(),
        rule: text("winback"),
        target: text("offer"),
        channel: Channel::email(),
        state: MessageState::Sent,
        at: AT,
        attempts: 2,
        result: text("250 ok"),
        cost: Some(cost()),
    }
}

pub(crate) fn pauses() -> Vec<Pause> {
    let pause = |(scope, queued)| {
        let tripped = (scope == PauseScope::Rule(RULE)).then(tripped);
        Pause { scope, since: AT, queued, tripped }
    };
    [
        (PauseScope::Everything, WhileQueued::Hold),
        (PauseScope::Channel(Channel::email()), WhileQueued::Drop),
        (PauseScope::Rule(RULE), WhileQueued::Expire),
    ]
    .map(pause)
    .to_vec()
}

pub(crate) fn holds() -> Vec<Hold> {
    let reasons = [HoldReason::Gap, HoldReason::Restore, HoldReason::ClockStep, HoldReason::Asked];
    reasons.map(|reason| Hold { reason, since: AT, last_tick: Some(Instant(5)) }).to_vec()
}

pub(crate) fn load() -> Load {
    Load { started: AT, what: text("orders.csv") }
}

pub(crate) fn rule_set() -> StoredRuleSet {
    StoredRuleSet {
        hash: RuleSetHash([9; 32]),
        commit: text("d41d8cd"),
        since: AT,
        sources: BTreeMap::from([(text("winback.rules"), text("when clv > 500 then send offer\n"))]),
    }
}

pub(crate) fn channels() -> Vec<Channel> {
    vec![Channel::email(), Channel(text("webhook"))]
}

pub(crate) fn track() -> TrackRecord {
    TrackRecord {
        name: "segments segment".into(),
        definition: [7; 32],
        places: vec!["new".into(), "lapsing".into()],
        followers: [(RULE, AT)].into(),
    }
}

pub(crate) fn moves() -> Vec<Move> {
    vec![
        Move { customer: CUSTOMER, from: Some(0), to: 1, happened: Instant(AT.0 - 5) },
        Move { customer: CustomerNumber(9), from: None, to: 0, happened: AT },
    ]
}

pub(crate) fn asides() -> Vec<Aside> {
    let aside = |kind, name: &str, times| Aside {
        kind,
        name: name.into(),
        reason: "the mail server said 421 4.7.0 too fast".into(),
        until: Instant(AT.0 + 60_000),
        times,
    };
    vec![
        aside(AsideKind::Relay, "smtps://mail.example:465", 3),
        aside(AsideKind::Domain, "customer.example", 1),
        aside(AsideKind::Domain, "customer.example.net", 2),
    ]
}

pub(crate) fn outages() -> Vec<Outage> {
    let failing = OutageKind::Failing { rest: Duration::seconds(60), until: Instant(AT.0 + 60_000) };
    let outage = |name: &str, kind| Outage {
        name: name.into(),
        url: "https://crm.shop.example/v1/touch".into(),
        since: AT,
        reason: "the endpoint answered 503".into(),
        kind,
    };
    vec![outage("crm", OutageKind::Gone), outage("crm_two", failing)]
}
