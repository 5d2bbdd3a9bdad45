//! Penalties on what layers give, and demands on biases.

use letra_nn::prelude::*;

use super::data::{bytes, quadrants};

fn close(found: f64, wanted: f64) {
    let tolerance = 1e-5 * wanted.abs().max(1.0);
    assert!((found - wanted).abs() < tolerance, "{found} for {wanted}");
}

fn compile() -> Compile {
    Compile::new(Sgd::new(0.1)).loss(SumSquaredError).seed(6)
}

fn dense(activity: Option<Regularizer>) -> Trainer {
    let layer = Dense::new(2).tanh();
    let layer = match activity {
        Some(regularizer) => layer.activity_regularizer(regularizer),
        None => layer,
    };
    Sequential::new([3]).add(layer).compile(compile()).unwrap()
}

fn batch() -> Dataset {
    let inputs = Tensor::new([2, 3], vec![0.5, -1.0, 2.0, 1.0, 0.25, -0.5]).unwrap();
    let targets = Tensor::new([2, 2], vec![1.0, 0.0, 0.0, 1.0]).unwrap();
    Dataset::values(inputs, targets).unwrap()
}

/// The loss grows by the mean over the samples of λ₁ Σ|y| + λ₂ Σy², in training and evaluation.
#[test]
fn a_penalty_on_outputs_is_part_of_the_loss() {
    let batch = batch();
    let (l1, l2) = (0.3, 0.2);
    let plain = dense(None);
    let mut penalized = dense(Some(Regularizer::l1_l2(l1, l2)));
    let outputs = plain.predict(batch.inputs()).unwrap();
    assert_eq!(penalized.predict(batch.inputs()).unwrap(), outputs);
    let penalty = |y: &f32| f64::from(l1 * y.abs() + l2 * y * y);
    let penalty = outputs.data().iter().map(penalty).sum::<f64>() / 2.0;
    assert!(penalty > 0.1);
    let loss = plain.evaluate(&batch).unwrap().loss + penalty;
    close(penalized.evaluate(&batch).unwrap().loss, loss);
    close(penalized.back_propagate(&batch).unwrap().loss, loss);
    close(penalized.gradients(&batch).unwrap().loss(), loss);
    let history = penalized.fit(&batch, Fit::epochs(1).batch_size(2)).unwrap();
    close(history.last().unwrap().loss(), loss);
}

/// δ = (2 (y − t) + (λ₁ sign y + 2 λ₂ y) / samples) (1 − y²), and ∂W = xᵀ δ.
#[test]
fn its_gradient_is_that_of_the_formula() {
    let batch = batch();
    let (l1, l2) = (0.3, 0.2);
    let mut network = dense(Some(Regularizer::l1_l2(l1, l2)));
    let outputs = network.predict(batch.inputs()).unwrap().into_data();
    let targets = [1.0, 0.0, 0.0, 1.0];
    let deltas: Vec<f32> = outputs
        .iter()
        .zip(targets)
        .map(|(y, t)| {
            let penalty = (l1 * y.signum() + 2.0 * l2 * y) / 2.0;
            (2.0 * (y - t) + penalty) * (1.0 - y * y)
        })
        .collect();
    let inputs = batch.inputs().data();
    let found = network.gradients(&batch).unwrap();
    let kernel = found.get("dense/kernel").unwrap();
    for (index, found) in kernel.data().iter().enumerate() {
        let (input, unit) = (index / 2, index % 2);
        let wanted = inputs[input] * deltas[unit] + inputs[3 + input] * deltas[2 + unit];
        close(f64::from(*found), f64::from(wanted));
    }
}

/// Penalties in the middle of a network: before and after a layer that needs the whole batch, on a
/// layer's output that several read, and on one that is an output itself.
fn deep() -> Model {
    let mut model = Model::new();
    let input = model.input([6, 6, 1]);
    let penalty = Regularizer::l1_l2(0.02, 0.05);
    let first = Conv2d::new(3, 3).tanh().activity_regularizer(penalty);
    let first = model.layer(first, [input]);
    let normal = model.layer(BatchNormalization::new(), [first]);
    let both = model.layer(letra_nn::layers::Add, [first, normal]);
    let flat = model.layer(Flatten, [both]);
    let sparse = model.layer(ActivityRegularization::new(penalty), [flat]);
    let last = Dense::new(2).activity_regularizer(Regularizer::l2(0.5));
    let last = model.layer(last, [sparse]);
    model.outputs([last])
}

fn pictures(samples: usize) -> Dataset {
    let value = |i: usize| ((i * 37) % 23) as f32 / 11.0 - 1.0;
    let inputs = Tensor::new([samples, 6, 6, 1], (0..samples * 36).map(value).collect());
    let targets = Tensor::new([samples, 2], (0..samples * 2).map(value).collect());
    Dataset::values(inputs.unwrap(), targets.unwrap()).unwrap()
}

#[test]
fn finite_differences_prove_the_gradient() {
    let batch = pictures(7);
    let mut network = deep().compile(compile()).unwrap();
    let gradients = network.gradients(&batch).unwrap();
    for name in ["conv2d/kernel", "conv2d/bias", "dense/kernel"] {
        let gradient = gradients.get(name).unwrap();
        let before = network.parameter(name).unwrap();
        for index in [0, gradient.data().len() / 2, gradient.data().len() - 1] {
            let mut loss = |step: f32| {
                let mut values = before.data().to_vec();
                values[index] += step;
                let moved = Tensor::new(before.shape(), values).unwrap();
                network.set_parameter(name, &moved).unwrap();
                let loss = network.gradients(&batch).unwrap().loss();
                network.set_parameter(name, &before).unwrap();
                loss
            };
            const STEP: f32 = 1e-2;
            let slope = (loss(STEP) - loss(-STEP)) / f64::from(2.0 * STEP);
            let found = f64::from(gradient.data()[index]);
            let difference = (slope - found).abs();
            assert!(
                difference < 5e-3 * slope.abs().max(1.0),
                "{name} {index}: {found} {slope}"
            );
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let data = pictures(90);
    let trained = |threads: usize| {
        let slow = Compile::new(Sgd::new(1e-3)).loss(MeanSquaredError);
        let mut network = deep().compile(slow.seed(6).threads(threads)).unwrap();
        let history = network.fit(&data, Fit::epochs(2).batch_size(40)).unwrap();
        let loss = network.evaluate(&data).unwrap().loss;
        (bytes(&network), history, loss)
    };
    let one = trained(1);
    for threads in [2, 3] {
        assert!(one == trained(threads), "{threads} threads");
    }
}

/// The mean over the samples does not depend on how they are cut into batches, without layers that
/// do.
#[test]
fn evaluation_has_the_loss_of_one_batch() {
    let data = quadrants(130);
    let network = |penalty: f32| {
        Sequential::new([8, 8, 1])
            .add(Flatten)
            .add(
                Dense::new(9)
                    .relu()
                    .activity_regularizer(Regularizer::l1(penalty)),
            )
            .add(Dense::new(4))
            .compile(Compile::new(Sgd::new(0.0)).seed(2))
            .unwrap()
    };
    let mut penalized = network(0.1);
    let loss = penalized.evaluate(&data).unwrap().loss;
    assert!(loss > network(0.0).evaluate(&data).unwrap().loss + 0.01);
    let history = penalized.fit(&data, Fit::epochs(1).batch_size(26)).unwrap();
    close(history.last().unwrap().loss(), loss);
}

/// A gradient that comes from outside meets the penalties on its way back, as those on weights.
#[test]
fn a_given_gradient_is_joined_by_the_penalty() {
    let batch = batch();
    let upstream = [Tensor::zeros([2, 2])];
    let mut network = dense(Some(Regularizer::l2(0.5)));
    let found = network.backward(batch.inputs(), &upstream).unwrap().0;
    assert!(
        found
            .get("dense/kernel")
            .unwrap()
            .data()
            .iter()
            .any(|&g| g != 0.0)
    );
    let found = dense(None).backward(batch.inputs(), &upstream).unwrap().0;
    assert!(
        found
            .get("dense/kernel")
            .unwrap()
            .data()
            .iter()
            .all(|&g| g == 0.0)
    );
}

#[test]
fn a_penalty_on_activities_makes_them_sparse() {
    let data = quadrants(120);
    let share = |penalty: f32| {
        let code = Dense::new(24)
            .relu()
            .activity_regularizer(Regularizer::l1(penalty));
        let mut network = Sequential::new([8, 8, 1])
            .add(Flatten)
            .add(code)
            .add(Dense::new(4))
            .compile(Compile::new(Adam::new(0.01)).seed(2))
            .unwrap();
        network.fit(&data, Fit::epochs(30).batch_size(20)).unwrap();
        let seen = network.layer_outputs(data.inputs()).unwrap();
        let codes = seen[1].output.data();
        let silent = codes.iter().filter(|&&value| value < 1e-3).count();
        silent as f64 / codes.len() as f64
    };
    let (without, with) = (share(0.0), share(0.05));
    assert!(
        with > without + 0.1,
        "{with} and {without} of the code are silent"
    );
}

/// A bias's penalty is in the loss and its gradient, and a limit is on the norm of all of it.
#[test]
fn demands_on_a_bias_are_met() {
    let batch = batch();
    let network = |layer: Dense| {
        let layer = layer.bias_initializer(Initializer::constant(0.5));
        Sequential::new([3]).add(layer).compile(compile()).unwrap()
    };
    let mut plain = network(Dense::new(2));
    let mut penalized = network(Dense::new(2).bias_regularizer(Regularizer::l1_l2(0.3, 0.2)));
    let penalty = 2.0 * (0.3 * 0.5 + 0.2 * 0.25);
    let loss = plain.evaluate(&batch).unwrap().loss + penalty;
    close(penalized.evaluate(&batch).unwrap().loss, loss);
    let [found, wanted] = [&mut penalized, &mut plain].map(|n| n.gradients(&batch).unwrap());
    close(found.loss(), loss);
    let of = |name| [&found, &wanted].map(|gradients| gradients.get(name).unwrap().into_data());
    let [kernel, same] = of("dense/kernel");
    assert_eq!(kernel, same, "the kernel is not penalized");
    let [bias, without] = of("dense/bias");
    for (found, without) in bias.iter().zip(without) {
        close(f64::from(*found), f64::from(without + 0.3 + 0.2));
    }
    let limit = Constraint::max_norm(0.25);
    let mut limited = network(Dense::new(2).bias_constraint(limit));
    limited.train_on_batch(&batch).unwrap();
    let bias = limited.parameter("dense/bias").unwrap();
    let norm = bias.data().iter().map(|w| w * w).sum::<f32>().sqrt();
    assert!((norm - 0.25).abs() < 1e-5, "{norm}");
}

#[test]
fn demands_on_biases_and_activities_are_saved() {
    let network = || {
        let penalty = Regularizer::l1_l2(0.25, 0.5);
        Sequential::new([8, 8, 1])
            .add(
                Conv2d::new(2, 3)
                    .bias_regularizer(penalty)
                    .bias_constraint(Constraint::max_norm(1.5))
                    .activity_regularizer(Regularizer::l1(0.125)),
            )
            .add(Flatten)
            .add(ActivityRegularization::new(penalty))
            .add(Dense::new(4))
            .compile(Compile::new(Sgd::new(0.01)))
            .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.letra");
    network().save(&path).unwrap();
    let mut loaded = Trainer::load(&path).unwrap();
    let mut original = network();
    assert!(bytes(&loaded) == bytes(&original));
    let data = quadrants(20);
    let losses = [&mut loaded, &mut original].map(|n| n.train_on_batch(&data).unwrap().loss);
    assert_eq!(losses[0], losses[1]);
    assert!(bytes(&loaded) == bytes(&original));
}

/// A layer at two places is penalized at both.
#[test]
fn a_layer_at_two_places_is_penalized_at_both() {
    let scores = |penalty: f32| {
        let mut model = Model::new();
        let (left, right) = (model.input([3]), model.input([3]));
        let layer = Dense::new(2).activity_regularizer(Regularizer::l2(penalty));
        let first = model.layer(layer, [left]);
        let second = model.again(first, [right]);
        let sum = model.layer(letra_nn::layers::Add, [first, second]);
        let network = model.outputs([sum]).compile(compile()).unwrap();
        let one = batch();
        let data = one.clone().and_input(one.inputs().clone()).unwrap();
        network.evaluate(&data).unwrap().loss
    };
    let plain = dense_outputs();
    close(scores(0.5) - scores(0.0), 2.0 * 0.5 * plain / 2.0);
}

/// Σy² of a linear layer on the batch.
fn dense_outputs() -> f64 {
    let network = Sequential::new([3])
        .add(Dense::new(2))
        .compile(compile())
        .unwrap();
    let outputs = network.predict(batch().inputs()).unwrap();
    outputs.data().iter().map(|y| f64::from(y * y)).sum()
}

/// Every layer around a linear map has the setting: its loss grows by what it gives.
#[test]
fn every_layer_around_a_linear_map_can_be_penalized() {
    let penalty = Regularizer::l2(0.5);
    macro_rules! check {
        ($shape:expr, $layer:expr) => {
            let network = |penalized: bool| {
                let layer = match penalized {
                    true => $layer.activity_regularizer(penalty),
                    false => $layer,
                };
                Sequential::new($shape)
                    .add(layer)
                    .compile(compile())
                    .unwrap()
            };
            let [plain, penalized] = [false, true].map(network);
            let shape = [&[3][..], &$shape].concat();
            let values: usize = shape.iter().product();
            let inputs = (0..values).map(|i| ((i * 37) % 23) as f32 / 11.0 - 1.0);
            let inputs = Tensor::new(shape, inputs.collect()).unwrap();
            let outputs = plain.predict(&inputs).unwrap();
            let data = Dataset::values(inputs, outputs.clone()).unwrap();
            let squares = outputs.data().iter().map(|y| f64::from(y * y));
            let wanted = 0.5 * squares.sum::<f64>() / 3.0;
            assert!(wanted > 0.01, "{}", stringify!($layer));
            close(penalized.evaluate(&data).unwrap().loss, wanted);
        };
    }
    check!([4], Dense::new(3));
    check!([4], Maxout::new(3, 2));
    check!([4], DropConnect::new(3, 0.5));
    check!([4], Standout::new(3));
    check!([6, 2], Conv1d::new(3, 2));
    check!([6, 2], Conv1dTranspose::new(3, 2));
    check!([6, 2], SeparableConv1d::new(3, 2));
    check!([5, 5, 2], Conv2d::new(3, 2).relu());
    check!([5, 5, 2], Conv2dTranspose::new(3, 2));
    check!([5, 5, 2], DepthwiseConv2d::new(2));
    check!([5, 5, 2], SeparableConv2d::new(3, 2));
    check!([5, 5, 2], MaxoutConv2d::new(3, 2, 2));
}
