#!/usr/bin/env python3
"""The recipes: every run file is understood, and run.sh trains, measures and sums up."""
import os
import subprocess
import unittest
from pathlib import Path

import numpy as np

from cli_case import NNTRAIN, SECONDS, CliCase

RECIPES = Path(__file__).resolve().parent.parent.parent / "scripts" / "recipes"


class Recipes(CliCase):
    def test_run_files(self):
        files = sorted(RECIPES.glob("*.ini"))
        self.assertGreaterEqual(len(files), 4)
        random = np.random.default_rng(1)
        x = random.integers(0, 255, (600, 28, 28)).astype("u1")
        self.write_data("classes.h5", x, np.arange(600) % 10)
        self.write_data("values.h5", x, random.normal(size=600))
        for file in files:
            data = "values.h5" if "loss = mse" in file.read_text() else "classes.h5"
            text = self.succeed("train", "--config", file, "--data", data, "--output", "run",
                                "--dry-run")
            self.assertIn("784-", text)
            self.succeed("train", "--config", file, "--data", data, "--output", file.stem,
                         "--quiet", "--epochs", "1", "--limit", "300")

    def test_script(self):
        """Of a recipe for data that take no time."""
        folder = os.environ.get("NNTRAIN_FASHION_DIR", "/usr/share/datasets/fashion-mnist")
        if not os.path.exists(os.path.join(folder, "t10k-labels-idx1-ubyte.gz")):
            self.skipTest(f"no Fashion-MNIST in {folder}")
        os.mkdir(self.path("recipes"))
        for name in ("run.sh", "fashion.ini"):
            text = (RECIPES / name).read_text().replace("epochs = 60", "epochs = 1\nlimit = 600")
            text = text.replace("warmup = 2epochs", "").replace("1024,512", "16")
            self.write(name, text.replace("../environment.sh", "environment.sh"))
        self.write("environment.sh", (RECIPES.parent / "environment.sh").read_text())
        done = subprocess.run(["bash", "run.sh", "fashion", "4", "5"], cwd=self.folder,
                              capture_output=True, text=True, check=False, timeout=SECONDS,
                              env={**os.environ, "NNTRAIN": NNTRAIN, "OMP_NUM_THREADS": "1"})
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        lines = done.stdout.splitlines()
        reached = [float(line.split()[3].rstrip(",")) for line in lines[:2]]
        self.assertTrue(all(0.1 < value < 0.9 for value in reached))
        self.assertIn(f"accuracy {np.mean(reached):.4f}"[:-1], lines[2])
        self.assertIn("over 2 seeds", lines[2])
        wrong = subprocess.run(["bash", "run.sh", "none"], cwd=self.folder, capture_output=True,
                               text=True, check=False, timeout=SECONDS)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("run.sh fashion", wrong.stderr)


if __name__ == "__main__":
    unittest.main()
