use std::any::Any;

use serde::{Deserialize, Serialize};

use super::window::{Windows, picture, whole_numbered};
use super::{
    Activation, ActivationFunction, Build, GlobalMaxPool2d, Layer, MaxPool2d, Padding, Window,
    single_input,
};
use crate::error::BuildError;
use crate::kernels::activation;
use crate::kernels::normalisation::{self, Channels, repeat, row_length};
use crate::kernels::pooling::Pooling;
use crate::plan::pass::{Backward, Forward, Prepare, UpdateState};
use crate::{Initializer, Shape};

/// Brings each channel to mean 0 and variance 1 over the batch, then scales and shifts it
/// by what is learned (Ioffe and Szegedy 2015, algorithm 1):
///
/// *x̂* = (*x* − μ) / √(σ² + ε), *y* = γ *x̂* + β,
///
/// with μ and σ² the mean and the (biased) variance of a channel over all samples and
/// positions of the batch. The channels are the last axis, as in Keras. Parameters `gamma`
/// and `beta` `[channels]`. With *N* values a channel (their section 3),
///
/// ∂β = Σ ∂*y*, ∂γ = Σ ∂*y* *x̂*, ∂*x* = γ / √(σ² + ε) · (∂*y* − ∂β / *N* − *x̂* ∂γ / *N*).
///
/// When predicting, and where the layer is frozen, μ and σ² are `moving_mean` and
/// `moving_variance`, which belong to the layer: in each step of training, *m* ←
/// *m* · momentum + μ · (1 − momentum), likewise the variance. The whole then is one
/// scale and one shift a channel.
///
/// While training, all of the batch must pass this layer before any of it goes on; that
/// costs two passes over memory more than a layer that does not look beyond a sample.
/// Defaults are Keras's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchNormalization {
    momentum: f32,
    epsilon: f32,
    center: bool,
    scale: bool,
    gamma_initializer: Initializer,
    beta_initializer: Initializer,
    /// Whether the ReLU behind it was fused into it; never saved.
    #[serde(skip)]
    relu: bool,
    /// The max pooling behind that, if it was fused into it too; never saved.
    #[serde(skip)]
    pool: Option<Pool>,
}

/// A max pooling whose windows lie side by side.
#[derive(Debug, Clone, Copy)]
enum Pool {
    Windows([usize; 2]),
    Whole(GlobalMaxPool2d),
}

impl Pool {
    fn of(layer: &dyn Layer) -> Option<Pool> {
        let layer: &dyn Any = layer;
        match layer.downcast_ref::<MaxPool2d>() {
            Some(pool) => pool.plain_window().map(Pool::Windows),
            None => layer.downcast_ref().copied().map(Pool::Whole),
        }
    }

    fn pooling(self, input: &Shape) -> Result<Pooling, BuildError> {
        match self {
            Pool::Windows(window) => {
                let window = Window(window);
                Windows::on_picture(window, window, Padding::Valid).checked(picture(input)?)
            }
            Pool::Whole(_) => whole_numbered(picture(input)?),
        }
    }

    fn output_shape(self, pooling: &Pooling) -> Shape {
        match self {
            Pool::Windows(_) => {
                [pooling.output_height(), pooling.output_width(), pooling.channels].into()
            }
            Pool::Whole(layer) => layer.output_shape(pooling),
        }
    }
}

const MOVING_MEAN: usize = 0;
const MOVING_VARIANCE: usize = 1;

impl BatchNormalization {
    /// Momentum 0.99, ε 0.001, with γ and β.
    #[expect(clippy::new_without_default, reason = "settings follow, as with all layers")]
    pub fn new() -> Self {
        BatchNormalization {
            momentum: 0.99,
            epsilon: 1e-3,
            center: true,
            scale: true,
            gamma_initializer: Initializer::Constant(1.0),
            beta_initializer: Initializer::Zeros,
            relu: false,
            pool: None,
        }
    }

    /// Share of the moving averages that each step keeps, from 0 to 1.
    pub fn momentum(mut self, momentum: f32) -> Self {
        self.momentum = momentum;
        self
    }

    /// γ and β, where there are any.
    fn learned<'a>(&self, parameter: impl Fn(usize) -> &'a [f32]) -> [Option<&'a [f32]>; 2] {
        [
            self.scale.then(|| parameter(0)),
            self.center.then(|| parameter(usize::from(self.scale))),
        ]
    }

    /// Takes the gradient back through the ReLU that was fused in, in place.
    fn mask(&self, pass: &mut Backward<'_>) {
        if self.pool.is_some() {
            let codes = &pass.keep[..pass.output_gradient.len()];
            normalisation::clear_closed(codes, pass.output_gradient);
        } else if self.relu {
            let (output, gradient) = (pass.output, &mut *pass.output_gradient);
            activation::backward(ActivationFunction::Relu, 1, output, &[], gradient);
        }
    }

    /// 1 / √(σ² + ε), in double precision.
    fn deviation(&self, variance: f64) -> f64 {
        1.0 / (variance + f64::from(self.epsilon)).sqrt()
    }

    /// Writes mean, scale and offset of each channel, a row each.
    fn write_rows(
        &self,
        [gamma, beta]: [Option<&[f32]>; 2],
        channels: usize,
        moments: impl Fn(usize) -> [f64; 2],
        rows: &mut [f32],
    ) {
        let (mean, rest) = rows.split_at_mut(row_length(channels));
        let (scale, offset) = rest.split_at_mut(mean.len());
        let factor = |channel: usize| gamma.map_or(1.0, |gamma| f64::from(gamma[channel]));
        repeat(channels, |channel| moments(channel)[0] as f32, mean);
        let of_channel = |channel: usize| (self.deviation(moments(channel)[1]) * factor(channel)) as f32;
        repeat(channels, of_channel, scale);
        repeat(channels, |channel| beta.map_or(0.0, |beta| beta[channel]), offset);
    }
}

fn channels(input: &Shape) -> usize {
    input.sizes().last().copied().unwrap_or(1)
}

/// Mean and variance of a channel from its sum and sum of squares over `count` values.
fn moments(sums: &[f64], channel: usize, count: f64) -> [f64; 2] {
    let mean = sums[channel] / count;
    let square = sums[sums.len() / 2 + channel] / count;
    [mean, (square - mean * mean).max(0.0)]
}

/// Mean, scale and offset, one row behind the other.
fn rows(rows: &[f32]) -> [&[f32]; 3] {
    let row = rows.len() / 3;
    [0, 1, 2].map(|index| &rows[index * row..][..row])
}

normalisation_settings!(BatchNormalization);

impl Layer for BatchNormalization {
    fn kind(&self) -> &'static str {
        "batch_normalization"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn build(&self, inputs: &[Shape], build: &mut Build) -> Result<Shape, BuildError> {
        let input = single_input(inputs)?;
        if !(0.0..=1.0).contains(&self.momentum) {
            return Err(BuildError::configuration(format!(
                "has momentum {}: it is the share of the moving averages that a step keeps, from 0 to 1",
                self.momentum
            )));
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(BuildError::configuration(format!(
                "has epsilon {}: it must be above 0",
                self.epsilon
            )));
        }
        if input.rank() == 0 {
            return Err(BuildError::input("an input with at least one axis", "add Reshape before it"));
        }
        let channels = channels(input);
        if self.scale {
            build.parameter("gamma", [channels], self.gamma_initializer, [channels; 2])?;
        }
        if self.center {
            build.parameter("beta", [channels], self.beta_initializer, [channels; 2])?;
        }
        build.state("moving_mean", [channels], Initializer::Zeros)?;
        build.state("moving_variance", [channels], Initializer::Constant(1.0))?;
        build.prepared(3 * row_length(channels));
        build.scratch(move |_| 4 * row_length(channels));
        if !build.frozen() {
            build.whole_batch(2 * channels, 2 * channels);
        }
        let Some(pool) = self.pool else {
            return Ok(input.clone());
        };
        let pooling = pool.pooling(input)?;
        // Winners, and their inputs.
        build.keep(2 * pooling.output_len());
        build.built(pooling);
        Ok(pool.output_shape(&pooling))
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let [mean, variance] = [MOVING_MEAN, MOVING_VARIANCE].map(|state| pass.states.get(state));
        let learned = self.learned(|index| pass.parameters.get(index));
        let moments = |channel: usize| [mean[channel], variance[channel]].map(f64::from);
        self.write_rows(learned, mean.len(), moments, pass.prepared);
    }

    fn forward_sums(&self, pass: &mut Forward<'_>) {
        normalisation::sums(channels(pass.input_shape(0)), pass.input(0), pass.shard_sums);
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (x, input) = (pass.input(0), pass.input_shape(0));
        let channels = channels(input);
        let known = match pass.sums.is_empty() {
            true => pass.prepared,
            false => {
                let count = (pass.batch * (input.values() / channels)) as f64;
                let learned = self.learned(|index| pass.parameters.get(index));
                let scratch = &mut pass.scratch[..3 * row_length(channels)];
                self.write_rows(learned, channels, |c| moments(pass.sums, c, count), scratch);
                scratch
            }
        };
        let [mean, scale, offset] = rows(known);
        let least = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        if self.pool.is_some() {
            let kept = (!pass.keep.is_empty()).then(|| pass.keep.split_at_mut(pass.output.len()));
            let kept = kept.map(|(codes, winners)| [codes, winners]);
            let (pooling, known) = (pass.node.built::<Pooling>(), [mean, scale, offset]);
            normalisation::normalise_and_pool(pooling, known, least, x, pass.output, kept);
            return;
        }
        normalisation::normalise(mean, scale, offset, least, x, pass.output);
    }

    fn backward_sums(&self, pass: &mut Backward<'_>) {
        let input = pass.input_shape(0);
        let channels = channels(input);
        let count = (pass.batch * (input.values() / channels)) as f64;
        self.mask(pass);
        let x = match self.pool {
            // Nothing comes back but to the winners.
            Some(_) => &pass.keep[pass.output_gradient.len()..],
            None => pass.input(0),
        };
        normalisation::gradient_sums(channels, pass.output_gradient, x, pass.shard_sums);
        let (gradient, product) = pass.shard_sums.split_at(channels);
        if self.scale {
            let sums = pass.parameter_gradients.get(0);
            for (channel, sum) in sums.iter_mut().enumerate() {
                let [mean, variance] = moments(pass.sums, channel, count);
                let product = product[channel] - mean * gradient[channel];
                *sum += (product * self.deviation(variance)) as f32;
            }
        }
        if self.center {
            let sums = pass.parameter_gradients.get(usize::from(self.scale));
            for (sum, gradient) in sums.iter_mut().zip(gradient) {
                *sum += *gradient as f32;
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let input = pass.input_shape(0);
        let channels = channels(input);
        let count = (pass.batch * (input.values() / channels)) as f64;
        if pass.sums.is_empty() {
            self.mask(pass);
        }
        let x = pass.input(0);
        let Some(input_gradient) = pass.input_gradients.get(0) else {
            return;
        };
        let row = row_length(channels);
        let (mean, rest) = pass.scratch.split_at_mut(row);
        let (scale, rest) = rest.split_at_mut(row);
        let (slope, rest) = rest.split_at_mut(row);
        let constant = &mut rest[..row];
        if pass.sums.is_empty() {
            let [_, factors, _] = rows(pass.prepared);
            mean.fill(0.0);
            scale.copy_from_slice(factors);
            slope.fill(0.0);
            constant.fill(0.0);
        } else {
            let [gamma, _] = self.learned(|index| pass.parameters.get(index));
            let factor = |channel: usize| gamma.map_or(1.0, |gamma| f64::from(gamma[channel]));
            let (sums, gradients) = (pass.sums, pass.gradient_sums);
            // Factor, slope and constant of ∂x = a ∂y − b (x − μ) − c.
            let of_channel = |channel: usize| {
                let [mean, variance] = moments(sums, channel, count);
                let deviation = self.deviation(variance);
                let (first, second) = (gradients[channel], gradients[channels + channel]);
                let (a, product) = (factor(channel) * deviation, second - mean * first);
                [mean, a, a * deviation * deviation * product / count, a * first / count]
            };
            for (index, values) in [mean, scale, slope, constant].into_iter().enumerate() {
                repeat(channels, |channel| of_channel(channel)[index] as f32, values);
            }
        }
        let (mean, rest) = pass.scratch.split_at(row);
        let known = Channels {
            mean,
            scale: &rest[..row],
            slope: &rest[row..2 * row],
            constant: &rest[2 * row..3 * row],
        };
        let gradient = &*pass.output_gradient;
        if self.pool.is_some() {
            let (pooling, codes) = (pass.node.built::<Pooling>(), &*pass.keep);
            normalisation::input_gradient_of_pooled(
                pooling,
                known,
                x,
                gradient,
                codes,
                input_gradient,
            );
        } else {
            normalisation::input_gradient(known, x, gradient, input_gradient);
        }
    }

    fn update_state(&self, pass: &mut UpdateState<'_>) {
        if pass.sums.is_empty() {
            return;
        }
        let sums = pass.sums;
        let channels = sums.len() / 2;
        let count = (pass.samples * (pass.input_shape(0).values() / channels)) as f64;
        let keep = f64::from(self.momentum);
        for (state, which) in [(MOVING_MEAN, 0), (MOVING_VARIANCE, 1)] {
            for (channel, value) in pass.get(state).iter_mut().enumerate() {
                let new = moments(sums, channel, count)[which];
                *value = (f64::from(*value) * keep + new * (1.0 - keep)) as f32;
            }
        }
    }

    /// Takes in a ReLU behind it, whose values then need no memory of their own, and the max
    /// pooling behind that, so that only what it lets through is ever written.
    fn fuse(&self, next: &dyn Layer) -> Option<Box<dyn Layer>> {
        let mut fused = self.clone();
        if let Some(next) = (next as &dyn Any).downcast_ref::<Activation>() {
            fused.relu = true;
            let fits = next.function() == ActivationFunction::Relu && !self.relu;
            return fits.then(|| Box::new(fused) as Box<dyn Layer>);
        }
        fused.pool = Some(Pool::of(next).filter(|_| self.relu && self.pool.is_none())?);
        Some(Box::new(fused))
    }
}
