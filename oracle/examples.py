"""What scikit-learn reaches on the data of letra-nn's example programs, drawn here by the same numbers."""

import numpy as np
import sklearn.metrics as sk
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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


def rows(source, count):
    return [np.float32(next(source)) for _ in range(count)]


def shared_sub_model():
    source = fractions(4)
    pairs, same = [], []
    for _ in range(3000):
        things = [rows(source, 6), rows(source, 6)]
        kinds = [a + b > c + d for a, b, c, d, *_ in things]
        pairs.append(things[0] + things[1])
        same.append(int(kinds[0] == kinds[1]))
    model = MLPClassifier((32, 16), max_iter=500, random_state=1).fit(pairs[:2000], same[:2000])
    return {"accuracy": model.score(pairs[2000:], same[2000:])}


def transfer():
    source = fractions(5)
    measures, labels = [], []
    for _ in range(3000):
        sample = rows(source, 10)
        unlike = lambda a, b: (sample[a] > 0.5) != (sample[b] > 0.5)
        labels.append(int(unlike(0, 1) and unlike(2, 3)))
        measures.append(sample)
    few, test = slice(2000, 2040), slice(2040, 3000)
    model = MLPClassifier((32, 16), max_iter=2000, random_state=1).fit(measures[few], labels[few])
    return {"accuracy": model.score(measures[test], labels[test])}


def network_in_network():
    source = fractions(6)
    measures, labels = [], []
    for _ in range(2000):
        a, b, c = (value - 0.5 for value in rows(source, 3))
        mixed = [a + b, b - c, c + a, a - b]
        measures.append([mixed[place % 4] + 0.2 * (next(source) - 0.5) for place in range(12)])
        labels.append(int(a > b))
    code = PCA(3).fit(measures).transform(measures)
    model = LogisticRegression(C=100.0).fit(code[:100], labels[:100])
    return {"accuracy": model.score(code[1000:], labels[1000:])}


def table():
    source = fractions(7)
    flats, rents = [], []
    for _ in range(600):
        rooms, age = np.floor(1 + 5 * next(source)), next(source)
        district = int(3 * next(source))
        rents.append(0.2 * rooms + [0.5, 0.1, 0.3][district] - 0.3 * age + 0.2 * next(source))
        flats.append([rooms, age] + [float(district == k) for k in range(3)])
    model = LinearRegression().fit(flats[:400], rents[:400])
    return {"r2_score": model.score(flats[400:], rents[400:])}


def own_loaded():
    def data(state, count):
        source = fractions(state)
        lengths, times = [], []
        for _ in range(count):
            length = next(source)
            lengths.append(length)
            times.append(length * length * (1 + next(source)))
        return np.square(lengths)[:, None], np.array(times)

    model = QuantileRegressor(quantile=0.9, alpha=0.0).fit(*data(8, 1000))
    squares, times = data(9, 500)
    return {"coverage": np.mean(times < model.predict(squares))}


def regression():
    source = fractions(10)
    measures, strengths = [], []
    for _ in range(1200):
        cement, water = 200 + 300 * next(source), 140 + 80 * next(source)
        age = 1 + np.floor(99 * next(source))
        noise = 4 * (next(source) + next(source) - 1)
        measures.append([cement, water, age])
        strengths.append(25 * cement / water * (0.3 + 0.15 * np.log(age)) - 5 + noise)
    model = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(32, 16), max_iter=2000, random_state=1))
    model.fit(measures[:900], strengths[:900])
    return {"r2_score": model.score(measures[900:], strengths[900:])}


EXAMPLES = (
    one_unit,
    several_labels,
    label_a_pixel,
    regression,
    shared_sub_model,
    transfer,
    network_in_network,
    table,
    own_loaded,
)


def main():
    write("examples", {example.__name__: example() for example in EXAMPLES})


if __name__ == "__main__":
    main()
