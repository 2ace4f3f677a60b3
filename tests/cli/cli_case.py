"""What the tests of the program have in common: runs that cannot hang, data sets, and the network
computed again with numpy. NNTRAIN in the environment is the program.
"""
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "helpers"))
from nntrain_test import ALONE, SHARED, Case, choices, metrics  # noqa: E402

NNTRAIN = os.environ["NNTRAIN"]
MPIEXEC = os.environ.get("NNTRAIN_MPIEXEC", "mpirun")
# A run longer than this hangs, on a busy machine too.
SECONDS = 100
FEATURES, CLASSES = 7, 3


ACTIVATIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky-relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "gelu": lambda z: z * 0.5 * (1 + np.vectorize(math.erf)(z / np.sqrt(2))),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "identity": lambda z: z,
}


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def forward(checkpoint, x):
    """The outputs of the network in a checkpoint file, in double precision."""
    with h5py.File(checkpoint, "r") as file:
        model = file["model"]
        a = np.asarray(x, np.float64).reshape(len(x), -1)
        a = (a - model["input_shift"][()].astype(np.float64)) * \
            model["input_scale"][()].astype(np.float64)
        layers = model["layers"]
        for i in range(len(layers)):
            z = a @ layers[str(i)]["weight"][()].astype(np.float64).T + layers[str(i)]["bias"][()]
            a = ACTIVATIONS.get(text_of(layers[str(i)].attrs["activation"]), lambda z: z)(z)
        loss = text_of(model.attrs["loss"])
    if loss == "cross-entropy":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-z)) if loss == "binary-cross-entropy" else a


def samples(count=60, features=FEATURES, seed=1):
    """x float32 and integer classes that depend on it."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, features)).astype(np.float32)
    y = np.argmax(x[:, :CLASSES], axis=1)
    y[:CLASSES] = np.arange(CLASSES)
    return x, y


class CliCase(Case):
    """Each test has a folder of its own, `self.folder`, the working directory of its runs."""

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def clear(self):
        """Empties the folder, for the next case of a test."""
        for name in os.listdir(self.folder):
            if os.path.isdir(self.path(name)):
                shutil.rmtree(self.path(name))
            else:
                os.remove(self.path(name))

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)

    def write_data(self, name, x=None, y=None, group="/", attributes=None, **options):
        """An HDF5 data set; without x and y, samples()."""
        if x is None:
            x, y = samples()
        with h5py.File(self.path(name), "a") as file:
            place = file.require_group(group)
            place.create_dataset("x", data=x, **options)
            if y is not None:
                place["y"] = y
            for key, value in (attributes or {}).items():
                place.attrs[key] = value

    def contents(self):
        """Every file and folder with its size."""
        return sorted((os.path.relpath(os.path.join(root, name), self.folder),
                       os.lstat(os.path.join(root, name)).st_size)
                      for root, folders, files in os.walk(self.folder)
                      for name in folders + files)

    def run_program(self, *arguments, ranks=1, environment=None, prefix=()):
        """Runs at `ranks` ranks, 1: without mpirun. A run that does not end is a failure."""
        command = [*prefix, NNTRAIN, *map(str, arguments)]
        settings = {**os.environ, "OMP_NUM_THREADS": "1", **(SHARED if ranks > 1 else ALONE),
                    **(environment or {})}
        if ranks > 1:
            command = [MPIEXEC, "-np", str(ranks), *command]
        try:
            return subprocess.run(command, cwd=self.folder, capture_output=True, text=True,
                                  check=False, timeout=SECONDS, stdin=subprocess.DEVNULL,
                                  env=settings)
        except subprocess.TimeoutExpired:
            self.fail(f"hangs: {' '.join(command)}")

    def succeed(self, *arguments, **options):
        done = self.run_program(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def train(self, *arguments, data="data.h5", output="run", **options):
        """A short run that succeeds."""
        return self.succeed("train", "--data", data, "--output", output, "--hidden", "8",
                            "--epochs", "2", "--batch-size", "16", *arguments, **options)

    def check_message(self, done, code, words, ranks=1):
        """One line 'nntrain: what: where; remedy' on stderr; mpirun adds lines of its own."""
        self.assertEqual(done.returncode, code, done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.startswith("nntrain: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        if ranks == 1:
            self.assertEqual(done.stderr, lines[0] + "\n")
        head, _, remedy = lines[0].rpartition("; ")
        self.assertTrue(remedy, lines[0])
        what, _, where = head[len("nntrain: "):].partition(": ")
        self.assertTrue(what and where, lines[0])
        for word in words:
            self.assertIn(word, lines[0])

    def refuse(self, arguments, words=(), code=2, ranks=(1, 3), **options):
        """Fails with one message that holds `words`, says nothing else and leaves nothing."""
        before = self.contents()
        for count in ranks:
            with self.subTest(ranks=count, arguments=arguments):
                done = self.run_program(*arguments, ranks=count, **options)
                self.check_message(done, code, words, count)
                self.assertEqual(done.stdout, "")
                self.assertEqual(self.contents(), before)

    def refuse_training(self, *arguments, words=(), data="data.h5", output="new/run", **options):
        self.refuse(("train", "--data", data, "--output", output, *arguments), words, **options)

    def metrics(self, output="run"):
        return metrics(self.path(output))

    def digest(self, checkpoint):
        return self.succeed("inspect", checkpoint, "--digest").strip()

    def predict(self, data="data.h5", checkpoint="run/last.h5", output="out.h5", **options):
        """The predictions as arrays: output, and class or None."""
        self.succeed("predict", "--checkpoint", checkpoint, "--data", data, "--output", output,
                     **options)
        with h5py.File(self.path(output.partition(":")[0]), "r") as file:
            return file["output"][()], file["class"][()] if "class" in file else None

    def evaluate(self, *arguments, data="data.h5", checkpoint="run/last.h5", **options):
        return json.loads(self.succeed("eval", "--json", "--checkpoint", checkpoint, "--data", data,
                                       *arguments, **options))
