"""Convolutions of every kind, poolings and layers that move cells: Keras in double precision, PyTorch as the second witness."""

import keras
import numpy as np
import tensorflow as tf
import torch

from layers import TORCH_ACTIVATIONS, case, check_with_torch, draw, pads, through_keras, torch_pad
from output import write

L = keras.layers
F = torch.nn.functional


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def from_sequence(x):
    """A sequence as a picture of one row, channels first."""
    return x.permute(0, 2, 1).unsqueeze(2)


def to_sequence(x):
    return x.squeeze(2).permute(0, 2, 1)


def without_parameters(name, facts, layer, in_torch, shape):
    inputs = draw(*shape)
    result = through_keras(layer, [], inputs)
    check_with_torch(in_torch, [inputs], result[0], result[1], [result[2]])
    return case(name, facts, inputs, {}, result)


def averages(x, window, stride, around):
    """Means of windows that count only the cells of the picture; channels first."""
    mean = lambda x: F.avg_pool2d(torch_pad(x, around), tuple(window), tuple(stride))
    return mean(x) / mean(torch.ones_like(x))


def maxima(x, window, stride, around):
    return F.max_pool2d(torch_pad(x, around, value=-np.inf), tuple(window), tuple(stride))


def pool2d(name, kind, shape, window, stride=None, padding="valid"):
    stride = stride or window
    around = pads(padding, shape[1:3], window, stride)
    layer, pool = {
        "average_pooling2d": (L.AveragePooling2D, averages),
    }[kind]
    facts = {"kind": kind, "window": list(window), "stride": list(stride), "padding": padding}
    return without_parameters(
        name, facts, layer(window, strides=stride, padding=padding, dtype="float64"),
        lambda x: channels_last(pool(channels_first(x), window, stride, around)), shape,
    )


def pool1d(name, kind, shape, window, stride=None, padding="valid"):
    stride = stride or window
    around = pads(padding, (1, shape[1]), (1, window), (1, stride))
    layer, pool = {
        "average_pooling1d": (L.AveragePooling1D, averages),
        "max_pooling1d": (L.MaxPooling1D, maxima),
    }[kind]
    facts = {"kind": kind, "window": window, "stride": stride, "padding": padding}
    return without_parameters(
        name, facts, layer(window, strides=stride, padding=padding, dtype="float64"),
        lambda x: to_sequence(pool(from_sequence(x), (1, window), (1, stride), around)), shape,
    )


def global_pool(kind, shape, keepdims=False):
    axes = tuple(range(1, len(shape) - 1))
    layer, pool = {
        "global_average_pooling1d": (L.GlobalAveragePooling1D, torch.mean),
        "global_average_pooling2d": (L.GlobalAveragePooling2D, torch.mean),
        "global_max_pooling1d": (L.GlobalMaxPooling1D, torch.amax),
        "global_max_pooling2d": (L.GlobalMaxPooling2D, torch.amax),
    }[kind]
    return without_parameters(
        f"{kind}, keepdims {keepdims}", {"kind": kind, "keepdims": keepdims},
        layer(keepdims=keepdims, dtype="float64"), lambda x: pool(x, dim=axes, keepdim=keepdims), shape,
    )


def poolings():
    return [
        pool2d("average_pooling2d 2", "average_pooling2d", (2, 6, 4, 3), (2, 2)),
        pool2d("average_pooling2d 2 odd size", "average_pooling2d", (2, 7, 5, 2), (2, 2)),
        pool2d("average_pooling2d 2 odd size same", "average_pooling2d", (2, 7, 5, 2), (2, 2), padding="same"),
        pool2d("average_pooling2d 3 stride 1 same", "average_pooling2d", (1, 5, 6, 2), (3, 3), (1, 1), "same"),
        pool2d("average_pooling2d 3 stride 2 same", "average_pooling2d", (1, 8, 9, 2), (3, 3), (2, 2), "same"),
        pool2d("average_pooling2d unequal", "average_pooling2d", (1, 7, 8, 17), (3, 2), (2, 1)),
        pool2d("average_pooling2d stride beyond the window", "average_pooling2d", (1, 8, 9, 2), (2, 2), (3, 3)),
        pool1d("average_pooling1d 2", "average_pooling1d", (2, 7, 3), 2),
        pool1d("average_pooling1d 3 stride 2 same", "average_pooling1d", (2, 8, 3), 3, 2, "same"),
        pool1d("max_pooling1d 2", "max_pooling1d", (2, 7, 3), 2),
        pool1d("max_pooling1d 3 stride 2 same", "max_pooling1d", (2, 8, 3), 3, 2, "same"),
        *(global_pool(f"global_{how}_pooling2d", (2, 5, 3, 4), keepdims) for how in ("average", "max") for keepdims in (False, True)),
        *(global_pool(f"global_{how}_pooling1d", (2, 5, 3), keepdims) for how in ("average", "max") for keepdims in (False, True)),
    ]


def main():
    write("convolutions", {"cases": poolings()})


if __name__ == "__main__":
    main()
