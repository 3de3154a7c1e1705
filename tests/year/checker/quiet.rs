//! Quiet hours, by the clock on the customer's wall.

use super::calendar::wall;
use super::reader::Quiet;
use super::world::World;
use super::{Findings, Seen, about};
use crate::year::log::Sent;
use crate::year::script::{HOUR, MINUTE, Ms};

/// After the end of quiet hours the outbox lets messages go over so long a time.
const RELEASE: Ms = HOUR / 2;

pub fn check(world: &World<'_>, seen: &Seen<'_>, findings: &mut Findings) {
    for sent in seen.sent.iter().filter(|sent| !sent.call) {
        let book = world.book(sent.handed);
        if !book.messages.get(&sent.message).is_some_and(|message| message.marketing) {
            continue;
        }
        let zone = world.zone(&sent.customer, sent.handed);
        let shown = |at: Ms| {
            let shown = wall(at, zone);
            i64::from(shown.hour()) * 60 + i64::from(shown.minute())
        };
        let stays = world.stays(&sent.customer, sent.decided, sent.handed);
        for quiet in &book.quiet {
            findings.hold("quiet hours", !lies_in(quiet, shown(sent.handed)), || about(sent));
            if stays {
                // An occurrence that runs late goes when it runs.
                let goes = shown(sent.due.max(sent.decided));
                findings.hold("due in quiet hours", !lies_in(quiet, goes), || about(sent));
            }
        }
        // Who moved meanwhile had another night when it was decided.
        if stays && sent.waited.as_deref() == Some("quiet hours") {
            waited(world, sent, &shown, findings);
        }
    }
}

/// It was quiet when it was decided, and it counts at the end of that.
fn waited(world: &World<'_>, sent: &Sent, shown: &dyn Fn(Ms) -> i64, findings: &mut Findings) {
    let book = world.book(sent.decided);
    let was_quiet = book.quiet.iter().any(|quiet| lies_in(quiet, shown(sent.decided)));
    // What waited for room first may have come into quiet hours by that.
    let moved = book.caps.iter().any(|cap| cap.waits);
    findings.hold("waits only while quiet", was_quiet || moved, || about(sent));
    let ends = book.quiet.iter().any(|quiet| shown(sent.due) == quiet.to && sent.due % MINUTE == 0);
    findings.hold("due at the end of quiet hours", ends, || about(sent));
    let skips =
        |quiet: &Quiet| quiet.or_skip && sent.channel != "email" && lies_in(quiet, shown(sent.decided));
    findings.hold("skips what does not wait", !book.quiet.iter().any(skips), || about(sent));
    // Later only where something else held it: a pause, a daemon that slept.
    let on_time = sent.handed - sent.due <= RELEASE + MINUTE
        || world.troubled(sent.due, sent.handed)
        || world.guarded_in(&sent.rule, sent.due, sent.handed);
    findings.hold("leaves within half an hour", on_time, || about(sent));
}

/// The beginning is quiet, the end is not.
fn lies_in(quiet: &Quiet, minute: i64) -> bool {
    if quiet.from < quiet.to {
        (quiet.from..quiet.to).contains(&minute)
    } else {
        minute >= quiet.from || minute < quiet.to
    }
}
