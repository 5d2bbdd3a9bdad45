//! A data set that is mostly zero is held as its non-zero values, and no result shows it.

use letra_nn::prelude::*;

use super::data::bytes;

/// Rows of 131 values, of which one in six or fewer are non-zero; the place of most is the class.
pub(crate) fn ink(samples: usize) -> Dataset {
    const WIDTH: usize = 131;
    let mut values = vec![0.0; samples * WIDTH];
    let mut labels = Vec::new();
    for (index, row) in values.chunks_exact_mut(WIDTH).enumerate() {
        let class = index * 5 % 3;
        for stroke in 0..20 {
            let place = (class * 40 + (index * 13 + stroke * 29) % 60) % WIDTH;
            row[place] = ((index + stroke * 7) % 11) as f32 / 10.0 - 0.3;
        }
        labels.push(class as u32);
    }
    Dataset::classes(Tensor::new([samples, WIDTH], values).unwrap(), labels, 3).unwrap()
}

pub(crate) fn networks() -> Vec<Sequential> {
    let one = |units| Sequential::new([131]).add(Dense::new(units).use_bias(units % 2 == 0).tanh());
    let mut networks: Vec<Sequential> = [1, 5, 8, 9, 40, 150, 301]
        .map(|units| one(units).add(Dense::new(3)))
        .into();
    networks.push(Sequential::new([131]).add(Dense::new(3)));
    // A layer that cannot read it so gets it as it is.
    networks.push(one(9).add(GaussianNoise::new(0.0)).add(Dense::new(3)));
    networks.push(
        Sequential::new([131])
            .add(Maxout::new(20, 2))
            .add(Dense::new(3)),
    );
    networks
}

pub(crate) fn compiled(network: &Sequential, threads: usize) -> Trainer {
    let compile = Compile::new(Sgd::new(0.1).momentum(0.5)).metric(Accuracy);
    network
        .clone()
        .compile(compile.seed(3).threads(threads))
        .unwrap()
}

#[test]
fn a_training_has_the_bits_of_its_batches_one_by_one() {
    for (number, network) in networks().iter().enumerate() {
        for (samples, batch) in [(1, 1), (70, 3), (70, 64), (300, 300), (300, 129)] {
            let data = ink(samples);
            let mut trained = compiled(network, 1);
            let fit = Fit::epochs(2).batch_size(batch).shuffle(false);
            trained.fit(&data, fit).unwrap();
            let (mut stepped, mut by_hand) = (compiled(network, 2), compiled(network, 1));
            let order: Vec<usize> = (0..samples).collect();
            for rows in order.chunks(batch).chain(order.chunks(batch)) {
                let batch = data.select(rows);
                stepped.train_on_batch(&batch).unwrap();
                let gradients = by_hand.gradients(&batch).unwrap();
                by_hand.apply(&gradients).unwrap();
            }
            let what = format!("network {number}, {samples} samples by {batch}");
            for (trained, stepped) in trained.parameters().zip(stepped.parameters()) {
                assert!(trained == stepped, "{what}: {}", trained.name);
            }
            for (stepped, by_hand) in stepped.parameters().zip(by_hand.parameters()) {
                assert!(stepped == by_hand, "{what}, by hand: {}", stepped.name);
            }
        }
    }
}

/// Noise of no size in front reads the input as it is.
#[test]
fn shuffled_batches_give_what_they_give_behind_another_layer() {
    let data = ink(300);
    for units in [3, 9, 150] {
        let dense = || Dense::new(units).tanh();
        let sparse = Sequential::new([131]).add(dense()).add(Dense::new(3));
        let front = Sequential::new([131]).add(GaussianNoise::new(0.0));
        let (mut sparse, mut full) = (
            compiled(&sparse, 1),
            compiled(&front.add(dense()).add(Dense::new(3)), 1),
        );
        let names = [
            "dense/kernel",
            "dense/bias",
            "dense_1/kernel",
            "dense_1/bias",
        ];
        for name in names {
            let values = sparse.parameter(name).unwrap();
            full.set_parameter(name, &values).unwrap();
        }
        for network in [&mut sparse, &mut full] {
            network.fit(&data, Fit::epochs(2).batch_size(64)).unwrap();
        }
        for name in names {
            let [left, right] = [&sparse, &full].map(|network| network.parameter(name).unwrap());
            for (left, right) in left.data().iter().zip(right.data()) {
                assert!(
                    (left - right).abs() < 1e-4,
                    "{units}, {name}: {left}, {right}"
                );
            }
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for network in &networks() {
        for batch in [3, 70, 300] {
            let data = ink(300);
            let trained = |threads| {
                let mut network = compiled(network, threads);
                network
                    .fit(&data, Fit::epochs(2).batch_size(batch))
                    .unwrap();
                bytes(&network)
            };
            let one = trained(1);
            assert!(trained(2) == one && trained(3) == one);
        }
    }
}

#[test]
fn an_undefined_value_among_zeros_ends_the_training() {
    let mut inputs = ink(70).inputs().clone();
    inputs.data_mut()[69 * 131] = f32::NAN;
    let data = ink(70).with_inputs(inputs).unwrap();
    let mut network = compiled(&networks()[4], 1);
    let error = network
        .fit(&data, Fit::epochs(2).batch_size(70))
        .unwrap_err();
    assert!(error.to_string().contains("sample 69"), "{error}");
}
