#!/usr/bin/env python3
"""A long run: the memory and the open files of its ranks do not grow.

NNT_TEST_SOAK_SECONDS says for how long (default 50): half of it resident, half streaming. All that
a run does again and again happens: steps, windows of a stream, evaluations, checkpoints (and old
ones removed), comparisons of copies, lines of metrics.
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
from nntrain_test import HANG, SHARED, Case, metrics, ranks_of, write_data  # noqa: E402

SECONDS = float(os.environ.get("NNT_TEST_SOAK_SECONDS", "50"))
RANKS = 2
STOPPED = 75
# Of each rank, from the first half to the second: noise, each epoch's entry in the history, of which
# there are a few copies, and less for a step than the smallest allocation takes: the allocator
# settles over the first hundred thousands of steps.
GROWTH_KB = 1024
EPOCH_KB = 0.3
STEP_KB = 8 / 1024


def sample(pid):
    """Kilobytes of private memory, kilobytes in all, open descriptors."""
    status = dict(line.split(":", 1) for line in
                  Path(f"/proc/{pid}/status").read_text().splitlines())
    return (int(status["RssAnon"].split()[0]), int(status["VmRSS"].split()[0]),
            len(os.listdir(f"/proc/{pid}/fd")))


def low(rows, column):
    """The least: what is there between checkpoints."""
    return min(row[column] for row in rows)


class SoakCase(Case):
    def setUp(self):
        super().setUp()
        numbers = np.random.RandomState(1)
        x = numbers.randn(20000, 40).astype(np.float32)
        y = (x[:, 0] + numbers.randn(20000) > 0).astype(np.int64)
        self.data = self.folder / "data.h5"
        write_data(self.data, train=(x, y), test=(x[:2000], y[:2000]))
        self.started = None

    def tearDown(self):
        if self.started is not None and self.started.poll() is None:
            self.started.kill()
            self.started.wait()

    def start(self, *extra):
        words = [os.environ.get("NNTRAIN_MPIEXEC", "mpirun"), "-np", RANKS, os.environ["NNTRAIN"],
                 "train", "--quiet", "--data", f"{self.data}:train", "--validation",
                 f"{self.data}:test", "--hidden", "100,50", "--batch-size", 32, "--epochs", 1000000,
                 "--learning-rate", 0.001, "--checkpoint-every", "200steps", "--check-every", 10,
                 "--output", self.folder / "run", *extra]
        self.started = subprocess.Popen([str(word) for word in words],
                                        env=dict(os.environ, **SHARED, OMP_NUM_THREADS="1"),
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def wait_for_epochs(self, count):
        file = self.folder / "run/metrics.jsonl"
        until = time.monotonic() + HANG
        while not file.exists() or len(file.read_text().splitlines()) < count:
            self.assertLess(time.monotonic(), until, f"no epoch {count}")
            self.assertIsNone(self.started.poll())
            time.sleep(0.1)

    def watch(self, seconds):
        """Samples of each rank, from when a fifth of the time is over, and two epochs are."""
        time.sleep(seconds / 5)
        self.wait_for_epochs(2)
        pids = ranks_of(self.started.pid).values()
        self.assertEqual(len(pids), RANKS)
        rows = {pid: [] for pid in pids}
        until = time.monotonic() + seconds * 4 / 5
        while time.monotonic() < until:
            for pid in pids:
                rows[pid].append(sample(pid))
            time.sleep(max(0.1, seconds / 2000))
        return rows

    def soak(self, *extra):
        self.start(*extra)
        rows = self.watch(SECONDS / 2)
        os.kill(min(rows), signal.SIGTERM)
        _, said = self.started.communicate(timeout=HANG)
        self.assertEqual(self.started.returncode, STOPPED, said)
        last = metrics(self.folder / "run")[-1]
        for pid, samples in rows.items():
            half = len(samples) // 2
            before, after = samples[:half], samples[half:]
            self.assertGreater(half, 20)
            grown = [low(after, i) - low(before, i) for i in range(3)]
            text = (f"rank {pid}: {len(samples)} samples to step {last['step']}, private "
                    f"{before[0][0]} to {after[-1][0]} kB, all {before[0][1]} to {after[-1][1]} "
                    f"kB, grown by {grown[:2]} kB, descriptors {low(before, 2)} to "
                    f"{max(row[2] for row in samples)}, at last {after[-1][2]}")
            print(text, flush=True)
            allowed = GROWTH_KB + EPOCH_KB * last["epoch"] + STEP_KB * last["step"] / 2
            self.assertLess(max(grown[:2]), allowed, text)
            self.assertLessEqual(grown[2], 0, text)

    def test_resident(self):
        self.soak()

    def test_streaming(self):
        self.soak("--data-mode", "streaming", "--shuffle-block", 50, "--shuffle-window", 2000)


if __name__ == "__main__":
    unittest.main()
