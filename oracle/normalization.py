"""Batch and layer normalisation: forward, backward, and twenty steps of training with moving averages."""

import keras
import numpy as np
import tensorflow as tf
import torch

from layers import draw, through_keras
from output import agree, single, tensor, tensors, write

CLASSES, FEATURES, HIDDEN, SAMPLES, BATCH, STEPS, RATE = 3, 6, 5, 20, 8, 20, 0.1


def trained(layer, parameters, inputs, **call):
    """Output and gradients of a Keras layer with the given parameters."""
    layer.build(inputs.shape)
    for name, values in parameters.items():
        getattr(layer, name).assign(values)
    weights = [getattr(layer, name).value for name in parameters]
    return through_keras(lambda x: layer(x, **call), weights, inputs)


def facts(name, layer, inputs, parameters, result, **more):
    output, output_gradient, input_gradient, gradients = result
    return {
        "name": name, "layer": layer, "input": tensor(inputs), "parameters": tensors(parameters), "output": tensor(output),
        "output_gradient": tensor(output_gradient), "input_gradient": tensor(input_gradient),
        "parameter_gradients": tensors(dict(zip(parameters, gradients))), **more,
    }


def in_torch(apply, inputs, parameters, result):
    """The same in PyTorch, double precision; it refuses batches with one value a channel."""
    if inputs.size == inputs.shape[-1]:
        return
    leaves = [torch.tensor(v, requires_grad=True) for v in [inputs, *parameters.values()]]
    y = apply(leaves[0], *leaves[1:])
    agree(result[0], y.detach().numpy(), what="outputs of Keras and PyTorch")
    y.backward(torch.tensor(result[1]))
    for expected, leaf in zip([result[2], *result[3]], leaves):
        agree(expected, leaf.grad.numpy(), what="gradients of Keras and PyTorch")


def batch_normalization(name, shape, scale=True, center=True, momentum=0.99, epsilon=1e-3, shift=0.0):
    inputs = single(draw(*shape) + shift)
    channels = shape[-1]
    parameters = {k: draw(channels) for k, wanted in [("gamma", scale), ("beta", center)] if wanted}
    layer = keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon, scale=scale, center=center, dtype="float64")
    result = trained(layer, parameters, inputs, training=True)
    moving = {"moving_mean": layer.moving_mean.numpy(), "moving_variance": layer.moving_variance.numpy()}
    inference = layer(inputs, training=False).numpy()
    in_torch(
        lambda x, *learned: torch.nn.functional.batch_norm(
            x.reshape(-1, channels), None, None, learned[0] if scale else None, learned[-1] if center else None, True, 0.0, epsilon
        ).reshape(x.shape),
        inputs, parameters, result,
    )
    settings = {"kind": "batch_normalization", "momentum": momentum, "epsilon": epsilon, "scale": scale, "center": center}
    return facts(name, settings, inputs, parameters, result, moving=tensors(moving), prediction=tensor(inference))


def layer_normalization(name, shape, axes=1, scale=True, center=True, epsilon=1e-3):
    inputs = draw(*shape)
    normal = shape[len(shape) - axes:]
    parameters = {k: draw(*normal) for k, wanted in [("gamma", scale), ("beta", center)] if wanted}
    axis = list(range(len(shape) - axes, len(shape)))
    layer = keras.layers.LayerNormalization(axis=axis, epsilon=epsilon, scale=scale, center=center, dtype="float64")
    result = trained(layer, parameters, inputs)
    in_torch(
        lambda x, *learned: torch.nn.functional.layer_norm(
            x, normal, learned[0] if scale else None, learned[-1] if center else None, epsilon
        ),
        inputs, parameters, result,
    )
    settings = {"kind": "layer_normalization", "axes": axes, "epsilon": epsilon, "scale": scale, "center": center}
    return facts(name, settings, inputs, parameters, result)


def training():
    """Dense, batch normalisation, ReLU, dense: gradient descent in batches of 8, 8 and 4."""
    layers = [
        keras.layers.Dense(HIDDEN, dtype="float64"), keras.layers.BatchNormalization(momentum=0.9, dtype="float64"),
        keras.layers.ReLU(dtype="float64"), keras.layers.Dense(CLASSES, dtype="float64"),
    ]
    model = keras.Sequential([keras.layers.Input((FEATURES,), dtype="float64"), *layers])
    names = ["dense/kernel", "dense/bias", "batch_normalization/gamma", "batch_normalization/beta", "dense_1/kernel", "dense_1/bias"]
    start = {name: draw(*v.shape) for name, v in zip(names, model.trainable_variables)}
    for variable, values in zip(model.trainable_variables, start.values()):
        variable.assign(values)
    inputs, labels = draw(SAMPLES, FEATURES), np.arange(SAMPLES) % CLASSES
    losses = []
    for step in range(STEPS):
        first = [0, 8, 16][step % 3]
        at = slice(first, min(first + BATCH, SAMPLES))
        with tf.GradientTape() as tape:
            logits = model(inputs[at], training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels[at], logits))
        variables = [v.value for v in model.trainable_variables]
        for variable, gradient in zip(model.trainable_variables, tape.gradient(loss, variables)):
            variable.assign(variable - RATE * gradient)
        losses.append(float(loss))
    norm = layers[1]
    final = dict(zip(names, [v.numpy() for v in model.trainable_variables]))
    final["batch_normalization/moving_mean"] = norm.moving_mean.numpy()
    final["batch_normalization/moving_variance"] = norm.moving_variance.numpy()
    prediction = tf.nn.softmax(model(inputs, training=False)).numpy()
    return {
        "steps": STEPS, "rate": RATE, "momentum": 0.9, "firsts": [0, 8, 16], "batch": BATCH, "input": tensor(inputs), "labels": labels,
        "classes": CLASSES, "start": tensors(start), "losses": losses, "final": tensors(final), "prediction": tensor(prediction),
    }


def main():
    write("normalization", {
        "cases": [
            batch_normalization("batch normalisation of vectors", (7, 5)),
            batch_normalization("of pictures", (3, 4, 2, 3), momentum=0.9),
            batch_normalization("of many channels", (9, 33), epsilon=1e-5),
            batch_normalization("without gamma", (4, 3, 2), scale=False),
            batch_normalization("without beta", (4, 3, 2), center=False),
            batch_normalization("without either", (5, 4), scale=False, center=False),
            batch_normalization("of one sample", (1, 4)),
            batch_normalization("with a mean far from 0", (6, 5, 2), shift=64.0),
            layer_normalization("layer normalisation of vectors", (4, 7)),
            layer_normalization("of the last axis of pictures", (2, 3, 4, 5)),
            layer_normalization("of whole pictures", (3, 3, 4, 2), axes=3),
            layer_normalization("of vectors without gamma", (3, 6), scale=False, epsilon=1e-5),
            layer_normalization("of vectors without beta", (3, 6), center=False),
        ],
        "training": training(),
    })


if __name__ == "__main__":
    main()
