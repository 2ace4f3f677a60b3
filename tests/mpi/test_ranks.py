#!/usr/bin/env python3
"""What must not depend on ranks, threads, instruction set and interruptions.

  test_ranks.py [LayoutsCase | DigestCase | ResumeCase | DamageCase]

All is the same to the bit, but for kernels without fused multiply-add: there losses agree to 1e-5
and weights to 1e-4, relative.
"""
import json
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import Case, choices, distance, metrics, nntrain, parameters, write_data  # noqa: E402

LOSS_TOLERANCE = 1e-5
WEIGHT_TOLERANCE = 1e-4
FEATURES, CLASSES = 13, 4


def samples(count, seed, features=FEATURES):
    """Classes that lie apart, with some overlap."""
    random = np.random.RandomState(seed)
    centres = np.random.RandomState(0).randn(CLASSES, features)
    y = random.permutation(np.arange(count) % CLASSES)
    return (centres[y] + random.randn(count, features)).astype(np.float32), y


def values(count, seed):
    """Two numbers that depend on the sample."""
    x, _ = samples(count, seed)
    return x, np.stack([np.sin(x[:, 0]) + x[:, 1], x[:, 2] * x[:, 3]], axis=1).astype(np.float32)


class RunCase(Case):
    """Runs on the data set data.h5, whose sizes no number of ranks divides."""

    settings = {
        "hidden": "33,17",
        "activation": "tanh",
        "learning-rate": 0.02,
        "momentum": 0.9,
        "batch-size": 32,
        "threads": 1,
    }

    def setUp(self):
        super().setUp()
        self.data = self.folder / "data.h5"
        write_data(self.data, train=samples(203, 1), test=samples(1031, 2))

    def train(self, name, *flags, ranks=1, env=None, **settings):
        """Trains for 6 epochs, unless told otherwise, in the folder `name`; returns the folder."""
        given = {name.replace("_", "-"): value for name, value in settings.items()}
        options = {"epochs": 6, **self.settings, **given}
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        output = self.folder / name
        self.done = nntrain("train", "--quiet", "--data", f"{self.data}:train", "--validation",
                            f"{self.data}:test", "--output", output, *words, *flags,
                            ranks=ranks, env=env)
        return output

    def digest(self, checkpoint, env=None):
        text = nntrain("inspect", checkpoint, "--digest", env=env).stdout.strip()
        self.assertRegex(text, "^[0-9a-f]{64}$")
        return text

    def last(self, run):
        return self.digest(run / "last.h5")

    def check_epochs(self, run, epochs):
        """Each epoch exactly once, in order."""
        self.assertEqual([line["epoch"] for line in metrics(run)], list(range(1, epochs + 1)))

    def check_same(self, run, expected):
        self.assertEqual(self.last(run), self.last(expected))
        ours, theirs = ([{key: line[key] for key in ("epoch", "step", "train_loss", "validation_loss")}
                         for line in metrics(of)] for of in (run, expected))
        self.assertEqual(ours, theirs)

    def check_close(self, run, expected):
        ours, theirs = metrics(run), metrics(expected)
        self.assertEqual(len(ours), len(theirs))
        for a, b in zip(ours, theirs):
            self.assertEqual((a["epoch"], a["step"]), (b["epoch"], b["step"]))
            for key in ("train_loss", "validation_loss"):
                self.assertLessEqual(abs(a[key] - b[key]), LOSS_TOLERANCE * b[key], (a, b))
        ours, theirs = parameters(run / "last.h5"), parameters(expected / "last.h5")
        self.assertEqual(list(ours), list(theirs))
        for name, array in theirs.items():
            self.assertLessEqual(distance(ours[name], array), WEIGHT_TOLERANCE, name)


class LayoutsCase(RunCase):
    """The same run at 1, 2, 3 and 4 ranks."""

    def check_layouts(self, **settings):
        one = self.train("1", **settings)
        self.check_epochs(one, settings.get("epochs", 6))
        for ranks in (2, 3, 4):
            run = self.train(str(ranks), ranks=ranks, **settings)
            self.assertEqual(metrics(run)[-1]["ranks"], ranks)
            self.check_same(run, one)
        return one

    def test_train(self):
        run = self.check_layouts()
        losses = [line["train_loss"] for line in metrics(run)]
        self.assertLess(losses[-1], 0.7 * losses[0])

    def test_fewer_samples_in_a_batch_than_ranks(self):
        self.check_layouts(batch_size=2, learning_rate=0.002, epochs=2)

    def test_fewer_samples_than_ranks(self):
        write_data(self.data, train=samples(3, 1), test=samples(1, 2))
        with h5py.File(self.data, "a") as file:
            file["train/y"][...] = (0, 3, 1)
        run = self.check_layouts()
        self.assertEqual(metrics(run)[-1]["step"], 6)
        self.check_measurements(run)

    def test_last_batch_of_one_sample(self):
        write_data(self.data, train=samples(97, 1), test=samples(257, 2))
        self.assertEqual(metrics(self.check_layouts())[-1]["step"], 24)

    def test_batch_larger_than_the_data_set(self):
        self.assertEqual(metrics(self.check_layouts(batch_size=1000))[-1]["step"], 6)

    def check_measurements(self, run, *words):
        """eval and predict: the same to the byte for every number of ranks and threads."""
        data = ("--checkpoint", run, "--data", f"{self.data}:test")
        first = None
        for ranks, threads in ((1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (2, 2), (1, 3)):
            layout = {"ranks": ranks, "threads": threads}
            file = self.folder / "eval.json"
            text = nntrain("eval", "--json", "--output", file, *data, *words, **layout).stdout
            self.assertEqual(file.read_text(), text)
            h5, csv = self.folder / "predictions.h5", self.folder / "predictions.csv"
            nntrain("predict", *data, "--output", h5, **layout)
            nntrain("predict", *data, "--output", csv, **layout)
            with h5py.File(h5) as made:
                arrays = {name: (made[name].dtype, made[name][()].tobytes()) for name in made}
            found = (text, arrays, csv.read_bytes())
            first = first or found
            self.assertEqual(found[0], first[0], layout)
            self.assertEqual(sorted(found[1]), sorted(first[1]), layout)
            self.assertTrue(found == first, f"other predictions with {layout}")
        return json.loads(text)

    def test_eval_and_predict(self):
        run = self.train("run", ranks=2)
        found = self.check_measurements(run, "--top-k", 2)
        self.assertEqual(found["samples"], 1031)
        best = min(metrics(run), key=lambda line: line["validation_loss"])
        self.assertEqual(found["loss"], best["validation_loss"])
        self.assertEqual(found["accuracy"], best["validation_accuracy"])

    def test_eval_and_predict_of_values(self):
        write_data(self.data, train=values(203, 1), test=values(1031, 2))
        run = self.train("run", loss="mse", ranks=3)
        found = self.check_measurements(run)
        best = min(metrics(run), key=lambda line: line["validation_loss"])
        self.assertEqual(found["mse"], best["validation_mse"])


class DigestCase(RunCase):
    """The bits of the parameters, with layers large enough for more than one thread."""

    settings = {
        "hidden": "513,300",
        "learning-rate": 0.01,
        "batch-size": 96,
        "threads": 1,
        "epochs": 2,
    }

    def setUp(self):
        super().setUp()
        write_data(self.data, train=samples(203, 1, 65), test=samples(300, 2, 65))

    def test_repeated(self):
        for ranks in (1, 2, 3, 4):
            runs = [self.train(f"{ranks}-{time}", ranks=ranks) for time in ("first", "second")]
            self.assertEqual(self.last(runs[0]), self.last(runs[1]), f"{ranks} ranks")

    def test_seed(self):
        self.assertNotEqual(self.last(self.train("1")), self.last(self.train("2", seed=2)))

    def test_threads(self):
        for ranks in (1, 2):
            digests = [
                self.last(self.train(f"{ranks}x{threads}", ranks=ranks, threads=threads))
                for threads in (1, 2, 3)
            ]
            self.assertEqual(len(set(digests)), 1, f"{ranks} ranks: {digests}")

    def test_activations_and_losses(self):
        """Every function at two thread counts and in all instruction sets."""
        for activation in choices("activation"):
            digests = [
                self.last(self.train(f"{activation}-{name}", activation=activation, epochs=1,
                                     loss="quadratic", threads=threads, env=env))
                for name, threads, env in self.variants()
            ]
            self.assertEqual(len(set(digests)), 1, f"{activation}: {digests}")

    def variants(self):
        yield "two-threads", 2, {}
        for isa in instruction_sets():
            yield isa, 1, {"NNTRAIN_ISA": isa}

    def test_instruction_sets(self):
        supported = instruction_sets()
        if len(supported) < 2:
            self.skipTest(f"this CPU has {supported or 'neither'} of AVX2 and AVX-512")
        for ranks in (1, 2):
            digests, losses = [], []
            for isa in supported:
                run = self.train(f"{isa}-{ranks}", ranks=ranks, env={"NNTRAIN_ISA": isa})
                digests.append(self.last(run))
                losses.append([line["validation_loss"] for line in metrics(run)])
            self.assertEqual(len(set(digests)), 1, f"{ranks} ranks: {digests}")
            self.assertTrue(all(found == losses[0] for found in losses), losses)

    def test_baseline(self):
        """Without fused multiply-add: other roundings, the same results."""
        if not is_supported("baseline"):
            self.skipTest("no baseline kernels for this CPU")
        self.check_close(self.train("baseline", env={"NNTRAIN_ISA": "baseline"}),
                         self.train("chosen"))


def is_supported(isa):
    return nntrain("--version", env={"NNTRAIN_ISA": isa}, code=None).returncode == 0


def instruction_sets():
    """Those with fused multiply-add."""
    return [isa for isa in ("avx2", "avx512", "neon") if is_supported(isa)]


class ResumeCase(RunCase):
    """3 epochs, then --resume to 6."""

    def test_same_ranks(self):
        for ranks in (1, 2, 3):
            whole = self.train(f"whole-{ranks}", ranks=ranks)
            run = self.train(f"run-{ranks}", ranks=ranks, epochs=3)
            self.check_epochs(run, 3)
            self.train(run.name, "--resume", ranks=ranks)
            self.check_epochs(run, 6)
            self.assertEqual(self.last(run), self.last(whole))
            self.assertEqual(
                [line["validation_loss"] for line in metrics(run)],
                [line["validation_loss"] for line in metrics(whole)],
            )

    def test_other_ranks(self):
        whole = self.train("whole")
        for before, after in ((1, 3), (3, 2), (2, 4), (4, 1)):
            run = self.train(f"{before}-{after}", ranks=before, epochs=3)
            self.train(run.name, "--resume", ranks=after)
            self.check_epochs(run, 6)
            self.check_same(run, whole)
            self.assertEqual([line["ranks"] for line in metrics(run)],
                             [before] * 3 + [after] * 3)

    def test_nesterov_and_decay(self):
        settings = {"momentum": 0.7, "weight_decay": 0.01, "normalize": "standardize"}
        whole = self.train("whole", "--nesterov", ranks=2, **settings)
        run = self.train("run", "--nesterov", ranks=2, epochs=3, **settings)
        self.train("run", "--nesterov", "--resume", ranks=2, **settings)
        self.assertEqual(self.last(run), self.last(whole))

    def test_one_epoch_at_a_time(self):
        whole = self.train("whole", ranks=2)
        for epochs in range(1, 7):
            run = self.train("run", "--resume", ranks=2, epochs=epochs)
        self.check_epochs(run, 6)
        self.assertEqual(self.last(run), self.last(whole))

    def test_finished_run(self):
        run = self.train("run")
        before = self.last(run), (run / "metrics.jsonl").read_text()
        self.train("run", "--resume", ranks=2)
        self.assertEqual((self.last(run), (run / "metrics.jsonl").read_text()), before)

    def test_metrics_are_repaired(self):
        """A last line cut off, and the line of an epoch whose checkpoint was never written."""
        whole = metrics(self.train("whole", ranks=2))
        for name, damage in (
            ("cut", lambda lines: lines[:2] + [lines[2], '{"epoch": 4, "step": 28, "train_lo']),
            ("surplus", lambda lines: lines + [lines[2].replace('"epoch": 3', '"epoch": 4')]),
            ("both", lambda lines: lines + [lines[2].replace('"epoch": 3', '"epoch": 4'),
                                            '{"epoch": 5, "st']),
            ("empty line", lambda lines: lines + ["\n"]),
        ):
            with self.subTest(name):
                run = self.train(name, ranks=2, epochs=3)
                file = run / "metrics.jsonl"
                file.write_text("".join(damage(file.read_text().splitlines(keepends=True))))
                self.train(name, "--resume", ranks=2)
                self.check_epochs(run, 6)
                self.assertEqual([line["train_loss"] for line in metrics(run)],
                                 [line["train_loss"] for line in whole])


class DamageCase(RunCase):
    """The newest checkpoint is damaged: it is named, and the run resumes from the previous one."""

    @staticmethod
    def flip(position):
        def damage(path):
            data = bytearray(path.read_bytes())
            data[int(position * (len(data) - 1))] ^= 1
            path.write_bytes(data)

        return damage

    @staticmethod
    def truncate(share):
        def damage(path):
            data = path.read_bytes()
            path.write_bytes(data[: int(share * len(data))])

        return damage

    def warnings(self):
        """The messages of the last run; mpirun may add its own."""
        return [line for line in self.done.stderr.splitlines() if line.startswith("nntrain: ")]

    def check_recovery(self, name, damages, ranks):
        """`damages` is for the newest checkpoint, the previous one, ..."""
        run = self.train(name, ranks=ranks, epochs=3, keep=0)
        self.assertEqual(self.warnings(), [])
        files = [run / f"checkpoint-{epoch:05}.h5" for epoch in (3, 2, 1)]
        for damage, file in zip(damages, files):
            damage(file)
        self.train(name, "--resume", ranks=ranks, keep=0)
        warnings = self.warnings()
        self.assertEqual(len(warnings), len(damages), warnings)
        for warning, file in zip(warnings, files):
            self.assertIn("warning", warning)
            self.assertIn(file.name, warning)
        self.check_epochs(run, 6)
        return run

    def test_one(self):
        run = self.train("whole", ranks=2, keep=0)
        whole, third = self.last(run), self.digest(run / "checkpoint-00003.h5")
        for name, damage in (
            ("first byte", self.flip(0.0)),
            ("header", self.flip(0.001)),
            ("middle", self.flip(0.5)),
            ("last byte", self.flip(1.0)),
            ("half", self.truncate(0.5)),
            ("empty", self.truncate(0.0)),
        ):
            with self.subTest(name):
                run = self.check_recovery(name, [damage], 2)
                self.assertEqual(self.last(run), whole)
                self.assertEqual(self.digest(run / "checkpoint-00003.h5"), third)

    def test_two(self):
        whole = self.last(self.train("whole", ranks=3))
        run = self.check_recovery("run", [self.flip(0.7), self.truncate(0.9)], 3)
        self.assertEqual(self.last(run), whole)

    def test_all(self):
        for ranks in (1, 2):
            run = self.train(f"run-{ranks}", ranks=ranks, epochs=2)
            for file in run.glob("*.h5"):
                file.write_bytes(b"")
            done = nntrain("train", "--quiet", "--data", f"{self.data}:train", "--hidden", "33,17",
                           "--activation", "tanh", "--batch-size", 32, "--epochs", 4, "--resume",
                           "--output", run, ranks=ranks, code=None)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(str(run), done.stderr)

    def test_named_checkpoint(self):
        """eval, predict and inspect refuse a damaged one."""
        run = self.train("run")
        self.flip(0.5)(run / "last.h5")
        out = self.folder / "out.h5"
        data = ("--data", f"{self.data}:test")
        for words in (("eval", *data), ("predict", *data, "--output", out),
                      ("inspect", "--digest"), ("inspect",)):
            for ranks in (1, 2):
                done = nntrain(words[0], "--checkpoint", run / "last.h5", *words[1:],
                               ranks=ranks, code=None)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn("last.h5", done.stderr)
        self.assertFalse(out.exists())


if __name__ == "__main__":
    unittest.main()
