#!/usr/bin/env python3
"""Options of optimisers, schedules and regularisation that are wrong or do not go together."""
import unittest

import numpy as np

from cli_case import CliCase, samples
from nntrain_test import parameters


class Methods(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def refuse_each(self, cases):
        for words, expected in cases:
            self.refuse_training(*words.split(), words=expected, ranks=(1,))

    def test_of_another_optimizer(self):
        self.refuse_training("--optimizer", "adam", "--momentum", "0.9",
                             words=["--momentum with --optimizer adam"])
        self.refuse_each((
            ("--betas 0.9,0.99", ["--betas with --optimizer sgd"]),
            ("--epsilon 1e-3", ["--epsilon with --optimizer sgd"]),
            ("--optimizer lamb --alpha 0.9", ["--alpha with --optimizer lamb"]),
            ("--optimizer adam --trust 0.1", ["--trust with --optimizer adam"]),
            ("--optimizer lars --nesterov", ["--nesterov with --optimizer lars"]),
        ))

    def test_of_another_schedule(self):
        self.refuse_training("--milestones", "3", words=["--milestones with --schedule constant"])
        self.refuse_each((
            ("--schedule cosine --schedule-factor 0.5", ["--schedule-factor with --schedule cosine"]),
            ("--schedule one-cycle --warmup 1epoch", ["--warmup with --schedule one-cycle"]),
            ("--schedule step", ["--schedule-every SPAN"]),
            ("--schedule multi-step", ["--milestones N,N"]),
        ))

    def test_values(self):
        self.refuse_each((
            ("--optimizer adam --betas 0.9", ["--betas 0.9", "two numbers"]),
            ("--optimizer adam --betas 0.9,1", ["--betas 0.9,1", "two numbers"]),
            ("--optimizer adam --epsilon 0", ["--epsilon 0"]),
            ("--clip-norm -1", ["--clip-norm -1"]),
            ("--l1 nan", ["--l1 nan"]),
            ("--schedule triangle", ["triangle", "cosine"]),
            ("--warmup 5", ["--warmup 5", "5epochs"]),
            ("--warmup 0steps", ["--warmup 0steps"]),
            ("--warmup epochs", ["--warmup epochs"]),
            ("--schedule multi-step --milestones 3,2", ["--milestones 3,2", "ascend"]),
            ("--scale-learning-rate 0", ["--scale-learning-rate 0"]),
            ("--patience -1", ["--patience -1"]),
            ("--dropout 1", ["--dropout 1", "0.999"]),
            ("--hidden 4,4 --dropout 0.1,0.2,0.3", ["2 hidden layers"]),
            ("--input-dropout 1", ["--input-dropout 1"]),
            ("--label-smoothing 1", ["--label-smoothing 1"]),
            ("--shift -1", ["--shift -1"]),
            ("--erase 1", ["--erase 1"]),
            ("--noise -0.1", ["--noise -0.1"]),
            ("--mixup 0", ["--mixup 0"]),
            ("--mixup nan", ["--mixup nan"]),
            ("--accumulate 0", ["--accumulate 0"]),
        ))

    def test_contradictions(self):
        self.refuse(["train", "--data", "data.h5", "--output", "run", "--dropout", "0.5"],
                    ["--dropout 0.5 without --hidden"])
        self.refuse(["train", "--data", "data.h5", "--output", "run", "--layer-norm"],
                    ["--layer-norm without --hidden"], ranks=(1,))
        self.refuse(["train", "--data", "data.h5", "--output", "run", "--batch-norm"],
                    ["--batch-norm without --hidden"], ranks=(1,))
        self.refuse(["train", "--data", "data.h5", "--output", "run", "--norm", "batch"],
                    ["--norm batch without --hidden"], ranks=(1,))
        self.refuse_training("--norm", "layer", "--batch-norm", "--hidden", "5",
                             words=["--norm layer with --batch-norm"])
        self.refuse_training("--norm", "laier", "--hidden", "5",
                             words=["unknown norm: laier; choose one of: none, layer, batch"])
        self.refuse_training("--layer-norm", "--batch-norm", "--hidden", "5",
                             words=["--layer-norm with --batch-norm"])
        self.refuse_training("--loss", "quadratic", "--label-smoothing", "0.1",
                             words=["--label-smoothing 0.1 with --loss quadratic"])

    def test_images(self):
        self.refuse_training("--flip", words=["not images", "data.h5", "[samples, height, width]"])
        x, y = samples(features=12)
        self.write_data("images.h5", x.reshape(len(x), 3, 4), y)
        self.refuse_training("--shift", "3", words=["--shift 3", "3 x 4"], data="images.h5")

    def test_targets_of_losses(self):
        x, y = samples()
        self.write_data("values.h5", x, x[:, 0])
        self.refuse_training("--loss", "hinge", words=["hinge needs classes"], data="values.h5")
        self.refuse_training("--loss", "poisson", words=["Poisson", "below 0"], data="values.h5",
                             ranks=(1,))

    def test_poisson_outputs(self):
        """predict gives rates, and eval measures them."""
        x, _ = samples(200)
        t = np.floor(np.exp(1.0 + x[:, :2])).astype(np.float32)
        self.write_data("counts.h5", x, t)
        self.train("--loss", "poisson", "--learning-rate", "0.01", data="counts.h5")
        output, _ = self.predict("counts.h5")
        weights = parameters(self.path("run", "last.h5"))
        a = np.maximum(x @ weights["0/weight"].T + weights["0/bias"], 0)
        expected = np.exp(a @ weights["1/weight"].T + weights["1/bias"])
        np.testing.assert_allclose(output, expected, rtol=1e-5)
        found = self.evaluate(data="counts.h5")
        self.assertAlmostEqual(found["mse"], ((expected - t) ** 2).mean(), delta=1e-4)

    def test_batch_normalisation_of_one_sample(self):
        """It is its own mean and has no variance: what comes out is the shift, the layers before
        learn nothing from it, and the running statistics stay."""
        x = samples()[0][:1]
        t = np.array([[0.5, -1.0]], np.float32)
        self.write_data("one.h5", x, t)
        for rate in ("0", "0.1"):
            self.succeed("train", "--data", "one.h5", "--output", rate, "--hidden", "8", "--loss",
                         "mse", "--batch-norm", "--activation", "gelu", "--learning-rate", rate,
                         "--momentum", "0", "--epochs", "1", ranks=2)
        before, after = (parameters(self.path(rate, "last.h5")) for rate in ("0", "0.1"))
        np.testing.assert_array_equal(before["0/norm_bias"], 0)  # and gelu(0) = 0, its slope 1/2
        d = 2 * (before["1/bias"] - t[0]) / t.size
        moved = {"0/norm_bias": 0.5 * d @ before["1/weight"], "1/bias": d}
        for name in before:
            np.testing.assert_allclose(after[name], before[name] - 0.1 * moved.get(name, 0),
                                       atol=1e-6, err_msg=name)


if __name__ == "__main__":
    unittest.main()
