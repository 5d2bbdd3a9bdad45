//! Saliency, Grad-CAM and deconvolution against derivations of their own.

use letra_nn::layers::Padding;
use letra_nn::prelude::*;

use crate::comparison::{HAIR, assert_alike, set_parameters, singles};
use crate::layers::{convolution, pooling};
use crate::noise::Noise;
use crate::proof::differences;
use crate::twins::{Activated, Adaptive, Convolved, Multiplied, Pooled, Stack, Twin};

const CLASSES: usize = 4;

fn compiled(network: Sequential, parameters: &[Vec<f64>]) -> Trainer {
    let compile = Compile::new(Sgd::new(0.1)).loss(CrossEntropy::from_logits());
    let mut network = network.compile(compile.threads(2)).unwrap();
    set_parameters(&mut network, parameters);
    network
}

fn first() -> Convolved {
    Convolved {
        picture: [9, 8, 2],
        filters: 5,
        kernel: [3, 2],
        stride: [1, 1],
        dilation: [1, 1],
        groups: 1,
        padding: Padding::Same,
        bias: true,
    }
}

fn first_pooling() -> Pooled {
    Pooled {
        picture: [9, 8, 5],
        window: [3, 2],
        stride: [2, 2],
        padding: Padding::Valid,
    }
}

fn second() -> Convolved {
    Convolved {
        picture: [4, 4, 5],
        filters: 3,
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        groups: 1,
        padding: Padding::Same,
        bias: true,
    }
}

fn second_pooling() -> Pooled {
    Pooled {
        picture: [4, 4, 3],
        window: [2, 2],
        stride: [2, 2],
        padding: Padding::Valid,
    }
}

fn relu(channels: usize) -> Activated {
    Activated {
        function: ActivationFunction::Relu,
        channels,
    }
}

fn classes(inputs: usize) -> Multiplied {
    Multiplied {
        inputs,
        units: CLASSES,
        bias: true,
    }
}

/// Two convolutions, each with a ReLU and a pooling; a dropout that must rest; a dense layer.
fn network() -> Sequential {
    Sequential::new([9, 8, 2])
        .add(convolution(&first(), ActivationFunction::Relu))
        .add(pooling(&first_pooling()))
        .add(Dropout::new(0.5))
        .add(convolution(&second(), ActivationFunction::Linear))
        .add(Activation::relu())
        .add(pooling(&second_pooling()))
        .add(Flatten)
        .add(AnnealedDropout::new(0.5, 10))
        .add(Dense::new(CLASSES))
}

/// The part up to the second ReLU, and the part after it.
fn twins() -> [Stack; 2] {
    let below = Stack::default()
        .then(first())
        .then(relu(5))
        .then(first_pooling())
        .then(second())
        .then(relu(3));
    [
        below,
        Stack::default().then(second_pooling()).then(classes(12)),
    ]
}

struct Drawn {
    rows: Vec<Vec<f64>>,
    parameters: Vec<Vec<f64>>,
    inputs: Tensor,
    classes: Vec<u32>,
}

fn single(values: Vec<f64>) -> Vec<f64> {
    values
        .into_iter()
        .map(|value| f64::from(value as f32))
        .collect()
}

/// Pictures and parameters for which nothing is decided by a hair's breadth.
fn drawn(samples: usize, noise: &mut Noise) -> Drawn {
    let [below, above] = twins();
    loop {
        let rows: Vec<_> = (0..samples).map(|_| single(noise.fine(144))).collect();
        let mut parameters: Vec<_> = below.parameters();
        parameters.extend(above.parameters());
        let parameters: Vec<_> = parameters
            .into_iter()
            .map(|n| single(noise.fine(n)))
            .collect();
        let split = below.parameters().len();
        let margins = rows.iter().map(|row| {
            let [margin, _] = below.margin_and_largest(row, &parameters[..split]);
            let maps = below.forward(row, &parameters[..split]);
            margin.min(above.margin_and_largest(&maps, &parameters[split..])[0])
        });
        if margins.fold(1.0, f64::min) > HAIR {
            let inputs = Tensor::new([samples, 9, 8, 2], singles(&rows.concat())).unwrap();
            let classes = (0..samples)
                .map(|_| noise.between(0, CLASSES - 1) as u32)
                .collect();
            return Drawn {
                rows,
                parameters,
                inputs,
                classes,
            };
        }
    }
}

#[test]
fn saliency_is_the_change_of_the_score() {
    let mut noise = Noise::new(41);
    for samples in [1, 5] {
        let drawn = drawn(samples, &mut noise);
        let network = compiled(network(), &drawn.parameters);
        let [below, above] = twins();
        let split = below.parameters().len();
        let mut wanted = Vec::new();
        for (row, class) in drawn.rows.iter().zip(&drawn.classes) {
            wanted.extend(differences(row, |moved| {
                let maps = below.forward(moved, &drawn.parameters[..split]);
                above.forward(&maps, &drawn.parameters[split..])[*class as usize]
            }));
        }
        let found = network
            .input_gradients(&drawn.inputs, &drawn.classes)
            .unwrap();
        assert_eq!(found.shape(), drawn.inputs.shape());
        assert_alike("gradients", found.data(), &wanted, 1.0);
        let map = network.saliency(&drawn.inputs, &drawn.classes).unwrap();
        assert_eq!(map.shape(), [samples, 9, 8]);
        let wanted: Vec<f64> = wanted
            .chunks(2)
            .map(|c| c[0].abs().max(c[1].abs()))
            .collect();
        assert_alike("map", map.data(), &wanted, 1.0);
        // Looking leaves nothing behind.
        let again = network
            .input_gradients(&drawn.inputs, &drawn.classes)
            .unwrap();
        assert_eq!(again, found);
    }
}

/// Of flat inputs every value counts for itself; standout's probabilities have their say.
#[test]
fn saliency_of_adaptive_units() {
    let mut noise = Noise::new(42);
    for function in [
        ActivationFunction::Tanh,
        ActivationFunction::Relu,
        ActivationFunction::Softmax,
    ] {
        let dense = || Multiplied {
            inputs: 7,
            units: 11,
            bias: true,
        };
        let twin = Stack::default()
            .then(dense())
            .then(Adaptive {
                alpha: 1.5,
                beta: -0.25,
                function,
            })
            .then(classes(11));
        let (row, parameters) = loop {
            let row = single(noise.fine(7));
            let sizes = twin.parameters().into_iter();
            let parameters: Vec<_> = sizes.map(|n| single(noise.fine(n))).collect();
            if twin.margin_and_largest(&row, &parameters)[0] > HAIR {
                break (row, parameters);
            }
        };
        let layer = Standout::new(11)
            .alpha(1.5)
            .beta(-0.25)
            .activation(function);
        let network = Sequential::new([7]).add(layer).add(Dense::new(CLASSES));
        let network = compiled(network, &parameters);
        let inputs = Tensor::new([1, 7], singles(&row)).unwrap();
        for class in 0..CLASSES {
            let score = |moved: &[f64]| twin.forward(moved, &parameters)[class];
            let wanted = differences(&row, score);
            let found = network.input_gradients(&inputs, &[class as u32]).unwrap();
            assert_alike(&format!("{function:?}"), found.data(), &wanted, 1.0);
            let map = network.saliency(&inputs, &[class as u32]).unwrap();
            assert_eq!(map.shape(), [1, 7]);
            assert!(
                map.data()
                    .iter()
                    .zip(found.data())
                    .all(|(m, g)| *m == g.abs())
            );
        }
    }
}

/// What DropConnect predicts is a mean over draws; its gradient is that of the very prediction.
#[test]
fn saliency_of_missing_weights() {
    let mut noise = Noise::new(43);
    for function in [
        ActivationFunction::Linear,
        ActivationFunction::Tanh,
        ActivationFunction::Sigmoid,
        ActivationFunction::Softmax,
    ] {
        let sizes = [7 * 40, 40, 40 * CLASSES, CLASSES];
        let parameters: Vec<_> = sizes.map(|n| single(noise.fine(n))).to_vec();
        let layer = DropConnect::new(40, 0.4).draws(64).activation(function);
        let network = Sequential::new([7]).add(layer).add(Dense::new(CLASSES));
        let compile = Compile::new(Sgd::new(0.1)).loss(SumSquaredError);
        let mut network = network.compile(compile).unwrap();
        set_parameters(&mut network, &parameters);
        let row = noise.fine(7);
        let at = |row: &[f64]| Tensor::new([1, 7], singles(row)).unwrap();
        for class in 0..CLASSES {
            let found = network.input_gradients(&at(&row), &[class as u32]).unwrap();
            for place in 0..7 {
                let score = |step: f64| {
                    let mut moved = row.clone();
                    moved[place] += step;
                    f64::from(network.predict(&at(&moved)).unwrap().data()[class])
                };
                // Of fourth order, as single precision wants a wide step.
                let [near, far] = [0.05, 0.1].map(|h| (score(h) - score(-h)) / (2.0 * h));
                let wanted = (4.0 * near - far) / 3.0;
                let found = f64::from(found.data()[place]);
                assert!(
                    (found - wanted).abs() < 1e-3,
                    "{function:?}: {found} for {wanted}"
                );
            }
        }
    }
}

#[test]
fn grad_cam_is_its_formula() {
    let mut noise = Noise::new(44);
    let drawn = drawn(3, &mut noise);
    let network = compiled(network(), &drawn.parameters);
    let [below, above] = twins();
    let split = below.parameters().len();
    let layers = network.layer_outputs(&drawn.inputs).unwrap();
    let layer = layers
        .iter()
        .find(|layer| layer.layer == "activation")
        .unwrap();
    let mut wanted = Vec::new();
    for (sample, row) in drawn.rows.iter().enumerate() {
        let maps = below.forward(row, &drawn.parameters[..split]);
        let seen = &layer.output.data()[sample * 48..][..48];
        assert_alike("maps", seen, &maps, 1.0);
        let class = drawn.classes[sample] as usize;
        let gradient = differences(&maps, |moved| {
            above.forward(moved, &drawn.parameters[split..])[class]
        });
        let mut alpha = [0.0; 3];
        for place in 0..16 {
            for map in 0..3 {
                alpha[map] += gradient[place * 3 + map] / 16.0;
            }
        }
        for place in 0..16 {
            let mut sum = 0.0;
            for map in 0..3 {
                sum += alpha[map] * maps[place * 3 + map];
            }
            wanted.push(sum.max(0.0));
        }
    }
    let found = network
        .grad_cam(&drawn.inputs, &drawn.classes, "activation")
        .unwrap();
    assert_eq!(found.shape(), [3, 4, 4]);
    assert_alike("grad-cam", found.data(), &wanted, 1.0);
    assert!(wanted.iter().any(|&value| value > 0.0));
    let below = network
        .grad_cam(&drawn.inputs, &drawn.classes, "conv2d")
        .unwrap();
    assert_eq!(below.shape(), [3, 9, 8]);
}

/// Unpooling, rectification and filtering in plain loops.
#[test]
fn deconvolution_is_the_deconvolutional_network() {
    let mut noise = Noise::new(45);
    let drawn = drawn(4, &mut noise);
    let network = compiled(network(), &drawn.parameters);
    let rectified =
        |values: Vec<f64>| -> Vec<f64> { values.into_iter().map(|v| v.max(0.0)).collect() };
    let strongest = |maps: &[f64], map: usize, count: usize| -> Vec<f64> {
        let mut signal = vec![0.0; maps.len()];
        let mut best = map;
        for place in (map..maps.len()).step_by(count) {
            if maps[place] > maps[best] {
                best = place;
            }
        }
        signal[best] = maps[best];
        signal
    };
    let mut wanted_first = Vec::new();
    let mut wanted_second = Vec::new();
    for row in &drawn.rows {
        let [kernel, bias] = [&drawn.parameters[0], &drawn.parameters[1]];
        let own = [kernel.clone(), bias.clone()];
        let others = [drawn.parameters[2].clone(), drawn.parameters[3].clone()];
        let maps = relu(5).forward(&first().forward(row, &own), &[]);
        let pooled = first_pooling().forward(&maps, &[]);
        let upper = second().forward(&pooled, &others);
        // From the second convolution, whose ReLU is a layer of its own.
        let signal = strongest(&upper, 1, 3);
        let filtered = second().backward(&pooled, &others, &signal).input;
        let unpooled = first_pooling().backward(&maps, &[], &filtered).input;
        wanted_second.extend(first().backward(row, &own, &rectified(unpooled)).input);
        // From the first.
        let signal = rectified(strongest(&maps, 4, 5));
        wanted_first.extend(first().backward(row, &own, &signal).input);
    }
    let found = network.deconvolution(&drawn.inputs, "conv2d", 4).unwrap();
    assert_eq!(found.shape(), drawn.inputs.shape());
    assert_alike("first", found.data(), &wanted_first, 1.0);
    let found = network.deconvolution(&drawn.inputs, "conv2d_1", 1).unwrap();
    assert_alike("second", found.data(), &wanted_second, 1.0);
    assert!(wanted_second.iter().any(|&value| value != 0.0));
}

#[test]
fn a_map_that_answers_nothing_gives_nothing() {
    let layer = Conv2d::new(2, 3)
        .relu()
        .bias_initializer(Initializer::constant(-100.0));
    let network = Sequential::new([6, 6, 1])
        .add(layer)
        .add(Flatten)
        .add(Dense::new(2));
    let network = network.compile(Compile::new(Sgd::new(0.1))).unwrap();
    let inputs = Tensor::new([2, 6, 6, 1], vec![0.5; 72]).unwrap();
    let zeros = Tensor::zeros([2, 6, 6, 1]);
    assert_eq!(network.deconvolution(&inputs, "conv2d", 1).unwrap(), zeros);
    assert_eq!(network.input_gradients(&inputs, &[0, 1]).unwrap(), zeros);
    assert_eq!(
        network.grad_cam(&inputs, &[0, 1], "conv2d").unwrap(),
        Tensor::zeros([2, 4, 4])
    );
}

/// What only works while training lets a prediction's gradient pass as it is.
#[test]
fn layers_that_rest_change_no_gradient() {
    let behind = |resting: fn(Sequential) -> Sequential| {
        resting(Sequential::new([6, 6, 2]))
            .add(Conv2d::new(3, 3).relu())
            .add(Flatten)
            .add(Dense::new(CLASSES))
            .compile(Compile::new(Sgd::new(0.1)).seed(5))
            .unwrap()
    };
    let plain = behind(|network| network);
    let resting = behind(|network| {
        network
            .add(RandomTranslation::new(0.2, 0.2))
            .add(RandomRotation::new(0.1))
            .add(RandomZoom::new(0.2))
            .add(RandomContrast::new(0.5))
            .add(GaussianNoise::new(0.5))
            .add(SpatialDropout2d::new(0.5))
            .add(Dropout::new(0.5))
            .add(AnnealedDropout::new(0.5, 100))
    });
    let mut noise = Noise::new(46);
    let inputs = Tensor::new([3, 6, 6, 2], singles(&noise.fine(216))).unwrap();
    let wanted = plain.input_gradients(&inputs, &[0, 1, 2]).unwrap();
    let found = resting.input_gradients(&inputs, &[0, 1, 2]).unwrap();
    assert!(wanted.data().iter().any(|&g| g != 0.0));
    assert_eq!(found, wanted);
    let wanted = plain.deconvolution(&inputs, "conv2d", 1).unwrap();
    let resting = behind(|network| {
        network
            .add(RandomTranslation::new(0.2, 0.2))
            .add(RandomRotation::new(0.1))
            .add(RandomZoom::new(0.2))
            .add(RandomContrast::new(0.5))
            .add(SpatialDropout2d::new(0.5))
    });
    assert_eq!(resting.deconvolution(&inputs, "conv2d", 1).unwrap(), wanted);
}
