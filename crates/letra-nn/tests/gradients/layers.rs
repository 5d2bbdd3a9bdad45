//! Each layer in every variant, over random shapes and the awkward ones.

use letra_nn::layers::Padding;
use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Activated, Alike, Convolved, Multiplied, Pooled, Stack};

pub(crate) const FUNCTIONS: [ActivationFunction; 12] = [
    ActivationFunction::Elu,
    ActivationFunction::Gelu,
    ActivationFunction::GeluTanh,
    ActivationFunction::LeakyRelu,
    ActivationFunction::Linear,
    ActivationFunction::Relu,
    ActivationFunction::Selu,
    ActivationFunction::Sigmoid,
    ActivationFunction::Silu,
    ActivationFunction::Softplus,
    ActivationFunction::Tanh,
    ActivationFunction::Softmax,
];

/// A network that begins with an identity; its gradient is that of the input.
pub(crate) fn behind_identity(shape: impl Into<Shape>) -> Sequential {
    Sequential::new(shape).add(Activation::linear())
}

/// The layer that a convolution's twin stands for.
pub(crate) fn convolution(twin: &Convolved, function: ActivationFunction) -> Conv2d {
    let layer = Conv2d::new(twin.filters, twin.kernel)
        .stride(twin.stride)
        .use_bias(twin.bias)
        .activation(function);
    match twin.padding {
        Padding::Valid => layer.valid(),
        Padding::Same => layer.same(),
        Padding::Explicit(around) => layer.padding(around),
    }
}

/// The layer that a pooling's twin stands for.
pub(crate) fn pooling(twin: &Pooled) -> MaxPool2d {
    let layer = MaxPool2d::new(twin.window).stride(twin.stride);
    match twin.padding {
        Padding::Same => layer.same(),
        _ => layer,
    }
}

fn check_dense(inputs: usize, units: usize, bias: bool, samples: usize, noise: &mut Noise) {
    for function in FUNCTIONS {
        let what = format!("dense {inputs} → {units} {function:?}, bias {bias}, {samples} samples");
        let twin = Stack::default()
            .then(Multiplied {
                inputs,
                units,
                bias,
            })
            .then(Activated {
                function,
                channels: units,
            });
        let layer = Dense::new(units).activation(function).use_bias(bias);
        compare(
            &what,
            behind_identity([inputs]).add(layer),
            &twin,
            samples,
            Numbers::Any,
            noise,
        );
        if inputs * units < 100 {
            prove(&what, &twin, inputs, noise);
        }
    }
}

#[test]
fn dense() {
    let mut noise = Noise::new(1);
    for [inputs, units, samples] in [[1, 1, 1], [1, 9, 3], [17, 1, 5], [8, 16, 4], [33, 31, 1]] {
        check_dense(inputs, units, true, samples, &mut noise);
    }
    for _ in 0..25 {
        let (inputs, units) = (noise.between(1, 70), noise.between(1, 40));
        let (bias, samples) = (noise.between(0, 3) > 0, noise.between(1, 40));
        check_dense(inputs, units, bias, samples, &mut noise);
    }
}

fn check_cosine([inputs, units, samples]: [usize; 3], scale: f32, noise: &mut Noise) {
    let what = format!("cosine {inputs} → {units}, scale {scale}, {samples} samples");
    let twin = Stack::default().then(Alike {
        inputs,
        units,
        scale: f64::from(scale),
    });
    let network = behind_identity([inputs]).add(Cosine::new(units).scale(scale));
    compare(&what, network, &twin, samples, Numbers::Any, noise);
    if inputs * units < 100 {
        prove(&what, &twin, inputs, noise);
    }
}

#[test]
fn cosine() {
    let mut noise = Noise::new(3);
    check_cosine([2, 1, 1], 1.0, &mut noise);
    for _ in 0..25 {
        let sizes = [
            noise.between(4, 70),
            noise.between(1, 40),
            noise.between(1, 40),
        ];
        check_cosine(sizes, 2.5, &mut noise);
    }
}

/// Gradients of large kernels are formed for the whole batch at once, after the input
/// itself and after another layer.
#[test]
fn dense_with_a_large_kernel() {
    let mut noise = Noise::new(2);
    check_dense(600, 40, true, 37, &mut noise);
    check_dense(129, 131, false, 3, &mut noise);
    let (first, second) = (
        Multiplied {
            inputs: 20,
            units: 300,
            bias: true,
        },
        70,
    );
    let twin = Stack::default().then(first).then(Multiplied {
        inputs: 300,
        units: second,
        bias: true,
    });
    let network = behind_identity([20])
        .add(Dense::new(300))
        .add(Dense::new(second));
    compare(
        "dense 20 → 300 → 70",
        network,
        &twin,
        29,
        Numbers::Any,
        &mut noise,
    );
}

fn check_convolution(twin: Convolved, samples: usize, noise: &mut Noise) {
    for function in FUNCTIONS {
        let Convolved {
            picture,
            filters,
            kernel,
            stride,
            padding,
            bias,
            ..
        } = twin;
        let what = format!(
            "conv2d {picture:?}, {filters} filters {kernel:?}, stride {stride:?}, {padding:?}, {function:?}, bias {bias}, {samples} samples"
        );
        let network = behind_identity(picture).add(convolution(&twin, function));
        let stack = Stack::default().then(twin).then(Activated {
            function,
            channels: filters,
        });
        compare(&what, network, &stack, samples, Numbers::Any, noise);
        if picture.iter().product::<usize>() < 80 {
            prove(&what, &stack, picture.iter().product(), noise);
        }
    }
}

/// A picture, kernel and padding that fit each other.
pub(crate) fn random_convolution(noise: &mut Noise) -> Convolved {
    let picture = [
        noise.between(1, 12),
        noise.between(1, 12),
        noise.between(1, 5),
    ];
    let padding = match noise.between(0, 2) {
        0 => Padding::Valid,
        1 => Padding::Same,
        _ => Padding::Explicit([noise.between(0, 3), noise.between(0, 3)]),
    };
    let mut kernel = [noise.between(1, 5), noise.between(1, 5)];
    for axis in 0..2 {
        let most = match padding {
            Padding::Valid => picture[axis],
            Padding::Explicit(around) => picture[axis] + 2 * around[axis],
            Padding::Same => 5,
        };
        kernel[axis] = kernel[axis].min(most);
    }
    Convolved {
        picture,
        filters: noise.between(1, 9),
        kernel,
        stride: [noise.between(1, 4), noise.between(1, 4)],
        padding,
        dilation: [1, 1],
        groups: 1,
        bias: noise.between(0, 3) > 0,
    }
}

#[test]
fn conv2d() {
    let mut noise = Noise::new(3);
    let plain = |picture, filters, kernel: usize, stride: usize, padding| Convolved {
        picture,
        filters,
        kernel: [kernel, kernel],
        stride: [stride, stride],
        padding,
        dilation: [1, 1],
        groups: 1,
        bias: true,
    };
    for (twin, samples) in [
        (plain([1, 1, 1], 1, 1, 1, Padding::Valid), 1),
        (plain([5, 7, 1], 3, 2, 4, Padding::Valid), 2),
        (plain([4, 5, 2], 2, 1, 3, Padding::Same), 3),
        (plain([2, 2, 1], 2, 5, 1, Padding::Same), 1),
        (plain([4, 4, 3], 1, 4, 1, Padding::Valid), 3),
        (plain([3, 3, 1], 1, 3, 2, Padding::Explicit([4, 4])), 2),
        (plain([36, 36, 1], 4, 5, 1, Padding::Same), 3),
        (plain([9, 10, 17], 19, 3, 1, Padding::Valid), 2),
    ] {
        check_convolution(twin, samples, &mut noise);
    }
    for _ in 0..30 {
        let twin = random_convolution(&mut noise);
        let samples = noise.between(1, 9);
        check_convolution(twin, samples, &mut noise);
    }
}

/// A pooling whose windows fit the picture.
pub(crate) fn random_pooling(picture: [usize; 3], noise: &mut Noise) -> Pooled {
    let padding = noise.one_of(&[Padding::Valid, Padding::Same]);
    let window = [0, 1].map(|axis| match padding {
        Padding::Valid => noise.between(1, picture[axis].min(3)),
        _ => noise.between(1, 3),
    });
    Pooled {
        picture,
        window,
        stride: [noise.between(1, 4), noise.between(1, 4)],
        padding,
    }
}

#[test]
fn activations() {
    let mut noise = Noise::new(5);
    for function in FUNCTIONS {
        for rank in [1, 1, 2, 3, 4] {
            let shape: Vec<usize> = (0..rank).map(|_| noise.between(1, 7)).collect();
            let channels = shape[rank - 1];
            let (values, samples) = (shape.iter().product(), noise.between(1, 20));
            let what = format!("activation {function:?} of {shape:?}");
            let network = behind_identity(shape).add(Activation::new(function));
            let stack = Stack::default().then(Activated { function, channels });
            compare(&what, network, &stack, samples, Numbers::Any, &mut noise);
            prove(&what, &stack, values, &mut noise);
        }
    }
}

/// Values pass as they are, so a flatten or reshape has no twin.
#[test]
fn flatten_and_reshape() {
    let mut noise = Noise::new(6);
    let twin = || {
        Stack::default().then(Multiplied {
            inputs: 24,
            units: 3,
            bias: true,
        })
    };
    let network = behind_identity([2, 3, 4]).add(Flatten).add(Dense::new(3));
    compare("flatten", network, &twin(), 5, Numbers::Any, &mut noise);
    let network = behind_identity([24])
        .add(Reshape::new([4, 6]))
        .add(Reshape::new([24]))
        .add(Dense::new(3))
        .add(Reshape::new([3, 1, 1]));
    compare("reshape", network, &twin(), 5, Numbers::Any, &mut noise);
}
