"""Milliseconds a training step of the seminar's networks and of recurrent layers in PyTorch: eager and compiled, plain and channels last."""

import boltzmann
import common
import gan

options = common.arguments(__doc__)

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(options.threads)
torch.manual_seed(0)


def dense(*sizes):
    layers = [nn.Flatten()]
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.Sigmoid()]
    return nn.Sequential(*layers[:-1])


def vgg_block(inputs, filters):
    return [nn.Conv2d(inputs, filters, 3), nn.ReLU(), nn.Conv2d(filters, filters, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)]


class Moved(nn.Module):
    """Turned, scaled and shifted by chance, in one resampling, as letra has it; PyTorch has no layer for it."""

    def forward(self, x):
        turn, high, wide, down, right = (2 * torch.rand(5, len(x)) - 1) * torch.tensor([0.01 * math.pi, 0.03, 0.03, 0.08, 0.08])[:, None]
        sine, cosine = turn.sin(), turn.cos()
        rows = torch.stack([(1 + wide) * cosine, -(1 + wide) * sine, right, (1 + high) * sine, (1 + high) * cosine, down], 1)
        return F.grid_sample(x, F.affine_grid(rows.view(-1, 2, 3), x.shape, align_corners=False), align_corners=False)


def normalised(filters, *convolutions):
    return [*convolutions, nn.BatchNorm2d(filters), nn.ReLU()]


def separable(inputs, filters, padding=1):
    """Depthwise, then pointwise, as Keras's SeparableConv2D."""
    return normalised(filters, nn.Conv2d(inputs, inputs, 3, padding=padding, groups=inputs, bias=False), nn.Conv2d(inputs, filters, 1, bias=False))


NETWORKS = {
    "logistic": lambda: dense(1296, 5),
    "feed-forward": lambda: dense(1296, 128, 32, 5),
    "cnn": lambda: nn.Sequential(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                                 nn.Linear(1296, 32), nn.ReLU(), nn.Dropout(0.25), nn.Linear(32, 5)),
    "vgg": lambda: nn.Sequential(*vgg_block(1, 32), *vgg_block(32, 64), nn.Flatten(),
                                 nn.Linear(2304, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 5)),
    "letra": lambda: nn.Sequential(Moved(), *normalised(32, nn.Conv2d(1, 32, 5, padding=2, bias=False)), nn.MaxPool2d(2),
                                   *separable(32, 32, padding=0), *separable(32, 64), nn.MaxPool2d(2), *separable(64, 64), *separable(64, 64),
                                   nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(64, 5)),
}


class Recurrent(nn.Module):
    """An LSTM or GRU and, after its last state, a dense layer of ten classes."""

    def __init__(self, row):
        super().__init__()
        layer = {"lstm": nn.LSTM, "gru": nn.GRU}[row["layer"]]
        self.recurrent, self.dense = layer(row["features"], row["units"], batch_first=True), nn.Linear(row["units"], 10)

    def forward(self, x):
        return self.dense(self.recurrent(x)[0][:, -1])


def autoencoder(sizes):
    """Sigmoid units, a linear code in the middle, and logits at the end."""
    layers = []
    for inputs, outputs in zip(sizes + sizes[-2::-1], sizes[1:] + sizes[-2::-1]):
        layers += [nn.Linear(inputs, outputs)] + ([] if outputs in (sizes[-1], sizes[0]) else [nn.Sigmoid()])
    return nn.Sequential(*layers)


CONVOLUTIONAL = ("cnn", "vgg", "letra")


def optimizer_of(row, parameters, fused):
    if "weight_decay" in row:
        return torch.optim.AdamW(parameters, lr=row["rate"], weight_decay=row["weight_decay"], fused=fused)
    return torch.optim.SGD(parameters, lr=row["rate"], momentum=row["momentum"], nesterov=row["momentum"] > 0, fused=fused)


def measure(row, mode, x, y):
    network = Recurrent(row) if "layer" in row else autoencoder(row["sizes"]) if "sizes" in row else NETWORKS[row["network"]]()
    if row["network"] in CONVOLUTIONAL:
        x = x[:, None]
    if "channels last" in mode:
        network, x = network.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = optimizer_of(row, network.parameters(), "fused" in mode)
    batches = [(x[at:at + row["batch"]], y[at:at + row["batch"]]) for at in range(0, len(x) - row["batch"] + 1, row["batch"])]
    if "sizes" in row:
        loss = lambda values, targets: F.binary_cross_entropy_with_logits(network(values), targets)
    else:
        loss = lambda pictures, labels: F.cross_entropy(network(pictures), labels, label_smoothing=row.get("label_smoothing", 0.0))
    if "compiled" in mode:
        torch._dynamo.reset()
        loss = torch.compile(loss)

    def step(i):
        optimizer.zero_grad()
        loss(*batches[i % len(batches)]).backward()
        optimizer.step()

    return common.time_steps(step, options.seconds)


def main():
    pictures = common.pictures(options.data)
    for row in common.rows(options):
        if boltzmann.is_machine(row):
            result = common.best(["eager", "compiled"], row, options, lambda mode: boltzmann.pytorch(row, mode, options.seconds))
            common.report(f"pytorch {torch.__version__.split('+')[0]}", options, row, result)
            continue
        if gan.is_pair(row):
            result = common.best(gan.torch_modes(row), row, options, lambda mode: gan.pytorch(row, mode, options.seconds))
            common.report(f"pytorch {torch.__version__.split('+')[0]}", options, row, result)
            continue
        modes = ["eager", "eager, fused update", "compiled, fused update"]
        if row["network"] in CONVOLUTIONAL:
            modes += ["eager, fused update, channels last", "compiled, fused update, channels last"]
        result = common.best(modes, row, options, lambda mode: measure(row, mode, *map(torch.from_numpy, common.data_of(row, *pictures))))
        common.report(f"pytorch {torch.__version__.split('+')[0]}", options, row, result)


if __name__ == "__main__":
    main()
