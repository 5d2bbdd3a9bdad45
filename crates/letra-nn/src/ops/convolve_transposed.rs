use std::sync::Arc;

use super::matmul::{BIAS, FEWEST_SAMPLES, KERNEL, kernel_and_bias};
use super::{Backward, Convolve, Forward, Needs, Op, Prepare, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation::{self, ActivationKind};
use crate::kernels::convolution::{Geometry, Transposed};

/// The way back of a convolution, with a bias and a function after it; see [`Transposed`] for the
/// formulas.
///
/// Input and output are pictures; weights `[rows, columns, filters, channels]` and, where there is
/// a second, `[filters]`.
#[derive(Debug, Clone)]
pub(crate) struct ConvolveTransposed {
    geometry: Geometry,
    function: ActivationKind,
    transposed: Arc<Transposed>,
}

impl ConvolveTransposed {
    /// The way back of the convolution of this geometry.
    pub(crate) fn new(geometry: Geometry, function: ActivationKind) -> Self {
        ConvolveTransposed {
            geometry,
            function,
            transposed: Arc::new(Transposed::new(geometry)),
        }
    }

    /// The function after it, and the way back of the rest: the convolution.
    pub(crate) fn way_back(&self) -> (ActivationKind, Convolve) {
        let geometry = self.geometry;
        let sizes = [geometry.output_height(), geometry.output_width()];
        let output = [sizes[0], sizes[1], geometry.filters].into();
        let back = Convolve::new(geometry, ActivationKind::Linear, output);
        (self.function, back)
    }

    /// The convolution's input, which is the output here.
    fn output(&self) -> Shape {
        let Geometry {
            height,
            width,
            channels,
            ..
        } = self.geometry;
        [height, width, channels].into()
    }
}

impl Op for ConvolveTransposed {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        Ok(vec![self.output()])
    }

    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            prepared: self.transposed.prepared_len(),
            keep: self.function.kept(self.output().values()),
            ..Needs::default()
        }
    }

    fn scratch(&self, _inputs: &[Shape], samples: usize) -> usize {
        self.transposed.scratch_len(samples)
    }

    fn fewest_samples(&self) -> usize {
        FEWEST_SAMPLES
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        self.transposed.prepare(pass.weights[KERNEL], pass.prepared);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        self.transposed.forward(
            pass.samples,
            pass.inputs[0],
            pass.weights[KERNEL],
            pass.prepared,
            pass.weights.get(BIAS).copied(),
            pass.outputs[0],
            pass.scratch,
        );
        activation::forward(
            self.function,
            self.geometry.channels,
            pass.outputs[0],
            pass.keep,
        );
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (filters, delta) = (self.geometry.channels, &mut *pass.output_gradients[0]);
        activation::backward(self.function, filters, pass.outputs[0], pass.keep, delta);
        let [kernel_gradient, bias_gradient] = kernel_and_bias(&mut pass.weight_gradients);
        self.transposed.backward(
            pass.samples,
            pass.inputs[0],
            pass.weights[KERNEL],
            pass.prepared,
            delta,
            pass.input_gradients[0].as_deref_mut(),
            kernel_gradient,
            bias_gradient,
            pass.scratch,
        );
    }
}
