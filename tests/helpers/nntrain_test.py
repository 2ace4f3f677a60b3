"""Running nntrain in tests: the program at any number of ranks, scratch folders, and its files.

NNTRAIN in the environment is the program, NNTRAIN_MPIEXEC the launcher (default mpirun).
"""
import functools
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

SKIPPED = 77  # the exit code that CTest counts as skipped
# Open MPI's session files: concurrent programs without mpirun would share one directory.
SESSIONS = tempfile.TemporaryDirectory(prefix="nntrain-")
# One rank without a launcher needs no network and no daemon.
ALONE = {
    "OMPI_MCA_orte_tmpdir_base": SESSIONS.name,
    "OMPI_MCA_pml": "ob1",
    "OMPI_MCA_btl": "self",
    "OMPI_MCA_ess_singleton_isolated": "1",
}
# Ranks share the machine's cores with each other and with other tests.
SHARED = {
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_mpi_yield_when_idle": "1",
}


def skip(reason):
    """Ends the test as skipped."""
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def nntrain(*words, ranks=1, threads=1, env=None, code=0, timeout=600):
    """Runs the program; fails, with all that it said, unless it ends with `code`."""
    command = [os.environ["NNTRAIN"], *map(str, words)]
    settings = dict(os.environ, OMP_NUM_THREADS=str(threads), **(ALONE if ranks == 1 else SHARED))
    settings.update(env or {})
    if ranks > 1:
        launcher = os.environ.get("NNTRAIN_MPIEXEC", "mpirun")
        command = [launcher, "-np", str(ranks), *command]
    done = subprocess.run(
        command,
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    if code is not None and done.returncode != code:
        raise AssertionError(
            f"{' '.join(command)}\nended with {done.returncode}, not {code}\n"
            f"{done.stdout}{done.stderr}"
        )
    return done


@functools.cache
def choices(option):
    """All values of an option of `train` that is a choice, as the program itself lists them."""
    said = nntrain("train", "--data", "none.h5", "--output", "none", f"--{option}", "?", code=2).stderr
    return tuple(said.strip().rsplit("choose one of: ", 1)[1].split(", "))


def metrics(run):
    """The lines of a run's metrics.jsonl."""
    return [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text().splitlines()]


def parameters(checkpoint):
    """A checkpoint's weights and biases, {"0/weight": array, "0/bias": array, ...}, float64."""
    with h5py.File(checkpoint) as file:
        layers = file["model/layers"]
        return {
            f"{layer}/{part}": layers[layer][part][()].astype(np.float64)
            for layer in sorted(layers, key=int)
            for part in sorted(layers[layer])
        }


def distance(actual, expected):
    """The length of the difference over the length of what is expected."""
    return np.linalg.norm(actual - expected) / max(np.linalg.norm(expected), 1e-30)


def write_data(path, **groups):
    """Data sets in an HDF5 file, group name to (x, y)."""
    with h5py.File(path, "w") as file:
        for group, (x, y) in groups.items():
            file[f"{group}/x"], file[f"{group}/y"] = x, y


class Case(unittest.TestCase):
    """A test case with a folder of its own, removed afterwards."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
