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
from nntrain_test import (  # noqa: E402
    ALONE, HANG, SHARED, Case, metrics, nntrain, raising, ranks_of, write_data)

STOPPED = 75
ENDLESS = 1000000  # epochs

class RunCase(Case):
    """Runs of 40 steps an epoch, of a millisecond or less, that every test breaks off somewhere."""

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

    def start(self, *words, ranks=1, env=None, program=None):
        command = [program or os.environ["NNTRAIN"], *map(str, words)]
        settings = dict(os.environ, **(ALONE if ranks == 1 else SHARED), **(env or {}))
        if ranks > 1:
            command = [os.environ.get("NNTRAIN_MPIEXEC", "mpirun"), "-np", str(ranks), *command]
        process = subprocess.Popen(command, env=settings, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def wait_for(self, condition, what):
        until = time.monotonic() + HANG
        while not condition():
            self.assertLess(time.monotonic(), until, f"no {what}")
            time.sleep(0.005)

    def wait_for_epoch(self, output, epoch):
        file = self.folder / output / "metrics.jsonl"
        self.wait_for(lambda: file.exists() and len(file.read_text().splitlines()) >= epoch,
                      f"epoch {epoch}")

    def end(self, process, code):
        out, err = process.communicate(timeout=HANG)
        self.assertEqual(process.returncode, code, out + err)
        return [line for line in err.splitlines() if line.startswith("nntrain: ")]

    def digest(self, output):
        return nntrain("inspect", self.folder / output / "last.h5", "--digest").stdout.strip()


class SignalsCase(RunCase):
    def stop(self, numbers, ranks, which, epochs):
        """Sends the signals to ranks `which` after so many epochs; the line that tells of it."""
        process = self.start(*self.words("run", "--quiet", epochs=ENDLESS), ranks=ranks)
        self.wait_for_epoch("run", epochs)
        pids = ranks_of(process.pid) if ranks > 1 else {0: process.pid}
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
        self.assertTrue(self.stopped_in(lines).exists(), lines)
        return lines[0]

    @staticmethod
    def stopped_in(lines):
        """The checkpoint that the last line of a run that was stopped names."""
        return Path(lines[0].split("saved in ")[1].split(";")[0])

    def test_every_signal(self):
        """Each on one rank or on some, repeated, with SIGCONT between; the end is the same."""
        epochs = 1
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
                self.assertIn(word, self.stop(numbers, ranks, which, epochs))
                epochs = len(metrics(self.folder / "run")) + 2
        nntrain(*self.words("run", "--quiet", epochs=epochs), ranks=2)
        nntrain(*self.words("whole", "--quiet", epochs=epochs))
        self.assertEqual(self.digest("run"), self.digest("whole"))
        self.assertEqual([(line["epoch"], line["train_loss"], line["validation_loss"])
                          for line in metrics(self.folder / "run")],
                         [(line["epoch"], line["train_loss"], line["validation_loss"])
                          for line in metrics(self.folder / "whole")])

    def test_second_interrupt(self):
        """It ends the run, wherever that is, and what was saved is good."""
        process = self.start(*self.words("run", "--quiet", epochs=ENDLESS))
        self.wait_for((self.folder / "run" / "last.h5").exists, "first checkpoint")

        def interrupted():
            process.send_signal(signal.SIGINT)
            return process.poll() is not None

        self.wait_for(interrupted, "end")
        process.communicate(timeout=HANG)
        self.assertIn(process.returncode, (-signal.SIGINT, STOPPED))
        nntrain("inspect", self.folder / "run" / "last.h5")

    @unittest.skipUnless("NNT_FAIL_CALLS" in os.environ, "a build with sanitizers")
    def test_second_interrupt_of_a_slow_checkpoint(self):
        """The first one's checkpoint hangs; the second does not wait for it."""
        name = "checkpoint-00001-00000010.h5"
        process = self.start(
            *self.words("run", "--quiet", "--watchdog", 0),
            program=os.environ["NNTRAIN_RAISING"],
            env={**raising(signal.SIGINT, 50, "begin"), "LD_PRELOAD": os.environ["NNT_FAIL_CALLS"],
                 "NNT_FAULT_DIR": name, "NNT_FAULT_CALL": "fsync", "NNT_FAULT_AT": "1",
                 "NNT_FAULT_HOW": "hang"})
        run = self.folder / "run"
        self.wait_for(lambda: run.exists() and list(run.glob(f".*{name}*")), "checkpoint")
        process.send_signal(signal.SIGINT)
        self.end(process, -signal.SIGINT)
        self.assertFalse((run / name).exists())
        nntrain("inspect", run / "last.h5")

    def test_at_the_start(self):
        """Before there is anything to save: the same exit code, and a new start goes through."""
        for delay in (0.0, 0.02, 0.05, 0.1):
            output = f"run-{delay}"
            process = self.start(*self.words(output, "--quiet", epochs=ENDLESS))
            time.sleep(delay)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=HANG)
            # Not even the handlers were there, or the run was stopped.
            self.assertIn(process.returncode, (-signal.SIGTERM, STOPPED))
            nntrain(*self.words(output, "--quiet", epochs=1))
            self.assertGreaterEqual(len(metrics(self.folder / output)), 1)

    def test_other_commands_end(self):
        """They have nothing to save: a signal does what it always does."""
        process = self.start("bench", "step", "--seconds", 600)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        self.end(process, -signal.SIGTERM)

    def test_ten_million_parameters(self):
        """Nothing is between the signal and the checkpoint but the step that runs."""
        run, file = self.folder / "large", self.folder / "raised"
        process = self.start("train", "--data", f"{self.data}:train", "--hidden", "3000,3000,300",
                             "--batch-size", 16, "--epochs", ENDLESS, "--learning-rate", 1e-6,
                             "--threads", 2, "--quiet", "--checkpoint-every", "1000000steps",
                             "--output", run, program=os.environ["NNTRAIN_RAISING"],
                             env=raising(signal.SIGUSR1, 30, "begin", file=file))
        path = self.stopped_in(self.end(process, STOPPED))
        self.assertEqual(path, run / "checkpoint-00000-00000030.h5")
        self.assertGreater(path.stat().st_size, 75e6)
        seconds = path.stat().st_mtime - file.stat().st_mtime
        print(f"{path.stat().st_size / 1e6:.0f} MB: {seconds:.2f} s from the signal to the file")


class LimitCase(RunCase):
    def newest(self):
        """Epoch and step of the newest checkpoint."""
        return max(tuple(map(int, path.stem.split("-")[1:] + ["0"] * (path.stem.count("-") < 2)))
                   for path in (self.folder / "run").glob("checkpoint-*.h5"))

    def test_stops_by_itself(self):
        """How far ahead of the limit: test_stop.c. Every start trains one step or more."""
        words = self.words("run", "--quiet", "--time-limit", "0:0:2", epochs=ENDLESS)
        process = self.start(*words, ranks=2)
        self.assertIn("ahead of the time limit", self.end(process, STOPPED)[0])
        before = self.newest()
        nntrain(*words, code=STOPPED)
        self.assertGreater(self.newest(), before)

    def test_slurm(self):
        """The job's own end, with room for Slurm's inaccuracy; an explicit limit wins."""
        def end(seconds):
            return {"SLURM_JOB_END_TIME": str(int(time.time()) + seconds)}

        done = nntrain(*self.words("run", "--quiet", epochs=ENDLESS), env=end(31), code=STOPPED)
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
        process = self.start(*self.words("run", "--quiet", epochs=ENDLESS), ranks=2)
        self.wait_for_epoch("run", 1)
        for ranks in (1, 2):
            done = nntrain(*self.words("run", "--quiet"), ranks=ranks, code=2)
            self.assertIn("another run writes into this directory", done.stderr)
            self.assertIn("process", done.stderr)
        os.kill(ranks_of(process.pid)[0], signal.SIGTERM)
        self.end(process, STOPPED)
        self.assertFalse((self.folder / "run" / ".nntrain-lock").exists())

    def test_dead_run_leaves_none(self):
        process = self.start(*self.words("run", "--quiet", epochs=ENDLESS))
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
                                         epochs=ENDLESS, rate=0), ranks=2)
        self.wait_for(lambda: (self.folder / "run").exists() and len(
            [name for name in self.checkpoints("run") if name.count("-") == 2]) >= 2,
            "checkpoints within epochs")
        os.kill(ranks_of(process.pid)[0], signal.SIGTERM)
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
