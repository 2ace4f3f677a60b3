#!/usr/bin/env python3
"""What a run shows while it works, and what it leaves."""
import os
import pty
import re
import select
import subprocess
import time
import unittest

from cli_case import ALONE, NNTRAIN, SECONDS, CliCase, samples

PARTS = ("reading", "gather", "forward", "backward", "exchange", "update", "validation")


class Progress(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5", *samples(2000))
        self.write_data("test.h5", *samples(100, seed=2))

    def on_terminal(self, *arguments):
        """Runs with a pseudo-terminal as output; returns the exit code and what was shown."""
        here, there = pty.openpty()
        settings = {**os.environ, **ALONE, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen([NNTRAIN, *map(str, arguments)], cwd=self.folder, env=settings,
                              stdin=subprocess.DEVNULL, stdout=there, stderr=there) as process:
            os.close(there)
            shown = b""
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                if not select.select([here], [], [], 1)[0]:
                    continue
                try:
                    piece = os.read(here, 65536)
                except OSError:  # the other side is closed
                    break
                if not piece:
                    break
                shown += piece
            else:
                process.kill()
                self.fail("hangs")
            os.close(here)
        return process.returncode, shown.decode()

    def test_batch_log(self):
        for ranks in (1, 3):
            text = self.train("--validation", "test.h5", "--top-k", "2", output=f"run{ranks}",
                              ranks=ranks)
            lines = text.splitlines()
            self.assertEqual(len(lines), 7, text)
            self.assertRegex(lines.pop(1),
                             rf"^host \S+: {ranks} ranks? x 1 thread, CPUs? .* kernels$")
            self.assertTrue(lines[0].startswith("nntrain: 7-8-3, 91 parameters, cross-entropy"))
            for epoch in (1, 2):
                self.assertRegex(
                    lines[epoch], rf"^epoch {epoch}/2: loss \d+\.\d+, validation loss \d+\.\d+, "
                    r"accuracy \d\.\d+, F1 \d\.\d+, top-2 \d\.\d+, \d+ samples/s, \d+\.\d s, \d+:\d\d left")
            self.assertRegex(lines[3], rf"^done: 2 epochs, best loss .* in run{ranks}$")
            parts = re.fullmatch(r"time on rank 0:((?: \w+ \d+\.\d %,?)+)", lines[4])
            shares = dict(re.findall(r"(\w+) ([\d.]+) %", parts[1]))
            # A part of less than 0.05 % is not shown: on a busy machine that can be any.
            self.assertLessEqual(set(shares), {"reading", "gather", "forward", "backward", "exchange", "update",
                                               "validation", "other"})
            self.assertTrue(ranks > 1 or "exchange" not in shares)
            self.assertAlmostEqual(sum(map(float, shares.values())), 100.0, delta=0.5)
            self.assertEqual(lines[5], "digest " + self.digest(f"run{ranks}/last.h5"))
            self.assertNotIn("\r", text)

    def test_bar_on_a_terminal(self):
        code, shown = self.on_terminal("train", "--data", "data.h5", "--output", "run", "--hidden",
                                       "1024,1024", "--epochs", "2", "--batch-size", "16")
        self.assertEqual(code, 0, shown)
        self.assertRegex(shown, r"\r\x1b\[Kepoch [12]/2 \[#*\.+\] loss \d+\.\d+, \d+ samples/s, "
                                r"\d+:\d\d left")
        plain = [line.split("\x1b[K")[-1] for line in shown.split("\n")]
        self.assertEqual(sum(line.startswith("epoch ") for line in plain), 2, plain)

    def test_message_after_a_bar_has_its_own_line(self):
        code, shown = self.on_terminal(
            "train", "--data", "data.h5", "--output", "run", "--hidden", "2048,2048",
            "--epochs", "9", "--batch-size", "16", "--learning-rate", "1000", "--loss", "mse", "--activation",
            "identity", "--y-name", "x")
        self.assertEqual(code, 1, shown)
        last = shown.splitlines()[-1].split("\x1b[K")[-1]
        self.assertTrue(last.startswith("nntrain: "), shown)

    def test_quiet(self):
        self.assertEqual(self.train("--quiet", ranks=3), "")
        code, shown = self.on_terminal("train", "--data", "data.h5", "--output", "other", "--quiet",
                                       "--epochs", "1")
        self.assertEqual((code, shown), (0, ""))

    def test_dry_run(self):
        for ranks in (1, 3):
            before = self.contents()
            text = self.succeed("train", "--data", "data.h5", "--validation", "test.h5", "--hidden",
                                "8", "--output", "new/run", "--batch-size", "16", "--dry-run",
                                ranks=ranks)
            for words in ("7-8-3, 91 parameters", "2000 to train, 100 to validate",
                          "125 per epoch, 10 epochs", f"{ranks} ranks x 1 threads", "memory per node",
                          "16 samples, " + ("16 to 16" if ranks == 1 else "4 to 8")):
                self.assertIn(words, text)
            self.assertEqual(self.contents(), before)
        self.succeed("train", "--data", "data.h5", "--dry-run")

    def test_dry_run_finds_what_is_wrong(self):
        self.refuse(("train", "--data", "none.h5", "--dry-run"), ["none.h5"])
        self.refuse(("train", "--data", "data.h5", "--dry-run", "--top-k", "9"), ["--top-k 9"],
                    ranks=(1,))

    def test_dry_run_finds_an_output_that_cannot_be_written(self):
        words = ("train", "--data", "data.h5", "--dry-run", "--output")
        self.write("file", "text")
        os.makedirs(self.path("closed", "there"))
        for output in ("file", "file/run"):
            self.refuse((*words, output), [output, "Not a directory"])
        os.chmod(self.path("closed"), 0o555)
        if os.geteuid() == 0:  # without root's right to write anywhere
            rights = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
        else:
            rights = ()
        try:
            self.refuse((*words, "closed/run/more"), ["closed/run/more", "Permission denied"],
                        ranks=(1,), prefix=rights)
        finally:
            os.chmod(self.path("closed"), 0o755)
        self.train()
        self.refuse((*words, "run"), ["already contains a run", "--resume"], ranks=(1,))
        self.succeed(*words, "run", "--resume", "--hidden", "8", "--epochs", "2", "--batch-size", "16")


class Files(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def test_metrics(self):
        self.train("--validation", "data.h5", ranks=3)
        keys = {"epoch", "step", "train_loss", "validation_loss", "validation_accuracy",
                "learning_rate", "samples_per_second", "seconds", "ranks", "threads",
                *(f"{part}_seconds" for part in PARTS)}
        lines = self.metrics()
        for line in lines:
            self.assertLessEqual(keys, set(line))
            parts = [line[f"{part}_seconds"] for part in PARTS]
            self.assertGreaterEqual(min(parts), 0.0)
            self.assertLessEqual(sum(parts), line["seconds"])
            self.assertGreater(line["forward_seconds"], 0.0)
            self.assertGreater(line["validation_seconds"], 0.0)
            self.assertEqual(line["reading_seconds"], 0.0)  # it lies in memory
        self.assertEqual([(line["epoch"], line["step"]) for line in lines], [(1, 4), (2, 8)])
        self.assertEqual((lines[0]["ranks"], lines[0]["threads"]), (3, 1))
        self.assertEqual(lines[0]["learning_rate"], 0.1)

    def test_resume_goes_on_in_the_same_files(self):
        common = ("--validation", "data.h5", "--nesterov")
        self.succeed("train", "--data", "data.h5", "--output", "whole", "--epochs", "4", *common)
        for epochs in (1, 3, 4):
            self.succeed("train", "--data", "data.h5", "--output", "parts", "--epochs", epochs,
                         "--resume", *common)
        self.assertEqual([line["epoch"] for line in self.metrics("parts")], [1, 2, 3, 4])
        self.assertEqual(self.digest("parts/last.h5"), self.digest("whole/last.h5"))
        text = self.succeed("train", "--data", "data.h5", "--output", "parts", "--epochs", "4",
                            "--resume", *common)
        self.assertIn("the run is done", text)
        self.assertEqual(len(self.metrics("parts")), 4)

    def test_checkpoints_kept(self):
        self.succeed("train", "--data", "data.h5", "--output", "run", "--epochs", "6", "--keep",
                     "2", "--batch-size", "16")
        best = int(self.succeed("inspect", "run").split("best           epoch ")[1].split(",")[0])
        kept = {f"checkpoint-{epoch:05}.h5" for epoch in (5, 6, best)}
        self.assertEqual(set(os.listdir(self.path("run"))),
                         kept | {"last.h5", "best.h5", "metrics.jsonl", "config.ini"})

    def test_name_with_spaces(self):
        os.rename(self.path("data.h5"), self.path("my data.h5"))
        self.train(data="my data.h5", output="a run/of mine/")
        self.predict("my data.h5", checkpoint="a run/of mine/", output="my out.h5")


if __name__ == "__main__":
    unittest.main()
