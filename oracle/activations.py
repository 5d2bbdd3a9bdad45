"""Activation functions and the layers around ReLU, forward and backward: Keras and PyTorch in double precision."""

import keras
import numpy as np
import tensorflow as tf
import torch

from layers import case, through_keras
from output import agree, single, write

RANDOM = np.random.default_rng(20260202)


def draw(*shape, low=-1.0, high=1.0):
    return single(RANDOM.uniform(low, high, shape))


functional = torch.nn.functional


def as_tensorflow_has_it(slope):
    """TensorFlow takes the slope of leaky ReLU in single precision, whatever the values are."""
    return float(np.float32(slope))


FUNCTIONS = {
    "elu": ("elu", functional.elu),
    "gelu": ("gelu", functional.gelu),
    "gelu_tanh": (
        lambda x: keras.activations.gelu(x, approximate=True),
        lambda x: functional.gelu(x, approximate="tanh"),
    ),
    "leaky_relu": ("leaky_relu", lambda x: functional.leaky_relu(x, as_tensorflow_has_it(0.2))),
    "selu": ("selu", functional.selu),
    "silu": ("silu", functional.silu),
    "softplus": ("softplus", lambda x: functional.softplus(x, threshold=1000.0)),
}


def check_with_torch(apply, values, output, output_gradient, gradients):
    """Stops unless PyTorch agrees; Keras has some of GELU's constants in single precision."""
    leaves = [torch.tensor(value, requires_grad=True) for value in values]
    y = apply(*leaves)
    agree(output, y.detach().numpy(), 1e-7, what="output of Keras and PyTorch")
    y.backward(torch.tensor(output_gradient))
    for expected, leaf in zip(gradients, leaves):
        agree(expected, leaf.grad.numpy(), 1e-7, what="gradient of Keras and PyTorch")


def held(name, facts, keras_layer, torch_function, parameters, inputs):
    """A case that both libraries agree on."""
    upstream = draw(*inputs.shape)
    weights = [w.value for w in keras_layer.trainable_weights]
    result = through_keras(keras_layer, weights, inputs, upstream)
    values = [inputs, *parameters.values()]
    check_with_torch(torch_function, values, result[0], result[1], [result[2], *result[3]])
    return case(name, facts, inputs, parameters, result)


def activation(name, function, inputs):
    in_keras, in_torch = FUNCTIONS[function]
    layer = keras.layers.Activation(in_keras, dtype="float64")
    return held(name, {"kind": "activation", "activation": function}, layer, in_torch, {}, inputs)


def dense(function):
    in_keras, in_torch = FUNCTIONS[function]
    layer = keras.layers.Dense(5, activation=in_keras, dtype="float64")
    layer.build((None, 7))
    parameters = {"kernel": draw(7, 5), "bias": draw(5)}
    layer.set_weights(list(parameters.values()))
    inputs, upstream = draw(4, 7), draw(4, 5)
    result = through_keras(layer, [w.value for w in layer.trainable_weights], inputs, upstream)
    check_with_torch(
        lambda x, kernel, bias: in_torch(x @ kernel + bias),
        [inputs, *parameters.values()], result[0], result[1], [result[2], *result[3]],
    )
    facts = {"kind": "dense", "units": 5, "activation": function, "use_bias": True}
    return case(f"dense {function}", facts, inputs, parameters, result)


def conv2d(function):
    in_keras, in_torch = FUNCTIONS[function]
    layer = keras.layers.Conv2D(3, 2, activation=in_keras, dtype="float64")
    inputs, upstream = draw(2, 5, 6, 2), draw(2, 4, 5, 3)
    layer.build(inputs.shape)
    parameters = {"kernel": draw(2, 2, 2, 3), "bias": draw(3)}
    layer.set_weights(list(parameters.values()))
    result = through_keras(layer, [w.value for w in layer.trainable_weights], inputs, upstream)

    def apply(x, kernel, bias):
        z = functional.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias)
        return in_torch(z.permute(0, 2, 3, 1))

    check_with_torch(apply, [inputs, *parameters.values()], result[0], result[1], [result[2], *result[3]])
    facts = {
        "kind": "conv2d", "filters": 3, "kernel": [2, 2], "stride": [1, 1], "padding": "valid",
        "activation": function, "use_bias": True,
    }
    return case(f"conv2d {function}", facts, inputs, parameters, result)


def leaky_relu(slope):
    layer = keras.layers.LeakyReLU(negative_slope=slope, dtype="float64")
    facts = {"kind": "leaky_relu", "slope": slope}
    torch_function = lambda x: functional.leaky_relu(x, as_tensorflow_has_it(slope))
    return held(f"leaky_relu {slope}", facts, layer, torch_function, {}, draw(4, 9, low=-3.0, high=3.0))


def elu(alpha):
    layer = keras.layers.ELU(alpha=alpha, dtype="float64")
    torch_function = lambda x: functional.elu(x, alpha)
    return held(f"elu {alpha}", {"kind": "elu", "alpha": alpha}, layer, torch_function, {}, draw(4, 9, low=-3.0, high=3.0))


def prelu(name, shape, shared):
    layer = keras.layers.PReLU(shared_axes=shared or None, dtype="float64")
    inputs = draw(*shape)
    layer.build(inputs.shape)
    parameters = {"alpha": draw(*layer.alpha.shape)}
    layer.set_weights(list(parameters.values()))
    # PyTorch's own shares all but the channels; elsewhere its plain arithmetic is the witness.
    torch_function = lambda x, alpha: torch.where(x > 0, x, alpha * x)
    if shared == [1, 2]:
        torch_function = lambda x, alpha: functional.prelu(x.permute(0, 3, 1, 2), alpha.reshape(-1)).permute(0, 2, 3, 1)
    return held(name, {"kind": "prelu", "shared_axes": shared}, layer, torch_function, parameters, inputs)


def maxout(name, shape, units, pieces):
    """Keras has no maxout: its Dense, reshaped and reduced, and the same in PyTorch."""
    layer = keras.layers.Dense(pieces * units, dtype="float64")
    inputs = draw(*shape)
    layer.build(inputs.shape)
    parameters = {"kernel": draw(shape[1], pieces * units), "bias": draw(pieces * units)}
    layer.set_weights(list(parameters.values()))
    result = through_keras(
        lambda x: tf.reduce_max(tf.reshape(layer(x), (-1, pieces, units)), axis=1),
        [w.value for w in layer.trainable_weights], inputs, draw(shape[0], units),
    )
    check_with_torch(
        lambda x, kernel, bias: (x @ kernel + bias).reshape(-1, pieces, units).max(dim=1).values,
        [inputs, *parameters.values()], result[0], result[1], [result[2], *result[3]],
    )
    return case(name, {"kind": "maxout", "units": units, "pieces": pieces}, inputs, parameters, result)


def main():
    far = single(np.array([[-60.0, -30.0, -12.0, -6.0, -3.0], [-0.1, -1e-3, 1e-3, 0.1, 3.0], [6.0, 12.0, 30.0, 60.0, 90.0]]))
    rows = [
        *(activation(f"activation {f}", f, draw(3, 7, low=-3.0, high=3.0)) for f in FUNCTIONS),
        *(activation(f"activation {f} far from zero", f, far) for f in FUNCTIONS),
        *(dense(f) for f in FUNCTIONS),
        *(conv2d(f) for f in FUNCTIONS),
        *(leaky_relu(s) for s in (0.0, 0.3, 1.5)),
        *(elu(a) for a in (0.5, 1.0, 2.0)),
        prelu("prelu of each value", (3, 8), []),
        prelu("prelu of a picture's values", (2, 3, 4, 2), []),
        prelu("prelu of each channel", (2, 3, 4, 3), [1, 2]),
        prelu("prelu of each row", (2, 3, 4, 3), [2, 3]),
        prelu("prelu of columns and channels", (2, 3, 4, 3), [1]),
        prelu("prelu of all", (2, 3, 4, 3), [1, 2, 3]),
        maxout("maxout of 2", (4, 6), 5, 2),
        maxout("maxout of 5", (3, 9), 4, 5),
    ]
    write("activations", {"cases": rows})


if __name__ == "__main__":
    main()
