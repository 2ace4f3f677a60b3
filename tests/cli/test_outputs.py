#!/usr/bin/env python3
"""What eval and predict say, against numpy."""
import csv
import json
import unittest

import h5py
import numpy as np

from cli_case import CliCase, forward, samples


def macro_f1(truth, decided):
    """Of the classes that occur or were given."""
    return np.mean([2 * ((truth == c) & (decided == c)).sum() / ((truth == c).sum() + (decided == c).sum())
                    for c in np.union1d(truth, decided)])


class Predict(CliCase):
    def read_csv(self, name):
        with open(self.path(name), newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
        return lines[0], np.array(lines[1:], np.float64)

    def check_both(self, header, has_class=True):
        """HDF5 and CSV agree, at 1 and 3 ranks; returns the output."""
        output, classes = self.predict()
        for ranks in (1, 3):
            self.succeed("predict", "--checkpoint", "run/last.h5", "--data", "data.h5", "--output",
                         "out.csv", ranks=ranks)
            names, table = self.read_csv("out.csv")
            self.assertEqual(names, header)
            np.testing.assert_array_equal(table[:, :output.shape[1]].astype(np.float32), output)
            self.succeed("predict", "--checkpoint", "run/last.h5", "--data", "data.h5", "--output",
                         "out.npy", ranks=ranks)
            array = np.load(self.path("out.npy"))
            self.assertEqual(array.dtype, np.float32)
            np.testing.assert_array_equal(array, output)
            again, _ = self.predict(output="again.h5", ranks=ranks)
            np.testing.assert_array_equal(again, output)
        self.assertEqual(classes is not None, has_class)
        if has_class:
            np.testing.assert_array_equal(table[:, -1], classes)
        return output, classes

    def test_classes(self):
        self.write_data("data.h5")
        self.train()
        output, classes = self.check_both(["output_0", "output_1", "output_2", "class"])
        np.testing.assert_allclose(output.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_array_equal(classes, output.argmax(axis=1))

    def test_class_names_with_commas_and_quotes(self):
        names = ["a,b", 'say "hi"', "ü"]
        self.write_data("data.h5", attributes={"class_names": names})
        self.train()
        self.check_both([f"output_{name}" for name in names] + ["class"])

    def test_many_blocks(self):
        """More samples than one rank computes at a time, and no targets."""
        x, y = samples(3001)
        self.write_data("data.h5", x, y)
        self.train()
        self.write_data("x.h5", x, None)
        output, _ = self.predict("x.h5", ranks=3)
        np.testing.assert_allclose(output, forward(self.path("run", "last.h5"), x), atol=1e-5)

    def test_values(self):
        x, _ = samples()
        self.write_data("data.h5", x, x[:, :2] * 3 - 1)
        self.train("--loss", "mse", "--learning-rate", "0.02")
        output, _ = self.check_both(["output_0", "output_1"], has_class=False)
        np.testing.assert_allclose(output, forward(self.path("run", "last.h5"), x), atol=1e-5)

    def test_several_labels(self):
        x, _ = samples()
        self.write_data("data.h5", x, (x[:, :4] > 0).astype(np.uint8))
        self.train("--loss", "binary-cross-entropy")
        output, _ = self.check_both([f"output_{i}" for i in range(4)], has_class=False)
        self.assertTrue(((output > 0) & (output < 1)).all())

    def test_one_label(self):
        x, _ = samples()
        self.write_data("data.h5", x, (x[:, 0] > 0).astype(np.uint8))
        self.train("--loss", "binary-cross-entropy")
        output, classes = self.check_both(["output_0", "class"])
        np.testing.assert_array_equal(classes, output[:, 0] > 0.5)

    def test_says_what_it_wrote(self):
        self.write_data("data.h5")
        self.train()
        self.assertEqual(
            self.succeed("predict", "--checkpoint", "run", "--data", "data.h5", "--output",
                         "out.h5", ranks=3),
            "wrote out.h5: 60 samples, 3 probabilities each, and the class\n")


class Evaluate(CliCase):
    def check(self, expected, *arguments):
        """eval --json at 1 and 3 ranks against numbers from numpy."""
        text = set()
        for ranks in (1, 3):
            text.add(self.succeed("eval", "--json", "--checkpoint", "run/last.h5", "--data",
                                  "data.h5", *arguments, ranks=ranks))
        self.assertEqual(len(text), 1)
        found = json.loads(text.pop())
        self.assertEqual(set(found), set(expected))
        for name, value in expected.items():
            self.assertAlmostEqual(found[name], value, delta=1e-5 * max(1, abs(value)), msg=name)

    def test_classes(self):
        x, y = samples(500, features=9)
        y = (y + 2 * (x[:, 5] > 0)) % 5
        self.write_data("data.h5", x, y)
        self.train()
        p = forward(self.path("run", "last.h5"), x)
        top = np.argsort(-p, axis=1)[:, :2]
        expected = {"samples": 500, "loss": -np.log(p[np.arange(500), y]).mean(),
                    "accuracy": (p.argmax(axis=1) == y).mean(), "f1_macro": macro_f1(y, p.argmax(axis=1))}
        self.check(expected)
        among = (top == y[:, None]).any(axis=1).mean()
        self.check({**expected, "top_k": 2, "top_k_accuracy": among}, "--top-k", "2")

    def test_values(self):
        x, _ = samples(500)
        t = (x[:, :2] * [3, 0.1] + [1000, 0]).astype(np.float32)
        t = np.column_stack([t, np.full(500, 7, np.float32)])
        self.write_data("data.h5", x, t)
        self.train("--loss", "mse", "--learning-rate", "0.001", "--momentum", "0")
        a = forward(self.path("run", "last.h5"), x)
        t = t.astype(np.float64)
        square = ((a - t) ** 2).sum(axis=0)
        spread = ((t - t.mean(axis=0)) ** 2).sum(axis=0)
        self.check({"samples": 500, "loss": ((a - t) ** 2).mean(), "mse": ((a - t) ** 2).mean(),
                    "mae": abs(a - t).mean(), "r2": (1 - square[:2] / spread[:2]).mean()})

    def test_several_labels(self):
        x, _ = samples(300)
        t = (x[:, :4] > 0.3).astype(np.float32)
        self.write_data("data.h5", x, t)
        self.train("--loss", "binary-cross-entropy")
        p = forward(self.path("run", "last.h5"), x)
        self.check({"samples": 300, "loss": -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(),
                    "accuracy": ((p > 0.5) == t).mean()})

    def test_text_and_file(self):
        self.write_data("data.h5")
        self.train()
        text = self.succeed("eval", "--checkpoint", "run", "--data", "data.h5", "--top-k", "2",
                            "--output", "out.json", ranks=3)
        self.assertEqual([line.split()[0] for line in text.splitlines()],
                         ["samples", "loss", "accuracy", "F1", "top-2"])
        with open(self.path("out.json"), encoding="utf-8") as file:
            found = json.load(file)
        self.assertEqual(f"{found['accuracy']:.4f}", text.splitlines()[2].split()[1])

    def test_best_is_taken_from_a_directory(self):
        self.write_data("data.h5")
        self.train("--validation", "data.h5")
        self.assertEqual(self.evaluate(checkpoint="run"), self.evaluate(checkpoint="run/best.h5"))

    def test_validation_during_training_is_the_same(self):
        x, y = samples(300, seed=2)
        self.write_data("data.h5", x[:200], y[:200])
        self.write_data("test.h5", x[200:], y[200:])
        self.train("--validation", "test.h5", "--top-k", "2", ranks=3)
        found = self.evaluate("--top-k", "2", data="test.h5")
        last = self.metrics()[-1]
        self.assertEqual(last["validation_loss"], found["loss"])
        self.assertEqual(last["validation_accuracy"], found["accuracy"])


class Types(CliCase):
    def test_predictions_have_the_types_of_the_contract(self):
        self.write_data("data.h5", attributes={"class_names": ["a", "b", "c"]})
        self.train()
        self.predict()
        with h5py.File(self.path("out.h5")) as file:
            self.assertEqual((file["output"].dtype, file["output"].shape), (np.float32, (60, 3)))
            self.assertEqual((file["class"].dtype, file["class"].shape), (np.int64, (60,)))
            self.assertEqual(list(file.attrs["class_names"]), ["a", "b", "c"])


if __name__ == "__main__":
    unittest.main()
