"""Metrics on random predictions without ties: scikit-learn, with Keras as the second witness."""

import keras
import numpy as np
import sklearn.metrics

from output import agree, single, tensor, write

RANDOM = np.random.default_rng(20260104)


def case(samples, classes):
    labels = RANDOM.integers(0, classes, samples)
    predictions = single(RANDOM.uniform(0.0, 1.0, (samples, classes)) + 0.4 * np.eye(classes)[labels])
    ordered = np.sort(predictions, axis=1)
    assert (np.diff(ordered, axis=1) > 1e-6).all(), "ties have no one answer"
    predicted = predictions.argmax(axis=1)
    everything = list(range(classes))
    top_k = {}
    for k in range(1, classes + 1):
        share = np.mean([label in np.argsort(row)[-k:] for label, row in zip(labels, predictions)])
        if 2 < classes and k < classes:
            agree(share, sklearn.metrics.top_k_accuracy_score(labels, predictions, k=k, labels=everything), what="top-k accuracy")
        agree(share, np.mean(keras.metrics.sparse_top_k_categorical_accuracy(labels, predictions.astype(np.float32), k=k)), 1e-6, "top-k accuracy")
        top_k[str(k)] = share
    return {
        "labels": labels,
        "predictions": tensor(predictions),
        "predicted": predicted,
        "accuracy": sklearn.metrics.accuracy_score(labels, predicted),
        "top_k_accuracy": top_k,
        "confusion_matrix": sklearn.metrics.confusion_matrix(labels, predicted, labels=everything),
    }


def main():
    write("metrics", {"cases": [case(60, 5), case(40, 2), case(30, 10), case(1, 3)]})


if __name__ == "__main__":
    main()
