//! Random Fourier features against their twin and against the kernel that they stand for.

use letra_nn::layers::RandomFourierFeatures;
use letra_nn::prelude::*;

use crate::comparison::{assert_alike, singles};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Multiplied, Stack, Twin, Waves};

fn compiled(network: Sequential, seed: u64) -> Trainer {
    let compile = Compile::new(Sgd::new(0.5)).loss(SumSquaredError);
    network.compile(compile.seed(seed).threads(2)).unwrap()
}

fn doubles(network: &Trainer, name: &str) -> Vec<f64> {
    let values = network.parameter(name).unwrap().into_data();
    values.into_iter().map(f64::from).collect()
}

pub(crate) fn waves(network: &Trainer) -> Waves {
    Waves {
        kernel: doubles(network, "random_fourier_features/kernel"),
        offset: doubles(network, "random_fourier_features/offset"),
    }
}

/// Behind a dense layer, so that there are gradients to hand on: by the input of the features, which
/// shows in the dense layer's.
fn check([inputs, middle, features, samples]: [usize; 4], gamma: f32, noise: &mut Noise) {
    let what = format!("{inputs} → {middle} → {features} features, gamma {gamma}");
    let layers = Sequential::new([inputs])
        .add(Dense::new(middle))
        .add(RandomFourierFeatures::new(features).gamma(gamma));
    let mut network = compiled(layers, 7);
    let drawn = waves(&network);
    if middle * features < 100 {
        prove(&what, &waves(&network), middle, noise);
    }
    let twin = Stack::default()
        .then(Multiplied {
            inputs,
            units: middle,
            bias: true,
        })
        .then(waves(&network));
    let parameters = [
        doubles(&network, "dense/kernel"),
        doubles(&network, "dense/bias"),
    ];
    let mut draw = |count: usize| {
        let values = noise.fine(count).into_iter();
        let values = values.map(|value| f64::from(value as f32));
        values.collect::<Vec<f64>>()
    };
    let rows: Vec<Vec<f64>> = (0..samples).map(|_| draw(inputs)).collect();
    let targets: Vec<Vec<f64>> = (0..samples).map(|_| draw(features)).collect();

    let (mut outputs, mut gradients) =
        (Vec::new(), [vec![0.0; inputs * middle], vec![0.0; middle]]);
    for (row, target) in rows.iter().zip(&targets) {
        let output = twin.forward(row, &parameters);
        let upstream = output.iter().zip(target).map(|(y, t)| 2.0 * (y - t));
        let upstream: Vec<f64> = upstream.collect();
        let of_row = twin.backward(row, &parameters, &upstream).parameters;
        for (sum, gradient) in gradients.iter_mut().zip(of_row) {
            sum.iter_mut()
                .zip(gradient)
                .for_each(|(sum, value)| *sum += value);
        }
        outputs.extend(output);
    }
    let tensor =
        |rows: &[Vec<f64>], width| Tensor::new([rows.len(), width], singles(&rows.concat()));
    let inputs = tensor(&rows, inputs).unwrap();
    let batch = Dataset::values(inputs, tensor(&targets, features).unwrap()).unwrap();
    let predicted = network.predict(batch.inputs()).unwrap();
    assert_alike(&what, predicted.data(), &outputs, 1.0);
    let seen = network.back_propagate(&batch).unwrap();
    for ((name, gradient), wanted) in seen.gradients.iter().zip(&gradients) {
        // The angles, of a few units, carry the error of single precision.
        assert_alike(&format!("{what}: {name}"), gradient.data(), wanted, 10.0);
    }
    network.train_on_batch(&batch).unwrap();
    let kept = waves(&network);
    assert!(
        kept.kernel == drawn.kernel && kept.offset == drawn.offset,
        "{what}: they moved"
    );
    assert_ne!(doubles(&network, "dense/kernel"), parameters[0], "{what}");
}

#[test]
fn the_layer_is_its_twin() {
    let mut noise = Noise::new(31);
    for sizes in [[1, 1, 1, 1], [3, 5, 9, 2], [17, 3, 33, 5], [4, 16, 8, 40]] {
        check(sizes, 0.3, &mut noise);
    }
    check([6, 7, 130, 3], 0.01, &mut noise);
    check([2, 3, 19, 70], 1.5, &mut noise);
}

/// Points, and the products of their features beside the kernel, for each pair.
fn products(features: usize, gamma: f64, layer: RandomFourierFeatures, seed: u64) -> Vec<[f64; 2]> {
    const POINTS: usize = 24;
    const INPUTS: usize = 5;
    let points = Noise::new(5).fine(POINTS * INPUTS);
    let network = compiled(Sequential::new([INPUTS]).add(layer), seed);
    let inputs = Tensor::new([POINTS, INPUTS], singles(&points)).unwrap();
    let outputs = network.predict(&inputs).unwrap().into_data();
    let mut pairs = Vec::new();
    for (one, u) in points.chunks(INPUTS).enumerate() {
        for (other, v) in points.chunks(INPUTS).enumerate().skip(one + 1) {
            let square: f64 = u.iter().zip(v).map(|(u, v)| (u - v) * (u - v)).sum();
            let row = |point: usize| outputs[point * features..][..features].iter();
            let product = row(one).zip(row(other)).map(|(y, z)| f64::from(y * z));
            pairs.push([product.sum(), (-gamma * square).exp()]);
        }
    }
    pairs
}

/// Rahimi and Recht 2007, section 3: one pair is off by ε or more with probability
/// 2 exp(−D ε² / 4) at most.
#[test]
fn products_are_the_kernel_within_the_papers_bound() {
    for (features, gamma, seed) in [(64, 0.2, 1), (512, 0.2, 2), (4096, 1.3, 3), (4096, 0.05, 4)] {
        let layer = RandomFourierFeatures::new(features).gamma(gamma as f32);
        let pairs = products(features, gamma, layer, seed);
        // All pairs together fail once in a million draws.
        let chances = 2.0 * pairs.len() as f64 * 1e6;
        let bound = (4.0 * chances.ln() / features as f64).sqrt();
        let mut squares = 0.0;
        for [product, kernel] in &pairs {
            assert!((product - kernel).abs() < bound, "{product} for {kernel}");
            squares += (product - kernel) * (product - kernel);
        }
        // The variance of 2 cos cos is at most 1, so that of the mean over D features 1 / D.
        let typical = (squares / pairs.len() as f64).sqrt();
        assert!(
            typical < 2.0 / (features as f64).sqrt(),
            "{typical} with {features}"
        );
    }
}

#[test]
fn scale_and_default_are_those_of_keras() {
    let products = |layer, gamma| products(2048, gamma, layer, 9);
    let near = |pairs: Vec<[f64; 2]>| {
        pairs
            .iter()
            .all(|[product, kernel]| (product - kernel).abs() < 0.2)
    };
    assert!(near(products(
        RandomFourierFeatures::new(2048).scale(2.0),
        0.125
    )));
    assert!(near(products(RandomFourierFeatures::new(2048), 1.0 / 5.0)));
    assert!(!near(products(RandomFourierFeatures::new(2048), 0.02)));
}

#[test]
fn the_seed_decides_the_features() {
    let kernel = |seed| {
        let layers = Sequential::new([3]).add(RandomFourierFeatures::new(4));
        doubles(&compiled(layers, seed), "random_fourier_features/kernel")
    };
    assert_eq!(kernel(1), kernel(1));
    assert_ne!(kernel(1), kernel(2));
}
