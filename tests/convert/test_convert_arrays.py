#!/usr/bin/env python3
"""nntrain convert from NPY and NPZ: what numpy writes comes back, and bad files are named.

Most of it compares with numpy; Plain makes its files with struct alone. NNTRAIN_NPZ says whether
this build reads NPZ files.
"""
import io
import os
import struct
import subprocess
import unittest
import zipfile

import h5py
import numpy as np

from convert_case import ConvertCase, NNTRAIN, digest
from test_convert import idx_bytes

HAS_NPZ = os.environ.get("NNTRAIN_NPZ") in ("1", "TRUE")
NUMBERS = ("bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")


def npy_bytes(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version, allow_pickle=True)
    return file.getvalue()


def npy_text(header, elements, version=(1, 0)):
    """An NPY file with any text as its header."""
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header.encode("latin1") + elements


class Plain(ConvertCase):
    """Without numpy's writer, so that both sides cannot err alike."""

    def test_floats_and_classes(self):
        self.write("x.npy", npy_text("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
                                     struct.pack("<6f", 0, 1.5, -2, 3e-20, 4, 5)))
        self.write("y.npy", npy_text("{'shape':(2,),\"descr\":'>i2','fortran_order':False}",
                                     struct.pack(">2h", 7, 258), (3, 0)))
        x, y, names = self.convert("x.npy", "y.npy")
        self.assertEqual(x.dtype, np.dtype("f4"))
        self.assertEqual(x.tolist(), [[0, 1.5, -2], [np.float32(3e-20), 4, 5]])
        self.assertEqual(y.tolist(), [7, 258])
        self.assertIsNone(names)

    def test_halves(self):
        halves = [0x0000, 0x8000, 0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff]
        self.write("x.npy", npy_text("{'descr': '<f2', 'fortran_order': False, 'shape': (8,), }\n",
                                     struct.pack("<8H", *halves)))
        self.write("y.npy", npy_text("{'descr': '|b1', 'fortran_order': True, 'shape': (8L,)}\n",
                                     bytes([0, 1, 1, 0, 1, 0, 0, 1]), (2, 0)))
        x, y, _ = self.convert("x.npy", "y.npy")
        self.assertEqual(x[:, 0].tolist(), [0, 0, 1, -2, 2.0 ** -24, 1023 * 2.0 ** -24, 2.0 ** -14,
                                            65504])
        self.assertEqual(np.signbit(x[:2, 0]).tolist(), [False, True])
        self.assertEqual(y.tolist(), [0, 1, 1, 0, 1, 0, 0, 1])


class Npy(ConvertCase):
    def put(self, x, y, suffix="", version=None):
        self.write("x.npy" + suffix, npy_bytes(x, version))
        self.write("y.npy" + suffix, npy_bytes(y, version))
        return "x.npy" + suffix, "y.npy" + suffix

    def setUp(self):
        super().setUp()
        self.x = np.random.default_rng(1).normal(size=(6, 4)).astype("f4")
        self.y = np.array([0, 2, 1, 2, 0, 1])

    def test_every_type_and_byte_order(self):
        for kind in NUMBERS:
            for order in "<>":
                x = np.array([[0, 1, 100], [2, 3, 77]]).astype(np.dtype(kind).newbyteorder(order))
                back, _, _ = self.convert(*self.put(x, np.array([1, 0])), "--force")
                np.testing.assert_array_equal(back, x)
                expected = {"b1": "u1", "f2": "f4"}.get(np.dtype(kind).str[1:], kind)
                self.assertEqual(back.dtype, np.dtype("u1" if kind == "bool" else expected))

    def test_extreme_values(self):
        for kind in NUMBERS[1:]:
            info = np.finfo(kind) if kind[0] == "f" else np.iinfo(kind)
            for order in "<>":
                x = np.array([[info.min, info.max]] * 3, np.dtype(kind).newbyteorder(order))
                back, _, _ = self.convert(*self.put(x, np.zeros(3, "u1")), "--force")
                np.testing.assert_array_equal(back, x)

    def test_every_half(self):
        halves = np.arange(65536, dtype="u2").view("f2")
        halves = halves[np.isfinite(halves)]
        for order in "<>":
            files = self.put(halves.astype(np.dtype("f2").newbyteorder(order)),
                             np.zeros(halves.size, "u1"))
            back, _, _ = self.convert(*files, "--force")
            np.testing.assert_array_equal(back[:, 0].view("u4"), halves.astype("f4").view("u4"))

    def test_every_number_of_dimensions_and_version(self):
        for rank in range(1, 9):
            x = np.arange(3 * 2 ** (rank - 1), dtype="f8").reshape((3,) + (2,) * (rank - 1))
            for version in ((1, 0), (2, 0), (3, 0)):
                back, _, _ = self.convert(*self.put(x, np.array([0, 1, 0]), version=version), "--force")
                np.testing.assert_array_equal(back, x if rank > 1 else x.reshape(3, 1))

    def test_compressed_and_piped(self):
        expected, _, _ = self.convert(*self.put(self.x, self.y), "--force")
        back, _, _ = self.convert(*self.put(self.x, self.y, ".gz"), "--force")
        np.testing.assert_array_equal(back, expected)
        with open(self.path("x.npy"), "rb") as file:
            done = self.run_program("/dev/stdin", "y.npy", "--format", "npy", "--output", "pipe.h5",
                                    stdin=file)
        self.assertEqual(done.returncode, 0, done.stderr)
        command = f"cat x.npy | '{NNTRAIN}' convert /dev/stdin y.npy --format npy --output cat.h5"
        subprocess.run(command, shell=True, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        with h5py.File(self.path("cat.h5"), "r") as file:
            np.testing.assert_array_equal(file["x"][()], self.x)

    def test_classes(self):
        for kind in ("bool", *NUMBERS[1:9], ">i4", ">u8"):
            labels = (self.y % 2).astype(kind)
            for y in (labels, labels.reshape(6, 1)):
                _, back, _ = self.convert(*self.put(self.x, y), "--force")
                self.assertEqual(back.shape, (6,))
                self.assertEqual(back.dtype.kind in "iu", True)
                np.testing.assert_array_equal(back, labels)
        _, _, names = self.convert(*self.put(self.x, self.y), "--force", "--class-names", "a,b,c")
        self.assertEqual(names, ["a", "b", "c"])

    def test_targets(self):
        for y in (self.x[:, 0], self.x[:, :1], self.x[:, :3], self.x[:, :3].astype(">f8"),
                  self.x[:, 0].astype("f2"), np.eye(6, dtype="u1"), np.eye(6, dtype=bool),
                  -np.arange(12).reshape(6, 2)):
            self.put(self.x, y)
            done = self.run_program("x.npy", "y.npy", "--output", "out.h5", "--force")
            self.assertEqual(done.stderr, "")
            self.assertIn("regression target", done.stdout)
            with h5py.File(self.path("out.h5"), "r") as file:
                expected = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
                np.testing.assert_array_equal(file["y"][()], expected)

    def test_many_targets(self):
        y = np.random.default_rng(2).normal(size=(40, 70000)).astype("f4")
        _, back, _ = self.convert(*self.put(np.ones((40, 2), "u1"), y))
        np.testing.assert_array_equal(back, y)

    def test_fortran_order(self):
        self.write("y.npy", npy_bytes(self.y))
        self.write("x.npy", npy_bytes(np.asfortranarray(self.x)))
        self.refuse("x.npy", "y.npy", words=["Fortran order", "x.npy", "numpy.ascontiguousarray"])
        for x in (np.arange(6.0), np.arange(6.0).reshape(6, 1), np.arange(6.0).reshape(6, 1, 1)):
            self.write("x.npy", npy_bytes(x).replace(b"'fortran_order': False", b"'fortran_order': True "))
            back, _, _ = self.convert("x.npy", "y.npy", "--force")
            np.testing.assert_array_equal(back.ravel(), x.ravel())

    def test_types_that_are_no_numbers(self):
        self.write("y.npy", npy_bytes(self.y))
        for array, words in (
                (self.x.astype("c8"), ["'<c8'", "complex"]),
                (np.array([1, None, "a", 2, 3, 4], object), ["'|O'", "Python objects"]),
                (np.array(["a", "b"] * 3), ["'<U1'", "text"]),
                (np.array([b"a", b"b"] * 3), ["'|S1'", "text"]),
                (np.zeros(6, "M8[s]"), ["'<M8[s]'", "times"]),
                (np.zeros(6, "V3"), ["'|V3'", "raw bytes"]),
                (np.zeros(6, "g"), ["floats of another size"]),
                (np.zeros(6, [("u", "f4"), ("v", "i2")]), ["structured", "numpy.stack"])):
            self.write("x.npy", npy_bytes(array))
            self.refuse("x.npy", "y.npy", words=["x.npy", *words])
        self.write("x.npy", npy_bytes(self.x))
        self.write("y.npy", npy_bytes(np.array(list("abcabc"))))
        self.refuse("x.npy", "y.npy", words=["y.npy", "text"])

    def test_cut_and_longer_files(self):
        good = npy_bytes(self.x)
        self.write("y.npy", npy_bytes(self.y))
        for size in range(len(good)):
            if size < 8 or size % 23 == 0 or size > len(good) - 3:
                self.write("x.npy", good[:size])
                self.refuse("x.npy", "y.npy", "--format", "npy",
                            words=["x.npy", "not an NPY file" if size < 6 else "truncated NPY"])
        self.write("x.npy", good + b"1")
        self.refuse("x.npy", "y.npy", words=["bytes after the end of the NPY file", "x.npy"])
        self.write("x.npy", good)
        self.write("y.npy", npy_bytes(self.y)[:-1])
        self.refuse("x.npy", "y.npy", words=["truncated NPY", "y.npy"])
        self.write("y.npy", npy_bytes(self.y) + b"1")
        self.refuse("x.npy", "y.npy", words=["after the end", "y.npy"])

    def test_bad_headers(self):
        self.write("y.npy", npy_bytes(self.y))
        good = "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 4), }"
        for header in ("", "{", "{}", good[:-1], good + "}", good + "x", good.replace("'<f4'", "<f4"),
                       good.replace("'<f4'", "''"), good.replace("(6, 4)", "6, 4"),
                       good.replace("(6, 4)", "(6 4)"), good.replace("(6, 4)", "(6)"),
                       good.replace("(6, 4)", "(,)"), good.replace("(6, 4)", "(-6, 4)"),
                       good.replace("(6, 4)", "[6, 4]"), good.replace("False", "0"),
                       good.replace("'shape'", "'shapes'"), good.replace("'descr'", "'de\\x73cr'"),
                       good.replace("}", "'shape': (6, 4), }"), good.replace("}", "'more': 1, }"),
                       good.replace("'fortran_order': False, ", ""), "\xff" * 40):
            self.write("x.npy", npy_text(header, self.x.tobytes()))
            self.refuse("x.npy", "y.npy", words=["damaged NPY header", "x.npy"])
        for shape, word in (("()", "no dimensions"), ("(0, 4)", "dimension 1 is 0"),
                            ("(6, 0)", "dimension 2 is 0"), ("(6" + ", 1" * 8 + ")", "more than eight"),
                            ("(6, 16777217)", "too many features"),
                            ("(6, 99999999999999999999, 99999999999999999999)", "too many features"),
                            ("(6, 65536, 65536, 65536, 65536)", "too many features")):
            self.write("x.npy", npy_text(good.replace("(6, 4)", shape), self.x.tobytes()))
            self.refuse("x.npy", "y.npy", words=["x.npy", word])
        for descr in ("=f4", "|f4", "f4", "<f3", "<i16", "x"):
            self.write("x.npy", npy_text(good.replace("<f4", descr), self.x.tobytes()))
            self.refuse("x.npy", "y.npy", words=["not integers or floats", f"'{descr}'"])
        for version in ((0, 0), (4, 0), (1, 1)):
            self.write("x.npy", npy_text(good, self.x.tobytes(), version))
            self.refuse("x.npy", "y.npy", words=["unknown version", f"{version[0]}.{version[1]}"])
        self.write("x.npy", npy_text(good + " " * 20000, self.x.tobytes()))
        self.refuse("x.npy", "y.npy", words=["too long"])
        self.write("x.npy", npy_text("{" * 10, b"", (2, 0))[:8] + b"\xff\xff\xff\xff")
        self.refuse("x.npy", "y.npy", words=["too long"])

    def test_bad_values(self):
        for y, words in (
                (self.y[:5], ["different length", "6", "5"]),
                (-self.y, ["negative class label", "sample 2", "floats"]),
                (self.y * 1000000, ["too large", "sample 2"]),
                (np.array([2 ** 64 - 1] * 6, "u8"), ["too large", "sample 1"]),
                (np.zeros((6, 2, 2)), ["more than two dimensions", "[samples, targets]"]),
                (np.array([1, 2, np.nan, 4, 5, 6]), ["target is not a finite", "sample 3"]),
                (np.full((6, 2), np.inf, "f2"), ["target is not a finite", "sample 1"])):
            self.put(self.x, y)
            self.refuse("x.npy", "y.npy", words=["y.npy", *words])
        self.put(self.x, self.x)
        self.refuse("x.npy", "y.npy", "--class-names", "a,b", words=["class names", "regression"])
        self.put(self.x, self.y)
        self.refuse("x.npy", "y.npy", "--class-names", "a,b", words=["beyond the class names"])
        for kind in ("f2", "f4", "f8", ">f2"):
            x = np.ones((6, 4), kind)
            x[4, 1] = np.inf
            self.put(x, self.y)
            self.refuse("x.npy", "y.npy", words=["feature is not a finite", "x.npy, sample 5"])

    def test_usage(self):
        self.put(self.x, self.y)
        self.refuse("x.npy", words=["labels", "FEATURES LABELS"])
        self.refuse("x.npy", "none", words=["none: No such file"])
        self.refuse("x.npy", "y.npy", "--target", "1", words=["--target", "NPY"])
        self.refuse("x.npy", "y.npy", "--x-name", "a", words=["--x-name", "NPZ", "NPY"])
        self.write("y.idx", idx_bytes(self.y.astype("u1")))
        self.refuse("x.npy", "y.idx", words=["not an NPY file", "y.idx"])

    def test_memory_does_not_grow(self):
        for name, count in (("small", 2500), ("large", 75000)):
            self.write(name, npy_bytes(np.ones((count, 784), "f2")))
            self.write(name + "-labels", npy_bytes(np.zeros(count, "i8")))
        self.assertLess(self.peak("large", "large-labels"), self.peak("small", "small-labels") + 6)

    def test_training_gives_the_same_bits_as_from_csv_and_idx(self):
        rng = np.random.default_rng(3)
        x = rng.integers(0, 256, (60, 5)).astype("f4")
        y = rng.integers(0, 3, 60)
        self.convert(*self.put(x, y), output="npy.h5")
        self.convert(*self.put(x.astype(">f8"), y.astype("u2")), output="wide.h5")
        self.write("t.csv", "".join(",".join(map(repr, map(float, row))) + f",{label}\n"
                                    for row, label in zip(x, y)))
        self.convert("t.csv", output="csv.h5")
        self.write("x", idx_bytes(x.astype(">f4")))
        self.write("y", idx_bytes(y.astype("u1")))
        self.convert("x", "y", output="idx.h5")
        found = {digest(self.folder, name + ".h5") for name in ("npy", "wide", "csv", "idx")}
        self.assertEqual(len(found), 1)


@unittest.skipUnless(HAS_NPZ, "built without libzip")
class Npz(ConvertCase):
    def setUp(self):
        super().setUp()
        self.x = np.random.default_rng(1).normal(size=(700, 30)).astype("f4")
        self.y = np.arange(700) % 4

    def test_stored_and_deflated(self):
        for save in (np.savez, np.savez_compressed):
            save(self.path("d.npz"), other=np.zeros((2, 2)), y=self.y, x=self.x)
            x, y, names = self.convert("d.npz", "--force")
            np.testing.assert_array_equal(x, self.x)
            np.testing.assert_array_equal(y, self.y)
            self.assertIsNone(names)

    def test_names(self):
        np.savez(self.path("d.npz"), x_train=self.x, y_train=self.y, x_test=self.x[:9] + 1,
                 y_test=self.x[:9, :2])
        x, y, names = self.convert("d.npz", "--x-name", "x_train", "--y-name", "y_train",
                                   "--class-names", "a,b,c,d", output="out.h5:train")
        np.testing.assert_array_equal(y, self.y)
        self.assertEqual(names, ["a", "b", "c", "d"])
        x, y, _ = self.convert("d.npz", "--x-name", "x_test", "--y-name", "y_test",
                               output="out.h5:test")
        np.testing.assert_array_equal(x, self.x[:9] + 1)
        np.testing.assert_array_equal(y, self.x[:9, :2])
        self.refuse("d.npz", words=["no array 'x'", "x_train, y_train, x_test, y_test", "--x-name"])
        self.refuse("d.npz", "--x-name", "x_test", words=["no array 'y'", "--y-name"])
        self.refuse("d.npz", "--x-name", "x_train", "--y-name", "y_test", words=["different length"])
        np.savez(self.path("d.npz"), **{f"array_{i:04}": self.y for i in range(500)})
        self.refuse("d.npz", words=["array_0000, array_0001", "..."])
        with zipfile.ZipFile(self.path("d.npz"), "w") as file:
            file.writestr("notes.txt", "no array")
        self.refuse("d.npz", words=["no arrays"])

    def test_damaged_archives(self):
        for save in (np.savez, np.savez_compressed):
            save(self.path("d.npz"), x=self.x, y=self.y)
            with open(self.path("d.npz"), "rb") as file:
                good = file.read()
            for size in (4, 30, 1000, len(good) // 2, len(good) - 1):
                self.write("d.npz", good[:size])
                self.refuse("d.npz", words=["damaged NPZ file", "d.npz"])
            damaged = bytearray(good)
            damaged[3000] ^= 16  # within x's elements
            self.write("d.npz", bytes(damaged))
            self.refuse("d.npz", words=["damaged NPZ file", "d.npz, array x"])
        self.write("d.npz", b"PK\5\6" + bytes(18))
        self.refuse("d.npz", words=["no arrays"])

    def test_members_are_checked_like_files(self):
        for data, word in ((npy_bytes(self.x)[:-1], "truncated NPY"), (b"text", "not an NPY file"),
                           (npy_bytes(self.x) + b"1", "after the end"),
                           (npy_bytes(np.asfortranarray(self.x)), "ascontiguousarray"),
                           (npy_bytes(np.array([{}])), "Python objects")):
            with zipfile.ZipFile(self.path("d.npz"), "w") as file:
                file.writestr("x.npy", data)
                file.writestr("y.npy", npy_bytes(self.y))
            self.refuse("d.npz", words=[word, "d.npz, array x"])

    def test_usage(self):
        np.savez(self.path("d.npz"), x=self.x, y=self.y)
        self.refuse("d.npz", "d.npz", words=["more than one NPZ file"])
        self.refuse("d.npz", "--label", "1", words=["--label", "CSV", "NPZ"])
        self.refuse("none.npz", "--format", "npz", words=["none.npz: No such file"])
        self.refuse(".", "--format", "npz", words=["not a regular file"])
        command = f"cat d.npz | '{NNTRAIN}' convert /dev/stdin --format npz --output out.h5"
        done = subprocess.run(command, shell=True, cwd=self.folder, check=False, text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("not a regular file", done.stderr)

    def test_memory_does_not_grow(self):
        for name, count in (("small", 2500), ("large", 75000)):
            np.savez_compressed(self.path(name), x=np.ones((count, 784), "u1"),
                                y=np.zeros(count, "u1"))
        self.assertLess(self.peak("large.npz"), self.peak("small.npz") + 6)

    def test_the_same_file_as_from_idx(self):
        x = np.random.default_rng(1).integers(0, 256, (500, 8, 8)).astype("u1")
        y = (self.y[:500] % 4).astype("u1")
        self.write("x", idx_bytes(x))
        self.write("y", idx_bytes(y))
        np.savez_compressed(self.path("d.npz"), x=x, y=y)
        self.convert("x", "y", output="idx.h5")
        self.convert("d.npz", output="npz.h5")
        contents = self.contents()
        self.assertEqual(contents["idx.h5"], contents["npz.h5"])
        self.assertEqual(digest(self.folder, "idx.h5"), digest(self.folder, "npz.h5"))


if __name__ == "__main__":
    unittest.main()
