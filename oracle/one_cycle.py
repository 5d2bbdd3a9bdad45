"""Prints the rates of PyTorch's OneCycleLR.  usage: python oracle/one_cycle.py SETTINGS (JSON, see schedules.py)"""

import json
import sys

import torch

settings = json.loads(sys.argv[1])
weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
optimizer = torch.optim.SGD([weight], lr=1.0)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, settings["maximum"], total_steps=settings["steps"], pct_start=settings["rise"],
    anneal_strategy="linear" if settings["linear"] else "cos", cycle_momentum=False,
    div_factor=settings["initial"], final_div_factor=settings["last"])
rates = []
for _ in range(settings["steps"]):
    rates.append(optimizer.param_groups[0]["lr"])
    optimizer.step()
    if len(rates) < settings["steps"]:
        schedule.step()
print(json.dumps(rates))
