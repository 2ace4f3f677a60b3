#!/usr/bin/env python3
"""Plots the curves of runs: losses, metrics, learning rate and speed per epoch.

    pip install matplotlib
    scripts/plot_metrics.py run other-run --output curves.png

Reads DIR/metrics.jsonl; the extension of --output selects the format (png, svg, pdf).
"""
import argparse
import json
import sys
from pathlib import Path

PANELS = {
    "loss": ("train_loss", "validation_loss"),
    "accuracy": ("validation_accuracy", "validation_top_k_accuracy"),
    "macro F1": ("validation_f1_macro",),
    "R2": ("validation_r2",),
    "mean absolute error": ("validation_mae",),
    "learning rate": ("learning_rate",),
    "samples per second": ("samples_per_second",),
}


def read(run):
    """The lines of a run's metrics, without one that is being written."""
    lines = []
    path = Path(run) / "metrics.jsonl"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        sys.exit(f"plot_metrics: cannot read the metrics: {path}: {error.strerror}; give the "
                 "--output directory of 'nntrain train'")
    for line in text.splitlines():
        try:
            values = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(values, dict) and "epoch" in values:
            lines.append(values)
    if not lines:
        sys.exit(f"plot_metrics: no epoch is finished: {path}; wait for one")
    return lines


def points(lines, key):
    found = [(line["epoch"], line[key]) for line in lines if line.get(key) is not None]
    return tuple(zip(*found)) if found else None


def draw(axis, runs, keys):
    for number, lines in enumerate(runs.values()):
        for key in keys:
            curve = points(lines, key)
            if curve is None:
                continue
            style = {"linestyle": "--"} if key == "train_loss" or "top_k" in key else {}
            label = key.replace("_", " ")
            marker = "o" if len(curve[0]) == 1 else None
            axis.plot(*curve, color=f"C{number}", marker=marker, label=label, **style)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("runs", nargs="+", metavar="DIR", help="run directory")
    parser.add_argument("--output", default="curves.png", help="the image (default %(default)s)")
    parser.add_argument("--log-loss", action="store_true", help="logarithmic axis for the loss")
    arguments = parser.parse_args()
    runs = {run: read(run) for run in arguments.runs}
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.lines import Line2D
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
        if len(runs) == 1:
            axis.legend(fontsize=8)
        elif title == "loss":
            axis.set_title("loss (dashed: training)")
        elif any(points(lines, "validation_top_k_accuracy") for lines in runs.values()) and \
                title == "accuracy":
            axis.set_title("accuracy (dashed: top-k)")
        if title == "loss" and arguments.log_loss:
            axis.set_yscale("log")
    for axis in list(axes.flat)[len(panels):]:
        axis.set_visible(False)
    if len(runs) > 1:
        lines = [Line2D([], [], color=f"C{number}", label=name) for number, name in enumerate(runs)]
        figure.legend(handles=lines, loc="outside lower center", fontsize=8)
    figure.savefig(arguments.output, dpi=150)
    print(arguments.output)


if __name__ == "__main__":
    main()
