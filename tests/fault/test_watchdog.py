#!/usr/bin/env python3
"""The watchdog: a run in which no rank comes further ends in seconds, names who is missing, saves
what it can, and goes on to the same bits; a run that is only slow is left alone.

  test_watchdog.py [StopCase | ReadCase | HealthyCase]

NNT_FAIL_CALLS is the library of fail_calls.c.
"""
import os
import random
import re
import signal
import socket
import sys
import time
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_signals import RunCase, children  # noqa: E402
from nntrain_test import metrics, nntrain, write_data  # noqa: E402

HOST = socket.gethostname()
SECONDS = 1  # of silence
PATIENT = 2  # the same for runs that are only slow
MOST_SECONDS = 40  # from the fault to the end, on a busy machine
SURVIVOR = re.compile(r"emergency checkpoint of step (\d+): (\S+);")
THERE = re.compile(r"there is a checkpoint of step (\d+): (\S+);")


class WatchdogCase(RunCase):
    def finish(self, process, code=1):
        """What the watchdogs said, and the seconds that it took."""
        began = time.monotonic()
        _, err = process.communicate(timeout=90)
        self.assertEqual(process.returncode, code, err)
        lines = [line for line in err.splitlines() if line.startswith("nntrain: ")]
        return lines, time.monotonic() - began

    def newest_step(self, output):
        """Of the checkpoints that are there."""
        steps = [0]
        for path in (self.folder / output).glob("checkpoint-*.h5"):
            numbers = [int(word) for word in path.stem.split("-")[1:]] + [0]
            steps.append(40 * numbers[0] + numbers[1])
        return max(steps)

    def check_same(self, output, whole):
        self.assertEqual(self.digest(output), self.digest(whole))
        self.assertEqual([(line["epoch"], line["train_loss"], line["validation_loss"])
                          for line in metrics(self.folder / output)],
                         [(line["epoch"], line["train_loss"], line["validation_loss"])
                          for line in metrics(self.folder / whole)])

    def check_survivor(self, lines, before):
        """Whether one was written; it is good and newer than what there was. The fault can come
        right after a checkpoint: then the newest state is there already."""
        found = [SURVIVOR.search(line) for line in lines if "emergency checkpoint of" in line]
        there = [match for match in map(THERE.search, lines) if match]
        self.assertLessEqual(len(found) + len(there), 1, lines)
        for match in found + there:
            self.assertGreaterEqual(int(match.group(1)), before)
            nntrain("inspect", match.group(2), "--digest")
        if not found and not there:
            self.assertTrue(any("no rank can save a newer state" in line for line in lines), lines)
        if found:
            self.assertGreater(int(found[0].group(1)), before)
        return bool(found)


class StopCase(WatchdogCase):
    """SIGSTOP. In the middle of an update there is no whole state: some of the stops save one."""

    def words(self, output, *extra, epochs=100, rate=0.001):
        words = super().words(output, *extra, epochs=epochs, rate=rate)
        return [word if word != "200,100" else "500,200" for word in words]

    def stop_again_and_again(self, ranks, victim, *extra):
        output, saved, least = f"run-{ranks}-{victim}", 0, 2
        for attempt in range(6):
            process = self.start(*self.words(output, "--quiet", "--watchdog", SECONDS,
                                             "--checkpoint-every", "100epochs", *extra,
                                             epochs=400), ranks=ranks)
            self.wait_for_epoch(output, least + 3 * attempt)
            time.sleep(random.uniform(0.0, 0.1))
            pids = children(process.pid)
            os.kill(pids[victim], signal.SIGSTOP)
            time.sleep(0.2)  # what was begun is on disk
            before = self.newest_step(output)
            lines, seconds = self.finish(process)
            self.assertLess(seconds, MOST_SECONDS)
            missing = [line for line in lines if "missing: " in line and "stopped or dead" in line]
            self.assertEqual(len(missing), 1, lines)
            self.assertIn(f"host {HOST}, rank {victim} (process {pids[victim]})", missing[0])
            for rank in set(range(ranks)) - {victim}:
                told = f"nntrain: watchdog: host {HOST}, rank {rank} (process {pids[rank]}): "
                self.assertEqual(len([line for line in lines if line.startswith(told)]), 1, lines)
            saved += self.check_survivor(lines, before)
            least = len(metrics(self.folder / output))
            if saved > 0:
                break
        self.assertGreater(saved, 0, "no stop left a whole state")
        epochs = len(metrics(self.folder / output)) + 1
        nntrain(*self.words(output, "--quiet", *extra, epochs=epochs), ranks=2 if ranks > 2 else 1)
        nntrain(*self.words("whole", "--quiet", *extra, epochs=epochs))
        self.check_same(output, "whole")

    def test_one_of_two(self):
        self.stop_again_and_again(2, 1)

    def test_first_of_three(self):
        self.stop_again_and_again(3, 0)

    def test_flat(self):
        """Every rank has parameters of its own."""
        self.stop_again_and_again(2, 0, "--allreduce", "flat")

    def test_between_epochs(self):
        """Short epochs of one step that is never the best: rank 0 often waits where it has just
        written. That gives it no writer's patience, and it is not missing."""
        larger = {"16": "32", "500,200": "2000,1000"}
        for attempt in range(4):
            output = f"run-{attempt}"
            words = self.words(output, "--quiet", "--limit", 32, "--watchdog", SECONDS,
                               "--checkpoint-every", "100000epochs", epochs=1000000, rate=1e-30)
            validation = words.index("--validation")
            del words[validation:validation + 2]
            process = self.start(*(larger.get(str(word), word) for word in words), ranks=2)
            self.wait_for_epoch(output, 2)
            time.sleep(random.uniform(0.0, 0.1))
            victim = children(process.pid)[1]
            os.kill(victim, signal.SIGSTOP)
            lines, _ = self.finish(process)
            missing = [line for line in lines if "missing: " in line]
            self.assertEqual(len(missing), 1, lines)
            self.assertIn(f"rank 1 (process {victim}): stopped or dead", missing[0])

    def test_dead(self):
        """Under srun nobody ends the others when a rank dies; here mpirun may be quicker."""
        process = self.start(*self.words("run", "--quiet", "--watchdog", SECONDS, epochs=400),
                             ranks=2)
        self.wait_for_epoch("run", 2)
        os.kill(children(process.pid)[1], signal.SIGKILL)
        began = time.monotonic()
        process.communicate(timeout=90)
        self.assertNotEqual(process.returncode, 0)
        self.assertLess(time.monotonic() - began, MOST_SECONDS)

    def test_off(self):
        process = self.start(*self.words("run", "--quiet", "--watchdog", 0, epochs=400), ranks=2)
        self.wait_for_epoch("run", 2)
        pids = children(process.pid)
        os.kill(pids[1], signal.SIGSTOP)
        time.sleep(6)
        self.assertIsNone(process.poll())
        os.kill(pids[1], signal.SIGCONT)
        os.kill(pids[1], signal.SIGTERM)
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
        self.now = self.folder / "now"

    def streaming(self, output, *extra, epochs=400, seconds=SECONDS):
        return self.words(output, "--quiet", "--data-mode", "streaming", "--shuffle-block", 20,
                          "--shuffle-window", 160, "--watchdog", seconds, *extra, epochs=epochs)

    def fault(self, call, how, where, **more):
        return {"LD_PRELOAD": os.environ["NNT_FAIL_CALLS"], "NNT_FAULT_DIR": where,
                "NNT_FAULT_CALL": call, "NNT_FAULT_AT": "1", "NNT_FAULT_ALL": "1",
                "NNT_FAULT_HOW": how, **{f"NNT_FAULT_{key}": str(value)
                                         for key, value in more.items()}}


class ReadCase(FaultCase):
    def hang(self, output, ranks, fault):
        process = self.start(*self.streaming(output, "--checkpoint-every", "100epochs"),
                             ranks=ranks, env=fault)
        self.wait_for_epoch(output, 3)
        time.sleep(0.2)
        before = self.newest_step(output)
        self.now.touch()
        lines, seconds = self.finish(process)
        self.assertLess(seconds, MOST_SECONDS)
        return lines, before

    def check_end(self, output):
        epochs = len(metrics(self.folder / output)) + 1
        nntrain(*self.streaming(output, epochs=epochs), ranks=2)
        nntrain(*self.streaming("whole", epochs=epochs))
        self.check_same(output, "whole")

    def test_one_of_two(self):
        """The other one, which has read its part, saves the state before the window. In a window
        after the first of an epoch nothing else has."""
        for attempt in range(6):
            output = f"run-{attempt}"
            self.now.unlink(missing_ok=True)
            fault = self.fault("read", "hang", "data.h5", RANK=1, AFTER=self.now)
            lines, before = self.hang(output, 2, fault)
            missing = [line for line in lines if "missing: " in line]
            self.assertEqual(len(missing), 1, lines)
            self.assertIn(f"host {HOST}, rank 1 ", missing[0])
            self.assertIn("reading the data", missing[0])
            if self.check_survivor(lines, before):
                break
            self.assertTrue(any(map(THERE.search, lines)), lines)
        else:
            self.fail("each time the newest state was saved already")
        self.check_end(output)

    def test_the_only_one(self):
        """HDF5 hangs: nothing can be saved, and what was stays."""
        fault = self.fault("read", "hang", "data.h5", AFTER=self.now)
        lines, before = self.hang("run", 1, fault)
        self.assertTrue(any("rank 0" in line and "reading the data" in line for line in lines),
                        lines)
        self.assertFalse(self.check_survivor(lines, before))
        self.assertGreaterEqual(self.newest_step("run"), before)
        self.check_end("run")


class HealthyCase(FaultCase):
    """Everything is slower than the watchdog's time, and nothing is wrong."""

    def test_slow_checkpoint(self):
        fault = self.fault("fsync", "slow", "checkpoint-", SECONDS=PATIENT + 1)
        for ranks in (1, 2):
            nntrain(*self.words(f"run-{ranks}", "--watchdog", PATIENT, "--checkpoint-every",
                                "20steps", "--quiet", epochs=1), ranks=ranks, env=fault)

    def test_slow_reading(self):
        """Windows of four large reads by each rank, which together take longer."""
        x = np.random.RandomState(4).randn(640, 16384).astype(np.float32)
        y = (x[:, 0] > 0).astype(np.int64)
        write_data(self.data, train=(x, y), test=(x[:20], y[:20]))
        fault = self.fault("read", "slow", "data.h5", SECONDS=PATIENT / 3, AFTER=self.now,
                           RANK=1)
        words = [word if word != "200,100" else "10" for word in
                 self.streaming("run", epochs=100000, seconds=PATIENT)]
        process = self.start(*words, ranks=2, env=fault)
        self.wait_for_epoch("run", 1)
        self.now.touch()
        time.sleep(9)
        self.assertIsNone(process.poll())
        os.kill(children(process.pid)[0], signal.SIGTERM)
        self.assertIn("stopped", self.finish(process, 75)[0][0])

    def test_slow_validation(self):
        x = np.random.RandomState(3).randint(0, 255, (1000000, 60), np.uint8)
        y = (x[:, 0] > 127).astype(np.int64)
        write_data(self.data, train=(x[:64], y[:64]), test=(x, y))
        words = [word if word != "200,100" else "500,300" for word in
                 self.words("run", "--watchdog", PATIENT, "--quiet", epochs=1)]
        nntrain(*words)
        print(f"{metrics(self.folder / 'run')[0]['seconds']:.1f} s of validation")

    def test_suspended(self):
        """All of it for long, as a scheduler does, or one of it often."""
        process = self.start(*self.words("run", "--watchdog", PATIENT, "--quiet", epochs=100000),
                             ranks=2)
        self.wait_for_epoch("run", 1)
        pids = children(process.pid)
        for which, seconds in [(pids, 6.0)] + 5 * [(pids[1:], 0.5)]:
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
        self.assertIn("stopped", self.finish(process, 75)[0][0])


if __name__ == "__main__":
    unittest.main()
