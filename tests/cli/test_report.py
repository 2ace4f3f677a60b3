#!/usr/bin/env python3
"""nntrain report and compare: the page's data against the run's own files, and, where there is a
Chromium, what it draws."""
import json
import os
import re
import shutil
import subprocess
import unittest

import numpy as np

from cli_case import SECONDS, CliCase

SECTIONS = ("At the best epoch", "Curves", "Where the time went", "Confusion matrix", "Per class",
            "Lowest probability of their class", "Settings")


class Report(CliCase):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(3)
        self.y = np.arange(300) % 3
        self.x = (random.uniform(size=(300, 5, 4)) * 120 + 60 * self.y[:, None, None]).astype("u1")
        self.write_data("data.h5", self.x, self.y,
                        attributes={"class_names": ["cat", "</script>", "a & b"]})

    def report(self, *arguments, **options):
        """The page, and the data in it."""
        self.succeed("report", *arguments, "--output", "page.html", **options)
        with open(self.path("page.html"), encoding="utf-8") as file:
            page = file.read()
        data = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
        self.assertEqual(len(data), 1)
        return page, json.loads(data[0])

    def test_what_it_holds(self):
        self.train("--validation", "data.h5")
        self.train("--seed", "2", output="other")
        page, data = self.report("run", "other", "--data", "data.h5", "--worst", "7")
        self.assertNotRegex(page, r"(src|href)\s*=|@import|fetch\(|url\(")
        first, second = data["runs"]
        self.assertEqual([first["name"], second["name"]], ["run", "other"])
        self.assertEqual(first["metrics"], self.metrics())
        self.assertEqual(second["metrics"], self.metrics("other"))
        with open(self.path("run", "config.ini"), encoding="utf-8") as file:
            self.assertEqual(first["config"], file.read())
        self.assertEqual((first["shape"], first["samples"]), ("20-8-3", 300))
        evaluation = self.evaluate("--details", checkpoint="run")
        for key in ("loss", "accuracy", "confusion", "support", "precision", "recall", "f1", "auc",
                    "calibration_error"):
            self.assertEqual(first["evaluation"][key], evaluation[key], key)

    def test_worst(self):
        self.train()
        _, data = self.report("run", "--data", "data.h5", "--worst", "7")
        output, predicted = self.predict(checkpoint="run")
        own = output[np.arange(300), self.y]
        order = np.argsort(own, kind="stable")[:7]
        evaluation = data["runs"][0]["evaluation"]
        self.assertEqual((evaluation["height"], evaluation["width"]), (5, 4))
        self.assertEqual([one["row"] for one in evaluation["worst"]], order.tolist())
        for one in evaluation["worst"]:
            row = one["row"]
            self.assertEqual((one["own"], one["predicted"]), (self.y[row], predicted[row]))
            self.assertAlmostEqual(one["own_probability"], float(own[row]), places=7)
            pixels = np.frombuffer(bytes.fromhex(one["pixels"]), np.uint8).astype(float)
            image = self.x[row].ravel().astype(float)
            expected = (image - image.min()) / (image.max() - image.min()) * 255
            self.assertLessEqual(abs(pixels - expected).max(), 0.51)

    def test_same_at_any_ranks(self):
        self.train()
        pages = {self.report("run", "--data", "data.h5", ranks=ranks)[0] for ranks in (1, 3)}
        self.assertEqual(len(pages), 1)

    def test_other_data(self):
        """Vectors, values, and labels: no images, or no confusion matrix, but a page."""
        x = np.random.default_rng(1).normal(size=(50, 4)).astype("f4")
        self.write_data("values.h5", x, x[:, 0])
        self.train("--loss", "mse", data="values.h5")
        self.assertNotIn("confusion", self.report("run", "--data", "values.h5")[1]["runs"][0]
                         ["evaluation"])
        self.write_data("classes.h5", x, (x[:, 0] > 0).astype("i4"))
        self.train(data="classes.h5", output="classes")
        worst = self.report("classes", "--data", "classes.h5")[1]["runs"][0]["evaluation"]["worst"]
        self.assertEqual((len(worst), worst[0]["pixels"]), (24, None))
        self.write_data("labels.h5", x, (x[:, :2] > 0).astype("f4"))
        self.train("--loss", "binary-cross-entropy", data="labels.h5", output="labels")
        self.assertEqual(self.report("labels", "--data", "labels.h5")[1]["runs"][0]["evaluation"]
                         ["confusion"], None)

    def test_refused(self):
        self.train()
        self.refuse(("report",), ["no run is given"])
        self.refuse(("report", "none"), ["none", "not the directory of a run"])
        os.mkdir(self.path("empty"))
        self.refuse(("report", "run", "empty"), ["empty", "no checkpoint"])
        self.refuse(("report", "run", "--data", "none.h5"), ["none.h5"])
        self.refuse(("report", "run", "--output", "no/page.html"), ["cannot write to this directory: no"], code=1)
        self.refuse(("compare", "empty"), ["no checkpoint"])
        os.remove(self.path("run", "metrics.jsonl"))
        self.refuse(("compare", "run"), ["run/metrics.jsonl", "no metrics"])

    def test_compare(self):
        names = ["a", "b", "c"]
        for i, name in enumerate(names):
            self.train("--validation", "data.h5", "--learning-rate", str(0.0001 * 20 ** i),
                       output=name)

        def order(*arguments):
            lines = self.succeed("compare", *names, *arguments).splitlines()
            return [line.split()[1] for line in lines[1:]], lines
        for key, sign in (("validation_loss", 1), ("validation_accuracy", -1), ("train_loss", 1)):
            best = {name: min(sign * line[key] for line in self.metrics(name)) for name in names}
            found, lines = order("--by", key)
            self.assertEqual([best[name] for name in found], sorted(best.values()))
            self.assertIn(f"{sign * best[found[0]]:.6f}", lines[1])
        self.assertEqual(order()[0], order("--by", "validation_loss")[0])
        self.refuse(("compare", "a", "--by", "beauty"), ["beauty", "metrics.jsonl"])

    @unittest.skipUnless(shutil.which("chromium"), "no chromium")
    def test_drawn(self):
        self.train("--validation", "data.h5")
        self.train("--seed", "2", output="other")
        self.report("run", "other", "--data", "data.h5", "--worst", "5")
        done = subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom",
             f"--user-data-dir={self.path('profile')}", f"file://{self.path('page.html')}"],
            capture_output=True, text=True, check=True, timeout=SECONDS)
        drawn = re.sub(r"<script.*?</script>", "", done.stdout, flags=re.S)
        for section in SECTIONS:
            self.assertIn(f"<h2>{section}</h2>", drawn)
        self.assertEqual(drawn.count("<canvas"), 10)
        self.assertEqual(drawn.count('class="card confusion-card"'), 2)
        # loss (two lines and one), accuracy, F1 (one), learning rate, speed, seconds (two each)
        self.assertEqual(len(re.findall(r'<path d="M[^"]+L', drawn)), 3 + 2 + 6)
        self.assertIn("a &amp; b", drawn)
        self.assertRegex(drawn, f"Written on host {os.uname().nodename}, [a-z0-9]+ kernels")


if __name__ == "__main__":
    unittest.main()
