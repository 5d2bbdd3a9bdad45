use super::{Backward, Forward, Needs, Op, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::gaussian;

/// A normal number of given mean and variance, as a function of both (the reparametrisation of Kingma
/// and Welling 2014, section 2.4): *z* = μ + exp(½ log σ²) ε, ε ~ N(0, 1). When predicting, *z* = μ.
///
/// Input `[2 n]`, μ and after it log σ²; output `[n]`. ∂μ = ∂*z*, ∂log σ² = ½ exp(½ log σ²) ε ∂*z*.
#[derive(Debug, Clone)]
pub(crate) struct SampleGaussian;

/// The divergence of a normal distribution from the standard one, times λ, one number a sample:
/// λ ½ Σ (μ² + σ² − 1 − log σ²) (Kingma and Welling 2014, appendix B). Input as [`SampleGaussian`]'s;
/// ∂μ = δ λ μ, ∂log σ² = ½ δ λ (σ² − 1).
#[derive(Debug, Clone)]
pub(crate) struct GaussianDivergence {
    pub(crate) factor: f32,
}

impl Op for SampleGaussian {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs).map(|input| vec![[input.values() / 2].into()])
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        // ½ σ ε
        Needs::new().keep(inputs[0].values() / 2)
    }

    fn scratch(&self, inputs: &[Shape], _samples: usize) -> usize {
        inputs[0].values()
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let values = pass.input_shapes[0].values() / 2;
        let (words, zeros) = pass.scratch.split_at_mut(values);
        let (words, zeros): (&mut [u32], _) =
            (bytemuck::cast_slice_mut(words), &mut zeros[..values]);
        zeros.fill(0.0);
        for sample in 0..pass.samples {
            let (mean, log_variance) =
                pass.inputs[0][sample_range(sample, 2 * values)].split_at(values);
            let output = &mut pass.outputs[0][sample_range(sample, values)];
            if !pass.training {
                output.copy_from_slice(mean);
                continue;
            }
            pass.random.words(pass.first_sample + sample, words);
            gaussian::add_noise(1.0, words, zeros, output);
            let known = mean.iter().zip(log_variance);
            for (place, (output, (mean, log_variance))) in output.iter_mut().zip(known).enumerate()
            {
                let noise = libm::expf(0.5 * log_variance) * *output;
                *output = mean + noise;
                if let Some(kept) = pass.keep.get_mut(sample * values + place) {
                    *kept = 0.5 * noise;
                }
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let values = pass.input_shapes[0].values() / 2;
        for sample in 0..pass.samples {
            let range = sample_range(sample, values);
            let given = &pass.output_gradients[0][range.clone()];
            let (mean, log_variance) =
                gradient[sample_range(sample, 2 * values)].split_at_mut(values);
            mean.copy_from_slice(given);
            match pass.training {
                false => log_variance.fill(0.0),
                true => {
                    let known = given.iter().zip(&pass.keep[range]);
                    let own = log_variance.iter_mut().zip(known);
                    own.for_each(|(own, (given, slope))| *own = given * slope);
                }
            }
        }
    }
}

impl Op for GaussianDivergence {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs).map(|_| vec![[1].into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let values = pass.input_shapes[0].values();
        for (sample, output) in pass.outputs[0].iter_mut().enumerate() {
            let (mean, log_variance) =
                pass.inputs[0][sample_range(sample, values)].split_at(values / 2);
            let terms = mean.iter().zip(log_variance).map(|(mean, log_variance)| {
                let [mean, log_variance] = [mean, log_variance].map(|&value| f64::from(value));
                mean * mean + libm::exp(log_variance) - 1.0 - log_variance
            });
            *output = (f64::from(self.factor) * 0.5 * terms.sum::<f64>()) as f32;
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let values = pass.input_shapes[0].values();
        for (sample, &delta) in pass.output_gradients[0].iter().enumerate() {
            let range = sample_range(sample, values);
            let (mean, log_variance) = pass.inputs[0][range.clone()].split_at(values / 2);
            let (of_mean, of_log_variance) = gradient[range].split_at_mut(values / 2);
            let delta = self.factor * delta;
            of_mean
                .iter_mut()
                .zip(mean)
                .for_each(|(own, mean)| *own = delta * mean);
            for (own, log_variance) in of_log_variance.iter_mut().zip(log_variance) {
                *own = 0.5 * delta * libm::expm1f(*log_variance);
            }
        }
    }
}
