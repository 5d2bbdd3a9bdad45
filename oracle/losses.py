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


def pointwise(name, kind, function, predictions, targets, witness=None, **settings):
    """Any other of Keras's losses on rows of values; `settings` are its arguments."""
    losses, mean, gradient = measure(lambda x: function(tf.constant(targets), x, **settings), predictions)
    if witness is not None:
        check_with_torch(lambda x: witness(x, torch.tensor(targets)), predictions, mean, gradient)
    return {
        "name": name, "loss": kind, **settings, "predictions": tensor(predictions), "targets": tensor(targets),
        "per_sample": losses, "value": mean, "gradient": tensor(gradient),
    }


def weighted(name, kind, loss, predictions, weights, *, targets=None, labels=None, **settings):
    """A loss over a batch in which each sample has a weight: Keras's sum over the samples, over their number."""
    x = tf.constant(predictions)
    wanted = tf.constant(targets if labels is None else labels)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = loss(wanted, x, sample_weight=tf.constant(weights, dtype=tf.float64))
    given = {"targets": tensor(targets)} if labels is None else {"labels": labels}
    return {
        "name": name, "loss": kind, **settings, "weights": weights, "predictions": tensor(predictions), **given,
        "value": value.numpy(), "gradient": tensor(tape.gradient(value, x).numpy()),
    }


def more():
    """The losses that came later, from a random source of their own, so that the older numbers stay."""
    random = np.random.default_rng(20260203)
    functional, losses = torch.nn.functional, keras.losses
    outputs = single(random.normal(0.0, 2.0, (7, 4)))
    values = single(random.normal(0.0, 2.0, (7, 4)))
    bits = random.integers(0, 2, (7, 4)).astype(float)
    shares = single(random.uniform(0.0, 1.0, (7, 4)))
    probabilities = single(random.uniform(0.02, 0.98, (7, 4)))
    edges = single([[0.0, 1.0, 0.5], [1e-9, 0.999999999, 0.25]])
    edge_bits = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    large = single([[50.0, -50.0, 0.0], [-1000.0, 1000.0, 3.0]])
    labels = [3, 1, 0, 2, 2, 1, 3]
    one_hot = one_hot_rows(labels, 4)
    distributions = single(random.dirichlet(np.ones(4), 7))
    distributions /= distributions.sum(axis=1, keepdims=True)
    weights = [0.0, 0.5, 1.0, 2.0, 0.25, 3.0, 1.0]
    binary = losses.binary_crossentropy
    categorical = losses.categorical_crossentropy
    rows = [
        pointwise("absolute error", "mean_absolute_error", losses.mean_absolute_error, outputs, values, functional.l1_loss),
        pointwise("huber", "huber", losses.huber, outputs, values, functional.huber_loss, delta=1.0),
        pointwise(
            "huber of delta 0.3", "huber", losses.huber, outputs, values,
            lambda x, t: functional.huber_loss(x, t, delta=0.3), delta=0.3,
        ),
        pointwise(
            "binary, logits", "binary_crossentropy", binary, outputs, shares,
            functional.binary_cross_entropy_with_logits, from_logits=True,
        ),
        pointwise("binary, large logits", "binary_crossentropy", binary, large, edge_bits, from_logits=True),
        pointwise(
            "binary, logits, smoothed", "binary_crossentropy", binary, outputs, bits, from_logits=True, label_smoothing=0.2
        ),
        pointwise("binary, probabilities", "binary_crossentropy", binary, probabilities, bits, functional.binary_cross_entropy, from_logits=False),
        pointwise("binary, probabilities 0 and 1", "binary_crossentropy", binary, edges, edge_bits, from_logits=False),
        pointwise(
            "binary, probabilities, smoothed", "binary_crossentropy", binary, probabilities, bits,
            from_logits=False, label_smoothing=0.2,
        ),
        pointwise("hinge of -1 and 1", "hinge", losses.hinge, outputs, 2.0 * bits - 1.0),
        pointwise("hinge of 0 and 1", "hinge", losses.hinge, outputs, bits),
        pointwise("categorical hinge", "categorical_hinge", losses.categorical_hinge, outputs, one_hot),
        pointwise("divergence", "kl_divergence", losses.kl_divergence, probabilities, distributions),
        pointwise("divergence, clipped", "kl_divergence", losses.kl_divergence, edges, single([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]])),
        pointwise(
            "categorical, logits, smoothed", "categorical_crossentropy", categorical, outputs, one_hot,
            lambda x, t: functional.cross_entropy(x, t, label_smoothing=0.1), from_logits=True, label_smoothing=0.1,
        ),
        pointwise(
            "categorical, probabilities, smoothed", "categorical_crossentropy", categorical, probabilities, one_hot,
            from_logits=False, label_smoothing=0.1,
        ),
        weighted(
            "weighted, labels", "sparse_categorical_crossentropy", losses.SparseCategoricalCrossentropy(from_logits=True),
            outputs, weights, labels=labels, from_logits=True,
        ),
        weighted(
            "weighted, smoothed", "categorical_crossentropy",
            losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
            outputs, weights, targets=one_hot, from_logits=True, label_smoothing=0.1,
        ),
        weighted("weighted, squared", "mean_squared_error", losses.MeanSquaredError(), outputs, weights, targets=values),
        weighted(
            "weighted, binary", "binary_crossentropy", losses.BinaryCrossentropy(from_logits=True),
            outputs, weights, targets=shares, from_logits=True,
        ),
    ]
    # PyTorch smooths class indices, too; Keras does not.
    smoothed = rows[14]
    x = torch.tensor(outputs)
    value = functional.cross_entropy(x, torch.tensor(labels), label_smoothing=0.1)
    agree(smoothed["value"], value.item(), 1e-10, what="smoothing of rows and of classes")
    by_class = {key: value for key, value in smoothed.items() if key != "targets"}
    return [*rows, {**by_class, "name": "classes, logits, smoothed", "labels": labels}]


def latest():
    """The losses that came after those, from a random source of their own."""
    random = np.random.default_rng(20260304)
    functional, losses = torch.nn.functional, keras.losses
    outputs = single(random.normal(0.0, 2.0, (7, 4)))
    values = single(random.normal(0.0, 2.0, (7, 4)))
    counts = random.poisson(1.5, (7, 4)).astype(float)
    rates = single(random.uniform(0.1, 3.0, (7, 4)))
    signed = single(random.uniform(-1.0, 3.0, (7, 4)))
    bits = random.integers(0, 2, (7, 4)).astype(float)
    probabilities = single(random.uniform(0.02, 0.98, (7, 4)))
    one_hot = one_hot_rows([3, 1, 0, 2, 2, 1, 3], 4)
    binary, categorical = losses.binary_focal_crossentropy, losses.categorical_focal_crossentropy
    usual = {"alpha": 0.25, "gamma": 2.0}
    ones = torch.ones(7, dtype=torch.float64)
    return [
        pointwise("log cosh", "log_cosh", losses.log_cosh, outputs, values),
        pointwise("log cosh of large errors", "log_cosh", losses.log_cosh, single([[900.0, -900.0]]), single([[0.0, 0.5]])),
        pointwise(
            "poisson", "poisson", losses.poisson, rates, counts,
            lambda x, t: functional.poisson_nll_loss(x, t, log_input=False, eps=EPSILON),
        ),
        pointwise(
            "cosine", "cosine_similarity", losses.cosine_similarity, outputs, values,
            lambda x, t: functional.cosine_embedding_loss(x, t, ones) - 1.0,
        ),
        pointwise("percentage", "mean_absolute_percentage_error", losses.mean_absolute_percentage_error, outputs, values),
        pointwise("percentage of 0", "mean_absolute_percentage_error", losses.mean_absolute_percentage_error,
                  single([[0.5, 1.0]]), single([[0.0, 2.0]])),
        pointwise("logarithmic", "mean_squared_logarithmic_error", losses.mean_squared_logarithmic_error, signed, counts),
        pointwise("binary focal, logits", "binary_focal_crossentropy", binary, outputs, bits, from_logits=True, **usual),
        pointwise("binary focal, probabilities", "binary_focal_crossentropy", binary, probabilities, bits,
                  from_logits=False, **usual),
        pointwise("binary focal, balanced, smoothed", "binary_focal_crossentropy", binary, outputs, bits, from_logits=True,
                  apply_class_balancing=True, alpha=0.75, gamma=1.5, label_smoothing=0.2),
        pointwise("focal, logits", "categorical_focal_crossentropy", categorical, outputs, one_hot, from_logits=True, **usual),
        pointwise("focal, probabilities", "categorical_focal_crossentropy", categorical, probabilities, one_hot,
                  from_logits=False, **usual),
        pointwise("focal, an alpha each, smoothed", "categorical_focal_crossentropy", categorical, outputs, one_hot,
                  from_logits=True, alpha=[0.25, 0.5, 0.75, 1.0], gamma=1.5, label_smoothing=0.1),
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
        *more(),
        *latest(),
    ]
    write("losses", {"probability_epsilon": EPSILON, "cases": rows})


if __name__ == "__main__":
    main()
