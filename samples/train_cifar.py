"""Trains three small networks on CIFAR-10, the measure of what quantization costs: its drop of accuracy is small and real.

    python3 samples/train_cifar.py CIFAR OUT [--network NAME] [--epochs N] [--calibration DIR...] [--no-training] [--cache FILE.npz]

CIFAR is an image folder, CIFAR/train/CLASS/N.jpg and CIFAR/test/CLASS/N.jpg. PyTorch 1.13 or later, Pillow and onnx; a quarter to half an
hour a network on one core with bfloat16 instructions. The same seed, machine and number of threads give the same weights.

OUT receives NAME.onnx (opset 13, batch dimension N, batch norms kept as nodes), for
  resnet8       MLPerf Tiny's image classification network, ends in Softmax (12.5 MMAC)
  mobilenetv2   width 0.5, 13 blocks, stride 1 in the first convolution and the first stage, logits (13.9 MMAC)
  vgg           six 3x3 convolutions 32-32-64-64-128-128 with three max pools, two dense layers, logits (39 MMAC)
and each DIR of --calibration 500 training images, DIR/CLASS/N.jpg, drawn with a fixed seed, another one for each folder.

Input: RGB [N, 3, 32, 32], (pixel / 255 - mean) / std per channel; samples/cifar10.json says the same to dlc's --preprocess.
"""

import argparse
import inspect
import io
import os
import shutil
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)


class Depthwise(nn.Conv2d):
    """A depthwise convolution in float32 under autocast: its gradient is faster so than in bfloat16."""

    def forward(self, x):
        if not torch.is_autocast_cpu_enabled():
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float()).to(x.dtype)


class ReLU6(nn.Module):
    """PyTorch's own has no gradient in bfloat16 before version 2."""

    def forward(self, x):
        return x.clamp(0, 6)


def conv(inputs, outputs, kernel=3, stride=1, groups=1, activation=nn.ReLU):
    kind = Depthwise if groups > 1 else nn.Conv2d
    layers = [kind(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a = conv(inputs, outputs, 3, stride)
        self.b = conv(outputs, outputs, activation=None)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.b(self.a(x)) + self.shortcut(x))


class ResNet8(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv(3, 16)
        self.blocks = nn.Sequential(ResidualBlock(16, 16, 1), ResidualBlock(16, 32, 2), ResidualBlock(32, 64, 2))
        self.head = nn.Linear(64, 10)

    def logits(self, x):
        return self.head(F.adaptive_avg_pool2d(self.blocks(self.stem(x)), 1).flatten(1))

    def forward(self, x):
        return F.softmax(self.logits(x), 1)


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        expand = [conv(inputs, hidden, 1, activation=ReLU6)] if expansion > 1 else []
        depthwise = conv(hidden, hidden, 3, stride, hidden, ReLU6)
        self.body = nn.Sequential(*expand, depthwise, conv(hidden, outputs, 1, activation=None))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class MobileNetV2(nn.Module):
    """Sandler et al. 2018, table 2, at half width; strides and depth fit 32x32."""

    # Expansion, output channels, blocks, stride of the first block.
    STAGES = ((1, 8, 1, 1), (6, 12, 2, 2), (6, 16, 2, 2), (6, 32, 3, 1), (6, 48, 2, 1), (6, 80, 2, 2), (6, 160, 1, 1))

    def __init__(self):
        super().__init__()
        layers, channels = [conv(3, 16, activation=ReLU6)], 16
        for expansion, outputs, count, stride in self.STAGES:
            for k in range(count):
                layers.append(InvertedResidual(channels, outputs, stride if k == 0 else 1, expansion))
                channels = outputs
        self.features = nn.Sequential(*layers, conv(channels, 640, 1, activation=ReLU6))
        self.head = nn.Linear(640, 10)

    def forward(self, x):
        return self.head(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))

    logits = forward


class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for outputs in (32, 64, 128):
            layers += [conv(channels, outputs), conv(outputs, outputs), nn.MaxPool2d(2)]
            channels = outputs
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(128 * 16, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, x):
        return self.head(self.features(x).flatten(1))

    logits = forward


# Epochs, and how many of them, the first ones, see images of half the size: most of the way at a quarter of the cost.
NETWORKS = {"resnet8": (ResNet8, 30, 0), "mobilenetv2": (MobileNetV2, 12, 6), "vgg": (VGG, 6, 0)}


def load(folder, cache):
    """uint8 images [N, 3, 32, 32] and int64 labels of the training and test sets, classes in order of their names."""
    if cache and os.path.exists(cache):
        with np.load(cache) as stored:
            return [stored[key] for key in ("train_x", "train_y", "test_x", "test_y")]
    from PIL import Image

    arrays = []
    for part in ("train", "test"):
        images, labels = [], []
        for label, name in enumerate(sorted(os.listdir(f"{folder}/{part}"))):
            for file in sorted(os.listdir(f"{folder}/{part}/{name}")):
                images.append(np.asarray(Image.open(f"{folder}/{part}/{name}/{file}").convert("RGB")).transpose(2, 0, 1))
                labels.append(label)
        arrays += [np.stack(images), np.array(labels, np.int64)]
    if cache:
        np.savez(cache, train_x=arrays[0], train_y=arrays[1], test_x=arrays[2], test_y=arrays[3])
    return arrays


def prepare(images):
    """(pixel / 255 - mean) / std as float32."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    return ((images.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)


def augment(images):
    """Each image flipped with probability one half, and shifted by up to four pixels into a black border."""
    count = len(images)
    padded = F.pad(images, (4, 4, 4, 4))
    windows = padded.unfold(2, 32, 1).unfold(3, 32, 1)
    shift = torch.randint(0, 9, (2, count))
    cropped = windows[torch.arange(count), :, shift[0], shift[1]]
    flip = torch.rand(count) < 0.5
    cropped[flip] = cropped[flip].flip(3)
    return cropped


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        hits = sum((model.logits(prepare(x)).argmax(1) == y).sum().item() for x, y in zip(images.split(500), labels.split(500)))
    return 100 * hits / len(labels)


def train(name, data, epochs, batch=128, peak=0.2):
    torch.manual_seed(1)
    network, default, coarse = NETWORKS[name]
    epochs = epochs or default
    model = network().to(memory_format=torch.channels_last)
    train_x, train_y, test_x, test_y = map(torch.from_numpy, data)
    steps = len(train_x) // batch
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, peak, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak, total_steps=epochs * steps, pct_start=0.15, cycle_momentum=False, final_div_factor=1000)
    begin = time.time()
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for indices in torch.randperm(len(train_x))[: steps * batch].split(batch):
            images = prepare(augment(train_x[indices]))
            if epoch < coarse * epochs // default:
                images = F.avg_pool2d(images, 2)
            with torch.autocast("cpu", torch.bfloat16):
                logits = model.logits(images)
            loss = F.cross_entropy(logits.float(), train_y[indices])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"{name} epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}, {time.time() - begin:.0f} s", flush=True)
    print(f"{name}: {accuracy(model, test_x, test_y):.2f} % of {len(test_y)} test images", flush=True)
    return model


def export(model, path):
    model.eval()
    # PRESERVE keeps the batch norms: in evaluation mode the exporter would fold them into the convolutions.
    # From PyTorch 2.9 on the exporter that does so has to be asked for.
    kind = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(model, torch.zeros(1, 3, 32, 32), path, opset_version=13, input_names=["image"], output_names=["scores"],
                      dynamic_axes={"image": {0: "N"}, "scores": {0: "N"}}, training=torch.onnx.TrainingMode.PRESERVE, **kind)


def draw_calibration(source, target, seed, count=500):
    """Copies `count` training images, drawn without replacement, to target/CLASS/N.jpg."""
    files = [(name, file) for name in sorted(os.listdir(source)) for file in sorted(os.listdir(f"{source}/{name}"))]
    for index in np.random.default_rng(seed).choice(len(files), count, replace=False):
        name, file = files[index]
        os.makedirs(f"{target}/{name}", exist_ok=True)
        shutil.copyfile(f"{source}/{name}/{file}", f"{target}/{name}/{file}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar")
    parser.add_argument("out")
    parser.add_argument("--network", choices=NETWORKS, action="append", help="one or more (default: all three)")
    parser.add_argument("--epochs", type=int, help="default: " + ", ".join(f"{k} {v[1]}" for k, v in NETWORKS.items()))
    parser.add_argument("--calibration", metavar="DIR", nargs="+", default=[])
    parser.add_argument("--no-training", action="store_true", help="only draw the calibration images")
    parser.add_argument("--cache", metavar="FILE.npz", help="keeps the decoded images")
    options = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(options.out, exist_ok=True)
    for seed, folder in enumerate(options.calibration, start=5):
        draw_calibration(f"{options.cifar}/train", folder, seed)
    if options.no_training:
        return
    data = load(options.cifar, options.cache)
    for name in options.network or NETWORKS:
        # Before the training as well: an exporter that fails does so at once.
        export(NETWORKS[name][0](), io.BytesIO())
        export(train(name, data, options.epochs), f"{options.out}/{name}.onnx")


main()
