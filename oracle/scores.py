"""Metrics over a whole pass: scikit-learn, with Keras or the formula as the second witness; losses at places."""

import keras
import numpy as np
import sklearn.calibration
import sklearn.metrics as sk

from output import agree, single, tensor, write

RANDOM = np.random.default_rng(20261130)


def by_keras(metric, targets, predictions, weights=None):
    """The result of a Keras metric that sees the rows in three batches."""
    for part in np.array_split(np.arange(len(targets)), 3):
        weight = None if weights is None else weights[part].astype(np.float32)
        metric.update_state(targets[part].astype(np.float32), predictions[part].astype(np.float32), sample_weight=weight)
    return np.asarray(keras.ops.convert_to_numpy(metric.result()), dtype=np.float64)


def calibration(truth, probabilities, bins=10):
    """Expected calibration error by scikit-learn's curve, held to the formula."""
    true_share, mean = sklearn.calibration.calibration_curve(truth, probabilities, n_bins=bins, strategy="uniform")
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    counts = np.array([np.sum(places == place) for place in np.unique(places)])
    value = np.sum(counts * np.abs(true_share - mean)) / len(truth)
    gaps = [abs(np.sum(truth[places == place]) - np.sum(probabilities[places == place])) for place in np.unique(places)]
    agree(value, np.sum(gaps) / len(truth), what="calibration error")
    return value


def binary(samples, weights):
    targets = RANDOM.integers(0, 2, samples)
    # Few values, so that there are ties, and none on the edge of a bin or at a threshold.
    noise = RANDOM.normal(0.0, 0.25, samples)
    predictions = single(np.clip(np.round(0.5 + 0.3 * (targets - 0.5) + noise, 1) + 0.03, 0.03, 0.93))
    said, at = predictions > 0.5, predictions > 0.3
    given = {"sample_weight": weights}
    values = {
        "accuracy": sk.accuracy_score(targets, said, **given),
        "binary_accuracy_at_0.3": sk.accuracy_score(targets, at, **given),
        "precision": sk.precision_score(targets, said, **given),
        "recall": sk.recall_score(targets, said, **given),
        "f1_score": sk.f1_score(targets, said, **given),
        "precision_at_0.3": sk.precision_score(targets, at, **given),
        "auc": sk.roc_auc_score(targets, predictions, **given),
        "pr_auc": sk.average_precision_score(targets, predictions, **given),
        "log_loss": sk.log_loss(targets, predictions, **given),
        "brier_score": sk.brier_score_loss(targets, predictions, **given),
    }
    if weights is None:
        values["expected_calibration_error"] = calibration(targets, predictions)
    column = targets[:, None], predictions[:, None], weights
    for name, metric in {
        "accuracy": keras.metrics.BinaryAccuracy(),
        "binary_accuracy_at_0.3": keras.metrics.BinaryAccuracy(threshold=0.3),
        "precision": keras.metrics.Precision(),
        "recall": keras.metrics.Recall(),
        "precision_at_0.3": keras.metrics.Precision(thresholds=0.3),
        "log_loss": keras.metrics.BinaryCrossentropy(),
    }.items():
        agree(values[name], by_keras(metric, *column), 1e-5, name)
    return {"kind": "labels", "predictions": tensor(predictions[:, None]), "targets": tensor(targets[:, None]), "weights": weights, "values": values}


def labels(samples, count):
    targets = (RANDOM.uniform(size=(samples, count)) < 0.4).astype(int)
    predictions = single(np.clip(np.round(0.5 + 0.4 * (targets - 0.5) + RANDOM.normal(0.0, 0.3, targets.shape), 2) + 0.003, 0.003, 0.993))
    said = (predictions > 0.5).astype(int)
    values = {
        "accuracy": np.mean(said == targets),
        "binary_accuracy": np.mean(said == targets),
        "log_loss": -np.mean(np.where(targets == 1, np.log(predictions), np.log1p(-predictions))),
        "brier_score": np.mean((predictions - targets) ** 2),
        "expected_calibration_error": calibration(targets.ravel(), predictions.ravel()),
    }
    for base, score in {"precision": sk.precision_score, "recall": sk.recall_score, "f1_score": sk.f1_score}.items():
        values[base] = score(targets, said, average="micro")
        values[f"macro_{base}"] = score(targets, said, average="macro")
        values[f"{base}_of_1"] = score(targets, said, average=None)[1]
    for base, score in {"auc": sk.roc_auc_score, "pr_auc": sk.average_precision_score}.items():
        values[base] = score(targets, predictions, average="micro")
        values[f"macro_{base}"] = score(targets, predictions, average="macro")
        values[f"{base}_of_1"] = score(targets, predictions, average=None)[1]
    for name, metric in {
        "accuracy": keras.metrics.BinaryAccuracy(),
        "precision": keras.metrics.Precision(),
        "recall": keras.metrics.Recall(),
        "f1_score": keras.metrics.F1Score(average="micro", threshold=0.5),
        "macro_f1_score": keras.metrics.F1Score(average="macro", threshold=0.5),
        "log_loss": keras.metrics.BinaryCrossentropy(),
        "brier_score": keras.metrics.MeanSquaredError(),
    }.items():
        agree(values[name], by_keras(metric, targets, predictions), 1e-5, name)
    return {"kind": "labels", "predictions": tensor(predictions), "targets": tensor(targets), "weights": None, "values": values}


def classes(samples, count):
    wanted = RANDOM.integers(0, count, samples)
    logits = single(RANDOM.normal(0.0, 1.0, (samples, count)) + 1.2 * np.eye(count)[wanted])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said, one_hot = probabilities.argmax(axis=1), np.eye(count)[wanted]
    values = {
        "accuracy": sk.accuracy_score(wanted, said),
        "top_2_accuracy": sk.top_k_accuracy_score(wanted, probabilities, k=2),
        "log_loss": sk.log_loss(wanted, probabilities),
        "brier_score": np.mean(np.sum((probabilities - one_hot) ** 2, axis=1)),
        "expected_calibration_error": calibration((said == wanted).astype(int), probabilities.max(axis=1)),
        "macro_auc": sk.roc_auc_score(wanted, probabilities, multi_class="ovr", average="macro"),
        "auc": sk.roc_auc_score(one_hot, probabilities, average="micro"),
        "macro_pr_auc": sk.average_precision_score(one_hot, probabilities, average="macro"),
    }
    for base, score in {"precision": sk.precision_score, "recall": sk.recall_score, "f1_score": sk.f1_score}.items():
        values[base] = score(wanted, said, average="micro")
        values[f"macro_{base}"] = score(wanted, said, average="macro")
        values[f"{base}_of_2"] = score(wanted, said, average=None)[2]
    for name, metric in {
        "accuracy": keras.metrics.CategoricalAccuracy(),
        "top_2_accuracy": keras.metrics.TopKCategoricalAccuracy(k=2),
        "f1_score": keras.metrics.F1Score(average="micro"),
        "macro_f1_score": keras.metrics.F1Score(average="macro"),
        "log_loss": keras.metrics.CategoricalCrossentropy(),
    }.items():
        agree(values[name], by_keras(metric, one_hot, probabilities), 1e-5, name)
    return {"kind": "classes", "logits": tensor(logits), "labels": wanted, "values": values}


def quantities(samples, count, weights):
    targets = single(RANDOM.normal(3.0, 2.0, (samples, count)))
    predictions = single(targets + RANDOM.normal(0.1, 0.7, targets.shape))
    given = {"sample_weight": weights}
    cosine = np.sum(targets * predictions, axis=1) / np.linalg.norm(targets, axis=1) / np.linalg.norm(predictions, axis=1)
    values = {
        "mean_absolute_error": sk.mean_absolute_error(targets, predictions, **given),
        "mean_squared_error": sk.mean_squared_error(targets, predictions, **given),
        "root_mean_squared_error": np.sqrt(sk.mean_squared_error(targets, predictions, **given)),
        "r2_score": sk.r2_score(targets, predictions, **given),
        "cosine_similarity": np.average(cosine, weights=weights),
    }
    for name, metric in {
        "mean_absolute_error": keras.metrics.MeanAbsoluteError(),
        "mean_squared_error": keras.metrics.MeanSquaredError(),
        "root_mean_squared_error": keras.metrics.RootMeanSquaredError(),
        "r2_score": keras.metrics.R2Score(),
        "cosine_similarity": keras.metrics.CosineSimilarity(),
    }.items():
        agree(values[name], by_keras(metric, targets, predictions, weights), 1e-5, name)
    return {"kind": "quantities", "predictions": tensor(predictions), "targets": tensor(targets), "weights": weights, "values": values}


def at_places(name, logits, wanted):
    """Cross-entropy from logits with a class a place: its mean, and the mean's gradient."""
    logits, wanted = single(logits), np.asarray(wanted)
    largest = logits.max(axis=-1, keepdims=True)
    probabilities = np.exp(logits - largest)
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    one_hot = np.eye(logits.shape[-1])[wanted]
    value = -np.mean(np.sum(one_hot * np.log(probabilities), axis=-1))
    for loss, targets in [
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), wanted),
        (keras.losses.CategoricalCrossentropy(from_logits=True), one_hot.astype(np.float32)),
    ]:
        agree(value, float(loss(targets, logits.astype(np.float32))), 1e-6, name)
    return {
        "name": name, "logits": tensor(logits), "labels": wanted.reshape(-1), "value": value,
        "gradient": tensor((probabilities - one_hot) / wanted.size),
    }


def main():
    weights = single(RANDOM.uniform(0.1, 3.0, 80))
    write("scores", {
        "cases": [
            binary(80, None), binary(80, weights), labels(60, 4), classes(90, 5),
            quantities(50, 3, None), quantities(50, 1, None), quantities(80, 2, weights),
        ],
        "places": [
            at_places("two steps", [[[1, 2, 3], [1, 2, 3]]], [[2, 2]]),
            at_places("pixels", RANDOM.normal(0.0, 2.0, (3, 2, 4, 5)), RANDOM.integers(0, 5, (3, 2, 4))),
        ],
    })


if __name__ == "__main__":
    main()
