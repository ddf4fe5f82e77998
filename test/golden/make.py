"""Makes golden files: torchvision's own networks in double precision, and networks of this folder.

    python3 test/golden/make.py [network ...]

Made with PyTorch 1.13 and torchvision 0.14. The formula "synth-1" is that of README.md.
"""

import gzip
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torchvision

import bn_inception
import facenet
import slim

here = pathlib.Path(__file__).parent
gains = {
    "inception-v3-torch": {"conv_in": 2.0, "conv": 0.96, "linear": 1.0},
    # Fifty residual sums without a scale: with 0.96 the last would be ten thousand million.
    "resnet-152": {"conv_in": 2.0, "conv": 0.65, "linear": 1.0},
    # Pixels are not divided by anything, and biases should still count.
    "resnet-152-slim": {"conv_in": 0.035, "conv": 0.65, "linear": 1.0},
    "inception-v3": {"conv_in": 2.0, "conv": 0.96, "linear": 1.0},
    "inception-resnet-v2-slim": {"conv_in": 2.0, "conv": 0.96, "linear": 1.0},
    "bn-inception": {"conv_in": 2.0, "conv": 0.96, "linear": 1.0},
    "inception-resnet-v1-facenet": {"conv_in": 2.0, "conv": 0.96, "linear": 1.0},
    "bn-inception-caffe": {"conv_in": 0.035, "conv": 0.96, "linear": 1.0},
    "resnet-152-v1": {"conv_in": 0.035, "conv": 0.65, "linear": 1.0},
}


def fnv1a(data):
    sum = 0x811C9DC5
    for byte in data:
        sum = ((sum ^ byte) * 0x01000193) & 0xFFFFFFFF
    return sum


def mix(x):
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def hashes(seed, index):
    with np.errstate(over="ignore"):
        seed = np.uint32(seed)
        return mix(mix((index.astype(np.uint32) * np.uint32(0x9E3779B1)) ^ seed) + seed)


def uniform(seed, count):
    return (hashes(seed, np.arange(count)) >> np.uint32(8)) / 2.0**24


def kind_of(model, key, shape):
    layer, part = key.rsplit(".", 1)
    if part == "num_batches_tracked":
        return "bn_count"
    if part == "running_mean":
        return "bn_mean"
    if part == "running_var":
        return "bn_var"
    if len(shape) == 4:
        return "conv_in" if shape[1] == 3 else "conv"
    if len(shape) == 2:
        return "linear"
    if part == "bias" and not isinstance(model.get_submodule(layer), torch.nn.modules.batchnorm._BatchNorm):
        return "bias"
    return "bn_" + part


def tensor(key, shape, kind, g):
    count = math.prod(shape)
    u = uniform(fnv1a(key.encode()), count)
    if kind in g:
        value = (2 * u - 1) * (math.sqrt(6 / math.prod(shape[1:])) * g[kind])
    elif kind in ("bias", "bn_mean", "bn_bias"):
        value = (2 * u - 1) * 0.1
    elif kind == "bn_weight":
        value = 0.8 + 0.4 * u
    elif kind == "bn_var":
        value = 0.5 + u
    else:
        value = np.zeros(count)
    # The file's weights are f32; the arithmetic is not.
    return torch.from_numpy(np.asarray(value, np.float32).astype(np.float64)).reshape(shape)


def triangle(t):
    t = t & 511
    return np.where(t > 255, 511 - t, t)


def image(n, height, width):
    waves, blocks, noise = (fnv1a(b"image." + name) for name in (b"params", b"blocks", b"noise"))
    first, second, third = [(2, 2, 3), (1, 0, 6), (3, 3, 1), (0, 2, 5)][n % 4]
    shift = 5 - n % 4
    y, x = np.mgrid[0:height, 0:width]
    out = np.zeros((height, width, 3), np.uint8)
    for c in range(3):
        p = int(hashes(waves, np.array([n * 3 + c]))[0])
        fx, fy, ph = 1 + (p & 7), 1 + ((p >> 3) & 7), (p >> 6) & 511
        gx, gy, qh = 1 + ((p >> 15) & 3), 1 + ((p >> 17) & 3), (p >> 19) & 511
        block = hashes(blocks, ((n * 3 + c) * 256 + (y >> shift)) * 256 + (x >> shift)) & 255
        grain = hashes(noise, ((n * height + y) * width + x) * 3 + c) & 31
        waves_sum = first * triangle(fx * x + fy * y + ph) + second * triangle(gx * x + gy * (4096 - y) + qh)
        out[:, :, c] = ((waves_sum + third * block) >> 3) + grain
    return out


def numbers(value):
    """Nine digits, beyond what f32 can tell apart."""
    return [float(f"{x:.9g}") for x in value]


def stage(name, value):
    flat = value.flatten()
    samples = [int(i) for i in np.linspace(0, flat.numel() - 1, 6)]
    mean, std, absmax = numbers([flat.mean(), flat.std(unbiased=False), flat.abs().max()])
    return {
        "name": name,
        "shape": list(value.shape),
        "mean": mean,
        "std": std,
        "absmax": absmax,
        "samples": [[i, numbers([flat[i]])[0]] for i in samples],
    }


def make(name, build, size, mean, deviation, stages, order="rgb"):
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return
    model = build().double().eval()
    keys = [[key, list(value.shape), kind_of(model, key, value.shape)] for key, value in model.state_dict().items()]
    model.load_state_dict({key: tensor(key, shape, kind, gains[name]) for key, shape, kind in keys})
    images = np.stack([image(n, size, size) for n in range(2)])
    pixels = torch.from_numpy(images if order == "rgb" else images[..., ::-1].copy()).double()
    batch = (pixels - torch.tensor(mean).double()) / torch.tensor(deviation).double()
    found = []
    for path in stages:
        module = model.get_submodule(path)
        module.register_forward_hook(lambda _, __, output, path=path: found.append(stage(path, output)))
    with torch.no_grad():
        logits = model(batch.permute(0, 3, 1, 2).contiguous())
    oracle = {
        "model": name,
        "source": f"{model.__class__.__module__}, torchvision {torchvision.__version__}, torch {torch.__version__}, float64",
        "g": gains[name],
        "param_count": sum(p.numel() for p in model.parameters()),
        "input": {"n": 2, "height": size, "width": size, "fnv1a_of_bytes": fnv1a(images.tobytes())},
        "eval_logits": [numbers(row) for row in logits],
        "recommended_tol": 1e-4,
        "stages": found,
        "keys": keys,
    }
    text = json.dumps(oracle, separators=(",", ":"))
    (here / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    print(name, "logits' deviation", float(logits.std()), "between the images", float((logits[0] - logits[1]).std()))


def inception_v3():
    return torchvision.models.inception_v3(weights=None, aux_logits=False, transform_input=False, init_weights=False)


def resnet_152():
    return torchvision.models.resnet152(weights=None)


def resnet_152_v1():
    """Keras': He et al.'s strides, but a pool padded on both sides, a bias besides every norm, and an epsilon of its own."""
    model = slim.resnet_152()
    model.maxpool = torch.nn.MaxPool2d(3, stride=2, padding=1)
    for module in list(model.modules()):
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1.001e-5
        if isinstance(module, torch.nn.Conv2d):
            module.bias = torch.nn.Parameter(torch.zeros(module.out_channels))
    return model


torch.set_num_threads(1)
half = [127.5] * 3
v3_stages = [path for path, _ in inception_v3().named_children() if path != "AuxLogits"]
make("inception-v3-torch", inception_v3, 299, half, half, v3_stages)
resnet_stages = ["relu", "maxpool", "layer1.0", "layer1", "layer2.0", "layer2", "layer3.0", "layer3", "layer4.0", "layer4", "avgpool", "fc"]
make("resnet-152", resnet_152, 224, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375], resnet_stages)
make("resnet-152-slim", slim.resnet_152, 224, [123.68, 116.78, 103.94], [1.0] * 3, slim.resnet_152_stages)
make("inception-v3", slim.inception_v3, 299, half, half, v3_stages)
make("inception-resnet-v2-slim", slim.InceptionResnetV2, 299, half, half, slim.inception_resnet_v2_stages)
make("bn-inception", slim.InceptionV2, 224, half, half, slim.inception_v2_stages)
make("inception-resnet-v1-facenet", facenet.Facenet, 160, half, [128.0] * 3, facenet.stages)
make("bn-inception-caffe", bn_inception.BNInception, 224, [104.0, 117.0, 128.0], [1.0] * 3, bn_inception.stages, "bgr")
make("resnet-152-v1", resnet_152_v1, 224, [103.939, 116.779, 123.68], [1.0] * 3, resnet_stages, "bgr")
