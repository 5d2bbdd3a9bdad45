//! Nothing is silent: what is no number, or infinite, shows in what depends on it, also on the way back of a
//! gradient penalty.

use letra_nn::learners::{Adversarial, AdversarialTrainer};
use letra_nn::prelude::*;

const BAD: [f32; 2] = [f32::NAN, f32::INFINITY];

fn usual() -> Compile {
    Compile::new(Sgd::new(0.01)).seed(3).threads(1)
}

/// Discriminators of two numbers that take each op of the way back.
fn discriminators() -> Vec<(&'static str, Sequential)> {
    let input = || Sequential::new([2]).add(Dense::new(6));
    let joined = || {
        let mut model = Model::new();
        let input = model.input([2]);
        let one = model.layer(Dense::new(3).relu(), [input]);
        let joined = model.layer(Concatenate, [input, one]);
        let output = model.layer(Dense::new(1), [joined]);
        model.outputs([output])
    };
    vec![
        (
            "leaky ReLU",
            input().add(LeakyRelu::new(0.2)).add(Dense::new(1)),
        ),
        ("PReLU", input().add(PRelu::new()).add(Dense::new(1))),
        (
            "layer normalisation",
            input().add(LayerNormalization::new()).add(Dense::new(1)),
        ),
        (
            "spectral normalisation",
            Sequential::new([2])
                .add(SpectralNormalization::new(Dense::new(5)))
                .add(Dense::new(1)),
        ),
        ("concatenation", Sequential::new([2]).add(joined())),
    ]
}

fn pair(discriminator: Sequential) -> AdversarialTrainer {
    let generator = Sequential::new([3]).add(Dense::new(2));
    let pair = Adversarial::new(generator, discriminator).gradient_penalty(10.0);
    pair.compile(usual(), usual()).unwrap()
}

#[test]
fn a_step_with_a_penalty_stops_at_what_is_no_number() {
    let samples = (0..16).map(|index| (index * 7 % 11) as f32 / 5.0 - 1.0);
    let data = Dataset::unlabelled(Tensor::new([8, 2], samples.collect()).unwrap()).unwrap();
    for (what, discriminator) in discriminators() {
        let names = |network: &Network| -> Vec<String> {
            network.parameters().map(|known| known.name).collect()
        };
        let mut pair = pair(discriminator);
        assert!(pair.train_on_batch(&data).is_ok(), "{what}");
        for of_generator in [true, false] {
            let network = |pair: &AdversarialTrainer| match of_generator {
                true => pair.generator().clone(),
                false => pair.discriminator().clone(),
            };
            for name in names(&network(&pair)) {
                let good = network(&pair).parameter(&name).unwrap();
                for bad in BAD {
                    let mut values = good.clone();
                    values.data_mut()[0] = bad;
                    let own = if of_generator {
                        pair.generator()
                    } else {
                        pair.discriminator()
                    };
                    own.set_parameter(&name, &values).unwrap();
                    let step = pair.train_on_batch(&data);
                    assert!(
                        step.is_err(),
                        "{what}: {bad} in {name} does not show: {step:?}"
                    );
                    let own = if of_generator {
                        pair.generator()
                    } else {
                        pair.discriminator()
                    };
                    own.set_parameter(&name, &good).unwrap();
                }
            }
        }
    }
}

/// What one bad value of the input, of a parameter or of the upstream gradient makes of all that a layer gives.
fn shows(network: &mut Trainer, outputs: usize) {
    let input = Tensor::new([2, 2], vec![0.5, -1.0, 0.25, 2.0]).unwrap();
    let upstream =
        Tensor::new([2, outputs], (1..=2 * outputs).map(|i| i as f32).collect()).unwrap();
    let all = |network: &mut Trainer, input: &Tensor, upstream: &Tensor| {
        let output = network.predict(input).unwrap();
        let (gradients, of_inputs) = network
            .backward(input, std::slice::from_ref(upstream))
            .unwrap();
        let names: Vec<String> = gradients.names().map(str::to_owned).collect();
        let of_weights = names.iter().map(|name| gradients.get(name).unwrap());
        (
            output,
            of_inputs
                .into_iter()
                .chain(of_weights)
                .collect::<Vec<Tensor>>(),
        )
    };
    let is_bad = |tensor: &Tensor| tensor.data().iter().any(|value| !value.is_finite());
    for bad in BAD {
        let mut wrong = input.clone();
        wrong.data_mut()[1] = bad;
        assert!(
            is_bad(&all(network, &wrong, &upstream).0),
            "{bad} in the input"
        );
        let mut wrong = upstream.clone();
        wrong.data_mut()[1] = bad;
        let (output, gradients) = all(network, &input, &wrong);
        assert!(!is_bad(&output));
        assert!(
            gradients.iter().all(is_bad),
            "{bad} in the upstream gradient"
        );
    }
}

#[test]
fn a_reversed_and_a_spectrally_normalised_gradient_show_it() {
    let compiled = |network: Sequential| network.compile(usual()).unwrap();
    shows(
        &mut compiled(Sequential::new([2]).add(GradientReversal::new(1.0))),
        2,
    );
    let normalised = SpectralNormalization::new(Dense::new(3));
    shows(&mut compiled(Sequential::new([2]).add(normalised)), 3);
}
