//! Rules as they come from the files: checked, or refused with what is wrong.

use tracing::error;

use crate::check::{self, Checked, Files};
use crate::config::Config;
use crate::diagnostic::Format;
use crate::model::{Channel, Date, Instant};
use crate::reload::Loaded;
use crate::ruleset::{Message, Purpose, Remembered, RuleSet};
use crate::serve::{Refusal, RefusalKind};

use super::Engine;

/// The rules to begin with: those of the files, or, where these are wrong, the last good ones, so
/// that a bad commit and a reboot are no outage.
pub(super) fn first_rules(
    engine: &Engine,
    loaded: &Loaded,
    now: Instant,
) -> Result<(RuleSet, Option<Refusal>), String> {
    let refusal = match check_loaded(loaded, now, engine.remembered()) {
        Ok((rules, _)) => return Ok((rules, None)),
        Err(refusal) => refusal,
    };
    match engine.last_good().map_err(|error| error.to_string())? {
        Some(rules) => {
            error!(
                reason = refusal.message,
                diagnostics = refusal.details.join(" | "),
                "the rules are not those of the files: the last good ones run"
            );
            Ok((rules, Some(refusal)))
        }
        None => Err(format!("{}\n{}", refusal.details.join("\n"), refusal.message)),
    }
}

/// Marketing mail needs an unsubscribe link that works for its readers.
pub(super) fn refuse_marketing(config: &Config, rules: &RuleSet) -> Result<(), String> {
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
