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
    let Targets::Classes { labels, .. } = data.targets() else {
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

/// Sequences of unlike lengths with their labels, and a network that sees where each ends.
fn of_unlike_lengths() -> (Vec<Tensor>, Vec<Vec<u32>>) {
    let (inputs, words) = sequences(24, 8);
    let cut = |sample: usize| {
        // Not less than the labels need.
        let steps = STEPS - sample % 3;
        let values = inputs.data()[sample * STEPS * FEATURES..][..steps * FEATURES].to_vec();
        Tensor::new([steps, FEATURES], values).unwrap()
    };
    ((0..24).map(cut).collect(), words)
}

fn padded(sequences: &[Tensor], words: &[Vec<u32>], value: f32) -> Dataset {
    let labels = Ctc::new().pad(words).unwrap();
    let pad = Pad::new().maxlen(STEPS).value(value);
    Sequences::padded(sequences, pad)
        .unwrap()
        .with_targets(Targets::Classes {
            labels,
            count: CLASSES,
        })
        .unwrap()
}

fn masked_network(threads: usize) -> Trainer {
    let compile = Compile::new(Adam::new(0.02)).loss(Ctc::new());
    Sequential::sequences([STEPS, FEATURES])
        .add(Dense::new(8).tanh())
        .add(Dense::new(CLASSES))
        .compile(
            compile
                .metric(LabelErrorRate)
                .weighted_metric(LabelErrorRate)
                .seed(3)
                .threads(threads),
        )
        .unwrap()
}

#[test]
fn padded_steps_count_for_nothing() {
    let (sequences, words) = of_unlike_lengths();
    let data = padded(&sequences, &words, f32::NAN);
    let network = masked_network(1);
    let scores = network.evaluate(&data).unwrap();
    let (mut sum, mut wrong, mut all) = (0.0, 0.0, 0.0);
    for (sequence, word) in sequences.iter().zip(&words) {
        let steps = sequence.samples();
        let compile = Compile::new(Sgd::new(0.1))
            .loss(Ctc::new())
            .metric(LabelErrorRate);
        let alone = Sequential::new([steps, FEATURES])
            .add(Dense::new(8).tanh())
            .add(Dense::new(CLASSES))
            .compile(compile)
            .unwrap();
        for known in network.parameters() {
            let values = Tensor::new(known.shape, known.values).unwrap();
            alone.set_parameter(&known.name, &values).unwrap();
        }
        let input = Tensor::new([1, steps, FEATURES], sequence.data().to_vec()).unwrap();
        let labels = Ctc::new().pad(&[word]).unwrap();
        let own = Dataset::classes(input, labels, CLASSES).unwrap();
        let own = alone.evaluate(&own).unwrap();
        sum += own.loss;
        if !word.is_empty() {
            wrong += own.metric("label_error_rate").unwrap() * word.len() as f64;
            all += word.len() as f64;
        }
    }
    assert!((scores.loss - sum / 24.0).abs() < 1e-5, "{scores:?}");
    // Of samples without labels only the whole knows what was read into them.
    assert!(scores.metric("label_error_rate").unwrap() >= wrong / all - 1e-9);
    // What a step of training sees is the same, and no gradient comes of the padding.
    let seen = network.back_propagate(&data).unwrap();
    assert!((seen.loss - scores.loss).abs() < 1e-6);
    let (_, gradient) = seen.pre_activation_gradients.last().unwrap();
    let rows = gradient.data().chunks_exact(STEPS * CLASSES);
    for (row, sequence) in rows.zip(&sequences) {
        assert!(
            row[sequence.samples() * CLASSES..]
                .iter()
                .all(|g| *g == 0.0)
        );
    }
    let trained = |threads: usize| {
        let mut network = masked_network(threads);
        network.fit(&data, Fit::epochs(3).batch_size(7)).unwrap();
        bytes(&network)
    };
    assert!(trained(1) == trained(3));
}

#[test]
fn labels_and_weights_are_held_to_the_steps_that_count() {
    let (sequences, mut words) = of_unlike_lengths();
    let network = masked_network(1);
    words[2] = vec![1; 6];
    let error = network
        .evaluate(&padded(&sequences, &words, 0.0))
        .unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("sample 2 has 6 labels, which need 11"),
        "{error}"
    );
    assert!(error.contains("10"), "{error}");
    words[2] = vec![1, 2];
    let data = padded(&sequences, &words, 0.0);
    let weights: Vec<f32> = (0..24).map(|sample| (sample % 2) as f32).collect();
    let odd: Vec<usize> = (0..12).map(|half| 2 * half + 1).collect();
    let weighted = data.clone().with_sample_weights(weights).unwrap();
    let scores = network.evaluate(&weighted).unwrap();
    let own = network.evaluate(&data.select(&odd)).unwrap();
    assert_eq!(
        scores.metric("weighted_label_error_rate"),
        own.metric("label_error_rate")
    );
    assert!((scores.loss - own.loss / 2.0).abs() < 1e-5);
    let each = data.with_sample_weights(vec![1.0; 24 * STEPS]);
    let error = each.and_then(|data| network.evaluate(&data)).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("12 weights") && error.contains("one weight a sample"),
        "{error}"
    );
}

#[test]
fn padding_may_stand_anywhere() {
    let (steps, counted) = (6, [0, 2, 3, 5]);
    let output: Vec<f32> = (0..steps * 3)
        .map(|i| ((i * 29) % 13) as f32 / 5.0)
        .collect();
    let mut mask = [0.0; 6];
    counted.iter().for_each(|&step| mask[step] = 1.0);
    let evaluate = |output: &[f32], mask: Option<&[f32]>| {
        let rows = LossRows {
            samples: 1,
            units: 3,
            output,
            targets: TargetRows::Classes(&[1, 1, 0]),
            weights: None,
            mask,
        };
        let mut gradient = vec![1.0; output.len()];
        let loss = Ctc::new().evaluate_samples(&rows, 1.0, &mut gradient);
        (loss, gradient)
    };
    let rows = counted
        .iter()
        .flat_map(|step| &output[step * 3..step * 3 + 3]);
    let (loss, alone) = evaluate(&rows.copied().collect::<Vec<f32>>(), None);
    let (same, gradient) = evaluate(&output, Some(&mask));
    assert_eq!(loss.to_bits(), same.to_bits());
    let mut own = alone.chunks_exact(3);
    for (step, row) in gradient.chunks_exact(3).enumerate() {
        match counted.contains(&step) {
            true => assert_eq!(row, own.next().unwrap()),
            false => assert_eq!(row, [0.0; 3]),
        }
    }
}
