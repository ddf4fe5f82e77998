"""TF-Slim's released networks: torchvision's changed into them, and those that it has not, written from slim's source."""

from functools import partial
from unittest import mock

import torch
import torchvision
from torch import nn
from torch.nn import functional as F


def resnet_152():
    """Strides on the 1×1 convolutions, and a first pool that pads nothing and rounds up, as He et al. have them."""
    model = torchvision.models.resnet152(weights=None)
    model.maxpool = nn.MaxPool2d(3, stride=2, padding=0, ceil_mode=True)
    for module in model.modules():
        if isinstance(module, torchvision.models.resnet.Bottleneck):
            module.conv1.stride, module.conv2.stride = module.conv2.stride, (1, 1)
    return model


# Whole stages are left out: slim makes their last unit's map smaller, He et al. the next one's first.
resnet_152_stages = ["relu", "maxpool", "layer1.0", "layer2.0", "layer3.0", "layer4.0", "layer4", "avgpool", "fc"]


def inception_v3():
    """Averages that leave padding out."""
    model = torchvision.models.inception_v3(weights=None, aux_logits=False, transform_input=False, init_weights=False)
    forward = model.forward

    def without_padding(x):
        with mock.patch.object(F, "avg_pool2d", partial(F.avg_pool2d, count_include_pad=False)):
            return forward(x)

    model.forward = without_padding
    return model


class Unit(nn.Module):
    """A convolution with batch norm and ReLU. Padding keeps the map, or is none where the stride is 2 or `valid`."""

    def __init__(self, inputs, outputs, kernel, stride=1, valid=False):
        super().__init__()
        padding = 0 if valid or stride == 2 else tuple(k // 2 for k in kernel)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


def same(unit):
    """TensorFlow's SAME under a stride of 2 on a map of even sides."""
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), unit)


def row(inputs, layers):
    """Units one after the other, alone where there is one: (height, width, filters), and the stride if it is 2."""
    units = []
    for height, width, filters, *stride in layers:
        units.append(Unit(inputs, filters, (height, width), *stride))
        inputs = filters
    return units[0] if len(units) == 1 else nn.Sequential(*units)


class Branches(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        for i, branch in enumerate(branches):
            self.add_module(f"branch{i}", branch)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.children()], 1)


class Residual(nn.Module):
    def __init__(self, channels, rows, scale, act=True):
        super().__init__()
        self.scale, self.act, self.rows = scale, act, len(rows)
        for i, layers in enumerate(rows):
            self.add_module(f"branch{i}", row(channels, layers))
        self.conv2d = nn.Conv2d(sum(layers[-1][2] for layers in rows), channels, 1)

    def forward(self, x):
        body = torch.cat([self.get_submodule(f"branch{i}")(x) for i in range(self.rows)], 1)
        y = x + self.scale * self.conv2d(body)
        return torch.relu(y) if self.act else y


def average():
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


block35 = [[(1, 1, 32)], [(1, 1, 32), (3, 3, 32)], [(1, 1, 32), (3, 3, 48), (3, 3, 64)]]
block17 = [[(1, 1, 192)], [(1, 1, 128), (1, 7, 160), (7, 1, 192)]]
block8 = [[(1, 1, 192)], [(1, 1, 192), (1, 3, 224), (3, 1, 256)]]


class InceptionResnetV2(nn.Sequential):
    """nets/inception_resnet_v2.py, with timm's names."""

    def __init__(self):
        super().__init__()
        self.conv2d_1a = Unit(3, 32, (3, 3), 2)
        self.conv2d_2a = Unit(32, 32, (3, 3), valid=True)
        self.conv2d_2b = Unit(32, 64, (3, 3))
        self.maxpool_3a = nn.MaxPool2d(3, 2)
        self.conv2d_3b = Unit(64, 80, (1, 1))
        self.conv2d_4a = Unit(80, 192, (3, 3), valid=True)
        self.maxpool_5a = nn.MaxPool2d(3, 2)
        self.mixed_5b = Branches(
            row(192, [(1, 1, 96)]),
            row(192, [(1, 1, 48), (5, 5, 64)]),
            row(192, [(1, 1, 64), (3, 3, 96), (3, 3, 96)]),
            nn.Sequential(average(), Unit(192, 64, (1, 1))),
        )
        self.repeat = nn.Sequential(*(Residual(320, block35, 0.17) for _ in range(10)))
        self.mixed_6a = Branches(
            row(320, [(3, 3, 384, 2)]),
            row(320, [(1, 1, 256), (3, 3, 256), (3, 3, 384, 2)]),
            nn.MaxPool2d(3, 2),
        )
        self.repeat_1 = nn.Sequential(*(Residual(1088, block17, 0.10) for _ in range(20)))
        self.mixed_7a = Branches(
            row(1088, [(1, 1, 256), (3, 3, 384, 2)]),
            row(1088, [(1, 1, 256), (3, 3, 288, 2)]),
            row(1088, [(1, 1, 256), (3, 3, 288), (3, 3, 320, 2)]),
            nn.MaxPool2d(3, 2),
        )
        self.repeat_2 = nn.Sequential(*(Residual(2080, block8, 0.20) for _ in range(9)))
        self.block8 = Residual(2080, block8, 1.0, act=False)
        self.conv2d_7b = Unit(2080, 1536, (1, 1))
        self.global_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classif = nn.Linear(1536, 1000)


inception_resnet_v2_stages = [path for path, _ in InceptionResnetV2().named_children()] + ["repeat.0", "repeat_1.19"]


class Separable(nn.Module):
    """slim.separable_conv2d of 7×7 with stride 2 on a map of even sides; it has a bias and no norm."""

    def __init__(self):
        super().__init__()
        self.depthwise = nn.Conv2d(3, 24, 7, 2, groups=3, bias=False)
        self.pointwise = nn.Conv2d(24, 64, 1)

    def forward(self, x):
        return torch.relu(self.pointwise(self.depthwise(F.pad(x, (2, 3, 2, 3)))))


def halved():
    return nn.Sequential(nn.ConstantPad2d((0, 1, 0, 1), -float("inf")), nn.MaxPool2d(3, 2))


def mixed(inputs, single, double, triple, pool, projected):
    return Branches(
        row(inputs, [(1, 1, single)]),
        row(inputs, [(1, 1, double[0]), (3, 3, double[1])]),
        row(inputs, [(1, 1, triple[0]), (3, 3, triple[1]), (3, 3, triple[1])]),
        nn.Sequential(pool, Unit(inputs, projected, (1, 1))),
    )


def reduction(inputs, double, triple):
    first = Unit(inputs, double[0], (1, 1))
    second = row(inputs, [(1, 1, triple[0]), (3, 3, triple[1])])
    return Branches(
        nn.Sequential(first, same(Unit(double[0], double[1], (3, 3), 2))),
        nn.Sequential(*second, same(Unit(triple[1], triple[1], (3, 3), 2))),
        halved(),
    )


class InceptionV2(nn.Sequential):
    """nets/inception_v2.py."""

    def __init__(self):
        super().__init__()
        self.conv_1a = Separable()
        self.pool_2a = halved()
        self.conv_2b = Unit(64, 64, (1, 1))
        self.conv_2c = Unit(64, 192, (3, 3))
        self.pool_3a = halved()
        self.mixed_3b = mixed(192, 64, (64, 64), (64, 96), average(), 32)
        self.mixed_3c = mixed(256, 64, (64, 96), (64, 96), average(), 64)
        self.mixed_4a = reduction(320, (128, 160), (64, 96))
        self.mixed_4b = mixed(576, 224, (64, 96), (96, 128), average(), 128)
        self.mixed_4c = mixed(576, 192, (96, 128), (96, 128), average(), 128)
        self.mixed_4d = mixed(576, 160, (128, 160), (128, 160), average(), 96)
        self.mixed_4e = mixed(576, 96, (128, 192), (160, 192), average(), 96)
        self.mixed_5a = reduction(576, (128, 192), (192, 256))
        self.mixed_5b = mixed(1024, 352, (192, 320), (160, 224), average(), 128)
        self.mixed_5c = mixed(1024, 352, (192, 320), (192, 224), nn.MaxPool2d(3, 1, 1), 128)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.logits = nn.Linear(1024, 1000)


inception_v2_stages = [path for path, _ in InceptionV2().named_children()]
