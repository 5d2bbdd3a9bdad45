"""Convolutions of every kind, poolings and layers that move cells: Keras in double precision, PyTorch as the second witness."""

import keras
import numpy as np
import tensorflow as tf
import torch

from layers import TORCH_ACTIVATIONS, case, check_with_torch, draw, pads, through_keras, torch_pad
from output import agree, write

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


def reach(kernel, dilation):
    return [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]


def with_parameters(name, facts, layer, values, in_torch, inputs, apply=None):
    """A case of a layer with parameters `values`, given in the order of its weights."""
    layer.build(inputs.shape)
    layer.set_weights(list(values.values()))
    result = through_keras(apply or layer, [w.value for w in layer.trainable_weights], inputs)
    check_with_torch(in_torch, [inputs, *values.values()], result[0], result[1], [result[2], *result[3]])
    return case(name, facts, inputs, values, result)


def in_torch_conv(activation, around, stride, dilation, groups):
    def apply(x, kernel, bias=None):
        y = F.conv2d(torch_pad(channels_first(x), around), kernel.permute(3, 2, 0, 1), bias,
                     stride=tuple(stride), dilation=tuple(dilation), groups=groups)
        return TORCH_ACTIVATIONS[activation](channels_last(y))
    return apply


def keras_conv_of_groups(kernel, bias, groups, stride, padding, dilation, activation):
    """A convolution in groups, put together from one a group: TensorFlow has none on the processor."""
    def apply(x):
        xs, ws = tf.split(x, groups, axis=-1), tf.split(kernel, groups, axis=-1)
        parts = [keras.ops.conv(x, w, strides=list(stride), padding=padding, dilation_rate=dilation) for x, w in zip(xs, ws)]
        return keras.activations.get(activation)(tf.concat(parts, -1) + bias)
    return apply


def conv2d(name, shape, filters, kernel, padding="valid", stride=(1, 1), dilation=(1, 1), groups=1, activation="linear"):
    around = pads(padding, shape[1:3], reach(kernel, dilation), stride)
    inputs = draw(*shape)
    values = {"kernel": draw(*kernel, shape[3] // groups, filters), "bias": draw(filters)}
    weights = [tf.constant(value) for value in values.values()]
    facts = {"kind": "conv2d", "filters": filters, "kernel": list(kernel), "padding": padding, "stride": list(stride),
             "dilation_rate": list(dilation), "groups": groups, "activation": activation, "use_bias": True}
    in_torch = in_torch_conv(activation, around, stride, dilation, groups)
    if groups == 1:
        layer = L.Conv2D(filters, kernel, strides=stride, padding=padding, dilation_rate=dilation, activation=activation, dtype="float64")
        return with_parameters(name, facts, layer, values, in_torch, inputs)
    with tf.GradientTape() as tape:
        x = tf.constant(inputs)
        tape.watch([x, *weights])
        y = keras_conv_of_groups(*weights, groups, stride, padding, dilation, activation)(x)
        upstream = draw(*y.shape)
        total = tf.reduce_sum(y * tf.constant(upstream))
    gradients = [g.numpy() for g in tape.gradient(total, [x, *weights])]
    result = (y.numpy(), upstream, gradients[0], gradients[1:])
    check_with_torch(in_torch, [inputs, *values.values()], result[0], result[1], gradients)
    return case(name, facts, inputs, values, result)


def depthwise(name, shape, kernel, multiplier=1, padding="valid", stride=(1, 1), dilation=(1, 1), activation="linear"):
    around = pads(padding, shape[1:3], reach(kernel, dilation), stride)
    channels = shape[3]
    values = {"kernel": draw(*kernel, channels, multiplier), "bias": draw(channels * multiplier)}
    layer = L.DepthwiseConv2D(kernel, strides=stride, padding=padding, depth_multiplier=multiplier, dilation_rate=dilation,
                              activation=activation, dtype="float64")
    one_by_one = in_torch_conv(activation, around, stride, dilation, channels)
    facts = {"kind": "depthwise_conv2d", "kernel": list(kernel), "depth_multiplier": multiplier, "padding": padding,
             "stride": list(stride), "dilation_rate": list(dilation), "activation": activation, "use_bias": True}
    return with_parameters(
        name, facts, layer, values,
        lambda x, kernel, bias: one_by_one(x, kernel.reshape(*kernel.shape[:2], 1, -1), bias), draw(*shape),
    )


def separable(name, shape, filters, kernel, multiplier=1, padding="valid", stride=(1, 1), dilation=(1, 1), activation="linear"):
    around = pads(padding, shape[1:3], reach(kernel, dilation), stride)
    channels = shape[3]
    values = {"depthwise_kernel": draw(*kernel, channels, multiplier),
              "pointwise_kernel": draw(1, 1, channels * multiplier, filters), "bias": draw(filters)}
    layer = L.SeparableConv2D(filters, kernel, strides=stride, padding=padding, depth_multiplier=multiplier,
                              dilation_rate=dilation, activation=activation, dtype="float64")
    first = in_torch_conv("linear", around, stride, dilation, channels)
    second = in_torch_conv(activation, [[0, 0], [0, 0]], (1, 1), (1, 1), 1)
    facts = {"kind": "separable_conv2d", "filters": filters, "kernel": list(kernel), "depth_multiplier": multiplier,
             "padding": padding, "stride": list(stride), "dilation_rate": list(dilation), "activation": activation, "use_bias": True}
    return with_parameters(
        name, facts, layer, values,
        lambda x, d, p, bias: second(first(x, d.reshape(*d.shape[:2], 1, -1)), p, bias), draw(*shape),
    )


def transposed(name, shape, filters, kernel, padding="valid", stride=(1, 1), activation="linear"):
    values = {"kernel": draw(*kernel, filters, shape[3]), "bias": draw(filters)}
    layer = L.Conv2DTranspose(filters, kernel, strides=stride, padding=padding, activation=activation, dtype="float64")

    def in_torch(x, kernel, bias):
        y = channels_last(F.conv_transpose2d(channels_first(x), kernel.permute(3, 2, 0, 1), None, stride=tuple(stride)))
        sizes = [n * s + (max(k - s, 0) if padding == "valid" else 0) for n, k, s in zip(x.shape[1:3], kernel.shape[:2], stride)]
        (top, _), (left, _) = pads(padding, sizes, kernel.shape[:2], stride)
        # Beyond the last kernel, where the stride is longer, nothing is added.
        y = F.pad(y, (0, 0, 0, max(sizes[1] - y.shape[2] + left, 0), 0, max(sizes[0] - y.shape[1] + top, 0)))
        return TORCH_ACTIVATIONS[activation](y[:, top:top + sizes[0], left:left + sizes[1]] + bias)

    facts = {"kind": "conv2d_transpose", "filters": filters, "kernel": list(kernel), "padding": padding,
             "stride": list(stride), "activation": activation, "use_bias": True}
    return with_parameters(name, facts, layer, values, in_torch, draw(*shape))


def conv1d(name, shape, filters, kernel, padding="valid", stride=1, dilation=1, activation="linear"):
    values = {"kernel": draw(kernel, shape[2], filters), "bias": draw(filters)}
    layer = L.Conv1D(filters, kernel, strides=stride, padding=padding, dilation_rate=dilation, activation=activation, dtype="float64")
    covered = (kernel - 1) * dilation + 1
    around = pads("valid" if padding == "causal" else padding, (1, shape[1]), (1, covered), (1, stride))
    if padding == "causal":
        around = [[0, 0], [covered - 1, 0]]

    def in_torch(x, kernel, bias):
        y = F.conv2d(torch_pad(from_sequence(x), around), kernel.permute(2, 1, 0).unsqueeze(2), bias,
                     stride=(1, stride), dilation=(1, dilation))
        return TORCH_ACTIVATIONS[activation](to_sequence(y))

    facts = {"kind": "conv1d", "filters": filters, "kernel": kernel, "padding": padding, "stride": stride,
             "dilation_rate": dilation, "activation": activation, "use_bias": True}
    return with_parameters(name, facts, layer, values, in_torch, draw(*shape))


def convolutions():
    return [
        conv2d("conv2d dilated", (2, 8, 9, 2), 3, (3, 3), dilation=(2, 2)),
        conv2d("conv2d dilated same, unequal", (1, 7, 8, 3), 9, (3, 2), "same", dilation=(2, 3), activation="tanh"),
        conv2d("conv2d dilated beyond a small picture, same", (1, 4, 5, 2), 3, (3, 3), "same", dilation=(5, 6)),
        conv2d("conv2d in two groups", (2, 6, 5, 4), 6, (3, 3), groups=2),
        conv2d("conv2d in three groups, same, stride 2", (1, 6, 7, 6), 9, (3, 2), "same", (2, 2), groups=3, activation="relu"),
        conv2d("conv2d in as many groups as channels", (1, 6, 7, 3), 6, (3, 3), "same", groups=3),
        conv2d("conv2d 1x1, stride 2", (1, 6, 7, 3), 9, (1, 1), "same", (2, 2)),
        depthwise("depthwise_conv2d", (2, 6, 7, 3), (3, 3)),
        depthwise("depthwise_conv2d same, 17 channels", (1, 5, 4, 17), (3, 3), padding="same", activation="relu"),
        depthwise("depthwise_conv2d of two filters a channel, stride 2", (1, 7, 8, 3), (3, 3), 2, "same", (2, 2)),
        depthwise("depthwise_conv2d dilated", (1, 9, 8, 2), (3, 3), 3, "same", dilation=(2, 2), activation="tanh"),
        separable("separable_conv2d", (2, 6, 7, 3), 4, (3, 3)),
        separable("separable_conv2d same, stride 2, two filters a channel", (1, 7, 8, 3), 5, (3, 3), 2, "same", (2, 2), activation="relu"),
        separable("separable_conv2d dilated", (1, 8, 8, 2), 9, (3, 3), 1, "same", dilation=(2, 2), activation="sigmoid"),
        transposed("conv2d_transpose", (2, 4, 5, 3), 2, (3, 3)),
        transposed("conv2d_transpose stride 2", (1, 4, 5, 2), 3, (3, 3), stride=(2, 2)),
        transposed("conv2d_transpose stride 2 same", (1, 4, 5, 2), 3, (3, 3), "same", (2, 2), "relu"),
        transposed("conv2d_transpose stride 2 same, even kernel", (1, 3, 4, 9), 8, (4, 4), "same", (2, 2)),
        transposed("conv2d_transpose stride beyond the kernel", (1, 3, 4, 2), 3, (2, 2), "valid", (3, 3), "tanh"),
        transposed("conv2d_transpose stride beyond the kernel same", (1, 3, 4, 2), 3, (2, 1), "same", (3, 2)),
        conv1d("conv1d", (2, 8, 3), 4, 3),
        conv1d("conv1d same, stride 2", (2, 9, 3), 4, 3, "same", 2, activation="relu"),
        conv1d("conv1d causal", (2, 8, 3), 4, 3, "causal"),
        conv1d("conv1d causal, dilated", (1, 9, 2), 9, 3, "causal", dilation=3, activation="tanh"),
        conv1d("conv1d causal, stride 2", (1, 9, 2), 3, 4, "causal", 2),
        conv1d("conv1d dilated, same", (1, 9, 2), 3, 2, "same", dilation=2),
    ]


def edges(name, kind, layer, of, shape, in_torch):
    facts = {"kind": kind, "edges": of}
    return without_parameters(name, facts, layer(of, dtype="float64"), in_torch, shape)


def bilinear(size, shape):
    """Here PyTorch comes first: TensorFlow interpolates in single precision whatever it is given."""
    layer = L.UpSampling2D(size, interpolation="bilinear", dtype="float64")
    inputs = draw(*shape)
    output, upstream, input_gradient, _ = through_keras(layer, [], inputs)
    x = torch.tensor(inputs, requires_grad=True)
    y = channels_last(F.interpolate(channels_first(x), scale_factor=size, mode="bilinear", align_corners=False))
    y.backward(torch.tensor(upstream))
    agree(output, y.detach().numpy(), tolerance=1e-6, what="output of Keras and PyTorch")
    agree(input_gradient, x.grad.numpy(), tolerance=1e-6, what="gradient of Keras and PyTorch")
    facts = {"kind": "up_sampling2d", "size": list(size), "interpolation": "bilinear"}
    return case(f"up_sampling2d bilinear {size}", facts, inputs, {}, (y.detach().numpy(), upstream, x.grad.numpy(), []))


def moving():
    cases = []
    for of in ([[1, 2], [0, 3]], [[0, 0], [1, 1]]):
        (top, bottom), (left, right) = of
        cases.append(edges(f"zero_padding2d {of}", "zero_padding2d", L.ZeroPadding2D, of, (2, 3, 4, 2),
                           lambda x: F.pad(x, (0, 0, left, right, top, bottom))))
        cases.append(edges(f"cropping2d {of}", "cropping2d", L.Cropping2D, of, (2, 5, 6, 2),
                           lambda x: x[:, top:x.shape[1] - bottom, left:x.shape[2] - right]))
    for size in ((2, 2), (3, 1), (1, 4)):
        cases.append(without_parameters(
            f"up_sampling2d nearest {size}", {"kind": "up_sampling2d", "size": list(size), "interpolation": "nearest"},
            L.UpSampling2D(size, dtype="float64"),
            lambda x: channels_last(F.interpolate(channels_first(x), scale_factor=size)), (2, 3, 4, 2),
        ))
        cases.append(bilinear(size, (2, 3, 4, 2)))
    return cases


SUMMARY = [
    lambda: L.ZeroPadding2D(((1, 2), (0, 1))),
    lambda: L.Conv2D(8, 3, dilation_rate=2, padding="same"),
    lambda: L.Conv2D(12, 3, strides=2, groups=4),
    lambda: L.DepthwiseConv2D(3, depth_multiplier=2),
    lambda: L.SeparableConv2D(10, (3, 2), depth_multiplier=2, strides=(2, 2), padding="same"),
    lambda: L.Conv2DTranspose(6, 3, strides=2),
    lambda: L.Cropping2D((1, 2)),
    lambda: L.UpSampling2D((2, 1), interpolation="bilinear"),
    lambda: L.AveragePooling2D((2, 3), padding="same"),
    lambda: L.Reshape((-1, 6)),
    lambda: L.Conv1D(7, 3, padding="causal", dilation_rate=2),
    lambda: L.MaxPooling1D(2),
    lambda: L.AveragePooling1D(2, strides=1, padding="same"),
    lambda: L.GlobalAveragePooling1D(),
]


def summary():
    """What Keras says of a chain of layers: output shapes and parameter counts."""
    keras.utils.clear_session()
    model = keras.Sequential([L.Input((24, 23, 4)), *(make() for make in SUMMARY)])
    layers = [{"name": layer.name, "output_shape": list(layer.output.shape[1:]), "parameters": layer.count_params()}
              for layer in model.layers]
    names = [f"{layer.name}/{weight.name}" for layer in model.layers for weight in layer.weights]
    return {"layers": layers, "parameters": model.count_params(), "parameter_names": names}


def main():
    cases = [*poolings(), *convolutions(), *moving()]
    write("convolutions", {"cases": cases, "summary": summary()})


if __name__ == "__main__":
    main()
