"""The belief network of the deep-learning tutorial by PyTorch, as `letra-unsupervised belief` trains it.

    python belief.py [--pretraining-epochs N] [--epochs N] [--threads N] …

Three layers, each a Boltzmann machine of the one below it (CD-1, the equations written out), then all of them and a
layer of classes by gradient descent, as long as the error on the last sixth of the pictures falls. Prints a line of
JSON.
"""

import argparse
import json
import pathlib

import torch
from likelihood import ROOT, bernoulli, now, read, spent


def pictures(folder, part):
    values = torch.from_numpy(read(folder / f"{part}-images-idx3-ubyte.gz").reshape(-1, 784).copy()).float() / 255.0
    return values, torch.from_numpy(read(folder / f"{part}-labels-idx1-ubyte.gz").copy()).long()


def pretrained(data, units, options):
    """Weights and hidden biases of a machine."""
    kernel, visible, hidden = 0.01 * torch.randn(data.shape[1], units), torch.zeros(data.shape[1]), torch.zeros(units)
    for _ in range(options.pretraining_epochs):
        for rows in torch.randperm(len(data)).split(options.batch):
            v, rate = data[rows], options.pretraining_rate / len(rows)
            p = torch.sigmoid(torch.addmm(hidden, v, kernel))
            w = bernoulli(torch.sigmoid(torch.addmm(visible, bernoulli(p), kernel.T)))
            r = torch.sigmoid(torch.addmm(hidden, w, kernel))
            kernel.addmm_(v.T, p, alpha=rate).addmm_(w.T, r, alpha=-rate)
            visible.add_((v - w).sum(0), alpha=rate)
            hidden.add_((p - r).sum(0), alpha=rate)
    return kernel, hidden


def error_of(network, data, labels):
    with torch.no_grad():
        return 100.0 * (network(data).argmax(1) != labels).float().mean().item()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--set", choices=["fashion", "digits"], default="fashion")
    arguments.add_argument("--data", type=pathlib.Path, default=ROOT / "target" / "unsupervised", metavar="DIR")
    for name, default in [("threads", 2), ("seed", 1), ("units", 1000), ("pretraining-epochs", 100), ("epochs", 100), ("patience", 10), ("batch", 10)]:
        arguments.add_argument(f"--{name}", type=int, default=default)
    arguments.add_argument("--pretraining-rate", type=float, default=0.01)
    arguments.add_argument("--rate", type=float, default=0.1)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    (x, y), (test, test_labels) = (pictures(options.data / options.set, part) for part in ("train", "t10k"))
    kept_back = min(10_000, len(x) // 5)
    (x, validation), (y, validation_labels) = ((part[:-kept_back], part[-kept_back:]) for part in (x, y))

    start, layers, features = now(), [], x
    with torch.no_grad():
        for _ in range(3):
            kernel, hidden = pretrained(features, options.units, options)
            layer = torch.nn.Linear(*kernel.shape)
            layer.weight.copy_(kernel.T)
            layer.bias.copy_(hidden)
            layers += [layer, torch.nn.Sigmoid()]
            features = torch.sigmoid(torch.addmm(hidden, features, kernel))
    pretraining = spent(start)

    start, network = now(), torch.nn.Sequential(*layers, torch.nn.Linear(options.units, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=options.rate)
    best, best_epoch, weights = 101.0, 0, None
    for epoch in range(options.epochs):
        for rows in torch.randperm(len(x)).split(options.batch):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
        error = error_of(network, validation, validation_labels)
        if error < best:
            best, best_epoch, weights = error, epoch, {name: value.clone() for name, value in network.state_dict().items()}
        if epoch - best_epoch >= options.patience:
            break
    network.load_state_dict(weights)
    line = {"program": f"PyTorch {torch.__version__.split('+')[0]}", "set": options.set, "seed": options.seed, "threads": options.threads,
            "units": options.units, "batch": options.batch, "pretraining_epochs": options.pretraining_epochs, "pretraining_time": pretraining,
            "epochs": epoch + 1, "time": spent(start), "validation_error": best, "test_error": error_of(network, test, test_labels)}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
