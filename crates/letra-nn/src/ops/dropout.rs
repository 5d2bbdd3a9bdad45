use super::{Backward, Forward, Needs, Op, pass_on, sample_range};
use crate::Shape;
use crate::kernels::dropout;

/// While training, each value is zero with probability *p* and multiplied by 1 / (1 − *p*)
/// otherwise, and its gradient likewise; at rest when predicting.
#[derive(Debug, Clone)]
pub(crate) struct Dropout {
    pub(crate) rate: Rate,
}

/// The share of values that are dropped.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rate {
    /// The same in every step.
    Constant(f32),
    /// From `first` in a straight line to nothing at step number `steps`.
    Annealed { first: f32, steps: u64 },
}

impl Rate {
    /// The rate in training step number `step`, from 0.
    pub(crate) fn at(self, step: u64) -> f32 {
        match self {
            Rate::Constant(rate) => rate,
            Rate::Annealed { first, steps } if step < steps => {
                ((1.0 - step as f64 / steps as f64) * f64::from(first)) as f32
            }
            Rate::Annealed { .. } => 0.0,
        }
    }
}

impl Op for Dropout {
    fn needs(&self, inputs: &[Shape]) -> Needs {
        Needs {
            keep: inputs[0].values(),
            ..Needs::default()
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, output) = (pass.inputs[0], &mut *pass.outputs[0]);
        let rate = self.rate.at(pass.step);
        if !pass.training || rate == 0.0 {
            output.copy_from_slice(input);
            return;
        }
        let values = pass.input_shapes[0].values();
        let words = bytemuck::cast_slice_mut(pass.keep);
        for sample in 0..pass.samples {
            let words = &mut words[sample_range(sample, values)];
            pass.random.words(pass.first_sample + sample, words);
        }
        dropout::apply(rate, words, input, output);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let rate = self.rate.at(pass.step);
        if !pass.training || rate == 0.0 {
            return pass_on(pass);
        }
        if let Some(input_gradient) = &mut pass.input_gradients[0] {
            let words = bytemuck::cast_slice(pass.keep);
            dropout::apply(rate, words, pass.output_gradients[0], input_gradient);
        }
    }
}
