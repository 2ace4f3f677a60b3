"""nntrain bench: every row is there and makes sense. No times are asserted."""
import json
import unittest

from cli_case import CliCase

KERNEL_GROUPS = {"limit", "gemm", "elementwise"}
STEP_PARTS = ("gather", "forward", "backward", "hidden", "exposed", "update")


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


class Bench(CliCase):
    def test_kernels(self):
        words = ("bench", "kernels", "--seconds", "0.01", "--threads", "2")
        found = rows(self.succeed(*words, "--json"))
        self.assertEqual({row["group"] for row in found}, KERNEL_GROUPS)
        self.assertEqual({row["threads"] for row in found}, {1, 2})
        for row in found:
            self.assertGreater(row["rate"], 0, row)
            if row["group"] == "gemm":
                self.assertEqual(row["limit"], "peak")
                self.assertGreater(row["fraction"], 0, row)
        table = self.succeed(*words)
        self.assertIn("multiply-adds on registers", table)
        self.assertIn("% of peak", table)

    def test_exchange(self):
        for ranks in (1, 2, 3):
            found = rows(self.succeed("bench", "exchange", "--seconds", "0.01", "--json", ranks=ranks))
            self.assertIn("669706 floats", [row["name"] for row in found])
            self.assertEqual({row["limit"] for row in found}, {"MPI_Allreduce"})

    def test_step(self):
        for ranks in (1, 2):
            found = rows(self.succeed("bench", "step", "--seconds", "0.02", "--workload",
                                      "digits,nielsen", "--json", ranks=ranks))
            self.assertEqual([row["name"] for row in found], ["digits", "nielsen"])
            for row in found:
                self.assertEqual(row["ranks"], ranks)
                self.assertAlmostEqual(row["samples_per_second"] * row["seconds"],
                                       row["batch_size"], delta=1e-3 * row["batch_size"])
                for part in STEP_PARTS:
                    self.assertGreaterEqual(row[part], 0, row)

    def test_own_network(self):
        found = rows(self.succeed("bench", "step", "--seconds", "0.02", "--hidden", "20,10",
                                  "--inputs", "33", "--outputs", "3", "--activation", "gelu",
                                  "--batch-size", "7", "--json"))
        self.assertEqual([(row["name"], row["batch_size"]) for row in found], [("own", 7)])

    def test_refusals(self):
        for words, expected in (
            (["bench"], ["nntrain bench", "kernels"]),
            (["bench", "kernel"], ["kernel", "kernels, exchange, step"]),
            (["bench", "step", "--workload", "fashon"], ["fashon", "fashion"]),
            (["bench", "step", "--hidden", "0"], ["--hidden 0"]),
            (["bench", "step", "--seconds", "0"], ["--seconds 0"]),
        ):
            self.check_message(self.run_program(*words), 2, expected)


if __name__ == "__main__":
    unittest.main()
