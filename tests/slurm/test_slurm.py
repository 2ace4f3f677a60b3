#!/usr/bin/env python3
"""The batch scripts under a real Slurm of two nodes on this machine.

  test_slurm.py [ArrayCase | JobCase | RequeueCase | LimitCase]

Needs root and Slurm's programs; leaves nothing behind (cluster.py, helpers/hosts.py).
"""
import os
import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
import hosts  # noqa: E402

hosts.enter()

import numpy as np  # noqa: E402

from cluster import Cluster, wait_for  # noqa: E402
from hosts import FOLDER, run  # noqa: E402
from nntrain_test import metrics, nntrain, write_data  # noqa: E402

SOURCE = Path(os.environ["NNTRAIN_SOURCE_DIR"])
EPOCHS = 40
ENDLESS = 1000000
CLUSTER = None


def setUpModule():
    global CLUSTER  # pylint: disable=global-statement
    CLUSTER = Cluster()
    numbers = np.random.RandomState(1)
    x = numbers.randn(640, 30).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    write_data(FOLDER / "data.h5", train=(x, y), test=(x[:100], y[:100]))
    # What Open MPI leaves when it is killed goes with the test's own file system.
    os.environ["OMPI_MCA_orte_tmpdir_base"] = str(FOLDER / "tmp")
    os.environ["OMPI_MCA_btl_tcp_if_include"] = hosts.Hosts.network
    os.environ["OMPI_MCA_oob_tcp_if_include"] = hosts.Hosts.network


def tearDownModule():
    CLUSTER.stop()


WORDS = ["--data", f"{FOLDER}/data.h5:train", "--validation", f"{FOLDER}/data.h5:test",
         "--hidden", "64,32", "--batch-size", "16", "--learning-rate", "0.01",
         "--checkpoint-every", "17steps", "--threads", "1", "--quiet"]


class SlurmCase(unittest.TestCase):
    def setUp(self):
        self.folder = FOLDER / self.id().rsplit(".", 1)[1]
        self.folder.mkdir()
        self.submitted = []

    def tearDown(self):
        for number in self.submitted:
            subprocess.run(["scancel", "--quiet", number], check=False)
        wait_for(lambda: not any(CLUSTER.is_there(number) for number in self.submitted),
                 "the end of the test's jobs")

    def lasts(self, epochs, config="epochs.ini"):
        """Sets the length of the run with this run file, so that no disturbance comes too late."""
        (self.folder / config).write_text(f"epochs = {epochs}\n")

    def reference(self, *words, name="whole", config="epochs.ini"):
        """Digest and losses of the run that nothing happens to, on one rank without Slurm."""
        nntrain("train", *WORDS, "--config", self.folder / config, "--output", self.folder / name,
                *words)
        return self.result(self.folder / name)

    @staticmethod
    def result(output):
        digest = nntrain("inspect", output / "last.h5", "--digest").stdout
        return digest, [(line["epoch"], line["step"], line["train_loss"],
                         line["validation_loss"]) for line in metrics(output)]

    def job(self, *words, options=(), nodes=2, ranks=2, epochs=ENDLESS):
        """Submits a run in a batch script of scripts/make_job.sh; the job's number."""
        file = self.folder / "job.sbatch"
        self.lasts(epochs)
        run(SOURCE / "scripts/make_job.sh", "--nodes", nodes, "--ranks-per-node", ranks,
            "--time", "10", "--program", os.environ["NNTRAIN"], "--file", file, *options,
            "--", "train", *WORDS, "--config", self.folder / "epochs.ini",
            "--output", self.folder / "run", *words)
        return self.submit(file)

    def submit(self, script, *options):
        self.submitted.append(CLUSTER.submit(script, *options, folder=self.folder))
        return self.submitted[-1]

    def log(self, number):
        return "".join(file.read_text() for file in self.folder.glob(f"*-{number}*.log"))

    def end(self, number, code=0):
        """Waits for the job's end; the state has to fit the exit code."""
        job = CLUSTER.wait_for_state(number, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT",
                                     "NODE_FAIL")
        self.assertEqual((job["JobState"], job["ExitCode"]),
                         ("FAILED" if code else "COMPLETED", f"{code}:0"),
                         f"{job}\n{self.log(number)}\n{CLUSTER.logs()}")
        return job

    def epochs(self, output="run"):
        """Lines of metrics that a run has."""
        file = self.folder / output / "metrics.jsonl"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def wait_for_epochs(self, number, more=5, output="run"):
        """Until the job's run has so many lines of metrics more than now."""
        wanted = self.epochs(output) + more
        wait_for(lambda: self.epochs(output) >= wanted,
                 lambda: f"epoch {wanted}\n{self.log(number)}\n{CLUSTER.logs()}")

    def goes_on(self, number, restarts, ends=True, output="run", config="epochs.ini"):
        """The job is back in the queue and starts anew, to end soon or to be disturbed again."""
        self.assertEqual(CLUSTER.wait_for_requeue(number)["Restarts"], str(restarts))
        if ends:
            self.lasts(self.epochs(output) + 5, config)
        CLUSTER.hurry(number)


class ArrayCase(SlurmCase):
    def test_run_files(self):
        """make_job.sh --array: a run file, and a directory, for each number."""
        for task, rate in ((1, 0.01), (4, 0.02)):
            (self.folder / f"{task}.ini").write_text(f"learning-rate = {rate}\nseed = {task}\n")
        words = [word for word in WORDS if word not in ("--learning-rate", "0.01")]
        file = self.folder / "job.sbatch"
        run(SOURCE / "scripts/make_job.sh", "--array", "1,4", "--time", "10", "--file", file,
            "--program", os.environ["NNTRAIN"], "--", "train", *words, "--epochs", "5",
            "--config", f"{self.folder}/%a.ini", "--output", f"{self.folder}/run-%a")
        number = self.submit(file)
        for task in (1, 4):
            self.end(f"{number}_{task}")
            nntrain("train", *words, "--epochs", "5", "--config", self.folder / f"{task}.ini",
                    "--output", self.folder / f"whole-{task}")
            self.assertEqual(self.result(self.folder / f"run-{task}"),
                             self.result(self.folder / f"whole-{task}"))
        self.assertNotEqual(self.result(self.folder / "run-1"),
                            self.result(self.folder / "run-4"))


    def test_seeds(self):
        """slurm/array.sbatch, edited as its user would; one of its jobs is stopped, and resumes."""
        text = (SOURCE / "slurm/array.sbatch").read_text()
        words = " ".join([*WORDS, "--config", f"{self.folder}/$TASK.ini"])
        self.lasts(EPOCHS, "3.ini")
        self.lasts(ENDLESS, "7.ini")
        for name, value in (("NNTRAIN", os.environ["NNTRAIN"]), ("RUN", f"{self.folder}/run-$TASK"),
                            ("OPTIONS", f'(--seed "$TASK" {words})')):
            text, count = re.subn(rf"^{name}=(\(.*?\)$|[^(]*?$)", f"{name}={value}", text,
                                  flags=re.M | re.S)
            self.assertEqual(count, 1, name)
        file = self.folder / "array.sbatch"
        file.write_text(text)
        number = self.submit("--array=3,7", "--ntasks-per-node=2", "--cpus-per-task=1", file)
        self.wait_for_epochs(number, output="run-7")
        run("scancel", "--batch", "--signal=USR1", f"{number}_7")
        self.goes_on(f"{number}_7", 1, output="run-7", config="7.ini")
        for seed in (3, 7):
            self.end(f"{number}_{seed}")
            self.assertEqual(self.result(self.folder / f"run-{seed}"),
                             self.reference("--seed", seed, name=f"whole-{seed}",
                                            config=f"{seed}.ini"))
        self.assertEqual(self.log(number).count("nntrain: stopped by"), 1, self.log(number))


class JobCase(SlurmCase):
    def test_two_nodes(self):
        """The same bits as on one rank, with either launcher."""
        self.lasts(EPOCHS)
        wanted = self.reference()
        for launcher in ("srun", "mpirun"):
            with self.subTest(launcher):
                number = self.job("--output", self.folder / launcher,
                                  options=["--launcher", launcher], epochs=EPOCHS)
                self.assertEqual(self.end(number)["NumNodes"], "2")
                self.assertEqual(metrics(self.folder / launcher)[0]["ranks"], 4)
                self.assertEqual(self.result(self.folder / launcher), wanted)

    def test_bad_input_is_not_requeued(self):
        number = self.job("--hidden", "none of it")
        self.end(number, code=2)
        self.assertIn("nntrain: ", self.log(number))

    def test_cancelled_is_not_requeued(self):
        """The same script, submitted again, resumes the run."""
        number = self.job()
        self.wait_for_epochs(number)
        run("scancel", number)
        CLUSTER.wait_for_state(number, "CANCELLED")
        wait_for(lambda: not CLUSTER.is_there(number), "the end of the job")
        self.assertEqual(CLUSTER.job(number)["JobState"], "CANCELLED")
        self.assertIn("nntrain: stopped by", self.log(number))
        self.lasts(self.epochs() + 5)
        self.end(self.submit(self.folder / "job.sbatch"))
        self.assertEqual(self.result(self.folder / "run"), self.reference())


class RequeueCase(SlurmCase):
    def warned(self, launcher, times):
        """USR1 to the batch script, as --signal=B:USR1 has Slurm send it ahead of the end."""
        number = self.job(options=["--launcher", launcher])
        for i in range(times):
            self.wait_for_epochs(number)
            run("scancel", "--batch", "--signal=USR1", number)
            self.goes_on(number, i + 1, ends=i + 1 == times)
        self.end(number)
        self.assertEqual(self.log(number).count("nntrain: stopped by"), times, self.log(number))
        self.assertEqual(self.result(self.folder / "run"), self.reference())

    def test_srun(self):
        self.warned("srun", 2)

    def test_mpirun(self):
        self.warned("mpirun", 1)

    def test_preempted(self):
        """A job of a higher partition takes the nodes; the run resumes when it is over."""
        number = self.job()
        self.wait_for_epochs(number)
        other = self.submit("--wrap=sleep 1", "--partition=hi", "--nodes=2",
                            "--ntasks-per-node=3", "--output=/dev/null")
        self.end(other)
        self.goes_on(number, 1)
        self.end(number)
        self.assertIn("nntrain: stopped by", self.log(number))
        self.assertEqual(self.result(self.folder / "run"), self.reference())

    def test_a_rank_dies(self):
        """-K1 ends the others; the script has the job requeued, since there are new checkpoints."""
        number = self.job()
        self.wait_for_epochs(number)
        CLUSTER.kill_rank("nh2")
        self.goes_on(number, 1)
        self.end(number)
        self.assertEqual(self.result(self.folder / "run"), self.reference())

    def test_a_rank_is_stopped(self):
        """Only the watchdog notices: the job ends with 1, and is requeued like that of a rank that
        died; where it is not, it has failed."""
        for launcher in ("srun", "mpirun"):
            with self.subTest(launcher):
                number = self.job("--watchdog", 2, "--output", self.folder / "run",
                                  options=["--launcher", launcher,
                                           *(["--no-requeue"] if launcher == "mpirun" else [])])
                self.wait_for_epochs(number)
                CLUSTER.kill_rank("nh2", signal.SIGSTOP)
                if launcher == "srun":
                    self.goes_on(number, 1, ends=False)
                    self.wait_for_epochs(number)
                    run("scancel", number)
                    CLUSTER.wait_for_state(number, "CANCELLED")
                    wait_for(lambda job=number: not CLUSTER.is_there(job), "the end of the job")
                else:
                    self.end(number, code=1)
                said = self.log(number)
                self.assertIn("watchdog: missing: host nh2, rank ", said)
                self.assertIn("stopped or dead", said)
        self.lasts(self.epochs() + 5)
        nntrain("train", *WORDS, "--config", self.folder / "epochs.ini", "--resume", "--output",
                self.folder / "run")
        self.assertEqual(self.result(self.folder / "run"), self.reference())

    def test_node_dies(self):
        """All of a node's processes end at once; Slurm requeues the job by itself."""
        number = self.job()
        self.wait_for_epochs(number)
        CLUSTER.kill_node("nh2")
        CLUSTER.wait_for_state(number, "PENDING")
        CLUSTER.mend_node("nh2")
        self.goes_on(number, 1)
        self.end(number)
        self.assertEqual(self.result(self.folder / "run"), self.reference())


class LimitCase(SlurmCase):
    def test_time_limit(self):
        """The end of the job, as Slurm knows it, stops the run half a minute before."""
        number = self.job(options=["--time", "1", "--warning", "0", "--no-requeue"])
        self.end(number, code=75)
        self.assertIn("stopped ahead of the time limit", self.log(number))


if __name__ == "__main__":
    unittest.main()
