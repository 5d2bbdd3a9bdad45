use std::sync::Arc;

use super::matmul::{BIAS, FEWEST_SAMPLES, KERNEL, kernel_and_bias};
use super::{Backward, ConvolveTransposed, Forward, MaxPool, Needs, Op, Prepare, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation::{self, ActivationKind};
use crate::kernels::convolution::{Convolution, Geometry, Pool};

/// A convolution with a bias, a function and a max pooling after it; see
/// [`Convolution`] for the formulas.
///
/// Input `[height, width, channels]` or, with one row, `[steps, channels]`; weights
/// `[rows, columns, channels / groups, filters]` and, where there is a second, `[filters]`.
#[derive(Debug, Clone)]
pub(crate) struct Convolve {
    geometry: Geometry,
    function: ActivationKind,
    pool: Option<Pool>,
    output: Shape,
    convolution: Arc<Convolution>,
}

impl Convolve {
    /// On the given shape, with a function after it; the output's shape is one of the values that
    /// the geometry gives.
    pub(crate) fn new(geometry: Geometry, function: ActivationKind, output: Shape) -> Self {
        Self::planned(geometry, function, None, output)
    }

    fn planned(
        geometry: Geometry,
        function: ActivationKind,
        pool: Option<Pool>,
        output: Shape,
    ) -> Self {
        let relu = function == ActivationKind::Relu;
        Convolve {
            geometry,
            function,
            pool,
            output,
            convolution: Arc::new(Convolution::new(geometry, relu, pool)),
        }
    }

    /// With the function that comes after it, where it has none yet.
    pub(crate) fn then(&self, function: ActivationKind) -> Option<Self> {
        let free = self.function == ActivationKind::Linear && self.pool.is_none();
        free.then(|| Self::planned(self.geometry, function, None, self.output.clone()))
    }

    /// With a max pooling that comes after it, whose windows lie side by side, where nothing but a
    /// ReLU stands between.
    pub(crate) fn then_pool(&self, next: &MaxPool) -> Option<Self> {
        let [height, width] = next.plain_window().filter(|_| !next.is_global())?;
        let pool = Pool { height, width };
        let free = matches!(self.function, ActivationKind::Relu | ActivationKind::Linear)
            && self.pool.is_none();
        free.then(|| {
            Self::planned(
                self.geometry,
                self.function,
                Some(pool),
                next.output().clone(),
            )
        })
    }

    /// The function after it, and the way back of the rest, where that is an op: without groups and
    /// dilation.
    pub(crate) fn way_back(&self) -> Option<(ActivationKind, ConvolveTransposed)> {
        let plain = self.geometry.groups == 1 && self.geometry.dilation == [1, 1];
        let plain = plain && self.pool.is_none();
        let back = || ConvolveTransposed::new(self.geometry, ActivationKind::Linear);
        plain.then(|| (self.function, back()))
    }

    /// The same without its function, and that function; none of a pooling one.
    pub(crate) fn linear(&self) -> Option<(Self, ActivationKind)> {
        let linear = || Self::new(self.geometry, ActivationKind::Linear, self.output.clone());
        let plain = self.pool.is_none();
        plain.then(|| (linear(), self.function))
    }

    /// The function that the convolution itself does not include.
    fn tail(&self) -> ActivationKind {
        match self.function {
            ActivationKind::Relu => ActivationKind::Linear,
            other => other,
        }
    }
}

impl Op for Convolve {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        single_input(inputs)?;
        Ok(vec![self.output.clone()])
    }

    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            prepared: self.convolution.prepared_len(),
            // After what the convolution keeps, the pre-activations that its tail needs.
            keep: self.convolution.keep_len() + self.tail().kept(self.output.values()),
            ..Needs::default()
        }
    }

    fn scratch(&self, _inputs: &[Shape], samples: usize) -> usize {
        self.convolution.scratch_len(samples)
    }

    fn fewest_samples(&self) -> usize {
        FEWEST_SAMPLES
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        self.convolution
            .prepare(pass.weights[KERNEL], pass.prepared);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let codes = match pass.keep.is_empty() {
            true => 0,
            false => pass.samples * self.convolution.keep_len(),
        };
        let (codes, kept) = pass.keep.split_at_mut(codes);
        self.convolution.forward(
            pass.samples,
            pass.inputs[0],
            pass.weights[KERNEL],
            pass.prepared,
            pass.weights.get(BIAS).copied(),
            pass.outputs[0],
            (!codes.is_empty()).then_some(codes),
            pass.scratch,
        );
        activation::forward(self.tail(), self.geometry.filters, pass.outputs[0], kept);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (codes, kept) = pass
            .keep
            .split_at(pass.samples * self.convolution.keep_len());
        let delta = &mut *pass.output_gradients[0];
        activation::backward(
            self.tail(),
            self.geometry.filters,
            pass.outputs[0],
            kept,
            delta,
        );
        let [kernel_gradient, bias_gradient] = kernel_and_bias(&mut pass.weight_gradients);
        self.convolution.backward(
            pass.samples,
            pass.inputs[0],
            pass.weights[KERNEL],
            pass.prepared,
            pass.outputs[0],
            delta,
            codes,
            pass.input_gradients[0].as_deref_mut(),
            kernel_gradient,
            bias_gradient,
            pass.scratch,
        );
    }
}
