//! Which of two statements about consent holds.

use crate::model::Instant;
use crate::record::Consent;

/// What holds after a file (or a request) said `said`, where `stored` held before.
///
/// | stored | said | holds |
/// |---|---|---|
/// | by the person | without a time, or not later | stored |
/// | by the person, withdrawn | withdrawn later | stored, with the later time: the person's stays theirs |
/// | by the person | a consent later | said |
/// | with a time, by a file | with a time | the later; of one instant the withdrawal |
/// | without a time | with a time | said |
/// | with a time, by a file | withdrawn, without a time | said: a withdrawal hurts nobody |
/// | withdrawn with a time, by a file | given, without a time | stored |
/// | without a time | without a time | said |
#[must_use]
pub fn merge_consent(stored: Option<Consent>, said: Consent) -> Consent {
    let Some(stored) = stored else { return said };
    if stored.by_person {
        let later = matches!((said.at, stored.at), (Some(said), Some(stored)) if said > stored);
        return match (later, said.given || stored.given) {
            (false, _) => stored,
            (true, true) => said,
            (true, false) => Consent { at: said.at, ..stored },
        };
    }
    let replaces = match (stored.at, said.at) {
        (Some(stored_at), Some(said_at)) => later(said_at, said.given, stored_at, stored.given),
        (Some(_), None) => !said.given && stored.given,
        (None, Some(_) | None) => true,
    };
    if replaces { said } else { stored }
}

/// Of two statements of one file about the same consent, the one that holds, whatever their order:
/// the later; one without a time is the oldest; of two at one instant the withdrawal.
pub(super) fn of_one_file(one: Consent, other: Consent) -> Consent {
    let rank = |consent: &Consent| (consent.at, !consent.given);
    if rank(&other) > rank(&one) { other } else { one }
}

fn later(said_at: Instant, said: bool, stored_at: Instant, stored: bool) -> bool {
    said_at > stored_at || said_at == stored_at && !said && stored
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consent(given: bool, at: Option<i64>, by_person: bool) -> Consent {
        Consent { given, at: at.map(Instant), by_person }
    }

    #[test]
    fn what_a_person_did_is_undone_only_by_a_later_consent() {
        let unsubscribed = consent(false, Some(100), true);
        for (said, holds) in [
            (consent(true, None, false), unsubscribed),
            (consent(true, Some(99), false), unsubscribed),
            (consent(true, Some(100), false), unsubscribed),
            (consent(true, Some(101), false), consent(true, Some(101), false)),
            (consent(false, None, false), unsubscribed),
            (consent(false, Some(200), false), consent(false, Some(200), true)),
        ] {
            assert_eq!(merge_consent(Some(unsubscribed), said), holds, "{said:?}");
        }
        let without_time = consent(false, None, true);
        assert_eq!(merge_consent(Some(without_time), consent(true, Some(1), false)), without_time);
    }

    #[test]
    fn a_withdrawal_without_a_time_counts_and_a_consent_without_one_does_not() {
        let (yes, no) = (consent(true, Some(100), false), consent(false, Some(100), false));
        assert_eq!(merge_consent(Some(yes), consent(false, None, false)), consent(false, None, false));
        assert_eq!(merge_consent(Some(no), consent(true, None, false)), no);
        assert_eq!(merge_consent(Some(yes), no), no);
        assert_eq!(merge_consent(Some(no), yes), no);
        assert_eq!(merge_consent(None, yes), yes);
    }

    proptest::proptest! {
        #[test]
        fn saying_it_again_changes_nothing(a: (bool, Option<u8>, bool), b: (bool, Option<u8>)) {
            let stored = consent(a.0, a.1.map(i64::from), a.2);
            let said = consent(b.0, b.1.map(i64::from), false);
            let once = merge_consent(Some(stored), said);
            proptest::prop_assert_eq!(merge_consent(Some(once), said), once);
        }

        #[test]
        fn statements_with_times_hold_in_any_order(said: Vec<(bool, u8)>, stored: Option<(bool, u8, bool)>) {
            let start = stored.map(|(given, at, person)| consent(given, Some(i64::from(at)), person));
            let fold = |said: &mut dyn Iterator<Item = &(bool, u8)>| {
                said.fold(start, |held, &(given, at)| Some(merge_consent(held, consent(given, Some(i64::from(at)), false))))
                    .map(|held| (held.given, held.at))
            };
            proptest::prop_assert_eq!(fold(&mut said.iter()), fold(&mut said.iter().rev()));
        }
    }
}
