use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::{ActivationFunction, Build, Layer, sample_range, single_input};
use crate::error::BuildError;
use crate::kernels::drop_connect::{self, Sizes};
use crate::kernels::{activation, dense, reduce};
use crate::plan::pass::{Backward, Forward, ParameterGradient, Prepare};
use crate::random::{Purpose, Random};
use crate::shape::{MOST_PARAMETERS, MOST_VALUES, holds_at_most};
use crate::{Initializer, KernelDemands, Shape};

/// A fully connected layer that loses single weights while training: each weight and each
/// bias is zero with probability `rate`, drawn anew for every sample (Wan, Zeiler, Zhang,
/// LeCun and Fergus, "Regularization of neural networks using DropConnect", ICML 2013).
///
/// **Training** (their algorithm 1). With *p* = 1 − `rate`, *M* ~ Bernoulli(*p*) for each
/// weight, *m* for each bias, and δ the gradient at the pre-activation *u*,
///
/// *y* = *f*(*u*), *u* = *x* · (*M* ⊙ *W*) + *m* ⊙ *b*, δ = ∂*y* ⊙ *f*′(*u*),
///
/// ∂*W* = *M* ⊙ (*x*ᵀ · δ), ∂*b* = *m* ⊙ δ, ∂*x* = δ · (*M* ⊙ *W*)ᵀ,
///
/// the two gradients of parameters summed over the samples, each with its own masks. What is
/// left is not scaled up.
///
/// **Prediction** (their algorithm 2). A pre-activation is a sum of many independent terms,
/// close to a normal distribution of the same mean and variance:
///
/// *u* ~ *N*(μ, σ²), μ = *p* (*x* · *W* + *b*), σ² = *p* (1 − *p*) ((*x* ⊙ *x*) · (*W* ⊙ *W*) + *b* ⊙ *b*).
///
/// *u* is drawn `draws` times for each unit, and *y* is the mean of *f*(*u*); of a linear
/// layer, for which no draw is needed, it is μ. This differs from the network of mean weights
/// wherever *f* is not linear. The draws come from the counter-based generator under a key of
/// their own, the same for every sample and call: a prediction is a function of the input and
/// the parameters alone. The function must belong to the layer for this
/// (`DropConnect::new(64, 0.5).relu()`): an activation layer behind it would see the mean.
///
/// Defaults: 1000 draws, linear, Glorot uniform kernel, zero bias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DropConnect {
    units: usize,
    rate: f32,
    draws: usize,
    activation: ActivationFunction,
    kernel_initializer: Initializer,
    bias_initializer: Initializer,
    use_bias: bool,
    #[serde(flatten)]
    demands: KernelDemands,
}

const KERNEL: usize = 0;
const BIAS: usize = 1;

/// Standard normal numbers `[draws, units]`, made for the first prediction.
type Noise = OnceLock<Vec<f32>>;

impl DropConnect {
    /// A linear layer of `units` outputs, at least 1, that drops weights with probability
    /// `rate`, from 0 up to but not including 1.
    pub fn new(units: usize, rate: f32) -> Self {
        DropConnect {
            units,
            rate,
            draws: 1000,
            activation: ActivationFunction::Linear,
            kernel_initializer: Initializer::GlorotUniform,
            bias_initializer: Initializer::Zeros,
            use_bias: true,
            demands: KernelDemands::default(),
        }
    }

    /// How often a pre-activation is drawn for a prediction, at least once.
    pub fn draws(mut self, draws: usize) -> Self {
        self.draws = draws;
        self
    }

    fn sizes(&self, input: &Shape) -> Sizes {
        Sizes {
            inputs: input.values(),
            units: self.units,
        }
    }

    fn train(&self, pass: &mut Forward<'_>) {
        let (input, sizes) = (pass.input(0), self.sizes(pass.input_shape(0)));
        let (masks, before) = pass.keep.split_at_mut(pass.samples * sizes.kept());
        let masks: &mut [u32] = bytemuck::cast_slice_mut(masks);
        let masks = &mut masks[..pass.samples * sizes.words()];
        for sample in 0..pass.samples {
            let masks = &mut masks[sample_range(sample, sizes.words())];
            pass.random.bits(pass.first_sample + sample, 1.0 - self.rate, masks);
        }
        let panels = &pass.prepared[..sizes.panel_values()];
        drop_connect::forward(sizes, pass.samples, input, panels, masks, pass.output);
        activation::forward(self.activation, self.units, pass.output, before);
    }

    fn predict(&self, pass: &mut Forward<'_>) {
        let (samples, units, kept) = (pass.samples, self.units, 1.0 - self.rate);
        let (input, noise) = (pass.input(0), pass.built::<Noise>());
        let sizes = self.sizes(pass.input_shape(0));
        let (kernel, bias) = (pass.parameter(KERNEL), self.use_bias.then(|| pass.parameter(BIAS)));
        let ([mean, deviation, drawn, _], squared_input) = parts(pass.scratch, samples * units);
        dense::forward(samples, sizes.inputs, units, input, kernel, bias, mean);
        mean.iter_mut().for_each(|value| *value *= kept);
        let squares = &pass.prepared[sizes.panel_values()..];
        let (squared_kernel, squared_bias) = squares.split_at(sizes.inputs * units);
        let squared_input = &mut squared_input[..input.len()];
        squared_input.copy_from_slice(input);
        reduce::multiply(squared_input, input);
        let bias = self.use_bias.then_some(squared_bias);
        dense::forward(samples, sizes.inputs, units, squared_input, squared_kernel, bias, deviation);
        let share = kept * self.rate;
        deviation.iter_mut().for_each(|value| *value = (share * *value).sqrt());
        if !pass.keep.is_empty() {
            pass.keep[..samples * units].copy_from_slice(mean);
            pass.keep[samples * units..2 * samples * units].copy_from_slice(deviation);
        }
        match self.activation {
            ActivationFunction::Linear => pass.output.copy_from_slice(mean),
            ActivationFunction::Relu => {
                let noise = self.draw(noise);
                drop_connect::mean_rectified(units, mean, deviation, noise, pass.output);
            }
            function => {
                pass.output.fill(0.0);
                for noise in self.draw(noise).chunks_exact(units) {
                    drop_connect::spread(units, mean, deviation, noise, drawn);
                    activation::forward(function, units, drawn, &mut []);
                    reduce::add(pass.output, drawn);
                }
                let share = 1.0 / self.draws as f32;
                pass.output.iter_mut().for_each(|value| *value *= share);
            }
        }
    }

    /// The gradient of a prediction: by the mean of each pre-activation and by its deviation,
    /// and through both by the input.
    fn predict_backward(&self, pass: &mut Backward<'_>) {
        let (samples, units, kept) = (pass.samples, self.units, 1.0 - self.rate);
        let (input, noise) = (pass.input(0), pass.built::<Noise>());
        let sizes = self.sizes(pass.input_shape(0));
        let (mean, deviation) = pass.keep[..2 * samples * units].split_at(samples * units);
        let ([drawn, delta, by_mean, by_deviation], rest) = parts(pass.scratch, samples * units);
        let (before, rest) = rest.split_at_mut(samples * self.activation.kept(units));
        by_mean.fill(0.0);
        by_deviation.fill(0.0);
        if self.activation == ActivationFunction::Linear {
            by_mean.copy_from_slice(pass.output_gradient);
        } else {
            for noise in self.draw(noise).chunks_exact(units) {
                drop_connect::spread(units, mean, deviation, noise, drawn);
                activation::forward(self.activation, units, drawn, before);
                delta.copy_from_slice(pass.output_gradient);
                activation::backward(self.activation, units, drawn, before, delta);
                reduce::add(by_mean, delta);
                drop_connect::add_scaled(noise, delta, by_deviation);
            }
            let share = 1.0 / self.draws as f32;
            by_mean.iter_mut().for_each(|value| *value *= share);
            let share = share * kept * self.rate;
            for (value, deviation) in by_deviation.iter_mut().zip(deviation) {
                // ∂σ/∂σ² is 1 / 2σ; a unit that cannot vary has no say.
                *value = if *deviation > 0.0 { share * *value / deviation } else { 0.0 };
            }
        }
        by_mean.iter_mut().for_each(|value| *value *= kept);
        pass.output_gradient.copy_from_slice(by_mean);
        if let Some(gradient) = pass.input_gradients.get(0) {
            let kernel = pass.parameters.get(KERNEL);
            let squared = &pass.prepared[sizes.panel_values()..][..sizes.inputs * units];
            let rest = &mut rest[..samples * sizes.inputs];
            dense::input_gradient(samples, sizes.inputs, units, by_deviation, squared, rest);
            reduce::multiply(rest, input);
            dense::input_gradient(samples, sizes.inputs, units, by_mean, kernel, gradient);
            reduce::add(gradient, rest);
        }
    }

    fn draw<'a>(&self, noise: &'a Noise) -> &'a [f32] {
        noise.get_or_init(|| {
            Random::new(0, Purpose::Layer, 0, 0).normal(0, self.draws * self.units)
        })
    }
}

/// Four parts of the given length, and the rest.
fn parts(scratch: &mut [f32], length: usize) -> ([&mut [f32]; 4], &mut [f32]) {
    let (first, rest) = scratch.split_at_mut(length);
    let (second, rest) = rest.split_at_mut(length);
    let (third, rest) = rest.split_at_mut(length);
    let (fourth, rest) = rest.split_at_mut(length);
    ([first, second, third, fourth], rest)
}

linear_map_settings!(DropConnect);

impl Layer for DropConnect {
    fn kind(&self) -> &'static str {
        "drop_connect"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(BuildError::configuration(format!(
                "has rate {}: a rate is the share of weights that is dropped, from 0 up to but not including 1",
                self.rate
            )));
        }
        let input = single_input(inputs)?;
        if input.rank() != 1 {
            return Err(BuildError::input("a flat input", "add Flatten between them"));
        }
        if self.units == 0 {
            return Err(BuildError::configuration("has 0 units: give it at least 1"));
        }
        if self.draws == 0 || !holds_at_most(&[self.draws, self.units], MOST_VALUES) {
            return Err(BuildError::configuration(format!(
                "draws {} times for each of {} units: choose at least 1, and no more than {MOST_VALUES} together",
                self.draws, self.units
            )));
        }
        let (inputs, units) = (input.values(), self.units);
        if !holds_at_most(&[inputs, units], MOST_PARAMETERS) {
            return Err(BuildError::configuration(format!(
                "would have a kernel of [{inputs}, {units}], more values than can be held: make it smaller"
            )));
        }
        let (fans, sizes) = ([inputs, units], self.sizes(input));
        build.parameter("kernel", [inputs, units], self.kernel_initializer, fans)?;
        build.demand(self.demands)?;
        if self.use_bias {
            build.parameter("bias", [units], self.bias_initializer, fans)?;
        }
        // The kernel in panels, and its squares for the variance.
        build.prepared(sizes.panel_values() + (inputs + 1) * units);
        // Behind the masks, or a prediction's moments, what the activation needs.
        let before = self.activation.kept(units);
        build.keep(sizes.kept() + before);
        build.scratch(move |samples| samples * (inputs + 4 * units + before));
        build.built(Noise::new());
        build.defer(KERNEL);
        Ok([units].into())
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let sizes = self.sizes(pass.input_shape(0));
        let kernel = pass.parameters.get(KERNEL);
        let bias = self.use_bias.then(|| pass.parameters.get(BIAS));
        let (panels, squares) = pass.prepared.split_at_mut(sizes.panel_values());
        drop_connect::pack(sizes, kernel, bias, panels);
        let weights = kernel.iter().chain(bias.unwrap_or_default());
        for (square, weight) in squares.iter_mut().zip(weights) {
            *square = weight * weight;
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        match pass.training {
            true => self.train(pass),
            false => self.predict(pass),
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        if !pass.training {
            return self.predict_backward(pass);
        }
        let sizes = self.sizes(pass.input_shape(0));
        let (kept, before) = pass.keep.split_at(pass.samples * sizes.kept());
        let (input, masks) = (pass.input(0), masks(kept, pass.samples, sizes));
        let delta = &mut *pass.output_gradient;
        activation::backward(self.activation, self.units, pass.output, before, delta);
        if let Some(input_gradient) = pass.input_gradients.get(0) {
            let panels = &pass.prepared[..sizes.panel_values()];
            drop_connect::input_gradient(sizes, delta, panels, masks, input_gradient);
        }
        if self.use_bias {
            let gradient = pass.parameter_gradients.get(BIAS);
            drop_connect::bias_gradient(sizes, delta, masks, gradient);
        }
        if !pass.deferred {
            let gradient = pass.parameter_gradients.get(KERNEL);
            let all = 0..sizes.inputs;
            drop_connect::kernel_gradient(sizes, all.clone(), input, all, delta, masks, gradient);
        }
    }

    fn parameter_gradient(&self, pass: &mut ParameterGradient<'_>) {
        let sizes = self.sizes(pass.input_shape);
        if !pass.accumulate {
            pass.gradient.fill(0.0);
        }
        for shard in pass.shards {
            drop_connect::kernel_gradient(
                sizes,
                pass.rows.clone(),
                shard.input,
                pass.columns.clone(),
                shard.output_gradient,
                masks(shard.keep, shard.samples, sizes),
                pass.gradient,
            );
        }
    }
}

fn masks(keep: &[f32], samples: usize, sizes: Sizes) -> &[u32] {
    &bytemuck::cast_slice(keep)[..samples * sizes.words()]
}
