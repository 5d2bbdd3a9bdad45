use std::sync::OnceLock;

use super::matmul::{BIAS, KERNEL, kernel_and_bias, output_shape};
use super::{Backward, Forward, Needs, Op, Prepare, sample_range};
use crate::Shape;
use crate::error::BuildError;
use crate::kernels::activation::{self, ActivationKind};
use crate::kernels::{dense, reduce};
use crate::random::{Domain, Random};

/// A matrix product that loses single weights while training, other ones for each sample, with a
/// bias and a function after it (Wan, Zeiler, Zhang, LeCun and Fergus 2013).
///
/// **Training** (their algorithm 1). With *p* = 1 − `rate`, *M* ~ Bernoulli(*p*) for each weight,
/// *m* for each bias, and δ the gradient at the pre-activation *u*,
///
/// *y* = *f*(*u*), *u* = *x* · (*M* ⊙ *W*) + *m* ⊙ *b*, δ = ∂*y* ⊙ *f*′(*u*),
///
/// ∂*W* = *M* ⊙ (*x*ᵀ · δ), ∂*b* = *m* ⊙ δ, ∂*x* = δ · (*M* ⊙ *W*)ᵀ.
///
/// **Prediction** (their algorithm 2). *u* ~ *N*(μ, σ²), μ = *p* (*x* · *W* + *b*),
/// σ² = *p* (1 − *p*) ((*x* ⊙ *x*) · (*W* ⊙ *W*) + *b* ⊙ *b*), is drawn `draws` times for each
/// unit, and *y* is the mean of *f*(*u*); where *f* is linear it is μ.
#[derive(Debug)]
pub(crate) struct DropConnect {
    units: usize,
    rate: f32,
    draws: usize,
    function: ActivationKind,
    /// Standard normal numbers `[draws, units]`, made for the first prediction.
    noise: OnceLock<Vec<f32>>,
}

impl DropConnect {
    /// To `units` values with a function after them; weights are lost with probability `rate`, and
    /// a prediction's pre-activations are drawn `draws` times.
    pub(crate) fn new(units: usize, rate: f32, draws: usize, function: ActivationKind) -> Self {
        DropConnect {
            units,
            rate,
            draws,
            function,
            noise: OnceLock::new(),
        }
    }

    /// Words of a mask for one input's weights.
    fn row_words(&self) -> usize {
        self.units.div_ceil(BITS)
    }

    /// Words of the masks of one sample: rows of bits, one for each input and, last, for the bias.
    fn words(&self, inputs: usize) -> usize {
        (inputs + 1) * self.row_words()
    }

    /// Values a sample that are kept for the backward pass: the masks of a training step, or the mean
    /// and the deviation of a prediction.
    fn kept(&self, inputs: usize) -> usize {
        self.words(inputs).max(2 * self.units)
    }

    fn train(&self, pass: &mut Forward<'_>) {
        let (units, inputs) = (self.units, pass.input_shapes[0].values());
        let (masks, before) = pass.keep.split_at_mut(pass.samples * self.kept(inputs));
        let masks: &mut [u32] = bytemuck::cast_slice_mut(masks);
        let samples = pass.inputs[0].chunks_exact(inputs);
        let outputs = pass.outputs[0].chunks_exact_mut(units);
        let masks = masks.chunks_exact_mut(self.words(inputs));
        for (sample, ((input, output), masks)) in samples.zip(outputs).zip(masks).enumerate() {
            pass.random
                .bits(pass.first_sample + sample, 1.0 - self.rate, masks);
            output.fill(0.0);
            let rows = pass.weights.iter().flat_map(|weight| weight.chunks(units));
            let rows = rows.zip(masks.chunks_exact(self.row_words()));
            for (value, (row, mask)) in input.iter().chain([&1.0]).zip(rows) {
                add_masked(*value, mask, row, output);
            }
        }
        activation::forward(self.function, units, pass.outputs[0], before);
    }

    fn predict(&self, pass: &mut Forward<'_>) {
        let (samples, units, kept) = (pass.samples, self.units, 1.0 - self.rate);
        let (input, inputs) = (pass.inputs[0], pass.input_shapes[0].values());
        let (kernel, bias) = (pass.weights[KERNEL], pass.weights.get(BIAS).copied());
        let ([mean, deviation, drawn, _], squared_input) = parts(pass.scratch, samples * units);
        dense::forward(samples, inputs, units, input, kernel, bias, mean);
        mean.iter_mut().for_each(|value| *value *= kept);
        let (squared_kernel, squared_bias) = pass.prepared.split_at(inputs * units);
        let squared_input = &mut squared_input[..input.len()];
        squared_input.copy_from_slice(input);
        reduce::multiply(squared_input, input);
        let bias = bias.map(|_| squared_bias);
        dense::forward(
            samples,
            inputs,
            units,
            squared_input,
            squared_kernel,
            bias,
            deviation,
        );
        let share = kept * self.rate;
        deviation
            .iter_mut()
            .for_each(|value| *value = (share * *value).sqrt());
        if !pass.keep.is_empty() {
            pass.keep[..samples * units].copy_from_slice(mean);
            pass.keep[samples * units..2 * samples * units].copy_from_slice(deviation);
        }
        if self.function == ActivationKind::Linear {
            return pass.outputs[0].copy_from_slice(mean);
        }
        pass.outputs[0].fill(0.0);
        for noise in self.noise().chunks_exact(units) {
            draw(mean, deviation, noise, drawn);
            activation::forward(self.function, units, drawn, &mut []);
            reduce::add(pass.outputs[0], drawn);
        }
        let share = 1.0 / self.draws as f32;
        pass.outputs[0].iter_mut().for_each(|value| *value *= share);
    }

    /// The gradient of a prediction: by the mean of each pre-activation and by its deviation,
    /// and through both by the input.
    fn predict_backward(&self, pass: &mut Backward<'_>) {
        let (samples, units, kept) = (pass.samples, self.units, 1.0 - self.rate);
        let (input, inputs) = (pass.inputs[0], pass.input_shapes[0].values());
        let (mean, deviation) = pass.keep[..2 * samples * units].split_at(samples * units);
        let ([drawn, delta, by_mean, by_deviation], rest) = parts(pass.scratch, samples * units);
        let (before, rest) = rest.split_at_mut(samples * self.function.kept(units));
        by_mean.fill(0.0);
        by_deviation.fill(0.0);
        if self.function == ActivationKind::Linear {
            by_mean.copy_from_slice(pass.output_gradients[0]);
        } else {
            for noise in self.noise().chunks_exact(units) {
                draw(mean, deviation, noise, drawn);
                activation::forward(self.function, units, drawn, before);
                delta.copy_from_slice(pass.output_gradients[0]);
                activation::backward(self.function, units, drawn, before, delta);
                reduce::add(by_mean, delta);
                let rows = delta.chunks_exact(units);
                for (delta, sums) in rows.zip(by_deviation.chunks_exact_mut(units)) {
                    for ((sum, delta), noise) in sums.iter_mut().zip(delta).zip(noise) {
                        *sum += noise * delta;
                    }
                }
            }
            let share = 1.0 / self.draws as f32;
            by_mean.iter_mut().for_each(|value| *value *= share);
            let share = share * kept * self.rate;
            for (value, deviation) in by_deviation.iter_mut().zip(deviation) {
                // ∂σ/∂σ² is 1 / 2σ; a unit that cannot vary has no say.
                *value = if *deviation == 0.0 {
                    0.0
                } else {
                    share * *value / deviation
                };
            }
        }
        by_mean.iter_mut().for_each(|value| *value *= kept);
        pass.output_gradients[0].copy_from_slice(by_mean);
        if let Some(gradient) = &mut pass.input_gradients[0] {
            let kernel = pass.weights[KERNEL];
            let squared = &pass.prepared[..inputs * units];
            let rest = &mut rest[..samples * inputs];
            dense::input_gradient(samples, inputs, units, by_deviation, squared, rest);
            reduce::multiply(rest, input);
            dense::input_gradient(samples, inputs, units, by_mean, kernel, gradient);
            reduce::add(gradient, rest);
        }
    }

    fn noise(&self) -> &[f32] {
        self.noise
            .get_or_init(|| Random::new(0, Domain::Layer, 0, 0).normal(0, self.draws * self.units))
    }
}

/// Bits of a word of a mask.
const BITS: usize = u32::BITS as usize;

/// 1 where a bit of the word is set, else 0.
fn factors(word: u32) -> [f32; BITS] {
    let mut factors = [0.0; BITS];
    for (bit, factor) in factors.iter_mut().enumerate() {
        *factor = (word >> bit & 1) as f32;
    }
    factors
}

/// sums += factor · (mask ∘ values). A missing value is multiplied by 0, so that one that is no
/// number shows.
fn add_masked(factor: f32, mask: &[u32], values: &[f32], sums: &mut [f32]) {
    let parts = values.chunks(BITS).zip(sums.chunks_mut(BITS));
    for ((values, sums), word) in parts.zip(mask) {
        for ((sum, value), there) in sums.iter_mut().zip(values).zip(factors(*word)) {
            *sum += factor * (there * value);
        }
    }
}

/// Σ delta · (mask ∘ values)
fn masked_product(mask: &[u32], values: &[f32], delta: &[f32]) -> f32 {
    let parts = values.chunks(BITS).zip(delta.chunks(BITS)).zip(mask);
    let products = parts.flat_map(|((values, delta), word)| {
        let pairs = values.iter().zip(delta).zip(factors(*word));
        pairs.map(|((value, delta), there)| there * (delta * value))
    });
    products.sum()
}

/// Four parts of the given length, and the rest.
fn parts(scratch: &mut [f32], length: usize) -> ([&mut [f32]; 4], &mut [f32]) {
    let (first, rest) = scratch.split_at_mut(length);
    let (second, rest) = rest.split_at_mut(length);
    let (third, rest) = rest.split_at_mut(length);
    let (fourth, rest) = rest.split_at_mut(length);
    ([first, second, third, fourth], rest)
}

/// values = mean + deviation · noise, the same `noise` `[units]` for every sample.
fn draw(mean: &[f32], deviation: &[f32], noise: &[f32], values: &mut [f32]) {
    let units = noise.len();
    let rows = mean.chunks_exact(units).zip(deviation.chunks_exact(units));
    for (values, (mean, deviation)) in values.chunks_exact_mut(units).zip(rows) {
        let moments = mean.iter().zip(deviation).zip(noise);
        for (value, ((mean, deviation), noise)) in values.iter_mut().zip(moments) {
            *value = mean + deviation * noise;
        }
    }
}

impl Op for DropConnect {
    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, BuildError> {
        output_shape(self.units, inputs)
    }

    fn needs(&self, inputs: &[Shape]) -> Needs {
        let inputs = inputs[0].values();
        Needs {
            // The squares of the weights, for the variance.
            prepared: (inputs + 1) * self.units,
            // After the masks, or a prediction's moments, what the function needs.
            keep: self.kept(inputs) + self.function.kept(self.units),
            ..Needs::default()
        }
    }

    fn scratch(&self, inputs: &[Shape], samples: usize) -> usize {
        samples * (inputs[0].values() + 4 * self.units + self.function.kept(self.units))
    }

    fn other_multiply_adds(&self, _inputs: &[Shape]) -> u64 {
        self.own_numbers()
    }

    fn own_numbers(&self) -> u64 {
        (self.draws as u64).saturating_mul(self.units as u64)
    }

    fn prepare(&self, pass: &mut Prepare<'_>) {
        let weights = pass.weights.iter().copied().flatten();
        for (square, weight) in pass.prepared.iter_mut().zip(weights) {
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
        let (units, inputs) = (self.units, pass.input_shapes[0].values());
        let (kept, before) = pass.keep.split_at(pass.samples * self.kept(inputs));
        let delta = &mut *pass.output_gradients[0];
        activation::backward(self.function, units, pass.outputs[0], before, delta);
        let [mut kernel, mut bias] = kernel_and_bias(&mut pass.weight_gradients);
        let masks = bytemuck::cast_slice(kept).chunks_exact(self.words(inputs));
        for (sample, (delta, masks)) in delta.chunks_exact(units).zip(masks).enumerate() {
            let range = sample_range(sample, inputs);
            let mut masks = masks.chunks_exact(self.row_words());
            let of_bias = masks.next_back().expect("the last row is the bias's");
            if let Some(gradient) = &mut bias {
                add_masked(1.0, of_bias, delta, gradient);
            }
            if let Some(gradient) = &mut pass.input_gradients[0] {
                let rows = pass.weights[KERNEL].chunks_exact(units).zip(masks.clone());
                for (gradient, (row, mask)) in gradient[range.clone()].iter_mut().zip(rows) {
                    *gradient = masked_product(mask, row, delta);
                }
            }
            if let Some(gradient) = &mut kernel {
                let rows = gradient.chunks_exact_mut(units).zip(masks);
                for (value, (row, mask)) in pass.inputs[0][range].iter().zip(rows) {
                    add_masked(*value, mask, delta, row);
                }
            }
        }
    }
}
