//! Belief networks, held to what counting all states gives.

use std::ops::ControlFlow;

use letra_nn::learners::{
    BeliefNetwork, BoltzmannMachine, ContrastiveDivergence, DeepBelief, Hidden, RbmEpoch, RbmFit,
    UpDown, Visible,
};
use letra_nn::prelude::{BinaryCrossEntropy, Compile, Sgd};
use letra_nn::{Dataset, Error, Source, Tensor};

use crate::twin::{Noise, Twin, close};

/// Bars in pictures of 3 × 3, across in class 0 and down in class 1.
fn bars(samples: usize) -> Dataset {
    let mut noise = Noise(1);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for n in 0..samples {
        let on: Vec<bool> = (0..3).map(|_| noise.next() > 0.0).collect();
        // One on and one off at least, so that the class can be told.
        let on = [true, on[1], false].map(|bar| bar ^ on[0]);
        labels.push(n as u32 % 2);
        values.extend(
            (0..9).map(|i| f32::from(u8::from(on[if n % 2 == 0 { i / 3 } else { i % 3 }]))),
        );
    }
    let inputs = Tensor::new([samples, 9], values).unwrap();
    Dataset::classes(inputs, labels, 2).unwrap()
}

fn settings() -> ContrastiveDivergence {
    ContrastiveDivergence::new(0.1).momentum(0.5).seed(1)
}

/// A small network whose weights up and down are no longer the same.
fn small(labels: usize) -> BeliefNetwork {
    let data = bars(100);
    let belief = DeepBelief::new([9, 5, 4]).labels(labels);
    let mut belief = belief
        .pretrain(&data, &[settings()], RbmFit::epochs(30).batch_size(10))
        .unwrap();
    belief
        .fine_tune(&data, &UpDown::new(0.05).epochs(5).batch_size(10).seed(2))
        .unwrap();
    belief
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// P(lower | upper) of the directed layer, by its twin.
fn down(twin: &Twin, lower: &[f64], upper: &[f64]) -> f64 {
    let p = |i: usize| {
        let field = twin.visible_bias[i]
            + upper
                .iter()
                .zip(&twin.kernel[i])
                .map(|(h, w)| h * w)
                .sum::<f64>();
        sigmoid(field)
    };
    (0..lower.len())
        .map(|i| if lower[i] == 1.0 { p(i) } else { 1.0 - p(i) })
        .product()
}

/// P(h) of the last machine's visible units, label units summed over, of all their states.
fn of_top(top: &BoltzmannMachine) -> (Vec<Vec<f64>>, Vec<f64>, f64) {
    let twin = Twin::of(top, Visible::Bernoulli);
    let (probabilities, log_z) = twin.probabilities();
    let units = top.visible_units() - top.label_units();
    let mut states: Vec<Vec<f64>> = Vec::new();
    let mut sums: Vec<f64> = Vec::new();
    for (state, p) in twin.visible_states().iter().zip(probabilities) {
        let state = state[..units].to_vec();
        match states.iter().position(|known| *known == state) {
            Some(place) => sums[place] += p,
            None => {
                states.push(state);
                sums.push(p);
            }
        }
    }
    (states, sums, log_z)
}

#[test]
fn the_bound_is_below_the_exact_probability_and_is_what_counting_gives() {
    for labels in [0, 2] {
        let belief = small(labels);
        let generative = Twin::of(belief.generative(0), Visible::Bernoulli);
        let recognition = Twin::of(belief.recognition(0), Visible::Bernoulli);
        assert_ne!(generative.kernel, recognition.kernel);
        let (states, prior, log_z) = of_top(belief.top());
        let exact_log_z = belief.top().log_partition().unwrap();
        close("log Z", exact_log_z, log_z, 1e-6);
        let data = bars(12);
        let found = belief
            .lower_bound(data.inputs(), exact_log_z, 3000, 7)
            .unwrap();
        for sample in 0..12 {
            let v: Vec<f64> = data
                .inputs()
                .sample(sample)
                .iter()
                .map(|v| f64::from(*v))
                .collect();
            let joint: Vec<f64> = states
                .iter()
                .zip(&prior)
                .map(|(h, p)| p * down(&generative, &v, h))
                .collect();
            let exact = joint.iter().sum::<f64>().ln();
            let q: Vec<f64> = (0..5)
                .map(|j| recognition.hidden_probability(&v, j))
                .collect();
            let mut bound = 0.0;
            for (h, joint) in states.iter().zip(&joint) {
                let of_h: f64 = (0..5)
                    .map(|j| if h[j] == 1.0 { q[j] } else { 1.0 - q[j] })
                    .product();
                bound += of_h * (joint.ln() - of_h.ln());
            }
            assert!(bound <= exact + 1e-9);
            assert!(
                found[sample] <= exact + 0.05,
                "{} above {exact}",
                found[sample]
            );
            // Terms vary by a few nats, and there are 3,000 of them.
            assert!(
                (found[sample] - bound).abs() < 0.2,
                "{} for {bound}",
                found[sample]
            );
        }
    }
}

#[test]
fn samples_have_the_means_of_counting_all_states() {
    let belief = small(0);
    let generative = Twin::of(belief.generative(0), Visible::Bernoulli);
    let (states, prior, _) = of_top(belief.top());
    let drawn = belief.generate(20_000, 200, 3).unwrap();
    for i in 0..9 {
        let wanted: f64 = states
            .iter()
            .zip(&prior)
            .map(|(h, p)| {
                p * sigmoid(
                    generative.visible_bias[i]
                        + h.iter()
                            .zip(&generative.kernel[i])
                            .map(|(h, w)| h * w)
                            .sum::<f64>(),
                )
            })
            .sum();
        let found = drawn
            .data()
            .iter()
            .skip(i)
            .step_by(9)
            .map(|v| f64::from(*v))
            .sum::<f64>()
            / 20_000.0;
        assert!((found - wanted).abs() < 0.02, "{found} for {wanted}");
    }
}

#[test]
fn classes_are_told_by_free_energies_and_drawn_by_labels() {
    let data = bars(200);
    let belief = DeepBelief::new([9, 12, 20]).labels(2);
    let settings = ContrastiveDivergence::new(0.1).momentum(0.5).seed(1);
    let mut belief = belief
        .pretrain(&data, &[settings], RbmFit::epochs(100).batch_size(10))
        .unwrap();
    belief
        .fine_tune(
            &data,
            &UpDown::new(0.05).steps(3).epochs(20).batch_size(10).seed(2),
        )
        .unwrap();
    let classes = belief.predict_classes(data.inputs()).unwrap();
    let right = classes
        .iter()
        .enumerate()
        .filter(|(n, class)| *n as u32 % 2 == **class)
        .count();
    assert!(right >= 190, "{right} of 200");
    // A column of class 1 is the same in all rows.
    let labels: Vec<u32> = (0..100).map(|n| n % 2).collect();
    let drawn = belief.generate_labelled(&labels, 200, 4).unwrap();
    let named = belief.predict_classes(&drawn).unwrap();
    let right = named
        .iter()
        .zip(&labels)
        .filter(|(named, label)| named == label)
        .count();
    assert!(right >= 80, "{right} of 100");

    // The probabilities by counting.
    let top = Twin::of(belief.top(), Visible::Bernoulli);
    let probabilities = belief.class_probabilities(data.inputs()).unwrap();
    let features = belief.encode(data.inputs()).unwrap();
    for sample in 0..5 {
        let weights: Vec<f64> = (0..2)
            .map(|class| {
                let mut v: Vec<f64> = features
                    .sample(sample)
                    .iter()
                    .map(|v| f64::from(*v))
                    .collect();
                v.extend([
                    f64::from(u8::from(class == 0)),
                    f64::from(u8::from(class == 1)),
                ]);
                let fields = (0..20).map(|j| {
                    top.hidden_bias[j] + (0..14).map(|i| v[i] * top.kernel[i][j]).sum::<f64>()
                });
                let hidden: f64 = fields.map(|x| (1.0 + x.exp()).ln()).sum();
                (hidden
                    + v.iter()
                        .zip(&top.visible_bias)
                        .map(|(v, a)| v * a)
                        .sum::<f64>())
                .exp()
            })
            .collect();
        close(
            "P(class)",
            f64::from(probabilities.sample(sample)[0]),
            weights[0] / (weights[0] + weights[1]),
            1e-4,
        );
    }
}

#[test]
fn the_ordinary_network_gives_the_features_of_the_machines() {
    let gaussian = {
        let mut data = bars(100);
        let noisy: Vec<f32> = data
            .inputs()
            .data()
            .iter()
            .enumerate()
            .map(|(i, v)| v + (i * 7 % 5) as f32 * 0.1)
            .collect();
        data = data
            .with_inputs(Tensor::new([100, 9], noisy).unwrap())
            .unwrap();
        let belief = DeepBelief::new([9, 5, 4]).visible(Visible::Gaussian);
        let settings = [
            ContrastiveDivergence::new(0.01).variance_rate(1.0),
            settings(),
        ];
        (
            belief
                .pretrain(&data, &settings, RbmFit::epochs(5))
                .unwrap(),
            data,
        )
    };
    for (belief, data) in [(small(2), bars(10)), gaussian] {
        let below = belief.encode(data.inputs()).unwrap();
        let top = Twin::of(belief.top(), Visible::Bernoulli);
        let units = top.hidden_bias.len();
        let wanted: Vec<f64> = (0..data.samples())
            .flat_map(|sample| {
                let v: Vec<f64> = below.sample(sample).iter().map(|v| f64::from(*v)).collect();
                (0..units)
                    .map(|j| top.hidden_probability(&v, j))
                    .collect::<Vec<f64>>()
            })
            .collect();
        let network = belief.into_network(3, 1).unwrap();
        assert_eq!(network.output_shape(), [3]);
        let features = network
            .subnetwork(&["input"], &["dense_1"])
            .unwrap()
            .predict(data.inputs())
            .unwrap();
        for (found, wanted) in features.data().iter().zip(wanted) {
            close("feature", f64::from(*found), wanted, 1e-5);
        }
    }
}

#[test]
fn pre_training_and_fine_tuning_raise_the_bound() {
    let data = bars(200);
    let mean = |belief: &BeliefNetwork| {
        let log_z = belief.top().log_partition().unwrap();
        belief
            .lower_bound(data.inputs(), log_z, 20, 1)
            .unwrap()
            .iter()
            .sum::<f64>()
            / 200.0
    };
    let train = |epochs: usize| {
        let fit = RbmFit::epochs(epochs).batch_size(10);
        DeepBelief::new([9, 8, 8])
            .pretrain(&data, &[settings()], fit)
            .unwrap()
    };
    let (untrained, mut trained) = (train(0), train(60));
    let (before, after) = (mean(&untrained), mean(&trained));
    assert!(after > before + 1.0, "{before}, then {after}");
    trained
        .fine_tune(&data, &UpDown::new(0.02).steps(3).epochs(60).batch_size(10))
        .unwrap();
    let tuned = mean(&trained);
    assert!(tuned > after + 0.2, "{after}, then {tuned}");
}

fn bits(belief: &BeliefNetwork) -> Vec<u32> {
    let mut all = Vec::new();
    let machines = (0..belief.directed_layers())
        .flat_map(|layer| [belief.generative(layer), belief.recognition(layer)]);
    for machine in machines.chain([belief.top()]) {
        for part in [
            machine.kernel(),
            machine.visible_bias(),
            machine.hidden_bias(),
        ] {
            all.extend(part.data().iter().map(|v| v.to_bits()));
        }
    }
    all
}

#[test]
fn the_number_of_threads_changes_no_bit_and_files_give_them_back() {
    let data = bars(150);
    let train = |threads: usize| {
        let belief = DeepBelief::new([9, 7, 6, 5]).labels(2);
        let settings = settings().threads(threads);
        let mut belief = belief
            .pretrain(&data, &[settings], RbmFit::epochs(3).batch_size(70))
            .unwrap();
        belief
            .fine_tune(&data, &UpDown::new(0.1).epochs(2).batch_size(70))
            .unwrap();
        belief
    };
    let one = train(1);
    for threads in 2..=4 {
        assert_eq!(bits(&one), bits(&train(threads)), "{threads} threads");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("belief");
    one.save(&file).unwrap();
    let again = BeliefNetwork::load(&file).unwrap();
    assert_eq!(bits(&one), bits(&again));
    assert_eq!(
        one.predict_classes(data.inputs()).unwrap(),
        again.predict_classes(data.inputs()).unwrap()
    );
    assert!(BoltzmannMachine::load(&file).is_err());
    one.top().save(&file).unwrap();
    assert!(BeliefNetwork::load(&file).is_err());
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert!(BeliefNetwork::load(&file).is_err());
}

/// Batches of ten; where `once`, each is given once only.
struct Tens {
    data: Dataset,
    once: bool,
    given: u64,
}

impl Source for Tens {
    fn steps(&self, _: usize) -> usize {
        self.data.samples() / 10
    }

    fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
        if self.once && step < self.given {
            return Ok(None);
        }
        self.given = step + 1;
        let first = 10 * (step as usize % (self.data.samples() / 10));
        Ok(Some(
            self.data
                .select(&(first..first + 10).collect::<Vec<usize>>()),
        ))
    }
}

#[test]
fn a_source_teaches_as_its_data_does_unless_it_cannot_be_read_again() {
    let data = bars(50);
    let belief = DeepBelief::new([9, 6, 5]).labels(2);
    let fit = || RbmFit::epochs(3).batch_size(10).shuffle(false);
    let from_data = belief.pretrain(&data, &[settings()], fit()).unwrap();
    let mut source = Tens {
        data: data.clone(),
        once: false,
        given: 0,
    };
    let from_source = belief.pretrain(&mut source, &[settings()], fit()).unwrap();
    assert_eq!(bits(&from_data), bits(&from_source));
    let mut source = Tens {
        data,
        once: true,
        given: 0,
    };
    let error = belief
        .pretrain(&mut source, &[settings()], fit())
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot be read again") && error.hint().is_some(),
        "{error}"
    );
}

#[test]
fn what_cannot_be_gets_an_error() {
    let data = bars(20);
    let fit = || RbmFit::epochs(1);
    let says = |error: Error, words: &str| {
        assert!(
            error.to_string().contains(words) && error.hint().is_some(),
            "{error}"
        );
    };
    says(
        DeepBelief::new([9])
            .pretrain(&data, &[settings()], fit())
            .unwrap_err(),
        "1 layers",
    );
    says(
        DeepBelief::new([9, 3, 3])
            .pretrain(&data, &[], fit())
            .unwrap_err(),
        "0 settings for the 2",
    );
    says(
        DeepBelief::new([9, 3])
            .labels(2)
            .pretrain(data.inputs(), &[settings()], fit())
            .unwrap_err(),
        "no labels",
    );
    says(
        DeepBelief::new([9, 3])
            .labels(3)
            .pretrain(&data, &[settings()], fit())
            .unwrap_err(),
        "3 label units",
    );
    says(
        DeepBelief::new([9, 3])
            .pretrain(&data, &[settings()], fit().validation_data(data.inputs()))
            .unwrap_err(),
        "of one machine",
    );
    says(
        DeepBelief::new([8, 3])
            .pretrain(&data, &[settings()], fit())
            .unwrap_err(),
        "8 visible units",
    );
    let mut belief = DeepBelief::new([9, 3, 3])
        .pretrain(&data, &[settings()], fit())
        .unwrap();
    says(
        belief.predict_classes(data.inputs()).unwrap_err(),
        "no label units",
    );
    says(
        belief.lower_bound(data.inputs(), 0.0, 0, 0).unwrap_err(),
        "0 draws",
    );
    says(
        belief
            .fine_tune(&data, &UpDown::new(0.1).batch_size(0))
            .unwrap_err(),
        "0 samples",
    );
    says(
        belief
            .fine_tune(&data, &UpDown::new(0.1).steps(0))
            .unwrap_err(),
        "k = 0",
    );
    says(belief.generate(0, 1, 0).unwrap_err(), "0 chains");
    assert!(belief.into_network(0, 0).is_err());
}

#[test]
fn unrolled_it_gives_what_the_machines_give() {
    let data = bars(40);
    let belief = DeepBelief::new([9, 6, 4]).code(Hidden::Gaussian);
    let belief = belief
        .pretrain(
            &data,
            &[settings(), ContrastiveDivergence::new(0.01)],
            RbmFit::epochs(20),
        )
        .unwrap();
    let compile = Compile::new(Sgd::new(0.5)).loss(BinaryCrossEntropy::new());
    let mut autoencoder = belief.unrolled().unwrap().compile(compile).unwrap();

    let features = belief.encode(data.inputs()).unwrap();
    let code = belief.top().transform(&features).unwrap();
    let encoded = autoencoder.encoder().predict(data.inputs()).unwrap();
    let close = |found: &Tensor, wanted: &[f64]| {
        for (found, wanted) in found.data().iter().zip(wanted) {
            assert!(
                (f64::from(*found) - wanted).abs() < 1e-5,
                "{found} for {wanted}"
            );
        }
    };
    let doubles = |tensor: &Tensor| tensor.data().iter().map(|x| f64::from(*x)).collect();
    let wanted: Vec<f64> = doubles(&code);
    close(&encoded, &wanted);

    // And back, by the weights transposed.
    let mut states: Vec<f64> = wanted;
    for machine in [belief.top(), belief.generative(0)] {
        let (kernel, bias): (Vec<f64>, Vec<f64>) =
            (doubles(&machine.kernel()), doubles(&machine.visible_bias()));
        let hidden = machine.hidden_units();
        let below = states.chunks(hidden).flat_map(|states| {
            let field = |unit: usize| {
                let weights = &kernel[unit * hidden..(unit + 1) * hidden];
                let products = weights.iter().zip(states).map(|(w, h)| w * h);
                bias[unit] + products.sum::<f64>()
            };
            let units: Vec<f64> = (0..bias.len()).map(|unit| sigmoid(field(unit))).collect();
            units
        });
        states = below.collect();
    }
    let back = autoencoder.predict(data.inputs()).unwrap();
    close(&back, &states);

    let before = autoencoder.evaluate(&data).unwrap().loss;
    autoencoder
        .fit(&data, letra_nn::prelude::Fit::epochs(30).batch_size(10))
        .unwrap();
    assert!(autoencoder.evaluate(&data).unwrap().loss < before);

    let labelled = DeepBelief::new([9, 4]).labels(2);
    let labelled = labelled
        .pretrain(&data, &[settings()], RbmFit::epochs(1))
        .unwrap();
    says(labelled.unrolled().unwrap_err(), "label units");
}

fn says(error: Error, words: &str) {
    let told = error.to_string();
    assert!(told.contains(words), "{told}");
}

#[test]
fn a_stopped_pretraining_goes_on_to_the_same_bits() {
    let data = bars(30);
    fn fit<'a>() -> RbmFit<'a> {
        RbmFit::epochs(4).batch_size(8)
    }
    let belief = DeepBelief::new([9, 5, 4]).labels(2);
    let whole = belief.pretrain(&data, &[settings()], fit()).unwrap();
    // Stopped by an error after so many epochs of both machines together.
    for stopped in [2, 6] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("belief");
        let mut epochs = 0;
        let mut stop = |_: &RbmEpoch<'_>| -> Result<ControlFlow<()>, Error> {
            epochs += 1;
            match epochs <= stopped {
                true => Ok(ControlFlow::Continue(())),
                false => Err(Error::data("stopped")),
            }
        };
        let checked = fit().checkpoint(&file).callback(&mut stop);
        says(
            belief.pretrain(&data, &[settings()], checked).unwrap_err(),
            "stopped",
        );
        let resumed = fit().checkpoint(&file).resume(&file);
        let again = belief.pretrain(&data, &[settings()], resumed).unwrap();
        assert_eq!(bits(&again), bits(&whole));
        let others = belief.pretrain(&data, &[settings().seed(9)], fit().resume(&file));
        says(others.unwrap_err(), "other units, settings");
    }
}

#[test]
fn a_stopped_fine_tuning_goes_on_to_the_same_bits() {
    let data = bars(30);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("up-down");
    let settings = |epochs: usize| {
        UpDown::new(0.05)
            .epochs(epochs)
            .batch_size(8)
            .steps(2)
            .seed(3)
    };
    let begin = small(2);
    let mut whole = begin.clone();
    whole.fine_tune(&data, &settings(5)).unwrap();
    let mut part = begin.clone();
    part.fine_tune(&data, &settings(2).checkpoint(&file))
        .unwrap();
    let loaded = BeliefNetwork::load(&file).unwrap();
    assert_eq!(bits(&loaded), bits(&part));
    let mut again = begin.clone();
    again.fine_tune(&data, &settings(5).resume(&file)).unwrap();
    assert_eq!(bits(&again), bits(&whole));

    says(
        again
            .fine_tune(&data, &settings(5).seed(4).resume(&file))
            .unwrap_err(),
        "other units, settings",
    );
    again.save(&file).unwrap();
    says(
        again
            .fine_tune(&data, &settings(5).resume(&file))
            .unwrap_err(),
        "not a fine-tuning",
    );
}
