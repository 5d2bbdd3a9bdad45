"""What the Python peers share: arguments, pictures, rows, and how a step is timed."""

import argparse
import json
import pathlib
import statistics
import tempfile
import time

import machine

ROWS = json.loads((pathlib.Path(__file__).parent / "rows.json").read_text())


def arguments(description, **more):
    """Parses the command line and pins the threads; call before a numeric library is imported."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("data", help="pictures: the seminar's .npz, or the .raw that machine.py writes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each mode of each row is measured")
    parser.add_argument("--rows", help="only these, as network:batch with commas between")
    parser.add_argument("--chosen", type=json.loads, default={}, metavar="JSON",
                        help='the one mode to measure for a row: {"cnn:128": "compiled"}; else all modes, and the best is told')
    for name, settings in more.items():
        parser.add_argument(f"--{name}", **settings)
    options = parser.parse_args()
    machine.pin(options.threads)
    return options


def rows(options):
    wanted = options.rows.split(",") if options.rows else None
    return [row for row in ROWS if wanted is None or key(row) in wanted]


def key(row):
    return f"{row['network']}:{row['batch']}"


def pictures(path):
    """x float32 [2511, 36, 36] in [0, 1] and y int64 [2511], shuffled the same way for every peer."""
    import numpy as np

    if path.endswith(".npz"):
        with tempfile.NamedTemporaryFile(suffix=".raw") as raw:
            machine.write_raw(*machine.read_npz(path), raw.name)
            return pictures(raw.name)
    count, side = machine.TRAINING, machine.SIDE
    content = np.fromfile(path, np.uint8)
    x = (content[:count * side * side].astype(np.float32) / 255.0).reshape(count, side, side)
    return x, content[count * side * side:].astype(np.int64)


def data_of(row, x, y):
    """What a row is trained on: the pictures, or sequences of numbers from -1 to 1 where it has steps, four batches of ten classes.

    An autoencoder has ten batches of numbers from 0 to 1, which are its targets, too."""
    if "sizes" in row:
        import numpy as np

        index = np.arange(10 * row["batch"] * row["sizes"][0], dtype=np.int64)
        values = (((index * 7919 + index // 13) % 1009).astype(np.float32) / 1008.0).reshape(-1, row["sizes"][0])
        return values, values
    if "steps" not in row:
        return x, y
    import numpy as np

    index = np.arange(4 * row["batch"] * row["steps"] * row["features"], dtype=np.int64)
    values = ((index * 7919 + index // 13) % 1009).astype(np.float32) / 504.5 - 1.0
    return values.reshape(-1, row["steps"], row["features"]), np.arange(4 * row["batch"]) % 10


def time_steps(step, seconds, warm_up=3, at_least=5):
    """Milliseconds of each call of step(i), after a warm-up, for `seconds` and at least some calls."""
    for i in range(warm_up):
        step(i)
    times, end = [], time.perf_counter() + seconds
    while len(times) < at_least or time.perf_counter() < end:
        start = time.perf_counter()
        step(warm_up + len(times))
        times.append(1e3 * (time.perf_counter() - start))
    return times


def best(modes, row, options, measure):
    """Measures each mode of a row and prints the best, with the medians of the others beside it."""
    chosen = options.chosen.get(key(row))
    results, failures = {}, {}
    for mode in [chosen] if chosen else modes:
        try:
            results[mode] = measure(mode)
        except Exception as error:  # one mode that fails must not take the others with it
            failures[mode] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]
    medians = {mode: round(statistics.median(times), 4) for mode, times in results.items()}
    if not medians:
        return {"missing": failures}
    mode = min(medians, key=medians.get)
    return {"ms_per_step": medians[mode], "mode": mode, "samples": len(results[mode]), "modes": medians, **({"failed": failures} if failures else {})}


def report(peer, options, row, result):
    """One JSON line for a row."""
    print(json.dumps({"peer": peer, "threads": options.threads, "network": row["network"], "batch": row["batch"], **result}), flush=True)
