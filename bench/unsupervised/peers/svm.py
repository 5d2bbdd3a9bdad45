"""A support vector machine with a radial basis function on the pictures of `letra-unsupervised layers --write DIR`.

    python svm.py DIR

How hard a set is that was drawn by the recipe, beside the published one, of which Larochelle et al. (2007) tell the error
of such a machine. The penalty and the width are chosen on the validation pictures. Prints a line of JSON.
"""

import json
import pathlib
import sys

import numpy as np
from sklearn.svm import SVC

folder = pathlib.Path(sys.argv[1])
parts = {name: (np.load(folder / f"{name}.npy"), np.load(folder / f"{name}_labels.npy")) for name in ("training", "validation", "test")}


def error(machine, name, most=None):
    pictures, labels = (values[:most] for values in parts[name])
    return 100.0 * float(np.mean(machine.predict(pictures) != labels))


tried = []
for penalty in (3.0, 30.0):
    for gamma in (0.003, 0.01, 0.03, 0.1):
        machine = SVC(C=penalty, gamma=gamma, cache_size=1000).fit(*parts["training"])
        tried.append((error(machine, "validation"), penalty, gamma, machine))
best = min(tried, key=lambda found: found[:3])
print(json.dumps({"method": "SVM-RBF", "C": best[1], "gamma": best[2], "validation_error": best[0],
                  "test_error": error(best[3], "test", 20_000), "test_pictures": 20_000}))
