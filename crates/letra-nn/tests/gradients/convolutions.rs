//! Convolutions of every kind and layers that move cells, over random shapes.

use letra_nn::layers::Padding;
use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::layers::{behind_identity, convolution};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Activated, Convolved, Moved, Pooled, Stack, Transposed};

/// Holds a network of one layer against its twin, and proves the twin where it is small and
/// has no ReLU, whose edge a finite difference may step over.
pub(crate) fn check(
    what: &str,
    network: Sequential,
    twin: &Stack,
    (inputs, function): (usize, ActivationFunction),
    noise: &mut Noise,
) {
    let samples = noise.between(1, 7);
    compare(what, network, twin, samples, Numbers::Any, noise);
    if inputs < 80 && function != ActivationFunction::Relu {
        prove(what, twin, inputs, noise);
    }
}

pub(crate) const FUNCTIONS: [ActivationFunction; 3] = [
    ActivationFunction::Linear,
    ActivationFunction::Relu,
    ActivationFunction::Tanh,
];

/// A kernel, a stride or a dilation rate, and padding that suit a picture.
pub(crate) fn random_sliding(picture: [usize; 3], filters: usize, noise: &mut Noise) -> Convolved {
    let mut twin = Convolved {
        picture,
        filters,
        kernel: [noise.between(1, 4), noise.between(1, 4)],
        stride: [1, 1],
        padding: noise.one_of(&[Padding::Valid, Padding::Same]),
        dilation: [1, 1],
        groups: 1,
        bias: noise.between(0, 3) > 0,
    };
    let either = [noise.between(1, 3), noise.between(1, 3)];
    match noise.between(0, 2) {
        0 => {}
        1 => twin.stride = either,
        _ => twin.dilation = either,
    }
    for axis in 0..2 {
        while twin.padding == Padding::Valid && twin.reach(axis) > picture[axis] {
            match twin.dilation[axis] {
                1 => twin.kernel[axis] -= 1,
                _ => twin.dilation[axis] -= 1,
            }
        }
    }
    twin
}

pub(crate) fn describe(kind: &str, twin: &Convolved, function: ActivationFunction) -> String {
    format!("{kind} {twin:?}, {function:?}")
}

#[test]
fn conv2d_with_dilation_and_groups() {
    let mut noise = Noise::new(41);
    for round in 0..60 {
        let groups = noise.between(1, 4);
        let channels = groups * noise.between(1, 3);
        let picture = [noise.between(1, 9), noise.between(1, 9), channels];
        let filters = groups * noise.between(1, 9);
        let mut twin = random_sliding(picture, filters, &mut noise);
        twin.groups = groups;
        let function = FUNCTIONS[round % 3];
        let what = describe("conv2d", &twin, function);
        let layer = convolution(&twin, function)
            .dilation_rate(twin.dilation)
            .groups(groups);
        let network = behind_identity(picture).add(layer);
        let stack = Stack::default().then(twin).then(Activated {
            function,
            channels: filters,
        });
        let inputs = picture.iter().product();
        check(&what, network, &stack, (inputs, function), &mut noise);
    }
}

/// A depthwise convolution is one of as many groups as channels.
#[test]
fn depthwise_conv2d() {
    let mut noise = Noise::new(42);
    for round in 0..60 {
        let channels = noise.one_of(&[1, 2, 3, 7, 16, 18]);
        let multiplier = noise.between(1, 3);
        let picture = [noise.between(1, 9), noise.between(1, 9), channels];
        let filters = channels * multiplier;
        let mut twin = random_sliding(picture, filters, &mut noise);
        twin.groups = channels;
        let function = FUNCTIONS[round % 3];
        let what = describe("depthwise_conv2d", &twin, function);
        let layer = DepthwiseConv2d::new(twin.kernel)
            .depth_multiplier(multiplier)
            .stride(twin.stride)
            .dilation_rate(twin.dilation)
            .use_bias(twin.bias)
            .activation(function);
        let layer = match twin.padding {
            Padding::Same => layer.same(),
            _ => layer.valid(),
        };
        let network = behind_identity(picture).add(layer);
        let stack = Stack::default().then(twin).then(Activated {
            function,
            channels: filters,
        });
        let inputs = picture.iter().product();
        check(&what, network, &stack, (inputs, function), &mut noise);
    }
}

#[test]
fn separable_conv2d() {
    let mut noise = Noise::new(43);
    for round in 0..45 {
        let (channels, multiplier) = (noise.between(1, 6), noise.between(1, 3));
        let picture = [noise.between(1, 9), noise.between(1, 9), channels];
        let (between, filters) = (channels * multiplier, noise.between(1, 20));
        let mut twin = random_sliding(picture, between, &mut noise);
        let bias = std::mem::take(&mut twin.bias);
        twin.groups = channels;
        let function = FUNCTIONS[round % 3];
        let what = describe("separable_conv2d", &twin, function);
        let layer = SeparableConv2d::new(filters, twin.kernel)
            .depth_multiplier(multiplier)
            .stride(twin.stride)
            .dilation_rate(twin.dilation)
            .use_bias(bias)
            .activation(function);
        let layer = match twin.padding {
            Padding::Same => layer.same(),
            _ => layer.valid(),
        };
        let network = behind_identity(picture).add(layer);
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
        let stack = Stack::default().then(twin).then(pointwise).then(Activated {
            function,
            channels: filters,
        });
        let inputs = picture.iter().product();
        check(&what, network, &stack, (inputs, function), &mut noise);
    }
}

#[test]
fn conv2d_transpose() {
    let mut noise = Noise::new(44);
    for round in 0..45 {
        let picture = [
            noise.between(1, 6),
            noise.between(1, 6),
            noise.between(1, 9),
        ];
        let twin = Transposed {
            picture,
            filters: noise.between(1, 9),
            kernel: [noise.between(1, 5), noise.between(1, 5)],
            stride: [noise.between(1, 4), noise.between(1, 4)],
            padding: noise.one_of(&[Padding::Valid, Padding::Same]),
            bias: noise.between(0, 3) > 0,
        };
        let function = FUNCTIONS[round % 3];
        let what = format!("conv2d_transpose {twin:?}, {function:?}");
        let layer = Conv2dTranspose::new(twin.filters, twin.kernel)
            .stride(twin.stride)
            .use_bias(twin.bias)
            .activation(function);
        let layer = match twin.padding {
            Padding::Same => layer.same(),
            _ => layer.valid(),
        };
        let network = behind_identity(picture).add(layer);
        let channels = twin.filters;
        let stack = Stack::default()
            .then(twin)
            .then(Activated { function, channels });
        let inputs = picture.iter().product();
        check(&what, network, &stack, (inputs, function), &mut noise);
    }
}

/// A ReLU and a pooling after a convolution are fused with it.
#[test]
fn fused() {
    let mut noise = Noise::new(46);
    for round in 0..24 {
        let (channels, multiplier) = (noise.between(2, 6), noise.between(1, 2));
        let [height, width] = [noise.between(5, 11), noise.between(5, 11)];
        let picture = if round % 2 == 0 {
            [height, width, channels]
        } else {
            [1, width, channels]
        };
        let twin = Convolved {
            picture,
            filters: channels * multiplier,
            kernel: if round % 2 == 0 { [3, 3] } else { [1, 3] },
            stride: [1, 1],
            padding: Padding::Valid,
            dilation: [1, 1],
            groups: channels,
            bias: true,
        };
        let what = describe("fused", &twin, ActivationFunction::Relu);
        let network = if round % 2 == 0 {
            behind_identity(picture)
                .add(DepthwiseConv2d::new(3).depth_multiplier(multiplier))
                .add(Activation::relu())
                .add(MaxPool2d::new(2))
        } else {
            behind_identity([width, channels])
                .add(Conv1d::new(channels * multiplier, 3).groups(channels))
                .add(Activation::relu())
                .add(MaxPool1d::new(2))
        };
        let pool = Pooled {
            picture: twin.output(),
            window: if round % 2 == 0 { [2, 2] } else { [1, 2] },
            stride: if round % 2 == 0 { [2, 2] } else { [1, 2] },
            padding: Padding::Valid,
        };
        let (function, channels) = (ActivationFunction::Relu, twin.filters);
        let activated = Activated { function, channels };
        let stack = Stack::default().then(twin).then(activated).then(pool);
        let inputs = twin.picture.iter().product();
        check(&what, network, &stack, (inputs, function), &mut noise);
    }
}

#[test]
fn zero_padding2d_and_cropping2d() {
    let mut noise = Noise::new(47);
    for _ in 0..40 {
        let edges = [(); 2].map(|()| [noise.between(0, 3), noise.between(0, 3)]);
        let inner = [
            noise.between(1, 6),
            noise.between(1, 6),
            noise.between(1, 5),
        ];
        let outer = [
            inner[0] + edges[0][0] + edges[0][1],
            inner[1] + edges[1][0] + edges[1][1],
            inner[2],
        ];
        let what = format!("zero_padding2d {inner:?} {edges:?}");
        let network = behind_identity(inner).add(ZeroPadding2d::new(edges));
        let stack = Stack::default().then(Moved::padded(inner, edges));
        let cells = inner.iter().product();
        check(
            &what,
            network,
            &stack,
            (cells, ActivationFunction::Linear),
            &mut noise,
        );
        let what = format!("cropping2d {outer:?} {edges:?}");
        let network = behind_identity(outer).add(Cropping2d::new(edges));
        let stack = Stack::default().then(Moved::cropped(outer, edges));
        let cells = outer.iter().product();
        check(
            &what,
            network,
            &stack,
            (cells, ActivationFunction::Linear),
            &mut noise,
        );
    }
}

#[test]
fn up_sampling2d() {
    let mut noise = Noise::new(48);
    for round in 0..40 {
        let picture = [
            noise.between(1, 6),
            noise.between(1, 6),
            noise.between(1, 9),
        ];
        let times = [noise.between(1, 4), noise.between(1, 4)];
        let what = format!("up_sampling2d {picture:?} {times:?}, round {round}");
        let layer = UpSampling2d::new(times);
        let (layer, twin) = if round % 2 == 0 {
            let copy = |_: usize, times: usize, at: usize| vec![(at / times, 1.0)];
            (layer, Moved::larger(picture, times, copy))
        } else {
            let line = |size: usize, times: usize, at: usize| {
                let place = (at as f64 + 0.5) / times as f64 - 0.5;
                let place = place.clamp(0.0, (size - 1) as f64);
                let (low, share) = (place.floor() as usize, place.fract());
                vec![(low, 1.0 - share), ((low + 1).min(size - 1), share)]
            };
            (layer.bilinear(), Moved::larger(picture, times, line))
        };
        let network = behind_identity(picture).add(layer);
        let stack = Stack::default().then(twin);
        let inputs = picture.iter().product();
        check(
            &what,
            network,
            &stack,
            (inputs, ActivationFunction::Linear),
            &mut noise,
        );
    }
}
