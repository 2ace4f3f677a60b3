#!/usr/bin/env python3
"""Data sets that cannot be trained on: one message that names file, dataset and value."""
import unittest

import h5py
import numpy as np

from cli_case import CliCase, samples


class Files(CliCase):
    def test_no_such_file(self):
        self.refuse_training(words=["data.h5", "No such file"])

    def test_not_hdf5(self):
        for name, data in (("text.h5", "x,y\n1,2\n"), ("empty.h5", ""),
                           ("image.h5", b"\x89PNG\r\n\x1a\n" + bytes(99))):
            self.write(name, data)
            self.refuse_training(data=name, words=[name])

    def test_a_directory(self):
        self.refuse_training(data=".", words=["."], ranks=(1,))

    def test_truncated(self):
        self.write_data("data.h5", np.zeros((1000, 10)), np.arange(1000) % 2)
        with open(self.path("data.h5"), "r+b") as file:
            file.truncate(20000)
        self.refuse_training(words=["data.h5"])

    def test_missing_group_or_dataset(self):
        self.write_data("data.h5", group="train")
        self.refuse_training(data="data.h5:test", words=["data.h5", "/test", "/train/x"])
        self.refuse_training(words=["data.h5", "/x", "/train/x"])
        self.refuse_training("--x-name", "images", data="data.h5:train",
                             words=["/train/images", "--x-name"])
        self.refuse_training("--y-name", "labels", data="data.h5:train",
                             words=["/train/labels", "--y-name"])
        for data in ("data.h5:", ":train"):
            self.refuse_training(data=data, words=[data], ranks=(1,))


class Shapes(CliCase):
    def check(self, x, y, *words, arguments=(), **options):
        self.write_data("data.h5", x, y)
        self.refuse_training(*arguments, words=("data.h5", *words), **options)

    def test_x_of_one_dimension(self):
        self.check(np.zeros(20), np.arange(20) % 2, "/x", "dimensions")

    def test_y_of_three_dimensions(self):
        self.check(np.zeros((20, 4)), np.zeros((20, 2, 2)), "/y", "dimensions")

    def test_scalars(self):
        self.check(np.float32(1), 1, "/x", ranks=(1,))

    def test_strings(self):
        self.check(np.array([[b"a", b"b"]] * 20), np.arange(20) % 2, "/x", "not numbers")

    def test_complex_numbers(self):
        self.check(np.zeros((20, 4), np.complex64), np.arange(20) % 2, "/x", "not numbers",
                   ranks=(1,))

    def test_string_labels(self):
        self.check(np.zeros((2, 4)), np.array([b"cat", b"dog"]), "/y", "not numbers")

    def test_different_lengths(self):
        self.check(np.zeros((20, 4)), np.arange(19) % 2, "20 samples", "19")

    def test_no_samples(self):
        self.check(np.zeros((0, 4)), np.zeros(0, int), "/x", "empty")

    def test_no_features(self):
        self.check(np.zeros((20, 0)), np.arange(20) % 2, "/x", "empty", ranks=(1,))

    def test_more_than_memory(self):
        with h5py.File(self.path("data.h5"), "w") as file:
            file.create_dataset("x", (1 << 40, 1 << 20), "u1", chunks=(1, 1 << 10))
            file.create_dataset("y", (1 << 40,), "u1", chunks=(1 << 10,))
        self.refuse_training(words=["data.h5", "memory"], code=1)

    def test_sizes_beyond_64_bits(self):
        for shape in ((4, 1 << 40, 1 << 40), (1 << 50, 1 << 20), (1 << 62, 4)):
            with h5py.File(self.path("data.h5"), "w") as file:
                file.create_dataset("x", shape, "f4", chunks=(1,) * len(shape))
                file.create_dataset("y", shape[:1], "u1", chunks=(1,))
            done = self.run_program("train", "--data", "data.h5", "--output", "run")
            self.assertIn(done.returncode, (1, 2))
            self.check_message(done, done.returncode, ["data.h5"])


class Values(CliCase):
    def check(self, x, y, *words, arguments=(), **options):
        self.write_data("data.h5", x, y)
        self.refuse_training(*arguments, words=("data.h5", *words), **options)

    def test_negative_label(self):
        x, y = samples()
        y[41] = -2
        self.check(x, y, "/y", "row 41", "-2")

    def test_huge_label(self):
        x, y = samples()
        y = y.astype(np.uint64)
        y[41] = 2**64 - 1
        self.check(x, y, "/y", "row 41", "out of range")

    def test_one_class(self):
        self.check(np.zeros((20, 4)), np.zeros(20, int), "same class")

    def test_label_beyond_class_names(self):
        x, y = samples()
        self.write_data("data.h5", x, y, attributes={"class_names": ["a", "b"]})
        self.refuse_training(words=["data.h5", "label 2", "2 class names"])

    def test_not_finite(self):
        for number, (kind, value) in enumerate((
                ("f4", np.nan), ("f4", -np.inf), ("f8", 1e300), ("f2", np.inf))):
            x, y = samples()
            x = x.astype(kind)
            x[47, 5] = value
            name = f"data{number}.h5"
            self.write_data(name, x, y)
            self.refuse_training(data=name, words=[name, "/x", "row 47", "column 5"],
                                 ranks=(1, 3) if number in (0, 2) else (1,))

    def test_not_finite_target(self):
        x, _ = samples()
        y = np.zeros((60, 2))
        y[33, 1] = np.nan
        self.check(x, y, "/y", "row 33", "column 1", arguments=("--loss", "mse"))

    def test_targets_not_suiting_the_loss(self):
        x, y = samples()
        self.check(x, y + 0.5, "cross-entropy", "--loss mse")
        self.write_data("wide.h5", x, y[:, None])
        self.refuse_training(data="wide.h5", words=["cross-entropy", "wide.h5"], ranks=(1,))
        self.write_data("labels.h5", x, y)
        self.refuse_training("--loss", "binary-cross-entropy", data="labels.h5",
                             words=["labels.h5", "[0, 1]", "row ", ": 2"])


class Validation(CliCase):
    def check(self, words, x=None, y=None, **options):
        self.write_data("data.h5", attributes={"class_names": ["a", "b", "c"]})
        self.write_data("other.h5", x, y, **options)
        self.refuse_training("--validation", "other.h5", words=words)

    def test_label_out_of_range(self):
        x, y = samples()
        y[13] = 7
        self.check(["other.h5", "row 13", "label 7", "3 classes"], x, y)

    def test_another_width(self):
        self.check(["other.h5: 9 features", "data.h5: 7"], *samples(features=9))

    def test_other_class_names(self):
        self.check(["other.h5", "class 1", "'x'", "'b'"],
                   attributes={"class_names": ["a", "x", "c"]})

    def test_no_such_file(self):
        self.write_data("data.h5")
        self.refuse_training("--validation", "other.h5", words=["other.h5"])

    def test_other_targets(self):
        x, y = samples()
        self.write_data("data.h5", x, np.zeros((60, 2)))
        self.write_data("other.h5", x, np.zeros((60, 3)))
        self.refuse_training("--validation", "other.h5", "--loss", "mse",
                             words=["other.h5", "data.h5"])


if __name__ == "__main__":
    unittest.main()
