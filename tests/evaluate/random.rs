//! Random customers and conditions from a seed: few distinct values, so that they meet; times at
//! the exact ends of windows; unknowns, refunds, foreign currencies, orders yet to come.

use cvmd::model::{
    Channel, Currency, CustomerId, CustomerNumber, DAY_MS, Date, Duration, HOUR_MS, Instant, Money, Number,
    Share,
};
use cvmd::record::{Consent, Deed, DeedKind, Event, Line, Order, Profile};
use cvmd::ruleset::{
    AggregateFunction, Change, Comparison, DaySpan, EventFieldId, EventId, Expr, ExprKind, Movement, Track,
    Type, Value, Which, Window,
};

use super::shop::{CART, CARTS, FIELDS, Happened, PLACES, PLAN, Person, VISITS, condition, expr, schema};

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn of<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.index(among.len())].clone()
    }
}

const AMOUNTS: [&str; 8] = ["0", "0.0001", "19.99", "20", "0.005", "0.015", "500.0050", "820"];
/// What we did, told rather than recorded.
const OPENED: EventId = EventId(2);
const WORDS: [&str; 6] = ["web", "Web", "store", "a", "ab", "Straße"];
const ALL_ENDS: [i64; 6] = [0, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS, 400 * DAY_MS];

/// Two times in three at the end of a window, to the millisecond.
fn time(r: &mut Random, now: Instant) -> Instant {
    let end = r.of(&ALL_ENDS) + if r.chance(30) { r.of(&[HOUR_MS * 10, HOUR_MS * 8, DAY_MS * 2]) } else { 0 };
    let nudge = r.of(&[-1, 0, 0, 1]);
    let future = if r.chance(8) { DAY_MS } else { 0 };
    Instant(now.0 - end + nudge + future)
}

/// Around today and around its anniversaries, 29 February among them.
fn day(r: &mut Random, now: Instant) -> Date {
    let today = i32::try_from(now.0.div_euclid(DAY_MS)).unwrap();
    let away = r.of(&[0, 0, 1, 6, 7, 8, 30, 31, 90, 200]) * r.of(&[-1, 1]);
    let years = r.of(&[0, 0, -365, -366, -1_461, -10_957, 365]);
    r.of(&[Date(today + away + years), Date(today + away + years), Date(0), Date(11_016), Date(20_000)])
}

fn value(r: &mut Random, ty: Type, now: Instant) -> Value {
    match ty {
        Type::Money => Value::Money(Money::parse(r.of(&AMOUNTS)).unwrap()),
        Type::Number => Value::Number(Number(r.of(&[0, 1, 1_000_000, 2_000_000, 1_500_000, i64::MAX]))),
        Type::Percent => Value::Percent(Share(r.of(&[0, 100_000, 500_000, 1_000_000]))),
        Type::Duration => Value::Duration(Duration(r.of(&ALL_ENDS) + r.of(&[0, 0, 1]))),
        Type::Date => Value::Date(day(r, now)),
        Type::Time => Value::Time(time(r, now)),
        Type::Text | Type::ListOfText => Value::Text(r.of(&WORDS).into()),
        Type::YesNo => Value::YesNo(r.chance(50)),
        Type::Choice(id) => Value::Choice(id, r.of(if id == PLAN { &[0, 1, 2] } else { &[0, 1, 2, 3] })),
        Type::Condition => unreachable!(),
    }
}

fn order(r: &mut Random, id: usize, now: Instant) -> Order {
    let time = time(r, now);
    let mut total = Money::parse(r.of(&AMOUNTS)).unwrap();
    if r.chance(12) {
        total = Money(-total.0);
    }
    if r.chance(2) {
        total = Money(i64::MAX);
    }
    let currency = match r.below(20) {
        0 => Currency::parse("USD"),
        1..6 => Currency::parse("EUR"),
        _ => None,
    };
    let text = |r: &mut Random| r.chance(70).then(|| r.of(&WORDS).to_owned());
    let lines = (0..r.of(&[0, 1, 1, 2, 3]))
        .map(|_| Line {
            quantity: r.chance(85).then(|| Number(r.of(&[0, 1_000_000, 2_500_000, i64::MAX / 2 + 1]))),
            product: text(r),
            category: text(r),
            channel: text(r),
        })
        .collect();
    Order { id: format!("o{id}"), time, learnt: time, total, currency, lines }
}

/// A cart, a visit, something told of what we did, or an event that no rule declares.
fn event(r: &mut Random, id: usize, now: Instant) -> Event {
    let schema = schema();
    let name = r.of(&["cart", "cart", "visit", "opened", "sent", "forgotten"]);
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, ty) in CART.into_iter().chain([("message", Type::Text), ("other", Type::Text)]) {
        if r.chance(15) {
            continue;
        }
        let text = match ty {
            Type::ListOfText => format!("{}\u{1f}{}", r.of(&WORDS), r.of(&WORDS)),
            _ if r.chance(3) => "no longer readable".into(),
            _ => schema.write(&value(r, ty, now)),
        };
        fields.push((name.to_owned(), text));
    }
    fields.sort();
    let time = time(r, now);
    Event { id: format!("e{id}"), name: name.into(), time, learnt: time, fields }
}

fn deed(r: &mut Random, number: u32, now: Instant) -> Deed {
    Deed {
        kind: r.of(&[DeedKind::Sent, DeedKind::Sent, DeedKind::Bounced]),
        key: "d1-1-1-80".parse().unwrap(),
        customer: CustomerNumber(number),
        at: time(r, now),
        learnt: now,
        message: r.of(&WORDS).into(),
        rule: r.of(&WORDS).into(),
        channel: Channel::email(),
        marketing: true,
    }
}

pub fn person(r: &mut Random, number: u32, now: Instant) -> Person {
    let schema = schema();
    let mut values = Vec::new();
    for (name, ty) in FIELDS.into_iter().chain([("clv", Type::Money), ("email", Type::Text)]) {
        if r.chance(25) {
            continue;
        }
        let text = match ty {
            Type::ListOfText => {
                let elements: Vec<&str> = (0..=r.below(3)).map(|_| r.of(&WORDS)).collect();
                elements.join("\u{1f}")
            }
            _ if r.chance(3) => "no longer readable".into(),
            _ => schema.write(&value(r, ty, now)),
        };
        values.push((name.to_owned(), text));
    }
    values.sort();
    let consent = Consent { given: r.chance(50), at: None, by_person: false };
    let orders = (0..r.of(&[0, 0, 1, 2, 5, 9])).map(|id| order(r, id, now)).collect();
    let profile = Profile {
        id: CustomerId(format!("c{number}-{}", r.below(3))),
        values,
        consents: if r.chance(80) { vec![(Channel::email(), consent)] } else { Vec::new() },
        by_http: false,
        learnt: now,
    };
    let events = (0..r.of(&[0, 0, 1, 3, 6])).map(|id| event(r, id, now)).collect();
    let deeds = (0..r.of(&[0, 0, 1, 4])).map(|_| deed(r, number, now)).collect();
    (CustomerNumber(number), profile, orders, r.chance(10), Happened { events, deeds })
}

/// Numbers in several chunks, some of them neighbours, with holes.
pub fn people(r: &mut Random, count: usize, now: Instant) -> Vec<Person> {
    let mut numbers: Vec<u32> = (0..count)
        .map(|_| {
            let chunk = r.of(&[0_u32, 0, 0, 1, 3]);
            chunk * 4_096 + r.of(&[0, 1, 2, 3, 62, 63, 64, 65, 700, 4_094, 4_095]) + r.of(&[0, 1])
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter().map(|number| person(r, number, now)).collect()
}

/// Makes conditions that name so many segmentations and audiences.
pub struct Conditions<'r> {
    pub r: &'r mut Random,
    pub now: Instant,
    pub segments: usize,
    pub audiences: usize,
    /// What the rule fires on, where it does on an event.
    pub fired: Option<EventId>,
    /// Whether movement may be asked for: not under a `not`.
    pub movement: bool,
}

impl Conditions<'_> {
    /// A field of the event that fires the rule.
    fn fired_field(&mut self, ty: Type) -> Option<Expr> {
        let event = self.fired?;
        let schema = schema();
        let fields = &schema.event(event).fields;
        let fitting: Vec<usize> = (0..fields.len()).filter(|&at| fields[at].ty == ty).collect();
        if fitting.is_empty() {
            return None;
        }
        let field = EventFieldId(u16::try_from(self.r.of(&fitting)).unwrap());
        Some(expr(ExprKind::Fired(event, field), ty, "fired"))
    }

    fn moved(&mut self) -> Expr {
        let track = Track::Segments(self.r.index(self.segments));
        let change = match self.r.below(3) {
            0 => Change::Becomes(0),
            1 => Change::Becomes(1),
            _ => Change::Changes { from: Some(1), to: None },
        };
        condition(ExprKind::Moved(Movement { track, change }), "moved")
    }

    fn constant(&mut self, ty: Type) -> Expr {
        let value = value(self.r, ty, self.now);
        expr(ExprKind::Constant(value), if ty == Type::ListOfText { Type::Text } else { ty }, "constant")
    }

    fn window(&mut self) -> Window {
        let ends = |r: &mut Random| Duration(r.of(&ALL_ENDS));
        match self.r.below(10) {
            8 => Window::SinceDay(Date(self.r.of(&[20_500, 20_540, 20_544]))),
            9 => {
                let (event, which) = (self.event(), self.r.of(&[Which::First, Which::Last]));
                Window::Since { event, which }
            }
            0 | 1 => Window::All,
            2 | 3 => Window::Last(ends(self.r)),
            4 => Window::Between { far: ends(self.r), near: ends(self.r) },
            5 => self.r.of(&[Window::Today, Window::ThisWeek]),
            6 => Window::ThisMonth,
            _ => Window::ThisYear,
        }
    }

    fn days(&mut self) -> DaySpan {
        let length = Duration(self.r.of(&ALL_ENDS[1..]) + self.r.of(&[0, 0, HOUR_MS, -HOUR_MS]));
        match self.r.below(7) {
            0 => DaySpan::Today,
            1 | 2 => DaySpan::Next(length),
            3 => DaySpan::Last(length),
            4 => DaySpan::ThisWeek,
            5 => DaySpan::ThisMonth,
            _ => DaySpan::ThisYear,
        }
    }

    fn event(&mut self) -> EventId {
        self.r.of(&[EventId::ORDER, EventId::ORDER, CARTS, CARTS, VISITS, EventId::SENT, OPENED])
    }

    /// An aggregate that comes to a value of that type.
    fn aggregate(&mut self, ty: Type) -> Option<Expr> {
        use AggregateFunction::{Average, Count, First, Last, Max, Min, Sum};
        let event = self.event();
        let schema = schema();
        let fields = &schema.event(event).fields;
        let fitting: Vec<usize> = (0..fields.len()).filter(|&at| fields[at].ty == ty).collect();
        let (function, field) = if ty == Type::Number && (fitting.is_empty() || self.r.chance(40)) {
            (Count, None)
        } else if fitting.is_empty() {
            return None;
        } else {
            let functions: &[AggregateFunction] = match ty {
                Type::Money | Type::Number | Type::Duration => &[Sum, Average, Min, Max, First, Last],
                Type::Percent => &[Average, Min, Max, First, Last],
                Type::Date | Type::Time | Type::Choice(PLAN) => &[Min, Max, First, Last],
                _ => &[First, Last],
            };
            let field = u16::try_from(self.r.of(&fitting)).unwrap();
            (self.r.of(functions), Some(EventFieldId(field)))
        };
        let window = self.window();
        let filter = self.r.chance(50).then(|| Box::new(self.filter(event, 2)));
        Some(expr(ExprKind::Aggregate { function, event, field, window, filter }, ty, "aggregate"))
    }

    fn field(&mut self, ty: Type) -> Option<Expr> {
        let fields = FIELDS.into_iter().chain([("clv", Type::Money), ("email", Type::Text)]);
        let fitting: Vec<&str> = fields.filter(|&(_, t)| t == ty).map(|(name, _)| name).collect();
        if fitting.is_empty() {
            return None;
        }
        let name = self.r.of(&fitting);
        Some(expr(ExprKind::Field(schema().find(name).unwrap()), ty, name))
    }

    pub fn value(&mut self, ty: Type, depth: u32) -> Expr {
        let choice = self.r.below(10);
        if depth > 0 && choice == 0 && ty != Type::ListOfText {
            let (a, b) = (self.value(ty, depth - 1), self.value(ty, depth - 1));
            return expr(ExprKind::OrElse(a.into(), b.into()), ty, "or else");
        }
        if depth > 0 && choice == 1 && matches!(ty, Type::Money | Type::Number | Type::Duration) {
            let share = Share(self.r.of(&[333_333, 500_000, 5_000, 2_000_000]));
            let of = self.value(ty, depth - 1);
            return expr(ExprKind::ShareOf(share, of.into()), ty, "share of");
        }
        if self.fired.is_some()
            && self.r.chance(30)
            && let Some(field) = self.fired_field(ty)
        {
            return field;
        }
        let computed = choice < 6;
        match ty {
            Type::Number if choice == 5 => expr(ExprKind::Frequency, ty, "frequency"),
            Type::Duration if choice == 5 => {
                let which = self.r.of(&[Which::First, Which::Last]);
                expr(ExprKind::TimeSince { event: self.event(), which }, ty, "time since")
            }
            Type::Choice(id) if PLACES[..self.segments].contains(&id) => {
                expr(ExprKind::Segment(usize::from(id.0) - 1), ty, "segment")
            }
            _ => match (self.aggregate(ty), self.field(ty)) {
                (Some(aggregate), _) if computed => aggregate,
                (_, Some(field)) if choice < 9 => field,
                _ => self.constant(ty),
            },
        }
    }

    fn any_type(&mut self) -> Type {
        let mut types: Vec<Type> = FIELDS.iter().map(|&(_, ty)| ty).collect();
        types.extend([Type::Money, Type::Number, Type::Duration, Type::Text]);
        types.extend(PLACES[..self.segments].iter().map(|&id| Type::Choice(id)));
        self.r.of(&types)
    }

    fn comparison(&mut self, ty: Type) -> Comparison {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        if matches!(ty, Type::Text | Type::ListOfText) {
            return self.r.of(&[Equal, NotEqual]);
        }
        self.r.of(&[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
    }

    fn right_side(&mut self, ty: Type, depth: u32) -> Expr {
        if self.r.chance(75) { self.constant(ty) } else { self.value(ty, depth) }
    }

    pub fn condition(&mut self, depth: u32) -> Expr {
        if depth > 0 && self.r.chance(60) {
            let parts = |s: &mut Self| (0..2 + s.r.below(3)).map(|_| s.condition(depth - 1)).collect();
            return match self.r.below(5) {
                0 | 1 => condition(ExprKind::And(parts(self)), "and"),
                2 | 3 => condition(ExprKind::Or(parts(self)), "or"),
                _ => {
                    let movement = std::mem::replace(&mut self.movement, false);
                    let inner = self.condition(depth - 1);
                    self.movement = movement;
                    condition(ExprKind::Not(inner.into()), "not")
                }
            };
        }
        if self.movement && self.r.chance(20) {
            return self.moved();
        }
        if self.audiences > 0 && self.r.chance(15) {
            let position = self.r.index(self.audiences);
            return condition(ExprKind::InAudience(position), "in audience");
        }
        let ty = self.any_type();
        let of = self.value(ty, 2);
        self.test(ty, of, |s, ty| s.right_side(ty, 1))
    }

    fn test(&mut self, ty: Type, of: Expr, mut other: impl FnMut(&mut Self, Type) -> Expr) -> Expr {
        let text = matches!(ty, Type::Text | Type::ListOfText);
        let kind = match self.r.below(8) {
            0 => ExprKind::IsKnown(of.into()),
            1 => {
                let values = (0..=self.r.below(3)).map(|_| value(self.r, ty, self.now)).collect();
                ExprKind::OneOf(of.into(), values)
            }
            2 | 3 if text => ExprKind::Contains(of.into(), self.r.of(&["a", "WEB", "ss", "ß", ""]).into()),
            4 if text => ExprKind::StartsWith(of.into(), self.r.of(&["w", "STR", "ab"]).into()),
            4 | 5 if matches!(ty, Type::Date | Type::Time) => {
                let days = self.days();
                if self.r.chance(50) {
                    ExprKind::Falls(of.into(), days)
                } else {
                    ExprKind::During(of.into(), days)
                }
            }
            2 | 3 if !text => {
                let (low, high) = (other(self, ty), other(self, ty));
                ExprKind::Between(of.into(), low.into(), high.into())
            }
            4 | 5 if ty == Type::YesNo => ExprKind::Truth(of.into()),
            _ => {
                let (comparison, right) = (self.comparison(ty), other(self, ty));
                ExprKind::Compare(comparison, of.into(), right.into())
            }
        };
        condition(kind, "test")
    }

    /// A condition over the fields of an order.
    fn filter(&mut self, event: EventId, depth: u32) -> Expr {
        if depth > 0 && self.r.chance(30) {
            let parts = vec![self.filter(event, depth - 1), self.filter(event, depth - 1)];
            return match self.r.below(3) {
                0 => condition(ExprKind::And(parts), "and"),
                1 => condition(ExprKind::Or(parts), "or"),
                _ => condition(ExprKind::Not(self.filter(event, depth - 1).into()), "not"),
            };
        }
        let schema = schema();
        let fields = &schema.event(event).fields;
        if fields.is_empty() {
            let constant = self.constant(Type::YesNo);
            return condition(ExprKind::Truth(constant.into()), "truth");
        }
        let field = self.r.index(fields.len());
        let ty = fields[field].ty;
        let field = EventFieldId(u16::try_from(field).unwrap());
        let of = expr(ExprKind::EventField(event, field), ty, "event field");
        self.test(ty, of, Self::constant)
    }
}
