"""Back-propagation by the seminar's four formulas: squared error, two sigmoid layers, number by number.

    E = Σ (t_k − y_k)²
    δ_k = (t_k − y_k) y_k (1 − y_k)                    Δw_kj = η δ_k h_j
    μ_j = (Σ_k δ_k w_kj) h_j (1 − h_j)                 Δw_ji = η μ_j x_i
The true derivatives are ∂E/∂z = −2 δ and −2 μ: the slides take the 2 into η, and the sign into "weights + Δw".
PyTorch's automatic derivatives are the second witness.
"""

import numpy as np
import torch

from output import agree, single, tensor, tensors, write

RANDOM = np.random.default_rng(20260105)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def formulas(x, targets, w1, w2, b1, b2):
    hidden = sigmoid(x @ w1 + b1)
    output = sigmoid(hidden @ w2 + b2)
    delta = (targets - output) * output * (1.0 - output)
    mu = (delta @ w2.T) * hidden * (1.0 - hidden)
    return hidden, output, delta, mu


def automatic(x, targets, w1, w2, b1, b2):
    leaves = [torch.tensor(value, requires_grad=True) for value in (w1, w2, b1, b2)]
    v1, v2, c1, c2 = leaves
    output = torch.sigmoid(torch.sigmoid(torch.tensor(x) @ v1 + c1) @ v2 + c2)
    error = ((torch.tensor(targets) - output) ** 2).sum()
    error.backward()
    return error.item(), [leaf.grad.numpy() for leaf in leaves]


def example(name, samples, sizes, use_bias, rate=0.5, steps=20):
    inputs, hidden_units, outputs = sizes
    x = single(RANDOM.uniform(0.0, 1.0, (samples, inputs)))
    targets = np.eye(outputs)[RANDOM.integers(0, outputs, samples)]
    w1, w2 = single(RANDOM.uniform(-1, 1, (inputs, hidden_units))), single(RANDOM.uniform(-1, 1, (hidden_units, outputs)))
    b1, b2 = single(RANDOM.uniform(-1, 1, hidden_units)) * use_bias, single(RANDOM.uniform(-1, 1, outputs)) * use_bias
    hidden, output, delta, mu = formulas(x, targets, w1, w2, b1, b2)
    error, (g1, g2, h1, h2) = automatic(x, targets, w1, w2, b1, b2)
    agree(error, ((targets - output) ** 2).sum(), what="error")
    agree(g2, -2.0 * hidden.T @ delta, what="output weights")
    agree(g1, -2.0 * x.T @ mu, what="hidden weights")
    agree(h2, -2.0 * delta.sum(axis=0), what="output bias")
    agree(h1, -2.0 * mu.sum(axis=0), what="hidden bias")
    start = {"dense/kernel": w1, "dense/bias": b1, "dense_1/kernel": w2, "dense_1/bias": b2}
    gradients = {"dense/kernel": g1, "dense/bias": h1, "dense_1/kernel": g2, "dense_1/bias": h2}
    facts = {
        "name": name,
        "use_bias": use_bias,
        "input": tensor(x),
        "targets": tensor(targets),
        "parameters": tensors(start),
        "hidden_output": tensor(hidden),
        "output": tensor(output),
        "error": error,
        "delta": tensor(delta),
        "mu": tensor(mu),
        "pre_activation_gradients": {"dense": tensor(-2.0 * mu), "dense_1": tensor(-2.0 * delta)},
        "gradients": tensors(gradients),
        "eta": rate,
        "weight_changes": {"dense/kernel": tensor(rate * x.T @ mu), "dense_1/kernel": tensor(rate * hidden.T @ delta)},
    }
    errors = []
    for _ in range(steps):
        hidden, output, delta, mu = formulas(x, targets, w1, w2, b1, b2)
        errors.append(((targets - output) ** 2).sum())
        w1, w2 = w1 + rate * x.T @ mu, w2 + rate * hidden.T @ delta
        if use_bias:
            b1, b2 = b1 + rate * mu.sum(axis=0), b2 + rate * delta.sum(axis=0)
    final = {"dense/kernel": w1, "dense/bias": b1, "dense_1/kernel": w2, "dense_1/bias": b2}
    facts["run"] = {
        "sgd_rate_on_the_sum_of_squares": rate / 2.0,
        "errors": errors,
        "final_parameters": tensors(final),
    }
    return facts


def main():
    write("slides", {"cases": [
        example("one sample, 3 inputs, 4 hidden, 2 outputs", 1, (3, 4, 2), False),
        example("five samples with biases", 5, (3, 4, 2), True),
        example("seven samples, 6 inputs, 5 hidden, 3 outputs", 7, (6, 5, 3), True, rate=0.25),
    ]})


if __name__ == "__main__":
    main()
