use super::{Backward, Forward, Needs, Op, pass_on, same_shape, sample_range, shares};
use crate::Shape;
use crate::error::BuildError;
use crate::factor::Factor;
use crate::kernels::contrast::Contrast;

/// More or less contrast for each picture at random while training. With *f* drawn from `factor`
/// and *m* the mean of the picture's channel, *y* = *m* + (1 + *f*) (*x* − *m*), held within
/// `range`. With *g* the gradient where the value was not held back and 0 elsewhere,
/// ∂*x* = (1 + *f*) *g* − *f* · mean(*g*).
#[derive(Debug, Clone)]
pub(crate) struct RandomContrast {
    pub(crate) channels: usize,
    pub(crate) factor: Factor,
    pub(crate) range: [f32; 2],
}

impl RandomContrast {
    fn contrast(&self, factor: f32) -> Contrast {
        Contrast {
            channels: self.channels,
            factor,
            range: self.range,
        }
    }
}

impl Op for RandomContrast {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        same_shape(inputs)
    }

    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            keep: 1,
            ..Needs::default()
        }
    }

    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        self.channels
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, output) = (pass.inputs[0], &mut *pass.outputs[0]);
        if !pass.training {
            output.copy_from_slice(input);
            return;
        }
        let values = pass.input_shapes[0].values();
        for (sample, kept) in pass.keep.iter_mut().enumerate() {
            let [share] = shares(&pass.random, pass.first_sample + sample);
            *kept = (1.0 + self.factor.at(share)) as f32;
            let range = sample_range(sample, values);
            let (input, output) = (&input[range.clone()], &mut output[range]);
            self.contrast(*kept).forward(input, output, pass.scratch);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if !pass.training {
            return pass_on(pass);
        }
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let values = pass.input_shapes[0].values();
        for (sample, kept) in pass.keep.iter().enumerate() {
            let range = sample_range(sample, values);
            self.contrast(*kept).backward(
                &pass.inputs[0][range.clone()],
                &pass.output_gradients[0][range.clone()],
                &mut input_gradient[range],
                pass.scratch,
            );
        }
    }
}
