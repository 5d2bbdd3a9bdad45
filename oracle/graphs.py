"""A model of two inputs and two outputs with a shared layer: twenty steps of gradient descent in Keras's functional interface."""

import keras
import numpy as np
import tensorflow as tf
import torch

from layers import draw
from output import agree, tensor, tensors, write

FEATURES, CODE, CLASSES, SAMPLES, STEPS, RATE, WEIGHT = 5, 4, 3, 18, 20, 0.2, 0.25
NAMES = ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias", "dense_2/kernel", "dense_2/bias"]


def model():
    """One encoder for both inputs; sum, product and the first code side by side; classes and a distance."""
    left, right = (keras.layers.Input((FEATURES,), dtype="float64") for _ in range(2))
    layer = lambda units, **settings: keras.layers.Dense(units, dtype="float64", **settings)
    encoder = layer(CODE, activation="tanh")
    first, second = encoder(left), encoder(right)
    total = keras.layers.Add(dtype="float64")([first, second])
    product = keras.layers.Multiply(dtype="float64")([first, second])
    both = keras.layers.Concatenate(dtype="float64")([total, product, first])
    head, tail = layer(CLASSES), layer(1)
    return keras.Model([left, right], [head(both), tail(both)]), [encoder, head, tail]


def in_torch(p, left, right):
    """The same in PyTorch."""
    first, second = (torch.tanh(x @ p[0] + p[1]) for x in (left, right))
    both = torch.cat([first + second, first * second, first], -1)
    return both @ p[2] + p[3], both @ p[4] + p[5]


def main():
    network, layers = model()
    variables = [variable for layer in layers for variable in (layer.kernel, layer.bias)]
    start = [draw(*variable.shape) for variable in variables]
    for variable, values in zip(variables, start):
        variable.assign(values)
    inputs = [draw(SAMPLES, FEATURES) for _ in range(2)]
    labels, distances = np.arange(SAMPLES) % CLASSES, draw(SAMPLES, 1)
    in_keras, witness = [], [torch.tensor(values, requires_grad=True) for values in start]
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            logits, distance = network(inputs, training=True)
            first = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
            second = tf.reduce_mean((distance - distances) ** 2)
            loss = first + WEIGHT * second
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        for variable, gradient in zip(variables, gradients):
            variable.assign(variable - RATE * gradient)
        in_keras.append([float(loss), float(first), float(second)])
        logits, distance = in_torch(witness, *map(torch.tensor, inputs))
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels)) + WEIGHT * ((distance - torch.tensor(distances)) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            for values in witness:
                values -= RATE * values.grad
                values.grad = None
    for variable, values in zip(variables, witness):
        agree(variable.numpy(), values.detach().numpy(), what="parameters of Keras and PyTorch")
    logits, distance = network(inputs, training=False)
    write("graphs", {
        "rate": RATE, "weight": WEIGHT, "classes": CLASSES, "code": CODE, "inputs": [tensor(values) for values in inputs],
        "labels": labels, "distances": tensor(distances), "start": tensors(dict(zip(NAMES, start))),
        "losses": [row[0] for row in in_keras], "class_losses": [row[1] for row in in_keras],
        "distance_losses": [row[2] for row in in_keras], "final": tensors({n: v.numpy() for n, v in zip(NAMES, variables)}),
        "probabilities": tensor(tf.nn.softmax(logits).numpy()), "predicted_distances": tensor(distance.numpy()),
        "parameters": network.count_params(),
    })


if __name__ == "__main__":
    main()
