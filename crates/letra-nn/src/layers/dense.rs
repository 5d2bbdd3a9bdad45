use std::any::Any;
use std::iter::once;

use serde::{Deserialize, Serialize};

use super::{Activation, ActivationFunction, Build, Layer, single_input};
use crate::error::BuildError;
use crate::kernels::{activation, dense};
use crate::plan::pass::{Backward, Forward, ParameterGradient};
use crate::{Initializer, KernelDemands, Shape};

/// A fully connected layer: *y* = *f*(*x* · *W* + *b*).
///
/// Input `[inputs]`, output `[units]`; parameters `kernel` `[inputs, units]` and `bias`
/// `[units]`. With δ the gradient at the pre-activation *z* = *x* · *W* + *b*,
///
/// ∂*W* = *x*ᵀ · δ, ∂*b* = Σ δ, ∂*x* = δ · *W*ᵀ, δ = ∂*y* ⊙ *f*′(*z*)
///
/// (Rumelhart, Hinton and Williams 1986, eqs. 4–7). Defaults are Keras's: linear,
/// Glorot uniform kernel, zero bias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dense {
    units: usize,
    activation: ActivationFunction,
    kernel_initializer: Initializer,
    bias_initializer: Initializer,
    use_bias: bool,
    #[serde(flatten)]
    pub(super) demands: KernelDemands,
}

const KERNEL: usize = 0;
const BIAS: usize = 1;

impl Dense {
    /// A linear layer of `units` outputs, at least 1.
    pub fn new(units: usize) -> Self {
        Dense {
            units,
            activation: ActivationFunction::Linear,
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
        }
    }
}

linear_map_settings!(Dense);

impl Layer for Dense {
    fn kind(&self) -> &'static str {
        "dense"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let input = single_input(inputs)?;
        if input.rank() != 1 {
            return Err(BuildError::input("a flat input", "add Flatten between them"));
        }
        if self.units == 0 {
            return Err(BuildError::configuration("has 0 units: give it at least 1"));
        }
        let inputs = input.values();
        let fans = [inputs, self.units];
        build.parameter("kernel", [inputs, self.units], self.kernel_initializer, fans)?;
        build.demand(self.demands)?;
        if self.use_bias {
            build.parameter("bias", [self.units], self.bias_initializer, fans)?;
        }
        build.keep(self.activation.kept(self.units));
        build.defer(KERNEL);
        Ok([self.units].into())
    }

    fn takes_sparse_input(&self) -> bool {
        true
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (samples, inputs) = (pass.samples, pass.input_shape(0).values());
        let (kernel, input) = (pass.parameter(KERNEL), pass.input(0));
        let bias = self.use_bias.then(|| pass.parameter(BIAS));
        match pass.sparse_input() {
            Some(rows) => {
                dense::forward_sparse(inputs, self.units, rows, kernel, bias, pass.output);
            }
            None => {
                dense::forward(samples, inputs, self.units, input, kernel, bias, pass.output);
            }
        }
        activation::forward(self.activation, self.units, pass.output, pass.keep);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (samples, inputs) = (pass.samples, pass.input_shape(0).values());
        let (input, sparse) = (pass.input(0), pass.sparse_input());
        let delta = &mut *pass.output_gradient;
        activation::backward(self.activation, self.units, pass.output, pass.keep, delta);
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            let kernel = pass.parameters.get(KERNEL);
            dense::input_gradient(samples, inputs, self.units, delta, kernel, input_gradient);
        }
        if self.use_bias {
            let gradient = pass.parameter_gradients.get(BIAS);
            dense::bias_gradient(samples, self.units, delta, gradient);
        }
        if !pass.deferred {
            let gradient = pass.parameter_gradients.get(KERNEL);
            let (units, all) = (self.units, 0..inputs);
            match sparse {
                Some(rows) => {
                    let samples = rows.zip(delta.chunks_exact(units));
                    dense::kernel_gradient_sparse(units, all, samples, true, gradient);
                }
                None => {
                    let part = once((input, &*delta));
                    dense::kernel_gradient(inputs, units, all, part, true, gradient);
                }
            }
        }
    }

    fn parameter_gradient(&self, pass: &mut ParameterGradient<'_>) {
        let shards = pass.shards.iter();
        if let Some(rows) = pass.sparse_input() {
            let deltas = shards.flat_map(|shard| shard.output_gradient.chunks_exact(self.units));
            return dense::kernel_gradient_sparse(
                self.units,
                pass.rows.clone(),
                rows.zip(deltas),
                pass.accumulate,
                pass.gradient,
            );
        }
        dense::kernel_gradient(
            pass.columns.len(),
            self.units,
            pass.rows_of_input(),
            shards.map(|shard| (shard.input, shard.output_gradient)),
            pass.accumulate,
            pass.gradient,
        );
    }

    fn fuse(&self, next: &dyn Layer) -> Option<Box<dyn Layer>> {
        let next = (next as &dyn Any).downcast_ref::<Activation>()?;
        (self.activation == ActivationFunction::Linear)
            .then(|| Box::new(self.clone().activation(next.function())) as Box<dyn Layer>)
    }
}
