//! Conditions: comparisons joined by `and`, `or` and `not`, with what people get wrong in them.

use crate::diagnostic::{Applicability, Code, Diagnostic, Fix, Span};
use crate::ruleset::{AggregateFunction, Comparison};

use super::super::clause::Clause;
use super::super::fault::with_fix;
use super::super::foreign;
use super::super::grammar::{Node, Rule};
use super::super::tree::{Expr, ExprKind, MovementWords};
use super::expression::{day_span, operand};
use super::value::literal;
use super::{NAMES, TEXTS, child};

/// Operations joined by `and` or by `or`; both together want parentheses.
pub(super) fn expression(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Expr {
    let span = clause.place(node);
    let (mut operands, mut joints) = (Vec::new(), Vec::new());
    for part in node.clone().into_inner() {
        match part.as_rule() {
            Rule::operation => operands.push(operation(clause, &part, found)),
            Rule::connective => joints.push(is_or(&part)),
            _ => {}
        }
    }
    if operands.len() == 1
        && let Some(only) = operands.pop()
    {
        return only;
    }
    let any_or = joints.contains(&true);
    if any_or && joints.contains(&false) {
        let spellings = take_spellings(span, found);
        found.push(mixed(clause, span, &operands, &joints, &spellings));
    }
    // After the diagnostic the tree goes on with the meaning that the fix would write.
    let groups = grouped(operands, &joints);
    let kind = if any_or { or_of(groups) } else { ExprKind::And(groups.into_iter().flatten().collect()) };
    Expr { kind, span }
}

fn is_or(connective: &Node<'_>) -> bool {
    connective.clone().into_inner().any(|part| matches!(part.as_rule(), Rule::kw_or | Rule::compat_or))
}

/// Runs of operands between `or`s.
fn grouped<T>(operands: Vec<T>, joints: &[bool]) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = vec![Vec::new()];
    for (index, operand) in operands.into_iter().enumerate() {
        if index > 0 && joints.get(index - 1) == Some(&true) {
            groups.push(Vec::new());
        }
        if let Some(last) = groups.last_mut() {
            last.push(operand);
        }
    }
    groups
}

fn or_of(groups: Vec<Vec<Expr>>) -> ExprKind {
    let all = groups.into_iter().filter_map(|mut group| {
        let (first, last) = (group.first()?.span, group.last()?.span);
        if group.len() == 1 {
            return group.pop();
        }
        let span = Span { end: last.end, ..first };
        Some(Expr { kind: ExprKind::And(group), span })
    });
    ExprKind::Or(all.collect())
}

/// Takes the answers to foreign spellings within a span: one answer to one place says both.
fn take_spellings(span: Span, found: &mut Vec<Diagnostic>) -> Vec<Fix> {
    let is_one = |diagnostic: &mut Diagnostic| {
        let fix = diagnostic.fix.as_ref().filter(|fix| fix.applicability == Applicability::Safe);
        fix.is_some_and(|fix| span.start <= fix.span.start && fix.span.end <= span.end)
    };
    found.extract_if(.., is_one).filter_map(|diagnostic| diagnostic.fix).collect()
}

/// What is written in a span, in the spelling of the language.
fn respelt(clause: &Clause<'_>, span: Span, spellings: &[Fix]) -> String {
    let mut inside: Vec<&Fix> =
        spellings.iter().filter(|fix| span.start <= fix.span.start && fix.span.end <= span.end).collect();
    inside.sort_by_key(|fix| fix.span);
    let (mut text, mut at) = (String::new(), span.start);
    for fix in inside {
        text.push_str(clause.written(Span { start: at, end: fix.span.start, ..span }));
        text.push_str(&fix.replacement);
        at = fix.span.end;
    }
    text.push_str(clause.written(Span { start: at, ..span }));
    text
}

fn mixed(
    clause: &Clause<'_>,
    span: Span,
    operands: &[Expr],
    joints: &[bool],
    spellings: &[Fix],
) -> Diagnostic {
    let written = |span| respelt(clause, span, spellings);
    let spans = operands.iter().map(|operand| operand.span).collect();
    let (mut text, mut at) = (String::new(), span.start);
    for group in grouped::<Span>(spans, joints) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let both = Span { end: last.end, ..*first };
        text.push_str(&written(Span { start: at, end: first.start, ..span }));
        let inner = written(both);
        if group.len() > 1 {
            text.push('(');
            text.push_str(&inner);
            text.push(')');
        } else {
            text.push_str(&inner);
        }
        at = last.end;
    }
    text.push_str(&written(Span { start: at, ..span }));
    with_fix(
        Code::MixedAndOr,
        span,
        "`and` beside `or` without parentheses".into(),
        "this may be read in two ways".into(),
        "the two readings reach different customers; parentheses say which is meant",
        (text, Applicability::NeedsReview),
    )
}

fn operation(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Expr {
    let span = clause.place(node);
    let mut parts = node.clone().into_inner();
    let Some(first) = parts.next() else { return Expr { kind: ExprKind::NotAvailable, span } };
    match first.as_rule() {
        Rule::group => Expr { kind: group(clause, &first), span },
        Rule::negation => negation(clause, &first, found),
        _ => tested(clause, &first, parts, span, found),
    }
}

fn group(clause: &Clause<'_>, node: &Node<'_>) -> ExprKind {
    if let Some(crossing) = child(node, &[Rule::crossing]) {
        let enters = child(&crossing, &[Rule::kw_enters, Rule::compat_enters]).is_some();
        let name = child(&crossing, &NAMES).or_else(|| child(&crossing, &[Rule::compat_bare_audience]));
        return name.map_or(ExprKind::NotAvailable, |name| ExprKind::Crossed(clause.name(&name), enters));
    }
    let negated = child(node, &[Rule::kw_not]).is_some();
    child(node, &NAMES)
        .map_or(ExprKind::NotAvailable, |name| ExprKind::InAudience(clause.name(&name), negated))
}

/// `not (…)`. What else `not` stands before is answered with the parentheses.
fn negation(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Expr {
    let span = clause.place(node);
    let mut parts = node.clone().into_inner().peekable();
    let mut marks = Vec::new();
    while let Some(mark) = parts.next_if(|part| matches!(part.as_rule(), Rule::kw_not | Rule::compat_bang)) {
        marks.push(mark);
    }
    let Some(first) = parts.next() else { return Expr { kind: ExprKind::NotAvailable, span } };
    let tails: Vec<Node<'_>> = parts.collect();
    let in_parentheses = child(&first, &[Rule::paren]).is_some() && tails.is_empty();
    let inner_span = Span { start: clause.place(&first).start, ..span };
    let inner = tested(clause, &first, tails.into_iter(), inner_span, found);
    let wrong_mark = marks.iter().any(|mark| mark.as_rule() == Rule::compat_bang);
    let odd = marks.len() % 2 == 1;
    if odd
        && !in_parentheses
        && let Some(none) = none_of(clause, span, &inner)
    {
        found.push(none);
        return Expr { kind: ExprKind::NotAvailable, span };
    }
    if !in_parentheses || wrong_mark || marks.len() > 1 {
        found.push(misplaced_not(clause, span, inner_span, (odd, in_parentheses, wrong_mark)));
    }
    if odd { Expr { kind: ExprKind::Not(Box::new(inner)), span } } else { inner }
}

/// `not count(order)`: a number is compared.
fn none_of(clause: &Clause<'_>, span: Span, inner: &Expr) -> Option<Diagnostic> {
    let ExprKind::Aggregate { function: AggregateFunction::Count, .. } = inner.kind else { return None };
    let right = format!("{} = 0", clause.written(inner.span));
    let message = "`not` stands before a parenthesis or an `in`, and nowhere else".to_owned();
    let label = format!("write `{right}`");
    let why = "a number is neither true nor false: nobody should have to guess from how many on it counts";
    Some(with_fix(Code::MisplacedNot, span, message, label, why, (right, Applicability::NeedsReview)))
}

fn misplaced_not(
    clause: &Clause<'_>,
    span: Span,
    inner: Span,
    (odd, in_parentheses, wrong_mark): (bool, bool, bool),
) -> Diagnostic {
    let text = clause.written(inner);
    let right = match (odd, in_parentheses) {
        (true, true) => format!("not {text}"),
        (true, false) => format!("not ({text})"),
        (false, _) => text.to_owned(),
    };
    let (code, message) = if wrong_mark && in_parentheses {
        (Code::ForeignSpelling, "`!` is another language's spelling".to_owned())
    } else {
        (Code::MisplacedNot, "`not` stands before a parenthesis or an `in`, and nowhere else".to_owned())
    };
    let label = format!("write `{right}`");
    let why = "nobody should have to guess how far a `not` reaches";
    with_fix(code, span, message, label, why, (right, Applicability::NeedsReview))
}

/// An operand with what is said of it. More than one comparison is a chain.
fn tested<'a>(
    clause: &Clause<'_>,
    node: &Node<'a>,
    tails: impl Iterator<Item = Node<'a>>,
    span: Span,
    found: &mut Vec<Diagnostic>,
) -> Expr {
    let mut value = operand(clause, node, found);
    for (index, tail) in tails.enumerate() {
        let place = clause.place(&tail);
        if index > 0 {
            found.push(chained(clause, span, &value, place));
            return Expr { kind: ExprKind::NotAvailable, span };
        }
        value = Expr { kind: tail_kind(clause, value, &tail, found), span: Span { end: place.end, ..span } };
    }
    value
}

/// `a < b < c` becomes `a < b and b < c`; for other chains there is no one answer.
fn chained(clause: &Clause<'_>, span: Span, first: &Expr, second: Span) -> Diagnostic {
    if let Some(window) = misplaced_window(clause, span, first, second) {
        return window;
    }
    let right = match &first.kind {
        ExprKind::Compare(_, _, right) => Some(clause.written(right.span)),
        _ => None,
    };
    let rest = clause.written(second);
    let fix = right.filter(|_| rest.starts_with(['<', '>', '=', '!'])).map(|right| Fix {
        span: Span { end: second.end, ..span },
        replacement: format!("{} and {right} {rest}", clause.written(first.span)),
        applicability: Applicability::NeedsReview,
    });
    Diagnostic {
        code: Code::ChainedComparison,
        message: "a comparison has two sides".into(),
        span: Span { end: second.end, ..span },
        label: "this is a second comparison in one".into(),
        why: "for a range write `between`, or two comparisons joined by `and`".into(),
        fix,
    }
}

/// A window behind `where`, or outside of the parentheses of what it counts.
fn misplaced_window(clause: &Clause<'_>, span: Span, first: &Expr, second: Span) -> Option<Diagnostic> {
    let found = |place: Span, message: &str, label: String, fix: Option<Fix>| Diagnostic {
        code: Code::NotUnderstood,
        message: message.into(),
        span: place,
        label,
        why: "a window belongs to what is counted, and stands beside it".into(),
        fix,
    };
    let words = clause.written(second);
    let before = &clause.text[..(span.start as usize).saturating_sub(clause.base)];
    if words.starts_with("in last") && before.contains("where") {
        let label = "write it before: `count(order in last 90 days where …)`".into();
        return Some(found(second, "the window stands before `where`", label, None));
    }
    let ExprKind::During(subject, ..) = &first.kind else { return None };
    let window = clause.written(Span { start: subject.span.end, ..first.span }).trim();
    let written = clause.written(subject.span);
    let inside = match (&subject.kind, written) {
        (ExprKind::Aggregate { .. }, _) if !written.contains("where") => {
            written.strip_suffix(')')?.to_owned()
        }
        (ExprKind::Term(_), "orders") => "count(order".to_owned(),
        (ExprKind::Term(_), "revenue") => "sum(order.total".to_owned(),
        _ => return None,
    };
    let right = format!("{inside} {window})");
    let label = format!("write `{right}`");
    let fix = Fix { span: first.span, replacement: right, applicability: Applicability::NeedsReview };
    Some(found(first.span, "a window stands inside the parentheses of what it counts", label, Some(fix)))
}

fn tail_kind(clause: &Clause<'_>, left: Expr, tail: &Node<'_>, found: &mut Vec<Diagnostic>) -> ExprKind {
    let Some(test) = tail.clone().into_inner().next() else { return ExprKind::NotAvailable };
    if test.as_rule() == Rule::compat_is_tail {
        return is_tail(clause, left, &test, found);
    }
    test_kind(clause, left, &test, found).unwrap_or(ExprKind::NotAvailable)
}

fn test_kind(
    clause: &Clause<'_>,
    left: Expr,
    test: &Node<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<ExprKind> {
    let left = Box::new(left);
    Some(match test.as_rule() {
        Rule::comparison => {
            let sign = comparison_sign(&child(test, &[Rule::operator])?)?;
            let right = child(test, &[Rule::operand, Rule::right])?;
            ExprKind::Compare(sign, left, Box::new(operand(clause, &right, found)))
        }
        Rule::one_of => {
            let negated = child(test, &[Rule::kw_not]).is_some();
            let elements = test.clone().into_inner().filter(|part| part.as_rule() == Rule::element);
            ExprKind::OneOf(left, elements.map(|part| element(clause, &part, found)).collect(), negated)
        }
        Rule::between => {
            let mut ends = test.clone().into_inner().filter(|part| part.as_rule() == Rule::operand);
            let (low, high) = (ends.next()?, ends.next()?);
            let (low, high) = (operand(clause, &low, found), operand(clause, &high, found));
            ExprKind::Between(left, Box::new(low), Box::new(high))
        }
        Rule::in_days => {
            let negated = child(test, &[Rule::kw_not]).is_some();
            ExprKind::During(left, day_span(clause, test, found)?, negated)
        }
        Rule::falls => ExprKind::Falls(left, day_span(clause, test, found)?),
        Rule::movement => ExprKind::Moved(left, movement(clause, test)?),
        Rule::contains => ExprKind::Contains(left, clause.name(&child(test, &TEXTS)?)),
        Rule::starts_with => ExprKind::StartsWith(left, clause.name(&child(test, &TEXTS)?)),
        Rule::is_known => ExprKind::IsKnown(left, child(test, &[Rule::kw_known]).is_some()),
        Rule::compat_is_not_known => {
            ExprKind::IsKnown(left, foreign::means_known(&test.as_str().to_lowercase()))
        }
        _ => return None,
    })
}

/// `becomes PLACE`, `changes from PLACE to PLACE`, `rises`, `falls`.
fn movement(clause: &Clause<'_>, node: &Node<'_>) -> Option<MovementWords> {
    const PLACES: [Rule; 3] = [Rule::choice_value, Rule::string, Rule::compat_string];
    let (mut from, mut to, mut leaves) = (None, None, false);
    let mut changes = false;
    for part in node.clone().into_inner() {
        match part.as_rule() {
            Rule::kw_rises => return Some(MovementWords::Rises),
            Rule::kw_falls => return Some(MovementWords::Falls),
            Rule::kw_changes | Rule::compat_changes => changes = true,
            Rule::kw_from => leaves = true,
            Rule::kw_to => leaves = false,
            rule if PLACES.contains(&rule) && leaves => from = Some(clause.name(&part)),
            rule if PLACES.contains(&rule) => to = Some(clause.name(&part)),
            _ => {}
        }
    }
    if changes { Some(MovementWords::Changes { from, to }) } else { to.map(MovementWords::Becomes) }
}

fn element(clause: &Clause<'_>, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> Expr {
    let span = clause.place(node);
    let kind = node.clone().into_inner().next().map_or(ExprKind::NotAvailable, |inner| {
        literal(clause, &inner, found).unwrap_or_else(|| ExprKind::Word(inner.as_str().trim_end().to_owned()))
    });
    Expr { kind, span }
}

pub(super) fn comparison_sign(operator: &Node<'_>) -> Option<Comparison> {
    let sign = operator.clone().into_inner().next()?;
    let sign = match sign.as_rule() {
        Rule::compat_is_words => foreign::spoken_comparison(&sign.as_str().to_lowercase()),
        Rule::equal | Rule::compat_equal => "=",
        Rule::not_equal | Rule::compat_not_equal => "!=",
        Rule::less => "<",
        Rule::less_or_equal | Rule::compat_less_or_equal => "<=",
        Rule::greater => ">",
        Rule::greater_or_equal | Rule::compat_greater_or_equal => ">=",
        _ => return None,
    };
    Some(match sign {
        "=" => Comparison::Equal,
        "!=" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        _ => Comparison::GreaterOrEqual,
    })
}

/// `is lapsing` for `= lapsing`, `is not` for `!=`, `is in (…)` for `in (…)`.
fn is_tail(clause: &Clause<'_>, left: Expr, node: &Node<'_>, found: &mut Vec<Diagnostic>) -> ExprKind {
    let mut parts = node.clone().into_inner();
    let (Some(is), Some(rest)) = (parts.next(), parts.next()) else { return ExprKind::NotAvailable };
    let negated = is.as_str().to_lowercase().contains("not");
    let place = clause.place(&is);
    let written = clause.written(place);
    let listed = matches!(rest.as_rule(), Rule::one_of | Rule::between);
    let whole = Span { end: clause.place(&rest).end, ..left.span };
    let (span, right) = match (listed, negated) {
        (false, false) => (place, "=".to_owned()),
        (false, true) => (place, "!=".to_owned()),
        (true, true) if rest.as_rule() == Rule::one_of => (place, "not".to_owned()),
        (true, true) => {
            let (value, range) = (clause.written(left.span), clause.written(clause.place(&rest)));
            (whole, format!("not ({value} {range})"))
        }
        // The blank behind it goes too.
        (true, false) => (Span { end: clause.place(&rest).start, ..place }, String::new()),
    };
    let label = if right.is_empty() { "leave it out".to_owned() } else { format!("write `{right}`") };
    found.push(with_fix(
        Code::ForeignSpelling,
        span,
        format!("`{written}` is no comparison"),
        label,
        "`is` stands before `known` and `unknown` only; each meaning has one spelling",
        (right, Applicability::Safe),
    ));
    if listed {
        let kind = test_kind(clause, left, &rest, found);
        return match kind {
            Some(ExprKind::OneOf(value, list, not)) => ExprKind::OneOf(value, list, not != negated),
            Some(kind) if !negated => kind,
            _ => ExprKind::NotAvailable,
        };
    }
    let sign = if negated { Comparison::NotEqual } else { Comparison::Equal };
    ExprKind::Compare(sign, Box::new(left), Box::new(operand(clause, &rest, found)))
}
