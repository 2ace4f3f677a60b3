#!/usr/bin/env python3
"""eval, predict and inspect with checkpoints and places that are wrong, and going on with runs that
are not those of the options."""
import os
import unittest

import numpy as np

from cli_case import CliCase, samples


class Checkpoints(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5", attributes={"class_names": ["a", "b", "c"]})
        self.train()
        with open(self.path("run", "last.h5"), "rb") as file:
            self.bytes = file.read()

    def refuse_checkpoint(self, checkpoint, *words, ranks=(1,)):
        self.refuse(("eval", "--checkpoint", checkpoint, "--data", "data.h5"), words, ranks=ranks)
        self.refuse(("predict", "--checkpoint", checkpoint, "--data", "data.h5", "--output",
                     "out.h5"), words, ranks=ranks)
        self.refuse(("inspect", checkpoint, "--digest"), words, ranks=(1,))

    def test_missing(self):
        self.refuse_checkpoint("none.h5", "none.h5", "No such file", ranks=(1, 3))
        os.mkdir(self.path("empty"))
        self.refuse_checkpoint("empty", "empty", "no checkpoint")

    def test_damaged(self):
        random = np.random.default_rng(1)
        for position in [0, 16, len(self.bytes) - 1, *random.integers(len(self.bytes), size=3)]:
            damaged = bytearray(self.bytes)
            damaged[position] ^= 1
            self.write("damaged.h5", bytes(damaged))
            self.refuse(("eval", "--checkpoint", "damaged.h5", "--data", "data.h5"),
                        ["damaged.h5"], ranks=(1,))
        self.refuse_checkpoint("damaged.h5", "damaged.h5", ranks=(3,))

    def test_truncated_or_longer(self):
        for number, data in enumerate((b"", self.bytes[:100], self.bytes[:-1], self.bytes + b"\0")):
            self.write("cut.h5", data)
            self.refuse(("eval", "--checkpoint", "cut.h5", "--data", "data.h5"), ["cut.h5"],
                        ranks=(1, 3) if number == 2 else (1,))

    def test_a_data_file(self):
        self.refuse_checkpoint("data.h5", "data.h5", ranks=(1, 3))

    def test_text(self):
        self.write("text.h5", "text\n" * 1000)
        self.refuse_checkpoint("text.h5", "text.h5")


class Suiting(CliCase):
    """Data and output that do not suit a good checkpoint."""

    def setUp(self):
        super().setUp()
        self.write_data("data.h5", attributes={"class_names": ["a", "b", "c"]})
        self.train()

    def refuse_eval(self, data, *words, arguments=(), ranks=(1, 3)):
        self.refuse(("eval", "--checkpoint", "run", "--data", data, *arguments), words, ranks=ranks)

    def refuse_predict(self, data, *words, output="out.h5", ranks=(1, 3)):
        self.refuse(("predict", "--checkpoint", "run", "--data", data, "--output", output), words,
                    ranks=ranks)

    def test_another_width(self):
        self.write_data("wide.h5", *samples(features=9))
        words = "wide.h5: 9 features", "7 inputs"
        self.refuse_eval("wide.h5", *words)
        self.refuse_predict("wide.h5", *words)

    def test_other_classes(self):
        x, y = samples()
        self.write_data("names.h5", attributes={"class_names": ["a", "x", "c"]})
        self.refuse_eval("names.h5", "names.h5", "class 1", "'x'", "'b'")
        y[20] = 3
        self.write_data("label.h5", x, y)
        self.refuse_eval("label.h5", "label.h5", "row 20", "label 3")
        self.write_data("values.h5", x, y + 0.5)
        self.refuse_eval("values.h5", "values.h5", ranks=(1,))

    def test_another_scale(self):
        """Pixels already divided by 255 are refused by a network that scales them itself."""
        x, y = samples()
        x = np.clip(60 * x + 128, 0, 255).astype("u1")
        self.write_data("bytes.h5", x, y)
        self.write_data("floats.h5", x.astype("f4"), y)
        self.write_data("scaled.h5", x.astype("f4") / 255, y)
        self.train(data="bytes.h5", output="pixels")
        words = ["scaled.h5", "not on the scale", "0 to 255"]
        streamed = ("--data-mode", "streaming", "--memory-limit", "8K")
        for how in ((), streamed, (*streamed, "--io", "collective")):
            read = ("--checkpoint", "pixels", "--data", "scaled.h5", *how)
            self.refuse(("eval", *read), words, ranks=(1, 3))
            self.refuse(("predict", *read, "--output", "out.h5"), words, ranks=(1, 3))
        self.refuse_training("--validation", "scaled.h5", words=words, data="bytes.h5")
        self.assertEqual(self.evaluate(data="floats.h5", checkpoint="pixels"),
                         self.evaluate(data="bytes.h5", checkpoint="pixels"))
        self.train("--validation", "floats.h5", data="bytes.h5", output="mixed")

    def test_no_data(self):
        self.refuse_eval("none.h5", "none.h5", "No such file", ranks=(1,))
        self.refuse_predict("none.h5", "none.h5", "No such file", ranks=(1,))
        self.write_data("x.h5", samples()[0], None)
        self.refuse_eval("x.h5", "x.h5", "/y", ranks=(1,))
        self.predict("x.h5")

    def test_top_k(self):
        self.refuse_eval("data.h5", "--top-k 4", "3 classes", arguments=("--top-k", "4"))

    def test_unwritable_place(self):
        os.mkdir(self.path("folder"))
        for output, ranks in (("none/out.h5", (1, 3)), ("data.h5/out.csv", (1,)), ("folder", (1,)),
                              ("/proc/out.csv", (1,))):
            self.refuse_predict("data.h5", output.split("/")[0], output=output, ranks=ranks)
        self.refuse(("eval", "--checkpoint", "run", "--data", "data.h5", "--output",
                     "none/out.json"), ["none/out.json", "No such file"])

    def test_output_is_the_input(self):
        self.refuse_predict("data.h5", "data.h5", output="data.h5")
        self.refuse(("predict", "--checkpoint", "run/last.h5", "--data", "data.h5", "--output",
                     "run/best.h5"), ["run/best.h5", "replace"], ranks=(1,))

    def test_output_is_a_checkpoint(self):
        """Of this run or another, by its own name or a link's."""
        self.train(output="other")
        os.symlink("other/last.h5", self.path("link.h5"))
        for output in ("other/best.h5", "other/checkpoint-00002.h5", "link.h5"):
            for verb in ("predict", "eval"):
                self.refuse((verb, "--checkpoint", "run", "--data", "data.h5", "--output", output),
                            [output, "replace a checkpoint"], ranks=(1, 3))
        self.predict(output="out.h5")
        self.predict(output="out.h5")

    def test_evaluation_is_whole_or_not_there(self):
        """A disk that is full, as a limit on the size of files, leaves the old file."""
        words = ("eval", "--checkpoint", "run", "--data", "data.h5", "--details", "--output")
        self.succeed(*words, "out.json")
        with open(self.path("out.json"), encoding="utf-8") as file:
            good = file.read()
        self.assertIn("accuracy", good)
        os.remove(self.path("out.json"))
        before = self.contents()
        for old in (None, "old"):
            if old is not None:
                self.write("out.json", old)
                before = self.contents()
            full = "trap '' XFSZ; ulimit -f 0; exec \"$@\""
            done = self.run_program(*words, "out.json", prefix=("sh", "-c", full, "sh"))
            self.check_message(done, 1, ["out.json"])
            self.assertEqual(self.contents(), before)
        self.succeed(*words, "out.json")
        with open(self.path("out.json"), encoding="utf-8") as file:
            self.assertEqual(file.read(), good)
        self.succeed(*words, "/dev/null")

    def test_unknown_kernels(self):
        for verb in ("eval", "predict"):
            output = ("--output", "out.h5") if verb == "predict" else ()
            self.refuse((verb, "--checkpoint", "run", "--data", "data.h5", *output),
                        ["NNTRAIN_ISA", "mmx"], environment={"NNTRAIN_ISA": "mmx"})


class Resume(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")
        self.train()

    def refuse_resume(self, *arguments, words, data="data.h5", ranks=(1, 3)):
        given = {"--hidden": "8", "--batch-size": "16", "--epochs": "4"}
        given.update(zip(arguments[::2], arguments[1::2]))
        self.refuse_training("--resume", *(word for pair in given.items() for word in pair),
                             words=words, data=data, output="run", ranks=ranks)

    def test_another_network(self):
        self.refuse_resume("--hidden", "9", words=["run", "7-8-3", "7-9-3"])
        self.refuse_resume("--hidden", "8,8", words=["7-8-8-3"], ranks=(1,))
        self.refuse_resume("--activation", "tanh", words=["activations"], ranks=(1,))

    def test_another_loss(self):
        self.refuse_resume("--loss", "quadratic", words=["run", "cross-entropy", "quadratic"])

    def test_another_seed(self):
        self.refuse_resume("--seed", "2", words=["run", "seed 1"])

    def test_another_batch_size(self):
        self.refuse_resume("--batch-size", "17", words=["run", "batch size 16", "17"])

    def test_another_normalisation(self):
        self.refuse_resume("--normalize", "standardize", words=["run", "none", "standardize"])

    def test_other_data(self):
        self.write_data("other.h5", *samples(61))
        self.refuse_resume(words=["60 samples", "61"], data="other.h5", ranks=(1,))
        x, y = samples(60)
        for row, column in ((0, 0), (59, 3)):  # of the first sample and of the last
            name, changed = f"other-{row}.h5", x.copy()
            changed[row, column] += 1
            self.write_data(name, changed, y)
            self.refuse_resume(words=["another data set", name, "--init-from"], data=name, ranks=(1,))

    def test_same_data_held_in_another_way(self):
        """Other samples are refused, the same ones are not, however they are stored or read."""
        x, y = samples(60)
        self.write_data("stored.h5", x, y, chunks=(7, 3), compression="gzip")
        self.write_data("other.h5", x, (y + 1) % 3)
        words = ("--output", "blocks", "--hidden", "8", "--batch-size", "16", "--shuffle",
                 "windowed", "--shuffle-block", "4", "--shuffle-window", "16")
        self.succeed("train", "--data", "data.h5", *words, "--epochs", "1")
        for epochs, how in enumerate(((), ("--data-mode", "streaming"),
                                      ("--data-mode", "streaming", "--io", "collective"),
                                      ("--dry-run",)), 2):
            going_on = (*words, "--resume", "--epochs", str(epochs), *how)
            self.refuse(("train", "--data", "other.h5", *going_on), ["another data set"], ranks=(1, 3))
            self.succeed("train", "--data", "stored.h5", *going_on, ranks=2)

    def test_no_whole_checkpoint(self):
        for name in os.listdir(self.path("run")):
            if name.startswith("checkpoint"):
                self.write(os.path.join("run", name), "damage")
        done = self.run_program("train", "--data", "data.h5", "--output", "run", "--resume")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("nntrain: warning: "), 2, done.stderr)
        self.assertIn("no checkpoint of the run is intact", done.stderr.splitlines()[-1])


class OutputDirectory(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def test_holds_a_run(self):
        self.train()
        self.refuse_training(output="run", words=["run", "2 epochs", "--resume"])

    def test_below_a_file(self):
        self.refuse_training(output="data.h5/run", words=["data.h5", "Not a directory"])
        self.refuse_training(output="data.h5", words=["data.h5"], ranks=(1,))

    def test_empty_directory_is_kept(self):
        os.mkdir(self.path("run"))
        self.refuse_training(output="run", data="none.h5", words=["none.h5"], ranks=(1,))

    def test_read_only_file_system(self):
        script = 'mount -t tmpfs -o ro none "$0" && exec "$@"'
        folder = self.path("mount")
        os.mkdir(folder)
        prefix = ("unshare", "-m", "sh", "-c", script, folder)
        try:
            able = self.run_program("--version", prefix=prefix).returncode == 0
        except FileNotFoundError:
            able = False
        if not able:
            self.skipTest("cannot make a read-only mount here (needs root and unshare)")
        self.refuse_training(output="mount/run", words=["mount/run", "Read-only file system"],
                             ranks=(1,), prefix=prefix)
        self.refuse_training(output="mount", words=["mount", "Read-only file system"],
                             ranks=(1,), prefix=prefix)


if __name__ == "__main__":
    unittest.main()
