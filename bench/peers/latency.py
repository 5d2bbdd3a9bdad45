"""Prediction with the seminar's CNN: milliseconds for one picture and pictures a second for 10,000; milliseconds for one sequence through recurrent layers. PyTorch and ONNX Runtime."""

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


class Recurrent(nn.Module):
    """28 steps of 28 features through 128 units, and ten classes from the last state."""

    def __init__(self, layer):
        super().__init__()
        self.recurrent, self.dense = layer(28, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.dense(self.recurrent(x)[0][:, -1])


def sequence_predictors(layer):
    """Each mode of each peer, as a function of nothing."""
    torch.manual_seed(0)
    model, x = Recurrent(layer).eval(), torch.rand(1, 28, 28)
    modes = {"eager": lambda: model, "traced": lambda: torch.jit.optimize_for_inference(torch.jit.trace(model, x))}

    def predict(call):
        with torch.inference_mode():
            return call(x)

    for mode, make in modes.items():
        with torch.inference_mode():
            call = make()
        yield f"pytorch {torch.__version__.split('+')[0]}", mode, lambda: predict(call)
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        torch.onnx.export(model, (x,), file.name, input_names=["x"], dynamo=False)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
        session = onnxruntime.InferenceSession(file.name, settings, providers=["CPUExecutionProvider"])
    values = x.numpy()
    yield f"onnxruntime {onnxruntime.__version__}", "session", lambda: session.run(None, {"x": values})


def sequences():
    for name, layer in {"lstm-28x28-128": nn.LSTM, "gru-28x28-128": nn.GRU}.items():
        found = {}
        for peer, mode, predict in sequence_predictors(layer):
            times = common.time_steps(lambda i: predict(), options.seconds, warm_up=50)
            found.setdefault(peer, {})[mode] = round(statistics.median(times), 5)
        for peer, latencies in found.items():
            mode = min(latencies, key=latencies.get)
            facts = {"peer": peer, "threads": options.threads, "network": name, "batch": 1}
            print(json.dumps({**facts, "ms_per_prediction": latencies[mode], "mode": mode, "modes": latencies}), flush=True)


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
    sequences()


if __name__ == "__main__":
    main()
