#!/usr/bin/env python3
"""Training over a network: hosts with names, networks and shared memory of their own.

Needs root; leaves nothing behind (helpers/hosts.py).
"""
import os
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
from nntrain_test import HANG, metrics, nntrain, write_data  # noqa: E402

HOSTS = None
EPOCHS = 6
ENDLESS = 1000000


def setUpModule():
    global HOSTS  # pylint: disable=global-statement
    HOSTS = Hosts(4)
    numbers = np.random.RandomState(1)
    x = numbers.randn(500, 30).astype(np.float32)  # the last mini-batch is a smaller one
    y = (x[:, 0] > 0).astype(np.int64)
    write_data(FOLDER / "data.h5", train=(x, y), test=(x[:100], y[:100]))
    os.environ["OMPI_MCA_orte_tmpdir_base"] = str(FOLDER / "tmp")


class HostsCase(unittest.TestCase):
    def setUp(self):
        self.folder = FOLDER / self.id().rsplit(".", 1)[1]
        self.folder.mkdir()
        self.addCleanup(HOSTS.end_all)

    def words(self, output, *extra, epochs=EPOCHS):
        return ["train", "--data", f"{FOLDER}/data.h5:train", "--validation",
                f"{FOLDER}/data.h5:test", "--hidden", "64,32", "--batch-size", 32, "--epochs",
                epochs, "--learning-rate", 0.01, "--threads", 1, "--quiet",
                "--checkpoint-every", "7steps", "--resume", "--output", self.folder / output,
                *extra]

    @staticmethod
    def command(slots, *words):
        """The program over hosts: slots is a number of ranks for each, "2,2"."""
        names = ",".join(f"{name}:{number}"
                         for name, number in zip(HOSTS.names, slots.split(",")))
        return HOSTS.words(
            "nh1", os.environ.get("NNTRAIN_MPIEXEC", "mpirun"), "--host", names,
            "--mca", "plm_rsh_agent", HOSTS.remote_shell, "--mca", "btl", "self,vader,tcp",
            "--mca", "btl_tcp_if_include", HOSTS.network,
            "--mca", "oob_tcp_if_include", HOSTS.network, os.environ["NNTRAIN"], *words)

    @staticmethod
    def sent(name):
        """Bytes that a host has sent to others."""
        return int(run("ip", "netns", "exec", name, "cat",
                       "/sys/class/net/veth0/statistics/tx_bytes"))

    def result(self, output):
        digest = nntrain("inspect", self.folder / output / "last.h5", "--digest").stdout
        return digest, [(line["epoch"], line["step"], line["train_loss"],
                         line["validation_loss"]) for line in metrics(self.folder / output)]

    def reference(self, *extra, epochs=EPOCHS):
        nntrain(*self.words("whole", *extra, epochs=epochs))
        return self.result("whole")

    def test_same_bits(self):
        """Hosts alike and unlike, few ranks and many, either exchange: as on one rank."""
        wanted = self.reference()
        parameters = (30 * 64 + 64 * 32 + 32 * 2) * 4
        for slots in ("2,2", "1,1", "1,1,1,1", "2,1", "2,2,1"):
            for exchange in ("auto", "flat"):
                with self.subTest(slots=slots, exchange=exchange):
                    output = f"run-{slots}-{exchange}"
                    before = self.sent("nh2")
                    run(*self.command(slots, *self.words(output, "--allreduce", exchange)))
                    self.assertEqual(self.result(output), wanted)
                    ranks = sum(map(int, slots.split(",")))
                    self.assertEqual(metrics(self.folder / output)[0]["ranks"], ranks)
                    # Each of the 16 updates of an epoch moved gradients over the network.
                    self.assertGreater(self.sent("nh2") - before, EPOCHS * 16 * parameters / 2)

    def test_streamed(self):
        """A data set that is read again each epoch, in windows, by all hosts."""
        words = ("--data-mode", "streaming", "--shuffle-block", 10, "--shuffle-window", 100)
        wanted = self.reference(*words)
        run(*self.command("2,2", *self.words("run", *words)))
        self.assertEqual(self.result("run"), wanted)

    def test_evaluation(self):
        nntrain(*self.words("run"))
        words = ["eval", "--checkpoint", self.folder / "run", "--data", f"{FOLDER}/data.h5:train"]
        self.assertEqual(run(*self.command("2,2", *words)), nntrain(*words).stdout)

    def test_a_host_dies(self):
        """The job ends; the run resumes on the remaining hosts."""
        process = subprocess.Popen(self.command("2,2", *self.words("run", epochs=ENDLESS)),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        file = self.folder / "run/metrics.jsonl"
        until = time.monotonic() + HANG
        while not file.exists() or len(file.read_text().splitlines()) < 3:
            self.assertLess(time.monotonic(), until)
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        HOSTS.end("nh2")
        _, said = process.communicate(timeout=HANG)
        self.assertNotEqual(process.returncode, 0, said)
        epochs = len(metrics(self.folder / "run")) + 3
        run(*self.command("2", *self.words("run", epochs=epochs)))
        self.assertEqual(self.result("run"), self.reference(epochs=epochs))


if __name__ == "__main__":
    unittest.main()
