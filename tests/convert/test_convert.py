#!/usr/bin/env python3
"""nntrain convert: every feature, and every bad input with its message.

NNTRAIN in the environment is the program. Each test has a folder of its own; whatever fails must
leave nothing new in it.
"""
import os
import resource
import struct
import unittest

import h5py
import numpy as np

from convert_case import ConvertCase

IDX_CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def idx_bytes(array, code=None):
    """An IDX file; array's type is one of IDX_CODES."""
    if code is None:
        code = {np.dtype(text): value for text, value in IDX_CODES.items()}[array.dtype]
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + \
        array.tobytes()


class Idx(ConvertCase):
    def put(self, x, y, suffix=""):
        self.write("x" + suffix, idx_bytes(x))
        self.write("y" + suffix, idx_bytes(y))
        return "x" + suffix, "y" + suffix

    def setUp(self):
        super().setUp()
        self.x = np.arange(6 * 4 * 3, dtype="u1").reshape(6, 4, 3)
        self.y = np.array([0, 2, 1, 2, 0, 1], "u1")

    def test_every_type_plain_and_compressed(self):
        for text in IDX_CODES:
            for suffix in ("", ".gz"):
                x = np.array([[0, 1], [-2 if text != "u1" else 2, 100], [7, 8]]).astype(text)
                x_back, y_back, names = self.convert(
                    *self.put(x, np.array([3, 0, 1], "u1"), suffix), "--force")
                self.assertEqual(x_back.dtype, x.dtype.newbyteorder("<"))
                np.testing.assert_array_equal(x_back, x)
                np.testing.assert_array_equal(y_back, [3, 0, 1])
                self.assertIsNone(names)

    def test_every_number_of_dimensions(self):
        for rank in range(1, 9):
            shape = (3,) + (2,) * (rank - 1)
            x = np.arange(np.prod(shape), dtype=">f4").reshape(shape)
            back, _, _ = self.convert(*self.put(x, np.array([0, 1, 0], ">i4")), "--force")
            np.testing.assert_array_equal(back, x if rank > 1 else x.reshape(3, 1))

    def test_integer_labels_of_every_type(self):
        for text in ("u1", "i1", ">i2", ">i4"):
            _, y, _ = self.convert(*self.put(self.x, self.y.astype(text)), "--force")
            np.testing.assert_array_equal(y, self.y)
            self.assertEqual(y.dtype.itemsize, np.dtype(text).itemsize)

    def test_several_blocks_and_compression(self):
        x = np.random.default_rng(1).integers(0, 256, (5000, 28, 28)).astype("u1")
        y = (np.arange(5000) % 10).astype("u1")
        sizes = {}
        for level in ("0", "1", "9"):
            back, y_back, _ = self.convert(*self.put(x // 16, y), "--compression", level,
                                           "--force")
            np.testing.assert_array_equal(back, x // 16)
            np.testing.assert_array_equal(y_back, y)
            sizes[level] = os.path.getsize(self.path("out.h5"))
        self.assertLess(sizes["9"], 0.7 * sizes["0"])

    def test_class_names(self):
        _, _, names = self.convert(*self.put(self.x, self.y), "--class-names", "shoe, ü,T-shirt,d")
        self.assertEqual(names, ["shoe", "ü", "T-shirt", "d"])

    def test_groups_and_force(self):
        files = self.put(self.x, self.y)
        self.convert(*files, output="out.h5:train")
        self.convert(*files, output="out.h5:/a/test/")
        with h5py.File(self.path("out.h5"), "a") as file:
            file["train/other"] = 5
        self.refuse(*files, output="out.h5:train", words=["out.h5", "/train", "--force"])
        self.put(self.x + 1, self.y)
        x, _, _ = self.convert(*files, "--force", output="out.h5:train")
        np.testing.assert_array_equal(x, self.x + 1)
        with h5py.File(self.path("out.h5"), "r") as file:
            np.testing.assert_array_equal(file["a/test/x"][()], self.x)
            self.assertEqual(file["train/other"][()], 5)
        self.refuse(*files, words=["out.h5", "--force"])
        self.convert(*files, "--force")
        with h5py.File(self.path("out.h5"), "r") as file:
            self.assertEqual(sorted(file), ["x", "y"])
        self.convert(*files, output="out.h5:train")

    def test_force_takes_old_class_names_away(self):
        files = self.put(self.x, self.y)
        self.convert(*files, "--class-names", "a,b,c", output="out.h5:g")
        _, _, names = self.convert(*files, "--force", output="out.h5:g")
        self.assertIsNone(names)

    def test_bad_headers(self):
        self.put(self.x, self.y)
        good = idx_bytes(self.x)
        for data, words in (
                (good[:10], ["truncated", "x", "header"]),
                (good[:-1], ["truncated", "x"]),
                (good + b"1", ["bytes after the end", "x"]),
                (idx_bytes(self.x[:0]), ["without samples", "dimension 1 is 0"]),
                (idx_bytes(self.x[:, :0]), ["dimension 2 is 0"]),
                (struct.pack(">BBBBIII", 0, 0, 8, 3, 6, 2 ** 32 - 1, 2 ** 32 - 1),
                 ["too many features"]),
                (struct.pack(">BBBBII", 0, 0, 8, 2, 6, 2 ** 24), ["truncated"])):
            self.write("x", data)
            self.refuse("x", "y", words=words)
        for data in (b"", b"abc", struct.pack(">BBBBI", 0, 0, 10, 1, 6) + bytes(6),
                     struct.pack(">BBBBI", 1, 0, 8, 1, 6) + bytes(6),
                     struct.pack(">BBBB", 0, 0, 8, 9) + bytes(99)):
            self.write("x", data)
            self.refuse("x", "y", "--format", "idx", words=["not an IDX file", "x"])

    def test_truncated_and_damaged_gzip(self):
        names = self.put(np.random.default_rng(1).integers(0, 256, (500, 99)).astype("u1"),
                         np.zeros(500, "u1"), ".gz")
        with open(self.path("x.gz"), "rb") as file:
            good = file.read()
        with open(self.path("x.gz"), "wb") as file:
            file.write(good[:-2000])
        self.refuse(*names, words=["truncated gzip file", "x.gz"])
        with open(self.path("x.gz"), "wb") as file:
            file.write(good[:9000] + b"damaged" + good[9007:])
        self.refuse(*names, words=["damaged gzip file", "x.gz"])

    def test_bad_labels(self):
        self.write("x", idx_bytes(self.x))
        for labels, words in (
                (np.array([0, 1, 0, 1, 0], "u1"), ["6", "5", "different length", "y"]),
                (np.array([0, 1, -1, 1, 0, 1], "i1"), ["negative", "y, sample 3", "-1"]),
                (np.array([0, 1, 1, 0, 9999999, 0], ">i4"), ["too large", "sample 5"]),
                (np.zeros(6, ">f4"), ["not integers", "float32", "--target"]),
                (np.zeros((6, 2), "u1"), ["more than one dimension"])):
            self.write("y", idx_bytes(labels))
            self.refuse("x", "y", words=words)
        self.write("y", idx_bytes(self.y))
        self.refuse("x", "y", "--class-names", "a,b",
                    words=["beyond the class names", "sample 2", "--class-names"])
        self.write("y", idx_bytes(self.y) + b"1")
        self.refuse("x", "y", words=["bytes after the end", "y"])
        self.write("y", idx_bytes(self.y)[:-1])
        self.refuse("x", "y", words=["truncated", "y"])

    def test_features_that_are_not_finite(self):
        for text in (">f4", ">f8"):
            for value in (np.nan, np.inf):
                x = np.ones((6, 3), text)
                x[4, 1] = value
                self.put(x, self.y)
                self.refuse("x", "y", words=["not a finite number", "x, sample 5"])

    def test_usage(self):
        self.put(self.x, self.y)
        self.refuse("x", words=["labels", "FEATURES LABELS"])
        self.refuse("x", "y", "z", words=["z"])
        self.refuse("y", "x", words=["more than one dimension"])
        self.refuse("none", "y", words=["none: No such file", "check the path"])
        self.refuse("x", "none", words=["none: No such file"])
        self.refuse("x", "y", "--format", "png", words=["--format png", "auto, idx, npy, npz, libsvm, csv"])
        self.refuse("x", "y", "--compression", "10", words=["--compression 10", "0 to 9"])
        for option in ("label", "target", "drop", "delimiter"):
            self.refuse("x", "y", f"--{option}", "1", words=[f"--{option}", "IDX"])
        self.refuse("x", "y", "--header", "no", words=["--header", "IDX"])
        self.refuse("x", "y", "--class-names", "a,b,a", words=["twice", "'a'"])
        self.refuse("x", "y", "--class-names", "a,,b", words=["--class-names"])


class Output(ConvertCase):
    def setUp(self):
        super().setUp()
        self.write("in.csv", "a,b,c\n1,2,0\n3,4,1\n")

    def test_bad_places(self):
        self.refuse("in.csv", output=None, words=["--output"])
        self.refuse("in.csv", output="none/out.h5", code=1, words=["none", "No such file"])
        self.refuse("in.csv", output="out.h5:", words=["out.h5:"])
        self.refuse("in.csv", output=":group", words=[":group"])
        self.refuse("in.csv", output="in.csv:group", words=["in.csv", "not an HDF5 file"])
        self.refuse("in.csv", output="/dev/null", code=1, words=["/dev/null"])

    def test_group_that_is_a_dataset(self):
        self.convert("in.csv")
        self.refuse("in.csv", output="out.h5:x/group", words=["out.h5, /x", "dataset"])

    def test_damaged_output_file(self):
        self.convert("in.csv")
        with open(self.path("out.h5"), "r+b") as file:
            file.truncate(1000)
        self.refuse("in.csv", output="out.h5:group", words=["out.h5", "truncated or damaged"])

    def test_file_too_large_for_its_place(self):
        limit = 24 << 20  # Open MPI's own files need some

        def set_limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        x = np.random.default_rng(2).integers(0, 256, (2 * limit // 1000, 1000)).astype("u1")
        self.write("x", idx_bytes(x))
        self.write("y", idx_bytes(np.zeros(len(x), "u1")))
        self.convert("in.csv", output="old.h5")
        # SIGXFSZ stays ignored, as Python has it, so that the program sees an error.
        for output in ("out.h5", "old.h5:group"):
            for level in ("0", "1"):
                self.refuse("x", "y", "--compression", level, code=1, output=output,
                            words=[output.split(":")[0], "File too large", "free space"],
                            preexec_fn=set_limit, restore_signals=False)

    def test_link_stays_a_link(self):
        self.convert("in.csv", output="real.h5")
        os.symlink("real.h5", self.path("link.h5"))
        self.convert("in.csv", output="link.h5:group")
        self.assertTrue(os.path.islink(self.path("link.h5")))
        with h5py.File(self.path("real.h5"), "r") as file:
            self.assertEqual(sorted(file), ["group", "x", "y"])

    def test_same_input_same_bytes(self):
        self.convert("in.csv", output="a.h5")
        self.convert("in.csv", output="b.h5")
        contents = self.contents()
        self.assertEqual(contents["a.h5"], contents["b.h5"])


class Csv(ConvertCase):
    def convert_text(self, text, *options, name="in.csv"):
        self.write(name, text)
        return self.convert(name, "--force", *options)

    def refuse_text(self, text, *options, words=()):
        self.write("in.csv", text)
        self.refuse("in.csv", "--force", *options, words=["in.csv", *words])

    def test_header_and_text_labels(self):
        x, y, names = self.convert_text("a,b,kind\n1,2.5,dog\n-3,4e2,cat\n5,.5,dog\n")
        self.assertEqual(x.dtype, np.float32)
        np.testing.assert_array_equal(x, np.float32([[1, 2.5], [-3, 400], [5, 0.5]]))
        np.testing.assert_array_equal(y, [1, 0, 1])
        self.assertEqual(names, ["cat", "dog"])
        self.assertIn(y.dtype.kind, "iu")

    def test_gzip(self):
        x, y, _ = self.convert_text("1,2,0\n3,4,1\n", name="in.csv.gz")
        np.testing.assert_array_equal(x, [[1, 2], [3, 4]])
        np.testing.assert_array_equal(y, [0, 1])

    def test_values_are_the_nearest_float32(self):
        powers = 10.0 ** np.arange(-40, 40).repeat(25)
        values = np.random.default_rng(3).standard_normal(2000) * powers
        values = values[np.abs(values) < 3e38]
        x, _, _ = self.convert_text("".join(f"{value!r},0\n" for value in values.tolist()))
        np.testing.assert_array_equal(x[:, 0], values.astype(np.float32))

    def test_integer_labels_stay(self):
        _, y, names = self.convert_text("1,7\n2,3\n3,10\n")
        np.testing.assert_array_equal(y, [7, 3, 10])
        self.assertIsNone(names)

    def test_labels_sorted_by_bytes(self):
        _, y, names = self.convert_text("1,-1\n2,1\n3,ü\n4,Z\n5,a\n6,1\n")
        self.assertEqual(names, ["-1", "1", "Z", "a", "ü"])
        np.testing.assert_array_equal(y, [0, 1, 4, 2, 3, 1])

    def test_order_does_not_depend_on_the_rows(self):
        _, y_a, names_a = self.convert_text("1,x\n2,y\n3,z\n")
        _, y_b, names_b = self.convert_text("3,z\n2,y\n1,x\n")
        self.assertEqual(names_a, names_b)
        np.testing.assert_array_equal(y_a, y_b[::-1])

    def test_class_names_fix_the_order(self):
        text = "1,dog\n2,cat\n3,dog\n"
        _, y, names = self.convert_text(text, "--class-names", "dog,mouse,cat")
        self.assertEqual(names, ["dog", "mouse", "cat"])
        np.testing.assert_array_equal(y, [0, 2, 0])
        self.refuse_text(text, "--class-names", "dog,mouse",
                         words=["line 2, column 2", "'cat'", "--class-names"])

    def test_class_names_for_integer_labels(self):
        _, y, names = self.convert_text("1,1\n2,0\n", "--class-names", "dog,cat")
        self.assertEqual(names, ["dog", "cat"])
        np.testing.assert_array_equal(y, [1, 0])
        _, y, _ = self.convert_text("1,1\n2,0\n", "--class-names", "1,0")
        np.testing.assert_array_equal(y, [0, 1])
        self.refuse_text("1,2\n", "--class-names", "dog,cat", words=["line 1", "'2'"])
        self.refuse_text("1,2\n", "--class-names", "0,1", words=["line 1", "'2'"])

    def test_label_by_name_and_number(self):
        text = "kind,a,b\ndog,1,2\ncat,3,4\n"
        for column in ("kind", "1"):
            x, y, _ = self.convert_text(text, "--label", column)
            np.testing.assert_array_equal(x, [[1, 2], [3, 4]])
            np.testing.assert_array_equal(y, [1, 0])
        x, y, _ = self.convert_text("5,1,2\n6,3,4\n", "--label", "1")
        np.testing.assert_array_equal(y, [5, 6])

    def test_name_wins_over_number(self):
        x, y, _ = self.convert_text("a,2,1\nx,5,0\ny,6,1\n", "--label", "2", "--drop", "a",
                                    "--header", "yes")
        np.testing.assert_array_equal(y, [5, 6])
        np.testing.assert_array_equal(x, [[0], [1]])

    def test_targets(self):
        text = "id,a,price,b,tax\n1,2,3.5,4,5\n6,7,8.5,9,-1\n"
        x, y, names = self.convert_text(text, "--target", "price", "--drop", "id")
        self.assertEqual((y.dtype, y.shape, names), (np.float32, (2,), None))
        np.testing.assert_array_equal(x, [[2, 4, 5], [7, 9, -1]])
        np.testing.assert_array_equal(y, np.float32([3.5, 8.5]))
        x, y, _ = self.convert_text(text, "--target", "tax, 3", "--drop", "1,a")
        np.testing.assert_array_equal(x, [[4], [9]])
        np.testing.assert_array_equal(y, np.float32([[5, 3.5], [-1, 8.5]]))

    def test_delimiters(self):
        for name, character in (("comma", ","), ("tab", "\t"), ("semicolon", ";"), ("|", "|"),
                                (":", ":"), (";", ";")):
            x, _, names = self.convert_text(
                f"a{character}b{character}k\n1{character}2{character}x\n", "--delimiter", name)
            np.testing.assert_array_equal(x, [[1, 2]])
            self.assertEqual(names, ["x"])
        x, _, _ = self.convert_text("1\t2\t0\n")
        np.testing.assert_array_equal(x, [[1, 2]])
        x, _, names = self.convert_text("1,a\tb\n2,c\n")
        self.assertEqual(names, ["a\tb", "c"])
        self.refuse_text("1;2;0\n", words=["--delimiter", "semicolon"])
        self.write("in.csv", "1,0\n")
        self.refuse("in.csv", "--delimiter", '"', "--force", words=["--delimiter"])
        self.refuse("in.csv", "--delimiter", "space", "--force", words=["--delimiter space"])

    def test_header_choice(self):
        self.assertEqual(len(self.convert_text("1,x\n2,y\n")[0]), 2)
        self.assertEqual(len(self.convert_text("1,2\n3,4\n", "--header", "yes")[0]), 1)
        self.refuse_text("a,b\n1,2\n", "--header", "no",
                         words=["line 1, column 1", "'a'", "--header yes"])
        self.refuse_text("a,1\n5,2\n", words=["line 1, column 1", "'a'", "--header yes"])
        self.write("in.csv", "1,2\n")
        self.refuse("in.csv", "--header", "maybe", words=["--header maybe", "auto, yes, no"])

    def test_quotes_line_ends_marks_and_empty_lines(self):
        text = '\ufeff"a, first",b,kind\r\n\r\n"1", 2 ,"say ""x"""\r\n   \r\n3,"4","new\r\nline"'
        x, y, names = self.convert_text(text, "--drop", "2")
        np.testing.assert_array_equal(x, [[1], [3]])
        self.assertEqual(names, ["new\r\nline", 'say "x"'])
        np.testing.assert_array_equal(y, [1, 0])
        x, _, _ = self.convert_text("1,2,0\r3,4,1\r")
        np.testing.assert_array_equal(x, [[1, 2], [3, 4]])

    def test_bad_fields_are_placed(self):
        start = "a,b,kind\n1,2,x\n\n3,4,y\n"
        for row, words in (
                ("5,six,x\n", ["not a number", "column 2 (b)", "'six'"]),
                ("5,,x\n", ["empty field", "column 2 (b)"]),
                ("5,nan,x\n", ["not finite", "column 2 (b)", "'nan'"]),
                ("-inf,1,x\n", ["not finite", "column 1 (a)"]),
                ("1e39,1,x\n", ["not finite", "column 1 (a)", "1e39"]),
                ("5 5,1,x\n", ["not a number", "column 1 (a)", "'5 5'"]),
                ("5,6,\n", ["empty class label", "column 3 (kind)"]),
                ('5,6,""\n', ["empty class label", "column 3 (kind)"]),
                ("5,6\n", ["2 fields", "has 3", "column 3"]),
                ("5,6,x,7\n", ["4 fields", "has 3", "column 4"]),
                ('5,"6\n', ["quote", "column 2"]),
                ('5,"6,x\n7,8,y\n' + "9,9,z\n" * 1000, ["quote", "column 2"]),
                ('5,6"7,x\n', ["quote", "column 2"]),
                ('5,"6"7,x\n', ["quote", "column 2"]),
                ("5,6,x\0\n", ["not a text file", "column 3"])):
            self.refuse_text(start + row, words=["line 5", *words])
            self.refuse_text((start + row).replace("\n", "\r\n"), words=["line 5", *words])

    def test_line_numbers_with_quoted_newlines(self):
        text = 'a,b,kind\n1,2,"x\ny"\n3,bad,"z"\n'
        self.refuse_text(text, words=["line 4, column 2 (b)", "'bad'"])
        self.refuse_text('a,b\n1,"x\nz"\n2,"y\n', words=["line 4, column 2", "quote"])

    def test_quote_that_is_never_closed_in_a_large_file(self):
        self.refuse_text('1,"2\n' + "3,4\n" * 600000, words=["line 1, column 2", "quote"])

    def test_errors_behind_the_first_block(self):
        self.refuse_text("1,2,3,0\n" * 200000 + "1,x,3,0\n", words=["line 200001, column 2"])

    def test_bad_columns(self):
        text = "a,b,b,kind\n1,2,3,x\n"
        self.refuse_text(text, "--label", "knd", words=["--label knd", "a, b, b, kind"])
        self.refuse_text(text, "--label", "5", words=["--label 5", "1 to 4"])
        self.refuse_text(text, "--label", "0", words=["--label 0"])
        self.refuse_text(text, "--drop", "b", words=["--drop b", "ambiguous column name"])
        self.refuse_text(text, "--drop", "4", words=["--label", "last column"])
        self.refuse_text(text, "--drop", "4", "--label", "kind", words=["two roles"])
        self.refuse_text(text, "--drop", "1,1", words=["two roles"])
        self.refuse_text(text, "--drop", "1,2,3", words=["no feature columns"])
        self.refuse_text(text, "--target", "1", "--drop", "a", words=["two roles"])
        self.refuse_text("1,2\n", "--label", "kind", words=["--label kind", "--header yes"])
        self.write("in.csv", text)
        self.refuse("in.csv", "--label", "kind", "--target", "a",
                    words=["--label kind", "--target a"])
        self.refuse("in.csv", "--class-names", "x", "--target", "a",
                    words=["--class-names", "--target a"])

    def test_no_samples(self):
        self.refuse_text("", words=["no samples", "no rows"])
        self.refuse_text("\n\n  \n", words=["no samples"])
        self.refuse_text("a,b\n", words=["no samples", "only a header"])

    def test_too_many_classes(self):
        text = "".join(f"1,v{i}\n" for i in range(100001))
        self.refuse_text(text, words=["too many classes", "line 100001", "--target"])
        self.refuse_text("1,1000000\n", words=["too large", "--target"])
        self.refuse_text("1,99999999999999999999\n", words=["too large", "--target"])
        self.refuse_text("1," + "v" * 300 + "\n", words=["line 1, column 2", "255"])

    def test_many_classes(self):
        count = 30000
        order = np.random.default_rng(5).permutation(count)
        _, y, names = self.convert_text("".join(f"1,c{i:05}\n" for i in order))
        self.assertEqual(names, [f"c{i:05}" for i in range(count)])
        np.testing.assert_array_equal(y, order)

    def test_usage(self):
        self.write("in.csv", "1,0\n")
        self.refuse(words=["no input file"])
        self.refuse("in.csv", "in.csv", words=["one at a time"])
        self.refuse("none.csv", words=["none.csv: No such file"])
        self.refuse(".", words=["is a directory"])
        self.refuse("in.csv", "--lable", "1", words=["--lable", "--label"])

    def test_idx_as_csv_and_csv_as_idx(self):
        self.write("in.csv", "1,0\n")
        self.refuse("in.csv", "in.csv", "--format", "idx", words=["not an IDX file"])
        self.write("x", idx_bytes(np.zeros((2, 2), "u1")))
        self.refuse("x", "--format", "csv", words=["not a text file", "x, line 1"])


class Memory(ConvertCase):
    def test_memory_does_not_grow_with_csv(self):
        rows = "".join(f"{i},{i * 0.25},{-i},1.5,{i % 1000},c{i % 3}\n" for i in range(60000))
        self.write("small.csv", rows)
        self.write("large.csv", rows * 30)
        self.assertGreater(os.path.getsize(self.path("large.csv")), 50 << 20)
        self.assertLess(self.peak("large.csv"), self.peak("small.csv") + 6)

    def test_memory_does_not_grow_with_idx(self):
        for name, count in (("small", 2500), ("large", 75000)):
            self.write(name, idx_bytes(np.ones((count, 784), "u1")))
            self.write(name + "-labels", idx_bytes(np.zeros(count, "u1")))
        for level in ("0", "1"):
            small = self.peak("small", "small-labels", "--compression", level)
            self.assertLess(self.peak("large", "large-labels", "--compression", level), small + 6)


if __name__ == "__main__":
    unittest.main()
