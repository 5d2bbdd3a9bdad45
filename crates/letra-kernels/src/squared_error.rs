//! The squared error Σ (y − t)², with its gradient.

use super::simd::{dispatch, kernel};

/// Returns Σ (prediction − target)² and writes 2 (prediction − target) · scale to `gradient`.
pub fn squared_error(prediction: &[f32], target: &[f32], scale: f32, gradient: &mut [f32]) -> f64 {
    assert_eq!(
        prediction.len(),
        target.len(),
        "prediction and target differ in length"
    );
    assert_eq!(
        prediction.len(),
        gradient.len(),
        "prediction and gradient differ in length"
    );
    dispatch(SquaredError {
        prediction,
        target,
        scale,
        gradient,
    })
}

/// Terms that are summed side by side, on every machine alike.
const LANES: usize = 16;

kernel! {
    struct SquaredError<'a>(
        prediction: &'a [f32],
        target: &'a [f32],
        scale: f32,
        gradient: &'a mut [f32]
    ) -> f64 {
        let mut sums = [0.0; LANES];
        let groups = gradient.chunks_mut(LANES);
        let groups = groups
            .zip(prediction.chunks(LANES))
            .zip(target.chunks(LANES));
        for ((gradient, prediction), target) in groups {
            let terms = gradient
                .iter_mut()
                .zip(prediction)
                .zip(target)
                .zip(&mut sums);
            for (((gradient, prediction), target), sum) in terms {
                let difference = prediction - target;
                *sum += f64::from(difference) * f64::from(difference);
                *gradient = 2.0 * difference * scale;
            }
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::simd::tests::on_each_instruction_set;

    #[test]
    fn agrees_with_its_twin() {
        let mut noise = Noise::new(11);
        for length in [0, 1, 7, 16, 45, 1000] {
            let (prediction, target) = (noise.values(length), noise.values(length));
            let differences: Vec<f64> = prediction
                .iter()
                .zip(&target)
                .map(|(y, t)| f64::from(*y) - f64::from(*t))
                .collect();
            let expected: f64 = differences.iter().map(|d| d * d).sum();
            on_each_instruction_set(|| {
                let mut gradient = vec![f32::NAN; length];
                let loss = squared_error(&prediction, &target, 0.3, &mut gradient);
                assert!((loss - expected).abs() <= 1e-6 * expected);
                for (gradient, difference) in gradient.iter().zip(&differences) {
                    assert!((f64::from(*gradient) - 0.6 * difference).abs() < 1e-6);
                }
            });
        }
    }
}
