#!/usr/bin/env python3
"""Trains the keyword network of this sample on words that espeak-ng speaks, and writes keywords.onnx and stream.wav.

    python3 train.py        needs espeak-ng, numpy and torch; a minute or two on one thread

The network hears one second at 8 kHz as floats in [-1, 1] and gives the probabilities of LABELS. Its first convolution is
the filter bank, so that a program needs no spectrum of its own.
"""
import io
import subprocess
import wave
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import nn

RATE = 8000
WINDOW = 8000
KEYWORDS = ["yes", "no", "stop", "music"]
LABELS = ["silence", "other"] + KEYWORDS
OTHERS = """water seven table garden window paper orange doctor winter yellow people mother listen river happy mountain
    sing gold know store most use guess muse""".split()
VOICES = [f"{accent}{variant}" for accent in ["en", "en-us", "en-gb-scotland"]
          for variant in ["", "+f1", "+f2", "+f4", "+m1", "+m3", "+m5", "+m7"]]


def speak(word, voice, speed, pitch):
    """A word as floats at RATE, its silent ends cut off."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", word]
    sound = wave.open(io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout))
    samples = np.frombuffer(sound.readframes(10**8), np.int16).astype(np.float32) / 32768
    rate = sound.getframerate()
    # A short mean before taking every so many samples keeps what lies above the new rate out.
    width = max(1, round(rate / RATE))
    samples = np.convolve(samples, np.ones(width) / width, "same")
    times = np.arange(int(len(samples) * RATE / rate)) * rate / RATE
    samples = np.interp(times, np.arange(len(samples)), samples).astype(np.float32)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1] / np.abs(samples).max()


def place(sound, generator):
    """A window with the sound at a random place and loudness, over noise."""
    window = np.zeros(WINDOW, np.float32)
    if sound is not None:
        sound = sound[:WINDOW]
        start = generator.integers(0, WINDOW - len(sound) + 1)
        window[start : start + len(sound)] = sound * generator.uniform(0.2, 0.9)
    return window + generator.normal(0, 10 ** generator.uniform(-4, -1.7), WINDOW).astype(np.float32)


class Network(nn.Module):
    def __init__(self):
        super().__init__()

        def block(inputs, outputs, stride):
            return nn.Sequential(
                nn.Conv1d(inputs, inputs, 5, stride=stride, padding=2, groups=inputs, bias=False), nn.BatchNorm1d(inputs),
                nn.Conv1d(inputs, outputs, 1, bias=False), nn.BatchNorm1d(outputs), nn.ReLU())

        self.bank = nn.Sequential(nn.Conv1d(1, 32, 64, stride=32, bias=False), nn.BatchNorm1d(32), nn.ReLU())
        self.body = nn.Sequential(block(32, 40, 2), block(40, 48, 2), block(48, 56, 2), block(56, 64, 2))
        self.head = nn.Linear(64, len(LABELS))

    def forward(self, samples):
        return self.head(self.body(self.bank(samples)).amax(2))


def batch(sounds, size, generator):
    labels = generator.integers(0, len(LABELS), size)
    windows = [place(None if k == 0 else sounds[k][generator.integers(len(sounds[k]))], generator) for k in labels]
    return torch.from_numpy(np.stack(windows))[:, None], torch.from_numpy(labels)


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    generator = np.random.default_rng(1)
    jobs = []
    for label, words in [(1, OTHERS)] + [(k + 2, [word]) for k, word in enumerate(KEYWORDS)]:
        for word in words:
            # Some of the voices for each of the other words: there are many of them.
            for voice in VOICES if label > 1 else VOICES[:: 3]:
                for speed in [130, 160, 190] if label > 1 else [150]:
                    jobs.append((label, word, voice, speed, int(generator.integers(30, 70))))
    with ThreadPoolExecutor(2) as pool:
        spoken = list(pool.map(lambda job: speak(*job[1:]), jobs))
    train, test = [[] for _ in LABELS], [[] for _ in LABELS]
    for k, (job, sound) in enumerate(zip(jobs, spoken)):
        (test if k % 8 == 0 else train)[job[0]].append(sound)
    network = Network()
    steps = 700
    optimizer = torch.optim.AdamW(network.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, total_steps=steps)
    for step in range(steps):
        windows, labels = batch(train, 64, generator)
        loss = nn.functional.cross_entropy(network(windows), labels, label_smoothing=0.02)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    network.eval()
    with torch.no_grad():
        windows, labels = batch(test, 600, generator)
        print(f"right {100 * (network(windows).argmax(1) == labels).float().mean():.1f} % of 600 windows")
    model = nn.Sequential(network, nn.Softmax(1)).eval()
    torch.onnx.export(model, torch.zeros(1, 1, WINDOW), "keywords.onnx", input_names=["sound"],
                      output_names=["probabilities"], opset_version=13)

    # The stream: words of a held-out speed with pauses between them.
    stream = [np.zeros(RATE // 2, np.float32)]
    for word in ["yes", "garden", "stop", "music", "no"]:
        stream += [0.6 * speak(word, "en-us", 145, 50), np.zeros(RATE // 2, np.float32)]
    samples = np.concatenate(stream) + generator.normal(0, 0.002, sum(map(len, stream)))
    with wave.open("stream.wav", "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32000).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
