//! The four formulas of the classical derivation of back-propagation (Rumelhart, Hinton
//! and Williams 1986), as the seminar writes them for the squared error and two sigmoid
//! layers, number by number beside what `back_propagate` and a training step give.
//!
//! With desired outputs tₖ, outputs yₖ, hidden outputs hⱼ and inputs xᵢ:
//!
//! δₖ = (tₖ − yₖ) yₖ (1 − yₖ),  Δwₖⱼ = η δₖ hⱼ,
//! μⱼ = (Σₖ δₖ wₖⱼ) hⱼ (1 − hⱼ),  Δwⱼᵢ = η μⱼ xᵢ.
//!
//! E = Σ (tₖ − yₖ)², so that ∂E/∂z is −2 δ at the output and −2 μ at the hidden layer; the
//! formulas count the 2 as part of η.

use letra_nn::prelude::*;

use crate::comparison::singles;
use crate::noise::Noise;
use crate::twins::softmax;

const INPUTS: usize = 7;
const HIDDEN: usize = 5;
const OUTPUTS: usize = 3;
const ETA: f64 = 0.5;

/// A network's weights and biases, and one sample.
struct Setting {
    /// w[i][j] leads from input i to hidden unit j.
    hidden_weights: Vec<Vec<f64>>,
    hidden_bias: Vec<f64>,
    /// w[j][k] leads from hidden unit j to output k.
    output_weights: Vec<Vec<f64>>,
    output_bias: Vec<f64>,
    x: Vec<f64>,
    t: Vec<f64>,
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Outputs of a sigmoid layer.
fn layer(inputs: &[f64], weights: &[Vec<f64>], bias: &[f64]) -> Vec<f64> {
    let unit = |unit: usize| {
        let products = inputs.iter().zip(weights).map(|(x, row)| x * row[unit]);
        sigmoid(bias[unit] + products.sum::<f64>())
    };
    (0..bias.len()).map(unit).collect()
}

impl Setting {
    fn new(noise: &mut Noise) -> Self {
        let mut rows = |count: usize, length: usize| -> Vec<Vec<f64>> {
            (0..count).map(|_| noise.coarse(length)).collect()
        };
        Setting {
            hidden_weights: rows(INPUTS, HIDDEN),
            hidden_bias: rows(1, HIDDEN).remove(0),
            output_weights: rows(HIDDEN, OUTPUTS),
            output_bias: rows(1, OUTPUTS).remove(0),
            x: rows(1, INPUTS).remove(0),
            t: (0..OUTPUTS).map(|k| f64::from(k == 1)).collect(),
        }
    }

    fn network(&self) -> Trainer {
        let mut network = Sequential::new([INPUTS])
            .add(Dense::new(HIDDEN).sigmoid())
            .add(Dense::new(OUTPUTS).sigmoid())
            .compile(Compile::new(Sgd::new(ETA as f32 / 2.0)).loss(SumSquaredError))
            .unwrap();
        self.give_parameters(&mut network);
        network
    }

    fn give_parameters(&self, network: &mut Trainer) {
        for (name, shape, values) in [
            (
                "dense/kernel",
                vec![INPUTS, HIDDEN],
                self.hidden_weights.concat(),
            ),
            ("dense/bias", vec![HIDDEN], self.hidden_bias.clone()),
            (
                "dense_1/kernel",
                vec![HIDDEN, OUTPUTS],
                self.output_weights.concat(),
            ),
            ("dense_1/bias", vec![OUTPUTS], self.output_bias.clone()),
        ] {
            let values = Tensor::new(shape, singles(&values)).unwrap();
            network.set_parameter(name, &values).unwrap();
        }
    }

    fn batch(&self) -> Dataset {
        let inputs = Tensor::new([1, INPUTS], singles(&self.x)).unwrap();
        let targets = Tensor::new([1, OUTPUTS], singles(&self.t)).unwrap();
        Dataset::values(inputs, targets).unwrap()
    }
}

fn assert_number(what: &str, found: f32, wanted: f64) {
    let difference = (f64::from(found) - wanted).abs();
    assert!(
        difference < 1e-6,
        "{what}: {found} where the formula gives {wanted}"
    );
}

#[test]
fn delta_mu_and_both_weight_changes() {
    for seed in 40..50 {
        let setting = Setting::new(&mut Noise::new(seed));
        let (x, t) = (&setting.x, &setting.t);
        let h = layer(x, &setting.hidden_weights, &setting.hidden_bias);
        let y = layer(&h, &setting.output_weights, &setting.output_bias);

        let mut network = setting.network();
        let seen = network.back_propagate(&setting.batch()).unwrap();
        let error: f64 = (0..OUTPUTS).map(|k| (t[k] - y[k]).powi(2)).sum();
        assert_number("E", seen.loss as f32, error);
        let [(_, at_hidden), (_, at_output)] = &seen.pre_activation_gradients[..] else {
            panic!("two layers");
        };
        let gradient = |name: &str| {
            let mut gradients = seen.gradients.iter();
            let found = gradients.find(|(known, _)| known == name);
            &found.expect("the parameter has a gradient").1
        };

        // Output layer.
        let mut delta = [0.0; OUTPUTS];
        for k in 0..OUTPUTS {
            delta[k] = (t[k] - y[k]) * y[k] * (1.0 - y[k]);
            assert_number("∂E/∂z = −2 δ", at_output.data()[k], -2.0 * delta[k]);
            for j in 0..HIDDEN {
                let found = gradient("dense_1/kernel").data()[j * OUTPUTS + k];
                assert_number("∂E/∂w = −2 δ h", found, -2.0 * delta[k] * h[j]);
            }
        }
        // Hidden layer.
        let mut mu = [0.0; HIDDEN];
        for j in 0..HIDDEN {
            let products = (0..OUTPUTS).map(|k| delta[k] * setting.output_weights[j][k]);
            mu[j] = products.sum::<f64>() * h[j] * (1.0 - h[j]);
            assert_number("∂E/∂z = −2 μ", at_hidden.data()[j], -2.0 * mu[j]);
            for i in 0..INPUTS {
                let found = gradient("dense/kernel").data()[i * HIDDEN + j];
                assert_number("∂E/∂w = −2 μ x", found, -2.0 * mu[j] * x[i]);
            }
        }

        // One step of gradient descent changes the weights by η δ h and η μ x.
        network.train_on_batch(&setting.batch()).unwrap();
        let after = network.parameter("dense_1/kernel").unwrap();
        for j in 0..HIDDEN {
            for k in 0..OUTPUTS {
                let wanted = setting.output_weights[j][k] + ETA * delta[k] * h[j];
                assert_number("w + η δ h", after.data()[j * OUTPUTS + k], wanted);
            }
        }
        let after = network.parameter("dense/kernel").unwrap();
        for i in 0..INPUTS {
            for j in 0..HIDDEN {
                let wanted = setting.hidden_weights[i][j] + ETA * mu[j] * x[i];
                assert_number("w + η μ x", after.data()[i * HIDDEN + j], wanted);
            }
        }
    }
}

/// With softmax and cross-entropy the gradient at the output's pre-activation is p − t, over
/// the number of samples; the hidden layer's follows as before.
#[test]
fn cross_entropy_with_softmax() {
    let mut noise = Noise::new(60);
    let setting = Setting::new(&mut noise);
    let h = layer(&setting.x, &setting.hidden_weights, &setting.hidden_bias);
    let z: Vec<f64> = (0..OUTPUTS)
        .map(|k| {
            let products = (0..HIDDEN).map(|j| h[j] * setting.output_weights[j][k]);
            setting.output_bias[k] + products.sum::<f64>()
        })
        .collect();
    let p = softmax(&z);
    let hidden = |j: usize| {
        let products = (0..OUTPUTS).map(|k| (p[k] - setting.t[k]) * setting.output_weights[j][k]);
        products.sum::<f64>() * h[j] * (1.0 - h[j])
    };
    // Two copies of the sample: the mean is that of one, each copy's share is half.
    let twice =
        |values: &[f64]| Tensor::new([2, values.len()], singles(&[values, values].concat()));
    let batch = Dataset::values(twice(&setting.x).unwrap(), twice(&setting.t).unwrap()).unwrap();
    let sigmoid = || Sequential::new([INPUTS]).add(Dense::new(HIDDEN).sigmoid());
    let compile = || Compile::new(Sgd::new(0.1));
    for network in [
        sigmoid()
            .add(Dense::new(OUTPUTS))
            .compile(compile().loss(CrossEntropy::from_logits())),
        sigmoid()
            .add(Dense::new(OUTPUTS).softmax())
            .compile(compile().loss(CrossEntropy::new())),
    ] {
        let mut network = network.unwrap();
        setting.give_parameters(&mut network);
        let seen = network.back_propagate(&batch).unwrap();
        assert_number("E", seen.loss as f32, -p[1].ln());
        let [(_, at_hidden), (_, at_output)] = &seen.pre_activation_gradients[..] else {
            panic!("two layers");
        };
        for sample in 0..2 {
            for k in 0..OUTPUTS {
                let found = at_output.sample(sample)[k];
                assert_number("p − t", found, (p[k] - setting.t[k]) / 2.0);
            }
            for j in 0..HIDDEN {
                assert_number(
                    "Σ (p − t) v f′",
                    at_hidden.sample(sample)[j],
                    hidden(j) / 2.0,
                );
            }
        }
    }
}
