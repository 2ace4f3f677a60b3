#!/usr/bin/env python3
"""Files made with h5py, as the library reads them; PRINT_H5 in the environment is print_h5."""
import os
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

PRINT_H5 = os.environ["PRINT_H5"]
INTEGER, FLOAT, OTHER = 0, 1, 2


class H5pyFiles(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=os.getcwd())
        self.path = os.path.join(self.folder.name, "file.h5")

    def tearDown(self):
        self.folder.cleanup()

    def run_program(self, dataset="x"):
        return subprocess.run([PRINT_H5, self.path, dataset], capture_output=True, text=True,
                              check=False)

    def check(self, array, kind, signed, **options):
        with h5py.File(self.path, "w") as file:
            file.create_dataset("x", data=array, **options)
        done = self.run_program()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.split("\n")
        self.assertTrue(lines[0].startswith(
            f"kind {kind} signed {int(signed)} bytes {array.dtype.itemsize} rank {array.ndim}"),
            lines[0])
        values = np.array([float(line) for line in lines[1:-1]]).reshape(array.shape)
        np.testing.assert_array_equal(values, array.astype(np.float64))

    def check_error(self, words, code=2, dataset="x"):
        done = self.run_program(dataset)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_integers_of_any_width_and_order(self):
        values = np.array([[0, 1, 2], [3, 100, 127]])
        for text in ("u1", "i1", "<u2", ">i2", "<i4", ">u4", "<i8", ">i8", "<u8"):
            self.check(values.astype(text), INTEGER, "i" in text)

    def test_floats_with_float16(self):
        values = np.array([[0.5, -1.25, 65504.0], [1e-7, 3.0, -0.0]])
        for text in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8"):
            self.check(values.astype(text), FLOAT, True)

    def test_bool_counts_as_integer(self):
        self.check(np.array([True, False, True]), INTEGER, True)

    def test_chunked_in_all_dimensions_and_compressed(self):
        values = np.arange(50 * 28 * 28, dtype=np.float32).reshape(50, 28, 28)
        self.check(values, FLOAT, True, chunks=(7, 5, 9), compression="gzip", shuffle=True,
                   fletcher32=True)

    def test_chunk_larger_than_the_default_cache(self):
        values = np.arange(400 * 1000, dtype=np.float64).reshape(400, 1000)
        self.check(values, FLOAT, True, chunks=(400, 1000), compression="gzip")

    def test_class_names_of_fixed_and_variable_length(self):
        names = ["Ankle boot", "ü", "", "x"]
        texts = [name.encode() for name in names]
        for stored in (np.array(texts), names,
                       np.array(texts, dtype=h5py.string_dtype("utf-8", 20))):
            with h5py.File(self.path, "w") as file:
                file["x"] = np.zeros((1, 1))
                file.attrs["class_names"] = stored
            done = self.run_program()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([line[5:] for line in done.stdout.split("\n")
                              if line.startswith("name ")], names)

    def test_unknown_filter_names_the_remedy(self):
        with h5py.File(self.path, "w") as file:
            file.create_dataset("x", data=np.zeros((100, 100)), compression="lzf")
        self.check_error(["file.h5, x", "lzf", "h5repack -f GZIP=4"])

    def test_text_is_no_number(self):
        with h5py.File(self.path, "w") as file:
            file["x"] = ["a", "b"]
        self.check_error(["not numbers", "file.h5, x"])

    def test_group_is_no_dataset(self):
        with h5py.File(self.path, "w") as file:
            file.create_group("x")
        self.check_error(["no such dataset", "file.h5, x"])

    def test_damaged_chunk(self):
        with h5py.File(self.path, "w") as file:
            data = file.create_dataset("x", data=np.random.default_rng(1).random((100, 100)),
                                       chunks=(100, 100), fletcher32=True)
            offset = data.id.get_chunk_info(0).byte_offset
        with open(self.path, "r+b") as file:
            file.seek(offset + 1000)
            file.write(b"damaged!")
        self.check_error(["reading an HDF5 file failed", "file.h5, x", "HDF5 says", "damaged"], 1)


if __name__ == "__main__":
    unittest.main()
