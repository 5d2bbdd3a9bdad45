use super::{Backward, Forward, Needs, Op, UpdateState, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;

/// What keeps a logarithm finite, as in the losses.
const LEAST: f64 = 1e-7;

/// The penalty λ Σⱼ KL(ρ ‖ ρ̂ⱼ) on the mean activation ρ̂ⱼ of each unit over the batch, with
///
/// KL(ρ ‖ ρ̂) = ρ log (ρ / ρ̂) + (1 − ρ) log ((1 − ρ) / (1 − ρ̂)),
///
/// one number, the same for each sample. Its gradient by a unit's activation is that by ρ̂,
/// λ ((1 − ρ) / (1 − ρ̂) − ρ / ρ̂), over the number of samples.
///
/// Weight: the moving mean of ρ̂, which stands for it when predicting.
#[derive(Debug, Clone)]
pub(crate) struct Sparsity {
    pub(crate) target: f32,
    pub(crate) factor: f32,
    pub(crate) momentum: f32,
}

impl Sparsity {
    /// The target, and a mean activation that has a logarithm; no number where it is no share.
    fn shares(&self, mean: f64) -> [f64; 2] {
        let mean = match (0.0..=1.0).contains(&mean) {
            true => mean.clamp(LEAST, 1.0 - LEAST),
            false => f64::NAN,
        };
        [f64::from(self.target), mean]
    }

    fn divergence(&self, mean: f64) -> f64 {
        let [target, mean] = self.shares(mean);
        target * libm::log(target / mean)
            + (1.0 - target) * libm::log((1.0 - target) / (1.0 - mean))
    }

    fn slope(&self, mean: f64) -> f64 {
        let [target, mean] = self.shares(mean);
        (1.0 - target) / (1.0 - mean) - target / mean
    }
}

impl Op for Sparsity {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs).map(|_| vec![[1].into()])
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs::new().sums(inputs[0].values(), 0)
    }

    fn forward_sums(&self, pass: &mut Forward<'_>) {
        for sample in pass.inputs[0].chunks_exact(pass.shard_sums.len()) {
            let sums = pass.shard_sums.iter_mut().zip(sample);
            sums.for_each(|(sum, &value)| *sum += f64::from(value));
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let total: f64 = match pass.sums {
            [] => pass.weights[0]
                .iter()
                .map(|&mean| self.divergence(f64::from(mean)))
                .sum(),
            sums => sums
                .iter()
                .map(|sum| self.divergence(sum / pass.batch as f64))
                .sum(),
        };
        pass.outputs[0].fill((f64::from(self.factor) * total) as f32);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        if pass.sums.is_empty() {
            return gradient.fill(0.0);
        }
        let slopes = pass
            .sums
            .iter()
            .map(|sum| self.slope(sum / pass.batch as f64));
        for (unit, slope) in slopes.enumerate() {
            let slope = (f64::from(self.factor) * slope) as f32;
            for (sample, &delta) in pass.output_gradients[0].iter().enumerate() {
                gradient[sample_range(sample, pass.sums.len())][unit] = delta * slope;
            }
        }
    }

    fn update_state(&self, pass: &mut UpdateState<'_>) {
        let (sums, samples, keep) = (pass.sums, pass.samples as f64, f64::from(self.momentum));
        for (mean, sum) in pass.weight(0).iter_mut().zip(sums) {
            *mean = (f64::from(*mean) * keep + sum / samples * (1.0 - keep)) as f32;
        }
    }
}
