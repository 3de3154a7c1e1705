//! The slow, obvious interpreter: walks expressions over profiles and orders as they are stored,
//! one customer and one clause at a time. It shares the contracts with the engine, and no code.

use cvmd::model::{Currency, Instant};
use cvmd::record::{Deed, DeedKind, Event, Line, Order, Profile};
use cvmd::ruleset::{
    AggregateFunction, Comparison, DaySpan, EventFieldId, EventId, Expr, ExprKind, Movement, RuleSet, Type,
    Value, Which, Window,
};
use jiff::ToSpan;
use jiff::tz::TimeZone;

/// A known value: an exact number in the type's smallest unit, or texts (several for a list).
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    Number(i128),
    Texts(Vec<String>),
}

/// What everything is judged by.
pub struct World<'a> {
    pub rules: &'a RuleSet,
    pub now: Instant,
    pub zone: &'a TimeZone,
}

/// Says who moved.
pub type Moved<'a> = &'a dyn Fn(Movement) -> Option<bool>;

/// Whom it is judged for; inside `where` also which event.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub profile: &'a Profile,
    pub orders: &'a [Order],
    pub events: &'a [Event],
    pub deeds: &'a [Deed],
    pub event: Option<Happening<'a>>,
    /// What the rule fires on.
    pub fired: Option<(EventId, Happening<'a>)>,
    /// Whether they moved; no population says it.
    pub moved: Option<Moved<'a>>,
}

/// One event of any kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Happening<'a> {
    Order(&'a Order),
    Told(&'a Event),
    Done(&'a Deed),
}

impl Happening<'_> {
    pub fn time(self) -> Instant {
        match self {
            Happening::Order(order) => order.time,
            Happening::Told(event) => event.time,
            Happening::Done(deed) => deed.at,
        }
    }

    /// What comes first of several at one instant: what was told, by its id, then what we did, by
    /// its words.
    fn rank(&self) -> (bool, Vec<&str>) {
        match self {
            Happening::Order(order) => (false, vec![&order.id]),
            Happening::Told(event) => (false, vec![&event.id]),
            Happening::Done(deed) => (true, vec![&deed.message, &deed.rule, &deed.channel.0]),
        }
    }
}

fn fits(number: i128) -> Option<Known> {
    i64::try_from(number).ok().map(|_| Known::Number(number))
}

/// Rounds a fraction to a whole number, a half to the even neighbour.
fn rounded(numerator: i128, denominator: i128) -> i128 {
    let down = numerator.div_euclid(denominator);
    let twice = 2 * numerator.rem_euclid(denominator);
    if twice > denominator || twice == denominator && down.rem_euclid(2) == 1 { down + 1 } else { down }
}

fn constant(value: &Value) -> Known {
    match value {
        Value::Text(text) => Known::Texts(vec![text.clone()]),
        other => Known::Number(i128::from(other.scalar().unwrap())),
    }
}

fn split(text: &str) -> Known {
    Known::Texts(text.split('\u{1f}').map(String::from).collect())
}

impl World<'_> {
    fn foreign(&self, order: &Order) -> bool {
        let ours: Option<Currency> = self.rules.workspace.currency;
        order.currency.is_some() && order.currency != ours
    }

    /// The events of a kind up to now in their order; of orders, refunds among them or not.
    pub fn seen<'o>(&self, subject: Subject<'o>, kind: EventId, refunds: bool) -> Vec<Happening<'o>> {
        let name = &self.rules.schema.event(kind).name;
        let orders = subject.orders.iter().filter(|o| name == "order" && (refunds || o.total.0 >= 0));
        let told = subject.events.iter().filter(|event| event.name == *name);
        let done = subject.deeds.iter().filter(|deed| match deed.kind {
            DeedKind::Sent => name == "sent",
            DeedKind::Bounced => name == "bounced",
        });
        let mut all: Vec<Happening<'o>> = orders
            .map(Happening::Order)
            .chain(told.map(Happening::Told))
            .chain(done.map(Happening::Done))
            .collect();
        all.retain(|one| one.time() <= self.now);
        all.sort_by(|a, b| a.time().cmp(&b.time()).then_with(|| a.rank().cmp(&b.rank())));
        all
    }

    fn end<'o>(&self, subject: Subject<'o>, kind: EventId, which: Which) -> Option<Happening<'o>> {
        let seen = self.seen(subject, kind, false);
        match which {
            Which::First => seen.first().copied(),
            Which::Last => seen.last().copied(),
        }
    }

    /// Whether an instant is in a window; unknown where the window begins with what never happened.
    fn window(&self, subject: Subject<'_>, window: Window, time: Instant) -> Option<bool> {
        let (now, then) = (i128::from(self.now.0), i128::from(time.0));
        let zoned =
            |ms: Instant| jiff::Timestamp::from_millisecond(ms.0).unwrap().to_zoned(self.zone.clone()).date();
        let monday = |date: jiff::civil::Date| {
            let days = i128::from(cvmd::model::Date::from_civil(date).0);
            (days + 3).div_euclid(7) // 1970-01-01 was a Thursday
        };
        Some(match window {
            Window::Since { event, which } => time >= self.end(subject, event, which)?.time(),
            Window::SinceDay(day) => zoned(time) >= day.to_civil().unwrap(),
            Window::All => true,
            Window::Last(d) => then >= now - i128::from(d.0),
            Window::Between { far, near } => {
                then >= now - i128::from(far.0) && then <= now - i128::from(near.0)
            }
            Window::Today => zoned(time) == zoned(self.now),
            Window::ThisWeek => monday(zoned(time)) == monday(zoned(self.now)),
            Window::ThisMonth => zoned(time).first_of_month() == zoned(self.now).first_of_month(),
            Window::ThisYear => zoned(time).year() == zoned(self.now).year(),
        })
    }

    fn civil(&self, ms: i128) -> jiff::civil::Date {
        let stamp = jiff::Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap();
        stamp.to_zoned(self.zone.clone()).date()
    }

    /// The day of a date (days since 1970) or of an instant.
    fn day(&self, ty: Type, number: i128) -> jiff::civil::Date {
        if ty == Type::Date {
            cvmd::model::Date(i32::try_from(number).unwrap()).to_civil().unwrap()
        } else {
            self.civil(number)
        }
    }

    /// Whether a day is among those that the words mean.
    fn day_within(&self, day: jiff::civil::Date, span: DaySpan) -> bool {
        let now = i128::from(self.now.0);
        let today = self.civil(now);
        let after = |length: i64, sign: i64| {
            if length % 86_400_000 == 0 {
                today.checked_add((sign * length / 86_400_000).days()).unwrap()
            } else {
                self.civil(now + i128::from(sign * length))
            }
        };
        match span {
            DaySpan::Today => day == today,
            DaySpan::Next(length) => today <= day && day <= after(length.0, 1),
            DaySpan::Last(length) => after(length.0, -1) <= day && day <= today,
            DaySpan::ThisWeek => {
                day.iso_week_date().year() == today.iso_week_date().year()
                    && day.iso_week_date().week() == today.iso_week_date().week()
            }
            DaySpan::ThisMonth => (day.year(), day.month()) == (today.year(), today.month()),
            DaySpan::ThisYear => day.year() == today.year(),
        }
    }

    fn during(&self, ty: Type, number: i128, span: DaySpan) -> bool {
        let now = i128::from(self.now.0);
        match span {
            DaySpan::Next(d) if ty == Type::Time => now <= number && number <= now + i128::from(d.0),
            DaySpan::Last(d) if ty == Type::Time => now - i128::from(d.0) <= number && number <= now,
            _ => self.day_within(self.day(ty, number), span),
        }
    }

    /// Tries the day in each year around.
    fn falls(&self, ty: Type, number: i128, span: DaySpan) -> bool {
        let born = self.day(ty, number);
        let this_year = self.civil(i128::from(self.now.0)).year();
        (this_year - 5..=this_year + 5).any(|year| {
            let in_year = jiff::civil::Date::new(year, born.month(), born.day());
            let day = in_year.unwrap_or_else(|_| jiff::civil::date(year, 2, 28));
            self.day_within(day, span)
        })
    }

    pub fn value(&self, subject: Subject<'_>, expr: &Expr) -> Option<Known> {
        match &expr.kind {
            ExprKind::Constant(value) => Some(constant(value)),
            ExprKind::Field(id) => {
                let field = self.rules.schema.field(*id);
                let (_, text) = subject.profile.values.iter().find(|(name, _)| *name == field.name)?;
                if field.ty == Type::ListOfText {
                    return Some(split(text));
                }
                self.rules.schema.read_canonical(field.ty, text).map(|value| constant(&value))
            }
            ExprKind::EventField(event, field) => self.event_field(subject.event?, *event, *field),
            ExprKind::Fired(event, field) => {
                let (_, fired) = subject.fired.filter(|(kind, _)| kind == event)?;
                self.event_field(fired, *event, *field)
            }
            ExprKind::Aggregate { function, event, field, window, filter } => {
                self.aggregate(subject, *function, (*event, *field), *window, filter.as_deref())
            }
            ExprKind::TimeSince { event, which } => {
                let end = self.end(subject, *event, *which)?;
                fits(i128::from(self.now.0) - i128::from(end.time().0))
            }
            ExprKind::Frequency => {
                let repeats = self.seen(subject, EventId::ORDER, false).len().saturating_sub(1);
                Some(Known::Number(repeats as i128 * 1_000_000))
            }
            ExprKind::Segment(position) => {
                let conditions = &self.rules.segments[*position].conditions;
                for (place, condition) in conditions.iter().enumerate() {
                    if self.truth(subject, condition)? {
                        return Some(Known::Number(place as i128));
                    }
                }
                Some(Known::Number(conditions.len() as i128))
            }
            ExprKind::OrElse(a, b) => self.value(subject, a).or_else(|| self.value(subject, b)),
            ExprKind::ShareOf(share, of) => {
                let Known::Number(number) = self.value(subject, of)? else { panic!("share of a text") };
                let step = if of.ty == Type::Money { 100 } else { 1 };
                fits(rounded(number * i128::from(share.0), 1_000_000 * step) * step)
            }
            _ => panic!("a condition is no value"),
        }
    }

    pub fn event_field(&self, event: Happening<'_>, kind: EventId, field: EventFieldId) -> Option<Known> {
        let field = self.rules.schema.event(kind).field(field);
        match event {
            Happening::Order(order) => self.order_field(order, &field.name),
            Happening::Told(event) => {
                let (_, text) = event.fields.iter().find(|(name, _)| *name == field.name)?;
                if field.ty == Type::ListOfText {
                    return Some(split(text));
                }
                self.rules.schema.read_canonical(field.ty, text).map(|value| constant(&value))
            }
            Happening::Done(deed) => Some(Known::Texts(vec![match field.name.as_str() {
                "message" => deed.message.clone(),
                "rule" => deed.rule.clone(),
                "channel" => deed.channel.0.clone(),
                other => panic!("what we did has no {other}"),
            }])),
        }
    }

    fn order_field(&self, order: &Order, field: &str) -> Option<Known> {
        let texts = |of: fn(&Line) -> &Option<String>| {
            let mut texts: Vec<String> = Vec::new();
            for text in order.lines.iter().filter_map(|line| of(line).clone()) {
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
            (!texts.is_empty()).then_some(Known::Texts(texts))
        };
        match field {
            "total" if self.foreign(order) => None,
            "total" => Some(Known::Number(i128::from(order.total.0))),
            "quantity" if order.lines.is_empty() => None,
            "quantity" => {
                let pieces: Option<Vec<i128>> =
                    order.lines.iter().map(|line| Some(i128::from(line.quantity?.0))).collect();
                fits(pieces?.iter().sum())
            }
            "product" => texts(|line| &line.product),
            "category" => texts(|line| &line.category),
            "channel" => texts(|line| &line.channel),
            other => panic!("an order has no {other}"),
        }
    }

    fn aggregate(
        &self,
        subject: Subject<'_>,
        function: AggregateFunction,
        (event, field): (EventId, Option<EventFieldId>),
        window: Window,
        filter: Option<&Expr>,
    ) -> Option<Known> {
        let kind = self.rules.schema.event(event);
        let money = field.is_some_and(|field| kind.field(field).ty == Type::Money);
        let totals = money && event == EventId::ORDER;
        let orders = self.seen(subject, EventId::ORDER, true);
        let foreign = |one: &Happening<'_>| matches!(one, Happening::Order(order) if self.foreign(order));
        if totals && orders.iter().any(foreign) {
            return None;
        }
        let mut seen = Vec::new();
        // Asked once although nothing may be in it: whether the window has a beginning.
        self.window(subject, window, self.now)?;
        for one in self.seen(subject, event, totals && function == AggregateFunction::Sum) {
            let inside = Subject { event: Some(one), ..subject };
            let judged = filter.is_none_or(|filter| self.truth(inside, filter) == Some(true));
            // The event that fired is in every `in last D`.
            let fired = matches!(window, Window::Last(_)) && subject.fired == Some((event, one));
            if (self.window(subject, window, one.time())? || fired) && judged {
                seen.push(one);
            }
        }
        if function == AggregateFunction::Count {
            return Some(Known::Number(seen.len() as i128 * 1_000_000));
        }
        let cent = |number: i128| if money { rounded(number, 100) * 100 } else { number };
        let end = match function {
            AggregateFunction::First => Some(seen.first()),
            AggregateFunction::Last => Some(seen.last()),
            _ => None,
        };
        if let Some(end) = end {
            return self.event_field(*end?, event, field.unwrap()).map(|known| match known {
                Known::Number(number) => Known::Number(cent(number)),
                texts @ Known::Texts(_) => texts,
            });
        }
        let mut numbers = Vec::new();
        for one in seen {
            let Known::Number(number) = self.event_field(one, event, field.unwrap())? else {
                panic!("a sum of texts")
            };
            numbers.push(number);
        }
        let (sum, count): (i128, i128) = (numbers.iter().sum(), numbers.len() as i128);
        match function {
            AggregateFunction::Count | AggregateFunction::First | AggregateFunction::Last => unreachable!(),
            AggregateFunction::Sum => fits(sum).and_then(|_| fits(cent(sum))),
            AggregateFunction::Average if count == 0 => None,
            AggregateFunction::Average if money => fits(rounded(sum, count * 100) * 100),
            AggregateFunction::Average => fits(rounded(sum, count)),
            AggregateFunction::Min => numbers.into_iter().min().map(|n| Known::Number(cent(n))),
            AggregateFunction::Max => numbers.into_iter().max().map(|n| Known::Number(cent(n))),
        }
    }

    /// Unknown is `None`.
    pub fn truth(&self, subject: Subject<'_>, expr: &Expr) -> Option<bool> {
        match &expr.kind {
            ExprKind::Compare(comparison, a, b) => {
                Some(compare(*comparison, &self.value(subject, a)?, &self.value(subject, b)?))
            }
            ExprKind::Contains(of, part) => {
                let Known::Texts(texts) = self.value(subject, of)? else { panic!("no text") };
                Some(texts.iter().any(|text| text.to_lowercase().contains(&part.to_lowercase())))
            }
            ExprKind::StartsWith(of, start) => {
                let Known::Texts(texts) = self.value(subject, of)? else { panic!("no text") };
                Some(texts.iter().any(|text| text.to_lowercase().starts_with(&start.to_lowercase())))
            }
            ExprKind::OneOf(of, values) => {
                let value = self.value(subject, of)?;
                Some(values.iter().any(|v| compare(Comparison::Equal, &value, &constant(v))))
            }
            ExprKind::Between(of, low, high) => {
                let side = |comparison, a: &Expr, b: &Expr| {
                    Some(compare(comparison, &self.value(subject, a)?, &self.value(subject, b)?))
                };
                all([side(Comparison::GreaterOrEqual, of, low), side(Comparison::LessOrEqual, of, high)])
            }
            ExprKind::IsKnown(of) => Some(self.value(subject, of).is_some()),
            ExprKind::Truth(of) => self.value(subject, of).map(|value| value == Known::Number(1)),
            ExprKind::During(of, span) => {
                let Known::Number(number) = self.value(subject, of)? else { panic!("no day") };
                Some(self.during(of.ty, number, *span))
            }
            ExprKind::Falls(of, span) => {
                let Known::Number(number) = self.value(subject, of)? else { panic!("no day") };
                Some(self.falls(of.ty, number, *span))
            }
            ExprKind::Moved(movement) => subject.moved.and_then(|moved| moved(*movement)),
            ExprKind::InAudience(position) => self.truth(subject, &self.rules.audiences[*position].when),
            ExprKind::And(parts) => all(parts.iter().map(|part| self.truth(subject, part))),
            ExprKind::Or(parts) => {
                all(parts.iter().map(|part| self.truth(subject, part).map(|t| !t))).map(|t| !t)
            }
            ExprKind::Not(of) => self.truth(subject, of).map(|truth| !truth),
            _ => panic!("a value is no condition"),
        }
    }
}

/// `false and unknown` is false; otherwise unknown spreads.
fn all(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Vec<Option<bool>> = parts.into_iter().collect();
    if parts.contains(&Some(false)) {
        Some(false)
    } else if parts.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn compare(comparison: Comparison, a: &Known, b: &Known) -> bool {
    let (a, b) = match (a, b) {
        (Known::Number(a), Known::Number(b)) => (*a, *b),
        (Known::Texts(a), Known::Texts(b)) => {
            let equal = a.iter().any(|text| b.contains(text));
            return match comparison {
                Comparison::Equal => equal,
                Comparison::NotEqual => !equal,
                _ => panic!("texts have no order"),
            };
        }
        _ => panic!("a text against a number"),
    };
    match comparison {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
    }
}
