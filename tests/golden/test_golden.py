#!/usr/bin/env python3
"""The program against PyTorch: 20 updates of each case in golden.h5 (make_golden.py has how they
were made), at 1, 2 and 3 ranks and with 2 threads."""
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "helpers"))
from nntrain_test import Case, distance, metrics, nntrain, parameters, write_data  # noqa: E402

TOLERANCE = 1e-5


class GoldenCase(Case):
    largest = (0.0, "")

    @classmethod
    def tearDownClass(cls):
        print(f"largest relative difference {cls.largest[0]:.1e}: {cls.largest[1]}")

    def check(self, number, what):
        """A relative difference; remembers the largest."""
        GoldenCase.largest = max(GoldenCase.largest, (number, what))
        self.assertLessEqual(number, TOLERANCE, what)

    def run_case(self, name, ranks, threads):
        with h5py.File(HERE / "golden.h5") as file:
            case = file[name]
            x, y, losses = case["x"][()], case["y"][()], case["losses"][()]
            rates = case["rates"][()]
            options = case.attrs["options"].split()
            activations = [case["layers"][i].attrs["activation"] for i in case["layers"]]
        run = self.folder / f"{ranks}x{threads}"
        data = self.folder / "data.h5"
        write_data(data, train=(x, y))
        nntrain("train", "--quiet", "--data", f"{data}:train", "--output", run, *options,
                "--threads", threads, ranks=ranks)

        lines = metrics(run)
        self.assertEqual([line["epoch"] for line in lines], list(range(1, len(losses) + 1)))
        self.assertEqual(lines[-1]["step"], 20)
        self.assertEqual((lines[-1]["ranks"], lines[-1]["threads"]), (ranks, threads))
        for line, loss, rate in zip(lines, losses, rates):
            self.check(abs(line["train_loss"] - loss) / loss, f"{run.name} {name}, train_loss")
            self.assertAlmostEqual(line["learning_rate"], rate, delta=1e-12 * rate)

        actual = parameters(run / "last.h5")
        expected = parameters_of_case(name)
        self.assertEqual(sorted(actual), sorted(expected))
        for key, array in expected.items():
            self.assertEqual(actual[key].shape, array.shape)
            self.check(distance(actual[key], array), f"{run.name} {name}, layer {key}")
        with h5py.File(run / "last.h5") as file:
            layers = file["model/layers"]
            self.assertEqual([layers[i].attrs["activation"] for i in layers], activations)


def parameters_of_case(name):
    with h5py.File(HERE / "golden.h5") as file:
        return {
            f"{layer}/{part}": group[part][()].astype(np.float64)
            for layer, group in file[name]["layers"].items()
            for part in group
        }


def add_tests():
    """One test for each case and layout."""
    with h5py.File(HERE / "golden.h5") as file:
        cases = {name: file[name].attrs["layouts"].split() for name in file}
    for name, layouts in cases.items():
        for layout in layouts:
            ranks, threads = map(int, layout.split("x"))

            def test(self, name=name, ranks=ranks, threads=threads):
                self.run_case(name, ranks, threads)

            label = f"test_{name}_{ranks}x{threads}".replace("-", "_")
            setattr(GoldenCase, label, test)


add_tests()
if __name__ == "__main__":
    unittest.main()
