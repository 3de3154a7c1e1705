//! The syntax tree as a few indented lines: what was understood, without where it stood.

use std::fmt::Write as _;

use cvmd::language::tree::{
    Action, AttributeType, Expr, ExprKind, File, GuardWords, Item, ItemKind, MessageClause, MovementWords,
    Name, PeriodWords, PolicyClause, QuietClockWords, QuietWords, RuleClause, ScheduleWords, ThresholdWords,
    WebhookClause, WindowWords, WorkspaceClause, ZoneWords,
};
use cvmd::model::Date;
use cvmd::ruleset::{AggregateFunction, Comparison, DaySet, DaySpan, Purpose, QuietSpan, Which};

/// The whole file.
pub(crate) fn file(file: &File) -> String {
    let mut out = String::new();
    for node in &file.items {
        item(&mut out, node);
    }
    out
}

fn item(out: &mut String, item: &Item) {
    let mut lines: Vec<String> = Vec::new();
    let head = match &item.kind {
        ItemKind::Workspace { name, clauses } => {
            lines.extend(clauses.iter().map(workspace_clause));
            format!("workspace {}", name.as_ref().map_or("-".into(), self::name))
        }
        ItemKind::Attribute { name, ty, set_by_rules } => {
            format!(
                "attribute {} {}{}",
                self::name(name),
                attribute_type(ty),
                if *set_by_rules { " set by rules" } else { "" }
            )
        }
        ItemKind::Event { name, fields } => {
            lines.extend(
                fields.iter().map(|(field, ty)| format!("{} {}", self::name(field), attribute_type(ty))),
            );
            format!("event {}", self::name(name))
        }
        ItemKind::Segments { name, places } => {
            for (place, when) in places {
                let when = when.as_ref().map_or("otherwise".into(), |when| format!("when {}", expr(when)));
                lines.push(format!("{} {when}", self::name(place)));
            }
            format!("segments {}", name.as_ref().map_or("-".into(), self::name))
        }
        ItemKind::Audience { name, when } => {
            format!("audience {} when {}", self::name(name), when.as_ref().map_or("-".into(), expr))
        }
        ItemKind::Message { name, clauses } => {
            lines.extend(clauses.iter().map(message_clause));
            format!("message {}", self::name(name))
        }
        ItemKind::Webhook { name, url, secrets, terms } => {
            lines.push(format!("post {}", url.as_ref().map_or("-".into(), self::name)));
            lines.extend(secrets.iter().map(|secret| format!("secret {}", self::name(secret))));
            lines.extend(terms.iter().map(|(term, _)| webhook_clause(term)));
            format!("webhook {}", self::name(name))
        }
        ItemKind::Policy { name, clauses } => {
            for (clause, _) in clauses {
                lines.push(policy_clause(clause));
            }
            format!("policy {}", self::name(name))
        }
        ItemKind::Rule { name, title, clauses } => {
            for clause in clauses {
                rule_clause(&mut lines, clause);
            }
            let title = title.as_ref().map_or(String::new(), |title| format!(" {}", self::name(title)));
            format!("rule {}{title}", name.as_ref().map_or("-".into(), self::name))
        }
    };
    let _ = writeln!(out, "{head}{}", if item.broken { " (broken)" } else { "" });
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

fn webhook_clause(clause: &WebhookClause) -> String {
    match clause {
        WebhookClause::Header { name, secret } => {
            format!("header {} from {}", self::name(name), self::name(secret))
        }
        WebhookClause::AtOnce(calls) => format!("at once {calls}"),
        WebhookClause::Rate { calls, per } => format!("rate {calls} in {per}"),
        WebhookClause::AnswerWithin(wait) => format!("answer within {wait}"),
    }
}

fn name(name: &Name) -> String {
    if name.quoted { format!("{:?}", name.text) } else { name.text.clone() }
}

fn workspace_clause(clause: &WorkspaceClause) -> String {
    match clause {
        WorkspaceClause::Currency(currency, _) => format!("currency {currency}"),
        WorkspaceClause::TimeZone(zone) => format!("time zone {}", name(zone)),
        WorkspaceClause::FirstRun(limit, _) => format!("first run {limit}"),
        WorkspaceClause::Clv(_) => "clv".into(),
    }
}

fn attribute_type(ty: &AttributeType) -> String {
    match ty {
        AttributeType::Choice { values, ordered } => {
            let values: Vec<String> = values.iter().map(name).collect();
            format!("choice {}", values.join(if *ordered { " < " } else { " | " }))
        }
        AttributeType::Money => "money".into(),
        AttributeType::Number => "number".into(),
        AttributeType::Percent => "percent".into(),
        AttributeType::Duration => "duration".into(),
        AttributeType::Date => "date".into(),
        AttributeType::Time => "time".into(),
        AttributeType::Text => "text".into(),
        AttributeType::YesNo => "yes/no".into(),
        AttributeType::ListOfText => "list of text".into(),
    }
}

fn message_clause(clause: &MessageClause) -> String {
    match clause {
        MessageClause::Purpose { channel, purpose, webhook } => {
            let purpose = match purpose {
                Purpose::Marketing => "marketing",
                Purpose::Transactional => "transactional",
            };
            let by = webhook.as_ref().map_or(String::new(), |by| format!(" by webhook {}", name(by)));
            format!("{} {purpose}{by}", name(channel))
        }
        MessageClause::Subject(text) => format!("subject {}", name(text)),
        MessageClause::Body(path) => format!("body {}", name(path)),
        MessageClause::Layout(layout) => format!("layout {}", name(layout)),
        MessageClause::Text(text) => format!("text {}", name(text)),
        MessageClause::From(text) => format!("from {}", name(text)),
        MessageClause::ReplyTo(text) => format!("reply to {}", name(text)),
        MessageClause::Preview(text) => format!("preview {}", name(text)),
        MessageClause::Cost(amount) => format!("cost {}", expr(amount)),
        MessageClause::ExpiresAfter(duration, _) => format!("expires after {duration}"),
    }
}

fn period(period: PeriodWords) -> String {
    match period {
        PeriodWords::Day => "per calendar day".into(),
        PeriodWords::Week => "per calendar week".into(),
        PeriodWords::Month => "per calendar month".into(),
        PeriodWords::Rolling(duration) => format!("per rolling {duration}"),
        PeriodWords::RollingDays(days) => format!("per {days} rolling days"),
        PeriodWords::Ever => "ever".into(),
    }
}

fn threshold(words: &ThresholdWords) -> String {
    words.share.map_or_else(|| "no share".to_owned(), |share| share.to_string())
}

fn policy_clause(clause: &PolicyClause) -> String {
    match clause {
        PolicyClause::Cap(cap) => {
            let subject = name(&cap.subject);
            let whom = if cap.in_total { "in total" } else { "per customer" };
            let wait = cap.wait.map_or(String::new(), |wait| format!(" or wait up to {wait}"));
            format!("at most {} {subject} {whom} {}{wait}", cap.count, period(cap.period))
        }
        PolicyClause::Quiet(quiet) => {
            let spans: Vec<String> = quiet.spans.iter().map(quiet_span).collect();
            format!("quiet hours {}{}", spans.join(", "), if quiet.or_skip { " or skip" } else { "" })
        }
        PolicyClause::Guard(clause) => {
            let sign = |words: &GuardWords| {
                let (comparison, _) = words.comparison;
                format!("{} {comparison:?} {}", name(&words.sign), threshold(&words.threshold))
            };
            format!("pause when {}", clause.signs.iter().map(sign).collect::<Vec<_>>().join(" or "))
        }
        PolicyClause::Growth(words) => format!("hold above {}", threshold(words)),
        PolicyClause::Arbitration => "keep highest priority".into(),
    }
}

fn quiet_span(words: &QuietWords) -> String {
    let span = match words.span {
        QuietSpan::Daily { from, to } => format!("{from} to {to}"),
        QuietSpan::Days(days) => format!("days {days:07b}"),
    };
    match &words.clock {
        None => span,
        Some(QuietClockWords::Customer) => format!("{span} by the customer's clock"),
        Some(QuietClockWords::Zone(zone)) => format!("{span} by the clock of {}", name(zone)),
    }
}

fn schedule(words: &ScheduleWords) -> String {
    match words {
        ScheduleWords::Every(duration) => format!("every {duration}"),
        ScheduleWords::Days { days, at } => {
            let days = match days {
                DaySet::Week(bits) => format!("days {bits:07b}"),
                DaySet::MonthDay(day) => format!("month on day {day}"),
                DaySet::MonthEnd => "month on last day".into(),
            };
            format!("every {days} at {}", at.map_or("-".into(), |at| at.to_string()))
        }
        ScheduleWords::Cron(text) => format!("on cron {}", name(text)),
    }
}

fn zone(words: &ZoneWords) -> String {
    match words {
        ZoneWords::None => String::new(),
        ZoneWords::Customer => " customer time".into(),
        ZoneWords::In(zone) => format!(" in {}", name(zone)),
    }
}

fn rule_clause(lines: &mut Vec<String>, clause: &RuleClause) {
    lines.push(match clause {
        RuleClause::Owner(owner) => format!("owner {}", name(owner)),
        RuleClause::Every(words, zone, _) => format!("{}{}", schedule(words), self::zone(zone)),
        RuleClause::Season { from, until } => {
            let day = |day: &Option<(_, _)>| day.map_or("-".into(), |(day, _): (Date, _)| day.to_string());
            format!("season {} .. {}", day(from), day(until))
        }
        RuleClause::IfMissed(duration, _) => format!("if missed, within {duration}"),
        RuleClause::On(event, after, each, _) => {
            let after = after.map_or(String::new(), |(after, _)| format!(" after {after}"));
            format!("on {}{after}{}", name(event), if *each { " for each" } else { "" })
        }
        RuleClause::After(_) => "after".into(),
        RuleClause::When(when) => format!("when {}", expr(when)),
        RuleClause::AtMost { count, period, .. } => format!("at most {count} {}", self::period(*period)),
        RuleClause::InAll(count, period, _) => format!("at most {count} in all {}", self::period(*period)),
        RuleClause::GiveUpAfter(after, _) => format!("give up after {after}"),
        RuleClause::Priority(priority, _) => format!("priority {priority}"),
        RuleClause::Draft(_) => "draft".into(),
        RuleClause::NewMatchesOnly(_) => "new matches only".into(),
        RuleClause::Then(actions) => {
            lines.push("then".into());
            lines.extend(actions.iter().map(|action| format!("  {}", self::action(action))));
            return;
        }
    });
}

fn action(action: &Action) -> String {
    match action {
        Action::Send(message) => format!("send {}", name(message)),
        Action::Call { webhook, fields } => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(value, as_name)| {
                    format!(
                        "{}{}",
                        expr(value),
                        as_name.as_ref().map_or(String::new(), |n| format!(" as {}", name(n)))
                    )
                })
                .collect();
            format!("call {} with [{}]", name(webhook), fields.join(", "))
        }
        Action::Set { attribute, value } => format!("set {} to {}", name(attribute), expr(value)),
    }
}

fn list(exprs: &[Expr]) -> String {
    exprs.iter().map(expr).collect::<Vec<_>>().join(" ")
}

/// One expression, fully parenthesised.
pub(super) fn expr(node: &Expr) -> String {
    match &node.kind {
        ExprKind::Number(text) => format!("number:{text}"),
        ExprKind::Money(text, currency) => format!("money:{text} {currency}"),
        ExprKind::Percent(share) => format!("percent:{share}"),
        ExprKind::Duration(duration) => format!("duration:{duration}"),
        ExprKind::Date(date) => format!("date:{date}"),
        ExprKind::TimeOfDay(time) => format!("time:{time}"),
        ExprKind::Text(text) => format!("{text:?}"),
        ExprKind::YesNo(yes) => format!("yes/no:{yes}"),
        ExprKind::Word(word) => word.clone(),
        ExprKind::Member(event, field) => format!("{}.{}", name(event), name(field)),
        ExprKind::Term(term) => format!("[{}]", term.words()),
        ExprKind::Aggregate { function, event, field, window, filter } => {
            let function = match function {
                AggregateFunction::Count => "count",
                AggregateFunction::Sum => "sum",
                AggregateFunction::Average => "average",
                AggregateFunction::Min => "min",
                AggregateFunction::Max => "max",
                AggregateFunction::First => "first",
                AggregateFunction::Last => "last",
            };
            let field = field.as_ref().map_or(String::new(), |field| format!(".{}", name(field)));
            let window = window.as_ref().map_or(String::new(), |window| format!(" {}", self::window(window)));
            let filter = filter.as_ref().map_or(String::new(), |filter| format!(" where {}", expr(filter)));
            format!("{function}({}{field}{window}{filter})", name(event))
        }
        ExprKind::TimeSince(which, event) => {
            let which = match which {
                Which::First => "first",
                Which::Last => "last",
            };
            format!("(time since {which} {})", name(event))
        }
        ExprKind::OrElse(value, otherwise) => format!("({} or else {})", expr(value), expr(otherwise)),
        ExprKind::ShareOf(share, value) => format!("({share} of {})", expr(value)),
        ExprKind::Compare(sign, left, right) => {
            let sign = match sign {
                Comparison::Equal => "=",
                Comparison::NotEqual => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            format!("({sign} {} {})", expr(left), expr(right))
        }
        ExprKind::Contains(value, text) => format!("(contains {} {})", expr(value), name(text)),
        ExprKind::StartsWith(value, text) => format!("(starts {} {})", expr(value), name(text)),
        ExprKind::OneOf(value, values, negated) => {
            format!("({}in {} [{}])", if *negated { "not " } else { "" }, expr(value), list(values))
        }
        ExprKind::Between(value, low, high) => {
            format!("(between {} {} {})", expr(value), expr(low), expr(high))
        }
        ExprKind::IsKnown(value, known) => {
            format!("({} {})", if *known { "known" } else { "unknown" }, expr(value))
        }
        ExprKind::Falls(value, span) => format!("(falls {} {})", expr(value), day_span(*span)),
        ExprKind::During(value, span, negated) => {
            format!("({}during {} {})", if *negated { "not " } else { "" }, expr(value), day_span(*span))
        }
        ExprKind::Moved(value, words) => {
            let place = |place: &Option<Name>| place.as_ref().map_or("any".into(), name);
            match words {
                MovementWords::Becomes(to) => format!("({} becomes {})", expr(value), name(to)),
                MovementWords::Changes { from, to } => {
                    format!("({} changes {} to {})", expr(value), place(from), place(to))
                }
                MovementWords::Rises => format!("({} rises)", expr(value)),
                MovementWords::Falls => format!("({} falls)", expr(value)),
            }
        }
        ExprKind::Crossed(audience, enters) => {
            format!("({} audience {})", if *enters { "enters" } else { "leaves" }, name(audience))
        }
        ExprKind::InAudience(audience, negated) => {
            format!("({}in audience {})", if *negated { "not " } else { "" }, name(audience))
        }
        ExprKind::And(all) => format!("(and {})", list(all)),
        ExprKind::Or(any) => format!("(or {})", list(any)),
        ExprKind::Not(inner) => format!("(not {})", expr(inner)),
        ExprKind::NotAvailable => "(not available)".into(),
    }
}

fn day_span(span: DaySpan) -> String {
    match span {
        DaySpan::Today => "today".into(),
        DaySpan::Next(duration) => format!("next {duration}"),
        DaySpan::Last(duration) => format!("last {duration}"),
        DaySpan::ThisWeek => "this week".into(),
        DaySpan::ThisMonth => "this month".into(),
        DaySpan::ThisYear => "this year".into(),
    }
}

fn window(window: &WindowWords) -> String {
    match window {
        WindowWords::Last(duration) => format!("in last {duration}"),
        WindowWords::Between(far, near) => format!("from {far} to {near} ago"),
        WindowWords::Today => "today".into(),
        WindowWords::ThisWeek => "this week".into(),
        WindowWords::ThisMonth => "this month".into(),
        WindowWords::ThisYear => "this year".into(),
        WindowWords::Since(Which::First, event) => format!("since first {}", name(event)),
        WindowWords::Since(Which::Last, event) => format!("since {}", name(event)),
        WindowWords::SinceDay(day) => format!("since {day}"),
    }
}
