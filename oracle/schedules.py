"""Learning rates by Keras's schedules and PyTorch's OneCycleLR, step by step."""

import json
import pathlib
import subprocess
import sys

import keras
import numpy as np

from output import agree, write

STEPS = 60


def rates(schedule):
    return np.array([float(schedule(step)) for step in range(STEPS)])


def cosine(share):
    return 0.5 * (1.0 + np.cos(np.pi * share))


def keras_case(name, facts, schedule, formula):
    wanted = np.array([formula(step) for step in range(STEPS)])
    agree(wanted, rates(schedule), tolerance=2e-6, what=f"{name}: the formula and Keras")
    return {"name": name, "schedule": facts, "rates": wanted}


def restarts(initial, first, t_mul, m_mul, alpha):
    def rate(step):
        length, height = float(first), 1.0
        while step >= length:
            step, length, height = step - length, length * t_mul, height * m_mul
        return initial * ((1.0 - alpha) * height * cosine(step / length) + alpha)

    return rate


def polynomial_case(name, steps, end, power, cycle):
    facts = {"kind": "polynomial_decay", "initial": 0.3, "steps": steps, "end": end, "power": power, "cycle": cycle}

    def formula(step):
        whole = steps * max(1, -(-step // steps)) if cycle else steps
        return (0.3 - end) * (1.0 - min(step, whole) / whole) ** power + end

    return keras_case(name, facts, keras.optimizers.schedules.PolynomialDecay(0.3, steps, end, power, cycle), formula)


def one_cycle_case(name, linear, rise, initial, last):
    steps, maximum = 50, 0.5
    facts = {"kind": "one_cycle", "maximum": maximum, "steps": steps, "rise": rise, "initial": initial, "last": last,
             "linear": linear}
    # PyTorch's schedulers load a compiler that cannot share a process with TensorFlow's.
    script = pathlib.Path(__file__).with_name("one_cycle.py")
    found = json.loads(subprocess.run([sys.executable, script, json.dumps(facts)], check=True, capture_output=True).stdout)
    peak = rise * steps - 1.0

    def formula(step):
        first = maximum / initial
        low, high, share = (first, maximum, step / peak) if step <= peak else (
            maximum, first / last, (step - peak) / (steps - 1.0 - peak))
        return low + (high - low) * (share if linear else 1.0 - cosine(share))

    wanted = np.array([formula(step) for step in range(steps)])
    agree(wanted, np.array(found), tolerance=1e-9, what=f"{name}: the formula and PyTorch")
    return {"name": name, "schedule": facts, "rates": np.concatenate([wanted, np.full(STEPS - steps, wanted[-1])])}


def main():
    k = keras.optimizers.schedules
    cases = []
    for staircase in [False, True]:
        steps = (lambda step: step // 7) if staircase else (lambda step: step / 7)
        word = " staircase" if staircase else ""
        facts = {"initial": 0.1, "steps": 7, "rate": 0.8, "staircase": staircase}
        cases += [
            keras_case(f"exponential_decay{word}", {"kind": "exponential_decay", **facts},
                       k.ExponentialDecay(0.1, 7, 0.8, staircase), lambda step: 0.1 * 0.8 ** steps(step)),
            keras_case(f"inverse_time_decay{word}", {"kind": "inverse_time_decay", **facts},
                       k.InverseTimeDecay(0.1, 7, 0.8, staircase), lambda step: 0.1 / (1.0 + 0.8 * steps(step))),
        ]
    cases += [
        keras_case("piecewise_constant_decay",
                   {"kind": "piecewise_constant_decay", "boundaries": [5, 20], "values": [1.0, 0.5, 0.1]},
                   k.PiecewiseConstantDecay([5, 20], [1.0, 0.5, 0.1]),
                   lambda step: 1.0 if step <= 5 else 0.5 if step <= 20 else 0.1),
        keras_case("cosine_decay", {"kind": "cosine_decay", "initial": 0.3, "steps": 40, "alpha": 0.1},
                   k.CosineDecay(0.3, 40, alpha=0.1),
                   lambda step: 0.3 * (0.9 * cosine(min(step, 40) / 40) + 0.1)),
        keras_case("cosine_decay_restarts",
                   {"kind": "cosine_decay_restarts", "initial": 0.3, "steps": 9, "t_mul": 2.0, "m_mul": 0.8, "alpha": 0.05},
                   k.CosineDecayRestarts(0.3, 9, 2.0, 0.8, 0.05), restarts(0.3, 9, 2.0, 0.8, 0.05)),
        keras_case("cosine_decay_restarts evenly",
                   {"kind": "cosine_decay_restarts", "initial": 0.3, "steps": 11, "t_mul": 1.0, "m_mul": 1.0, "alpha": 0.0},
                   k.CosineDecayRestarts(0.3, 11, 1.0, 1.0, 0.0), restarts(0.3, 11, 1.0, 1.0, 0.0)),
        polynomial_case("polynomial_decay", 40, 0.0001, 1.0, False),
        polynomial_case("polynomial_decay steep cycle", 17, 0.01, 2.5, True),
        keras_case("warm_up",
                   {"kind": "warm_up", "warm_up": 8, "first": 0.01, "initial": 0.3, "steps": 30, "alpha": 0.0},
                   k.CosineDecay(0.01, 30, warmup_target=0.3, warmup_steps=8),
                   lambda step: 0.01 + 0.29 * step / 8 if step < 8 else 0.3 * cosine(min(step - 8, 30) / 30)),
        one_cycle_case("one_cycle", False, 0.3, 25.0, 1e4),
        one_cycle_case("one_cycle linear", True, 0.4, 10.0, 100.0),
    ]
    write("schedules", {"cases": cases})


if __name__ == "__main__":
    main()
