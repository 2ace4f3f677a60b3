#!/usr/bin/env python3
"""Data sets as h5py writes them: trained on, evaluated and predicted, and the predictions compared
with the network that numpy computes from the checkpoint."""
import os
import unittest

import h5py
import numpy as np

from cli_case import CliCase, choices, forward, samples


class H5pyData(CliCase):
    def check(self, x, *arguments, data="data.h5", ranks=1):
        """Trains, evaluates and predicts on `data`, which holds x."""
        loss = arguments[arguments.index("--loss") + 1] if "--loss" in arguments else None
        names = [word for i, word in enumerate(arguments) if arguments[i - 1] in
                 ("--x-name", "--y-name") or word in ("--x-name", "--y-name")]
        self.train("--learning-rate", "0.05", *arguments, data=data, ranks=ranks)
        expected = forward(self.path("run", "last.h5"), x)
        output, classes = self.predict(data, ranks=ranks) if not names else \
            self.predict_named(data, names)
        self.assertEqual(output.dtype, np.float32)
        self.assertGreater(np.ptp(output, axis=0).max(), 0)
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)
        if loss is None:
            self.assertEqual(classes.dtype, np.int64)
            np.testing.assert_array_equal(classes, output.argmax(axis=1))
        return expected, self.evaluate(*names, data=data)

    def predict_named(self, data, names):
        self.succeed("predict", "--checkpoint", "run/last.h5", "--data", data, "--output", "out.h5",
                     *names[names.index("--x-name"):][:2])
        with h5py.File(self.path("out.h5")) as file:
            return file["output"][()], file["class"][()]

    def check_classes(self, x, y, *arguments, data="data.h5", ranks=1):
        expected, metrics = self.check(x, *arguments, data=data, ranks=ranks)
        y = np.asarray(y).astype(int)
        loss = -np.log(expected[np.arange(len(y)), y]).mean()
        self.assertEqual(metrics["samples"], len(y))
        self.assertAlmostEqual(metrics["loss"], loss, 5)
        self.assertAlmostEqual(metrics["accuracy"], (expected.argmax(axis=1) == y).mean(), 6)

    def check_array(self, x, y=None, *arguments, ranks=1, **options):
        y = samples()[1] if y is None else y
        self.clear()
        self.write_data("data.h5", x, y, **options)
        self.check_classes(x, y, *arguments, ranks=ranks)


class Sizes(H5pyData):
    def test_wide_samples_narrow_layer(self):
        """A sample that is far larger than a block of the first layer's product."""
        random = np.random.RandomState(5)
        x = (0.03 * random.randn(150, 12000)).astype(np.float32)
        self.check_array(x, random.randint(0, 3, 150))


class Types(H5pyData):
    def check_type(self, name, scale=1):
        with self.subTest(type=name):
            x = samples()[0] * scale
            self.check_array(np.abs(x).astype(name) if "u" in name else x.astype(name))

    def test_small_integers(self):
        for name, scale in (("uint8", 60), ("int8", 30), ("uint16", 9000), ("int16", 9000)):
            self.check_type(name, scale)

    def test_large_integers(self):
        for name in ("int32", "int64", "uint64"):
            self.check_type(name, 2)

    def test_floats(self):
        for name in ("float16", "float32", "float64"):
            self.check_type(name)

    def test_big_endian(self):
        for name, scale in ((">u2", 9000), (">i4", 2), (">f4", 1), (">f8", 1)):
            self.check_type(name, scale)

    def test_bool_features_are_0_and_1(self):
        x = samples()[0] > 0
        self.check_array(x.astype(bool), None, "--normalize", "none")

    def test_flags_are_not_squeezed_into_the_types_range(self):
        flags = (np.arange(60 * 4) % 3 == 0).reshape(60, 4)
        for x, expected in ((flags, "none"), (flags.astype(np.uint8), "none"),
                            (flags * np.uint16(2), "range")):
            self.clear()
            self.write_data("data.h5", x, np.arange(60) % 2)
            self.train()
            self.assertIn(f"normalisation  {expected}\n", self.succeed("inspect", "run"))

    def test_standardized_bytes(self):
        self.check_array(np.abs(samples()[0] * 60).astype(np.uint8), None, "--normalize",
                         "standardize", ranks=3)


class Storage(H5pyData):
    def test_chunks_and_filters(self):
        x = samples()[0]
        for options in ({"chunks": (7, 3)}, {"compression": "gzip", "shuffle": True},
                        {"fletcher32": True, "chunks": (60, 7)},
                        {"chunks": (1, 7), "maxshape": (None, 7)}):
            with self.subTest(options=options):
                self.check_array(x, **options, ranks=3 if "shuffle" in options else 1)

    def test_lzf_is_read_or_refused_with_the_remedy(self):
        self.write_data("data.h5", np.zeros((100, 50)), np.arange(100) % 2, compression="lzf")
        done = self.run_program("train", "--data", "data.h5", "--output", "run", "--epochs", "1")
        if done.returncode != 0:
            self.check_message(done, 2, ["data.h5", "/x", "lzf", "h5repack -f GZIP"])
            self.assertFalse(os.path.exists(self.path("run")))

    def test_dimensions(self):
        x = np.random.default_rng(1).normal(size=(60, 4, 3, 2)).astype(np.float32)
        self.check_array(x)
        self.check_array(x[..., 0], chunks=(9, 2, 2), compression="gzip")

    def test_latest_format(self):
        x, y = samples()
        with h5py.File(self.path("data.h5"), "w", libver="latest") as file:
            file.create_dataset("x", data=x, chunks=(8, 7), maxshape=(None, None),
                                compression="gzip")
            file.create_dataset("y", data=y, maxshape=(None,))
            file.attrs["class_names"] = ["a", "b", "c"]
            for i in range(20):
                file.attrs[f"note{i}"] = "x" * 500
        self.check_classes(x, y)

    def test_groups(self):
        x, y = samples()
        self.write_data("data.h5", x, y, group="a/b")
        self.check_classes(x, y, data="data.h5:a/b")

    def test_group_with_slashes(self):
        x, y = samples()
        self.write_data("data.h5", x, y, group="train")
        self.check_classes(x, y, data="data.h5:/train/")

    def test_names(self):
        x, y = samples()
        with h5py.File(self.path("data.h5"), "w") as file:
            file["images"], file["labels"] = x, y
        self.check_classes(x, y, "--x-name", "images", "--y-name", "labels")

    def test_soft_and_external_links(self):
        x, y = samples()
        self.write_data("real.h5", x, y)
        with h5py.File(self.path("data.h5"), "w") as file:
            file["x"] = h5py.ExternalLink("real.h5", "/x")
            file["labels"] = y
            file["y"] = h5py.SoftLink("/labels")
        self.check_classes(x, y)

    def test_read_only(self):
        x, y = samples()
        os.mkdir(self.path("folder"))
        self.write_data("folder/data.h5", x, y)
        os.chmod(self.path("folder", "data.h5"), 0o444)
        os.chmod(self.path("folder"), 0o555)
        try:
            self.check_classes(x, y, data="folder/data.h5", ranks=3)
            self.assertEqual(os.listdir(self.path("folder")), ["data.h5"])
        finally:
            os.chmod(self.path("folder"), 0o755)


class Targets(H5pyData):
    def test_integer_labels(self):
        x, y = samples()
        for name in ("uint8", "int32", ">i8"):
            with self.subTest(type=name):
                self.check_array(x, y.astype(name))

    def test_bool_labels(self):
        x, y = samples()
        self.check_array(x, y == 1)

    def test_class_names(self):
        names = ["Ankle boot", "b", "c, d"]
        for number, stored in enumerate((names, np.array(names, "S"),
                                         np.array(names, h5py.string_dtype("ascii", 20)))):
            name = f"data{number}.h5"
            self.write_data(name, attributes={"class_names": stored})
            self.train(data=name, output=f"run{number}")
            self.assertIn("Ankle boot, b, c, d", self.succeed("inspect", f"run{number}"))
            self.predict(name, checkpoint=f"run{number}")
            with h5py.File(self.path("out.h5")) as file:
                self.assertEqual(list(file.attrs["class_names"]), names)

    def test_values(self):
        x, _ = samples()
        for y in (x[:, 0] * 2, x[:, :1].astype(np.float64), x[:, :3], np.arange(60) % 5,
                  (np.arange(60) % 5)[:, None]):
            with self.subTest(shape=y.shape, type=y.dtype):
                self.clear()
                self.write_data("data.h5", x, y)
                expected, metrics = self.check(x, "--loss", "mse")
                self.assertAlmostEqual(metrics["loss"],
                                       ((expected - y.reshape(60, -1)) ** 2).mean(), 4)


class Networks(H5pyData):
    def test_activations(self):
        self.write_data("data.h5")
        x = samples()[0]
        for name in choices("activation"):
            with self.subTest(activation=name):
                self.train("--activation", name, output=name)
                output, _ = self.predict(checkpoint=f"{name}/last.h5")
                np.testing.assert_allclose(output, forward(self.path(name, "last.h5"), x),
                                           rtol=1e-5, atol=1e-5)

    def test_quadratic(self):
        x, y = samples()
        self.write_data("data.h5", x, y)
        expected, metrics = self.check(x, "--loss", "quadratic", "--activation", "sigmoid",
                                       "--init", "fan-in")
        loss = 0.5 * ((expected - np.eye(3)[y]) ** 2).sum(axis=1).mean()
        self.assertAlmostEqual(metrics["loss"], loss, 5)
        self.assertAlmostEqual(metrics["accuracy"], (expected.argmax(axis=1) == y).mean(), 6)

    def test_checkpoint_is_as_described(self):
        self.write_data("data.h5", attributes={"class_names": ["a", "b", "c"]})
        self.train()
        with h5py.File(self.path("run", "last.h5")) as file:
            self.assertEqual(file.attrs["format"], "nntrain-checkpoint")
            self.assertGreaterEqual(file.attrs["format_version"], 1)
            layers = file["model/layers"]
            self.assertEqual([layers[i]["weight"].shape for i in "01"], [(8, 7), (3, 8)])
            self.assertEqual([layers[i]["bias"].shape for i in "01"], [(8,), (3,)])
            self.assertEqual(layers["0/weight"].dtype, np.float32)
            for name in ("optimizer", "state", "history"):
                self.assertIn(name, file)


if __name__ == "__main__":
    unittest.main()
