//! Random networks of several layers: what fusion, shared buffers and many shards could
//! get wrong.

use letra_nn::layers::Padding;
use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::layers::{
    FUNCTIONS, behind_identity, convolution, pooling, random_convolution, random_pooling,
};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Activated, Convolved, Multiplied, Pooled, Stack};

/// Adds a dense layer after `inputs` flat values, its function inside or after it.
fn dense(
    (network, twin): (Sequential, Stack),
    [inputs, units]: [usize; 2],
    function: ActivationFunction,
    inside: bool,
) -> (Sequential, Stack) {
    let twin = twin
        .then(Multiplied {
            inputs,
            units,
            bias: true,
        })
        .then(Activated {
            function,
            channels: units,
        });
    let layer = Dense::new(units);
    let network = match inside {
        true => network.add(layer.activation(function)),
        false => network.add(layer).add(Activation::new(function)),
    };
    (network, twin)
}

/// A convolution, its function inside or after it or not at all, perhaps a pooling,
/// then two dense layers. Functions that round stand after those that decide.
fn random_network(noise: &mut Noise) -> (String, Sequential, Stack) {
    let first = random_convolution(noise);
    let function = noise.one_of(&[ActivationFunction::Linear, ActivationFunction::Relu]);
    let [inside, pooled, dense_inside] = [(); 3].map(|()| noise.between(0, 1) == 1);
    let mut map = first.output();
    let mut network = behind_identity(first.picture);
    network = match inside {
        true => network.add(convolution(&first, function)),
        false => network
            .add(convolution(&first, ActivationFunction::Linear))
            .add(Activation::new(function)),
    };
    let mut what = format!(
        "conv2d {:?} → {map:?} {function:?}, inside {inside}",
        first.picture
    );
    let channels = first.filters;
    let mut twin = Stack::default()
        .then(first)
        .then(Activated { function, channels });
    if pooled {
        let mut pool = random_pooling(map, noise);
        if noise.between(0, 1) == 1 {
            (pool.stride, pool.padding) = (pool.window, Padding::Valid);
            pool.window = [0, 1].map(|axis| pool.window[axis].min(map[axis]));
            pool.stride = pool.window;
        }
        network = network.add(pooling(&pool));
        map = pool.output();
        what += &format!(", pooled {:?} to {map:?}", pool.window);
        twin = twin.then(pool);
    }
    let inputs = map.iter().product();
    let (units, last) = (noise.between(1, 20), noise.between(1, 6));
    let function = noise.one_of(&FUNCTIONS);
    what += &format!(", dense {units} {function:?} inside {dense_inside}, dense {last}");
    let pair = (network.add(Flatten), twin);
    let pair = dense(pair, [inputs, units], function, dense_inside);
    let (network, twin) = dense(pair, [units, last], ActivationFunction::Linear, true);
    (what, network, twin)
}

#[test]
fn random_networks() {
    let mut noise = Noise::new(21);
    for _ in 0..60 {
        let (what, network, twin) = random_network(&mut noise);
        let samples = noise.between(1, 12);
        compare(&what, network, &twin, samples, Numbers::Any, &mut noise);
    }
}

#[test]
fn gradients_of_a_whole_network_are_proven_too() {
    let mut noise = Noise::new(22);
    let pool = Pooled {
        picture: [6, 5, 2],
        window: [2, 2],
        stride: [2, 2],
        padding: Padding::Valid,
    };
    let twin = Stack::default()
        .then(seminar_convolution([6, 5, 1], 2))
        .then(Activated {
            function: ActivationFunction::Relu,
            channels: 2,
        })
        .then(pool)
        .then(Multiplied {
            inputs: 12,
            units: 4,
            bias: true,
        })
        .then(Activated {
            function: ActivationFunction::Sigmoid,
            channels: 4,
        })
        .then(Multiplied {
            inputs: 4,
            units: 3,
            bias: true,
        })
        .then(Activated {
            function: ActivationFunction::Softmax,
            channels: 3,
        });
    prove("a whole network", &twin, 30, &mut noise);
}

fn seminar_convolution(picture: [usize; 3], filters: usize) -> Convolved {
    Convolved {
        picture,
        filters,
        kernel: [5, 5],
        stride: [1, 1],
        padding: Padding::Same,
        dilation: [1, 1],
        groups: 1,
        bias: true,
    }
}

/// More shards than there are gradient sums, the last of them not full.
#[test]
fn many_shards() {
    let mut noise = Noise::new(23);
    let picture = [36, 36, 1];
    let pool = Pooled {
        picture: [36, 36, 4],
        window: [2, 2],
        stride: [2, 2],
        padding: Padding::Valid,
    };
    let network = behind_identity(picture)
        .add(Conv2d::new(4, 5).same().relu())
        .add(MaxPool2d::new(2))
        .add(Flatten)
        .add(Dense::new(6));
    let twin = Stack::default()
        .then(seminar_convolution(picture, 4))
        .then(Activated {
            function: ActivationFunction::Relu,
            channels: 4,
        })
        .then(pool)
        .then(Multiplied {
            inputs: 1296,
            units: 6,
            bias: true,
        });
    compare(
        "the seminar's CNN, 301 samples",
        network,
        &twin,
        301,
        Numbers::Exact,
        &mut noise,
    );
}
