//! What a generated customer is expected to bring, by the model that made them.

use super::life::{A, ALPHA, B, R};

/// Share of an order that stays.
pub(super) const MARGIN: f64 = 0.35;
/// Days ahead.
const HORIZON: f64 = 365.0;
/// Terms of the series, at most; it needs a few dozen.
const MAX_TERMS: u32 = 10_000;

/// A customer's history as the model sees it, in days.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    /// Repeat orders.
    pub(super) repeats: f64,
    /// From the first order to the last.
    pub(super) last: f64,
    /// From the first order to now.
    pub(super) age: f64,
}

/// Expected margin of the next year in the currency's units, for a mean spend.
pub(super) fn expected_margin(history: History, mean_spend: f64) -> f64 {
    MARGIN * mean_spend * expected_orders(history)
}

/// Expected orders within the next year.
pub(super) fn expected_orders(history: History) -> f64 {
    expected(history, HORIZON, [R, ALPHA, A, B])
}

/// BG/NBD's conditional expectation (Fader, Hardie, Lee 2005, equation 10), in a form without a
/// hypergeometric function's poles. Parameters: r, α, a, b.
fn expected(history: History, horizon: f64, [r, alpha, leave_a, leave_b]: [f64; 4]) -> f64 {
    let History { repeats, last, age } = history;
    let alive = if repeats == 0.0 {
        1.0
    } else {
        let odds = leave_a.ln() - (leave_b + repeats - 1.0).ln()
            + (r + repeats) * ((alpha + age) / (alpha + last)).ln();
        1.0 / (1.0 + odds.exp())
    };
    let top = leave_a + leave_b + repeats - 1.0;
    let start = leave_a + leave_b - 1.0 - r;
    let power = leave_a - 1.0;
    let share = horizon / (alpha + age + horizon);
    let log = -(horizon / (alpha + age)).ln_1p();
    let phi = if power.abs() < 1e-12 { -log } else { -(power * log).exp_m1() / power };
    let mut term = start * share;
    let mut sum = 0.0;
    for n in 1..MAX_TERMS {
        sum += term;
        if term.abs() < 1e-14 * f64::abs(sum) {
            break;
        }
        let n = f64::from(n);
        term *= (power + n) * (start + n) * share / ((top + n) * (n + 1.0));
    }
    alive * (top * phi - (power * log).exp() * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_customer() {
        // CDNOW's customer 1 over 39 weeks, parameters in weeks: 1.226 in the paper.
        let history = History { repeats: 2.0, last: 30.428_571_428_571_43, age: 38.857_142_857_142_854 };
        let orders = expected(history, 39.0, [0.242_595, 4.413_602, 0.792_922, 2.425_907]);
        assert!((orders - 1.225_994_694_647_606_9).abs() < 1e-9, "{orders}");
        let nobody = History { repeats: 0.0, last: 0.0, ..history };
        let orders = expected(nobody, 39.0, [0.242_595, 4.413_602, 0.792_922, 2.425_907]);
        assert!((orders - 0.194_794_008_450_22).abs() < 1e-9, "{orders}");
    }
}
