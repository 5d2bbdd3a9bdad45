//! Labels of sequences, learnt without their places.

use letra_nn::decoding::{BestPath, labels};
use letra_nn::losses::{Loss, LossRows, TargetRows};
use letra_nn::prelude::*;
use letra_nn::random::{Domain, Random};

use super::data::bytes;

const STEPS: usize = 12;
const FEATURES: usize = 4;
const CLASSES: usize = 5;

/// Sequences of up to four labels, each shown in one to three steps by a feature, with nothing between,
/// before and after them, and some noise.
fn sequences(samples: usize, seed: u64) -> (Tensor, Vec<Vec<u32>>) {
    let mut place = 0;
    let random = Random::new(seed, Domain::Layer, 0, 0);
    let mut draw = |end: usize| {
        place += 1;
        (random.uniform(place, 1)[0] * end as f32) as usize
    };
    let (mut inputs, mut words) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        let (mut steps, mut word) = (Vec::new(), Vec::new());
        for _ in 0..draw(5) {
            let label = 1 + draw(FEATURES);
            let room = STEPS - steps.len();
            if room < 3 {
                break;
            }
            word.push(label as u32);
            steps.resize(steps.len() + 1 + draw(2), label);
            steps.push(0);
        }
        steps.resize(STEPS, 0);
        for step in steps {
            let value = |feature: usize| f32::from(feature + 1 == step);
            inputs.extend((0..FEATURES).map(value));
        }
        words.push(word);
    }
    for (index, value) in inputs.iter_mut().enumerate() {
        *value += 0.1 * (((index * 7919) % 101) as f32 / 50.0 - 1.0);
    }
    (
        Tensor::new([samples, STEPS, FEATURES], inputs).unwrap(),
        words,
    )
}

fn data(samples: usize, seed: u64) -> Dataset {
    let (inputs, words) = sequences(samples, seed);
    Dataset::classes(inputs, Ctc::new().pad(&words).unwrap(), CLASSES).unwrap()
}

fn network(threads: usize) -> Trainer {
    let compile = Compile::new(Adam::new(0.02)).loss(Ctc::new());
    Sequential::new([STEPS, FEATURES])
        .add(Dense::new(16).tanh())
        .add(Dense::new(CLASSES))
        .compile(compile.metric(LabelErrorRate).seed(3).threads(threads))
        .unwrap()
}

#[test]
fn a_network_learns_labels_without_their_places() {
    let mut network = network(1);
    let before = network.evaluate(&data(60, 2)).unwrap();
    assert!(before.metric("label_error_rate") > Some(0.5), "{before:?}");
    network
        .fit(&data(200, 1), Fit::epochs(30).batch_size(20))
        .unwrap();
    let scores = network.evaluate(&data(60, 2)).unwrap();
    assert!(scores.metric("label_error_rate") < Some(0.02), "{scores:?}");
    let (inputs, words) = sequences(60, 2);
    let said = network.predict(&inputs).unwrap();
    let read = said.data().chunks_exact(STEPS * CLASSES);
    let right = read
        .zip(&words)
        .filter(|(said, word)| labels(&BestPath::new().decode(CLASSES, said).unwrap()) == **word);
    assert!(right.count() > 55);
    // A class a step, blanks among them.
    let classes = network.predict_classes(&inputs).unwrap();
    assert_eq!(classes.len(), 60 * STEPS);
    assert!(classes.contains(&0));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let trained = |threads: usize| {
        let mut network = network(threads);
        network
            .fit(&data(50, 4), Fit::epochs(3).batch_size(13))
            .unwrap();
        (
            bytes(&network),
            network.evaluate(&data(20, 5)).unwrap().loss,
        )
    };
    let (one, loss) = trained(1);
    for threads in [2, 5] {
        let (other, same) = trained(threads);
        assert!(one == other && loss.to_bits() == same.to_bits());
    }
}

#[test]
fn a_sample_has_the_same_bits_whatever_stands_around_it() {
    let samples = 5;
    let data = data(samples, 6);
    let Targets::Classes { labels, .. } = &data.targets else {
        unreachable!("labels");
    };
    let output: Vec<f32> = (0..samples * STEPS * CLASSES)
        .map(|i| ((i * 37) % 23) as f32 / 7.0 - 1.5)
        .collect();
    let weights = [0.5, 2.0, 1.0, 0.0, 3.0];
    let evaluate = |range: std::ops::Range<usize>, fill: usize| {
        // More blanks after the labels change nothing.
        let most = labels.len() / samples;
        let mut wider = Vec::new();
        for row in labels
            .chunks_exact(most)
            .skip(range.start)
            .take(range.len())
        {
            wider.extend_from_slice(row);
            wider.resize(wider.len() + fill, 0);
        }
        let values = range.start * STEPS * CLASSES..range.end * STEPS * CLASSES;
        let rows = LossRows {
            samples: range.len(),
            units: CLASSES,
            output: &output[values.clone()],
            targets: TargetRows::Classes(&wider),
            weights: Some(&weights[range]),
            mask: None,
        };
        let mut gradient = vec![0.0; values.len()];
        let loss = Ctc::new().evaluate_samples(&rows, 0.25, &mut gradient);
        (loss, gradient)
    };
    let (whole, gradient) = evaluate(0..samples, 0);
    let mut sum = 0.0;
    for sample in 0..samples {
        let (loss, own) = evaluate(sample..sample + 1, sample);
        sum += loss;
        let values = STEPS * CLASSES;
        assert_eq!(own, gradient[sample * values..(sample + 1) * values]);
    }
    assert_eq!(sum.to_bits(), whole.to_bits());
    assert!(
        gradient[3 * STEPS * CLASSES..4 * STEPS * CLASSES]
            .iter()
            .all(|g| *g == 0.0)
    );
}

#[test]
fn weights_of_samples_count_and_a_saved_model_keeps_the_blank() {
    let data = data(20, 7);
    let weights: Vec<f32> = (0..20).map(|sample| (sample % 3) as f32).collect();
    let network = network(2);
    let each = |sample: usize| network.evaluate(&data.select(&[sample])).unwrap().loss;
    let wanted: f64 = (0..20)
        .map(|sample| f64::from(weights[sample]) * each(sample))
        .sum();
    let weighted = data.clone().with_sample_weights(weights).unwrap();
    let found = network.evaluate(&weighted).unwrap().loss;
    assert!((found - wanted / 20.0).abs() < 1e-5, "{found}");

    let compile = Compile::new(Sgd::new(0.1))
        .loss(Ctc::new().blank(4))
        .metric(LabelErrorRate);
    let network = Sequential::new([STEPS, FEATURES]).add(Dense::new(CLASSES));
    let network = network.compile(compile).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    network.save(&path).unwrap();
    let loaded = Trainer::load(&path).unwrap();
    let words = Ctc::new().blank(4).pad(&[[0, 1], [3, 0]]).unwrap();
    let inputs = Tensor::zeros([2, STEPS, FEATURES]);
    let data = Dataset::classes(inputs, words, CLASSES).unwrap();
    let scores = |network: &Trainer| {
        let scores = network.evaluate(&data).unwrap();
        (scores.loss.to_bits(), scores.metric("label_error_rate"))
    };
    assert_eq!(scores(&network), scores(&loaded));
}
