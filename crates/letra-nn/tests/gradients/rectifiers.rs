//! Leaky, parametric and exponential ReLU, and maxout.

use letra_nn::layers::Padding;
use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::layers::{behind_identity, random_convolution};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Convolved, Exponential, Largest, Multiplied, Rectified, Stack};

fn random_shape(noise: &mut Noise) -> Vec<usize> {
    (0..noise.between(1, 4))
        .map(|_| noise.between(1, 6))
        .collect()
}

#[test]
fn slopes_that_are_given_and_exponentials() {
    let mut noise = Noise::new(71);
    for case in 0..40 {
        let sizes = random_shape(&mut noise);
        let (values, samples) = (sizes.iter().product(), noise.between(1, 20));
        let number = (2.0 * noise.fraction()) as f32 * f32::from(u8::from(case > 1));
        let what = format!("leaky_relu and elu with {number} of {sizes:?}, {samples} samples");
        let leaky = Stack::default().then(Rectified {
            shared: vec![true; sizes.len()],
            sizes: sizes.clone(),
            slope: Some(f64::from(number)),
        });
        let network = behind_identity(sizes.clone()).add(LeakyRelu::new(number));
        compare(&what, network, &leaky, samples, Numbers::Any, &mut noise);
        prove(&what, &leaky, values, &mut noise);
        let elu = Stack::default().then(Exponential {
            alpha: f64::from(number),
        });
        let network = behind_identity(sizes).add(Elu::new(number));
        compare(&what, network, &elu, samples, Numbers::Any, &mut noise);
        prove(&what, &elu, values, &mut noise);
    }
}

#[test]
fn slopes_that_are_learned() {
    let mut noise = Noise::new(72);
    for _ in 0..60 {
        let sizes = random_shape(&mut noise);
        let shared: Vec<bool> = sizes.iter().map(|_| noise.between(0, 1) == 1).collect();
        let axes = (1..=sizes.len()).filter(|axis| shared[axis - 1]);
        let layer = PRelu::new().shared_axes(axes.collect::<Vec<_>>());
        let (values, samples) = (sizes.iter().product(), noise.between(1, 30));
        let what = format!("prelu of {sizes:?}, shared {shared:?}, {samples} samples");
        let network = behind_identity(sizes.clone()).add(layer);
        let twin = Stack::default().then(Rectified {
            sizes,
            shared,
            slope: None,
        });
        compare(&what, network, &twin, samples, Numbers::Any, &mut noise);
        prove(&what, &twin, values, &mut noise);
    }
}

fn check_maxout(
    [inputs, units, pieces]: [usize; 3],
    bias: bool,
    samples: usize,
    noise: &mut Noise,
) {
    let what = format!("maxout {inputs} → {units} of {pieces}, bias {bias}, {samples} samples");
    let linear = Multiplied {
        inputs,
        units: units * pieces,
        bias,
    };
    let twin = Stack::default()
        .then(linear)
        .then(Largest { pieces, units });
    let network = behind_identity([inputs]).add(Maxout::new(units, pieces).use_bias(bias));
    compare(&what, network, &twin, samples, Numbers::Any, noise);
    if inputs * units * pieces < 200 {
        prove(&what, &twin, inputs, noise);
    }
}

#[test]
fn maxout() {
    let mut noise = Noise::new(73);
    check_maxout([1, 1, 2], true, 1, &mut noise);
    for _ in 0..25 {
        let sizes = [
            noise.between(1, 30),
            noise.between(1, 12),
            noise.between(2, 5),
        ];
        let (bias, samples) = (noise.between(0, 3) > 0, noise.between(1, 12));
        check_maxout(sizes, bias, samples, &mut noise);
    }
    // Kernels whose gradient is formed for the whole batch at once.
    check_maxout([600, 10, 3], true, 5, &mut noise);
    check_maxout([129, 65, 2], false, 3, &mut noise);
}

/// Behind another layer, with a large kernel: the pieces' gradients wait for the batch's end.
#[test]
fn maxout_upon_maxout() {
    let mut noise = Noise::new(74);
    let twin = Stack::default()
        .then(Multiplied {
            inputs: 9,
            units: 240,
            bias: true,
        })
        .then(Largest {
            pieces: 2,
            units: 120,
        })
        .then(Multiplied {
            inputs: 120,
            units: 141,
            bias: true,
        })
        .then(Largest {
            pieces: 3,
            units: 47,
        });
    let network = behind_identity([9])
        .add(Maxout::new(120, 2))
        .add(Maxout::new(47, 3));
    compare("maxout twice", network, &twin, 3, Numbers::Any, &mut noise);
}

#[test]
fn maxout_of_convolutions() {
    let mut noise = Noise::new(75);
    for case in 0..25 {
        let (pieces, samples) = (noise.between(2, 4), noise.between(1, 4));
        let mut linear = random_convolution(&mut noise);
        let filters = linear.filters.min(4);
        linear.filters = pieces * filters;
        if case % 2 == 0 {
            linear.picture[0] = linear.picture[0].min(5);
            linear.picture[1] = linear.picture[1].min(5);
            linear.kernel = [1, 1];
        }
        let Convolved {
            picture,
            kernel,
            stride,
            padding,
            bias,
            ..
        } = linear;
        let layer = MaxoutConv2d::new(filters, kernel, pieces)
            .stride(stride)
            .use_bias(bias);
        let layer = match padding {
            Padding::Valid => layer.valid(),
            Padding::Same => layer.same(),
            Padding::Explicit(around) => layer.padding(around),
        };
        let what = format!(
            "maxout_conv2d {picture:?}, {filters} filters of {pieces}, {kernel:?}, {stride:?}, {padding:?}"
        );
        let network = behind_identity(picture).add(layer);
        let twin = Stack::default().then(linear).then(Largest {
            pieces,
            units: filters,
        });
        compare(&what, network, &twin, samples, Numbers::Any, &mut noise);
        if picture.iter().product::<usize>() < 40 {
            prove(&what, &twin, picture.iter().product(), &mut noise);
        }
    }
}

fn trained(first: impl letra_nn::layers::Layer, parameters: &[(&str, Tensor)]) -> Trainer {
    let network = Sequential::new([4])
        .add(first)
        .add(Dense::new(3))
        .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError).seed(76))
        .unwrap();
    for (name, values) in parameters {
        network.set_parameter(name, values).unwrap();
    }
    network
}

/// One piece of two fixed at 0 makes maxout ReLU: the same outputs, and for the other piece the
/// same gradients.
#[test]
fn relu_is_a_special_case_of_maxout() {
    const UNITS: usize = 7;
    let mut noise = Noise::new(76);
    let mut draw = |count: usize| -> Vec<f32> {
        noise
            .fine(count)
            .into_iter()
            .map(|value| value as f32)
            .collect()
    };
    let tensor = |shape: &[usize], values: Vec<f32>| Tensor::new(shape.to_vec(), values).unwrap();
    let (kernel, bias) = (draw(4 * UNITS), draw(UNITS));
    let second = ("dense/kernel", tensor(&[UNITS, 3], draw(3 * UNITS)));
    let with_zeros: Vec<f32> = kernel
        .chunks(UNITS)
        .flat_map(|row| row.iter().copied().chain([0.0; UNITS]))
        .collect();
    let two_biases: Vec<f32> = bias.iter().copied().chain([0.0; UNITS]).collect();
    let maxout = trained(
        Maxout::new(UNITS, 2),
        &[
            ("maxout/kernel", tensor(&[4, 2 * UNITS], with_zeros)),
            ("maxout/bias", tensor(&[2 * UNITS], two_biases)),
            second.clone(),
        ],
    );
    let relu = trained(
        Dense::new(UNITS).relu(),
        &[
            ("dense/kernel", tensor(&[4, UNITS], kernel)),
            ("dense/bias", tensor(&[UNITS], bias)),
            ("dense_1/kernel", second.1),
        ],
    );
    let batch = Dataset::values(tensor(&[50, 4], draw(200)), tensor(&[50, 3], draw(150))).unwrap();
    let (one, other) = (maxout.predict(batch.inputs()), relu.predict(batch.inputs()));
    for (one, other) in one.unwrap().data().iter().zip(other.unwrap().data()) {
        assert!((one - other).abs() < 1e-6, "{one} and {other}");
    }
    let seen = [maxout, relu].map(|network| network.back_propagate(&batch).unwrap().gradients);
    for row in 0..4 {
        for unit in 0..UNITS {
            let one = seen[0][0].1.data()[row * 2 * UNITS + unit];
            let other = seen[1][0].1.data()[row * UNITS + unit];
            assert!((one - other).abs() < 1e-4, "{one} and {other}");
        }
    }
}

/// Pieces x and −x make the absolute value.
#[test]
fn the_absolute_value_is_a_special_case_of_maxout() {
    let network = Sequential::new([1]).add(Maxout::new(1, 2).use_bias(false));
    let network = network
        .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError))
        .unwrap();
    let pieces = Tensor::new([1, 2], vec![1.0, -1.0]).unwrap();
    network.set_parameter("maxout/kernel", &pieces).unwrap();
    let inputs = Tensor::new([5, 1], vec![-2.5, -1.0, 0.0, 0.25, 3.0]).unwrap();
    let outputs = network.predict(&inputs).unwrap();
    assert_eq!(outputs.data(), [2.5, 1.0, 0.0, 0.25, 3.0]);
}
