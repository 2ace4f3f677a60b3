"""Running nntrain in tests: the program at any number of ranks, scratch folders, and its files.

NNTRAIN in the environment is the program, NNTRAIN_MPIEXEC the launcher (default mpirun);
NNTRAIN_RAISING is the program with ranks that send themselves signals (raise_at.c).
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
HANG = 180  # seconds in which even a busy machine finishes what a test waits for
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


def raising(number, step, point, ranks=None, file=None):
    """The environment in which ranks (all without) of NNTRAIN_RAISING send themselves a signal at
    "begin", "update" or "end" of a step, counted from 1; `file` gets their process numbers."""
    settings = {"NNT_RAISE_SIGNAL": str(int(number)), "NNT_RAISE_STEP": str(step),
                "NNT_RAISE_AT": point}
    if ranks is not None:
        settings["NNT_RAISE_RANKS"] = ",".join(map(str, ranks))
    if file is not None:
        settings["NNT_RAISE_FILE"] = str(file)
    return settings


def raised(file):
    """Process numbers by rank of those that have sent themselves a signal."""
    lines = Path(file).read_text().splitlines() if Path(file).exists() else []
    return {int(rank): int(process) for rank, process in map(str.split, lines)}


def ranks_among(processes):
    """Process numbers by rank of those processes that are ranks of the program."""
    found = {}
    for process in processes:
        folder = Path(f"/proc/{process}")
        try:
            if (folder / "comm").read_text() != "nntrain\n":
                continue
            words = (folder / "environ").read_text().split("\0")
        except OSError:  # it has ended
            continue
        settings = dict(word.split("=", 1) for word in words if "=" in word)
        for name in ("OMPI_COMM_WORLD_RANK", "SLURM_PROCID"):  # of mpirun, of srun
            if name in settings:
                found[int(settings[name])] = int(process)
                break
    return found


def ranks_of(launcher):
    """Process numbers by rank of the ranks of an mpirun on this machine."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(launcher)], capture_output=True,
                            text=True, check=False).stdout
    return ranks_among(listed.split())


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
