//! Convolutions, poolings and layers that move cells, with settings that make no sense or on
//! inputs that they do not fit.

use letra_nn::layers::Window;
use letra_nn::prelude::*;

use super::assert_refused;

const HUGE: usize = 1_000_000_000_000_000_000;

fn compiled(network: Sequential) -> Result<Network, Error> {
    network.compile(Compile::new(Sgd::new(0.1)).threads(1))
}

fn pictures() -> Sequential {
    Sequential::new([6, 5, 4])
}

fn sequences() -> Sequential {
    Sequential::new([6, 4])
}

#[test]
fn poolings() {
    for (what, network, parts) in [
        (
            "an average over nothing",
            pictures().add(AveragePool2d::new([0, 1])),
            &["layer 1 (average_pooling2d)", "window", "[0, 1]", "from 1"][..],
        ),
        (
            "no stride",
            pictures().add(AveragePool2d::new(2).stride([1, 0])),
            &["layer 1 (average_pooling2d)", "stride", "[1, 0]"],
        ),
        (
            "a window larger than the picture",
            pictures().add(AveragePool2d::new([6, 6])),
            &[
                "layer 1 (average_pooling2d)",
                "[6, 6]",
                "[6, 5, 4]",
                "smaller window",
            ],
        ),
        (
            "an average of a sequence as of a picture",
            sequences().add(AveragePool2d::new(2)),
            &[
                "layer 1 (average_pooling2d)",
                "[height, width, channels]",
                "[6, 4]",
            ],
        ),
        (
            "an average over no steps",
            sequences().add(AveragePool1d::new(0)),
            &["layer 1 (average_pooling1d)", "window", "[0]"],
        ),
        (
            "a window longer than the sequence",
            sequences().add(AveragePool1d::new(7)),
            &["a sequence", "[7]", "[6, 4]"],
        ),
        (
            "a sequence's maximum of a picture",
            pictures().add(MaxPool1d::new(2)),
            &[
                "layer 1 (max_pooling1d)",
                "a sequence [steps, channels]",
                "[6, 5, 4]",
            ],
        ),
        (
            "no stride of a sequence's windows",
            sequences().add(MaxPool1d::new(2).stride(0)),
            &["layer 1 (max_pooling1d)", "stride", "[0]"],
        ),
        (
            "a global average of a flat input",
            Sequential::new([6]).add(GlobalAveragePool2d::new()),
            &[
                "layer 1 (global_average_pooling2d)",
                "[height, width, channels]",
                "[6]",
            ],
        ),
        (
            "a global maximum of a sequence",
            sequences().add(GlobalMaxPool2d::new()),
            &["layer 1 (global_max_pooling2d)", "[6, 4]"],
        ),
        (
            "a global average of a picture's steps",
            pictures().add(GlobalAveragePool1d::new()),
            &["layer 1 (global_average_pooling1d)", "[steps, channels]"],
        ),
        (
            "a global maximum of a picture's steps",
            pictures().add(GlobalMaxPool1d::new()),
            &["layer 1 (global_max_pooling1d)", "[steps, channels]"],
        ),
    ] {
        assert_refused(what, compiled(network), parts);
    }
}

#[test]
fn giant_poolings() {
    let most = Window([65_536, 65_536]);
    for (what, network) in [
        ("a window", pictures().add(AveragePool2d::new(HUGE).same())),
        (
            "most cells",
            pictures().add(AveragePool2d::new(most).same()),
        ),
        (
            "a stride",
            pictures().add(AveragePool2d::new(1).stride(HUGE)),
        ),
        ("steps", sequences().add(AveragePool1d::new(HUGE).same())),
        (
            "a stride of steps",
            sequences().add(MaxPool1d::new(1).stride(HUGE)),
        ),
        (
            "cells that no code numbers",
            Sequential::new([1 << 13, 1 << 12, 1]).add(GlobalMaxPool2d::new()),
        ),
    ] {
        assert_refused(what, compiled(network), &[]);
    }
}
