"""What scikit-learn reaches on the data of letra-nn's example programs, drawn here by the same numbers."""

import numpy as np
import sklearn.metrics as sk
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from output import write


def fractions(state):
    """Knuth's linear congruential generator, as the examples have it: the top 24 bits over 2^24."""
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 40) / 2.0**24


def one_unit():
    source = fractions(1)
    draw = lambda: next(source)
    measures, labels = [], []
    for _ in range(569):
        label = int(draw() < 0.37)
        measures.append([0.25 * label + draw() + draw() + draw() for _ in range(30)])
        labels.append(label)
    measures, labels = np.array(measures), np.array(labels)
    measures = (measures - measures.mean(axis=0)) / measures.std(axis=0)
    model = LogisticRegression().fit(measures[:400], labels[:400])
    likely = model.predict_proba(measures[400:])[:, 1]
    return {"accuracy": sk.accuracy_score(labels[400:], likely > 0.5), "auc": sk.roc_auc_score(labels[400:], likely)}


def several_labels():
    source = fractions(2)
    draw = lambda: next(source)
    points, labels = [], []
    for _ in range(1500):
        point = [draw() for _ in range(12)]
        labels.append([int(a + b - c + 0.4 * draw() > 1.0) for a, b, c in np.reshape(point, (4, 3))])
        points.append(point)
    points, labels = np.array(points), np.array(labels)
    said = np.stack(
        [LogisticRegression().fit(points[:1000], labels[:1000, k]).predict(points[1000:]) for k in range(4)], axis=1
    )
    wanted = labels[1000:]
    return {
        "accuracy": np.mean(said == wanted),
        "macro_f1_score": sk.f1_score(wanted, said, average="macro"),
        "f1_score_of_2": sk.f1_score(wanted, said, average=None)[2],
    }


def label_a_pixel():
    source = fractions(3)
    draw = lambda: next(source)
    patches, labels = [], []
    for _ in range(140):
        lefts, lying = [int(10.0 * draw()), int(10.0 * draw())], int(draw() < 0.5)
        pixels = np.empty((16, 16))
        for row in range(16):
            for column in range(16):
                half = row // 8
                inside = row % 8 < 7 and lefts[half] <= column < lefts[half] + 7
                label, ink = (0, 0.5) if not inside else (1, row % 2) if half == lying else (2, column % 2)
                pixels[row, column] = ink + 0.5 * (draw() - 0.5)
                labels.append(label)
        padded = np.pad(pixels, 2)
        patches += [padded[row : row + 5, column : column + 5].reshape(-1) for row in range(16) for column in range(16)]
    patches, labels, train = np.array(patches), np.array(labels), 100 * 256
    model = MLPClassifier((16,), max_iter=200, random_state=1).fit(patches[:train], labels[:train])
    return {"accuracy": model.score(patches[train:], labels[train:])}


def main():
    write("examples", {"one_unit": one_unit(), "several_labels": several_labels(), "label_a_pixel": label_a_pixel()})


if __name__ == "__main__":
    main()
