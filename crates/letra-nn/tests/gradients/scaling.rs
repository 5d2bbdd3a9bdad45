//! Layers of given numbers, given orders and given functions.

use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::layers::behind_identity;
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Moved, Power, Rescaled, Stack, Twin};

fn random_shape(ranks: [usize; 2], noise: &mut Noise) -> Vec<usize> {
    let rank = noise.between(ranks[0], ranks[1]);
    (0..rank).map(|_| noise.between(1, 5)).collect()
}

fn check(
    what: &str,
    shape: &[usize],
    layer: impl letra_nn::layers::Layer,
    twin: impl Twin + 'static,
    noise: &mut Noise,
) {
    let (network, stack) = (
        behind_identity(shape).add(layer),
        Stack::default().then(twin),
    );
    let samples = noise.between(1, 9);
    compare(what, network, &stack, samples, Numbers::Any, noise);
    prove(what, &stack, shape.iter().product(), noise);
}

#[test]
fn rescaling() {
    let mut noise = Noise::new(131);
    for _ in 0..20 {
        let shape = random_shape([1, 4], &mut noise);
        let [scale, offset] = [0, 1].map(|_| (4.0 * noise.fraction() - 2.0) as f32);
        let what = format!("rescaling {shape:?} by {scale}, {offset}");
        let twin = Rescaled::by(f64::from(scale), f64::from(offset));
        let layer = Rescaling::new(scale).offset(offset);
        check(&what, &shape, layer, twin, &mut noise);
    }
}

/// The mean and the variance of each feature, by their definitions.
fn moments(data: &Tensor, features: usize) -> Vec<[f64; 2]> {
    let moments = |feature: usize| {
        let column = data.data().iter().skip(feature).step_by(features);
        let column: Vec<f64> = column.map(|&value| f64::from(value)).collect();
        let count = column.len() as f64;
        let mean = column.iter().sum::<f64>() / count;
        let squares = column.iter().map(|value| (value - mean).powi(2));
        [mean, squares.sum::<f64>() / count]
    };
    (0..features).map(moments).collect()
}

#[test]
fn normalization() {
    let mut noise = Noise::new(132);
    for round in 0..30 {
        let mut shape = random_shape([0, 3], &mut noise);
        // More channels than fill a row, in some cases.
        let features = noise.between(1, [5, 40, 300][round % 3]);
        shape.push(features);
        let samples = noise.between(2, 30);
        let sizes = [&[samples], &shape[..]].concat();
        let values = noise.fine(sizes.iter().product());
        let values = values
            .iter()
            .map(|value| *value as f32 * 3.0 + 1.0)
            .collect();
        let data = Tensor::new(sizes, values).unwrap();
        let numbers = moments(&data, features);
        let invert = round % 2 == 1;
        let of_feature = |[mean, variance]: [f64; 2]| match invert {
            true => [0.0, variance.sqrt(), mean],
            false => [mean, 1.0 / variance.sqrt(), 0.0],
        };
        let twin = Rescaled(numbers.into_iter().map(of_feature).collect());
        let what = format!("normalization {shape:?}, inverted: {invert}");
        let layer = Normalization::adapt(&data).unwrap().invert(invert);
        if shape.iter().product::<usize>() < 500 {
            check(&what, &shape, layer, twin, &mut noise);
        }
    }
}

/// A feature that never varies is 0, as in Keras, not undefined.
#[test]
fn a_constant_feature_becomes_zero() {
    let data = Tensor::new([3, 2], vec![7.0, 1.0, 7.0, 2.0, 7.0, 3.0]).unwrap();
    let layer = Normalization::adapt(&data).unwrap();
    let network = Sequential::new([2]).add(layer).build(1).unwrap();
    let normal = network.predict(&data).unwrap();
    for row in normal.data().chunks(2) {
        assert_eq!(row[0], 0.0);
    }
    let side = 1.5f32.sqrt();
    for (row, wanted) in normal.data().chunks(2).zip([-side, 0.0, side]) {
        assert!((row[1] - wanted).abs() < 1e-6);
    }
}

#[test]
fn what_a_normalization_cannot_adapt_to() {
    for (data, part) in [
        (Tensor::zeros([0, 3]), "[0, 3]"),
        (Tensor::zeros([3]), "[3]"),
        (
            Tensor::new([2, 2], vec![0.0, 1.0, 2.0, f32::NAN]).unwrap(),
            "feature 1 of sample 1",
        ),
        (
            Tensor::new([2, 1], vec![-3e38, 3e38]).unwrap(),
            "single precision",
        ),
    ] {
        let error = Normalization::adapt(&data).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn permute() {
    let mut noise = Noise::new(133);
    for _ in 0..60 {
        let shape = random_shape([1, 5], &mut noise);
        let mut order: Vec<usize> = (0..shape.len()).collect();
        for place in (1..order.len()).rev() {
            order.swap(place, noise.between(0, place));
        }
        let what = format!("permute {shape:?} to {order:?}");
        let layer = Permute::new(order.iter().map(|axis| axis + 1).collect::<Vec<_>>());
        check(&what, &shape, layer, permuted(&shape, &order), &mut noise);
    }
}

/// Each output is the input whose place along each of its axes is the same.
pub(crate) fn permuted(shape: &[usize], order: &[usize]) -> Moved {
    let values: usize = shape.iter().product();
    let sizes: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let source = |mut place: usize| {
        let mut places = vec![0; shape.len()];
        for (&axis, size) in order.iter().zip(&sizes).rev() {
            (places[axis], place) = (place % size, place / size);
        }
        let both = places.iter().zip(shape);
        both.fold(0, |at, (place, size)| at * size + place)
    };
    Moved {
        inputs: values,
        outputs: (0..values)
            .map(|place| vec![(source(place), 1.0)])
            .collect(),
    }
}

#[test]
fn lambda() {
    let mut noise = Noise::new(134);
    let cube = Lambda::of_values(|x| x * x * x, |x| 3.0 * x * x);
    check("a cube", &[3, 4], cube, Power(3), &mut noise);
    let square = Lambda::new(|inputs, emit| {
        let (input, _) = emit.single_input(inputs)?;
        let square = letra_nn::ops::Multiply;
        Ok(vec![emit.op(square, &[input, input], &[])?])
    });
    check("a square", &[5], square, Power(2), &mut noise);
}
