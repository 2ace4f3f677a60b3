#!/usr/bin/env python3
"""kill -9 of a random rank, or of mpirun itself, at random moments, again and again.

  test_crash.py [SEED]

Every run that was killed resumes on another number of ranks, and in the end has the
digest and the losses of the run that nothing happened to, and one line of metrics an epoch.
NNT_TEST_KILLS says how often to kill (default 20).
"""
import os
import random
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import HANG, SHARED, Case, metrics, nntrain, ranks_of, write_data  # noqa: E402

KILLS = int(os.environ.get("NNT_TEST_KILLS", "20"))
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else int(time.time())
EPOCHS = 30
MOST_OF_A_RUN = 8  # kills


class CrashCase(Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        print(f"seed {SEED}, {KILLS} kills", flush=True)
        numbers = np.random.RandomState(1)
        x = numbers.randn(3000, 40).astype(np.float32)
        y = (x[:, 0] + numbers.randn(3000) > 0).astype(np.int64)
        self.data = self.folder / "data.h5"
        write_data(self.data, train=(x, y), test=(x[:500], y[:500]))
        # What a killed rank leaves in shared memory goes with the test's folder.
        self.settings = dict(os.environ, **SHARED, OMP_NUM_THREADS="1")
        for name in ("btl_vader_backing_directory", "osc_sm_backing_directory",
                     "shmem_mmap_backing_file_base_dir", "orte_tmpdir_base"):
            self.settings[f"OMPI_MCA_{name}"] = f"/tmp/nntrain-crash-{os.getpid()}"
        Path(f"/tmp/nntrain-crash-{os.getpid()}").mkdir()
        self.addCleanup(subprocess.run, ["rm", "-rf", f"/tmp/nntrain-crash-{os.getpid()}"],
                        check=False)
        self.started = None
        self.stuck = 0  # mpirun, when all ranks are gone
        self.kinds = {"a rank": 0, "rank 0": 0, "mpirun": 0}

    def tearDown(self):
        if self.started is not None and self.started.poll() is None:
            self.started.kill()
            self.started.wait()

    def words(self, output):
        return ["train", "--quiet", "--data", f"{self.data}:train", "--validation",
                f"{self.data}:test", "--hidden", "100,50", "--batch-size", 32, "--epochs", EPOCHS,
                "--learning-rate", 0.005, "--checkpoint-every", "17steps", "--resume",
                "--output", self.folder / output]

    def kill_once(self, output, ranks):
        """Whether the run was still there to be killed."""
        launcher = os.environ.get("NNTRAIN_MPIEXEC", "mpirun")
        command = [launcher, "-np", str(ranks), os.environ["NNTRAIN"], *map(str, self.words(output))]
        self.started = subprocess.Popen(command, env=self.settings, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True)
        time.sleep(self.random.uniform(0.2, 1.5))
        pids = ranks_of(self.started.pid)
        kind = self.random.choice(sorted(self.kinds))
        killed = False
        if self.started.poll() is None and pids:
            target = {"a rank": pids[self.random.choice(sorted(pids))], "rank 0": pids[min(pids)],
                      "mpirun": self.started.pid}[kind]
            try:
                os.kill(target, signal.SIGKILL)
                self.kinds[kind] += 1
                killed = True
            except ProcessLookupError:  # the run is over
                pass
        said = self.said_in_the_end(kind if killed else "nobody")
        if self.started.returncode == 0:
            return False
        self.assertTrue(killed, f"seed {SEED}: {self.started.returncode}\n{said}")
        until = time.monotonic() + HANG
        while self.has_ranks():
            self.assertLess(time.monotonic(), until, f"seed {SEED}: ranks outlive mpirun")
            time.sleep(0.01)
        return True

    def has_ranks(self):
        """Whether any process but mpirun works in the test's folder."""
        found = subprocess.run(["pgrep", "-f", str(self.folder)], capture_output=True, text=True,
                               check=False).stdout.split()
        return bool(set(map(int, found)) - {self.started.pid})

    def said_in_the_end(self, kind):
        """stderr, once mpirun has ended. After a death while MPI starts, mpirun at times waits in
        PMIx_server_finalize for a lock that nobody will give up; then it may be killed, if no rank
        is left."""
        try:
            return self.started.communicate(timeout=HANG)[1]
        except subprocess.TimeoutExpired:
            if kind == "nobody" or self.has_ranks():
                self.fail(f"seed {SEED}: hangs after the death of {kind}")
        self.stuck += 1
        self.started.kill()
        return self.started.communicate()[1]

    def test_kills(self):
        nntrain(*self.words("whole"))
        digest = nntrain("inspect", self.folder / "whole/last.h5", "--digest").stdout
        wanted = [(line["epoch"], line["step"], line["train_loss"], line["validation_loss"])
                  for line in metrics(self.folder / "whole")]
        runs = 0
        while sum(self.kinds.values()) < KILLS:
            output = f"run-{runs}"
            for _ in range(MOST_OF_A_RUN):
                if not self.kill_once(output, self.random.randint(1, 4)):
                    break
            for path in (self.folder / output).glob("*.h5"):
                nntrain("inspect", path, "--digest")
            ranks = self.random.randint(1, 4)
            nntrain(*self.words(output), ranks=ranks, env=self.settings if ranks > 1 else None)
            found = nntrain("inspect", self.folder / output / "last.h5", "--digest").stdout
            self.assertEqual(found, digest, f"seed {SEED}, {output}")
            self.assertEqual([(line["epoch"], line["step"], line["train_loss"],
                               line["validation_loss"]) for line in metrics(self.folder / output)],
                             wanted, f"seed {SEED}, {output}")
            runs += 1
        print(f"{self.kinds} killed in {runs} runs, nothing lost; mpirun itself did not end "
              f"{self.stuck} times")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
