#!/usr/bin/env python3
"""The watchdog over a network: ranks that stop, a host that does, a link that is cut.

Needs root; leaves nothing behind (helpers/hosts.py).
"""
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
import hosts  # noqa: E402

hosts.enter()

import numpy as np  # noqa: E402

from hosts import FOLDER, Hosts  # noqa: E402
from nntrain_test import (  # noqa: E402
    HANG, metrics, nntrain, raised, raising, ranks_among, write_data)

HOSTS = None
SAMPLES, BATCH = 500, 32
SECONDS = 2  # of silence
STEP = 50  # in which the fault comes, the second of the fourth epoch


def setUpModule():
    global HOSTS  # pylint: disable=global-statement
    HOSTS = Hosts(2)
    numbers = np.random.RandomState(1)
    x = numbers.randn(SAMPLES, 30).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    write_data(FOLDER / "data.h5", train=(x, y), test=(x[:100], y[:100]))
    os.environ["OMPI_MCA_orte_tmpdir_base"] = str(FOLDER / "tmp")


class WatchdogCase(unittest.TestCase):
    def setUp(self):
        self.folder = FOLDER / self.id().rsplit(".", 1)[1]
        self.folder.mkdir()
        self.addCleanup(HOSTS.end_all)

    def words(self, output, epochs):
        return ["train", "--data", f"{FOLDER}/data.h5:train", "--validation",
                f"{FOLDER}/data.h5:test", "--hidden", "300,100", "--batch-size", BATCH, "--epochs",
                epochs, "--learning-rate", 0.01, "--threads", 1, "--quiet", "--watchdog", SECONDS,
                "--resume", "--output", self.folder / output]

    def start(self, ranks, point):
        """A run on both hosts, of which these ranks stop there; their process numbers."""
        names = ",".join(f"{name}:2" for name in HOSTS.names)
        command = HOSTS.words(
            "nh1", os.environ.get("NNTRAIN_MPIEXEC", "mpirun"), "--host", names,
            "--mca", "plm_rsh_agent", HOSTS.remote_shell, "--mca", "btl", "self,vader,tcp",
            "--mca", "btl_tcp_if_include", HOSTS.network,
            "--mca", "oob_tcp_if_include", HOSTS.network, os.environ["NNTRAIN_RAISING"],
            *self.words("run", 1000))
        file = self.folder / "stopped"
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, **raising(signal.SIGSTOP, STEP, point, ranks, file)))
        self.addCleanup(process.kill)
        until = time.monotonic() + HANG
        while sorted(raised(file)) != ranks:
            self.assertLess(time.monotonic(), until)
            if process.poll() is not None:
                self.fail(process.communicate()[1])
            time.sleep(0.01)
        return process, raised(file)

    def finish(self, process, step, *codes):
        """What the watchdogs said. The state after this step is saved; every rank is gone, and the
        run resumes to the same end."""
        _, said = process.communicate(timeout=HANG)
        self.assertIn(process.returncode, codes, said)
        until = time.monotonic() + HANG
        while any(ranks_among(HOSTS.processes(name)) for name in HOSTS.names):
            self.assertLess(time.monotonic(), until, "ranks outlive mpirun")
            time.sleep(0.05)
        lines = [line for line in said.splitlines() if line.startswith("nntrain: watchdog: ")]
        print("\n".join(lines), flush=True)
        saved_states = re.findall(r"emergency checkpoint of step (\d+): (\S+);", said)
        self.assertEqual([int(saved) for saved, _ in saved_states], [step], lines)
        nntrain("inspect", saved_states[0][1])
        epochs = len(metrics(self.folder / "run")) + 2
        nntrain(*self.words("run", epochs))
        nntrain(*self.words("whole", epochs))
        self.assertEqual(self.result("run"), self.result("whole"))
        self.assertEqual([path.name for path in (self.folder / "run").glob(".*")], [])
        return lines

    def result(self, output):
        digest = nntrain("inspect", self.folder / output / "last.h5", "--digest").stdout
        return digest, [(line["epoch"], line["step"], line["train_loss"],
                         line["validation_loss"]) for line in metrics(self.folder / output)]

    def check_missing(self, lines, words):
        missing = [line for line in lines if "missing: " in line]
        self.assertEqual(len(missing), 1, lines)
        self.assertIn(f"missing: host nh2{words}", missing[0])

    def check_told(self, lines, ranks):
        """Each of these ranks has reported. mpirun continues the others, to end them."""
        told = sorted(int(match.group(1)) for match in
                      (re.match(r"nntrain: watchdog: host \S+, rank (\d+) \(process", line)
                       for line in lines) if match)
        self.assertEqual([rank for rank in told if rank in ranks], ranks, lines)

    def test_a_rank_stops_between_updates(self):
        process, stopped = self.start([3], "begin")
        lines = self.finish(process, STEP - 1, 1)
        self.check_missing(lines, f", rank 3 (process {stopped[3]}): stopped or dead")
        self.check_told(lines, [0, 1, 2])

    def test_a_rank_stops_in_an_update(self):
        """Its host's parameters are half of either step. The other host has all that it needs to
        finish the update."""
        process, stopped = self.start([3], "update")
        lines = self.finish(process, STEP, 1)
        self.check_missing(lines, f", rank 3 (process {stopped[3]}): stopped or dead")
        self.check_told(lines, [0, 1, 2])

    def test_a_host_stops(self):
        process, _ = self.start([2, 3], "begin")
        lines = self.finish(process, STEP - 1, 1)
        self.check_missing(lines, " (ranks 2 to 3): does not answer")
        self.check_told(lines, [0, 1])

    def test_a_link_is_cut(self):
        """Between two updates: a rank stops for that moment. Open MPI's mpirun waits for its daemon
        there: it is ended, with 137."""
        process, stopped = self.start([3], "begin")
        HOSTS.cut_link("nh2")
        os.kill(stopped[3], signal.SIGCONT)
        try:
            lines = self.finish(process, STEP - 1, 1, 137, -signal.SIGKILL)
        finally:
            HOSTS.mend_link("nh2")
        self.assertTrue(any("suspect the network between the hosts" in line for line in lines),
                        lines)
        told = [line for line in lines if "host nh1, rank " in line]
        self.assertEqual(len(told), 2, lines)


if __name__ == "__main__":
    unittest.main()
