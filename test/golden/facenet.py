"""facenet's Inception-ResNet-v1 with the names of facenet-pytorch, written from the layer tables of arXiv:1602.07261."""

import torch
from torch import nn


class Unit(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, same=True):
        super().__init__()
        padding = tuple((k - 1) // 2 for k in kernel) if same and stride == 1 else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


def row(inputs, *layers):
    """Units one after the other: (kernel height, width, filters), and a stride where it is 2."""
    units = []
    for height, width, filters, *stride in layers:
        units.append(Unit(inputs, filters, (height, width), *stride))
        inputs = filters
    return units[0] if len(units) == 1 else nn.Sequential(*units)


class Residual(nn.Module):
    def __init__(self, channels, rows, scale, act=True):
        super().__init__()
        self.scale, self.act, self.rows = scale, act, len(rows)
        for i, layers in enumerate(rows):
            self.add_module(f"branch{i}", row(channels, *layers))
        self.conv2d = nn.Conv2d(sum(layers[-1][2] for layers in rows), channels, 1)

    def forward(self, x):
        body = torch.cat([self.get_submodule(f"branch{i}")(x) for i in range(self.rows)], 1)
        y = x + self.scale * self.conv2d(body)
        return torch.relu(y) if self.act else y


class Reduction(nn.Module):
    def __init__(self, channels, rows):
        super().__init__()
        self.rows = len(rows)
        for i, layers in enumerate(rows):
            self.add_module(f"branch{i}", row(channels, *layers))

    def forward(self, x):
        pooled = torch.max_pool2d(x, 3, 2)
        return torch.cat([*(self.get_submodule(f"branch{i}")(x) for i in range(self.rows)), pooled], 1)


a = [[(1, 1, 32)], [(1, 1, 32), (3, 3, 32)], [(1, 1, 32), (3, 3, 32), (3, 3, 32)]]
b = [[(1, 1, 128)], [(1, 1, 128), (1, 7, 128), (7, 1, 128)]]
c = [[(1, 1, 192)], [(1, 1, 192), (1, 3, 192), (3, 1, 192)]]
reduction_a = [[(3, 3, 384, 2)], [(1, 1, 192), (3, 3, 192), (3, 3, 256, 2)]]
reduction_b = [
    [(1, 1, 256), (3, 3, 384, 2)],
    [(1, 1, 256), (3, 3, 256, 2)],
    [(1, 1, 256), (3, 3, 256), (3, 3, 256, 2)],
]


class Facenet(nn.Module):
    def __init__(self, length=512):
        super().__init__()
        self.conv2d_1a = Unit(3, 32, (3, 3), 2)
        self.conv2d_2a = Unit(32, 32, (3, 3), same=False)
        self.conv2d_2b = Unit(32, 64, (3, 3))
        self.maxpool_3a = nn.MaxPool2d(3, 2)
        self.conv2d_3b = Unit(64, 80, (1, 1))
        self.conv2d_4a = Unit(80, 192, (3, 3), same=False)
        self.conv2d_4b = Unit(192, 256, (3, 3), 2)
        self.repeat_1 = nn.Sequential(*(Residual(256, a, 0.17) for _ in range(5)))
        self.mixed_6a = Reduction(256, reduction_a)
        self.repeat_2 = nn.Sequential(*(Residual(896, b, 0.10) for _ in range(10)))
        self.mixed_7a = Reduction(896, reduction_b)
        self.repeat_3 = nn.Sequential(*(Residual(1792, c, 0.20) for _ in range(5)))
        self.block8 = Residual(1792, c, 1.0, act=False)
        self.avgpool_1a = nn.AdaptiveAvgPool2d(1)
        self.last_linear = nn.Linear(1792, length, bias=False)
        self.last_bn = nn.BatchNorm1d(length, eps=1e-3)

    def forward(self, x):
        for name, layer in self.named_children():
            x = layer(x.flatten(1) if name == "last_linear" else x)
        return torch.nn.functional.normalize(x, dim=1)


stages = [path for path, _ in Facenet().named_children() if path != "last_linear"]
