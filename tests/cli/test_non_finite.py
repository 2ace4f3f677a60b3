#!/usr/bin/env python3
"""A non-finite loss: the run stops, says where, and can be resumed."""
import os
import unittest

import numpy as np

from cli_case import CliCase, samples


class NonFinite(CliCase):
    def setUp(self):
        super().setUp()
        x, _ = samples()
        self.write_data("data.h5", x, x[:, :2] * 3)
        self.options = ("--loss", "mse", "--activation", "identity", "--data", "data.h5",
                        "--output", "run", "--hidden", "8", "--batch-size", "4", "--momentum", "0")

    def check(self, ranks):
        self.succeed("train", *self.options, "--epochs", "1", "--learning-rate", "0.01",
                     ranks=ranks)
        before = self.contents()
        digest = self.digest("run/last.h5")
        metrics = self.metrics()
        done = self.run_program("train", *self.options, "--epochs", "4", "--learning-rate", "1e6",
                                "--resume", ranks=ranks)
        self.check_message(done, 1, ["not a finite number", "epoch 2", "step ",
                                     "--learning-rate 1e+06"], ranks)
        self.assertEqual(self.contents(), before)
        self.assertEqual(self.digest("run/last.h5"), digest)
        self.assertEqual(self.metrics(), metrics)
        self.succeed("train", *self.options, "--epochs", "3", "--learning-rate", "0.01", "--resume",
                     ranks=ranks)
        self.assertEqual([line["epoch"] for line in self.metrics()], [1, 2, 3])
        self.assertTrue(np.isfinite(self.metrics()[-1]["train_loss"]))

    def test_one_rank(self):
        self.check(1)

    def test_three_ranks(self):
        self.check(3)

    def test_in_the_first_epoch(self):
        for ranks in (1, 3):
            done = self.run_program("train", *self.options, "--learning-rate", "1e6", ranks=ranks)
            self.check_message(done, 1, ["not a finite number", "epoch 1"], ranks)
            self.assertFalse(os.path.exists(self.path("run")))


class FewSamples(CliCase):
    """More ranks than samples in a batch: some are idle, and none hangs."""

    def check(self, count, batch_size):
        self.write_data("data.h5", *samples(count))
        digests = set()
        for ranks in (1, 3):
            out = self.succeed("train", "--data", "data.h5", "--validation", "data.h5", "--output",
                               f"run{ranks}", "--batch-size", batch_size, "--epochs", "2",
                               "--normalize", "standardize", ranks=ranks)
            self.assertIn("done: 2 epochs", out)
            output, _ = self.predict(checkpoint=f"run{ranks}/last.h5", ranks=ranks)
            self.assertEqual(output.shape, (count, 3))
            digests.add(len(self.digest(f"run{ranks}")))
        self.assertEqual(digests, {64})

    def test_last_batch_of_one(self):
        self.check(5, 2)

    def test_batches_of_one(self):
        self.check(4, 1)

    def test_batch_larger_than_the_data(self):
        self.check(4, 2**31 - 1)


if __name__ == "__main__":
    unittest.main()
