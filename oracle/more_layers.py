"""Layers that join, order, rescale, group and attend: Keras in double precision; the second witness is the formula in NumPy, with gradients by finite differences."""

import keras
import numpy as np
import tensorflow as tf

from layers import draw
from output import agree, single, tensor, tensors, write

L = keras.layers


def through_keras(apply, weights, inputs):
    """Output, given upstream gradient, and gradients of inputs and weights of a Keras function of several inputs."""
    xs = [tf.constant(values) for values in inputs]
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = apply(xs)
        output_gradient = draw(*y.shape)
        total = tf.reduce_sum(y * tf.constant(output_gradient))
    gradients = [g.numpy() for g in tape.gradient(total, [*xs, *weights], unconnected_gradients="zero")]
    return y.numpy(), output_gradient, gradients[: len(xs)], gradients[len(xs):]


def differences(value, arrays):
    """Central differences of a number by every entry of some arrays."""
    gradients = []
    for array in arrays:
        gradient = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1e-6
            above = value()
            array[place] = kept - 1e-6
            gradient[place] = (above - value()) / 2e-6
            array[place] = kept
        gradients.append(gradient)
    return gradients


def case(name, layer, facts, inputs, parameters=None, formula=None, ties=False, tolerance=1e-10):
    """A case of a layer; `formula` takes the list of inputs and the dictionary of parameters."""
    parameters = parameters or {}
    if parameters:
        for weight, values in zip(layer.weights, parameters.values(), strict=True):
            weight.assign(values)
    apply = (lambda xs: layer(xs)) if len(inputs) > 1 else (lambda xs: layer(xs[0]))
    if isinstance(layer, L.MultiHeadAttention):
        causal = facts["use_causal_mask"]
        apply = lambda xs: layer(xs[0], *(xs[1:] or xs), use_causal_mask=causal)
    result = through_keras(apply, [w.value for w in layer.trainable_weights], inputs)
    output, output_gradient, input_gradients, parameter_gradients = result
    agree(output, formula(inputs, parameters), tolerance, f"{name}: Keras and the formula")
    if not ties:
        value = lambda: (formula(inputs, parameters) * output_gradient).sum()
        measured = differences(value, [*inputs, *parameters.values()])
        for found, wanted in zip(measured, [*input_gradients, *parameter_gradients], strict=True):
            agree(found, wanted, 1e-6, f"{name}: gradients of Keras and of the formula")
    return {
        "name": name, "layer": facts, "inputs": [tensor(x) for x in inputs], "parameters": tensors(parameters),
        "output": tensor(output), "output_gradient": tensor(output_gradient),
        "input_gradients": [tensor(g) for g in input_gradients],
        "parameter_gradients": tensors(dict(zip(parameters, parameter_gradients))),
    }


def merge(kind, layer, formula, count, shape, ties=False):
    inputs = [draw(*shape) for _ in range(count)]
    if ties:
        inputs = [np.round(2 * x) / 2 for x in inputs]
    name = f"{kind} of {count}{' with ties' if ties else ''}"
    return case(name, layer(dtype="float64"), {"kind": kind}, inputs, formula=lambda xs, _: formula(xs), ties=ties)


def merges():
    largest, smallest = (lambda xs: np.maximum.reduce(xs)), (lambda xs: np.minimum.reduce(xs))
    return [
        merge("average", L.Average, lambda xs: sum(xs) / len(xs), 2, (3, 4)),
        merge("average", L.Average, lambda xs: sum(xs) / len(xs), 3, (2, 3, 2)),
        merge("subtract", L.Subtract, lambda xs: xs[0] - xs[1], 2, (3, 4)),
        merge("maximum", L.Maximum, largest, 3, (3, 2, 4)),
        merge("maximum", L.Maximum, largest, 3, (4, 9), ties=True),
        merge("minimum", L.Minimum, smallest, 3, (3, 2, 4)),
        merge("minimum", L.Minimum, smallest, 2, (4, 9), ties=True),
    ]


def dot(name, shapes, axes, equation, normalize=False):
    inputs = [draw(*shape) for shape in shapes]
    pair = (axes, axes) if isinstance(axes, int) else axes

    def formula(xs, _):
        if normalize:
            xs = [x / np.linalg.norm(x, axis=axis, keepdims=True) for x, axis in zip(xs, pair)]
        y = np.einsum(equation, *xs)
        return y[:, None] if y.ndim == 1 else y

    facts = {"kind": "dot", "axes": list(pair), "normalize": normalize}
    return case(name, L.Dot(axes, normalize=normalize, dtype="float64"), facts, inputs, formula=formula)


def dots():
    return [
        dot("dot of vectors", [(3, 5), (3, 5)], 1, "bk,bk->b"),
        dot("dot of vectors, normalized", [(3, 5), (3, 5)], 1, "bk,bk->b", True),
        dot("dot of last axes", [(2, 3, 4), (2, 5, 4)], (2, 2), "bik,bjk->bij"),
        dot("dot of a product of matrices", [(2, 3, 4), (2, 4, 5)], (2, 1), "bik,bkj->bij"),
        dot("dot of first axes, normalized", [(2, 4, 3), (2, 4, 2)], 1, "bki,bkj->bij", True),
        dot("dot with the axes counted from the end", [(2, 4, 3), (2, 3)], -1, "bik,bk->bi"),
    ]


def permute(dims, shape):
    formula = lambda xs, _: np.transpose(xs[0], (0, *dims))
    return case(f"permute {dims}", L.Permute(dims, dtype="float64"), {"kind": "permute", "dims": list(dims)}, [draw(*shape)], formula=formula)


def rescaling(scale, offset):
    facts = {"kind": "rescaling", "scale": scale, "offset": offset}
    return case(f"rescaling by {scale}", L.Rescaling(scale, offset, dtype="float64"), facts, [draw(3, 2, 4)], formula=lambda xs, _: xs[0] * scale + offset)


def normalization(name, shape, invert=False):
    """Adapted in single precision by Keras, so that its moments are held to the formula's only roughly, and then set to them."""
    data = single(3 * draw(40, *shape[1:]) + 2)
    data[..., 0] = 7.0
    adapted = L.Normalization()
    adapted.adapt(data.astype(np.float32))
    axes = tuple(range(data.ndim - 1))
    mean, variance = data.mean(axes), data.var(axes)
    agree(adapted.mean.numpy().reshape(-1), mean, 1e-5, "means of Keras and the formula")
    agree(adapted.variance.numpy().reshape(-1), variance, 1e-5, "variances of Keras and the formula")
    layer = L.Normalization(mean=mean, variance=variance, invert=invert, dtype="float64")
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    formula = lambda xs, _: mean + xs[0] * deviation if invert else (xs[0] - mean) / deviation
    inputs = draw(*shape)
    # Off the constant by as much as makes a difference, and no more.
    inputs[..., 0] = 7.0
    facts = {"kind": "normalization", "data": tensor(data), "mean": mean, "variance": variance, "invert": invert}
    return case(name, layer, facts, [inputs], formula=formula, ties=not invert)


def group_normalization(name, shape, groups, scale=True, center=True, epsilon=1e-3):
    layer = L.GroupNormalization(groups, epsilon=epsilon, scale=scale, center=center, dtype="float64")
    layer.build(shape)
    parameters = {key: draw(shape[-1]) for key, there in (("gamma", scale), ("beta", center)) if there}

    def formula(xs, p):
        x = xs[0].reshape(shape[0], -1, groups, shape[-1] // groups)
        mean, variance = x.mean((1, 3), keepdims=True), x.var((1, 3), keepdims=True)
        y = ((x - mean) / np.sqrt(variance + epsilon)).reshape(shape)
        return y * p.get("gamma", 1.0) + p.get("beta", 0.0)

    facts = {"kind": "group_normalization", "groups": groups, "scale": scale, "center": center, "epsilon": epsilon}
    return case(name, layer, facts, [draw(*shape)], parameters, formula)


def up_sampling1d(size):
    facts = {"kind": "up_sampling1d", "size": size}
    return case(f"up_sampling1d {size}", L.UpSampling1D(size, dtype="float64"), facts, [draw(2, 4, 3)], formula=lambda xs, _: xs[0].repeat(size, 1))


def conv1d_transpose(name, shape, filters, kernel, stride=1, padding="valid"):
    layer = L.Conv1DTranspose(filters, kernel, strides=stride, padding=padding, dtype="float64")
    layer.build(shape)
    parameters = {"kernel": draw(kernel, filters, shape[2]), "bias": draw(filters)}

    def formula(xs, p):
        steps = shape[1]
        whole = np.zeros((shape[0], (steps - 1) * stride + kernel, filters))
        for step in range(steps):
            whole[:, step * stride:step * stride + kernel] += np.einsum("bc,kfc->bkf", xs[0][:, step], p["kernel"])
        length = steps * stride + (max(kernel - stride, 0) if padding == "valid" else 0)
        before = 0 if padding == "valid" else max((steps - 1) * stride + kernel - length, 0) // 2
        whole = np.pad(whole, ((0, 0), (0, max(before + length - whole.shape[1], 0)), (0, 0)))
        return whole[:, before:before + length] + p["bias"]

    facts = {"kind": "conv1d_transpose", "filters": filters, "kernel": kernel, "stride": stride, "padding": padding}
    return case(name, layer, facts, [draw(*shape)], parameters, formula)


def separable_conv1d(name, shape, filters, kernel, multiplier=1, stride=1, dilation=1, padding="valid"):
    layer = L.SeparableConv1D(
        filters, kernel, strides=stride, padding=padding, dilation_rate=dilation, depth_multiplier=multiplier, dtype="float64"
    )
    layer.build(shape)
    steps, channels = shape[1:]
    parameters = {
        "depthwise_kernel": draw(kernel, channels, multiplier), "pointwise_kernel": draw(1, channels * multiplier, filters), "bias": draw(filters),
    }
    reach = (kernel - 1) * dilation + 1
    outputs = -(-steps // stride) if padding == "same" else (steps - reach) // stride + 1
    missing = max((outputs - 1) * stride + reach - steps, 0) if padding == "same" else 0

    def formula(xs, p):
        x = np.pad(xs[0], ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
        at = lambda t: x[:, t * stride:t * stride + reach:dilation]
        between = np.stack([np.einsum("bkc,kcm->bcm", at(t), p["depthwise_kernel"]).reshape(shape[0], -1) for t in range(outputs)], 1)
        return between @ p["pointwise_kernel"][0] + p["bias"]

    facts = {
        "kind": "separable_conv1d", "filters": filters, "kernel": kernel, "depth_multiplier": multiplier, "stride": stride,
        "dilation_rate": dilation, "padding": padding,
    }
    return case(name, layer, facts, [draw(*shape)], parameters, formula)


def attention(name, shapes, heads, key_dim, value_dim=None, use_bias=True, causal=False):
    layer = L.MultiHeadAttention(heads, key_dim, value_dim, use_bias=use_bias, flash_attention=False, dtype="float64")
    query, value, key = (shapes * 3)[:3] if len(shapes) == 1 else (shapes + shapes[1:])[:3]
    layer.build(query, value, key)
    out = value_dim or key_dim
    sizes = {
        "query": (query[-1], heads, key_dim), "key": (key[-1], heads, key_dim), "value": (value[-1], heads, out),
        "attention_output": (heads, out, query[-1]),
    }
    parameters = {}
    for part, size in sizes.items():
        parameters[f"{part}_kernel"] = draw(*size)
        if use_bias:
            parameters[f"{part}_bias"] = draw(*(size[2:] if part == "attention_output" else size[1:]))

    def formula(xs, p):
        query, value, key = (xs * 3)[:3] if len(xs) == 1 else (xs + xs[1:])[:3]
        one = lambda part, x: np.einsum("bsf,fhd->bhsd", x, p[f"{part}_kernel"]) + np.expand_dims(p.get(f"{part}_bias", np.zeros((heads, 1))), 1)
        scores = one("query", query) @ one("key", key).transpose(0, 1, 3, 2) / np.sqrt(key_dim)
        if causal:
            scores = np.where(np.tril(np.ones(scores.shape[2:])) > 0, scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        taken = weights @ one("value", value)
        return np.einsum("bhsd,hdf->bsf", taken, p["attention_output_kernel"]) + p.get("attention_output_bias", 0.0)

    facts = {
        "kind": "multi_head_attention", "num_heads": heads, "key_dim": key_dim, "value_dim": out, "use_bias": use_bias, "use_causal_mask": causal,
    }
    # Keras has 1 / √key_dim in single precision.
    return case(name, layer, facts, [draw(*shape) for shape in shapes], parameters, formula, tolerance=1e-8)


def attentions():
    return [
        attention("attention of a sequence to itself", [(2, 4, 3)], 2, 5),
        attention("attention to another sequence", [(2, 3, 4), (2, 5, 2)], 3, 2, 4),
        attention("attention with keys of their own", [(2, 3, 4), (2, 5, 2), (2, 5, 3)], 2, 3, 1),
        attention("attention without biases", [(2, 3, 4), (2, 5, 2)], 2, 3, use_bias=False),
        attention("causal attention", [(2, 5, 3)], 2, 2, causal=True),
        attention("causal attention to a longer sequence", [(1, 3, 2), (1, 5, 2)], 1, 3, causal=True),
    ]


def main():
    write("more_layers", {
        "cases": [
            *merges(), *dots(),
            permute((2, 1), (2, 3, 4)), permute((3, 1, 2), (2, 3, 4, 2)),
            rescaling(1 / 128, 0.0), rescaling(-2.5, 0.75),
            normalization("normalization of vectors", (3, 5)), normalization("normalization of pictures", (2, 3, 2, 3)),
            normalization("normalization back to the data", (3, 5), invert=True),
            group_normalization("group normalisation of pictures", (2, 3, 4, 6), 3),
            group_normalization("of vectors", (3, 8), 2, epsilon=1e-5),
            group_normalization("of one group without gamma", (2, 5, 4), 1, scale=False),
            group_normalization("of a group a channel without beta", (2, 5, 4), 4, center=False),
            up_sampling1d(1), up_sampling1d(3),
            conv1d_transpose("conv1d_transpose 3", (2, 4, 3), 2, 3),
            conv1d_transpose("conv1d_transpose 4 stride 2 same", (2, 4, 3), 5, 4, 2, "same"),
            conv1d_transpose("conv1d_transpose 3 stride 2 same", (2, 5, 2), 3, 3, 2, "same"),
            conv1d_transpose("conv1d_transpose 2 stride 3", (2, 3, 2), 3, 2, 3),
            separable_conv1d("separable_conv1d 3", (2, 7, 3), 4, 3),
            separable_conv1d("separable_conv1d 4 stride 2 same", (2, 7, 3), 5, 4, 2, stride=2, padding="same"),
            separable_conv1d("separable_conv1d 3 dilation 2 same", (2, 9, 2), 4, 3, 3, dilation=2, padding="same"),
            *attentions(),
        ],
    })


if __name__ == "__main__":
    main()
