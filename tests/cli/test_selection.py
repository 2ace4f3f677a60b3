#!/usr/bin/env python3
"""Parts of a data set without copies, and weights: against data sets that hold just the part, and
against NumPy."""
import os
import unittest

import h5py
import numpy as np

from cli_case import CliCase

COUNT, CLASSES = 400, 3


class Selection(CliCase):
    def setUp(self):
        super().setUp()
        random = np.random.RandomState(1)
        self.x = random.randint(0, 255, (COUNT, 20), "u1")
        self.y = np.sort(random.choice(CLASSES, COUNT, p=(0.7, 0.2, 0.1)))
        self.w = random.uniform(0, 3, COUNT).astype("f4")
        self.write_data("data.h5", self.x, self.y)
        with h5py.File(self.path("data.h5"), "a") as file:
            file["w"] = self.w

    def result(self, *words, epochs=2, resume=False, **how):
        """Digest and validation losses of a run."""
        self.start(*words, *(("--resume",) if resume else ()), epochs=epochs, **how)
        found = self.digest("run/last.h5"), [line.get("validation_loss") for line in self.metrics()]
        os.rename(self.path("run"), self.path(f"run-{len(os.listdir(self.folder))}"))
        return found

    def start(self, *words, epochs=2, data="data.h5", **how):
        self.succeed("train", "--data", data, "--output", "run", "--hidden", "8", "--batch-size",
                     "16", "--epochs", epochs, *words, **how)

    def rows_of(self, *words, data="data.h5", **how):
        """The rows of a part, as predict writes them."""
        self.succeed("predict", "--checkpoint", "whole/last.h5", "--data", data, "--output",
                     "rows.h5", *words, **how)
        with h5py.File(self.path("rows.h5"), "r") as file:
            return file["row"][()]

    def write_part(self, name, rows):
        if not os.path.exists(self.path(name)):
            self.write_data(name, self.x[rows], self.y[rows])


class Parts(Selection):
    CUTS = (("--split", "0.8"), ("--fold", "2/4"), ("--split", "0.8", "--stratify"),
            ("--fold", "2/4", "--stratify", "--limit", "300"))

    def setUp(self):
        super().setUp()
        self.train(output="whole")

    def test_the_same_as_files_of_the_parts(self):
        for cut in self.CUTS:
            train = self.rows_of(*cut, "--part", "train")
            validation = self.rows_of(*cut)
            self.assertEqual(len(set(train) | set(validation)), len(train) + len(validation))
            self.write_part("train.h5", train)
            self.write_part("validation.h5", validation)
            expected = self.result("--validation", "validation.h5", data="train.h5")
            for ranks in (1, 3):
                self.assertEqual(self.result(*cut, ranks=ranks), expected, (cut, ranks))
            os.remove(self.path("train.h5"))
            os.remove(self.path("validation.h5"))

    def test_all_ways_to_read(self):
        cut = ("--split", "0.7")
        rows = self.rows_of(*cut, "--part", "train")
        windows = ("--shuffle", "windowed", "--shuffle-block", "10", "--shuffle-window", "60")
        self.write_part("train.h5", rows)
        self.write_data("chunked.h5", self.x, self.y, chunks=(16, 20), compression="gzip")
        for i, part in enumerate((slice(0, 90), slice(90, COUNT))):
            self.write_data(f"part-{i}.h5", self.x[part], self.y[part])
        expected = self.result(*windows, data="train.h5")[0]
        for data in ("data.h5", "chunked.h5", "part-*.h5"):
            for words in ((), ("--io", "collective"), ("--data-mode", "streaming"),
                          ("--data-mode", "streaming", "--io", "collective")):
                found = self.result(*cut, *windows, *words, data=data, ranks=3)[0]
                self.assertEqual(found, expected, (data, words))

    def test_eval_and_predict(self):
        cut = ("--split", "0.8")
        rows = self.rows_of(*cut)
        self.write_part("validation.h5", rows)
        expected = self.evaluate(data="validation.h5", checkpoint="whole/last.h5")
        for ranks in (1, 2):
            found = self.evaluate(*cut, checkpoint="whole/last.h5", ranks=ranks)
            self.assertEqual(found, expected)
        self.assertEqual(self.evaluate("--limit", "70", checkpoint="whole/last.h5")["samples"], 70)
        self.succeed("predict", "--checkpoint", "whole/last.h5", "--data", "data.h5", *cut,
                     "--output", "rows.csv")
        table = np.genfromtxt(self.path("rows.csv"), delimiter=",", names=True)
        self.assertTrue(np.array_equal(table["row"], rows))
        with h5py.File(self.path("rows.h5"), "r") as file:
            self.assertTrue(np.array_equal(table["class"], file["class"][()]))

    def test_strata(self):
        labels = self.y[self.rows_of("--split", "0.9", "--stratify", "--part", "train", ranks=2)]
        for label in range(CLASSES):
            self.assertLessEqual(abs((labels == label).sum() - 0.9 * (self.y == label).sum()), 1)

    def test_limit(self):
        self.assertTrue(np.array_equal(self.rows_of("--limit", "100"), np.arange(100)))
        self.write_part("first.h5", np.arange(150))
        self.assertEqual(self.result("--limit", "150", "--loss", "mse"),
                         self.result("--loss", "mse", data="first.h5"))

    def test_resumed_with_the_same_part_only(self):
        cut = ("--fold", "1/4")
        expected = self.result(*cut)
        self.start(*cut, epochs=1)
        before = self.contents()
        for other in (("--fold", "2/4"), (), ("--split", "0.75")):
            done = self.run_program("train", "--data", "data.h5", "--output", "run", "--hidden",
                                    "8", "--batch-size", "16", "--resume", *other)
            self.check_message(done, 2, ["another --output", "fold 1/4"] if other[:1] != ("--split",)
                               else ["fold 1/4", "split"])
            self.assertEqual(self.contents(), before)
        self.assertIn("fold 1/4", self.succeed("inspect", "run/last.h5"))
        self.assertEqual(self.result(*cut, resume=True, ranks=3), expected)


class Weights(Selection):
    def step(self, *words, loss="cross-entropy", **how):
        """Weights and biases of a layer without hidden ones, after one step over all samples."""
        self.succeed("train", "--data", "data.h5", "--output", "run", "--epochs", "1",
                     "--batch-size", COUNT, "--momentum", "0", "--normalize", "range", "--loss",
                     loss, *words, **how)
        with h5py.File(self.path("run/last.h5"), "r") as file:
            layer = file["model/layers/0"]
            found = layer["weight"][()].astype("f8"), layer["bias"][()].astype("f8")
        train_loss = self.metrics()[-1]["train_loss"]
        os.rename(self.path("run"), self.path(f"run-{len(os.listdir(self.folder))}"))
        return *found, train_loss

    def expect(self, w, words, loss="cross-entropy"):
        """One step of SGD on sum w l / sum w."""
        rate, x = 0.5, self.x / 255.0
        weight, bias, _ = self.step("--learning-rate", "0", loss=loss)
        z = x @ weight.T + bias
        if loss == "cross-entropy":
            p = np.exp(z - z.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            gradient = p - np.eye(CLASSES)[self.y]
            losses = -np.log(p[np.arange(COUNT), self.y])
        else:
            gradient, losses = 2 * (z - self.y[:, None]), ((z - self.y[:, None]) ** 2)[:, 0]
        gradient *= (w / w.sum())[:, None]
        expected = weight - rate * gradient.T @ x, bias - rate * gradient.sum(0)
        for ranks in (1, 3):
            found = self.step("--learning-rate", rate, *words, loss=loss, ranks=ranks)
            np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=2e-6)
            np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=2e-6)
            np.testing.assert_allclose(found[2], (w * losses).sum() / w.sum(), rtol=1e-6)

    def balanced(self):
        return COUNT / (CLASSES * np.bincount(self.y))

    def test_against_numpy(self):
        self.expect(self.w, ("--weight-name", "w"))
        self.expect(self.w, ("--weight-name", "w"), loss="mse")
        self.expect(self.balanced()[self.y], ("--class-weight", "balanced"))
        self.expect(self.w * np.array((1, 2, 0.5))[self.y],
                    ("--class-weight", "1,2,0.5", "--weight-name", "w"))

    def test_the_same_weights_in_other_words(self):
        expected = self.result("--class-weight", "balanced")
        self.assertNotEqual(expected, self.result())
        classes = ",".join(repr(float(v)) for v in self.balanced())
        self.assertEqual(self.result("--class-weight", classes), expected)
        with h5py.File(self.path("data.h5"), "a") as file:
            file["balanced"] = self.balanced()[self.y].astype("f4")
            file["ones"] = np.ones(COUNT, "i4")
        self.assertEqual(self.result("--weight-name", "balanced"), expected)
        self.assertEqual(self.result("--weight-name", "ones"), self.result())

    def test_the_same_bits_in_all_ways(self):
        words = ("--weight-name", "w", "--class-weight", "balanced", "--split", "0.8",
                 "--shuffle", "windowed", "--shuffle-block", "10", "--shuffle-window", "60")
        expected = self.result(*words)
        for more, ranks in (((), 3), (("--accumulate", "3"), 2), (("--allreduce", "flat"), 2),
                            (("--data-mode", "streaming"), 2)):
            self.assertEqual(self.result(*words, *more, ranks=ranks), expected, more)
        self.start(*words, epochs=1)
        self.assertEqual(self.result(*words, resume=True, ranks=2), expected)

    def test_a_batch_without_weight_changes_nothing(self):
        """Of 25 batches in the order of the file one has a weight."""
        with h5py.File(self.path("data.h5"), "a") as file:
            file["one"] = (np.arange(COUNT) == 5).astype("f4")
        self.write_data("one.h5", self.x[:16], self.y[:16])
        with h5py.File(self.path("one.h5"), "a") as file:
            file["one"] = (np.arange(16) == 5).astype("f4")
        words = ("--weight-name", "one", "--momentum", "0", "--shuffle", "none", "--loss", "mse")
        self.assertEqual(self.result(*words), self.result(*words, data="one.h5"))


class Refused(Selection):
    def test_parts(self):
        for words, told in ((("--split", "1"), "--split 1"), (("--split", "0"), "--split 0"),
                            (("--split", "x"), "--split"), (("--fold", "3"), "--fold 3"),
                            (("--fold", "6/5"), "--fold 6/5"), (("--fold", "0/5"), "--fold"),
                            (("--fold", "1/1"), "--fold"), (("--limit", "0"), "--limit"),
                            (("--split", "0.5", "--fold", "1/2"), "--split with --fold"),
                            (("--stratify",), "--stratify"),
                            (("--split", "0.5", "--validation", "data.h5"), "--validation"),
                            (("--split", "0.9", "--limit", "1"), "has no samples")):
            self.refuse_training(*words, words=[told])

    def test_strata_without_classes(self):
        self.write_data("values.h5", self.x, self.y / 2.0)
        self.refuse_training("--split", "0.5", "--stratify", "--loss", "mse", data="values.h5",
                             words=["--stratify", "values.h5"])

    def test_part_of_what_is_not_cut(self):
        self.train()
        self.refuse(("eval", "--checkpoint", "run", "--data", "data.h5", "--part", "train"),
                    ["--part train", "--split"])

    def test_weights(self):
        with h5py.File(self.path("data.h5"), "a") as file:
            file["negative"] = np.where(np.arange(COUNT) == 7, -1.0, 1.0)
            file["nan"] = np.where(np.arange(COUNT) == 9, np.nan, 1.0)
            file["zero"] = np.zeros(COUNT)
            file["short"] = np.ones(COUNT - 1)
        for name, told in (("none", ["/none", "--weight-name"]), ("negative", ["row 7", "-1"]),
                           ("nan", ["row 9"]), ("zero", ["all weights are 0"]),
                           ("short", ["/short", "[samples]"]), ("x", ["/x", "[samples]"])):
            self.refuse_training("--weight-name", name, words=told)

    def test_class_weights(self):
        for value, told in (("1,2", "class 2"), ("1,x,2", "1,x,2"), ("1,-1,2", "1,-1,2"),
                            ("fair", "balanced"), ("1,2,", "1,2,"), ("inf,1,1", "inf")):
            self.refuse_training("--class-weight", value, words=[told, "--class-weight"])
        self.refuse_training("--class-weight", "balanced", "--loss", "mse",
                             words=["--class-weight", "classes"])


if __name__ == "__main__":
    unittest.main()
