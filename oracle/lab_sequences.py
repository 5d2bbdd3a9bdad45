"""Glyphs read row by row and characters of words, as `letra lab sequences` has them, with Keras: the same data, networks and settings, seeds 1 to 3.

    python oracle/lab_sequences.py data_with_labels.npz

Prints the figures that stand beside letra's in docs/lab.md.
"""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

L = keras.layers
CELLS = {"Simple RNN": L.SimpleRNN, "LSTM": L.LSTM, "GRU": L.GRU}
SEEDS = (1, 2, 3)
WORDS = pathlib.Path(__file__).resolve().parent.parent / "crates/letra-type/src/text/words/english.txt"


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """PyTorch's OneCycleLR with its defaults, momentum as it is."""

    def __init__(self, maximum, steps):
        self.maximum, self.steps = maximum, steps

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        top = 0.3 * self.steps - 1
        first, last = self.maximum / 25, self.maximum / 25 / 1e4
        curve = lambda start, end, share: end + (start - end) / 2 * (1 + keras.ops.cos(np.pi * share))
        rising = curve(first, self.maximum, step / top)
        falling = curve(self.maximum, last, keras.ops.minimum((step - top) / (self.steps - 1 - top), 1.0))
        return keras.ops.where(step <= top, rising, falling)

    def get_config(self):
        return {"maximum": self.maximum, "steps": self.steps}


def adam(rate, steps):
    return keras.optimizers.Adam(OneCycle(rate, steps), global_clipnorm=1.0, epsilon=1e-7)


def said(task, cell, figures, unit):
    print(f"{task:16} {cell:12} {np.mean(figures):7.3f} ± {np.std(figures, ddof=1):.3f} {unit}   {np.round(figures, 3).tolist()}", flush=True)


def glyphs(file):
    arrays = np.load(file)
    pictures, labels = arrays["arr_0"].reshape(-1, 36, 36) / 255.0, arrays["arr_1"].astype(int)
    labels = labels - labels.min()
    chosen = np.random.RandomState(100).permutation(len(pictures))
    test, train = chosen[: len(chosen) // 10], chosen[len(chosen) // 10 :]
    orders = {"rows": np.arange(36 * 36), "shuffled": np.random.RandomState(0).permutation(36 * 36)}
    for name, order in orders.items():
        x = pictures.reshape(-1, 36 * 36)[:, order].reshape(-1, 36, 36).astype("float32")
        for title, cell in CELLS.items():
            found = []
            for seed in SEEDS:
                keras.utils.set_random_seed(seed)
                network = keras.Sequential([keras.Input((36, 36)), cell(64), L.Dense(5)])
                steps = -(-len(train) // 64) * 40
                loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
                network.compile(adam(0.003, steps), loss, metrics=["accuracy"])
                network.fit(x[train], labels[train], batch_size=64, epochs=40, verbose=0)
                found.append(100 * network.evaluate(x[test], labels[test], verbose=0)[1])
            said(f"glyphs, {name}", title, found, "%")


def characters():
    words = list(dict.fromkeys(line.rsplit(" ", 1)[0].lower() for line in WORDS.read_text(encoding="utf8").splitlines()))
    alphabet = [None, *sorted(set("".join(words)))]
    number = {letter: index for index, letter in enumerate(alphabet)}
    steps = max(map(len, words)) + 1
    spelled = [[number[letter] for letter in word] for word in words]
    kept = [word for rank, word in enumerate(spelled) if rank % 10 == 9]
    learnt = [word for rank, word in enumerate(spelled) if rank % 10 != 9]

    def lines(words):
        x, y, counts = (np.zeros((len(words), steps), kind) for kind in ("int32", "int32", "float32"))
        for row, word in enumerate(words):
            framed = [0, *word, 0]
            x[row, : len(framed) - 1], y[row, : len(framed) - 1], counts[row, : len(framed) - 1] = framed[:-1], framed[1:], 1
        return x, y, counts

    for title, cell in CELLS.items():
        found = []
        for seed in SEEDS:
            keras.utils.set_random_seed(seed)
            network = keras.Sequential(
                [keras.Input((steps,)), L.Embedding(len(alphabet), 32), L.Dropout(0.2), cell(128, return_sequences=True), L.Dropout(0.2), L.Dense(len(alphabet))]
            )
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            network.compile(adam(0.005, 1000), loss)
            draw = np.random.RandomState(seed)
            batches = [draw.randint(len(learnt), size=32) for _ in range(1000)]
            x, y, counts = lines([learnt[word] for batch in batches for word in batch])
            network.fit(x, y, sample_weight=counts, batch_size=32, epochs=1, shuffle=False, verbose=0)
            x, y, counts = lines(kept)
            logits = network.predict(x, verbose=0).astype("float64")
            logits -= logits.max(-1, keepdims=True)
            logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
            nats = -np.take_along_axis(logits, y[..., None], -1)[..., 0]
            found.append((nats * counts).sum() / counts.sum() / np.log(2))
        said("characters", title, found, "bits")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    characters()
    glyphs(sys.argv[1])
