//! Batch and layer normalisation. A twin that looks at the whole batch takes the batch as
//! one sample; those beside it are repeated over the samples.

use letra_nn::prelude::*;

use crate::comparison::{Numbers, assert_alike, compare, set_parameters, singles};
use crate::layers::{behind_identity, convolution};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{
    Activated, BatchNormalised, Convolved, Each, GroupNormalised, LayerNormalised, Multiplied,
    Pooled, Stack, Twin,
};

/// The twin of a convolution that keeps the picture's size and has no bias.
fn three_by_three(picture: [usize; 3], filters: usize) -> Convolved {
    Convolved {
        picture,
        filters,
        kernel: [3, 3],
        stride: [1, 1],
        padding: letra_nn::layers::Padding::Same,
        dilation: [1, 1],
        groups: 1,
        bias: false,
    }
}

/// Holds a training step of a network against a twin of the whole batch.
fn compare_batch(what: &str, network: Sequential, twin: &Stack, samples: usize, noise: &mut Noise) {
    let compile = Compile::new(Sgd::new(0.5)).loss(SumSquaredError).threads(2);
    let mut network = network.compile(compile).unwrap();
    let (input, output) = (
        network.input_shape().to_vec(),
        network.output_shape().to_vec(),
    );
    let mut draw = |count: usize| -> Vec<f64> {
        let values = noise.fine(count).into_iter();
        values.map(|value| f64::from(value as f32)).collect()
    };
    let (mut x, mut parameters) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        x = draw(samples * input.iter().product::<usize>());
        parameters = twin.parameters().into_iter().map(&mut draw).collect();
        if twin.margin_and_largest(&x, &parameters)[0] > 2e-5 {
            break;
        }
    }
    let y = twin.forward(&x, &parameters);
    let targets = draw(y.len());
    let upstream: Vec<f64> = y.iter().zip(&targets).map(|(y, t)| 2.0 * (y - t)).collect();
    let wanted = twin.backward(&x, &parameters, &upstream);

    set_parameters(&mut network, &parameters);
    let tensor = |shape: &[usize], values: &[f64]| {
        Tensor::new([&[samples], shape].concat(), singles(values)).unwrap()
    };
    let batch = Dataset::values(tensor(&input, &x), tensor(&output, &targets)).unwrap();
    let largest = twin.margin_and_largest(&x, &parameters)[1].max(1.0);
    let alike = |part: &str, found: &[f32], wanted: &[f64]| {
        assert_alike(&format!("{what}: {part}"), found, wanted, 2.0 * largest);
    };
    let seen = network.back_propagate(&batch).unwrap();
    alike("outputs", seen.outputs[seen.outputs.len() - 1].1.data(), &y);
    alike(
        "input",
        seen.pre_activation_gradients[0].1.data(),
        &wanted.input,
    );
    for ((name, gradient), wanted) in seen.gradients.iter().zip(&wanted.parameters) {
        alike(name, gradient.data(), wanted);
    }
    network.train_on_batch(&batch).unwrap();
    let trained = network.parameters().filter(|parameter| parameter.trainable);
    for (index, parameter) in trained.enumerate() {
        let moved = parameters[index].iter().zip(&wanted.parameters[index]);
        let moved: Vec<f64> = moved.map(|(w, g)| w - 0.5 * g).collect();
        alike(
            &format!("{} after a step", parameter.name),
            &parameter.values,
            &moved,
        );
    }
}

fn batch_normalised(
    channels: usize,
    [scale, center]: [bool; 2],
) -> (BatchNormalization, BatchNormalised) {
    let layer = BatchNormalization::new()
        .scale(scale)
        .center(center)
        .epsilon(0.01);
    let twin = BatchNormalised {
        channels,
        // As single precision has it.
        epsilon: f64::from(0.01f32),
        scale,
        center,
    };
    (layer, twin)
}

const LEARNED: [[bool; 2]; 4] = [[true, true], [true, false], [false, true], [false, false]];

#[test]
fn batch_normalization_alone() {
    let mut noise = Noise::new(71);
    for case in 0..24 {
        let learned = LEARNED[case % 4];
        let rank = noise.between(1, 3);
        let shape: Vec<usize> = (0..rank).map(|_| noise.between(1, 6)).collect();
        let samples = [1, 2, 7, 33, 150][case % 5];
        let (channels, values) = (shape[rank - 1], shape.iter().product::<usize>());
        let what = format!("batch_normalization {shape:?}, {learned:?}, {samples} samples");
        let (layer, twin) = batch_normalised(channels, learned);
        let stack = Stack::default().then(twin);
        compare_batch(
            &what,
            behind_identity(shape).add(layer),
            &stack,
            samples,
            &mut noise,
        );
        if samples * values < 200 {
            prove(&what, &stack, samples * values, &mut noise);
        }
    }
}

/// Two of them, between layers with small and with large kernels, in more shards than
/// there are lanes.
#[test]
fn batch_normalization_in_a_network() {
    let mut noise = Noise::new(72);
    for (samples, function) in [
        (1, ActivationFunction::Tanh),
        (5, ActivationFunction::Relu),
        (40, ActivationFunction::Relu),
        (203, ActivationFunction::Tanh),
    ] {
        let picture = [6, 5, 2];
        let twin = || three_by_three(picture, 3);
        let (first, first_twin) = batch_normalised(3, [true, true]);
        let (second, second_twin) = batch_normalised(200, [true, true]);
        let (last, last_twin) = batch_normalised(4, [true, false]);
        let multiplied = |inputs, units| Multiplied {
            inputs,
            units,
            bias: true,
        };
        let activated = Activated {
            function,
            channels: 3,
        };
        let network = behind_identity(picture)
            .add(convolution(&twin(), ActivationFunction::Linear))
            .add(first)
            .add(Activation::new(function))
            .add(Flatten)
            .add(Dense::new(200))
            .add(second)
            .add(Dense::new(4))
            .add(last);
        let stack = Stack::default()
            .then(Each {
                twin: twin(),
                samples,
            })
            .then(first_twin)
            .then(activated)
            .then(Each {
                twin: multiplied(90, 200),
                samples,
            })
            .then(second_twin)
            .then(Each {
                twin: multiplied(200, 4),
                samples,
            })
            .then(last_twin);
        let what = format!("three batch normalisations, {samples} samples");
        compare_batch(&what, network, &stack, samples, &mut noise);
    }
}

/// It takes in a ReLU and a max pooling after it; windows that do not cover the picture, and
/// one window that is all of it.
#[test]
fn batch_normalization_before_a_pool() {
    let mut noise = Noise::new(75);
    for (samples, picture, filters, window) in [
        (1, [4, 4, 2], 3, Some([2, 2])),
        (5, [7, 5, 1], 16, Some([2, 2])),
        (37, [6, 5, 2], 5, Some([3, 2])),
        (3, [5, 4, 2], 17, None),
        (40, [3, 3, 1], 4, None),
    ] {
        let convolved = three_by_three(picture, filters);
        let (normalisation, normalised) = batch_normalised(filters, [true, true]);
        let network = behind_identity(picture)
            .add(convolution(&convolved, ActivationFunction::Linear))
            .add(normalisation)
            .add(Activation::relu());
        let [height, width, _] = picture;
        let network = match window {
            Some(window) => network.add(MaxPool2d::new(window)).add(Flatten),
            None => network.add(GlobalMaxPool2d::new()),
        };
        let window = window.unwrap_or([height, width]);
        let stack = Stack::default()
            .then(Each {
                twin: convolved,
                samples,
            })
            .then(normalised)
            .then(Activated {
                function: ActivationFunction::Relu,
                channels: filters,
            })
            .then(Each {
                twin: Pooled {
                    picture: [height, width, filters],
                    window,
                    stride: window,
                    padding: letra_nn::layers::Padding::Valid,
                },
                samples,
            });
        let what = format!(
            "batch normalisation before a pool, {picture:?}, {window:?}, {samples} samples"
        );
        compare_batch(&what, network, &stack, samples, &mut noise);
    }
}

/// After a step the moving averages have taken in a hundredth of the batch's mean and
/// variance; predictions use them, and they alone.
#[test]
fn predictions_use_the_moving_averages() {
    let mut noise = Noise::new(73);
    let mut network = Sequential::new([2, 3])
        .add(BatchNormalization::new().momentum(0.75))
        .compile(
            Compile::new(Sgd::new(0.0))
                .loss(MeanSquaredError)
                .threads(2),
        )
        .unwrap();
    let x = Tensor::new([50, 2, 3], singles(&noise.fine(300))).unwrap();
    let batch = Dataset::values(x.clone(), x.clone()).unwrap();
    network.train_on_batch(&batch).unwrap();
    let state = |network: &Trainer, name: &str| {
        let name = format!("batch_normalization/{name}");
        network.parameter(&name).unwrap().into_data()
    };
    let (mean, variance) = (
        state(&network, "moving_mean"),
        state(&network, "moving_variance"),
    );
    for channel in 0..3 {
        let column = || {
            x.data()
                .iter()
                .skip(channel)
                .step_by(3)
                .map(|&x| f64::from(x))
        };
        let average = column().sum::<f64>() / 100.0;
        let square = column().map(|x| (x - average).powi(2)).sum::<f64>() / 100.0;
        assert!((f64::from(mean[channel]) - 0.25 * average).abs() < 1e-7);
        assert!((f64::from(variance[channel]) - 0.75 - 0.25 * square).abs() < 1e-7);
    }
    let predicted = network.predict(&x).unwrap();
    for (place, (y, x)) in predicted.data().iter().zip(x.data()).enumerate() {
        let channel = place % 3;
        let wanted = (x - mean[channel]) / (variance[channel] + 1e-3).sqrt();
        assert!((y - wanted).abs() < 1e-6);
    }
    // Sample by sample it is the same.
    let alone = network.predict(&x.select(&[7])).unwrap();
    assert_eq!(alone.data(), predicted.sample(7));
    let outputs = network.layer_outputs(&x).unwrap();
    assert_eq!(outputs[0].output.data(), predicted.data());
}

#[test]
fn layer_normalization() {
    let mut noise = Noise::new(74);
    for case in 0..24 {
        let [scale, center] = LEARNED[case % 4];
        let rank = noise.between(1, 3);
        let shape: Vec<usize> = (0..rank).map(|_| noise.between(2, 20)).collect();
        let axes = noise.between(1, rank);
        let samples = noise.between(1, 20);
        let what = format!("layer_normalization {shape:?}, {axes} axes, {samples} samples");
        let layer = LayerNormalization::new()
            .last_axes(axes)
            .scale(scale)
            .center(center)
            .epsilon(0.01);
        let size: usize = shape[rank - axes..].iter().product();
        let values: usize = shape.iter().product();
        let stack = Stack::default().then(LayerNormalised {
            size,
            epsilon: f64::from(0.01f32),
            scale,
            center,
        });
        compare(
            &what,
            behind_identity(shape).add(layer),
            &stack,
            samples,
            Numbers::Any,
            &mut noise,
        );
        if values < 200 {
            prove(&what, &stack, values, &mut noise);
        }
    }
}

#[test]
fn group_normalization() {
    let mut noise = Noise::new(77);
    for case in 0..40 {
        let [scale, center] = LEARNED[case % 4];
        let (groups, width) = (noise.between(1, 4), noise.between(1, 5));
        let channels = groups * width;
        let mut shape: Vec<usize> = (0..case % 3).map(|_| noise.between(1, 6)).collect();
        shape.push(channels);
        let (values, samples) = (shape.iter().product::<usize>(), noise.between(1, 9));
        let what = format!("group_normalization {shape:?}, {groups} groups, {scale}, {center}");
        let layer = GroupNormalization::new()
            .groups(groups)
            .epsilon(0.01)
            .scale(scale)
            .center(center);
        let twin = GroupNormalised {
            groups,
            channels,
            epsilon: f64::from(0.01f32),
            scale,
            center,
        };
        let (network, stack) = (
            behind_identity(shape).add(layer),
            Stack::default().then(twin),
        );
        compare(&what, network, &stack, samples, Numbers::Any, &mut noise);
        prove(&what, &stack, values, &mut noise);
    }
}
