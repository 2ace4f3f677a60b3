#!/usr/bin/env python3
"""The example of a Slurm job, under a real Slurm of two nodes on this machine: the job is warned,
goes back into the queue by itself, goes on, and ends with the bits of a run without Slurm.

Needs root and Slurm's programs; leaves nothing behind (tests/slurm/cluster.py, helpers/hosts.py).
"""
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "helpers"), str(TESTS / "slurm")]
import hosts  # noqa: E402

hosts.enter()

from cluster import Cluster, wait_for  # noqa: E402
from hosts import FOLDER, run  # noqa: E402
from nntrain_test import metrics, nntrain  # noqa: E402

EXAMPLE = Path(os.environ["NNTRAIN_SOURCE_DIR"]) / "scripts/examples/slurm_job.sh"


class SlurmJobCase(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.stop)
        os.environ["OMPI_MCA_orte_tmpdir_base"] = str(FOLDER / "tmp")
        os.environ["OMPI_MCA_btl_tcp_if_include"] = hosts.Hosts.network
        os.environ["OMPI_MCA_oob_tcp_if_include"] = hosts.Hosts.network
        self.folder = FOLDER / "nntrain-examples/slurm_job"

    def submit(self, *words):
        """Starts the example as its users would; the job's number."""
        done = subprocess.run([EXAMPLE, *words], cwd=FOLDER, capture_output=True, text=True,
                              check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"lies in {self.folder}\n", done.stdout)
        return re.search(r"Submitted batch job (\d+)\n", done.stdout).group(1)

    def lasts(self, epochs):
        """Edits run.ini, as its users would."""
        file = self.folder / "run.ini"
        text, count = re.subn(r"^epochs = \d+$", f"epochs = {epochs}", file.read_text(), flags=re.M)
        self.assertEqual(count, 1, text)
        file.write_text(text)

    def epochs(self):
        file = self.folder / "run/metrics.jsonl"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def log(self):
        return "".join(file.read_text() for file in self.folder.glob("ignition-*.log"))

    def end(self, number):
        job = self.cluster.wait_for_state(number, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")
        self.assertEqual((job["JobState"], job["ExitCode"]), ("COMPLETED", "0:0"), self.log())

    def test_requeue(self):
        # Held until its run file is edited: it is to be there for so long that it can be warned.
        number = self.submit("--nodes", "2", "--sbatch", "--hold")
        self.lasts(1000000)
        run("scontrol", "release", number)
        wait_for(lambda: self.epochs() > 5, lambda: f"epoch 6\n{self.log()}\n{self.cluster.logs()}")
        self.assertEqual(metrics(self.folder / "run")[0]["ranks"], 4)
        self.assertIn(number, run("squeue", "--name", "ignition"))
        run("scancel", "--batch", "--signal=USR1", number)
        self.assertEqual(self.cluster.wait_for_requeue(number)["Restarts"], "1")
        self.assertEqual(self.log().count("nntrain: stopped by"), 1, self.log())
        self.lasts(self.epochs() + 5)
        self.cluster.hurry(number)
        self.end(number)
        # The same run without Slurm, on one rank.
        nntrain("train", "--data", self.folder / "ignition.h5", "--config",
                self.folder / "run.ini", "--output", FOLDER / "whole", "--quiet")
        digest = [nntrain("inspect", output / "last.h5", "--digest").stdout
                  for output in (self.folder / "run", FOLDER / "whole")]
        self.assertEqual(*digest)
        self.assertEqual([line["train_loss"] for line in metrics(self.folder / "run")],
                         [line["train_loss"] for line in metrics(FOLDER / "whole")])


if __name__ == "__main__":
    unittest.main()
