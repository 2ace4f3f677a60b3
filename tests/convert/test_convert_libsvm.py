#!/usr/bin/env python3
"""nntrain convert from LIBSVM's sparse text.

The tests against scikit-learn need one in the Python that NNTRAIN_TORCH_PYTHON names.
"""
import os
import random
import subprocess
import unittest

import h5py
import numpy as np

from convert_case import ConvertCase, NNTRAIN, digest

TEXT = "-1 1:0.5 3:-2\n+1 2:1e-3\n+1\n-1 1:1 2:2 3:3\n"
DENSE = [[0.5, 0, -2], [0, np.float32(1e-3), 0], [0, 0, 0], [1, 2, 3]]


def sparse_text(x, y, base=1):
    lines = []
    for row, label in zip(x, y):
        pairs = [f"{i + base}:{float(value)!r}" for i, value in enumerate(row) if value != 0]
        lines.append(" ".join([str(label), *pairs]) + "\n")
    return "".join(lines)


class Libsvm(ConvertCase):
    def convert_text(self, text, *arguments, name="d.svm", output="out.h5"):
        self.write(name, text)
        return self.convert(name, *arguments, "--force", output=output)

    def refuse_text(self, text, words, *arguments):
        self.write("d.svm", text)
        self.refuse("d.svm", "--format", "libsvm", *arguments, words=["d.svm", *words],
                    output="new.h5")

    def test_plain_and_compressed(self):
        for name in ("d.svm", "d.txt.gz"):
            for arguments in ((), ("--format", "libsvm"), ("--features", "3")):
                x, y, names = self.convert_text(TEXT, *arguments, name=name)
                self.assertEqual(x.dtype, np.dtype("f4"))
                np.testing.assert_array_equal(x, np.array(DENSE, "f4"))
                self.assertEqual(y.tolist(), [0, 1, 1, 0])
                self.assertEqual(names, ["-1", "1"])

    def test_ways_to_write_it(self):
        for text in (TEXT.rstrip("\n"), TEXT.replace("\n", "\r\n"), TEXT.replace(" ", " \t "),
                     TEXT.replace("\n", "  \n"), TEXT.replace("\n", "\n\n  \n"),
                     TEXT.replace("\n", " # 1:9 x\n"), "# 4:5\n#\n" + TEXT + "# end",
                     "  " + TEXT, TEXT.replace("-1 ", "-1.0 "), TEXT.replace("+1", "01"),
                     TEXT.replace("1:0.5", "1:.5e0")):
            x, y, names = self.convert_text(text)
            np.testing.assert_array_equal(x, np.array(DENSE, "f4"))
            self.assertEqual((y.tolist(), names), ([0, 1, 1, 0], ["-1", "1"]))

    def test_labels_ascend_by_value(self):
        labels = [10, 2, -3, 2, 100, -20]
        _, y, names = self.convert_text("".join(f"{label} 1:1\n" for label in labels))
        self.assertEqual(names, ["-20", "-3", "2", "10", "100"])
        self.assertEqual([int(names[i]) for i in y], labels)
        _, y, names = self.convert_text("1 1:1\n0 1:2\n2 1:3\n")
        self.assertEqual((y.tolist(), names), ([1, 0, 2], ["0", "1", "2"]))

    def test_class_names_fix_the_order(self):
        _, y, names = self.convert_text("3 1:1\n1 1:1\n", "--class-names", "1,2,3")
        self.assertEqual((y.tolist(), names), ([2, 0], ["1", "2", "3"]))
        _, y, names = self.convert_text(TEXT, "--class-names=1,-1")
        self.assertEqual((y.tolist(), names), ([1, 0, 0, 1], ["1", "-1"]))
        _, y, names = self.convert_text("1 1:1\n0 1:1\n", "--class-names", "no,yes,maybe")
        self.assertEqual((y.tolist(), names), ([1, 0], ["no", "yes", "maybe"]))
        self.refuse_text(TEXT, ["line 1: '-1'", "not among the class names"], "--class-names", "1,2")

    def test_regression(self):
        self.write("d.svm", "0.25 1:1\n-3e4 2:1\n7\n")
        done = self.run_program("d.svm", "--target", "label", "--output", "out.h5")
        self.assertIn("3 samples of 2 features (float32), 1 regression target\n", done.stdout)
        with h5py.File(self.path("out.h5"), "r") as file:
            np.testing.assert_array_equal(file["y"][()], np.array([0.25, -3e4, 7], "f4"))
        self.refuse("d.svm", words=["d.svm, line 1: '0.25'", "not an integer", "--target label"],
                    output="new.h5")
        self.refuse("d.svm", "--target", "1", words=["--target 1", "--target label"], output="new.h5")
        self.refuse("d.svm", "--target", "label", "--class-names", "a",
                    words=["--class-names", "--target"], output="new.h5")

    def test_features_and_base(self):
        x, _, _ = self.convert_text(TEXT, "--features", "5")
        np.testing.assert_array_equal(x, np.pad(np.array(DENSE, "f4"), ((0, 0), (0, 2))))
        x, _, _ = self.convert_text("1 0:5 2:6\n2 1:7\n", "--zero-based")
        self.assertEqual(x.tolist(), [[5, 0, 6], [0, 7, 0]])
        x, _, _ = self.convert_text("1\n2\n", "--format", "libsvm", "--features", "2")
        self.assertEqual(x.tolist(), [[0, 0], [0, 0]])
        self.refuse_text("1 0:5\n", ["line 1: '0:5'", "--zero-based"])
        self.refuse_text(TEXT, ["line 1: '3'", "beyond", "--features"], "--features", "2")
        self.refuse_text("1 2:5\n", ["line 1: '2'", "beyond"], "--features", "2", "--zero-based")
        for count in ("0", "16777217", "x"):
            self.refuse("d.svm", "--features", count, words=[f"--features {count}"], output="new.h5")

    def test_recognised_only_when_clear(self):
        for text in ("1,2 1:1\n3,4 2:1\n", "a 1:1\nb 2:2\n", "1 2 3:4\n", "12:30,5\n", "1\n2\n"):
            self.write("d", text)
            done = self.run_program("d", "--output", "out.h5", "--force")
            self.assertNotIn("LIBSVM", done.stderr)
        self.convert_text("# comment\n" * 100 + "1\n-1\n" + TEXT)
        self.write("d.csv", "x,y\n1,2\n")
        self.refuse("d.csv", "--features", "2", words=["--features", "LIBSVM", "CSV"])
        self.write("d.svm", TEXT)
        self.refuse("d.svm", "--label", "1", words=["--label", "CSV", "LIBSVM"])
        self.refuse("d.svm", "d.svm", words=["more than one LIBSVM file"])

    def test_bad_lines(self):
        good = "1 1:1\n"
        for line, words in (
                ("1 1:1 1:2", ["'1:2'", "not above the previous one"]), ("1 2:1 1:2", ["'1:2'", "sort"]),
                ("1 qid:3 1:2", ["'qid:3'", "ranking"]), ("1,3 1:2", ["'1,3'", "several labels"]),
                ("1:2 2:2", ["'1:2'", "without a label"]), ("a 1:2", ["'a'", "not a number"]),
                ("nan 1:2", ["'nan'", "not an integer"]), ("inf 1:2", ["'inf'"]),
                ("1e300 1:2", ["'1e300'"]), ("1.5 1:2", ["'1.5'", "--target label"]),
                ("1 1", ["'1'", "INDEX:VALUE"]), ("1 :1", ["':1'"]), ("1 -1:1", ["'-1:1'"]),
                ("1 +1:1", ["'+1:1'"]), ("1 1.0:1", ["'1.0:1'"]), ("1 a:1", ["'a:1'"]),
                ("1 1:", ["'1:'", "not a number"]), ("1 1:x", ["'1:x'"]), ("1 1:2:3", ["'1:2:3'"]),
                ("1 1: 2", ["'1:'"]), ("1 1:0,5", ["'1:0,5'"]), ("1 1:nan", ["not finite"]),
                ("1 1:1e39", ["not finite in float32"]), ("1 1:-inf", ["not finite"]),
                ("1 16777217:1", ["too many features", "16777216"]),
                ("1 18446744073709551617:1", ["too many features"]),
                ("1 1:" + "1" * 300, ["255 bytes"]), ("1 1:1\0", ["zero byte"])):
            for text in (good + line + "\n", good + line):
                self.refuse_text(text, ["line 2", *words])
                self.refuse_text(text, ["line 2", *words], "--features", "9")
        for text in ("", "\n\n", "# 1 1:1\n"):
            self.refuse_text(text, ["no samples"])
            self.refuse_text(text, ["no samples"], "--features", "9")
        self.refuse_text("1\n2\n", ["no samples with features", "--features"])
        self.write("d.svm.gz", TEXT * 1000)
        with open(self.path("d.svm.gz"), "rb") as file:
            data = file.read()
        with open(self.path("d.svm.gz"), "wb") as file:
            file.write(data[:-20])
        self.refuse("d.svm.gz", "--format", "libsvm", words=["truncated gzip", "d.svm.gz"])
        self.refuse("none", "--format", "libsvm", words=["none: No such file"])
        self.refuse(".", "--format", "libsvm", words=["directory"])

    def test_pipes(self):
        self.write("d.svm", TEXT)
        command = f"cat d.svm | '{NNTRAIN}' convert /dev/stdin --format libsvm --output out.h5"
        done = subprocess.run(command, shell=True, cwd=self.folder, check=False, text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("read only once; give --features N", done.stderr)
        subprocess.run(command + " --features 3", shell=True, cwd=self.folder, check=True,
                       capture_output=True)
        with h5py.File(self.path("out.h5"), "r") as file:
            np.testing.assert_array_equal(file["x"][()], np.array(DENSE, "f4"))

    def test_any_sparse_matrix(self):
        rng = np.random.default_rng(5)
        for base in (0, 1):
            for rows, columns in ((1, 1), (70000, 2), (300, 1000), (3, 300000)):
                x = rng.normal(size=(rows, columns)).astype("f4")
                x[rng.random(x.shape) < 0.9] = 0
                x[-1, -1] = 1
                y = rng.integers(-2, 3, rows)
                back, back_y, names = self.convert_text(
                    sparse_text(x, y, base), *(("--zero-based",) if base == 0 else ()))
                np.testing.assert_array_equal(back, x)
                self.assertEqual([int(names[i]) for i in back_y], y.tolist())

    def test_memory_does_not_grow(self):
        random.seed(1)
        lines = "".join(f"{i % 3} {random.randint(1, 500)}:{i * 0.5} 501:1\n" for i in range(20000))
        self.write("small", lines)
        self.write("large", lines * 20)
        self.assertLess(self.peak("large"), self.peak("small") + 6)

    def test_training_gives_the_same_bits_as_from_csv(self):
        rng = np.random.default_rng(3)
        x = (rng.normal(size=(60, 5)) * (rng.random((60, 5)) < 0.5)).astype("f4")
        x[0, 4] = 1
        y = rng.integers(0, 3, 60)
        self.convert_text(sparse_text(x, y), output="svm.h5")
        self.write("t.csv", "".join(",".join(map(repr, map(float, row))) + f",{label}\n"
                                    for row, label in zip(x, y)))
        self.convert("t.csv", output="csv.h5")
        self.assertEqual(digest(self.folder, "svm.h5"), digest(self.folder, "csv.h5"))

    def test_files_of_a_task_agree(self):
        """A test file that lacks a class is refused, not read with shifted classes."""
        self.convert_text("1 1:1\n2 2:1\n3 3:1\n", output="d.h5:train")
        self.convert_text("1 1:1\n3 3:1\n", "--features", "3", output="d.h5:test")
        words = [NNTRAIN, "train", "--data", "d.h5:train", "--validation", "d.h5:test", "--epochs", "1",
                 "--output", "run"]
        done = subprocess.run(words, cwd=self.folder, check=False, text=True, capture_output=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("class", done.stderr)
        self.convert_text("1 1:1\n3 3:1\n", "--features", "3", "--class-names", "1,2,3",
                          output="d.h5:test")
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True)

    def test_as_scikit_learn_writes_and_reads_it(self):
        python = os.environ.get("NNTRAIN_TORCH_PYTHON", "")
        if not python or subprocess.run([python, "-c", "import sklearn"], check=False,
                                        capture_output=True).returncode != 0:
            self.skipTest("no scikit-learn in NNTRAIN_TORCH_PYTHON")
        script = """
import numpy as np
from sklearn.datasets import dump_svmlight_file, load_svmlight_file
rng = np.random.default_rng(7)
x = rng.normal(size=(200, 12)).astype("f4") * (rng.random((200, 12)) < 0.4)
x[-1, -1] = 1
y = rng.integers(-1, 2, 200)
dump_svmlight_file(x, y, "one.svm", zero_based=False, comment="made by a test")
dump_svmlight_file(x, y * 0.125, "zero.svm", zero_based=True)
np.save("one.npy", load_svmlight_file("one.svm", zero_based=False)[0].toarray())
np.save("zero.npy", load_svmlight_file("zero.svm", zero_based=True)[0].toarray())
np.save("labels.npy", y)
"""
        subprocess.run([python, "-c", script], cwd=self.folder, check=True)
        labels = np.load(self.path("labels.npy"))
        x, y, names = self.convert("one.svm")
        np.testing.assert_array_equal(x, np.load(self.path("one.npy")).astype("f4"))
        self.assertEqual([int(names[i]) for i in y], labels.tolist())
        x, y, _ = self.convert("zero.svm", "--zero-based", "--target", "label", "--force")
        np.testing.assert_array_equal(x, np.load(self.path("zero.npy")).astype("f4"))
        np.testing.assert_array_equal(y, labels * 0.125)


if __name__ == "__main__":
    unittest.main()
