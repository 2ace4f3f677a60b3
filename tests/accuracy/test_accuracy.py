#!/usr/bin/env python3
"""Accuracy on the test set after the last epoch, against published results.

  test_accuracy.py CASE [SEED]    default seed 1; 'all' is every case

NNTRAIN_MNIST_DIR and NNTRAIN_FASHION_DIR are the folders with the four .gz files of MNIST and
Fashion-MNIST (the latter by default where Debian's dataset-fashion-mnist puts it); without the data
the test is skipped. It is the last checkpoint that is measured: nothing is chosen on the test set.
"""
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import nntrain, skip  # noqa: E402

FASHION_DIR = "/usr/share/datasets/fashion-mnist"
FILES = {
    group: (f"{prefix}-images-idx3-ubyte.gz", f"{prefix}-labels-idx1-ubyte.gz")
    for group, prefix in (("train", "train"), ("test", "t10k"))
}


@dataclass
class Case:
    """The least accuracy that is expected with these options of nntrain train; `phases` are
    (learning rate, up to which epoch), each after the first with --resume."""

    data: str
    least: float
    options: str
    phases: tuple
    ranks: int = 2
    threads: int = 1


CASES = {
    # Nielsen, Neural Networks and Deep Learning, chapter 1: 95.42 %
    "mnist-quadratic": Case(
        "mnist",
        0.950,
        "--hidden 30 --activation sigmoid --loss quadratic --init fan-in --momentum 0"
        " --batch-size 10",
        ((3.0, 30),),
    ),
    # Nielsen, chapter 3: 97.92 %. Here with a softmax output, and a lower rate at the end in place
    # of his 60 epochs; weight decay is his lambda = 5, over the 60000 samples.
    "mnist-cross-entropy": Case(
        "mnist",
        0.977,
        "--hidden 100 --activation sigmoid --loss cross-entropy --init fan-in --momentum 0"
        " --weight-decay 8.333e-5 --batch-size 10",
        ((0.1, 20), (0.01, 25)),
    ),
    "mnist-two-hidden-layers": Case(
        "mnist",
        0.93,
        "--hidden 16,16 --activation sigmoid --init fan-in --momentum 0 --batch-size 10",
        ((0.1, 15),),
    ),
    "fashion-mnist-relu": Case(
        "fashion",
        0.885,
        "--hidden 256,128,100 --activation relu --momentum 0.9 --weight-decay 1e-4"
        " --batch-size 128",
        ((0.03, 12), (0.003, 16)),
        ranks=1,
        threads=2,
    ),
}


def find_data(name):
    """The folder of a data set."""
    variable = f"NNTRAIN_{name.upper()}_DIR"
    folder = os.environ.get(variable) or (FASHION_DIR if name == "fashion" else None)
    if folder is None:
        skip(f"{variable} does not say where the data set is")
    files = [file for pair in FILES.values() for file in pair]
    missing = [file for file in files if not (Path(folder) / file).exists()]
    if missing:
        skip(f"{folder} has no {missing[0]}; {variable} names the folder of the data set")
    return Path(folder)


def run_case(name, seed):
    """Whether the case reaches its accuracy."""
    case = CASES[name]
    source = find_data(case.data)
    layout = {"ranks": case.ranks, "threads": case.threads}
    with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:
        data, run = Path(folder) / "data.h5", Path(folder) / "run"
        for group, pair in FILES.items():
            nntrain("convert", *(source / file for file in pair), "--output", f"{data}:{group}")
        started = time.monotonic()
        for rate, epochs in case.phases:
            nntrain("train", "--quiet", "--data", f"{data}:train", "--output", run, "--resume",
                    "--seed", seed, "--threads", case.threads, *case.options.split(),
                    "--learning-rate", rate, "--epochs", epochs, **layout)
        seconds = time.monotonic() - started
        text = nntrain("eval", "--json", "--checkpoint", run / "last.h5", "--data",
                       f"{data}:test", **layout).stdout
    accuracy = json.loads(text)["accuracy"]
    print(f"{name}, seed {seed}: accuracy {accuracy:.4f}, at least {case.least:.3f} expected; "
          f"trained in {seconds:.1f} s", flush=True)
    return accuracy >= case.least


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    names = list(CASES) if wanted == "all" else [wanted]
    return 0 if all([run_case(name, seed) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
