#!/usr/bin/env python3
"""The table of formats of nntrain convert, read from its help: what it says holds for every format."""
import re
import unittest

from convert_case import ConvertCase

COMMON = {"output", "format", "compression", "force"}
VALUES = {"delimiter": "comma", "header": "auto", "features": "2"}


class Formats(ConvertCase):
    def setUp(self):
        super().setUp()
        text = self.run_program("--help").stdout
        self.options = set(re.findall(r"^  --([a-z-]+)", text, re.M)) - COMMON
        self.flags = set(re.findall(r"^  --([a-z-]+) {2}", text, re.M))
        rows = re.findall(r"^  ([a-z]+): ([A-Z ]+) \[(.*)\]$", text, re.M)
        self.rows = [(name, files.split(), {word[2:] for word in options.split()})
                     for name, files, options in rows]
        self.names = [name for name, _, _ in self.rows]
        self.listed = " ".join(re.search(r"--format NAME(.*?)\n  --", text, re.S)[1].split())

    def test_help_names_every_format_and_option(self):
        self.assertIn(", ".join(["auto (by its first bytes)", *self.names]), self.listed)
        self.assertGreaterEqual(len(self.names), 5)
        taken = set().union(*(options for _, _, options in self.rows))
        self.assertEqual(taken, self.options)

    def test_options_that_a_format_does_not_take(self):
        for name, files, options in self.rows:
            for option in sorted(self.options - options):
                value = [] if option in self.flags else [VALUES.get(option, "label")]
                takers = [row[0].upper() for row in self.rows if option in row[2]]
                self.refuse(*files, "--format", name, f"--{option}", *value,
                            words=[f"--{option} is only for ", "FILE" if len(files) == 1 else "FEATURES",
                                   *takers, f"the format {name.upper()}", f"omit --{option}"])

    def test_number_of_files(self):
        self.refuse(words=["no input file", *(name.upper() for name in self.names)])
        for name, files, _ in self.rows:
            other = ["a", "b"] if len(files) == 1 else ["a"]
            self.refuse(*other, "--format", name,
                        words=["more than one " + name.upper() if len(files) == 1 else "labels is missing"])

    def test_unknown_format(self):
        for name in ("IDX", "id", "idxx", "auto,"):
            self.refuse("x", "--format", name, words=[f"--format {name}", ", ".join(["auto", *self.names])])


if __name__ == "__main__":
    unittest.main()
