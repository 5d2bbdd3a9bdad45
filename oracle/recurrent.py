"""Recurrent layers: Keras in double precision; the second witness is each formula in PyTorch, a step after the other, and a third PyTorch's own layers, with packed sequences, where it has them."""

import keras
import numpy as np
import tensorflow as tf
import torch

from layers import draw
from output import agree, tensor, tensors, write

L = keras.layers
SAMPLES, STEPS, FEATURES, UNITS, MASK = 3, 5, 4, 3, -9.0
GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}
KERAS = {"lstm": L.LSTM, "gru": L.GRU, "simple_rnn": L.SimpleRNN}
MERGES = {"concatenate": "concat", "sum": "sum", "average": "ave", "multiply": "mul", "apart": None}
FUNCTIONS = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu, "softplus": torch.nn.functional.softplus}


def parameters_of(kind, settings, prefix=""):
    width = GATES[kind] * UNITS
    parameters = {"kernel": draw(FEATURES, width), "recurrent_kernel": draw(UNITS, width)}
    if settings.get("use_bias", True):
        both = kind == "gru" and settings.get("reset_after", True)
        parameters["bias"] = draw(2, width) if both else draw(width)
    return {prefix + name: values for name, values in parameters.items()}


def step(kind, settings, x, states, kernel, recurrent, bias=None):
    """The states after a step, by the formulas."""
    activation = FUNCTIONS[settings.get("activation", "tanh")]
    gate = FUNCTIONS[settings.get("recurrent_activation", "sigmoid")]
    width = kernel.shape[1]
    bias = torch.zeros(width, dtype=torch.float64) if bias is None else bias
    of_input, of_state = bias if bias.ndim == 2 else (bias, torch.zeros(width, dtype=torch.float64))
    h = states[0]
    a, b = x @ kernel + of_input, h @ recurrent + of_state
    if kind == "simple_rnn":
        return [activation(a + b)]
    if kind == "lstm":
        i, f, g, o = (a + b).split(UNITS, -1)
        c = gate(f) * states[1] + gate(i) * activation(g)
        return [gate(o) * activation(c), c]
    (z, r), candidate = gate((a + b)[:, : 2 * UNITS]).split(UNITS, -1), a[:, 2 * UNITS:]
    if settings.get("reset_after", True):
        candidate = candidate + r * b[:, 2 * UNITS:]
    else:
        candidate = candidate + (r * h) @ recurrent[:, 2 * UNITS:]
    return [z * h + (1 - z) * activation(candidate)]


def formula(kind, settings, x, states, parameters, mask, backwards=False, zero=False):
    """Outputs of all steps, in the order in which they are computed, and the last states."""
    if not states:
        states = [torch.zeros(SAMPLES, UNITS, dtype=torch.float64)] * (2 if kind == "lstm" else 1)
    last, outputs = torch.zeros_like(states[0]), []
    for t in reversed(range(STEPS)) if backwards else range(STEPS):
        new, counts = step(kind, settings, x[:, t], states, *parameters), torch.tensor(mask[:, t: t + 1])
        states = [torch.where(counts, after, before) for after, before in zip(new, states)]
        last = torch.where(counts, new[0], last)
        outputs.append(torch.where(counts, last, torch.zeros_like(last)) if zero else last)
    return torch.stack(outputs, 1), last, states


def witnesses(kind, settings, x, states, parameters, mask):
    """What the formula gives for a layer, as Keras orders it."""
    sequences, last, after = formula(
        kind, settings, x, states, parameters, mask, settings.get("go_backwards", False), settings.get("zero_output_for_mask", False))
    first = sequences if settings.get("return_sequences") else last
    return [first, *after] if settings.get("return_state") else [first]


def of_both(kind, settings, merge, x, states, parameters, mask):
    """What the formula gives for a layer in both directions."""
    half, sequences = len(states) // 2, settings.get("return_sequences", False)
    each = []
    for number, backwards in enumerate((False, True)):
        own = parameters[number * len(parameters) // 2:][: len(parameters) // 2]
        given = states[number * half:][:half]
        steps, last, after = formula(kind, settings, x, given, own, mask, backwards, zero=sequences)
        steps = steps.flip(1) if backwards else steps
        each.append((steps if sequences else last, after))
    (one, first), (other, second) = each
    merged = {
        "concatenate": lambda: [torch.cat([one, other], -1)], "sum": lambda: [one + other],
        "average": lambda: [(one + other) / 2], "multiply": lambda: [one * other], "apart": lambda: [one, other],
    }[merge]()
    return [*merged, *first, *second] if settings.get("return_state") else merged


def case(name, kind, settings, lengths=None, mask=None, states=0, merge=None):
    """Outputs and gradients of Σ output · upstream; `states` is the number of initial states that are given."""
    x = draw(SAMPLES, STEPS, FEATURES)
    counts = np.ones((SAMPLES, STEPS), bool) if mask is None else np.array(mask, bool)
    if lengths is not None:
        counts = np.arange(STEPS) < np.array(lengths)[:, None]
    masked = not counts.all()
    x[~counts] = MASK
    inputs = [x, *(draw(SAMPLES, UNITS) for _ in range(states))]
    layer = KERAS[kind](UNITS, dtype="float64", **settings)
    prefixes = [""] if merge is None else ["forward_", "backward_"]
    if merge is not None:
        layer = L.Bidirectional(layer, merge_mode=MERGES[merge], dtype="float64")
    parameters = {}
    for prefix in prefixes:
        parameters |= parameters_of(kind, settings, prefix)
    starts = [keras.Input(values.shape[1:], dtype="float64") for values in inputs]
    first = L.Masking(MASK, dtype="float64")(starts[0]) if masked else starts[0]
    # Where states are given, Keras forgets the mask of the sequence, unless it is given, too.
    known = keras.ops.any(starts[0] != MASK, -1) if masked else None
    given = layer(first, initial_state=starts[1:] or None, mask=known)
    network = keras.Model(starts, list(given) if isinstance(given, (list, tuple)) else [given])
    for weight, values in zip(network.trainable_weights, parameters.values(), strict=True):
        weight.assign(values)
    tensors_in = [tf.constant(values) for values in inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors_in)
        outputs = tf.nest.flatten(network(tensors_in))
        upstream = [draw(*output.shape) for output in outputs]
        total = sum(tf.reduce_sum(output * given) for output, given in zip(outputs, upstream))
    weights = [weight.value for weight in network.trainable_weights]
    gradients = tape.gradient(total, [*tensors_in, *weights], unconnected_gradients="zero")
    gradients = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]
    outputs = [output.numpy() for output in outputs]

    leaves = [torch.tensor(values, requires_grad=True) for values in [*inputs, *parameters.values()]]
    own, own_states, own_parameters = leaves[0], leaves[1: 1 + states], leaves[1 + states:]
    found = (
        witnesses(kind, settings, own, own_states, own_parameters, counts) if merge is None
        else of_both(kind, settings, merge, own, own_states, own_parameters, counts))
    sum((output * torch.tensor(given)).sum() for output, given in zip(found, upstream)).backward()
    for wanted, output in zip(outputs, found, strict=True):
        agree(wanted, output.detach().numpy(), what=f"{name}: Keras and the formula")
    for wanted, leaf in zip(gradients, leaves, strict=True):
        agree(wanted, leaf.grad.numpy(), what=f"{name}: gradients of Keras and of the formula")
    usual = not settings.get("go_backwards") and "activation" not in settings and settings.get("reset_after", True) and mask is None
    if merge is None and usual:
        third_witness(name, kind, settings, inputs, parameters, lengths, outputs, upstream, gradients)
    return {
        "name": name, "kind": kind, "settings": settings, "merge": merge, "masked": bool(masked), "inputs": [tensor(values) for values in inputs],
        "parameters": tensors(parameters), "outputs": [tensor(output) for output in outputs],
        "output_gradients": [tensor(values) for values in upstream],
        "input_gradients": [tensor(values) for values in gradients[: len(inputs)]],
        "parameter_gradients": tensors(dict(zip(parameters, gradients[len(inputs):]))),
    }


def reordered(kind, columns):
    """Columns of Keras's gates in PyTorch's order, which has a GRU's reset gate first."""
    gates = np.split(columns, GATES[kind], -1)
    return np.concatenate([gates[1], gates[0], gates[2]] if kind == "gru" else gates, -1)


def third_witness(name, kind, settings, inputs, parameters, lengths, outputs, upstream, gradients):
    """PyTorch's own layer, with packed sequences where they are of unlike lengths."""
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "simple_rnn": torch.nn.RNN}[kind](
        FEATURES, UNITS, batch_first=True, bias="bias" in parameters, dtype=torch.float64)
    kernel, recurrent, *bias = parameters.values()
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor(reordered(kind, kernel).T))
        layer.weight_hh_l0.copy_(torch.tensor(reordered(kind, recurrent).T))
        if bias:
            both = bias[0] if bias[0].ndim == 2 else [bias[0], np.zeros_like(bias[0])]
            layer.bias_ih_l0.copy_(torch.tensor(reordered(kind, both[0])))
            layer.bias_hh_l0.copy_(torch.tensor(reordered(kind, both[1])))
    x, *states = [torch.tensor(values, requires_grad=True) for values in inputs]
    given = [state[None] for state in states]
    given = None if not given else tuple(given) if kind == "lstm" else given[0]
    packed = x if lengths is None else torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    steps, after = layer(packed, given)
    after = [state[0] for state in (after if kind == "lstm" else [after])]
    found, counts = [], np.arange(STEPS) < np.array(lengths or [STEPS] * SAMPLES)[:, None]
    if settings.get("return_sequences"):
        if lengths is not None:
            steps, _ = torch.nn.utils.rnn.pad_packed_sequence(steps, batch_first=True, total_length=STEPS)
        # PyTorch gives 0 for padding, Keras repeats the output before it.
        steps = steps if settings.get("zero_output_for_mask") else torch.where(torch.tensor(counts)[..., None], steps, after[0][:, None])
        found.append(steps)
    else:
        found.append(after[0])
    found += after if settings.get("return_state") else []
    sum((output * torch.tensor(values)).sum() for output, values in zip(found, upstream)).backward()
    for wanted, output in zip(outputs, found, strict=True):
        agree(wanted, output.detach().numpy(), what=f"{name}: Keras and PyTorch's layer")
    for wanted, leaf in zip(gradients, [x, *states]):
        agree(wanted, leaf.grad.numpy(), what=f"{name}: gradients of Keras and PyTorch's layer")
    of_weights = [reordered(kind, gradient) for gradient in gradients[len(inputs):][:2]]
    for wanted, leaf in zip(of_weights, [layer.weight_ih_l0, layer.weight_hh_l0]):
        agree(wanted, leaf.grad.numpy().T, what=f"{name}: gradients of Keras and PyTorch's layer")


HOLES = [[1, 0, 1, 1, 0], [0, 0, 1, 0, 1], [1, 1, 1, 1, 1]]
LEADING = [[0, 0, 1, 1, 1], [0, 0, 0, 0, 1], [1, 1, 1, 1, 1]]
NOTHING = [[0, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]]
LENGTHS = [3, 5, 1]


def cases_of(name, kind, also):
    states = 2 if kind == "lstm" else 1
    all_steps = {"return_sequences": True}

    def of(what, settings, **facts):
        return case(f"{name}, {what}", kind, also | settings, **facts)

    own = {"activation": "softplus"} | ({} if kind == "simple_rnn" else {"recurrent_activation": "tanh"})
    return [
        of("last step", {}),
        of("all steps", all_steps),
        of("no bias", {"use_bias": False}),
        of("functions of one's own", own | all_steps),
        of("backwards", {"go_backwards": True} | all_steps),
        of("states given and asked for", {"return_state": True} | all_steps, states=states),
        of("padded at the end", {"return_state": True} | all_steps, lengths=LENGTHS, states=states),
        of("padded at the end, last step", {}, lengths=LENGTHS),
        of("padding gives 0", {"zero_output_for_mask": True} | all_steps, lengths=LENGTHS),
        of("padded at the beginning", {"return_state": True} | all_steps, mask=LEADING, states=states),
        of("padded anywhere", all_steps, mask=HOLES),
        of("padded anywhere, backwards", {"go_backwards": True, "return_state": True} | all_steps, mask=HOLES, states=states),
        of("nothing but padding", {"return_state": True} | all_steps, mask=NOTHING, states=states),
        of("nothing but padding, last step", {"return_state": True}, mask=NOTHING, states=states),
    ]


def both_directions():
    cases = []
    for number, merge in enumerate(MERGES):
        for settings in ({}, {"return_sequences": True}):
            for mask in (None, HOLES):
                kind = list(GATES)[len(cases) % 3]
                name = f"bidirectional {kind}, {merge}{', all steps' if settings else ''}{', padded' if mask else ''}"
                cases.append(case(name, kind, settings, mask=mask, merge=merge))
    for kind in GATES:
        states = 4 if kind == "lstm" else 2
        settings = {"return_sequences": True, "return_state": True}
        cases.append(case(f"bidirectional {kind}, states", kind, settings, lengths=LENGTHS, states=states, merge="concatenate"))
    return cases


def main():
    cases = [
        *cases_of("lstm", "lstm", {}), *cases_of("gru", "gru", {}),
        *cases_of("gru, reset before", "gru", {"reset_after": False}), *cases_of("simple_rnn", "simple_rnn", {}), *both_directions(),
    ]
    write("recurrent", {"mask_value": MASK, "cases": cases})


if __name__ == "__main__":
    main()
