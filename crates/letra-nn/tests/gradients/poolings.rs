//! Layers that pool, over random shapes.

use letra_nn::layers::Padding;
use letra_nn::prelude::*;

use crate::comparison::{Numbers, compare};
use crate::layers::{behind_identity, pooling, random_pooling};
use crate::noise::Noise;
use crate::proof::prove;
use crate::twins::{Averaged, Pooled, Stack};

/// Holds a network of one layer against its twin, and proves the twin where it is small.
fn check(what: &str, network: Sequential, twin: &Stack, inputs: usize, noise: &mut Noise) {
    let samples = noise.between(1, 9);
    compare(what, network, twin, samples, Numbers::Exact, noise);
    if inputs < 200 {
        prove(what, twin, inputs, noise);
    }
}

/// A picture with few or, now and then, more channels than a vector holds.
fn random_picture(noise: &mut Noise) -> [usize; 3] {
    let channels = noise.one_of(&[1, 2, 3, 5, 8, 9, 17, 33]);
    [noise.between(1, 11), noise.between(1, 11), channels]
}

fn describe(what: &str, twin: &Pooled) -> String {
    let Pooled {
        picture,
        window,
        stride,
        padding,
    } = twin;
    format!("{what} {picture:?}, {window:?}, stride {stride:?}, {padding:?}")
}

#[test]
fn max_pooling2d() {
    let mut noise = Noise::new(4);
    for _ in 0..60 {
        let picture = random_picture(&mut noise);
        let twin = random_pooling(picture, &mut noise);
        let what = describe("max_pooling2d", &twin);
        let network = behind_identity(picture).add(pooling(&twin));
        let stack = Stack::default().then(twin);
        check(&what, network, &stack, picture.iter().product(), &mut noise);
    }
}

#[test]
fn average_pooling2d() {
    let mut noise = Noise::new(31);
    for _ in 0..60 {
        let picture = random_picture(&mut noise);
        let twin = random_pooling(picture, &mut noise);
        let what = describe("average_pooling2d", &twin);
        let layer = AveragePool2d::new(twin.window).stride(twin.stride);
        let network = behind_identity(picture).add(match twin.padding {
            Padding::Same => layer.same(),
            _ => layer,
        });
        let stack = Stack::default().then(Averaged(twin));
        check(&what, network, &stack, picture.iter().product(), &mut noise);
    }
}

/// The layers of sequences are those of pictures of one row.
#[test]
fn pooling1d() {
    let mut noise = Noise::new(32);
    for round in 0..60 {
        let [_, steps, channels] = random_picture(&mut noise);
        let mut twin = random_pooling([1, steps, channels], &mut noise);
        (twin.window[0], twin.stride[0]) = (1, 1);
        let what = describe("pooling1d", &twin);
        let ([_, window], [_, stride]) = (twin.window, twin.stride);
        let same = matches!(twin.padding, Padding::Same);
        let network = behind_identity([steps, channels]);
        let (network, stack) = if round % 2 == 0 {
            let layer = MaxPool1d::new(window).stride(stride);
            let layer = if same { layer.same() } else { layer };
            (network.add(layer), Stack::default().then(twin))
        } else {
            let layer = AveragePool1d::new(window).stride(stride);
            let layer = if same { layer.same() } else { layer };
            (network.add(layer), Stack::default().then(Averaged(twin)))
        };
        check(&what, network, &stack, steps * channels, &mut noise);
    }
}

fn whole(picture: [usize; 3]) -> Pooled {
    let [height, width, _] = picture;
    Pooled {
        picture,
        window: [height, width],
        stride: [1, 1],
        padding: Padding::Valid,
    }
}

#[test]
fn global_pooling2d() {
    let mut noise = Noise::new(33);
    for round in 0..40 {
        let picture = random_picture(&mut noise);
        let keepdims = round % 4 > 1;
        let network = behind_identity(picture);
        let what = format!("global pooling of {picture:?}, keepdims {keepdims}");
        let (network, stack) = if round % 2 == 0 {
            let layer = GlobalMaxPool2d::new().keepdims(keepdims);
            (network.add(layer), Stack::default().then(whole(picture)))
        } else {
            let layer = GlobalAveragePool2d::new().keepdims(keepdims);
            let stack = Stack::default().then(Averaged(whole(picture)));
            (network.add(layer), stack)
        };
        let inputs = picture.iter().product();
        check(&what, network, &stack, inputs, &mut noise);
    }
}

#[test]
fn global_pooling1d() {
    let mut noise = Noise::new(34);
    for round in 0..40 {
        let [_, steps, channels] = random_picture(&mut noise);
        let (network, twin) = (
            behind_identity([steps, channels]),
            whole([1, steps, channels]),
        );
        let what = format!("global pooling of {:?}", [steps, channels]);
        let keepdims = round % 4 > 1;
        let (network, stack) = if round % 2 == 0 {
            let layer = GlobalMaxPool1d::new().keepdims(keepdims);
            (network.add(layer), Stack::default().then(twin))
        } else {
            let layer = GlobalAveragePool1d::new().keepdims(keepdims);
            (network.add(layer), Stack::default().then(Averaged(twin)))
        };
        check(&what, network, &stack, steps * channels, &mut noise);
    }
}
