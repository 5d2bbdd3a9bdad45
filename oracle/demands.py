"""Penalties and limits on the parameters of normalisations and attention, and penalties on what they give.

Keras's loss of a layer for itself, against the formulas in NumPy; and its parameters brought back to their limits.
"""

import keras
import numpy as np

from output import agree, single, tensor, tensors, write

L, R, MaxNorm = keras.layers, keras.regularizers, keras.constraints.MaxNorm
RANDOM = np.random.default_rng(20261130)
# L1 and L2 factors, and the largest norms, by what they are for.
PENALTIES = {"kernel": (0.01, 0.02), "bias": (0.0, 0.03), "gamma": (0.03, 0.0), "beta": (0.02, 0.01), "activity": (0.002, 0.001)}
LIMITS = {"kernel": 0.5, "bias": 0.4, "gamma": 0.7, "beta": 0.6}


def draw(*shape):
    return single(RANDOM.uniform(-1.0, 1.0, shape))


def settings(*parts):
    """Keras's arguments that ask for all penalties and limits."""
    penalties = {f"{part}_regularizer": R.L1L2(*PENALTIES[part]) for part in (*parts, "activity")}
    return penalties | {f"{part}_constraint": MaxNorm(LIMITS[part], axis=0) for part in parts}


def penalty(part, values):
    l1, l2 = PENALTIES[part]
    return l1 * np.abs(values).sum() + l2 * np.square(values).sum()


def limited(part, values, axes):
    norms = np.sqrt(np.square(values).sum(axis=axes, keepdims=True))
    return values * np.minimum(1.0, LIMITS[part] / np.maximum(norms, 1e-300))


def facts(name, layer, settings, inputs, parameters, variables, activities, axes):
    """One case. `axes` are those that a norm goes over, by a parameter's name."""
    for key, variable in variables.items():
        variable.assign(parameters[key])
    part = lambda key: key.rsplit("_", 1)[-1]
    layer(*inputs)
    loss = float(sum(float(loss) for loss in layer.losses))
    samples = inputs[0].shape[0]
    formula = sum(penalty(part(key), values) for key, values in parameters.items())
    formula += sum(penalty("activity", values) for values in activities) / samples
    agree(loss, formula, 1e-8, f"{name}: losses of Keras and the formula")
    bounded = {}
    for key, values in parameters.items():
        constraint = MaxNorm(LIMITS[part(key)], axis=axes.get(key, 0))
        bounded[key] = np.asarray(keras.ops.convert_to_numpy(constraint(keras.ops.convert_to_tensor(values, dtype="float64"))))
        # Keras adds 1e-7 to the norm that it divides by.
        agree(bounded[key], limited(part(key), values, tuple(np.atleast_1d(axes.get(key, 0)))), 1e-5, f"{name}: limits on {key}")
    return {
        "name": name, "layer": settings, "inputs": [tensor(x) for x in inputs], "parameters": tensors(parameters),
        "loss": loss, "limited": tensors(bounded),
    }


def normalize(x, axes, epsilon=1e-3):
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon)


def normalization(kind, layer, shape, output):
    x, channels = draw(*shape), shape[-1]
    layer.build(x.shape)
    parameters = {"gamma": draw(channels), "beta": draw(channels)}
    variables = {"gamma": layer.gamma, "beta": layer.beta}
    activity = parameters["gamma"] * output(x) + parameters["beta"]
    return facts(kind.replace("_", " "), layer, {"kind": kind}, [x], parameters, variables, [activity], {})


def normalizations():
    s = lambda: settings("gamma", "beta") | {"dtype": "float64"}
    groups = lambda x: normalize(x.reshape(*x.shape[:-1], 2, -1), (1, 2, 4)).reshape(x.shape)
    return [
        # Its moving mean is 0 and its moving variance 1.
        normalization("batch_normalization", L.BatchNormalization(**s()), (3, 4, 2, 6), lambda x: x / np.sqrt(1.001)),
        normalization("layer_normalization", L.LayerNormalization(**s()), (5, 7), lambda x: normalize(x, -1)),
        normalization("group_normalization", L.GroupNormalization(groups=2, **s()), (3, 4, 2, 6), groups),
    ]


def attention(heads=2, key_dim=3, value_dim=4):
    query, value = draw(2, 3, 5), draw(2, 4, 6)
    layer = L.MultiHeadAttention(heads, key_dim, value_dim, flash_attention=False, dtype="float64", **settings("kernel", "bias"))
    layer.build(query.shape, value.shape)
    sizes = {"query": (5, heads, key_dim), "key": (6, heads, key_dim), "value": (6, heads, value_dim), "attention_output": (heads, value_dim, 5)}
    maps = {"query": layer._query_dense, "key": layer._key_dense, "value": layer._value_dense, "attention_output": layer._output_dense}
    p, variables = {}, {}
    for part, size in sizes.items():
        p[f"{part}_kernel"] = draw(*size)
        p[f"{part}_bias"] = draw(*(size[2:] if part == "attention_output" else size[1:]))
        variables[f"{part}_kernel"], variables[f"{part}_bias"] = maps[part].kernel, maps[part].bias
    mapped = {part: np.einsum("bsf,fhd->bshd", x, p[f"{part}_kernel"]) + p[f"{part}_bias"] for part, x in [("query", query), ("key", value), ("value", value)]}
    scores = np.einsum("bshd,bthd->bhst", mapped["query"], mapped["key"]) / np.sqrt(key_dim)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    taken = np.einsum("bhst,bthd->bshd", weights, mapped["value"])
    output = np.einsum("bshd,hdf->bsf", taken, p["attention_output_kernel"]) + p["attention_output_bias"]
    axes = {"attention_output_kernel": [0, 1]}
    facts_of = {"kind": "multi_head_attention", "num_heads": heads, "key_dim": key_dim, "value_dim": value_dim}
    return facts("attention", layer, facts_of, [query, value], p, variables, [*mapped.values(), output], axes)


def main():
    write("demands", {"penalties": {k: list(v) for k, v in PENALTIES.items()}, "limits": LIMITS, "cases": [*normalizations(), attention()]})


if __name__ == "__main__":
    main()
