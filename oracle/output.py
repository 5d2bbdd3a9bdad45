"""How the numbers are written: compact JSON, nine significant digits, tensors as a shape and flat values."""

import json
import pathlib

import numpy as np

NUMBERS = pathlib.Path(__file__).parent / "numbers"


def tensor(values):
    """An array as `{"shape": [...], "values": [...]}`, row-major."""
    array = np.asarray(values)
    return {"shape": list(array.shape), "values": array.reshape(-1).tolist()}


def tensors(named):
    """A dictionary of arrays, each as a tensor."""
    return {name: tensor(values) for name, values in named.items()}


def single(values):
    """Rounds to single precision and back, so that a Rust test reads exactly the number used here."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def number(value):
    """A number with nine significant digits: enough to give back every single-precision number exactly."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if not np.isfinite(value):
        raise ValueError(f"{value} has no place in JSON")
    return format(float(value), ".9g")


def encode(value):
    """JSON text of nested dictionaries, lists, strings and numbers."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, np.ndarray):
        return encode(value.tolist())
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(encode(item) for item in value) + "]"
    if value is None or isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return number(value)


def write(name, facts):
    """Writes `numbers/NAME.json`: one line for each entry of each list at the top, so that a diff can be read."""
    parts = []
    for key, value in facts.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text = "[\n" + ",\n".join(encode(item) for item in value) + "\n]"
        else:
            text = encode(value)
        parts.append(f"{json.dumps(key)}: {text}")
    path = NUMBERS / f"{name}.json"
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    json.loads(path.read_text(encoding="utf-8"))
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KB")


def agree(first, second, tolerance=1e-10, what="two witnesses"):
    """Stops unless two computations of the same thing agree, relative to the largest value."""
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape:
        raise AssertionError(f"{what}: shapes {first.shape} and {second.shape}")
    gap = np.abs(first - second).max(initial=0.0) / max(1.0, np.abs(first).max(initial=0.0))
    if not gap <= tolerance:
        raise AssertionError(f"{what} differ by {gap}")
