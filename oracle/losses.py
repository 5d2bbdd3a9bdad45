"""Losses and their gradients: Keras on TensorFlow in double precision, PyTorch as the second witness."""

import keras
import numpy as np
import tensorflow as tf
import torch

from output import agree, single, tensor, write

RANDOM = np.random.default_rng(20260102)
EPSILON = 1e-7  # Keras clips probabilities to [epsilon, 1 − epsilon]


def measure(per_sample, predictions):
    """Loss of each sample, their mean (what Keras reports), and the mean's gradient at the predictions."""
    x = tf.constant(predictions)
    with tf.GradientTape() as tape:
        tape.watch(x)
        losses = per_sample(x)
        mean = tf.reduce_mean(losses)
    return losses.numpy(), mean.numpy(), tape.gradient(mean, x).numpy()


def check_with_torch(loss, predictions, mean, gradient, tolerance=1e-10):
    x = torch.tensor(predictions, requires_grad=True)
    value = loss(x)
    value.backward()
    agree(mean, value.item(), tolerance, what="loss of Keras and PyTorch")
    agree(gradient, x.grad.numpy(), tolerance, what="loss gradient of Keras and PyTorch")


def cross_entropy(name, predictions, labels, from_logits, one_hot=None):
    """Sparse categorical cross-entropy for labels; categorical when one-hot rows (or soft targets) are given."""
    if one_hot is None:
        loss = lambda x: keras.losses.sparse_categorical_crossentropy(tf.constant(labels), x, from_logits=from_logits)
        targets = {"labels": labels}
    else:
        loss = lambda x: keras.losses.categorical_crossentropy(tf.constant(one_hot), x, from_logits=from_logits)
        targets = {"one_hot": tensor(one_hot)}
    losses, mean, gradient = measure(loss, predictions)
    if from_logits:
        wanted = torch.tensor(labels) if one_hot is None else torch.tensor(one_hot)
        check_with_torch(lambda x: torch.nn.functional.cross_entropy(x, wanted), predictions, mean, gradient)
    return {
        "name": name,
        "loss": "sparse_categorical_crossentropy" if one_hot is None else "categorical_crossentropy",
        "from_logits": from_logits,
        **targets,
        "predictions": tensor(predictions),
        "per_sample": losses,
        "value": mean,
        "gradient": tensor(gradient),
    }


def squared(name, predictions, targets):
    """Keras's mean squared error, and the plain sum of squared errors."""
    losses, mean, gradient = measure(lambda x: keras.losses.mean_squared_error(tf.constant(targets), x), predictions)
    check_with_torch(lambda x: torch.nn.functional.mse_loss(x, torch.tensor(targets)), predictions, mean, gradient)
    difference = predictions - targets
    common = {"predictions": tensor(predictions), "targets": tensor(targets)}
    sums = (difference**2).reshape(len(predictions), -1).sum(axis=1)
    return [
        {"name": f"mean {name}", "loss": "mean_squared_error", **common, "value": mean, "gradient": tensor(gradient)},
        {
            "name": f"sum {name}", "loss": "sum_squared_error", **common, "per_sample": sums,
            "value": sums.sum(), "gradient": tensor(2.0 * difference),
            "value_as_mean_over_samples": sums.mean(),
            "gradient_as_mean_over_samples": tensor(2.0 * difference / len(predictions)),
        },
    ]


def one_hot_rows(labels, classes):
    return np.eye(classes)[labels]


def main():
    labels = [2, 0, 4, 1, 3, 0]
    logits = single(RANDOM.normal(0.0, 2.0, (6, 5)))
    probabilities = single(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    one_hot = one_hot_rows(labels, 5)
    soft = single(RANDOM.dirichlet(np.ones(5), 6))
    soft /= soft.sum(axis=1, keepdims=True)
    fifty = single([[50, -50, 0], [-50, 50, 0], [50, 50, -50], [-50, -50, -50]])
    thousand = single([[1000, -1000, 0], [-1000, 1000, 0], [1000, 1000, -1000], [1000, 999, 998], [-1000, -1000, -1000]])
    certain = single([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [0.25, 0.25, 0.5]])
    rows = [
        cross_entropy("logits, labels", logits, labels, True),
        cross_entropy("logits, one-hot", logits, labels, True, one_hot),
        cross_entropy("logits, soft targets", logits, labels, True, soft),
        cross_entropy("logits ±50, labels", fifty, [0, 0, 2, 1], True),
        cross_entropy("logits ±50, one-hot", fifty, [0, 0, 2, 1], True, one_hot_rows([0, 0, 2, 1], 3)),
        cross_entropy("logits ±1000, labels", thousand, [0, 0, 2, 1, 1], True),
        cross_entropy("logits ±1000, one-hot", thousand, [0, 0, 2, 1, 1], True, one_hot_rows([0, 0, 2, 1, 1], 3)),
        cross_entropy("one sample of two classes", single([[0.25, -1.5]]), [1], True),
        cross_entropy("probabilities, labels", probabilities, labels, False),
        cross_entropy("probabilities, one-hot", probabilities, labels, False, one_hot),
        cross_entropy("probabilities 0 and 1, labels", certain, [0, 0, 2, 1], False),
        cross_entropy("probabilities 0 and 1, one-hot", certain, [0, 0, 2, 1], False, one_hot_rows([0, 0, 2, 1], 3)),
        cross_entropy("rows that do not sum to 1, one-hot", 2.0 * probabilities, labels, False, one_hot),
        *squared("of five outputs", single(RANDOM.uniform(0, 1, (6, 5))), one_hot),
        *squared("of one sample", single(RANDOM.uniform(0, 1, (1, 2))), single([[1.0, 0.0]])),
        *squared("of pictures", single(RANDOM.uniform(-1, 1, (2, 3, 2, 1))), single(RANDOM.uniform(-1, 1, (2, 3, 2, 1)))),
    ]
    write("losses", {"probability_epsilon": EPSILON, "cases": rows})


if __name__ == "__main__":
    main()
