"""Prediction with the seminar's CNN: milliseconds for one picture and pictures a second for 10,000, PyTorch and ONNX Runtime."""

import common

options = common.arguments(__doc__)

import json
import statistics
import tempfile

import numpy as np
import onnxruntime
import torch
import torch.nn as nn

torch.set_num_threads(options.threads)
MANY, CHUNKS = 10_000, (10_000, 1_000, 250, 100)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(1296, 32), nn.ReLU(), nn.Dropout(0.25), nn.Linear(32, 5), nn.Softmax(1)).eval()


def torch_predictors(one, many):
    """Each mode as a function from pictures to probabilities."""
    def under_inference_mode(call):
        def predict(x):
            with torch.inference_mode():
                return call(x)
        return predict

    model = network()
    with torch.inference_mode():
        traced = torch.jit.optimize_for_inference(torch.jit.trace(model, one))
    modes = {
        "eager": lambda: under_inference_mode(model),
        "eager, channels last": lambda: under_inference_mode(network().to(memory_format=torch.channels_last)),
        "traced": lambda: under_inference_mode(traced),
        "compiled": lambda: under_inference_mode(torch.compile(network())),
    }
    for mode, make in modes.items():
        yield f"pytorch {torch.__version__.split('+')[0]}", mode, make(), one, many


def onnx_predictors(one, many):
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        torch.onnx.export(network(), (one,), file.name, input_names=["x"], dynamic_axes={"x": {0: "n"}}, dynamo=False)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
        session = onnxruntime.InferenceSession(file.name, settings, providers=["CPUExecutionProvider"])
    yield f"onnxruntime {onnxruntime.__version__}", "session", lambda x: session.run(None, {"x": x})[0], one.numpy(), many.numpy()


def throughput(predict, many):
    """The best of several chunk sizes: a network of this size runs faster when a chunk stays in cache."""
    found = {}
    for chunk in CHUNKS:
        parts = [many[at:at + chunk] for at in range(0, MANY, chunk)]
        times = common.time_steps(lambda i: [predict(part) for part in parts], options.seconds / len(CHUNKS), warm_up=1, at_least=3)
        found[chunk] = MANY / statistics.median(times) * 1e3
    chunk = max(found, key=found.get)
    return chunk, found[chunk]


def main():
    x, _ = common.pictures(options.data)
    x = np.concatenate([x] * 4)[:MANY, None]
    one, many = torch.from_numpy(x[:1].copy()), torch.from_numpy(x)
    for predictors in (torch_predictors, onnx_predictors):
        latencies, rates, peer = {}, {}, None
        for peer, mode, predict, single, all_pictures in predictors(one, many):
            latencies[mode] = round(statistics.median(common.time_steps(lambda i: predict(single), options.seconds, warm_up=50)), 5)
            chunk, rate = throughput(predict, all_pictures)
            rates[f"{mode}, {chunk} at a time"] = round(rate)
        common_facts = {"peer": peer, "threads": options.threads, "network": "cnn"}
        mode = min(latencies, key=latencies.get)
        print(json.dumps({**common_facts, "batch": 1, "ms_per_prediction": latencies[mode], "mode": mode, "modes": latencies}), flush=True)
        mode = max(rates, key=rates.get)
        print(json.dumps({**common_facts, "batch": MANY, "pictures_per_second": rates[mode], "mode": mode, "modes": rates}), flush=True)


if __name__ == "__main__":
    main()
