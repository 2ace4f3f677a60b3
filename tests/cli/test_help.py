#!/usr/bin/env python3
"""Help, version, and what inspect shows."""
import os
import re
import unittest
from pathlib import Path

import numpy as np

from cli_case import CliCase, samples

SOURCE = os.environ.get("NNTRAIN_SOURCE_DIR")


class Help(CliCase):
    def verbs(self):
        commands = self.succeed("help").split("Commands:\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in commands.splitlines()]

    def test_overview(self):
        overview = self.succeed()
        self.assertEqual(overview, self.succeed("help"))
        self.assertEqual(overview, self.succeed("--help"))
        self.assertLessEqual({"convert", "train", "eval", "predict", "inspect"}, set(self.verbs()))

    def test_every_verb(self):
        for verb in self.verbs():
            text = self.succeed("help", verb)
            self.assertEqual(text, self.succeed(verb, "--help"))
            self.assertEqual(text, self.succeed(verb, "-h"))
            self.assertTrue(text.startswith(f"Usage: nntrain {verb} "), text)
            self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_help_wins_over_other_words(self):
        self.assertTrue(self.succeed("train", "--epochs", "0", "--help").startswith("Usage: "))

    def test_every_option(self):
        """Each name in a table of src/cli has its line."""
        if SOURCE is None:
            self.skipTest("NNTRAIN_SOURCE_DIR is not set")
        cli = Path(SOURCE, "src", "cli")
        shared = dict(re.findall(r"#define (\w+_OPTIONS?)\b((?:.*\\\n)+.*)",
                                 (cli / "data_options.h").read_text(encoding="utf-8")))
        self.assertTrue(shared)
        tables = {}  # of command_VERB.c, or named VERB_specs beside another
        for path in cli.glob("command_*.c"):
            for name, table in re.findall(r"option_spec (\w*)specs\[\] = \{(.*?)\{NULL",
                                          path.read_text(encoding="utf-8"), re.S):
                tables[name[:-1] or path.stem[len("command_"):]] = re.sub(
                    r"\b\w+_OPTIONS?\b", lambda use: shared[use[0]], table)
        for verb in self.verbs():
            table = tables[verb]
            names = re.findall(r'\{[\s\\]*"([a-z0-9-]+)",', table)
            own, *borrowed = self.succeed("help", verb).split("\nOptions of 'nntrain ")
            shown = re.findall(r"^  --([a-z0-9-]+)", own, re.M)
            self.assertTrue(names)
            self.assertEqual(shown, names)
            for part in borrowed:
                lender, table = part.split("':\n", 1)
                whole = self.succeed("help", lender).split("Options:\n")[1]
                self.assertEqual(table.split("\n\n")[0], whole.split("\n\n")[0])

    def test_once_on_several_ranks(self):
        self.assertEqual(self.succeed("help", "train", ranks=3), self.succeed("help", "train"))

    def test_version(self):
        text = self.succeed("--version", ranks=3)
        for word in ("nntrain", "MPI", "HDF5", "OpenMP", "kernels"):
            self.assertEqual(len(re.findall(f"^{word} +\\S", text, re.M)), 1, text)

    def test_full_output(self):
        """What could not be printed is an error, with its message."""
        done = self.run_program("help", prefix=("sh", "-c", 'exec "$@" > /dev/full', "sh"))
        self.check_message(done, 1, ["standard output"])


class Inspect(CliCase):
    def setUp(self):
        super().setUp()
        x, y = samples()
        self.write_data("data.h5", x, y, group="train", compression="gzip", chunks=(10, 7),
                        attributes={"class_names": ["a", "b", "c"]})
        self.write_data("data.h5", x.astype(np.uint8), y.astype(np.int32), group="test")

    def test_data(self):
        text = self.succeed("inspect", "data.h5")
        for word in ("/train/x", "[60, 7] float of 32 bits", "chunks of 10 rows", "/train/y",
                     "/test/x", "[60, 7] unsigned integer of 8 bits", "[60] integer of 32 bits"):
            self.assertIn(word, text)
        self.assertEqual(text, self.succeed("inspect", "--data", "data.h5", ranks=3))

    def test_checkpoint_and_directory(self):
        self.train(data="data.h5:train")
        text = self.succeed("inspect", "run")
        for word in ("7-8-3", "91 parameters", "7 -> 8, relu", "8 -> 3, identity", "cross-entropy",
                     "a, b, c", "seed 1", "learning rate 0.1", "16 of 60 samples"):
            self.assertIn(word, text)
        self.assertEqual(text, self.succeed("inspect", "run/best.h5"))
        digest = self.digest("run")
        self.assertRegex(digest, "^[0-9a-f]{64}$")
        self.assertIn(digest, text)
        self.assertEqual(digest, self.succeed("inspect", "--checkpoint", "run/best.h5", "--digest",
                                              ranks=3).strip())

    def test_predictions(self):
        self.train(data="data.h5:train")
        self.predict("data.h5:test")
        text = self.succeed("inspect", "out.h5")
        self.assertIn("/output", text)
        self.assertIn("/class", text)

    def test_refused(self):
        self.refuse(("inspect", "none.h5"), ["none.h5", "No such file"])
        self.write("text.h5", "text")
        self.refuse(("inspect", "text.h5"), ["text.h5"], ranks=(1,))
        self.refuse(("inspect", "data.h5", "--digest"), ["data.h5"], ranks=(1,))
        self.refuse(("inspect", "data.h5", "--data", "text.h5"), ["more than one"], ranks=(1,))
        self.refuse(("inspect", "data.h5", "text.h5"), ["text.h5"], ranks=(1,))


if __name__ == "__main__":
    unittest.main()
