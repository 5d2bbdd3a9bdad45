//! Networks that are no chains: shared layers, joins, several inputs and outputs. The twin
//! is the forward pass alone, in double precision; finite differences give its gradients.

use letra_nn::prelude::*;

use crate::comparison::{set_parameters, singles};
use crate::noise::Noise;
use crate::proof::differences;

/// x · W + b.
fn dense(x: &[f64], kernel: &[f64], bias: &[f64]) -> Vec<f64> {
    let units = bias.len();
    let sum = |unit: usize| {
        let products = x.iter().enumerate();
        products
            .map(|(i, x)| x * kernel[i * units + unit])
            .sum::<f64>()
    };
    (0..units).map(|unit| bias[unit] + sum(unit)).collect()
}

fn tanh(values: Vec<f64>) -> Vec<f64> {
    values.into_iter().map(f64::tanh).collect()
}

fn pairs<'a>(a: &'a [f64], b: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    a.iter().copied().zip(b.iter().copied())
}

/// One encoder for both inputs; sums, products, a value read four times, one read twice by
/// one layer, an output that is read on.
fn model() -> Model {
    let mut model = Model::new();
    let (left, right) = (model.input([4]), model.input([4]));
    let first = model.layer(Dense::new(5).tanh(), [left]);
    let second = model.again(first, [right]);
    let sum = model.layer(Add, [first, second, first]);
    let product = model.layer(Multiply, [first, second]);
    let square = model.layer(Multiply, [sum, sum]);
    let both = model.layer(Concatenate, [sum, product, square]);
    let middle = model.layer(Dense::new(5), [both]);
    let third = model.layer(Activation::tanh(), [middle]);
    let last = model.layer(Dense::new(2), [third]);
    model.outputs([last, middle])
}

/// The sum of squared errors of both outputs, the second with weight 1/4.
fn objective(inputs: &[Vec<f64>; 2], targets: &[Vec<f64>; 2], p: &[Vec<f64>]) -> f64 {
    let mut sum = 0.0;
    for (sample, (left, right)) in inputs[0].chunks(4).zip(inputs[1].chunks(4)).enumerate() {
        let first = tanh(dense(left, &p[0], &p[1]));
        let second = tanh(dense(right, &p[0], &p[1]));
        let added: Vec<f64> = pairs(&first, &second).map(|(a, b)| 2.0 * a + b).collect();
        let product: Vec<f64> = pairs(&first, &second).map(|(a, b)| a * b).collect();
        let square: Vec<f64> = added.iter().map(|a| a * a).collect();
        let middle = dense(&[added, product, square].concat(), &p[2], &p[3]);
        let last = dense(&tanh(middle.clone()), &p[4], &p[5]);
        let error = |y: &[f64], t: &[f64]| pairs(y, t).map(|(y, t)| (y - t).powi(2)).sum::<f64>();
        sum += error(&last, &targets[0][2 * sample..][..2]);
        sum += 0.25 * error(&middle, &targets[1][5 * sample..][..5]);
    }
    sum
}

fn settings() -> Compile {
    Compile::new(Sgd::new(0.5))
        .loss(SumSquaredError)
        .next_output()
        .loss(SumSquaredError)
        .loss_weight(0.25)
        .threads(2)
}

fn alike(what: &str, found: &[f32], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let scale = wanted.iter().fold(1.0f64, |most, w| most.max(w.abs()));
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(
            (f64::from(*found) - wanted).abs() < 1e-5 * scale,
            "{what}: {found} for {wanted}"
        );
    }
}

#[test]
fn gradients_of_shared_layers_joins_and_several_outputs() {
    let mut noise = Noise::new(81);
    for samples in [1, 3, 40] {
        let mut network = model().compile(settings()).unwrap();
        let mut draw = |count: usize| -> Vec<f64> {
            let values = noise.fine(count).into_iter();
            values.map(|value| f64::from(value as f32)).collect()
        };
        let inputs = [draw(4 * samples), draw(4 * samples)];
        let targets = [draw(2 * samples), draw(5 * samples)];
        let parameters: Vec<Vec<f64>> = [20, 5, 75, 5, 10, 2].map(&mut draw).to_vec();
        set_parameters(&mut network, &parameters);
        let tensor =
            |width: usize, values: &[f64]| Tensor::new([samples, width], singles(values)).unwrap();
        let data = Dataset::values(tensor(4, &inputs[0]), tensor(2, &targets[0]))
            .and_then(|data| data.and_input(tensor(4, &inputs[1])))
            .and_then(|data| data.and_targets(Targets::Values(tensor(5, &targets[1]))))
            .unwrap();
        let gradients: Vec<Vec<f64>> = (0..parameters.len())
            .map(|index| {
                differences(&parameters[index], |moved| {
                    let mut others = parameters.clone();
                    others[index] = moved.to_vec();
                    objective(&inputs, &targets, &others)
                })
            })
            .collect();
        let seen = network.back_propagate(&data).unwrap();
        let loss = objective(&inputs, &targets, &parameters);
        assert!((seen.loss - loss).abs() < 1e-5 * loss.max(1.0));
        assert!((network.evaluate(&data).unwrap().loss - loss).abs() < 1e-5 * loss.max(1.0));
        assert_eq!(seen.gradients.len(), gradients.len());
        for ((name, found), wanted) in seen.gradients.iter().zip(&gradients) {
            alike(name, found.data(), wanted);
        }
        // The plan for training, with its fused layers and its shards, agrees.
        network.train_on_batch(&data).unwrap();
        for (index, parameter) in network.parameters().enumerate() {
            let moved = parameters[index].iter().zip(&gradients[index]);
            let moved: Vec<f64> = moved.map(|(w, g)| w - 0.5 * g).collect();
            alike(&parameter.name, &parameter.values, &moved);
        }
    }
}
