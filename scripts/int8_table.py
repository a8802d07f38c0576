"""The comparison's figures as text. Used by compare_int8.py."""

import statistics


def grid(rows):
    """Columns as wide as their widest cell, the first to the left, the others to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths))) for row in rows]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def verdict(own, best, slack=0.0):
    """Whether dlc reaches the best peer; empty without a figure."""
    return "" if own is None or best is None else "yes" if own >= best - slack else "NO"


def engines_of(figures, prefixes):
    """Engines in order of first appearance whose names begin with one of the prefixes."""
    names = []
    for row in figures.values():
        names += [name for name in row if name.startswith(prefixes) and name not in names]
    return [name for name in names if name != "f32"]


def figure(row, engine, *path):
    """A number inside an engine's figures, or None."""
    value = row.get(engine)
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def accuracies(figures):
    """Top-1 in percent with the drop from f32 in points."""
    labelled = {name: row for name, row in figures.items() if figure(row, "f32", "accuracy") is not None}
    if not labelled:
        return ""
    engines = [*engines_of(labelled, ("ORT", "NNCF")), "dlc"]
    rows = [["top-1 % (drop)", "f32", *engines, "dlc no worse than best"]]
    for name, row in labelled.items():
        base = row["f32"]["accuracy"]
        cells, best = [], None
        for engine in engines:
            value = figure(row, engine, "accuracy")
            cells.append("-" if value is None else f"{value:.2f} ({base - value:+.2f})")
            if value is not None and engine != "dlc":
                best = value if best is None else max(best, value)
        rows.append([name, f"{base:.2f}", *cells, verdict(figure(row, "dlc", "accuracy"), best, 1e-9)])
    return grid(rows) + "\n"


def means(figures, networks):
    """Top-1 over several calibration sets: mean and its standard error, and dlc's mean lead over each peer, set by set."""
    rows, engines = [], [*engines_of(figures, ("ORT", "NNCF")), "dlc"]
    for network in dict.fromkeys(networks.values()):
        sets = [row for name, row in figures.items() if networks[name] == network]
        values = {e: [figure(row, e, "accuracy") for row in sets] for e in engines}
        if len(sets) < 2 or None in values["dlc"]:
            continue
        spread = lambda v: f"{statistics.mean(v):.3f} +-{statistics.stdev(v) / len(v) ** 0.5:.3f}"
        full = {e: v for e, v in values.items() if None not in v}
        leads = {e: statistics.mean(own - peer for own, peer in zip(values["dlc"], v)) for e, v in full.items() if e != "dlc"}
        rows.append([network, str(len(sets)), f"{sets[0]['f32']['accuracy']:.2f}", *(spread(full[e]) if e in full else "-" for e in engines),
                     *(f"{leads[e]:+.3f}" if e in leads else "-" for e in engines[:-1]), verdict(min(leads.values(), default=None), 0)])
    if not rows:
        return ""
    return grid([["mean top-1 %", "sets", "f32", *engines, *(f"dlc - {e}" for e in engines[:-1]), "no worse"], *rows]) + "\n"


def distances(figures):
    """SQNR in dB and cosine by output."""
    engines = [*engines_of(figures, ("ORT", "NNCF")), "dlc"]
    text = ""
    for key, form, title in (("sqnr", "{:.2f}", "SQNR dB"), ("cosine", "{:.6f}", "cosine")):
        rows = [[title, *engines, "dlc no worse than best ORT"]]
        for name, row in figures.items():
            for output in figure(row, "f32", "outputs") or {}:
                values = [figure(row, engine, "outputs", output, key) for engine in engines]
                peers = [v for v, engine in zip(values, engines) if v is not None and engine.startswith("ORT")]
                best = max(peers) if peers else None
                cells = ["-" if v is None else form.format(v) for v in values]
                rows.append([f"{name} {output[:24]}", *cells, verdict(values[-1], best)])
        text += grid(rows) + "\n"
    return text


def decisions(figures):
    """Top-1 agreement with f32, and boxes."""
    rows = []
    engines = [*engines_of(figures, ("ORT", "NNCF")), "dlc"]
    for name, row in figures.items():
        if figure(row, "f32", "agreement") is not None:
            values = [figure(row, engine, "agreement") for engine in engines]
            rows.append([f"{name} agreement %", *["-" if v is None else f"{v:.2f}" for v in values]])
        if figure(row, "f32", "boxes"):
            boxes = [figure(row, engine, "boxes") for engine in engines]
            rows.append([f"{name} mean IoU", *["-" if b is None else f"{b['iou']:.4f}" for b in boxes]])
            counts = ["-" if b is None else f"{b['matched']}/{b['expected']} of {b['found']}" for b in boxes]
            rows.append([f"{name} boxes matched", *counts])
    return grid([["decisions", *engines], *rows]) + "\n" if rows else ""


def failures(figures):
    lines = [f"{name}: {engine} failed: {row[engine]['failed']}" for name, row in figures.items() for engine in row
             if "failed" in row[engine]]
    return "\n".join(lines) + "\n" if lines else ""


def text(figures, networks):
    """All tables. `networks`: which network each case's figures belong to."""
    return accuracies(figures) + means(figures, networks) + distances(figures) + decisions(figures) + failures(figures)
