//! How well codes tell factors.

use letra_nn::prelude::*;

use super::drawing::{CHARACTERS, FACTORS, Glyphs};

/// Of each factor, the share of its variance that each code tells by a straight line.
pub(super) struct Predicted {
    /// By factor, then by code.
    pub(super) shares: [Vec<f64>; 4],
}

impl Predicted {
    /// Of codes `[pictures, n]`.
    pub(super) fn of(codes: &Tensor, glyphs: &Glyphs) -> Self {
        let column = |code: usize| -> Vec<f64> {
            let samples = 0..codes.samples();
            samples
                .map(|sample| f64::from(codes.sample(sample)[code]))
                .collect()
        };
        let columns: Vec<Vec<f64>> = (0..codes.sample_values()).map(column).collect();
        let shares = [0, 1, 2, 3].map(|factor| {
            let values = glyphs.factors.iter();
            let values: Vec<f64> = values.map(|factors| f64::from(factors[factor])).collect();
            let columns = columns.iter();
            columns
                .map(|codes| squared_correlation(codes, &values))
                .collect()
        });
        Self { shares }
    }

    /// The code that tells a factor best, and how well.
    pub(super) fn best(&self, factor: usize) -> (usize, f64) {
        let shares = self.shares[factor].iter().copied().enumerate();
        shares
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, f64::NAN))
    }

    /// By how much the best code tells more of a factor than the second: the mean over the factors.
    pub(super) fn lead(&self) -> f64 {
        let lead = |shares: &Vec<f64>| {
            let mut shares = shares.clone();
            shares.sort_by(|a, b| b.total_cmp(a));
            shares.first().copied().unwrap_or(f64::NAN) - shares.get(1).copied().unwrap_or(0.0)
        };
        self.shares.iter().map(lead).sum::<f64>() / FACTORS.len() as f64
    }
}

/// The square of Pearson's correlation; 0 where one does not vary.
fn squared_correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (middle_a, middle_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - middle_a, b - middle_b);
        both += a * b;
        of_a += a * a;
        of_b += b * b;
    }
    match of_a > 0.0 && of_b > 0.0 {
        true => both * both / (of_a * of_b),
        false => 0.0,
    }
}

/// The share of pictures that are of the character that most pictures of their category are of.
pub(super) fn purity(categories: &[usize], glyphs: &Glyphs) -> f64 {
    let count = categories.iter().max().map_or(0, |most| most + 1);
    let mut counts = vec![[0_usize; CHARACTERS.len()]; count];
    for (&category, &character) in categories.iter().zip(&glyphs.characters) {
        counts[category][character] += 1;
    }
    let most = counts.iter().filter_map(|counts| counts.iter().max());
    most.sum::<usize>() as f64 / categories.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyphs(factors: Vec<[f32; 4]>, characters: Vec<usize>) -> Glyphs {
        Glyphs {
            pictures: Tensor::zeros([factors.len(), 1]),
            factors,
            characters,
        }
    }

    #[test]
    fn a_code_that_is_a_factor_tells_all_of_it() {
        let factors = vec![
            [1.0, -1.0, 0.0, 1.0],
            [-1.0, -1.0, 0.0, 1.0],
            [1.0, 1.0, 0.0, -1.0],
            [-1.0, 1.0, 0.0, -1.0],
        ];
        let codes = Tensor::new([4, 2], vec![2.0, 5.0, -2.0, 5.0, 2.0, 1.0, -2.0, 1.0]).unwrap();
        let predicted = Predicted::of(&codes, &glyphs(factors, vec![0; 4]));
        assert_eq!(predicted.best(0), (0, 1.0));
        assert_eq!(predicted.best(1), (1, 1.0));
        assert_eq!(predicted.shares[2], [0.0, 0.0]);
        assert_eq!(predicted.shares[3], [0.0, 1.0]);
        assert_eq!(predicted.lead(), 0.75);
    }

    #[test]
    fn purity_counts_the_most_frequent() {
        let glyphs = glyphs(vec![[0.0; 4]; 5], vec![0, 0, 1, 2, 2]);
        assert_eq!(purity(&[0, 0, 0, 1, 1], &glyphs), 0.8);
        assert_eq!(purity(&[0, 1, 2, 3, 4], &glyphs), 1.0);
    }
}
