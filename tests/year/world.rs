//! Who lives in the year and what they do, by chance from a seed.

use std::collections::BTreeMap;

use super::files;
use super::random::Random;
use super::script::{DAY, Event, HOUR, Happening, MINUTE, Ms, Order, Person, Script};

/// Two of them change their clocks at midnight, one by half an hour, one in the other direction.
pub const ZONES: [&str; 12] = [
    "Europe/Madrid",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Santiago",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
];

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub seed: u64,
    pub start: Ms,
    pub days: i64,
    pub people: usize,
    /// How many more come to the fairs of the year: for limits of whole runs and rules few people are too few.
    pub crowd: usize,
    /// The more of it, the less befalls the machine and its operators; 120 is a usual life.
    pub calm: i64,
}

/// A look at the world's changes comes every so often.
const SLOT: Ms = 4 * HOUR;

pub fn script(size: Size) -> Script {
    let mut world = World::new(size);
    let mut tree = files::tree();
    if size.crowd == 0 {
        // Policies that look at two hundred messages, or at a hundred more customers, and the rules of fairs.
        tree.remove("guards.rules");
    }
    let (start, end) = (size.start, size.start + size.days * DAY);
    let first: Vec<Person> = world.people.iter().take(size.people * 7 / 10).cloned().collect();
    world.arrived = first.len();
    world.happenings.push((start + 1, Happening::Customers(first)));
    world.history(start + 2);
    let mut slot = start + SLOT;
    while slot < end {
        // Never on a whole minute: ticks are.
        let now = slot + world.random.below(SLOT / MINUTE - 60) * MINUTE + 17_000;
        world.slot(now);
        world.trouble(now);
        slot += SLOT;
    }
    world.for_sure(start, size.days * DAY);
    world.happenings.extend(super::crowd::happenings(size));
    let edits = files::edits(&tree).into_iter().map(|(at, edit)| {
        let happening = match edit {
            files::Edit::Taken(tree) => Happening::Rules(tree),
            files::Edit::Refused(tree) => Happening::Refused(tree),
        };
        (start + at + 5_000, happening)
    });
    world.happenings.extend(edits);
    world.happenings.retain(|(at, _)| *at < end);
    world.happenings.sort_by_key(|(at, _)| *at);
    Script { start, end, tree, happenings: world.happenings }
}

struct World {
    calm: i64,
    /// Who will consent anew, and when.
    regrets: Vec<(Ms, usize, &'static str)>,
    random: Random,
    people: Vec<Person>,
    arrived: usize,
    orders: i64,
    events: i64,
    happenings: Vec<(Ms, Happening)>,
}

impl World {
    fn new(size: Size) -> Self {
        let mut random = Random::new(size.seed);
        let mut people: Vec<Person> = Vec::new();
        for number in 0..size.people {
            let mut person = someone(number, size.start, &mut random);
            // Every tenth is a second record of somebody: the same addresses, written otherwise.
            if number % 10 == 9 {
                let first = people[number - 5].fields.clone();
                person.fields.insert("email", first["email"].to_uppercase());
                person.fields.insert("phone", first["phone"].clone());
                person.fields.insert("time_zone", first["time_zone"].clone());
            }
            people.push(person);
        }
        let (calm, regrets, happenings) = (size.calm, Vec::new(), Vec::new());
        Self { calm, regrets, random, people, arrived: 0, orders: 0, events: 0, happenings }
    }

    /// What happens however short it is: addresses turn out bad, in a night in which messages wait for the
    /// morning, too; and all mail stands still for longer than some of it may wait.
    fn for_sure(&mut self, start: Ms, length: Ms) {
        self.happenings.push((start + length / 4, Happening::Suppress("c3".into())));
        let night = start + (length / 2).div_euclid(DAY) * DAY + 3 * HOUR + 11_000;
        for number in (0..12).map(|step| 7 + 4 * step) {
            self.happenings.push((night, Happening::Suppress(format!("c{number}"))));
        }
        let stop = start + (length * 5 / 8).div_euclid(DAY) * DAY + 2 * HOUR + 13_000;
        let scope = || "channel email".to_owned();
        self.happenings.push((stop, Happening::Pause(scope(), false)));
        self.happenings.push((stop + 40 * HOUR, Happening::Resume(scope())));
    }

    /// What changed since the last slot.
    fn slot(&mut self, now: Ms) {
        let mut changed = Vec::new();
        for number in 0..self.arrived {
            if self.change(number, now) | self.regret(number, now) {
                changed.push(self.people[number].clone());
            }
        }
        if self.arrived < self.people.len() && self.random.per_mille(150) {
            changed.push(self.people[self.arrived].clone());
            self.arrived += 1;
        }
        if !changed.is_empty() {
            let stale =
                changed.iter().filter(|_| self.random.per_mille(30)).map(outdated).collect::<Vec<_>>();
            self.happenings.push((now, Happening::Customers(changed)));
            if !stale.is_empty() {
                self.happenings.push((now + 500, Happening::Customers(stale)));
            }
        }
        let mut orders = Vec::new();
        for number in 0..self.arrived {
            if self.random.per_mille(11) {
                let time = now - self.random.below(5 * MINUTE);
                orders.push(self.order(number, time));
            }
        }
        if !orders.is_empty() {
            self.happenings.push((now + 1_000, Happening::Orders(orders)));
        }
        self.carts(now + 1_500);
        self.reactions(now + 1_700);
        if self.random.per_mille(25) {
            self.history(now + 2_000);
        }
    }

    /// Carts that are left and pages that are looked at; now and then another one, or an order,
    /// while a rule waits after it, and the same file once more.
    fn carts(&mut self, now: Ms) {
        let mut events = Vec::new();
        for number in 0..self.arrived {
            if self.random.per_mille(9) {
                let time = now - self.random.below(4 * MINUTE);
                events.push(self.event(number, "page_viewed", time));
            }
            if !self.random.per_mille(9) {
                continue;
            }
            let time = now - self.random.below(50 * MINUTE);
            events.push(self.event(number, "cart_abandoned", time));
            let later = now + self.random.between(4, 150) * MINUTE + 3_000;
            let comes_again = self.random.per_mille(300);
            if comes_again {
                let time = later - self.random.below(3 * MINUTE);
                let again = self.event(number, "cart_abandoned", time);
                self.happenings.push((later, Happening::Events(vec![again], None)));
            } else if self.random.per_mille(300) {
                let order = self.order(number, later - MINUTE);
                self.happenings.push((later, Happening::Orders(vec![order])));
            }
        }
        if events.is_empty() {
            return;
        }
        if self.random.per_mille(100) {
            self.happenings.push((now + 25 * MINUTE, Happening::Events(events.clone(), None)));
        }
        let crash = self.random.per_mille(60).then(|| self.random.below(5).unsigned_abs());
        self.happenings.push((now, Happening::Events(events, crash)));
    }

    /// What people do with messages: they open them, and some want no more.
    fn reactions(&mut self, now: Ms) {
        let mut events = Vec::new();
        for number in 0..self.arrived {
            let time = now - self.random.below(40 * MINUTE);
            if self.random.per_mille(8) {
                let message = *self.random.one_of(&["offer", "tip", "hello", "sale"]);
                let event = self.event(number, "opened", time);
                events.push(Event { value: None, message: Some(message), ..event });
            }
            if self.random.per_mille(2) {
                let channel = *self.random.one_of(&["email", "sms"]);
                let event = self.event(number, "unsubscribed", time);
                events.push(Event { value: None, channel: Some(channel), ..event });
                if self.random.per_mille(800) {
                    let later = now + self.random.between(DAY, 6 * DAY);
                    self.regrets.push((later, number, channel));
                }
            }
        }
        if !events.is_empty() {
            self.happenings.push((now, Happening::Events(events, None)));
        }
    }

    fn event(&mut self, number: usize, name: &'static str, time: Ms) -> Event {
        self.events += 1;
        let value = Some(self.random.between(1, 160));
        let (id, customer) = (format!("e{}", self.events), self.people[number].id.clone());
        Event { id, customer, time, name, value, message: None, channel: None }
    }

    /// Changes a person's fields; whether it did.
    fn change(&mut self, number: usize, now: Ms) -> bool {
        let random = &mut self.random;
        let person = &mut self.people[number];
        let before = person.clone();
        // A file repeats what it said of consent; the times stay.
        for (share, field) in [(9, "plan"), (25, "score"), (6, "vip"), (5, "city")] {
            if random.per_mille(share) {
                person.fields.insert(field, value(field, random));
            }
        }
        if random.per_mille(2) {
            person.fields.insert("time_zone", (*random.one_of(&ZONES)).to_owned());
        }
        if random.per_mille(4) {
            let channel = *random.one_of(&["email", "sms"]);
            match person.consents.iter_mut().find(|(of, ..)| *of == channel) {
                Some((_, given, at)) => (*given, *at) = (!*given, now),
                None => person.consents.push((channel, true, now)),
            }
        }
        *person != before
    }

    /// Lets those consent anew who unsubscribed and think better of it; whether somebody did.
    fn regret(&mut self, number: usize, now: Ms) -> bool {
        let due = |(at, whose, _): &(Ms, usize, &str)| *whose == number && *at <= now;
        let person = &mut self.people[number];
        let mut any = false;
        for (_, _, channel) in self.regrets.iter().filter(|one| due(one)) {
            person.consents.retain(|(of, ..)| of != channel);
            person.consents.push((channel, true, now));
            any = true;
        }
        self.regrets.retain(|one| !due(one));
        any
    }

    /// Late history: orders of long ago that are learnt now.
    fn history(&mut self, now: Ms) {
        let mut orders = Vec::new();
        for number in 0..self.arrived {
            if self.random.per_mille(80) {
                for _ in 0..self.random.between(1, 4) {
                    let time = now - self.random.between(2 * HOUR, 400 * DAY);
                    orders.push(self.order(number, time));
                }
            }
        }
        if !orders.is_empty() {
            self.happenings.push((now, Happening::Orders(orders)));
        }
        let mut events = Vec::new();
        for number in 0..self.arrived {
            if self.random.per_mille(60) {
                let time = now - self.random.between(HOUR + MINUTE, 300 * DAY);
                events.push(self.event(number, "cart_abandoned", time));
            }
        }
        if !events.is_empty() {
            self.happenings.push((now + 700, Happening::Events(events, None)));
        }
    }

    fn order(&mut self, number: usize, time: Ms) -> Order {
        self.orders += 1;
        let total = self.random.between(500, 20_000);
        Order { id: format!("o{}", self.orders), customer: self.people[number].id.clone(), time, total }
    }

    /// What befalls the machine and its operators.
    fn trouble(&mut self, now: Ms) {
        let random = &mut self.random;
        let at = now + 20 * MINUTE + 7_000;
        match random.below(self.calm) {
            0..=5 => self.happenings.push((at, Happening::Restart)),
            6..=12 => self.happenings.push((at, Happening::Crash(random.below(4).unsigned_abs()))),
            13..=14 => {
                let until = at + random.between(5 * MINUTE, 5 * HOUR);
                self.happenings.push((at, Happening::Sleep(until)));
            }
            15..=17 => {
                let scope = *random.one_of(&[
                    "all",
                    "channel email",
                    "channel sms",
                    "rule digest",
                    "rule top_score",
                    "rule tell_the_crm",
                ]);
                let drops = random.per_mille(700);
                let until = at + random.between(HOUR, 30 * HOUR);
                self.happenings.push((at, Happening::Pause(scope.into(), drops)));
                self.happenings.push((until, Happening::Resume(scope.into())));
            }
            18 => {
                let number = random.below(i64::try_from(self.arrived).unwrap_or(1));
                let id = self.people[usize::try_from(number).unwrap_or(0)].id.clone();
                self.happenings.push((at, Happening::Suppress(id)));
            }
            _ => {}
        }
    }
}

/// A row out of an old file: it repeats consents that were given once.
fn outdated(person: &Person) -> Person {
    let consents = person.consents.iter().map(|(channel, _, at)| (*channel, true, at - DAY)).collect();
    Person { consents, ..person.clone() }
}

fn someone(number: usize, start: Ms, random: &mut Random) -> Person {
    let mut fields = BTreeMap::new();
    fields.insert("email", format!("c{number}@shop.example"));
    fields.insert("phone", format!("+3460000{number:04}"));
    if random.per_mille(40) {
        fields.insert("email", String::new());
    }
    let zone = if random.per_mille(40) { "" } else { ZONES[number % ZONES.len()] };
    fields.insert("time_zone", zone.to_owned());
    for field in ["plan", "score", "vip", "city"] {
        let text = value(field, random);
        fields.insert(field, text);
    }
    let (year, month, day) = (random.between(1950, 2005), random.between(1, 12), random.between(1, 28));
    fields.insert("birthday", format!("{year}-{month:02}-{day:02}"));
    let mut consents = Vec::new();
    for channel in ["email", "sms"] {
        if random.per_mille(920) {
            consents.push((channel, random.per_mille(850), start - random.between(DAY, 300 * DAY)));
        }
    }
    Person { id: format!("c{number}"), fields, consents }
}

/// A value of a field; now and then unknown.
fn value(field: &str, random: &mut Random) -> String {
    if random.per_mille(60) {
        return String::new();
    }
    match field {
        "plan" => (*random.one_of(&["free", "basic", "pro"])).to_owned(),
        "score" => random.below(100).to_string(),
        "vip" => (if random.per_mille(300) { "yes" } else { "no" }).to_owned(),
        _ => (*random.one_of(&["Oslo", "Roma", "Lima"])).to_owned(),
    }
}
