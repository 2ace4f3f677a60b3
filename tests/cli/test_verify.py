#!/usr/bin/env python3
"""nntrain verify: the table, the verdict, and that a difference is found."""
import json
import os
import subprocess
import unittest

from cli_case import MPIEXEC, NNTRAIN, SECONDS, SHARED, CliCase

# samples() are 60: four steps of 16 are an epoch.
RUN = ("--data", "data.h5", "--hidden", "8", "--batch-size", "16")


class Verify(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def rows(self, *words, **how):
        lines = self.succeed("verify", *RUN, "--json", *words, **how).splitlines()
        return [json.loads(line) for line in lines]

    def test_digest_of_the_run(self):
        self.succeed("train", *RUN, "--epochs", "1", "--output", "run")
        *rows, verdict = self.rows("--steps", "4", "--thread-counts", "1,2", ranks=3)
        self.assertEqual({row["digest"] for row in rows}, {self.digest("run/last.h5")})
        self.assertEqual({row["ranks"] for row in rows}, {1, 2, 3})
        self.assertEqual({row["threads"] for row in rows}, {1, 2})
        self.assertEqual({row["allreduce"] for row in rows}, {"auto", "flat"})
        self.assertEqual((verdict["verdict"], verdict["different"]), ("identical", 0))
        self.assertEqual(verdict["rows"], len(rows))
        before = self.contents()
        text = self.succeed("verify", *RUN, "--steps", "2", "--ranks", "1,2", ranks=2)
        self.assertIn("verdict: identical", text)
        self.assertEqual(self.contents(), before)

    def test_resumed(self):
        self.succeed("train", *RUN, "--epochs", "2", "--output", "whole")
        self.succeed("train", *RUN, "--epochs", "1", "--output", "run")
        *rows, _ = self.rows("--steps", "4", "--output", "run", "--resume", ranks=2)
        self.assertEqual({row["digest"] for row in rows}, {self.digest("whole/last.h5")})

    def test_part_and_stream(self):
        cut = ("--split", "0.7", "--class-weight", "balanced", "--data-mode", "streaming",
               "--shuffle-block", "4", "--shuffle-window", "24")
        self.assertEqual(self.rows(*cut, "--steps", "6", ranks=2)[-1]["verdict"], "identical")

    def test_a_difference_is_found(self):
        """One rank computes with kernels that round otherwise."""
        command = [MPIEXEC, "-np", "1", NNTRAIN, "verify", *RUN, "--ranks", "1,2", ":", "-np", "1",
                   "env", "NNTRAIN_ISA=baseline", NNTRAIN, "verify", *RUN, "--ranks", "1,2"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False,
                              timeout=SECONDS, stdin=subprocess.DEVNULL,
                              env={**os.environ, "OMP_NUM_THREADS": "1", **SHARED})
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("differs from step", done.stdout)
        self.assertIn("verdict: different", done.stdout)

    def test_fast_promises_nothing(self):
        verdict = self.rows("--reduction", "fast", "--steps", "5", ranks=3)[-1]
        self.assertEqual(verdict["verdict"], "no promise")

    def test_refused(self):
        for words, told in ((("--ranks", "4"), "--ranks 4"), (("--ranks", "0"), "--ranks 0"),
                            (("--thread-counts", "x"), "--thread-counts x"),
                            (("--steps", "0"), "--steps")):
            self.refuse(("verify", *RUN, *words), [told])
        self.refuse(("verify", "--data", "none.h5"), ["none.h5"])


if __name__ == "__main__":
    unittest.main()
