//! Periods of limits.

use crate::diagnostic::{Code, Span};
use crate::language::tree::PeriodWords;
use crate::model::{DAY_MS, MINUTE_MS};
use crate::ruleset::Period;

use super::report::{Report, problem};

/// The longest span over which sends are counted: ten years.
const LONGEST_DAYS: u32 = 3_660;

/// The period that the words mean; `None` after a diagnostic.
pub(super) fn check(words: PeriodWords, span: Span, report: &mut Report<'_>) -> Option<Period> {
    let longest = i64::from(LONGEST_DAYS) * DAY_MS;
    let (period, fits) = match words {
        PeriodWords::Day => (Period::Day, true),
        PeriodWords::Week => (Period::Week, true),
        PeriodWords::Month => (Period::Month, true),
        PeriodWords::Ever => (Period::Ever, true),
        PeriodWords::Rolling(length) => {
            let whole = length.0 % MINUTE_MS == 0;
            (Period::Rolling(length), whole && (MINUTE_MS..=longest).contains(&length.0))
        }
        PeriodWords::RollingDays(days) => (Period::RollingDays(days), (1..=LONGEST_DAYS).contains(&days)),
    };
    if fits {
        return Some(period);
    }
    report.add(
        problem(Code::BadPeriod, span, "nothing can be counted over this period")
            .label("between 1 minute and 10 years, in whole minutes; or `ever`")
            .why("a limit over no time limits nothing"),
    );
    None
}
