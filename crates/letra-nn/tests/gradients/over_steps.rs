//! Layers over the steps of sequences, and what masks make of them.

use letra_nn::layers::{Lambda, MaskUse, Padding};
use letra_nn::ops::{Backward, Forward, Op};
use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::layers::behind_identity;
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Convolved, Each, Gradients, Multiplied, Stack, Twin};

/// A mask that is always the same.
#[derive(Debug, Clone)]
struct Fixed(Vec<f32>);

impl Op for Fixed {
    fn output_shapes(&self, _inputs: &[Shape]) -> Result<Vec<Shape>, letra_nn::BuildError> {
        Ok(vec![[self.0.len()].into()])
    }

    fn forward(&self, pass: &mut Forward<'_>) {
        for row in pass.outputs[0].chunks_exact_mut(self.0.len()) {
            row.copy_from_slice(&self.0);
        }
    }

    fn backward(&self, pass: &mut Backward<'_>) {
        let gradients = pass.input_gradients.iter_mut().flatten();
        gradients.for_each(|gradient| gradient.fill(0.0));
    }
}

/// A layer that gives its input with a fixed mask.
fn masked(mask: Vec<f32>) -> Lambda {
    let layer = Lambda::new(move |inputs, emit| {
        let (input, _) = emit.single_input(inputs)?;
        let mask = emit.op(Fixed(mask.clone()), &[input], &[])?;
        emit.set_mask(input, Some(mask))?;
        Ok(vec![input])
    });
    layer.mask_use(MaskUse::Uses)
}

/// The mean of the steps that count.
struct MaskedMean {
    mask: Vec<f32>,
    features: usize,
}

impl MaskedMean {
    fn count(&self) -> f64 {
        self.mask.iter().copied().map(f64::from).sum()
    }
}

impl Twin for MaskedMean {
    fn forward(&self, input: &[f64], _parameters: &[Vec<f64>]) -> Vec<f64> {
        let mut sums = vec![0.0; self.features];
        for (row, mask) in input.chunks(self.features).zip(&self.mask) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += f64::from(*mask) * value / self.count();
            }
        }
        sums
    }

    fn backward(&self, _input: &[f64], _: &[Vec<f64>], gradient: &[f64]) -> Gradients {
        let share = |mask: &f32| {
            let share = f64::from(*mask) / self.count();
            gradient.iter().map(move |gradient| share * gradient)
        };
        Gradients {
            input: self.mask.iter().flat_map(share).collect(),
            parameters: Vec::new(),
        }
    }
}

#[test]
fn means_over_the_steps_that_count() {
    let mut noise = Noise::new(141);
    for _ in 0..20 {
        let (steps, features) = (noise.between(1, 9), noise.between(1, 9));
        let mut mask: Vec<f32> = (0..steps).map(|_| noise.between(0, 1) as f32).collect();
        mask[noise.between(0, steps - 1)] = 1.0;
        let what = format!("mean of {features} features, {mask:?}");
        let network = behind_identity([steps, features])
            .add(masked(mask.clone()))
            .add(GlobalAveragePool1d::new());
        let twin = Stack::default().then(MaskedMean { mask, features });
        let samples = noise.between(1, 20);
        compare(&what, network, &twin, samples, Numbers::Any, &mut noise);
        prove(&what, &twin, steps * features, &mut noise);
    }
}

#[test]
fn dense_over_steps() {
    let mut noise = Noise::new(142);
    for _ in 0..20 {
        let [steps, inputs, units] = [6, 40, 40].map(|most| noise.between(1, most));
        let what = format!("dense over {steps} steps, {inputs} to {units}");
        let layer = TimeDistributed::new(Dense::new(units));
        let network = behind_identity([steps, inputs]).add(layer);
        let twin = Multiplied {
            inputs,
            units,
            bias: true,
        };
        let samples = steps;
        let twin = Stack::default().then(Each { twin, samples });
        let samples = noise.between(1, 20);
        compare(&what, network, &twin, samples, Numbers::Any, &mut noise);
    }
}

#[test]
fn convolutions_over_steps() {
    let mut noise = Noise::new(143);
    for _ in 0..15 {
        let steps = noise.between(1, 4);
        let twin = Convolved {
            picture: [
                noise.between(3, 7),
                noise.between(3, 7),
                noise.between(1, 3),
            ],
            filters: noise.between(1, 9),
            kernel: [noise.between(1, 3), noise.between(1, 3)],
            stride: [1, 1],
            padding: Padding::Same,
            dilation: [1, 1],
            groups: 1,
            bias: true,
        };
        let what = format!("{twin:?} over {steps} steps");
        let [height, width, channels] = twin.picture;
        let layer = Conv2d::new(twin.filters, twin.kernel).same();
        let network = behind_identity([steps, height, width, channels])
            .add(TimeDistributed::new(layer))
            .add(TimeDistributed::new(Activation::linear()));
        let samples = steps;
        let twin = Stack::default().then(Each { twin, samples });
        let samples = noise.between(1, 9);
        compare(&what, network, &twin, samples, Numbers::Any, &mut noise);
    }
}
