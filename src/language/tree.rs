//! The syntax tree: what was written, with spans, before any name is looked up.

mod guard;
mod same;
mod term;
mod webhook;

pub use guard::{GuardClause, GuardWords, ThresholdWords};
pub use term::Term;
pub use webhook::WebhookClause;

use crate::diagnostic::{FileId, Span};
use crate::model::{Currency, Date, Duration, Share, TimeOfDay};
use crate::ruleset::{AggregateFunction, Comparison, DaySet, DaySpan, Purpose, QuietSpan, Which};

/// A word or text with its span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The text, quotes removed.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// Whether it was written in quotes.
    pub quoted: bool,
}

/// A parsed file. Broken items and clauses are left out; each has its diagnostic.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Which file.
    pub id: FileId,
    /// Its items in order.
    pub items: Vec<Item>,
}

/// An item: what a line with text in column 1 begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// From its first word to the end of its last clause.
    pub span: Span,
    /// Its first line's words up to the name, for diagnostics that concern the whole item.
    pub head: Span,
    /// What it declares.
    pub kind: ItemKind,
    /// `formerly OLD_NAME`: what it was called before.
    pub formerly: Option<Name>,
    /// Whether a clause of it was left out as broken: the checker then keeps silent about what is missing.
    pub broken: bool,
}

/// The kinds of items that this version runs. Others (`journey`, `test`, `tiers`, `offer`,
/// `budget`) are answered with `not available yet` and left out.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `workspace NAME` and its lines.
    Workspace {
        /// Its name.
        name: Option<Name>,
        /// Its lines.
        clauses: Vec<WorkspaceClause>,
    },
    /// `attribute NAME TYPE [set by rules]`.
    Attribute {
        /// Its name.
        name: Name,
        /// Its type.
        ty: AttributeType,
        /// Written by rules.
        set_by_rules: bool,
    },
    /// `event NAME` and its fields.
    Event {
        /// Its name.
        name: Name,
        /// The fields with their types, in the order written.
        fields: Vec<(Name, AttributeType)>,
    },
    /// `segments [NAME]` and its lines.
    Segments {
        /// The field's name; `segment` where none is written.
        name: Option<Name>,
        /// Place and condition; the last has none (`otherwise`), else the checker objects.
        places: Vec<(Name, Option<Expr>)>,
    },
    /// `audience NAME when …`.
    Audience {
        /// Its name.
        name: Name,
        /// Who is in it.
        when: Option<Expr>,
    },
    /// `message NAME` and its clauses.
    Message {
        /// Its name.
        name: Name,
        /// Its clauses.
        clauses: Vec<MessageClause>,
    },
    /// `webhook NAME` and its clauses.
    Webhook {
        /// Its name.
        name: Name,
        /// The address, in quotes.
        url: Option<Name>,
        /// `signed with secret A, B`.
        secrets: Vec<Name>,
        /// Its other clauses in order, with their spans.
        terms: Vec<(WebhookClause, Span)>,
    },
    /// `policy NAME` and its clauses.
    Policy {
        /// Its name.
        name: Name,
        /// Its clauses in order, with their spans.
        clauses: Vec<(PolicyClause, Span)>,
    },
    /// `rule NAME ["title"]` and its clauses, or the bare `when … then …` (no name).
    Rule {
        /// Its name; none for a bare rule.
        name: Option<Name>,
        /// The sentence beside it.
        title: Option<Name>,
        /// Its clauses in order.
        clauses: Vec<RuleClause>,
    },
}

/// A line of `workspace`.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkspaceClause {
    /// `currency EUR`.
    Currency(Currency, Span),
    /// `time zone Europe/Madrid`.
    TimeZone(Name),
    /// `first run 1000`.
    FirstRun(u64, Span),
    /// `clv in 12 months, discount 10%, margin 35%`: read, kept for the value model.
    Clv(Span),
}

/// The type of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeType {
    /// `money`
    Money,
    /// `number`
    Number,
    /// `percent`
    Percent,
    /// `duration`
    Duration,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `text`
    Text,
    /// `yes/no`
    YesNo,
    /// `list of text`
    ListOfText,
    /// `choice a < b < c` (ordered) or `choice a | b`.
    Choice {
        /// Its values.
        values: Vec<Name>,
        /// Whether `<` stood between them.
        ordered: bool,
    },
}

/// A clause of `message`.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageClause {
    /// `email marketing`, `sms marketing by webhook sms_gateway`.
    Purpose {
        /// `email`, or the other channel's name.
        channel: Name,
        /// Why it is sent.
        purpose: Purpose,
        /// The webhook that carries it.
        webhook: Option<Name>,
    },
    /// `subject "…"`.
    Subject(Name),
    /// `body FILE`.
    Body(Name),
    /// `layout NAME`.
    Layout(Name),
    /// `text "…"`.
    Text(Name),
    /// `from "…"`.
    From(Name),
    /// `reply to "…"`.
    ReplyTo(Name),
    /// `preview "…"`.
    Preview(Name),
    /// `cost 0.02 EUR`.
    Cost(Expr),
    /// `expires after 1 day`.
    ExpiresAfter(Duration, Span),
}

/// A clause of `policy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyClause {
    /// `at most N emails per customer per day`.
    Cap(CapClause),
    /// `quiet hours 21:00 to 08:30 customer time`.
    Quiet(QuietClause),
    /// `if several rules want one customer, keep highest priority`.
    Arbitration,
    /// `pause a rule when bounces > 5% or complaints > 0.3%`.
    Guard(GuardClause),
    /// `hold a run when its audience grew by more than 50%`.
    Growth(ThresholdWords),
}

/// `quiet hours 21:00 to 08:30 customer time, all of sunday or skip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietClause {
    /// Its spans, one or more.
    pub spans: Vec<QuietWords>,
    /// Whether `or skip` ends it.
    pub or_skip: bool,
}

/// One span of quiet hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietWords {
    /// When on the clock.
    pub span: QuietSpan,
    /// By whose clock, where it is written behind this span.
    pub clock: Option<QuietClockWords>,
    /// Where it is written.
    pub place: Span,
}

/// By whose clock quiet hours are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuietClockWords {
    /// `customer time`.
    Customer,
    /// `in Europe/Madrid`.
    Zone(Name),
}

/// `at most N emails per customer per day`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapClause {
    /// How many.
    pub count: u32,
    /// `email(s)`, `message(s)` or another channel's name, singular.
    pub subject: Name,
    /// In what.
    pub period: PeriodWords,
    /// Whether it counts everybody together (`in total`), else each customer.
    pub in_total: bool,
    /// `or wait up to 2 days`.
    pub wait: Option<Duration>,
}

/// The words of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodWords {
    /// `per day`
    Day,
    /// `per week`
    Week,
    /// `per month`
    Month,
    /// `per 24 hours`, `per 90 minutes`
    Rolling(Duration),
    /// `per 7 days`, `per 2 weeks`
    RollingDays(u32),
    /// `ever`
    Ever,
}

/// A clause of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleClause {
    /// `owner "…"`.
    Owner(Name),
    /// `every …`, `on cron "…"`.
    Every(ScheduleWords, ZoneWords, Span),
    /// `from 2026-11-26 until 2026-12-31`, or one of the two.
    Season {
        /// The first day and where it stands.
        from: Option<(Date, Span)>,
        /// The last day and where it stands.
        until: Option<(Date, Span)>,
    },
    /// `if missed, run within 6 hours`.
    IfMissed(Duration, Span),
    /// `on cart_abandoned, after 2 hours, for each event`: which, how long it waits, whether each, where.
    On(Name, Option<(Duration, Span)>, bool, Span),
    /// `after 2 hours` without `on`: an error of the checker.
    After(Span),
    /// `when …`.
    When(Expr),
    /// `at most once per 30 days`, `at most once ever`, `at most 3 times per week`.
    AtMost {
        /// How many.
        count: u32,
        /// In what.
        period: PeriodWords,
        /// Where.
        span: Span,
    },
    /// `at most 2000 per day`: how many customers, all together; in what; where.
    InAll(u32, PeriodWords, Span),
    /// `give up after 3 days`.
    GiveUpAfter(Duration, Span),
    /// `priority 80`.
    Priority(u8, Span),
    /// `draft`: rehearsed, nothing goes out.
    Draft(Span),
    /// `new matches only`.
    NewMatchesOnly(Span),
    /// `then …`: its actions.
    Then(Vec<Action>),
}

/// When it fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleWords {
    /// `every 15 minutes`.
    Every(Duration),
    /// `every day at 09:00`, `every monday, thursday at 09:00`, `every month on last day at 09:00`.
    Days {
        /// Which days.
        days: DaySet,
        /// What time; none written is an error of the checker.
        at: Option<TimeOfDay>,
    },
    /// `on cron "0 9 * * mon-fri"`: the expression is the checker's to read.
    Cron(Name),
}

/// Whose clock a schedule is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneWords {
    /// Nothing is written.
    None,
    /// `customer time`.
    Customer,
    /// `in Europe/Madrid`.
    In(Name),
}

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `send MESSAGE`.
    Send(Name),
    /// `call WEBHOOK [with VALUE [as NAME], …]`.
    Call {
        /// The webhook.
        webhook: Name,
        /// Values with the names they are given.
        fields: Vec<(Expr, Option<Name>)>,
    },
    /// `set ATTRIBUTE to VALUE`.
    Set {
        /// The attribute.
        attribute: Name,
        /// What it becomes.
        value: Expr,
    },
}

/// An expression with its span.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expressions. One kind for values and conditions: the checker tells them apart.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `500`, `99.95`.
    Number(String),
    /// `500 EUR`.
    Money(String, Currency),
    /// `10%`.
    Percent(Share),
    /// `90 days`.
    Duration(Duration),
    /// `2026-11-26`.
    Date(Date),
    /// `09:00`.
    TimeOfDay(TimeOfDay),
    /// `"text"`.
    Text(String),
    /// `yes`, `no`.
    YesNo(bool),
    /// A field, attribute, segmentation, or, after a comparison, a value of a choice.
    Word(String),
    /// `cart_abandoned.value`, `order.total`.
    Member(Name, Name),
    /// A word the engine computes.
    Term(Term),
    /// `count(order in last 90 days where …)`.
    Aggregate {
        /// Which.
        function: AggregateFunction,
        /// The event.
        event: Name,
        /// Its field; none for `count`.
        field: Option<Name>,
        /// From when to when.
        window: Option<WindowWords>,
        /// Which events.
        filter: Option<Box<Expr>>,
    },
    /// `time since last order`.
    TimeSince(Which, Name),
    /// `(VALUE or else VALUE)`.
    OrElse(Box<Expr>, Box<Expr>),
    /// `50% of VALUE`.
    ShareOf(Share, Box<Expr>),
    /// `a < b`.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `contains "x"`.
    Contains(Box<Expr>, Name),
    /// `starts with "x"`.
    StartsWith(Box<Expr>, Name),
    /// `in (a, b)`; the flag says `not in`.
    OneOf(Box<Expr>, Vec<Expr>, bool),
    /// `between A and B`.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `is known` (true) or `is unknown` (false).
    IsKnown(Box<Expr>, bool),
    /// `falls today`, `falls in next 7 days`: its day and month, whatever the year.
    Falls(Box<Expr>, DaySpan),
    /// `in next 30 days`, `in this month`; the flag says `not in`.
    During(Box<Expr>, DaySpan, bool),
    /// `becomes lapsing`, `changes`, `rises`: what a tick sees of a place.
    Moved(Box<Expr>, MovementWords),
    /// `enters audience NAME` (true), `leaves audience NAME` (false).
    Crossed(Name, bool),
    /// `in audience NAME`; the flag says `not in`.
    InAudience(Name, bool),
    /// All of them, flattened.
    And(Vec<Expr>),
    /// Any of them, flattened.
    Or(Vec<Expr>),
    /// `not (…)`.
    Not(Box<Expr>),
    /// A construct of the language that this version does not run; its diagnostic is made already.
    NotAvailable,
}

/// The words of a movement between places.
#[derive(Debug, Clone, PartialEq)]
pub enum MovementWords {
    /// `becomes PLACE`.
    Becomes(Name),
    /// `changes [from PLACE] [to PLACE]`.
    Changes {
        /// The place left.
        from: Option<Name>,
        /// The place reached.
        to: Option<Name>,
    },
    /// `rises`.
    Rises,
    /// `falls`.
    Falls,
}

/// The words of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowWords {
    /// `in last D`
    Last(Duration),
    /// `from D to D ago`
    Between(Duration, Duration),
    /// `today`
    Today,
    /// `this week`
    ThisWeek,
    /// `this month`
    ThisMonth,
    /// `this year`
    ThisYear,
    /// `since order`, `since first order`
    Since(Which, Name),
    /// `since 2026-11-26`
    SinceDay(Date),
}
