#!/usr/bin/env python3
"""ONNX files: checked by onnx.checker and run by onnxruntime; state_dicts of PyTorch and back.

Needs onnx, onnxruntime and torch (the Python that NNTRAIN_TORCH_PYTHON names); without them it is
skipped."""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

TORCH_PYTHON = os.environ.get("NNTRAIN_TORCH_PYTHON")
if TORCH_PYTHON and not os.environ.get("NNTRAIN_IN_TORCH_PYTHON"):
    # The same script again, there.
    sys.exit(subprocess.run([TORCH_PYTHON, *sys.argv], check=False,
                            env={**os.environ, "NNTRAIN_IN_TORCH_PYTHON": "1"}).returncode)

try:
    import h5py
    import numpy as np
    import onnx
    import onnxruntime
    import torch
except ImportError as error:
    print(f"skipped: {error}; NNTRAIN_TORCH_PYTHON names a Python with onnx, onnxruntime and torch")
    sys.exit(77)

from cli_case import CliCase, choices, samples  # noqa: E402
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "accuracy"))
from test_accuracy import FILES, find_data  # noqa: E402

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))
from state_dict import build, load  # noqa: E402
NETWORKS = tuple(("--activation", name) for name in
                 choices("activation")) + (
    ("--norm", "layer", "--activation", "gelu,silu"), ("--norm", "batch", "--activation", "relu"),
    ("--loss", "quadratic"),
    ("--loss", "hinge"), ("--normalize", "standardize"), ("--loss", "mse"))


class Onnx(CliCase):
    def run_onnx(self, x, checkpoint="run/last.h5"):
        self.succeed("export", "--checkpoint", checkpoint, "--output", "net.onnx")
        model = onnx.load(self.path("net.onnx"))
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(self.path("net.onnx"),
                                               providers=["CPUExecutionProvider"])
        return session.run(None, {"x": x.reshape(len(x), -1).astype(np.float32)}), model

    def compare(self, *words, x=None, y=None):
        if x is None:
            x, y = samples()
        self.clear()
        self.write_data("data.h5", x, y, attributes=None if y is None or y.ndim > 1 or
                        y.dtype.kind == "f" else {"class_names": ["a", "b", 'c "d"']})
        self.succeed("train", "--data", "data.h5", "--output", "run", "--hidden", "8,5", "--epochs",
                     "3", "--batch-size", "16", "--learning-rate", "0.05", *words)
        found, model = self.run_onnx(x)
        output, classes = self.predict()
        np.testing.assert_allclose(found[0], output, rtol=0, atol=1e-5)
        if len(found) > 1:
            self.assertTrue(np.array_equal(found[1], classes))
        return model

    def test_networks(self):
        for words in NETWORKS:
            with self.subTest(words=words):
                self.compare(*words)

    def test_values_and_bytes(self):
        x, y = samples()
        self.compare("--loss", "binary-cross-entropy", x=x, y=(x[:, :2] > 0).astype("f4"))
        self.compare("--loss", "poisson", x=x, y=np.abs(x[:, 0]).astype("f4"))
        model = self.compare(x=(x * 30 + 128).clip(0, 255).astype("u1").reshape(-1, 7, 1), y=y)
        self.assertEqual([v.name for v in model.graph.output], ["output", "class"])
        names = {p.key: p.value for p in model.metadata_props}["class_names"]
        self.assertEqual(json.loads(names), ["a", "b", 'c "d"'])

    def test_test_set_of_fashion_mnist(self):
        source = find_data("fashion")
        for group, pair in FILES.items():
            self.succeed("convert", *(source / name for name in pair), "--output",
                         f"data.h5:{group}")
        self.succeed("train", "--data", "data.h5:train", "--limit", "5000", "--hidden", "64",
                     "--epochs", "2", "--output", "run")
        with h5py.File(self.path("data.h5"), "r") as file:
            x = file["test/x"][()]
        found, _ = self.run_onnx(x)
        output, classes = self.predict(data="data.h5:test")
        np.testing.assert_allclose(found[0], output, rtol=0, atol=1e-5)
        self.assertGreater((found[1] == classes).mean(), 0.9999)

    def test_refused(self):
        self.write_data("data.h5")
        self.train()
        self.refuse(("export", "--checkpoint", "run"), ["--output"], ranks=(1,))
        self.refuse(("export", "--checkpoint", "none", "--output", "a.onnx"), ["none"], ranks=(1,))
        self.refuse(("export", "--checkpoint", "run/last.h5", "--output", "run/last.h5"),
                    ["--output run/last.h5"], ranks=(1,))
        self.refuse(("export", "--checkpoint", "run", "--output", "no/a.onnx"), ["no"], code=1,
                    ranks=(1,))


class StateDict(CliCase):
    def script(self, *words):
        subprocess.run([sys.executable, SCRIPTS / "state_dict.py", *words], check=True,
                       cwd=self.folder)

    def test_activations(self):
        """Each is the class of torch.nn that the checkpoint names."""
        x, y = samples()
        self.write_data("data.h5", x, y)
        for name in choices("activation"):
            with self.subTest(activation=name):
                self.train("--activation", name, output=name)
                model, shift, scale = load(self.path(name, "last.h5"))
                with torch.no_grad():
                    found = torch.softmax(model((torch.from_numpy(x) - shift) * scale), 1).numpy()
                np.testing.assert_allclose(found, self.predict(checkpoint=f"{name}/last.h5")[0], rtol=0, atol=1e-6)

    def test_files_without_names_of_classes(self):
        """Checkpoints of 0.1.0: the same modules, by the names that nntrain has for them."""
        self.write_data("data.h5")
        for number, words in enumerate((*(("--activation", name) for name in choices("activation")),
                                        *(("--norm", name) for name in choices("norm")))):
            self.train(*words, output=str(number))
            with h5py.File(self.path(str(number), "last.h5"), "r+") as file:
                named = build(file)
                for layer in file["model/layers"].values():
                    del layer.attrs["pytorch"]
                self.assertEqual(repr(build(file)), repr(named))

    def test_there_and_back(self):
        x, y = samples()
        self.write_data("data.h5", x, y)
        for words in ((), ("--layer-norm", "--optimizer", "adam"), ("--batch-norm",)):
            self.train("--normalize", "standardize", "--activation", "gelu", *words)
            self.script("to-torch", "run/last.h5", "model.pt")
            saved = torch.load(self.path("model.pt"), weights_only=True)
            model, shift, scale = load(self.path("run/last.h5"))
            for name, value in model.state_dict().items():
                self.assertTrue(torch.equal(value, saved["state_dict"][name]))
            with torch.no_grad():
                found = torch.softmax(model((torch.from_numpy(x) - shift) * scale), 1).numpy()
                model[0].weight.mul_(2.0)
                changed = torch.softmax(model((torch.from_numpy(x) - shift) * scale), 1).numpy()
            np.testing.assert_allclose(found, self.predict()[0], rtol=0, atol=1e-6)
            torch.save(model.state_dict(), self.path("changed.pt"))
            self.script("from-torch", "changed.pt", "run", "back.h5")
            np.testing.assert_allclose(changed, self.predict(checkpoint="back.h5")[0], rtol=0,
                                       atol=1e-6)
            self.script("from-torch", "model.pt", "run", "same.h5")
            self.assertEqual(self.digest("same.h5"), self.digest("run/last.h5"))
            self.clear()
            self.write_data("data.h5", x, y)


if __name__ == "__main__":
    unittest.main()
