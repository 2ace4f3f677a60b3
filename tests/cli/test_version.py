#!/usr/bin/env python3
"""The version: CMake's project(VERSION), typed nowhere else, in all that the program leaves."""
import os
import re
import unittest
from pathlib import Path

import h5py

from cli_case import CliCase, text_of

VERSION = os.environ["NNTRAIN_VERSION"]  # PROJECT_VERSION
SOURCE = Path(os.environ["NNTRAIN_SOURCE_DIR"])


class Version(CliCase):
    def test_where_it_shows(self):
        self.assertEqual(self.succeed("--version").splitlines()[0], f"nntrain {VERSION}")
        self.write_data("data.h5")
        self.train()
        with h5py.File(self.path("run/last.h5"), "r") as file:
            self.assertEqual(text_of(file.attrs["nntrain_version"]), VERSION)
        with open(self.path("run/config.ini"), encoding="utf-8") as file:
            self.assertIn(f"nntrain {VERSION}:", file.readline())
        self.succeed("report", "run", "--output", "report.html")
        with open(self.path("report.html"), encoding="utf-8") as file:
            self.assertRegex(file.read(), rf'"version": ?"{re.escape(VERSION)}"')

    def test_onnx(self):
        self.write_data("data.h5")
        self.train()
        done = self.run_program("export", "--checkpoint", "run", "--output", "a.onnx")
        if done.returncode != 0 and "has no ONNX" in done.stderr:
            self.skipTest("this build has no ONNX")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("a.onnx"), "rb") as file:  # ModelProto.producer_version, field 3
            text = VERSION.encode()
            self.assertIn(b"\x1a" + bytes([len(text)]) + text, file.read())

    def test_typed_once(self):
        """No source, header or build file but the first CMakeLists.txt has it."""
        kinds = {".c", ".h", ".in", ".cmake", ".html", ".txt"}
        names = ["CMakeLists.txt"] + [
            path.relative_to(SOURCE) for top in ("src", "include")
            for path in sorted(SOURCE.joinpath(top).rglob("*")) if path.suffix in kinds]
        self.assertGreater(len(names), 100)
        pattern = re.compile(rf"(?<![0-9.]){re.escape(VERSION)}(?![0-9.])")
        places = [f"{name}:{line}" for name in names
                  for line in SOURCE.joinpath(name).read_text(encoding="utf-8").splitlines()
                  if pattern.search(line)]
        self.assertEqual(len(places), 1, places)
        self.assertRegex(places[0], r"^CMakeLists.txt:project\(nntrain VERSION ")


if __name__ == "__main__":
    unittest.main()
