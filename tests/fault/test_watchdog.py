#!/usr/bin/env python3
"""The watchdog: a run in which no rank makes progress ends in seconds, names who is missing, saves
what it can, and resumes to the same bits; a run that is only slow is left alone.

  test_watchdog.py [StopCase | ReadCase | HealthyCase]

NNT_FAIL_CALLS is the library of fail_calls.c.
"""
import os
import re
import shutil
import signal
import socket
import sys
import time
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_signals import RunCase  # noqa: E402
from nntrain_test import (  # noqa: E402
    HANG, metrics, nntrain, raised, raising, ranks_of, write_data)

HOST = socket.gethostname()
SECONDS = 2  # of silence
PATIENT = 3  # the same for runs that are only slow
STEPS = 40  # of an epoch
EMERGENCY = re.compile(r"emergency checkpoint of step (\d+): (\S+);")
THERE = re.compile(r"there is a checkpoint of step (\d+): (\S+);")
NOTHING_NEWER = "no rank can save a newer state"


class WatchdogCase(RunCase):
    def finish(self, process, code=1):
        """What the watchdogs said."""
        _, err = process.communicate(timeout=HANG)
        self.assertEqual(process.returncode, code, err)
        return [line for line in err.splitlines() if line.startswith("nntrain: ")]

    def newest_step(self, output):
        """Of the checkpoints that are there."""
        steps = [0]
        for path in (self.folder / output).glob("checkpoint-*.h5"):
            numbers = [int(word) for word in path.stem.split("-")[1:]] + [0]
            steps.append(STEPS * numbers[0] + numbers[1])
        return max(steps)

    def check_same(self, output, whole):
        self.assertEqual(self.digest(output), self.digest(whole))
        self.assertEqual([(line["epoch"], line["train_loss"], line["validation_loss"])
                          for line in metrics(self.folder / output)],
                         [(line["epoch"], line["train_loss"], line["validation_loss"])
                          for line in metrics(self.folder / whole)])

    def check_saved(self, lines, output, step, how=EMERGENCY):
        """One rank has said that the state after this step is on disk, and it is."""
        found = [match for match in map(how.search, lines) if match]
        self.assertEqual([int(match.group(1)) for match in found], [step], lines)
        self.assertEqual(self.newest_step(output), step)
        nntrain("inspect", found[0].group(2), "--digest")

    def check_nothing_saved(self, lines, output, step):
        """Nothing newer than this step could be."""
        self.assertEqual(len([line for line in lines if NOTHING_NEWER in line]), 1, lines)
        self.assertFalse([line for line in lines if EMERGENCY.search(line) or THERE.search(line)])
        self.assertEqual(self.newest_step(output), step)

    def check_missing(self, lines, rank, words):
        """This rank, and no other, is called missing; the process number that was said."""
        missing = [line for line in lines if "missing: " in line]
        self.assertEqual(len(missing), 1, lines)
        told = re.search(rf"missing: host {re.escape(HOST)}, rank {rank} \(process (\d+)\): (.*)",
                         missing[0])
        self.assertTrue(told, missing)
        self.assertIn(words, told.group(2))
        return int(told.group(1))


class StopCase(WatchdogCase):
    """SIGSTOP at a chosen point. Step 60 is in the middle of the second epoch."""

    def stop(self, ranks, victim, step, point, *extra):
        """What the watchdogs say of a rank that stops there."""
        file = self.folder / "stopped"
        process = self.start(*self.words("run", "--quiet", "--watchdog", SECONDS,
                                         "--checkpoint-every", "100epochs", *extra),
                             ranks=ranks, program=os.environ["NNTRAIN_RAISING"],
                             env=raising(signal.SIGSTOP, step, point, [victim], file))
        lines = self.finish(process)
        print(f"{self.id()}: the end {time.time() - file.stat().st_mtime:.1f} s after the fault",
              flush=True)
        self.assertEqual({victim: self.check_missing(lines, victim, "stopped or dead")},
                         raised(file))
        for rank in set(range(ranks)) - {victim}:
            told = f"nntrain: watchdog: host {HOST}, rank {rank} (process "
            self.assertEqual(len([line for line in lines if line.startswith(told)]), 1, lines)
        return lines

    def check_goes_on(self, *extra):
        nntrain(*self.words("run", "--quiet", *extra, epochs=3), ranks=2)
        nntrain(*self.words("whole", "--quiet", *extra, epochs=3))
        self.check_same("run", "whole")

    def test_between_updates(self):
        """The parameters are whole: they are saved."""
        self.check_saved(self.stop(2, 1, 60, "begin"), "run", 59)
        self.check_goes_on()

    def test_the_first_of_three(self):
        """Rank 0, which saves at other times."""
        self.check_saved(self.stop(3, 0, 60, "begin"), "run", 59)
        self.check_goes_on()

    def test_in_an_update(self):
        """The node's one copy of the parameters is half of either step: the last checkpoint is what
        remains, that of the first epoch, which is always the best so far."""
        self.check_nothing_saved(self.stop(2, 1, 42, "update"), "run", STEPS)
        self.check_goes_on()

    def test_first_of_three_in_an_update(self):
        """Ahead of the first checkpoint: rank 0 has nothing to write yet."""
        self.check_nothing_saved(self.stop(3, 0, 20, "update"), "run", 0)
        self.check_goes_on()

    def test_behind_an_update(self):
        """It has written all of its part, and the others have seen that."""
        self.check_saved(self.stop(2, 0, 60, "end"), "run", 60)
        self.check_goes_on()

    def test_flat_between_updates(self):
        """Every rank has parameters of its own."""
        flat = ("--allreduce", "flat")
        self.check_saved(self.stop(2, 0, 60, "begin", *flat), "run", 59)
        self.check_goes_on(*flat)

    def test_flat_in_an_update(self):
        """The other rank finishes the update: it has all that it needs for that."""
        flat = ("--allreduce", "flat")
        self.check_saved(self.stop(2, 0, 60, "update", *flat), "run", 60)
        self.check_goes_on(*flat)

    def test_at_the_end_of_an_epoch(self):
        """Rank 0 waits to compare the parameters, ahead of what it writes then: that gives it no
        writer's patience, and it is not missing."""
        self.check_saved(self.stop(2, 1, 2 * STEPS, "end"), "run", 2 * STEPS)
        self.check_goes_on()

    def test_between_epochs(self):
        """Rank 0 has just written a checkpoint, and there is nothing newer."""
        self.check_saved(self.stop(2, 1, STEPS + 1, "begin"), "run", STEPS, THERE)
        self.check_goes_on()

    def test_dead(self):
        """Under srun nobody ends the others when a rank dies; here mpirun may be quicker."""
        process = self.start(*self.words("run", "--quiet", "--watchdog", SECONDS), ranks=2,
                             program=os.environ["NNTRAIN_RAISING"],
                             env=raising(signal.SIGKILL, 60, "begin", [1]))
        process.communicate(timeout=HANG)
        self.assertNotEqual(process.returncode, 0)

    def test_off(self):
        file = self.folder / "stopped"
        process = self.start(*self.words("run", "--quiet", "--watchdog", 0), ranks=2,
                             program=os.environ["NNTRAIN_RAISING"],
                             env=raising(signal.SIGSTOP, 60, "begin", [1], file))
        self.wait_for(lambda: raised(file), "stopped rank")
        time.sleep(SECONDS + 5)
        self.assertIsNone(process.poll())
        stopped = raised(file)[1]
        os.kill(stopped, signal.SIGTERM)
        os.kill(stopped, signal.SIGCONT)
        self.end(process, 75)

    def test_bad_values(self):
        for value in ("-1", "soon", "0.5", "nan"):
            with self.subTest(value):
                done = nntrain(*self.words("run", f"--watchdog={value}"), code=2)
                self.assertIn(f"--watchdog {value}", done.stderr)


class FaultCase(WatchdogCase):
    """A data set that is read while the run goes on, with calls that take long or never end."""

    def setUp(self):
        super().setUp()
        x = np.random.RandomState(2).randn(640, 600).astype(np.float32)
        y = (x[:, 0] > 0).astype(np.int64)
        write_data(self.data, train=(x, y), test=(x[:100], y[:100]))

    def streaming(self, output, *extra, epochs=400, seconds=SECONDS):
        """Windows of ten steps."""
        return self.words(output, "--quiet", "--data-mode", "streaming", "--shuffle-block", 20,
                          "--shuffle-window", 160, "--watchdog", seconds, *extra, epochs=epochs)

    def fault(self, call, how, where, **more):
        return {"LD_PRELOAD": os.environ["NNT_FAIL_CALLS"], "NNT_FAULT_DIR": where,
                "NNT_FAULT_CALL": call, "NNT_FAULT_AT": "1", "NNT_FAULT_ALL": "1",
                "NNT_FAULT_HOW": how, **{f"NNT_FAULT_{key}": str(value)
                                         for key, value in more.items()}}


class ReadCase(FaultCase):
    """The last rank hangs in the last read of the third epoch's last window, so that nobody gets
    beyond step 110."""

    def hang(self, ranks):
        """What the watchdogs say."""
        counted = self.folder / "count"
        who = {"RANK": ranks - 1} if ranks > 1 else {}
        nntrain(*self.streaming("run", epochs=2), ranks=ranks)
        shutil.copytree(self.folder / "run", self.folder / "copy")
        nntrain(*self.streaming("copy", epochs=3), ranks=ranks,
                env=self.fault("read", "count", "data.h5", AT=0, COUNT=counted, **who))
        process = self.start(
            *self.streaming("run", "--checkpoint-every", "100epochs"), ranks=ranks,
            env=self.fault("read", "hang", "data.h5", AT=int(counted.read_text()), **who))
        return self.finish(process)

    def check_end(self):
        nntrain(*self.streaming("run", epochs=4), ranks=2)
        nntrain(*self.streaming("whole", epochs=4))
        self.check_same("run", "whole")

    def test_one_of_two(self):
        """The other one, which has read its part, saves the state before the window."""
        lines = self.hang(2)
        self.check_missing(lines, 1, "reading the data")
        self.check_saved(lines, "run", 2 * STEPS + 30)
        self.check_end()

    def test_the_only_one(self):
        """HDF5 hangs: nothing can be saved, and what was stays."""
        lines = self.hang(1)
        self.check_missing(lines, 0, "reading the data")
        self.check_nothing_saved(lines, "run", 2 * STEPS)
        self.check_end()


class HealthyCase(FaultCase):
    """Everything is slower than the watchdog's time, and nothing is wrong."""

    def test_slow_checkpoint(self):
        """One that the run waits for at its end, and several that the next has to wait for."""
        slow = {"SECONDS": PATIENT + 1}
        nntrain(*self.words("run-1", "--watchdog", PATIENT, "--quiet", epochs=1),
                env=self.fault("fsync", "slow", "checkpoint-", ALL="", **slow))
        nntrain(*self.words("run-2", "--watchdog", PATIENT, "--checkpoint-every", "20steps",
                            "--quiet", epochs=1), ranks=2,
                env=self.fault("fsync", "slow", "checkpoint-", **slow))

    def test_slow_reading(self):
        """Windows of four large reads by each rank, which together take longer."""
        x = np.random.RandomState(4).randn(640, 16384).astype(np.float32)
        y = (x[:, 0] > 0).astype(np.int64)
        write_data(self.data, train=(x, y), test=(x[:20], y[:20]))
        now = self.folder / "now"
        fault = self.fault("read", "slow", "data.h5", SECONDS=PATIENT / 3, AFTER=now, RANK=1)
        words = [word if word != "200,100" else "10" for word in
                 self.streaming("run", epochs=100000, seconds=PATIENT)]
        process = self.start(*words, ranks=2, env=fault)
        self.wait_for_epoch("run", 1)
        now.touch()
        time.sleep(3 * PATIENT)
        self.assertIsNone(process.poll())
        os.kill(ranks_of(process.pid)[0], signal.SIGTERM)
        self.assertIn("stopped", self.finish(process, 75)[0])

    def test_slow_validation(self):
        """It streams, and its last six reads, of several windows, take a while."""
        x = np.random.RandomState(3).randn(4800, 60).astype(np.float32)
        y = (x[:, 0] > 0).astype(np.int64)
        write_data(self.data, train=(x[:640], y[:640]))
        data, counted = self.folder / "validation.h5", self.folder / "count"
        write_data(data, test=(x, y))
        for ranks in (1, 2):
            who = {"RANK": 0} if ranks > 1 else {}
            words = self.words("run", "--watchdog", PATIENT, "--quiet", "--memory-limit", "600K",
                               epochs=1)
            words[words.index("--validation") + 1] = f"{data}:test"
            nntrain(*words, ranks=ranks,
                    env=self.fault("read", "count", data.name, AT=0, COUNT=counted, **who))
            shutil.rmtree(self.folder / "run")
            nntrain(*words, ranks=ranks,
                    env=self.fault("read", "slow", data.name, AT=int(counted.read_text()) - 5,
                                   SECONDS=PATIENT / 3, **who))
            seconds = metrics(self.folder / "run")[0]["validation_seconds"]
            self.assertGreater(seconds, 1.5 * PATIENT)
            shutil.rmtree(self.folder / "run")

    def test_suspended(self):
        """All of it for long, as a scheduler does, or one of it often."""
        process = self.start(*self.words("run", "--watchdog", PATIENT, "--quiet", epochs=100000),
                             ranks=2)
        self.wait_for_epoch("run", 1)
        pids = [pid for _, pid in sorted(ranks_of(process.pid).items())]
        for which, seconds in [(pids, 2.0 * PATIENT)] + 5 * [(pids[1:], 0.5)]:
            for pid in which:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(seconds)
            for pid in which:
                os.kill(pid, signal.SIGCONT)
            time.sleep(0.1)
        self.assertIsNone(process.poll())
        before = len(metrics(self.folder / "run"))
        self.wait_for_epoch("run", before + 1)
        os.kill(pids[1], signal.SIGTERM)
        self.assertIn("stopped", self.finish(process, 75)[0])


if __name__ == "__main__":
    unittest.main()
