#!/usr/bin/env python3
"""Makes the pictures of fixtures/ and what Pillow makes of them (expected.json). Needs Pillow and NumPy; run it in this folder.

Pillow scales rows first only where that is cheaper; the sizes here are ones where it does, as the preprocessing always does.
"""
import json
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

out = Path(__file__).parent / "fixtures"
out.mkdir(exist_ok=True)
rng = np.random.default_rng(7)


def smooth(height, width, channels):
    """A picture of slow waves with a little noise, which survives JPEG."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 90 * np.sin(0.31 * (c + 1) * x + 0.17 * y + c) + rng.integers(-8, 9, (height, width)) for c in range(channels)]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


color, gray = smooth(14, 20, 3), smooth(11, 9, 1)
rgb, luma = Image.fromarray(color), Image.fromarray(gray[:, :, 0])
rgb.save(out / "color.png")
luma.save(out / "gray.png")
rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=16).save(out / "palette.png")
alpha = Image.fromarray(np.dstack([color, rng.integers(0, 256, color.shape[:2], dtype=np.uint8)]))
alpha.save(out / "alpha.png")
Image.fromarray((gray[:, :, 0].astype(np.uint16) * 257)).save(out / "gray16.png")
rgb.save(out / "color.jpg", quality=90)
rgb.save(out / "progressive.jpg", quality=80, progressive=True)
luma.save(out / "gray.jpg", quality=90)
rgb.convert("CMYK").save(out / "cmyk.jpg", quality=95)

expected = {}
for name in ["color.png", "gray.png", "palette.png", "alpha.png", "color.jpg", "progressive.jpg", "gray.jpg"]:
    image = Image.open(out / name)
    image = image.convert("L" if image.mode in ("L", "I;16") else "RGB")
    pixels = np.asarray(image)
    expected[name] = {"shape": list(pixels.shape[:2]) + [1 if pixels.ndim == 2 else 3], "crc": zlib.crc32(pixels.tobytes())}
expected["gray16.png"] = {"shape": [11, 9, 1], "crc": zlib.crc32(gray.tobytes())}


def planes(image):
    array = np.asarray(image)
    return (array[:, :, None] if array.ndim == 2 else array).transpose(2, 0, 1).reshape(-1).tolist()


shrunk = rgb.resize((11, 8), Image.BILINEAR)
expected["resize"] = {
    "exact": planes(shrunk),
    "grown": planes(rgb.resize((23, 17), Image.BILINEAR)),
    "gray": planes(rgb.convert("L").resize((11, 8), Image.BILINEAR)),
    # The shorter side 10 gives 10 x 14; the middle 7 x 8 of it begins at row 2 (1.5 to even) and column 3.
    "crop": planes(rgb.resize((14, 10), Image.BILINEAR).crop((3, 2, 11, 9))),
}
(out / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
