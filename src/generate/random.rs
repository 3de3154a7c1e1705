//! Random numbers that are the same everywhere and for ever, for a seed.

/// xoshiro256++ (Blackman, Vigna 2019), seeded by `SplitMix64`: small, fast, and no dependency whose
/// next version draws other numbers.
#[derive(Debug, Clone)]
pub(super) struct Random {
    state: [u64; 4],
}

/// One step of `SplitMix64` (Steele, Lea, Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of numbers of one seed and one place: streams of other places are unrelated.
    pub(super) fn new(seed: u64, place: u64) -> Self {
        let mut mixed = place;
        let mut start = seed ^ split_mix(&mut mixed);
        Self { state: std::array::from_fn(|_| split_mix(&mut start)) }
    }

    pub(super) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Uniform in (0, 1), ends excluded.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub(super) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Uniform between two bounds.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with that chance.
    pub(super) fn chance(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// One of several.
    pub(super) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let count = of.len() as u64;
        // The bias of a remainder is far below what any test sees.
        &of[usize::try_from(self.next() % count).unwrap_or(0)]
    }

    /// One of several, by weight.
    pub(super) fn weighted<T: Copy>(&mut self, of: &[(u32, T)]) -> T {
        let total: u32 = of.iter().map(|(weight, _)| weight).sum();
        let mut left = self.next() % u64::from(total);
        for (weight, item) in of {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return *item,
            }
        }
        of[of.len() - 1].1
    }

    /// Exponential with that rate.
    pub(super) fn exponential(&mut self, rate: f64) -> f64 {
        -self.unit().ln() / rate
    }

    /// Standard normal (Marsaglia's polar method).
    fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }

    /// Gamma with that shape and rate (Marsaglia, Tsang 2000; below shape 1 boosted by a power).
    pub(super) fn gamma(&mut self, shape: f64, rate: f64) -> f64 {
        if shape < 1.0 {
            let boost = self.unit().powf(1.0 / shape);
            return self.gamma(shape + 1.0, rate) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v / rate;
            }
        }
    }

    /// Beta, as a share of two gammas.
    pub(super) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a, 1.0), self.gamma(b, 1.0));
        // Both may underflow to 0 for tiny shapes; then either end is as good.
        if x + y > 0.0 { x / (x + y) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 200_000;

    /// Mean and variance of draws, each with its standard error's bound checked by the caller.
    fn moments(mut draw: impl FnMut(&mut Random) -> f64) -> (f64, f64) {
        let mut random = Random::new(7, 0);
        let draws: Vec<f64> = (0..DRAWS).map(|_| draw(&mut random)).collect();
        let count = f64::from(DRAWS);
        let mean = draws.iter().sum::<f64>() / count;
        (mean, draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count)
    }

    fn near((mean, variance): (f64, f64), expected: (f64, f64)) {
        assert!((mean - expected.0).abs() < 5.0 * (expected.1 / f64::from(DRAWS)).sqrt(), "mean {mean}");
        assert!((variance / expected.1 - 1.0).abs() < 0.05, "variance {variance}");
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // From the reference implementation in C, state 1 2 3 4.
        let mut random = Random { state: [1, 2, 3, 4] };
        let first: [u64; 4] = std::array::from_fn(|_| random.next());
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
        // SplitMix64's own test vector.
        let mut state = 1_234_567;
        assert_eq!(split_mix(&mut state), 6_457_827_717_110_365_317);
    }

    #[test]
    fn the_distributions_have_their_moments() {
        near(moments(Random::unit), (0.5, 1.0 / 12.0));
        near(moments(Random::normal), (0.0, 1.0));
        near(moments(|r| r.exponential(0.25)), (4.0, 16.0));
        for (shape, rate) in [(0.45, 45.0), (1.0, 2.0), (6.25, 0.5)] {
            near(moments(|r| r.gamma(shape, rate)), (shape / rate, shape / (rate * rate)));
        }
        let (a, b) = (0.55_f64, 2.6);
        near(moments(|r| r.beta(a, b)), (a / (a + b), a * b / ((a + b).powi(2) * (a + b + 1.0))));
        let weights = [(1, 0.0), (3, 1.0)];
        near(moments(|r| r.weighted(&weights)), (0.75, 0.1875));
    }
}
