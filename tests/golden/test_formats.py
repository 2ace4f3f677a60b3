#!/usr/bin/env python3
"""Checkpoints of older formats still load: their digest is that of the nntrain that wrote them, and
the run resumes."""
import shutil
import sys
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "helpers"))
from nntrain_test import Case, metrics, nntrain, write_data  # noqa: E402

DIGEST_1 = "07681c9d3abf24720b3de99325d69d9f16133eca3742817c70214d8aad6918be"

DIGEST_3 = "9dc6f16e39978aab878376f79941965d1c8713a64df5007a58c7bcc50413d34f"


class FormatCase(Case):
    def test_format_1(self):
        """SGD with Nesterov's momentum, 2 epochs of 5 updates."""
        file = HERE / "checkpoint-format-1.h5"
        self.assertEqual(nntrain("inspect", file, "--digest").stdout.strip(), DIGEST_1)
        self.assertIn("sgd, learning rate 0.05, momentum 0.9 (nesterov)",
                      nntrain("inspect", file).stdout)
        run, data = self.folder / "run", self.folder / "data.h5"
        run.mkdir()
        shutil.copy(file, run / "checkpoint-00002.h5")
        x = np.random.RandomState(1).randn(40, 7).astype(np.float32)
        write_data(data, train=(x, np.arange(40) % 3))
        words = ["train", "--quiet", "--data", f"{data}:train", "--hidden", 5, "--batch-size", 8,
                 "--learning-rate", 0.05, "--nesterov"]
        nntrain(*words, "--epochs", 4, "--output", run, "--resume")
        nntrain(*words, "--epochs", 4, "--output", self.folder / "whole")
        whole = metrics(self.folder / "whole")[2:]
        # the lines of epochs 1 and 2 come from the checkpoint's history
        for line, expected in zip(metrics(run)[2:], whole, strict=True):
            self.assertEqual((line["epoch"], line["step"]), (expected["epoch"], expected["step"]))
            # the momentum was there: without it the losses differ in the second digit
            self.assertAlmostEqual(line["train_loss"], expected["train_loss"], places=5)

    def test_format_3(self):
        """Adam and layer normalisation; a checksum that does not cover the header's lines."""
        file = HERE / "checkpoint-format-3.h5"
        self.assertEqual(nntrain("inspect", file, "--digest").stdout.strip(), DIGEST_3)
        self.assertIn("layer norm", nntrain("inspect", file).stdout)


if __name__ == "__main__":
    unittest.main()
