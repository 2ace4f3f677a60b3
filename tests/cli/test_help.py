#!/usr/bin/env python3
"""Help, version, and what inspect shows."""
import os
import re
import unittest
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cli_case import CliCase, samples

SOURCE = os.environ.get("NNTRAIN_SOURCE_DIR")
GROUPS = ["data", "network", "training", "regularisation", "output", "running"]


class Row(NamedTuple):
    """A row of a table of options in src/cli."""
    name: str
    value: str  # as --help calls it; empty for a flag
    default: str
    group: str
    first: bool


def literal(text):
    return "" if text == "NULL" else text[1:-1]


def rows_of(table):
    """The rows of a table in C."""
    text = r'\s*("[^"]*"|NULL),'
    row = re.compile(r'\{\s*("[a-z0-9-]+"),' + text + text + r"\s*(GROUP_[A-Z_| ]+?),")
    spelling = {"regularization": "regularisation"}
    found = []
    for name, value, default, group in row.findall(table):
        words = group.split(" | ")
        group = words[0][len("GROUP_"):].lower()
        found.append(Row(literal(name), literal(value), literal(default),
                         spelling.get(group, group), "FIRST_SCREEN" in words))
    return found


def tables():
    """{verb: rows}, from the sources; what another verb lends is not among them."""
    cli = Path(SOURCE, "src", "cli")
    shared = dict(re.findall(r"#define (\w+_OPTIONS?)\b((?:.*\\\n)+.*)",
                             (cli / "data_options.h").read_text(encoding="utf-8")))
    found = {}
    for path in (*cli.glob("command_*.c"), cli / "train_options.c"):
        for table in re.findall(r"option_spec \w+\[\] = \{(.*?)\{NULL",
                                path.read_text(encoding="utf-8"), re.S):
            whole = re.sub(r"\b\w+_OPTIONS?\b", lambda use: shared[use[0]].replace("\\\n", ""),
                           table)
            verb = "train" if path.stem == "train_options" else path.stem[len("command_"):]
            assert verb not in found
            found[verb] = rows_of(whole)
            # No row may escape the pattern above.
            assert len(found[verb]) == len(re.findall(r"\bGROUP_", whole)) > 0, verb
    return found


def options_in(text):
    """{name: what help says of it, in one line} of a listing, in its order."""
    blocks = re.findall(r"^  --([a-z0-9-]+) ?(.*(?:\n {34}.*)*)", text, re.M)
    assert len({name for name, _ in blocks}) == len(blocks), text
    return {name: " ".join(block.split()) for name, block in blocks}


class Help(CliCase):
    def verbs(self):
        commands = self.succeed("help").split("Commands:\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in commands.splitlines()]

    def rows(self, verb):
        """All that a verb takes: its own options, and those that train lends verify."""
        if SOURCE is None:
            self.skipTest("NNTRAIN_SOURCE_DIR is not set")
        found = tables()
        return found[verb] + (found["train"] if verb == "verify" else [])

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
            self.assertEqual(text, self.succeed("help", verb, "--help"))
            for shown in (text, self.succeed("help", verb, "all")):
                self.assertTrue(shown.startswith(f"Usage: nntrain {verb} "), shown)
                self.assertIn("\nExamples:\n  ", shown)
                self.assertLessEqual(max(map(len, shown.splitlines())), 100)
                self.assertNotRegex(shown, r"\{\w+\}")

    def test_help_wins_over_other_words(self):
        text = self.succeed("help", "train")
        self.assertEqual(self.succeed("train", "--epochs", "0", "--help"), text)
        self.assertEqual(self.succeed("train", "--help", "--epochs", "0"), text)

    def test_every_option(self):
        """Each row of the tables in src/cli is listed once, under its group, with its default."""
        for verb in self.verbs():
            rows = self.rows(verb)
            whole = self.succeed("help", verb, "all")
            shown = options_in(whole)
            self.assertEqual(sorted(shown), sorted(row.name for row in rows), verb)
            for row in rows:
                self.assertTrue(shown[row.name].startswith(row.value), shown[row.name])
                if row.default:
                    self.assertIn(f"(default {row.default})", shown[row.name])
            parts = re.split(r"^([A-Z][a-z]+):$", whole, flags=re.M)
            headings = [name.lower() for name in parts[1::2] if name != "Examples"]
            if len(rows) <= 10:
                self.assertEqual(headings, ["options"])
                continue
            self.assertEqual(headings, [g for g in GROUPS if g in {row.group for row in rows}])
            for heading, part in zip(headings, parts[2::2]):
                self.assertEqual(list(options_in(part)),
                                 [row.name for row in rows if row.group == heading], verb)

    def test_groups(self):
        """Each option is in one group, and a group can be asked for."""
        for verb in ("train", "verify", "eval", "export"):
            rows = self.rows(verb)
            whole = options_in(self.succeed("help", verb, "all"))
            for group in GROUPS:
                names = [row.name for row in rows if row.group == group]
                if not names:
                    self.refuse(("help", verb, group), [f"help {verb} {group}", "choose one of"],
                                ranks=(1,))
                    continue
                text = self.succeed("help", verb, group)
                self.assertEqual(text, self.succeed(verb, "--help", group))
                self.assertTrue(text.startswith(f"{group.capitalize()} options of 'nntrain {verb}'"))
                self.assertEqual(options_in(text), {name: whole[name] for name in names})

    def test_first_screen(self):
        """What matters most, on one screen, and the way to the rest."""
        for verb in self.verbs():
            rows = [row for row in tables()[verb] if row.first]
            if not rows:
                self.assertEqual(self.succeed("help", verb), self.succeed("help", verb, "all"))
                continue
            text = self.succeed("help", verb)
            self.assertLess(len(text.splitlines()), 40)
            self.assertEqual(list(options_in(text)), [row.name for row in rows])
            for row in rows:
                if row.default:
                    self.assertIn(f"(default {row.default})", options_in(text)[row.name])
            for word in (f"'nntrain help {verb} all'", f"'nntrain help {verb} GROUP'"):
                self.assertIn(word, text)
            self.assertEqual(re.findall(r"^  ([a-z]+)  +[a-z]", text, re.M), GROUPS)
        first = {row.name for row in tables()["train"] if row.first}
        self.assertLessEqual({"data", "validation", "hidden", "optimizer", "learning-rate",
                              "batch-size", "epochs", "output", "resume"}, first)

    def test_one_option(self):
        text = self.succeed("help", "train", "granules")
        self.assertEqual(list(options_in(text)), ["granules"])
        self.assertEqual(text, self.succeed("help", "train", "--granules"))
        self.assertEqual(text, self.succeed("help", "verify", "granules"))
        self.assertIn(text, self.succeed("help", "train", "all"))

    def test_unknown_topic(self):
        self.refuse(("help", "train", "zzzzzzzz"),
                    ["unknown help topic", "zzzzzzzz", ", ".join(GROUPS) + ", all"])
        self.refuse(("train", "--help", "zzzzzzzz"), ["unknown help topic", "zzzzzzzz"])
        self.refuse(("help", "train", "regularization"), ["did you mean 'regularisation'?"],
                    ranks=(1,))
        self.refuse(("help", "export", "epochs"), ["network, output, all"], ranks=(1,))
        self.refuse(("help", "train", "data", "network"), ["network", "nntrain help"], ranks=(1,))

    def test_names(self):
        """The names that help lists are those that are understood."""
        self.write_data("data.h5")
        shown = options_in(self.succeed("help", "train", "all"))
        lists = {name: None for name in ("activation", "init", "loss", "normalize", "optimizer",
                                         "schedule")}
        for row in self.rows("train"):
            if re.fullmatch(r"[a-z]+(\|[a-z]+)+", row.value):
                lists[row.name] = row.value.replace("|", ", ")
        self.assertGreater(len(lists), 9)
        for name, values in lists.items():
            done = self.run_program("train", "--data", "data.h5", "--output", "a", f"--{name}",
                                    "no-such-name")
            self.check_message(done, 2, ["no-such-name", "choose one of: "])
            known = done.stderr.partition("choose one of: ")[2].strip()
            self.assertIn(", ", known)
            if values is None:
                self.assertIn(known, shown[name])
            else:
                self.assertEqual(known, values)
        workloads = self.run_program("bench", "step", "--workload", "none").stderr
        known = re.search("choose from: ([a-z, ]+);", workloads)[1]
        self.assertIn(known, options_in(self.succeed("help", "bench"))["workload"])

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
