"""The work that every peer does: trains the networks of a list with PyTorch, and measures their accuracy. Weights are drawn, and
the learning rate rises and falls, as Espalier's do.

A work file is JSON: {"data", a folder of idx files, "limit" and "validation", images, "batch", "learningRate", "weightDecay",
"trials": [{"layers": {name: [shape of the weights]}, "strides": {name: stride}}]}. Layers are called as those of Espalier's
ResNet: stem, stage1.block1.conv1 …, dense.
"""

import gzip
import json
import math
import sys
from pathlib import Path

try:
    import numpy
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    sys.exit(3)

LAYOUT = torch.channels_last


class Network(nn.Module):
    def __init__(self, layers, strides):
        super().__init__()
        self.convs = nn.ModuleDict()
        self.norms = nn.ModuleDict()
        for name, (outputs, inputs, *kernel) in layers.items():
            if not kernel:
                self.dense = nn.Linear(inputs, outputs)
                continue
            key = name.replace(".", "_")
            self.convs[key] = nn.Conv2d(inputs, outputs, kernel[0], strides[name], kernel[0] // 2, bias=False)
            self.norms[key] = nn.BatchNorm2d(outputs)
            nn.init.kaiming_normal_(self.convs[key].weight, nonlinearity="relu")
        self.blocks = sorted({key.rsplit("_", 1)[0] for key in self.convs if key != "stem"})

    def part(self, key, x):
        return self.norms[key](self.convs[key](x))

    def forward(self, x):
        x = F.relu(self.part("stem", x))
        for block in self.blocks:
            y = self.part(f"{block}_conv2", F.relu(self.part(f"{block}_conv1", x)))
            shortcut = f"{block}_shortcut"
            x = F.relu(y + (self.part(shortcut, x) if shortcut in self.convs else x))
        return self.dense(x.mean((2, 3)))


def idx(folder, name):
    for path in (Path(folder) / name, Path(folder) / f"{name}.gz"):
        if path.exists():
            data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
            header = 4 + 4 * data[3]
            shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
            return numpy.frombuffer(data, numpy.uint8, offset=header).reshape(shape)
    raise FileNotFoundError(f"{folder}/{name}")


class Work:
    """Images in memory, normalised, once for all trials of a process."""

    def __init__(self, file):
        torch.set_num_threads(1)
        self.facts = json.loads(Path(file).read_text())
        folder, limit, held = self.facts["data"], self.facts["limit"], self.facts["validation"]
        images = idx(folder, "train-images-idx3-ubyte").astype(numpy.float32)[:, None] / 255
        labels = torch.from_numpy(idx(folder, "train-labels-idx1-ubyte").astype(numpy.int64))
        images = torch.from_numpy((images - images.mean()) / images.std())
        self.train = images[held : held + limit].contiguous(memory_format=LAYOUT), labels[held : held + limit]
        self.validation = images[:held].contiguous(memory_format=LAYOUT), labels[:held]

    def __len__(self):
        return len(self.facts["trials"])

    def trial(self, number):
        """Trains the network of this number for an epoch; its accuracy on the images held out."""
        torch.manual_seed(number)
        network = Network(**self.facts["trials"][number]).to(memory_format=LAYOUT)
        images, labels = self.train
        batch = self.facts["batch"]
        steps = len(images) // batch
        rate = self.facts["learningRate"]
        optimizer = torch.optim.SGD(
            network.parameters(), rate, 0.9, weight_decay=self.facts["weightDecay"], nesterov=True
        )
        rising = round(0.1 * steps)
        share = lambda i: (i + 1) / rising if i < rising else (1 + math.cos(math.pi * (i - rising) / (steps - rising))) / 2
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
        for chosen in torch.randperm(len(images))[: steps * batch].split(batch):
            optimizer.zero_grad()
            F.cross_entropy(network(images[chosen]), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
        return self.accuracy(network)

    def accuracy(self, network):
        network.eval()
        images, labels = self.validation
        with torch.inference_mode():
            found = torch.cat([network(part).argmax(1) for part in images.split(500)])
        return (found == labels).float().mean().item()
