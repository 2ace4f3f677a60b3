#!/usr/bin/env python3
"""The run file (--config)."""
import os
import unittest

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

    def test_bad_value(self):
        self.refuse_file("data = data.h5\noutput = a\nepochs = many\n", "epochs", "many",
                         ranks=(1, 3))
        self.refuse_file("quiet = yes\n", "run.ini", "'quiet'", "true")
        self.refuse_file("epochs =\n", "run.ini", "'epochs'", "without a value")
        self.refuse_file("epochs = 3\nepochs = 4\n", "run.ini", "'epochs'", "twice")

    def test_long_line(self):
        """A value arrives whole or is refused; it is never cut."""
        self.refuse_file("epochs = 3\ndata = " + "d" * 300 + "/data.h5\n", "run.ini, line 2",
                         "too long", ranks=(1, 3))
        name = "d" * 150 + ".h5"
        os.rename(self.path("data.h5"), self.path(name))
        self.write("run.ini", f"data = {name}\noutput = a\nepochs = 1")
        self.succeed("train", "--config", "run.ini")

    def test_indented_lines(self):
        self.write("run.ini", "data = data.h5\n  epochs = 1\n\toutput = a\n   \n")
        self.succeed("train", "--config", "run.ini")
        self.assertEqual(len(self.metrics("a")), 1)

    def test_no_run_file_for_other_verbs(self):
        self.refuse(("eval", "--config", "run.ini"), ["--config"], ranks=(1,))


if __name__ == "__main__":
    unittest.main()
