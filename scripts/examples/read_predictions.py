#!/usr/bin/env python3
"""Predictions read in Python: data written with h5py, a short training, and what came of it.

  ./read_predictions.py

Needs numpy and h5py. A network learns to tell from today's weather over a region whether a heat
wave begins; then its predictions are joined with the inputs, and the most doubtful are shown.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import h5py
    import numpy as np
except ImportError as missing:
    sys.exit(f"read_predictions.py: {missing}; install the packages python3-numpy and python3-h5py")

COLUMNS = ["z500 anomaly in m", "soil moisture", "T850 anomaly in K", "day of summer"]
CLASSES = ["ordinary", "hot", "heat wave"]
BUILT = Path(__file__).resolve().parents[2] / "build/src/nntrain"


def program():
    """nntrain: $NNTRAIN, else the one on the path, else that of the build."""
    found = shutil.which(os.environ.get("NNTRAIN", "nntrain")) or BUILT
    if not os.access(found, os.X_OK):
        sys.exit(f"read_predictions.py: no program at {found}; build it or set NNTRAIN")
    return os.path.abspath(found)


def run(*words):
    """Prints a command and runs it; what it says goes on to the terminal."""
    print("\n$", *words, flush=True)
    environment = dict(os.environ)
    if os.geteuid() == 0:  # Open MPI refuses root unless told twice
        environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    subprocess.run(words, env=environment, check=True)


def make_weather(days):
    """Inputs [days, 4] and classes [days] of invented summers: highs over dry ground get hot."""
    random = np.random.default_rng(1)
    x = np.column_stack([random.normal(0, 60, days), random.uniform(0.1, 0.4, days),
                         random.normal(0, 3, days), random.integers(0, 92, days)])
    season = np.sin(np.pi * x[:, 3] / 92)
    heat = x[:, 0] / 60 + x[:, 2] / 3 + 8 * (0.25 - x[:, 1]) + season + random.normal(0, 0.1, days)
    return x.astype(np.float32), np.digitize(heat, [1.0, 2.5])


def show_results(x, y, predictions):
    """Accuracy, and the days whose two most probable classes are closest."""
    with h5py.File(predictions) as file:
        probability = file["output"][:]  # [days, classes]
        predicted = file["class"][:]  # [days]
        row = file["row"][:]  # where each day stands in the data set
        names = list(file.attrs["class_names"])
    x, y = x[row], y[row]
    print(f"\n{len(row)} days that it was not trained on, accuracy {np.mean(predicted == y):.4f}")
    ordered = np.sort(probability, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    print("\nThe most doubtful days\n   row", *(f"{name:>18}" for name in COLUMNS),
          "  class      predicted  probability")
    for i in np.argsort(margin, kind="stable")[:5]:
        print(f"{row[i]:6}", *(f"{value:18.2f}" for value in x[i]),
              f"  {names[y[i]]:9}  {names[predicted[i]]:9}  {probability[i, predicted[i]]:11.3f}")
    wrong = predicted != y
    doubtful = margin <= np.quantile(margin, 0.1)
    print(f"\nWrong: {np.mean(wrong[doubtful]):.0%} of the most doubtful tenth, "
          f"{np.mean(wrong[~doubtful]):.1%} of the others")


def main():
    nntrain = program()
    folder = Path("nntrain-examples/read_predictions")
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    print(f"Everything that this example makes lies in {os.getcwd()}")
    shutil.rmtree("run", ignore_errors=True)  # of an earlier start

    x, y = make_weather(5000)
    with h5py.File("weather.h5", "w") as file:
        file["x"], file["y"] = x, y
        file.attrs["class_names"] = CLASSES

    run("mpirun", "--oversubscribe", "--bind-to", "none", "-np", "2", nntrain, "train",
        "--data", "weather.h5", "--split", "0.8", "--normalize", "standardize", "--hidden", "32",
        "--epochs", "30", "--learning-rate", "0.05", "--output", "run", "--quiet")
    # The days that --split set aside; --part all would predict every day.
    run(nntrain, "predict", "--checkpoint", "run", "--data", "weather.h5", "--split", "0.8",
        "--part", "validation", "--output", "predictions.h5")
    show_results(x, y, "predictions.h5")


if __name__ == "__main__":
    main()
