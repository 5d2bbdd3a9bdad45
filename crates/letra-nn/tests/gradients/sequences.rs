//! Layers over sequences: those over pictures, of one row.

use letra_nn::layers::Padding;
use letra_nn::prelude::*;

use crate::convolutions::{FUNCTIONS, check, describe, random_sliding};
use crate::layers::behind_identity;
use crate::noise::Noise;
use crate::twins::{Activated, Convolved, Moved, Stack, Transposed};

/// A convolution of sequences is one of pictures of one row; causal is padding on the left.
#[test]
fn conv1d() {
    let mut noise = Noise::new(45);
    for round in 0..60 {
        let groups = noise.between(1, 3);
        let (steps, channels) = (noise.between(1, 17), groups * noise.between(1, 4));
        let filters = groups * noise.between(1, 9);
        let mut twin = random_sliding([1, steps, channels], filters, &mut noise);
        (twin.kernel[0], twin.stride[0], twin.dilation[0]) = (1, 1, 1);
        twin.groups = groups;
        let function = FUNCTIONS[round % 3];
        let causal = noise.between(0, 2) == 0;
        let what = describe(
            if causal { "causal conv1d" } else { "conv1d" },
            &twin,
            function,
        );
        let layer = Conv1d::new(filters, twin.kernel[1])
            .stride(twin.stride[1])
            .dilation_rate(twin.dilation[1])
            .groups(groups)
            .use_bias(twin.bias)
            .activation(function);
        let layer = match twin.padding {
            _ if causal => layer.causal(),
            Padding::Same => layer.same(),
            _ => layer.valid(),
        };
        let network = behind_identity([steps, channels]).add(layer);
        let mut stack = Stack::default();
        if causal {
            let left = twin.reach(1) - 1;
            stack = stack.then(Moved::padded(twin.picture, [[0, 0], [left, 0]]));
            (twin.picture[1], twin.padding) = (steps + left, Padding::Valid);
        }
        let stack = stack.then(twin).then(Activated {
            function,
            channels: filters,
        });
        check(
            &what,
            network,
            &stack,
            (steps * channels, function),
            &mut noise,
        );
    }
}

#[test]
fn separable_conv1d() {
    let mut noise = Noise::new(49);
    for round in 0..45 {
        let (channels, multiplier) = (noise.between(1, 6), noise.between(1, 3));
        let (steps, filters) = (noise.between(1, 17), noise.between(1, 20));
        let mut twin = random_sliding([1, steps, channels], channels * multiplier, &mut noise);
        (twin.kernel[0], twin.stride[0], twin.dilation[0]) = (1, 1, 1);
        let bias = std::mem::take(&mut twin.bias);
        twin.groups = channels;
        let function = FUNCTIONS[round % 3];
        let causal = noise.between(0, 2) == 0;
        let what = describe("separable_conv1d", &twin, function);
        let layer = SeparableConv1d::new(filters, twin.kernel[1])
            .depth_multiplier(multiplier)
            .stride(twin.stride[1])
            .dilation_rate(twin.dilation[1])
            .use_bias(bias)
            .activation(function);
        let layer = match twin.padding {
            _ if causal => layer.causal(),
            Padding::Same => layer.same(),
            _ => layer.valid(),
        };
        let network = behind_identity([steps, channels]).add(layer);
        let mut stack = Stack::default();
        if causal {
            let left = twin.reach(1) - 1;
            stack = stack.then(Moved::padded(twin.picture, [[0, 0], [left, 0]]));
            (twin.picture[1], twin.padding) = (steps + left, Padding::Valid);
        }
        let pointwise = Convolved {
            picture: twin.output(),
            filters,
            kernel: [1, 1],
            stride: [1, 1],
            padding: Padding::Valid,
            dilation: [1, 1],
            groups: 1,
            bias,
        };
        let activated = Activated {
            function,
            channels: filters,
        };
        let stack = stack.then(twin).then(pointwise).then(activated);
        let values = steps * channels;
        check(&what, network, &stack, (values, function), &mut noise);
    }
}

#[test]
fn conv1d_transpose() {
    let mut noise = Noise::new(50);
    for round in 0..45 {
        let (steps, channels) = (noise.between(1, 9), noise.between(1, 9));
        let twin = Transposed {
            picture: [1, steps, channels],
            filters: noise.between(1, 9),
            kernel: [1, noise.between(1, 5)],
            stride: [1, noise.between(1, 4)],
            padding: noise.one_of(&[Padding::Valid, Padding::Same]),
            bias: noise.between(0, 3) > 0,
        };
        let function = FUNCTIONS[round % 3];
        let what = format!("conv1d_transpose {twin:?}, {function:?}");
        let layer = Conv1dTranspose::new(twin.filters, twin.kernel[1])
            .stride(twin.stride[1])
            .use_bias(twin.bias)
            .activation(function);
        let layer = match twin.padding {
            Padding::Same => layer.same(),
            _ => layer.valid(),
        };
        let network = behind_identity([steps, channels]).add(layer);
        let channels_out = twin.filters;
        let stack = Stack::default().then(twin).then(Activated {
            function,
            channels: channels_out,
        });
        let values = steps * channels;
        check(&what, network, &stack, (values, function), &mut noise);
    }
}

#[test]
fn up_sampling1d() {
    let mut noise = Noise::new(51);
    for _ in 0..20 {
        let [steps, channels, times] = [7, 9, 4].map(|most| noise.between(1, most));
        let what = format!("up_sampling1d [{steps}, {channels}] {times}");
        let network = behind_identity([steps, channels]).add(UpSampling1d::new(times));
        let copy = |_: usize, times: usize, at: usize| vec![(at / times, 1.0)];
        let twin = Moved::larger([1, steps, channels], [1, times], copy);
        let stack = Stack::default().then(twin);
        let linear = ActivationFunction::Linear;
        check(
            &what,
            network,
            &stack,
            (steps * channels, linear),
            &mut noise,
        );
    }
}
