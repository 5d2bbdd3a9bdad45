use serde::{Deserialize, Serialize};

use super::{Build, Layer, sample_range, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::dropout;
use crate::plan::pass::{Backward, Forward};

/// Dropout whose rate falls in a straight line from `rate` to nothing over `steps` training
/// steps, and stays there:
///
/// *p*\[*t*\] = max(0, 1 − *t* / *N*) · *p*\[0\]
///
/// (Rennie, Goel and Thomas, "Annealed dropout training of deep networks", SLT 2014, the
/// linear schedule). *t* counts the network's training steps from 0, so a schedule of *e*
/// epochs has *e* times as many steps as an epoch has batches; a training that is saved and
/// taken up again goes on where it stood. Training starts in an ensemble of small networks
/// and ends in the whole one, with full support for units that rely on each other.
///
/// At each step it works like [`Dropout`](super::Dropout) at that rate: values are zero with
/// probability *p*\[*t*\], the others are multiplied by 1 / (1 − *p*\[*t*\]), and gradients
/// likewise; it rests when predicting.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnnealedDropout {
    rate: f32,
    steps: u64,
}

impl AnnealedDropout {
    /// Drops values with probability `rate`, from 0 up to but not including 1, in the first
    /// step, and none from step number `steps` on, at least 1.
    pub fn new(rate: f32, steps: u64) -> Self {
        AnnealedDropout { rate, steps }
    }

    /// The rate in training step number `step`, counted from 0.
    pub fn rate_at(&self, step: u64) -> f32 {
        match step < self.steps {
            true => ((1.0 - step as f64 / self.steps as f64) * f64::from(self.rate)) as f32,
            false => 0.0,
        }
    }
}

impl Layer for AnnealedDropout {
    fn kind(&self) -> &'static str {
        "annealed_dropout"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(BuildError::configuration(format!(
                "has rate {}: a rate is the share that is dropped at first, from 0 up to but not including 1",
                self.rate
            )));
        }
        if self.steps == 0 {
            return Err(BuildError::configuration(
                "anneals over 0 steps: give it at least 1, or leave the layer out",
            ));
        }
        let input = single_input(inputs)?;
        build.keep(input.values());
        Ok(input.clone())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, rate) = (pass.input(0), self.rate_at(pass.step));
        if !pass.training || rate == 0.0 {
            pass.output.copy_from_slice(input);
            return;
        }
        let values = pass.input_shape(0).values();
        let words = bytemuck::cast_slice_mut(pass.keep);
        for sample in 0..pass.samples {
            pass.random.words(pass.first_sample + sample, &mut words[sample_range(sample, values)]);
        }
        dropout::apply(rate, words, input, pass.output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(input_gradient) = pass.input_gradients.get(0) else {
            return;
        };
        let rate = self.rate_at(pass.step);
        if !pass.training || rate == 0.0 {
            input_gradient.copy_from_slice(pass.output_gradient);
        } else {
            let words = bytemuck::cast_slice(pass.keep);
            dropout::apply(rate, words, pass.output_gradient, input_gradient);
        }
    }
}
