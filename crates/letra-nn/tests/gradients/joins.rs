//! Layers that join several inputs of one shape, or multiply two. Their twins take the inputs one
//! after the other.

use letra_nn::layers::Layer;
use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Dotted, Largest, Moved, Rescaled, Stack};

/// A model in which a layer is given parts of one input, which an identity shows.
pub(crate) fn joining(parts: &[Vec<usize>], layer: impl Layer) -> Model {
    let lengths = parts.iter().map(|shape| shape.iter().product::<usize>());
    let total: usize = lengths.clone().sum();
    let mut model = Model::new();
    let input = model.input([total, 1, 1]);
    let whole = model.layer(Activation::linear(), [input]);
    let mut start = 0;
    let mut values = Vec::new();
    for (shape, length) in parts.iter().zip(lengths) {
        let edges = [[start, total - start - length], [0, 0]];
        let part = model.layer(Cropping2d::new(edges), [whole]);
        values.push(model.layer(Reshape::new(shape.clone()), [part]));
        start += length;
    }
    let output = model.layer(layer, values);
    model.outputs([output])
}

/// Sums of the inputs with given weights.
fn weighted(weights: &[f64], values: usize) -> Moved {
    let places = |value: usize| {
        let weights = weights.iter().enumerate();
        weights.map(move |(input, weight)| (input * values + value, *weight))
    };
    Moved {
        inputs: weights.len() * values,
        outputs: (0..values).map(|value| places(value).collect()).collect(),
    }
}

fn random_shape(noise: &mut Noise) -> Vec<usize> {
    (0..noise.between(1, 3))
        .map(|_| noise.between(1, 5))
        .collect()
}

fn check(what: &str, network: Model, twin: &Stack, inputs: usize, noise: &mut Noise) {
    let samples = noise.between(1, 9);
    compare(what, network, twin, samples, Numbers::Any, noise);
    prove(what, twin, inputs, noise);
}

#[test]
fn average_and_subtract() {
    let mut noise = Noise::new(111);
    for _ in 0..20 {
        let shape = random_shape(&mut noise);
        let (values, count) = (shape.iter().product::<usize>(), noise.between(2, 5));
        let parts = vec![shape.clone(); count];
        let twin = Stack::default().then(weighted(&vec![1.0 / count as f64; count], values));
        let what = format!("average of {count} of {shape:?}");
        let network = joining(&parts, Average);
        check(&what, network, &twin, count * values, &mut noise);
        let twin = Stack::default().then(weighted(&[1.0, -1.0], values));
        let network = joining(&parts[..2], Subtract);
        check("subtract", network, &twin, 2 * values, &mut noise);
    }
}

/// Of equal values the first wins, as in Keras.
#[test]
fn maximum_and_minimum() {
    let mut noise = Noise::new(112);
    for round in 0..40 {
        let shape = random_shape(&mut noise);
        let (units, pieces) = (shape.iter().product::<usize>(), noise.between(2, 5));
        let parts = vec![shape.clone(); pieces];
        let numbers = [Numbers::Any, Numbers::Exact][round % 2];
        let largest = Largest { pieces, units };
        let what = format!("maximum of {pieces} of {shape:?}");
        let twin = Stack::default().then(largest);
        let samples = noise.between(1, 9);
        compare(
            &what,
            joining(&parts, Maximum),
            &twin,
            samples,
            numbers,
            &mut noise,
        );
        let what = format!("minimum of {pieces} of {shape:?}");
        let negative = || Rescaled::by(-1.0, 0.0);
        let twin = Stack::default()
            .then(negative())
            .then(Largest { pieces, units })
            .then(negative());
        compare(
            &what,
            joining(&parts, Minimum),
            &twin,
            samples,
            numbers,
            &mut noise,
        );
    }
}

#[test]
fn dot() {
    let mut noise = Noise::new(113);
    for round in 0..60 {
        let mut shapes = [random_shape(&mut noise), random_shape(&mut noise)];
        let axes = [0, 1].map(|which: usize| noise.between(0, shapes[which].len() - 1));
        // Of one number nothing but the sign is left.
        let size = noise.between(2, 6);
        for (shape, axis) in shapes.iter_mut().zip(axes) {
            shape[axis] = size;
        }
        let normalize = round % 2 == 0;
        let counted = [0, 1].map(|which: usize| match noise.between(0, 1) {
            0 => axes[which] as i32 + 1,
            _ => axes[which] as i32 - shapes[which].len() as i32,
        });
        let twin = Dotted {
            shapes: shapes.clone(),
            axes,
            normalize,
        };
        let what = format!("dot {twin:?}, axes {counted:?}");
        let network = joining(&shapes, Dot::new(counted).normalize(normalize));
        let inputs = shapes
            .iter()
            .map(|shape| shape.iter().product::<usize>())
            .sum();
        check(
            &what,
            network,
            &Stack::default().then(twin),
            inputs,
            &mut noise,
        );
    }
}

#[test]
fn shapes_of_dot_products() {
    let shape = |left: &[usize], right: &[usize], layer| {
        let model = joining(&[left.to_vec(), right.to_vec()], layer);
        model
            .build(1)
            .map(|network| network.output_shape().to_vec())
    };
    assert_eq!(shape(&[5], &[5], Dot::new(1)).unwrap(), [1]);
    assert_eq!(shape(&[2, 5], &[3, 5], Dot::new(-1)).unwrap(), [2, 3]);
    assert_eq!(shape(&[5, 2], &[3, 5], Dot::new([1, 2])).unwrap(), [2, 3]);
    assert_eq!(shape(&[4, 5, 2], &[5], Dot::new([2, 1])).unwrap(), [4, 2]);
}
