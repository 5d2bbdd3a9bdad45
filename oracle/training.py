"""Twenty training steps of the seminar's networks from given weights, on pictures that a formula gives.

Weights and pictures come from SplitMix64 (splitmix.py), so that a Rust test repeats them exactly. PyTorch computes the
run in double and in single precision; Keras computes the first losses of the same run as the second witness.
"""

import keras
import numpy as np
import torch

import splitmix
from output import agree, tensor, write

SAMPLES, SIDE, CLASSES, STEPS = 64, 36, 5, 20
TEMPLATE_SEED, PICTURE_SEED, PARAMETER_SEED = 1000, 2000, 3000


def pictures():
    """Picture i shows class i mod 5: the ink of the class, with one pixel in sixteen replaced by a grey."""
    templates = [splitmix.fractions(TEMPLATE_SEED + c, (SIDE, SIDE)) < 0.125 for c in range(CLASSES)]
    images = np.zeros((SAMPLES, SIDE, SIDE, 1))
    for i in range(SAMPLES):
        noise = splitmix.fractions(PICTURE_SEED + i, (SIDE, SIDE))
        images[i, :, :, 0] = np.where(noise < 0.0625, noise * 16.0, templates[i % CLASSES])
    return images, np.arange(SAMPLES) % CLASSES


def parameters(shapes):
    """Parameter number n comes from seed 3000 + n: symmetric in [−limit, limit)."""
    return {name: splitmix.symmetric(PARAMETER_SEED + n, shape, limit) for n, (name, shape, limit) in enumerate(shapes)}


def cnn(x, p):
    """conv 5×5·4 same ReLU, max-pool 2, 1296 → 32 ReLU → 5 logits; flattened channels last, as Keras does."""
    x = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), p["conv2d/kernel"].permute(3, 2, 0, 1), p["conv2d/bias"], padding=2)
    x = torch.nn.functional.max_pool2d(torch.relu(x), 2).permute(0, 2, 3, 1).reshape(len(x), -1)
    return torch.relu(x @ p["dense/kernel"] + p["dense/bias"]) @ p["dense_1/kernel"] + p["dense_1/bias"]


def feed_forward(x, p):
    """1296 → 128 ReLU → 32 sigmoid → 5 logits."""
    x = torch.relu(x.reshape(len(x), -1) @ p["dense/kernel"] + p["dense/bias"])
    return torch.sigmoid(x @ p["dense_1/kernel"] + p["dense_1/bias"]) @ p["dense_2/kernel"] + p["dense_2/bias"]


def vgg(x, p):
    """The VGG-style network without its dropout: two blocks of two valid 3×3 convolutions and a pool, 256 ReLU, 5 logits."""
    x = x.permute(0, 3, 1, 2)
    for n, name in enumerate(["conv2d", "conv2d_1", "conv2d_2", "conv2d_3"]):
        x = torch.relu(torch.nn.functional.conv2d(x, p[f"{name}/kernel"].permute(3, 2, 0, 1), p[f"{name}/bias"]))
        x = torch.nn.functional.max_pool2d(x, 2) if n % 2 else x
    x = x.permute(0, 2, 3, 1).reshape(len(x), -1)
    return torch.relu(x @ p["dense/kernel"] + p["dense/bias"]) @ p["dense_1/kernel"] + p["dense_1/bias"]


def sgd_step(p, velocity, rate, momentum, nesterov):
    """Keras's formula: velocity = momentum · velocity − rate · g; w += velocity, or momentum · velocity − rate · g."""
    with torch.no_grad():
        for name, value in p.items():
            velocity[name] = momentum * velocity[name] - rate * value.grad
            value += momentum * velocity[name] - rate * value.grad if nesterov else velocity[name]
            value.grad = None


def train(network, start, images, labels, dtype, batch, **sgd):
    """The loss before each step, the first step's gradients and the parameters after the last."""
    p = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in start.items()}
    velocity = {name: torch.zeros_like(value) for name, value in p.items()}
    x, y = torch.tensor(images, dtype=dtype), torch.tensor(labels)
    losses, first = [], None
    for step in range(STEPS):
        at = [(step * batch + i) % SAMPLES for i in range(batch)]
        loss = torch.nn.functional.cross_entropy(network(x[at], p), y[at])
        loss.backward()
        first = first or {name: value.grad.detach().numpy().copy() for name, value in p.items()}
        sgd_step(p, velocity, **sgd)
        losses.append(loss.item())
    return losses, first, {name: value.detach().numpy() for name, value in p.items()}


def digest(values):
    """What is kept of a tensor: all of a small one; of a large one its sums and the first numbers."""
    if values.size <= 200:
        return tensor(values)
    flat = values.reshape(-1)
    return {"shape": list(values.shape), "sum": flat.sum(), "sum_of_squares": (flat**2).sum(), "first": flat[:16], "last": flat[-16:]}


def layers_of(name):
    """The same network in Keras."""
    l = keras.layers
    return {
        "cnn": lambda: [l.Conv2D(4, 5, padding="same", activation="relu"), l.MaxPooling2D(2), l.Flatten(),
                        l.Dense(32, "relu"), l.Dense(5)],
        "feed-forward": lambda: [l.Flatten(), l.Dense(128, "relu"), l.Dense(32, "sigmoid"), l.Dense(5)],
        "vgg": lambda: [l.Conv2D(32, 3, activation="relu"), l.Conv2D(32, 3, activation="relu"), l.MaxPooling2D(2),
                        l.Conv2D(64, 3, activation="relu"), l.Conv2D(64, 3, activation="relu"), l.MaxPooling2D(2),
                        l.Flatten(), l.Dense(256, "relu"), l.Dense(5)],
    }[name]()


def check_with_keras(layers, start, images, labels, batch, losses, rate, momentum=0.0, nesterov=False):
    """Trains the same network in Keras (single precision) and compares every loss."""
    model = keras.Sequential([keras.layers.Input((SIDE, SIDE, 1)), *layers])
    for variable, value in zip(model.trainable_weights, start.values()):
        variable.assign(value)
    model.compile(keras.optimizers.SGD(rate, momentum=momentum, nesterov=nesterov),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for step, expected in enumerate(losses):
        at = [(step * batch + i) % SAMPLES for i in range(batch)]
        loss = model.train_on_batch(images[at].astype(np.float32), labels[at])
        agree(expected, float(loss), 1e-4, f"loss of step {step} in PyTorch and Keras")


def run(name, network, layers, shapes, images, labels, batch, rate, momentum=0.0, nesterov=False):
    start = parameters(shapes)
    sgd = dict(rate=rate, momentum=momentum, nesterov=nesterov)
    double = train(network, start, images, labels, torch.float64, batch, **sgd)
    single = train(network, start, images, labels, torch.float32, batch, **sgd)
    check_with_keras(layers, start, images, labels, batch, double[0], rate, momentum, nesterov)
    gap = max(abs(a - b) for a, b in zip(double[0], single[0]))
    print(f"{name}: loss {double[0][0]:.4f} to {double[0][-1]:.4f}, single against double precision {gap:.1e}")
    return {
        "name": name,
        "optimizer": {"kind": "sgd", "rate": rate, "momentum": momentum, "nesterov": nesterov},
        "batch": batch,
        "parameters": [{"name": n, "shape": list(shape), "seed": PARAMETER_SEED + i, "limit": limit}
                       for i, (n, shape, limit) in enumerate(shapes)],
        "losses_double": double[0],
        "losses_single": single[0],
        "first_gradients": {n: digest(g) for n, g in double[1].items()},
        "final_parameters": {n: digest(p) for n, p in double[2].items()},
    }


def main():
    images, labels = pictures()
    cnn_shapes = [
        ("conv2d/kernel", (5, 5, 1, 4), 0.25), ("conv2d/bias", (4,), 0.0625),
        ("dense/kernel", (1296, 32), 0.0625), ("dense/bias", (32,), 0.0625),
        ("dense_1/kernel", (32, 5), 0.25), ("dense_1/bias", (5,), 0.0625),
    ]
    dense_shapes = [
        ("dense/kernel", (1296, 128), 0.0625), ("dense/bias", (128,), 0.0625),
        ("dense_1/kernel", (128, 32), 0.125), ("dense_1/bias", (32,), 0.0625),
        ("dense_2/kernel", (32, 5), 0.25), ("dense_2/bias", (5,), 0.0625),
    ]
    vgg_shapes = [
        ("conv2d/kernel", (3, 3, 1, 32), 0.5), ("conv2d/bias", (32,), 0.0625),
        ("conv2d_1/kernel", (3, 3, 32, 32), 0.125), ("conv2d_1/bias", (32,), 0.0625),
        ("conv2d_2/kernel", (3, 3, 32, 64), 0.125), ("conv2d_2/bias", (64,), 0.0625),
        ("conv2d_3/kernel", (3, 3, 64, 64), 0.0625), ("conv2d_3/bias", (64,), 0.0625),
        ("dense/kernel", (2304, 256), 0.03125), ("dense/bias", (256,), 0.0625),
        ("dense_1/kernel", (256, 5), 0.125), ("dense_1/bias", (5,), 0.0625),
    ]
    rows = [
        run("cnn", cnn, layers_of("cnn"), cnn_shapes, images, labels, 64, 0.1),
        run("cnn in batches, nesterov", cnn, layers_of("cnn"), cnn_shapes, images, labels, 24, 0.01, 0.9, True),
        run("feed-forward in batches, nesterov", feed_forward, layers_of("feed-forward"), dense_shapes, images, labels, 24, 0.01, 0.9, True),
        run("vgg", vgg, layers_of("vgg"), vgg_shapes, images, labels, 8, 0.01),
    ]
    picture = images[0].reshape(-1)
    write("training", {
        "pictures": {
            "samples": SAMPLES, "side": SIDE, "classes": CLASSES, "template_seed": TEMPLATE_SEED, "picture_seed": PICTURE_SEED,
            "template_ink_below": 0.125, "grey_below": 0.0625, "grey_scale": 16.0,
            "first_picture_first_100": picture[:100], "sum": images.sum(), "sum_of_squares": (images**2).sum(),
        },
        "splitmix64_seed_3000_first_integers": [str(z) for z in splitmix.integers(3000, 4)],
        "splitmix64_seed_3000_first_fractions": splitmix.fractions(3000, (4,)),
        "steps": STEPS,
        "batches": "step s takes pictures (s * batch + i) mod 64, i = 0..batch",
        "runs": rows,
    })


if __name__ == "__main__":
    main()
