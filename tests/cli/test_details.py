#!/usr/bin/env python3
"""eval --details against NumPy on what predict gives."""
import json
import unicodedata
import unittest

import numpy as np

from cli_case import CLASSES, CliCase, samples

BINS = 15


def ratio(part, whole):
    return part / whole if whole else 0.0


def scores(truth, decision):
    """Precision, recall and F1 of one class."""
    t, p, s = (truth & decision).sum(), decision.sum(), truth.sum()
    return ratio(t, p), ratio(t, s), ratio(2 * t, p + s)


def area(score, truth):
    """Of all pairs of a sample of the class and another, how many are in the right order."""
    if truth.all() or not truth.any():
        return None
    a, b = score[truth][:, None], score[~truth][None, :]
    return ((a > b) + 0.5 * (a == b)).mean()


def calibration(probability, right):
    error, bins = 0.0, np.clip(np.ceil(probability * BINS) - 1, 0, BINS - 1)
    for b in range(BINS):
        own = bins == b
        if own.any():
            error += abs(right[own].mean() - probability[own].mean()) * own.mean()
    return error


class Details(CliCase):
    def check_tables(self, found, truths, decisions, output):
        """truths, decisions [N, K] booleans."""
        table = np.array([scores(truths[:, c], decisions[:, c]) for c in range(truths.shape[1])])
        for i, name in enumerate(("precision", "recall", "f1")):
            np.testing.assert_allclose(found[name], table[:, i], rtol=1e-12)
        self.assertEqual(found["support"], truths.sum(0).tolist())
        there = truths.any(0) | decisions.any(0)
        weight = truths.sum(0) / max(truths.sum(), 1)
        self.check_average(found["macro"], table[there].mean(0))
        self.check_average(found["weighted"], weight @ table)
        self.check_average(found["micro"], scores(truths.ravel(), decisions.ravel()))
        areas = [area(output[:, c], truths[:, c]) for c in range(truths.shape[1])]
        for own, expected in zip(found["auc"], areas):
            if expected is None:
                self.assertIsNone(own)
            else:
                self.assertAlmostEqual(own, expected, places=12)
        defined = [a for a in areas if a is not None]
        if defined:
            self.assertAlmostEqual(found["auc_macro"], np.mean(defined), places=12)

    def check_average(self, found, expected):
        np.testing.assert_allclose([found[name] for name in ("precision", "recall", "f1")],
                                   expected, rtol=1e-12)

    def details(self, *words, data="data.h5"):
        """The same at any number of ranks, however the data are read."""
        found = self.evaluate("--details", *words, data=data)
        plain = self.evaluate(*words, data=data)
        self.assertEqual({name: found[name] for name in plain}, plain)
        for ranks in (2, 3):
            self.assertEqual(self.evaluate("--details", *words, data=data, ranks=ranks), found)
        self.assertEqual(self.evaluate("--details", *words, "--data-mode", "streaming",
                                       "--memory-limit", "60K", data=data, ranks=2), found)
        return found

    def check_classes(self, y, data="data.h5"):
        found = self.details(data=data)
        output, decided = self.predict(data=data)
        truths, decisions = np.eye(CLASSES, dtype=bool)[y], np.eye(CLASSES, dtype=bool)[decided]
        self.check_tables(found, truths, decisions, output)
        confusion = np.zeros((CLASSES, CLASSES), int)
        np.add.at(confusion, (y, decided), 1)
        self.assertEqual(found["confusion"], confusion.tolist())
        self.assertAlmostEqual(found["calibration_error"],
                               calibration(output.max(1), decided == y), places=6)
        self.assertNotIn("exact_match", found)
        self.assertAlmostEqual(found["f1_macro"], found["macro"]["f1"], places=12)
        return found

    def test_classes(self):
        x, y = samples(700)
        self.write_data("data.h5", x, y)
        self.train(ranks=2)
        self.check_classes(y)
        few = (y != 1) & (np.arange(len(y)) < 300)
        self.write_data("few.h5", np.round(x[few]), y[few])
        found = self.check_classes(y[few], "few.h5")
        self.assertEqual(found["support"][1], 0)

    def test_one_label_and_several(self):
        x, _ = samples(700)
        for columns in (1, 3):
            self.clear()
            y = (x[:, :columns] + 0.5 * x[:, 3:3 + columns] > 0.3)
            self.write_data("data.h5", x, y.astype("f4"))
            self.train("--loss", "binary-cross-entropy")
            found = self.details()
            output, _ = self.predict()
            decisions = output > 0.5
            self.check_tables(found, y, decisions, output)
            self.assertAlmostEqual(found["exact_match"], (decisions == y).all(1).mean(), places=12)
            confidence = np.where(decisions, output, 1 - output.astype("f8"))
            self.assertAlmostEqual(found["calibration_error"],
                                   calibration(confidence.ravel(), (decisions == y).ravel()),
                                   places=6)
            self.assertNotIn("confusion", found)

    def test_without_probabilities(self):
        x, y = samples(100)
        self.write_data("data.h5", x, y)
        for loss in ("hinge", "quadratic"):
            self.train("--loss", loss, output=loss)
            found = self.evaluate("--details", checkpoint=loss)
            self.assertNotIn("calibration_error", found)
            self.assertIn("confusion", found)
        self.train("--loss", "mse", output="mse")
        self.assertEqual(self.evaluate("--details", checkpoint="mse"),
                         self.evaluate(checkpoint="mse"))

    def test_epoch_lines(self):
        """Macro F1 besides the accuracy, the same on any number of ranks; only with classes."""
        x, y = samples(500)
        y[y == 2] = np.where(np.arange((y == 2).sum()) % 9 == 0, 2, 0)
        self.write_data("data.h5", x, y)
        lines = []
        for ranks in (1, 2, 3):
            self.train("--validation", "data.h5", output=f"run-{ranks}", ranks=ranks)
            with open(self.path(f"run-{ranks}/metrics.jsonl"), encoding="utf-8") as file:
                lines.append([json.loads(line)["validation_f1_macro"] for line in file])
        self.assertEqual(lines[0], lines[1])
        self.assertEqual(lines[0], lines[2])
        _, decided = self.predict(checkpoint="run-1/last.h5")
        there = [c for c in range(CLASSES) if (y == c).any() or (decided == c).any()]
        expected = np.mean([scores(y == c, decided == c)[2] for c in there])
        self.assertAlmostEqual(lines[0][-1], expected, places=12)
        self.write_data("values.h5", x, x[:, :2])
        self.train("--validation", "values.h5", "--loss", "mse", data="values.h5", output="values")
        with open(self.path("values/metrics.jsonl"), encoding="utf-8") as file:
            self.assertNotIn("f1", file.read())

    def test_class_names(self):
        x, y = samples(100)
        self.write_data("data.h5", x, y, attributes={"class_names": ["ant", "bumblebee", "cat"]})
        self.train()
        text = self.succeed("eval", "--checkpoint", "run", "--data", "data.h5", "--details")
        for word in ("0 ant      ", "1 bumblebee", "2 cat      "):
            self.assertEqual(text.count(word), 2, text)

    def test_class_names_of_any_script(self):
        """Columns stay where they are; a name that is too long ends with a whole character."""
        names = ["M\u00fcller", "\u9774\u5b50", "e\u0301" * 30, "\u9774" * 30]
        x, y = samples(100)
        self.write_data("data.h5", x, np.arange(100) % 4, attributes={"class_names": names})
        self.train()
        text = self.succeed("eval", "--checkpoint", "run", "--data", "data.h5", "--details")
        for i, shown in enumerate((*names[:3], "\u9774" * 20)):
            columns = sum({"W": 2}.get(unicodedata.east_asian_width(c), not unicodedata.combining(c))
                          for c in shown)
            self.assertEqual(text.count(f"\n{i} {shown}{' ' * (40 - columns)} "), 2, text)

    def test_table_and_file(self):
        self.write_data("data.h5")
        self.train()
        text = self.succeed("eval", "--checkpoint", "run", "--data", "data.h5", "--details",
                            "--output", "scores.json", ranks=2)
        for word in ("precision", "recall", "F1", "AUC", "macro", "confusion", "calibration"):
            self.assertIn(word, text)
        with open(self.path("scores.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), self.evaluate("--details", checkpoint="run"))


if __name__ == "__main__":
    unittest.main()
