use super::{Backward, Forward, Needs, Op, last_axis};
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

/// Mean and 1 / √(σ² + ε) of some values, summed in double precision.
fn moments<'a>(values: impl Iterator<Item = &'a f32> + Clone, epsilon: f32) -> [f32; 2] {
    let count = values.clone().count() as f64;
    let mean = values.clone().map(|&x| f64::from(x)).sum::<f64>() / count;
    let squares = values.map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>();
    let deviation = 1.0 / (squares / count + f64::from(epsilon)).sqrt();
    [mean as f32, deviation as f32]
}

impl GroupNormalize {
    /// γ and β, where there are any.
    fn learned<'a>(&self, weights: &[&'a [f32]]) -> [Option<&'a [f32]>; 2] {
        [
            self.scale.then(|| weights[0]),
            self.center.then(|| weights[usize::from(self.scale)]),
        ]
    }

    /// Writes the moments of each group of a sample.
    fn write_moments(&self, channels: usize, sample: &[f32], to: &mut [f32]) {
        let width = channels / self.groups;
        for (group, to) in to.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let positions = sample.chunks_exact(channels);
            let values = positions.flat_map(|position| &position[group * width..][..width]);
            *to = moments(values, self.epsilon);
        }
    }

    /// What `(Σ ∂y, Σ ∂y x̂)` of each channel adds to the weights' gradients, and the means over its
    /// group of *g* and *g* *x̂*.
    fn sums(
        &self,
        [x, gradient]: [&[f32]; 2],
        [mean, deviation]: [f32; 2],
        group: usize,
        gamma: Option<&[f32]>,
        weight_gradients: &mut [Option<&mut [f32]>],
        channels: usize,
    ) -> [f64; 2] {
        let width = channels / self.groups;
        let mut means = [0.0; 2];
        for channel in group * width..(group + 1) * width {
            let mut sums = [0.0; 2];
            let column = |values| <[f32]>::iter(values).skip(channel).step_by(channels);
            for (x, gradient) in column(x).zip(column(gradient)) {
                let normal = f64::from((x - mean) * deviation);
                sums[0] += f64::from(*gradient);
                sums[1] += f64::from(*gradient) * normal;
            }
            if let Some(Some(gammas)) = self.scale.then(|| weight_gradients[0].as_mut()) {
                gammas[channel] += sums[1] as f32;
            }
            let beta = usize::from(self.scale);
            if let Some(Some(betas)) = self.center.then(|| weight_gradients[beta].as_mut()) {
                betas[channel] += sums[0] as f32;
            }
            let factor = gamma.map_or(1.0, |gamma| f64::from(gamma[channel]));
            means = [0, 1].map(|index| means[index] + factor * sums[index]);
        }
        let count = (x.len() / self.groups) as f64;
        means.map(|mean| mean / count)
    }
}

impl Op for GroupNormalize {
    fn needs(&self, _inputs: &[Shape]) -> Needs {
        Needs {
            // Mean and deviation of each group.
            keep: 2 * self.groups,
            ..Needs::default()
        }
    }

    fn scratch(&self, inputs: &[Shape], _samples: usize) -> usize {
        4 * row_length(last_axis(&inputs[0])) + 2 * self.groups
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        let (values, channels) = (
            pass.input_shapes[0].values(),
            last_axis(&pass.input_shapes[0]),
        );
        let [gamma, beta] = self.learned(&pass.weights);
        let of_group = |channel: usize| 2 * (channel / (channels / self.groups));
        let (moments, rows) = pass.scratch.split_at_mut(2 * self.groups);
        let [mean, scale, offset] = rows_of(rows, row_length(channels));
        repeat(channels, |c| beta.map_or(0.0, |beta| beta[c]), offset);
        let mut kept = pass.keep.chunks_exact_mut(2 * self.groups);
        let samples = pass.inputs[0].chunks_exact(values);
        for (x, y) in samples.zip(pass.outputs[0].chunks_exact_mut(values)) {
            self.write_moments(channels, x, moments);
            if let Some(kept) = kept.next() {
                kept.copy_from_slice(moments);
            }
            let factor = |c: usize| gamma.map_or(1.0, |gamma| gamma[c]);
            repeat(channels, |c| moments[of_group(c)], mean);
            repeat(channels, |c| moments[of_group(c) + 1] * factor(c), scale);
            normalisation::normalise(mean, scale, offset, f32::NEG_INFINITY, x, y);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let (values, channels) = (
            pass.input_shapes[0].values(),
            last_axis(&pass.input_shapes[0]),
        );
        let [gamma, _] = self.learned(&pass.weights);
        let of_group = |channel: usize| 2 * (channel / (channels / self.groups));
        let (means, rows) = pass.scratch.split_at_mut(2 * self.groups);
        let [mean, scale, slope, constant] = rows_of(rows, row_length(channels));
        for (sample, kept) in pass.keep.chunks_exact(2 * self.groups).enumerate() {
            let at = sample * values..(sample + 1) * values;
            let (x, gradient) = (
                &pass.inputs[0][at.clone()],
                &pass.output_gradients[0][at.clone()],
            );
            let moments = kept.as_chunks::<2>().0;
            for (group, (moments, means)) in
                moments.iter().zip(means.as_chunks_mut::<2>().0).enumerate()
            {
                let gradients = &mut pass.weight_gradients;
                let both = [x, gradient];
                *means = self
                    .sums(both, *moments, group, gamma, gradients, channels)
                    .map(|mean| mean as f32);
            }
            let Some(input_gradient) = &mut pass.input_gradients[0] else {
                continue;
            };
            let deviation = |c: usize| kept[of_group(c) + 1];
            let factor = |c: usize| gamma.map_or(1.0, |gamma| gamma[c]);
            repeat(channels, |c| kept[of_group(c)], mean);
            repeat(channels, |c| deviation(c) * factor(c), scale);
            repeat(
                channels,
                |c| deviation(c) * deviation(c) * means[of_group(c) + 1],
                slope,
            );
            repeat(channels, |c| deviation(c) * means[of_group(c)], constant);
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

/// The first `COUNT` rows of a buffer.
fn rows_of<const COUNT: usize>(buffer: &mut [f32], row: usize) -> [&mut [f32]; COUNT] {
    let mut rows = buffer.chunks_exact_mut(row);
    [(); COUNT].map(|()| rows.next().expect("there is room for the rows"))
}
