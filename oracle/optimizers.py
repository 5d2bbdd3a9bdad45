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


def adam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    """Kingma & Ba's efficient form, as in Keras: epsilon is added to the root of the uncorrected v ("epsilon hat").

    With AMSGrad (Reddi, Kale & Kumar) the largest v so far takes its place.
    """
    m, v, largest = np.zeros(6), np.zeros(6), np.zeros(6)

    def step(weights, gradient, iteration):
        nonlocal m, v, largest
        t = iteration + 1
        m = beta_1 * m + (1.0 - beta_1) * gradient
        v = beta_2 * v + (1.0 - beta_2) * gradient**2
        largest = np.maximum(largest, v)
        below = np.sqrt(largest if amsgrad else v) + epsilon
        return weights - rate * np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t) * m / below

    return step


def adamax(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Kingma & Ba's section 7.1, with Keras's epsilon."""
    m, u = np.zeros(6), np.zeros(6)

    def step(weights, gradient, iteration):
        nonlocal m, u
        m = beta_1 * m + (1.0 - beta_1) * gradient
        u = np.maximum(beta_2 * u, np.abs(gradient))
        return weights - rate / (1.0 - beta_1 ** (iteration + 1)) * m / (u + epsilon)

    return step


def lion(rate, beta_1=0.9, beta_2=0.99, weight_decay=0.0):
    """Chen et al.'s algorithm 2."""
    m = np.zeros(6)

    def step(weights, gradient, iteration):
        nonlocal m
        sign = np.sign(beta_1 * m + (1.0 - beta_1) * gradient)
        m = beta_2 * m + (1.0 - beta_2) * gradient
        return weights - rate * (sign + weight_decay * weights)

    return step


def nadam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, momentum_decay=0.004):
    """Dozat's algorithm 2 with his momentum schedule; Keras 3 leaves the 0.004 out, which is a decay of 1."""
    m, v, product = np.zeros(6), np.zeros(6), 1.0

    def momentum(t):
        return beta_1 * (1.0 - 0.5 * 0.96 ** (momentum_decay * t))

    def step(weights, gradient, iteration):
        nonlocal m, v, product
        t = iteration + 1
        m = beta_1 * m + (1.0 - beta_1) * gradient
        v = beta_2 * v + (1.0 - beta_2) * gradient**2
        product *= momentum(t)
        ahead = momentum(t + 1) * m / (1.0 - product * momentum(t + 1)) + (1.0 - momentum(t)) * gradient / (1.0 - product)
        return weights - rate * ahead / (np.sqrt(v / (1.0 - beta_2**t)) + epsilon)

    return step


def adagrad(rate, initial=0.1, epsilon=1e-7):
    """Duchi, Hazan & Singer, as in Keras: epsilon under the root."""
    a = np.full(6, initial)

    def step(weights, gradient, iteration):
        nonlocal a
        a = a + gradient**2
        return weights - rate * gradient / np.sqrt(a + epsilon)

    return step


def rms_prop(rate, rho=0.9, momentum=0.0, centered=False, epsilon=1e-7):
    """Hinton's lecture, as in Keras: epsilon under the root, momentum adds up the steps."""
    v, a, b = np.zeros(6), np.zeros(6), np.zeros(6)

    def step(weights, gradient, iteration):
        nonlocal v, a, b
        v = rho * v + (1.0 - rho) * gradient**2
        a = rho * a + (1.0 - rho) * gradient
        b = momentum * b + rate * gradient / np.sqrt(v - (a**2 if centered else 0.0) + epsilon)
        return weights - b

    return step


def adadelta(rate, rho=0.95, epsilon=1e-7):
    """Zeiler's algorithm 1, times a rate."""
    a, b = np.zeros(6), np.zeros(6)

    def step(weights, gradient, iteration):
        nonlocal a, b
        a = rho * a + (1.0 - rho) * gradient**2
        change = -np.sqrt(b + epsilon) / np.sqrt(a + epsilon) * gradient
        b = rho * b + (1.0 - rho) * change**2
        return weights + rate * change

    return step


def adam_w(rate, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    """Loshchilov & Hutter's algorithm 2: the weights shrink first, by a share of the rate."""
    inner = adam(rate, beta_1, beta_2, epsilon, amsgrad)

    def step(weights, gradient, iteration):
        return inner(weights - rate * weight_decay * weights, gradient, iteration)

    return step


def ada_secant(rate=1.0, decay=0.95, gamma_clip=1.8, delta_clip=10.0, start=0, adagrad=True, epsilon=1e-6):
    """Gulcehre & Bengio 2014: algorithm 1 with the accumulators' first values and the order of the authors' code.

    The rate multiplies what is applied, not what is remembered.
    """
    damping = 1e-7
    small = np.full(6, damping)
    g1, g2 = small.copy(), small.copy()  # E[g], E[g^2]
    d1, d2 = np.zeros(6), np.zeros(6)  # E[Delta], E[Delta^2]
    above, below = small.copy(), small.copy()  # squares of gamma's numerator and denominator
    tau = np.full(6, 2.1 * (1.0 + damping))
    ad = small.copy()  # E[alpha Delta]
    before, corrected_before = small.copy(), small.copy()
    a1, a2 = small.copy(), small.copy()  # E[alpha], E[alpha^2]
    total = np.zeros(6)

    def mean(old, new):
        return (1.0 - 1.0 / tau) * old + new / tau

    def step(weights, gradient, iteration):
        nonlocal g1, g2, d1, d2, above, below, tau, ad, before, corrected_before, a1, a2, total
        g = gradient / (np.linalg.norm(gradient) + damping)
        last_d1, last_d2 = (g, g**2) if iteration == 0 else (d1, d2)
        g1 = decay * g1 + (1.0 - decay) * g
        g2 = decay * g2 + (1.0 - decay) * g**2
        gamma = np.minimum(np.sqrt(above) / np.sqrt(below + damping), gamma_clip if iteration >= start else 0.0)
        above = mean(above, ((g - corrected_before) * (corrected_before - g1)) ** 2)
        below = mean(below, ((g1 - g) * (corrected_before - g1)) ** 2)
        corrected = (g + gamma * g1) / (1.0 + gamma)
        alpha = g - before
        a1, a2 = mean(a1, alpha), mean(a2, alpha**2)
        eta = np.sqrt(last_d2 + epsilon) / np.sqrt(a2 + epsilon) - ad / (a2 + epsilon)
        if delta_clip:
            eta = np.clip(eta, -delta_clip, delta_clip)
        total = total + corrected**2
        change = -eta * corrected / (np.maximum(1.0, np.sqrt(total)) if adagrad else 1.0)
        next_tau = (1.0 - last_d1**2 / (last_d2 + damping)) * tau + 1.0 + damping
        d1, d2 = mean(d1, change), mean(last_d2, change**2)
        with np.errstate(invalid="ignore"):  # no root, no outlier
            outlier = (np.abs(g - g1) > 2.0 * np.sqrt(g2 - g1**2)) | (np.abs(alpha - a1) > 2.0 * np.sqrt(a2 - a1**2))
        ad = mean(ad, change * alpha)
        tau = np.clip(np.where(outlier, 2.2, next_tau), 1.5, 1e8)
        before, corrected_before = g, corrected
        return weights + rate * change

    return step


def vsgd(rate=1.0, slow_start=10, slow_constant=2.0, detect_outliers=True, epsilon=1e-9):
    """Schaul & LeCun 2013, algorithm 1, for batches that count as one sample; see the docs of the Rust type."""
    g1, g2, h1, h2 = np.zeros(6), np.zeros(6), np.zeros(6), np.zeros(6)
    tau = np.full(6, 2.0)

    def displaced(weights, gradient, iteration):
        direction = gradient if iteration == 0 else g1
        return weights + direction + np.copysign(1e-6 + 1e-4 * np.abs(weights), direction)

    def step(weights, gradient, there, gradient_there, iteration):
        nonlocal g1, g2, h1, h2, tau
        h = np.abs((gradient - gradient_there) / (weights - there))
        if iteration < slow_start:
            memory = iteration + 1.0
        else:
            outlier = ((gradient - g1) ** 2 > 4.0 * (g2 - g1**2)) | ((h - h1) ** 2 > 4.0 * (h2 - h1**2) + 1e-4 * h1**2)
            memory = tau + (outlier & detect_outliers)
        g1, g2 = g1 + (gradient - g1) / memory, g2 + (gradient**2 - g2) / memory
        h1, h2 = h1 + (h - h1) / memory, h2 + (h**2 - h2) / memory
        if iteration < slow_start:
            g2 = g2 * (slow_constant if iteration + 1 == slow_start else 1.0)
            return weights
        share = np.minimum(g1**2 / g2, 1.0)
        tau = (1.0 - share) * memory + 1.0
        return weights - rate * (h1 + epsilon) / (h2 + epsilon) * share * gradient

    return displaced, step


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


def adam_case(name, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, gradient_scale=1.0, amsgrad=False):
    facts = {"kind": "adam", "rate": rate, "beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon, "amsgrad": amsgrad}
    optimizer = keras.optimizers.Adam(rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon, amsgrad=amsgrad)
    return run(name, facts, optimizer, adam(rate, beta_1, beta_2, epsilon, amsgrad), gradient_scale)


def later_cases():
    """Adam's relatives; Nadam with Dozat's schedule by the formula alone, since Keras 3 has another."""
    k = keras.optimizers
    moments = {"beta_1": 0.8, "beta_2": 0.7, "epsilon": 1e-3}
    usual = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    shares = {"beta_1": 0.8, "beta_2": 0.95}
    shrinking = {"weight_decay": 0.5, **moments, "amsgrad": True}
    growing = {**moments, "momentum_decay": 1.0}
    return [
        adam_case("amsgrad", 0.1, 0.8, 0.7, 1e-3, amsgrad=True),
        run("adam_w amsgrad", {"kind": "adam_w", "rate": 0.1, **shrinking}, k.AdamW(0.1, **shrinking), adam_w(0.1, **shrinking)),
        run("adamax", {"kind": "adamax", "rate": 0.1, **moments}, k.Adamax(0.1, **moments), adamax(0.1, **moments)),
        run("adamax defaults", {"kind": "adamax", "rate": 0.001, **usual}, k.Adamax(), adamax(0.001)),
        run("lion", {"kind": "lion", "rate": 0.03, **shares, "weight_decay": 0.5}, k.Lion(0.03, **shares, weight_decay=0.5),
            lion(0.03, **shares, weight_decay=0.5)),
        run("lion defaults", {"kind": "lion", "rate": 0.001, "beta_1": 0.9, "beta_2": 0.99, "weight_decay": 0.0}, k.Lion(),
            lion(0.001)),
        run("nadam growing fast", {"kind": "nadam", "rate": 0.1, **growing}, k.Nadam(0.1, **moments), nadam(0.1, **growing)),
        witness_free_case("nadam", {"kind": "nadam", "rate": 0.1, **moments, "momentum_decay": 0.004}, nadam(0.1, **moments), NOISE),
        witness_free_case("nadam defaults", {"kind": "nadam", "rate": 0.001, **usual, "momentum_decay": 0.004}, nadam(0.001), NOISE),
    ]


def witness_free_case(name, facts, formula, noise):
    """What no framework has: the formula alone."""
    weights, gradients, path = START, [], []
    for iteration in range(STEPS):
        gradient = single(CURVATURE * (weights - TARGET) + noise[iteration])
        weights = formula(weights, gradient, iteration)
        gradients.append(gradient)
        path.append(weights)
    return {"name": name, "optimizer": facts, "gradients": np.array(gradients), "weights": np.array(path)}


def vsgd_case(name, facts, slopes):
    """The curvature changes from step to step by `slopes`, or its mean square would be the square of its mean."""
    displaced, formula = vsgd(**{key: value for key, value in facts.items() if key != "kind"})
    weights, gradients, probes, path = START, [], [], []
    for iteration in range(STEPS):
        curvature = CURVATURE * slopes[iteration]
        gradient = single(curvature * (weights - TARGET) + 4.0 * NOISE[iteration])
        there = displaced(weights, gradient, iteration)
        probe = single(gradient + curvature * (there - weights))
        weights = formula(weights, gradient, there, probe, iteration)
        gradients.append(gradient)
        probes.append(probe)
        path.append(weights)
    return {
        "name": name,
        "optimizer": facts,
        "gradients": np.array(gradients),
        "probe_gradients": np.array(probes),
        "weights": np.array(path),
    }


def clipping_case(name, limits):
    """One step of plain descent at rate 1 on two parameters whose gradients are clipped."""
    gradients = [np.array([3.0, -4.0, 0.5]), np.array([0.25])]
    optimizer = keras.optimizers.SGD(1.0, **limits)
    variables = [keras.Variable(np.zeros(len(gradient)), dtype="float64") for gradient in gradients]
    optimizer.build(variables)
    optimizer.apply([keras.ops.convert_to_tensor(gradient, dtype="float64") for gradient in gradients], variables)
    norms = [np.linalg.norm(gradient) for gradient in gradients]
    clipped = {
        "clipvalue": lambda limit: [np.clip(gradient, -limit, limit) for gradient in gradients],
        "clipnorm": lambda limit: [g * min(1.0, limit / norm) for g, norm in zip(gradients, norms)],
        "global_clipnorm": lambda limit: [g * min(1.0, limit / np.linalg.norm(norms)) for g in gradients],
    }
    (kind, limit), = limits.items()
    for wanted, variable in zip(clipped[kind](limit), variables):
        agree(-wanted, variable.numpy(), tolerance=1e-6, what=f"{name}: the formula and Keras")
    return {"name": name, **limits, "gradients": gradients, "clipped": clipped[kind](limit)}


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
    k = keras.optimizers
    for name, centered, momentum in [("rms_prop", False, 0.0), ("rms_prop centred", True, 0.0),
                                     ("rms_prop momentum", False, 0.5), ("rms_prop centred momentum", True, 0.5)]:
        facts = {"kind": "rms_prop", "rate": 0.05, "rho": 0.8, "momentum": momentum, "centered": centered, "epsilon": 1e-5}
        peer = k.RMSprop(0.05, rho=0.8, momentum=momentum, centered=centered, epsilon=1e-5)
        rows.append(run(name, facts, peer, rms_prop(0.05, 0.8, momentum, centered, 1e-5)))
    rows += [
        run("rms_prop defaults", {"kind": "rms_prop", "rate": 0.001, "rho": 0.9, "momentum": 0.0, "centered": False,
                                  "epsilon": 1e-7}, k.RMSprop(), rms_prop(0.001)),
        run("adagrad", {"kind": "adagrad", "rate": 0.5, "initial_accumulator_value": 0.0, "epsilon": 1e-3},
            k.Adagrad(0.5, initial_accumulator_value=0.0, epsilon=1e-3), adagrad(0.5, 0.0, 1e-3)),
        run("adagrad defaults", {"kind": "adagrad", "rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
            k.Adagrad(), adagrad(0.001)),
        run("adadelta", {"kind": "adadelta", "rate": 1.0, "rho": 0.9, "epsilon": 1e-4},
            k.Adadelta(1.0, rho=0.9, epsilon=1e-4), adadelta(1.0, 0.9, 1e-4)),
        run("adadelta defaults", {"kind": "adadelta", "rate": 0.001, "rho": 0.95, "epsilon": 1e-7},
            k.Adadelta(), adadelta(0.001)),
        run("adam_w", {"kind": "adam_w", "rate": 0.1, "weight_decay": 0.5, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3,
                       "amsgrad": False},
            k.AdamW(0.1, weight_decay=0.5, beta_1=0.8, beta_2=0.9, epsilon=1e-3), adam_w(0.1, 0.5, 0.8, 0.9, 1e-3)),
        run("adam_w defaults", {"kind": "adam_w", "rate": 0.001, "weight_decay": 0.004, "beta_1": 0.9, "beta_2": 0.999,
                                "epsilon": 1e-7, "amsgrad": False}, k.AdamW(), adam_w(0.001)),
    ]
    rows += later_cases()
    secant = {"kind": "ada_secant", "rate": 1.0, "decay": 0.95, "gamma_clip": 1.8, "delta_clip": 10.0, "start": 0, "adagrad": True,
              "epsilon": 1e-6}
    for name, changes in [("ada_secant defaults", {}), ("ada_secant without adagrad", {"adagrad": False}),
                          ("ada_secant late variance reduction", {"start": 8, "decay": 0.5, "rate": 0.5, "delta_clip": None}),
                          ("ada_secant small rates", {"delta_clip": 0.4, "rate": 2.0})]:
        facts = {**secant, **changes}
        settings = {key: value for key, value in facts.items() if key != "kind"}
        rows.append(witness_free_case(name, facts, ada_secant(**settings), NOISE))
    slopes = np.random.default_rng(20260104).uniform(0.5, 1.5, STEPS)
    rows += [
        vsgd_case("vsgd defaults", {"kind": "vsgd", "rate": 1.0, "slow_start": 10, "slow_constant": 2.0, "detect_outliers": True,
                                    "epsilon": 1e-9}, slopes),
        vsgd_case("vsgd short start", {"kind": "vsgd", "rate": 0.5, "slow_start": 2, "slow_constant": 1.0, "detect_outliers": True,
                                       "epsilon": 1e-3}, slopes),
        vsgd_case("vsgd with outliers", {"kind": "vsgd", "rate": 1.0, "slow_start": 2, "slow_constant": 2.0, "detect_outliers": False,
                                         "epsilon": 1e-9}, slopes),
    ]
    clipping = [
        clipping_case("clip value", {"clipvalue": 0.25}),
        clipping_case("clip norm", {"clipnorm": 1.0}),
        clipping_case("global clip norm", {"global_clipnorm": 2.5}),
        clipping_case("global clip norm above it", {"global_clipnorm": 25.0}),
    ]
    keras.config.set_floatx(before)
    write("optimizers", {
        "adam_form": "Keras, epsilon hat: w -= rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)",
        "decay_form": "rate / (1 + decay * iteration), iteration counted from 0",
        "start": START,
        "cases": rows,
        "clipping": clipping,
    })


if __name__ == "__main__":
    main()
