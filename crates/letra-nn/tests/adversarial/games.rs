//! What the objectives come to where it is known, and what both networks do.

use letra_nn::learners::{
    Adversarial, AdversarialFit, AdversarialObjective, AdversarialTrainer, Noise, SameNoise,
};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

fn normal(samples: usize, values: usize, place: usize) -> Tensor {
    let random = Random::new(3, Domain::Data, place, 0);
    let drawn = (0..samples).flat_map(|sample| random.normal(sample, values));
    Tensor::new([samples, values], drawn.collect()).unwrap()
}

fn small(objective: AdversarialObjective) -> Adversarial {
    let generator = Sequential::new([2])
        .add(Dense::new(4).tanh())
        .add(Dense::new(3));
    let discriminator = Sequential::new([3])
        .add(Dense::new(4).tanh())
        .add(Dense::new(1));
    Adversarial::new(generator, discriminator).objective(objective)
}

fn still(pair: Adversarial) -> AdversarialTrainer {
    let compile = || Compile::new(Sgd::new(1e-30)).seed(1).threads(1);
    pair.compile(compile(), compile()).unwrap()
}

/// A generator that gives its noise as it is, which is what the data is, and a discriminator that learns.
#[test]
fn where_both_are_the_same_the_game_is_worth_minus_log_4() {
    let one = Initializer::constant(1.0);
    let generator = Sequential::new([1]).add(Dense::new(1).kernel_initializer(one));
    let discriminator = Sequential::new([1])
        .add(Dense::new(16).tanh())
        .add(Dense::new(1));
    let data = Dataset::unlabelled(normal(4096, 1, 0)).unwrap();
    let optimum = -(4.0_f64.ln());
    for objective in [
        AdversarialObjective::Minimax,
        AdversarialObjective::NonSaturating,
    ] {
        let mut pair = Adversarial::new(generator.clone(), discriminator.clone())
            .objective(objective)
            .compile(
                Compile::new(Sgd::new(1e-4)).seed(2),
                Compile::new(Adam::new(0.003)).seed(2),
            )
            .unwrap();
        let before = pair.game_value(&data, 9).unwrap();
        assert!(before < optimum - 0.02, "{before}");
        let history = pair
            .fit(&data, AdversarialFit::epochs(15).batch_size(256))
            .unwrap();
        let value = pair.game_value(&data, 9).unwrap();
        assert!((value - optimum).abs() < 0.005, "{value} after {before}");
        let loss = history.last().unwrap().loss();
        assert!((loss + optimum).abs() < 0.01, "{loss}");
    }
}

/// The losses of a step against the formulas, from scores that the networks give.
#[test]
fn losses_are_those_of_the_papers() {
    use AdversarialObjective as Game;
    let batch = Dataset::unlabelled(normal(16, 3, 1)).unwrap();
    let sigma = |d: f64| 1.0 / (1.0 + (-d).exp());
    for objective in [
        Game::Minimax,
        Game::NonSaturating,
        Game::LeastSquares,
        Game::Hinge,
        Game::Wasserstein,
    ] {
        let mut pair = still(small(objective));
        let scores = pair.train_on_batch(&batch).unwrap();
        let real = pair.discriminator().predict(batch.inputs()).unwrap();
        let mean = |values: &dyn Fn(f64) -> f64| {
            real.data()
                .iter()
                .map(|&d| values(f64::from(d)))
                .sum::<f64>()
                / 16.0
        };
        let wanted = mean(&|d| match objective {
            Game::Minimax | Game::NonSaturating => -sigma(d).ln(),
            Game::LeastSquares => 0.5 * (d - 1.0) * (d - 1.0),
            Game::Hinge => (1.0 - d).max(0.0),
            _ => -d,
        });
        assert!((scores.real_loss - wanted).abs() < 1e-5, "{objective:?}");
        let sum = scores.real_loss + scores.generated_loss;
        assert!(
            (scores.discriminator_loss - sum).abs() < 1e-6,
            "{objective:?}"
        );
        assert!(scores.generator_loss.is_some());
    }
    let mut smoothed = still(small(Game::NonSaturating).label_smoothing(0.1));
    let scores = smoothed.train_on_batch(&batch).unwrap();
    let real = smoothed.discriminator().predict(batch.inputs()).unwrap();
    let terms = real.data().iter().map(|&d| {
        let p = sigma(f64::from(d));
        -0.9 * p.ln() - 0.1 * (1.0 - p).ln()
    });
    assert!((scores.real_loss - terms.sum::<f64>() / 16.0).abs() < 1e-5);
}

#[test]
fn a_penalty_is_part_of_the_discriminators_loss() {
    let batch = Dataset::unlabelled(normal(8, 3, 1)).unwrap();
    let pair = small(AdversarialObjective::Wasserstein).gradient_penalty(4.0);
    let scores = still(pair).train_on_batch(&batch).unwrap();
    let penalty = scores.gradient_penalty.unwrap();
    let sum = scores.real_loss + scores.generated_loss + 4.0 * penalty;
    assert!(penalty > 0.0 && (scores.discriminator_loss - sum).abs() < 1e-5);
}

/// Each learns in its own step alone, and the discriminator as often as is asked for.
#[test]
fn one_learns_while_the_other_is_held_still() {
    let batch = Dataset::unlabelled(normal(8, 3, 1)).unwrap();
    let pair = small(AdversarialObjective::NonSaturating).discriminator_steps(3);
    let compile = || Compile::new(AdamW::new(0.01)).seed(1);
    let mut pair = pair.compile(compile(), compile()).unwrap();
    let weights = |pair: &AdversarialTrainer| {
        let of = |network: &Network| {
            network
                .parameters()
                .map(|known| known.values)
                .collect::<Vec<_>>()
        };
        (of(pair.generator()), of(pair.discriminator()))
    };
    let mut before = weights(&pair);
    for step in 1..=7 {
        let scores = pair.train_on_batch(&batch).unwrap();
        let after = weights(&pair);
        assert_ne!(before.1, after.1, "step {step}");
        assert_eq!(before.0 == after.0, step % 3 != 0, "step {step}");
        assert_eq!(scores.generator_loss.is_some(), step % 3 == 0);
        before = after;
    }
    assert_eq!(pair.taken_steps(), [7, 2]);
}

#[test]
fn clipped_weights_stay_within_the_limit() {
    let batch = Dataset::unlabelled(normal(8, 3, 1)).unwrap();
    let pair = small(AdversarialObjective::Wasserstein).clip_weights(0.01);
    let compile = || Compile::new(RmsProp::new(0.01));
    let mut pair = pair.compile(compile(), compile()).unwrap();
    pair.train_on_batch(&batch).unwrap();
    let most = |network: &Network| {
        let values = network.parameters().flat_map(|known| known.values);
        values.map(f32::abs).fold(0.0, f32::max)
    };
    assert_eq!(most(pair.discriminator()), 0.01);
    assert!(most(pair.generator()) > 0.01);
}

#[test]
fn an_average_follows_the_generator() {
    let batch = Dataset::unlabelled(normal(8, 3, 1)).unwrap();
    let pair = small(AdversarialObjective::NonSaturating).average(0.75);
    let compile = || Compile::new(Sgd::new(0.5)).seed(1);
    let mut pair = pair.compile(compile(), compile()).unwrap();
    let name = "generator/dense/kernel";
    let before = pair.generator().parameter(name).unwrap();
    pair.train_on_batch(&batch).unwrap();
    let after = pair.generator().parameter(name).unwrap();
    let mean = pair.averaged_generator().unwrap().parameter(name).unwrap();
    for ((mean, before), after) in mean.data().iter().zip(before.data()).zip(after.data()) {
        assert!((mean - (0.75 * before + 0.25 * after)).abs() < 1e-7);
    }
    assert_ne!(before, after);
    let noise = pair.noise(4, 3);
    let drawn = pair.generate(&noise, &[]).unwrap();
    assert_eq!(
        drawn,
        pair.averaged_generator().unwrap().predict(&noise).unwrap()
    );
    assert_ne!(drawn, pair.generator().predict(&noise).unwrap());
}

/// A label one-hot tells the generator which of two values to give.
#[test]
fn conditions_tell_what_to_make() {
    let network = |first: usize| {
        let mut model = Model::new();
        let (value, label) = (model.input([first]), model.input([2]));
        let both = model.layer(Concatenate, [value, label]);
        let hidden = model.layer(Dense::new(16).tanh(), [both]);
        let output = model.layer(Dense::new(1), [hidden]);
        model.outputs([output])
    };
    let labels: Vec<u32> = (0..512).map(|sample| sample % 2).collect();
    let spread = normal(512, 1, 4);
    let values = spread.data().iter().zip(&labels);
    let values = values.map(|(noise, &label)| 0.1 * noise + if label == 0 { -1.0 } else { 1.0 });
    let values = Tensor::new([512, 1], values.collect()).unwrap();
    let data = Dataset::classes(values, labels, 2).unwrap();
    let compile = || Compile::new(Adam::new(0.005).betas(0.5, 0.999)).seed(1);
    let mut pair = Adversarial::new(network(2), network(1))
        .gradient_penalty(0.1)
        .compile(compile(), compile())
        .unwrap();
    pair.fit(&data, AdversarialFit::epochs(25).batch_size(32))
        .unwrap();
    for (label, wanted) in [(0, -1.0), (1, 1.0)] {
        let condition = one_hot(&[label; 100], 2).unwrap();
        let drawn = pair.sample_of(&[condition], 5).unwrap();
        let mean = drawn.data().iter().sum::<f32>() / 100.0;
        assert!((mean - wanted).abs() < 0.4, "{mean} for {wanted}");
    }
}

/// Classes as numbers, and values beside the samples, are conditions, too.
#[test]
fn conditions_come_as_classes_values_or_inputs() {
    let network = |first: usize, condition: usize| {
        let mut model = Model::new();
        let (value, told) = (model.input([first]), model.input([condition]));
        let both = model.layer(Concatenate, [value, told]);
        let output = model.layer(Dense::new(1), [both]);
        model.outputs([output])
    };
    let made = |condition: usize| {
        let pair = Adversarial::new(network(2, condition), network(1, condition));
        let compile = || Compile::new(Sgd::new(0.01)).seed(1);
        pair.compile(compile(), compile()).unwrap()
    };
    let samples = normal(3, 1, 0);
    let numbers = Dataset::classes(samples.clone(), vec![0, 2, 1], 3).unwrap();
    let told = Tensor::new([3, 1], vec![0.0, 2.0, 1.0]).unwrap();
    let beside = Dataset::unlabelled(samples.clone())
        .unwrap()
        .and_input(told.clone())
        .unwrap();
    let values = Dataset::values(samples, told).unwrap();
    let [first, second, third] = [&numbers, &beside, &values].map(|data| {
        let mut pair = made(1);
        pair.train_on_batch(data).unwrap()
    });
    assert_eq!(first, second);
    assert_eq!(first, third);
    assert!(made(3).train_on_batch(&numbers).is_ok());
}

#[test]
fn the_same_noise_is_drawn_after_each_epoch() {
    let data = Dataset::unlabelled(normal(32, 3, 1)).unwrap();
    let compile = || Compile::new(Adam::new(0.01)).seed(1);
    let pair = small(AdversarialObjective::LeastSquares).noise(Noise::Uniform);
    let mut pair = pair.compile(compile(), compile()).unwrap();
    let mut seen = Vec::new();
    let mut watch = SameNoise::new(5, 7, |epoch, samples: &Tensor| {
        seen.push((epoch, samples.clone()));
        Ok(())
    });
    pair.fit(
        &data,
        AdversarialFit::epochs(3).batch_size(8).callback(&mut watch),
    )
    .unwrap();
    assert_eq!(
        seen.iter().map(|(epoch, _)| *epoch).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_ne!(seen[0].1, seen[2].1);
    assert_eq!(seen[2].1, pair.sample(5, 7).unwrap());
    let noise = pair.noise(1000, 1);
    assert!(noise.data().iter().all(|value| (-1.0..1.0).contains(value)));
    assert!(noise.data().iter().sum::<f32>().abs() < 100.0);
}

/// A kernel is divided by its largest singular value once the vector has come to rest.
#[test]
fn a_spectrally_normalised_layer_stretches_nothing() {
    let layer = SpectralNormalization::new(Dense::new(3).use_bias(false)).power_iterations(100);
    let network = Sequential::new([2]).add(layer).build(1).unwrap();
    // Singular values 5 and 2.
    let kernel = Tensor::new([2, 3], vec![5.0, 0.0, 0.0, 0.0, 0.0, 2.0]).unwrap();
    network
        .set_parameter("spectral_normalization/kernel", &kernel)
        .unwrap();
    let given = network
        .predict(&Tensor::new([1, 2], vec![1.0, 1.0]).unwrap())
        .unwrap();
    for (given, wanted) in given.data().iter().zip([1.0, 0.0, 0.4]) {
        assert!((given - wanted).abs() < 1e-5, "{given} for {wanted}");
    }
}

#[test]
fn its_vector_moves_while_training_and_is_saved() {
    let network = || {
        let layer = SpectralNormalization::new(Conv2d::new(4, 3).relu());
        Sequential::new([5, 5, 2])
            .add(layer)
            .add(Flatten)
            .add(Dense::new(1))
    };
    let compile = Compile::new(Adam::new(0.01)).loss(MeanSquaredError).seed(1);
    let mut learner = network().compile(compile).unwrap();
    let name = "spectral_normalization/vector_u";
    let before = learner.parameter(name).unwrap();
    let inputs = normal(8, 50, 2).reshape([8, 5, 5, 2]).unwrap();
    let data = Dataset::values(inputs, normal(8, 1, 3)).unwrap();
    learner.fit(&data, Fit::epochs(3)).unwrap();
    assert_ne!(before, learner.parameter(name).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.letra");
    learner.save(&path).unwrap();
    let loaded = Network::load(&path).unwrap();
    assert_eq!(
        loaded.predict(&data).unwrap(),
        learner.predict(&data).unwrap()
    );
}

/// The reversed gradient, and its rise over a training.
#[test]
fn a_gradient_is_turned_round() {
    let gradient = |layer: Option<GradientReversal>, steps: usize| {
        let mut model = Model::new();
        let input = model.input([2]);
        let hidden = model.layer(Dense::new(2).named("features"), [input]);
        let hidden = match layer {
            Some(layer) => model.layer(layer, [hidden]),
            None => hidden,
        };
        let output = model.layer(Dense::new(1).named("domain"), [hidden]);
        let compile = Compile::new(Sgd::new(1e-30)).loss(MeanSquaredError).seed(1);
        let mut learner = model.outputs([output]).compile(compile).unwrap();
        let data = Dataset::values(normal(4, 2, 0), normal(4, 1, 1)).unwrap();
        for _ in 0..steps {
            learner.train_on_batch(&data).unwrap();
        }
        let gradients = learner.gradients(&data).unwrap();
        ["features/kernel", "domain/kernel"].map(|name| gradients.get(name).unwrap())
    };
    let plain = gradient(None, 0);
    let holds = |found: [Tensor; 2], factor: f32| {
        for (found, plain) in found[0].data().iter().zip(plain[0].data()) {
            assert!(
                (found - factor * plain).abs() < 1e-6,
                "{found} for {factor} × {plain}"
            );
        }
        assert_eq!(found[1], plain[1]);
    };
    holds(gradient(Some(GradientReversal::new(0.5)), 0), -0.5);
    let rising = || Some(GradientReversal::new(1.0).schedule(10.0, 4));
    holds(gradient(rising(), 0), 0.0);
    let half = 2.0 / (1.0 + (-5.0_f32).exp()) - 1.0;
    holds(gradient(rising(), 2), -half);
    let whole = 2.0 / (1.0 + (-10.0_f32).exp()) - 1.0;
    holds(gradient(rising(), 6), -whole);
}
