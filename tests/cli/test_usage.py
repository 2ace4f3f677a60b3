#!/usr/bin/env python3
"""Options that are wrong: one message that names the option, its value and the remedy."""
import unittest

from cli_case import CliCase


class Words(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def test_unknown_command(self):
        self.refuse(["trian"], ["trian", "did you mean 'train'"])
        self.refuse(["zzzzzzzz"], ["unknown command", "nntrain help"], ranks=(1,))
        self.refuse(["help", "zzzzzzzz"], ["unknown command", "zzzzzzzz"])
        self.refuse(["--quiet"], ["unknown command", "--quiet"], ranks=(1,))

    def test_unknown_option(self):
        words = ["--batchsize", "did you mean --batch-size?"]
        self.refuse_training("--batchsize", "4", words=words)
        self.refuse_training("--batchsize=4", words=words, ranks=(1,))
        self.refuse_training("--zzzzzzzz", words=["--zzzzzzzz", "nntrain help train"], ranks=(1,))
        self.refuse_training("-epochs", "3", words=["-epochs", "--epochs"], ranks=(1,))
        self.refuse_training("--", words=["unknown option"], ranks=(1,))
        self.refuse(["eval", "--chekpoint", "run"], ["--chekpoint", "did you mean --checkpoint?"],
                    ranks=(1,))

    def test_option_without_value(self):
        self.refuse_training("--epochs", words=["--epochs", "without its value"])
        self.refuse_training("--epochs", "--quiet", words=["--epochs"], ranks=(1,))
        self.refuse_training("--epochs=", words=["--epochs"], ranks=(1,))

    def test_option_given_twice(self):
        self.refuse_training("--epochs", "3", "--epochs=4", words=["--epochs 3 and 4", "once"])

    def test_value_for_a_flag(self):
        self.refuse_training("--quiet=yes", words=["--quiet=yes", "no value"])
        self.refuse_training("--quiet", "yes", words=["unexpected argument", "yes"], ranks=(1,))

    def test_missing_option(self):
        self.refuse(["train", "--output", "run"], ["--data FILE"])
        self.refuse(["train", "--data", "data.h5"], ["--output DIR"])
        self.refuse(["eval", "--data", "data.h5"], ["--checkpoint"], ranks=(1,))
        self.refuse(["predict", "--checkpoint", "run", "--data", "data.h5"], ["--output"],
                    ranks=(1,))
        self.refuse(["inspect"], ["no file"], ranks=(1, 3))

    def test_unknown_names(self):
        for option, value, word in (("--activation", "relo", "leaky-relu"),
                                    ("--loss", "hinges", "cross-entropy"),
                                    ("--init", "zeros", "he-normal"),
                                    ("--normalize", "minmax", "standardize"),
                                    ("--optimizer", "adagrad2000", "sgd")):
            self.refuse_training(option, value, words=[value, word])
        self.refuse_training("--activation", "relu,nope", "--hidden", "4,4", words=["nope"],
                             ranks=(1,))

    def test_hidden(self):
        for value in ("0", "-3", "abc", "4,,4", "4,", "1e3", "99999999999999999999"):
            self.refuse_training("--hidden", value, words=["--hidden", value], ranks=(1,))
        self.refuse_training("--hidden", "4,0", words=["--hidden 4,0", "'0'"])
        self.refuse_training("--hidden", ",".join(["4"] * 80), words=["--hidden", "80 values"],
                             ranks=(1,))


class Numbers(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def test_out_of_range_or_no_number(self):
        for option, values in {"--learning-rate": ("nan", "inf", "-1", "abc", "1e999", "0.1x"),
                               "--batch-size": ("0", "-4", "2.5", "4k"),
                               "--epochs": ("0", "x"),
                               "--momentum": ("1", "-0.1", "nan"),
                               "--weight-decay": ("-1", "inf"),
                               "--threads": ("0", "1000000"),
                               "--seed": ("-1", "99999999999999999999"),
                               "--top-k": ("-1",),
                               "--keep": ("-1",)}.items():
            for value in values:
                self.refuse_training(option, value, words=[option, value, "give a"], ranks=(1,))

    def test_out_of_range_on_several_ranks(self):
        for option, value in (("--learning-rate", "nan"), ("--batch-size", "0"),
                              ("--epochs", "0"), ("--momentum", "1"), ("--threads", "0"),
                              ("--seed", "-1")):
            self.refuse_training(option, value, words=[option, value, "give a"], ranks=(3,))


class Contradictions(CliCase):
    def setUp(self):
        super().setUp()
        self.write_data("data.h5")

    def test_nesterov_without_momentum(self):
        self.refuse_training("--nesterov", "--momentum", "0", words=["--nesterov", "--momentum 0"])

    def test_activations_not_matching_hidden(self):
        self.refuse_training("--hidden", "4,4,4", "--activation", "relu,tanh",
                             words=["--activation relu,tanh", "3 hidden"])
        self.refuse_training("--activation", "relu,tanh", words=["--activation"], ranks=(1,))

    def test_top_k_beyond_classes(self):
        self.refuse_training("--top-k", "4", words=["--top-k 4", "3 classes"])

    def test_range_of_floats(self):
        self.refuse_training("--normalize", "range", words=["--normalize range", "data.h5"])

    def test_unknown_kernels(self):
        self.refuse_training(words=["NNTRAIN_ISA", "mmx"], environment={"NNTRAIN_ISA": "mmx"})
        self.refuse(["--version"], ["NNTRAIN_ISA", "mmx"], environment={"NNTRAIN_ISA": "mmx"})


if __name__ == "__main__":
    unittest.main()
