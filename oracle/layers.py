"""Layers forward and backward: Keras on TensorFlow in double precision, PyTorch as the second witness."""

import keras
import numpy as np
import tensorflow as tf
import torch

from output import agree, single, tensor, tensors, write

RANDOM = np.random.default_rng(20260101)


def draw(*shape, low=-1.0, high=1.0):
    return single(RANDOM.uniform(low, high, shape))


def through_keras(apply, weights, inputs, output_gradient=None):
    """Output, input gradient and weight gradients of a Keras function; draws the upstream gradient if none is given."""
    x = tf.constant(inputs)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = apply(x)
        if output_gradient is None:
            output_gradient = draw(*y.shape)
        total = tf.reduce_sum(y * tf.constant(output_gradient))
    gradients = tape.gradient(total, [x, *weights], unconnected_gradients="zero")
    return y.numpy(), output_gradient, gradients[0].numpy(), [g.numpy() for g in gradients[1:]]


def check_with_torch(apply, values, output, output_gradient, gradients):
    """Repeats a computation in PyTorch and stops unless output and gradients agree."""
    leaves = [torch.tensor(value, requires_grad=True) for value in values]
    y = apply(*leaves)
    agree(output, y.detach().numpy(), what="output of Keras and PyTorch")
    y.backward(torch.tensor(output_gradient))
    for expected, leaf in zip(gradients, leaves):
        agree(expected, leaf.grad.numpy(), what="gradient of Keras and PyTorch")


def case(name, layer, inputs, parameters, result):
    output, output_gradient, input_gradient, parameter_gradients = result
    return {
        "name": name,
        "layer": layer,
        "input": tensor(inputs),
        "parameters": tensors(parameters),
        "output": tensor(output),
        "output_gradient": tensor(output_gradient),
        "input_gradient": tensor(input_gradient),
        "parameter_gradients": tensors(dict(zip(parameters, parameter_gradients))),
    }


TORCH_ACTIVATIONS = {
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softmax": lambda z: torch.softmax(z, -1),
}


def dense(name, samples, features, units, activation="linear", use_bias=True):
    layer = keras.layers.Dense(units, activation=activation, use_bias=use_bias, dtype="float64")
    layer.build((None, features))
    parameters = {"kernel": draw(features, units)}
    if use_bias:
        parameters["bias"] = draw(units)
    layer.set_weights(list(parameters.values()))
    inputs = draw(samples, features)
    result = through_keras(layer, [w.value for w in layer.trainable_weights], inputs)
    check_with_torch(
        lambda x, kernel, bias=0.0: TORCH_ACTIVATIONS[activation](x @ kernel + bias),
        [inputs, *parameters.values()], result[0], result[1], [result[2], *result[3]],
    )
    facts = {"kind": "dense", "units": units, "activation": activation, "use_bias": use_bias}
    return case(name, facts, inputs, parameters, result)


def cosine(name, samples, features, units, scale):
    """Scaled cosines between inputs and the columns of a kernel; Keras has no such layer, but the operations."""
    inputs, kernel = draw(samples, features), draw(features, units)
    unit = lambda values, axis: values / tf.norm(values, axis=axis, keepdims=True)
    weight = tf.Variable(kernel)
    result = through_keras(lambda x: scale * unit(x, 1) @ unit(weight, 0), [weight], inputs)
    normalize = torch.nn.functional.normalize
    check_with_torch(lambda x, w: scale * normalize(x) @ normalize(w, dim=0), [inputs, kernel], result[0], result[1], [result[2], *result[3]])
    return case(name, {"kind": "cosine", "units": units, "scale": scale}, inputs, {"kernel": kernel}, result)


def same_padding(size, window, stride):
    """Keras's `same`: output ⌈size / stride⌉, padding split with the odd pixel at the end."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def pads(padding, sizes, window, stride):
    """[[before, after], …] for height and width."""
    if padding == "valid":
        return [[0, 0], [0, 0]]
    if padding == "same":
        return [list(same_padding(*of)) for of in zip(sizes, window, stride)]
    return [[p, p] for p in padding]


def torch_pad(x, around, value=0.0):
    (top, bottom), (left, right) = around
    return torch.nn.functional.pad(x, (left, right, top, bottom), value=value)


def conv2d(name, shape, filters, kernel, padding="valid", stride=(1, 1), activation="linear", use_bias=True):
    around = pads(padding, shape[1:3], kernel, stride)
    keras_padding = padding if isinstance(padding, str) else "valid"
    layer = keras.layers.Conv2D(
        filters, kernel, strides=stride, padding=keras_padding, activation=activation, use_bias=use_bias, dtype="float64"
    )
    before = (lambda x: x) if isinstance(padding, str) else keras.layers.ZeroPadding2D(tuple(padding), dtype="float64")
    inputs = draw(*shape)
    layer.build(tuple(before(tf.constant(inputs)).shape))
    parameters = {"kernel": draw(*kernel, shape[3], filters)}
    if use_bias:
        parameters["bias"] = draw(filters)
    layer.set_weights(list(parameters.values()))
    result = through_keras(lambda x: layer(before(x)), [w.value for w in layer.trainable_weights], inputs)

    def in_torch(x, weight, bias=None):
        y = torch.nn.functional.conv2d(
            torch_pad(x.permute(0, 3, 1, 2), around), weight.permute(3, 2, 0, 1), bias, stride=tuple(stride)
        )
        return TORCH_ACTIVATIONS[activation](y.permute(0, 2, 3, 1))

    check_with_torch(in_torch, [inputs, *parameters.values()], result[0], result[1], [result[2], *result[3]])
    facts = {
        "kind": "conv2d", "filters": filters, "kernel": list(kernel), "stride": list(stride),
        "padding": padding if isinstance(padding, str) else list(padding), "pads": around,
        "activation": activation, "use_bias": use_bias,
    }
    return case(name, facts, inputs, parameters, result)


def max_pool2d(name, shape, pool, stride=None, padding="valid", low=-1.0, high=1.0):
    stride = stride or pool
    around = pads(padding, shape[1:3], pool, stride)
    layer = keras.layers.MaxPooling2D(pool, strides=stride, padding=padding, dtype="float64")
    inputs = draw(*shape, low=low, high=high)
    result = through_keras(layer, [], inputs)
    check_with_torch(
        lambda x: torch.nn.functional.max_pool2d(
            torch_pad(x.permute(0, 3, 1, 2), around, value=-np.inf), tuple(pool), tuple(stride)
        ).permute(0, 2, 3, 1),
        [inputs], result[0], result[1], [result[2]],
    )
    facts = {"kind": "max_pool2d", "pool": list(pool), "stride": list(stride), "padding": padding, "pads": around}
    return case(name, facts, inputs, {}, result)


def reshaping(name, layer, facts, shape):
    inputs = draw(*shape)
    return case(name, facts, inputs, {}, through_keras(layer, [], inputs))


def activation(name, function, inputs):
    result = through_keras(keras.layers.Activation(function, dtype="float64"), [], inputs)
    check_with_torch(TORCH_ACTIVATIONS[function], [inputs], result[0], result[1], [result[2]])
    return case(name, {"kind": "activation", "activation": function}, inputs, {}, result)


def dropout_facts():
    """Keras's Dropout: at inference nothing; in training each number becomes 0 or is scaled by 1 / (1 − rate)."""
    facts = []
    ones = np.ones((400, 50))
    for rate in (0.0, 0.25, 0.5, 0.9):
        layer = keras.layers.Dropout(rate, seed=1, dtype="float64")
        agree(layer(ones, training=False), ones, what="dropout at inference")
        trained = np.asarray(layer(ones, training=True))
        scale = 1.0 / (1.0 - rate)
        kept = trained != 0.0
        agree(trained[kept], np.full(kept.sum(), scale), what="dropout's scale")
        agree(kept.mean(), 1.0 - rate, tolerance=0.02, what="dropout's share")
        facts.append({"rate": rate, "scale_in_training": scale, "kept_share": 1.0 - rate, "scale_at_inference": 1.0})
    return facts


def main():
    wide = single(np.array([[-100.0, -50.0, -20.0, -5.0, -1.0], [-0.5, -1e-3, 0.0, 1e-3, 0.5], [1.0, 5.0, 20.0, 50.0, 100.0]]))
    far = single(np.array([[1000.0, 0.0, -1000.0], [1000.0, 999.0, 998.0], [-1000.0, -1001.0, -999.5]]))
    rows = [
        *(dense(f"dense {a}", 4, 7, 5, a) for a in TORCH_ACTIVATIONS),
        dense("dense without bias", 3, 5, 4, "relu", use_bias=False),
        dense("dense one sample", 1, 33, 17, "tanh"),
        dense("dense one unit", 6, 19, 1, "sigmoid"),
        dense("dense one feature", 5, 1, 9, "relu"),
        conv2d("conv2d valid 3x3", (2, 6, 7, 1), 2, (3, 3)),
        conv2d("conv2d valid 3x3 several channels", (2, 6, 5, 3), 4, (3, 3)),
        conv2d("conv2d same 3x3", (2, 5, 6, 2), 3, (3, 3), "same"),
        conv2d("conv2d same 5x5 relu as in the CNN", (1, 12, 12, 1), 4, (5, 5), "same", activation="relu"),
        conv2d("conv2d same 2x2 even kernel", (2, 5, 6, 2), 3, (2, 2), "same"),
        conv2d("conv2d same 4x4 even kernel", (1, 7, 6, 1), 2, (4, 4), "same"),
        conv2d("conv2d same 3x3 stride 2 even size", (1, 6, 8, 2), 3, (3, 3), "same", (2, 2)),
        conv2d("conv2d same 3x3 stride 2 odd size", (1, 7, 5, 2), 3, (3, 3), "same", (2, 2)),
        conv2d("conv2d same 2x2 stride 2 odd size", (1, 5, 7, 1), 2, (2, 2), "same", (2, 2)),
        conv2d("conv2d same 5x5 stride 3", (1, 10, 11, 1), 2, (5, 5), "same", (3, 3)),
        conv2d("conv2d same 5x5 stride 2", (1, 8, 9, 2), 2, (5, 5), "same", (2, 2)),
        conv2d("conv2d valid 3x3 stride 2", (2, 7, 8, 2), 2, (3, 3), "valid", (2, 2)),
        conv2d("conv2d valid 4x4 stride 3", (1, 11, 9, 1), 3, (4, 4), "valid", (3, 3)),
        conv2d("conv2d valid stride beyond the kernel", (1, 8, 9, 2), 2, (2, 2), "valid", (3, 3)),
        conv2d("conv2d same stride beyond the kernel", (1, 8, 9, 2), 2, (2, 2), "same", (3, 3)),
        conv2d("conv2d padding 1", (1, 5, 6, 2), 2, (3, 3), [1, 1]),
        conv2d("conv2d padding 2 and 1 stride 2", (2, 6, 7, 1), 3, (4, 3), [2, 1], (2, 2)),
        conv2d("conv2d padding 3 stride 3", (1, 5, 5, 1), 2, (5, 5), [3, 3], (3, 3)),
        conv2d("conv2d unequal kernel and stride", (1, 7, 9, 2), 2, (2, 5), "same", (1, 2), "tanh"),
        conv2d("conv2d 1x1", (2, 4, 3, 5), 3, (1, 1), activation="sigmoid"),
        conv2d("conv2d softmax over the filters", (1, 4, 4, 2), 3, (3, 3), activation="softmax"),
        conv2d("conv2d without bias", (1, 5, 5, 3), 2, (3, 3), use_bias=False),
        conv2d("conv2d kernel as large as the picture", (3, 4, 5, 2), 3, (4, 5)),
        conv2d("conv2d nine channels", (1, 5, 5, 9), 8, (3, 3), "same"),
        max_pool2d("max_pool2d 2", (2, 6, 4, 3), (2, 2)),
        max_pool2d("max_pool2d 2 odd size", (2, 7, 5, 2), (2, 2)),
        max_pool2d("max_pool2d 2 odd size same", (2, 7, 5, 2), (2, 2), padding="same"),
        max_pool2d("max_pool2d 3 stride 2", (1, 8, 9, 2), (3, 3), (2, 2)),
        max_pool2d("max_pool2d 3 stride 2 same", (1, 8, 9, 2), (3, 3), (2, 2), "same"),
        max_pool2d("max_pool2d 3 stride 1 same", (1, 5, 6, 2), (3, 3), (1, 1), "same"),
        max_pool2d("max_pool2d 3", (1, 10, 8, 1), (3, 3)),
        max_pool2d("max_pool2d stride beyond the pool", (1, 8, 9, 2), (2, 2), (3, 3)),
        max_pool2d("max_pool2d unequal", (1, 7, 8, 2), (3, 2), (2, 1)),
        max_pool2d("max_pool2d same, all negative", (1, 5, 5, 2), (2, 2), padding="same", low=-2.0, high=-1.0),
        reshaping("flatten", keras.layers.Flatten(dtype="float64"), {"kind": "flatten"}, (2, 3, 4, 2)),
        reshaping("reshape", keras.layers.Reshape((4, 2, 3), dtype="float64"), {"kind": "reshape", "target": [4, 2, 3]}, (2, 6, 4)),
        *(activation(f"activation {a}", a, draw(3, 6, low=-3.0, high=3.0)) for a in TORCH_ACTIVATIONS),
        *(activation(f"activation {a} far from zero", a, wide) for a in TORCH_ACTIVATIONS),
        activation("activation softmax very far from zero", "softmax", far),
        activation("activation softmax over the last of four axes", "softmax", draw(2, 2, 3, 4, low=-2.0, high=2.0)),
        cosine("cosine", 4, 7, 5, 20.0),
        cosine("cosine one unit", 3, 2, 1, 1.5),
    ]
    write("layers", {"cases": rows, "dropout": dropout_facts()})


if __name__ == "__main__":
    main()
