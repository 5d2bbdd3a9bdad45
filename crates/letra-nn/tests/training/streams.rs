//! Networks asked step by step.

use letra_nn::layers::{Gru, Lstm, SimpleRnn};
use letra_nn::prelude::*;

fn values(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 37) % 101) as f32 / 101.0 - 0.5)
        .collect()
}

/// Three recurrent layers, none of which is stateful.
fn network() -> Network {
    Sequential::new([12, 3])
        .add(Lstm::new(9).return_sequences(true))
        .add(Gru::new(8).return_sequences(true))
        .add(SimpleRnn::new(7).return_sequences(true))
        .add(Dense::new(4))
        .build(3)
        .unwrap()
}

/// Step `step` of sequences, as sequences of one step.
fn step_of(sequences: &Tensor, step: usize) -> Tensor {
    let &[samples, _, features] = sequences.shape() else {
        panic!("{:?}", sequences.shape());
    };
    let rows = (0..samples).map(|sample| &sequences.sample(sample)[step * features..]);
    let values = rows.flat_map(|row| row[..features].to_vec()).collect();
    Tensor::new([samples, 1, features], values).unwrap()
}

#[test]
fn steps_one_by_one_are_the_whole_sequence_to_the_last_bit() {
    let network = network();
    for samples in [1, 2, 17] {
        let sequences = Tensor::new([samples, 12, 3], values(samples * 36)).unwrap();
        let whole = network.predict(&sequences).unwrap();
        let mut stream = network.stream(samples).unwrap();
        for round in 0..2 {
            for step in 0..12 {
                let answer = stream.step(&step_of(&sequences, step)).unwrap();
                assert_eq!(answer, &step_of(&whole, step), "round {round}, step {step}");
            }
            stream.reset();
        }
        // All at once, or some at a time.
        assert_eq!(stream.step(&sequences).unwrap(), &whole);
        stream.reset();
        for (from, to) in [(0, 1), (1, 6), (6, 8), (8, 12)] {
            let steps: Vec<Tensor> = (from..to).map(|step| step_of(&sequences, step)).collect();
            let part = together(&steps);
            let answer = stream.step(&part).unwrap().clone();
            for step in from..to {
                assert_eq!(step_of(&answer, step - from), step_of(&whole, step));
            }
        }
    }
}

/// Sequences of one step each as one of several.
fn together(steps: &[Tensor]) -> Tensor {
    let &[samples, _, features] = steps[0].shape() else {
        panic!("{:?}", steps[0].shape());
    };
    let rows = (0..samples).flat_map(|sample| steps.iter().map(move |step| step.sample(sample)));
    let values = rows.flat_map(<[f32]>::to_vec).collect();
    Tensor::new([samples, steps.len(), features], values).unwrap()
}

#[test]
fn streams_do_not_disturb_each_other() {
    let network = network();
    let sequences = Tensor::new([6, 12, 3], values(6 * 36)).unwrap();
    let alone = |sample: usize| {
        let own = sequences.select(&[sample]);
        let mut stream = network.stream(1).unwrap();
        let steps = (0..12).map(|step| stream.step(&step_of(&own, step)).unwrap().clone());
        steps.collect::<Vec<Tensor>>()
    };
    let wanted: Vec<Vec<Tensor>> = (0..6).map(alone).collect();
    // Six threads, a stream each.
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|sample| scope.spawn(move || alone(sample)))
            .collect();
        for (thread, wanted) in threads.into_iter().zip(&wanted) {
            assert_eq!(&thread.join().unwrap(), wanted);
        }
    });
    // A clone goes on from the same place.
    let own = sequences.select(&[2]);
    let mut stream = network.stream(1).unwrap();
    (0..5).for_each(|step| drop(stream.step(&step_of(&own, step)).unwrap().clone()));
    let mut other = stream.clone();
    stream.step(&Tensor::zeros([1, 1, 3])).unwrap();
    assert_eq!(other.step(&step_of(&own, 5)).unwrap(), &wanted[2][5]);
}

#[test]
fn states_are_read_and_set() {
    let network = network();
    let own = Tensor::new([1, 12, 3], values(36)).unwrap();
    let mut stream = network.stream(1).unwrap();
    let names: Vec<String> = stream.state_names().map(str::to_owned).collect();
    assert_eq!(names, ["lstm/h", "lstm/c", "gru/h", "simple_rnn/h"]);
    assert_eq!(stream.state("lstm/c"), Some(Tensor::zeros([1, 9])));
    assert_eq!(stream.state("dense/h"), None);
    stream.step(&own).unwrap();
    let mut other = network.stream(1).unwrap();
    for name in &names {
        other.set_state(name, &stream.state(name).unwrap()).unwrap();
    }
    let next = Tensor::zeros([1, 1, 3]);
    assert_eq!(other.step(&next).unwrap(), stream.step(&next).unwrap());
}

#[test]
fn a_stream_answers_with_the_weights_as_they_are() {
    let mut trainer = Sequential::new([4, 3])
        .add(Lstm::new(5).stateful(true))
        .add(Dense::new(3))
        .compile(Compile::new(Sgd::new(0.5)).seed(1))
        .unwrap();
    let step = Tensor::new([2, 1, 3], values(6)).unwrap();
    let mut stream = trainer.stream(2).unwrap();
    let before = stream.step(&step).unwrap().clone();
    // Of logits, probabilities.
    assert!((before.sample(0).iter().sum::<f32>() - 1.0).abs() < 1e-6);
    let data = Dataset::classes(Tensor::new([8, 4, 3], values(96)).unwrap(), vec![1; 8], 3);
    trainer
        .fit(&data.unwrap(), Fit::epochs(2).batch_size(4))
        .unwrap();
    stream.reset();
    let after = stream.step(&step).unwrap().clone();
    assert_ne!(before, after);
    let short = trainer.with_input_shape([1, 3]).unwrap();
    assert_eq!(short.predict(&step).unwrap(), after);
    // A layer that is stateful answers to predict as one that is not.
    assert_eq!(short.predict(&step).unwrap(), after);
}

#[test]
fn padding_leaves_the_states_as_they_are() {
    let network = Sequential::new([4])
        .add(Embedding::new(6, 5).mask_zero(true))
        .add(Lstm::new(5))
        .add(Dense::new(2))
        .build(1)
        .unwrap();
    let numbers = |all: &[u32]| Tensor::from_integers([1, all.len()], all).unwrap();
    let mut stream = network.stream(1).unwrap();
    stream.step(&numbers(&[3, 1])).unwrap();
    let state = stream.state("lstm/h");
    stream.step(&numbers(&[0])).unwrap();
    assert_eq!(stream.state("lstm/h"), state);
    let answer = stream.step(&numbers(&[5])).unwrap().clone();
    assert_eq!(answer, network.predict(&numbers(&[3, 1, 0, 5])).unwrap());
}

#[test]
fn a_network_for_other_shapes_has_the_same_weights() {
    let network = network();
    let short = network.with_input_shape([5, 3]).unwrap();
    assert!(short.weights().is_same(&network.weights()));
    assert_eq!(short.output_shape(), [5, 4]);
    let sequences = Tensor::new([2, 12, 3], values(72)).unwrap();
    let cut: Vec<Tensor> = (0..5).map(|step| step_of(&sequences, step)).collect();
    let given = short.predict(&together(&cut)).unwrap();
    let whole = network.predict(&sequences).unwrap();
    for step in 0..5 {
        assert_eq!(step_of(&given, step), step_of(&whole, step));
    }
    // Convolutions do not mind the size of a picture.
    let pictures = Sequential::new([8, 8, 1])
        .add(Conv2d::new(2, 3))
        .add(GlobalAveragePool2d::new())
        .build(1)
        .unwrap();
    let large = pictures.with_input_shape([20, 30, 1]).unwrap();
    assert_eq!(
        large
            .predict(&Tensor::zeros([1, 20, 30, 1]))
            .unwrap()
            .shape(),
        [1, 2]
    );
}

/// Numbers of letters that go round: 0, 1, 2, 3, 4, 0, 1, …
fn reader() -> Trainer {
    let text: Vec<u32> = (0..241).map(|i| i % 5).collect();
    let data = Dataset::next_step_classes(&text, 5, 4, 6).unwrap();
    let mut reader = Sequential::new([6])
        .add(Embedding::new(5, 8))
        .add(Lstm::new(16).return_sequences(true).stateful(true))
        .add(Dense::new(5))
        .compile(Compile::new(Adam::new(0.03)).seed(1))
        .unwrap();
    reader.fit(&data, Fit::epochs(30).batch_size(4)).unwrap();
    reader
}

#[test]
fn what_was_learnt_is_generated() {
    let reader = reader();
    let coldest = Sampling::new().temperature(0.0);
    let more = reader.generate(&[2, 3], 12, &coldest).unwrap();
    assert_eq!(more, [4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0]);
    // A stream goes on where it stands.
    let mut stream = reader.stream(1).unwrap();
    let first = stream.generate(&[2, 3], 4, &coldest).unwrap();
    let then = stream.generate(&first[3..], 8, &coldest).unwrap();
    assert_eq!([first, then].concat(), more);
    // One seed, one text; another, another.
    let hot = |seed: u64| Sampling::new().temperature(3.0).seed(seed);
    let text = |seed| reader.generate(&[1], 60, &hot(seed)).unwrap();
    assert_eq!(text(4), text(4));
    assert_ne!(text(4), text(5));
    assert_eq!(
        reader.generate(&[1], 60, &hot(4).top_k(1)).unwrap()[..3],
        [2, 3, 4]
    );
    assert!(text(4).iter().all(|&class| class < 5));
    assert!(reader.generate(&[1], 0, &hot(4)).unwrap().is_empty());
}

#[test]
fn one_hot_rows_are_fed_back_too() {
    let network = Sequential::new([3, 4])
        .add(Gru::new(6))
        .add(Dense::new(4).softmax())
        .build(5)
        .unwrap();
    let sampling = Sampling::new().temperature(0.0);
    let mut chosen = vec![1];
    let mut stream = network.stream(1).unwrap();
    for _ in 0..6 {
        let row = one_hot(&chosen[chosen.len() - 1..], 4).unwrap();
        let answer = stream.step(&row.reshape([1, 1, 4]).unwrap()).unwrap();
        let most = answer.data().iter().copied().fold(f32::MIN, f32::max);
        chosen.push(answer.data().iter().position(|&p| p == most).unwrap() as u32);
    }
    assert_eq!(network.generate(&[1], 6, &sampling).unwrap(), chosen[1..]);
}

#[test]
fn a_damped_sine_goes_on_by_itself() {
    let wave = |i: usize| (i as f32 * 0.3).sin() * (-0.01 * i as f32).exp();
    let series = Tensor::new([121, 1], (0..121).map(wave).collect()).unwrap();
    let data = Dataset::next_step_values(&series, 1, 20).unwrap();
    let mut network = Sequential::new([20, 1])
        .add(Lstm::new(16).return_sequences(true).stateful(true))
        .add(Dense::new(1))
        .compile(Compile::new(Adam::new(0.01)).loss(MeanSquaredError).seed(1))
        .unwrap();
    network.fit(&data, Fit::epochs(150).batch_size(1)).unwrap();
    let prompt = Tensor::new([60, 1], (0..60).map(wave).collect()).unwrap();
    let more = network
        .stream(1)
        .unwrap()
        .generate_values(&prompt, 20)
        .unwrap();
    for (index, value) in more.data().iter().enumerate() {
        assert!((value - wave(60 + index)).abs() < 0.15, "{:?}", more.data());
    }
}
