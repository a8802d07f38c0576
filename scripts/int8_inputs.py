"""Real inputs for the models that int8 is measured on: calib.npz and test.npz with a leading sample axis, never sharing a sample.

    python3 scripts/int8_inputs.py DATA CIFAR OUT [NAME...]

DATA holds imagenet200/, faces/, mnist/ and speech/; CIFAR is the image folder with train/ and test/. Writes OUT/NAME/calib.npz
and OUT/NAME/test.npz (keys: input names, and label where a test has labels). Needs numpy and Pillow.
"""

import glob
import gzip
import os
import sys
import wave

import numpy as np
from PIL import Image


def picture(path):
    return Image.open(path).convert("RGB")


def planar(image):
    """uint8 [3, H, W] of an RGB picture."""
    return np.asarray(image).transpose(2, 0, 1)


def centre_crop(image, short, size):
    """The middle size x size pixels after the shorter side became `short` pixels."""
    scale = short / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BILINEAR)
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return image.crop((left, top, left + size, top + size))


def views(image):
    """A picture, its mirror image, and two crops of three quarters of each side."""
    width, height = image.size
    crop = lambda x, y: image.crop((x, y, x + width * 3 // 4, y + height * 3 // 4))
    return [image, image.transpose(Image.FLIP_LEFT_RIGHT), crop(width // 8, height // 8), crop(width // 4, 0)]


def letterbox(image, size=416):
    """YOLOX: aspect kept, upper left, the rest grey 114; BGR, 0 to 255."""
    scale = size / max(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BILINEAR)
    canvas = Image.new("RGB", (size, size), (114, 114, 114))
    canvas.paste(image, (0, 0))
    return planar(canvas)[::-1].astype(np.float32)


class Sources:
    """Where pictures, digits and sound lie."""

    def __init__(self, data, cifar):
        self.data, self.cifar = data, cifar
        self.imagenet = sorted(glob.glob(f"{data}/imagenet200/*.JPEG"))
        self.faces = sorted(glob.glob(f"{data}/faces/*.jpg"))

    def pictures_with_faces(self, count):
        """Two of the five face pictures calibrate and three test; so do disjoint `count` pictures of other things."""
        faces = [[view for path in part for view in views(picture(path))] for part in (self.faces[:2], self.faces[2:])]
        others = [[picture(path) for path in self.imagenet[start::2][:count]] for start in (0, 1)]
        return faces[0] + others[0], faces[1] + others[1]


def ultraface(sources):
    make = lambda image: (planar(image.resize((320, 240), Image.BILINEAR)).astype(np.float32) - 127) / 128
    return "input", [np.stack([make(image) for image in part]) for part in sources.pictures_with_faces(40)], None


def yolox(sources):
    return "images", [np.stack([letterbox(image) for image in part]) for part in sources.pictures_with_faces(40)], None


def squeezenet(sources):
    mean = np.array([104, 117, 123]).reshape(3, 1, 1)
    make = lambda path: (planar(centre_crop(picture(path), 256, 224))[::-1] - mean).astype(np.float16)
    parts = [np.stack([make(path) for path in sources.imagenet[start::2]]) for start in (0, 1)]
    return "data_0", parts, np.arange(1, len(sources.imagenet), 2) * 5


def superres(sources):
    make = lambda path: np.asarray(centre_crop(picture(path), 256, 224).convert("YCbCr"))[None, :, :, 0] / np.float32(255)
    parts = [np.stack([make(path) for path in paths]) for paths in (sources.imagenet[0::4], sources.imagenet[1::8])]
    return "input", parts, None


def digits(sources):
    with gzip.open(f"{sources.data}/mnist/t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28).astype(np.float32)
    with gzip.open(f"{sources.data}/mnist/t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    return "Input3", [images[:500], images[500:]], labels[500:]


def cifar_imgcls(sources):
    """Every hundredth training image calibrates, every fifth test image tests; -1 to 1."""
    parts, labels = [], []
    for part, step in (("train", 100), ("test", 5)):
        images = []
        for label, name in enumerate(sorted(os.listdir(f"{sources.cifar}/{part}"))):
            for path in sorted(glob.glob(f"{sources.cifar}/{part}/{name}/*.jpg"))[::step]:
                images.append(planar(picture(path)).astype(np.float32) / 127.5 - 1)
                labels += [label] if part == "test" else []
        parts.append(np.stack(images))
    return "modelInput", parts, np.array(labels)


def log_mel(samples, rate=16000, channels=40):
    """Log energies [T, 40] of 30 ms frames every 20 ms, less each channel's floor, in the range 0 to 26 of micro_speech's frontend."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, 480)[::320] * np.hanning(480)
    power = np.abs(np.fft.rfft(frames, 512)) ** 2
    mel = lambda hertz: 1127 * np.log1p(hertz / 700)
    centres = np.linspace(mel(125), mel(7500), channels + 2)
    position = mel(np.fft.rfftfreq(512, 1 / rate))[:, None]
    rising = (position - centres[:-2]) / (centres[1:-1] - centres[:-2])
    falling = (centres[2:] - position) / (centres[2:] - centres[1:-1])
    energy = np.log2(power @ np.clip(np.minimum(rising, falling), 0, None) + 1e-6)
    energy -= np.percentile(energy, 10, axis=0)
    return np.clip(energy * 1.6, 0, 26).astype(np.float32)


def keywords(sources):
    """Seconds of speech, 49 frames of 40 channels: the first half of the recording calibrates, the second tests."""
    with wave.open(f"{sources.data}/speech/silero_test.wav") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
    features = log_mel(samples)
    windows = np.lib.stride_tricks.sliding_window_view(features, 49, axis=0)[::7].transpose(0, 2, 1).reshape(-1, 1960)
    half = len(windows) // 2
    return "serving_default_input:0", [windows[: half - 7], windows[half:]], None


def robot(sources):
    """Observations of a walk: a first-order random process (pole 0.95) with the mean and spread that the policy normalises by."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(f"{sources.data}/models/go1_policy.onnx")
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    first = {node.op_type: node for node in reversed(model.graph.node) if node.op_type in ("Sub", "Mul")}
    mean, inverse = constants[first["Sub"].input[1]], constants[first["Mul"].input[1]]
    noise = np.random.default_rng(9).standard_normal((1500, 48))
    state = noise[0]
    rows = []
    for row in noise:
        state = 0.95 * state + np.sqrt(1 - 0.95**2) * row
        rows.append(mean + state / inverse)
    rows = np.asarray(rows, np.float32)
    return "obs", [rows[:500], rows[600:]], None


MODELS = {"ultraface_rfb320": ultraface, "yolox_nano": yolox, "squeezenet_fp16": squeezenet, "mnist_cntk8": digits,
          "winml_cifar_imgcls": cifar_imgcls, "micro_kws_fp32": keywords, "superres_10": superres, "go1_policy": robot}


def write(name, sources, out):
    """Makes one model's files where they do not stand yet."""
    if os.path.exists(f"{out}/{name}/test.npz"):
        return
    key, (calibration, test), labels = MODELS[name](sources)
    os.makedirs(f"{out}/{name}", exist_ok=True)
    np.savez(f"{out}/{name}/calib.npz", **{key: np.ascontiguousarray(calibration)})
    labelled = {} if labels is None else {"label": np.asarray(labels, np.int64)}
    np.savez(f"{out}/{name}/test.npz", **{key: np.ascontiguousarray(test)}, **labelled)
    print(name, key, calibration.dtype, calibration.shape, test.shape, f"{calibration.min():.4g} to {calibration.max():.4g}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    for model in sys.argv[4:] or MODELS:
        write(model, Sources(sys.argv[1], sys.argv[2]), sys.argv[3])
