"""BN-Inception as trained in Caffe, with the names of Cadene's port, written from its table of layers."""

import torch
from torch import nn
from torch.nn import functional

# Filters: 1×1, 3×3 with its reduction, double 3×3 with its reduction, projection after the pool; a reduction block has
# neither the first nor the last.
blocks = {
    "3a": (64, (64, 64), (64, 96), 32),
    "3b": (64, (64, 96), (64, 96), 64),
    "3c": (None, (128, 160), (64, 96), None),
    "4a": (224, (64, 96), (96, 128), 128),
    "4b": (192, (96, 128), (96, 128), 128),
    "4c": (160, (128, 160), (128, 160), 128),
    "4d": (96, (128, 192), (160, 192), 128),
    "4e": (None, (128, 192), (192, 256), None),
    "5a": (352, (192, 320), (160, 224), 128),
    "5b": (352, (192, 320), (192, 224), 128),
}


class Joined(nn.Module):
    """Hands a block's result through, so that it can be looked at by name."""

    def forward(self, x):
        return x


class BNInception(nn.Module):
    def __init__(self):
        super().__init__()
        self.unit("conv1_7x7_s2", 3, 64, 7)
        self.unit("conv2_3x3_reduce", 64, 64, 1)
        self.unit("conv2_3x3", 64, 192, 3)
        channels = 192
        for name, (single, (reduce, conv), (reduce_double, double), projected) in blocks.items():
            name = f"inception_{name}"
            if single:
                self.unit(f"{name}_1x1", channels, single, 1)
            self.unit(f"{name}_3x3_reduce", channels, reduce, 1)
            self.unit(f"{name}_3x3", reduce, conv, 3)
            self.unit(f"{name}_double_3x3_reduce", channels, reduce_double, 1)
            self.unit(f"{name}_double_3x3_1", reduce_double, double, 3)
            self.unit(f"{name}_double_3x3_2", double, double, 3)
            if projected:
                self.unit(f"{name}_pool_proj", channels, projected, 1)
            self.add_module(f"{name}_output", Joined())
            channels = (single + conv + double + projected) if single else conv + double + channels
        self.last_linear = nn.Linear(channels, 1000)

    def unit(self, name, inputs, outputs, kernel):
        self.add_module(name, nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2))
        self.add_module(f"{name}_bn", nn.BatchNorm2d(outputs, eps=1e-5))

    def run(self, name, x, stride=1):
        conv = self.get_submodule(name)
        conv.stride = (stride, stride)
        return torch.relu(self.get_submodule(f"{name}_bn")(conv(x)))

    def forward(self, x):
        x = self.run("conv1_7x7_s2", x, 2)
        x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        x = self.run("conv2_3x3", self.run("conv2_3x3_reduce", x))
        x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        for name, (single, _, _, projected) in blocks.items():
            stride = 1 if single else 2
            at = f"inception_{name}"
            rows = [self.run(f"{at}_1x1", x)] if single else []
            rows.append(self.run(f"{at}_3x3", self.run(f"{at}_3x3_reduce", x), stride))
            double = self.run(f"{at}_double_3x3_1", self.run(f"{at}_double_3x3_reduce", x))
            rows.append(self.run(f"{at}_double_3x3_2", double, stride))
            if not projected:
                rows.append(functional.max_pool2d(x, 3, 2, ceil_mode=True))
            else:
                last = name == "5b"
                pooled = functional.max_pool2d(x, 3, 1, 1) if last else functional.avg_pool2d(x, 3, 1, 1)
                rows.append(self.run(f"{at}_pool_proj", pooled))
            x = self.get_submodule(f"{at}_output")(torch.cat(rows, 1))
        return self.last_linear(x.mean((2, 3)))


stages = [f"inception_{name}_output" for name in blocks]
