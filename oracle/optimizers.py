"""Optimizers over 20 steps: the formulas in double precision, Keras as the second witness.

The problem: a quadratic bowl with noise, gradient = curvature · (weights − target) + noise[step], rounded to single
precision, so that a Rust test can feed the optimizer the very gradients listed.
"""

import keras
import numpy as np

from output import agree, single, write

STEPS = 20
RANDOM = np.random.default_rng(20260103)
CURVATURE = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 1.0])
TARGET = np.array([1.0, -2.0, 0.5, 0.0, -1.0, 3.0])
START = np.array([0.0, 0.0, 1.5, -1.0, 1.0, 2.0])
NOISE = single(RANDOM.normal(0.0, 0.25, (STEPS, 6)))


def sgd(rate, momentum=0.0, nesterov=False, decay=0.0):
    """Keras: velocity = momentum · velocity − rate · g; w += velocity, or with Nesterov w += momentum · velocity − rate · g."""
    velocity = np.zeros(6)

    def step(weights, gradient, iteration):
        nonlocal velocity
        now = rate / (1.0 + decay * iteration)
        velocity = momentum * velocity - now * gradient
        return weights + (momentum * velocity - now * gradient if nesterov else velocity)

    return step


def adam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Kingma & Ba's efficient form, as in Keras: epsilon is added to the root of the uncorrected v ("epsilon hat")."""
    m, v = np.zeros(6), np.zeros(6)

    def step(weights, gradient, iteration):
        nonlocal m, v
        t = iteration + 1
        m = beta_1 * m + (1.0 - beta_1) * gradient
        v = beta_2 * v + (1.0 - beta_2) * gradient**2
        return weights - rate * np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t) * m / (np.sqrt(v) + epsilon)

    return step


def run(name, facts, optimizer, formula, gradient_scale=1.0):
    variable = keras.Variable(START, dtype="float64")
    optimizer.build([variable])
    weights, gradients, path = START, [], []
    for iteration in range(STEPS):
        gradient = single(gradient_scale * (CURVATURE * (weights - TARGET) + NOISE[iteration]))
        optimizer.apply([keras.ops.convert_to_tensor(gradient, dtype="float64")], [variable])
        weights = formula(weights, gradient, iteration)
        # Keras holds momentum and the betas in single precision whatever the variables are.
        agree(weights, variable.numpy(), tolerance=1e-5, what=f"{name}: the formula and Keras")
        gradients.append(gradient)
        path.append(weights)
    return {"name": name, "optimizer": facts, "gradients": np.array(gradients), "weights": np.array(path)}


def sgd_case(name, rate, momentum=0.0, nesterov=False, decay=0.0):
    facts = {"kind": "sgd", "rate": rate, "momentum": momentum, "nesterov": nesterov, "decay": decay}
    # Keras 3 has no decay argument: the schedule gives rate / (1 + decay · iteration), what the argument did before.
    schedule = keras.optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay) if decay else rate
    optimizer = keras.optimizers.SGD(schedule, momentum=momentum, nesterov=nesterov)
    return run(name, facts, optimizer, sgd(rate, momentum, nesterov, decay))


def adam_case(name, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, gradient_scale=1.0):
    facts = {"kind": "adam", "rate": rate, "beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
    optimizer = keras.optimizers.Adam(rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
    return run(name, facts, optimizer, adam(rate, beta_1, beta_2, epsilon), gradient_scale)


def main():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    rows = [
        sgd_case("sgd", 0.1),
        sgd_case("sgd momentum", 0.05, momentum=0.9),
        sgd_case("sgd nesterov", 0.05, momentum=0.9, nesterov=True),
        sgd_case("sgd decay", 0.1, decay=0.1),
        sgd_case("sgd nesterov decay 1e-6", 0.01, momentum=0.9, nesterov=True, decay=1e-6),
        sgd_case("sgd nesterov decay 0.1", 0.05, momentum=0.9, nesterov=True, decay=0.1),
        sgd_case("sgd momentum decay 0.1", 0.05, momentum=0.9, decay=0.1),
        adam_case("adam", 0.1),
        adam_case("adam defaults", 0.001),
        adam_case("adam other betas and epsilon", 0.05, beta_1=0.8, beta_2=0.9, epsilon=1e-3),
        adam_case("adam gradients near epsilon", 0.1, gradient_scale=1e-6),
    ]
    keras.config.set_floatx(before)
    write("optimizers", {
        "adam_form": "Keras, epsilon hat: w -= rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)",
        "decay_form": "rate / (1 + decay * iteration), iteration counted from 0",
        "start": START,
        "cases": rows,
    })


if __name__ == "__main__":
    main()
