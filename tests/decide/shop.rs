//! A small world to decide in: rules by hand, customers by a closure.

use std::collections::BTreeMap;
use std::sync::Arc;

use cvmd::decide::{Addresses, Ledger, Particulars, Pauses, People, World};
use cvmd::model::{Bitmap, Channel, CustomerNumber, Instant, RuleNumber, RuleSetHash};
use cvmd::record::{Audience, Run, RunState};
use cvmd::ruleset::{
    Action, Cap, CapScope, CapSubject, Expr, ExprKind, Message, Period, Place, Policy, Purpose, Rule,
    RuleSet, Schema, Season, Trigger, Type, Webhook, Workspace,
};
use jiff::tz::TimeZone;

/// What the stages ask, by customer number.
pub struct Crowd {
    pub no_consent: Bitmap,
    pub suppressed: Bitmap,
    pub no_address: Bitmap,
}

impl People for Crowd {
    fn consents(&self, customer: CustomerNumber, _: &Channel) -> bool {
        !self.no_consent.contains(customer.0)
    }
    fn suppressed(&self, customer: CustomerNumber, _: &Channel) -> bool {
        self.suppressed.contains(customer.0)
    }
    fn reachable(&self, customer: CustomerNumber, _: &Channel) -> bool {
        !self.no_address.contains(customer.0)
    }
    fn zone(&self, _: CustomerNumber) -> Option<TimeZone> {
        None
    }
}

/// Owns what a `World` borrows.
pub struct Shop {
    pub rules: RuleSet,
    pub people: Crowd,
    pub ledger: Ledger,
    pub pauses: Pauses,
    pub zone: TimeZone,
    pub channels: Vec<Channel>,
    pub addresses: Addresses,
    pub now: Instant,
    pub since: Option<Instant>,
    pub taken: Bitmap,
    pub served: Bitmap,
}

impl Shop {
    pub fn world(&self) -> World<'_> {
        World {
            rules: &self.rules,
            people: &self.people,
            ledger: &self.ledger,
            pauses: &self.pauses,
            channels: &self.channels,
            zone: &self.zone,
            addresses: &self.addresses,
            now: self.now,
            not_before: Instant(i64::MIN),
            since: self.since,
            taken: &self.taken,
            served: &self.served,
            fresh: None,
            gap: &|_| None,
        }
    }

    pub fn rule(&self) -> (&Rule, RuleNumber) {
        (&self.rules.rules[0], RuleNumber(1))
    }
}

fn place() -> Place {
    Place { file: Arc::from("a.rules"), line: 1 }
}

pub fn message(name: &str, purpose: Purpose) -> Message {
    Message {
        name: name.into(),
        place: place(),
        purpose,
        channel: Channel::email(),
        webhook: None,
        subject: "Hello".into(),
        html: None,
        text: Some("Hello".into()),
        preview: None,
        variants: Vec::new(),
        from: None,
        reply_to: None,
        expires_after: None,
        cost: None,
        fields: Vec::new(),
        needs: Vec::new(),
        content_hash: "0".into(),
    }
}

/// A shop with one continuous rule that sends one marketing message, and nobody in the way.
pub fn shop() -> Shop {
    let when = Expr {
        kind: ExprKind::And(Vec::new()),
        ty: Type::Condition,
        text: Arc::from("orders > 0"),
        place: place(),
    };
    let rule = Rule {
        name: "winback".into(),
        title: None,
        owner: None,
        place: place(),
        trigger: Trigger::Continuous,
        season: Season::default(),
        when,
        at_most: None,
        give_up_after: None,
        priority: 50,
        actions: vec![Action::Send(0)],
        draft: false,
        new_matches_only: false,
        in_all: None,
    };
    let rules = RuleSet {
        hash: RuleSetHash::default(),
        commit: "unknown".into(),
        workspace: Workspace::default(),
        schema: Arc::new(Schema::built_in()),
        segments: Vec::new(),
        audiences: Vec::new(),
        messages: vec![message("offer", Purpose::Marketing), message("receipt", Purpose::Transactional)],
        webhooks: vec![Webhook {
            name: "crm".into(),
            place: place(),
            url: "https://crm.shop.example/".into(),
            secrets: Vec::new(),
            headers: Vec::new(),
            limits: cvmd::ruleset::CallLimits::default(),
        }],
        policies: Vec::new(),
        rules: vec![rule],
        first_names: cvmd::ruleset::FirstNames::default(),
        sources: BTreeMap::new(),
    };
    Shop {
        rules,
        people: Crowd { no_consent: Bitmap::new(), suppressed: Bitmap::new(), no_address: Bitmap::new() },
        ledger: Ledger::default(),
        pauses: Pauses::default(),
        zone: TimeZone::UTC,
        channels: vec![Channel::email()],
        addresses: Addresses::default(),
        now: Instant(0),
        since: None,
        taken: Bitmap::new(),
        served: Bitmap::new(),
    }
}

/// A policy that says nothing yet.
pub fn house() -> Policy {
    Policy {
        name: "house".into(),
        place: place(),
        caps: Vec::new(),
        quiet: Vec::new(),
        arbitration: None,
        guards: Vec::new(),
        growth: None,
    }
}

pub fn cap(count: u32, period: Period) -> Policy {
    let (subject, scope) = (CapSubject::Messages, CapScope::Customer);
    let cap = Cap { count, subject, period, scope, wait: None, place: place() };
    Policy { caps: vec![cap], ..house() }
}

pub fn run(shop: &Shop, at: Instant, recipients: &Bitmap) -> Run {
    let (rule, number) = shop.rule();
    Run {
        rule: number,
        at,
        now: at,
        continuous: rule.is_continuous(),
        rule_set: shop.rules.hash,
        commit: "unknown".into(),
        place: rule.place.to_string(),
        matched: recipients.len(),
        recipients: recipients.len(),
        skipped: BTreeMap::new(),
        state: RunState::Open(CustomerNumber(0)),
        audience: Audience::default(),
        held_for: None,
    }
}

pub fn nothing_particular(_: CustomerNumber) -> Particulars {
    Particulars::default()
}
