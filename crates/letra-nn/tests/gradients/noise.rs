//! Random numbers for the tests: SplitMix64 (Steele, Lea and Flood 2014).

pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Noise(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number, both ends included.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() % (high - low + 1) as u64) as usize
    }

    /// One of the given things.
    pub(crate) fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.between(0, things.len() - 1)]
    }

    /// In [0, 1).
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Values in [−1, 1).
    pub(crate) fn fine(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| 2.0 * self.fraction() - 1.0).collect()
    }

    /// Multiples of 1/16 in [−1, 1].
    pub(crate) fn coarse(&mut self, count: usize) -> Vec<f64> {
        let sixteenth = |noise: &mut Self| noise.between(0, 32) as f64 / 16.0 - 1.0;
        (0..count).map(|_| sixteenth(self)).collect()
    }
}
