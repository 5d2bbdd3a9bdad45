"""Connectionist temporal classification: PyTorch in double precision, Keras as the second witness, and its decoders."""

import keras
import numpy as np
import torch

from output import agree, single, tensor, write

RANDOM = np.random.default_rng(20261130)


def padded(sequences, blank):
    """Labels `[samples, most]`, filled up with the blank."""
    most = max(1, max(len(labels) for labels in sequences))
    return np.array([labels + [blank] * (most - len(labels)) for labels in sequences])


def by_torch(logits, sequences, blank):
    """Loss of each sample, and the gradient of their mean at the logits."""
    x = torch.tensor(logits, requires_grad=True)
    samples, steps, _ = logits.shape
    losses = torch.nn.functional.ctc_loss(
        torch.log_softmax(x, dim=-1).transpose(0, 1), torch.tensor(padded(sequences, blank)),
        torch.full((samples,), steps), torch.tensor([len(labels) for labels in sequences]), blank, reduction="none",
    )
    losses.mean().backward()
    return losses.detach().numpy(), x.grad.numpy()


def case(name, steps, classes, sequences, blank=0, deviation=2.0):
    logits = single(RANDOM.normal(0.0, deviation, (len(sequences), steps, classes)))
    losses, gradient = by_torch(logits, sequences, blank)
    targets = padded(sequences, blank)
    lengths = np.array([len(labels) for labels in sequences])
    # Single precision: that is all that Keras's backends have for it.
    keras_losses = keras.ops.ctc_loss(
        targets.astype(np.int32), logits.astype(np.float32), lengths.astype(np.int32),
        np.full(len(sequences), steps, dtype=np.int32), mask_index=blank,
    )
    agree(losses, np.asarray(keras_losses), 1e-4, f"{name}: losses of PyTorch and Keras")
    if blank == 0:
        mean = keras.losses.CTC()(targets.astype(np.int32), logits.astype(np.float32))
        agree(losses.mean(), float(mean), 1e-4, f"{name}: means of PyTorch and Keras")
    return {
        "name": name, "blank": blank, "logits": tensor(logits), "sequences": sequences,
        "per_sample": losses, "value": losses.mean(), "gradient": tensor(gradient),
    }


def random_labels(length, classes):
    return RANDOM.integers(1, classes, length).tolist()


def long_case():
    """A thousand steps; of its gradient the first and last rows and the sum of the magnitudes."""
    found = case("a thousand steps", 1000, 6, [random_labels(120, 6), random_labels(300, 6)])
    gradient = np.array(found.pop("gradient")["values"]).reshape(2, 1000, 6)
    return found | {"rows": [0, 1, 499, 998, 999], "gradient_rows": tensor(gradient[:, [0, 1, 499, 998, 999]])}


def decoded():
    """The most probable paths and labels, as Keras's decoders find them."""
    cases = []
    for steps, classes, blank in [(6, 3, 0), (12, 5, 0), (9, 4, 3)]:
        logits = single(RANDOM.normal(0.0, 1.5, (4, steps, classes)))
        lengths = np.full(4, steps, dtype=np.int32)
        arguments = (logits.astype(np.float32), lengths)
        paths, scores = keras.ops.ctc_decode(*arguments, strategy="greedy", mask_index=blank)
        beams, likelihoods = keras.ops.ctc_decode(
            *arguments, strategy="beam_search", beam_width=400, top_paths=3, mask_index=blank,
        )
        listed = lambda rows: [[int(label) for label in row if label >= 0 and label != blank] for row in np.asarray(rows)]
        cases.append({
            "name": f"{steps} steps of {classes}", "blank": blank, "logits": tensor(logits),
            "best_path": listed(paths[0]),
            "beams": [[listed(beams[place])[sample] for place in range(3)] for sample in range(4)],
            "log_probabilities": tensor(np.asarray(likelihoods)),
        })
    return cases


def main():
    write("ctc", {
        "cases": [
            case("labels of unlike lengths", 9, 5, [[1, 2, 3], [4], [2, 1, 4, 3, 1]]),
            case("repeats", 8, 4, [[1, 1], [2, 2, 2, 3], [3, 1, 1, 3]]),
            case("as many steps as are needed", 5, 3, [[1, 1, 1], [1, 2, 1, 2, 1], [1, 1, 2]]),
            case("no labels", 4, 3, [[], [1], []]),
            case("one step", 1, 4, [[3], [], [1]]),
            case("the last class is the blank", 7, 4, [[0, 0, 1], [2], [1, 0, 2]], blank=3),
            case("a blank in the middle", 6, 5, [[0, 4, 1], [3, 3]], blank=2),
            case("large logits", 6, 4, [[1, 2], [3, 3]], deviation=30.0),
            long_case(),
        ],
        "decoded": decoded(),
    })


if __name__ == "__main__":
    main()
