#!/usr/bin/env python3
"""The run file (--config)."""
import os
import re
import unittest

import h5py
import numpy as np

from cli_case import CliCase


class RunFile(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def refuse_file(self, text, *words, ranks=(1,)):
        self.write("run.ini", text)
        self.refuse(("train", "--config", "run.ini"), words, ranks=ranks)

    def test_same_as_the_command_line(self):
        self.write("run.ini", "# a comment\n\ndata = data.h5\nhidden=8, 4\nepochs = 3\n"
                              "nesterov = true\nquiet = false\n; another\nlearning-rate: 0.05\n")
        self.succeed("train", "--config", "run.ini", "--output", "a")
        self.succeed("train", "--data", "data.h5", "--hidden", "8,4", "--epochs", "3", "--nesterov",
                     "--learning-rate", "0.05", "--output", "b")
        self.assertEqual(self.digest("a/last.h5"), self.digest("b/last.h5"))

    def test_command_line_wins(self):
        self.write("run.ini", "data = none.h5\nepochs = 5\nseed = 3\noutput = a\n")
        self.succeed("train", "--config", "run.ini", "--epochs", "1", "--data", "data.h5",
                     ranks=3)
        self.assertEqual(len(self.metrics("a")), 1)
        self.assertIn("seed 3", self.succeed("inspect", "a"))

    def test_missing(self):
        self.refuse(("train", "--config", "none.ini"), ["--config none.ini", "No such file"])
        os.mkdir(self.path("folder"))
        self.refuse(("train", "--config", "folder"), ["--config folder"], ranks=(1,))

    def test_unknown_key(self):
        self.refuse_file("epoch = 3\n", "run.ini", "'epoch'", "epochs", ranks=(1, 3))
        self.refuse_file("config = other.ini\n", "run.ini", "'config'")

    def test_first_error_is_told(self):
        self.refuse_file("epoch = 3\nzzzzzzzz = 4\n", "'epoch'")

    def test_section(self):
        self.refuse_file("[train]\nepochs = 3\n", "run.ini", "[train]", "section")

    def test_bad_line(self):
        self.refuse_file("data = data.h5\nepochs 3\n", "run.ini", "line 2", ranks=(1, 3))
        self.refuse_file(f"data = {'d' * 900}\n\n# {'c' * 900}\nepochs 3\n", "run.ini, line 4",
                         ranks=(1,))

    def test_bad_value(self):
        self.refuse_file("data = data.h5\noutput = a\nepochs = many\n", "epochs", "many",
                         ranks=(1, 3))
        self.refuse_file("quiet = yes\n", "run.ini", "'quiet'", "true")
        self.refuse_file("epochs =\n", "run.ini", "'epochs'", "without a value")
        self.refuse_file("epochs = 3\nepochs = 4\n", "run.ini", "'epochs'", "twice")

    def test_long_line(self):
        """A value arrives whole or is refused; it is never cut."""
        self.refuse_file("epochs = 3\ndata =" + " " * 300 + "data.h5\n", "run.ini, line 2",
                         "spaces", ranks=(1, 3))
        for length in (1, 150, 185, 189, 190, 191, 192, 193, 194, 195, 200, 240):
            name = "d;#" * (length // 3) + "x" * (length % 3) + ".h5"
            os.rename(self.path("data.h5"), self.path(name))
            self.write("run.ini", f"data = {name},{name},./{name}\noutput = a{length}\nepochs = 1")
            self.succeed("train", "--config", "run.ini")
            self.assertIn("of 180 samples", self.succeed("inspect", f"a{length}"))
            os.rename(self.path(name), self.path("data.h5"))
        self.write("run.ini", "data = none.h5," + "data.h5," * 100 + "data.h5\noutput = a\n")
        self.succeed("train", "--config", "run.ini", "--data", "data.h5", "--epochs", "1")
        self.assertIn("of 60 samples", self.succeed("inspect", "a"))

    def test_indented_lines(self):
        self.write("run.ini", "data = data.h5\n  epochs = 1\n\toutput = a\n   \n")
        self.succeed("train", "--config", "run.ini")
        self.assertEqual(len(self.metrics("a")), 1)

    def repeat(self, config, output, *options):
        self.succeed("train", "--config", config, "--output", output, *options, ranks=2)
        return self.digest(f"{output}/last.h5")

    def test_a_run_can_be_repeated(self):
        """From its directory, and from any checkpoint of it."""
        with h5py.File(self.path("data.h5"), "a") as file:
            file["w"] = np.linspace(0.5, 2, 60)
        options = ["--hidden", "8,4", "--layer-norm", "--optimizer", "adamw", "--epochs", "3",
                   "--batch-size", "16", "--schedule", "cosine", "--warmup", "3steps", "--dropout",
                   "0.1,0.2", "--split", "0.8", "--stratify", "--class-weight", "1,2,0.5",
                   "--weight-name", "w", "--seed", "7", "--normalize", "standardize", "--quiet"]
        self.succeed("train", "--data", "data.h5", "--output", "a", *options)
        text = self.succeed("inspect", "a/checkpoint-00001.h5", "--config")
        self.write("again.ini", text)
        with open(self.path("a/config.ini"), encoding="utf-8") as file:
            self.assertEqual(file.read(), text)
        digest = self.digest("a/last.h5")
        self.assertEqual(self.repeat("a/config.ini", "b"), digest)
        self.assertEqual(self.repeat("again.ini", "c"), digest)
        self.assertNotEqual(self.repeat("again.ini", "d", "--seed", "8"), digest)
        self.assertEqual(self.succeed("train", "--config", "a/config.ini", "--resume", "--quiet"),
                         "")

    def test_write_config(self):
        """It has every option, changes nothing else, and says the same when it is read."""
        self.succeed("train", "--data", "data.h5", "--hidden", "8", "--flip", "--write-config",
                     "run.ini", "--resume", ranks=2)
        self.assertEqual(sorted(os.listdir(self.folder)), ["data.h5", "run.ini"])
        with open(self.path("run.ini"), encoding="utf-8") as file:
            text = file.read()
        keys = re.findall(r"^(?:# )?([a-z0-9-]+) = ", text, re.M)
        whole = self.succeed("help", "train", "all")
        calls = {"config", "write-config", "resume", "dry-run", "quiet"}
        listed = re.findall(r"^  --([a-z0-9-]+)", whole, re.M)
        self.assertEqual(keys, [name for name in listed if name not in calls])
        self.assertEqual(len(keys), len(set(keys)))
        headings = re.findall("^([A-Z][a-z]+):$", whole, re.M)
        groups = re.split(r"^# --- ([a-z]+) ---$", text, flags=re.M)
        self.assertEqual([*groups[1::2], "examples"], [name.lower() for name in headings])
        for group, part in zip(groups[1::2], groups[2::2]):
            listed = re.findall(r"^  --([a-z0-9-]+)", self.succeed("help", "train", group), re.M)
            self.assertEqual(re.findall(r"^(?:# )?([a-z0-9-]+) = ", part, re.M),
                             [name for name in listed if name not in calls])
        self.assertNotIn("{", text)
        for line in ("data = data.h5", "flip = true", "nesterov = false", "epochs = 10"):
            self.assertIn(f"\n{line}\n", text)
        self.succeed("train", "--config", "run.ini", "--write-config", "two.ini")
        with open(self.path("two.ini"), encoding="utf-8") as file:
            self.assertEqual(file.read(), text)

    def test_what_cannot_be_written(self):
        self.refuse(("train", "--data", "data.h5", "--write-config", "no/run.ini"),
                    ["--write-config no/run.ini", "No such file"])
        os.rename(self.path("data.h5"), self.path("a ;b.h5"))
        self.succeed("train", "--data", "a ;b.h5", "--write-config", "run.ini")
        self.refuse(("train", "--config", "run.ini", "--output", "a"), ["--data"], ranks=(1,))

    def test_checkpoint_without(self):
        self.train()
        with h5py.File(self.path("run/last.h5"), "r") as file:
            self.assertIn("epochs = 2\n", file["run_file"][()].tobytes().decode())
        old = os.path.join(os.environ["NNTRAIN_SOURCE_DIR"], "tests", "golden",
                           "checkpoint-format-1.h5")
        self.refuse(("inspect", old, "--config"), ["contains no run file"], ranks=(1,))

    def test_no_run_file_for_other_verbs(self):
        self.refuse(("eval", "--config", "run.ini"), ["--config"], ranks=(1,))


if __name__ == "__main__":
    unittest.main()
