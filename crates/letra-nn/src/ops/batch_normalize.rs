use super::select_steps::masked_sequence;
use super::{Backward, Forward, MaxPool, Needs, Op, Prepare, UpdateState, last_axis, single_input};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation::{self, ActivationKind};
use crate::kernels::normalisation::{self, Channels, repeat, row_length};

/// Each channel (last axis) brought to mean 0 and variance 1 over the batch, then scaled by γ and
/// shifted by β, where there are such weights (Ioffe and Szegedy 2015, algorithm 1):
/// *x̂* = (*x* − μ) / √(σ² + ε), *y* = γ *x̂* + β. With *N* values a channel (their section 3),
///
/// ∂β = Σ ∂*y*, ∂γ = Σ ∂*y* *x̂*, ∂*x* = γ / √(σ² + ε) · (∂*y* − ∂β / *N* − *x̂* ∂γ / *N*).
///
/// With a second input, the mask `[steps]` of a sequence, μ and σ² are over the steps that count, and
/// padding has no share in the last two terms of ∂*x*.
///
/// Weights: γ, β, then the moving mean and the moving variance, which stand for μ and σ² when
/// predicting and where the op is frozen. A ReLU and a max pooling after it can be part of it, so
/// that only what they let through is ever written.
#[derive(Debug, Clone)]
pub(crate) struct BatchNormalize {
    pub(crate) momentum: f32,
    pub(crate) epsilon: f32,
    /// Whether the first weight is γ.
    pub(crate) scale: bool,
    /// Whether the next weight is β.
    pub(crate) center: bool,
    /// Whether it takes the moving averages, and leaves them as they are, while training too.
    pub(crate) frozen: bool,
    /// Whether a ReLU after it is part of it.
    pub(crate) relu: bool,
    /// The max pooling after that, if it is part of it, too.
    pub(crate) pool: Option<MaxPool>,
}

/// Mean and variance of a channel from its sum and sum of squares over `count` values.
fn moments(sums: &[f64], channel: usize, count: f64) -> [f64; 2] {
    let mean = sums[channel] / count;
    let square = sums[sums.len() / 2 + channel] / count;
    let variance = square - mean * mean;
    // Not `max`, which would hide a variance that is not a number.
    [mean, if variance < 0.0 { 0.0 } else { variance }]
}

/// Values of a channel that the moments are over: all of the batch, or those of the steps that count,
/// whose number comes last among the sums.
fn count(batch: usize, inputs: &[Shape], sums: &[f64]) -> f64 {
    let positions = inputs[0].values() / last_axis(&inputs[0]);
    match (inputs, sums) {
        // Where none counts, the sums are 0, too.
        ([_, mask], [.., steps]) => steps.max(1.0) * (positions / mask.values()) as f64,
        _ => (batch * positions) as f64,
    }
}

/// Mean, scale and offset, one row after the other.
fn rows(rows: &[f32]) -> [&[f32]; 3] {
    let row = rows.len() / 3;
    [0, 1, 2].map(|index| &rows[index * row..][..row])
}

impl BatchNormalize {
    /// With the ReLU that comes after it.
    pub(crate) fn then(&self, function: ActivationKind) -> Option<Self> {
        let fits = function == ActivationKind::Relu && !self.relu && self.pool.is_none();
        fits.then(|| BatchNormalize {
            relu: true,
            ..self.clone()
        })
    }

    /// With a max pooling after the ReLU, whose windows lie side by side.
    pub(crate) fn then_pool(&self, next: &MaxPool) -> Option<Self> {
        let fits = self.relu && self.pool.is_none() && next.plain_window().is_some();
        fits.then(|| BatchNormalize {
            pool: Some(next.clone()),
            ..self.clone()
        })
    }

    /// γ and β, where there are any.
    fn learned<'a>(&self, weights: &[&'a [f32]]) -> [Option<&'a [f32]>; 2] {
        [
            self.scale.then(|| weights[0]),
            self.center.then(|| weights[usize::from(self.scale)]),
        ]
    }

    /// Place of the moving mean among the weights; the variance follows.
    fn moving(&self) -> usize {
        usize::from(self.scale) + usize::from(self.center)
    }

    /// Takes the gradient back through the ReLU that is part of it, in place.
    fn mask(&self, pass: &mut Backward<'_>) {
        let gradient = &mut *pass.output_gradients[0];
        if self.relu {
            activation::backward(ActivationKind::Relu, 1, pass.outputs[0], &[], gradient);
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
        let of_channel =
            |channel: usize| (self.deviation(moments(channel)[1]) * factor(channel)) as f32;
        repeat(channels, of_channel, scale);
        repeat(
            channels,
            |channel| beta.map_or(0.0, |beta| beta[channel]),
            offset,
        );
    }

    /// Writes the rows that [`Channels`] takes: of ∂x = a ∂y − b (x − μ) − c, the mean, the factor
    /// a, the slope b and the constant c of each channel.
    fn write_slopes(&self, pass: &mut Backward<'_>, channels: usize, count: f64) {
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
            return;
        }
        let [gamma, _] = self.learned(&pass.weights);
        let factor = |channel: usize| gamma.map_or(1.0, |gamma| f64::from(gamma[channel]));
        let (sums, gradients) = (pass.sums, pass.gradient_sums);
        let of_channel = |channel: usize| {
            let [mean, variance] = moments(sums, channel, count);
            let deviation = self.deviation(variance);
            let (first, second) = (gradients[channel], gradients[channels + channel]);
            let (a, product) = (factor(channel) * deviation, second - mean * first);
            [
                mean,
                a,
                a * deviation * deviation * product / count,
                a * first / count,
            ]
        };
        for (index, values) in [mean, scale, slope, constant].into_iter().enumerate() {
            repeat(
                channels,
                |channel| of_channel(channel)[index] as f32,
                values,
            );
        }
    }
}

impl Op for BatchNormalize {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        let input = match inputs {
            [_, _] => masked_sequence(inputs)?,
            _ => single_input(inputs)?,
        };
        if input.rank() == 0 {
            return Err(BuildError::input(
                "an input with at least one axis",
                "add Reshape before it",
            ));
        }
        let pooled = self.pool.as_ref().map(MaxPool::output);
        Ok(vec![pooled.unwrap_or(input).clone()])
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        let channels = last_axis(&inputs[0]);
        let pooled = self.pool.as_ref().map(|pool| pool.output().values());
        Needs {
            prepared: 3 * row_length(channels),
            // Winners, and their inputs.
            keep: 2 * pooled.unwrap_or(0),
            sums: (!self.frozen).then_some([2 * channels + inputs.len() - 1, 2 * channels]),
            ..Needs::default()
        }
    }

    fn scratch(&self, inputs: &[Shape], _samples: usize) -> usize {
        4 * row_length(last_axis(&inputs[0]))
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let moving = &pass.weights[self.moving()..];
        let (mean, variance) = (moving[0], moving[1]);
        let moments = |channel: usize| [mean[channel], variance[channel]].map(f64::from);
        self.write_rows(
            self.learned(&pass.weights),
            mean.len(),
            moments,
            pass.prepared,
        );
    }

    fn forward_sums(&self, pass: &mut Forward<'_>) {
        let channels = last_axis(&pass.input_shapes[0]);
        let Some(mask) = pass.inputs.get(1) else {
            return normalisation::sums(channels, pass.inputs[0], pass.shard_sums);
        };
        let (sums, steps) = pass.shard_sums.split_at_mut(2 * channels);
        let features = pass.inputs[0].len() / mask.len();
        for (row, _) in counted(pass.inputs[0].chunks_exact(features), mask, true) {
            normalisation::sums(channels, row, sums);
            steps[0] += 1.0;
        }
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (x, input, output) = (pass.inputs[0], &pass.input_shapes[0], &mut *pass.outputs[0]);
        let channels = last_axis(input);
        let known = match pass.sums.is_empty() {
            true => pass.prepared,
            false => {
                let count = count(pass.batch, pass.input_shapes, pass.sums);
                let scratch = &mut pass.scratch[..3 * row_length(channels)];
                let of_channel = |channel| moments(pass.sums, channel, count);
                self.write_rows(self.learned(&pass.weights), channels, of_channel, scratch);
                scratch
            }
        };
        let [mean, scale, offset] = rows(known);
        let least = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        if let Some(pool) = &self.pool {
            let kept = (!pass.keep.is_empty()).then(|| pass.keep.split_at_mut(output.len()));
            let kept = kept.map(|(codes, winners)| [codes, winners]);
            let known = [mean, scale, offset];
            normalisation::normalise_and_pool(pool.pooling(), known, least, x, output, kept);
            return;
        }
        normalisation::normalise(mean, scale, offset, least, x, output);
    }

    fn backward_sums(&self, pass: &mut Backward<'_>) {
        let channels = last_axis(&pass.input_shapes[0]);
        let count = count(pass.batch, pass.input_shapes, pass.sums);
        self.mask(pass);
        let gradient = &*pass.output_gradients[0];
        let x = match self.pool {
            // Nothing comes back but to the winners.
            Some(_) => &pass.keep[gradient.len()..],
            None => pass.inputs[0],
        };
        normalisation::gradient_sums(channels, gradient, x, pass.shard_sums);
        let (gradient, product) = pass.shard_sums.split_at(channels);
        if let Some(Some(sums)) = self.scale.then(|| &mut pass.weight_gradients[0]) {
            for (channel, sum) in sums.iter_mut().enumerate() {
                let [mean, variance] = moments(pass.sums, channel, count);
                let product = product[channel] - mean * gradient[channel];
                *sum += (product * self.deviation(variance)) as f32;
            }
        }
        let beta = usize::from(self.scale);
        if let Some(Some(sums)) = self.center.then(|| &mut pass.weight_gradients[beta]) {
            for (sum, gradient) in sums.iter_mut().zip(gradient) {
                *sum += *gradient as f32;
            }
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let channels = last_axis(&pass.input_shapes[0]);
        let count = count(pass.batch, pass.input_shapes, pass.sums);
        if pass.sums.is_empty() {
            self.mask(pass);
        }
        if let Some(Some(gradient)) = pass.input_gradients.get_mut(1) {
            gradient.fill(0.0);
        }
        if pass.input_gradients[0].is_none() {
            return;
        }
        self.write_slopes(pass, channels, count);
        let row = row_length(channels);
        let (mean, rest) = pass.scratch.split_at(row);
        let known = Channels {
            mean,
            scale: &rest[..row],
            slope: &rest[row..2 * row],
            constant: &rest[2 * row..3 * row],
        };
        let (x, gradient) = (pass.inputs[0], &*pass.output_gradients[0]);
        let Some(input_gradient) = &mut pass.input_gradients[0] else {
            return;
        };
        match &self.pool {
            Some(pool) => normalisation::input_gradient_of_pooled(
                pool.pooling(),
                known,
                x,
                gradient,
                pass.keep,
                input_gradient,
            ),
            None => normalisation::input_gradient(known, x, gradient, input_gradient),
        }
        let Some(mask) = pass.inputs.get(1).filter(|_| !pass.sums.is_empty()) else {
            return;
        };
        let features = x.len() / mask.len();
        let rows = input_gradient.chunks_exact_mut(features);
        let rows = rows.zip(gradient.chunks_exact(features));
        for ((own, given), _) in counted(rows, mask, false) {
            for (place, (own, given)) in own.iter_mut().zip(given).enumerate() {
                *own = rest[place % channels] * given;
            }
        }
    }

    fn update_state(&self, pass: &mut UpdateState<'_>) {
        let sums = pass.sums;
        let nothing_counts = pass.input_shapes.len() > 1 && sums.last() == Some(&0.0);
        if sums.is_empty() || nothing_counts {
            return;
        }
        let count = count(pass.samples, pass.input_shapes, sums);
        let keep = f64::from(self.momentum);
        for which in [0, 1] {
            let moving = pass.weight(self.moving() + which);
            for (channel, value) in moving.iter_mut().enumerate() {
                let new = moments(sums, channel, count)[which];
                *value = (f64::from(*value) * keep + new * (1.0 - keep)) as f32;
            }
        }
    }
}

/// The rows of the steps that count, or of the others.
fn counted<'a, R>(
    rows: impl Iterator<Item = R> + 'a,
    mask: &'a [f32],
    counts: bool,
) -> impl Iterator<Item = (R, &'a f32)> + 'a {
    rows.zip(mask)
        .filter(move |(_, mask)| (**mask != 0.0) == counts)
}
