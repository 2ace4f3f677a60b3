#!/usr/bin/env python3
"""Several files as one data set: listed, by a pattern, or an HDF5 virtual data set."""
import os
import unittest

import h5py
import numpy as np

from cli_case import CliCase

SIZES = (100, 1, 57, 212)


class Files(CliCase):
    def setUp(self):
        super().setUp()
        random = np.random.RandomState(1)
        count = sum(SIZES)
        self.x = random.randint(0, 255, (count, 20), "u1")
        self.y = random.randint(0, 3, count)
        self.write_data("data.h5", self.x, self.y)
        ends = np.cumsum(SIZES)
        for i, (size, end) in enumerate(zip(SIZES, ends)):
            part = slice(end - size, end)
            self.write_data(f"part-{i}.h5", self.x[part], self.y[part], group="train",
                            attributes={"class_names": ["a", "b", "c"]} if i == 2 else None,
                            chunks=(min(size, 10), 20) if i % 2 else None)

    def digest_of(self, data, *words, **how):
        self.train("--validation", data, *words, data=data, **how)
        found = self.digest("run/last.h5"), [line["validation_loss"] for line in self.metrics()]
        os.rename(self.path("run"), self.path(f"run-{len(os.listdir(self.folder))}"))
        return found


    def write_virtual(self):
        with h5py.File(self.path("virtual.h5"), "w", libver="latest") as file:
            for name, values in (("x", self.x), ("y", self.y)):
                layout = h5py.VirtualLayout(values.shape, values.dtype)
                end = 0
                for i, size in enumerate(SIZES):
                    source = h5py.VirtualSource(f"part-{i}.h5", f"train/{name}",
                                                (size, *values.shape[1:]), dtype=values.dtype)
                    layout[end:end + size] = source
                    end += size
                file.create_virtual_dataset(name, layout)


class Together(Files):
    LIST = ",".join(f"part-{i}.h5:train" for i in range(len(SIZES)))

    def test_lists_and_patterns(self):
        expected = self.digest_of("data.h5")
        for data in (self.LIST, "part-*.h5:train", "part-0.h5:train,part-[1-3].h5:train"):
            for ranks in (1, 3):
                self.assertEqual(self.digest_of(data, ranks=ranks), expected, data)
        swapped = "part-1.h5:train,part-0.h5:train,part-[23].h5:train"
        self.assertNotEqual(self.digest_of(swapped), expected)

    def test_streaming_and_collective(self):
        how = ("--shuffle", "windowed", "--shuffle-block", "16", "--shuffle-window", "64")
        expected = self.digest_of("data.h5", *how)
        for words in (("--data-mode", "streaming"), ("--data-mode", "streaming", "--io",
                                                     "collective"), ("--io", "collective")):
            for ranks in (1, 2, 3):
                found = self.digest_of(self.LIST, *how, *words, ranks=ranks)
                self.assertEqual(found, expected, (words, ranks))

    def test_eval_and_predict(self):
        self.train()
        expected = self.evaluate()
        self.assertEqual(self.evaluate(data="part-?.h5:train"), expected)
        output, classes = self.predict()
        found = self.predict(data=self.LIST, output="parts.h5", ranks=2)
        self.assertTrue(np.array_equal(found[0], output) and np.array_equal(found[1], classes))

    def test_virtual_data_set(self):
        self.write_virtual()
        expected = self.digest_of("data.h5")
        for ranks in (1, 3):
            self.assertEqual(self.digest_of("virtual.h5", ranks=ranks), expected)

    def test_a_name_with_comma_colon_and_brackets(self):
        for name in ("a,b.h5", "x:y.h5", "[1].h5"):
            self.write_data(name, self.x, self.y)
            self.assertEqual(self.digest_of(name), self.digest_of("data.h5"))


class Refused(Files):
    def test_names(self):
        for data, words in (("part-0.h5:train,", ["part-0.h5"]), (",", ["FILE.h5"]),
                            ("none-*.h5", ["none-*.h5", "pattern"]),
                            ("part-0.h5:train,none.h5", ["none.h5"]),
                            ("part-*.h5:test", ["part-0.h5", "/test"])):
            self.refuse_training(data=data, words=words)

    def check(self, words, x=None, y=None, **options):
        x = self.x[:10] if x is None else x
        self.write_data("other.h5", x, np.arange(len(x)) % 3 if y is None else y, group="train",
                        **options)
        self.refuse_training(data="part-2.h5:train,other.h5:train",
                             words=["other.h5:train", "part-2.h5:train", *words])
        os.remove(self.path("other.h5"))

    def test_files_that_differ(self):
        self.check(["features", "19"], self.x[:10, :19])
        self.check(["int16", "uint8"], self.x[:10].astype("i2"))
        self.check(["float32", "uint8"], self.x[:10].astype("f4"))
        self.check(["values", "classes"], y=np.linspace(0, 1, 10))
        self.check(["named", "z"], attributes={"class_names": ["a", "b", "z"]})
        self.check(["class names", "2"], attributes={"class_names": ["a", "b"]})

    def test_virtual_data_set_with_a_part_missing(self):
        self.write_virtual()
        os.remove(self.path("part-1.h5"))
        self.write_data("part-1.h5", self.x[:5], self.y[:5], group="test")
        self.refuse_training(data="virtual.h5", words=["virtual.h5", "train/x", "part-1.h5"])
        os.rename(self.path("part-1.h5"), self.path("elsewhere.h5"))
        self.refuse_training(data="virtual.h5",
                             words=["virtual.h5", "missing", "part-1.h5", "HDF5_VDS_PREFIX"])

    def test_row_of_a_later_file(self):
        y = np.arange(10) % 3
        y[7] = -1
        self.write_data("other.h5", self.x[:10], y, group="train")
        self.refuse_training(data="part-2.h5:train,other.h5:train",
                             words=["other.h5:train", "row 7"])


if __name__ == "__main__":
    unittest.main()
