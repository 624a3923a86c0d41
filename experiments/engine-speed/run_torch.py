"""Trains the same networks with PyTorch.

Reads requests from stdin, one JSON per line: {"family": "resnet", "channels": 1, "size": 28, "batch": 128,
"layout": "nchw", "threads": 1, "steps": 2}, where wanted also "width": 4, a factor of the ResNet's channels, and "device": "cuda";
answers each with {"ms": [...], "cpuMs": [...]}, the time of every step. The first line it writes says what runs here.
Exit status 3: PyTorch is not there.
"""

import json
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    sys.exit(3)

LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}


def conv_bn(inputs, outputs, kernel, stride):
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = conv_bn(inputs, outputs, 3, stride)
        self.second = conv_bn(outputs, outputs, 3, 1)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride)

    def forward(self, x):
        y = self.second(F.relu(self.first(x)))
        return F.relu(y + self.shortcut(x))


class ResNet20(nn.Module):
    def __init__(self, channels, width=1):
        super().__init__()
        self.stem = conv_bn(channels, 16 * width, 3, 1)
        blocks, inputs = [], 16 * width
        for stage, outputs in enumerate((16 * width, 32 * width, 64 * width)):
            for block in range(3):
                blocks.append(Block(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.dense = nn.Linear(inputs, 10)

    def forward(self, x):
        return self.dense(self.blocks(F.relu(self.stem(x))).mean((2, 3)))


class MobileNet(nn.Module):
    def __init__(self, channels):
        super().__init__()
        layers, inputs = [conv_bn(channels, 32, 3, 1), nn.ReLU()], 32
        for outputs in (32, 64, 64, 128, 128, 128):
            stride = 2 if outputs > inputs else 1
            depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
            layers += [depthwise, nn.BatchNorm2d(inputs), nn.ReLU(), conv_bn(inputs, outputs, 1, 1), nn.ReLU()]
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.dense = nn.Linear(inputs, 10)

    def forward(self, x):
        return self.dense(self.layers(x).mean((2, 3)))


FAMILIES = {"resnet": ResNet20, "mobilenet": MobileNet}


def trainer(family, channels, size, batch, layout, threads, width=1, device="cpu"):
    """A function that does one step, and the number of parameters."""
    torch.manual_seed(0)
    memory_format = LAYOUTS[layout]
    scale = () if width == 1 else (width,)
    model = FAMILIES[family](channels, *scale).to(device, memory_format=memory_format)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9, weight_decay=5e-4, nesterov=True)
    x = torch.randn(batch, channels, size, size).contiguous(memory_format=memory_format)
    labels = torch.randint(0, 10, (batch,))

    def step():
        optimizer.zero_grad()
        logits = model(x.to(device))
        target = labels.to(device)
        loss = F.cross_entropy(logits, target)
        (logits.argmax(1) == target).sum().item()
        loss.backward()
        optimizer.step()
        loss.item()

    return step, sum(parameter.numel() for parameter in model.parameters())


def timed(step):
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def answer(message):
    print(json.dumps(message), flush=True)


gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
answer({"version": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability(), "gpu": gpu})
trainers = {}
for line in sys.stdin:
    request = json.loads(line)
    steps = request.pop("steps")
    key = tuple(request.items())
    torch.set_num_threads(request["threads"])
    if key not in trainers:
        trainers[key] = trainer(**request)
    run, parameters = trainers[key]
    times = [timed(run) for _ in range(steps)]
    answer({"ms": [wall for wall, _ in times], "cpuMs": [cpu for _, cpu in times], "parameters": parameters})
