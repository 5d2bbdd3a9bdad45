//! Layers that do not fit where they stand, and layers that make no sense.

use letra_nn::layers::Window;
use letra_nn::prelude::*;

use super::assert_refused;

fn compiled(network: Sequential) -> Result<Trainer, Error> {
    network.compile(Compile::new(Sgd::new(0.1)).threads(1))
}

#[test]
fn a_layer_that_does_not_fit_is_named_with_the_one_before_it() {
    let network = Sequential::new([36, 36, 1])
        .add(Conv2d::new(4, 5).same().relu())
        .add(MaxPool2d::new(2))
        .add(Maxout::new(32, 2));
    let error = compiled(network).err().unwrap().to_string();
    assert_eq!(
        error,
        "layer 3 (maxout) wants a flat input but layer 2 (max_pooling2d) gives [18, 18, 4]: add Flatten between them"
    );
    let network = Sequential::new([36, 36]).add(Conv2d::new(4, 5));
    let error = compiled(network).err().unwrap().to_string();
    assert_eq!(
        error,
        "layer 1 (conv2d) wants a picture [height, width, channels] but the network's input is [36, 36]: add Reshape before it"
    );
}

#[test]
fn other_misfits() {
    for (what, network, parts) in [
        (
            "a kernel larger than the picture",
            Sequential::new([4, 36, 1]).add(Conv2d::new(4, 5)),
            &["layer 1 (conv2d)", "[5, 5]", "[4, 36, 1]", "smaller kernel"][..],
        ),
        (
            "a window larger than the picture",
            Sequential::new([4, 4, 2])
                .add(Conv2d::new(2, 3))
                .add(MaxPool2d::new([1, 3])),
            &[
                "layer 2 (max_pooling2d)",
                "[1, 3]",
                "layer 1 (conv2d) gives [2, 2, 2]",
            ],
        ),
        (
            "a second convolution after a flatten",
            Sequential::new([4, 4, 2])
                .add(Flatten)
                .add(Conv2d::new(2, 3)),
            &["layer 2 (conv2d)", "layer 1 (flatten) gives [32]"],
        ),
        (
            "a reshape to another number of values",
            Sequential::new([4, 4, 2]).add(Reshape::new([5, 7])),
            &["layer 1 (reshape)", "35 values", "[4, 4, 2]"],
        ),
        (
            "the second of two layers",
            Sequential::new([3])
                .add(Standout::new(4))
                .add(Reshape::new([2, 2]))
                .add(Standout::new(1)),
            &["layer 3 (standout_1)", "layer 2 (reshape) gives [2, 2]"],
        ),
        ("no layers", Sequential::new([3]), &["no layers"]),
        (
            "an input without values",
            Sequential::new([3, 0]).add(Flatten),
            &["[3, 0]", "at least 1"],
        ),
    ] {
        assert_refused(what, compiled(network), parts);
    }
}

#[test]
fn senseless_layers() {
    let pictures = || Sequential::new([6, 6, 1]);
    let flat = || Sequential::new([6]);
    for (what, network, parts) in [
        (
            "no units",
            flat().add(Dense::new(0)),
            &["layer 1 (dense)", "0 units"][..],
        ),
        (
            "no filters",
            pictures().add(Conv2d::new(0, 3)),
            &["layer 1 (conv2d)", "filters"],
        ),
        (
            "no kernel",
            pictures().add(Conv2d::new(1, [0, 3])),
            &["kernel", "[0, 3]"],
        ),
        (
            "no stride",
            pictures().add(Conv2d::new(1, 3).stride(0)),
            &["stride", "[0, 0]"],
        ),
        (
            "no window",
            pictures().add(MaxPool2d::new(0)),
            &["window", "[0, 0]"],
        ),
        (
            "no stride of windows",
            pictures().add(MaxPool2d::new(2).stride([1, 0])),
            &["layer 1 (max_pooling2d)", "stride", "[1, 0]"],
        ),
        (
            "a deviation below 0",
            flat().add(Dense::new(2).kernel_initializer(Initializer::normal(0.0, -1.0))),
            &["layer 1 (dense)", "deviation"],
        ),
        (
            "an initial value that is not a number",
            pictures().add(Conv2d::new(2, 3).bias_initializer(Initializer::constant(f32::NAN))),
            &["layer 1 (conv2d)", "NaN"],
        ),
        (
            "low above high",
            flat().add(Dense::new(2).kernel_initializer(Initializer::uniform(1.0, 0.0))),
            &["low ≤ high"],
        ),
    ] {
        assert_refused(what, compiled(network), parts);
    }
}

#[test]
fn rates_of_dropout_that_are_no_shares() {
    for rate in [1.5, 1.0, -0.1, f32::NAN, f32::INFINITY] {
        let network = Sequential::new([6]).add(Dropout::new(rate));
        let parts = ["layer 1 (dropout)", &format!("rate {rate}"), "below"];
        let parts = [parts[0], parts[1], "from 0 up to but not including 1"];
        assert_refused("a rate", compiled(network), &parts);
    }
}

#[test]
fn normalisations_that_make_no_sense() {
    let batch = |layer: BatchNormalization| Sequential::new([6]).add(layer);
    for (what, network, parts) in [
        (
            "a momentum",
            batch(BatchNormalization::new().momentum(1.5)),
            &[
                "layer 1 (batch_normalization)",
                "momentum 1.5",
                "from 0 to 1",
            ][..],
        ),
        (
            "a momentum that is not a number",
            batch(BatchNormalization::new().momentum(f32::NAN)),
            &["momentum NaN"],
        ),
        (
            "an epsilon of 0",
            batch(BatchNormalization::new().epsilon(0.0)),
            &["epsilon 0", "above 0"],
        ),
        (
            "an epsilon below 0",
            Sequential::new([6]).add(LayerNormalization::new().epsilon(-1.0)),
            &["layer 1 (layer_normalization)", "epsilon -1", "above 0"],
        ),
        (
            "more axes than there are",
            Sequential::new([6, 2]).add(LayerNormalization::new().last_axes(3)),
            &[
                "layer 1 (layer_normalization)",
                "3 axes",
                "[6, 2]",
                "last_axes",
            ],
        ),
        (
            "no axes",
            Sequential::new([6, 2]).add(LayerNormalization::new().last_axes(0)),
            &["last_axes", "from 1"],
        ),
    ] {
        assert_refused(what, compiled(network), parts);
    }
}

#[test]
fn sizes_that_no_machine_holds() {
    const HUGE: usize = 1_000_000_000_000_000_000;
    let pictures = |sizes: [usize; 3]| Sequential::new(sizes);
    let most = Window::from(65_536);
    for (what, network) in [
        ("units", Sequential::new([6]).add(Dense::new(HUGE))),
        (
            "units and inputs",
            Sequential::new([1 << 20]).add(Dense::new(1 << 20)),
        ),
        (
            "most units",
            Sequential::new([2]).add(Dense::new(usize::MAX)),
        ),
        (
            "units of missing weights",
            Sequential::new([6]).add(DropConnect::new(usize::MAX, 0.5).draws(1)),
        ),
        (
            "adaptive units",
            Sequential::new([6]).add(Standout::new(usize::MAX)),
        ),
        ("an input", Sequential::new([HUGE, HUGE]).add(Flatten)),
        ("filters", pictures([6, 6, 1]).add(Conv2d::new(HUGE, 3))),
        (
            "a kernel",
            pictures([6, 6, 1]).add(Conv2d::new(1, HUGE).same()),
        ),
        (
            "a stride",
            pictures([6, 6, 1]).add(Conv2d::new(1, 1).stride(HUGE)),
        ),
        (
            "a padding",
            pictures([6, 6, 1]).add(Conv2d::new(1, 1).padding(HUGE)),
        ),
        (
            "a window",
            pictures([6, 6, 1]).add(MaxPool2d::new(HUGE).same()),
        ),
        (
            "a kernel of many channels",
            pictures([1, 1, 1 << 32]).add(Conv2d::new(65_536, most).padding([65_536; 2])),
        ),
        (
            "a wide map",
            pictures([1 << 32, 1, 1]).add(Conv2d::new(65_536, 1).padding([65_536; 2])),
        ),
        (
            "a map",
            pictures([60_000, 60_000, 1]).add(Conv2d::new(65_536, 1)),
        ),
        (
            "a reshape",
            Sequential::new([4]).add(Reshape::new([1 << 63, 2])),
        ),
        (
            "a reshape to what wraps",
            Sequential::new([4]).add(Reshape::new([1 << 62, 2, 2, 4])),
        ),
    ] {
        assert_refused(what, compiled(network), &[]);
    }
}
