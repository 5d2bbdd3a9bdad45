//! Convolutions, poolings and layers that move cells, with settings that make no sense or on
//! inputs that they do not fit.

use letra_nn::layers::Window;
use letra_nn::prelude::*;

use super::assert_refused;

const HUGE: usize = 1_000_000_000_000_000_000;

fn compiled(network: Sequential) -> Result<Trainer, Error> {
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
    let most = Window::from(65_536);
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

#[test]
fn convolutions() {
    for (what, network, parts) in [
        (
            "groups that do not divide the channels",
            pictures().add(Conv2d::new(6, 3).groups(3)),
            &["layer 1 (conv2d)", "3 groups", "[6, 5, 4]"][..],
        ),
        (
            "groups that do not divide the filters",
            pictures().add(Conv2d::new(6, 3).groups(4)),
            &["layer 1 (conv2d)", "6 filters in 4 groups"],
        ),
        (
            "no groups",
            pictures().add(Conv2d::new(6, 3).groups(0)),
            &["layer 1 (conv2d)", "groups", "from 1"],
        ),
        (
            "stride and dilation",
            pictures().add(Conv2d::new(6, 2).stride(2).dilation_rate([1, 2])),
            &["stride of [2, 2]", "dilation rate of [1, 2]", "only one"],
        ),
        (
            "no dilation",
            pictures().add(Conv2d::new(6, 2).dilation_rate([0, 1])),
            &["dilation rate", "[0, 1]", "from 1"],
        ),
        (
            "dilation beyond the picture",
            pictures().add(Conv2d::new(6, 3).dilation_rate(3)),
            &["kernel [3, 3]", "dilation rate of [3, 3]", "[6, 5, 4]"],
        ),
        (
            "depthwise filters of nothing",
            pictures().add(DepthwiseConv2d::new([0, 2])),
            &["layer 1 (depthwise_conv2d)", "kernel", "[0, 2]"],
        ),
        (
            "no filters a channel",
            pictures().add(DepthwiseConv2d::new(2).depth_multiplier(0)),
            &["layer 1 (depthwise_conv2d)", "depth multiplier", "[0]"],
        ),
        (
            "a depthwise kernel larger than the picture",
            pictures().add(DepthwiseConv2d::new([7, 1])),
            &["layer 1 (depthwise_conv2d)", "[7, 1]", "smaller kernel"],
        ),
        (
            "stride and dilation of depthwise kernels",
            pictures().add(DepthwiseConv2d::new(2).stride(2).dilation_rate(2)),
            &["layer 1 (depthwise_conv2d)", "only one"],
        ),
        (
            "separable filters of none",
            pictures().add(SeparableConv2d::new(0, 3)),
            &["layer 1 (separable_conv2d)", "filters"],
        ),
        (
            "no depthwise filters",
            pictures().add(SeparableConv2d::new(2, 3).depth_multiplier(0)),
            &["layer 1 (separable_conv2d)", "depth multiplier"],
        ),
        (
            "an initial value of a pointwise kernel that is not a number",
            pictures().add(
                SeparableConv2d::new(2, 3).pointwise_initializer(Initializer::constant(f32::NAN)),
            ),
            &["layer 1 (separable_conv2d)", "NaN"],
        ),
        (
            "a separable kernel larger than the picture",
            pictures().add(SeparableConv2d::new(2, 6)),
            &["layer 1 (separable_conv2d)", "[6, 6]"],
        ),
        (
            "no stride of a transposed convolution",
            pictures().add(Conv2dTranspose::new(2, 3).stride(0)),
            &["layer 1 (conv2d_transpose)", "stride", "[0, 0]"],
        ),
        (
            "a transposed convolution without filters",
            pictures().add(Conv2dTranspose::new(0, 3)),
            &["layer 1 (conv2d_transpose)", "filters"],
        ),
        (
            "a transposed convolution of a sequence",
            sequences().add(Conv2dTranspose::new(2, 3)),
            &["layer 1 (conv2d_transpose)", "[height, width, channels]"],
        ),
        (
            "a sequence's convolution of a picture",
            pictures().add(Conv1d::new(2, 3)),
            &["layer 1 (conv1d)", "a sequence [steps, channels]"],
        ),
        (
            "a kernel longer than the sequence",
            sequences().add(Conv1d::new(2, 7)),
            &["layer 1 (conv1d)", "a sequence", "[7]"],
        ),
        (
            "dilation beyond the sequence",
            sequences().add(Conv1d::new(2, 3).dilation_rate(3)),
            &["layer 1 (conv1d)", "[3]", "dilation rate of [3]"],
        ),
        (
            "stride and dilation of a sequence",
            sequences().add(Conv1d::new(2, 2).causal().stride(2).dilation_rate(2)),
            &["layer 1 (conv1d)", "stride of [2]", "only one"],
        ),
        (
            "groups that do not divide a sequence's channels",
            sequences().add(Conv1d::new(3, 2).groups(3)),
            &["layer 1 (conv1d)", "3 groups", "[6, 4]"],
        ),
    ] {
        assert_refused(what, compiled(network), parts);
    }
}

#[test]
fn layers_that_move_cells() {
    for (what, network, parts) in [
        (
            "a cropping of everything",
            pictures().add(Cropping2d::new([3, 0])),
            &[
                "layer 1 (cropping2d)",
                "[[3, 3], [0, 0]]",
                "[6, 5, 4]",
                "cut off less",
            ][..],
        ),
        (
            "a cropping of more than everything",
            pictures().add(Cropping2d::new([[0, 0], [65_536, 1]])),
            &["layer 1 (cropping2d)", "cut off less"],
        ),
        (
            "a cropping of a sequence",
            sequences().add(Cropping2d::new(1)),
            &["layer 1 (cropping2d)", "[height, width, channels]"],
        ),
        (
            "zeros around a sequence",
            sequences().add(ZeroPadding2d::new(1)),
            &["layer 1 (zero_padding2d)", "[height, width, channels]"],
        ),
        (
            "pictures made to nothing",
            pictures().add(UpSampling2d::new([2, 0])),
            &["layer 1 (up_sampling2d)", "size", "[2, 0]"],
        ),
        (
            "sequences made larger",
            sequences().add(UpSampling2d::new(2).bilinear()),
            &["layer 1 (up_sampling2d)", "[height, width, channels]"],
        ),
    ] {
        assert_refused(what, compiled(network), parts);
    }
}

#[test]
fn giant_layers() {
    let most = Window::from(65_536);
    for (what, network) in [
        ("groups", pictures().add(Conv2d::new(HUGE, 1).groups(HUGE))),
        (
            "a dilation rate",
            pictures().add(Conv2d::new(1, 2).dilation_rate(HUGE).same()),
        ),
        (
            "what dilation pads",
            pictures().add(Conv2d::new(8, 3).dilation_rate(most).same()),
        ),
        (
            "what a padding with a stride pads",
            pictures().add(Conv2d::new(8, 3).padding(most).stride(most)),
        ),
        (
            "a depthwise kernel",
            pictures().add(DepthwiseConv2d::new(HUGE).same()),
        ),
        (
            "a depth multiplier",
            pictures().add(DepthwiseConv2d::new(1).depth_multiplier(HUGE)),
        ),
        (
            "many filters of a channel",
            Sequential::new([4000, 4000, 1]).add(DepthwiseConv2d::new(1).depth_multiplier(65_536)),
        ),
        (
            "separable filters",
            pictures().add(SeparableConv2d::new(HUGE, 1)),
        ),
        (
            "separable filters of a channel",
            pictures().add(SeparableConv2d::new(1, 1).depth_multiplier(usize::MAX)),
        ),
        (
            "a transposed kernel",
            pictures().add(Conv2dTranspose::new(1, HUGE)),
        ),
        (
            "a transposed map",
            pictures().add(Conv2dTranspose::new(65_536, 1).stride(most)),
        ),
        ("steps", sequences().add(Conv1d::new(1, HUGE).causal())),
        (
            "what a sequence is padded to",
            sequences().add(Conv1d::new(1, 65_536).dilation_rate(65_536).causal()),
        ),
        ("a padding", pictures().add(ZeroPadding2d::new(HUGE))),
        (
            "a padded picture",
            pictures().add(ZeroPadding2d::new(65_536)),
        ),
        ("a cropping", pictures().add(Cropping2d::new(usize::MAX))),
        ("a size", pictures().add(UpSampling2d::new(HUGE))),
        (
            "a larger picture",
            pictures().add(UpSampling2d::new(65_536).bilinear()),
        ),
    ] {
        assert_refused(what, compiled(network), &[]);
    }
}
