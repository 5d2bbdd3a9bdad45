use std::ops::Range;

use super::{Backward, Forward, Needs, Op, last_axis, sample_range};
use crate::Shape;
use crate::kernels::normalisation::{self, Channels, repeat, row_length};

/// Each group of neighbouring channels (last axis) of a sample brought to mean 0 and variance 1 over
/// all positions, then scaled by γ and shifted by β of its channel, where there are such weights
/// (Wu and He 2018, eqs. 1 to 5): *x̂* = (*x* − μ) / √(σ² + ε), *y* = γ *x̂* + β. With *g* = γ ∂*y*
/// and means over a group,
///
/// ∂β = Σ ∂*y*, ∂γ = Σ ∂*y* *x̂*, ∂*x* = (*g* − mean(*g*) − *x̂* mean(*g* *x̂*)) / √(σ² + ε).
#[derive(Debug, Clone)]
pub(crate) struct GroupNormalize {
    /// They divide the channels.
    pub(crate) groups: usize,
    pub(crate) epsilon: f32,
    /// Whether the first weight is γ.
    pub(crate) scale: bool,
    /// Whether the last weight is β.
    pub(crate) center: bool,
}

/// Mean and 1 / √(σ² + ε) of a group, in double precision; and how they are kept.
type Moments = [f64; 2];
type Kept = [f32; 4];

/// Numbers that keep the moments of a group.
const KEPT: usize = size_of::<Kept>() / size_of::<f32>();

/// Where a pass works: sums of each channel, something of each group, rows of channels.
struct Room<'a> {
    sums: &'a mut [f64],
    groups: &'a mut [Kept],
    rows: [&'a mut [f32]; 4],
}

impl GroupNormalize {
    fn room<'a>(&self, channels: usize, scratch: &'a mut [f32]) -> Room<'a> {
        // First, as scratch space begins at a cache line, where double precision can stand.
        let (sums, rest) = scratch.split_at_mut(4 * channels);
        let (groups, rest) = rest.split_at_mut(KEPT * self.groups);
        let mut rows = rest.chunks_exact_mut(row_length(channels));
        Room {
            sums: bytemuck::cast_slice_mut(sums),
            groups: groups.as_chunks_mut().0,
            rows: [(); 4].map(|()| rows.next().expect("there is room for four rows")),
        }
    }

    /// γ and β, where there are any.
    fn learned<'a>(&self, weights: &[&'a [f32]]) -> [Option<&'a [f32]>; 2] {
        [
            self.scale.then(|| weights[0]),
            self.center.then(|| weights[usize::from(self.scale)]),
        ]
    }

    /// The channels of a group.
    fn channels(&self, group: usize, channels: usize) -> Range<usize> {
        let width = channels / self.groups;
        group * width..(group + 1) * width
    }

    /// The moments of a group of `count` values from the sums, and the sums of squares, of each
    /// channel.
    fn moments(&self, group: usize, sums: &[f64], count: f64) -> Moments {
        let (sums, squares) = sums.split_at(sums.len() / 2);
        let channels = self.channels(group, sums.len());
        let mean = sums[channels.clone()].iter().sum::<f64>() / count;
        let variance = squares[channels].iter().sum::<f64>() / count - mean * mean;
        // Not `max`, which would hide a variance that is not a number.
        let variance = if variance < 0.0 { 0.0 } else { variance };
        [mean, 1.0 / (variance + f64::from(self.epsilon)).sqrt()]
    }

    /// From the sums of each channel's Σ ∂y and Σ ∂y *x*, makes the latter Σ ∂y *x̂*; returns the
    /// means over the group of *g* and *g* *x̂*.
    fn normal_sums(
        &self,
        group: usize,
        [mean, deviation]: Moments,
        gamma: Option<&[f32]>,
        sums: &mut [f64],
        count: f64,
    ) -> Moments {
        let (sums, products) = sums.split_at_mut(sums.len() / 2);
        let mut means = [0.0; 2];
        for channel in self.channels(group, sums.len()) {
            let product = &mut products[channel];
            *product = (*product - mean * sums[channel]) * deviation;
            let factor = factor(gamma, channel);
            means[0] += factor * sums[channel];
            means[1] += factor * *product;
        }
        means.map(|mean| mean / count)
    }

    /// Adds a sample's part to the gradients of γ and β.
    fn add_to_weights(&self, sums: &[f64], gradients: &mut [Option<&mut [f32]>]) {
        let (sums, products) = sums.split_at(sums.len() / 2);
        let learned = [self.scale.then_some(products), self.center.then_some(sums)];
        for (gradient, sums) in gradients.iter_mut().zip(learned.into_iter().flatten()) {
            let Some(gradient) = gradient else { continue };
            for (gradient, sum) in gradient.iter_mut().zip(sums) {
                *gradient += *sum as f32;
            }
        }
    }
}

/// γ of a channel.
fn factor(gamma: Option<&[f32]>, channel: usize) -> f64 {
    gamma.map_or(1.0, |gamma| f64::from(gamma[channel]))
}

impl Op for GroupNormalize {
    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            keep: KEPT * self.groups,
            ..Needs::default()
        }
    }

    fn scratch(&self, inputs: &[Shape], _samples: usize) -> usize {
        let channels = last_axis(&inputs[0]);
        4 * channels + KEPT * self.groups + 4 * row_length(channels)
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let input = &pass.input_shapes[0];
        let (values, channels) = (input.values(), last_axis(input));
        let [gamma, beta] = self.learned(&pass.weights);
        let room = self.room(channels, pass.scratch);
        let (sums, groups, [mean, scale, offset, _]) = (room.sums, room.groups, room.rows);
        let (count, width) = ((values / self.groups) as f64, channels / self.groups);
        repeat(channels, |c| beta.map_or(0.0, |beta| beta[c]), offset);
        let mut kept = pass
            .keep
            .as_chunks_mut::<KEPT>()
            .0
            .chunks_exact_mut(self.groups);
        let samples = pass.inputs[0].chunks_exact(values);
        for (x, y) in samples.zip(pass.outputs[0].chunks_exact_mut(values)) {
            sums.fill(0.0);
            normalisation::sums(channels, x, sums);
            for (group, moments) in groups.iter_mut().enumerate() {
                *moments = bytemuck::cast(self.moments(group, sums, count));
            }
            if let Some(kept) = kept.next() {
                kept.copy_from_slice(groups);
            }
            let moments = |c: usize| bytemuck::cast::<Kept, Moments>(groups[c / width]);
            repeat(channels, |c| moments(c)[0] as f32, mean);
            let of_channel = |c: usize| (moments(c)[1] * factor(gamma, c)) as f32;
            repeat(channels, of_channel, scale);
            normalisation::normalise(mean, scale, offset, f32::NEG_INFINITY, x, y);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let input = &pass.input_shapes[0];
        let (values, channels) = (input.values(), last_axis(input));
        let [gamma, _] = self.learned(&pass.weights);
        let room = self.room(channels, pass.scratch);
        let (sums, groups, [mean, scale, slope, constant]) = (room.sums, room.groups, room.rows);
        let (count, width) = ((values / self.groups) as f64, channels / self.groups);
        let kept = pass.keep.as_chunks::<KEPT>().0.chunks_exact(self.groups);
        for (sample, kept) in kept.enumerate() {
            let at = sample_range(sample, values);
            let (x, gradient) = (
                &pass.inputs[0][at.clone()],
                &pass.output_gradients[0][at.clone()],
            );
            sums.fill(0.0);
            normalisation::gradient_sums(channels, gradient, x, sums);
            for (group, (means, kept)) in groups.iter_mut().zip(kept).enumerate() {
                let moments = bytemuck::cast(*kept);
                *means = bytemuck::cast(self.normal_sums(group, moments, gamma, sums, count));
            }
            self.add_to_weights(sums, &mut pass.weight_gradients);
            let Some(input_gradient) = &mut pass.input_gradients[0] else {
                continue;
            };
            let moments = |c: usize| bytemuck::cast::<Kept, Moments>(kept[c / width]);
            let means = |c: usize| bytemuck::cast::<Kept, Moments>(groups[c / width]);
            let deviation = |c: usize| moments(c)[1];
            repeat(channels, |c| moments(c)[0] as f32, mean);
            repeat(
                channels,
                |c| (deviation(c) * factor(gamma, c)) as f32,
                scale,
            );
            repeat(
                channels,
                |c| (deviation(c).powi(2) * means(c)[1]) as f32,
                slope,
            );
            repeat(channels, |c| (deviation(c) * means(c)[0]) as f32, constant);
            let known = Channels {
                mean,
                scale,
                slope,
                constant,
            };
            normalisation::input_gradient(known, x, gradient, &mut input_gradient[at]);
        }
    }
}
