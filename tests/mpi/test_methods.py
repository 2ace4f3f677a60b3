#!/usr/bin/env python3
"""Optimisers, schedules and regularisation: the same bits in every way to run them, exact resume,
early stopping.

  test_methods.py [VerifyCase | PartsCase | GoOnCase]
"""
import shutil
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from nntrain_test import Case, choices, metrics, nntrain, write_data  # noqa: E402
from test_ranks import samples  # noqa: E402

# Everything at once as far as it goes together, each method at least once.
METHODS = {
    "adam": "--optimizer adam --learning-rate 0.003 --clip-value 0.01 --l1 0.0001 --dropout 0.5 "
            "--shift 2 --flip --erase 0.5 --mixup 0.4",
    "adamw": "--optimizer adamw --layer-norm --schedule cosine --warmup 2steps --label-smoothing 0.1",
    "rmsprop": "--optimizer rmsprop --learning-rate 0.001 --momentum 0.5 --input-dropout 0.2 --noise 0.1",
    "adagrad": "--optimizer adagrad --schedule one-cycle --max-norm 1.5 --mixup 0.2 "
               "--label-smoothing 0.1 --class-weight balanced",
    "lars": "--optimizer lars --learning-rate 3 --weight-decay 0.001 --clip-norm 0.5",
    "lamb": "--optimizer lamb --weight-decay 0.01 --clip-norm 0.5 --dropout 0.3,0 --max-norm 2 "
            "--layer-norm",
    "batch-norm": "--batch-norm --dropout 0.2 --nesterov --weight-decay 0.001",
    "batch-norm-lars": "--batch-norm --optimizer lars --learning-rate 1 --clip-norm 0.5 --max-norm 2",
    "sgd": "--clip-norm 0.3 --clip-value 0.05 --l1 0.001 --schedule polynomial",
}


class MethodCase(Case):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data.h5"
        x, y = samples(203, 1, 65)
        write_data(self.data, train=(x.reshape(203, 5, 13), y), test=samples(70, 2, 65))

    def words(self, options, *, hidden="300,150", batch=96):
        return ["--data", f"{self.data}:train", "--hidden", hidden, "--batch-size", batch,
                "--activation", "gelu", *options.split()]

    def train(self, name, options, *flags, ranks=1, epochs=4, **settings):
        output = self.folder / name
        nntrain("train", "--quiet", "--validation", f"{self.data}:test", "--output", output,
                "--epochs", epochs, "--threads", 1, *self.words(options, **settings), *flags,
                ranks=ranks)
        return output

    def digest(self, run):
        return nntrain("inspect", run / "last.h5", "--digest").stdout.strip()


class VerifyCase(MethodCase):
    def test_every_way_to_run(self):
        """1 to 3 ranks, 1 and 2 threads, flat, every instruction set: 'verify' compares the bits."""
        for name, options in METHODS.items():
            with self.subTest(name):
                done = nntrain("verify", *self.words(options), "--epochs", 3, "--steps", 4,
                               "--thread-counts", "1,2", ranks=3, threads=2)
                self.assertIn("verdict: identical", done.stdout)

    def test_each_has_an_effect(self):
        alone = ("", *(f"--optimizer {kind} --learning-rate 0.01" for kind in choices("optimizer")),
            "--clip-norm 0.1", "--clip-value 0.001", "--l1 0.01", "--max-norm 0.5",
            "--dropout 0.5", "--dropout 0.5,0", "--input-dropout 0.5", "--label-smoothing 0.1",
            *(f"--norm {kind}" for kind in choices("norm") if kind != "none"), "--shift 1", "--flip", "--erase 0.5", "--noise 0.1", "--mixup 0.2",
            "--warmup 2steps", "--scale-learning-rate 64", "--schedule cosine", "--schedule polynomial", "--schedule one-cycle")
        runs = (self.train(str(i), options, epochs=1, hidden="20,10")
                for i, options in enumerate(alone))
        self.assertEqual(len({self.digest(run) for run in runs}), len(alone))


class PartsCase(MethodCase):
    """--accumulate changes no bit."""

    def check_parts(self, name, options, parts, **settings):
        whole = self.digest(self.train(name, options, epochs=2, **settings))
        for ranks, count in parts:
            run = self.train(f"{name}-{ranks}-{count}", f"{options} --accumulate {count}", epochs=2,
                             ranks=ranks, **settings)
            self.assertEqual(self.digest(run), whole, f"{ranks} ranks, {count} parts")

    def test_plain(self):
        self.check_parts("plain", "--granules 12", ((1, 2), (1, 3), (1, 7), (1, 12), (2, 4),
                                                    (3, 3), (3, 12)), hidden="33,17", batch=50)

    def test_many_partial_sums(self):
        """A rank with several partial sums, and parts with several of them too."""
        self.check_parts("odd", "--granules 23 --allreduce flat",
                         ((1, 5), (2, 3), (3, 4), (3, 7)), hidden="20", batch=64)

    def test_with_methods(self):
        self.check_parts("lamb", METHODS["lamb"], ((1, 4), (2, 2)))
        self.check_parts("rmsprop", METHODS["rmsprop"], ((1, 8), (3, 2)))
        self.check_parts("adam", METHODS["adam"], ((1, 3), (2, 2)))

    def test_refused(self):
        for options, words in (("--accumulate 5 --granules 4", "--accumulate 5, 4 granules"),
                               ("--accumulate 2 --reduction fast", "--reduction fast"),
                               ("--accumulate 2 --batch-norm", "--accumulate 2 with --norm batch")):
            done = nntrain("train", "--output", self.folder / "run", *self.words(options), code=2)
            self.assertIn(words, done.stderr)


class GoOnCase(MethodCase):
    settings = {"hidden": "33,17", "batch": 32}

    def test_exact_resume(self):
        """Two epochs on 2 ranks and two more on 3 are four on 1."""
        for name, options in METHODS.items():
            with self.subTest(name):
                if "cosine" in options or "polynomial" in options or "one-cycle" in options:
                    options += " --schedule-epochs 4"
                whole = self.train(name, options, **self.settings)
                run = self.train(f"{name}-in-two", options, ranks=2, epochs=2, **self.settings)
                self.train(run.name, options, "--resume", ranks=3, **self.settings)
                self.assertEqual(self.digest(run), self.digest(whole))
                for line, expected in zip(metrics(run), metrics(whole), strict=True):
                    for key in ("train_loss", "validation_loss", "learning_rate"):
                        self.assertEqual(line[key], expected[key])

    def test_goes_on_inside_an_epoch(self):
        """From a checkpoint after a step, on other ranks, as without an interruption."""
        for name in ("adam", "lamb", "rmsprop", "batch-norm"):
            with self.subTest(name):
                whole = self.train(name, METHODS[name], "--checkpoint-every", "3steps", "--keep", 0,
                                   **self.settings)
                run = self.folder / f"{name}-again"
                run.mkdir()
                shutil.copy(whole / "checkpoint-00001-00000002.h5", run)
                self.train(run.name, METHODS[name], "--resume", ranks=2, **self.settings)
                self.assertEqual(self.digest(run), self.digest(whole))

    def test_plateau_goes_on(self):
        options = "--schedule plateau --plateau-patience 0 --plateau-threshold 0.05 --learning-rate 0.3"
        whole = self.train("whole", options, epochs=8, **self.settings)
        rates = [line["learning_rate"] for line in metrics(whole)]
        self.assertLess(rates[-1], rates[0])
        for epochs in (3, 5, 8):
            self.train("run", options, "--resume", epochs=epochs, **self.settings)
        self.assertEqual([line["learning_rate"] for line in metrics(self.folder / "run")], rates)
        self.assertEqual(self.digest(self.folder / "run"), self.digest(whole))

    def test_early_stop(self):
        options = "--learning-rate 0.05 --patience 2 --min-delta 0.02 --checkpoint-every 50epochs"
        run = self.train("run", options, epochs=60, ranks=2, **self.settings)
        losses = [line["validation_loss"] for line in metrics(run)]
        self.assertLess(len(losses), 60)
        best, waited = np.inf, 0
        for loss in losses:
            self.assertLess(waited, 2)
            waited = 0 if loss < best - 0.02 else waited + 1
            best = loss if waited == 0 else best
        self.assertEqual(waited, 2)
        with h5py.File(run / "best.h5") as file:
            self.assertEqual(file["state"].attrs["epoch"], np.argmin(losses) + 1)
        with h5py.File(run / "last.h5") as file:
            self.assertEqual(file["state"].attrs["epoch"], len(losses))
        before = (run / "metrics.jsonl").read_text()
        self.train("run", options, "--resume", epochs=60, **self.settings)
        self.assertEqual((run / "metrics.jsonl").read_text(), before)

    def test_another_optimizer(self):
        self.train("run", "--optimizer adam", epochs=1, **self.settings)
        done = nntrain("train", "--output", self.folder / "run", "--resume", "--epochs", 2,
                       *self.words("--optimizer lamb", **self.settings), code=None)
        self.assertEqual(done.returncode, 2)
        self.assertIn("the checkpoint belongs to another optimizer", done.stderr)


if __name__ == "__main__":
    unittest.main()
