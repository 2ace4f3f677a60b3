"""What the tests of `nntrain convert` share. Each test has a folder of its own; whatever fails must
leave nothing new in it. NNTRAIN in the environment is the program.
"""
import gzip
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import ALONE  # noqa: E402

NNTRAIN = os.environ["NNTRAIN"]
os.environ.update(ALONE)  # the program is started some 250 times, always on one rank


def digest(folder, data, *arguments):
    """Of the parameters after two epochs on a data set."""
    run = data.replace(":", "-") + ".run"
    words = [NNTRAIN, "train", "--data", data, "--hidden", "7", "--epochs", "2", "--batch-size", "8",
             "--learning-rate", "1e-5", *arguments, "--output", run]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return subprocess.run([NNTRAIN, "inspect", run, "--digest"], cwd=folder, check=True, text=True,
                          capture_output=True).stdout.split()[0]


class ConvertCase(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.folder = self.scratch.name

    def tearDown(self):
        self.scratch.cleanup()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        data = data.encode() if isinstance(data, str) else data
        if name.endswith(".gz"):
            data = gzip.compress(data, 1)
        with open(self.path(name), "wb") as file:
            file.write(data)

    def run_program(self, *arguments, **options):
        return subprocess.run([NNTRAIN, "convert", *arguments], cwd=self.folder, text=True,
                              capture_output=True, check=False, **options)

    def convert(self, *arguments, output="out.h5"):
        """Runs without an error; returns x, y and class names (None: none)."""
        done = self.run_program(*arguments, "--output", output)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        self.assertIn(f"wrote {output}: ", done.stdout)
        self.assertIn(f"nntrain train --data {output} ", done.stdout)
        self.assertLessEqual(done.stdout.count("\n"), 2)
        self.assertFalse([name for name in os.listdir(self.folder) if name.startswith(".")])
        name, _, group = output.partition(":")
        with h5py.File(self.path(name), "r") as file:
            place = file[group or "/"]
            names = place.attrs.get("class_names")
            return place["x"][()], place["y"][()], None if names is None else list(names)

    def refuse(self, *arguments, words=(), code=2, output="out.h5", **options):
        """Fails with one line that holds `words`, and leaves the folder as it was."""
        before = self.contents()
        if output is not None:
            arguments += ("--output", output)
        done = self.run_program(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertTrue(done.stderr.startswith("nntrain: "), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        what, where, remedy = self.parts(done.stderr)
        self.assertTrue(what and where and remedy, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(self.contents(), before)

    def parts(self, line):
        what, _, rest = line[len("nntrain: "):].strip().partition(": ")
        where, _, remedy = rest.partition("; ")
        return what, where, remedy

    def contents(self):
        found = {}
        for name in os.listdir(self.folder):
            with open(self.path(name), "rb") as file:
                found[name] = file.read()
        return found

    def peak(self, *arguments):
        """Peak resident memory in MB."""
        command = [NNTRAIN, "convert", *arguments, "--output", "out.h5", "--force"]
        process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss / 1024
