#!/usr/bin/env python3
"""Curves of runs as a picture: losses, metrics, learning rate and speed by epoch.

    pip install matplotlib
    scripts/plot_metrics.py run other-run --output curves.png

Reads DIR/metrics.jsonl; the ending of --output chooses the format (png, svg, pdf).
"""
import argparse
import json
import sys
from pathlib import Path

PANELS = {
    "loss": ("train_loss", "validation_loss"),
    "accuracy": ("validation_accuracy", "validation_top_k_accuracy"),
    "F1, mean of the classes": ("validation_f1_macro",),
    "R2": ("validation_r2",),
    "mean absolute error": ("validation_mae",),
    "learning rate": ("learning_rate",),
    "samples a second": ("samples_per_second",),
}


def read(run):
    """The lines of a run's metrics; one that is being written is left out."""
    lines = []
    path = Path(run) / "metrics.jsonl"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        sys.exit(f"plot_metrics: cannot read the metrics: {path}: {error.strerror}; give the "
                 "--output directory of 'nntrain train'")
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    if not lines:
        sys.exit(f"plot_metrics: no epoch is done: {path}; wait for one")
    return lines


def points(lines, key):
    found = [(line["epoch"], line[key]) for line in lines if line.get(key) is not None]
    return tuple(zip(*found)) if found else None


def draw(axis, runs, keys):
    for number, (name, lines) in enumerate(runs.items()):
        for key in keys:
            curve = points(lines, key)
            if curve is None:
                continue
            style = {"linestyle": "--"} if key == "train_loss" or "top_k" in key else {}
            word = key.replace("_", " ")
            label = word if len(runs) == 1 else f"{name}, {word}" if len(keys) > 1 else name
            marker = "o" if len(curve[0]) == 1 else None
            axis.plot(*curve, color=f"C{number}", marker=marker, label=label, **style)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("runs", nargs="+", metavar="DIR", help="directory of a run")
    parser.add_argument("--output", default="curves.png", help="the picture (default %(default)s)")
    parser.add_argument("--log-loss", action="store_true", help="logarithmic axis for the loss")
    arguments = parser.parse_args()
    runs = {run: read(run) for run in arguments.runs}
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    panels = {title: keys for title, keys in PANELS.items()
              if any(points(lines, key) for lines in runs.values() for key in keys)}
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(5.2 * columns, 3.4 * rows),
                                   squeeze=False, layout="constrained")
    for axis, title in zip(axes.flat, panels):
        draw(axis, runs, panels[title])
        axis.set_title(title)
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
        if title == "loss" and arguments.log_loss:
            axis.set_yscale("log")
    for axis in list(axes.flat)[len(panels):]:
        axis.set_visible(False)
    figure.savefig(arguments.output, dpi=150)
    print(arguments.output)


if __name__ == "__main__":
    main()
