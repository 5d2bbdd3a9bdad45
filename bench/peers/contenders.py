"""Who takes part: how each is set up and run. Python's own library only, as in compare, which uses it."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import machine

PEERS = pathlib.Path(__file__).resolve().parent
ROOT = PEERS.parent.parent
PYTHON_PEERS = {
    "PyTorch": ["torch_steps.py"],
    "Keras on TensorFlow": ["keras_steps.py", "--backend", "tensorflow"],
    "Keras on JAX": ["keras_steps.py", "--backend", "jax"],
    "scikit-learn": ["sklearn_steps.py"],
}
CARGO_PEERS = {"Burn": "burn-steps", "candle": "candle-steps"}
STARTERS = {
    "PyTorch": ["train_torch.py"],
    "Keras on TensorFlow": ["train_keras.py", "--backend", "tensorflow"],
    "Keras on JAX": ["train_keras.py", "--backend", "jax"],
}
# The peers run on the processor alone, and say nothing but their results.
QUIET = {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}


class Failed(Exception):
    """A contender that could not be set up or run, with the reason in a line."""


def run(command, environment=None, cpus=None, timeout=3600):
    """Runs a command to its end; its output, or Failed with the last line of what it complained."""
    pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus and hasattr(os, "sched_setaffinity") else None
    try:
        done = subprocess.run([str(part) for part in command], env={**os.environ, **QUIET, **(environment or {})}, cwd=ROOT,
                              preexec_fn=pin, timeout=timeout, capture_output=True, text=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(str(error)) from error
    if done.returncode:
        complaint = [line for line in done.stderr.splitlines() if line.strip()]
        raise Failed(f"exit code {done.returncode}: {complaint[-1] if complaint else 'no message'}"[:300])
    return done.stdout


def lines(output):
    """The JSON lines of an output."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


class Contenders:
    """Everything that can be measured here, set up as far as it goes; `missing` tells what is not there, and why."""

    def __init__(self, work, venv, data, wanted, rows=()):
        self.work, self.venv, self.data, self.rows, self.missing = work, venv, data, rows, {}
        self.raw = work / "pictures.raw"
        machine.write_raw(*machine.read_npz(data), self.raw)
        self.letra = self.build_letra()
        self.python = self.set_up("Python", self.build_venv) if any(name in PYTHON_PEERS for name in wanted) else None
        self.binaries = {}
        for name in wanted:
            if name in CARGO_PEERS:
                self.binaries[name] = self.set_up(name, lambda: self.build_cargo(CARGO_PEERS[name]))
        self.peers = [name for name in wanted if (self.python if name in PYTHON_PEERS else self.binaries.get(name))]

    def set_up(self, name, build):
        print(f"setting up {name}", file=sys.stderr)
        try:
            return build()
        except Failed as error:
            self.missing[name] = str(error)
            print(f"  missing: {error}", file=sys.stderr)
            return None

    def build_letra(self):
        print("building letra-bench", file=sys.stderr)
        run(["cargo", "build", "--release", "-p", "letra-bench"])
        target = json.loads(run(["cargo", "metadata", "--format-version", "1", "--no-deps"]))["target_directory"]
        return pathlib.Path(target) / "release" / "letra-bench"

    def build_venv(self):
        python, wanted = self.venv / "bin" / "python", (PEERS / "requirements.txt").read_text()
        stamp = self.venv / "installed.txt"
        if not python.exists():
            run([sys.executable, "-m", "venv", self.venv])
        if not stamp.exists() or stamp.read_text() != wanted:
            run([python, "-m", "pip", "install", "--quiet", "-r", PEERS / "requirements.txt"])
            stamp.write_text(wanted)
        return python

    def build_cargo(self, project):
        """Release build with every instruction of this machine."""
        run(["cargo", "build", "--release", "--manifest-path", PEERS / project / "Cargo.toml", "--target-dir", self.work / project],
            {"RUSTFLAGS": "-C target-cpu=native"})
        return self.work / project / "release" / project

    def letra_lines(self, verb, threads, seconds):
        command = [self.letra, verb, "--data", self.data, "--threads", threads, "--seconds", seconds, "--json"]
        if verb == "steps" and self.rows:
            command += ["--rows", ",".join(self.rows)]
        return lines(run(command, cpus=machine.cores(threads)))

    def peer_lines(self, name, threads, seconds, chosen):
        """Lines of a peer's training steps; `chosen` names the mode of each row once it is known."""
        if name in CARGO_PEERS:
            command = [self.binaries[name], self.raw, threads, seconds, *([",".join(self.rows)] if self.rows else [])]
            return lines(run(command, {"RAYON_NUM_THREADS": str(threads)}, machine.cores(threads)))
        script, *more = PYTHON_PEERS[name]
        command = [self.python, PEERS / script, self.raw, "--threads", threads, "--seconds", seconds, "--chosen", json.dumps(chosen), *more]
        if self.rows:
            command += ["--rows", ",".join(self.rows)]
        return lines(run(command))

    def prediction_lines(self, threads, seconds):
        return lines(run([self.python, PEERS / "latency.py", self.raw, "--threads", threads, "--seconds", seconds]))

    def start(self, name, threads):
        """Seconds of a whole process that trains the feed-forward (Keras) network, and the accuracy it reached."""
        began = time.perf_counter()
        if name == "letra":
            found = self.letra_lines("train", threads, 1)
        else:
            script, *more = STARTERS[name]
            found = lines(run([self.python, PEERS / script, self.raw, "--threads", threads, *more]))
        return time.perf_counter() - began, found[-1]["train_accuracy"]

    def clean_build(self, name):
        """Seconds of a release build from nothing with Cargo's own settings, number of crates, size of the program in MB."""
        usual = {"CARGO_PROFILE_RELEASE_LTO": "false", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16"}
        manifest = ROOT / "Cargo.toml" if name == "letra" else PEERS / CARGO_PEERS[name] / "Cargo.toml"
        package = "letra" if name == "letra" else CARGO_PEERS[name]
        target = self.work / "clean"
        shutil.rmtree(target, ignore_errors=True)
        select = ["--manifest-path", manifest, "-p", package]
        run(["cargo", "fetch", "--manifest-path", manifest])
        began = time.perf_counter()
        run(["cargo", "build", "--release", *select, "--target-dir", target], usual)
        seconds = time.perf_counter() - began
        tree = run(["cargo", "tree", *select, "-e", "normal,build", "--prefix", "none", "--no-dedupe", "-f", "{p}"])
        crates = len({line.split(" (")[0] for line in tree.splitlines() if line.strip()})
        size = (target / "release" / package).stat().st_size / 1e6
        shutil.rmtree(target, ignore_errors=True)
        return {"seconds": seconds, "crates": crates, "megabytes": size}
