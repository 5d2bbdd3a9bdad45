"""Masks, embeddings and layers over steps: Keras in double precision; the second witness is the formula in NumPy, with gradients by finite differences."""

import keras
import numpy as np
import tensorflow as tf

from layers import draw
from more_layers import differences
from output import agree, tensor, tensors, write

L = keras.layers
SAMPLES, STEPS, FEATURES, UNITS, MASK = 3, 5, 4, 3, -1.0


def model(shape, layers):
    value = start = keras.Input(shape, dtype="float64")
    for layer in layers:
        value = layer(value)
    return keras.Model(start, value)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def case(name, layers, inputs, parameters, formula, rtol=1e-6):
    """Output and gradients of Σ output · upstream; `formula` takes inputs and the dictionary of parameters."""
    network = model(inputs.shape[1:], layers)
    for weight, values in zip(network.trainable_weights, parameters.values(), strict=True):
        weight.assign(values)
    with tf.GradientTape() as tape:
        output = network(tf.constant(inputs))
        upstream = draw(*output.shape)
        total = tf.reduce_sum(output * upstream)
    gradients = tape.gradient(total, [weight.value for weight in network.trainable_weights])
    gradients = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]
    agree(output.numpy(), formula(inputs, parameters), what=f"{name}: Keras and the formula")
    measured = differences(lambda: (formula(inputs, parameters) * upstream).sum(), list(parameters.values()))
    for found, wanted in zip(measured, gradients, strict=True):
        agree(found, wanted, rtol, f"{name}: gradients of Keras and of the formula")
    return {
        "name": name, "input": tensor(inputs), "parameters": tensors(parameters), "output": tensor(output.numpy()),
        "output_gradient": tensor(upstream), "parameter_gradients": tensors(dict(zip(parameters, gradients))),
    }


def embedded_mean():
    """Numbers, 0 for padding, to vectors, and the mean of what a dense layer makes of those that count."""
    words = np.array([[3, 1, 4, 1, 0], [2, 0, 0, 0, 0], [1, 2, 3, 4, 4]], dtype=np.float64)
    parameters = {"embeddings": draw(5, FEATURES), "kernel": draw(FEATURES, UNITS), "bias": draw(UNITS)}

    def formula(x, p):
        values = np.tanh(p["embeddings"][x.astype(int)] @ p["kernel"] + p["bias"])
        mask = (x != 0)[..., None]
        return (values * mask).sum(1) / mask.sum(1)

    layers = [
        L.Embedding(5, FEATURES, mask_zero=True, dtype="float64"), L.Dense(UNITS, activation="tanh", dtype="float64"),
        L.GlobalAveragePooling1D(dtype="float64"),
    ]
    return case("embedded_mean", layers, words, parameters, formula)


def over_steps_dense():
    parameters = {"kernel": draw(FEATURES, UNITS), "bias": draw(UNITS)}
    formula = lambda x, p: np.tanh(x @ p["kernel"] + p["bias"])
    layers = [L.TimeDistributed(L.Dense(UNITS, activation="tanh", dtype="float64"), dtype="float64")]
    return case("over_steps_dense", layers, draw(SAMPLES, STEPS, FEATURES), parameters, formula)


def over_steps_conv2d():
    parameters = {"kernel": draw(2, 2, 2, UNITS), "bias": draw(UNITS)}

    def formula(x, p):
        windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(2, 3))
        return np.einsum("nthwcij,ijcf->nthwf", windows, p["kernel"]) + p["bias"]

    layers = [L.TimeDistributed(L.Conv2D(UNITS, 2, dtype="float64"), dtype="float64")]
    return case("over_steps_conv2d", layers, draw(SAMPLES, 2, 4, 3, 2), parameters, formula)


def causal(dilation):
    parameters = {"kernel": draw(3, FEATURES, UNITS), "bias": draw(UNITS)}

    def formula(x, p):
        before = np.pad(x, [(0, 0), (2 * dilation, 0), (0, 0)])
        taps = [before[:, i * dilation: i * dilation + x.shape[1]] @ p["kernel"][i] for i in range(3)]
        return sum(taps) + p["bias"]

    layers = [L.Conv1D(UNITS, 3, padding="causal", dilation_rate=dilation, dtype="float64")]
    return case(f"causal_{dilation}", layers, draw(SAMPLES, 7, FEATURES), parameters, formula)


def repeated():
    parameters = {"kernel": draw(FEATURES, UNITS), "bias": draw(UNITS)}
    formula = lambda x, p: np.repeat((x @ p["kernel"] + p["bias"])[:, None], 4, 1)
    return case("repeated", [L.Dense(UNITS, dtype="float64"), L.RepeatVector(4, dtype="float64")], draw(SAMPLES, FEATURES), parameters, formula)


def masked_loss(name, weights):
    """Cross-entropy of a class a step, and accuracy, where some steps are masked and some count more."""
    inputs, labels = draw(SAMPLES, STEPS, FEATURES), np.arange(SAMPLES * STEPS).reshape(SAMPLES, STEPS) % UNITS
    inputs[0, 3:], inputs[1, 1:], inputs[2, 2] = MASK, MASK, MASK
    network = model(inputs.shape[1:], [L.Masking(MASK, dtype="float64"), L.Dense(UNITS, dtype="float64")])
    parameters = {"kernel": draw(FEATURES, UNITS), "bias": draw(UNITS)}
    for weight, values in zip(network.trainable_weights, parameters.values(), strict=True):
        weight.assign(values)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    accuracy = keras.metrics.SparseCategoricalAccuracy(dtype="float64")
    with tf.GradientTape() as tape:
        logits = network(tf.constant(inputs))
        value = loss(labels, logits, sample_weight=weights)
    gradients = [g.numpy() for g in tape.gradient(value, [w.value for w in network.trainable_weights])]
    accuracy.update_state(labels, logits)
    mask = (inputs != MASK).any(-1)

    def formula():
        zeroed = inputs * mask[..., None]
        logs = np.log(softmax(zeroed @ parameters["kernel"] + parameters["bias"]))
        losses = -np.take_along_axis(logs, labels[..., None], -1)[..., 0]
        each = np.ones(mask.shape) if weights is None else np.broadcast_to(weights.reshape(SAMPLES, -1), mask.shape)
        return (losses * mask * each).sum() / mask.sum()

    agree(value.numpy(), formula(), what=f"{name}: loss of Keras and of the formula")
    for found, wanted in zip(differences(formula, list(parameters.values())), gradients, strict=True):
        agree(found, wanted, 1e-6, f"{name}: gradients of Keras and of the formula")
    return {
        "name": name, "input": tensor(inputs), "labels": labels.reshape(-1), "parameters": tensors(parameters),
        "weights": [] if weights is None else weights.reshape(-1), "loss": float(value), "accuracy": float(accuracy.result()),
        "parameter_gradients": tensors(dict(zip(parameters, gradients))),
    }


def padded():
    """`pad_sequences` with each setting."""
    sequences = [[1, 2, 3], [4], [5, 6, 7, 8, 9]]
    cases = []
    for padding in ("pre", "post"):
        for truncating in ("pre", "post"):
            for maxlen, value in ((4, 0), (6, -1)):
                values = keras.utils.pad_sequences(sequences, maxlen, "float64", padding, truncating, value)
                cases.append({"padding": padding, "truncating": truncating, "maxlen": maxlen, "value": value, "output": tensor(values)})
    return {"sequences": sequences, "cases": cases}


def main():
    pads = padded()
    write("sequences", {
        "cases": [embedded_mean(), over_steps_dense(), over_steps_conv2d(), causal(1), causal(2), repeated()],
        "mask_value": MASK,
        "losses": [
            masked_loss("masked", None), masked_loss("masked, weighted samples", draw(SAMPLES, 1, low=0.0)),
            masked_loss("masked, weighted steps", draw(SAMPLES, STEPS, low=0.0)),
        ],
        "padded_sequences": pads["sequences"], "padded": pads["cases"],
    })


if __name__ == "__main__":
    main()
