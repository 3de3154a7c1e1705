//! When a customer orders, and what an order comes to.

use super::random::Random;

/// Orders come at a rate λ ~ Gamma(r, α) a day.
pub(super) const R: f64 = 0.45;
/// See [`R`].
pub(super) const ALPHA: f64 = 45.0;
/// After each repeat order the customer leaves for ever with a chance p ~ Beta(a, b).
pub(super) const A: f64 = 0.55;
/// See [`A`].
pub(super) const B: f64 = 2.6;
/// An order's value ~ Gamma(p, ν), ν ~ Gamma(q, γ): in the currency's units.
pub(super) const SPEND_P: f64 = 6.25;
/// See [`SPEND_P`].
pub(super) const SPEND_Q: f64 = 3.74;
/// See [`SPEND_P`]: a mean of pγ/(q − 1) = 91.
pub(super) const SPEND_GAMMA: f64 = 40.0;
/// The most that a customer spends on average: the tail has no end, a shop's prices have.
const MEAN_CAP: f64 = 2_000.0;

/// The days of a customer's repeat orders after the first order, up to `days`: BG/NBD.
pub(super) fn repeat_days(random: &mut Random, days: f64) -> Vec<f64> {
    let rate = random.gamma(R, ALPHA);
    let leave = random.beta(A, B);
    let mut at = 0.0;
    let mut all = Vec::new();
    loop {
        at += random.exponential(rate);
        // A rate of 0 (it underflows for tiny ones) never orders again: `at` is then infinite.
        if at.is_nan() || at > days {
            return all;
        }
        all.push(at);
        if random.chance(leave) {
            return all;
        }
    }
}

/// What a customer's orders come to on average: gamma-gamma.
pub(super) fn mean_spend(random: &mut Random) -> f64 {
    (SPEND_P / random.gamma(SPEND_Q, SPEND_GAMMA)).min(MEAN_CAP)
}

/// What one order comes to, in cents, at least one unit.
pub(super) fn spend_cents(random: &mut Random, mean: f64) -> i64 {
    let value = random.gamma(SPEND_P, SPEND_P / mean);
    #[expect(clippy::cast_possible_truncation, reason = "spend is far below what 64 bits hold")]
    let cents = (value * 100.0).round() as i64;
    cents.max(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E\[X(t)\] of BG/NBD by quadrature over p: given λ and p it is (1 − e^(−λpt))/p, and its mean
    /// over λ is (1 − (α/(α+pt))^r)/p. The substitution u = p^a takes the pole at 0 away.
    fn expected_repeats(days: f64) -> f64 {
        let steps = 200_000;
        let width = 1.0 / f64::from(steps);
        let (mut mass, mut sum) = (0.0, 0.0);
        for step in 0..steps {
            let p = ((f64::from(step) + 0.5) * width).powf(1.0 / A);
            let density = (1.0 - p).powf(B - 1.0);
            mass += density;
            sum += density * (1.0 - (ALPHA / (ALPHA + p * days)).powf(R)) / p;
        }
        sum / mass
    }

    #[test]
    fn repeat_orders_are_as_many_as_the_model_expects() {
        for days in [30.0, 365.0, 730.0] {
            let draws = 40_000_u32;
            let counts: Vec<f64> = (0..draws)
                .map(|n| repeat_days(&mut Random::new(42, u64::from(n)), days).len())
                .map(|count| f64::from(u32::try_from(count).unwrap()))
                .collect();
            let mean = counts.iter().sum::<f64>() / f64::from(draws);
            let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / f64::from(draws);
            let error = (variance / f64::from(draws)).sqrt();
            let expected = expected_repeats(days);
            assert!(
                (mean - expected).abs() < 4.0 * error,
                "{days} days: {mean} against {expected} ± {error}"
            );
        }
    }

    #[test]
    fn spend_has_the_models_mean() {
        let draws = 100_000_u32;
        let mut random = Random::new(3, 0);
        let mean = (0..draws).map(|_| mean_spend(&mut random)).sum::<f64>() / f64::from(draws);
        let expected = SPEND_P * SPEND_GAMMA / (SPEND_Q - 1.0);
        assert!((mean / expected - 1.0).abs() < 0.02, "{mean} against {expected}");
        let cents: i64 = (0..draws).map(|_| spend_cents(&mut random, 80.0)).sum();
        let order = cents / i64::from(draws);
        assert!((7_900..8_100).contains(&order), "{order}");
    }
}
