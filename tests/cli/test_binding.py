#!/usr/bin/env python3
"""Hosts, CPUs and threads as a run shows them at its start, and as it chooses them."""
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from cli_case import ALONE, MPIEXEC, NNTRAIN, SECONDS, SHARED, CliCase

SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def core_of(cpu):
    """The first CPU on the same core."""
    try:
        return int(Path(SIBLINGS.format(cpu)).read_text().replace("-", ",").split(",")[0])
    except OSError:
        return cpu


# Two CPUs on cores of their own.
CORES = sorted({core_of(cpu): cpu for cpu in sorted(os.sched_getaffinity(0), reverse=True)}.values())


@unittest.skipIf(len(CORES) < 2 or shutil.which("taskset") is None, "two cores and taskset")
class Binding(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")
        self.first, self.second = CORES[:2]
        self.both = f"{self.first},{self.second}"
        self.shown = f"{self.first}-{self.second}" if self.second == self.first + 1 else self.both

    def run_on(self, *places, words=(), prefix=(), **environment):
        """A rank on each of the lists of CPUs; what it says on stdout and stderr."""
        settings = {**os.environ, **(SHARED if len(places) > 1 else ALONE),
                    "OMPI_MCA_mpi_yield_when_idle": "0"}
        settings.pop("OMP_NUM_THREADS", None)
        settings.update(environment)
        program = [NNTRAIN, "train", "--data", "data.h5", "--output", "run", "--dry-run",
                   *map(str, words)]
        command = []
        for place in places:
            command += [":"] * bool(command) + ["-np", "1"] * (len(places) > 1)
            command += ["taskset", "-c", str(place), *program]
        if len(places) > 1:
            command = [MPIEXEC, *command]
        done = subprocess.run([*prefix, *command], cwd=self.folder, capture_output=True, text=True,
                              check=False, timeout=SECONDS, env=settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        warnings = [line for line in done.stderr.splitlines() if line.startswith("nntrain: ")]
        return done.stdout.splitlines()[0], warnings

    def check(self, said, expected, *warned):
        line, warnings = said
        host = os.uname().nodename
        self.assertTrue(line.startswith(f"host {host}: {expected}, "), line)
        self.assertRegex(line, r" (avx512|avx2|baseline) kernels$")
        self.assertEqual(len(warnings), 1 if warned else 0, warnings)
        for words in warned:
            self.assertIn(words, warnings[0])

    def test_alone(self):
        self.check(self.run_on(self.both), f"1 rank x 2 threads, CPUs {self.shown}")
        self.check(self.run_on(self.second), f"1 rank x 1 thread, CPU {self.second}")

    def test_shared_cores_are_divided(self):
        self.check(self.run_on(self.both, self.both),
                   f"2 ranks x 1 thread, CPUs {self.shown} for each")
        self.check(self.run_on(self.both, self.both, self.both),
                   f"3 ranks x 1 thread, CPUs {self.shown} for each",
                   "warning: ", f"3 threads share 2 cores (CPUs {self.shown})", "fewer ranks")

    def test_own_cores(self):
        self.check(self.run_on(self.first, self.second),
                   f"2 ranks x 1 thread, CPUs {self.first} | {self.second}")
        # One of the cores has two users, who get half of it.
        self.check(self.run_on(self.both, self.second),
                   f"2 ranks x 1 thread, CPUs {self.shown} | {self.second}",
                   f"2 threads share 1 of ")

    def test_wishes(self):
        self.check(self.run_on(self.both, words=("--threads", 1)),
                   f"1 rank x 1 thread, CPUs {self.shown}")
        self.check(self.run_on(self.both, OMP_NUM_THREADS="1"),
                   f"1 rank x 1 thread, CPUs {self.shown}")
        self.check(self.run_on(self.both, words=("--threads", 2), OMP_NUM_THREADS="1"),
                   f"1 rank x 2 threads, CPUs {self.shown}")
        self.check(self.run_on(self.both, OMP_THREAD_LIMIT="1"),
                   f"1 rank x 1 thread, CPUs {self.shown}")

    def test_too_many(self):
        many = ("--threads", 2)
        self.check(self.run_on(self.second, words=many),
                   f"1 rank x 2 threads, CPU {self.second}", "2 threads share 1 of ",
                   f"(CPUs {self.second})", "--map-by slot:PE=2", "--bind-to none")
        host = len({core_of(cpu) for cpu in range(os.cpu_count())})
        self.check(self.run_on(self.both, self.both, words=("--threads", host)),
                   f"2 ranks x {host} threads, CPUs {self.shown} for each",
                   f"{2 * host} threads share 2 cores", "fewer --threads")
        self.check(self.run_on(self.both, self.both, words=many, OMPI_MCA_mpi_yield_when_idle="1"),
                   f"2 ranks x 2 threads, CPUs {self.shown} for each")

    def test_places(self):
        """OpenMP that binds its threads does not hide the other CPUs."""
        self.check(self.run_on(self.both, OMP_PROC_BIND="true", OMP_PLACES="threads"),
                   f"1 rank x 2 threads, CPUs {self.shown}")

    def test_evaluation(self):
        """The same choice; the numbers do not depend on it."""
        self.train()
        one = self.succeed("eval", "--checkpoint", "run", "--data", "data.h5")
        settings = {**os.environ, **ALONE}
        settings.pop("OMP_NUM_THREADS", None)
        two = subprocess.run([NNTRAIN, "eval", "--checkpoint", "run", "--data", "data.h5"],
                             cwd=self.folder, capture_output=True, text=True, check=True,
                             env=settings)
        self.assertEqual(one, two.stdout)

    @unittest.skipIf(os.geteuid() != 0 or shutil.which("unshare") is None, "root and unshare")
    def test_hardware_threads(self):
        """Two CPUs of one core are one: in a view of /sys in which these two are."""
        self.write("siblings", self.both + "\n")
        mounts = " && ".join(f"mount --bind siblings {SIBLINGS.format(cpu)}"
                             for cpu in (self.first, self.second))
        apart = ["unshare", "--mount", "sh", "-c", f'{mounts} || exit 99; exec "$@"', "sh"]
        tried = subprocess.run([*apart, "true"], cwd=self.folder, check=False)
        if tried.returncode != 0:
            self.skipTest("no mounts over /sys here")
        self.check(self.run_on(self.both, prefix=apart), f"1 rank x 1 thread, CPUs {self.shown}")
        self.check(self.run_on(self.both, self.both, prefix=apart),
                   f"2 ranks x 1 thread, CPUs {self.shown} for each",
                   "2 threads share 1 ", f"(CPUs {self.first})")


if __name__ == "__main__":
    unittest.main()
