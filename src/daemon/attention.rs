//! What of a status is wrong or waits for a person, each with the command that helps; and what comes next.

use crate::model::Instant;
use crate::record::MessageState;
use crate::serve::{
    Attention, AttentionKind, Coming, EndpointState, EndpointStatus, ReloadFailure, RuleState, RuleStatus,
    Status,
};

use super::steps::STEP;

/// Diagnostics of a failed reload that are told at most.
const MOST_DETAILS: usize = 20;

/// What comes that is told at most.
const MOST_COMING: usize = 100;

/// Adds something that is wrong, also for those who only read the sentences.
pub(super) fn problem(status: &mut Status, what: String, command: Option<&str>) {
    status.problems.push(what.clone());
    status.attention.push(Attention {
        kind: AttentionKind::Problem,
        what,
        command: command.map(str::to_owned),
        details: Vec::new(),
    });
}

/// Completes a status in which all else is known: what is wrong in its order, and what comes.
pub(super) fn complete(status: &mut Status) {
    let mut found = Vec::new();
    found.extend(status.reload_error.as_ref().map(reload));
    found.extend(clock(status));
    found.extend(status.rules.iter().filter_map(held));
    found.extend(status.endpoints.iter().map(endpoint));
    found.extend(doubt(status));
    found.extend(status.pauses.iter().map(|pause| paused(pause)));
    for one in found {
        // A pause by a policy is told with its reason already.
        let known = |other: &Attention| one.command.is_some() && other.command == one.command;
        if !status.attention.iter().any(known) {
            status.attention.push(one);
        }
    }
    status.attention.sort_by_key(|attention| attention.kind);
    status.coming = coming(status);
}

fn reload(failure: &ReloadFailure) -> Attention {
    let ReloadFailure { since, commit, refusal } = failure;
    let since = to_second(*since);
    let commit = commit.as_ref().map_or_else(String::new, |commit| format!(" (commit {commit})"));
    let mut details: Vec<String> = refusal.details.iter().take(MOST_DETAILS).cloned().collect();
    match refusal.details.len().saturating_sub(MOST_DETAILS) {
        0 => {}
        more => details.push(format!("and {more} more")),
    }
    Attention {
        kind: AttentionKind::Reload,
        what: format!(
            "FAILED since {since}, the rules that ran go on: of the files{commit} {}",
            refusal.message
        ),
        command: Some("cvmd check".into()),
        details,
    }
}

fn clock(status: &Status) -> Option<Attention> {
    let last = status.last_tick.filter(|last| last.since(status.now) > STEP)?;
    let what = format!(
        "it shows {}, and everybody was looked at as of {} already: what is scheduled, and what is decided \
         meanwhile, waits until it has passed that",
        to_second(status.now),
        to_second(last)
    );
    Some(Attention {
        kind: AttentionKind::Clock,
        what,
        command: Some("timedatectl".into()),
        details: Vec::new(),
    })
}

fn held(rule: &RuleStatus) -> Option<Attention> {
    if rule.state != RuleState::Held {
        return None;
    }
    let command = format!("cvmd resume rule {}", rule.name);
    let note = rule.note.clone().unwrap_or_default();
    let why = note.strip_suffix(&format!(": `{command}`")).unwrap_or(&note);
    let what = format!("rule {}: {why}", rule.name);
    Some(Attention { kind: AttentionKind::Held, what, command: Some(command), details: Vec::new() })
}

fn endpoint(endpoint: &EndpointStatus) -> Attention {
    let EndpointStatus { name, since, reason, waiting, .. } = endpoint;
    let since = to_second(*since);
    let how = match (endpoint.state, endpoint.next_probe) {
        (EndpointState::Failing, Some(probe)) => {
            format!("open since {since}, next probe {}", to_second(probe))
        }
        (EndpointState::Failing, None) => format!("open since {since}"),
        (EndpointState::Gone, _) => format!("switched off since {since}, another address ends it, too"),
    };
    let wait = if *waiting == 1 { "1 call waits".into() } else { format!("{waiting} calls wait") };
    Attention {
        kind: AttentionKind::Endpoint,
        what: format!("{name}: {how}: {reason}; {wait}"),
        command: Some(format!("cvmd resume webhook {name}")),
        details: Vec::new(),
    }
}

fn doubt(status: &Status) -> Option<Attention> {
    let label = MessageState::InDoubt.label();
    let messages = *status.outbox.get(label).filter(|messages| **messages > 0)?;
    let noun = if messages == 1 { "message" } else { "messages" };
    Some(Attention {
        kind: AttentionKind::Doubt,
        what: format!("of {messages} {noun} nobody knows whether it went out before a crash"),
        command: Some(format!("cvmd outbox list --state '{label}'")),
        details: Vec::new(),
    })
}

fn paused(pause: &str) -> Attention {
    Attention {
        kind: AttentionKind::Paused,
        what: pause.into(),
        command: Some(format!("cvmd resume {pause}")),
        details: Vec::new(),
    }
}

/// What happens by itself, the next first.
fn coming(status: &Status) -> Vec<Coming> {
    let on_hold = status.hold.as_ref().map(|_| "on hold".to_owned());
    let one = |at: Instant, what: String, unless: Option<String>| Coming { at, what, unless };
    let mut all: Vec<Coming> = Vec::new();
    all.extend(status.next_tick.map(|at| one(at, "a look at everybody".into(), on_hold.clone())));
    for rule in &status.rules {
        let state = match rule.state {
            // The next run of one that is held is held by itself, or not; that which waits is told elsewhere.
            RuleState::Active | RuleState::Held => on_hold.clone(),
            RuleState::Paused | RuleState::Silenced => Some(rule.state.label().to_owned()),
        };
        all.extend(rule.next.map(|at| one(at, format!("rule {}", rule.name), state)));
    }
    for waiting in &status.waiting {
        let what = match waiting.messages {
            1 => format!("a message that waits for {}", waiting.waits_for),
            more => format!("the first of {more} messages that wait for {}", waiting.waits_for),
        };
        all.push(one(waiting.first, what, on_hold.clone()));
    }
    for endpoint in &status.endpoints {
        let what = || format!("a probe of webhook {}", endpoint.name);
        all.extend(endpoint.next_probe.map(|at| one(at, what(), on_hold.clone())));
    }
    for relay in &status.relays {
        let what = || format!("mail server {} is tried again", relay.name);
        all.extend(relay.until.map(|at| one(at, what(), on_hold.clone())));
    }
    // What is behind the clock is told as wrong, if it is.
    all.retain(|coming| coming.at >= status.now);
    all.sort_by(|one, other| (one.at, &one.what).cmp(&(other.at, &other.what)));
    all.truncate(MOST_COMING);
    all
}

/// An instant without its milliseconds.
fn to_second(at: Instant) -> Instant {
    Instant(at.0 - at.0.rem_euclid(1_000))
}
