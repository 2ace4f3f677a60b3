#!/usr/bin/env python3
"""Failing calls under the file writer, and full, read-only and vanished directories.

  test_disk.py [CallsCase | KillCase | FullCase]

After each fault --resume ends the run with the digest of the run that nothing happened to, and with
one line of metrics an epoch. NNT_FAIL_CALLS is the library that makes calls fail (fail_calls.c).
"""
import errno
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import Case, metrics, nntrain, write_data  # noqa: E402

EPOCHS = 3


class DiskCase(Case):
    def setUp(self):
        super().setUp()
        random = np.random.RandomState(1)
        x = random.randn(70, 9).astype(np.float32)
        self.data = self.folder / "data.h5"
        write_data(self.data, train=(x, np.arange(70) % 3), test=(x[:30], np.arange(30) % 3))
        self.run_it("whole")
        self.digest = self.read_digest("whole")
        self.losses = [line["train_loss"] for line in metrics(self.folder / "whole")]

    def run_it(self, output, code=0, env=None, ranks=1, folder=None):
        """4 steps an epoch; checkpoints after every third step and every epoch."""
        return nntrain("train", "--quiet", "--data", f"{self.data}:train", "--validation",
                       f"{self.data}:test", "--hidden", 11, "--batch-size", 20, "--epochs", EPOCHS,
                       "--checkpoint-every", "3steps", "--keep", 2, "--threads", 1, "--resume",
                       "--output", (folder or self.folder) / output, env=env, code=code,
                       ranks=ranks)

    def read_digest(self, output, folder=None):
        return nntrain("inspect", (folder or self.folder) / output / "last.h5",
                       "--digest").stdout.strip()

    def check_goes_on(self, output, ranks=1, folder=None):
        run = (folder or self.folder) / output
        self.run_it(output, ranks=ranks, folder=folder)
        self.assertEqual(self.read_digest(output, folder), self.digest)
        self.assertEqual([line["epoch"] for line in metrics(run)], list(range(1, EPOCHS + 1)))
        self.assertEqual([line["train_loss"] for line in metrics(run)], self.losses)
        best = min(metrics(run), key=lambda line: line["validation_loss"])["epoch"]
        self.assertTrue((run / "best.h5").samefile(run / f"checkpoint-{best:05}.h5"))
        self.assertTrue((run / "last.h5").samefile(run / f"checkpoint-{EPOCHS:05}.h5"))
        left = sorted(path.name for path in run.iterdir())
        self.assertEqual([name for name in left if name.startswith(".")], [], left)

    def check_checkpoints_are_whole(self, output):
        """Whatever bears the name of a checkpoint is one."""
        for path in (self.folder / output).glob("*.h5"):
            nntrain("inspect", path, "--digest")

    def faults(self, call, how="fail", **settings):
        return {"LD_PRELOAD": os.environ["NNT_FAIL_CALLS"], "NNT_FAULT_DIR": "/faulty",
                "NNT_FAULT_CALL": call, "NNT_FAULT_HOW": how,
                **{f"NNT_FAULT_{name}": str(value) for name, value in settings.items()}}

    def count(self, call):
        """How many such calls a run makes that nothing happens to."""
        counted = self.folder / "count"
        self.fresh()
        self.run_it("faulty", env=self.faults(call, COUNT=counted))
        self.fresh()
        found = int(counted.read_text())
        self.assertGreater(found, 0, call)
        return found

    def fresh(self):
        shutil.rmtree(self.folder / "faulty", ignore_errors=True)


class CallsCase(DiskCase):
    def each(self, call, how="fail", step=1, **settings):
        """Lets every call fail in turn."""
        done = 0
        for at in range(1, self.count(call) + 1, step):
            with self.subTest(call=call, how=how, at=at, **settings):
                self.fresh()
                result = self.run_it("faulty", code=None,
                                     env=self.faults(call, how, AT=at, **settings))
                self.assertIn(result.returncode, (0, 1, 2), result.stderr)
                if result.returncode != 0:
                    self.assertIn("nntrain: ", result.stderr)
                self.check_checkpoints_are_whole("faulty")
                self.check_goes_on("faulty")
                done += 1
        print(f"{call} {how} {settings}: {done} faults, nothing lost")

    def test_write(self):
        self.each("write", ERRNO=errno.ENOSPC)
        self.each("write", ERRNO=errno.EDQUOT, ALL=1, step=2)

    def test_partial_write(self):
        self.each("write", "short")
        self.each("write", "torn")

    def test_write_that_lies(self):
        """The bytes on disk are not those that were written: reading back finds it."""
        self.each("write", "lie")

    def test_fsync(self):
        self.each("fsync", ERRNO=errno.EIO)

    def test_rename(self):
        self.each("rename", ERRNO=errno.EACCES)
        self.each("rename", ERRNO=errno.EROFS, ALL=1, step=2)

    def test_link(self):
        self.each("link", ERRNO=errno.EPERM, step=2)

    def test_open(self):
        self.each("open", ERRNO=errno.EMFILE, step=3)

    def test_read_back(self):
        self.each("read", ERRNO=errno.EIO, step=2)


class KillCase(DiskCase):
    def test_before_every_call(self):
        """kill -9 before each call of the writer in turn."""
        calls = self.count("any")
        for at in range(1, calls + 1):
            with self.subTest(at=at):
                self.fresh()
                result = self.run_it("faulty", code=None, env=self.faults("any", "kill", AT=at))
                self.assertEqual(result.returncode, -9, result.stderr)
                if (self.folder / "faulty").exists():
                    self.check_checkpoints_are_whole("faulty")
                self.check_goes_on("faulty")
        print(f"{calls} kills, nothing lost")


class FullCase(DiskCase):
    def test_full_disk(self):
        """A file system of its own with less room than the run needs, then more."""
        mount = self.folder / "small"
        mount.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", mount],
                              capture_output=True, check=False)
        if made.returncode != 0:
            self.skipTest("mounting a small tmpfs needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", str(mount)], check=False)
        filler = mount / "filler"
        for kilobytes in (4, 12, 20, 28, 36, 40, 44, 48, 52, 56, 60):
            with self.subTest(kilobytes=kilobytes):
                shutil.rmtree(mount / "faulty", ignore_errors=True)
                filler.write_bytes(bytes(kilobytes * 1024))
                result = self.run_it("faulty", code=None, folder=mount)
                self.assertIn(result.returncode, (0, 1, 2), result.stderr)
                if result.returncode == 1:
                    self.assertIn("No space left on device", result.stderr)
                for path in (mount / "faulty").glob("*.h5"):
                    nntrain("inspect", path, "--digest")
                filler.unlink()
                subprocess.run(["mount", "-o", "remount,size=1m", mount], check=True)
                self.check_goes_on("faulty", folder=mount)
                shutil.rmtree(mount / "faulty")
                subprocess.run(["mount", "-o", "remount,size=64k", mount], check=True)

    def test_trains_on(self):
        """Every write fails from some point on: a warning each, all epochs trained, exit code 1, and
        the checkpoint before is as it was."""
        calls = self.count("write")
        result = self.run_it("faulty", code=1,
                             env=self.faults("write", AT=calls // 2, ALL=1, ERRNO=errno.ENOSPC))
        lines = [line for line in result.stderr.splitlines() if line.startswith("nntrain: ")]
        self.assertGreaterEqual(len([line for line in lines if "training continues" in line]), 2)
        self.assertIn("No space left on device", lines[-1])
        self.assertIn("--resume", lines[-1])
        self.assertTrue((self.folder / "faulty" / "checkpoint-00001.h5").exists())
        self.check_goes_on("faulty", ranks=2)

    def test_space_comes_back(self):
        """One checkpoint fails, the next is written: exit code 0, and best.h5 is right."""
        calls = self.count("write")
        for at in range(2, calls - 2):
            self.fresh()
            result = self.run_it("faulty", env=self.faults("write", AT=at, ERRNO=errno.ENOSPC))
            self.assertIn("training continues", result.stderr)
            self.assertEqual(self.read_digest("faulty"), self.digest)
            self.check_goes_on("faulty")

    def test_directory_vanishes(self):
        calls = self.count("rename")
        result = self.run_it("faulty", code=1,
                             env=self.faults("any", AT=6 * calls, ALL=1, ERRNO=errno.ENOENT))
        self.assertIn("No such file or directory", result.stderr)


if __name__ == "__main__":
    unittest.main()
