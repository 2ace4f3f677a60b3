#!/usr/bin/env python3
"""Time of a training step against batch size, width and depth, compared with the time of its arithmetic.

    pip install matplotlib
    scripts/plot_cost.py --nntrain build/src/nntrain --output cost.png

Each point is `nntrain bench step`; the line is the time of the step's multiply-adds at the highest peak
measured by any of the calls: on a busy machine a measured peak can be too low, never too high. The
points should follow the line, slightly above it.
"""
import argparse
import json
import subprocess

SWEEPS = {
    # name: (hidden layers, batch) for each value
    "batch, 784-512-512-10": [((512, 512), batch) for batch in (16, 32, 64, 128, 256, 512, 1024, 2048)],
    "width, 784-N-N-10, batch 256": [((n, n), 256) for n in (32, 64, 128, 256, 512, 1024, 2048)],
    "depth, N hidden layers of 512, batch 256": [((512,) * n, 256) for n in (1, 2, 3, 4, 6, 8, 12)],
}


def measure(arguments, hidden, batch):
    words = [arguments.nntrain, "bench", "step", "--json", "--seconds", str(arguments.seconds)]
    words += ["--hidden", ",".join(map(str, hidden)), "--batch-size", str(batch)]
    if arguments.threads:
        words += ["--threads", str(arguments.threads)]
    out = subprocess.run(words, check=True, capture_output=True, text=True)
    row = json.loads(out.stdout)
    return row["gflops"] * row["seconds"], row["seconds"], row["gflops"] / row["fraction"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nntrain", default="build/src/nntrain", help="path of nntrain")
    parser.add_argument("--threads", type=int, help="OpenMP threads")
    parser.add_argument("--seconds", type=float, default=1.0, help="approximate time per point")
    parser.add_argument("--output", default="cost.png", help="the image")
    arguments = parser.parse_args()
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot
    from matplotlib.ticker import NullFormatter

    figure, axes = pyplot.subplots(1, len(SWEEPS), figsize=(14, 4.2))
    found = {name: [measure(arguments, hidden, batch) for hidden, batch in points]
             for name, points in SWEEPS.items()}
    peak = max(row[2] for rows in found.values() for row in rows)
    for axis, (name, points) in zip(axes, SWEEPS.items()):
        rows = found[name]
        work = [row[0] for row in rows]
        axis.margins(x=0.08, y=0.12)
        axis.loglog(work, [1e3 * flop / peak for flop in work], "-", color="gray", label="arithmetic at peak")
        axis.loglog(work, [1e3 * row[1] for row in rows], "o", label="measured step")
        for (hidden, batch), row in zip(points, rows):
            label = batch if name.startswith("batch") else len(hidden) if name.startswith("depth") else hidden[0]
            axis.annotate(str(label), (row[0], 1e3 * row[1]), textcoords="offset points", xytext=(-9, 5), fontsize=7, ha="center")
            print(f"{name}: {label}: {1e3 * row[1]:.3f} ms, {100 * row[0] / row[1] / peak:.0f} % of peak", flush=True)
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("GFLOP per step")
        axis.set_ylabel("milliseconds")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(True, which="both", alpha=0.2)
        axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(arguments.output, dpi=130)


if __name__ == "__main__":
    main()
