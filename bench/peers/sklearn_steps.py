"""Milliseconds a training step of the dense networks (MLPClassifier; it has no convolution) and the Boltzmann machine in scikit-learn."""

import boltzmann
import common

options = common.arguments(__doc__)

import math

import numpy as np
import sklearn
import threadpoolctl
from sklearn.neural_network import MLPClassifier

HIDDEN = {"logistic": (), "feed-forward": (128, 32)}


def measure(row, x, y):
    """partial_fit goes through all pictures once; its time is divided by its number of batches."""
    network = MLPClassifier(HIDDEN[row["network"]], activation="logistic", solver="sgd", alpha=0.0, batch_size=row["batch"],
                            learning_rate_init=row["rate"], momentum=row["momentum"], nesterovs_momentum=row["momentum"] > 0,
                            shuffle=False, random_state=0)
    used = len(x) // row["batch"] * row["batch"]
    x, y, classes = x[:used], y[:used], np.arange(5)
    times = common.time_steps(lambda i: network.partial_fit(x, y, classes=classes), options.seconds)
    return [time / math.ceil(used / row["batch"]) for time in times]


def main():
    x, y = common.pictures(options.data)
    x = x.reshape(len(x), -1)
    with threadpoolctl.threadpool_limits(options.threads):
        for row in common.rows(options):
            if boltzmann.is_machine(row):
                result = common.best(["partial_fit"], row, options, lambda mode: boltzmann.scikit_learn(row, mode, options.seconds))
                common.report(f"scikit-learn {sklearn.__version__}", options, row, result)
            if row["network"] in HIDDEN:
                result = common.best(["partial_fit"], row, options, lambda mode: measure(row, x, y))
                common.report(f"scikit-learn {sklearn.__version__}", options, row, result)


if __name__ == "__main__":
    main()
