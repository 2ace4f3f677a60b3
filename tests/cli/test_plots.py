#!/usr/bin/env python3
"""TensorBoard's event files, read by its own reader, and the picture of scripts/plot_metrics.py.
Without a Python that has tensorboard or matplotlib (NNTRAIN_TORCH_PYTHON may name one) what needs it
is skipped; the records themselves are always read."""
import importlib.util
import json
import os
import struct
import subprocess
import sys
import unittest
from pathlib import Path

from cli_case import SECONDS, CliCase

PYTHON = os.environ.get("NNTRAIN_TORCH_PYTHON") or sys.executable
READER = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
reader = EventAccumulator(sys.argv[1])
reader.Reload()
print(json.dumps({tag: [[one.step, one.value] for one in reader.Scalars(tag)]
                  for tag in reader.Tags()["scalars"]}))
"""
TAGS = {"validation/f1_macro": "validation_f1_macro", "loss/train": "train_loss", "loss/validation": "validation_loss",
        "validation/accuracy": "validation_accuracy", "training/learning_rate": "learning_rate",
        "training/samples_per_second": "samples_per_second", "training/epoch_seconds": "seconds",
        "training/epoch": "epoch"}


def has(module):
    """Whether PYTHON has it."""
    if PYTHON == sys.executable:
        return importlib.util.find_spec(module) is not None
    return subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True,
                          check=False).returncode == 0


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    data, at = path.read_bytes(), 0
    while at < len(data):
        size, check = struct.unpack_from("<QI", data, at)
        assert check == crc32c(data[at:at + 8])
        record = data[at + 12:at + 12 + size]
        assert struct.unpack_from("<I", data, at + 12 + size)[0] == crc32c(record)
        yield record
        at += size + 16


class Plots(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def files(self, run="run"):
        return sorted(Path(self.path(run)).glob("events.out.tfevents.*"))

    def scalars(self, run="run"):
        done = subprocess.run([PYTHON, "-c", READER, self.path(run)], capture_output=True,
                              text=True, check=True, timeout=SECONDS)
        return json.loads(done.stdout)

    def check_scalars(self, run="run"):
        lines, found = self.metrics(run), self.scalars(run)
        self.assertEqual(set(found), set(TAGS))
        for tag, key in TAGS.items():
            self.assertEqual([one[0] for one in found[tag]], [line["step"] for line in lines], tag)
            for (_, value), line in zip(found[tag], lines):
                self.assertEqual(value, struct.unpack("f", struct.pack("f", line[key]))[0], tag)

    def test_checksum(self):
        """The check value of RFC 3720, B.4: 32 bytes of zeros."""
        self.assertEqual(crc32c(bytes(32)),
                         ((0x8A9136AA >> 15 | 0x8A9136AA << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    def test_records(self):
        self.train("--validation", "data.h5", "--tensorboard", ranks=2)
        (path,) = self.files()
        found = list(records(path))
        self.assertEqual(len(found), 3)
        self.assertIn(b"brain.Event:2", found[0])
        loss = struct.pack("<f", self.metrics()[1]["validation_loss"])
        self.assertIn(b"\n\x0floss/validation\x15" + loss, found[2])
        self.train(output="without")
        self.assertEqual(self.files("without"), [])

    @unittest.skipUnless(has("tensorboard"), "no Python with tensorboard")
    def test_reader(self):
        self.train("--validation", "data.h5", "--tensorboard")
        self.check_scalars()

    @unittest.skipUnless(has("tensorboard"), "no Python with tensorboard")
    def test_resumed(self):
        """Epochs that are trained again count once."""
        base = ("train", "--data", "data.h5", "--validation", "data.h5", "--output", "run",
                "--batch-size", "16", "--tensorboard", "--resume", "--keep", "0")
        self.succeed(*base, "--epochs", "5")
        for path in list(Path(self.path("run")).glob("checkpoint-0000[3-5].h5")):
            path.unlink()
        self.succeed(*base, "--epochs", "6")
        self.assertEqual(len(self.files()), 2)
        self.check_scalars()

    @unittest.skipUnless(has("matplotlib"), "no Python with matplotlib")
    def test_picture(self):
        script = Path(os.environ["NNTRAIN_SOURCE_DIR"]) / "scripts" / "plot_metrics.py"

        def plot(*words):
            return subprocess.run([PYTHON, script, *words], cwd=self.folder, capture_output=True,
                                  text=True, check=False, timeout=SECONDS)
        self.train("--validation", "data.h5")
        self.train("--epochs=2", "--seed", "2", output="other")
        done = plot("run", "other", "--output", "curves.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        picture = Path(self.path("curves.png")).read_bytes()
        self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
        done = plot("run", "--output", "curves.svg", "--log-loss")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("learning rate", Path(self.path("curves.svg")).read_text())
        done = plot("none")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^plot_metrics: .*none/metrics.jsonl.*; give .*\n$")


if __name__ == "__main__":
    unittest.main()
