//! Networks on the same weights, parts of networks, and many that ask one at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use letra_nn::prelude::*;

use super::data::{bytes, quadrants};

fn trainer(threads: usize) -> Trainer {
    Sequential::new([8, 8, 1])
        .add(Flatten)
        .add(Dense::new(8).tanh())
        .add(BatchNormalization::new())
        .add(Dense::new(4))
        .compile(Compile::new(Adam::new(0.02)).seed(3).threads(threads))
        .unwrap()
}

#[test]
fn a_network_on_the_weights_of_another_answers_with_what_that_learns() {
    let (mut trainer, data) = (trainer(2), quadrants(60));
    let other = Sequential::new([8, 8, 1])
        .add(Flatten)
        .add(Dense::new(8).tanh())
        .add(BatchNormalization::new())
        .add(Dense::new(4).softmax())
        .build_on(&trainer)
        .unwrap();
    assert!(other.weights().is_same(&trainer.weights()));
    let before = other.predict(data.inputs()).unwrap();
    assert_eq!(before, trainer.predict(data.inputs()).unwrap());
    let revision = other.weights().revision();
    trainer.fit(&data, Fit::epochs(2)).unwrap();
    assert!(other.weights().revision() > revision);
    let after = other.predict(data.inputs()).unwrap();
    assert_ne!(before, after);
    assert_eq!(after, trainer.predict(data.inputs()).unwrap());
}

#[test]
fn parts_of_a_network_do_what_the_whole_does() {
    let (mut trainer, data) = (trainer(2), quadrants(60));
    let front = trainer
        .subnetwork(&["input"], &["batch_normalization"])
        .unwrap();
    let back = trainer
        .subnetwork(&["batch_normalization"], &["dense_1"])
        .unwrap();
    trainer.fit(&data, Fit::epochs(2)).unwrap();
    let inner = front.predict(data.inputs()).unwrap();
    assert_eq!(
        back.predict(&inner).unwrap(),
        trainer.predict(data.inputs()).unwrap()
    );
    assert_eq!(front.parameters().count(), 6);
    // A part is saved and loaded as any network.
    let again = Network::from_bytes("a part", &front.to_bytes().unwrap()).unwrap();
    assert_eq!(again.predict(data.inputs()).unwrap(), inner);
}

#[test]
fn a_part_that_learns_changes_its_own_weights_alone() {
    let (trainer, data) = (trainer(2), quadrants(40));
    let front = trainer.subnetwork(&["input"], &["dense"]).unwrap();
    let before = trainer.parameters().collect::<Vec<_>>();
    let compile = Compile::new(Sgd::new(0.1)).loss(MeanSquaredError).seed(1);
    let mut learner = front.compile(compile).unwrap();
    let goal = Dataset::values(data.inputs().clone(), Tensor::zeros([40, 8])).unwrap();
    learner.fit(&goal, Fit::epochs(1)).unwrap();
    for (before, after) in before.iter().zip(trainer.parameters()) {
        let is_own = before.name.starts_with("dense/");
        assert_eq!(before.values == after.values, !is_own, "{}", after.name);
    }
}

#[test]
fn a_part_of_a_graph_has_all_that_it_reads() {
    let mut model = Model::new();
    let (left, right) = (model.input([3]), model.input([3]));
    let first = model.layer(Dense::new(4).tanh(), [left]);
    let second = model.again(first, [right]);
    let both = model.layer(Concatenate, [first, second]);
    let last = model.layer(Dense::new(2), [both]);
    let network = model.outputs([last]).build(5).unwrap();
    let tensor = |seed: usize| {
        let values = (0..12).map(|i| ((i * seed) % 5) as f32 - 2.0);
        Tensor::new([4, 3], values.collect()).unwrap()
    };
    let inputs = [tensor(3), tensor(7)];
    let tower = network.subnetwork(&["input_2"], &["dense (2)"]).unwrap();
    let same = network.subnetwork(&["input_1"], &["dense"]).unwrap();
    assert_eq!(
        tower.predict(&inputs[1]).unwrap(),
        same.predict(&inputs[1]).unwrap()
    );
    let towers = network
        .subnetwork(&["input_1", "input_2"], &["dense", "dense (2)"])
        .unwrap();
    let top = network
        .subnetwork(&["dense", "dense (2)"], &["dense_1"])
        .unwrap();
    let codes: [Tensor; 2] = towers.predict_all(&inputs).unwrap().try_into().unwrap();
    assert_eq!(
        top.predict(&codes).unwrap(),
        network.predict(&inputs).unwrap()
    );
}

#[test]
fn many_threads_ask_one_network_and_get_the_same_bits() {
    for threads in [1, 2] {
        let (trainer, data) = (trainer(threads), quadrants(700));
        let wanted = trainer.predict(data.inputs()).unwrap();
        let one = data.select(&[17]).inputs().clone();
        let of_one = trainer.predict(&one).unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..30 {
                        assert_eq!(trainer.predict(data.inputs()).unwrap(), wanted);
                        assert_eq!(trainer.predict(&one).unwrap(), of_one);
                    }
                });
            }
        });
    }
}

#[test]
fn an_answer_comes_from_the_weights_of_one_moment() {
    let network = Sequential::new([3]).add(Dense::new(64)).build(0).unwrap();
    let weights = network.weights();
    let all = |value: f32| Tensor::new([3, 64], vec![value; 192]).unwrap();
    weights.set("dense/kernel", &all(1.0)).unwrap();
    let (input, done) = (
        Tensor::new([1, 3], vec![1.0; 3]).unwrap(),
        AtomicBool::new(false),
    );
    thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 0..2000 {
                let value = [1.0, 2.0][turn % 2];
                weights.set("dense/kernel", &all(value)).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let answer = network.predict(&input).unwrap();
            let first = answer.data()[0];
            assert!(first == 3.0 || first == 6.0);
            assert!(answer.data().iter().all(|value| *value == first));
        }
    });
}

#[test]
fn trainers_share_workers_and_learn_at_once() {
    let data = quadrants(80);
    let alone = |seed: u64, workers: Option<Workers>| {
        let compile = Compile::new(Adam::new(0.02)).seed(seed);
        let compile = match workers {
            Some(workers) => compile.workers(workers),
            None => compile.threads(1),
        };
        let layers = Sequential::new([8, 8, 1])
            .add(Flatten)
            .add(Dense::new(8).tanh())
            .add(Dense::new(4));
        let mut trainer = layers.compile(compile).unwrap();
        trainer.fit(&data, Fit::epochs(5)).unwrap();
        bytes(&trainer)
    };
    let wanted: Vec<_> = (0..4).map(|seed| alone(seed, None)).collect();
    let workers = Workers::new(2).unwrap();
    let found: Vec<_> = thread::scope(|scope| {
        let trainings: Vec<_> = (0..4)
            .map(|seed| {
                let (alone, workers) = (&alone, workers.clone());
                scope.spawn(move || alone(seed, Some(workers)))
            })
            .collect();
        trainings
            .into_iter()
            .map(|one| one.join().unwrap())
            .collect()
    });
    assert!(wanted == found);
}

#[test]
fn a_network_answers_while_it_learns() {
    let (mut trainer, data) = (trainer(2), quadrants(200));
    let network = trainer.subnetwork(&["input"], &["dense_1"]).unwrap();
    let mut undisturbed = self::trainer(2);
    undisturbed.fit(&data, Fit::epochs(8)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let answer = network.predict(data.inputs()).unwrap();
                assert!(answer.data().iter().all(|value| value.is_finite()));
            }
        });
        trainer.fit(&data, Fit::epochs(8)).unwrap();
        done.store(true, Ordering::Release);
    });
    assert!(bytes(&trainer) == bytes(&undisturbed));
}
