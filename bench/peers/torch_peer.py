"""PyTorch as a peer: builds a network from its description and times it, prints its logits or writes it as ONNX.

    torch_peer.py train  --model DIR --batch 8 --dtype bf16
    torch_peer.py infer  --model DIR --batch 8 --dtype bf16-pure --compile
    torch_peer.py logits --model DIR --images images.safetensors
    torch_peer.py export --model DIR --batch 1 --onnx model.onnx

DIR holds model.json and weights.safetensors (bench/peers/description.ts). The result is one JSON object on standard
output; {"unavailable": why} where PyTorch cannot do what was asked.
"""

import argparse
import contextlib
import json
import re
import resource
import struct
import sys
import time
from collections import Counter
from pathlib import Path


def unavailable(why: str) -> None:
    print(json.dumps({"unavailable": why}))
    sys.exit(0)


try:
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import fx, nn
except ImportError as missing:
    unavailable(f"{missing} in {sys.executable}")


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """Every tensor of a file of f32."""
    tensors = {}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        for name, info in header.items():
            if name == "__metadata__":
                continue
            begin, end = info["data_offsets"]
            file.seek(8 + length + begin)
            data = np.fromfile(file, dtype="<f4", count=(end - begin) // 4)
            tensors[name] = torch.from_numpy(data).reshape(info["shape"])
    return tensors


# Our ports, and what PyTorch's modules call the same tensors.
STATE = {
    "weights": "weight",
    "scale": "weight",
    "bias": "bias",
    "shift": "bias",
    "mean": "running_mean",
    "variance": "running_var",
}


def padding(attrs: dict) -> tuple[int, int]:
    """Padding before and after, which PyTorch's modules only know as the same number."""
    (top, bottom), (left, right) = attrs["padding"]
    if top != bottom or left != right:
        unavailable(f"padding {attrs['padding']} is not symmetric")
    return top, left


def convolution(attrs: dict, tensors: dict) -> nn.Module:
    filters, channels, *_ = tensors["weights"].shape
    return nn.Conv2d(
        channels * attrs["groups"],
        filters,
        attrs["kernel"],
        attrs["strides"],
        padding(attrs),
        groups=attrs["groups"],
        bias="bias" in tensors,
    )


def batch_norm(attrs: dict, tensors: dict) -> nn.Module:
    return nn.BatchNorm2d(len(tensors["shift"]), attrs["epsilon"])


def max_pool(attrs: dict, _: dict) -> nn.Module:
    return nn.MaxPool2d(attrs["kernel"], attrs["strides"], padding(attrs))


def average_pool(attrs: dict, _: dict) -> nn.Module:
    return nn.AvgPool2d(attrs["kernel"], attrs["strides"], padding(attrs), count_include_pad=attrs["includePadding"])


def global_average_pool(_: dict, __: dict) -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def linear(_: dict, tensors: dict) -> nn.Module:
    units, features = tensors["weights"].shape
    return nn.Linear(features, units)


def dropout(attrs: dict, _: dict) -> nn.Module:
    return nn.Dropout(1 - attrs["keep"])


MODULES = {
    "convolution": convolution,
    "batchNorm": batch_norm,
    "maxPool": max_pool,
    "avgPool": average_pool,
    "globalAvgPool": global_average_pool,
    "dense": linear,
    "dropout": dropout,
}


def build(description: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    """The network as a module whose forward is straight-line code that frees every map after its last use."""
    graph, modules = fx.Graph(), {}
    values = {description["input"]: graph.placeholder("images")}
    readers = Counter(v for node in description["nodes"] for port in node["inputs"].values() for v in port)
    for node in description["nodes"]:
        op, attrs, name = node["op"], node["attrs"], node["output"]
        inputs = {port: [values.get(v) for v in names] for port, names in node["inputs"].items()}
        src = inputs["src"][0]
        if op in MODULES:
            tensors = {port: weights[tensor] for port, tensor in node["variables"].items()}
            modules[name] = MODULES[op](attrs, tensors)
            load(modules[name], tensors)
            values[name] = graph.call_module(name, (src,))
        elif op == "relu":
            # In place where nobody else reads its input, as torchvision writes it.
            inplace = readers[node["inputs"]["src"][0]] == 1
            values[name] = graph.call_function(F.relu, (src,), {"inplace": inplace})
        elif op == "concat":
            values[name] = graph.call_function(torch.cat, (inputs["src"], 1))
        elif op == "residualAdd":
            values[name] = graph.call_function(torch.add, (src, inputs["residual"][0]), {"alpha": attrs["scale"]})
        else:
            unavailable(f"the op {op} has no counterpart in torch_peer.py")
    graph.output(values[description["output"]])
    return fx.GraphModule(modules, graph)


def load(module: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    state = {STATE[port]: tensor for port, tensor in tensors.items()}
    if isinstance(module, nn.BatchNorm2d):
        state["num_batches_tracked"] = torch.tensor(0)
        state.setdefault("weight", torch.ones_like(state["bias"]))
    module.load_state_dict(state)


def torchvision_model(description: dict) -> nn.Module:
    """torchvision's own network of that name, with weights of its own, without the auxiliary head."""
    try:
        from torchvision.models import inception_v3
    except ImportError as missing:
        unavailable(f"{missing} in {sys.executable}")
    if description["network"] != "inception-v3":
        unavailable(f"torchvision has no {description['network']}")
    return inception_v3(weights=None, aux_logits=False, init_weights=False, num_classes=description["classes"])


def at_least(major: int, minor: int) -> bool:
    return tuple(int(n) for n in torch.__version__.split(".")[:2]) >= (major, minor)


def compiled(model: nn.Module, work: str) -> nn.Module:
    if not at_least(2, 0):
        unavailable(f"torch.compile needs PyTorch 2, this is {torch.__version__}")
    if work == "infer":
        from torch._inductor import config

        config.freezing = True
    return torch.compile(model)


def autocast(dtype: str):
    return torch.autocast("cpu", dtype=torch.bfloat16) if dtype == "bf16" else contextlib.nullcontext()


def timed(run, warmup: int, runs: int) -> list[float]:
    milliseconds = []
    for i in range(warmup + runs):
        start = time.perf_counter()
        run()
        if i >= warmup:
            milliseconds.append(1000 * (time.perf_counter() - start))
    return milliseconds


def train(model: nn.Module, images: torch.Tensor, classes: int, args: argparse.Namespace) -> list[float]:
    """Forward, cross-entropy, backward, and RMSProp without momentum."""
    model.train()
    labels = torch.arange(args.batch) % classes
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-4, alpha=0.9, eps=1.0)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with autocast(args.dtype):
            logits = model(images)
        F.cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return timed(step, args.warmup, args.runs)


def infer(model: nn.Module, images: torch.Tensor, args: argparse.Namespace) -> list[float]:
    # Around all runs, so that autocast can keep what it has cast.
    with torch.inference_mode(), autocast(args.dtype):
        return timed(lambda: model(images), args.warmup, args.runs)


def export(model: nn.Module, images: torch.Tensor, path: str) -> None:
    # The other exporter, the default from 2.9 on, needs packages beyond torch.
    older = {"dynamo": False} if at_least(2, 5) else {}
    names = {"input_names": ["images"], "output_names": ["logits"]}
    torch.onnx.export(model, images, path, opset_version=16, do_constant_folding=True, **names, **older)


def engine() -> str:
    """The version of oneDNN that PyTorch was built with, if it is used."""
    found = re.search(r"MKL-DNN v([\d.]+)", torch.__config__.show())
    if not torch.backends.mkldnn.is_available():
        return "none"
    return found.group(1) if found else "of unknown version"


def versions() -> dict[str, str]:
    python = ".".join(str(n) for n in sys.version_info[:3])
    found = {"PyTorch": torch.__version__, "oneDNN of PyTorch": engine(), "Python": python}
    vision = sys.modules.get("torchvision")
    return {**found, "torchvision": vision.__version__} if vision else found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=["train", "infer", "logits", "export"])
    parser.add_argument("--model", type=Path, required=True, help="folder of the description")
    parser.add_argument("--torchvision", action="store_true", help="torchvision's own network instead")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--dtype", choices=["f32", "bf16", "bf16-pure"], default="f32", help="bf16 is autocast")
    parser.add_argument("--threads", type=int, help="default: PyTorch's own")
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="torch.compile; frozen weights in inference")
    parser.add_argument("--images", type=Path, help="logits: a safetensors file with the tensor 'images'")
    parser.add_argument("--onnx", help="export: the file to write")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    description = json.loads((args.model / "model.json").read_text())
    if args.torchvision:
        model = torchvision_model(description)
    else:
        model = build(description, read_safetensors(args.model / "weights.safetensors"))
    result = {"parameters": sum(p.numel() for p in model.parameters()), "versions": versions()}

    kind = torch.bfloat16 if args.dtype == "bf16-pure" else torch.float32
    size = description["size"]
    images = read_safetensors(args.images)["images"] if args.images else torch.rand(args.batch, 3, size, size) * 2 - 1
    model.eval()
    if args.work == "export":
        export(model, images, args.onnx)
    else:
        model = model.to(kind).to(memory_format=torch.channels_last)
        images = images.to(kind).contiguous(memory_format=torch.channels_last)
        if args.work == "logits":
            with torch.inference_mode():
                result["logits"] = model(images).float().flatten().tolist()
        else:
            if args.compile:
                model = compiled(model, args.work)
            result["milliseconds"] = (
                train(model, images, description["classes"], args) if args.work == "train" else infer(model, images, args)
            )
            result["peakMemoryBytes"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(result))


main()
