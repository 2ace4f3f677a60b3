#!/usr/bin/env python3
"""golden.h5 is what make_golden.py makes. Skipped where no Python has torch: NNTRAIN_TORCH_PYTHON
in the environment names one, else this script's own and the first on PATH are tried."""
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "helpers"))
from nntrain_test import Case, skip  # noqa: E402

TOLERANCE = 1e-6


def python_with_torch():
    for python in (os.environ.get("NNTRAIN_TORCH_PYTHON"), sys.executable, shutil.which("python3")):
        if python is None:
            continue
        found = subprocess.run([python, "-c", "import h5py, numpy, torch"], capture_output=True,
                               check=False)
        if found.returncode == 0:
            return python
    return skip("no Python with torch, numpy and h5py; NNTRAIN_TORCH_PYTHON may name one")


def contents(path):
    """Every dataset and attribute of a file."""
    found = {}

    def add(name, item):
        for key, value in item.attrs.items():
            found[f"{name}@{key}"] = value
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(add)
    return found


class RemakeCase(Case):
    def test_remake(self):
        path = self.folder / "golden.h5"
        subprocess.run([PYTHON, HERE / "make_golden.py", path], check=True,
                       stdout=subprocess.DEVNULL)
        made, committed = contents(path), contents(HERE / "golden.h5")
        self.assertEqual(sorted(made), sorted(committed))
        for name, value in committed.items():
            if name.endswith("@float32_distance"):  # what this CPU's rounding makes of it
                continue
            if isinstance(value, str):
                self.assertEqual(made[name], value, name)
                continue
            self.assertEqual(made[name].dtype, value.dtype, name)
            self.assertEqual(made[name].shape, value.shape, name)
            apart = np.linalg.norm(made[name].astype(float) - value)
            self.assertLessEqual(apart, TOLERANCE * np.linalg.norm(value.astype(float)), name)


if __name__ == "__main__":
    PYTHON = python_with_torch()
    unittest.main()
