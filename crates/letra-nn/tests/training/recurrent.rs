//! Recurrent layers in use: the same bits however sequences are put together, what is learned, files,
//! and parts of networks.

use letra_nn::layers::Merge;
use letra_nn::prelude::*;

use super::data::bytes;
use super::sequences::number;

type Layers = fn(Sequential) -> Sequential;

/// A network of each recurrent layer, over sequences of any length.
const NETWORKS: [(&str, Layers); 6] = [
    ("lstm", |all| all.add(Lstm::new(19)).add(Dense::new(3))),
    ("gru", |all| all.add(Gru::new(17)).add(Dense::new(3))),
    ("gru, reset before", |all| {
        all.add(Gru::new(5).reset_after(false)).add(Dense::new(3))
    }),
    ("simple_rnn", |all| {
        all.add(SimpleRnn::new(33)).add(Dense::new(3))
    }),
    ("two directions", |all| {
        all.add(Bidirectional::new(Gru::new(6).return_sequences(true)))
            .add(Bidirectional::new(Lstm::new(7)).merge_mode(Merge::Sum))
            .add(Dense::new(3))
    }),
    ("one on the other", |all| {
        all.add(Lstm::new(9).return_sequences(true))
            .add(Gru::new(8).go_backwards(true).return_sequences(true))
            .add(Lstm::new(4).recurrent_dropout(0.25).dropout(0.25))
            .add(Dense::new(3))
    }),
];

const FEATURES: usize = 5;
const LENGTHS: [usize; 11] = [2, 9, 1, 5, 9, 3, 10, 7, 1, 4, 6];

fn sequences(lengths: &[usize], steps: usize) -> Sequences {
    let sequence = |(row, &length): (usize, &usize)| {
        let values = (0..length * FEATURES).map(|place| number(place + 100 * row));
        Tensor::new([length, FEATURES], values.collect()).unwrap()
    };
    let all: Vec<Tensor> = lengths.iter().enumerate().map(sequence).collect();
    // What would spread stands where padding is.
    Sequences::padded(&all, Pad::new().maxlen(steps).value(f32::NAN)).unwrap()
}

fn labelled(steps: usize) -> Dataset {
    let labels = (0..LENGTHS.len() as u32).map(|label| label % 3).collect();
    let classes = Targets::Classes { labels, count: 3 };
    sequences(&LENGTHS, steps).with_targets(classes).unwrap()
}

fn compiled(layers: Layers, steps: usize, threads: usize) -> Trainer {
    let compile = Compile::new(Adam::new(0.02)).metric(Accuracy).seed(7);
    layers(Sequential::sequences([steps, FEATURES]))
        .compile(compile.threads(threads))
        .unwrap()
}

#[test]
fn a_sequence_alone_and_among_longer_ones_has_the_same_bits() {
    for (what, layers) in NETWORKS {
        let network = compiled(layers, 10, 2);
        let all = sequences(&LENGTHS, 10);
        let together = network.predict(&all).unwrap();
        assert!(
            together.data().iter().all(|value| value.is_finite()),
            "{what}"
        );
        for (row, &length) in LENGTHS.iter().enumerate() {
            let own = all.values().select(&[row]);
            let alone = Sequences::new(own, &[length]).unwrap();
            let alone = network.predict(&alone).unwrap();
            assert_eq!(alone.data(), together.sample(row), "{what}, {length} steps");
        }
    }
}

#[test]
fn more_padding_changes_no_bit() {
    for (what, layers) in NETWORKS {
        let (mut short, mut long) = (compiled(layers, 10, 2), compiled(layers, 20, 2));
        let of_short = short.gradients(&labelled(10)).unwrap();
        let of_long = long.gradients(&labelled(20)).unwrap();
        assert_eq!(of_short.loss(), of_long.loss(), "{what}");
        for name in of_short.names() {
            let [one, other] = [&of_short, &of_long].map(|all| all.get(name).unwrap());
            assert_eq!(one.data(), other.data(), "{what}: {name}");
        }
        short
            .fit(&labelled(10), Fit::epochs(3).batch_size(4))
            .unwrap();
        long.fit(&labelled(20), Fit::epochs(3).batch_size(4))
            .unwrap();
        for (one, other) in short.parameters().zip(long.parameters()) {
            assert_eq!(one.values, other.values, "{what}: {}", one.name);
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for (what, layers) in NETWORKS {
        let trained = |threads: usize| {
            let mut network = compiled(layers, 10, threads);
            let history = network
                .fit(&labelled(10), Fit::epochs(2).batch_size(11))
                .unwrap();
            let predicted = network.predict(&sequences(&LENGTHS, 10)).unwrap();
            (bytes(&network), history, predicted)
        };
        let one = trained(1);
        for threads in [2, 3, 4] {
            assert!(trained(threads) == one, "{what}, {threads} threads");
        }
    }
}

#[test]
fn a_stopped_training_resumes_to_the_same_bits() {
    for (what, layers) in NETWORKS {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("checkpoint");
        let mut whole = compiled(layers, 10, 2);
        whole
            .fit(&labelled(10), Fit::epochs(5).batch_size(4))
            .unwrap();
        let mut keeper = Checkpoint::new(&checkpoint);
        let fit = Fit::epochs(2).batch_size(4).callback(&mut keeper);
        compiled(layers, 10, 1).fit(&labelled(10), fit).unwrap();
        let mut resumed = compiled(layers, 10, 1);
        let fit = Fit::epochs(5).batch_size(4).resume(&checkpoint);
        resumed.fit(&labelled(10), fit).unwrap();
        assert!(bytes(&whole) == bytes(&resumed), "{what}");
    }
}

/// A prediction goes through long sequences some steps at a time; step by step it has the same bits.
#[test]
fn long_sequences_are_those_of_their_steps_one_by_one() {
    const STEPS: usize = 200;
    let whole = |layer: Kind| layer.network(STEPS, true);
    for kind in [Kind::Lstm, Kind::Gru(true), Kind::Gru(false), Kind::Simple] {
        let (all, one) = (whole(kind), kind.network(1, true));
        one.take_parameters(&all).unwrap();
        let values: Vec<f32> = (0..3 * STEPS * FEATURES).map(number).collect();
        let input = Tensor::new([3, STEPS, FEATURES], values.clone()).unwrap();
        let zeros = Tensor::zeros([3, UNITS]);
        let given = |input: Tensor, states: &[Tensor]| {
            let mut data = Dataset::values(input, Tensor::zeros([3, 1])).unwrap();
            for state in states {
                data = data.and_input(state.clone()).unwrap();
            }
            data
        };
        let mut states = vec![zeros; kind.states()];
        let together = all.predict_all(&given(input, &states)).unwrap();
        for step in 0..STEPS {
            let rows = values.chunks(STEPS * FEATURES);
            let rows = rows.flat_map(|row| row[step * FEATURES..][..FEATURES].to_vec());
            let input = Tensor::new([3, 1, FEATURES], rows.collect()).unwrap();
            let mut outputs = one.predict_all(&given(input, &states)).unwrap();
            for sample in 0..3 {
                let wanted = &together[0].sample(sample)[step * UNITS..][..UNITS];
                assert_eq!(outputs[0].sample(sample), wanted, "{kind:?}, step {step}");
            }
            states = outputs.split_off(1);
        }
        assert_eq!(states, together[1..], "{kind:?}");
    }
}

const UNITS: usize = 21;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Lstm,
    Gru(bool),
    Simple,
}

impl Kind {
    fn states(self) -> usize {
        match self {
            Kind::Lstm => 2,
            _ => 1,
        }
    }

    /// From a sequence and its states to all outputs and the states after them.
    fn network(self, steps: usize, sequences: bool) -> Network {
        let mut model = Model::new();
        let mut inputs = vec![model.input([steps, FEATURES])];
        inputs.extend((0..self.states()).map(|_| model.input([UNITS])));
        macro_rules! given {
            ($layer:expr) => {{
                let layer = $layer.return_state(true).return_sequences(sequences);
                model.layer(layer.named("cell"), inputs)
            }};
        }
        let given = match self {
            Kind::Lstm => given!(Lstm::new(UNITS)),
            Kind::Gru(after) => given!(Gru::new(UNITS).reset_after(after)),
            Kind::Simple => given!(SimpleRnn::new(UNITS)),
        };
        let outputs = model.outputs_of(given);
        model.outputs(outputs).build(5).unwrap()
    }
}

/// What a layer was told to remember many steps ago.
#[test]
fn a_first_step_is_remembered() {
    const STEPS: usize = 20;
    let samples = 120;
    let values = (0..samples * STEPS * 2).map(|place| {
        let (sample, step, feature) = (place / (2 * STEPS), place / 2 % STEPS, place % 2);
        match (step, feature) {
            (0, 0) => [-1.0, 1.0][sample % 2],
            (_, 0) => 0.0,
            _ => number(place),
        }
    });
    let values = Tensor::new([samples, STEPS, 2], values.collect()).unwrap();
    let labels = (0..samples as u32).map(|sample| sample % 2).collect();
    let data = Dataset::classes(values, labels, 2).unwrap();
    let layers: [(&str, Sequential); 2] = [
        ("lstm", Sequential::new([STEPS, 2]).add(Lstm::new(12))),
        ("gru", Sequential::new([STEPS, 2]).add(Gru::new(12))),
    ];
    for (what, layers) in layers {
        let compile = Compile::new(Adam::new(0.02)).metric(Accuracy).seed(1);
        let mut network = layers.add(Dense::new(2)).compile(compile).unwrap();
        network.fit(&data, Fit::epochs(40).batch_size(20)).unwrap();
        let accuracy = network.evaluate(&data).unwrap().metric("accuracy").unwrap();
        assert!(accuracy > 0.95, "{what}: {accuracy}");
    }
}

#[test]
fn files_hold_all_settings() {
    let every = Sequential::sequences([8, FEATURES])
        .add(
            Lstm::new(4)
                .activation(ActivationFunction::Softplus)
                .recurrent_activation(ActivationFunction::Tanh)
                .unit_forget_bias(false)
                .return_sequences(true)
                .zero_output_for_mask(true)
                .dropout(0.1)
                .recurrent_dropout(0.2)
                .recurrent_initializer(Initializer::GlorotUniform)
                .kernel_regularizer(Regularizer::l2(1e-3))
                .recurrent_regularizer(Regularizer::l1(1e-3))
                .bias_regularizer(Regularizer::l2(1e-3))
                .recurrent_constraint(Constraint::max_norm(1.0))
                .named("first"),
        )
        .add(
            Bidirectional::new(Gru::new(3).reset_after(false).return_sequences(true))
                .merge_mode(Merge::Average),
        )
        .add(SimpleRnn::new(3).use_bias(false).go_backwards(true))
        .add(Dense::new(3));
    let mut network = every
        .compile(Compile::new(Adam::new(0.01)).seed(3))
        .unwrap();
    network.fit(&labelled_in_eight(), Fit::epochs(2)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recurrent.letra");
    network.save(&path).unwrap();
    let loaded = Trainer::load(&path).unwrap();
    assert!(bytes(&loaded) == bytes(&network));
    let data = labelled_in_eight();
    assert_eq!(
        loaded.predict(&data).unwrap(),
        network.predict(&data).unwrap()
    );
}

fn labelled_in_eight() -> Dataset {
    let labels = vec![0, 1, 2, 0];
    let classes = Targets::Classes { labels, count: 3 };
    sequences(&[8, 3, 5, 1], 8).with_targets(classes).unwrap()
}

#[test]
fn what_is_frozen_stays_and_parts_answer_as_the_whole() {
    let layers = Sequential::new([6, FEATURES])
        .add(Lstm::new(7).return_sequences(true).named("first"))
        .add(Bidirectional::new(Gru::new(4)).named("second"))
        .add(Dense::new(3));
    let mut network = layers
        .compile(Compile::new(Adam::new(0.05)).seed(2))
        .unwrap();
    network.freeze("first").unwrap();
    let values: Vec<f32> = (0..4 * 6 * FEATURES).map(number).collect();
    let inputs = Tensor::new([4, 6, FEATURES], values).unwrap();
    let data = Dataset::classes(inputs.clone(), vec![0, 1, 2, 0], 3).unwrap();
    let before: Vec<Vec<f32>> = network
        .parameters()
        .map(|known| known.values.to_vec())
        .collect();
    network.fit(&data, Fit::epochs(2)).unwrap();
    for (known, before) in network.parameters().zip(&before) {
        let stays = known.name.starts_with("first/");
        assert_eq!(known.values == *before, stays, "{}", known.name);
    }
    let first = network.subnetwork(&["input"], &["first"]).unwrap();
    let rest = network.subnetwork(&["first"], &["dense"]).unwrap();
    let between = first.predict(&inputs).unwrap();
    assert_eq!(between.shape(), [4, 6, 7]);
    assert_eq!(
        rest.predict(&between).unwrap(),
        network.predict(&inputs).unwrap()
    );
    let other = Sequential::new([9, FEATURES])
        .add(Lstm::new(7).named("first"))
        .build(8)
        .unwrap();
    let taken = other.take_parameters(&network).unwrap();
    assert_eq!(taken.len(), 3, "{taken:?}");
}

/// A layer at two places has one set of parameters, whose gradients are added.
#[test]
fn a_layer_at_two_places_learns_from_both() {
    let twice = |shared: bool| {
        let mut model = Model::new();
        let (left, right) = (model.input([4, FEATURES]), model.input([6, FEATURES]));
        let first = model.layer(Gru::new(5).named("one"), [left]);
        let second = match shared {
            true => model.again(first, [right]),
            false => model.layer(Gru::new(5).named("two"), [right]),
        };
        let sum = model.layer(Add, [first, second]);
        let compile = Compile::new(Sgd::new(0.1)).loss(SumSquaredError).seed(4);
        model.outputs([sum]).compile(compile).unwrap()
    };
    let (mut shared, mut apart) = (twice(true), twice(false));
    for name in ["kernel", "recurrent_kernel", "bias"] {
        let values = shared.weights().get(&format!("one/{name}")).unwrap();
        for layer in ["one", "two"] {
            apart
                .set_parameter(&format!("{layer}/{name}"), &values)
                .unwrap();
        }
    }
    let tensor = |steps: usize, first: usize| {
        let values = (0..3 * steps * FEATURES).map(|place| number(place + first));
        Tensor::new([3, steps, FEATURES], values.collect()).unwrap()
    };
    let data = Dataset::values(tensor(4, 0), Tensor::zeros([3, 5])).unwrap();
    let data = data.and_input(tensor(6, 50)).unwrap();
    assert_eq!(
        shared.predict(&data).unwrap(),
        apart.predict(&data).unwrap()
    );
    let [of_shared, of_apart] = [&mut shared, &mut apart].map(|one| one.gradients(&data).unwrap());
    for name in ["kernel", "recurrent_kernel", "bias"] {
        let found = of_shared.get(&format!("one/{name}")).unwrap();
        let both = ["one", "two"].map(|layer| of_apart.get(&format!("{layer}/{name}")).unwrap());
        for ((found, one), other) in found.data().iter().zip(both[0].data()).zip(both[1].data()) {
            assert!(
                (found - one - other).abs() < 1e-5,
                "{name}: {found}, {one} + {other}"
            );
        }
    }
}

/// Over the steps of a sequence of sequences, each is one of its own.
#[test]
fn over_steps() {
    let over = Sequential::new([3, 4, FEATURES])
        .add(TimeDistributed::new(Lstm::new(6).recurrent_dropout(0.5)).named("cell"))
        .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError).seed(1))
        .unwrap();
    let single = Sequential::new([4, FEATURES])
        .add(Lstm::new(6).recurrent_dropout(0.5).named("cell"))
        .compile(Compile::new(Sgd::new(0.1)).loss(SumSquaredError).seed(1))
        .unwrap();
    for known in single.parameters() {
        let values = Tensor::new(known.shape, known.values).unwrap();
        over.set_parameter(&known.name, &values).unwrap();
    }
    let (mut over, mut single) = (over, single);
    let values: Vec<f32> = (0..2 * 3 * 4 * FEATURES).map(number).collect();
    let whole = Tensor::new([2, 3, 4, FEATURES], values).unwrap();
    let folded = whole.clone().reshape([6, 4, FEATURES]).unwrap();
    let found = over.predict(&whole).unwrap();
    assert_eq!(found.shape(), [2, 3, 6]);
    assert_eq!(found.data(), single.predict(&folded).unwrap().data());
    let data = Dataset::values(whole, Tensor::zeros([2, 3, 6])).unwrap();
    let folded = Dataset::values(folded, Tensor::zeros([6, 6])).unwrap();
    let [one, other] = [over.gradients(&data), single.gradients(&folded)].map(Result::unwrap);
    for name in one.names() {
        let [one, other] = [&one, &other].map(|all| all.get(name).unwrap());
        for (one, other) in one.data().iter().zip(other.data()) {
            assert!((one - other).abs() < 1e-5, "{name}: {one}, {other}");
        }
    }
}

/// Where a layer goes backwards, what it gives has its padding where the layer met it.
#[test]
fn the_mask_of_a_layer_that_goes_backwards_goes_with_it() {
    let network = Sequential::sequences([6, FEATURES])
        .add(
            Lstm::new(3)
                .go_backwards(true)
                .return_sequences(true)
                .named("first"),
        )
        .add(Lstm::new(3).named("last"))
        .build(6)
        .unwrap();
    let alone = Sequential::new([4, FEATURES])
        .add(
            Lstm::new(3)
                .go_backwards(true)
                .return_sequences(true)
                .named("first"),
        )
        .add(Lstm::new(3).named("last"))
        .build(7)
        .unwrap();
    alone.take_parameters(&network).unwrap();
    let padded = sequences(&[4], 6);
    let values = padded.values().data()[..4 * FEATURES].to_vec();
    let short = Tensor::new([1, 4, FEATURES], values).unwrap();
    assert_eq!(
        network.predict(&padded).unwrap(),
        alone.predict(&short).unwrap()
    );
}

/// The work of a step is that of each gate.
#[test]
fn work_is_counted_a_step() {
    let network = Sequential::new([10, 6]).add(Lstm::new(5)).build(0).unwrap();
    let products = 10 * (6 + 5) * 4 * 5;
    let counted = network.multiply_adds();
    assert!((products..products + 200).contains(&counted), "{counted}");
}

/// Keras's: an orthogonal recurrent kernel, and a bias of 1 for the forget gates alone.
#[test]
fn initial_values() {
    let network = Sequential::new([6, 4])
        .add(Bidirectional::new(Lstm::new(5)).named("both"))
        .build(3)
        .unwrap();
    for way in ["forward", "backward"] {
        let get = |name: &str| {
            network
                .weights()
                .get(&format!("both/{way}_{name}"))
                .unwrap()
        };
        let bias: Vec<f32> = (0..20).map(|k| f32::from(u8::from(k / 5 == 1))).collect();
        assert_eq!(get("bias").data(), bias);
        assert_eq!(get("kernel").shape(), [4, 20]);
        let kernel = get("recurrent_kernel");
        for (i, one) in kernel.data().chunks(20).enumerate() {
            for (j, other) in kernel.data().chunks(20).enumerate() {
                let product: f32 = one.iter().zip(other).map(|(a, b)| a * b).sum();
                let wanted = f32::from(u8::from(i == j));
                assert!((product - wanted).abs() < 1e-5, "{i}, {j}: {product}");
            }
        }
    }
    let open = Lstm::new(5).unit_forget_bias(false).named("lstm");
    let network = Sequential::new([6, 4]).add(open).build(3).unwrap();
    assert_eq!(
        network.weights().get("lstm/bias").unwrap().data(),
        [0.0; 20]
    );
    // A kernel of several axes is a matrix of as many columns as filters.
    let convolution = Conv1d::new(3, 2).kernel_initializer(Initializer::orthogonal());
    let network = Sequential::new([6, 4]).add(convolution).build(3).unwrap();
    let kernel = network.weights().get("conv1d/kernel").unwrap();
    for i in 0..3 {
        for j in 0..3 {
            let column = |k: usize| kernel.data().iter().skip(k).step_by(3);
            let product: f32 = column(i).zip(column(j)).map(|(a, b)| a * b).sum();
            let wanted = f32::from(u8::from(i == j));
            assert!((product - wanted).abs() < 1e-5, "{i}, {j}: {product}");
        }
    }
}
