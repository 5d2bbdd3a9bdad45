"""A Boltzmann machine by PyTorch, by the equations written out, or by learnergy, and how likely data is under it.

    python likelihood.py pytorch|learnergy fashion|digits cd25|pcd WEIGHTS [--epochs N …]

The settings are those of `letra-unsupervised likelihood`: black and white pictures, first weights of deviation
0.01, batches in random order, expectations of the hidden units in the gradient, annealed importance sampling from
the means of the data. Prints a line of JSON and writes the weights as WEIGHTS/*.npy. learnergy has no persistent
chains and no annealed importance sampling: its weights are measured by the sampling written out here.
"""

import argparse
import gzip
import json
import math
import pathlib
import resource
import time

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[3]


def read(path):
    content = gzip.decompress(path.read_bytes())
    axes = content[3]
    shape = [int.from_bytes(content[4 + 4 * axis:8 + 4 * axis], "big") for axis in range(axes)]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def pictures(folder, part):
    return torch.from_numpy((read(folder / f"{part}-images-idx3-ubyte.gz").reshape(-1, 784) > 127).astype(np.float32))


def bernoulli(p):
    return (torch.rand_like(p) < p).float()


def pytorch(data, options):
    """Contrastive divergence, or persistent chains of one step each update."""
    kernel, visible, hidden = 0.01 * torch.randn(784, options.hidden), torch.zeros(784), torch.zeros(options.hidden)
    chains = bernoulli(torch.full((options.batch, 784), 0.5))
    up = lambda v: torch.sigmoid(torch.addmm(hidden, v, kernel))
    down = lambda h: bernoulli(torch.sigmoid(torch.addmm(visible, h, kernel.T)))
    for _ in range(options.epochs):
        for rows in torch.randperm(len(data)).split(options.batch):
            v = data[rows]
            p = up(v)
            h, steps = (bernoulli(p), 25) if options.method == "cd25" else (bernoulli(up(chains)), 1)
            for step in range(steps):
                w = down(h)
                r = up(w)
                h = bernoulli(r)
            chains = w
            kernel += options.rate * (v.T @ p / len(v) - w.T @ r / len(w))
            visible += options.rate * (v.mean(0) - w.mean(0))
            hidden += options.rate * (p.mean(0) - r.mean(0))
    return kernel, visible, hidden


def learnergy(data, options):
    from learnergy.models.bernoulli import RBM

    if options.method != "cd25":
        raise SystemExit("learnergy has no persistent chains")
    rbm = RBM(784, options.hidden, steps=25, learning_rate=options.rate)
    labelled = torch.utils.data.TensorDataset(data, torch.zeros(len(data)))
    rbm.fit(labelled, batch_size=options.batch, epochs=options.epochs)
    return rbm.W.detach(), rbm.a.detach(), rbm.b.detach()


def log_partition(machine, data, options):
    """ln Z by annealed importance sampling (Salakhutdinov and Murray 2008), and the standard error of Z over Z."""
    kernel, visible, hidden = machine
    means = (data.sum(0) + 0.5) / (len(data) + 1)
    base = torch.log(means / (1 - means))
    logs = torch.zeros(options.chains, dtype=torch.float64)
    v = bernoulli(means.repeat(options.chains, 1))
    before = 0.0
    for step in range(1, options.steps + 1):
        now = step / options.steps
        fields = torch.addmm(hidden, v, kernel)
        softplus = torch.nn.functional.softplus
        logs += (softplus(now * fields) - softplus(before * fields)).double().sum(1)
        logs += ((now - before) * (v @ (visible - base))).double()
        before = now
        h = bernoulli(torch.sigmoid(now * fields))
        v = bernoulli(torch.sigmoid((1 - now) * base + now * visible + now * (h @ kernel.T)))
    log_mean = torch.logsumexp(logs, 0).item() - math.log(options.chains)
    ratios = torch.exp(logs - log_mean)
    start = len(hidden) * math.log(2) + torch.nn.functional.softplus(base.double()).sum().item()
    return start + log_mean, (ratios.std() / math.sqrt(options.chains)).item()


def log_likelihood(machine, log_z, data):
    kernel, visible, hidden = machine
    fields = torch.addmm(hidden, data, kernel)
    all_ = (data @ visible).double() + torch.nn.functional.softplus(fields).double().sum(1) - log_z
    return all_.mean().item(), (all_.std() / math.sqrt(len(all_))).item()


def spent(start):
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": time.perf_counter() - start[0], "processor_seconds": used.ru_utime + used.ru_stime - start[1]}


def now():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", choices=["pytorch", "learnergy"])
    arguments.add_argument("set", choices=["fashion", "digits"])
    arguments.add_argument("method", choices=["cd25", "pcd"])
    arguments.add_argument("weights", type=pathlib.Path, metavar="WEIGHTS")
    arguments.add_argument("--data", type=pathlib.Path, default=ROOT / "target" / "unsupervised", metavar="DIR")
    for name, default in [("threads", 2), ("seed", 1), ("epochs", 10), ("batch", 100), ("hidden", 500), ("chains", 100), ("steps", 10_000)]:
        arguments.add_argument(f"--{name}", type=int, default=default)
    arguments.add_argument("--rate", type=float, default=0.05)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    training, test = (pictures(options.data / options.set, part) for part in ("train", "t10k"))
    start = now()
    if options.program == "pytorch":
        with torch.no_grad():
            machine = pytorch(training, options)
    else:
        machine = learnergy(training, options)
    line = {"set": options.set, "method": options.method, "program": options.program, "seed": options.seed, "threads": options.threads,
            "epochs": options.epochs, "rate": options.rate, "batch": options.batch, "hidden": options.hidden, "time": spent(start)}
    start = now()
    with torch.no_grad():
        line["log_partition"], line["standard_error"] = log_partition(machine, training, options)
        line["sampling_time"] = spent(start)
        for name, data in [("training", training), ("test", test)]:
            line[f"{name}_log_likelihood"], line[f"{name}_error"] = log_likelihood(machine, line["log_partition"], data)
    options.weights.mkdir(parents=True, exist_ok=True)
    for name, values in zip(["kernel", "visible_bias", "hidden_bias"], machine):
        np.save(options.weights / f"{name}.npy", values.numpy())
    print(json.dumps(line))


if __name__ == "__main__":
    main()
