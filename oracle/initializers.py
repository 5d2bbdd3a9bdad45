"""Initializers: fans, limits and standard deviations by Keras's formulas, checked against samples that Keras draws."""

import keras
import numpy as np

from output import agree, write

# Standard deviation of a normal distribution cut at two standard deviations, as Keras writes it.
TRUNCATION = 0.87962566103423978


def facts(shape):
    receptive = int(np.prod(shape[:-2]))
    fan_in, fan_out = shape[-2] * receptive, shape[-1] * receptive
    both, only_in = 2.0 / (fan_in + fan_out), 2.0 / fan_in
    return {
        "shape": shape,
        "fan_in": fan_in,
        "fan_out": fan_out,
        "glorot_uniform": {"limit": np.sqrt(3.0 * both)},
        "he_uniform": {"limit": np.sqrt(3.0 * only_in)},
        "glorot_normal": normal_facts(np.sqrt(both)),
        "he_normal": normal_facts(np.sqrt(only_in)),
        "lecun_normal": normal_facts(np.sqrt(1.0 / fan_in)),
    }


def normal_facts(standard_deviation):
    """A wider normal is drawn and cut at two of its own σ, so that what remains has the wanted deviation."""
    before = standard_deviation / TRUNCATION
    return {"standard_deviation": standard_deviation, "sigma_before_truncation": before, "largest": 2.0 * before}


def check(row):
    """Draws from Keras until there are many numbers, and compares spread and extremes with the formulas."""
    for name, kind in [("glorot_uniform", keras.initializers.GlorotUniform), ("he_uniform", keras.initializers.HeUniform),
                       ("glorot_normal", keras.initializers.GlorotNormal), ("he_normal", keras.initializers.HeNormal),
                       ("lecun_normal", keras.initializers.LecunNormal)]:
        draws = -(-200_000 // int(np.prod(row["shape"])))
        values = np.concatenate([np.asarray(kind(seed=seed)(row["shape"])).reshape(-1) for seed in range(min(draws, 400))])
        largest = row[name].get("limit") or row[name]["largest"]
        wanted = row[name].get("standard_deviation") or largest / np.sqrt(3.0)
        assert np.abs(values).max() <= largest * (1 + 1e-6), (name, row["shape"])
        agree(values.std() / wanted, 1.0, 0.02, f"{name} {row['shape']}")


def main():
    shapes = [[1296, 5], [1296, 128], [128, 32], [32, 5], [5, 5, 1, 4], [3, 3, 1, 32], [3, 3, 32, 64], [2304, 256]]
    rows = [facts(shape) for shape in shapes]
    for row in rows:
        check(row)
    plain = np.asarray(keras.initializers.TruncatedNormal(0.0, 0.5, seed=1)((1000, 400)))
    agree(plain.std() / (0.5 * TRUNCATION), 1.0, 0.01, "truncated normal")
    assert np.abs(plain).max() <= 1.0
    write("initializers", {
        "truncation": TRUNCATION,
        "truncated_normal": "TruncatedNormal(mean, sigma) is not corrected: cut at mean ± 2 sigma, its deviation is truncation * sigma",
        "cases": rows,
    })


if __name__ == "__main__":
    main()
