//! When a decision becomes due: at its instant, at the end of quiet hours, or as soon as a cap that
//! says `or wait` has room. Quiet hours come first, because caps count at the end of the wait.

use crate::model::{Duration, Instant};
use crate::record::{Skip, Wait};

use super::stage::{SAME_ADDRESS, STAGES, cap, is_off, quiet_hours};
use super::{Subject, World};

/// Moves from quiet hours to a cap and back at most; real policies take a handful.
const STEPS: usize = 100;

/// Quiet hours that have not ended by then never do.
const LONGEST_NIGHT: Duration = Duration::days(14);

/// When a decision's messages become due, and what they wait for until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The instant at which they count.
    pub at: Instant,
    /// What moved it beyond the instant decided at; none: nothing.
    pub waits: Option<Wait>,
}

/// Meets all stages: when the subject's messages become due, or why it is taken out.
///
/// # Errors
/// The first stage's reason that takes the subject out.
pub fn settle(subject: &Subject<'_>, world: &World<'_>) -> Result<Due, Skip> {
    let (due, blocked) = find(subject, world);
    let moved = Subject { at: due.at, ..*subject };
    // Which occurrence it is does not change by waiting.
    let met = |name: &str| if name == SAME_ADDRESS { subject } else { &moved };
    let mut stages = STAGES.iter().filter(|(name, _)| !is_off(name));
    match stages.find_map(|(name, stage)| stage(met(name), world)).or(blocked) {
        Some(skip) => Err(skip),
        None => Ok(due),
    }
}

/// The reason of the first stage that takes the subject out, if any.
#[must_use]
pub fn judge(subject: &Subject<'_>, world: &World<'_>) -> Option<Skip> {
    settle(subject, world).err()
}

/// When it would become due, and what forbids to wait until then, if anything does.
fn find(subject: &Subject<'_>, world: &World<'_>) -> (Due, Option<Skip>) {
    let mut due = Due { at: subject.at.max(world.not_before), waits: None };
    if subject.marketing(world.rules).next().is_none() {
        return (due, None);
    }
    // Until when the caps that were met let it wait.
    let mut latest: Option<Instant> = None;
    for _ in 0..STEPS {
        let moved = Subject { at: due.at, ..*subject };
        // An occurrence that runs late goes into whatever it is by then.
        let going = Subject { at: due.at.max(world.now), ..*subject };
        match quiet_hours::at(&going, world) {
            quiet_hours::Quiet::Skip => return (due, Some(Skip::QuietHours)),
            quiet_hours::Quiet::Until(end) if end.since(subject.at) > LONGEST_NIGHT && latest.is_none() => {
                return (due, Some(Skip::QuietHours));
            }
            quiet_hours::Quiet::Until(end) => {
                due = Due { at: end, waits: Some(Wait::QuietHours) };
                continue;
            }
            quiet_hours::Quiet::Open => {}
        }
        if latest.is_some_and(|latest| due.at > latest) {
            return (due, Some(Skip::Cap));
        }
        // A continuous rule does not wait for a cap: it tries again while the customer matches.
        let Some(full) = cap::full(&moved, world) else { return (due, None) };
        let Some(wait) = full.cap.wait.filter(|_| !subject.rule.is_continuous()) else { return (due, None) };
        let last = subject.at.plus(wait);
        let last = latest.map_or(last, |latest| latest.min(last));
        latest = Some(last);
        match full.room_at.filter(|room| *room > due.at && *room <= last) {
            Some(room) => due = Due { at: room, waits: Some(Wait::Cap) },
            None => return (due, Some(Skip::Cap)),
        }
    }
    (due, Some(if latest.is_some() { Skip::Cap } else { Skip::QuietHours }))
}
