//! Random values for the kernels' tests.

/// A seeded generator (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number, both ends included.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() % (high - low + 1) as u64) as usize
    }

    /// Values in [−1, 1).
    pub(super) fn values(&mut self, length: usize) -> Vec<f32> {
        let value = |bits: u64| (bits >> 40) as f32 / (1 << 23) as f32 - 1.0;
        (0..length).map(|_| value(self.next())).collect()
    }
}

/// Share of a standard normal distribution beyond x ≥ 0, to some 1e-14 of itself: the series of
/// φ(x) (x + x³/3 + x⁵/15 + …) from the middle, and Laplace's continued fraction in the tail.
pub(super) fn normal_tail(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    if x < 2.5 {
        let (mut term, mut sum) = (x, x);
        for factor in 1..200 {
            term *= x * x / f64::from(2 * factor + 1);
            sum += term;
        }
        return 0.5 - density * sum;
    }
    let fraction = (1..300).rev().fold(x, |below, k| x + f64::from(k) / below);
    density / fraction
}
