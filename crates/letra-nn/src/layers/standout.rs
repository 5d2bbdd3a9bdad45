use std::iter::once;

use serde::{Deserialize, Serialize};

use super::{ActivationFunction, Build, Layer, sample_range, single_input};
use crate::error::BuildError;
use crate::kernels::{activation, dense, reduce, standout};
use crate::plan::pass::{Backward, Forward};
use crate::{Initializer, KernelDemands, Shape};

/// A fully connected layer with adaptive dropout: a binary belief network that shares the
/// layer's weights decides, unit by unit and sample by sample, which units are kept (Ba and
/// Frey, "Adaptive dropout for training deep neural networks", NIPS 2013).
///
/// With the pre-activation *z* = *x* · *W* + *b*, a unit is kept with probability
///
/// π = σ(α *z* + β)
///
/// (the belief network's weights tied to the layer's as in their algorithm 2;
/// the bias is the weight of a unit that is always 1). While training, a mask
/// *m* ~ Bernoulli(π) is drawn and *y* = *m* ⊙ *f*(*z*); when predicting, the mask is
/// replaced by its expectation: *y* = π ⊙ *f*(*z*). Nothing is scaled up for the
/// units that are missing.
///
/// The gradient is the paper's for tied weights: the mask counts as given, and nothing flows
/// through its probabilities. δ = ∂*y* ⊙ *m* ⊙ *f*′(*z*) is the gradient at the
/// pre-activation, and with it ∂*W*, ∂*b* and ∂*x* are those of [`Dense`](super::Dense).
/// After the step the belief network has the new weights, as they are the same.
///
/// With α = 0 and β = 0 every unit is kept with probability ½, whatever its input: plain
/// dropout. The larger α, the surer the units that answer strongly are to stay.
/// Defaults: α = 1, β = 0, linear, Glorot uniform kernel, zero bias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Standout {
    units: usize,
    alpha: f32,
    beta: f32,
    activation: ActivationFunction,
    kernel_initializer: Initializer,
    bias_initializer: Initializer,
    use_bias: bool,
    #[serde(flatten)]
    demands: KernelDemands,
}

const KERNEL: usize = 0;
const BIAS: usize = 1;

impl Standout {
    /// A linear layer of `units` outputs, at least 1.
    pub fn new(units: usize) -> Self {
        Standout {
            units,
            alpha: 1.0,
            beta: 0.0,
            activation: ActivationFunction::Linear,
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
        }
    }

    /// The factor α of the pre-activation in π = σ(α *z* + β), any finite number.
    pub fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }

    /// The shift β in π = σ(α *z* + β), any finite number.
    pub fn beta(mut self, beta: f32) -> Self {
        self.beta = beta;
        self
    }
}

linear_map_settings!(Standout);

impl Layer for Standout {
    fn kind(&self) -> &'static str {
        "standout"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        for (name, value) in [("alpha", self.alpha), ("beta", self.beta)] {
            if !value.is_finite() {
                return Err(BuildError::configuration(format!(
                    "has {name} {value}: it must be a finite number"
                )));
            }
        }
        let input = single_input(inputs)?;
        if input.rank() != 1 {
            return Err(BuildError::input("a flat input", "add Flatten between them"));
        }
        if self.units == 0 {
            return Err(BuildError::configuration("has 0 units: give it at least 1"));
        }
        let (inputs, units) = (input.values(), self.units);
        let fans = [inputs, units];
        build.parameter("kernel", [inputs, units], self.kernel_initializer, fans)?;
        build.demand(self.demands)?;
        if self.use_bias {
            build.parameter("bias", [units], self.bias_initializer, fans)?;
        }
        // What the activation gave, and the mask or, without training, its probabilities.
        // Behind them, the pre-activations that the activation needs.
        build.keep(units.saturating_mul(2).saturating_add(self.activation.kept(units)));
        build.scratch(move |samples| samples * units);
        build.defer(KERNEL);
        Ok([units].into())
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        dense::forward(
            pass.samples,
            pass.input_shape(0).values(),
            self.units,
            pass.input(0),
            pass.parameter(KERNEL),
            self.use_bias.then(|| pass.parameter(BIAS)),
            pass.output,
        );
        let factors = &mut *pass.scratch;
        standout::probabilities(self.alpha, self.beta, pass.output, factors);
        let (kept, before) = match pass.keep.is_empty() {
            true => (&mut [][..], &mut [][..]),
            false => pass.keep.split_at_mut(2 * pass.output.len()),
        };
        activation::forward(self.activation, self.units, pass.output, before);
        if !kept.is_empty() {
            let (activated, kept) = kept.split_at_mut(pass.output.len());
            activated.copy_from_slice(pass.output);
            if pass.training {
                let words = bytemuck::cast_slice_mut(kept);
                for sample in 0..pass.samples {
                    let place = sample_range(sample, self.units);
                    pass.random.words(pass.first_sample + sample, &mut words[place]);
                }
                standout::draw(words, factors);
            }
            kept.copy_from_slice(factors);
        }
        reduce::multiply(pass.output, factors);
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (samples, inputs) = (pass.samples, pass.input_shape(0).values());
        let input = pass.input(0);
        let delta = &mut *pass.output_gradient;
        let (activated, rest) = pass.keep.split_at(delta.len());
        let (factors, before) = rest.split_at(delta.len());
        // Of a prediction, the probabilities depend on the input, too.
        if !pass.training {
            pass.scratch.copy_from_slice(delta);
            reduce::multiply(pass.scratch, activated);
        }
        reduce::multiply(delta, factors);
        activation::backward(self.activation, self.units, activated, before, delta);
        if !pass.training {
            standout::add_slope(self.alpha, factors, pass.scratch, delta);
        }
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
            let all = once((input, &*delta));
            dense::kernel_gradient(inputs, self.units, 0..inputs, all, true, gradient);
        }
    }

    fn parameter_gradient(&self, pass: &mut crate::plan::pass::ParameterGradient<'_>) {
        let shards = pass.shards.iter();
        dense::kernel_gradient(
            pass.columns.len(),
            self.units,
            pass.rows_of_input(),
            shards.map(|shard| (shard.input, shard.output_gradient)),
            pass.accumulate,
            pass.gradient,
        );
    }
}
