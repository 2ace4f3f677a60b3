#!/usr/bin/env python3
"""Signals, the time limit, the lock and the interval of checkpoints, on the program itself.

  test_signals.py [SignalsCase | LimitCase | LockCase | IntervalCase]
"""
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import ALONE, SHARED, Case, metrics, nntrain, write_data  # noqa: E402

STOPPED = 75


def children(process):
    """The ranks of an mpirun, in the order of their start."""
    listed = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(process)],
                            capture_output=True, text=True, check=False).stdout.split("\n")
    rows = [line.split() for line in listed if line.strip()]
    return sorted(int(pid) for pid, name in rows if name == "nntrain")


class RunCase(Case):
    """A run of 4000 steps of a millisecond or less, of which every test breaks some off."""

    def setUp(self):
        super().setUp()
        random = np.random.RandomState(1)
        x = random.randn(640, 60).astype(np.float32)
        self.data = self.folder / "data.h5"
        write_data(self.data, train=(x, (x[:, 0] > 0).astype(np.int64)),
                   test=(x[:100], (x[:100, 0] > 0).astype(np.int64)))
        self.started = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()

    def words(self, output, *extra, epochs=100, rate=0.001):
        return ["train", "--data", f"{self.data}:train", "--validation", f"{self.data}:test",
                "--hidden", "200,100", "--batch-size", 16, "--epochs", epochs, "--threads", 1,
                "--learning-rate", rate, "--resume", "--output", self.folder / output, *extra]

    def start(self, *words, ranks=1, env=None):
        command = [os.environ["NNTRAIN"], *map(str, words)]
        settings = dict(os.environ, **(ALONE if ranks == 1 else SHARED), **(env or {}))
        if ranks > 1:
            command = [os.environ.get("NNTRAIN_MPIEXEC", "mpirun"), "-np", str(ranks), *command]
        process = subprocess.Popen(command, env=settings, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def wait_for(self, condition, what):
        until = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), until, f"no {what}")
            time.sleep(0.005)

    def wait_for_epoch(self, output, epoch):
        file = self.folder / output / "metrics.jsonl"
        self.wait_for(lambda: file.exists() and len(file.read_text().splitlines()) >= epoch,
                      f"epoch {epoch}")

    def end(self, process, code):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, out + err)
        return [line for line in err.splitlines() if line.startswith("nntrain: ")]

    def digest(self, output):
        return nntrain("inspect", self.folder / output / "last.h5", "--digest").stdout.strip()


class SignalsCase(RunCase):
    def stop(self, output, numbers, ranks, which, epoch):
        """Sends the signals to ranks `which` after an epoch; the line that tells of it."""
        process = self.start(*self.words(output, "--quiet"), ranks=ranks)
        self.wait_for_epoch(output, epoch)
        pids = children(process.pid) if ranks > 1 else [process.pid]
        self.assertEqual(len(pids), ranks)
        for number in numbers:
            for rank in which:
                try:
                    os.kill(pids[rank], number)
                except ProcessLookupError:
                    pass
        lines = self.end(process, STOPPED)
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("stopped", lines[0])
        self.assertIn("--resume", lines[0])
        name = lines[0].split("saved in ")[1].split(";")[0]
        self.assertTrue(Path(name).exists(), lines)
        return lines[0]

    def test_every_signal(self):
        """Each on one rank or on some, repeated, with SIGCONT between; the end is the same."""
        whole = self.folder / "whole"
        nntrain(*self.words("whole", "--quiet"))
        epoch = 1
        cases = (
            ([signal.SIGTERM], 1, [0], "SIGTERM"),
            ([signal.SIGUSR1, signal.SIGCONT, signal.SIGUSR1], 2, [1], "another rank"),
            ([signal.SIGINT], 3, [0], "SIGINT"),
            ([signal.SIGCONT, signal.SIGTERM, signal.SIGCONT, signal.SIGTERM], 2, [0, 1],
             "SIGTERM"),
            ([signal.SIGUSR1, signal.SIGTERM], 3, [2], "another rank"),
        )
        for numbers, ranks, which, word in cases:
            with self.subTest(numbers=numbers, ranks=ranks):
                self.assertIn(word, self.stop("run", numbers, ranks, which, epoch))
                epoch = len(metrics(self.folder / "run")) + 2
                self.assertLess(epoch, 95)
        nntrain(*self.words("run", "--quiet"), ranks=2)
        self.assertEqual(self.digest("run"), self.digest("whole"))
        self.assertEqual([(line["epoch"], line["train_loss"], line["validation_loss"])
                          for line in metrics(self.folder / "run")],
                         [(line["epoch"], line["train_loss"], line["validation_loss"])
                          for line in metrics(whole)])

    def test_second_interrupt(self):
        """It ends at once, and what was saved is good."""
        process = self.start(*self.words("run", "--quiet", epochs=2000))
        self.wait_for_epoch("run", 4)  # the first checkpoints are written by then
        until = time.monotonic() + 5
        while process.poll() is None and time.monotonic() < until:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        self.assertIn(process.returncode, (-signal.SIGINT, STOPPED))
        nntrain("inspect", self.folder / "run" / "last.h5")

    def test_at_the_start(self):
        """Before there is anything to save: the same exit code, and a new start goes through."""
        for delay in (0.0, 0.02, 0.05, 0.1):
            output = f"run-{delay}"
            process = self.start(*self.words(output, "--quiet", epochs=2000))
            time.sleep(delay)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            # Not even the handlers were there, or the run was stopped.
            self.assertIn(process.returncode, (-signal.SIGTERM, STOPPED))
            nntrain(*self.words(output, "--quiet", epochs=1))
            self.assertGreaterEqual(len(metrics(self.folder / output)), 1)

    def test_other_commands_end(self):
        """They have nothing to save: a signal does what it always does."""
        nntrain(*self.words("run", "--quiet", epochs=1))
        process = self.start("bench", "step", "--seconds", 30)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        self.assertNotEqual(process.returncode, STOPPED)
        self.assertNotEqual(process.returncode, 0)

    def test_ten_million_parameters(self):
        """From the signal to the checkpoint on disk: under two seconds."""
        run = self.folder / "large"
        process = self.start("train", "--data", f"{self.data}:train", "--hidden", "3000,3000,300",
                             "--batch-size", 16, "--epochs", 1000, "--learning-rate", 1e-6,
                             "--threads", 2, "--quiet", "--checkpoint-every", "1000000steps",
                             "--output", run, "--resume")
        self.wait_for(lambda: (run / "best.h5").exists(), "first checkpoint")
        time.sleep(0.3)
        sent = time.time()
        process.send_signal(signal.SIGUSR1)
        lines = self.end(process, STOPPED)
        name = Path(lines[0].split("saved in ")[1].split(";")[0])
        seconds = name.stat().st_mtime - sent
        ended = time.time() - sent
        print(f"{name.stat().st_size / 1e6:.0f} MB: {seconds:.2f} s to the file, "
              f"{ended:.2f} s to the end")
        self.assertGreater(name.stat().st_size, 75e6)
        self.assertLess(ended, 2.0)

    def test_second_interrupt_of_a_large_run(self):
        """The first one's checkpoint takes a while; the second does not wait for it."""
        run = self.folder / "large"
        process = self.start("train", "--data", f"{self.data}:train", "--hidden", "3000,3000,300",
                             "--batch-size", 16, "--epochs", 1000, "--learning-rate", 1e-6,
                             "--quiet", "--checkpoint-every", "1000000steps", "--output", run)
        self.wait_for(lambda: (run / "best.h5").exists(), "first checkpoint")
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.end(process, -signal.SIGINT)
        self.assertLess(time.monotonic() - sent, 0.5)
        nntrain("inspect", run / "last.h5")


class LimitCase(RunCase):
    def test_stops_in_time(self):
        """The last checkpoint is on disk two seconds after the run made its directory."""
        run = self.folder / "run"
        process = self.start(*self.words("run", "--quiet", "--time-limit", "0:0:2", epochs=100000),
                             ranks=2)
        self.wait_for(run.exists, "directory")
        began = time.time()
        self.assertIn("ahead of the time limit", self.end(process, STOPPED)[0])
        self.assertLess((run / "last.h5").stat().st_mtime - began, 2.0)
        before = len(metrics(self.folder / "run"))
        self.assertGreater(before, 0)
        nntrain(*self.words("run", "--quiet", "--time-limit", "0:0:2", epochs=100000),
                code=STOPPED)
        self.assertGreater(len(metrics(self.folder / "run")), before)

    def test_slurm(self):
        """The job's own end, with room for Slurm's inaccuracy; an explicit limit wins."""
        def end(seconds):
            return {"SLURM_JOB_END_TIME": str(int(time.time()) + seconds)}

        done = nntrain(*self.words("run", "--quiet", epochs=100000), env=end(31), code=STOPPED)
        self.assertIn("ahead of the time limit", done.stderr)
        nntrain(*self.words("other", "--quiet", epochs=2), env=end(4000))
        nntrain(*self.words("none", "--quiet", "--time-limit", "none", epochs=3), env=end(1))
        for nonsense in ("", "soon", "0", "-5"):
            nntrain(*self.words(f"odd-{nonsense}", "--quiet", epochs=2),
                    env={"SLURM_JOB_END_TIME": nonsense})

    def test_bad_values(self):
        for value in ("0", "soon", "1:2:3:4", "5:70", "-3", "1-", "1:", "9" * 30):
            with self.subTest(value):
                done = nntrain(*self.words("run", f"--time-limit={value}"), code=2)
                self.assertIn(f"--time-limit {value}", done.stderr)


class LockCase(RunCase):
    def test_second_run_is_refused(self):
        process = self.start(*self.words("run", "--quiet", epochs=100000), ranks=2)
        self.wait_for_epoch("run", 1)
        for ranks in (1, 2):
            done = nntrain(*self.words("run", "--quiet"), ranks=ranks, code=2)
            self.assertIn("another run writes into this directory", done.stderr)
            self.assertIn("process", done.stderr)
        ranks = children(process.pid)
        os.kill(ranks[0], signal.SIGTERM)
        self.end(process, STOPPED)
        self.assertFalse((self.folder / "run" / ".nntrain-lock").exists())

    def test_dead_run_leaves_none(self):
        process = self.start(*self.words("run", "--quiet", epochs=100000))
        self.wait_for_epoch("run", 2)
        process.kill()
        process.wait()
        self.assertTrue((self.folder / "run" / ".nntrain-lock").exists())
        left = self.folder / "run" / ".nntrain-tmp-checkpoint-00007.h5-1-2-3"
        other = self.folder / "run" / ".nntrain-tmp-predictions.csv-1-2-3"
        left.write_text("half a checkpoint")
        other.write_text("another program's")
        epochs = len(metrics(self.folder / "run")) + 2
        nntrain(*self.words("run", "--quiet", epochs=epochs), ranks=2)
        self.assertEqual(len(metrics(self.folder / "run")), epochs)
        names = sorted(path.name for path in (self.folder / "run").iterdir()
                       if path.name.startswith("."))
        self.assertEqual(names, [other.name])


class IntervalCase(RunCase):
    def checkpoints(self, output):
        return sorted(path.name for path in (self.folder / output).glob("checkpoint-*"))

    def test_steps(self):
        nntrain(*self.words("run", "--quiet", "--checkpoint-every", "25 steps", "--keep", 0,
                            epochs=2), ranks=2)
        self.assertEqual(self.checkpoints("run"), [
            "checkpoint-00000-00000025.h5", "checkpoint-00001-00000010.h5",
            "checkpoint-00001-00000035.h5", "checkpoint-00001.h5", "checkpoint-00002.h5"])

    def test_epochs(self):
        """Beside every third: the best, and the last."""
        nntrain(*self.words("run", "--quiet", "--checkpoint-every", "3epochs", "--keep", 0,
                            epochs=8))
        lines = metrics(self.folder / "run")
        best, expected = float("inf"), {3, 6, 8}
        for line in lines:
            if line["validation_loss"] < best:
                best = line["validation_loss"]
                expected.add(line["epoch"])
        self.assertEqual(self.checkpoints("run"),
                         [f"checkpoint-{epoch:05}.h5" for epoch in sorted(expected)])

    def test_seconds(self):
        process = self.start(*self.words("run", "--quiet", "--checkpoint-every", "1s", "--keep", 0,
                                         epochs=100000, rate=0), ranks=2)
        self.wait_for(lambda: (self.folder / "run").exists() and len(
            [name for name in self.checkpoints("run") if name.count("-") == 2]) >= 2,
            "checkpoints within epochs")
        os.kill(children(process.pid)[0], signal.SIGTERM)
        self.end(process, STOPPED)

    def test_keep(self):
        nntrain(*self.words("run", "--quiet", "--checkpoint-every", "7steps", "--keep", 2,
                            epochs=3))
        lines = metrics(self.folder / "run")
        best = min(lines, key=lambda line: line["validation_loss"])["epoch"]
        expected = {"checkpoint-00003.h5", "checkpoint-00002-00000039.h5",
                    f"checkpoint-{best:05}.h5"}
        self.assertEqual(set(self.checkpoints("run")), expected)

    def test_bad_values(self):
        for value in ("5", "0steps", "-1epochs", "3furlongs", "epochs", "1.5h", "9" * 30 + "s"):
            with self.subTest(value):
                done = nntrain(*self.words("run", f"--checkpoint-every={value}"), code=2)
                self.assertIn(f"--checkpoint-every {value}", done.stderr)


if __name__ == "__main__":
    unittest.main()
