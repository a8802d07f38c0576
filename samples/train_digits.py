"""Trains the sample network on scikit-learn's 8x8 handwritten digits and writes what the quickstart uses.

    python3 samples/train_digits.py samples/digits      (PyTorch, scikit-learn and onnx; about a minute)

Writes digits.onnx (two 3x3 convolutions with batch norm, a residual block, a dense head; opset 13), ten labelled test
images as .npy of shape [1, 1, 8, 8] with values 0...1, labels.csv, and test.npz with the 360 held-out images and labels.
"""

import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.b1 = nn.BatchNorm2d(16)
        self.c2 = nn.Conv2d(16, 32, 3, padding=1, bias=False)
        self.b2 = nn.BatchNorm2d(32)
        self.c3 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.b3 = nn.BatchNorm2d(32)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.b1(self.c1(x)))
        x = F.max_pool2d(F.relu(self.b2(self.c2(x))), 2)
        x = F.relu(self.b3(self.c3(x)) + x)
        return F.softmax(self.head(x.mean((2, 3))), 1)


def main(out):
    torch.manual_seed(1)
    os.makedirs(out, exist_ok=True)
    data = load_digits()
    images = (data.images / 16).astype(np.float32)[:, None]
    labels = data.target.astype(np.int64)
    train_x, test_x, train_y, test_y = train_test_split(images, labels, test_size=360, random_state=1, stratify=labels)
    model = Digits()
    x, y = torch.from_numpy(train_x), torch.from_numpy(train_y)
    epochs = 60
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=epochs * (len(x) // 64 + 1))
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            shift = [int(v) for v in torch.randint(-1, 2, (2,))]
            probabilities = model(torch.roll(x[batch], shift, (2, 3)))
            loss = F.nll_loss(torch.log(probabilities + 1e-9), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        answers = model(torch.from_numpy(test_x)).argmax(1).numpy()
    print(f"held-out accuracy: {(answers == test_y).mean() * 100:.2f} % of {len(test_y)}")
    torch.onnx.export(model, torch.zeros(1, 1, 8, 8), f"{out}/digits.onnx", opset_version=13,
                      input_names=["image"], output_names=["probabilities"],
                      dynamic_axes={"image": {0: "N"}, "probabilities": {0: "N"}})
    with open(f"{out}/labels.csv", "w") as labels_file:
        labels_file.write("file,label\n")
        for k in range(10):
            np.save(f"{out}/digit_{k}.npy", test_x[k : k + 1])
            labels_file.write(f"digit_{k}.npy,{test_y[k]}\n")
    np.savez_compressed(f"{out}/test.npz", image=test_x, label=test_y)


main(sys.argv[1])
