#!/usr/bin/env python3
"""Compares the training speed of nntrain and PyTorch on the same networks, on this machine.

    pip install torch==2.13.0 matplotlib
    scripts/compare_pytorch.py --nntrain build/src/nntrain --output compare

Both train on synthetic samples in memory: same layers, batch size, float32, plain SGD. PyTorch is used
at its fastest: float32 tensors indexed by a shuffled batch, no DataLoader. Both run with 1 and with 2
threads, and the better result of each counts; DistributedDataParallel (gloo) on 2 processes is compared
with nntrain on 2 ranks. The two alternate, and medians over the rounds are compared, so that other load
affects both. Writes compare.json and compare.png to --output.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

WORKLOADS = {
    # name: layers, activation, batch
    "digits": ([784, 16, 16, 10], "sigmoid", 32),
    "nielsen": ([784, 100, 10], "sigmoid", 10),
    "nf": ([784, 30, 10], "sigmoid", 1200),
    "fashion": ([784, 512, 512, 10], "relu", 128),
    "higgs": ([28, 300, 300, 300, 300, 2], "tanh", 1024),
    "wide": ([784, 2048, 2048, 2048, 10], "relu", 1024),
}


def torch_worker(name, threads, seconds, rank, ranks):
    """Trains for `seconds` and prints samples per second (of all processes) on rank 0."""
    import torch

    layers, activation, batch = WORKLOADS[name]
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    functions = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
    modules = []
    for inputs, outputs in zip(layers, layers[1:]):
        modules += [torch.nn.Linear(inputs, outputs), functions[activation]()]
    model = torch.nn.Sequential(*modules[:-1])
    samples = max(16384, 8 * batch)
    x = torch.rand(samples, layers[0])
    y = torch.arange(samples) % layers[-1]
    if ranks > 1:
        torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    shard = batch // ranks

    def epoch():
        order = torch.randperm(samples)
        for first in range(rank * shard, samples - batch + 1, batch):
            index = order[first : first + shard]
            loss = torch.nn.functional.cross_entropy(model(x[index]), y[index])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            yield

    def steps():
        while True:
            yield from epoch()

    stream = steps()

    def run(count):
        started = time.perf_counter()
        for _ in range(count):
            next(stream)
        return (time.perf_counter() - started) / count

    run(3)
    once = run(3)
    count = torch.tensor(max(3, int(seconds / 5 / once)))
    if ranks > 1:
        torch.distributed.broadcast(count, 0)
    rate = batch / statistics.median(run(int(count)) for _ in range(5))
    if rank == 0:
        print(rate)
    if ranks > 1:
        torch.distributed.destroy_process_group()


def run_torch(name, threads, seconds):
    words = [sys.executable, __file__, "--worker", name, "--threads", str(threads)]
    out = subprocess.run(words + ["--seconds", str(seconds)], check=True, capture_output=True)
    return float(out.stdout)


def run_ddp(name, seconds, port):
    environment = dict(os.environ, MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    words = [sys.executable, __file__, "--worker", name, "--threads", "1", "--seconds", str(seconds)]
    words += ["--ranks", "2"]
    other = subprocess.Popen(words + ["--rank", "1"], env=environment, stderr=subprocess.DEVNULL)
    out = subprocess.run(words, env=environment, check=True, capture_output=True)
    other.wait(timeout=60)
    return float(out.stdout)


def run_nntrain(program, name, threads, seconds, ranks=1):
    words = [program, "bench", "step", "--json", "--workload", name, "--threads", str(threads)]
    words += ["--seconds", str(seconds)]
    if ranks > 1:
        words = ["mpirun", "-np", str(ranks), "--oversubscribe", "--bind-to", "none"] + words
    environment = dict(os.environ)
    if os.getuid() == 0:  # else Open MPI refuses to run as root
        environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    out = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    return json.loads(out.stdout.splitlines()[-1])["samples_per_second"]


def measure(arguments, name, port):
    """Medians over the rounds of all configurations of one workload."""
    ways = {
        "nntrain, 1 thread": lambda: run_nntrain(arguments.nntrain, name, 1, arguments.seconds),
        "PyTorch, 1 thread": lambda: run_torch(name, 1, arguments.seconds),
        "nntrain, 2 threads": lambda: run_nntrain(arguments.nntrain, name, 2, arguments.seconds),
        "PyTorch, 2 threads": lambda: run_torch(name, 2, arguments.seconds),
        "nntrain, 2 ranks": lambda: run_nntrain(arguments.nntrain, name, 1, arguments.seconds, 2),
        "PyTorch DDP, 2 processes": lambda: run_ddp(name, arguments.seconds, port),
    }
    rates = {way: [] for way in ways}
    for _ in range(arguments.rounds):
        for way, run in ways.items():
            rates[way].append(run())
    return {way: statistics.median(values) for way, values in rates.items()}


def ratios(rates):
    ours = max(rates["nntrain, 1 thread"], rates["nntrain, 2 threads"])
    theirs = max(rates["PyTorch, 1 thread"], rates["PyTorch, 2 threads"])
    ranks = rates["nntrain, 2 ranks"] / rates["PyTorch DDP, 2 processes"]
    scaling = rates["nntrain, 2 ranks"] / rates["nntrain, 2 threads"]
    return ours, theirs, ours / theirs, ranks, scaling


def print_table(results):
    print(f"{'':10}{'nntrain':>12}{'PyTorch':>12}{'ratio':>8}{'2 ranks':>12}{'DDP':>12}{'ratio':>8}"
          f"{'ranks/threads':>15}")
    for name, rates in results.items():
        ours, theirs, single, ranks, scaling = ratios(rates)
        print(f"{name:10}{ours:12,.0f}{theirs:12,.0f}{single:7.1f}x{rates['nntrain, 2 ranks']:12,.0f}"
              f"{rates['PyTorch DDP, 2 processes']:12,.0f}{ranks:7.1f}x{scaling:15.2f}")
    print("samples per second; ratio: nntrain / PyTorch, each with its better number of threads")


def draw(results, path):
    try:
        import matplotlib
    except ImportError:
        print("no picture: pip install matplotlib")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot

    names = list(results)
    figure, axes = pyplot.subplots(figsize=(9, 4.5))
    for shift, index, label in ((-0.2, 2, "nntrain / PyTorch, one process"),
                                (0.2, 3, "nntrain, 2 ranks / PyTorch DDP, 2 processes")):
        heights = [ratios(results[name])[index] for name in names]
        bars = axes.bar([i + shift for i in range(len(names))], heights, 0.38, label=label)
        axes.bar_label(bars, [f"{height:.1f}x" for height in heights], fontsize=8)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_xticks(range(len(names)), [
        f"{name}\n{'-'.join(map(str, WORKLOADS[name][0]))}\nbatch {WORKLOADS[name][2]}"
        for name in names], fontsize=7)
    axes.set_ylabel("speed-up in samples per second")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nntrain", default="build/src/nntrain", help="path of nntrain")
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="comma-separated names")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each configuration")
    parser.add_argument("--seconds", type=float, default=1.0, help="approximate time of each run")
    parser.add_argument("--output", default="compare", help="directory for compare.json and .png")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--ranks", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        torch_worker(arguments.worker, arguments.threads, arguments.seconds, arguments.rank,
                     arguments.ranks)
        return
    names = arguments.workloads.split(",")
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        parser.error(f"unknown workload {unknown[0]}; choose from {', '.join(WORKLOADS)}")
    os.makedirs(arguments.output, exist_ok=True)
    results = {}
    for number, name in enumerate(names):
        results[name] = measure(arguments, name, 29500 + os.getpid() % 1000 + number)
        print(f"{name}: {ratios(results[name])[2]:.1f}x, 2 ranks {ratios(results[name])[3]:.1f}x",
              flush=True)
    with open(os.path.join(arguments.output, "compare.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
    print_table(results)
    draw(results, os.path.join(arguments.output, "compare.png"))


if __name__ == "__main__":
    main()
