use serde::{Deserialize, Serialize};

use super::{EPSILON, Loss, TargetRows, rows};

/// The negative cosine of the angle between a row's outputs and its targets,
/// −Σ *y* *t* / (|*y*| |*t*|), from −1 to 1, the mean over the rows, as in Keras: only directions count.
///
/// With unit vectors *ŷ* and *t̂* the gradient is −(*t̂* − (*ŷ* · *t̂*) *ŷ*) / |*y*| / samples. A row
/// whose outputs or targets are shorter than 10⁻⁷ has no direction: it adds 0, and no gradient.
///
/// It is not among the names of the prelude, which has the metric
/// [`CosineSimilarity`](crate::metrics::CosineSimilarity).
///
/// ```
/// # use letra_nn::prelude::*;
/// use letra_nn::losses;
///
/// let compile = Compile::new(Adam::new(0.01)).loss(losses::CosineSimilarity);
/// assert!(Sequential::new([3]).add(Dense::new(2)).compile(compile).is_ok());
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CosineSimilarity;

impl Loss for CosineSimilarity {
    named!("cosine_similarity");

    fn scale(&self, rows: usize, _units: usize) -> f32 {
        1.0 / rows as f32
    }

    fn evaluate(
        &self,
        units: usize,
        output: &[f32],
        targets: TargetRows<'_>,
        scale: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let targets = rows(targets).chunks_exact(units);
        let outputs = output.chunks_exact(units);
        let gradients = gradient.chunks_exact_mut(units);
        let rows = outputs.zip(targets).zip(gradients);
        rows.map(|((output, target), gradient)| -cosine(output, target, scale, gradient))
            .sum()
    }
}

/// The cosine between two rows; writes the scaled gradient of its negative.
fn cosine(output: &[f32], target: &[f32], scale: f32, gradient: &mut [f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
        products.sum()
    };
    let [length, wanted] = [output, target].map(|row| dot(row, row).sqrt());
    if length < EPSILON || wanted < EPSILON {
        gradient.fill(0.0);
        return 0.0;
    }
    let cosine = dot(output, target) / (length * wanted);
    for ((gradient, &y), &t) in gradient.iter_mut().zip(output).zip(target) {
        let across = f64::from(t) / wanted - cosine * f64::from(y) / length;
        *gradient = (-across / length * f64::from(scale)) as f32;
    }
    cosine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_direction_adds_nothing() {
        for (output, target) in [([0.0, 0.0], [1.0, 0.0]), ([1.0, 2.0], [0.0, 0.0])] {
            let mut gradient = [f32::NAN; 2];
            let targets = TargetRows::Values(&target);
            let loss = CosineSimilarity.evaluate(2, &output, targets, 1.0, &mut gradient);
            assert_eq!((loss, gradient), (0.0, [0.0; 2]));
        }
    }
}
