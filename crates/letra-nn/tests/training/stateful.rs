//! Layers that carry their states from batch to batch.

use std::ops::ControlFlow;

use letra_nn::layers::{Emit, Gru, Layer, Lstm, SimpleRnn, Value};
use letra_nn::{BuildError, ops, prelude::*};

use super::data::bytes;

/// Values that look random, between −0.5 and 0.5.
fn values(count: usize, seed: usize) -> Vec<f32> {
    let value = |i: usize| ((i * 7919 + seed * 104_729 + 13) % 1009) as f32 / 1009.0 - 0.5;
    (0..count).map(value).collect()
}

/// Steps `from` to `to` of sequences.
fn steps(sequences: &Tensor, from: usize, to: usize) -> Tensor {
    let &[samples, _, features] = sequences.shape() else {
        panic!("{:?}", sequences.shape());
    };
    let rows = (0..samples).map(|sample| sequences.sample(sample));
    let cut = rows.flat_map(|row| row[from * features..to * features].to_vec());
    Tensor::new([samples, to - from, features], cut.collect()).unwrap()
}

/// One of the three recurrent layers, with all steps' outputs and a layer behind it.
fn network(kind: &str, steps: usize, stateful: bool) -> Sequential {
    let network = Sequential::new([steps, 3]);
    let network = match kind {
        "lstm" => network.add(Lstm::new(7).return_sequences(true).stateful(stateful)),
        "gru" => network.add(Gru::new(7).return_sequences(true).stateful(stateful)),
        _ => network.add(SimpleRnn::new(7).return_sequences(true).stateful(stateful)),
    };
    network
        .add(Lstm::new(4).return_sequences(true).stateful(stateful))
        .add(Dense::new(2))
}

const KINDS: [&str; 3] = ["lstm", "gru", "simple_rnn"];

fn compile(rate: f64) -> Compile {
    Compile::new(Sgd::new(rate))
        .loss(MeanSquaredError)
        .seed(5)
        .threads(2)
}

/// A state of 4 units that all three networks have: of their second layer.
fn second(kind: &str) -> &'static str {
    if kind == "lstm" { "lstm_1/c" } else { "lstm/c" }
}

#[test]
fn two_halves_are_a_whole_to_the_last_bit() {
    for kind in KINDS {
        let sequences = Tensor::new([5, 10, 3], values(150, 1)).unwrap();
        let targets = |steps| Tensor::zeros([5, steps, 2]);
        // At rate 0, a step of training only goes forward.
        let mut whole = network(kind, 10, true).compile(compile(0.0)).unwrap();
        let data = Dataset::values(sequences.clone(), targets(10)).unwrap();
        whole.train_on_batch(&data).unwrap();
        let mut halves = network(kind, 5, true).compile(compile(0.0)).unwrap();
        for (from, to) in [(0, 5), (5, 10)] {
            let half = Dataset::values(steps(&sequences, from, to), targets(5)).unwrap();
            halves.train_on_batch(&half).unwrap();
        }
        let names: Vec<String> = whole.state_names().map(str::to_owned).collect();
        assert_eq!(names.len(), if kind == "lstm" { 4 } else { 3 }, "{names:?}");
        for name in &names {
            let state = whole.state(name).unwrap();
            assert_eq!(halves.state(name), Some(state.clone()), "{kind}: {name}");
            assert!(state.data().iter().any(|&value| value != 0.0));
        }
    }
}

/// A network that is given its states and gives those after it, on the same weights.
fn with_given_states(stateful: &Trainer) -> Trainer {
    let mut model = Model::new();
    let input = model.input([4, 3]);
    let states = [model.input([6]), model.input([6])];
    let layer = Lstm::new(6).return_sequences(true).return_state(true);
    let outputs = model.layer(layer, [input, states[0], states[1]]);
    let answer = model.layer(Dense::new(2), [outputs]);
    let network = model.outputs([answer]).build_on(stateful).unwrap();
    network.compile(compile(0.1)).unwrap()
}

#[test]
fn the_gradient_ends_where_the_batch_begins() {
    let mut trainer = Sequential::new([4, 3])
        .add(Lstm::new(6).return_sequences(true).stateful(true))
        .add(Dense::new(2))
        .compile(compile(0.1))
        .unwrap();
    let mut twin = with_given_states(&trainer);
    let mut given = [Tensor::zeros([9, 6]), Tensor::zeros([9, 6])];
    for batch in 0..4 {
        let inputs = Tensor::new([9, 4, 3], values(108, batch)).unwrap();
        let targets = Tensor::new([9, 4, 2], values(72, batch + 50)).unwrap();
        let data = Dataset::values(inputs, targets).unwrap();
        let [h, c] = given.clone();
        let with_states = data.clone().and_input(h).unwrap().and_input(c).unwrap();
        let own = trainer.gradients(&data).unwrap();
        let twins = twin.gradients(&with_states).unwrap();
        assert_eq!(own.loss(), twins.loss());
        for name in own.names() {
            assert_eq!(own.get(name), twins.get(name), "batch {batch}: {name}");
        }
        // Nothing is carried on before there is a step.
        assert_eq!(trainer.state("lstm/h").is_none(), batch == 0);
        trainer.apply(&own).unwrap();
        given = ["lstm/h", "lstm/c"].map(|name| trainer.state(name).unwrap());
    }
    // By hand or not, it is the same.
    let mut other = Sequential::new([4, 3])
        .add(Lstm::new(6).return_sequences(true).stateful(true))
        .add(Dense::new(2))
        .compile(compile(0.1))
        .unwrap();
    for batch in 0..4 {
        let inputs = Tensor::new([9, 4, 3], values(108, batch)).unwrap();
        let targets = Tensor::new([9, 4, 2], values(72, batch + 50)).unwrap();
        other
            .train_on_batch(&Dataset::values(inputs, targets).unwrap())
            .unwrap();
    }
    assert_eq!(other.state("lstm/c"), trainer.state("lstm/c"));
    assert_eq!(
        other.parameter("lstm/kernel"),
        trainer.parameter("lstm/kernel")
    );
}

/// A long series in windows of 4 steps, 6 parts side by side.
fn series() -> Dataset {
    let series = Tensor::new([200, 3], values(600, 3)).unwrap();
    let data = Dataset::next_step_values(&series, 6, 4).unwrap();
    // Of the next step, the first two features.
    let Targets::Values(next) = data.targets() else {
        panic!("the targets of values are values");
    };
    let next = next.data().chunks_exact(3).flat_map(|step| &step[..2]);
    let next = Tensor::new([data.samples(), 4, 2], next.copied().collect());
    Dataset::values(data.inputs().clone(), next.unwrap()).unwrap()
}

fn fit<'a>(epochs: usize) -> Fit<'a> {
    Fit::epochs(epochs).batch_size(6)
}

#[test]
fn one_seed_gives_one_result_on_any_number_of_threads() {
    let data = series();
    for kind in KINDS {
        let trained = |threads: usize| {
            let compile = Compile::new(Adam::new(0.01)).loss(MeanSquaredError).seed(2);
            let mut trainer = network(kind, 4, true)
                .compile(compile.threads(threads))
                .unwrap();
            let history = trainer.fit(&data, fit(3)).unwrap();
            assert!(history.epochs()[2].loss() < history.epochs()[0].loss());
            (bytes(&trainer), trainer.state(second(kind)).unwrap())
        };
        let one = trained(1);
        assert!([2, 3].map(trained).iter().all(|other| *other == one));
    }
}

/// A training of the same layers that begins each batch with zeros is another.
#[test]
fn what_is_carried_counts() {
    let data = series();
    let loss = |stateful: bool| {
        let mut trainer = network("lstm", 4, stateful).compile(compile(0.1)).unwrap();
        trainer.fit(&data, fit(2).shuffle(false)).unwrap();
        (trainer.state("lstm/h").is_some(), bytes(&trainer))
    };
    let (carried, stateless) = (loss(true), loss(false));
    assert!(carried.0 && !stateless.0);
    assert!(carried.1 != stateless.1);
}

#[test]
fn each_epoch_begins_with_zeros_and_answers_do_too() {
    let data = series();
    let trainer = || network("gru", 4, true).compile(compile(0.05)).unwrap();
    let mut at_once = trainer();
    at_once.fit(&data, fit(2)).unwrap();
    // By hand: two passes, with states that are set back between them.
    let mut by_hand = trainer();
    for _ in 0..2 {
        by_hand.reset_states();
        for first in (0..data.samples()).step_by(6) {
            let rows: Vec<usize> = (first..first + 6).collect();
            by_hand.train_on_batch(&data.select(&rows)).unwrap();
        }
    }
    assert!(bytes(&at_once) == bytes(&by_hand));
    let state = at_once.state("gru/h");
    assert_eq!(state, by_hand.state("gru/h"));
    // What answers begins with zeros, and leaves the states alone.
    let twin = network("gru", 4, false).build_on(&at_once).unwrap();
    assert_eq!(
        at_once.predict(&data).unwrap(),
        twin.predict(&data).unwrap()
    );
    at_once.evaluate(&data).unwrap();
    at_once.back_propagate(&data).unwrap();
    at_once
        .learning_rate_range_test(&data, 1e-4, 1e-2, 4, 5)
        .unwrap();
    assert_eq!(at_once.state("gru/h"), state);
}

/// Ends the training in the middle of an epoch.
struct Stop(u64);

impl Callback for Stop {
    fn on_step_end(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>, Error> {
        match step.trainer.steps() == self.0 {
            true => Ok(ControlFlow::Break(())),
            false => Ok(ControlFlow::Continue(())),
        }
    }

    fn on_epoch_end(&mut self, _: &Epoch<'_>) -> Result<ControlFlow<()>, Error> {
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn a_training_stopped_in_an_epoch_goes_on_to_the_same_bits() {
    let data = series();
    let folder = tempfile::tempdir().unwrap();
    let trainer = || {
        let compile = Compile::new(Adam::new(0.01)).loss(MeanSquaredError).seed(2);
        network("lstm", 4, true).compile(compile).unwrap()
    };
    let mut whole = trainer();
    let history = whole.fit(&data, fit(3)).unwrap();
    for stop in [3, 8, 13] {
        let path = folder.path().join(format!("{stop}"));
        let (mut keeper, mut stopper) = (Checkpoint::new(&path), Stop(stop));
        let stopped = fit(3).callback(&mut stopper).callback(&mut keeper);
        trainer().fit(&data, stopped).unwrap();
        let mut resumed = trainer();
        let again = resumed.fit(&data, fit(3).resume(&path)).unwrap();
        assert_eq!(again, history);
        assert!(bytes(&resumed) == bytes(&whole));
        assert_eq!(resumed.state("lstm/c"), whole.state("lstm/c"));
    }
}

#[test]
fn a_checkpoint_by_hand_holds_what_is_carried() {
    let data = series();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let batch = |number: usize| {
        let rows: Vec<usize> = (6 * number..6 * number + 6).collect();
        data.select(&rows)
    };
    let trainer = || {
        network("simple_rnn", 4, true)
            .compile(compile(0.1))
            .unwrap()
    };
    let mut whole = trainer();
    whole.train_on_batch(&batch(0)).unwrap();
    whole
        .save_checkpoint(&path, serde_json::json!("here"))
        .unwrap();
    whole.train_on_batch(&batch(1)).unwrap();
    let mut resumed = trainer();
    assert_eq!(resumed.resume_from(&path).unwrap(), "here");
    resumed.train_on_batch(&batch(1)).unwrap();
    assert!(bytes(&resumed) == bytes(&whole));
    assert_eq!(resumed.state("simple_rnn/h"), whole.state("simple_rnn/h"));
    // A checkpoint is a model, too; its states are the training's.
    let loaded = Network::load(&path).unwrap();
    assert!(loaded.has_architecture_of(&whole));
    // Before the first batch there is nothing to hold.
    whole.reset_states();
    whole
        .save_checkpoint(&path, serde_json::Value::Null)
        .unwrap();
    resumed.resume_from(&path).unwrap();
    assert_eq!(resumed.state("simple_rnn/h"), None);
}

#[test]
fn a_file_keeps_that_a_layer_is_stateful() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let mut trainer = network("gru", 4, true).compile(compile(0.1)).unwrap();
    trainer.fit(&series(), fit(1)).unwrap();
    trainer.save(&path).unwrap();
    let mut loaded = Trainer::load(&path).unwrap();
    assert_eq!(loaded.state_names().next(), Some("gru/h"));
    assert_eq!(loaded.state("gru/h"), None);
    loaded.fit(&series(), fit(1)).unwrap();
    trainer.fit(&series(), fit(1)).unwrap();
    assert_eq!(
        loaded.parameter("gru/kernel"),
        trainer.parameter("gru/kernel")
    );
}

#[test]
fn a_source_carries_on_as_data_does() {
    struct Windows(Dataset);

    impl Source for Windows {
        fn steps(&self, _: usize) -> usize {
            self.0.samples() / 6
        }

        fn batch(&mut self, step: u64) -> Result<Option<Dataset>, Error> {
            let first = step as usize * 6 % self.0.samples();
            let rows: Vec<usize> = (first..first + 6).collect();
            Ok(Some(self.0.select(&rows)))
        }
    }

    let trainer = || network("lstm", 4, true).compile(compile(0.1)).unwrap();
    let [mut of_data, mut of_source] = [trainer(), trainer()];
    of_data.fit(&series(), fit(2)).unwrap();
    of_source
        .fit(&mut Windows(series()), Fit::epochs(2))
        .unwrap();
    assert!(bytes(&of_data) == bytes(&of_source));
}

/// The sum of all steps there have been: a carried value without a recurrent layer.
#[derive(Debug)]
struct Sum;

impl Layer for Sum {
    fn kind(&self) -> &'static str {
        "sum"
    }

    fn configuration(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn emit(&self, inputs: &[Value], emit: &mut Emit<'_>) -> Result<Vec<Value>, BuildError> {
        let (input, shape) = emit.single_input(inputs)?;
        let shape = shape.clone();
        let before = emit.carried("sum", shape)?;
        let sum = emit.op(ops::Add, &[before, input], &[])?;
        emit.carry(before, sum)?;
        Ok(vec![sum])
    }
}

#[test]
fn a_layer_of_ones_own_carries_what_it_likes() {
    let trainer = || {
        Sequential::new([2])
            .add(Sum)
            .add(Dense::new(1))
            .compile(compile(0.1))
            .unwrap()
    };
    let mut own = trainer();
    let batch = |value: f32| {
        let inputs = Tensor::new([3, 2], vec![value; 6]).unwrap();
        Dataset::values(inputs, Tensor::zeros([3, 1])).unwrap()
    };
    for (value, sum) in [(1.0, 1.0), (2.0, 3.0), (-5.0, -2.0)] {
        own.train_on_batch(&batch(value)).unwrap();
        assert_eq!(own.state("sum/sum").unwrap().data(), [sum; 6]);
    }
    let zeros = Tensor::zeros([3, 2]);
    own.set_state("sum/sum", &zeros).unwrap();
    own.train_on_batch(&batch(4.0)).unwrap();
    assert_eq!(own.state("sum/sum").unwrap().data(), [4.0; 6]);
    // In a stream it is carried, too.
    let mut stream = own.stream(3).unwrap();
    let sums = own.with_input_shape([2]).unwrap();
    let [once, twice] = [1.0, 2.0].map(|value| sums.predict(&batch(value)).unwrap());
    assert_eq!(stream.step(&batch(1.0)).unwrap(), &once);
    assert_eq!(stream.step(&batch(1.0)).unwrap(), &twice);
}
