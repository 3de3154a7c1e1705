//! Rules as they come from the files: checked, or refused with what is wrong.

use tracing::error;

use crate::check::{self, Checked, Files};
use crate::config::Config;
use crate::diagnostic::Format;
use crate::model::{Channel, Date, Instant};
use crate::reload::{LoadError, Loaded};
use crate::ruleset::{Message, Purpose, Remembered, RuleSet};
use crate::serve::{Refusal, RefusalKind, ReloadFailure};

use super::Engine;

/// The rules to begin with: those of the files, or, where these are wrong or cannot be read, the last
/// good ones, so that a bad commit and a reboot are no outage; and why the files' do not run, if so.
pub(super) fn first_rules(
    engine: &Engine,
    loaded: &Result<Loaded, LoadError>,
    config: &Config,
    now: Instant,
) -> Result<(RuleSet, Option<ReloadFailure>), String> {
    let checked = match loaded {
        Ok(loaded) => check_for(config, loaded, now, engine.remembered()),
        Err(error) => Err(unreadable(error)),
    };
    let refusal = match checked {
        Ok((rules, _)) => return Ok((rules, None)),
        Err(refusal) => refusal,
    };
    let told = format!("{}\n{}", refusal.details.join("\n"), refusal.message).trim_start().to_owned();
    let Some(last) = engine.last_good().map_err(|error| error.to_string())? else { return Err(told) };
    let Some(rules) = last else {
        return Err(format!(
            "{told}\nthe last good rules, kept in the store, are none for this version of cvmd"
        ));
    };
    refuse_marketing(config, &rules).map_err(|problem| format!("{told}\n{problem}"))?;
    error!(
        reason = refusal.message,
        diagnostics = refusal.details.join(" | "),
        commit = rules.commit,
        "the rules are not those of the files: the last good ones run"
    );
    let commit = loaded.as_ref().ok().map(|loaded| loaded.commit.clone());
    Ok((rules, Some(ReloadFailure { since: now, commit, refusal })))
}

/// That files cannot be read.
pub(super) fn unreadable(error: &LoadError) -> Refusal {
    let message = format!("the rules cannot be read: {error}");
    Refusal { kind: RefusalKind::Failed, message, details: Vec::new() }
}

/// Checks what was loaded as [`check_loaded`], and whether this configuration can serve it.
pub(super) fn check_for(
    config: &Config,
    loaded: &Loaded,
    now: Instant,
    remembered: &Remembered,
) -> Result<(RuleSet, Vec<String>), Refusal> {
    let (rules, warnings) = check_loaded(loaded, now, remembered)?;
    match refuse_marketing(config, &rules) {
        Ok(()) => Ok((rules, warnings)),
        Err(message) => Err(Refusal { kind: RefusalKind::Errors, message, details: Vec::new() }),
    }
}

/// Marketing mail needs an unsubscribe link that works for its readers.
fn refuse_marketing(config: &Config, rules: &RuleSet) -> Result<(), String> {
    let is_marketing =
        |message: &Message| message.purpose == Purpose::Marketing && message.channel == Channel::email();
    match config.marketing_refused() {
        Some(problem) if rules.messages.iter().any(is_marketing) => Err(problem.to_string()),
        Some(_) | None => Ok(()),
    }
}

/// Checks what was loaded beside what the store remembers; the rules and the warnings, or a refusal
/// with the diagnostics.
pub(super) fn check_loaded(
    loaded: &Loaded,
    now: Instant,
    remembered: &Remembered,
) -> Result<(RuleSet, Vec<String>), Refusal> {
    let mut files = Files::new();
    for (path, bytes) in &loaded.files {
        files.insert(path.clone(), bytes.clone());
    }
    let today = Date(i32::try_from(now.0.div_euclid(crate::model::DAY_MS)).unwrap_or(0));
    let options = check::Options { commit: &loaded.commit, today };
    let Checked { rules, sources, diagnostics, advice: _, written_out: _ } =
        check::check_beside(&files, &options, Some(remembered));
    let rendered = Format::Short.render(&sources, &diagnostics, false);
    let lines: Vec<String> = rendered.lines().map(str::to_owned).collect();
    match rules {
        Some(rules) => Ok((rules, lines)),
        None => Err(Refusal {
            kind: RefusalKind::Errors,
            message: "the rules have errors".into(),
            details: lines,
        }),
    }
}
