#!/usr/bin/env python3
"""Data larger than memory: the options, the memory that a run takes, and files that break."""
import os
import subprocess
import sys
import time
import unittest

import h5py
import numpy as np

from cli_case import MPIEXEC, NNTRAIN, SECONDS, SHARED, CliCase

MB = 1 << 20
# Runs a command and writes the most memory that it took, in bytes, into a file of its rank.
MEASURE = """import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
open(f"{sys.argv[1]}-{os.environ.get('OMPI_COMM_WORLD_RANK', 0)}", "w").write(str(most))
sys.exit(code)"""


class Options(CliCase):
    def setUp(self):
        super().setUp()
        random = np.random.RandomState(1)
        self.write_data("data.h5", random.randint(0, 255, (4000, 250), "u1"),
                        np.arange(4000) % 4)

    def test_values(self):
        for option, value, remedy in (
                ("--memory-limit", "much", "500M"), ("--memory-limit", "-1", "500M"),
                ("--memory-limit", "0", "500M"), ("--memory-limit", "5X", "500M"),
                ("--data-mode", "disk", "streaming"), ("--io", "fast", "collective"),
                ("--shuffle", "random", "windowed"), ("--shuffle-block", "0", "1"),
                ("--shuffle-window", "x", "number")):
            self.refuse_training(option, value, words=[option, value, remedy], ranks=(1,))

    def test_contradictions(self):
        for words, named in (
                (("--shuffle", "full", "--shuffle-block", "8"), ["--shuffle-block", "windowed"]),
                (("--shuffle", "full", "--data-mode", "streaming"), ["full", "--shuffle windowed"]),
                (("--data-mode", "resident", "--memory-limit", "100K"),
                 ["--memory-limit", "--data-mode"])):
            self.refuse_training(*words, words=named)

    def test_limit_too_small(self):
        self.refuse_training("--memory-limit", "20K", words=["data.h5", "--memory-limit", "MB"])
        self.refuse_training("--memory-limit", "500K", "--shuffle-block", "64", "--shuffle-window",
                             "64", "--batch-size", "200", words=["--shuffle-window", "batch"])

    def test_chosen_by_itself(self):
        """What is planned, and that it takes no more than the limit."""
        for limit, mode in (("1.1M", "resident"), ("500K", "streaming")):
            said = self.succeed("train", "--data", "data.h5", "--memory-limit", limit, "--dry-run")
            self.assertEqual("windows" in said, mode == "streaming", said)

    def test_chunks_and_compression(self):
        """The bits are those of the same samples stored plainly."""
        with h5py.File(self.path("data.h5")) as file:
            x, y = file["x"][()], file["y"][()]
        self.write_data("gzip.h5", x, y, chunks=(100, 250), compression="gzip", shuffle=True)
        self.write_data("odd.h5", x, y, chunks=(37, 50), compression="gzip")
        how = ("--memory-limit", "400K", "--shuffle-block", "50", "--shuffle-window", "500")
        self.train(*how, output="plain")
        expected = self.digest("plain/last.h5")
        for data in ("gzip.h5", "odd.h5"):
            for way, ranks in (("independent", 1), ("independent", 3), ("collective", 2)):
                self.train(*how, "--io", way, data=data, output=f"{data}-{way}-{ranks}",
                           ranks=ranks)
                self.assertEqual(self.digest(f"{data}-{way}-{ranks}/last.h5"), expected)
                for line in self.metrics(f"{data}-{way}-{ranks}"):
                    self.assertGreater(line["reading_seconds"], 0.0)
                    self.assertLess(line["reading_seconds"], line["seconds"])


class Memory(CliCase):
    """200 MB pass through a few."""

    SAMPLES, FEATURES = 256000, 784

    def measure(self, ranks, data, *words):
        """The most memory of a rank, in bytes."""
        command = [sys.executable, "-c", MEASURE, self.path("most"), NNTRAIN, "train", "--quiet",
                   "--data", data, "--output", "run", "--hidden", "16", "--batch-size", "1000",
                   "--epochs", "1", *words]
        command = [MPIEXEC, "-np", str(ranks), *command]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True,
                              check=False, timeout=SECONDS, env={**os.environ, **SHARED,
                                                             "OMP_NUM_THREADS": "1"})
        self.assertEqual(done.returncode, 0, done.stderr)
        most = 0
        for rank in range(ranks):
            with open(self.path(f"most-{rank}"), encoding="ascii") as file:
                most = max(most, int(file.read()))
        subprocess.run(["rm", "-rf", self.path("run")], check=True)
        return most

    def test_memory(self):
        with h5py.File(self.path("large.h5"), "w") as file:
            x = file.create_dataset("x", (self.SAMPLES, self.FEATURES), "u1")
            piece = np.random.RandomState(1).randint(0, 255, (16000, self.FEATURES), "u1")
            for first in range(0, self.SAMPLES, len(piece)):
                x[first:first + len(piece)] = np.roll(piece, first // len(piece), axis=1)
            file["y"] = np.arange(self.SAMPLES) % 10
        self.write_data("small.h5", piece[:1000], np.arange(1000) % 10)
        size = os.path.getsize(self.path("large.h5"))
        self.assertGreater(size, 190 * MB)
        for ranks in (1, 2):
            base = self.measure(ranks, "small.h5")
            found = self.measure(ranks, "large.h5", "--memory-limit", "6M")
            print(f"{ranks} ranks: {size / MB:.0f} MB of data, {(found - base) / MB:.1f} MB more "
                  f"than for {1000 * self.FEATURES / MB:.1f} MB", flush=True)
            # The limit, and what reading takes: HDF5's buffers, the reading thread.
            self.assertLess(found - base, (6 + 4) * MB)
        self.assertGreater(self.measure(1, "large.h5") - base, 150 * MB)


class Damage(CliCase):
    """Files that break while they are read: every rank ends, with one message."""

    HOW = ("--memory-limit", "200K", "--shuffle-block", "16", "--shuffle-window", "64",
           "--batch-size", "16", "--hidden", "8", "--epochs", "100000")

    def setUp(self):
        super().setUp()
        # Far more than the library's own cache of chunks.
        self.write_data("data.h5", np.random.RandomState(1).randint(0, 255, (16000, 250), "u1"),
                        np.arange(16000) % 4, chunks=(16, 250), compression="gzip")

    def break_while_training(self, ranks, damage, *words):
        command = [MPIEXEC, "-np", str(ranks)] if ranks > 1 else []
        command += [NNTRAIN, "train", "--quiet", "--data", "data.h5", "--output", "run", *self.HOW,
                    *words]
        with subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, **SHARED, "OMP_NUM_THREADS": "1"}) as run:
            until = time.monotonic() + SECONDS
            while not os.path.exists(self.path("run/metrics.jsonl")) and time.monotonic() < until:
                time.sleep(0.02)
            damage()
            try:
                _, said = run.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                run.kill()
                self.fail(f"hangs at {ranks} ranks")
        lines = [line for line in said.splitlines() if line.startswith("nntrain: ")]
        self.assertEqual((run.returncode, len(lines)), (1, 1), said)
        self.assertRegex(lines[0], "data.h5")
        # What was trained before is there.
        self.succeed("inspect", "run/last.h5", "--digest")

    def test_truncated_while_training(self):
        for ranks, words in ((1, ()), (3, ()), (2, ("--io", "collective"))):
            self.clear()
            self.setUp()
            self.break_while_training(
                ranks, lambda: os.truncate(self.path("data.h5"), 100000), *words)

    def test_overwritten_while_training(self):
        def overwrite():
            with open(self.path("data.h5"), "r+b") as file:
                file.seek(100000)
                file.write(bytes(3000000))

        for ranks in (1, 3):
            self.clear()
            self.setUp()
            self.break_while_training(ranks, overwrite)

    def test_damaged_chunk(self):
        data = bytearray(open(self.path("data.h5"), "rb").read())
        data[2000000:2000100] = bytes(100)
        self.write("data.h5", bytes(data))
        self.refuse_training("--quiet", *self.HOW, words=["data.h5"], code=1)


if __name__ == "__main__":
    unittest.main()
