//! Nothing is silent while training: weights, gradients and predictions that are infinite or no number
//! show, also behind inputs that are mostly zero, in every loss and every optimizer.
//! `tests/gradients/not_finite.rs` walks the ops.

use letra_nn::prelude::*;

use super::instruction_sets::losses;
use super::optimizers::compiles;
use super::sparse_inputs::ink;

const BAD: [f32; 2] = [f32::NAN, f32::INFINITY];
/// Values of a row of [`ink`].
const WIDTH: usize = 131;
/// Widths on both sides of what is computed at once for the whole batch.
const UNITS: [usize; 4] = [9, 40, 150, 301];

/// Mostly zero, and nothing but zeros in some columns.
fn blank_columns(samples: usize, blank: &[usize]) -> Dataset {
    let mut inputs = ink(samples).inputs().clone();
    for row in inputs.data_mut().chunks_exact_mut(WIDTH) {
        blank.iter().for_each(|column| row[*column] = 0.0);
    }
    ink(samples).with_inputs(inputs).unwrap()
}

fn set(network: &mut Trainer, name: &str, change: impl FnOnce(&mut [f32])) {
    let mut values = network.parameter(name).unwrap();
    change(values.data_mut());
    network.set_parameter(name, &values).unwrap();
}

#[test]
fn a_weight_that_meets_only_zeros_ends_the_training() {
    let blank = [0, 64, WIDTH - 1];
    for units in UNITS {
        for (samples, batch) in [(3, 3), (140, 70), (300, 300)] {
            let data = blank_columns(samples, &blank);
            for (column, unit) in blank.into_iter().zip([0, units / 2, units - 1]) {
                for bad in BAD {
                    let network = Sequential::new([WIDTH]).add(Dense::new(units).tanh());
                    let compile = Compile::new(Sgd::new(0.1)).threads(1);
                    let mut network = network.add(Dense::new(3)).compile(compile).unwrap();
                    set(&mut network, "dense/kernel", |kernel| {
                        kernel[column * units + unit] = bad;
                    });
                    let error = network
                        .fit(&data, Fit::epochs(1).batch_size(batch))
                        .unwrap_err();
                    let error = error.to_string();
                    assert!(
                        error.contains("dense"),
                        "{units}, {samples}, {bad}: {error}"
                    );
                }
            }
        }
    }
}

/// What is finite may have a gradient that is not: here an error of −1000 comes back by way of a weight
/// of 3·10³⁸.
fn with_an_infinite_gradient(
    inputs: usize,
    units: usize,
    unit: usize,
    compile: Compile,
) -> Trainer {
    let network = Sequential::new([inputs])
        .add(Dense::new(units).kernel_initializer(Initializer::zeros()))
        .add(Dense::new(1).kernel_initializer(Initializer::zeros()));
    let compile = compile.loss(SumSquaredError).threads(1);
    let mut network = network.compile(compile).unwrap();
    set(&mut network, "dense_1/kernel", |kernel| kernel[unit] = 3e38);
    network
}

#[test]
fn an_infinite_gradient_reaches_the_weights_that_meet_only_zeros() {
    for units in UNITS {
        for samples in [3, 140, 300] {
            let data = blank_columns(samples, &[0, 64, WIDTH - 1]);
            let targets = Tensor::new([samples, 1], vec![1000.0; samples]).unwrap();
            let data = data.with_targets(Targets::Values(targets)).unwrap();
            for unit in [0, units / 2, units - 1] {
                let compile = Compile::new(Sgd::new(0.1));
                let mut network = with_an_infinite_gradient(WIDTH, units, unit, compile);
                network
                    .fit(&data, Fit::epochs(1).batch_size(samples))
                    .unwrap();
                let kernel = network.parameter("dense/kernel").unwrap();
                for (input, weights) in kernel.data().chunks_exact(units).enumerate() {
                    let weight = weights[unit];
                    assert!(
                        !weight.is_finite(),
                        "{units}, {samples}: {weight} of input {input}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_gradient_that_is_not_finite_shows_after_a_step_of_every_optimizer() {
    for (what, compile) in compiles() {
        let mut network = with_an_infinite_gradient(2, 3, 1, compile);
        // Of the two gradients of the unit's kernel the first is 0 · ∞, the second −∞.
        let inputs = Tensor::new([1, 2], vec![0.0, 1.0]).unwrap();
        let targets = Tensor::new([1, 1], vec![1000.0]).unwrap();
        let batch = Dataset::values(inputs, targets).unwrap();
        // Those that measure first change nothing in their first steps.
        for step in 0..8 {
            let trained = network.train_on_batch(&batch);
            assert!(step > 0 || trained.is_ok(), "{what}: {trained:?}");
        }
        let kernel = network.parameter("dense/kernel").unwrap();
        let [first, second] = [1, 4].map(|place| kernel.data()[place]);
        assert!(!first.is_finite(), "{what}: {first}");
        // Clipped, an infinite gradient is as large as it may be.
        let clipped = what == "clip_value";
        assert!(clipped || !second.is_finite(), "{what}: {second}");
    }
}

#[test]
fn a_prediction_that_is_not_finite_shows_in_every_loss() {
    for (what, compile) in losses() {
        let network = Sequential::new([2]).add(Dense::new(4));
        let mut network = network.compile(compile.threads(1)).unwrap();
        let inputs = Tensor::new([3, 2], vec![0.0; 6]).unwrap();
        let batch = Dataset::values(inputs, one_hot(&[0, 1, 3], 4).unwrap()).unwrap();
        for unit in 0..4 {
            let mut bias = vec![0.25; 4];
            bias[unit] = f32::NAN;
            let bias = Tensor::new([4], bias).unwrap();
            network.set_parameter("dense/bias", &bias).unwrap();
            let error = network.gradients(&batch).unwrap_err().to_string();
            assert!(error.contains("dense"), "{what}, unit {unit}: {error}");
        }
    }
}
