//! Random numbers that follow from a seed alone.

/// SplitMix64 (G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number generators,
/// OOPSLA 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

/// The generator's step, 2⁶⁴ divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The numbers of a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The numbers of one of many indices under a seed; those of different indices have nothing
    /// to do with each other.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let of_seed = Self(seed).next();
        Self(Self(of_seed ^ index.wrapping_mul(0xd134_2543_de82_ef95)).next())
    }

    /// A number of 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`, 0 if that is 0; the high half of a product, whose bias is below one
    /// in 2⁴⁰ for bounds up to 2²⁴.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number from 0 up to but not 1, one of 2²⁴.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }

    /// A number from `low` to `high`, all equally likely.
    pub(crate) fn between(&mut self, (low, high): (f32, f32)) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A number from `low` to `high`, both above 0, with equally likely logarithms: a doubling is
    /// as likely among the small ones as among the large.
    pub(crate) fn by_ratio(&mut self, (low, high): (f32, f32)) -> f32 {
        low * libm::powf(high / low, self.unit())
    }

    /// Whether something of this probability happens.
    pub(crate) fn happens(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One of several, all equally likely.
    ///
    /// # Panics
    /// There is none.
    pub(crate) fn one_of<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[self.below(several.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn numbers_are_even_and_in_their_ranges() {
        let mut random = Random::new(3, 4);
        let units: Vec<f32> = (0..20_000).map(|_| random.unit()).collect();
        assert!(units.iter().all(|unit| (0.0..1.0).contains(unit)));
        let mean = units.iter().sum::<f32>() / 20_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let mut counts = [0; 7];
        (0..7000).for_each(|_| counts[random.below(7)] += 1);
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
        let ratio = random.by_ratio((2.0, 8.0));
        assert!((2.0..=8.0).contains(&ratio));
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn indices_and_seeds_have_numbers_of_their_own() {
        let first = |seed, index| Random::new(seed, index).next();
        assert_eq!(first(1, 2), first(1, 2));
        let mut all: Vec<u64> = (0..50)
            .flat_map(|seed| (0..50).map(move |index| first(seed, index)))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2500);
    }
}
