#!/usr/bin/env python3
"""The watchdog over a network: ranks that are stopped, a host that is, a link that is cut.

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

from hosts import FOLDER, Hosts, run  # noqa: E402
from nntrain_test import metrics, nntrain, write_data  # noqa: E402

HOSTS = None
SAMPLES, BATCH = 500, 32
SECONDS = 2  # of silence
MOST_SECONDS = 30  # from the fault to the end


def setUpModule():
    global HOSTS  # pylint: disable=global-statement
    HOSTS = Hosts(2)
    numbers = np.random.RandomState(1)
    x = numbers.randn(SAMPLES, 30).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    write_data(FOLDER / "data.h5", train=(x, y), test=(x[:100], y[:100]))
    os.environ["OMPI_MCA_orte_tmpdir_base"] = str(FOLDER / "tmp")


def ranks_on(name):
    """Process numbers by rank of nntrain on a host."""
    found = {}
    for pid in run("ip", "netns", "pids", name).split():
        try:
            if Path(f"/proc/{pid}/comm").read_text() != "nntrain\n":
                continue
            words = Path(f"/proc/{pid}/environ").read_text().split("\0")
        except OSError:
            continue
        rank = [word.split("=")[1] for word in words if word.startswith("OMPI_COMM_WORLD_RANK=")]
        if rank:
            found[int(rank[0])] = int(pid)
    return found


class WatchdogCase(unittest.TestCase):
    def setUp(self):
        self.folder = FOLDER / self.id().rsplit(".", 1)[1]
        self.folder.mkdir()
        self.addCleanup(HOSTS.end_all)

    def words(self, output, *extra, epochs=100000):
        return ["train", "--data", f"{FOLDER}/data.h5:train", "--validation",
                f"{FOLDER}/data.h5:test", "--hidden", "300,100", "--batch-size", BATCH, "--epochs",
                epochs, "--learning-rate", 0.01, "--threads", 1, "--quiet", "--watchdog", SECONDS,
                "--resume", "--output", self.folder / output, *extra]

    def start(self):
        """A run on both hosts that has come some way."""
        names = ",".join(f"{name}:2" for name in HOSTS.names)
        command = HOSTS.words(
            "nh1", os.environ.get("NNTRAIN_MPIEXEC", "mpirun"), "--host", names,
            "--mca", "plm_rsh_agent", HOSTS.remote_shell, "--mca", "btl", "self,vader,tcp",
            "--mca", "btl_tcp_if_include", HOSTS.network,
            "--mca", "oob_tcp_if_include", HOSTS.network, os.environ["NNTRAIN"],
            *self.words("run"))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.kill)
        file = self.folder / "run/metrics.jsonl"
        until = time.monotonic() + 60
        while not file.exists() or len(file.read_text().splitlines()) < 3:
            self.assertLess(time.monotonic(), until)
            if process.poll() is not None:
                self.fail(process.communicate()[1])
            time.sleep(0.01)
        return process

    def finish(self, process, *codes):
        """The watchdogs' messages; every rank has exited, and the resumed run has the same result."""
        began = time.monotonic()
        _, said = process.communicate(timeout=90)
        self.assertIn(process.returncode, codes, said)
        self.assertLess(time.monotonic() - began, MOST_SECONDS)
        while ranks_on("nh1") or ranks_on("nh2"):
            self.assertLess(time.monotonic() - began, MOST_SECONDS)
            time.sleep(0.05)
        lines = [line for line in said.splitlines() if line.startswith("nntrain: watchdog: ")]
        print("\n".join(lines), flush=True)
        emergency = re.search(r"emergency checkpoint of step \d+: (\S+);", said)
        saved = re.search(r"host nh2 .* has saved step (\d+);", said)
        if emergency:
            nntrain("inspect", emergency.group(1))
        elif saved:
            self.assertIn(int(saved.group(1)), self.saved_steps())
        else:
            self.assertRegex(said, "no rank can save|there is a checkpoint of step")
        epochs = len(metrics(self.folder / "run")) + 2
        nntrain(*self.words("run", epochs=epochs))
        nntrain(*self.words("whole", epochs=epochs))
        self.assertEqual(self.result("run"), self.result("whole"))
        self.assertEqual([path.name for path in (self.folder / "run").glob(".*")], [])
        return lines

    def saved_steps(self):
        """Steps of the checkpoints, from the epoch and step in their names."""
        names = [[int(word) for word in path.stem.split("-")[1:]]
                 for path in (self.folder / "run").glob("checkpoint-*.h5")]
        return [epoch * -(-SAMPLES // BATCH) + sum(step) for epoch, *step in names]

    def result(self, output):
        digest = nntrain("inspect", self.folder / output / "last.h5", "--digest").stdout
        return digest, [(line["epoch"], line["step"], line["train_loss"],
                         line["validation_loss"]) for line in metrics(self.folder / output)]

    def check_told(self, lines, ranks):
        """Each of these ranks has reported. mpirun continues the others, to end them."""
        told = sorted(int(match.group(1)) for match in
                      (re.match(r"nntrain: watchdog: host \S+, rank (\d+) \(process", line)
                       for line in lines) if match)
        self.assertEqual([rank for rank in told if rank in ranks], ranks, lines)

    def test_a_rank_is_stopped(self):
        process = self.start()
        rank, pid = sorted(ranks_on("nh2").items())[1]
        os.kill(pid, signal.SIGSTOP)
        lines = self.finish(process, 1)
        missing = [line for line in lines if "missing: " in line]
        self.assertEqual(len(missing), 1, lines)
        self.assertIn(f"missing: host nh2, rank {rank} (process {pid}): stopped or dead",
                      missing[0])
        self.check_told(lines, sorted({0, 1, 2, 3} - {rank}))

    def test_a_host_is_stopped(self):
        process = self.start()
        pids = ranks_on("nh2")
        for pid in pids.values():
            os.kill(pid, signal.SIGSTOP)
        lines = self.finish(process, 1)
        missing = [line for line in lines if "missing: " in line]
        self.assertEqual(len(missing), 1, lines)
        self.assertIn("missing: host nh2 (ranks 2 to 3): does not answer", missing[0])
        self.check_told(lines, [0, 1])

    def test_a_link_is_cut(self):
        """Open MPI's mpirun waits for its daemon there: it is ended, with 137."""
        process = self.start()
        HOSTS.cut_link("nh2")
        try:
            lines = self.finish(process, 1, 137, -signal.SIGKILL)
        finally:
            HOSTS.mend_link("nh2")
        self.assertTrue(any("suspect the network between the hosts" in line for line in lines),
                        lines)
        told = [line for line in lines if "host nh1, rank " in line]
        self.assertEqual(len(told), 2, lines)


if __name__ == "__main__":
    unittest.main()
