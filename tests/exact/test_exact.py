#!/usr/bin/env python3
"""Bitwise reproducibility: parameters, and every loss and metric.

  test_exact.py [MatrixCase | InterruptedCase | StreamedCase | RandomCase | FashionCase]

RandomCase makes up networks, settings and interruptions from a seed that it prints;
NNT_TEST_SEED repeats one, NNT_TEST_CASES makes more than a few.
"""
import os
import random
import shutil
import sys
import time
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import Case, choices, metrics, nntrain, skip, write_data  # noqa: E402

SEED = int(os.environ.get("NNT_TEST_SEED", time.time_ns() % 1000000))
CASES = int(os.environ.get("NNT_TEST_CASES", "3"))
# What a run says of itself, rather than of what it computed; and the seconds of all its parts.
CIRCUMSTANCES = {"seconds", "samples_per_second", "ranks", "threads"}
FEATURES, CLASSES = 33, 4


def samples(count, seed):
    """Bytes in classes that lie apart, with some overlap."""
    numbers = np.random.RandomState(seed)
    centres = 128 + 30 * np.random.RandomState(0).randn(CLASSES, FEATURES)
    y = numbers.permutation(np.arange(count) % CLASSES)
    x = centres[y] + 30 * numbers.randn(count, FEATURES)
    return np.clip(x, 0, 255).astype(np.uint8), y


def instruction_sets():
    """Those with fused multiply-add that this CPU has."""
    return [isa for isa in ("avx2", "avx512", "neon")
            if nntrain("--version", env={"NNTRAIN_ISA": isa}, code=None).returncode == 0]


class ExactCase(Case):
    """Runs on a data set whose sizes no number of ranks divides, large enough that steps are tried
    with several threads."""

    settings = {"hidden": "65,40", "learning-rate": 0.02, "batch-size": 64, "epochs": 4}

    def setUp(self):
        super().setUp()
        self.runs = 0
        self.data = self.folder / "data.h5"
        write_data(self.data, train=samples(1031, 1), test=samples(517, 2))

    def train(self, output, *flags, ranks=1, threads=1, env=None, **settings):
        given = {key.replace("_", "-"): value for key, value in settings.items()}
        options = {**self.settings, **given, "threads": threads}
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        nntrain("train", "--quiet", "--data", f"{self.data}:train", "--validation",
                f"{self.data}:test", "--output", output, *words, *flags, ranks=ranks,
                threads=threads, env=env)
        return output

    def bits(self, run):
        """All that must be the same."""
        digest = nntrain("inspect", run / "last.h5", "--digest").stdout.strip()
        lines = [{key: value for key, value in line.items()
                  if key not in CIRCUMSTANCES and not key.endswith("_seconds")}
                 for line in metrics(run)]
        return digest, lines

    def new(self, *flags, **how):
        """The bits of a run in a new folder."""
        self.runs += 1
        return self.bits(self.train(self.folder / f"run-{self.runs}", *flags, **how))

    def broken_off(self, run, checkpoint):
        """The folder of a run that ended right after this checkpoint."""
        self.runs += 1
        folder = self.folder / f"broken-{self.runs}"
        folder.mkdir()
        shutil.copy(checkpoint, folder)
        shutil.copy(run / "metrics.jsonl", folder)
        return folder

    def go_on(self, run, choose, layouts, *flags, **settings):
        """Interrupts and resumes once per layout; returns the last folder."""
        for ranks, threads in layouts:
            checkpoints = sorted(run.glob("checkpoint-*.h5"))
            run = self.broken_off(run, choose(checkpoints))
            self.train(run, "--resume", *flags, ranks=ranks, threads=threads, keep=0,
                       checkpoint_every="5steps", **settings)
        return run


class MatrixCase(ExactCase):
    def test_ranks_and_threads(self):
        expected = self.new()
        self.assertEqual(len(expected[1]), 4)
        self.assertLess(expected[1][-1]["train_loss"], 0.7 * expected[1][0]["train_loss"])
        for ranks in (1, 2, 3, 4, 7):
            for threads in (1, 2, 3):
                for allreduce in ("auto", "flat") if ranks > 1 else ("auto",):
                    how = {"ranks": ranks, "threads": threads, "allreduce": allreduce}
                    self.assertEqual(self.new(**how), expected, how)

    def test_more_ranks_than_granules(self):
        expected = self.new(granules=2, epochs=2)
        for allreduce in ("auto", "flat"):
            how = {"granules": 2, "epochs": 2, "allreduce": allreduce}
            for ranks in (2, 3, 4):
                self.assertEqual(self.new(ranks=ranks, **how), expected, (ranks, allreduce))

    def test_batch_normalisation(self):
        """Statistics over all ranks, also of a last batch of one sample and with idle ranks."""
        for settings in ({"batch_size": 103}, {"granules": 2, "epochs": 2}):
            expected = self.new("--batch-norm", **settings)
            for ranks, threads in ((1, 2), (2, 1), (3, 2), (4, 1), (7, 1)):
                for allreduce in ("auto", "flat"):
                    how = {"ranks": ranks, "threads": threads, "allreduce": allreduce}
                    self.assertEqual(self.new("--batch-norm", **settings, **how), expected, how)

    def test_other_granules_are_another_sum(self):
        """Otherwise nothing here would prove anything."""
        self.assertNotEqual(self.new(epochs=1)[0], self.new(epochs=1, granules=1)[0])

    def test_instruction_sets(self):
        supported = instruction_sets()
        if len(supported) < 2:
            self.skipTest(f"this CPU has only {supported}")
        for activation in ("relu", "gelu", "tanh"):
            flags = ("--batch-norm",) if activation == "gelu" else ()
            expected = self.new(*flags, activation=activation)
            for isa in supported:
                for ranks in (1, 3):
                    found = self.new(*flags, activation=activation, ranks=ranks,
                                     env={"NNTRAIN_ISA": isa})
                    self.assertEqual(found, expected, (activation, isa, ranks))

    def test_eval_and_predict(self):
        run = self.train(self.folder / "run")
        data = ("--checkpoint", run, "--data", f"{self.data}:test")
        csv = self.folder / "predictions.csv"
        first = None
        for ranks, threads in ((1, 1), (1, 3), (2, 1), (3, 2), (4, 1), (7, 1)):
            layout = {"ranks": ranks, "threads": threads}
            text = nntrain("eval", "--json", *data, **layout).stdout
            nntrain("predict", *data, "--output", csv, **layout)
            first = first or (text, csv.read_bytes())
            self.assertTrue((text, csv.read_bytes()) == first, layout)


class InterruptedCase(ExactCase):
    """Broken off early, in the middle and late, and again and again."""

    def test_layouts(self):
        whole = self.train(self.folder / "whole", keep=0, checkpoint_every="5steps")
        self.assertGreater(len(list(whole.glob("checkpoint-*-*.h5"))), 10)
        layouts = ((3, 1), (1, 2), (4, 1), (2, 2))
        for name, choose in (("first", lambda all: all[0]), ("middle", lambda all: all[len(all) // 2]),
                             ("late", lambda all: all[-2])):
            run = self.go_on(whole, choose, layouts)
            self.assertEqual(self.bits(run), self.bits(whole), name)


class StreamedCase(ExactCase):
    """The windowed order is the same order for data in memory and for data that passes through."""

    windows = {"shuffle": "windowed", "shuffle_block": 16, "shuffle_window": 256}

    def test_modes(self):
        expected = self.new(data_mode="resident", **self.windows)
        for io in ("independent", "collective"):
            for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 1), (4, 1)):
                how = {"data_mode": "streaming", "io": io, "ranks": ranks, "threads": threads}
                self.assertEqual(self.new(**how, **self.windows), expected, how)

    def test_interrupted(self):
        settings = {"data_mode": "streaming", **self.windows}
        whole = self.train(self.folder / "whole", keep=0, checkpoint_every="5steps", **settings)
        run = self.go_on(whole, lambda all: all[len(all) // 3], ((2, 1), (3, 1)), **settings)
        self.assertEqual(self.bits(run), self.bits(whole))

    def test_eval(self):
        run = self.train(self.folder / "run")
        data = ("eval", "--json", "--checkpoint", run, "--data", f"{self.data}:test")
        expected = nntrain(*data).stdout
        for ranks in (1, 2, 3):
            found = nntrain(*data, "--data-mode", "streaming", ranks=ranks).stdout
            self.assertEqual(found, expected)


class RandomCase(ExactCase):
    """Anything with anything."""

    def settings_of(self, numbers):
        batch = numbers.choice((1, 7, 16, 50, 64, 129, 1031))
        settings = {
            "hidden": ",".join(str(numbers.randint(1, 90)) for _ in range(numbers.randint(1, 4))),
            "activation": numbers.choice(choices("activation")),
            "loss": numbers.choice(("cross-entropy", "quadratic")),
            "learning_rate": 0.01 * min(1.0, batch / 32),
            "momentum": numbers.choice((0, 0.5, 0.9)),
            "weight_decay": numbers.choice((0, 0.001)),
            "clip_norm": numbers.choice((0, 0.3)),
            "batch_size": batch,
            "epochs": 1 if batch < 16 else 3,
            "seed": numbers.randint(0, 1000),
            "check_every": numbers.choice((0, 1, 10)),
        }
        if numbers.random() < 0.5:
            settings["granules"] = numbers.randint(1, batch)
        if numbers.random() < 0.5:
            block = numbers.choice((1, 8, 31, 64))
            window = block * numbers.randint(-(-batch // block) + 1, 4 + -(-batch // block))
            if window + batch <= 1031:
                settings.update(shuffle="windowed", shuffle_block=block, shuffle_window=window)
        return settings

    def layout(self, numbers):
        return numbers.choice(((1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1), (4, 1), (5, 1), (7, 1)))

    def check(self, numbers):
        settings = self.settings_of(numbers)
        flags = numbers.choice(((), ("--layer-norm",), ("--batch-norm",)))
        whole = self.train(self.folder / f"whole-{self.runs}", *flags, keep=0,
                           checkpoint_every="5steps", **settings)
        expected = self.bits(whole)
        ranks, threads = self.layout(numbers)
        how = {"ranks": ranks, "threads": threads, "allreduce": numbers.choice(("auto", "flat"))}
        if "shuffle" in settings:
            how["data_mode"] = numbers.choice(("resident", "streaming"))
        self.assertEqual(self.new(*flags, **settings, **how), expected,
                         f"seed {SEED}: {flags} {settings} {how}")
        layouts = [self.layout(numbers) for _ in range(numbers.randint(1, 3))]
        run = self.go_on(whole, numbers.choice, layouts, *flags, **settings)
        self.assertEqual(self.bits(run), expected, f"seed {SEED}: {flags} {settings} {layouts}")

    def test_layouts(self):
        print(f"seed {SEED}, {CASES} cases", flush=True)
        for case in range(CASES):
            self.check(random.Random(SEED * 1000 + case))


class FashionCase(ExactCase):
    """An epoch of real data."""

    settings = {"hidden": "64,32", "epochs": 1}

    def test_layouts(self):
        folder = Path(os.environ.get("NNTRAIN_FASHION_DIR", "/usr/share/datasets/fashion-mnist"))
        if not folder.is_dir():
            skip(f"no Fashion-MNIST in {folder}")
        for group, prefix in (("train", "train"), ("test", "t10k")):
            nntrain("convert", folder / f"{prefix}-images-idx3-ubyte.gz",
                    folder / f"{prefix}-labels-idx1-ubyte.gz", "--output",
                    f"{self.folder / 'fashion.h5'}:{group}")
        self.data = self.folder / "fashion.h5"
        expected = self.new()
        self.assertGreater(expected[1][-1]["validation_accuracy"], 0.75)
        for ranks, threads in ((1, 2), (2, 1), (4, 1)):
            self.assertEqual(self.new(ranks=ranks, threads=threads), expected, (ranks, threads))


if __name__ == "__main__":
    unittest.main()
