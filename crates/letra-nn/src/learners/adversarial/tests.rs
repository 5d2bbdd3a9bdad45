//! The gradient of a penalty on a gradient against differences.

use super::{Adversarial, AdversarialObjective, AdversarialTrainer};
use crate::layers::{
    Activation, ActivationFunction, Concatenate, Conv1d, Conv2d, Conv2dTranspose, Dense, Elu,
    Flatten, LayerNormalization, LeakyRelu, PRelu, Reshape, SpectralNormalization, ZeroPadding2d,
};
use crate::network::{IntoPart, Model, Sequential};
use crate::optimizers::Sgd;
use crate::random::{Domain, Random};
use crate::{Compile, Dataset, Initializer, Tensor};

fn normal(shape: &[usize], place: usize) -> Tensor {
    let count = shape.iter().product();
    let values = Random::new(5, Domain::Data, place, 0).normal(0, count);
    Tensor::new(shape, values).unwrap()
}

/// A pair whose discriminator is this one, by a Wasserstein objective with a penalty.
fn pair(discriminator: impl IntoPart, sample: &[usize]) -> AdversarialTrainer {
    let values = sample.iter().product();
    let small = Initializer::normal(0.0, 0.1);
    let generator = Sequential::new([3])
        .add(Dense::new(values).kernel_initializer(small))
        .add(Reshape::new(sample));
    let compile = || Compile::new(Sgd::new(0.01)).seed(3).threads(1);
    Adversarial::new(generator, discriminator)
        .objective(AdversarialObjective::Wasserstein)
        .gradient_penalty(10.0)
        .compile(compile(), compile())
        .unwrap()
}

fn batch(sample: &[usize], samples: usize) -> Dataset {
    let shape = [&[samples], sample].concat();
    let nothing = |_| crate::dataset::Targets::Values(Tensor::zeros([samples, 1]));
    let values = normal(&shape, 0)
        .into_data()
        .into_iter()
        .map(|value| 0.2 * value);
    let real = Tensor::new(shape, values.collect()).unwrap();
    Dataset::new(real, nothing(0))
        .unwrap()
        .and_input(normal(&[samples, 3], 1))
        .unwrap()
        .and_targets(nothing(1))
        .unwrap()
        .and_targets(nothing(2))
        .unwrap()
}

/// Holds the gradient of each of the discriminator's parameters to differences of fourth order along it.
fn check(discriminator: impl IntoPart, sample: &[usize]) {
    let mut pair = pair(discriminator, sample);
    let data = batch(sample, 3);
    // Before rectifiers, values are well above or below 0, so that a difference meets no kink.
    let names: Vec<String> = pair
        .discriminator()
        .weights()
        .names()
        .map(str::to_owned)
        .collect();
    let weights = pair.discriminator().weights();
    for (place, name) in names
        .iter()
        .enumerate()
        .filter(|(_, name)| name.starts_with("discriminator/"))
        .filter(|(_, name)| name.ends_with("bias") || name.ends_with("beta"))
    {
        let mut values = weights.get(name).unwrap();
        let drawn = normal(&[values.data().len()], 10 + place);
        let both = values.data_mut().iter_mut().zip(drawn.data());
        both.for_each(|(value, drawn)| *value += drawn + drawn.signum());
        weights.set(name, &values).unwrap();
    }
    let learner = &mut pair.discriminator_learner;
    let gradients = learner.gradients(&data).unwrap();
    let penalty = learner.train_penalty(&data);
    assert!(penalty > 0.0, "there is no penalty");
    for name in gradients
        .names()
        .filter(|name| name.starts_with("discriminator/"))
    {
        let gradient = gradients.get(name).unwrap();
        let squares = gradient.data().iter().map(|&g| f64::from(g) * f64::from(g));
        let norm = squares.sum::<f64>().sqrt();
        if norm < 1e-6 {
            continue;
        }
        let before = weights.get(name).unwrap();
        let mut loss = |by: f64| {
            let mut moved = before.clone();
            for (value, g) in moved.data_mut().iter_mut().zip(gradient.data()) {
                *value = (f64::from(*value) + by * f64::from(*g) / norm) as f32;
            }
            weights.set(name, &moved).unwrap();
            let loss = learner.gradients(&data).unwrap().loss();
            weights.set(name, &before).unwrap();
            loss
        };
        // Where a step meets a kink, a smaller one may not.
        let slopes: Vec<f64> = [0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
            .map(|h| (8.0 * (loss(h) - loss(-h)) - (loss(2.0 * h) - loss(-2.0 * h))) / (12.0 * h))
            .to_vec();
        // Of a small gradient, single precision shows in the differences.
        let errors = slopes.iter().map(|slope| (slope - norm).abs());
        let error = errors.fold(f64::INFINITY, f64::min) / (norm + 0.1);
        assert!(
            error < 1e-4,
            "{name}: {norm} by formula, {slopes:?} by differences"
        );
    }
}

impl crate::Trainer {
    /// The penalty of a batch, without its factor.
    fn train_penalty(&self, data: &Dataset) -> f64 {
        let seen = self.back_propagate(data).unwrap();
        let (_, penalty) = seen.outputs.last().unwrap();
        penalty
            .data()
            .iter()
            .map(|&value| f64::from(value))
            .sum::<f64>()
            / data.samples() as f64
    }
}

fn large() -> Initializer {
    Initializer::normal(0.0, 1.0)
}

fn wide() -> Initializer {
    Initializer::HeNormal
}

#[test]
fn dense_layers_and_smooth_functions() {
    let network = Sequential::new([4])
        .add(Dense::new(6).tanh())
        .add(Dense::new(5).sigmoid())
        .add(Dense::new(5).activation(ActivationFunction::Softplus))
        .add(Dense::new(1));
    check(network, &[4]);
}

#[test]
fn rectifiers() {
    let network = Sequential::new([4])
        .add(Dense::new(8).relu().kernel_initializer(wide()))
        .add(Dense::new(7).kernel_initializer(wide()))
        .add(LeakyRelu::new(0.2))
        .add(Dense::new(6).kernel_initializer(wide()))
        .add(PRelu::new().alpha_initializer(Initializer::constant(0.25)))
        .add(Dense::new(5))
        .add(Elu::new(0.7))
        .add(Dense::new(5).activation(ActivationFunction::LeakyRelu))
        .add(Dense::new(1));
    check(network, &[4]);
}

#[test]
fn convolutions() {
    let network = Sequential::new([6, 5, 2])
        .add(
            Conv2d::new(4, 3)
                .stride(2)
                .same()
                .kernel_initializer(wide()),
        )
        .add(LeakyRelu::new(0.2))
        .add(ZeroPadding2d::new(1))
        .add(
            Conv2d::new(3, [2, 3])
                .valid()
                .activation(ActivationFunction::Tanh),
        )
        .add(Flatten)
        .add(Dense::new(1));
    check(network, &[6, 5, 2]);
    let network = Sequential::new([7, 2])
        .add(
            Conv1d::new(4, 3)
                .same()
                .activation(ActivationFunction::Tanh),
        )
        .add(Flatten)
        .add(Dense::new(1));
    check(network, &[7, 2]);
}

#[test]
fn transposed_convolutions() {
    let network = Sequential::new([3, 4, 2])
        .add(Conv2dTranspose::new(3, 3).stride(2).same().relu())
        .add(Conv2dTranspose::new(2, 2).activation(ActivationFunction::Tanh))
        .add(Flatten)
        .add(Dense::new(1));
    check(network, &[3, 4, 2]);
}

#[test]
fn layer_normalisation() {
    let network = Sequential::new([4, 4, 2])
        .add(Conv2d::new(4, 3).same().kernel_initializer(large()))
        .add(LayerNormalization::new().last_axes(3))
        .add(LeakyRelu::new(0.2))
        .add(Conv2d::new(3, 2).kernel_initializer(large()))
        .add(LayerNormalization::new().scale(false))
        .add(Activation::tanh())
        .add(Flatten)
        .add(Dense::new(6))
        .add(LayerNormalization::new())
        .add(Dense::new(1));
    check(network, &[4, 4, 2]);
}

#[test]
fn several_readers_and_scores() {
    let mut model = Model::new();
    let input = model.input([4]);
    let left = model.layer(Dense::new(5).tanh(), [input]);
    let right = model.layer(Dense::new(3).sigmoid(), [input]);
    let both = model.layer(Concatenate, [left, input, right]);
    let squared = model.layer(crate::layers::Multiply, [left, left]);
    let both = model.layer(Concatenate, [squared, both]);
    let scores = model.layer(Dense::new(1), [both]);
    check(model.outputs([scores]), &[4]);
}

#[test]
fn spectral_normalisation_once_its_vector_has_come_to_rest() {
    let network = Sequential::new([5, 5, 1])
        .add(SpectralNormalization::new(Conv2d::new(4, 3)).power_iterations(1000))
        .add(LeakyRelu::new(0.2))
        .add(Flatten)
        .add(SpectralNormalization::new(Dense::new(6).tanh()).power_iterations(200))
        .add(SpectralNormalization::new(Dense::new(1)).power_iterations(2));
    check(network, &[5, 5, 1]);
}

#[test]
fn the_penalty_is_that_of_the_gradient() {
    // Of a linear score, the gradient is its kernel.
    let pair = pair(Sequential::new([4]).add(Dense::new(1)), &[4]);
    let weights = pair.discriminator().weights();
    let kernel = Tensor::new([4, 1], vec![2.0, -1.0, 0.0, 2.0]).unwrap();
    weights.set("discriminator/dense/kernel", &kernel).unwrap();
    let penalty = pair.discriminator_learner.train_penalty(&batch(&[4], 3));
    assert!((penalty - 4.0).abs() < 1e-5, "{penalty}");
}
