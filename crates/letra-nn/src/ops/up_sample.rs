use super::{Backward, Forward, Op, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::cells::{Interpolation, Repetition};

/// A picture made larger by whole factors: each cell repeated, so that its gradient is the sum
/// over its copies, or lines between the centres of neighbouring cells, whose weights the gradient
/// goes back with.
#[derive(Debug, Clone)]
pub(crate) struct UpSample {
    output: Shape,
    method: Method,
}

#[derive(Debug, Clone)]
enum Method {
    Nearest(Repetition),
    Bilinear(Interpolation),
}

fn larger([height, width, channels]: [usize; 3], [rows, columns]: [usize; 2]) -> Shape {
    [height * rows, width * columns, channels].into()
}

impl UpSample {
    /// Each cell so many times, down and to the right.
    pub(crate) fn nearest(picture: [usize; 3], times: [usize; 2]) -> Self {
        let [_, width, channels] = picture;
        UpSample {
            output: larger(picture, times),
            method: Method::Nearest(Repetition {
                width,
                channels,
                times,
            }),
        }
    }

    /// So many times as high and wide, with lines between the cells.
    pub(crate) fn bilinear(picture: [usize; 3], times: [usize; 2]) -> Self {
        UpSample {
            output: larger(picture, times),
            method: Method::Bilinear(Interpolation::new(picture, times)),
        }
    }
}

impl Op for UpSample {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        Ok(vec![self.output.clone()])
    }

    fn scratch(&self, _inputs: &[Shape], _samples: usize) -> usize {
        match &self.method {
            Method::Nearest(_) => 0,
            Method::Bilinear(interpolation) => interpolation.line_len(),
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (input, output) = (pass.inputs[0], &mut *pass.outputs[0]);
        match &self.method {
            Method::Nearest(repetition) => repetition.repeat(input, output),
            Method::Bilinear(interpolation) => interpolation.forward(input, output, pass.scratch),
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        let gradient = &*pass.output_gradients[0];
        match &self.method {
            Method::Nearest(repetition) => repetition.sum(gradient, input_gradient),
            Method::Bilinear(interpolation) => {
                interpolation.backward(gradient, input_gradient, pass.scratch);
            }
        }
    }
}
