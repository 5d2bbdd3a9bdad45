"""From process start to a trained feed-forward (Keras) network: 100 epochs, batch 128, in PyTorch; compare times the whole process."""

import common

options = common.arguments(__doc__)

import json

import torch
import torch.nn as nn

torch.set_num_threads(options.threads)
torch.manual_seed(0)
EPOCHS, BATCH = 100, 128
x, y = (torch.from_numpy(values) for values in common.pictures(options.data))
x = x.reshape(len(x), -1)
network = nn.Sequential(nn.Linear(1296, 128), nn.ReLU(), nn.Linear(128, 32), nn.Sigmoid(), nn.Linear(32, 5))
optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True, fused=True)
steps = 0
for epoch in range(EPOCHS):
    for at in torch.randperm(len(x)).split(BATCH):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 / (1.0 + 1e-6 * steps)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x[at]), y[at]).backward()
        optimizer.step()
        steps += 1
accuracy = (network(x).argmax(1) == y).float().mean().item()
print(json.dumps({"peer": f"pytorch {torch.__version__.split('+')[0]}", "threads": options.threads, "steps": steps, "train_accuracy": round(accuracy, 4)}))
