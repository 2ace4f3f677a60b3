#!/usr/bin/env python3
"""--init-from and --freeze: which parameters are taken, which stay, and what the others become."""
import os
import unittest

import h5py
import numpy as np

from cli_case import CliCase, samples

METHODS = ((), ("--optimizer", "adamw", "--clip-norm", "0.5"), ("--max-norm", "0.4", "--l1", "0.01"),
           ("--optimizer", "lamb"), ("--accumulate", "2", "--weight-decay", "0.1"))


class WarmStart(CliCase):
    def setUp(self):
        super().setUp()
        self.x, self.y = samples()
        self.write_data("data.h5", self.x, self.y)
        self.start("first", "--normalize", "standardize")

    def start(self, output, *words, epochs=2, hidden="8,6", data="data.h5", norm="--layer-norm",
              **how):
        self.succeed("train", "--data", data, "--output", output, "--hidden", hidden, norm, "--epochs", epochs, "--batch-size", "16",
                     *words, **how)

    def layers(self, run):
        """Of each layer all parameters, as bytes."""
        with h5py.File(self.path(run, "last.h5"), "r") as file:
            layers = file["model/layers"]
            return [b"".join(layers[str(i)][name][()].tobytes() for name in sorted(layers[str(i)]))
                    for i in range(len(layers))]

    def test_weights_and_normalisation_are_taken(self):
        self.start("second", "--init-from", "first", "--learning-rate", "0", epochs=1)
        self.assertEqual(self.digest("second/last.h5"), self.digest("first/best.h5"))
        with h5py.File(self.path("first/last.h5")) as a, h5py.File(self.path("second/last.h5")) as b:
            self.assertTrue(np.array_equal(a["model/input_shift"][()], b["model/input_shift"][()]))
        self.start("third", "--init-from", "first/last.h5", ranks=3)
        self.start("fourth", "--init-from", "first/last.h5")
        self.assertEqual(self.digest("third/last.h5"), self.digest("fourth/last.h5"))

    def test_another_last_layer(self):
        self.write_data("two.h5", self.x, self.y % 2)
        self.start("two", "--init-from", "first/last.h5", "--learning-rate", "0", data="two.h5",
                   epochs=1)
        before, after = self.layers("first"), self.layers("two")
        self.assertEqual(before[:2], after[:2])
        self.assertNotEqual(len(before[2]), len(after[2]))

    def test_frozen_layers_keep_their_bits(self):
        first = self.layers("first")
        for frozen in ("0", "1", "0,2"):
            for i, method in enumerate(METHODS):
                runs = []
                for ranks in (1, 3):
                    run = f"frozen-{frozen}-{i}-{ranks}"
                    self.start(run, "--init-from", "first/last.h5", "--freeze", frozen,
                               "--seed", "5", *method, ranks=ranks)
                    runs.append(self.layers(run))
                self.assertEqual(runs[0], runs[1])
                for layer in range(3):
                    same = runs[0][layer] == first[layer]
                    self.assertEqual(same, str(layer) in frozen.split(","), (frozen, method, layer))

    def test_frozen_batch_normalisation(self):
        """Running mean and variance of a frozen layer stay, the others move."""
        batch = dict(norm="--batch-norm")
        self.start("batch", **batch)
        first = self.layers("batch")
        for ranks in (1, 3):
            self.start(f"frozen-{ranks}", "--init-from", "batch/last.h5", "--freeze", "0",
                       "--optimizer", "adam", ranks=ranks, **batch)
        self.assertEqual(self.layers("frozen-1"), self.layers("frozen-3"))
        self.assertEqual([a == b for a, b in zip(self.layers("frozen-1"), first)],
                         [True, False, False])

    def test_the_others_move_as_ever(self):
        """After one step the layers that are not frozen are those of a run without frozen ones."""
        for method in ((), ("--optimizer", "adam")):
            words = ("--init-from", "first/last.h5", "--granules", "4", *method)
            one = dict(epochs=1, data="one.h5")
            if not os.path.exists(self.path("one.h5")):
                self.write_data("one.h5", self.x[:16], self.y[:16])
            self.start(f"all-{len(method)}", *words, **one)
            expected = self.layers(f"all-{len(method)}")
            for frozen in ("0", "1", "2", "0,1"):
                run = f"one-{frozen}-{len(method)}"
                self.start(run, *words, "--freeze", frozen, **one)
                for layer, found in enumerate(self.layers(run)):
                    if str(layer) not in frozen:
                        self.assertEqual(found, expected[layer], (frozen, layer))

    def test_resumed(self):
        words = ("--init-from", "first", "--freeze", "0")
        self.start("whole", *words, epochs=3)
        self.start("parts", *words, epochs=1)
        done = self.run_program("train", "--data", "data.h5", "--output", "parts", "--hidden", "8,6",
                                "--layer-norm", "--batch-size", "16", "--resume")
        self.check_message(done, 2, ["--freeze"])
        self.start("parts", *words, "--resume", epochs=3, ranks=2)
        self.assertEqual(self.digest("parts/last.h5"), self.digest("whole/last.h5"))

    def test_refused(self):
        common = ("--hidden", "8,6", "--layer-norm")
        for words, told in (
                ((*common, "--init-from", "none"), ["none"]),
                ((*common, "--init-from", "data.h5"), ["data.h5"]),
                (("--hidden", "8,5", "--layer-norm", "--init-from", "first"), ["--init-from first"]),
                (("--hidden", "8,6", "--init-from", "first"), ["--norm"]),
                (("--hidden", "8,6", "--batch-norm", "--init-from", "first"), ["--norm"]),
                ((*common, "--activation", "tanh", "--init-from", "first"), ["--activation"]),
                ((*common, "--freeze", "3"), ["--freeze 3", "0 to 2"]),
                ((*common, "--freeze", "0,1,2"), ["--freeze", "3 layers"]),
                ((*common, "--freeze", "x"), ["--freeze x"]), ((*common, "--freeze", "-1"), ["-1"])):
            self.refuse_training(*words, words=told)


if __name__ == "__main__":
    unittest.main()
