"""How far a candidate's outputs lie from the reference's: cosine, SQNR, top-1, and boxes after decoding. Used by compare_int8.py."""

import numpy as np


def distance(reference, candidate):
    """Cosine, and SQNR in dB (10 log10 of signal power by error power), over all samples of one output."""
    a, b = (np.asarray(v, np.float64).ravel() for v in (reference, candidate))
    signal, error = a @ a, (a - b) @ (a - b)
    norms = np.sqrt(signal * (b @ b))
    return {"cosine": float(a @ b / norms) if norms else float(error == 0),
            "sqnr": float(10 * np.log10(signal / error)) if signal and error else float("inf" if not error else "-inf")}


def top1(scores):
    return np.asarray(scores).reshape(len(scores), -1).argmax(1)


def overlap(box, boxes):
    """Intersection over union of one box [4] with many [N, 4], corners as x0, y0, x1, y1."""
    corners = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(corners[1] - corners[0], 0, None).prod(1)
    area = lambda b: (b[..., 2:] - b[..., :2]).clip(0).prod(-1)
    return shared / np.maximum(area(box) + area(boxes) - shared, 1e-12)


def suppress(boxes, scores, classes, threshold):
    """Greedy non-maximum suppression within each class; rows (class, score, x0, y0, x1, y1), best first."""
    kept = []
    for index in scores.argsort(kind="stable")[::-1]:
        rivals = [k for k in kept if classes[k] == classes[index]]
        if not rivals or overlap(boxes[index], boxes[rivals]).max() < threshold:
            kept.append(index)
    return [(int(classes[k]), float(scores[k]), boxes[k]) for k in kept]


def ultraface_boxes(outputs, sample):
    """Scores above 0.7, suppression at 0.3, as in the network's own demonstration."""
    scores, boxes = outputs["scores"][sample, :, 1], outputs["boxes"][sample]
    chosen = scores > 0.7
    return suppress(boxes[chosen], scores[chosen], np.zeros(chosen.sum(), int), 0.3)


def yolox_boxes(outputs, sample, size=416, strides=(8, 16, 32)):
    """Grid offsets and strides applied (Ge et al. 2021, section 2.1); scores above 0.3, suppression at 0.45."""
    rows = outputs["output"][sample]
    cells = [(np.stack(np.meshgrid(np.arange(size // s), np.arange(size // s)), -1).reshape(-1, 2), s) for s in strides]
    grid = np.concatenate([cell for cell, _ in cells])
    stride = np.concatenate([np.full((len(cell), 1), s) for cell, s in cells])
    with np.errstate(over="ignore"):
        centre, extent = (rows[:, :2] + grid) * stride, np.exp(rows[:, 2:4]) * stride
    scores = rows[:, 4] * rows[:, 5:].max(1)
    chosen = scores > 0.3
    boxes = np.concatenate([centre - extent / 2, centre + extent / 2], 1)[chosen]
    return suppress(boxes, scores[chosen], rows[chosen, 5:].argmax(1), 0.45)


BOXES = {"ultraface_rfb320": ultraface_boxes, "yolox_nano": yolox_boxes}


def box_agreement(name, reference, candidate):
    """Each reference box takes its best unused candidate of its class. Mean IoU of those matched at 0.5 or more; counts."""
    decode, matched, wanted, found = BOXES[name], [], 0, 0
    for sample in range(len(next(iter(reference.values())))):
        expected, answers = decode(reference, sample), decode(candidate, sample)
        wanted, found = wanted + len(expected), found + len(answers)
        for kind, _, box in expected:
            rivals = [answer for answer in answers if answer[0] == kind]
            if not rivals:
                continue
            ious = overlap(box, np.stack([rival[2] for rival in rivals]))
            if ious.max() >= 0.5:
                matched.append(float(ious.max()))
                best = rivals[int(ious.argmax())]
                answers = [answer for answer in answers if answer is not best]
    return {"iou": float(np.mean(matched)) if matched else 0.0, "matched": len(matched), "expected": wanted, "found": found}


def judge(name, reference, candidate, labels):
    """All figures of one candidate. `labels` may be None."""
    result = {"outputs": {key: distance(reference[key], candidate[key]) for key in reference}}
    if name in BOXES:
        result["boxes"] = box_agreement(name, reference, candidate)
    if labels is not None:
        expected, answer = (top1(next(iter(outputs.values()))) for outputs in (reference, candidate))
        result["agreement"] = float((expected == answer).mean() * 100)
        result["accuracy"] = float((answer == labels).mean() * 100)
    return result
