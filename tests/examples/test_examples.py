#!/usr/bin/env python3
"""The examples that need no cluster: each is started as its users would, and says what is true."""
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import Case, metrics, nntrain  # noqa: E402

EXAMPLES = Path(os.environ["NNTRAIN_SOURCE_DIR"]) / "scripts/examples"


class ExampleCase(Case):
    def start(self, *words, folder=None, **environment):
        """Runs a command in the test's folder; what it printed."""
        done = subprocess.run([str(word) for word in words], cwd=folder or self.folder,
                              env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def number(self, pattern, text):
        found = re.search(pattern, text)
        self.assertIsNotNone(found, f"no {pattern} in\n{text}")
        return float(found.group(1))

    def example(self, name, *launcher):
        """Runs an example, twice, since it has to bear what an earlier start left; what it printed,
        and the folder that it named."""
        self.start(*launcher, EXAMPLES / name)
        said = self.start(*launcher, EXAMPLES / name)
        named = re.match(r"Everything that this example makes lies in (.*)\n", said)
        self.assertIsNotNone(named, said)
        folder = self.folder / "nntrain-examples" / Path(name).stem
        self.assertTrue(folder.samefile(named.group(1)))
        self.assertEqual(os.listdir(self.folder), ["nntrain-examples"])
        return said, folder

    def test_first_training(self):
        said, folder = self.example("first_training.sh")
        self.assertEqual(metrics(folder / "run")[0]["ranks"], 2)
        accuracy = self.number(r"\naccuracy +([0-9.]+)\n", said)
        self.assertGreater(accuracy, 0.94)
        # The table that it shows has the names, and the true class where it is right.
        rows = [line.split() for line in said.splitlines()
                if re.fullmatch(r" *\d+\.\d +\S+ +\S+ +\S+ +(prompt|late|none) .*", line)]
        self.assertEqual(len(rows), 8, said)
        test = (folder / "test.csv").read_text().splitlines()[1:]
        self.assertEqual([",".join(row[:5]) for row in rows], test[:8])
        names = ["prompt", "late", "none"]
        predictions = [line.split(",") for line in
                       (folder / "predictions.csv").read_text().splitlines()[1:]]
        self.assertEqual([row[5] for row in rows],
                         [names[int(line[-1])] for line in predictions[:8]])
        for row, line in zip(rows, predictions):
            self.assertEqual(row[6], f"{max(float(value) for value in line[:-1]):.4f}")
        right = [names[int(line[-1])] == true.split(",")[-1]
                 for line, true in zip(predictions, test)]
        self.assertEqual(f"{np.mean(right):.4f}", f"{accuracy:.4f}")

    def test_interrupted_run(self):
        said, folder = self.example("interrupted_run.sh")
        self.assertIn("\nexit code 75\n", said)
        self.assertIn("nntrain: stopped by SIGUSR1: ", said)
        self.assertIn("\nresuming after epoch ", said)
        digests = re.findall(r"ranks?  +([0-9a-f]{64})\n", said)
        self.assertEqual(len(digests), 2, said)
        self.assertEqual(digests[0], digests[1])
        for run in ("run", "whole"):
            self.assertEqual(nntrain("inspect", folder / run / "last.h5", "--digest").stdout.strip(),
                             digests[0])
        lines = metrics(folder / "run")
        self.assertEqual([line["epoch"] for line in lines], list(range(1, len(lines) + 1)))
        self.assertEqual((lines[0]["ranks"], lines[-1]["ranks"]), (2, 3))
        self.assertEqual([line["validation_loss"] for line in lines],
                         [line["validation_loss"] for line in metrics(folder / "whole")])

    def test_read_predictions(self):
        said, folder = self.example("read_predictions.py", sys.executable)
        accuracy = self.number(r"accuracy ([0-9.]+)\n", said)
        self.assertGreater(accuracy, 0.94)
        measured = nntrain("eval", "--checkpoint", folder / "run", "--data", folder / "weather.h5",
                           "--split", "0.8").stdout
        self.assertEqual(accuracy, self.number(r"\naccuracy +([0-9.]+)\n", measured))
        # The five that it shows are the ones with the least margin, with their own inputs.
        with h5py.File(folder / "predictions.h5") as file, \
                h5py.File(folder / "weather.h5") as data:
            ordered = np.sort(file["output"][:], axis=1)
            rows = file["row"][:][np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable")[:5]]
            inputs = [f"{data['x'][row][0]:.2f}" for row in rows]
        shown = said.split("The most doubtful days\n")[1].splitlines()[1:6]
        self.assertEqual([tuple(line.split()[:2]) for line in shown],
                         [(str(row), x) for row, x in zip(rows, inputs)])
        doubtful, others = map(float, re.search(r"Wrong: (\d+)% of .*, ([0-9.]+)% of", said).groups())
        self.assertGreater(doubtful, 5 * others)

    def test_train_in_c(self):
        """Compiled and started by the lines at its top, against what is installed."""
        prefix = self.folder / "prefix"
        self.start(os.environ["NNT_TEST_CMAKE"], "--install", os.environ["NNT_TEST_BUILD"],
                   "--prefix", prefix)
        source = EXAMPLES / "train_in_c.c"
        lines = re.findall(r"^ \* {3,}(.*)$", source.read_text(), re.M)
        self.assertEqual([line.split()[0] for line in lines],
                         ["cmake", "export", "cc", "-Wl,-rpath,$(pkg-config", "mpirun"])
        compiles = "\n".join(lines[1:4]).replace("~/nntrain", "prefix")
        compiles = compiles.replace("cc train_in_c.c", f'"$CC" -Wall -Wextra -Werror {source}')
        self.start("sh", "-ec", compiles.replace("=prefix", f"={prefix}"))
        program = self.folder / "train_in_c"
        said = {}
        for ranks in (1, 2):
            folder = self.folder / f"on-{ranks}"
            folder.mkdir()
            said[ranks] = self.start(os.environ.get("NNTRAIN_MPIEXEC", "mpirun"), "-np", ranks,
                                     program, folder=folder)
            self.assertGreater(self.number(r"R2 ([0-9.]+), mean error", said[ranks]), 0.99)
            self.assertEqual(said[ranks].count("epoch "), 4)
        self.assertEqual(said[1], said[2])
        run = self.folder / "on-2/surrogate/run"
        self.assertEqual((len(metrics(run)), metrics(run)[0]["ranks"]), (40, 2))
        again = self.start(os.environ.get("NNTRAIN_MPIEXEC", "mpirun"), "-np", 2, program,
                           folder=self.folder / "on-2")
        self.assertEqual(again, said[2][said[2].index("digest "):])

    def test_readme(self):
        """The table has a line for each file, and every link leads somewhere."""
        text = (EXAMPLES / "README.md").read_text()
        links = re.findall(r"\]\(([^)]*)\)", text)
        for link in links:
            self.assertTrue((EXAMPLES / link).exists(), link)
        files = {file.name for file in EXAMPLES.iterdir() if file.suffix in (".c", ".py", ".sh")}
        self.assertGreaterEqual(len(files), 6)
        self.assertEqual(files - set(links), set())


if __name__ == "__main__":
    unittest.main()
