//! Sequences of unlike lengths: what is padding counts for nothing.

use letra_nn::metrics::{Metric, MetricRows, MetricState};
use letra_nn::prelude::*;

use super::data::bytes;

const STEPS: usize = 6;
const FEATURES: usize = 3;

pub(crate) fn number(place: usize) -> f32 {
    ((place * 37 + 11) % 41) as f32 / 20.5 - 1.0
}

/// A sequence of so many steps.
fn sequence(number_of: usize, steps: usize, features: usize) -> Tensor {
    let values = (0..steps * features).map(|place| number(place + 100 * number_of));
    Tensor::new([steps, features], values.collect()).unwrap()
}

/// Sequences padded to six steps by what would spread.
fn padded(lengths: &[usize]) -> Sequences {
    let sequences = lengths.iter().enumerate();
    let sequences: Vec<Tensor> = sequences
        .map(|(number, &length)| sequence(number, length, FEATURES))
        .collect();
    Sequences::padded(&sequences, Pad::new().maxlen(STEPS).value(f32::NAN)).unwrap()
}

fn settings(threads: usize) -> Compile {
    Compile::new(Adam::new(0.05))
        .metric(Accuracy)
        .seed(5)
        .threads(threads)
}

/// Targets a step for 4 classes, and what is none in the padding.
fn labels(lengths: &[usize]) -> Targets {
    let of = |(number, &length): (usize, &usize)| {
        (0..STEPS).map(move |step| match step < length {
            true => ((number * 5 + step * 3) % 4) as u32,
            false => 0,
        })
    };
    Targets::Classes {
        labels: lengths.iter().enumerate().flat_map(of).collect(),
        count: 4,
    }
}

fn tagger() -> Sequential {
    Sequential::sequences([STEPS, FEATURES])
        .add(Dense::new(8).tanh())
        .add(LayerNormalization::new())
        .add(Dropout::new(0.25))
        .add(Dense::new(4))
}

pub(crate) fn copy_parameters(from: &Network, to: &Network) {
    for known in from.parameters() {
        let values = Tensor::new(known.shape, known.values).unwrap();
        to.set_parameter(&known.name, &values).unwrap();
    }
}

pub(crate) fn assert_alike(what: &str, one: &[f32], other: &[f32]) {
    assert_eq!(one.len(), other.len(), "{what}");
    for (one, other) in one.iter().zip(other) {
        assert!(
            (one - other).abs() <= 2e-6 * other.abs().max(1.0),
            "{what}: {one}, {other}"
        );
    }
}

/// A padded sequence is to every network the sequence alone: outputs, losses, gradients.
#[test]
fn padding_changes_nothing() {
    type Layers = fn(Sequential) -> Sequential;
    let networks: [(&str, bool, Layers); 7] = [
        ("mean", false, |all| {
            all.add(Dense::new(5).tanh())
                .add(GlobalAveragePool1d::new())
        }),
        ("largest", false, |all| {
            all.add(Dense::new(5)).add(GlobalMaxPool1d::new())
        }),
        ("a step", true, |all| {
            all.add(Dense::new(5).relu()).add(Activation::softmax())
        }),
        ("attention", true, |all| {
            all.add(MultiHeadAttention::new(2, 3))
        }),
        ("causal attention", true, |all| {
            all.add(MultiHeadAttention::new(2, 3).use_causal_mask(true))
                .add(LayerNormalization::new())
        }),
        ("over steps", true, |all| {
            all.add(TimeDistributed::new(Reshape::new([3, 1, 1])))
                .add(TimeDistributed::new(Conv2d::new(2, [2, 1])))
                .add(TimeDistributed::new(Flatten))
        }),
        ("rectified", true, |all| {
            all.add(LeakyRelu::new(0.2)).add(Rescaling::new(2.0))
        }),
    ];
    let compile = || {
        Compile::new(Sgd::new(0.1))
            .loss(MeanSquaredError)
            .threads(1)
    };
    for (what, gives_steps, layers) in networks {
        for length in [1, 4, STEPS] {
            let mut long = layers(Sequential::sequences([STEPS, FEATURES]))
                .compile(compile())
                .unwrap();
            let mut short = layers(Sequential::new([length, FEATURES]))
                .compile(compile())
                .unwrap();
            copy_parameters(&short, &long);
            let alone = sequence(0, length, FEATURES)
                .reshape([1, length, FEATURES])
                .unwrap();
            let with_padding = padded(&[length]);
            let wanted = short.predict(&alone).unwrap();
            let found = long.predict(&with_padding).unwrap();
            let counted = wanted.data().len();
            assert_alike(what, &found.data()[..counted], wanted.data());
            let targets: Vec<f32> = (0..counted).map(number).collect();
            let mut rest = vec![f32::NAN; found.data().len() - counted];
            if !gives_steps {
                rest.clear();
            }
            let long_targets =
                Tensor::new(found.shape(), [targets.clone(), rest].concat()).unwrap();
            let targets = Tensor::new(wanted.shape(), targets).unwrap();
            let short_data = Dataset::values(alone, targets).unwrap();
            let long_data = with_padding
                .with_targets(Targets::Values(long_targets))
                .unwrap();
            let (wanted, of_short) = short.gradients_to_inputs(&short_data).unwrap();
            let (found, of_long) = long.gradients_to_inputs(&long_data).unwrap();
            assert!(
                (found.loss() - wanted.loss()).abs() < 1e-6,
                "{what}: {} {}",
                found.loss(),
                wanted.loss()
            );
            for name in wanted.names() {
                let [found, wanted] = [&found, &wanted].map(|all| all.get(name).unwrap());
                assert_alike(&format!("{what}: {name}"), found.data(), wanted.data());
            }
            let counted = of_short[0].data().len();
            assert_alike(what, &of_long[0].data()[..counted], of_short[0].data());
            assert!(
                of_long[0].data()[counted..]
                    .iter()
                    .all(|gradient| *gradient == 0.0)
            );
            let scores = long.evaluate(&long_data).unwrap();
            assert!((scores.loss - wanted.loss()).abs() < 1e-6, "{what}");
        }
    }
}

/// What is predicted of a sequence does not depend on those beside it.
#[test]
fn a_sequence_alone_and_among_longer_ones_has_the_same_bits() {
    let layers = Sequential::sequences([STEPS, FEATURES])
        .add(Dense::new(7).tanh())
        .add(MultiHeadAttention::new(2, 3))
        .add(GlobalAveragePool1d::new());
    let network = layers.build(3).unwrap();
    let lengths = [2, 6, 1, 5, 3];
    let all = padded(&lengths);
    let together = network.predict(&all).unwrap();
    for (sample, &length) in lengths.iter().enumerate() {
        let row = all.values().select(&[sample]);
        let alone = Sequences::new(row, &[length]).unwrap();
        let alone = network.predict(&alone).unwrap();
        assert_eq!(alone.data(), together.sample(sample));
    }
}

/// The loss and the metrics of padded sequences are those of all their steps, one by one.
#[test]
fn losses_and_metrics_count_the_steps_that_count() {
    let lengths = [2, 6, 1, 5];
    let data = || padded(&lengths).with_targets(labels(&lengths)).unwrap();
    let long = tagger().compile(settings(1)).unwrap();
    let by_step = Sequential::new([FEATURES])
        .add(Dense::new(8).tanh())
        .add(LayerNormalization::new())
        .add(Dropout::new(0.25))
        .add(Dense::new(4))
        .compile(settings(1))
        .unwrap();
    copy_parameters(&by_step, &long);
    let (mut steps, mut classes) = (Vec::new(), Vec::new());
    let Targets::Classes { labels, .. } = labels(&lengths) else {
        unreachable!("classes");
    };
    for (sample, &length) in lengths.iter().enumerate() {
        steps.extend_from_slice(sequence(sample, length, FEATURES).data());
        classes.extend_from_slice(&labels[sample * STEPS..sample * STEPS + length]);
    }
    let steps = Tensor::new([classes.len(), FEATURES], steps).unwrap();
    let wanted = Dataset::classes(steps, classes.clone(), 4).unwrap();
    let (found, wanted) = (
        long.evaluate(&data()).unwrap(),
        by_step.evaluate(&wanted).unwrap(),
    );
    assert!((found.loss - wanted.loss).abs() < 1e-6);
    assert_eq!(found.metrics, wanted.metrics);

    // Weights of classes, and of steps that are the same, are the same.
    let weights = [0.5, 2.0, 1.0, 3.0];
    let by_place: Vec<f32> = labels
        .iter()
        .map(|&label| weights[label as usize])
        .collect();
    let run = |data: &Dataset, fit: Fit<'_>| {
        let mut network = tagger().compile(settings(2)).unwrap();
        let history = network.fit(data, fit.batch_size(3)).unwrap();
        (history, bytes(&network))
    };
    let weighted = data().with_sample_weights(by_place).unwrap();
    let one = run(&data(), Fit::epochs(2).class_weight(weights));
    assert!(one == run(&weighted, Fit::epochs(2)));
    // A sample's weight is that of its steps.
    let of_samples = data()
        .with_sample_weights(vec![1.0, 2.0, 0.0, 3.0])
        .unwrap();
    let of_steps = [1.0, 2.0, 0.0, 3.0].map(|weight| [weight; STEPS]).concat();
    let of_steps = data().with_sample_weights(of_steps).unwrap();
    let (one, other) = (
        run(&of_samples, Fit::epochs(2)),
        run(&of_steps, Fit::epochs(2)),
    );
    assert!(one == other);
    let chosen = of_steps.select(&[3, 0]);
    let chosen = chosen.sample_weights().unwrap();
    assert_eq!(chosen, [[3.0; STEPS], [1.0; STEPS]].concat());
}

/// Batch normalisation takes its moments of the steps that count, and so do its moving averages.
#[test]
fn batch_normalisation_is_over_the_steps_that_count() {
    let lengths = [2, 6, 1, 5];
    let layers = |first: Sequential| {
        first
            .add(Dense::new(5).named("first"))
            .add(BatchNormalization::new().momentum(0.5).named("norm"))
            .add(Activation::relu())
            .add(Dense::new(2).named("last"))
    };
    let compile = || {
        Compile::new(Sgd::new(0.1))
            .loss(MeanSquaredError)
            .threads(2)
    };
    let mut long = layers(Sequential::sequences([STEPS, FEATURES]))
        .compile(compile())
        .unwrap();
    let mut flat = layers(Sequential::new([FEATURES]))
        .compile(compile())
        .unwrap();
    copy_parameters(&flat, &long);
    let (mut steps, mut values, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for (sample, &length) in lengths.iter().enumerate() {
        steps.extend_from_slice(sequence(sample, length, FEATURES).data());
        let own: Vec<f32> = (0..2 * length)
            .map(|place| number(place + sample))
            .collect();
        values.extend_from_slice(&own);
        targets.extend(own);
        targets.extend(vec![0.0; 2 * (STEPS - length)]);
    }
    let count = values.len() / 2;
    let flat_data = Dataset::values(
        Tensor::new([count, FEATURES], steps).unwrap(),
        Tensor::new([count, 2], values).unwrap(),
    )
    .unwrap();
    let targets = Targets::Values(Tensor::new([4, STEPS, 2], targets).unwrap());
    let long_data = padded(&lengths).with_targets(targets).unwrap();
    let wanted = flat.gradients(&flat_data).unwrap();
    let found = long.gradients(&long_data).unwrap();
    for name in wanted.names() {
        let [found, wanted] = [&found, &wanted].map(|all| all.get(name).unwrap());
        assert_alike(name, found.data(), wanted.data());
    }
    for _ in 0..3 {
        let wanted = flat.train_on_batch(&flat_data).unwrap().loss;
        let found = long.train_on_batch(&long_data).unwrap().loss;
        assert!((found - wanted).abs() < 1e-5, "{found} {wanted}");
    }
    for known in flat.parameters() {
        let found = long.parameter(&known.name).unwrap();
        for (found, wanted) in found.data().iter().zip(&known.values) {
            assert!((found - wanted).abs() < 1e-4, "{}", known.name);
        }
    }
}

/// Counts rows, whatever they weigh.
#[derive(Debug, Clone)]
struct Rows;

impl Metric for Rows {
    fn name(&self) -> String {
        "rows".into()
    }

    fn direction(&self) -> letra_nn::metrics::Direction {
        Direction::Max
    }

    fn update(&self, rows: &MetricRows<'_>, state: &mut MetricState) {
        let [sum] = state.sums();
        *sum += rows.count() as f64;
    }

    fn result(&self, state: &MetricState) -> f64 {
        state.sums[0]
    }
}

/// A metric of one's own is not shown padding.
#[test]
fn metrics_do_not_see_padding() {
    let lengths = [2, 6, 1, 5, 4, 4, 3];
    let data = padded(&lengths).with_targets(labels(&lengths)).unwrap();
    let mut network = tagger().compile(settings(2).metric(Rows)).unwrap();
    assert_eq!(network.evaluate(&data).unwrap().metric("rows"), Some(25.0));
    let history = network.fit(&data, Fit::epochs(1).batch_size(3)).unwrap();
    let logs = history.epochs()[0].metrics();
    assert!(logs.contains(&("rows".into(), 25.0)), "{logs:?}");
}

/// What stands in the padding changes no bit, in the targets neither.
#[test]
fn what_stands_in_the_padding_changes_nothing() {
    let lengths = [2, 6, 1, 5, 3];
    let run = |fill: f32| {
        let sequences: Vec<Tensor> = (0..5)
            .map(|number| sequence(number, lengths[number], FEATURES))
            .collect();
        let inputs = Sequences::padded(&sequences, Pad::new().maxlen(STEPS).value(fill)).unwrap();
        let targets = inputs.values().clone();
        let data = inputs.with_targets(Targets::Values(targets)).unwrap();
        let compile = Compile::new(Adam::new(0.05))
            .loss(MeanSquaredError)
            .seed(5)
            .threads(2);
        let layers = Sequential::sequences([STEPS, FEATURES]).add(Dense::new(FEATURES).tanh());
        let mut network = layers.compile(compile).unwrap();
        let history = network.fit(&data, Fit::epochs(3).batch_size(2)).unwrap();
        (history, bytes(&network))
    };
    let zeros = run(0.0);
    for fill in [7.0, f32::NAN, f32::INFINITY] {
        assert!(zeros == run(fill), "{fill}");
    }
}

#[test]
fn the_bits_are_the_same_on_any_number_of_threads() {
    let lengths: Vec<usize> = (0..40).map(|sample| 1 + sample * 7 % STEPS).collect();
    let data = padded(&lengths).with_targets(labels(&lengths)).unwrap();
    for by_length in [false, true] {
        let run = |threads: usize| {
            let mut network = tagger().compile(settings(threads)).unwrap();
            let fit = Fit::epochs(2).batch_size(16).bucket_by_length(by_length);
            let history = network.fit(&data, fit.validation_data(&data)).unwrap();
            (history, bytes(&network))
        };
        let one = run(1);
        assert!(one == run(3));
    }
}

/// Numbers become rows of the table, whose gradients are sums over the places.
#[test]
fn embeddings_are_rows_of_their_table() {
    let compile = Compile::new(Sgd::new(0.5)).loss(SumSquaredError).threads(1);
    let table: Vec<f32> = (0..15).map(number).collect();
    let layer = Embedding::new(5, 3).vectors(Tensor::new([5, 3], table.clone()).unwrap());
    let mut network = Sequential::new([2, 2]).add(layer).compile(compile).unwrap();
    let numbers = Tensor::new([2, 2, 2], vec![4.0, 1.0, 1.0, 0.0, 1.0, 3.0, 3.0, 3.0]).unwrap();
    let given = network.predict(&numbers).unwrap();
    assert_eq!(given.shape(), [2, 2, 2, 3]);
    let rows = |row: usize| &table[row * 3..row * 3 + 3];
    assert_eq!(&given.data()[..6], [rows(4), rows(1)].concat());
    let targets = Tensor::zeros([2, 2, 2, 3]);
    let data = Dataset::values(numbers, targets).unwrap();
    let gradient = network
        .gradients(&data)
        .unwrap()
        .get("embedding/embeddings")
        .unwrap();
    let times = [1.0, 3.0, 0.0, 3.0, 1.0];
    for (place, found) in gradient.data().iter().enumerate() {
        let wanted = 2.0 * times[place / 3] * table[place];
        assert!((found - wanted).abs() < 1e-5);
    }
    network.freeze("embedding").unwrap();
    network.fit(&data, Fit::epochs(2)).unwrap();
    assert_eq!(
        network.parameter("embedding/embeddings").unwrap().data(),
        table
    );
    // A file has the table itself.
    let loaded = Network::from_bytes("a file", &network.to_bytes().unwrap()).unwrap();
    assert_eq!(
        loaded.parameter("embedding/embeddings").unwrap().data(),
        table
    );
}

/// Padding by a number, by zeros, and by lengths are the same thing.
#[test]
fn masks_of_all_origins_agree() {
    let words = [vec![3, 1, 2], vec![4], vec![2, 2, 2, 1, 1]];
    let inputs = Sequences::of_integers(&words, STEPS).unwrap();
    let layers = |first: Sequential, zero: bool| {
        first
            .add(Embedding::new(6, 4).mask_zero(zero))
            .add(Dense::new(3).tanh())
            .add(GlobalAveragePool1d::new())
            .build(9)
            .unwrap()
    };
    let by_length = layers(Sequential::sequences([STEPS]), false);
    let by_zero = layers(Sequential::new([STEPS]), true);
    let both = layers(Sequential::sequences([STEPS]), true);
    let wanted = by_length.predict(&inputs).unwrap();
    assert_eq!(by_zero.predict(inputs.values()).unwrap(), wanted);
    assert_eq!(both.predict(&inputs).unwrap(), wanted);
    // Numbers in the padding are not looked up.
    let wild: Vec<f32> = inputs.values().data().to_vec();
    let wild = wild
        .iter()
        .map(|&word| if word == 0.0 { -7.5 } else { word });
    let wild = Tensor::new([3, STEPS], wild.collect()).unwrap();
    let wild = Sequences::new(wild, &[3, 1, 5]).unwrap();
    assert_eq!(by_length.predict(&wild).unwrap(), wanted);

    let by_value = |values: &Tensor, value: f32| {
        let layers = Sequential::new([STEPS, FEATURES])
            .add(Masking::new(value))
            .add(GlobalAveragePool1d::new());
        layers.build(0).unwrap().predict(values).unwrap()
    };
    let sequences: Vec<Tensor> = [2, 5]
        .map(|length| sequence(length, length, FEATURES))
        .into();
    let mean = Sequential::sequences([STEPS, FEATURES]).add(GlobalAveragePool1d::new());
    let wanted = mean.build(0).unwrap();
    let wanted = wanted
        .predict(&Sequences::pad_to(&sequences, STEPS).unwrap())
        .unwrap();
    for padding in [End::Pre, End::Post] {
        let pad = Pad::new().maxlen(STEPS).value(-9.0).padding(padding);
        assert_eq!(by_value(&pad.values(&sequences).unwrap(), -9.0), wanted);
    }
}

/// A network with masks is loaded with them.
#[test]
fn masks_are_saved() {
    let lengths = [2, 6, 1, 5];
    let data = padded(&lengths).with_targets(labels(&lengths)).unwrap();
    let mut network = tagger().compile(settings(1)).unwrap();
    network.fit(&data, Fit::epochs(2)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tagger.letra");
    network.save(&file).unwrap();
    let loaded = Trainer::load(&file).unwrap();
    assert_eq!(
        loaded.evaluate(&data).unwrap(),
        network.evaluate(&data).unwrap()
    );
}

/// Batches that a source gives have masks of their own.
#[test]
fn sources_give_sequences() {
    struct Padded;
    impl Source for Padded {
        fn steps(&self, _epoch: usize) -> usize {
            3
        }

        fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
            let lengths = [1 + step as usize % STEPS, 4];
            padded(&lengths).with_targets(labels(&lengths)).map(Some)
        }
    }
    let weights = [1.0, 2.0, 0.5, 1.0];
    let mut one = tagger().compile(settings(2)).unwrap();
    one.fit(&mut Padded, Fit::epochs(1).class_weight(weights))
        .unwrap();
    let mut other = tagger().compile(settings(2)).unwrap();
    for step in 0..3 {
        let batch = Padded.batch(step).unwrap().unwrap();
        let whole = Fit::epochs(1).batch_size(2).class_weight(weights);
        other.fit(&batch, whole).unwrap();
    }
    assert!(bytes(&one) == bytes(&other));
}

/// Of several outputs, each has the steps of its own mask.
#[test]
fn several_outputs_with_and_without_masks() {
    let mut model = Model::new();
    let (steps, lengths) = (model.input([STEPS, FEATURES]), model.input([1]));
    let masked = model.layer(MaskPadding, [steps, lengths]);
    let tags = model.layer(Dense::new(4), [masked]);
    let mean = model.layer(GlobalAveragePool1d::new(), [masked]);
    let whole = model.layer(Dense::new(1), [mean]);
    let compile = settings(1).next_output().loss(MeanSquaredError);
    let mut network = model.outputs([tags, whole]).compile(compile).unwrap();
    let lengths = [2, 6, 1, 5];
    let data = padded(&lengths).with_targets(labels(&lengths)).unwrap();
    let data = data
        .and_targets(Targets::Values(Tensor::zeros([4, 1])))
        .unwrap();
    let scores = network.evaluate(&data).unwrap();
    let given = network.predict_all(&data).unwrap();
    let squares: f32 = given[1].data().iter().map(|value| value * value).sum();
    let loss = scores.metric("dense_1_loss").unwrap();
    assert!((loss - f64::from(squares / 4.0)).abs() < 1e-6);
    network.fit(&data, Fit::epochs(2).batch_size(2)).unwrap();
}
