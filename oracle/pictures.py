"""Pictures shifted, turned, zoomed and given another contrast: Keras's layers with factors that leave nothing to chance."""

import keras
import numpy as np

from output import agree, single, tensor, write

RANDOM = np.random.default_rng(20260303)


def moved(kind, factors, shape, fill_mode):
    pair = lambda factor: (factor, factor)
    options = {"fill_mode": fill_mode, "fill_value": 0.25}
    layer = {
        "random_translation": lambda: keras.layers.RandomTranslation(pair(factors[0]), pair(factors[1]), **options),
        "random_rotation": lambda: keras.layers.RandomRotation(pair(factors[0]), **options),
        "random_zoom": lambda: keras.layers.RandomZoom(pair(factors[0]), pair(factors[1]), **options),
    }[kind]()
    pictures = single(RANDOM.uniform(0.0, 1.0, shape))
    output = np.asarray(layer(pictures.astype("float32"), training=True), dtype=np.float64)
    agree(layer(pictures.astype("float32"), training=False), pictures, 1e-6, what="a layer at rest")
    return {
        "name": f"{kind} {factors} {fill_mode}", "kind": kind, "factors": factors, "fill_mode": fill_mode,
        "fill_value": 0.25, "input": tensor(pictures), "output": tensor(single(output)),
    }


def contrast(factor):
    # In this version of Keras a single factor only raises the contrast, in spite of its documentation.
    layer = keras.layers.RandomContrast((0.0, 0.0), value_range=(0.0, 1.0))
    layer.factor = (-factor, factor)
    pictures = single(RANDOM.uniform(0.0, 1.0, (2, 5, 4, 3)))
    output = np.asarray(layer(pictures.astype("float32"), training=True), dtype=np.float64)
    mean = pictures.mean(axis=(1, 2), keepdims=True)
    agree(output, np.clip(mean + (1.0 + factor) * (pictures - mean), 0.0, 1.0), 1e-6, what="contrast")
    return {
        "name": f"random_contrast {factor}", "kind": "random_contrast", "factors": [factor],
        "input": tensor(pictures), "output": tensor(single(output)),
    }


def main():
    rows = []
    # TensorFlow does not mix the two ends of a picture that is wrapped around; letra does, so
    # that only shifts by whole pixels are compared.
    for fill_mode in ("constant", "nearest", "reflect"):
        rows += [
            moved("random_translation", [0.13, -0.21], (2, 7, 9, 2), fill_mode),
            moved("random_translation", [-0.95, 0.8], (1, 8, 6, 1), fill_mode),
            moved("random_rotation", [0.07], (2, 7, 9, 2), fill_mode),
            moved("random_rotation", [-0.4], (1, 8, 8, 1), fill_mode),
            moved("random_zoom", [0.4, -0.3], (2, 7, 9, 2), fill_mode),
            moved("random_zoom", [-0.75, 0.95], (1, 8, 6, 3), fill_mode),
        ]
    rows.append(moved("random_translation", [0.25, -0.5], (1, 8, 6, 2), "wrap"))
    rows += [contrast(factor) for factor in (-0.6, 0.0, 0.8)]
    write("pictures", {"cases": rows})


if __name__ == "__main__":
    main()
